//! Reservations at the counter, refunds and cancelled dates.

use uuid::Uuid;

use super::Progress;
use super::api::reservation_json;
use crate::http::{Park, Reply, Request};
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::venue::{Answer, STAFF, Venue, WAIT_MAX_SECONDS, Written, repeat_safe, topics};

/// `GET /staff/reservations/{id}`.
pub fn reservation(venue: &Venue, reservation_id: Uuid) -> Outcome<Answer> {
    let reader = venue.readers.get()?;
    let reservation = super::find(&reader, reservation_id)?.ok_or(Refusal::ReservationNotFound)?;
    Answer::json(200, &reservation_json(&reader, &reservation, venue.clock.now())?)
}

/// `POST /staff/reservations/{id}/refund`.
pub fn refund(request: &Request, reservation_id: Uuid) -> Outcome<Answer> {
    repeat_safe(request, STAFF, move |tx| {
        let reservation = super::refund(tx, reservation_id)?;
        Ok(Written::Ready(Reply::json(200, &reservation_json(tx, &reservation, tx.now())?)))
    })
}

/// `POST /staff/schedules/{id}/cancellation`: 202 while not everybody has their points back.
pub fn cancel_date(request: &Request, schedule_id: i64) -> Outcome<Answer> {
    let wait = request.prefers_wait(WAIT_MAX_SECONDS);
    Answer::write(move |tx| {
        let progress = super::cancel_date(tx, schedule_id)?;
        let reply = shown(&progress);
        Ok(match wait {
            Some(seconds) if seconds > 0 && progress.is_under_way() => Written::Park(reply, park(schedule_id, seconds)),
            Some(seconds) => Written::Ready(reply.after_wait(seconds)),
            None => Written::Ready(reply),
        })
    })
}

/// `GET /staff/schedules/{id}/cancellation`.
pub fn cancellation(venue: &Venue, request: &Request, schedule_id: i64) -> Outcome<Answer> {
    let progress = super::progress(&*venue.readers.get()?, schedule_id)?;
    Ok(match request.prefers_wait(WAIT_MAX_SECONDS) {
        Some(seconds) if seconds > 0 && progress.is_under_way() => Answer::Park(park(schedule_id, seconds)),
        Some(seconds) => Answer::Ready(shown(&progress).after_wait(seconds)),
        None => Answer::Ready(shown(&progress)),
    })
}

fn shown(progress: &Progress) -> Reply {
    Reply::json(if progress.is_under_way() { 202 } else { 200 }, progress)
}

fn park(schedule_id: i64, seconds: u32) -> Park {
    Park {
        topics: vec![topics::schedule(schedule_id)],
        memo: format!("cancellation {schedule_id} {seconds}"),
        wait_seconds: seconds,
    }
}

/// Answers a caller who waited for a cancelled date, by the memo of `park`.
pub fn resume(venue: &Venue, memo: &str, over: bool, applied: bool) -> Outcome<Answer> {
    let numbers: Vec<i64> = memo.split(' ').skip(1).filter_map(|word| word.parse().ok()).collect();
    let [schedule_id, seconds] = *numbers else { return Err(Refusal::Internal.into()) };
    let progress = super::progress(&*venue.readers.get()?, schedule_id)?;
    if progress.is_under_way() && !over {
        return Ok(Answer::Park(park(schedule_id, seconds as u32)));
    }
    let reply = shown(&progress);
    Ok(Answer::Ready(if applied { reply.after_wait(seconds as u32) } else { reply }))
}
