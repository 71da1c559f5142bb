//! What goes by time. It writes down what is already true, with every transaction and whenever something becomes due:
//! holds and visits that are over, people inactive for too long, room in a line, answers and ended tokens kept long
//! enough. What memory learns after a commit is in `sweeper/after_commit.rs`.

mod after_commit;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use rusqlite::Connection;
use serde_json::json;

use crate::call::{Change, EventType, Tx, record};
use crate::clock::{Clock, Millis, Span};
use crate::http::{self, Notifier, RateLimit};
use crate::queue::{self, Lines};
use crate::reservation::{self, Settlement};
use crate::schedule;
use crate::seat::MapCache;
use crate::staff::Keyring;
use crate::store::{Failure, Outcome, SkippedRows, WriterHooks};
use crate::threads::OnFatal;
use crate::webhook::{self, Dispatch};

/// How often the file looks for answers and ended tokens to forget, in milliseconds.
const FORGET_EVERY_MS: i64 = 60_000;
/// Answers, and tokens, forgotten in one transaction at most: about a
/// millisecond of it. While more are left, the next goes on.
const FORGET_MAX: u32 = 200;
/// No cancelled date is left to settle.
const NOTHING_TO_SETTLE: i64 = i64::MAX;
/// How long a cancelled date rests when nothing of it could be settled, in milliseconds.
const BLOCKED_RETRY_MS: i64 = 60_000;
/// When what becomes due next could not be read, it is read again after so many milliseconds.
const LOOK_AGAIN_MS: i64 = 1_000;

/// What the rounds need to know.
pub struct Sweeper {
    /// The lines, whose copy in memory follows each commit.
    pub lines: Arc<Lines>,
    /// The maps, whose copies in memory do too.
    pub maps: Arc<MapCache>,
    /// The staff keys, whose copy in memory follows each commit.
    pub keyring: Arc<Keyring>,
    pub clock: Arc<Clock>,
    /// Wakes those who wait.
    pub notifier: Notifier,
    /// Sends what is added to the feed to webhooks.
    pub webhooks: Arc<Dispatch>,
    /// What counts tries by address.
    pub rate_limits: [Arc<RateLimit>; 2],
    /// How long answers are kept under their idempotency keys.
    pub idempotency_hours: u32,
    /// How long tokens are remembered that ended.
    pub token_days: u32,
    /// Cancelled dates rest until then, in milliseconds since 1970, or `NOTHING_TO_SETTLE`.
    pub settle_from: AtomicI64,
    /// When the file last forgot all that was kept long enough, in milliseconds since 1970.
    pub forgot_at: AtomicI64,
    /// Reservations and tokens that can't be settled.
    pub skipped: SkippedRows,
}

impl Sweeper {
    /// The rounds of the writer; `on_fatal` is called when nothing more may be promised.
    pub fn hooks(self, on_fatal: OnFatal) -> WriterHooks<Change> {
        let sweeper = Arc::new(self);
        let (open, close, committed, due) = (Arc::clone(&sweeper), Arc::clone(&sweeper), Arc::clone(&sweeper), sweeper);
        WriterHooks {
            before_batch: Box::new(move |tx| infallible_by_rule(open.end_due(tx))),
            after_batch: Box::new(move |tx| infallible_by_rule(close.admit(tx).and_then(|()| close.follow_wall(tx)))),
            on_commit: Box::new(move |connection, now, changes| committed.learn(connection, now, &changes)),
            next_deadline: Box::new(move |connection| due.next_due(connection)),
            on_fatal,
        }
    }

    /// Holds first, all of them: a visit may last as long as its hold.
    fn end_due(&self, tx: &Tx) -> Outcome<()> {
        let all_expired = reservation::expire_due(tx, &self.skipped)?;
        if self.settle_from().is_some_and(|from| tx.now() >= from) {
            match reservation::settle_cancelled(tx, &self.skipped)? {
                Settlement::Nothing => self.settle_from.store(NOTHING_TO_SETTLE, Relaxed),
                Settlement::Progress => {}
                Settlement::Blocked => {
                    self.settle_from.store(tx.now().plus_ms(BLOCKED_RETRY_MS).unix_ms(), Relaxed);
                }
            }
        }
        if all_expired {
            queue::end_due(tx, &self.lines, &self.skipped)?;
        }
        queue::draw_if_due(tx, &self.lines)
    }

