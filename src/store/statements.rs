//! Every statement in the log, with what it cost: `RUST_LOG=boxoffice::store::statements=trace` shows them.

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};

/// Shows the statements of a connection, if the log wants them.
pub fn watch(connection: &Connection) {
    if log::log_enabled!(log::Level::Trace) {
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(show));
    }
}

fn show(event: TraceEvent<'_>) {
    if let TraceEvent::Profile(statement, took) = event {
        let looked = statement.get_status(StatementStatus::FullscanStep);
        let sorted = statement.get_status(StatementStatus::Sort);
        log::trace!("{} µs, {looked} rows looked through, {sorted} sorted: {}", took.as_micros(), statement.sql());
    }
}
