//! Reservations on the wire; leaving the line, which gives an unpaid hold back.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sql::Filter;
use super::view::ReservationView;
use super::{DateRef, HoldRequest, Reservation, ReservationDetails, SeatChoice, Status};
use crate::call::{
    Answer, Context, HEARTBEAT_SECONDS, NextPiece, Piece, Prefer, StreamAt, Until, Written, page, topics, write_event,
};
use crate::clock::Millis;
use crate::http::{Fields, Reply};
use crate::queue::{self, Caller};
use crate::refusal::{Refusal, TokenEnd};
use crate::seat::{BestRequest, MapCache, SeatWish};
use crate::store::Outcome;
use crate::user;

/// Seats of one request at most.
const SEATS_MAX: usize = 1_000;
/// Reservations of a list at most.
const LIST_MAX: u32 = 200;

/// A reservation as the wire shows it at `now`.
pub fn reservation_json(details: &ReservationDetails, now: Millis) -> Value {
    json!(ReservationView::of(details, now))
}

/// The same as staff see it.
pub fn reservation_json_for_staff(details: &ReservationDetails, now: Millis) -> Value {
    let mut shown = reservation_json(details, now);
    shown["note"] = details.reservation.note.clone().into();
    shown
}

/// Where a reservation is read.
pub fn location(reservation_id: Uuid) -> String {
    format!("/api/v1/reservations/{reservation_id}")
}

/// `POST /reservations`, for an active token: holds seats of one date, all of them or none, for `holdSeconds`. Needs
/// the date (`scheduleId`, or `concertId` and `date`) and 1 to 1,000 `seats`, or `bestAvailable`. 201 with `Location`;
/// with `Prefer: wait` once the outcome is known. What is kept under an `Idempotency-Key` is the answer at the commit,
/// and a repetition never waits. Where several refusals hold, the first of: 400, 404, sale, pending, limit,
/// unavailable. 404 `CONCERT_NOT_FOUND`, `SCHEDULE_NOT_FOUND`, `SECTION_NOT_FOUND`, `SEAT_NOT_FOUND`; 409
/// `DATE_AMBIGUOUS`, `SALE_NOT_OPEN`, `SALE_CLOSED`, `SCHEDULE_CANCELLED`, `VISIT_OVER`, `RESERVATION_PENDING`,
/// `SEAT_LIMIT`, `SEAT_UNAVAILABLE`.
pub fn reserve(context: &Context, maps: &Arc<MapCache>, caller: Caller) -> Outcome<Answer> {
    let wanted = read_wanted(context.fields()?)?;
    if matches!(wanted.seats, SeatChoice::Best(_)) {
        let _ = preload(context, maps, &wanted.date); // what is refused here is refused below, in its order
    }
    let maps = Arc::clone(maps);
    let prefer = context.prefer();
    let sale = context.state.settings.sale.clone();
    Answer::write_decided(move |tx| {
        let held = super::reserve(tx, &maps, caller.key, &wanted, &sale)?;
        let (reservation_id, now) = (held.reservation.reservation_id, tx.now());
        let reply =
            move || Reply::json(201, &ReservationView::of(&held, now)).with("Location", location(reservation_id));
        Ok(prefer.written(reply, false, Until::ReservationSettles { reservation_id, is_new: true }))
    })
}

/// Has the map of a date in memory before the transaction looks for the best seats in it.
pub fn preload(context: &Context, maps: &MapCache, date: &DateRef) -> Outcome<()> {
    let schedule_id = match date {
        DateRef::Schedule(schedule_id) => *schedule_id,
        date @ DateRef::Date(..) => date.must_find(&*context.reader()?)?.schedule_id,
    };
    maps.preload(&context.state.readers, schedule_id, context.now)
}

fn read_wanted(mut fields: Fields) -> Result<HoldRequest, Refusal> {
    let date = read_date(&mut fields)?;
    let seats = read_choice(&mut fields)?;
    fields.end()?;
    Ok(HoldRequest { date, seats })
}

