//! Paid seats exchanged for others: one goes back as a refund, the other is paid as a new reservation, and only the
//! difference changes hands. All of it or nothing.

use uuid::Uuid;

use super::{confirm, told};
use crate::balance::{self, PayMethod};
use crate::call::{EventType, Tx, record};
use crate::ids::TokenKey;
use crate::points::Points;
use crate::queue;
use crate::refusal::Refusal;
use crate::reservation::{
    self, CounterHold, Customer, DateRef, Exchanged, Reservation, ReservationDetails, SeatChoice, Terms,
};
use crate::schedule;
use crate::seat::{MapCache, SeatWish, WantedSeat};
use crate::settings::SaleSettings;
use crate::signing::SigningKey;
use crate::store::Outcome;
use crate::ticket;

/// Exchanges seats of a user's own reservation for as many others of its date, as long as the terms of its sale let
/// users give seats back: the difference is paid or comes back in points. The visit goes on.
///
/// # Errors
/// The token's, `RESERVATION_NOT_FOUND`, `REFUND_CLOSED`, `TOKEN_OTHER_LINE`, `SALE_NOT_OPEN`, `SALE_CLOSED`,
/// `SCHEDULE_CANCELLED`, `RESERVATION_NOT_CONFIRMED`, `SEAT_NOT_FOUND`, `TICKET_CHECKED_IN`, `RESERVATION_PENDING`,
/// `SEAT_LIMIT`, `SEAT_UNAVAILABLE`, `AMOUNT_MISMATCH`, `INSUFFICIENT_BALANCE`; the caller takes back what was done.
pub fn exchange_own(
    tx: &Tx,
    signing: &SigningKey,
    key: TokenKey,
    (reservation_id, give_back): (Uuid, Option<&[String]>),
    seats: &[SeatWish],
    amount: Points,
    sale: &SaleSettings,
) -> Outcome<ReservationDetails> {
    let token = queue::must_be_active(tx, key)?;
    let from = reservation::must_be_of(tx, token.user_id, reservation_id)?;
    let date = schedule::must_find(tx, from.schedule_id)?;
    let back = reservation::give_in_exchange(tx, &from, give_back)?;
    from.must_be_refundable(&date, tx.now())?;
    queue::must_open(tx, token.line_id, date.concert_id)?;
    date.must_be_on_sale(tx.now())?;
    must_be_as_many(back.labels.len(), seats.len())?;
    let until = tx.now().plus_seconds(sale.hold_seconds);
    let terms = Terms::of_customer(token.line_id, sale.seats_per_user, until);
    let to = reservation::hold_in_exchange(tx, &from, seats, terms)?;
    if amount != to.amount {
        return Err(Refusal::AmountMismatch { expected: to.amount }.into());
    }
    let to = ReservationDetails::of(tx, to)?;
    let labels = labels_of(seats);
    // Whatever was paid for the others, these are paid in points.
    pay(tx, signing, (&from, &back), (to, &labels), None, None)
}

/// An exchange at the counter.
#[derive(Debug)]
pub struct StaffExchange {
    pub reservation_id: Uuid,
    /// Which seats go back; `None`: all.
    pub give_back: Option<Vec<String>>,
    /// Another date of the same concert; `None`: the same date.
    pub schedule_id: Option<i64>,
    pub seats: SeatChoice,
    /// What the new seats cost, if it was said.
    pub amount: Option<Points>,
    /// How the difference is taken or given; `None`: as it was paid.
    pub method: Option<PayMethod>,
    pub include_blocked: bool,
    pub hold_seconds: u32,
}

