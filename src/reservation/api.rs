//! Reservations on the wire; leaving the line, which gives an unpaid hold back.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Reservation, Status, Wanted, WhichDate, WhichSeats};
use crate::clock::Millis;
use crate::http::{Fields, Park, Reply, Request};
use crate::ids;
use crate::queue::{self, Caller};
use crate::refusal::{Refusal, TokenEnd};
use crate::schedule;
use crate::seat::Maps;
use crate::seat::api::is_date;
use crate::store::Outcome;
use crate::ticket;
use crate::user;
use crate::venue::{Answer, Venue, WAIT_MAX_SECONDS, Written, repeat_safe, topics};

/// Seats of one request at most.
const SEATS_MAX: usize = 1_000;
/// Reservations of a list at most.
const LIST_MAX: u32 = 200;

/// A reservation as the wire shows it at `now`.
///
/// # Errors
/// SQLite's.
pub fn reservation_json(connection: &Connection, reservation: &Reservation, now: Millis) -> Outcome<Value> {
    let status = reservation.status_at(now);
    let date = schedule::must_find(connection, reservation.schedule_id)?;
    let seats = super::sql::list_seats(connection, reservation.reservation_id)?;
    let seats: Vec<Value> = seats.iter().map(|seat| json!({ "seat": seat.label, "price": seat.price })).collect();
    let tickets = match reservation.status {
        Status::PendingPayment => Vec::new(), // they are made with the payment
        _ => ticket::list_of_reservation(connection, reservation.reservation_id)?,
    };
    let left_ms = match status {
        Status::PendingPayment => reservation.hold_expires_at.ms_since(now),
        _ => 0,
    };
    Ok(json!({
        "reservationId": reservation.reservation_id,
        "status": status,
        "userId": reservation.user_id,
        "scheduleId": reservation.schedule_id,
        "concertTitle": date.concert_title,
        "date": date.date,
        "startsAt": date.starts_at,
        "seats": seats,
        "amount": reservation.amount,
        "createdAt": reservation.created_at,
        "holdExpiresAt": reservation.hold_expires_at,
        "holdExpiresInSeconds": left_ms.div_euclid(1_000) + i64::from(left_ms.rem_euclid(1_000) > 0),
        "failure": reservation.failure,
        "refundUntil": date.refund_until(),
        "payment": {
            "paymentId": reservation.payment_id,
            "status": status.of_payment(),
            "amount": reservation.amount,
            "paidAt": reservation.paid_at,
            "refundedAt": reservation.refunded_at,
        },
        "tickets": tickets,
    }))
}

fn location(reservation_id: Uuid) -> String {
    format!("/api/v1/reservations/{reservation_id}")
}

/// `POST /reservations`.
pub fn reserve(venue: &Venue, maps: &Arc<Maps>, request: &Request, caller: Caller) -> Outcome<Answer> {
    let wanted = read_wanted(request)?;
    if matches!(wanted.seats, WhichSeats::Best { .. }) {
        let _ = have_ready(venue, maps, &wanted.date); // what is refused here is refused below, in its order
    }
    let maps = Arc::clone(maps);
    let wait = request.prefers_wait(WAIT_MAX_SECONDS);
    let sale = venue.settings.sale.clone();
    repeat_safe(request, caller.user_id, move |tx| {
        let reservation = super::reserve(tx, &maps, caller.key, &wanted, &sale)?;
        let body = reservation_json(tx, &reservation, tx.now())?;
        let reply = Reply::json(201, &body).with("Location", location(reservation.reservation_id));
        Ok(match wait {
            None => Written::Ready(reply),
            Some(0) => Written::Ready(reply.after_wait(0)),
            Some(seconds) => Written::Park(reply, park(&reservation, 201, seconds)),
        })
    })
}

/// Has the map of a date in memory before the transaction looks for seats in it.
fn have_ready(venue: &Venue, maps: &Maps, date: &WhichDate) -> Outcome<()> {
    let schedule_id = match date {
        WhichDate::Schedule(schedule_id) => *schedule_id,
        WhichDate::Date(concert_id, date) => {
            schedule::must_find_on_date(&*venue.readers.get()?, *concert_id, date)?.schedule_id
        }
    };
    maps.have_ready(&venue.readers, schedule_id, venue.clock.now())
}

fn read_wanted(request: &Request) -> Result<Wanted, Refusal> {
    let mut fields = Fields::of(request)?;
    let date = read_date(&mut fields)?;
    let seats = match (fields.has("bestAvailable"), fields.has("seats")) {
        (true, false) => read_best(&mut fields)?,
        (false, _) => WhichSeats::Labelled(read_seats(&mut fields)?),
        (true, true) => {
            return Err(Refusal::invalid(
                fields.pointer("bestAvailable"),
                "can't be given together with 'seats'",
                "'seats'와 함께 쓸 수 없습니다",
            ));
        }
    };
    fields.end()?;
    Ok(Wanted { date, seats })
}

fn read_best(fields: &mut Fields) -> Result<WhichSeats, Refusal> {
    let mut best = Fields::of_value(fields.must("bestAvailable")?, fields.pointer("bestAvailable"))?;
    let count = best.integer("count", 1..=SEATS_MAX as i64)? as usize; // within the range
    let section = best.says("section").then(|| best.text("section")).transpose()?;
    best.end()?;
    Ok(WhichSeats::Best { count, section })
}

