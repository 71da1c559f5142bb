//! Confirmed → refunded: one reservation or some of its seats, or all of a cancelled date.

use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

use super::unpaid_hold_end::end_unpaid;
use super::{Reservation, ReservationDetails, Status, must_be_of, sql};
use crate::balance;
use crate::call::{Change, EventType, Tx, record};
use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule};
use crate::seat::{self, WantedSeat};
use crate::store::{Outcome, SkippedRows};
use crate::ticket;

/// Reservations of a cancelled date that are ended in one transaction: those who wait for its commit wait some
/// milliseconds longer, not seconds.
const SETTLE_MAX: usize = 100;

/// Refunds seats of a reservation, or all of it: points back, seats free, tickets void. What was paid in money at the
/// counter is paid out in the same way.
///
/// # Errors
/// `RESERVATION_NOT_FOUND`, `RESERVATION_NOT_CONFIRMED`, `SEAT_NOT_FOUND`, `TICKET_CHECKED_IN`.
pub fn refund(tx: &Tx, reservation_id: Uuid, labels: Option<&[String]>) -> Outcome<ReservationDetails> {
    let reservation = sql::find(tx, reservation_id)?.ok_or(Refusal::ReservationNotFound)?;
    let split = Split::of(tx, &reservation, labels)?;
    let amount = split.amount()?;
    let (user_id, method) = (reservation.user_id, reservation.method);
    let (reservation, seats) = give_back(tx, reservation, split)?;
    if let Some(method) = method.filter(|_| amount > Points::ZERO) {
        balance::pay_out(tx, user_id, amount, method, Some(reservation_id))?;
    }
    ReservationDetails::with_seats(tx, reservation, seats)
}

/// Refunds seats of a user's own reservation, or all of it, as long as the terms of its sale let users do that.
///
/// # Errors
/// `RESERVATION_NOT_FOUND`, also for another user's; `RESERVATION_NOT_CONFIRMED`, `SEAT_NOT_FOUND`,
/// `TICKET_CHECKED_IN`, `REFUND_CLOSED`.
pub fn refund_own(
    tx: &Tx,
    user_id: Uuid,
    reservation_id: Uuid,
    labels: Option<&[String]>,
) -> Outcome<ReservationDetails> {
    let reservation = must_be_of(tx, user_id, reservation_id)?;
    let split = Split::of(tx, &reservation, labels)?;
    let date = schedule::must_find(tx, reservation.schedule_id)?;
    reservation.must_be_refundable(&date, tx.now())?;
    let (reservation, seats) = give_back(tx, reservation, split)?;
    ReservationDetails::with(tx, reservation, date, seats)
}

/// The seats of a paid reservation: those that go back, and those that stay.
pub(super) struct Split {
    pub back: Vec<WantedSeat>,
    pub stay: Vec<WantedSeat>,
}

impl Split {
    /// Of a reservation whose seats of these labels go back, or all of its seats. Nobody went in with one of them yet.
    ///
    /// # Errors
    /// `RESERVATION_NOT_CONFIRMED`, `SEAT_NOT_FOUND`, `TICKET_CHECKED_IN`.
    pub fn of(tx: &Tx, reservation: &Reservation, labels: Option<&[String]>) -> Outcome<Split> {
        let status = reservation.status_at(tx.now());
        if status != Status::Confirmed {
            return Err(Refusal::ReservationNotConfirmed { status: status.word() }.into());
        }
        let seats = sql::list_seats(tx, reservation.reservation_id)?;
        let labels = labels.unwrap_or_default();
        let missing = labels.iter().filter(|label| !seats.iter().any(|seat| seat.label == **label));
        let missing: Vec<String> = missing.cloned().collect();
        if !missing.is_empty() {
            return Err(Refusal::SeatNotFound { seats: missing }.into());
        }
        let goes_back = |seat: &WantedSeat| labels.is_empty() || labels.contains(&seat.label);
        let (back, stay) = seats.into_iter().partition(goes_back);
        let split = Split { back, stay };
        ticket::must_be_unused(tx, reservation.reservation_id, &split.back)?;
        Ok(split)
    }

    /// What goes back for them.
    pub fn amount(&self) -> Result<Points, Refusal> {
        Points::sum(self.back.iter().map(|seat| seat.price)).ok_or(Refusal::Internal)
    }
}

