//! What a row has seen.

use std::fmt::Debug;
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::rows::Row;

/// After so many violations a row has shown enough.
const VIOLATIONS_MAX: usize = 12;

/// What stands before the clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Against {
    /// The HTTP server, with tiny_http behind it.
    Server,
    /// tiny_http alone: what the rows must find wanting.
    Direct,
}

/// What a row has seen so far.
pub struct Report {
    /// How many rounds it shall run.
    pub wanted: usize,
    /// How many it ran.
    pub rounds: usize,
    pub against: Against,
    pub seed: u64,
    pub violations: Vec<String>,
    pub notes: Vec<String>,
    /// When it shall have come to an end, if it is not to run all its rounds.
    until: Option<Instant>,
    took: Duration,
}

impl Report {
    /// Runs a row: so many rounds, or fewer when a time is given and over.
    pub fn of(row: &Row, rounds: usize, against: Against, seed: Option<u64>, time: Option<Duration>) -> Report {
        let since_1970 = UNIX_EPOCH.elapsed().unwrap_or_default();
        let seed = seed.unwrap_or(u64::from(since_1970.subsec_micros()) << 16 | u64::from(std::process::id()));
        let mut report = Report {
            wanted: rounds,
            rounds: 0,
            against,
            seed,
            violations: Vec::new(),
            notes: Vec::new(),
            until: None,
            took: Duration::ZERO,
        };
        let start = Instant::now();
        report.until = time.map(|time| start + time);
        (row.run)(&mut report);
        report.took = start.elapsed();
        let all_ran = report.rounds >= report.wanted || !report.violations.is_empty();
        let all_ran = all_ran || report.rounds > 0 && !report.has_time();
        report.check(all_ran, || "not every round ran".to_owned());
        report
    }

    /// Notes a violation unless it holds; gives whether it does. It is told at once,
    /// since what is broken may never come to an end.
    pub fn check(&mut self, holds: bool, what: impl FnOnce() -> String) -> bool {
        if !holds && self.violations.len() < VIOLATIONS_MAX {
            let violation = format!("round {}: {}", self.rounds, what());
            println!("    VIOLATION {violation}");
            self.violations.push(violation);
        }
        holds
    }

    /// The value, or a violation.
    pub fn got<T, E: Debug>(&mut self, what: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.check(false, || format!("{what}: {error:?}"))).ok()
    }

    /// Whether its time is not over yet.
    pub fn has_time(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }

    /// Another round is to be run.
    pub fn goes_on(&mut self) -> bool {
        let is_time = self.rounds == 0 || self.has_time();
        let goes_on = self.rounds < self.wanted && self.violations.len() < VIOLATIONS_MAX && is_time;
        self.rounds += usize::from(goes_on);
        goes_on
    }

    pub fn note(&mut self, what: String) {
        self.notes.push(what);
    }

    /// The line of the table.
    pub fn line(&self, name: &str) -> String {
        let (rounds, violations, took) = (self.rounds, self.violations.len(), self.took.as_secs_f32());
        format!("{name:<22} {rounds:>7} {violations:>10} {took:>8.1}  {}", self.notes.join("; "))
    }
}

/// What is allowed to take so long takes longer in a debug build beside other tests.
pub fn patience(release_ms: u64) -> Duration {
    Duration::from_millis(if cfg!(debug_assertions) { release_ms * 10 } else { release_ms })
}