/// Which seats are wanted: `seats`, or `bestAvailable`.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_choice(fields: &mut Fields) -> Result<SeatChoice, Refusal> {
    match (fields.has("bestAvailable"), fields.has("seats")) {
        (true, false) => {
            fields.object("bestAvailable").and_then(|best| BestRequest::read(best, SEATS_MAX)).map(SeatChoice::Best)
        }
        (false, _) => read_wanted_seats(fields).map(SeatChoice::Labelled),
        (true, true) => Err(Refusal::invalid(
            fields.pointer("bestAvailable"),
            "can't be given together with 'seats'",
            "'seats'와 함께 쓸 수 없습니다",
        )),
    }
}

/// Which date is meant: `scheduleId`, or `concertId` and `date`.
///
/// # Errors
/// `INVALID_REQUEST` when it is neither.
pub fn read_date(fields: &mut Fields) -> Result<DateRef, Refusal> {
    let [by_id, by_concert, _] = ["scheduleId", "concertId", "date"].map(|name| fields.has(name));
    if by_id || !by_concert {
        return fields.integer("scheduleId", 0..=i64::MAX).map(DateRef::Schedule);
    }
    let concert_id = fields.integer("concertId", 0..=i64::MAX)?;
    Ok(DateRef::Date(concert_id, fields.date("date")?))
}

/// The `seats` member: 1 to `SEATS_MAX` labels, none of them twice.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_seats(fields: &mut Fields) -> Result<Vec<String>, Refusal> {
    read_seats_of(fields, "seats")
}

/// The same by another name.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_seats_of(fields: &mut Fields, name: &str) -> Result<Vec<String>, Refusal> {
    read_each(fields, name, |at, value| match value {
        Value::String(label) => Ok(label),
        _ => Err(Refusal::invalid(at, "must be a text", "문자열이어야 합니다")),
    })
}

/// The `seats` member where each may be said with its tariff: 1 to `SEATS_MAX` seats, none of them twice.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_wanted_seats(fields: &mut Fields) -> Result<Vec<SeatWish>, Refusal> {
    read_each(fields, "seats", SeatWish::read)
}

fn read_each<S: AsRef<str>>(
    fields: &mut Fields,
    name: &str,
    read: impl Fn(String, Value) -> Result<S, Refusal>,
) -> Result<Vec<S>, Refusal> {
    let mut seats = Vec::new();
    let mut known = HashSet::new();
    for (at, value) in fields.list(name, 1..=SEATS_MAX)? {
        let seat = read(at.clone(), value)?;
        if !known.insert(seat.as_ref().to_owned()) {
            return Err(Refusal::invalid(at, "is there twice", "같은 좌석이 두 번 있습니다"));
        }
        seats.push(seat);
    }
    Ok(seats)
}

/// `GET /reservations/{reservationId}`, for a user: 200 with a reservation of the caller; with `Prefer: wait` once its
/// `status` is no longer pending. As a stream: whenever it is another, until nothing can change any more; then 204 to
/// who was told that. 404 `RESERVATION_NOT_FOUND`.
pub fn reservation(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    let reader = context.reader()?;
    let reservation = super::must_be_of(&reader, user_id, reservation_id(context)?)?;
    match context.stream() {
        Some(at) => told(context, &reader, reservation, at),
        None => shown(context, &reader, reservation, false, context.prefer()),
    }
}

/// A caller who waited is asked again: whose reservation it is was checked before.
pub fn look_again(context: &Context, reservation_id: Uuid, is_new: bool, prefer: Prefer) -> Outcome<Answer> {
    let reader = context.reader()?;
    let reservation = super::find(&reader, reservation_id)?.ok_or(Refusal::ReservationNotFound)?;
    shown(context, &reader, reservation, is_new, prefer)
}

/// A reservation, or the wait while it is pending.
fn shown(
    context: &Context,
    reader: &Connection,
    reservation: Reservation,
    is_new: bool,
    prefer: Prefer,
) -> Outcome<Answer> {
    let reservation_id = reservation.reservation_id;
    let is_final = reservation.status_at(context.now) != Status::PendingPayment;
    let body = reservation_json(&ReservationDetails::of(reader, reservation)?, context.now);
    let reply = if is_new {
        Reply::json(201, &body).with("Location", location(reservation_id))
    } else {
        Reply::json(200, &body).negotiated()
    };
    Ok(prefer.answer(reply, is_final, Until::ReservationSettles { reservation_id, is_new }))
}

