//! The write-ahead log beside the file, kept short.
//!
//! The writer checkpoints it from 16 MiB on, after its answers have gone out. SQLite's automatic checkpoint would do it
//! before them, and it ignores an error: a sync of the database file that failed would be known to nobody. A checkpoint
//! can restart the WAL only when no reader holds a snapshot of it. Under continuous reads it would grow without end: so
//! from twice that size on the writer runs a blocking checkpoint (`TRUNCATE`), which waits for the readers of old
//! snapshots; new readers read the database file itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};

use super::location::sidecar_path;
use super::statements::Statements;

/// How long a statement waits for another process that has the file locked.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(2);
/// A checkpoint from this many pages (of 4 KiB) on that are in the WAL alone: 16 MiB.
const PAGES: i64 = 4_096;
const PAGE_BYTES: i64 = 4_096;
/// A blocking checkpoint from this many pages on.
const RESTART_PAGES: i64 = 2 * PAGES;
pub(super) const RESTART_BYTES: u64 = (RESTART_PAGES * PAGE_BYTES) as u64;
/// One that failed, or that a long read prevented, is tried again when the WAL has grown by this many pages.
const RETRY_PAGES: i64 = PAGES / 2;
/// How long the writer waits for readers; commits wait too.
const WAIT_MAX: Duration = Duration::from_millis(20);

/// Sets `wal_autocheckpoint`, for whoever writes before the writer has the connection, and `journal_size_limit`.
pub fn limit(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "wal_autocheckpoint", PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", PAGES * PAGE_BYTES, |_| Ok(()))
}

/// Leaves checkpoints to another program, also that of the end.
pub fn leave_checkpoints(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)
}

/// The write-ahead log of a file.
pub fn wal_path(database: &Path) -> PathBuf {
    sidecar_path(database, "-wal")
}

/// The WAL of the writing connection.
pub struct Wal {
    /// Whether it is checkpointed here, and not by another program.
    is_ours: bool,
    /// Pages that it must have before a checkpoint is tried again.
    retry_pages: i64,
}

impl Wal {
    /// Takes the checkpoints over from SQLite.
    pub fn of(connection: &Connection) -> rusqlite::Result<Wal> {
        let automatic: i64 = connection.pragma_query_value(None, "wal_autocheckpoint", |row| row.get(0))?;
        connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
        Ok(Wal { is_ours: automatic > 0, retry_pages: 0 })
    }

    /// Writes all of it into the file and closes the file.
    pub fn close(&self, connection: Connection) -> rusqlite::Result<()> {
        if self.is_ours {
            checkpoint(&connection, "TRUNCATE")?;
        }
        connection.close().map_err(|(_, error)| error)
    }

    /// After a commit: a checkpoint if the WAL is long.
    ///
    /// # Errors
    /// [`is_unknown`]: a write or a sync of the file failed. Any other error is logged, and it is tried again later.
    pub fn look(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if !self.is_ours {
            return Ok(());
        }
        let before = checkpoint(connection, "NOOP")?;
        if before.pages - before.copied < PAGES && before.pages < RESTART_PAGES {
            self.retry_pages = 0;
            return Ok(());
        }
        if before.pages < self.retry_pages {
            return Ok(());
        }
        self.retry_pages = before.pages + RETRY_PAGES;
        let done = if before.pages < RESTART_PAGES { checkpoint(connection, "PASSIVE") } else { restart(connection) };
        match done {
            Ok(_) => Ok(()),
            Err(error) if is_unknown(&error) => Err(error),
            Err(error) => {
                log::error!(
                    "the write-ahead log cannot be written into the database and keeps growing; make room on the disk, \
                     end long reads of other programs: {error}"
                );
                Ok(())
            }
        }
    }
}

/// After a write or sync that failed, nobody knows the state on disk.
pub(super) fn is_unknown(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt))
}

/// The pages of the WAL, and how many of them are in the database file too.
struct Copied {
    pages: i64,
    copied: i64,
}

/// `PRAGMA wal_checkpoint`, see <https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Copied> {
    let checkpoint = format!("PRAGMA wal_checkpoint({mode})");
    connection.one(&checkpoint, [], |row| Ok(Copied { pages: row.get(1)?, copied: row.get(2)? }))
}

/// Waits a little for the readers of old snapshots.
fn restart(connection: &Connection) -> rusqlite::Result<Copied> {
    connection.busy_timeout(WAIT_MAX)?;
    let done = checkpoint(connection, "TRUNCATE");
    connection.busy_timeout(BUSY_MAX)?;
    done
}
