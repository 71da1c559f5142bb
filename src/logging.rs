//! The log: lines to standard error, as text or as JSON, each with the request that it is about. Whoever writes a line
//! never waits for whoever reads it: a thread writes the lines, and what it can't get rid of is lost and counted.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use env_logger::{Builder, Target};
use log::kv::{Key, Value, VisitSource};
use log::{Level, LevelFilter, Record};
use parking_lot::{Condvar, Mutex};

use crate::clock::Clock;

/// The target of a line for each request.
pub const ACCESS: &str = "access";
/// The target of the lines that tell of the server's start and end.
pub const SERVER: &str = "server";

/// The target of the lines about SQL statements.
const STATEMENTS: &str = "boxoffice::store::statements";

/// Lines that wait to be written, in bytes, at most; of more the newest are lost.
const WAITING_MAX_BYTES: usize = 1 << 20;
/// Rate limit of lines that warn, for each place in the code: so many at once, and then one a second. What goes wrong
/// for every client, as on a full disk, would fill with its lines what is left of that disk.
const BURST: u64 = 10;
/// How long the end of the program waits for its last lines.
const LAST_LINES_MAX: Duration = Duration::from_secs(1);

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether sentences are lines of JSON too, so that a log is of one form.
static IS_JSON: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The request that this thread works on; empty without one.
    static REQUEST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// While it lives, the lines of this thread are about a request.
pub struct OfRequest(());

/// The lines of this thread are about the request of this id, until what is given back is dropped.
pub fn of_request(id: &str) -> OfRequest {
    REQUEST.with_borrow_mut(|request| {
        request.clear();
        request.push_str(id);
    });
    OfRequest(())
}

impl Drop for OfRequest {
    fn drop(&mut self) {
        REQUEST.with_borrow_mut(String::clear);
    }
}

/// Starts the log of the program. `RUST_LOG` says which lines are wanted; unless it does, those that warn, and where a
/// venue is served those of the server's start and end. Panics are lines too.
pub fn start(format: LogFormat, shows_access: bool, is_served: bool) {
    let wanted = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.trim().is_empty());
    IS_JSON.store(format == LogFormat::Json, Relaxed);
    let mut builder = Builder::new();
    builder.parse_filters(wanted.as_deref().unwrap_or("warn,tiny_http=off"));
    if is_served && wanted.is_none() {
        builder.filter_module(SERVER, LevelFilter::Info);
    }
    if shows_access {
        builder.filter_module(ACCESS, LevelFilter::Info);
    }
    builder.format(move |out, record| {
        let Some(left_out) = left_out_before(record) else { return Ok(()) };
        let at = out.timestamp_millis();
        let note = if left_out == 0 { "" } else { &format!("; {left_out} lines of this kind were left out before it") };
        let args = format_args!("{}{note}", record.args());
        let record = record.to_builder().args(args).build();
        REQUEST.with_borrow(|request| match format {
            LogFormat::Text => write_text(out, &at, &record, request),
            LogFormat::Json => write_json(out, &at, &record, request),
        })
    });
    builder.target(Target::Pipe(Box::new(LineWriter))).init();
    LINES.start();
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current().name().unwrap_or("of no name").to_owned();
        let trace = std::backtrace::Backtrace::capture(); // empty unless RUST_BACKTRACE asks for it
        let trace = if trace.status() == std::backtrace::BacktraceStatus::Captured {
            format!("\n{trace}")
        } else {
            String::new()
        };
        log::error!("a thread panicked; please report this: {thread}: {panic}{trace}");
    }));
}

/// Writes a sentence that is wanted whatever `RUST_LOG` says, such as why a command failed, in its order among the
/// lines of the log.
pub fn say(text: impl Display) {
    let mut line = Vec::new();
    let written = if IS_JSON.load(Relaxed) {
        let text = format_args!("{text}");
        let record = Record::builder().args(text).target("boxoffice").level(Level::Warn).build();
        write_json(&mut line, &Clock::wall_now(), &record, "")
    } else {
        writeln!(line, "{text}")
    };
    let _ = written; // a Vec takes everything
    LINES.add(line);
}

/// Waits for the last lines, but not for ever. To be called before the program ends.
pub fn finish() {
    LINES.finish();
}

/// How many lines were lost because nobody read them.
pub fn lost_lines() -> u64 {
    LINES.lost_in_all.load(Relaxed)
}

fn write_text(out: &mut impl Write, at: &impl Display, record: &Record, request: &str) -> io::Result<()> {
    write!(out, "[{at} {:<5} {}] {}", record.level(), record.target(), record.args())?;
    if !request.is_empty() {
        write!(out, ", request {request}")?;
    }
    writeln!(out)
}

fn write_json(out: &mut impl Write, at: &impl Display, record: &Record, request: &str) -> io::Result<()> {
    let mut line = serde_json::Map::new();
    line.insert("time".into(), at.to_string().into());
    line.insert("level".into(), record.level().as_str().to_ascii_lowercase().into());
    line.insert("target".into(), record.target().into());
    line.insert("message".into(), record.args().to_string().into());
    if !request.is_empty() {
        line.insert("request".into(), request.into());
    }
    let _ = record.key_values().visit(&mut Members(&mut line)); // it refuses nothing
    writeln!(out, "{}", serde_json::Value::Object(line))
}

