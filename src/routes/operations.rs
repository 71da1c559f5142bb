//! Health, metrics and the events feed.

use std::fmt::{Display, Write};
use std::sync::Arc;

use serde_json::json;

use crate::clock::Clock;
use crate::http::{Metrics, Reply};
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

/// `GET /metrics`, open to all: 200 with Prometheus text.
pub(super) fn metrics(context: &Context, line: &Line, http: Option<&Arc<Metrics>>) -> Outcome<Answer> {
    let mut text = String::new();
    let standing = line.figures(context.now);
    let writer = context.venue.writer.figures();
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
    for (name, kind, help, value) in [
        ("queue_waiting", "gauge", "Tokens waiting.", standing.waiting),
        ("queue_active", "gauge", "Tokens active.", standing.active),
        ("queue_admitted_last_minute", "gauge", "Admissions of the last 60 seconds.", standing.admitted_last_minute),
        ("writer_commits_total", "counter", "Transactions committed.", count(&writer.commits)),
        ("writer_jobs_total", "counter", "Jobs committed in them.", count(&writer.jobs)),
        ("writer_turned_away_total", "counter", "Jobs turned away, the queue being full.", count(&writer.rejected)),
        ("writer_failed_total", "counter", "Transactions that failed.", count(&writer.failed)),
    ] {
        write_figure(&mut text, name, kind, help, value);
    }
    let commit_seconds = count(&writer.commit_us) as f64 / 1e6;
    let offset_seconds = clock_offset_seconds(&context.venue.clock);
    for (name, kind, help, value) in [
        ("writer_commit_seconds_total", "counter", "Time spent in COMMIT.", commit_seconds),
        ("clock_offset_seconds", "gauge", "The server's time less that of this machine's clock.", offset_seconds),
    ] {
        write_figure(&mut text, name, kind, help, value);
    }
    if let Some(http) = http {
        http.write_prometheus(&mut text);
    }
    let mut reply = Reply::empty(200);
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8".into();
    reply.body = text.into();
    Ok(Answer::Ready(reply))
}

fn write_figure(text: &mut String, name: &str, kind: &str, help: &str, value: impl Display) {
    let name = format!("boxoffice_{name}");
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"); // a String takes all
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
