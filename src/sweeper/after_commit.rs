//! What follows each commit: memory learns what it changed, and those who wait for it are woken.

use std::sync::atomic::Ordering::Relaxed;

use rusqlite::Connection;

use super::{NOTHING_TO_SETTLE, Sweeper};
use crate::call::{Change, Snapshot, Tx, topics};
use crate::clock::Millis;
use crate::queue;
use crate::reservation;
use crate::store::{Failure, Outcome};
use crate::webhook;

impl Sweeper {
    /// Memory learns what a commit changed, then those who waited for it are woken.
    pub(super) fn learn(&self, connection: &mut Connection, now: Millis, changes: &[Change]) -> Outcome<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.lines.apply(changes, queue::read_changed(connection, changes)?, now);
        self.maps.apply(changes);
        let mut woken = Vec::with_capacity(changes.len());
        for change in changes {
            match change {
                Change::StaffKeysChanged => self.keyring.fill(connection)?,
                Change::ClockTurned { ms } => self.clock.advance_ms(*ms),
                Change::ScheduleChanged { .. } => {
                    // It may have been cancelled; a date that rests goes on resting.
                    let _ = self.settle_from.compare_exchange(NOTHING_TO_SETTLE, 0, Relaxed, Relaxed);
                }
                _ => {}
            }
            woken.extend(change.topics().into_iter().flatten());
        }
        if changes.contains(&Change::EventRecorded) {
            woken.extend([topics::EVENTS, topics::EVENT_STREAM]); // once for all the events of a commit
        }
        for change in changes {
            if let Change::ClockStepped { ms } = change {
                self.lines.move_deadlines(now, *ms); // before the clock: nobody is late meanwhile
                self.clock.follow_step(*ms);
            }
        }
        self.notifier.notify(woken);
        for change in changes {
            if let Change::Restored { snapshot } = change {
                self.restore(connection, snapshot)?; // last: what else was committed with it is of before
            }
        }
        let may_be_new = |change: &Change| matches!(change, Change::WebhookChanged { .. } | Change::Restored { .. });
        match changes.iter().any(may_be_new) {
            true => self.webhooks.wake(),
            false => self.webhooks.wake_if_any(),
        }
        Ok(())
    }

    /// Puts the file back to a snapshot. Then all that memory knows is forgotten or read anew, and nobody waits any
    /// longer for what came before. Where the file cannot be put back, nothing changes and who asked is told.
    fn restore(&self, connection: &mut Connection, snapshot: &Snapshot) -> Outcome<()> {
        let move_all = |tx: &Tx, moment, ms| {
            reservation::move_holds(tx, moment, ms)?;
            queue::move_visits(tx, moment, ms)?;
            Ok(webhook::move_moments(tx, ms)?)
        };
        let put_back = snapshot.put_back(connection, &self.clock, self.clock.now(), move_all);
        snapshot.note(put_back.as_ref().copied().map_err(Failure::to_refusal));
        let now = match put_back {
            Ok(now) => now,
            Err(failure) => {
                log::error!("the file could not be put back to a snapshot; look at the disk: {failure}");
                return Ok(());
            }
        };
        queue::load_again(connection, &self.lines, now)?;
        self.keyring.fill(connection)?;
        self.maps.forget();
        self.rate_limits.iter().for_each(|limit| limit.clear());
        self.skipped.clear();
        self.settle_from.store(0, Relaxed);
        self.forgot_at.store(0, Relaxed);
        self.notifier.end_all();
        Ok(())
    }
}
