//! What goes by time. It writes down what is already true, with every transaction and whenever something becomes due:
//! holds, visits and silences that are over, places that are free, answers and ended tokens kept long enough.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use rusqlite::Connection;

use crate::clock::{Clock, Millis};
use crate::http::{self, Bell, Topic};
use crate::queue::{self, Line};
use crate::reservation::{self, Settling};
use crate::schedule;
use crate::seat::Maps;
use crate::staff::Keyring;
use crate::store::{Failure, Outcome, Rounds};
use crate::threads::OnFatal;
use crate::venue::{Change, Tx, topics};

/// How often the file notes the time it has seen, and looks for answers and ended tokens to forget, in milliseconds.
const SEEN_EVERY_MS: i64 = 1_000;
const FORGET_EVERY_MS: i64 = 60_000;
/// Answers, and tokens, forgotten in one transaction at most: about a millisecond of it. While more are left, the next goes on.
const FORGET_MAX: u32 = 200;
/// How long a cancelled date rests when nothing of it could be settled, in milliseconds.
const STUCK_MS: i64 = 60_000;
/// When what becomes due next could not be read, it is read again after so many milliseconds.
const LOOK_AGAIN_MS: i64 = 1_000;

/// What the rounds need to know.
pub struct Sweeper {
    /// The line, whose copy in memory follows each commit.
    pub line: Arc<Line>,
    /// The maps, whose copies in memory do too.
    pub maps: Arc<Maps>,
    /// The staff keys, whose copy in memory follows each commit.
    pub keyring: Arc<Keyring>,
    /// The time.
    pub clock: Arc<Clock>,
    /// Wakes those who wait.
    pub bell: Bell,
    /// How long answers are kept under their idempotency keys.
    pub idempotency_hours: u32,
    /// How long tokens are remembered that ended.
    pub token_days: u32,
    /// Cancelled dates rest until then, in milliseconds since 1970.
    pub settle_from: AtomicI64,
}

impl Sweeper {
    /// The rounds of the writer; `broken` is called when nothing more may be promised.
    pub fn rounds(self, broken: OnFatal) -> Rounds<Change> {
        let sweeper = Arc::new(self);
        let (open, close, committed, due) = (Arc::clone(&sweeper), Arc::clone(&sweeper), Arc::clone(&sweeper), sweeper);
        let mut marks = Marks::default();
        Rounds {
            open: Box::new(move |tx| written(open.end_due(tx))),
            close: Box::new(move |tx| written(close.admit(tx, &mut marks))),
            committed: Box::new(move |connection, now, changes| committed.learn(connection, now, &changes)),
            next_due: Box::new(move |connection| due.next_due(connection)),
            broken,
        }
    }

    /// Holds first: a visit may last as long as its hold.
    fn end_due(&self, tx: &Tx) -> Outcome<()> {
        reservation::expire_due(tx)?;
        if tx.now() >= self.settle_from() && reservation::settle_cancelled(tx)? == Settling::Stuck {
            self.settle_from.store(tx.now().plus_ms(STUCK_MS).unix_ms(), Relaxed);
        }
        queue::end_due(tx, &self.line)?;
        queue::draw_if_due(tx)
    }

    fn settle_from(&self) -> Millis {
        Millis::from_unix_ms(self.settle_from.load(Relaxed))
    }

    fn admit(&self, tx: &Tx, marks: &mut Marks) -> Outcome<()> {
        queue::admit_next(tx, &self.line)?;
        let changed = tx.sum_noted(|_| 1) > 0;
        if changed && tx.now().ms_since(marks.seen_at) >= SEEN_EVERY_MS {
            tx.prepare_cached("UPDATE venue SET seen_at = max(seen_at, ?1)")?.execute([tx.now()])?;
            marks.seen_at = tx.now();
        }
        if tx.now().ms_since(marks.forgot_at) >= FORGET_EVERY_MS {
            let before = |hours: u32| tx.now().plus_ms(-i64::from(hours) * 3_600_000);
            let answers = http::forget(tx, before(self.idempotency_hours), FORGET_MAX)?;
            let tokens = queue::forget_ended(tx, before(self.token_days * 24), FORGET_MAX)?;
            if answers.max(tokens) < FORGET_MAX as usize {
                marks.forgot_at = tx.now();
            }
        }
        Ok(())
    }

    /// Memory learns what a commit changed, then those who waited for it are woken.
    fn learn(&self, connection: &Connection, now: Millis, changes: &[Change]) -> Outcome<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.line.apply(changes, now);
        self.maps.apply(changes);
        let mut woken = Vec::with_capacity(changes.len());
        for change in changes {
            match change {
                Change::QueueChanged => self.line.set_rules(queue::find_rules(connection)?),
                Change::StaffKeysChanged => self.keyring.fill(connection)?,
                Change::ClockTurned { ms } => self.clock.advance_ms(*ms),
                _ => {}
            }
            woken.extend(topic(change));
        }
        if changes.contains(&Change::EventRecorded) {
            woken.push(topics::EVENTS); // once for all the events of a commit
        }
        self.bell.ring(woken);
        Ok(())
    }

    fn next_due(&self, connection: &Connection) -> Option<Millis> {
        let holds = reservation::next_due(connection);
        let line = queue::next_due(connection, &self.line, self.clock.now());
        match (holds, line, schedule::find_to_settle(connection)) {
            (Ok(holds), Ok(line), Ok(cancelled)) => {
                let cancelled = cancelled.map(|date| date.cancelled_at.max(self.settle_from()));
                holds.into_iter().chain(line).chain(cancelled).min()
            }
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                log::error!("what becomes due next could not be read: {error}");
                Some(self.clock.now().plus_ms(LOOK_AGAIN_MS))
            }
        }
    }
}

/// When the rounds last did what need not be done each time.
struct Marks {
    seen_at: Millis,
    forgot_at: Millis,
}

impl Default for Marks {
    fn default() -> Marks {
        Marks { seen_at: Millis::from_unix_ms(0), forgot_at: Millis::from_unix_ms(0) }
    }
}

fn topic(change: &Change) -> Option<Topic> {
    match change {
        Change::TokenAdmitted { key, .. } | Change::TokenEnded { key, .. } => Some(topics::token(*key)),
        Change::ReservationChanged { reservation_id } => Some(topics::reservation(*reservation_id)),
        Change::QueueChanged => Some(topics::QUEUE),
        Change::ScheduleSettled { schedule_id } => Some(topics::schedule(*schedule_id)),
        Change::TokenIssued { .. }
        | Change::TokenMoved { .. }
        | Change::VisitMoved { .. }
        | Change::Drawn { .. }
        | Change::StaffKeysChanged
        | Change::ClockTurned { .. }
        | Change::EventRecorded
        | Change::ScheduleChanged { .. }
        | Change::SeatsChanged { .. } => None,
    }
}

/// What goes by time is refused nothing: a refusal here is our own mistake, and the transaction goes on without the piece.
fn written(outcome: Outcome<()>) -> rusqlite::Result<()> {
    match outcome {
        Ok(()) => Ok(()),
        Err(Failure::Broken(error)) => Err(error),
        Err(failure) => {
            log::error!("the sweeper was refused: {failure:?}");
            Ok(())
        }
    }
}
