//! An open transaction: each piece of work in it is whole or leaves nothing behind.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;

use super::{Failure, Outcome};
use crate::clock::Millis;
use crate::refusal::Refusal;

/// An open transaction, the moment at which it happens, and what memory must learn once it is committed.
pub struct Tx<'c, C> {
    connection: &'c Connection,
    now: Millis,
    pub(super) changes: RefCell<Vec<C>>,
    /// Why SQLite rolled the transaction back while it was under way.
    pub(super) torn: RefCell<Option<Refusal>>,
    /// On whose behalf the piece of work under way is done.
    on_behalf_of: Cell<Option<i64>>,
}

impl<C> Deref for Tx<'_, C> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'c, C> Tx<'c, C> {
    pub(super) fn new(connection: &'c Connection, now: Millis) -> Tx<'c, C> {
        Tx { connection, now, changes: RefCell::default(), torn: RefCell::default(), on_behalf_of: Cell::default() }
    }

    /// The moment of this transaction: the same for all of its jobs, never earlier than that of the one before it.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Notes what memory must learn after the commit.
    pub fn note(&self, change: C) {
        self.changes.borrow_mut().push(change);
    }

    /// Shows what was noted so far, in order.
    pub fn each_noted(&self, look: impl FnMut(&C)) {
        self.changes.borrow().iter().for_each(look);
    }

    /// A sum over what was noted so far.
    pub fn sum_noted(&self, weight: impl Fn(&C) -> i64) -> i64 {
        self.changes.borrow().iter().map(weight).sum()
    }

    /// On whose behalf the piece of work under way is done, if somebody's is known.
    pub fn is_for(&self) -> Option<i64> {
        self.on_behalf_of.get()
    }

    /// Runs a piece of work on somebody's behalf: what it records can say whose.
    ///
    /// # Errors
    /// Those of the work.
    pub fn on_behalf_of<T>(&self, whom: i64, work: impl FnOnce(&Self) -> Outcome<T>) -> Outcome<T> {
        self.on_behalf_of.set(Some(whom));
        let outcome = self.whole(work); // even when it panics, the next piece of work is done for nobody
        self.on_behalf_of.set(None);
        outcome
    }

    /// Runs a piece of work that leaves nothing behind when it fails: neither in the file nor among the notes.
    ///
    /// # Errors
    /// Those of the work.
    pub fn whole<T>(&self, work: impl FnOnce(&Self) -> Outcome<T>) -> Outcome<T> {
        let noted = self.changes.borrow().len();
        self.run("SAVEPOINT piece")?;
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            log::error!("a piece of writing work panicked and is taken back"); // the panic itself was printed
            Err(Failure::Refused(Refusal::Internal))
        });
        if let Err(failure) = &outcome {
            self.changes.borrow_mut().truncate(noted);
            if self.connection.is_autocommit() {
                // A full disk or a failed write makes SQLite roll the whole transaction back by itself.
                self.torn.replace(Some(failure.told()));
                return outcome;
            }
        }
        let taken_back = if outcome.is_err() { self.run("ROLLBACK TO piece") } else { Ok(()) };
        if let Err(error) = taken_back.and_then(|()| self.run("RELEASE piece")) {
            // Half of the piece may still stand in the transaction: none of it may be committed.
            let failure = Failure::Broken(error);
            self.torn.replace(Some(failure.told()));
            return Err(failure);
        }
        outcome
    }

    pub(super) fn run(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }
}

/// Runs a piece of work in a transaction of its own where no writer runs: on a file that nobody serves, or not yet.
///
/// # Errors
/// Those of the work; nothing is written then.
pub fn write_alone<T, C>(connection: &Connection, now: Millis, work: impl FnOnce(&Tx<C>) -> Outcome<T>) -> Outcome<T> {
    let tx = Tx::new(connection, now);
    tx.run("BEGIN IMMEDIATE")?;
    let outcome = tx.whole(work);
    tx.run(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    outcome
}
