//! Reservations: pending → confirmed | failed | expired | cancelled; confirmed → refunded.
//!
//! A pending reservation is a hold: its seats are the user's until `hold_expires_at`, and from then on they are not,
//! whether or not somebody has already written it down. It begins in `hold.rs` (at the counter in `counter_hold.rs`),
//! ends unpaid in `unpaid_hold_end.rs`, and is confirmed here; what is paid goes back in `refund.rs`.

pub mod api;
mod concert_deletion;
mod counter_hold;
mod early_visit_end;
mod exchange;
mod hold;
mod hold_change;
mod refund;
mod sql;
pub mod staff_api;
mod unpaid_hold_end;
mod user_removal;
mod view;

use rusqlite::{Connection, Row};
use uuid::Uuid;

pub use concert_deletion::{delete_concert, delete_date};
pub use counter_hold::{CounterHold, Customer, keep, make_free};
pub use early_visit_end::{end_paid_visit, end_visit, end_visits, renew_key};
pub use exchange::{Exchanged, give_in_exchange, hold_in_exchange, mark_exchanged};
pub use hold::{DateRef, GivenIds, HoldRequest, SeatChoice, Terms, reserve, reserve_elsewhere};
pub use hold_change::{change_any, change_own};
pub use refund::{Progress, Settlement, cancel_date, progress, refund, refund_own, settle_cancelled};
pub use sql::{find, find_by_payment, find_by_seats, find_with_seats};
pub use unpaid_hold_end::{cancel, cancel_any, decline, expire_due, move_holds, next_due};
pub use user_removal::{ban_user, remove_user};
pub use view::ReservationView;

use crate::balance::PayMethod;
use crate::call::{Change, Tx};
use crate::clock::Millis;
use crate::ids::LineId;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule};
use crate::seat::{self, Hold, SeatName, WantedSeat};
use crate::store::{Outcome, column_words};
use crate::ticket::{self, Ticket};

column_words! {
    /// Where a reservation is in its life.
    Status {
        PendingPayment "PENDING_PAYMENT",
        Confirmed "CONFIRMED",
        Failed "FAILED",
        Expired "EXPIRED",
        Cancelled "CANCELLED",
        Refunded "REFUNDED",
    }
}

impl Status {
    /// The state of the reservation's one payment.
    pub const fn of_payment(self) -> &'static str {
        match self {
            Status::PendingPayment => "PENDING",
            Status::Confirmed => "COMPLETED",
            Status::Failed => "FAILED",
            Status::Expired => "EXPIRED",
            Status::Cancelled => "CANCELLED",
            Status::Refunded => "REFUNDED",
        }
    }
}

/// A reservation as the file has it.
#[derive(Debug, Clone)]
pub struct Reservation {
    pub reservation_id: Uuid,
    pub user_id: Uuid,
    pub schedule_id: i64,
    pub status: Status,
    pub amount: Points,
    pub created_at: Millis,
    pub hold_expires_at: Millis,
    pub failure: Option<String>,
    pub payment_id: Uuid,
    pub declined_count: u32,
    pub paid_at: Option<Millis>,
    pub refunded_at: Option<Millis>,
    /// When it no longer waited for its payment.
    pub ended_at: Option<Millis>,
    /// Whether staff made it at the counter: then it is part of no visit.
    pub at_counter: bool,
    /// How it was paid at the counter.
    pub method: Option<PayMethod>,
    /// What staff wrote beside it.
    pub note: Option<String>,
    /// When its date began, as it was sold.
    pub sold_starts_at: Option<Millis>,
    /// The terms of its sale: until so many hours before the start its user may take the points back.
    pub refund_until_hours: Option<u32>,
    /// The line of the visit that it is part of.
    pub line_id: LineId,
    /// The reservation whose seats were exchanged for these.
    pub exchanged_from: Option<Uuid>,
}

impl Reservation {
    /// The status at `now`: a hold that is over is over, whether or not that was written down.
    pub fn status_at(&self, now: Millis) -> Status {
        match self.status {
            Status::PendingPayment if now >= self.hold_expires_at => Status::Expired,
            status => status,
        }
    }

    /// Refuses what needs an unpaid hold.
    ///
    /// # Errors
    /// `RESERVATION_NOT_PENDING`.
    fn must_be_pending(&self, now: Millis) -> Result<(), Refusal> {
        match self.status_at(now) {
            Status::PendingPayment => Ok(()),
            status => Err(Refusal::ReservationNotPending { status: status.word() }),
        }
    }

    /// Whether it ended because its date was cancelled: whoever held or owned it gave nothing up.
    pub fn was_cancelled_with(&self, date: &Schedule, status: Status) -> bool {
        let ended_at = match status {
            Status::Cancelled => self.ended_at,
            Status::Refunded => self.refunded_at,
            _ => None,
        };
        date.cancelled_at.zip(ended_at).is_some_and(|(cancelled_at, ended_at)| ended_at >= cancelled_at)
    }

    /// When its date was to begin as it was sold, where it was moved since.
    pub fn moved_from(&self, date: &Schedule) -> Option<Millis> {
        self.sold_starts_at.filter(|starts_at| *starts_at != date.starts_at)
    }

