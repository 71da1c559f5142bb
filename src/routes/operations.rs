//! Health and the events feed.

use serde_json::{Value, json};

use crate::call::{
    Answer, Context, HEARTBEAT_SECONDS, NextPiece, Piece, Prefer, Until, list_events, topics, write_event,
};
use crate::clock::Clock;
use crate::http::Reply;
use crate::ids::LineId;
use crate::queue::{LineView, Lines};
use crate::seat::MapCache;
use crate::store::{self, Outcome};
use crate::venue;

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

/// `GET /venue`, open to all: 200 with the rules that a client shows before somebody does something, those of the
/// shared line and of the lines that concerts have of their own, the server's time, and what the venue says of itself.
pub(super) fn venue(context: &Context, lines: &Lines, maps: &MapCache) -> Outcome<Answer> {
    let settings = &context.state.settings;
    let (sale, rules) = (&settings.sale, lines.rules(LineId::SHARED));
    let own = lines.list(context.now).into_iter().filter(|line| line.line_id != LineId::SHARED && !line.closed);
    let profile = maps.profile.get(&context.state.readers, venue::read)?;
    let page = |texts: &venue::Texts, path: &'static str| texts.in_language(context.language()).map(|_| path);
    Answer::json(
        200,
        &json!({
            "now": context.now,
            "timeZone": sale.time_zone.iana_name(),
            "opensAt": rules.opens_at,
            "visitSeconds": rules.visit_seconds,
            "abandonSeconds": rules.abandon_seconds,
            "graceSeconds": rules.grace_seconds,
            "lines": own.map(public_line).collect::<Vec<_>>(),
            "holdSeconds": sale.hold_seconds,
            "seatsPerUser": sale.seats_per_user,
            "paymentAttempts": sale.payment_attempts,
            "visitEndsOnPayment": sale.visit_ends_on_payment,
            "topUpPolicy": settings.top_up_policy().word(),
            "name": profile.name,
            "contact": profile.contact,
            "address": profile.address,
            "refundRule": profile.refund_rule,
            "termsUrl": page(&profile.terms, "/terms"),
            "privacyUrl": page(&profile.privacy, "/privacy"),
            "colour": profile.colour,
            "logo": profile.logo,
            "mapUrl": profile.map_url,
        }),
    )
}

/// What a client shows of the line of a concert before somebody stands in it.
fn public_line(line: LineView) -> Value {
    let LineView { line_id, rules, .. } = line;
    json!({
        "concertId": line_id,
        "opensAt": rules.opens_at,
        "visitSeconds": rules.visit_seconds,
        "abandonSeconds": rules.abandon_seconds,
        "graceSeconds": rules.grace_seconds,
    })
}

/// `GET /staff/events`, for admins: 200 with the events after `after` in commit order, `limit` 1 to 1,000 (100); with
/// `Prefer: wait` once there is one. As a stream: each of them, after the one that was told last.
pub(super) fn events(context: &Context) -> Outcome<Answer> {
    let after = context.query_number("after", 0..=i64::MAX)?.unwrap_or(0);
    let limit = context.limit(EVENTS, EVENTS_MAX)?;
    let Some(at) = context.stream() else { return look_again(context, after, limit, context.prefer()) };
    let mut told = at.told.parse().unwrap_or(after);
    let (events, mut text) = (list_events(&context.reader()?, told, limit)?, Vec::new());
    for event in &events {
        told = event.sequence;
        write_event(&mut text, "", &told.to_string(), &store::to_json(event)?.into_bytes());
    }
    let next = NextPiece {
        told: told.to_string(),
        topics: vec![topics::EVENT_STREAM, topics::STAFF_KEYS],
        seconds: HEARTBEAT_SECONDS,
        has_more: events.len() == limit as usize,
        ..NextPiece::default()
    };
    Ok(Answer::Stream(Piece { events: text.into(), next: Some(next) }))
}

/// The events after one, or the wait for them.
pub(super) fn look_again(context: &Context, after: i64, limit: u32, prefer: Prefer) -> Outcome<Answer> {
    let events = list_events(&context.reader()?, after, limit)?;
    let is_final = !events.is_empty();
    let reply = Reply::json(200, &json!({ "events": events })).negotiated();
    Ok(prefer.answer(reply, is_final, Until::EventsFollow { after, limit }))
}
