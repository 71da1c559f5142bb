//! Reservations at the counter, refunds and cancelled dates.

use serde_json::json;

use super::Progress;
use super::api::{reservation_id, reservation_json, reservations};
use crate::http::Reply;
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::user;
use crate::venue::{Answer, Context, Prefer, Until, Written};

/// `GET /staff/reservations/{id}`.
pub fn reservation(context: &Context) -> Outcome<Answer> {
    let reader = context.reader()?;
    let reservation = super::find(&reader, reservation_id(context)?)?.ok_or(Refusal::ReservationNotFound)?;
    Answer::json(200, &reservation_json(&reader, &reservation, context.now)?)
}

/// `GET /staff/users/{userId}/reservations`.
pub fn of_user(context: &Context) -> Outcome<Answer> {
    let user_id = context.id("userId", Refusal::UserNotFound)?;
    user::must_exist(&*context.reader()?, user_id)?;
    reservations(context, user_id)
}

/// `POST /staff/reservations/{id}/refund`.
pub fn refund(context: &Context) -> Outcome<Answer> {
    let reservation_id = reservation_id(context)?;
    Answer::write(move |tx| {
        let reservation = super::refund(tx, reservation_id)?;
        Ok(Written::Ready(Reply::json(200, &reservation_json(tx, &reservation, tx.now())?)))
    })
}

/// `POST /staff/schedules/{id}/cancellation`: 202 while not everybody has their points back. Waits for the 200.
pub fn cancel_date(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    let prefer = context.prefer();
    Answer::write(move |tx| {
        let progress = super::cancel_date(tx, schedule_id)?;
        Ok(prefer.written(shown(&progress), !progress.is_under_way(), Until::DateSettles { schedule_id }))
    })
}

/// `DELETE /staff/concerts/{id}`: 204 when it is gone with all of its dates. 404 `CONCERT_NOT_FOUND`; 409
/// `DATE_IN_USE` when a seat of one of them was ever held.
pub fn delete_concert(context: &Context) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    Answer::write(move |tx| super::delete_concert(tx, concert_id).map(|()| Written::Ready(Reply::empty(204))))
}

/// `DELETE /staff/schedules/{id}`: 204 when it is gone. 404 `SCHEDULE_NOT_FOUND`; 409
/// `DATE_IN_USE` when a seat of it was ever held.
pub fn delete_date(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    Answer::write(move |tx| super::delete_date(tx, schedule_id).map(|()| Written::Ready(Reply::empty(204))))
}

/// `GET /staff/schedules/{id}/cancellation`. Waits as the call above.
pub fn cancellation(context: &Context) -> Outcome<Answer> {
    look_again(context, context.number("scheduleId")?, context.prefer())
}

/// How far a cancelled date is, or the wait until it is settled.
pub fn look_again(context: &Context, schedule_id: i64, prefer: Prefer) -> Outcome<Answer> {
    let progress = super::progress(&*context.reader()?, schedule_id)?;
    Ok(prefer.answer(shown(&progress), !progress.is_under_way(), Until::DateSettles { schedule_id }))
}

/// `POST /staff/users/{userId}/key`: a new key for one who lost it.
pub fn renew_key(context: &Context) -> Outcome<Answer> {
    let user_id = context.id("userId", Refusal::UserNotFound)?;
    Answer::write(move |tx| {
        let user_key = super::renew_key(tx, user_id)?;
        let at = format!("/api/v1/users/{user_id}/balance");
        let body = json!({ "userId": user_id, "userKey": user_key });
        Ok(Written::Ready(Reply::json(201, &body).with("Location", at)))
    })
}

fn shown(progress: &Progress) -> Reply {
    Reply::json(if progress.is_under_way() { 202 } else { 200 }, progress)
}
