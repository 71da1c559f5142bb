//! Admissions that were: how many of the last 60 seconds count against `admitPerMinute`, and the rate at which the
//! line moves.
//!
//! [`AdmissionRate`] counts *flow*: admissions of people who had waited, each following a place that somebody gave
//! up. The people who fill the free places at the opening are not flow: nobody behind it is let in at that pace.
//! The rate is that of the last [`FLOW_ENOUGH`] admissions or of three minutes, whichever is shorter, and never
//! above the minute's share that staff set: so it follows soon when a date sells out and everybody passes
//! quickly, and does not jump when it is slow. A wait is the position over that rate. Before [`FLOW_TO_TELL`]
//! admissions over [`SECONDS_TO_TELL`] nothing is told.

use std::collections::VecDeque;

use crate::clock::Millis;

/// The length of the window, in milliseconds.
pub const WINDOW_MS: i64 = 60_000;

/// The sliding window of `admitPerMinute`: admissions of the last 60 seconds, to the millisecond, as running totals, so
/// that counting is a binary search: a poll asks too.
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

/// How far back admissions count, in milliseconds: long enough that a wait
/// does not jump, short enough to follow a change.
const MEMORY_MS: i64 = 180_000;
/// So many admissions are enough: by chance alone their rate is off by 7 % (one over the root of their number).
const FLOW_ENOUGH: u64 = 200;
/// From so many admissions on a rate is told,
const FLOW_TO_TELL: u64 = 5;
/// seen over so many seconds.
const SECONDS_TO_TELL: i64 = 5;

/// Admissions of people who had waited, by second.
#[derive(Debug, Default)]
pub struct AdmissionRate {
    seconds: VecDeque<(i64, u64)>,
    /// Places given up and not yet filled again.
    freed: u64,
}

impl AdmissionRate {
    /// A place was given up.
    pub fn free(&mut self) {
        self.freed += 1;
    }

    /// So many were let in at once, so many of whom had waited. When that reached the limit, only places that had been
    /// given up count.
    pub fn admit(&mut self, at: Millis, admitted: u64, waited: u64, at_capacity: bool) {
        let admission_rate = if at_capacity { waited.min(self.freed) } else { waited };
        self.freed = self.freed.saturating_sub(admitted);
        if admission_rate == 0 {
            return;
        }
        let ms = at.unix_ms();
        match self.seconds.back_mut() {
            Some((second_ms, count)) if ms - *second_ms < 1_000 => *count += admission_rate,
            _ => self.seconds.push_back((ms, admission_rate)),
        }
        while self.seconds.front().is_some_and(|&(old_ms, _)| old_ms <= ms - MEMORY_MS) {
            self.seconds.pop_front();
        }
    }

    /// The clock goes on so many milliseconds later.
    pub fn move_by(&mut self, by_ms: i64) {
        self.seconds.iter_mut().for_each(|(ms, _)| *ms += by_ms);
    }

    /// Admissions a second; `None` until it is known, and again when nobody was let in for long.
    pub fn rate(&self, now: Millis, admit_per_minute: u32) -> Option<f64> {
        let (mut counted, mut since_ms) = (0, now.unix_ms());
        for &(second_ms, count) in self.seconds.iter().rev() {
            if counted >= FLOW_ENOUGH || second_ms <= now.unix_ms() - MEMORY_MS {
                break;
            }
            counted += count;
            since_ms = second_ms;
        }
        let over_ms = now.unix_ms() - since_ms;
        if counted < FLOW_TO_TELL || over_ms < SECONDS_TO_TELL * 1_000 && counted < FLOW_ENOUGH {
            return None;
        }
        let over_ms = over_ms.max(1_000);
        let measured = counted as f64 * 1_000.0 / over_ms as f64;
        Some(if admit_per_minute > 0 { measured.min(f64::from(admit_per_minute) / 60.0) } else { measured })
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

    /// A repeatable stream of numbers from 0 to 1 (a linear congruential generator; constants of Knuth's MMIX).
    fn numbers(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    /// An on-sale of 4,000 people with a limit of 100 active, visits of `visit` seconds: the mean error of what people
    /// were told at each tenth admission, and the mean of their real waits, in seconds.
    fn errors_of_an_on_sale(seed: u64, visit: impl Fn(f64) -> f64) -> (f64, f64) {
        let (mut random, mut admission_rate) = (numbers(seed), AdmissionRate::default());
        let mut leaves: Vec<f64> = (0..100).map(|_| visit(random())).collect();
        admission_rate.admit(Millis::from_unix_ms(0), 100, 100, true);
        let (mut told, mut admitted_at) = (Vec::new(), Vec::new());
        for admitted in 0..3_900_usize {
            let first = (0..leaves.len()).min_by(|&a, &b| leaves[a].total_cmp(&leaves[b])).unwrap();
            let now = leaves[first];
            leaves[first] = now + visit(random());
            admission_rate.free();
            admission_rate.admit(Millis::from_unix_ms((now * 1_000.0) as i64), 1, 1, true);
            admitted_at.push(now);
            if admitted % 10 == 0 {
                let rate = admission_rate.rate(Millis::from_unix_ms((now * 1_000.0) as i64), 0);
                for ahead in [50, 500, 2_000] {
                    told.extend(rate.map(|rate| (admitted + ahead, now, f64::from(ahead as u32) / rate)));
                }
            }
        }
        let known: Vec<(f64, f64)> =
            told.into_iter().filter_map(|(index, now, wait)| Some((wait, admitted_at.get(index)? - now))).collect();
        assert!(known.len() > 500, "{}", known.len());
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        (
            mean(known.iter().map(|(told, real)| (told - real).abs()).collect()),
            mean(known.iter().map(|(_, real)| *real).collect()),
        )
    }

    #[test]
    fn wait_told_in_a_simulated_on_sale_is_off_by_a_quarter_at_most() {
        for seed in 1..=5 {
            let (error, real) = errors_of_an_on_sale(seed, |random| 30.0 + 240.0 * random);
            assert!(error < 0.25 * real, "even visits, seed {seed}: {error:.1} of {real:.1} s");
            let (error, real) = errors_of_an_on_sale(seed, |random| 5.0 - 100.0 * (1.0 - random).ln());
            assert!(error < 0.25 * real, "many short visits, seed {seed}: {error:.1} of {real:.1} s");
        }
    }

    #[test]
    fn people_who_fill_the_free_places_tell_nothing() {
        let mut admission_rate = AdmissionRate::default();
        for _ in 0..5_000 {
            admission_rate.admit(Millis::from_unix_ms(0), 1, 0, false); // quiet hours: nobody waits
            admission_rate.free();
        }
        admission_rate.admit(Millis::from_unix_ms(0), 1_000, 0, false);
        admission_rate.admit(Millis::from_unix_ms(0), 100, 100, true);
        assert_eq!(admission_rate.rate(Millis::from_unix_ms(60_000), 0), None);
    }

    #[test]
    fn rate_is_never_above_the_minutes_share_and_forgotten_when_nobody_is_let_in() {
        let mut admission_rate = AdmissionRate::default();
        admission_rate.admit(Millis::from_unix_ms(0), 60, 60, false);
        assert_eq!(admission_rate.rate(Millis::from_unix_ms(5_000), 60), Some(1.0));
        assert_eq!(admission_rate.rate(Millis::from_unix_ms(MEMORY_MS), 60), None);
    }
}