/// Exchanges seats of anybody's reservation for as many others of any date of the concert, at any time.
///
/// # Errors
/// `RESERVATION_NOT_FOUND`, `SCHEDULE_NOT_FOUND`, `RESERVATION_NOT_CONFIRMED`, `SEAT_NOT_FOUND`, `SECTION_NOT_FOUND`,
/// `TICKET_CHECKED_IN`, `SCHEDULE_CANCELLED`, `USER_BANNED`, `SEAT_UNAVAILABLE`, `AMOUNT_MISMATCH`,
/// `INSUFFICIENT_BALANCE`; the caller takes back what was done.
pub fn exchange_any(
    tx: &Tx,
    signing: &SigningKey,
    maps: &MapCache,
    wanted: StaffExchange,
) -> Outcome<ReservationDetails> {
    let from = reservation::find(tx, wanted.reservation_id)?.ok_or(Refusal::ReservationNotFound)?;
    let date = schedule::must_find(tx, from.schedule_id)?;
    let schedule_id = wanted.schedule_id.unwrap_or(from.schedule_id);
    if schedule::must_find(tx, schedule_id)?.concert_id != date.concert_id {
        return Err(Refusal::invalid(
            "/scheduleId",
            "must be a date of the same concert",
            "같은 공연의 일정이어야 합니다",
        )
        .into());
    }
    let back = reservation::give_in_exchange(tx, &from, wanted.give_back.as_deref())?;
    let named = match &wanted.seats {
        SeatChoice::Labelled(seats) => Some(labels_of(seats)),
        SeatChoice::Best(_) => None,
    };
    let hold = CounterHold {
        date: DateRef::Schedule(schedule_id),
        seats: wanted.seats,
        customer: Customer::Known(from.user_id),
        until: None,
        hold_seconds: wanted.hold_seconds,
        note: from.note.clone(),
        include_blocked: wanted.include_blocked,
    };
    let mut to = reservation::keep(tx, maps, hold)?;
    must_be_as_many(back.labels.len(), to.seats.len())?;
    if from.method == Some(PayMethod::Free) {
        reservation::make_free(tx, &mut to.reservation, &mut to.seats)?;
    }
    let due = to.reservation.amount;
    if wanted.amount.is_some_and(|amount| amount != due) {
        return Err(Refusal::AmountMismatch { expected: due }.into());
    }
    let method = wanted.method.or(from.method).filter(|method| *method != PayMethod::Free);
    let labels = named.unwrap_or_else(|| to.seats.iter().map(|seat| seat.label.clone()).collect());
    pay(tx, signing, (&from, &back), (to, &labels), from.method, method)
}

fn labels_of(seats: &[SeatWish]) -> Vec<String> {
    seats.iter().map(|wish| wish.label.clone()).collect()
}

fn must_be_as_many(back: usize, seats: usize) -> Result<(), Refusal> {
    if back == seats {
        return Ok(());
    }
    let (en, ko) =
        (format!("must be as many as go back: {back}"), format!("돌려주는 좌석과 수가 같아야 합니다: {back}"));
    Err(Refusal::invalid("/seats", en, ko))
}

/// Pays for the seats that are held in an exchange, from what came back; the new reservation was paid by `method`. The
/// difference to what came back is money at the counter where `at_counter` says so; else it is points. Whoever
/// was to go in with an old ticket goes in with the new one that is named at the same position.
fn pay(
    tx: &Tx,
    signing: &SigningKey,
    (from, back): (&Reservation, &Exchanged),
    (to, labels): (ReservationDetails, &[String]),
    method: Option<PayMethod>,
    at_counter: Option<PayMethod>,
) -> Outcome<ReservationDetails> {
    let ReservationDetails { mut reservation, seats, .. } = to;
    let (user_id, due, reservation_id) = (reservation.user_id, reservation.amount, reservation.reservation_id);
    reservation.method = method;
    // Money belongs to a sale that was paid in money; for points it is points sold or paid out.
    let of_sale = |reservation_id: Uuid| method.map(|_| reservation_id);
    if let Some(by) = at_counter {
        let difference = due.minus(back.amount).ok_or(Refusal::Internal)?;
        if difference > Points::ZERO {
            balance::take_money(tx, user_id, difference, by, of_sale(reservation_id))?;
        } else if let Some(over) = difference.negated().filter(|over| *over > Points::ZERO) {
            balance::pay_out(tx, user_id, over, by, of_sale(from.reservation_id))?;
        }
    }
    if let Err(balance) = balance::spend(tx, user_id, due, reservation_id)? {
        let shortfall = due.minus(balance).ok_or(Refusal::Internal)?;
        return Err(Refusal::InsufficientBalance { balance, required: due, shortfall, attempts_left: 1 }.into());
    }
    reservation::mark_exchanged(tx, from, &mut reservation)?;
    let sign = |seat: &WantedSeat| ticket::sign(signing, reservation.schedule_id, seat, None);
    confirm(tx, &reservation, Some(seats), &[], |seats| seats.iter().map(sign).collect())?;
    ticket::keep_holders(tx, (from.reservation_id, &back.labels), (reservation_id, labels))?;
    record(tx, EventType::PaymentCompleted, &told(&reservation))?;
    ReservationDetails::of(tx, reservation::find(tx, reservation_id)?.ok_or(Refusal::Internal)?)
}
