//! Opens a database for writing. Format, soundness and the lock are checked before any byte of it changes.

use std::io::ErrorKind;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, OptionalExtension};
use uuid::Uuid;

use super::columns::from_row;
use super::copy::NewFile;
use super::database_lock::DatabaseLock;
use super::format::{APPLICATION_ID, must_be_known, must_have_head};
use super::integrity_scan::{find_damage, is_large};
use super::location::{OpenError, look_at_outside, must_have_no_sidecar, say};
use super::readers::STATEMENTS_MAX;
use super::wal::{self, BUSY_MAX};
use super::{migrations, statements};
use crate::clock::Millis;
use crate::ids::{self, KeyHash};
use crate::platform::{FileLock, LockError};
use crate::signing::SigningSecret;

/// The page cache of the writing connection at most: with SQLite's own 2,000 KiB each hold of a venue with some
/// 10,000 users reads about one page from the file again.
const WRITER_CACHE_KIB: i64 = 8_192;

const NO_RIGHT: &str = "this file can't be written; give this user the right to write it and its folder.";

/// The row of the table `venue`.
#[derive(Debug, Clone, Copy)]
pub struct VenueRow {
    pub created_at: Millis,
    /// The latest instant the file has seen: what was noted of it, the newest event, or the newest ledger entry.
    pub seen_at: Millis,
    /// The sum of all advances of a test clock, in milliseconds.
    pub clock_advanced_ms: i64,
    /// The secret key that signs tickets.
    pub signing_secret: SigningSecret,
}

/// An opened file: the writing connection and the lock that keeps a second server out. The lock must outlive every
/// connection of this process.
pub struct Opened {
    pub connection: Connection,
    pub venue: VenueRow,
    /// Held while the file is open.
    pub lock: DatabaseLock,
}

/// Makes a new file at `path`, whole or not at all: it is built under another name and given its own at the end.
///
/// # Errors
/// When there is a file already or a part of one, or none can be made there.
pub fn create(path: &Path, created_at: Millis, staff_key: &KeyHash) -> Result<(), OpenError> {
    create_with(path, created_at, staff_key, |_, _| Ok(()), || Ok(()))
}

/// The same. It is filled before it has its name; then something is done, such as showing its key. Where either fails
/// there is no file.
///
/// # Errors
/// Those of [`create`], of what fills it and of what is done.
pub fn create_with(
    path: &Path,
    created_at: Millis,
    staff_key: &KeyHash,
    fill: impl FnOnce(&Connection, &SigningSecret) -> Result<(), OpenError>,
    shown: impl FnOnce() -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(say(folder, "there is no such folder; make it or choose another --database."));
    }
    let failed = |why: String| say(path, &format!("no new file can be made here ({why}); choose another --database."));
    let _lock = FileLock::exclusive(path).map_err(|error| match error {
        LockError::Taken => failed("another boxoffice makes it, or still has a removed file of this name open".into()),
        LockError::Failed(error) => failed(error.to_string()),
    })?;
    must_have_no_sidecar(path)?;
    let new_file = NewFile::of(path).map_err(|error| failed(error.to_string()))?;
    let (connection, secret) =
        build(new_file.path(), created_at, staff_key).map_err(|error| failed(error.to_string()))?;
    fill(&connection, &secret)?;
    connection.close().map_err(|(_, error)| failed(error.to_string()))?;
    shown()?;
    new_file.move_into_place(path).map_err(|error| failed(error.to_string()))
}

fn build(path: &Path, created_at: Millis, staff_key: &KeyHash) -> rusqlite::Result<(Connection, SigningSecret)> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")?;
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    tx.execute_batch(include_str!("../../schema.sql"))?;
    let secret = SigningSecret::random();
    tx.execute(
        "INSERT INTO venue (id, created_at, seen_at, signing_secret) VALUES (1, ?1, ?1, ?2)",
        (created_at, secret),
    )?;
    tx.execute(
        "INSERT INTO staff_key (name, role, key_hash, created_at) VALUES ('admin', 'admin', ?1, ?2)",
        (staff_key, created_at),
    )?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", migrations::CURRENT)?;
    tx.commit()?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok((connection, secret))
}