/// The next piece of a reservation's stream: the reservation, where it is another than the caller was told.
fn told(context: &Context, reader: &Connection, reservation: Reservation, at: StreamAt) -> Outcome<Answer> {
    let reservation_id = reservation.reservation_id;
    let is_over = !matches!(reservation.status_at(context.now), Status::PendingPayment | Status::Confirmed);
    let body = reservation_json(&ReservationDetails::of(reader, reservation)?, context.now);
    let mut state = body.clone();
    state["holdExpiresInSeconds"] = Value::Null; // the same hold, a moment later
    let id = context.event_id(&state.to_string());
    let mut events = Vec::new();
    if id != at.told {
        write_event(&mut events, "", &id, body.to_string().as_bytes());
    } else if is_over && at.is_new {
        return Ok(Answer::Ready(Reply::empty(204).negotiated())); // whoever connects again is told to stop
    }
    let topics = vec![topics::reservation(reservation_id)];
    let next = NextPiece { told: id, topics, seconds: HEARTBEAT_SECONDS, ..NextPiece::default() };
    Ok(Answer::Stream(Piece { events: events.into(), next: (!is_over).then_some(next) }))
}

/// The reservation of the path.
pub fn reservation_id(context: &Context) -> Result<Uuid, Refusal> {
    context.id("reservationId", Refusal::ReservationNotFound)
}

/// `GET /reservations`, for a user: 200 with the caller's reservations, newest first: `limit` 1 to
/// 200, at most 200 unless asked otherwise; `nextCursor` leads on. Of one `status` or of one `scheduleId` alone, where
/// they are given.
pub fn reservations(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    list(context, user_id, reservation_json)
}

fn read_status(word: &str) -> Result<Status, Refusal> {
    Status::of(word).ok_or_else(|| {
        let words = Status::ALL.iter().map(|status| status.word()).collect::<Vec<_>>().join(", ");
        let (en, ko) = (format!("must be one of {words}"), format!("다음 중 하나여야 합니다: {words}"));
        Refusal::invalid("?status", en, ko)
    })
}

/// A page of a user's reservations, each as it is shown.
pub(super) fn list(
    context: &Context,
    user_id: Uuid,
    shown_as: fn(&ReservationDetails, Millis) -> Value,
) -> Outcome<Answer> {
    let (limit, before) = (context.limit(LIST_MAX, LIST_MAX)?, context.query_id("cursor")?.unwrap_or(Uuid::max()));
    let filter = Filter {
        status: context.query("status").map(read_status).transpose()?,
        schedule_id: context.query_number("scheduleId", 0..=i64::MAX)?,
        now: context.now,
    };
    let reader = context.reader()?;
    let list = |rows| super::sql::list_of_user(&reader, user_id, &filter, before, rows);
    let (reservations, next) = page(limit, list, |reservation| reservation.reservation_id)?;
    let shown = reservations
        .into_iter()
        .map(|reservation| Ok(shown_as(&ReservationDetails::of(&reader, reservation)?, context.now)))
        .collect::<Outcome<Vec<Value>>>()?;
    Answer::json(200, &json!({ "reservations": shown, "nextCursor": next }))
}

/// `PATCH /reservations/{reservationId}`, for an active token: changes the `seats` of the caller's unpaid reservation
/// to those that it names, all or nothing; the hold lasts as long as before. 200 with the reservation. 404
/// `RESERVATION_NOT_FOUND`, `SEAT_NOT_FOUND`; 409 `RESERVATION_NOT_PENDING`, `TOKEN_OTHER_LINE`, `SALE_NOT_OPEN`,
/// `SALE_CLOSED`, `SCHEDULE_CANCELLED`, `VISIT_OVER`, `SEAT_LIMIT`, `SEAT_UNAVAILABLE`.
pub fn change_seats(context: &Context, caller: Caller) -> Outcome<Answer> {
    let (reservation_id, seats) = (reservation_id(context)?, read_all_seats(context)?);
    let sale = context.state.settings.sale.clone();
    Answer::write_decided(move |tx| {
        let changed = super::change_own(tx, caller.key, reservation_id, &seats, &sale)?;
        Ok(Written::Ready(Reply::json(200, &ReservationView::of(&changed, tx.now()))))
    })
}

