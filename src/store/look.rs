//! Looking into a file without changing a byte of it, also while a server has it open.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::migrations;
use super::open::{OpenError, companion, look_at_head, must_be_ours};

/// How long a look waits for a lock of SQLite's.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// A file that is looked into.
pub struct Looked {
    /// A connection that only reads.
    pub connection: Connection,
    /// Held while nobody else has the file open, so that no server begins to write meanwhile. Let go after the connection.
    _file: File,
}

/// Opens a file for reading: one of the current format, in use or at rest.
///
/// # Errors
/// When it is missing, empty, not ours, of another format or cannot be read.
pub fn look(path: &Path) -> Result<Looked, OpenError> {
    let say = |sentence: String| OpenError(format!("{}: {sentence}", path.display()));
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(say("this is not a file; name the file of a venue.".into()));
    }
    let file = File::open(path).map_err(|error| {
        say(match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file; check its name.".into(),
            _ => format!("this file can't be read ({error}); check its owner."),
        })
    })?;
    look_at_head(&file).map_err(&say)?;
    // Without a WAL nobody writes, and SQLite need not make one beside a file that is at rest, on a disk that may be
    // read-only. The lock keeps it so.
    let at_rest = !companion(path, "-wal").exists() && file.try_lock_shared().is_ok();
    let name = uri_of(path, at_rest).ok_or_else(|| say("SQLite can't take this name; choose one in UTF-8.".into()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let broken = |error: rusqlite::Error| say(format!("SQLite can't read this file ({error}); restore a backup."));
    let connection = Connection::open_with_flags(name, flags).map_err(broken)?;
    connection.busy_timeout(WAIT_MAX).map_err(broken)?;
    let version = must_be_ours(&connection, say, broken)?;
    if version < migrations::CURRENT {
        return Err(say(format!(
            "this file is of the older format {version}; boxoffice serve brings it up to format {} first.",
            migrations::CURRENT
        )));
    }
    Ok(Looked { connection, _file: file })
}

/// Whether the last to write a file left its WAL behind: it was killed, the power failed, or it still runs.
pub fn is_left_open(path: &Path) -> bool {
    std::fs::metadata(companion(path, "-wal")).is_ok_and(|wal| wal.len() > 0)
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
