//! How a hold ends unpaid: cancelled by its user or staff, failed after declined payments, or expired by time. Its
//! seats are free, and the visit ends at its own time again.

use rusqlite::Connection;
use uuid::Uuid;

use super::{Reservation, ReservationDetails, Status, must_be_of, sql};
use crate::call::{Change, Tx};
use crate::clock::Millis;
use crate::queue;
use crate::refusal::Refusal;
use crate::seat::{self, WantedSeat};
use crate::store::{Outcome, SkippedRows};

/// Holds that are ended in one transaction at most, so that those who wait for its commit wait for some milliseconds.
/// While more are due, the next transaction follows at once.
const EXPIRE_MAX: usize = 500;

/// Gives the seats of a user's unpaid reservation back.
///
/// # Errors
/// `RESERVATION_NOT_FOUND`, also for another user's; `RESERVATION_NOT_PENDING`.
pub fn cancel(tx: &Tx, user_id: Uuid, reservation_id: Uuid) -> Outcome<ReservationDetails> {
    let reservation = must_be_of(tx, user_id, reservation_id)?;
    cancel_this(tx, reservation)
}

/// Gives the seats of anybody's unpaid reservation back.
///
/// # Errors
/// `RESERVATION_NOT_FOUND`, `RESERVATION_NOT_PENDING`.
pub fn cancel_any(tx: &Tx, reservation_id: Uuid) -> Outcome<ReservationDetails> {
    cancel_this(tx, sql::find(tx, reservation_id)?.ok_or(Refusal::ReservationNotFound)?)
}

fn cancel_this(tx: &Tx, reservation: Reservation) -> Outcome<ReservationDetails> {
    reservation.must_be_pending(tx.now())?;
    let (reservation, seats) = end_unpaid(tx, reservation, Status::Cancelled)?;
    ReservationDetails::with_seats(tx, reservation, seats)
}

/// Ends a pending reservation without a payment: its seats are free and the visit ends at its own time. Only after a
/// declined payment it lasts as long as the hold would have: the token stays active.
///
/// # Errors
/// SQLite's; `RESERVATION_NOT_PENDING` when it is not pending any more.
pub(super) fn end_unpaid(tx: &Tx, reservation: Reservation, status: Status) -> Outcome<(Reservation, Vec<WantedSeat>)> {
    let ended = release(tx, reservation, status)?;
    if status != Status::Failed {
        shorten_visit(tx, &ended.0)?;
    }
    Ok(ended)
}

/// A hold is over that its user made: the visit ends at its own time.
pub(super) fn shorten_visit(tx: &Tx, ended: &Reservation) -> Outcome<()> {
    if ended.at_counter {
        return Ok(());
    }
    let token = queue::find_live(tx, ended.line_id, ended.user_id)?;
    token.map_or(Ok(()), |token| queue::extend_visit(tx, &token, None))
}

/// The part of [`end_unpaid`] that leaves the visit alone.
pub(super) fn release(
    tx: &Tx,
    mut reservation: Reservation,
    status: Status,
) -> Outcome<(Reservation, Vec<WantedSeat>)> {
    if !sql::mark_ended_if_pending(tx, reservation.reservation_id, status)? {
        return Err(Refusal::ReservationNotPending { status: reservation.status.word() }.into());
    }
    let seats = sql::list_seats(tx, reservation.reservation_id)?;
    seat::release(tx, &reservation.hold(), &seats)?;
    tx.push_change(Change::ReservationChanged { reservation_id: reservation.reservation_id });
    reservation.status = status;
    reservation.ended_at = Some(tx.now());
    reservation.failure = (status == Status::Failed).then(|| sql::INSUFFICIENT_BALANCE.to_owned());
    Ok((reservation, seats))
}

/// Counts a declined payment; after `attempts` of them the reservation fails and its seats are free. Says how many are
/// left.
pub fn decline(tx: &Tx, reservation: Reservation, attempts: u32) -> Outcome<u32> {
    let declined = reservation.declined_count + 1;
    sql::update_declined_count(tx, reservation.reservation_id, declined)?;
    if declined >= attempts {
        end_unpaid(tx, reservation, Status::Failed)?;
    }
    Ok(attempts.saturating_sub(declined))
}

impl Reservation {
    /// How an unpaid reservation ends that is given up: one whose hold is over has expired, whether or not that was
    /// written down.
    pub(super) fn given_up_at(&self, now: Millis) -> Status {
        if self.status_at(now) == Status::Expired { Status::Expired } else { Status::Cancelled }
    }
}

/// Writes down holds that are over at the moment of this transaction, the earliest first; says whether these were all.
/// One that can't be ended, in a file that somebody changed, is left alone and logged once.
pub fn expire_due(tx: &Tx, skipped: &SkippedRows) -> Outcome<bool> {
    let due = sql::list_due(tx, EXPIRE_MAX + skipped.len())?;
    let due: Vec<Uuid> = due.into_iter().filter(|id| !skipped.has(id.as_u128())).take(EXPIRE_MAX).collect();
    let name = |id: &Uuid| format!("reservation {id}");
    skipped.try_all(tx, &due, |id| id.as_u128(), name, |tx, &id| expire(tx, id))?;
    Ok(due.len() < EXPIRE_MAX)
}

/// Before seats of a date are held: the holds of the date and of the user that are over, where more became due at once
/// than one transaction writes down.
pub(super) fn expire_in_the_way(tx: &Tx, schedule_id: i64, user_id: Uuid) -> Outcome<()> {
    for reservation_id in sql::list_due_in_the_way(tx, schedule_id, user_id, EXPIRE_MAX)? {
        let expired = tx.savepoint(|tx| expire(tx, reservation_id));
        if let Err(failure) = expired
            && tx.is_autocommit()
        {
            return Err(failure);
        }
    }
    tx.keep_so_far();
    Ok(())
}

fn expire(tx: &Tx, reservation_id: Uuid) -> Outcome<()> {
    match sql::find(tx, reservation_id)? {
        Some(reservation) => end_unpaid(tx, reservation, Status::Expired).map(drop),
        None => Ok(()),
    }
}

/// When the next hold is over.
pub fn next_due(connection: &Connection, skipped: &SkippedRows) -> rusqlite::Result<Option<Millis>> {
    let next = sql::list_next_due(connection, 1 + skipped.len())?;
    Ok(next.into_iter().find(|(id, _)| !skipped.has(id.as_u128())).map(|(_, until)| until))
}

/// The clock goes on elsewhere, so many milliseconds later or earlier: every hold that ends after `moment` keeps its
/// length.
pub fn move_holds(tx: &Tx, moment: Millis, ms: i64) -> Outcome<()> {
    for reservation in sql::list_held_after(tx, moment)? {
        let seats = sql::list_seats(tx, reservation.reservation_id)?;
        seat::move_hold(tx, &reservation.hold(), &seats, ms)?;
        sql::move_hold(tx, reservation.reservation_id, ms)?;
    }
    Ok(())
}
