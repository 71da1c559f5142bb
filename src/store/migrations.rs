//! From older files to the current schema, in order.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::copy::{Draft, copy_into, is_taken};
use super::open::companion;

/// The statements that bring a file from version `n` to `n + 1`, beginning with version 1.
const STEPS: &[&str] = &[include_str!("steps/2.sql")];

/// The schema's version, kept in `user_version`.
pub const CURRENT: i64 = 1 + STEPS.len() as i64;

/// Brings a file from `version` up to [`CURRENT`] in one transaction. A copy of the older file is made beside it first,
/// whole or not at all and for its owner alone; its path is given back, `None` when there was nothing to do.
///
/// # Errors
/// When SQLite can't copy or change the file; the file is then as it was.
pub fn bring_up(connection: &mut Connection, path: &Path, version: i64) -> rusqlite::Result<Option<PathBuf>> {
    bring_up_by(connection, path, version, STEPS)
}

fn bring_up_by(
    connection: &mut Connection,
    path: &Path,
    version: i64,
    steps: &[&str],
) -> rusqlite::Result<Option<PathBuf>> {
    let done = usize::try_from(version - 1).unwrap_or(0);
    if done >= steps.len() {
        return Ok(None);
    }
    let copy = keep_older(connection, path, version)?;
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for step in &steps[done..] {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", 1 + steps.len() as i64)?;
    tx.commit()?;
    Ok(Some(copy))
}

/// Copies the older file to `FILE.v1.backup`, or to `FILE.v1.backup-2`, … where an earlier try left one: the file may have
/// changed since.
fn keep_older(connection: &Connection, path: &Path, version: i64) -> rusqlite::Result<PathBuf> {
    let kept = companion(path, &format!(".v{version}.backup"));
    let later = (2..=u32::MAX).map(|number| companion(&kept, &format!("-{number}")));
    let copy = std::iter::once(kept.clone()).chain(later).find(|copy| !is_taken(copy)).unwrap_or(kept.clone());
    let failed = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    let draft = Draft::of(&copy).map_err(failed)?;
    copy_into(connection, &draft)?;
    draft.publish(&copy).map_err(failed)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::store::shape::{current, shape_of};

    #[test]
    fn a_file_of_the_first_format_comes_to_the_current_schema() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("first.db");
        let mut older = Connection::open(&path).unwrap();
        older.execute_batch(include_str!("../../tests/schemas/1.sql")).unwrap();
        bring_up(&mut older, &path, 1).unwrap().unwrap();
        assert_eq!(shape_of(&older).unwrap(), current().unwrap());
        assert_eq!(version_of(&older), CURRENT);
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
    fn an_older_file_is_brought_up_step_by_step_and_copied_first() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut connection) = file_of_version_1(dir.path());
        let steps = ["ALTER TABLE a ADD COLUMN y", "UPDATE a SET y = x + 1"];
        let copy = bring_up_by(&mut connection, &path, 1, &steps).unwrap().unwrap();
        assert_eq!(version_of(&connection), 3);
        assert_eq!(connection.query_row("SELECT y FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 8);
        assert_eq!(version_of(&Connection::open(copy).unwrap()), 1);
        assert_eq!(bring_up_by(&mut connection, &path, 3, &steps).unwrap(), None);
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut connection) = file_of_version_1(dir.path());
        let steps = ["ALTER TABLE a ADD COLUMN y", "not SQL"];
        assert!(bring_up_by(&mut connection, &path, 1, &steps).is_err());
        assert_eq!(version_of(&connection), 1);
        assert!(connection.prepare("SELECT y FROM a").is_err());
        // The copy of that try does not stand in the way of the next one.
        let copy = bring_up_by(&mut connection, &path, 1, &steps[..1]).unwrap().unwrap();
        assert_eq!((copy.file_name().unwrap(), version_of(&connection)), ("old.db.v1.backup-2".as_ref(), 2));
        assert_eq!(std::fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
