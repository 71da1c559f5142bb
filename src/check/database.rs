//! A file as a database: pages, indexes, constraints and references, and the tables of the format.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{Findings, TOLD_MAX};
use crate::store::is_of_other_rows;
use crate::store::schema_diff::{conditions, current, foreign_references, schema_of};

/// What is wrong with the file as a database: pages, indexes and constraints, references, tables. What other programs
/// keep in the file beside the venue's own tables, such as Litestream its `_litestream_seq`, is no fault.
pub(super) fn findings(connection: &Connection) -> rusqlite::Result<Findings> {
    let mut findings = Findings::default();
    let (is, must_be) = (schema_of(connection)?, current()?);
    let own: BTreeSet<String> = must_be.iter().map(|part| part.table.clone()).collect();
    damage(connection, &own, &mut findings)?;
    let there: BTreeSet<&str> = is.iter().map(|part| part.table.as_str()).collect();
    findings.faults.extend(strays(connection, own.iter().filter(|table| there.contains(table.as_str())))?);
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

/// Pages, indexes and conditions, as SQLite itself finds them. The limit of its answer counts rows of other programs
/// too, so the number of what is told is held here.
fn damage(connection: &Connection, own: &BTreeSet<String>, findings: &mut Findings) -> rusqlite::Result<()> {
    let mut messages = connection.prepare(&format!("PRAGMA integrity_check({})", i32::MAX))?;
    let mut messages = messages.query([])?;
    while let Some(row) = messages.next()?
        && findings.faults.len() < TOLD_MAX
    {
        let message: String = row.get(0)?;
        if message == "ok" {
            continue;
        }
        if !is_of_other_rows(&message, own) {
            findings.faults.push(format!("the database is damaged: {message}"));
        } else if findings.warnings.len() < TOLD_MAX {
            findings
                .warnings
                .push(format!("a row of another program's table breaks a condition of that table: {message}"));
        }
    }
    Ok(())
}

/// Rows of the venue's tables that name something that is not there. Each table is asked by itself: SQLite ends the
/// whole answer at a reference that another program made and that cannot work.
fn strays<'a>(connection: &Connection, tables: impl Iterator<Item = &'a String>) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut strays = connection.prepare("SELECT rowid, parent FROM pragma_foreign_key_check(?1)")?;
    for table in tables {
        let mut rows = strays.query([table])?;
        while let Some(row) = rows.next()?
            && faults.len() < TOLD_MAX
        {
            let (row_id, parent): (Option<i64>, String) = (row.get(0)?, row.get(1)?);
            let which = row_id.map_or("a row".to_owned(), |row_id| format!("row {row_id}"));
            faults.push(format!("{which} of {table} names something that is not in {parent}"));
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
