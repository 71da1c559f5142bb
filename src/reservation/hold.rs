//! A new hold, asked for here or made elsewhere.

use uuid::Uuid;

use super::resolved::ResolvedSeats;
use super::sql::{self, SeatsOfUser};
use super::{Reservation, Status};
use crate::clock::Millis;
use crate::ids::{self, LineId};
use crate::points::Points;
use crate::refusal::Refusal;
use crate::seat::{self, SeatWish, WantedSeat};
use crate::store::Outcome;
use crate::user;
use crate::venue::Tx;

/// Ids that a reservation had elsewhere; no other has them.
#[derive(Debug, Clone, Copy)]
pub struct GivenIds {
    /// Of the reservation.
    pub reservation_id: Uuid,
    /// Of its payment.
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
