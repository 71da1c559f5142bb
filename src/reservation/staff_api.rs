//! Reservations at the counter, refunds and cancelled dates.

use serde_json::json;

use super::api::{list, read_all_seats, read_returned, reservation_id, reservation_json_for_staff};
use super::{Progress, ReservationDetails};
use crate::call::{Answer, Context, Prefer, Until, Written};
use crate::http::Reply;
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::user::{self, api::user_json};

/// `GET /staff/reservations/{reservationId}`, for counter and admins: 200 with the reservation of any user. 404
/// `RESERVATION_NOT_FOUND`.
pub fn reservation(context: &Context) -> Outcome<Answer> {
    let reader = context.reader()?;
    let reservation = super::find(&reader, reservation_id(context)?)?.ok_or(Refusal::ReservationNotFound)?;
    Answer::json(200, &reservation_json_for_staff(&ReservationDetails::of(&reader, reservation)?, context.now))
}

/// `GET /staff/users/{userId}/reservations`, for counter and admins: 200 with the reservations of a user, newest first,
/// 200 at most. 404 `USER_NOT_FOUND`.
pub fn of_user(context: &Context) -> Outcome<Answer> {
    let user_id = context.id("userId", Refusal::UserNotFound)?;
    user::must_exist(&*context.reader()?, user_id)?;
    list(context, user_id, reservation_json_for_staff)
}

/// `PATCH /staff/reservations/{reservationId}`, for counter and admins: changes the `seats` of anybody's unpaid
/// reservation to those that it names, all or nothing; the hold lasts as long as before. 200 with the reservation. 404
/// `RESERVATION_NOT_FOUND`, `SEAT_NOT_FOUND`; 409 `RESERVATION_NOT_PENDING`, `SCHEDULE_CANCELLED`, `SEAT_UNAVAILABLE`.
pub fn change_seats(context: &Context) -> Outcome<Answer> {
    let (reservation_id, seats) = (reservation_id(context)?, read_all_seats(context)?);
    Answer::write(move |tx| {
        let changed = super::change_any(tx, reservation_id, &seats)?;
        Ok(Written::Ready(Reply::json(200, &reservation_json_for_staff(&changed, tx.now()))))
    })
}

/// `POST /staff/reservations/{reservationId}/refund`, for counter and admins: refunds a paid reservation at any time,
/// or those of its `seats`, even past the limit of a balance. 200 with the reservation; one effect for an
/// `Idempotency-Key`. 404 `RESERVATION_NOT_FOUND`, `SEAT_NOT_FOUND`; 409 `RESERVATION_NOT_CONFIRMED`,
/// `TICKET_CHECKED_IN`.
pub fn refund(context: &Context) -> Outcome<Answer> {
    let (reservation_id, labels) = (reservation_id(context)?, read_returned(context)?);
    Answer::write(move |tx| {
        let refunded = super::refund(tx, reservation_id, labels.as_deref())?;
        Ok(Written::Ready(Reply::json(200, &reservation_json_for_staff(&refunded, tx.now()))))
    })
}

/// `POST /staff/schedules/{scheduleId}/cancellation`, for admins: cancels a date for good and refunds everybody, piece
/// by piece and over a restart. 202, and 200 once all have their points back; with `Prefer: wait` the 200. A repetition
/// changes nothing, with or without an `Idempotency-Key`. 404 `SCHEDULE_NOT_FOUND`.
pub fn cancel_date(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    let prefer = context.prefer();
    Answer::write(move |tx| {
        let progress = super::cancel_date(tx, schedule_id)?;
        let is_final = !progress.is_under_way();
        Ok(prefer.written(move || shown(&progress), is_final, Until::DateSettles { schedule_id }))
    })
}

/// `DELETE /staff/concerts/{concertId}`, for admins: deletes a concert with all of its dates, if no seat of them was
/// ever held. 204; the ids are never given again. 404 `CONCERT_NOT_FOUND`; 409 `DATE_IN_USE`.
pub fn delete_concert(context: &Context) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    Answer::write(move |tx| super::delete_concert(tx, concert_id).map(|()| Written::Ready(Reply::empty(204))))
}

/// `DELETE /staff/schedules/{scheduleId}`, for admins: deletes a date of which no seat was ever held. 204; its id is
/// never given again. 404 `SCHEDULE_NOT_FOUND`; 409 `DATE_IN_USE`.
pub fn delete_date(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    Answer::write(move |tx| super::delete_date(tx, schedule_id).map(|()| Written::Ready(Reply::empty(204))))
}

/// `GET /staff/schedules/{scheduleId}/cancellation`, for counter and admins: how far a cancelled date is: 202 while
/// refunds are under way, 200 once they are done or where it was never cancelled. With `Prefer: wait` the 200. 404
/// `SCHEDULE_NOT_FOUND`.
pub fn cancellation(context: &Context) -> Outcome<Answer> {
    look_again(context, context.number("scheduleId")?, context.prefer())
}

/// How far a cancelled date is, or the wait until it is settled.
pub fn look_again(context: &Context, schedule_id: i64, prefer: Prefer) -> Outcome<Answer> {
    let progress = super::progress(&*context.reader()?, schedule_id)?;
    Ok(prefer.answer(shown(&progress), !progress.is_under_way(), Until::DateSettles { schedule_id }))
}

/// `POST /staff/users/{userId}/key`, for counter and admins: a new key for a user who lost it; the old one ends. 201
/// with `Location` and the key, shown this once; therefore no `Idempotency-Key`. 404 `USER_NOT_FOUND`.
pub fn renew_key(context: &Context) -> Outcome<Answer> {
    let user_id = context.id("userId", Refusal::UserNotFound)?;
    Answer::write(move |tx| {
        let user_key = super::renew_key(tx, user_id)?;
        let at = format!("/api/v1/users/{user_id}/balance");
        let body = json!({ "userId": user_id, "userKey": user_key });
        Ok(Written::Ready(Reply::json(201, &body).with("Location", at)))
    })
}

/// `PUT /staff/users/{userId}/ban`, for admins: bans a user (`banned`), whose place in the line ends, or lets them buy
/// again. 200 with the user; a repetition changes nothing. 404 `USER_NOT_FOUND`.
pub fn ban(context: &Context) -> Outcome<Answer> {
    let user_id = context.id("userId", Refusal::UserNotFound)?;
    let mut fields = context.fields()?;
    let banned = fields.truth("banned")?;
    fields.end()?;
    Answer::write(move |tx| Ok(Written::Ready(Reply::json(200, &user_json(&super::ban_user(tx, user_id, banned)?)))))
}

/// `DELETE /staff/users/{userId}`, for admins: removes the account of a user. 204, also where it is removed already.
/// 404 `USER_NOT_FOUND`; 409 `USER_IN_USE`.
pub fn remove_user(context: &Context) -> Outcome<Answer> {
    let user_id = context.id("userId", Refusal::UserNotFound)?;
    Answer::write(move |tx| super::remove_user(tx, user_id).map(|()| Written::Ready(Reply::empty(204))))
}

fn shown(progress: &Progress) -> Reply {
    Reply::json(if progress.is_under_way() { 202 } else { 200 }, progress)
}
