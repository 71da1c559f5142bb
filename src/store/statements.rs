//! Ways to run a statement; and statements in the log, with what they cost: every one by
//! `RUST_LOG=boxoffice::store::statements=trace`, those that are slow by `--slow-statement-ms`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, OptionalExtension, Params, Result, Row, StatementStatus};

/// Runs a statement, which each connection prepares once.
pub trait Statements {
    /// The first row of what must have one.
    fn one<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row) -> Result<T>) -> Result<T>;

    /// The first row, if there is one.
    fn find<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row) -> Result<T>) -> Result<Option<T>> {
        self.one(sql, params, read).optional()
    }

    /// All rows.
    fn list<T>(&self, sql: &str, params: impl Params, read: impl FnMut(&Row) -> Result<T>) -> Result<Vec<T>>;

    /// Writes; how many rows it changed is told.
    fn change(&self, sql: &str, params: impl Params) -> Result<usize>;

    /// Writes, whatever it changes.
    fn run(&self, sql: &str, params: impl Params) -> Result<()> {
        self.change(sql, params).map(drop)
    }

    /// Writes; whether it changed a row is told.
    fn changes_one(&self, sql: &str, params: impl Params) -> Result<bool> {
        self.change(sql, params).map(|rows| rows == 1)
    }
}

impl Statements for Connection {
    fn one<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row) -> Result<T>) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    fn list<T>(&self, sql: &str, params: impl Params, read: impl FnMut(&Row) -> Result<T>) -> Result<Vec<T>> {
        self.prepare_cached(sql)?.query_map(params, read)?.collect()
    }

    fn change(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }
}

/// From so many milliseconds on a statement is slow; 0: none is. SQLite hands its hook nothing but the statement.
static SLOW_MS: AtomicU32 = AtomicU32::new(0);

/// Has statements logged that take so long or longer, on connections that are opened from now on; 0: none.
pub fn log_slow_statements(ms: u32) {
    SLOW_MS.store(ms, Relaxed);
}

/// Shows the statements of a connection, if the log wants them.
pub fn watch(connection: &Connection) {
    if log::log_enabled!(log::Level::Trace) || SLOW_MS.load(Relaxed) > 0 {
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(show));
    }
}

fn show(event: TraceEvent<'_>) {
    if let TraceEvent::Profile(statement, took) = event {
        let looked = statement.get_status(StatementStatus::FullscanStep);
        let sorted = statement.get_status(StatementStatus::Sort);
        log::trace!("{} µs, {looked} rows looked through, {sorted} sorted: {}", took.as_micros(), statement.sql());
        let (slow_ms, ms) = (SLOW_MS.load(Relaxed), took.as_millis());
        if slow_ms > 0 && ms >= u128::from(slow_ms) {
            log::warn!(
                "a statement was slow; look at the disk and at what else runs: {ms} ms, {looked} rows looked through, \
                 {sorted} sorted: {}",
                statement.sql()
            );
        }
    }
}
