//! Payments on the wire.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Attempt, PaidFor, Signing};
use crate::call::{Answer, Context, Written};
use crate::clock::Millis;
use crate::http::Reply;
use crate::points::Points;
use crate::queue::{Caller, TokenStatus};
use crate::refusal::{Language, Refusal};
use crate::reservation::api::{location, read_date, read_seats, read_seats_of, read_wanted_seats, reservation_id};
use crate::reservation::{self, ReservationView, Status};
use crate::store::Outcome;
use crate::ticket::{self, Ticket};

/// The answer to a payment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Paid {
    payment_id: Uuid,
    status: &'static str,
    reservation_id: Uuid,
    amount: Points,
    balance: Points,
    paid_at: Millis,
    tickets: Vec<Ticket>,
    token_status: TokenStatus,
}

/// `POST /payments`, for an active token: pays for held seats in one transaction: points, ledger, reservation, tickets,
/// and the end of the visit, which goes on only while a hold of the caller's own is still unpaid. Needs `amount` and
/// the reservation, by `reservationId` or by date and `seats`. 201 with `Location`; one effect for an
/// `Idempotency-Key`. A 402 is kept as a declined attempt: the last one allowed ends the reservation as FAILED. 402
/// `INSUFFICIENT_BALANCE`; 404 `RESERVATION_NOT_FOUND`, `CONCERT_NOT_FOUND`, `SCHEDULE_NOT_FOUND`; 409
/// `DATE_AMBIGUOUS`, `ALREADY_PAID`, `HOLD_EXPIRED`, `RESERVATION_NOT_PENDING`, `SCHEDULE_CANCELLED`; 422
/// `AMOUNT_MISMATCH`.
pub fn pay(context: &Context, caller: Caller) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let names = ["reservationId", "scheduleId", "concertId", "date", "seats"];
    let [by_reservation, by_schedule, by_concert, ..] = names.map(|name| fields.has(name));
    let what = if by_reservation || !(by_schedule || by_concert) {
        PaidFor::Reservation(fields.id("reservationId")?)
    } else {
        PaidFor::Seats(read_date(&mut fields)?, read_seats(&mut fields)?)
    };
    let amount = fields.integer("amount", 0..=i64::MAX).map(Points::new)?;
    fields.end()?;
    let sale = context.state.settings.sale.clone();
    let signing = Signing::ahead(&context.state.signing, context.reader(), caller.user_id, &what);
    let language = context.language();
    Answer::write_decided(move |tx| {
        let (attempt, now) = (super::pay(tx, signing, caller.key, &what, amount, &sale)?, tx.now());
        Ok(Written::Deferred(Box::new(move || reply(attempt, now, language))))
    })
}

/// What an attempt at a moment came to.
fn reply(attempt: Attempt, now: Millis, language: Language) -> Reply {
    let (reservation, balance, tickets, token_status) = match attempt {
        Attempt::Declined(refusal) => return Reply::refusal(&refusal, language),
        Attempt::Completed { reservation, balance, tickets, token_status } => {
            (reservation, balance, tickets, token_status)
        }
    };
    let body = Paid {
        payment_id: reservation.payment_id,
        status: Status::Confirmed.of_payment(),
        reservation_id: reservation.reservation_id,
        amount: reservation.amount,
        balance,
        paid_at: now,
        tickets,
        token_status,
    };
    Reply::json(201, &body).with("Location", format!("/api/v1/payments/{}", reservation.payment_id))
}

/// `POST /reservations/{reservationId}/exchange`, for an active token: gives paid seats back (`giveBack`; without it
/// all) and pays for as many other `seats` of the date in their place, in one transaction: the difference is paid or
/// given back in points. Needs `amount`, what the new seats cost. Until `refundUntil`. 201 with `Location` and the new
/// reservation; one effect for an `Idempotency-Key`. 402 `INSUFFICIENT_BALANCE`; 404 `RESERVATION_NOT_FOUND`,
/// `SEAT_NOT_FOUND`; 409 `RESERVATION_NOT_CONFIRMED`, `TICKET_CHECKED_IN`, `REFUND_CLOSED`, `TOKEN_OTHER_LINE`,
/// `SALE_NOT_OPEN`, `SALE_CLOSED`, `SCHEDULE_CANCELLED`, `RESERVATION_PENDING`, `SEAT_LIMIT`, `SEAT_UNAVAILABLE`; 422
/// `AMOUNT_MISMATCH`.
pub fn exchange(context: &Context, caller: Caller) -> Outcome<Answer> {
    let reservation_id = reservation_id(context)?;
    let mut fields = context.fields()?;
    let give_back = fields.has("giveBack").then(|| read_seats_of(&mut fields, "giveBack")).transpose()?;
    let seats = read_wanted_seats(&mut fields)?;
    let amount = fields.integer("amount", 0..=i64::MAX).map(Points::new)?;
    fields.end()?;
    let (sale, signing) = (context.state.settings.sale.clone(), Arc::clone(&context.state.signing));
    Answer::write(move |tx| {
        let what = (reservation_id, give_back.as_deref());
        let made = super::exchange_own(tx, &signing, caller.key, what, &seats, amount, &sale)?;
        let reply = Reply::json(201, &ReservationView::of(&made, tx.now()));
        Ok(Written::Ready(reply.with("Location", location(made.reservation.reservation_id))))
    })
}

/// `GET /payments/{paymentId}`, for a user: 200 with a payment of the caller, declined ones too. 404
/// `PAYMENT_NOT_FOUND`.
pub fn payment(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    let payment_id = context.id("paymentId", Refusal::PaymentNotFound)?;
    let reader = context.reader()?;
    let found = reservation::find_by_payment(&reader, payment_id)?.filter(|found| found.user_id == user_id);
    let found = found.ok_or(Refusal::PaymentNotFound)?;
    let body = json!({
        "paymentId": payment_id,
        "status": found.status_at(context.now).of_payment(),
        "reservationId": found.reservation_id,
        "amount": found.amount,
        "paidAt": found.paid_at,
        "refundedAt": found.refunded_at,
        "method": found.paid_by(),
        "tickets": ticket::list_of_reservation(&reader, found.reservation_id)?,
    });
    Answer::json(200, &body)
}
