//! `GET /metrics`: what Prometheus reads of the line, the dates, the writer, the file, the HTTP servers, the process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;

use parking_lot::Mutex;

use super::Handlers;
use super::operations::clock_offset_seconds;
use crate::call::{Answer, AppState, Context};
use crate::clock::MonotonicClock;
use crate::http::{Metrics, Reply};
use crate::logging;
use crate::metrics::Exposition;
use crate::platform::ProcessFigures;
use crate::queue::{Figures, Lines};
use crate::seat::{CountedSeats, DATES_COUNTED_MAX};
use crate::store::{Outcome, backup_note, wal_path};
use crate::webhook::{self, DeliveryOutcome, DisabledReason, Dispatch};

/// What takes more than reading memory is told anew once in so many microseconds, however often it is asked for.
const SLOW_EVERY_US: u64 = 1_000_000;

/// What is behind the figures beside the rooms themselves.
pub struct Monitoring {
    /// The counters of the HTTP servers; set once they run.
    pub http: OnceLock<Vec<Arc<Metrics>>>,
    database: PathBuf,
    clock: MonotonicClock,
    seats: CountedSeats,
    /// The figures that take more than reading memory, and when they were told.
    slow: Mutex<Option<(u64, String)>>,
}

impl Monitoring {
    /// That of a file.
    pub fn of(database: &Path) -> Monitoring {
        Monitoring {
            http: OnceLock::new(),
            database: database.to_owned(),
            clock: MonotonicClock::default(),
            seats: CountedSeats::default(),
            slow: Mutex::new(None),
        }
    }
}

/// `GET /metrics`, open to all: 200 with Prometheus text.
pub(super) fn read(rooms: &Handlers, context: &Context) -> Outcome<Answer> {
    let mut out = Exposition::default();
    let labels = [("version", env!("CARGO_PKG_VERSION")), ("commit", env!("BUILD_COMMIT"))];
    out.family("boxoffice_build_info", "gauge", "The program that runs");
    out.sample("boxoffice_build_info", &labels, 1);
    lines(&rooms.lines, context, &mut out);
    writer(context.state, &mut out);
    let offset = clock_offset_seconds(&context.state.clock);
    out.one("boxoffice_clock_offset_seconds", "gauge", "The server's time less that of this machine's clock", offset);
    webhook_attempts(&rooms.webhooks, &mut out);
    let lost = logging::lost_lines();
    out.one(
        "boxoffice_log_lines_lost_total",
        "counter",
        "Lines of the log that were lost because nobody read it",
        lost,
    );
    Metrics::write_prometheus(rooms.monitoring.http.get().map_or(&[], Vec::as_slice), &mut out);
    let mut text = out.into_text();
    text.push_str(&slow(&rooms.monitoring, context)?);
    let mut reply = Reply::empty(200);
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8".into();
    reply.body = text.into_bytes().into();
    Ok(Answer::Ready(reply))
}

/// The shared line has no label, those of concerts have the id of theirs.
fn lines(lines: &Lines, context: &Context, out: &mut Exposition) {
    let lines = lines.list(context.now);
    type Value = fn(&Figures) -> i64;
    let figures: [(&str, &str, Value); 4] = [
        ("boxoffice_queue_waiting", "Tokens waiting", |figures| figures.waiting as i64),
        ("boxoffice_queue_active", "Tokens active", |figures| figures.active as i64),
        ("boxoffice_queue_admitted_last_minute", "Admissions of the last 60 seconds", |figures| {
            figures.admitted_last_minute as i64
        }),
        ("boxoffice_queue_oldest_wait_seconds", "How long the first in line has waited", |figures| {
            figures.oldest_wait_seconds
        }),
    ];
    for (name, help, value) in figures {
        out.family(name, "gauge", help);
        for line in &lines {
            let concert = line.line_id.concert_id().map(|id| id.to_string());
            let labels: Vec<(&str, &str)> = concert.iter().map(|id| ("concert", id.as_str())).collect();
            out.sample(name, &labels, value(&line.figures));
        }
    }
}

fn writer(state: &AppState, out: &mut Exposition) {
    let figures = state.writer.figures();
    for (name, help, figure) in [
        ("boxoffice_writer_commits_total", "Transactions committed", &figures.commits),
        ("boxoffice_writer_jobs_total", "Jobs committed in them", &figures.jobs),
        ("boxoffice_writer_turned_away_total", "Jobs turned away, the queue being full", &figures.rejected),
        ("boxoffice_writer_failed_total", "Transactions that failed", &figures.failed),
    ] {
        out.one(name, "counter", help, figure.get());
    }
    for (name, help, histogram) in [
        ("boxoffice_writer_commit_seconds", "How long a COMMIT took", &figures.commit_seconds),
        ("boxoffice_writer_batch_jobs", "Jobs that shared a transaction", &figures.batch_jobs),
    ] {
        out.family(name, "histogram", help);
        out.histogram(name, &[], &[histogram]);
    }
    out.one("boxoffice_writer_queue_length", "gauge", "Jobs that wait for the writer", state.writer.queue_length());
}