fn read_date(fields: &mut Fields) -> Result<WhichDate, Refusal> {
    if fields.has("scheduleId") || !fields.has("concertId") {
        return fields.integer("scheduleId", 0..=i64::MAX).map(WhichDate::Schedule);
    }
    let concert_id = fields.integer("concertId", 0..=i64::MAX)?;
    let date = fields.text("date")?;
    if !is_date(&date) {
        let at = fields.pointer("date");
        return Err(Refusal::invalid(at, "must be a date such as 2026-11-22", "2026-11-22와 같은 날짜여야 합니다"));
    }
    Ok(WhichDate::Date(concert_id, date))
}

/// The `seats` member: 1 to `SEATS_MAX` labels, none of them twice.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_seats(fields: &mut Fields) -> Result<Vec<String>, Refusal> {
    let mut seats = Vec::new();
    let mut known = HashSet::new();
    for (at, value) in fields.list("seats", SEATS_MAX)? {
        let Value::String(label) = value else {
            return Err(Refusal::invalid(at, "must be a text", "문자열이어야 합니다"));
        };
        if !known.insert(label.clone()) {
            return Err(Refusal::invalid(at, "is there twice", "같은 좌석이 두 번 있습니다"));
        }
        seats.push(label);
    }
    Ok(seats)
}

/// Waiting for the outcome of a reservation. The memo is all that is needed to answer later: whose reservation it is was
/// checked before, and the token may be over by then because it was paid with.
fn park(reservation: &Reservation, status: u16, seconds: u32) -> Park {
    Park {
        topics: vec![topics::reservation(reservation.reservation_id)],
        memo: format!("reservation {} {status} {seconds}", reservation.reservation_id),
        wait_seconds: seconds,
    }
}

/// Answers a caller who waited for a reservation, by the memo of `park`.
pub fn resume(venue: &Venue, memo: &str, over: bool, applied: bool) -> Outcome<Answer> {
    let mut words = memo.split(' ').skip(1);
    let mut next = || words.next().unwrap_or("");
    let reservation_id = ids::parse_id(next()).ok_or(Refusal::Internal)?;
    let status: u16 = next().parse().map_err(|_| Refusal::Internal)?;
    let seconds: u32 = next().parse().map_err(|_| Refusal::Internal)?;
    let reader = venue.readers.get()?;
    let reservation = super::find(&reader, reservation_id)?.ok_or(Refusal::ReservationNotFound)?;
    let now = venue.clock.now();
    if reservation.status_at(now) == Status::PendingPayment && !over {
        return Ok(Answer::Park(park(&reservation, status, seconds)));
    }
    let mut reply = Reply::json(status, &reservation_json(&reader, &reservation, now)?);
    if status == 201 {
        reply = reply.with("Location", location(reservation_id));
    }
    Ok(Answer::Ready(if applied { reply.after_wait(seconds) } else { reply }))
}

/// `GET /reservations/{id}`.
pub fn reservation(venue: &Venue, request: &Request, user_id: Uuid, reservation_id: Uuid) -> Outcome<Answer> {
    let reader = venue.readers.get()?;
    let reservation = super::must_be_of(&reader, user_id, reservation_id)?;
    let now = venue.clock.now();
    let pending = reservation.status_at(now) == Status::PendingPayment;
    let reply = Reply::json(200, &reservation_json(&reader, &reservation, now)?);
    Ok(match request.prefers_wait(WAIT_MAX_SECONDS) {
        Some(seconds) if pending && seconds > 0 => Answer::Park(park(&reservation, 200, seconds)),
        Some(seconds) => Answer::Ready(reply.after_wait(seconds)),
        None => Answer::Ready(reply),
    })
}

/// `GET /reservations`, and for staff `GET /staff/users/{userId}/reservations`: the newest first.
pub fn reservations(venue: &Venue, user_id: Uuid) -> Outcome<Answer> {
    let reader = venue.readers.get()?;
    let now = venue.clock.now();
    let reservations = super::sql::list_of_user(&reader, user_id, LIST_MAX)?;
    let shown: Outcome<Vec<Value>> =
        reservations.iter().map(|reservation| reservation_json(&reader, reservation, now)).collect();
    Answer::json(200, &json!({ "reservations": shown? }))
}

/// `DELETE /reservations/{id}`.
pub fn cancel(user_id: Uuid, reservation_id: Uuid) -> Outcome<Answer> {
    Answer::write(move |tx| {
        let reservation = super::cancel(tx, user_id, reservation_id)?;
        Ok(Written::Ready(Reply::json(200, &reservation_json(tx, &reservation, tx.now())?)))
    })
}

/// `POST /reservations/{id}/refund`: the user gives paid seats back.
pub fn refund(request: &Request, user_id: Uuid, reservation_id: Uuid) -> Outcome<Answer> {
    repeat_safe(request, user_id, move |tx| {
        let reservation = super::refund_own(tx, user_id, reservation_id)?;
        Ok(Written::Ready(Reply::json(200, &reservation_json(tx, &reservation, tx.now())?)))
    })
}

/// `DELETE /queue/token`: leaves the line or ends the visit.
pub fn leave(caller: Caller) -> Outcome<Answer> {
    Answer::write(move |tx| {
        let token = queue::find_live_of_user(tx, caller.user_id)?.filter(|token| token.key == caller.key);
        super::end_visit(tx, &token.ok_or(Refusal::TokenInvalid)?, TokenEnd::Left)?;
        Ok(Written::Ready(Reply::empty(204)))
    })
}

/// `DELETE /staff/queue/tokens/{userId}`: takes the token of a user away, if there is one.
pub fn revoke(user_id: Uuid) -> Outcome<Answer> {
    Answer::write(move |tx| {
        user::must_exist(tx, user_id)?;
        if let Some(token) = queue::find_live_of_user(tx, user_id)? {
            super::end_visit(tx, &token, TokenEnd::Revoked)?;
        }
        Ok(Written::Ready(Reply::empty(204)))
    })
}
