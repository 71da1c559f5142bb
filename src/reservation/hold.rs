//! A new hold, asked for here or made elsewhere.

use uuid::Uuid;

use super::resolved::ResolvedSeats;
use super::sql::{self, SeatsOfUser};
use super::{Reservation, Status};
use crate::clock::Millis;
use crate::ids;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::seat::{self, WantedSeat};
use crate::store::Outcome;
use crate::venue::Tx;

/// Ids that a reservation had elsewhere; no other has them.
#[derive(Debug, Clone, Copy)]
pub struct GivenIds {
    /// Of the reservation.
    pub reservation_id: Uuid,
    /// Of its payment.
    pub payment_id: Uuid,
}

/// Holds the seats of these labels until a moment for a user who held them elsewhere: whether or not they have a token,
/// and whether or not the date is on sale now.
///
/// # Errors
/// `SEAT_NOT_FOUND`, `RESERVATION_PENDING`, `SEAT_LIMIT`, `SEAT_UNAVAILABLE`.
pub fn reserve_elsewhere(
    tx: &Tx,
    user_id: Uuid,
    schedule_id: i64,
    labels: &[String],
    seats_per_user: u32,
    until: Millis,
    given: Option<GivenIds>,
) -> Outcome<Reservation> {
    let (seats, claims) = seat::must_find(tx, schedule_id, labels)?;
    let found = ResolvedSeats::Labelled { seats, claims };
    let looked = (found, sql::find_seats_of_user(tx, user_id, schedule_id)?);
    hold(tx, user_id, schedule_id, looked, seats_per_user, until, given).map(|(reservation, _)| reservation)
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
    seats_per_user: u32,
    hold_expires_at: Millis,
    given: Option<GivenIds>,
) -> Outcome<(Reservation, Vec<WantedSeat>)> {
    if let Some((reservation_id, _)) = of_user.pending {
        return Err(Refusal::ReservationPending { reservation_id }.into());
    }
    let taken = of_user.owned;
    if taken as usize + found.count() > seats_per_user as usize {
        return Err(Refusal::SeatLimit { seats_per_user, seats_taken: taken }.into());
    }
    let seats = found.chosen()?;
    let reservation = Reservation {
        reservation_id: given.map_or_else(|| ids::new_id(tx.now()), |given| given.reservation_id),
        user_id,
        schedule_id,
        status: Status::PendingPayment,
        amount: Points::sum(seats.iter().map(|seat| seat.price)).ok_or(Refusal::Internal)?,
        created_at: tx.now(),
        hold_expires_at,
        failure: None,
        payment_id: given.map_or_else(|| ids::new_id(tx.now()), |given| given.payment_id),
        declined_count: 0,
        paid_at: None,
        refunded_at: None,
        ended_at: None,
    };
    sql::insert(tx, &reservation, &seats)?;
    seat::hold(tx, &reservation.hold(), &seats)?;
    Ok((reservation, seats))
}