/// Opens an existing file.
///
/// # Errors
/// When it is missing, empty, not ours, newer than this program, damaged, read-only or open elsewhere. The file is then
/// as it was.
pub fn open(path: &Path) -> Result<Opened, OpenError> {
    let lock = lock(path)?;
    must_have_head(path)?;
    let broken = |error: rusqlite::Error| match error.sqlite_error_code() {
        // A folder in which no WAL can be made gives "unable to open", even for reading.
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => say(path, NO_RIGHT),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            let why = "make room there and check the disk, then start again. The file is as it was.";
            say(path, &format!("its disk has no room or gives errors ({error}); {why}"))
        }
        _ => {
            say(path, &format!("SQLite can't open this file ({error}); restore a backup or choose another --database."))
        }
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(broken)?;
    if connection.is_readonly(MAIN_DB).map_err(broken)? {
        return Err(say(path, "this file can't be opened for writing; check its owner and its folder."));
    }
    // Until it is known to be ours and sound, closing it must not write its WAL back.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(broken)?;
    connection.busy_timeout(BUSY_MAX).map_err(broken)?;
    let version = must_be_known(&connection, path, broken)?;
    let damage = if is_large(path) { None } else { find_damage(&connection).map_err(broken)? };
    if let Some(found) = damage {
        let why = format!("this file is damaged ({found}); restore a backup or choose another --database.");
        return Err(say(path, &why));
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(broken)?;
    let venue = prepare(&mut connection, path, version).map_err(broken)?;
    Ok(Opened { connection, venue, lock: DatabaseLock::of(path, lock) })
}

/// Takes the lock that keeps a second server out, on a file that can be one of ours.
fn lock(path: &Path) -> Result<FileLock, OpenError> {
    let say = |sentence: &str| say(path, sentence);
    let found = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => say("there is no such file; check --database."),
        _ => say(&format!("this file can't be opened ({error}); check its owner and its folder.")),
    })?;
    look_at_outside(path, &found)?;
    FileLock::exclusive(path).map_err(|error| match error {
        LockError::Taken => {
            say("another boxoffice has this file open; stop that one first or choose another --database.")
        }
        LockError::Failed(error)
            if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) =>
        {
            say(NO_RIGHT)
        }
        LockError::Failed(error) => say(&format!("this file can't be locked ({error}); keep it on a local disk.")),
    })
}

fn prepare(connection: &mut Connection, path: &Path, version: i64) -> rusqlite::Result<VenueRow> {
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?; // macOS: past the disk's own cache
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    if let Some(copy) = migrations::migrate(connection, path, version)? {
        log::info!(
            "the file was brought up to a newer format, and the older one is kept: format {}, {}",
            migrations::CURRENT,
            copy.display()
        );
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    wal::limit(connection)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    statements::watch(connection);
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection
        .execute("UPDATE venue SET signing_secret = ?1 WHERE signing_secret IS NULL", [SigningSecret::random()])?;
    let newest = "SELECT created_at, max(seen_at, ifnull((SELECT at FROM event WHERE sequence = (SELECT max(sequence) FROM event)), 0),
           ifnull((SELECT at FROM ledger_entry WHERE entry_id > set_back_entry_id ORDER BY entry_id DESC LIMIT 1), 0)),
           clock_advanced_ms, signing_secret FROM venue";
    let venue = connection
        .query_row(
            newest,
            [],
            |row| from_row!(row => VenueRow { created_at, seen_at, clock_advanced_ms, signing_secret }),
        )
        .optional()?;
    venue.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Ids given out from now on are greater than the newest of the file.
pub fn continue_ids(connection: &Connection) -> rusqlite::Result<()> {
    for newest in [
        "SELECT max(user_id) FROM user",
        "SELECT max(reservation_id) FROM reservation",
        "SELECT max(payment_id) FROM reservation",
        "SELECT max(ticket_id) FROM ticket",
    ] {
        let newest: Option<Uuid> = connection.query_row(newest, [], |row| row.get(0))?;
        newest.into_iter().for_each(ids::continue_ids_after);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const AT: Millis = Millis::from_unix_ms(1_763_804_000_000);

    fn made(dir: &Path) -> PathBuf {
        let path = dir.join("hall.db");
        create(&path, AT, &KeyHash::of("k")).unwrap();
        path
    }

    fn why_not(path: &Path) -> String {
        open(path).err().expect("must not open").to_string()
    }

    #[test]
    fn open_new_file_opens_in_wal_mode_and_leaves_no_draft_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let opened = open(&path).unwrap();
        let mode: String = opened.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        let of = |name: &str| opened.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((mode.as_str(), of("synchronous")), ("wal", 2));
        assert_eq!((of("fullfsync"), of("checkpoint_fullfsync")), (1, 1), "macOS needs both");
        assert_eq!(opened.venue.created_at, AT);
    }

    #[test]
    fn open_second_server_on_the_same_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let _first = open(&path).unwrap();
        assert!(why_not(&path).contains("another boxoffice"));
    }

    #[test]
    fn file_is_never_made_over_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let before = std::fs::read(&path).unwrap();
        assert!(create(&path, AT, &KeyHash::of("other")).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn files_that_are_missing_empty_foreign_cut_short_or_newer_are_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("empty"), b"").unwrap();
        std::fs::write(at("text"), b"these are not the bytes of a database").unwrap();
        std::fs::write(at("short"), b"SQLite").unwrap();
        std::fs::write(at("tiny"), b"hello").unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        Connection::open(at("foreign")).unwrap().execute_batch("CREATE TABLE a (x)").unwrap();
        std::fs::rename(made(dir.path()), at("newer")).unwrap();
        Connection::open(at("newer")).unwrap().pragma_update(None, "user_version", 99).unwrap();
        for (name, word) in [
            ("missing", "no such file"),
            ("empty", "is empty"),
            ("text", "not a SQLite file"),
            ("short", "cut short"),
            ("tiny", "not a SQLite file"),
            ("folder", "not a file"),
            ("foreign", "another program"),
            ("newer", "newer format 99"),
        ] {
            let before = std::fs::read(at(name)).ok();
            assert!(why_not(&at(name)).contains(word), "{name}: {}", why_not(&at(name)));
            assert_eq!(std::fs::read(at(name)).ok(), before, "{name}");
        }
    }
}
