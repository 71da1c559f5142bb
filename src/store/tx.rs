//! An open write transaction. Each unit of work runs in a savepoint: it is applied as a whole or rolled back.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;

use super::{Failure, Outcome};
use crate::clock::Millis;
use crate::refusal::Refusal;

/// An open transaction, its moment, and the changes to apply to memory after COMMIT.
pub struct Tx<'c, C> {
    connection: &'c Connection,
    now: Millis,
    pub(super) changes: RefCell<Vec<C>>,
    /// Why SQLite rolled back the whole transaction (full disk, failed write).
    pub(super) rolled_back: RefCell<Option<Refusal>>,
    /// The staff key on whose behalf the current work runs.
    actor: Cell<Option<i64>>,
    /// Up to where what was written stays, whatever comes of the current work.
    mark: Cell<Mark>,
    /// Every piece of work gets a savepoint, also one that decides first.
    is_cautious: bool,
}

/// How much was written so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Mark {
    changes: usize,
    rows: u64,
}

/// How work that fails is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// By a savepoint: it may fail at any point.
    Savepoint,
    /// By nothing: it decides everything before its first write, so that a refusal leaves nothing. Should it fail after
    /// a write all the same, in a damaged file or by a panic, the whole transaction is rolled back.
    Unneeded,
}

