//! All that a venue has at one moment, to come back to: for the tests of others.

use parking_lot::Mutex;
use rusqlite::Connection;

use super::Tx;
use crate::clock::{Clock, Millis, Mode};
use crate::ids::{self, IdState};
use crate::refusal::Refusal;
use crate::store::{self, MemoryCopy, Outcome};

/// All that a venue had at one moment.
#[derive(Debug)]
pub struct Snapshot {
    copy: MemoryCopy,
    ids: IdState,
    pub taken_at: Millis,
    /// By how far the copy was moved since, where the clock cannot be turned back.
    moved_to: Mutex<Millis>,
    /// What came of the last time it was put back.
    outcome: Mutex<Result<Millis, Refusal>>,
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Snapshot) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Snapshot {}

impl Snapshot {
    /// Takes one of what a connection sees at `now`.
    pub fn take(connection: &Connection, now: Millis) -> rusqlite::Result<Snapshot> {
        Ok(Snapshot {
            copy: MemoryCopy::of(connection)?,
            ids: ids::current_state(),
            taken_at: now,
            moved_to: Mutex::new(now),
            outcome: Mutex::new(Ok(now)),
        })
    }

    /// The memory that it takes, in bytes.
    pub fn bytes(&self) -> u64 {
        self.copy.bytes
    }

    /// Puts the file back to it, and the clock and the ids. A clock that is no test's goes on: then `move_all` moves
    /// what lives in the copy by so many milliseconds, so that it keeps its length.
    ///
    /// # Errors
    /// SQLite's; the file, the clock and the ids are then as they were.
    pub fn put_back(
        &self,
        connection: &mut Connection,
        clock: &Clock,
        now: Millis,
        move_all: impl FnOnce(&Tx, Millis, i64) -> Outcome<()>,
    ) -> Outcome<Millis> {
        if clock.mode() == Mode::Wall {
            let mut moved_to = self.moved_to.lock();
            let ms = now.ms_since(*moved_to);
            self.copy.with(|copy| store::with_transaction(copy, now, |tx| move_all(tx, *moved_to, ms)))?;
            *moved_to = now;
        }
        self.copy.put_back(connection)?;
        ids::go_back_to(&self.ids);
        if clock.mode() == Mode::Wall {
            return Ok(now);
        }
        clock.turn_to(self.taken_at);
        Ok(self.taken_at)
    }

    /// Keeps what came of putting it back, for who asked for it.
    pub fn note(&self, outcome: Result<Millis, Refusal>) {
        *self.outcome.lock() = outcome;
    }

    /// What came of putting it back the last time: the moment then.
    pub fn outcome(&self) -> Result<Millis, Refusal> {
        self.outcome.lock().clone()
    }
}