fn webhook_attempts(webhooks: &Dispatch, out: &mut Exposition) {
    let name = "boxoffice_webhook_attempts_total";
    out.family(name, "counter", "Attempts to deliver to webhooks, by what came of them");
    for outcome in DeliveryOutcome::ALL {
        let word = outcome.word().to_ascii_lowercase();
        out.sample(name, &[("outcome", &*word)], webhooks.figures.attempts(*outcome));
    }
}

/// The figures that take more than reading memory, of this second.
fn slow(monitoring: &Monitoring, context: &Context) -> Outcome<String> {
    let mut slow = monitoring.slow.lock();
    let now_us = monitoring.clock.now_us();
    if let Some((told_us, text)) = &*slow
        && now_us - told_us < SLOW_EVERY_US
    {
        return Ok(text.clone());
    }
    let mut out = Exposition::default();
    dates(&monitoring.seats, context, &mut out)?;
    webhooks(context, &mut out)?;
    files(&monitoring.database, &mut out);
    process(&mut out);
    let text = out.into_text();
    *slow = Some((now_us, text.clone()));
    Ok(text)
}

fn dates(seats: &CountedSeats, context: &Context, out: &mut Exposition) -> Outcome<()> {
    let help = format!("Seats of the first {DATES_COUNTED_MAX} dates to come, by what has become of them");
    out.family("boxoffice_seats", "gauge", &help);
    for (date, counts) in seats.of_dates_to_come(&*context.reader()?, context.now)? {
        let [concert, schedule] = [date.concert_id, date.schedule_id].map(|id| id.to_string());
        let labels = [("concert", &*concert), ("schedule", &*schedule), ("date", &*date.date)];
        let available = date.seats_total - counts.sold - counts.held - counts.blocked;
        for (state, count) in
            [("sold", counts.sold), ("held", counts.held), ("blocked", counts.blocked), ("available", available)]
        {
            out.sample("boxoffice_seats", &[labels.as_slice(), &[("state", state)]].concat(), count);
        }
    }
    Ok(())
}

/// What each webhook has yet to get. One that is disabled gets nothing, and keeps its figures.
fn webhooks(context: &Context, out: &mut Exposition) -> Outcome<()> {
    let reader = context.reader()?;
    let (mut enabled, mut given_up, mut events, mut lag) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for webhook in webhook::list(&reader, 0, webhook::WEBHOOKS_MAX)? {
        let waiting = webhook::find_waiting(&reader, &webhook)?;
        let id = webhook.webhook_id.to_string();
        let lag_ms = waiting.since.map_or(0, |since| context.now.ms_since(since).max(0));
        enabled.push((id.clone(), f64::from(u8::from(webhook.disabled_at.is_none()))));
        let is_given_up = webhook.disabled_reason.is_some_and(DisabledReason::is_of_receiver);
        given_up.push((id.clone(), f64::from(u8::from(is_given_up))));
        events.push((id.clone(), waiting.events as f64));
        lag.push((id, lag_ms as f64 / 1_000.0));
    }
    for (name, help, samples) in [
        ("boxoffice_webhook_enabled", "Whether events are sent to a webhook (1) or not (0)", enabled),
        ("boxoffice_webhook_given_up", "Whether it was disabled because its receiver took nothing more", given_up),
        ("boxoffice_webhook_waiting_events", "Events that wait for a webhook, up to 10,000", events),
        ("boxoffice_webhook_lag_seconds", "How long the oldest of them has waited", lag),
    ] {
        out.family(name, "gauge", help);
        samples.iter().for_each(|(id, value)| out.sample(name, &[("webhook", &**id)], *value));
    }
    Ok(())
}

/// Of a file that is not there, or can't be looked at, there is no figure.
fn files(database: &Path, out: &mut Exposition) {
    for (name, help, path) in [
        ("boxoffice_database_file_bytes", "The database file", database),
        ("boxoffice_wal_file_bytes", "The write-ahead log beside it", &wal_path(database)),
    ] {
        if let Ok(found) = std::fs::metadata(path) {
            out.one(name, "gauge", help, found.len());
        }
    }
    let noted = std::fs::metadata(backup_note(database)).and_then(|note| note.modified());
    if let Some(at) = noted.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
        let help = "When the newest backup was begun, in seconds since 1970";
        out.one("boxoffice_last_backup_timestamp_seconds", "gauge", help, at.as_secs_f64());
    }
}

/// By the names that all clients of Prometheus have; what this system does not tell is left out.
fn process(out: &mut Exposition) {
    let figures = ProcessFigures::read();
    let float = |count: Option<u64>| count.map(|count| count as f64);
    for (name, kind, help, value) in [
        ("process_cpu_seconds_total", "counter", "Processor time, of user and system", figures.cpu_seconds),
        ("process_start_time_seconds", "gauge", "When the process began, in seconds since 1970", figures.start_seconds),
        ("process_resident_memory_bytes", "gauge", "Resident memory", float(figures.resident_bytes)),
        ("process_virtual_memory_bytes", "gauge", "Virtual memory", float(figures.virtual_bytes)),
        ("process_open_fds", "gauge", "Open file descriptors", float(figures.open_fds)),
        ("process_max_fds", "gauge", "Most file descriptors that may be open", float(figures.max_fds)),
    ] {
        value.into_iter().for_each(|value| out.one(name, kind, help, value));
    }
}
