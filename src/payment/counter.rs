//! Payment at the counter: money, or nothing from guests, for seats that are held. It is part of no visit.

use super::{confirm, must_be_unpaid, told};
use crate::balance::{self, PayMethod};
use crate::call::{EventType, Tx, record};
use crate::points::Points;
use crate::refusal::Refusal;
use crate::reservation::{self, ReservationDetails, Status};
use crate::schedule;
use crate::seat::WantedSeat;
use crate::signing::SigningKey;
use crate::store::Outcome;
use crate::ticket::{self, GivenTicket};

/// What is paid at the counter.
#[derive(Debug, Clone, Copy)]
pub struct CounterPayment {
    pub method: PayMethod,
    /// What was asked for, if it was said.
    pub amount: Option<Points>,
}

/// Sells held seats at the counter, with tickets that may be called as they were elsewhere.
///
/// # Errors
/// `ALREADY_PAID`, `HOLD_EXPIRED`, `RESERVATION_NOT_PENDING`, `SCHEDULE_CANCELLED`, `AMOUNT_MISMATCH`; the caller takes
/// back what was done.
pub fn sell(
    tx: &Tx,
    signing: &SigningKey,
    held: ReservationDetails,
    payment: CounterPayment,
    given: &[GivenTicket],
) -> Outcome<ReservationDetails> {
    let ReservationDetails { mut reservation, date, mut seats, .. } = held;
    must_be_unpaid(&reservation, tx.now())?;
    date.must_take_place()?;
    if payment.method == PayMethod::Free {
        reservation::make_free(tx, &mut reservation, &mut seats)?;
    }
    if payment.amount.is_some_and(|amount| amount != reservation.amount) {
        return Err(Refusal::AmountMismatch { expected: reservation.amount }.into());
    }
    let reservation_id = reservation.reservation_id;
    balance::pay_at_counter(tx, reservation.user_id, reservation.amount, reservation_id, payment.method)?;
    reservation.method = Some(payment.method);
    let number = |seat: &WantedSeat| given.iter().find(|given| given.seat == seat.label).map(|given| &*given.number);
    let sign = |seat: &WantedSeat| ticket::sign(signing, reservation.schedule_id, seat, number(seat));
    let tickets = confirm(tx, &reservation, Some(seats.clone()), given, |seats| seats.iter().map(sign).collect())?;
    record(tx, EventType::PaymentCompleted, &told(&reservation))?;
    reservation.status = Status::Confirmed;
    reservation.paid_at = Some(tx.now());
    reservation.ended_at = Some(tx.now());
    let date = schedule::must_find(tx, reservation.schedule_id)?;
    (reservation.sold_starts_at, reservation.refund_until_hours) = (Some(date.starts_at), date.refund_until_hours);
    Ok(ReservationDetails { reservation, date, seats, tickets, returned: Vec::new(), exchanged: Vec::new() })
}
