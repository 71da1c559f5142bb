//! A file as a database: pages, indexes, constraints and references, and the tables of the format.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{Findings, TOLD_MAX};
use crate::store::schema_diff::{conditions, current, foreign_references, schema_of};

/// What is wrong with the file as a database: pages, indexes and constraints, references, tables. What other programs keep
/// in the file beside the venue's own tables, such as Litestream its `_litestream_seq`, is no fault.
pub(super) fn findings(connection: &Connection) -> rusqlite::Result<Findings> {
    let mut findings = Findings::default();
    let mut messages = connection.prepare(&format!("PRAGMA integrity_check({TOLD_MAX})"))?;
    for message in messages.query_map([], |row| row.get::<_, String>(0))? {
        let message = message?;
        if message != "ok" {
            findings.faults.push(format!("the database is damaged: {message}"));
        }
    }
    let (is, must_be) = (schema_of(connection)?, current()?);
    let own: BTreeSet<String> = must_be.iter().map(|part| part.table.clone()).collect();
    findings.faults.extend(strays(connection, &own)?);
    let missing = must_be.difference(&is);
    findings.faults.extend(missing.map(|part| format!("the format wants this, and it is not there: {}", part.words)));
    for part in is.difference(&must_be) {
        let says = format!("this is there, and the format does not know it: {}", part.words);
        let is_beside = part.is_harmless || !own.contains(&part.table);
        if is_beside { &mut findings.warnings } else { &mut findings.faults }.push(says);
    }
    let references = foreign_references(connection, &own)?.into_iter();
    findings.faults.extend(references.map(|(from, to)| {
        format!("the table {from} of another program refers to {to}: its rows can stop what the venue deletes")
    }));
    if must_be.is_subset(&is) {
        for (table, checks) in conditions()? {
            findings.faults.extend(broken_conditions(connection, &table, &checks)?);
        }
    }
    Ok(findings)
}

/// Rows of the venue's tables that name something that is not there.
fn strays(connection: &Connection, own: &BTreeSet<String>) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut strays = connection.prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check")?;
    let mut rows = strays.query([])?;
    while let Some(row) = rows.next()?
        && faults.len() < TOLD_MAX
    {
        let (table, row_id, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let which = row_id.map_or("a row".to_owned(), |row_id| format!("row {row_id}"));
        let says = format!("{which} of {table} names something that is not in {parent}");
        faults.extend(own.contains(&table).then_some(says));
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
