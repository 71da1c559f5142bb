//! `quick_check` of every page, at about 300 MB a second: before the start where the file is small, in the background
//! where it is large. Otherwise damage would show only when somebody pays for a seat on the damaged page.
//!
//! The background scan runs at 10 % duty. Its snapshot blocks WAL restarts, so it aborts when the WAL
//! becomes too long and starts again a little later.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::schema_diff;
use super::wal::RESTART_BYTES;
use super::wal::wal_path;
use crate::threads::{OnFatal, spawn_vital};

/// Files up to this size are scanned before the start: 8 MiB.
const AT_START_MAX_BYTES: u64 = 8 << 20;
/// Work and rest of the 10 % duty cycle.
const WORK: Duration = Duration::from_millis(1);
const REST: Duration = Duration::from_millis(9);
/// The clock is read once in so many steps of SQLite's progress handler.
const STEPS: i32 = 100;
/// Delay before a new scan after an abort.
const AGAIN: Duration = Duration::from_secs(10);

/// Whether a file is scanned in the background.
pub(super) fn is_large(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() > AT_START_MAX_BYTES)
}

/// The first damage of a file, if any. Rows of another program's table that break its own conditions are none.
pub(super) fn find_damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut check = connection.prepare(&format!("PRAGMA quick_check({})", i32::MAX))?; // it counts those rows
    let mut found = check.query([])?;
    let mut own = None;
    while let Some(row) = found.next()? {
        let message: String = row.get(0)?;
        if message == "ok" {
            continue;
        }
        if own.is_none() {
            own = Some(schema_diff::own_tables()?);
        }
        if !own.as_ref().is_some_and(|own| is_of_other_rows(&message, own)) {
            return Ok(Some(message.lines().last().unwrap_or_default().to_owned()));
        }
    }
    Ok(None)
}

/// Whether a message of `PRAGMA integrity_check` says no more than that a row of another
/// program's table breaks a condition of that table (`NOT NULL`, `CHECK`, a type). Every page and
/// index is sound then, and the venue reads no such row.
pub fn is_of_other_rows(message: &str, own: &BTreeSet<String>) -> bool {
    let Some((_, place)) =
        [" value in ", "CHECK constraint failed in "].iter().find_map(|says| message.split_once(says))
    else {
        return false;
    };
    let is_in = |table: &str| {
        let name = place.get(..table.len()).is_some_and(|name| name.eq_ignore_ascii_case(table));
        name && place[table.len()..].chars().next().is_none_or(|next| next == '.')
    };
    !message.contains('\n') && !own.iter().any(|table| is_in(table))
}

/// A background scan; it stops when dropped.
pub struct IntegrityScan {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl IntegrityScan {
    /// Starts the background scan. `damaged` is called with the first damage found.
    ///
    /// # Errors
    /// When the file can't be read or the system gives no thread.
    pub fn begin(
        path: &Path,
        on_fatal: OnFatal,
        damaged: impl FnOnce(String) + Send + 'static,
    ) -> io::Result<Option<IntegrityScan>> {
        if !is_large(path) {
            return Ok(None);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let connection = open(path, Arc::clone(&stop)).map_err(io::Error::other)?;
        let (path, is_over) = (path.to_owned(), Arc::clone(&stop));
        let look = move || match look_until(&connection, &is_over) {
            Ok(None) if is_over.load(Relaxed) => {}
            Ok(None) => log::info!("every page of the database is sound: {}", path.display()),
            Ok(Some(found)) => damaged(found),
            Err(error) => damaged(error.to_string()),
        };
        let thread = spawn_vital("looking through", on_fatal, look)?;
        Ok(Some(IntegrityScan { stop, thread: Some(thread) }))
    }
}

impl Drop for IntegrityScan {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join(); // its panic was printed when it happened
        }
    }
}

/// A connection whose statements abort when the scan is to stop or the WAL is too long.
fn open(path: &Path, stop: Arc<AtomicBool>) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let wal = wal_path(path);
    let mut began = Instant::now();
    let must_end = move || {
        if began.elapsed() < WORK {
            return false;
        }
        std::thread::park_timeout(REST);
        began = Instant::now();
        stop.load(Relaxed) || is_too_long(&wal)
    };
    connection.progress_handler(STEPS, Some(must_end))?;
    Ok(connection)
}

fn is_too_long(wal: &Path) -> bool {
    std::fs::metadata(wal).is_ok_and(|wal| wal.len() >= RESTART_BYTES)
}

/// The first damage; repeats aborted scans until one is complete or the scan is stopped.
fn look_until(connection: &Connection, is_over: &AtomicBool) -> rusqlite::Result<Option<String>> {
    loop {
        let found = find_damage(connection);
        if !found.as_ref().is_err_and(is_cut_short) {
            return found;
        }
        if is_over.load(Relaxed) {
            return Ok(None);
        }
        log::debug!("the integrity scan waits while the write-ahead log is long");
        std::thread::park_timeout(AGAIN);
    }
}

fn is_cut_short(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scan that did not abort would let the WAL of a busy evening grow for as long as it takes.
    #[test]
    fn integrity_scan_it_gives_way_to_a_long_log_and_to_the_end_and_looks_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hall.db");
        let writing = Connection::open(&path).unwrap();
        let rows = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE a (x);
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000)
             INSERT INTO a SELECT randomblob(4000) FROM n";
        writing.execute_batch(rows).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let connection = open(&path, Arc::clone(&stop)).unwrap();
        let gave_way = |connection| find_damage(connection).is_err_and(|error| is_cut_short(&error));
        assert!(gave_way(&connection), "the log has 40 MB");
        writing.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        assert_eq!(find_damage(&connection).unwrap(), None);
        stop.store(true, Relaxed);
        assert!(gave_way(&connection), "it is over");
        assert_eq!(look_until(&connection, &stop).unwrap(), None);
    }
}
