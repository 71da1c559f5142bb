//! From older files to the current schema, in order.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::copy::{NewFile, copy_into};
use super::location::{is_taken, sidecar_path};

/// The statements that bring a file from version `n` to `n + 1`, beginning with version 1.
const STEPS: &[&str] = &[include_str!("steps/2.sql"), include_str!("steps/3.sql"), include_str!("steps/4.sql")];

/// The schema's version, kept in `user_version`.
pub const CURRENT: i64 = 1 + STEPS.len() as i64;

/// Brings a file from `version` up to [`CURRENT`] in one transaction. A copy of the older file is made beside it first,
/// whole or not at all and for its owner alone; its path is given back, `None` when there was nothing to do.
///
/// # Errors
/// When SQLite can't copy or change the file; the file is then as it was.
pub fn migrate(connection: &mut Connection, path: &Path, version: i64) -> rusqlite::Result<Option<PathBuf>> {
    migrate_by(connection, path, version, STEPS)
}

fn migrate_by(
    connection: &mut Connection,
    path: &Path,
    version: i64,
    steps: &[&str],
) -> rusqlite::Result<Option<PathBuf>> {
    let done = usize::try_from(version - 1).unwrap_or(0);
    if done >= steps.len() {
        return Ok(None);
    }
    let copy = backup_before(connection, path, version)?;
    let stepped = step(connection, &steps[done..], 1 + steps.len() as i64);
    if stepped.is_err() {
        // The file is as it was. A service that is started again and again would fill the disk with copies of it.
        let _ = std::fs::remove_file(&copy);
    }
    stepped.map(|()| Some(copy))
}

fn step(connection: &mut Connection, steps: &[&str], version: i64) -> rusqlite::Result<()> {
    // A table that a step makes anew is gone for a moment, and what refers to it must not mind:
    // references, and views that somebody added for reports.
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "legacy_alter_table", true)?;
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for step in steps {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", version)?;
    tx.commit()?;
    connection.pragma_update(None, "legacy_alter_table", false)?;
    connection.pragma_update(None, "foreign_keys", true)
}

