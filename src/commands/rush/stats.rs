//! What the threads of a rush note down: how long each kind of call took, what was refused, what was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// Latencies up to two minutes, in microseconds, to three digits.
const LATENCY_MAX_US: u64 = 120_000_000;

/// Notes of one thread, added up at the end.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub latencies: BTreeMap<&'static str, Histogram<u64>>,
    pub refusals: BTreeMap<String, u64>,
    /// Calls without an answer.
    pub lost: u64,
    /// Why the first of them had none.
    pub first_loss: Option<String>,
}

impl Stats {
    pub(super) fn time(&mut self, call: &'static str, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(LATENCY_MAX_US).clamp(1, LATENCY_MAX_US);
        if let Some(histogram) = self.latencies.get_mut(call) {
            histogram.saturating_record(micros);
            return;
        }
        if let Ok(mut histogram) = Histogram::new_with_bounds(1, LATENCY_MAX_US, 3) {
            histogram.saturating_record(micros);
            self.latencies.insert(call, histogram);
        }
    }

    pub(super) fn refused(&mut self, code: String) {
        *self.refusals.entry(code).or_default() += 1;
    }

    pub(super) fn lost(&mut self, call: &'static str, why: &std::io::Error) {
        self.lost += 1;
        self.first_loss.get_or_insert_with(|| format!("{call}: {why}"));
    }

    /// Adds another thread's notes.
    pub(super) fn add(&mut self, other: Stats) {
        for (call, histogram) in other.latencies {
            match self.latencies.get_mut(call) {
                Some(sum) => drop(sum.add(&histogram)), // equal bounds: it always fits
                None => drop(self.latencies.insert(call, histogram)),
            }
        }
        for (code, count) in other.refusals {
            *self.refusals.entry(code).or_default() += count;
        }
        self.lost += other.lost;
        self.first_loss = self.first_loss.take().or(other.first_loss);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_two_threads_add_up() {
        let (mut one, mut two) = (Stats::default(), Stats::default());
        one.time("poll", Duration::from_micros(100));
        two.time("poll", Duration::from_micros(300));
        two.time("pay", Duration::from_secs(1_000));
        two.refused("SEAT_UNAVAILABLE".into());
        one.refused("SEAT_UNAVAILABLE".into());
        one.add(two);
        assert_eq!((one.latencies["poll"].len(), one.latencies["poll"].max()), (2, 300));
        assert_eq!(one.latencies["pay"].len(), 1);
        assert_eq!(one.refusals["SEAT_UNAVAILABLE"], 2);
    }
}
