//! Opens a database read-only, also while a server has it open: no byte of it changes.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::location::{look_at_outside, say, sidecar_path};
use super::migrations;
use super::open::{OpenError, must_be_current};
use crate::platform::{FileLock, LockError};

/// How long a read waits for SQLite's locks.
const WAIT_MAX: Duration = Duration::from_secs(5);

pub struct ReadOnlyFile {
    /// A connection that only reads.
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
    let version = must_be_current(&connection, |sentence| say(path, &sentence), broken)?;
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

/// Refuses a file that does not begin as SQLite's do. A write-ahead log beside it may hide that, so the look is at the
/// file alone; and it is SQLite that looks, for a descriptor of anybody else would drop its locks.
pub(super) fn must_have_head(path: &Path) -> Result<(), OpenError> {
    let Some(name) = uri_of(path, true) else { return Ok(()) };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let read = Connection::open_with_flags(name, flags)
        .and_then(|file| file.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)));
    if read.is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::NotADatabase)) {
        return Err(say(path, "this is not a SQLite file; restore a backup or choose another --database."));
    }
    Ok(())
}

/// Whether the last to write a file left its WAL behind: it was killed, the power failed, or it still runs.
pub fn has_wal(path: &Path) -> bool {
    std::fs::metadata(sidecar_path(path, "-wal")).is_ok_and(|wal| wal.len() > 0)
}

/// The name of a file as SQLite takes it (<https://www.sqlite.org/uri.html>).
fn uri_of(path: &Path, at_rest: bool) -> Option<String> {
    let mut name = "file:".to_owned();
    for part in path.to_str()?.chars() {
        match part {
            '?' => name.push_str("%3f"),
            '#' => name.push_str("%23"),
            '%' => name.push_str("%25"),
            part => name.push(part),
        }
    }
    Some(name + if at_rest { "?immutable=1" } else { "" })
}
