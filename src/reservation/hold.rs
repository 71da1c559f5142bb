//! A new hold: what is wanted, the seats that this means, and holding them, all or none.

use rusqlite::Connection;
use uuid::Uuid;

use super::sql::{self, SeatsOfUser};
use super::{Reservation, ReservationDetails, Status, unpaid_hold_end};
use crate::call::Tx;
use crate::clock::Millis;
use crate::ids::{self, LineId, TokenKey};
use crate::points::Points;
use crate::queue;
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule};
use crate::seat::{self, BestRequest, FreeSeats, MapCache, SeatClaim, SeatWish, WantedSeat};
use crate::settings::SaleSettings;
use crate::store::Outcome;
use crate::user;

/// Which seats are wanted.
#[derive(Debug, Clone)]
pub struct HoldRequest {
    pub date: DateRef,
    pub seats: SeatChoice,
}

/// Which seats of a date are wanted.
#[derive(Debug, Clone)]
pub enum SeatChoice {
    /// These, none of them twice.
    Labelled(Vec<SeatWish>),
    /// The best of those that are free.
    Best(BestRequest),
}

/// Which date is meant.
#[derive(Debug, Clone)]
pub enum DateRef {
    Schedule(i64),
    /// The only schedule of a concert on a date.
    Date(i64, String),
}

impl DateRef {
    /// # Errors
    /// `CONCERT_NOT_FOUND`, `SCHEDULE_NOT_FOUND`, `DATE_AMBIGUOUS`.
    pub fn must_find(&self, connection: &Connection) -> Outcome<Schedule> {
        match self {
            DateRef::Schedule(schedule_id) => schedule::must_find(connection, *schedule_id),
            DateRef::Date(concert_id, date) => schedule::must_find_on_date(connection, *concert_id, date),
        }
    }
}

/// Ids that a reservation had elsewhere; no other has them.
#[derive(Debug, Clone, Copy)]
pub struct GivenIds {
    pub reservation_id: Uuid,
    pub payment_id: Uuid,
}

/// On what terms seats are held.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Seats that the user may have of the date, with these.
    pub seats_max: u32,
    /// Until when they are held.
    pub until: Millis,
    /// Whether staff hold them at the counter.
    pub at_counter: bool,
    /// What staff write beside it.
    pub note: Option<String>,
    /// Ids that it had elsewhere.
    pub given: Option<GivenIds>,
    /// The line of the visit that it is part of.
    pub line_id: LineId,
}

impl Terms {
    /// Those of a customer's own hold.
    pub fn of_customer(line_id: LineId, seats_per_user: u32, until: Millis) -> Terms {
        Terms { seats_max: seats_per_user, until, at_counter: false, note: None, given: None, line_id }
    }

    /// Those of the counter, where nobody counts how many somebody has.
    pub fn of_counter(until: Millis, note: Option<String>) -> Terms {
        Terms { seats_max: u32::MAX, until, at_counter: true, note, given: None, line_id: LineId::SHARED }
    }
}

/// Holds seats for the owner of an active token: all of them or none.
///
/// # Errors
/// In this order: the token's, `SCHEDULE_NOT_FOUND`, `TOKEN_OTHER_LINE`, `SECTION_NOT_FOUND`, `SEAT_NOT_FOUND`,
/// `SALE_NOT_OPEN`, `SALE_CLOSED`, `VISIT_OVER`, `RESERVATION_PENDING`, `SEAT_LIMIT`, `SEAT_UNAVAILABLE`.
pub fn reserve(
    tx: &Tx,
    maps: &MapCache,
    key: TokenKey,
    wanted: &HoldRequest,
    sale: &SaleSettings,
) -> Outcome<ReservationDetails> {
    let token = queue::must_be_active(tx, key)?;
    let date = wanted.date.must_find(tx)?;
    queue::must_open(tx, token.line_id, date.concert_id)?;
    let look = || -> Outcome<(ResolvedSeats, sql::SeatsOfUser)> {
        let found = ResolvedSeats::of(tx, maps, date.schedule_id, &wanted.seats)?;
        Ok((found, sql::find_seats_of_user(tx, token.user_id, date.schedule_id)?))
    };
    if matches!(wanted.seats, SeatChoice::Best(_)) {
        // Any hold of the date may have one of the best.
        unpaid_hold_end::expire_in_the_way(tx, date.schedule_id, token.user_id)?;
    }
    let (mut found, mut of_user) = look()?;
    if found.is_due(tx.now()) || of_user.pending.is_some_and(|(_, until)| until <= tx.now()) {
        unpaid_hold_end::expire_in_the_way(tx, date.schedule_id, token.user_id)?;
        (found, of_user) = look()?;
    }
    date.must_be_on_sale(tx.now())?;
    token.must_have_visit(tx.now())?;
    let terms = Terms::of_customer(token.line_id, sale.seats_per_user, tx.now().plus_seconds(sale.hold_seconds));
    let (reservation, seats) = hold(tx, token.user_id, date.schedule_id, (found, of_user), terms)?;
    queue::extend_visit(tx, &token, Some(reservation.hold_expires_at))?;
    ReservationDetails::with(tx, reservation, date, seats)
}

