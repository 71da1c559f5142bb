//! What must hold in every file, and what is wrong in one, in sentences.
//!
//! Each rule is a statement that finds what must not be there, beside the sentence that says what it means; one file a
//! group. The rules trust nothing but the file: neither memory nor the code that wrote it.

mod feed;
mod form;
mod ledger;
mod line;
mod reservations;
mod rules;
mod seats;
mod tickets;

use std::path::Path;

use rusqlite::Connection;

use crate::store::{self, OpenError, Opened};
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
    let mut faults = form::faults(&moment).unwrap_or_else(|error| vec![unreadable(&error)]);
    faults.extend(by_rules(&moment, Extent::Whole));
    faults
}

/// Opens a file for writing. After a writer that did not stop in good order, what was written last is looked at before: in
/// bounded time however large the file is, and without changing a byte of it.
///
/// # Errors
/// A sentence that says why it is not opened, and what to do.
pub fn open_sound(path: &Path) -> Result<Opened, OpenError> {
    if store::is_left_open(path)
        && let Ok(looked) = store::look(path) // what can't be looked into can't be opened either, for a reason that is told
        && let Some(first) = by_rules(&looked.connection, Extent::Newest).first()
    {
        return Err(OpenError(format!(
            "{file}: after an unclean stop the books of this file do not add up: {first}; `boxoffice check {file}` says all \
             that is wrong; restore a backup.",
            file = path.display()
        )));
    }
    store::open(path)
}

fn unreadable(error: &rusqlite::Error) -> String {
    format!("the file could not be read: {error}")
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
