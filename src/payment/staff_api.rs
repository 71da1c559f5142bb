//! Selling and keeping seats at the counter.

use std::sync::Arc;

use uuid::Uuid;

use super::{CounterPayment, NOTE_MAX_CHARS, StaffExchange, counter, exchange_any};
use crate::balance::PayMethod;
use crate::balance::staff_api::read_method;
use crate::call::{Answer, Context, Tx, Written};
use crate::http::{Fields, Reply};
use crate::points::Points;
use crate::refusal::{Localized, Refusal};
use crate::reservation::api::{preload, read_choice, read_date, read_seats_of, reservation_json_for_staff};
use crate::reservation::{self, CounterHold, Customer, ReservationDetails, SeatChoice};
use crate::seat::MapCache;
use crate::store::Outcome;
use crate::user::{self, NewUser};

/// `POST /staff/sales`, for counter and admins: sells seats at once, past the line, the times of the sale and the
/// number of seats a user may have. Needs the date, `seats` or `bestAvailable`, and `method`: CASH, CARD, or FREE for
/// guests, who pay nothing. `customer` is a `userId`, or a `name`, or left out; `amount` is what was asked for, and
/// `includeBlocked` gives seats that the venue keeps back. 201 with `Location` and the tickets; one effect for an
/// `Idempotency-Key`. 403 `USER_BANNED`; 404 `CONCERT_NOT_FOUND`, `SCHEDULE_NOT_FOUND`, `SECTION_NOT_FOUND`,
/// `SEAT_NOT_FOUND`, `USER_NOT_FOUND`; 409 `DATE_AMBIGUOUS`, `SCHEDULE_CANCELLED`, `SEAT_UNAVAILABLE`; 422
/// `AMOUNT_MISMATCH`.
pub fn sell(context: &Context, maps: &Arc<MapCache>) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let payment = read_payment(&mut fields)?;
    let wanted = read_hold(context, &mut fields)?;
    fields.end()?;
    let (maps, signing) = (ready(context, maps, &wanted), Arc::clone(&context.state.signing));
    Answer::write(move |tx| {
        let held = reservation::keep(tx, &maps, wanted)?;
        let sold = counter::sell(tx, &signing, held, payment, &[])?;
        Ok(Written::Ready(shown(tx, 201, &sold)))
    })
}

/// `POST /staff/reservations`, for counter and admins: keeps seats for somebody `until` a moment, like a hold but past
/// the line; from then on they are free by themselves. Needs the date, `seats` or `bestAvailable`, and `until`;
/// `customer`, `note` and `includeBlocked` as for a sale. 201 with `Location`; one effect for an `Idempotency-Key`. 403
/// `USER_BANNED`; 404 `CONCERT_NOT_FOUND`, `SCHEDULE_NOT_FOUND`, `SECTION_NOT_FOUND`, `SEAT_NOT_FOUND`,
/// `USER_NOT_FOUND`; 409 `DATE_AMBIGUOUS`, `SCHEDULE_CANCELLED`, `SEAT_UNAVAILABLE`.
pub fn keep(context: &Context, maps: &Arc<MapCache>) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let until = fields.instant("until")?;
    let wanted = CounterHold { until: Some(until), ..read_hold(context, &mut fields)? };
    fields.end()?;
    let maps = ready(context, maps, &wanted);
    Answer::write(move |tx| Ok(Written::Ready(shown(tx, 201, &reservation::keep(tx, &maps, wanted)?))))
}

/// `POST /staff/reservations/{reservationId}/sale`, for counter and admins: sells an unpaid reservation of anybody to
/// exactly them, as `POST /staff/sales` does. Needs `method`; `amount` is what was asked for. 200 with the tickets; one
/// effect for an `Idempotency-Key`. 404 `RESERVATION_NOT_FOUND`; 409 `ALREADY_PAID`, `HOLD_EXPIRED`,
/// `RESERVATION_NOT_PENDING`, `SCHEDULE_CANCELLED`; 422 `AMOUNT_MISMATCH`.
pub fn sell_held(context: &Context) -> Outcome<Answer> {
    let reservation_id = reservation_id(context)?;
    let mut fields = context.fields()?;
    let payment = read_payment(&mut fields)?;
    fields.end()?;
    let signing = Arc::clone(&context.state.signing);
    Answer::write(move |tx| {
        let held = reservation::find(tx, reservation_id)?.ok_or(Refusal::ReservationNotFound)?;
        let held = ReservationDetails::of(tx, held)?;
        Ok(Written::Ready(shown(tx, 200, &counter::sell(tx, &signing, held, payment, &[])?)))
    })
}