    /// Until when its user may give it back: by the terms of its sale, and until the start of a date that was moved.
    pub fn refund_until(&self, date: &Schedule) -> Option<Millis> {
        match self.paid_at {
            None => date.refund_until(date.refund_until_hours),
            Some(_) if self.moved_from(date).is_some() => Some(date.starts_at),
            Some(_) => date.refund_until(self.refund_until_hours),
        }
    }

    /// Whether its user may still give it back.
    ///
    /// # Errors
    /// `REFUND_CLOSED`.
    pub fn must_be_refundable(&self, date: &Schedule, now: Millis) -> Result<(), Refusal> {
        let refund_until = self.refund_until(date);
        let is_open = refund_until.is_some_and(|until| now < until);
        if is_open { Ok(()) } else { Err(Refusal::RefundClosed { refund_until }) }
    }

    /// How it was paid; `None` while it was not.
    pub fn paid_by(&self) -> Option<&'static str> {
        self.paid_at.map(|_| self.method.map_or("POINTS", PayMethod::word))
    }

    fn hold(&self) -> Hold {
        Hold {
            schedule_id: self.schedule_id,
            reservation_id: self.reservation_id,
            user_id: self.user_id,
            until: self.hold_expires_at,
        }
    }
}

/// A reservation with all that the wire shows of it. What a job has read already is handed on, and read no second time.
#[derive(Debug)]
pub struct ReservationDetails {
    pub reservation: Reservation,
    pub date: Schedule,
    /// In layout order, at the price that was agreed.
    pub seats: Vec<WantedSeat>,
    /// Of these seats.
    pub tickets: Vec<Ticket>,
    /// Seats that it gave back while it kept others.
    pub returned: Vec<ReturnedSeat>,
    /// The reservations that its seats were exchanged for, each with its moment.
    pub exchanged: Vec<(Uuid, Millis)>,
}

/// A seat that a paid reservation gave back while it kept others.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnedSeat {
    pub seat: String,
    #[serde(flatten)]
    pub name: SeatName,
    pub price: Points,
    pub returned_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tariff: Option<String>,
}

impl ReturnedSeat {
    /// Reads `label, price, at, tariff, section, row, number`.
    fn read(row: &Row) -> rusqlite::Result<ReturnedSeat> {
        let seat: String = row.get(0)?;
        let name = SeatName::read(row, 4, &seat)?;
        Ok(ReturnedSeat { seat, name, price: row.get(1)?, returned_at: row.get(2)?, tariff: row.get(3)? })
    }
}

impl ReservationDetails {
    pub fn of(connection: &Connection, reservation: Reservation) -> Outcome<ReservationDetails> {
        let seats = sql::list_seats(connection, reservation.reservation_id)?;
        ReservationDetails::with_seats(connection, reservation, seats)
    }

    fn with_seats(
        connection: &Connection,
        reservation: Reservation,
        seats: Vec<WantedSeat>,
    ) -> Outcome<ReservationDetails> {
        let date = schedule::must_find(connection, reservation.schedule_id)?;
        ReservationDetails::with(connection, reservation, date, seats)
    }

    fn with(
        connection: &Connection,
        reservation: Reservation,
        date: Schedule,
        seats: Vec<WantedSeat>,
    ) -> Outcome<ReservationDetails> {
        let (tickets, returned, exchanged) = match reservation.status {
            Status::Confirmed | Status::Refunded => (
                ticket::list_of_reservation(connection, reservation.reservation_id)?,
                sql::list_returned(connection, reservation.reservation_id)?,
                sql::list_exchanged(connection, reservation.reservation_id)?,
            ),
            _ => (Vec::new(), Vec::new(), Vec::new()), // tickets are made with the payment
        };
        Ok(ReservationDetails { reservation, date, seats, tickets, returned, exchanged })
    }
}

/// A user's own reservation.
///
/// # Errors
/// `RESERVATION_NOT_FOUND`, also for another user's.
pub fn must_be_of(connection: &Connection, user_id: Uuid, reservation_id: Uuid) -> Outcome<Reservation> {
    let reservation = sql::find(connection, reservation_id)?.filter(|reservation| reservation.user_id == user_id);
    reservation.ok_or_else(|| Refusal::ReservationNotFound.into())
}

/// Confirms a paid reservation: its seats, read here unless they are known already, are sold. Where `reservation` says
/// that it was paid at the counter, a visit in which it was made goes on.
///
/// # Errors
/// `HOLD_EXPIRED` when the hold is over; the caller takes back what was done.
pub fn confirm(tx: &Tx, reservation: &Reservation, known: Option<Vec<WantedSeat>>) -> Outcome<Vec<WantedSeat>> {
    let seats = known.map_or_else(|| sql::list_seats(tx, reservation.reservation_id), Ok)?;
    let confirmed = sql::mark_confirmed_if_held(tx, reservation.reservation_id, reservation.method)?
        && seat::sell(tx, &reservation.hold(), &seats)?;
    if !confirmed {
        return Err(Refusal::HoldExpired.into());
    }
    if reservation.method.is_some() {
        unpaid_hold_end::shorten_visit(tx, reservation)?;
    }
    tx.push_change(Change::ReservationChanged { reservation_id: reservation.reservation_id });
    Ok(seats)
}
