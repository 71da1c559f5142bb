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
    pub(super) rolled_back: RefCell<Option<Refusal>>,
    /// On whose behalf the piece of work under way is done.
    actor: Cell<Option<i64>>,
}

impl<C> Deref for Tx<'_, C> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'c, C> Tx<'c, C> {
    pub(super) fn new(connection: &'c Connection, now: Millis) -> Tx<'c, C> {
        Tx { connection, now, changes: RefCell::default(), rolled_back: RefCell::default(), actor: Cell::default() }
    }

    /// The moment of this transaction: the same for all of its jobs, never earlier than that of the one before it.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Notes what memory must learn after the commit.
    pub fn push_change(&self, change: C) {
        self.changes.borrow_mut().push(change);
    }

    /// Shows what was noted so far, in order.
    pub fn each_change(&self, look: impl FnMut(&C)) {
        self.changes.borrow().iter().for_each(look);
    }

    /// A sum over what was noted so far.
    pub fn sum_changes(&self, weight: impl Fn(&C) -> i64) -> i64 {
        self.changes.borrow().iter().map(weight).sum()
    }

    /// On whose behalf the piece of work under way is done, if somebody's is known.
    pub fn actor(&self) -> Option<i64> {
        self.actor.get()
    }

    /// Runs a piece of work on somebody's behalf: what it records can say whose.
    pub fn as_actor<T>(&self, whom: Option<i64>, work: impl FnOnce(&Self) -> T) -> T {
        let before = self.actor.replace(whom);
        let outcome = work(self); // a panic ends in the savepoint of the work, below this
        self.actor.set(before);
        outcome
    }

    /// Runs a piece of work in a savepoint of its own: when it fails it leaves nothing behind, neither in the file nor among
    /// the notes.
    ///
    /// # Errors
    /// Those of the work.
    pub fn savepoint<T>(&self, work: impl FnOnce(&Self) -> Outcome<T>) -> Outcome<T> {
        self.piece(work, None::<fn(&Self, Refusal) -> Outcome<T>>)
    }

    /// Like [`Tx::whole`], in the same one savepoint: of refused work nothing stays, but what `refused` writes instead does.
    ///
    /// # Errors
    /// Those of the work that are no refusals, and those of `refused`.
    pub fn whole_or<T>(
        &self,
        work: impl FnOnce(&Self) -> Outcome<T>,
        refused: impl FnOnce(&Self, Refusal) -> Outcome<T>,
    ) -> Outcome<T> {
        self.piece(work, Some(refused))
    }

    fn piece<T>(
        &self,
        work: impl FnOnce(&Self) -> Outcome<T>,
        refused: Option<impl FnOnce(&Self, Refusal) -> Outcome<T>>,
    ) -> Outcome<T> {
        let changes_before = self.changes.borrow().len();
        self.run("SAVEPOINT piece")?;
        let mut outcome = guarded(|| work(self));
        if let Err(failure) = &outcome {
            self.take_back(changes_before, failure)?;
        }
        if let Some(refused) = refused
            && let Err(Failure::Refused(refusal)) = &outcome
        {
            let refusal = refusal.clone();
            outcome = guarded(|| refused(self, refusal));
            if let Err(failure) = &outcome {
                self.take_back(changes_before, failure)?;
            }
        }
        self.run("RELEASE piece").map_err(|error| self.tear(error.into()))?;
        outcome
    }

    /// Takes back what was written since the savepoint. An error says that the transaction as a whole is lost.
    fn take_back(&self, changes_before: usize, failure: &Failure) -> Outcome<()> {
        self.changes.borrow_mut().truncate(changes_before);
        if self.connection.is_autocommit() {
            // A full disk or a failed write makes SQLite roll the whole transaction back by itself.
            return Err(self.tear(Failure::Refused(failure.to_refusal())));
        }
        // Half of the piece may still stand in the transaction if this fails: none of it may be committed.
        self.run("ROLLBACK TO piece").map_err(|error| self.tear(error.into()))
    }

    /// Notes why nothing of the transaction may be committed.
    fn tear(&self, failure: Failure) -> Failure {
        self.rolled_back.replace(Some(failure.to_refusal()));
        failure
    }

    pub(super) fn run(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }
}

/// The outcome of some work; a panic, which was printed when it happened, is an internal error.
fn guarded<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        log::error!("a piece of writing work panicked and is taken back");
        Err(Failure::Refused(Refusal::Internal))
    })
}

/// Runs a piece of work in a transaction of its own where no writer runs: on a file that nobody serves, or not yet.
///
/// # Errors
/// Those of the work; nothing is written then.
pub fn with_transaction<T, C>(
    connection: &Connection,
    now: Millis,
    work: impl FnOnce(&Tx<C>) -> Outcome<T>,
) -> Outcome<T> {
    let tx = Tx::new(connection, now);
    tx.run("BEGIN IMMEDIATE")?;
    let outcome = tx.savepoint(|tx| {
        let done = work(tx)?;
        note_seen(tx, now)?;
        Ok(done)
    });
    tx.run(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    outcome
}

/// Notes the moment of a change: no clock starts behind it.
pub(super) fn note_seen(connection: &Connection, now: Millis) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE venue SET seen_at = ?1 WHERE seen_at < ?1")?.execute([now]).map(drop)
}