/// All seats that an unpaid reservation is to have.
///
/// # Errors
/// `INVALID_REQUEST`.
pub(super) fn read_all_seats(context: &Context) -> Result<Vec<SeatWish>, Refusal> {
    let mut fields = context.fields()?;
    let seats = read_wanted_seats(&mut fields)?;
    fields.end().map(|()| seats)
}

/// `DELETE /reservations/{reservationId}`, for a user: gives an unpaid hold back. 200 with the reservation; its seats
/// are free. 404 `RESERVATION_NOT_FOUND`; 409 `RESERVATION_NOT_PENDING`.
pub fn cancel(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    let reservation_id = reservation_id(context)?;
    Answer::write_decided(move |tx| {
        let ended = super::cancel(tx, user_id, reservation_id)?;
        Ok(Written::Ready(Reply::json(200, &ReservationView::of(&ended, tx.now()))))
    })
}

/// `POST /reservations/{reservationId}/refund`, for a user: gives paid seats back, all of them or those of `seats`,
/// until so many hours before the start as the date said when they were sold; where the date was moved since, until its
/// start. 200 with the reservation: the points are back, the seats free, their tickets void. One effect for an
/// `Idempotency-Key`. 404 `RESERVATION_NOT_FOUND`, `SEAT_NOT_FOUND`; 409 `RESERVATION_NOT_CONFIRMED`,
/// `TICKET_CHECKED_IN`, `REFUND_CLOSED`.
pub fn refund(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    let (reservation_id, labels) = (reservation_id(context)?, read_returned(context)?);
    Answer::write_decided(move |tx| {
        let ended = super::refund_own(tx, user_id, reservation_id, labels.as_deref())?;
        Ok(Written::Ready(Reply::json(200, &ReservationView::of(&ended, tx.now()))))
    })
}

/// Which seats are given back; `None`: all.
///
/// # Errors
/// `INVALID_REQUEST`.
pub(super) fn read_returned(context: &Context) -> Result<Option<Vec<String>>, Refusal> {
    let Some(mut fields) = context.fields_if_any()? else { return Ok(None) };
    let labels = fields.has("seats").then(|| read_seats(&mut fields)).transpose()?;
    fields.end()?;
    Ok(labels)
}

/// `DELETE /users/{userId}`, for a user: removes the caller's account. 204. 403 `NOT_YOURS`; 404
/// `USER_NOT_FOUND`; 409 `USER_IN_USE`.
pub fn remove_own(user_id: Uuid) -> Outcome<Answer> {
    Answer::write(move |tx| super::remove_user(tx, user_id).map(|()| Written::Ready(Reply::empty(204))))
}

/// `DELETE /queue/token`, for a token: leaves the line or ends the visit; an unpaid hold is given back. 204.
pub fn leave(caller: Caller) -> Outcome<Answer> {
    Answer::write_decided(move |tx| {
        super::end_visit(tx, &queue::must_be_live(tx, caller.key)?, TokenEnd::Left)?;
        Ok(Written::Ready(Reply::empty(204)))
    })
}

/// `DELETE /staff/queue/tokens/{userId}`, for admins: ends the tokens of a user in all lines, or with `concertId` in
/// the line of that concert, if there are any; an unpaid hold is given back. 204. 404 `USER_NOT_FOUND`,
/// `CONCERT_NOT_FOUND`.
pub fn revoke(context: &Context) -> Outcome<Answer> {
    let user_id = context.id("userId", Refusal::UserNotFound)?;
    let concert_id = context.query_number("concertId", 1..=i64::MAX)?;
    Answer::write(move |tx| {
        user::must_exist(tx, user_id)?;
        let line_id = concert_id.map(|of| queue::line_of(tx, Some(of))).transpose()?;
        super::end_visits(tx, user_id, line_id)?;
        Ok(Written::Ready(Reply::empty(204)))
    })
}
