//! What must hold in every file, and what is wrong in one, in sentences.
//!
//! Each rule is a statement that finds what must not be there, beside the sentence that says what it means; one file a
//! group. The rules trust nothing but the file: neither memory nor the code that wrote it.

mod feed;
mod ledger;
mod line;
mod reservations;
mod rules;
mod seats;
mod tickets;

use std::path::Path;

use rusqlite::Connection;

use crate::store::shape::{current, shape_of};
use crate::store::{self, OpenError};
use rules::{Extent, Rule};

/// Faults of one kind that are told one by one; of the others only how many there are.
const TOLD_MAX: usize = 20;

/// The rules, group by group.
const GROUPS: [&[Rule]; 6] =
    [seats::RULES, reservations::RULES, ledger::RULES, tickets::RULES, line::RULES, feed::RULES];

/// Everything that is wrong in a file, in sentences; none in a sound one. Not a byte of it changes, and it may be in use.
///
/// # Errors
/// When it could not be looked into.
pub fn check(path: &Path) -> Result<Vec<String>, OpenError> {
    Ok(examine(&store::look(path)?.connection))
}

/// What can be wrong besides the database itself: the sentences of the rules, with numbers for what they name.
pub fn sentences() -> impl Iterator<Item = &'static str> {
    GROUPS.into_iter().flatten().map(|rule| rule.says)
}

/// Everything that is wrong in the file of a connection, all of one moment.
pub fn examine(connection: &Connection) -> Vec<String> {
    let moment = match connection.unchecked_transaction() {
        Ok(moment) => moment,
        Err(error) => return vec![unreadable(&error)],
    };
    let mut faults = form(&moment).unwrap_or_else(|error| vec![unreadable(&error)]);
    faults.extend(by_rules(&moment, Extent::Whole));
    faults
}

/// What is wrong among the newest things of a file whose last writer did not stop in good order: enough to see that what was
/// written last is whole, in bounded time however large the file is.
///
/// # Errors
/// A sentence, when there is something.
pub fn check_newest(path: &Path) -> Result<(), OpenError> {
    let Ok(looked) = store::look(path) else { return Ok(()) }; // whoever opens it next says why not
    match by_rules(&looked.connection, Extent::Newest).first() {
        None => Ok(()),
        Some(first) => Err(OpenError(format!(
            "{file}: after an unclean stop the books of this file do not add up: {first}; `boxoffice check {file}` says all \
             that is wrong; restore a backup.",
            file = path.display()
        ))),
    }
}

fn unreadable(error: &rusqlite::Error) -> String {
    format!("the file could not be read: {error}")
}

/// What is wrong with the file as a database: pages, indexes and constraints, references, tables.
fn form(connection: &Connection) -> rusqlite::Result<Vec<String>> {
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
    faults.extend(is.difference(&must_be).map(|part| format!("this is there, and the format does not know it: {part}")));
    Ok(faults)
}

fn by_rules(connection: &Connection, extent: Extent) -> Vec<String> {
    let mut faults = Vec::new();
    for rule in GROUPS.into_iter().flatten().filter(|rule| rule.is_for(extent)) {
        match rule.find(connection, extent, TOLD_MAX) {
            Ok((found, 0)) => faults.extend(found),
            Ok((found, more)) => {
                faults.extend(found);
                faults.push(format!("and {more} more of the last kind"));
            }
            Err(error) => faults.push(format!("whether this is so could not be read ({error}): {}", rule.says)),
        }
    }
    faults
}