/// Gives seats of a paid reservation back; says which it shows afterwards: those that stay, or, where none does, those
/// that it had last.
pub(super) fn give_back(
    tx: &Tx,
    mut reservation: Reservation,
    split: Split,
) -> Outcome<(Reservation, Vec<WantedSeat>)> {
    let (reservation_id, amount) = (reservation.reservation_id, split.amount()?);
    let is_whole = split.stay.is_empty();
    if is_whole && !sql::mark_refunded_if_confirmed(tx, reservation_id)? {
        return Err(Refusal::ReservationNotConfirmed { status: reservation.status.word() }.into());
    }
    seat::release(tx, &reservation.hold(), &split.back)?;
    let changed = balance::refund(tx, reservation.user_id, amount, reservation_id)?;
    let told = json!({
        "reservationId": reservation_id,
        "paymentId": reservation.payment_id,
        "userId": reservation.user_id,
        "scheduleId": reservation.schedule_id,
        "seats": split.back.iter().map(|seat| &seat.label).collect::<Vec<_>>(),
        "amount": amount,
        "balance": changed.balance,
    });
    let kind = if is_whole { EventType::ReservationRefunded } else { EventType::SeatsRefunded };
    record(tx, kind, &told)?;
    tx.push_change(Change::ReservationChanged { reservation_id });
    if is_whole {
        reservation.status = Status::Refunded;
        reservation.refunded_at = Some(tx.now());
        return Ok((reservation, split.back));
    }
    reservation.amount = reservation.amount.minus(amount).ok_or(Refusal::Internal)?;
    sql::move_to_returned(tx, reservation_id, &split.back, changed.entry_id)?;
    sql::update_amount(tx, reservation_id, reservation.amount)?;
    Ok((reservation, split.stay))
}

/// How far the end of a cancelled date has come.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    pub schedule_id: i64,
    /// When it was cancelled; `None`: it was not.
    pub cancelled_at: Option<Millis>,
    /// When the last had their points back; `None`: not yet.
    pub settled_at: Option<Millis>,
    pub refunded: i64,
    /// Reservations that were ever paid.
    pub total: i64,
    pub holds: i64,
    /// What was paid in money at the counter, of what is refunded with the date. It comes back as points, which the
    /// counter pays out.
    pub paid_in_cash: Points,
    pub paid_by_card: Points,
}

impl Progress {
    /// Whether something is still to be done.
    pub fn is_under_way(&self) -> bool {
        self.cancelled_at.is_some() && self.settled_at.is_none()
    }
}

/// How far the end of a date has come.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`.
pub fn progress(connection: &Connection, schedule_id: i64) -> Outcome<Progress> {
    progress_of(connection, &schedule::must_find(connection, schedule_id)?)
}

fn progress_of(connection: &Connection, date: &Schedule) -> Outcome<Progress> {
    let schedule_id = date.schedule_id;
    let [refunded, confirmed, holds, in_cash, by_card] =
        sql::count_of_date(connection, schedule_id, date.cancelled_at)?;
    Ok(Progress {
        schedule_id,
        cancelled_at: date.cancelled_at,
        settled_at: date.settled_at,
        refunded,
        total: refunded + confirmed,
        holds,
        paid_in_cash: Points::new(in_cash),
        paid_by_card: Points::new(by_card),
    })
}

/// Cancels a date. Nothing is sold for it from this transaction on; [`settle_cancelled`] does the rest in later ones.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`.
pub fn cancel_date(tx: &Tx, schedule_id: i64) -> Outcome<Progress> {
    progress_of(tx, &schedule::cancel(tx, schedule_id)?)
}

/// What a piece of settling came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// No date is to be settled.
    Nothing,
    /// A piece of the work is done.
    Progress,
    /// What is left of a date can't be settled; the log says why.
    Blocked,
}

/// Does a bounded piece of what cancelled dates still need: unpaid holds are released, then paid reservations refunded,
/// also those of people who went in. What is left is found in the file, so it goes on after a restart.
pub fn settle_cancelled(tx: &Tx, skipped: &SkippedRows) -> Outcome<Settlement> {
    let Some(schedule_id) = schedule::find_to_settle(tx)? else { return Ok(Settlement::Nothing) };
    let most = SETTLE_MAX + skipped.len();
    let mut left = sql::list_pending_of_date(tx, schedule_id, most)?;
    left.extend(sql::list_confirmed_of_date(tx, schedule_id, most)?);
    if left.is_empty() {
        schedule::mark_settled(tx, schedule_id)?;
        return Ok(Settlement::Progress);
    }
    left.retain(|reservation| !skipped.has(reservation.reservation_id.as_u128()));
    left.truncate(SETTLE_MAX);
    let id = |reservation: &Reservation| reservation.reservation_id.as_u128();
    let name = |reservation: &Reservation| format!("reservation {}", reservation.reservation_id);
    let ended = skipped.try_all(tx, &left, id, name, |tx, reservation| end_with_date(tx, reservation.clone()))?;
    Ok(if ended > 0 { Settlement::Progress } else { Settlement::Blocked })
}

fn end_with_date(tx: &Tx, reservation: Reservation) -> Outcome<()> {
    let given_up = reservation.given_up_at(tx.now());
    match reservation.status {
        Status::PendingPayment => end_unpaid(tx, reservation, given_up).map(drop),
        _ => {
            let back = sql::list_seats(tx, reservation.reservation_id)?;
            give_back(tx, reservation, Split { back, stay: Vec::new() }).map(drop)
        }
    }
}
