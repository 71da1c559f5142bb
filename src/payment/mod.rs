//! Payment: points for held seats. It ends the visit, unless the user holds more.

pub mod api;
mod counter;
mod exchange;
pub mod staff_api;

use std::sync::Arc;

use uuid::Uuid;

pub use counter::{CounterPayment, sell};
pub use exchange::{StaffExchange, exchange_any, exchange_own};

use crate::balance::{self, Changed, PayMethod};
use crate::call::{EventType, Tx, record};
use crate::clock::Millis;
use crate::ids::TokenKey;
use crate::points::Points;
use crate::queue::{self, Token, TokenStatus};
use crate::refusal::Refusal;
use crate::reservation::{self, DateRef, Reservation, Status};
use crate::schedule;
use crate::seat::WantedSeat;
use crate::settings::SaleSettings;
use crate::signing::SigningKey;
use crate::store::{Outcome, Reader};
use crate::ticket::{self, GivenTicket, SignedCode, Ticket};

/// The length of a note of the counter in characters.
pub const NOTE_MAX_CHARS: usize = 200;

#[derive(Debug, Clone)]
pub enum PaidFor {
    Reservation(Uuid),
    /// One's own held seats of a date, exactly those.
    Seats(DateRef, Vec<String>),
}

/// How an attempt to pay came out. Both are written down.
#[derive(Debug)]
pub enum Attempt {
    /// Paid: the seats are the user's.
    Completed {
        /// The reservation, as it was before.
        reservation: Box<Reservation>,
        /// What is left of the points.
        balance: Points,
        /// One for each seat.
        tickets: Vec<Ticket>,
        /// What became of the visit.
        token_status: TokenStatus,
    },
    /// Too few points; the attempt counts.
    Declined(Refusal),
}

/// Signs the tickets of a payment: before its transaction where it is known by then what is paid for.
#[derive(Debug)]
pub struct Signing {
    key: Arc<SigningKey>,
    ready: Vec<SignedCode>,
}

impl Signing {
    /// With the codes of the seats that this user is about to pay for. Where they can't be read now, the transaction
    /// signs.
    pub fn ahead(key: &Arc<SigningKey>, reader: Outcome<Reader>, user_id: Uuid, what: &PaidFor) -> Signing {
        let ready = reader.and_then(|reader| ready_codes(key, &reader, user_id, what)).unwrap_or_default();
        Signing { key: Arc::clone(key), ready }
    }

    /// A code for each of these seats: those that are ready, if they are of these seats.
    fn codes_of(self, schedule_id: i64, seats: &[WantedSeat]) -> Result<Vec<SignedCode>, Refusal> {
        let is_of =
            |(code, seat): (&SignedCode, &WantedSeat)| (code.schedule_id, code.seat_no) == (schedule_id, seat.seat_no);
        if self.ready.len() == seats.len() && self.ready.iter().zip(seats).all(is_of) {
            return Ok(self.ready);
        }
        seats.iter().map(|seat| ticket::sign(&self.key, schedule_id, seat, None)).collect()
    }
}

fn ready_codes(key: &SigningKey, reader: &Reader, user_id: Uuid, what: &PaidFor) -> Outcome<Vec<SignedCode>> {
    let held = match what {
        PaidFor::Reservation(reservation_id) => reservation::find_with_seats(reader, user_id, *reservation_id)?,
        PaidFor::Seats(DateRef::Schedule(schedule_id), labels) => {
            reservation::find_by_seats(reader, user_id, *schedule_id, labels)?
        }
        PaidFor::Seats(DateRef::Date(..), _) => None,
    };
    let held = held.filter(|(reservation, _)| reservation.status == Status::PendingPayment);
    let Some((of, seats)) = held else { return Ok(Vec::new()) };
    Ok(seats.iter().map(|seat| ticket::sign(key, of.schedule_id, seat, None)).collect::<Result<_, _>>()?)
}

/// Pays for held seats: points deducted, seats sold, tickets made, the token expired by whose visit they were held. Who
/// pays for seats that staff keep for them while a hold of their own is unpaid goes on with the visit, and so does
/// everybody where the venue lets visits go on.
///
/// # Errors
/// The token's, `RESERVATION_NOT_FOUND`, `ALREADY_PAID`, `HOLD_EXPIRED`, `RESERVATION_NOT_PENDING`,
/// `SCHEDULE_CANCELLED`, `AMOUNT_MISMATCH`.
pub fn pay(
    tx: &Tx,
    signing: Signing,
    key: TokenKey,
    what: &PaidFor,
    amount: Points,
    sale: &SaleSettings,
) -> Outcome<Attempt> {
    let token = queue::must_be_active(tx, key)?;
    let (mut date, mut seats) = (None, None);
    let reservation = match what {
        PaidFor::Reservation(reservation_id) => reservation::must_be_of(tx, token.user_id, *reservation_id)?,
        PaidFor::Seats(of, labels) => {
            let schedule_id = match of {
                DateRef::Schedule(schedule_id) => *schedule_id,
                DateRef::Date(..) => date.insert(of.must_find(tx)?).schedule_id,
            };
            let found = reservation::find_by_seats(tx, token.user_id, schedule_id, labels)?;
            let (reservation, of_it) = found.ok_or(Refusal::ReservationNotFound)?;
            seats = Some(of_it);
            reservation
        }
    };
    must_be_unpaid(&reservation, tx.now())?;
    date.map_or_else(|| schedule::must_take_place(tx, reservation.schedule_id), |date| Ok(date.must_take_place()?))?;
    if amount != reservation.amount {
        return Err(Refusal::AmountMismatch { expected: reservation.amount }.into());
    }
    match balance::spend(tx, token.user_id, amount, reservation.reservation_id)? {
        Err(balance) => decline(tx, reservation, balance, sale.payment_attempts),
        Ok(Changed { balance, .. }) => {
            let codes = |seats: &[WantedSeat]| signing.codes_of(reservation.schedule_id, seats);
            let tickets = confirm(tx, &reservation, seats, &[], codes)?;
            let visit = visit_of(tx, &reservation, token)?;
            let token_status = reservation::end_paid_visit(tx, &visit, &reservation, !sale.visit_ends_on_payment)?;
            record(tx, EventType::PaymentCompleted, &told(&reservation))?;
            Ok(Attempt::Completed { reservation: Box::new(reservation), balance, tickets, token_status })
        }
    }
}

