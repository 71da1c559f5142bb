//! The seats that a hold asks for, as its transaction finds them.

use super::SeatChoice;
use crate::clock::Millis;
use crate::refusal::Refusal;
use crate::seat::{self, BestRequest, FreeSeats, MapCache, SeatClaim, WantedSeat};
use crate::store::Outcome;
use crate::venue::Tx;

/// Seats that are there, whether or not they are free; the best are chosen when all else is in order.
pub(super) enum ResolvedSeats {
    Labelled { seats: Vec<WantedSeat>, claims: Vec<SeatClaim> },
    Best { seats: FreeSeats, wanted: BestRequest },
}

impl ResolvedSeats {
    /// # Errors
    /// `SEAT_NOT_FOUND`, `SECTION_NOT_FOUND`, `INVALID_REQUEST` for an unknown category or tariff.
    pub fn of(tx: &Tx, maps: &MapCache, schedule_id: i64, wanted: &SeatChoice) -> Outcome<ResolvedSeats> {
        Ok(match wanted {
            SeatChoice::Labelled(wanted) => {
                let (seats, claims) = seat::must_find(tx, schedule_id, wanted)?;
                ResolvedSeats::Labelled { seats, claims }
            }
            SeatChoice::Best(wanted) => {
                let seats = maps.free_seats(tx, schedule_id)?;
                seats.must_know(wanted)?;
                ResolvedSeats::Best { seats, wanted: wanted.clone() }
            }
        })
    }

    pub fn count(&self) -> usize {
        match self {
            ResolvedSeats::Labelled { seats, .. } => seats.len(),
            ResolvedSeats::Best { wanted, .. } => wanted.count,
        }
    }

    /// Whether a hold that is over still has one of them.
    pub fn is_due(&self, now: Millis) -> bool {
        match self {
            ResolvedSeats::Labelled { claims, .. } => {
                claims.iter().any(|claim| claim.held_until.is_some_and(|until| until <= now))
            }
            ResolvedSeats::Best { .. } => false,
        }
    }

    /// The seats in layout order.
    ///
    /// # Errors
    /// `SEAT_UNAVAILABLE`; `INVALID_REQUEST` for a tariff of the best seats that is not there, or not for such seats.
    pub fn chosen(self, tx: &Tx, schedule_id: i64) -> Outcome<Vec<WantedSeat>> {
        match self {
            ResolvedSeats::Labelled { mut seats, claims } if claims.is_empty() => {
                seats.sort_by_key(|seat| seat.seat_no);
                Ok(seats)
            }
            ResolvedSeats::Labelled { claims, .. } => {
                Err(Refusal::SeatUnavailable { seats: claims.into_iter().map(|claim| claim.label).collect() }.into())
            }
            ResolvedSeats::Best { seats, wanted } => {
                let mut seats = seats.best(&wanted)?;
                seat::agree(tx, schedule_id, seats.iter_mut().zip(&wanted.tariffs))?;
                Ok(seats)
            }
        }
    }
}