/// `POST /staff/reservations/{reservationId}/exchange`, for counter and admins: gives paid seats back (`giveBack`;
/// without it all) and sells as many others in their place, of the same date or of another of the concert
/// (`scheduleId`), at any time. Needs `seats` or `bestAvailable`. The difference is taken or given as it was paid, or
/// by `method`, CASH or CARD; `amount` is what the new seats cost. 201 with `Location` and the new reservation; one
/// effect for an `Idempotency-Key`. 402 `INSUFFICIENT_BALANCE`; 403 `USER_BANNED`; 404 `RESERVATION_NOT_FOUND`,
/// `SCHEDULE_NOT_FOUND`, `SECTION_NOT_FOUND`, `SEAT_NOT_FOUND`, `USER_NOT_FOUND`; 409 `RESERVATION_NOT_CONFIRMED`,
/// `TICKET_CHECKED_IN`, `SCHEDULE_CANCELLED`, `SEAT_UNAVAILABLE`; 422 `AMOUNT_MISMATCH`.
pub fn exchange(context: &Context, maps: &Arc<MapCache>) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let reservation_id = reservation_id(context)?;
    let money = &[PayMethod::Cash, PayMethod::Card];
    let wanted = StaffExchange {
        reservation_id,
        give_back: fields.has("giveBack").then(|| read_seats_of(&mut fields, "giveBack")).transpose()?,
        schedule_id: fields.has("scheduleId").then(|| fields.integer("scheduleId", 0..=i64::MAX)).transpose()?,
        seats: read_choice(&mut fields)?,
        amount: fields.has("amount").then(|| fields.integer("amount", 0..=i64::MAX)).transpose()?.map(Points::new),
        method: fields.has("method").then(|| read_method(&mut fields, money)).transpose()?,
        include_blocked: fields.has("includeBlocked") && fields.truth("includeBlocked")?,
        hold_seconds: context.state.settings.sale.hold_seconds,
    };
    fields.end()?;
    let (maps, signing) = (Arc::clone(maps), Arc::clone(&context.state.signing));
    Answer::write(move |tx| Ok(Written::Ready(shown(tx, 201, &exchange_any(tx, &signing, &maps, wanted)?))))
}

/// `DELETE /staff/reservations/{reservationId}`, for counter and admins: gives the seats of an unpaid reservation of
/// anybody free. 200 with the reservation. 404 `RESERVATION_NOT_FOUND`; 409 `RESERVATION_NOT_PENDING`.
pub fn cancel(context: &Context) -> Outcome<Answer> {
    let reservation_id = reservation_id(context)?;
    Answer::write(move |tx| Ok(Written::Ready(shown(tx, 200, &reservation::cancel_any(tx, reservation_id)?))))
}

fn reservation_id(context: &Context) -> Result<Uuid, Refusal> {
    context.id("reservationId", Refusal::ReservationNotFound)
}

fn shown(tx: &Tx, status: u16, details: &ReservationDetails) -> Reply {
    let reply = Reply::json(status, &reservation_json_for_staff(details, tx.now()));
    let at = || format!("/api/v1/staff/reservations/{}", details.reservation.reservation_id);
    if status == 201 { reply.with("Location", at()) } else { reply }
}

/// The maps, with that of the date in memory where the best seats are wanted.
fn ready(context: &Context, maps: &Arc<MapCache>, wanted: &CounterHold) -> Arc<MapCache> {
    if matches!(wanted.seats, SeatChoice::Best(_)) {
        let _ = preload(context, maps, &wanted.date); // what is refused here is refused by the transaction
    }
    Arc::clone(maps)
}

fn read_payment(fields: &mut Fields) -> Result<CounterPayment, Refusal> {
    let method = read_method(fields, PayMethod::ALL)?;
    let amount = fields.has("amount").then(|| fields.integer("amount", 0..=i64::MAX)).transpose()?;
    Ok(CounterPayment { method, amount: amount.map(Points::new) })
}

fn read_hold(context: &Context, fields: &mut Fields) -> Result<CounterHold, Refusal> {
    Ok(CounterHold {
        date: read_date(fields)?,
        seats: read_choice(fields)?,
        customer: read_customer(context, fields)?,
        until: None,
        hold_seconds: context.state.settings.sale.hold_seconds,
        note: fields.has("note").then(|| fields.line("note", 1..=NOTE_MAX_CHARS)).transpose()?,
        include_blocked: fields.has("includeBlocked") && fields.truth("includeBlocked")?,
    })
}

/// Who buys: a user, or somebody new, named or not.
fn read_customer(context: &Context, fields: &mut Fields) -> Result<Customer, Refusal> {
    let unnamed = Localized::new("Walk-up", "현장 고객");
    let walk_up = || Customer::New(NewUser::named(unnamed.in_language(context.language()).to_owned()));
    if !fields.has("customer") {
        return Ok(walk_up());
    }
    let mut customer = fields.object("customer")?;
    let [is_known, is_named] = ["userId", "name"].map(|name| customer.has(name));
    let read = match (is_known, is_named) {
        (true, _) => Customer::Known(customer.id("userId")?),
        (false, true) => Customer::New(NewUser::named(user::api::name(&mut customer)?)),
        (false, false) => walk_up(),
    };
    customer.end().map(|()| read)
}