/// Copies the older file to `FILE.v1.backup`, or to `FILE.v1.backup-2`, … where an earlier
/// try left one: the file may have changed since.
fn backup_before(connection: &Connection, path: &Path, version: i64) -> rusqlite::Result<PathBuf> {
    let kept = sidecar_path(path, &format!(".v{version}.backup"));
    let later = (2..=u32::MAX).map(|number| sidecar_path(&kept, &format!("-{number}")));
    let copy = std::iter::once(kept.clone()).chain(later).find(|copy| !is_taken(copy)).unwrap_or(kept.clone());
    let failed = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    let new_file = NewFile::of(&copy).map_err(failed)?;
    copy_into(connection, &new_file)?;
    new_file.move_into_place(&copy).map_err(failed)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::is_private;
    use crate::store::schema_diff::{current, schema_of};

    /// The schemas of the older formats, from the first on.
    const OLDER: [&str; 3] = [
        include_str!("../../tests/schemas/1.sql"),
        include_str!("../../tests/schemas/2.sql"),
        include_str!("../../tests/schemas/3.sql"),
    ];

    #[test]
    fn files_of_every_older_format_come_to_the_current_schema() {
        assert_eq!(OLDER.len(), STEPS.len());
        for (format, schema) in (1..).zip(OLDER) {
            let (_dir, file) = brought_up(format, schema, "");
            assert_eq!(schema_of(&file).unwrap(), current().unwrap(), "from format {format}");
            assert_eq!(version_of(&file), CURRENT);
        }
    }

    /// Foreign keys are off while a table is made anew: an error in its step would leave rows that refer to nothing.
    #[test]
    fn migration_whoever_was_in_is_in_after_the_table_of_tickets_is_made_anew() {
        let rows = "INSERT INTO ticket VALUES (randomblob(16), randomblob(16), 0, '1', '5FANY5CURE', 'J5D9MDHW6WC9QN7C4QGTQXM2UL', 0);
             INSERT INTO ticket VALUES (randomblob(16), randomblob(16), 1, '2', '5FANY5CURF', 'T5FANY5CURF', 0);
             INSERT INTO check_in SELECT ticket_id, 7, 'left', 1 FROM ticket;
             INSERT INTO door_scan SELECT 1, randomblob(16), ticket_id, 7, 'left', 8, 'CHECKED_IN', NULL, NULL, NULL
                 FROM ticket WHERE seat_no = 0;";
        let (_dir, file) = brought_up(2, OLDER[1], rows);
        let count = |statement: &str| file.query_row(statement, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM ticket JOIN check_in USING (ticket_id) WHERE door = 'left'"), 2);
        assert_eq!(
            count("SELECT count(*) FROM door_scan JOIN ticket USING (ticket_id) WHERE number = '5FANY5CURE'"),
            1
        );
        assert!(file.execute("DELETE FROM ticket", []).is_err(), "what refers to them keeps them");
    }

    /// Staff's answers were one set. A program that forgets them sells again what is repeated after the change.
    #[test]
    fn answers_kept_for_staff_are_found_by_every_staff_key_that_opens_something() {
        let rows = "INSERT INTO staff_key VALUES (1, 'admin', 'admin', randomblob(32), 7, NULL), (2, 'East', 'counter', randomblob(32), 7, 8),
                (300, 'West', 'counter', randomblob(32), 7, NULL);
             INSERT INTO idempotency_answer VALUES (zeroblob(16), 'receipt-1', randomblob(32), 201, 'application/json', '[]', x'7b7d', 9),
                (randomblob(16), 'receipt-1', randomblob(32), 201, 'application/json', '[]', x'7b7d', 9);";
        let (_dir, file) = brought_up(3, OLDER[2], rows);
        let of_key = |key_id: u128| {
            file.query_row(
                "SELECT count(*) FROM idempotency_answer WHERE caller_id = ?1 AND key = 'receipt-1' AND body = x'7b7d'",
                [key_id.to_be_bytes()],
                |row| row.get::<_, i64>(0),
            )
        };
        assert_eq!([0, 1, 2, 300].map(|key_id| of_key(key_id).unwrap()), [0, 1, 0, 1]);
        let all = file.query_row("SELECT count(*) FROM idempotency_answer", [], |row| row.get::<_, i64>(0));
        assert_eq!(all.unwrap(), 3, "the user's own stays");
    }

    #[test]
    fn sales_of_older_files_that_opened_in_1970_open_with_their_concert_and_before_they_close() {
        let rows = "INSERT INTO concert VALUES (1, 'Nacht', '', '', 1000);
            INSERT INTO schedule (concert_id, starts_at, date, sale_opens_at, sale_closes_at, seats_total, price_from)
                VALUES (1, 9000, '2026-01-01', 0, 9000, 1, 1), (1, 9000, '2026-01-01', 0, 500, 1, 1),
                    (1, 9000, '2026-01-01', 700, 9000, 1, 1);";
        let (_dir, file) = brought_up(3, OLDER[2], rows);
        let mut found = file.prepare("SELECT sale_opens_at FROM schedule ORDER BY schedule_id").unwrap();
        let found: Vec<i64> = found.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(found, [1000, 499, 700]);
    }

    /// A view for reports must not keep a venue from its newer program.
    #[test]
    fn views_of_every_table_of_an_older_format_stop_no_step() {
        for (format, schema) in (1..).zip(OLDER) {
            let older = Connection::open_in_memory().unwrap();
            older.execute_batch(schema).unwrap();
            let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
            let tables: Vec<String> =
                older.prepare(tables).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            let views = tables
                .iter()
                .map(|table| format!("CREATE VIEW report_{table} AS SELECT t.* FROM {table} AS t, ticket AS k;"));
            let (_dir, file) = brought_up(format, schema, &views.collect::<String>());
            assert_eq!(version_of(&file), CURRENT, "from format {format}");
            for table in tables {
                file.query_row(&format!("SELECT count(*) FROM report_{table}"), [], |_| Ok(())).unwrap();
            }
        }
    }

    fn brought_up(format: i64, schema: &str, rows: &str) -> (tempfile::TempDir, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("older.db");
        let mut older = Connection::open(&path).unwrap();
        older.execute_batch(&format!("PRAGMA foreign_keys = OFF; {schema} {rows} PRAGMA foreign_keys = ON")).unwrap();
        migrate(&mut older, &path, format).unwrap().unwrap();
        (dir, older)
    }

    fn version_of(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    fn file_of_version_1(dir: &Path) -> (PathBuf, Connection) {
        let path = dir.join("old.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE a (x); INSERT INTO a VALUES (7); PRAGMA user_version = 1").unwrap();
        (path, connection)
    }

    #[test]
    fn migration_older_file_is_brought_up_step_by_step_and_copied_first() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut connection) = file_of_version_1(dir.path());
        let steps = ["ALTER TABLE a ADD COLUMN y", "UPDATE a SET y = x + 1"];
        let copy = migrate_by(&mut connection, &path, 1, &steps).unwrap().unwrap();
        assert_eq!(version_of(&connection), 3);
        assert_eq!(connection.query_row("SELECT y FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 8);
        assert_eq!(version_of(&Connection::open(copy).unwrap()), 1);
        assert_eq!(migrate_by(&mut connection, &path, 3, &steps).unwrap(), None);
    }

    #[test]
    fn step_that_fails_leaves_the_file_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut connection) = file_of_version_1(dir.path());
        let steps = ["ALTER TABLE a ADD COLUMN y", "not SQL"];
        assert!(migrate_by(&mut connection, &path, 1, &steps).is_err());
        assert_eq!(version_of(&connection), 1);
        assert!(connection.prepare("SELECT y FROM a").is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the copy of that try is gone");
        // What a killed try left does not stand in the way of the next one.
        std::fs::write(dir.path().join("old.db.v1.backup"), "").unwrap();
        let copy = migrate_by(&mut connection, &path, 1, &steps[..1]).unwrap().unwrap();
        assert_eq!((copy.file_name().unwrap(), version_of(&connection)), ("old.db.v1.backup-2".as_ref(), 2));
        assert!(is_private(&copy));
    }
}