/// Holds these seats for a user who held them elsewhere: whether or not they have a token, and whether or
/// not the date is on sale now.
///
/// # Errors
/// `SEAT_NOT_FOUND`, `RESERVATION_PENDING`, `SEAT_LIMIT`, `SEAT_UNAVAILABLE`.
pub fn reserve_elsewhere(
    tx: &Tx,
    user_id: Uuid,
    schedule_id: i64,
    wanted: &[SeatWish],
    terms: Terms,
) -> Outcome<Reservation> {
    let (seats, claims) = seat::must_find(tx, schedule_id, wanted)?;
    let found = ResolvedSeats::Labelled { seats, claims };
    let looked = (found, sql::find_seats_of_user(tx, user_id, schedule_id)?);
    hold(tx, user_id, schedule_id, looked, terms).map(|(reservation, _)| reservation)
}

/// Holds seats for a user: all of them or none.
///
/// # Errors
/// `RESERVATION_PENDING`, `SEAT_LIMIT`, `SEAT_UNAVAILABLE`.
pub(super) fn hold(
    tx: &Tx,
    user_id: Uuid,
    schedule_id: i64,
    (found, of_user): (ResolvedSeats, SeatsOfUser),
    terms: Terms,
) -> Outcome<(Reservation, Vec<WantedSeat>)> {
    let Terms { seats_max, until, at_counter, note, given, line_id } = terms;
    if let Some((reservation_id, _)) = of_user.pending.filter(|_| !at_counter) {
        return Err(Refusal::ReservationPending { reservation_id }.into());
    }
    must_be_allowed(tx, user_id, of_user.owned, found.count(), seats_max)?;
    let seats = found.chosen(tx, schedule_id)?;
    let reservation = Reservation {
        reservation_id: given.map_or_else(|| ids::new_id(tx.now()), |given| given.reservation_id),
        user_id,
        schedule_id,
        status: Status::PendingPayment,
        amount: Points::sum(seats.iter().map(|seat| seat.price)).ok_or(Refusal::Internal)?,
        created_at: tx.now(),
        hold_expires_at: until,
        failure: None,
        payment_id: given.map_or_else(|| ids::new_id(tx.now()), |given| given.payment_id),
        declined_count: 0,
        paid_at: None,
        refunded_at: None,
        ended_at: None,
        at_counter,
        method: None,
        note,
        sold_starts_at: None,
        refund_until_hours: None,
        line_id,
        exchanged_from: None,
    };
    sql::insert(tx, &reservation, &seats)?;
    seat::hold(tx, &reservation.hold(), &seats)?;
    Ok((reservation, seats))
}

/// The refusal of seats that others have.
pub(super) fn unavailable(claims: Vec<SeatClaim>) -> Refusal {
    Refusal::SeatUnavailable { seats: claims.into_iter().map(|claim| claim.label).collect() }
}

/// Whether a user who has `taken` seats of a date may have `more`: by the limit of all, or by their own.
///
/// # Errors
/// `SEAT_LIMIT`.
pub(super) fn must_be_allowed(tx: &Tx, user_id: Uuid, taken: u32, more: usize, seats_max: u32) -> Outcome<()> {
    let fits = |seats_max: u32| taken as usize + more <= seats_max as usize;
    if fits(seats_max) {
        return Ok(());
    }
    let seats_per_user = user::must_exist(tx, user_id)?.seats_per_user.unwrap_or(seats_max).max(seats_max);
    if fits(seats_per_user) { Ok(()) } else { Err(Refusal::SeatLimit { seats_per_user, seats_taken: taken }.into()) }
}

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
            ResolvedSeats::Labelled { claims, .. } => Err(unavailable(claims).into()),
            ResolvedSeats::Best { seats, wanted } => {
                let mut seats = seats.best(&wanted)?;
                seat::agree(tx, schedule_id, seats.iter_mut().filter_map(|(seat, wish)| Some((seat, (*wish)?))))?;
                Ok(seats.into_iter().map(|(seat, _)| seat).collect())
            }
        }
    }
}
