//! Opens a database read-only, also while a server has it open: no byte of it changes.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::format::{must_be_known, must_have_head, uri_of};
use super::location::{OpenError, look_at_outside, say, sidecar_path};
use super::migrations;
use crate::platform::{FileLock, LockError};

/// How long a read waits for SQLite's locks.
const WAIT_MAX: Duration = Duration::from_secs(5);

pub struct ReadOnlyFile {
    pub connection: Connection,
    /// Held while nobody else has the file open, so that no server begins
    /// to write meanwhile. Let go after the connection.
    _lock: Option<FileLock>,
}

/// Opens a file for reading: one of the current format, in use or at rest.
///
/// # Errors
/// When it is missing, empty, not ours, of another format or cannot be read.
pub fn open_read_only(path: &Path) -> Result<ReadOnlyFile, OpenError> {
    let found = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => say(path, "there is no such file; check its name."),
        _ => say(path, &format!("this file can't be read ({error}); check its owner.")),
    })?;
    look_at_outside(path, &found)?;
    // Without a WAL nobody writes, and SQLite need not make one beside a file that is at rest, on a disk that may be
    // read-only. The lock keeps it so; where no lock file can be made no server can begin either.
    let lock = FileLock::shared(path);
    let at_rest = !matches!(lock, Err(LockError::Taken)) && !sidecar_path(path, "-wal").exists();
    let lock = lock.ok().filter(|_| at_rest);
    must_have_head(path)?;
    let name = uri_of(path, at_rest).ok_or_else(|| say(path, "SQLite can't take this name; choose one in UTF-8."))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let broken = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            say(path, &format!("this file can't be read ({error}); check its owner and its folder."))
        }
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            say(path, &format!("its disk has no room or gives errors ({error}); make room there and check the disk."))
        }
        _ => say(path, &format!("SQLite can't read this file ({error}); restore a backup.")),
    };
    let connection = Connection::open_with_flags(name, flags).map_err(broken)?;
    connection.busy_timeout(WAIT_MAX).map_err(broken)?;
    let version = must_be_known(&connection, path, broken)?;
    if version < migrations::CURRENT {
        return Err(say(
            path,
            &format!(
                "this file is of the older format {version}; boxoffice serve brings it up to format {} first.",
                migrations::CURRENT
            ),
        ));
    }
    Ok(ReadOnlyFile { connection, _lock: lock })
}

/// Whether the last to write a file left its WAL behind: it was killed, the power failed, or it still runs.
pub fn has_wal(path: &Path) -> bool {
    std::fs::metadata(sidecar_path(path, "-wal")).is_ok_and(|wal| wal.len() > 0)
}