/// The budget of one place in the code: a token bucket.
struct Budget {
    lines: u64,
    refilled: Instant,
    left_out: u64,
}

impl Budget {
    /// `None` for a line that is not written, else how many were not since the last one.
    fn spend(&mut self, now: Instant) -> Option<u64> {
        let seconds = now.saturating_duration_since(self.refilled).as_secs();
        if seconds > 0 {
            self.lines = (self.lines + seconds).min(BURST);
            self.refilled = now;
        }
        if self.lines == 0 {
            self.left_out += 1;
            return None;
        }
        self.lines -= 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// A file and a line of the code.
type CallSite = (Option<&'static str>, Option<u32>);

static BUDGETS: Mutex<BTreeMap<CallSite, Budget>> = Mutex::new(BTreeMap::new());

/// As [`Budget::spend`]. What was asked for is written: lines that do not warn, and those of `--slow-statement-ms`.
fn left_out_before(record: &Record) -> Option<u64> {
    if record.level() > Level::Warn || record.target() == STATEMENTS {
        return Some(0);
    }
    let now = Instant::now();
    let new = || Budget { lines: BURST, refilled: now, left_out: 0 };
    BUDGETS.lock().entry((record.file_static(), record.line())).or_insert_with(new).spend(now)
}

/// Values of a line become members of its object.
struct Members<'l>(&'l mut serde_json::Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for Members<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        let number = value.to_u64().map(Into::into).or_else(|| value.to_f64().map(Into::into));
        self.0.insert(key.to_string(), number.unwrap_or_else(|| value.to_string().into()));
        Ok(())
    }
}

/// Takes one line with each write.
struct LineWriter;

impl Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LINES.add(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines of this process on their way to standard error, of which it has one.
static LINES: Lines = Lines {
    waiting: Mutex::new(Waiting { lines: VecDeque::new(), bytes: 0, lost: 0, has_writer: false, is_writing: false }),
    changed: Condvar::new(),
    lost_in_all: AtomicU64::new(0),
};

struct Lines {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    lost_in_all: AtomicU64,
}

struct Waiting {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Lines that were lost since that was last told.
    lost: u64,
    /// Without the thread that writes, everybody writes for himself.
    has_writer: bool,
    is_writing: bool,
}

impl Lines {
    fn start(&'static self) {
        let started = std::thread::Builder::new().name("log".into()).spawn(|| self.write_all());
        self.waiting.lock().has_writer = started.is_ok();
    }

    fn add(&self, line: Vec<u8>) {
        let mut waiting = self.waiting.lock();
        if !waiting.has_writer {
            drop(waiting);
            let _ = io::stderr().write_all(&line); // there is nowhere else to say that it did not get out
        } else if waiting.bytes + line.len() > WAITING_MAX_BYTES {
            waiting.lost += 1;
            self.lost_in_all.fetch_add(1, Relaxed);
        } else {
            waiting.bytes += line.len();
            waiting.lines.push_back(line);
            self.changed.notify_all();
        }
    }

    /// Writes lines as they come, for ever. Nobody else waits for standard error.
    fn write_all(&self) {
        loop {
            let mut waiting = self.waiting.lock();
            waiting.is_writing = false;
            self.changed.notify_all();
            self.changed.wait_while(&mut waiting, |waiting| waiting.lines.is_empty());
            let lines = std::mem::take(&mut waiting.lines);
            let lost = std::mem::take(&mut waiting.lost);
            waiting.bytes = 0;
            waiting.is_writing = true;
            drop(waiting);
            for line in lines {
                let _ = io::stderr().write_all(&line);
            }
            if lost > 0 {
                log::warn!("lines of the log were lost because nobody read it; read standard error faster: {lost}");
            }
        }
    }

    fn finish(&self) {
        let mut waiting = self.waiting.lock();
        let is_busy = |waiting: &mut Waiting| waiting.has_writer && (waiting.is_writing || !waiting.lines.is_empty());
        self.changed.wait_while_for(&mut waiting, is_busy, LAST_LINES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_line_as_json_has_its_values_as_members_and_its_request() {
        let values = [("status", Value::from(200_u64)), ("seconds", Value::from(0.5)), ("path", Value::from("/\"é"))];
        let args = format_args!("a\nb");
        let record = Record::builder().args(args).target("t").level(log::Level::Warn).key_values(&values).build();
        let mut line = Vec::new();
        write_json(&mut line, &"now", &record, "7").unwrap();
        let text = String::from_utf8(line).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "time": "now", "level": "warn", "target": "t", "message": "a\nb", "request": "7",
            "status": 200, "seconds": 0.5, "path": "/\"é",
        });
        assert_eq!(line, expected);
        let mut line = Vec::new();
        write_text(&mut line, &"now", &record, "7").unwrap();
        assert_eq!(String::from_utf8(line).unwrap(), "[now WARN  t] a\nb, request 7\n");
    }
}
