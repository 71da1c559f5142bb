//! The write-ahead log beside the file, kept short.
//!
//! SQLite writes it back from 16 MiB on, but begins it anew only when no reader is looking at it. Where reads follow each
//! other without a gap it would grow for ever: so from twice that on the writer waits a moment for the readers of old pages,
//! and those who come meanwhile read from the file itself.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

/// Written back into the file from this many pages (of 4 KiB) on: 16 MiB.
const PAGES: i64 = 4_096;
const BYTES: u64 = PAGES as u64 * 4_096;
/// Begun anew from here on, and tried again each time it has grown by so much more while a long read kept it from that.
pub(super) const RESTART_BYTES: u64 = 2 * BYTES;
const RETRY_BYTES: u64 = BYTES / 2;
/// How long the writer waits for readers then: commits wait too.
const WAIT_MAX: Duration = Duration::from_millis(20);
/// How often, in commits, its length is looked at.
const LOOK_EVERY: u32 = 32;

/// Tells SQLite how long the log may be.
pub fn limit(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "wal_autocheckpoint", PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", BYTES as i64, |_| Ok(()))
}

/// Watches the log of the writing connection.
pub struct Wal {
    path: Option<PathBuf>,
    commits: u32,
    restart_bytes: u64,
}

impl Wal {
    /// Of a connection's file.
    pub fn of(connection: &Connection) -> Wal {
        let path = connection.path().filter(|path| !path.is_empty()).map(|path| PathBuf::from(format!("{path}-wal")));
        Wal { path, commits: 0, restart_bytes: RESTART_BYTES }
    }

    /// After a commit: begins the log anew if it is too long. What can't be done now is tried again later.
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
        let usual = super::open::BUSY_MAX;
        let restarted = connection.busy_timeout(WAIT_MAX).and_then(|()| {
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0).map(|busy| busy == 0))
        });
        let restored = connection.busy_timeout(usual);
        self.restart_bytes = match restarted.and_then(|restarted| restored.map(|()| restarted)) {
            Ok(true) => RESTART_BYTES,
            Ok(false) => length + RETRY_BYTES,
            Err(error) => {
                log::error!("the write-ahead log could not be begun anew: {error}");
                length + RETRY_BYTES
            }
        };
    }
}
