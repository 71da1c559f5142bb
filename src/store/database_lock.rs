//! The lock of an opened database file, and its clean-up on release.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::wal::wal_path;
use crate::platform::FileLock;

/// Keeps a second server out. Dropped after every connection to the file is closed.
pub struct DatabaseLock {
    path: PathBuf,
    _lock: FileLock,
}

impl DatabaseLock {
    pub(super) fn of(path: &Path, lock: FileLock) -> DatabaseLock {
        DatabaseLock { path: path.to_owned(), _lock: lock }
    }
}

impl Drop for DatabaseLock {
    /// Where a reader closed its connection after the writer, SQLite leaves an empty log, which would keep a new file
    /// from a place from which this one is moved away.
    fn drop(&mut self) {
        if std::fs::metadata(wal_path(&self.path)).is_ok_and(|wal| wal.len() == 0) {
            let _ = fold(&self.path); // an empty log that stays does no harm
        }
    }
}

/// SQLite writes a log back, or a half transaction out again, when a file is
/// read; the last to close it takes the log away.
pub(super) fn fold(path: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error)
}