    /// When cancelled dates are settled next; `None` where there is none to settle.
    fn settle_from(&self) -> Option<Millis> {
        Some(self.settle_from.load(Relaxed)).filter(|from| *from != NOTHING_TO_SETTLE).map(Millis::from_unix_ms)
    }

    fn admit(&self, tx: &Tx) -> Outcome<()> {
        queue::admit_next(tx, &self.lines, &self.skipped)?;
        if tx.now().unix_ms() - self.forgot_at.load(Relaxed) >= FORGET_EVERY_MS {
            let before = |hours: u32| tx.now().plus_ms(-i64::from(hours) * 3_600_000);
            let answers = http::forget(tx, before(self.idempotency_hours), FORGET_MAX)?;
            let tokens = queue::delete_ended(tx, before(self.token_days * 24), FORGET_MAX)?;
            if answers.max(tokens) < FORGET_MAX as usize {
                self.forgot_at.store(tx.now().unix_ms(), Relaxed);
            }
        }
        Ok(())
    }

    /// Follows a step of the wall: after the jobs, so that what they told is moved too.
    fn follow_wall(&self, tx: &Tx) -> Outcome<()> {
        let ms = self.clock.step_ahead_ms();
        if ms == 0 {
            return Ok(());
        }
        move_clock(tx, tx.now(), ms)?;
        // What is kept for some hours or days is kept as long from now on.
        let kept_ms = ms + i64::from(self.idempotency_hours) * 3_600_000;
        self.forgot_at.store(tx.now().plus_ms(kept_ms).unix_ms(), Relaxed);
        tx.push_change(Change::ClockStepped { ms });
        log::warn!(
            "the clock of this machine stepped ahead and is followed; holds, visits and waits keep their length: {}",
            Span(ms)
        );
        Ok(())
    }

    fn next_settling(&self, connection: &Connection) -> rusqlite::Result<Option<Millis>> {
        let Some(from) = self.settle_from() else { return Ok(None) };
        let cancelled = schedule::find_to_settle(connection)?;
        if cancelled.is_none() {
            self.settle_from.store(NOTHING_TO_SETTLE, Relaxed);
        }
        Ok(cancelled.map(|_| from))
    }

    fn next_due(&self, connection: &Connection) -> Option<Millis> {
        let holds = reservation::next_due(connection, &self.skipped);
        let line = queue::next_due(connection, &self.lines, self.clock.now(), &self.skipped);
        match (holds, line, self.next_settling(connection)) {
            (Ok(holds), Ok(line), Ok(cancelled)) => holds.into_iter().chain(line).chain(cancelled).min(),
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                log::error!(
                    "the next deadline could not be read and is looked up again; look at the disk if this repeats: \
                     {error}"
                );
                Some(self.clock.now().plus_ms(LOOK_AGAIN_MS))
            }
        }
    }
}

/// Moves everything that lives and ends after `moment` with the clock, and tells of it.
fn move_clock(tx: &Tx, moment: Millis, ms: i64) -> Outcome<()> {
    reservation::move_holds(tx, moment, ms)?;
    queue::move_visits(tx, moment, ms)?;
    webhook::move_moments(tx, ms)?;
    record(tx, EventType::ClockStepped, &json!({ "milliseconds": ms }))?;
    Ok(())
}

/// Sets the clock of a file back, to the moment of this transaction: what lives goes back with it, and what the file
/// has seen until now, the latest at `seen`, no longer counts for where a clock starts.
pub fn set_clock_back(tx: &Tx, seen: Millis) -> Outcome<()> {
    let before_all = Millis::from_unix_ms(0);
    move_clock(tx, before_all, tx.now().ms_since(seen))?;
    schedule::update_opened(tx, seen)?;
    let newest_entry =
        "UPDATE venue SET seen_at = ?1, set_back_entry_id = (SELECT ifnull(max(entry_id), 0) FROM ledger_entry)";
    tx.execute(newest_entry, [tx.now()])?;
    Ok(())
}

/// What goes by time is refused nothing: a refusal here is our own mistake,
/// and the transaction goes on without the piece.
fn infallible_by_rule(outcome: Outcome<()>) -> rusqlite::Result<()> {
    match outcome {
        Ok(()) => Ok(()),
        Err(Failure::Broken(error)) => Err(error),
        Err(failure) => {
            log::error!(
                "the sweeper could not write what is due, and goes on without; run `boxoffice check`: {failure}"
            );
            Ok(())
        }
    }
}
