//! Inactivity deadlines: a min-heap with lazy deletion. A poll does not touch it: an entry that comes up is looked at
//! again, and put back at its later moment when its owner polled since.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::clock::Millis;

/// Moments, each with a slot of the line and the token that it was noted for.
#[derive(Debug, Default)]
pub struct DeadlineHeap(BinaryHeap<Reverse<Entry>>);

/// A moment in milliseconds, a slot, and the low half of the token's id, which tells whether the slot is still the same
/// token's.
type Entry = (i64, u32, u32);

impl DeadlineHeap {
    /// Notes a moment for a token in a slot.
    pub fn note(&mut self, until: Millis, slot: usize, token_id: i64) {
        self.0.push(Reverse((until.unix_ms(), slot as u32, token_id as u32)));
    }

    /// Notes all afresh.
    pub fn refill(&mut self, all: impl IntoIterator<Item = (Millis, usize, i64)>) {
        self.0.clear();
        all.into_iter().for_each(|(until, slot, token_id)| self.note(until, slot, token_id));
    }

    /// The next moment at which somebody is due, by what `until` says now of a slot and token.
    pub fn next(&mut self, until: impl Fn(usize, u32) -> Option<Millis>) -> Option<Millis> {
        loop {
            let &Reverse((noted_ms, slot, tag)) = self.0.peek()?;
            let really = until(slot as usize, tag);
            if really.is_some_and(|really| really.unix_ms() <= noted_ms) {
                return really;
            }
            self.0.pop();
            if let Some(really) = really {
                self.0.push(Reverse((really.unix_ms(), slot, tag)));
            }
        }
    }

    /// The tokens due at `now`, at most `limit` of them. They stay noted until they are gone from the line, so that a
    /// transaction that fails loses nobody.
    pub fn list_due(&mut self, now: Millis, limit: usize, until: impl Fn(usize, u32) -> Option<Millis>) -> Vec<usize> {
        let mut due = Vec::new();
        while due.len() < limit && self.next(&until).is_some_and(|at| at <= now) {
            due.extend(self.0.pop());
        }
        let slots = due.iter().map(|Reverse((_, slot, _))| *slot as usize).collect();
        self.0.extend(due);
        slots
    }
}
