//! Health and the events feed.

use serde_json::json;

use crate::clock::Clock;
use crate::http::Reply;
use crate::queue::Line;
use crate::store::Outcome;
use crate::venue::{Answer, Context, Prefer, Until, list_events};

/// Events of a page at most, and unless asked otherwise.
const EVENTS_MAX: u32 = 1_000;
const EVENTS: u32 = 100;

/// `GET /healthz`, open to all: 200 while the process serves, whatever the disk does.
pub(super) fn health() -> Reply {
    Reply::json(200, &json!({ "status": "ok" }))
}

/// By how many seconds the server's time is ahead of the clock of this machine; negative when it is behind.
pub(super) fn clock_offset_seconds(clock: &Clock) -> f64 {
    clock.offset_ms() as f64 / 1_000.0
}

/// `GET /venue`, open to all: 200 with the rules that a client shows before somebody does something, and the server's
/// time.
pub(super) fn venue(context: &Context, line: &Line) -> Outcome<Answer> {
    let settings = &context.venue.settings;
    let (sale, rules) = (&settings.sale, line.rules());
    Answer::json(
        200,
        &json!({
            "now": context.now,
            "timeZone": sale.time_zone.iana_name(),
            "opensAt": rules.opens_at,
            "visitSeconds": rules.visit_seconds,
            "abandonSeconds": rules.abandon_seconds,
            "holdSeconds": sale.hold_seconds,
            "seatsPerUser": sale.seats_per_user,
            "paymentAttempts": sale.payment_attempts,
            "topUpPolicy": settings.top_up_policy().word(),
        }),
    )
}

/// `GET /staff/events`, for admins: 200 with the events after `after` in commit order, `limit` 1 to 1,000 (100); with
/// `Prefer: wait` once there is one.
pub(super) fn events(context: &Context) -> Outcome<Answer> {
    let after = context.query_number("after", 0..=i64::MAX)?.unwrap_or(0);
    let limit = context.limit(EVENTS, EVENTS_MAX)?;
    look_again(context, after, limit, context.prefer())
}

/// The events after one, or the wait for them.
pub(super) fn look_again(context: &Context, after: i64, limit: u32, prefer: Prefer) -> Outcome<Answer> {
    let events = list_events(&context.reader()?, after, limit)?;
    let is_final = !events.is_empty();
    let reply = Reply::json(200, &json!({ "events": events }));
    Ok(prefer.answer(reply, is_final, Until::EventsFollow { after, limit }))
}
