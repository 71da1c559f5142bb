//! What the threads of a rush note down: how long each kind of call took, what was refused, what was lost, and what
//! each phase took.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::platform::ProcessFigures;

/// Latencies up to two minutes, in microseconds, to three digits.
const LATENCY_MAX_US: u64 = 120_000_000;

/// The notes of all threads.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub latencies: BTreeMap<&'static str, Histogram<u64>>,
    pub refusals: BTreeMap<String, u64>,
    /// Calls without an answer.
    pub lost: u64,
    /// Why the first of them had none.
    pub first_loss: Option<String>,
    /// The phases so far, the last of them under way until its `seconds` are known.
    pub phases: Vec<Phase>,
}

/// A part of a run.
#[derive(Debug)]
pub(super) struct Phase {
    pub name: &'static str,
    began: Instant,
    /// How long it took; 0 while it is under way.
    pub seconds: f64,
    /// Processor seconds of this process when it began, then those within the phase.
    pub process_cpu: Option<f64>,
    /// Processor time of the simulated customers within it; none where the system does not tell.
    pub customers_cpu: Duration,
    pub calls: BTreeMap<&'static str, u64>,
}

impl Stats {
    /// A phase begins, and the one before it ends.
    pub(super) fn begin(&mut self, name: &'static str) {
        self.end();
        self.phases.push(Phase {
            name,
            began: Instant::now(),
            seconds: 0.0,
            process_cpu: ProcessFigures::read().cpu_seconds,
            customers_cpu: Duration::ZERO,
            calls: BTreeMap::new(),
        });
    }

    /// The phase that is under way ends.
    pub(super) fn end(&mut self) {
        if let Some(phase) = self.phases.last_mut().filter(|phase| phase.seconds == 0.0) {
            phase.seconds = phase.began.elapsed().as_secs_f64();
            let used = ProcessFigures::read().cpu_seconds.zip(phase.process_cpu);
            phase.process_cpu = used.map(|(now, before)| now - before);
        }
    }

    /// A call was answered.
    pub(super) fn time(&mut self, call: &'static str, took: Duration) {
        if let Some(phase) = self.phases.last_mut() {
            *phase.calls.entry(call).or_default() += 1;
        }
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

    /// A thread of customers used so much of a processor.
    pub(super) fn used(&mut self, cpu: Duration) {
        if let Some(phase) = self.phases.last_mut() {
            phase.customers_cpu += cpu;
        }
    }

    pub(super) fn refused(&mut self, code: String) {
        *self.refusals.entry(code).or_default() += 1;
    }

    pub(super) fn lost(&mut self, call: &'static str, why: &std::io::Error) {
        self.lost += 1;
        self.first_loss.get_or_insert_with(|| format!("{call}: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rush_notes_calls_by_kind_and_by_phase() {
        let mut stats = Stats::default();
        stats.begin("join");
        stats.time("poll", Duration::from_micros(100));
        stats.used(Duration::from_millis(2));
        stats.begin("sale");
        stats.time("poll", Duration::from_micros(300));
        stats.time("pay", Duration::from_secs(1_000));
        stats.refused("SEAT_UNAVAILABLE".into());
        stats.refused("SEAT_UNAVAILABLE".into());
        stats.end();
        assert_eq!((stats.latencies["poll"].len(), stats.latencies["poll"].max()), (2, 300));
        assert_eq!(stats.latencies["pay"].len(), 1);
        assert_eq!(stats.refusals["SEAT_UNAVAILABLE"], 2);
        let [join, sale] = &stats.phases[..] else { panic!("{:?}", stats.phases) };
        assert_eq!((join.calls["poll"], join.customers_cpu), (1, Duration::from_millis(2)));
        assert_eq!((sale.calls["poll"], sale.calls["pay"], sale.customers_cpu), (1, 1, Duration::ZERO));
        assert!(join.seconds > 0.0 && sale.seconds > 0.0);
    }
}
