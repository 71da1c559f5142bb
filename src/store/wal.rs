//! The write-ahead log beside the file, kept short.
//!
//! SQLite checkpoints it from 16 MiB on, but a checkpoint can restart the WAL only when no reader holds a snapshot of
//! it. Under continuous reads it would grow without end: so from twice that size on the writer runs a blocking
//! checkpoint (`TRUNCATE`), which waits for the readers of old snapshots; new readers read the database file itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::location::sidecar_path;

/// How long a statement waits for another process that has the file locked.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(2);
/// Automatic checkpoints from this many pages (of 4 KiB) on: 16 MiB.
const PAGES: i64 = 4_096;
const BYTES: u64 = PAGES as u64 * 4_096;
/// Restart threshold in bytes; tried again each time the WAL has grown by as much while a long read prevented it.
pub(super) const RESTART_BYTES: u64 = 2 * BYTES;
const RETRY_BYTES: u64 = BYTES / 2;
/// How long the writer waits for readers; commits wait too.
const WAIT_MAX: Duration = Duration::from_millis(20);
/// The WAL's length is checked once in so many commits.
const LOOK_EVERY: u32 = 32;

/// Sets `wal_autocheckpoint` and `journal_size_limit`.
pub fn limit(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "wal_autocheckpoint", PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", BYTES as i64, |_| Ok(()))
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
    /// `None` where it is left to another program, or there is none.
    path: Option<PathBuf>,
    commits: u32,
    restart_bytes: u64,
}

impl Wal {
    pub fn of(connection: &Connection) -> Wal {
        let automatic = connection.pragma_query_value(None, "wal_autocheckpoint", |row| row.get::<_, i64>(0));
        let path = connection.path().filter(|path| !path.is_empty() && automatic != Ok(0));
        let path = path.map(|path| wal_path(Path::new(path)));
        Wal { path, commits: 0, restart_bytes: RESTART_BYTES }
    }

    /// Writes all of it into the file and closes the file.
    ///
    /// # Errors
    /// SQLite's.
    pub fn close(&self, connection: Connection) -> rusqlite::Result<()> {
        if self.path.is_some() {
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        }
        connection.close().map_err(|(_, error)| error)
    }

    /// After a commit: restarts the WAL if it is too long. A failure is retried later.
    pub fn look(&mut self, connection: &Connection) {
        self.commits += 1;
        if self.commits < LOOK_EVERY {
            return;
        }
        self.commits = 0;
        let length = self.path.as_ref().and_then(|path| std::fs::metadata(path).ok()).map_or(0, |it| it.len());
        if length < self.restart_bytes {
            return;
        }
        let restarted = connection.busy_timeout(WAIT_MAX).and_then(|()| {
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0).map(|busy| busy == 0))
        });
        let restored = connection.busy_timeout(BUSY_MAX);
        self.restart_bytes = match restarted.and_then(|restarted| restored.map(|()| restarted)) {
            Ok(true) => RESTART_BYTES,
            Ok(false) => length + RETRY_BYTES,
            Err(error) => {
                log::error!(
                    "the write-ahead log cannot be restarted and keeps growing; end long reads of other programs: {error}"
                );
                length + RETRY_BYTES
            }
        };
    }
}
