//! Whether a file is one of ours, and of which format.

use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::location::{OpenError, say};
use super::migrations;

/// `application_id` of our files: "boxo".
pub(super) const APPLICATION_ID: i64 = 0x626f_786f;
/// What a path must not have in a URI.
const NOT_IN_URI: &AsciiSet = &CONTROLS.add(b'?').add(b'#').add(b'%');

/// The format of a file that is one of ours; none that is newer than this program.
pub(super) fn must_be_known(
    connection: &Connection,
    path: &Path,
    broken: impl Fn(rusqlite::Error) -> OpenError,
) -> Result<i64, OpenError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(&broken);
    let (version, application) = (pragma("user_version")?, pragma("application_id")?);
    if application != APPLICATION_ID {
        return Err(say(path, "this is another program's SQLite file; choose another --database."));
    }
    if version > migrations::CURRENT {
        let known = migrations::CURRENT;
        let why = format!(
            "this file is of the newer format {version} and this program knows formats up to {known}; use a newer boxoffice."
        );
        return Err(say(path, &why));
    }
    Ok(version)
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

/// The name of a file as SQLite takes it (<https://www.sqlite.org/uri.html>).
pub(super) fn uri_of(path: &Path, at_rest: bool) -> Option<String> {
    let name = utf8_percent_encode(path.to_str()?, NOT_IN_URI);
    Some(format!("file:{name}{}", if at_rest { "?immutable=1" } else { "" }))
}
