//! What must hold in every file, and what is wrong in one, in sentences.
//!
//! Each rule is a statement that finds what must not be there, beside the sentence that says what it means; one file a
//! group. The rules trust nothing but the file: neither memory nor the code that wrote it.

mod database;
mod feed;
mod ledger;
mod line;
mod reservations;
mod rules;
mod seats;
mod tickets;

use std::path::Path;

use rusqlite::Connection;

use crate::store::{self, OpenError, Opened};
use rules::{Extent, Rule, Severity};

/// Faults of one kind that are told one by one; of the others only how many there are.
const TOLD_MAX: usize = 20;

const GROUPS: [&[Rule]; 6] =
    [seats::RULES, reservations::RULES, ledger::RULES, tickets::RULES, line::RULES, feed::RULES];

/// What was found in a file, in sentences.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What must never be so: none in a sound file.
    pub faults: Vec<String>,
    /// What is worth a look and stops nothing: a file with warnings alone is copied, restored and served.
    pub warnings: Vec<String>,
}

/// Everything that is wrong in a file; no faults in a sound one. Not a byte of it changes, and it may be in use.
///
/// # Errors
/// When it could not be looked into.
pub fn check(path: &Path) -> Result<Vec<String>, OpenError> {
    Ok(findings(path)?.faults)
}

/// Everything that was found in a file. Not a byte of it changes, and it may be in use.
///
/// # Errors
/// When it could not be looked into.
pub fn findings(path: &Path) -> Result<Findings, OpenError> {
    Ok(examine(&store::open_read_only(path)?.connection))
}

/// What can be wrong besides the database itself: the sentences of the rules, with numbers for what they name.
pub fn sentences() -> impl Iterator<Item = &'static str> {
    GROUPS.into_iter().flatten().map(|rule| rule.says)
}

/// Everything that is found in the file of a connection, all of one moment.
pub fn examine(connection: &Connection) -> Findings {
    let unreadable = |error| Findings { faults: vec![unreadable(&error)], warnings: Vec::new() };
    let moment = match connection.unchecked_transaction() {
        Ok(moment) => moment,
        Err(error) => return unreadable(error),
    };
    let mut findings = database::findings(&moment).unwrap_or_else(unreadable);
    by_rules(&moment, Extent::Whole, &mut findings);
    findings
}

/// Opens a file for writing. After a writer that did not stop in good order, what was written last is looked at before:
/// in bounded time however large the file is, and without changing a byte of it.
///
/// # Errors
/// A sentence that says why it is not opened, and what to do.
pub fn open_sound(path: &Path) -> Result<Opened, OpenError> {
    if store::has_wal(path)
        && let Ok(looked) = store::open_read_only(path) // where that fails, opening fails below with its reason
        && let Some(first) = newest_faults(&looked.connection).first()
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

fn newest_faults(connection: &Connection) -> Vec<String> {
    let mut findings = Findings::default();
    by_rules(connection, Extent::Newest, &mut findings);
    findings.faults
}

fn by_rules(connection: &Connection, extent: Extent, findings: &mut Findings) {
    for rule in GROUPS.into_iter().flatten().filter(|rule| rule.is_for(extent)) {
        let told = match rule.severity {
            Severity::Fault => &mut findings.faults,
            Severity::Warning => &mut findings.warnings,
        };
        match rule.find(connection, extent, TOLD_MAX) {
            Ok((found, 0)) => told.extend(found),
            Ok((found, more)) => {
                told.extend(found);
                told.push(format!("and {more} more of the last kind"));
            }
            Err(error) => {
                findings.faults.push(format!("whether this is so could not be read ({error}): {}", rule.says));
            }
        }
    }
}
