//! The sliding window of `admitPerMinute`: how many were let in within the last 60 seconds, to the millisecond.

use std::collections::VecDeque;

use crate::clock::Millis;

/// The length of the window, in milliseconds.
pub const WINDOW_MS: i64 = 60_000;

/// Admissions as running totals, so that counting is a binary search: a poll asks too.
#[derive(Debug, Default)]
pub struct Window {
    /// Moments in order, each with all admissions up to and including it.
    totals: VecDeque<(i64, u64)>,
    /// All admissions before the first of those.
    forgotten: u64,
}

impl Window {
    /// Counts an admission; never earlier than the one before.
    pub fn count(&mut self, at: Millis) {
        while self.totals.front().is_some_and(|&(ms, _)| ms <= at.unix_ms() - WINDOW_MS) {
            self.forgotten = self.totals.pop_front().map_or(self.forgotten, |(_, total)| total);
        }
        let total = self.total() + 1;
        match self.totals.back_mut() {
            Some(last) if last.0 == at.unix_ms() => last.1 = total,
            _ => self.totals.push_back((at.unix_ms(), total)),
        }
    }

    /// The clock goes on so many milliseconds later.
    pub fn move_by(&mut self, by_ms: i64) {
        self.totals.iter_mut().for_each(|(ms, _)| *ms += by_ms);
    }

    /// How many were let in within the window that ends at `now`.
    pub fn admitted(&self, now: Millis) -> u64 {
        let out = self.totals.partition_point(|&(ms, _)| ms <= now.unix_ms() - WINDOW_MS);
        let before =
            out.checked_sub(1).and_then(|last| self.totals.get(last)).map_or(self.forgotten, |&(_, total)| total);
        self.total() - before
    }

    /// When the window that is full with `limit` admissions has room for one more; `None` when it was never full.
    pub fn frees_at(&self, limit: u32) -> Option<Millis> {
        let leaving = (self.total() - self.forgotten).checked_sub(u64::from(limit))? + self.forgotten + 1;
        let index = self.totals.partition_point(|&(_, total)| total < leaving);
        self.totals.get(index).map(|&(ms, _)| Millis::from_unix_ms(ms + WINDOW_MS))
    }

    fn total(&self) -> u64 {
        self.totals.back().map_or(self.forgotten, |&(_, total)| total)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn window_agrees_with_a_plain_list(steps in prop::collection::vec((0..20_000_i64, 0..4_usize), 1..200), limit in 1..9_u32) {
            let (mut window, mut list, mut now) = (Window::default(), Vec::<i64>::new(), 1_000_000_i64);
            for (step_ms, admissions) in steps {
                now += step_ms;
                for _ in 0..admissions {
                    window.count(Millis::from_unix_ms(now));
                    list.push(now);
                }
                let recent = |at: i64| list.iter().filter(|&&ms| ms > at - WINDOW_MS).count() as u64;
                prop_assert_eq!(window.admitted(Millis::from_unix_ms(now)), recent(now));
                if recent(now) >= u64::from(limit) {
                    let frees = window.frees_at(limit).unwrap().unix_ms();
                    prop_assert!(recent(frees) < u64::from(limit) && recent(frees - 1) >= u64::from(limit));
                }
            }
        }
    }
}