/// The token that a payment ends: of the visit in which the seats were held, whichever token of its user paid.
fn visit_of(tx: &Tx, reservation: &Reservation, paid_by: Token) -> Outcome<Token> {
    if reservation.at_counter || reservation.line_id == paid_by.line_id {
        return Ok(paid_by);
    }
    Ok(queue::find_live(tx, reservation.line_id, reservation.user_id)?.unwrap_or(paid_by))
}

/// # Errors
/// `ALREADY_PAID`, `HOLD_EXPIRED`, `RESERVATION_NOT_PENDING`.
fn must_be_unpaid(reservation: &Reservation, now: Millis) -> Result<(), Refusal> {
    match reservation.status_at(now) {
        Status::PendingPayment => Ok(()),
        Status::Confirmed => Err(Refusal::AlreadyPaid { payment_id: reservation.payment_id }),
        Status::Expired => Err(Refusal::HoldExpired),
        status => Err(Refusal::ReservationNotPending { status: status.word() }),
    }
}

/// Pays for a reservation that was made elsewhere, with tickets that are called as they were there.
///
/// # Errors
/// `INSUFFICIENT_BALANCE`, `HOLD_EXPIRED`.
pub fn pay_elsewhere(tx: &Tx, signing: &SigningKey, reservation: &Reservation, given: &[GivenTicket]) -> Outcome<()> {
    let required = reservation.amount;
    if let Err(balance) = balance::spend(tx, reservation.user_id, required, reservation.reservation_id)? {
        let shortfall = required.minus(balance).ok_or(Refusal::Internal)?;
        return Err(Refusal::InsufficientBalance { balance, required, shortfall, attempts_left: 0 }.into());
    }
    let number = |seat: &WantedSeat| given.iter().find(|given| given.seat == seat.label).map(|given| &*given.number);
    let sign = |seat: &WantedSeat| ticket::sign(signing, reservation.schedule_id, seat, number(seat));
    confirm(tx, reservation, None, given, |seats| seats.iter().map(sign).collect())?;
    Ok(record(tx, EventType::PaymentCompleted, &told(reservation))?)
}

/// The seats are sold, each with a ticket; they are read unless they are known.
fn confirm(
    tx: &Tx,
    reservation: &Reservation,
    seats: Option<Vec<WantedSeat>>,
    given: &[GivenTicket],
    codes: impl FnOnce(&[WantedSeat]) -> Result<Vec<SignedCode>, Refusal>,
) -> Outcome<Vec<Ticket>> {
    let seats = reservation::confirm(tx, reservation, seats)?;
    let codes = codes(&seats)?;
    let given = |seat: &WantedSeat| given.iter().find(|given| given.seat == seat.label).map(|given| given.ticket_id);
    let issue = |(seat, code)| ticket::issue(tx, reservation.reservation_id, seat, code, given(seat));
    seats.iter().zip(codes).map(issue).collect()
}

fn decline(tx: &Tx, reservation: Reservation, balance: Points, attempts: u32) -> Outcome<Attempt> {
    record(tx, EventType::PaymentDeclined, &told(&reservation))?;
    let required = reservation.amount;
    let attempts_left = reservation::decline(tx, reservation, attempts)?;
    let shortfall = required.minus(balance).ok_or(Refusal::Internal)?;
    Ok(Attempt::Declined(Refusal::InsufficientBalance { balance, required, shortfall, attempts_left }))
}

/// What the feed tells of a payment.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentData {
    payment_id: Uuid,
    reservation_id: Uuid,
    user_id: Uuid,
    amount: Points,
    method: &'static str,
}

fn told(reservation: &Reservation) -> PaymentData {
    PaymentData {
        payment_id: reservation.payment_id,
        reservation_id: reservation.reservation_id,
        user_id: reservation.user_id,
        amount: reservation.amount,
        method: reservation.method.map_or("POINTS", PayMethod::word),
    }
}
