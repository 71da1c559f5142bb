//! A file as a database: pages, indexes, constraints and references, and the tables of the format.

use rusqlite::Connection;

use super::TOLD_MAX;
use crate::store::shape::{conditions, current, shape_of};

/// What is wrong with the file as a database: pages, indexes and constraints, references, tables.
pub(super) fn faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut messages = connection.prepare(&format!("PRAGMA integrity_check({TOLD_MAX})"))?;
    for message in messages.query_map([], |row| row.get::<_, String>(0))? {
        let message = message?;
        if message != "ok" {
            faults.push(format!("the database is damaged: {message}"));
        }
    }
    let mut strays = connection.prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT ?1")?;
    let mut rows = strays.query([TOLD_MAX as i64])?;
    while let Some(row) = rows.next()? {
        let (table, row_id, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let which = row_id.map_or("a row".to_owned(), |row_id| format!("row {row_id}"));
        faults.push(format!("{which} of {table} names something that is not in {parent}"));
    }
    let (is, must_be) = (shape_of(connection)?, current()?);
    faults.extend(must_be.difference(&is).map(|part| format!("the format wants this, and it is not there: {part}")));
    faults
        .extend(is.difference(&must_be).map(|part| format!("this is there, and the format does not know it: {part}")));
    if is == must_be {
        for (table, checks) in conditions()? {
            faults.extend(broken_conditions(connection, &table, &checks)?);
        }
    }
    Ok(faults)
}

/// The conditions of a table that some of its rows break. One look tells whether there is any.
fn broken_conditions(connection: &Connection, table: &str, checks: &[String]) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    let all: Vec<String> = checks.iter().map(|check| format!("({check})")).collect();
    let any = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE NOT ({}))", all.join(" AND "));
    if checks.is_empty() || !connection.query_row(&any, [], |row| row.get(0))? {
        return Ok(faults);
    }
    for check in checks {
        let count = format!("SELECT count(*) FROM {table} WHERE NOT ({check})");
        let broken: i64 = connection.query_row(&count, [], |row| row.get(0))?;
        faults.extend((broken > 0).then(|| format!("{broken} rows of {table} do not keep the condition ({check})")));
    }
    Ok(faults)
}