impl<C> Deref for Tx<'_, C> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'c, C> Tx<'c, C> {
    pub(super) fn new(connection: &'c Connection, now: Millis, is_cautious: bool) -> Tx<'c, C> {
        Tx {
            connection,
            now,
            changes: RefCell::default(),
            rolled_back: RefCell::default(),
            actor: Cell::default(),
            mark: Cell::default(),
            is_cautious,
        }
    }

    /// The moment of this transaction: the same for all of its jobs, never earlier than that of the one before it.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Records a change to apply to memory after COMMIT.
    pub fn push_change(&self, change: C) {
        self.changes.borrow_mut().push(change);
    }

    /// Visits the changes recorded so far, in order.
    pub fn each_change(&self, look: impl FnMut(&C)) {
        self.changes.borrow().iter().for_each(look);
    }

    /// A sum over the changes recorded so far.
    pub fn sum_changes(&self, weight: impl Fn(&C) -> i64) -> i64 {
        self.changes.borrow().iter().map(weight).sum()
    }

    /// The staff key on whose behalf the current work runs, if any: events name it.
    pub fn actor(&self) -> Option<i64> {
        self.actor.get()
    }

    /// Runs work on behalf of a staff key.
    pub fn as_actor<T>(&self, whom: Option<i64>, work: impl FnOnce(&Self) -> T) -> T {
        let before = self.actor.replace(whom);
        let outcome = work(self); // a panic ends in the savepoint of the work, below this
        self.actor.set(before);
        outcome
    }

    /// Runs work in a savepoint: on failure its writes and its recorded changes are rolled back.
    ///
    /// # Errors
    /// Those of the work.
    pub fn savepoint<T>(&self, work: impl FnOnce(&Self) -> Outcome<T>) -> Outcome<T> {
        self.piece(Undo::Savepoint, work, None::<fn(&Self, Refusal) -> Outcome<T>>)
    }

    /// Like [`Tx::savepoint`], with what `refused` writes in place of refused work. Work whose `undo` is unneeded gets
    /// no savepoint.
    ///
    /// # Errors
    /// Those of the work that are no refusals, and those of `refused`.
    pub fn whole_or<T>(
        &self,
        undo: Undo,
        work: impl FnOnce(&Self) -> Outcome<T>,
        refused: impl FnOnce(&Self, Refusal) -> Outcome<T>,
    ) -> Outcome<T> {
        self.piece(undo, work, Some(refused))
    }

    /// What the current work wrote so far is true whatever comes of the rest, such as a hold that is over: it stays if
    /// the work has no savepoint and is refused.
    pub fn keep_so_far(&self) {
        self.mark.set(self.mark_here());
    }

    fn mark_here(&self) -> Mark {
        Mark { changes: self.changes.borrow().len(), rows: self.connection.total_changes() }
    }

    fn piece<T>(
        &self,
        undo: Undo,
        work: impl FnOnce(&Self) -> Outcome<T>,
        refused: Option<impl FnOnce(&Self, Refusal) -> Outcome<T>>,
    ) -> Outcome<T> {
        let has_savepoint = undo == Undo::Savepoint || self.is_cautious;
        let before = self.mark_here();
        let take_back = |failure: &Failure| match has_savepoint {
            true => self.take_back(before.changes, failure),
            false => self.must_have_written_nothing(failure),
        };
        if has_savepoint {
            self.run("SAVEPOINT piece")?;
        } else {
            self.mark.set(before);
        }
        let mut outcome = guarded(|| work(self));
        if let Err(failure) = &outcome {
            take_back(failure)?;
        }
        if let Some(refused) = refused
            && let Err(Failure::Refused(refusal)) = &outcome
        {
            let refusal = refusal.clone();
            outcome = guarded(|| refused(self, refusal));
            if let Err(failure) = &outcome {
                take_back(failure)?;
            }
        }
        if has_savepoint {
            self.run("RELEASE piece").map_err(|error| self.tear(error.into()))?;
        }
        outcome
    }

    /// Work without a savepoint failed: had it written anything, the whole transaction would be lost.
    fn must_have_written_nothing(&self, failure: &Failure) -> Outcome<()> {
        if !self.connection.is_autocommit() && self.mark_here() == self.mark.get() {
            return Ok(());
        }
        log::error!(
            "a write job failed after its first write, its transaction is rolled back; please report this: {failure}"
        );
        Err(self.tear(Failure::Refused(match failure {
            Failure::Refused(_) => Refusal::Internal, // the refusal is not that of its neighbours
            failure => failure.to_refusal(),
        })))
    }

    /// Rolls back to the savepoint. An error means that the whole transaction is lost.
    fn take_back(&self, changes_before: usize, failure: &Failure) -> Outcome<()> {
        self.changes.borrow_mut().truncate(changes_before);
        if self.connection.is_autocommit() {
            // A full disk or a failed write makes SQLite roll the whole transaction back by itself.
            return Err(self.tear(Failure::Refused(failure.to_refusal())));
        }
        // If this fails, half of the work may still be in the transaction: none of it may be committed.
        self.run("ROLLBACK TO piece").map_err(|error| self.tear(error.into()))
    }

    /// Marks the transaction as not to be committed.
    fn tear(&self, failure: Failure) -> Failure {
        self.rolled_back.replace(Some(failure.to_refusal()));
        failure
    }

    pub(super) fn run(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }
}

/// The outcome of work; a panic (printed when it happened) is an internal error.
fn guarded<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        log::error!("a write job panicked and was rolled back, its client got 500; please report this");
        Err(Failure::Refused(Refusal::Internal))
    })
}

/// Runs work in a transaction of its own where no writer thread runs: on a file that is not served, or not yet.
///
/// # Errors
/// Those of the work; nothing is written then.
pub fn with_transaction<T, C>(
    connection: &Connection,
    now: Millis,
    work: impl FnOnce(&Tx<C>) -> Outcome<T>,
) -> Outcome<T> {
    let tx = Tx::new(connection, now, true);
    tx.run("BEGIN IMMEDIATE")?;
    let outcome = tx.savepoint(|tx| {
        let done = work(tx)?;
        note_seen(tx, now)?;
        Ok(done)
    });
    tx.run(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    outcome
}

/// Stores the moment of a change in `seen_at`: no later clock starts before it.
pub(super) fn note_seen(connection: &Connection, now: Millis) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE venue SET seen_at = ?1 WHERE seen_at < ?1")?.execute([now]).map(drop)
}
