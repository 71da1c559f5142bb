//! The report of a rush, for people and for machines.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::audit::Event;
use super::customer::BoxedCustomer;
use super::plan::Behaviour;
use super::run::Ending;
use super::stats::{Phase, Stats};
use crate::call::EventType;
use crate::platform;

/// Faults of one check that are shown.
const FAULTS_SHOWN: usize = 5;

/// What one check of the audit came to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Check {
    pub name: &'static str,
    pub clean: bool,
    pub fault_count: usize,
    /// The first of them.
    pub faults: Vec<String>,
}

impl Check {
    pub(super) fn of(name: &'static str, mut faults: Vec<String>) -> Check {
        let fault_count = faults.len();
        faults.truncate(FAULTS_SHOWN);
        Check { name, clean: fault_count == 0, fault_count, faults }
    }
}

/// Latencies of one kind of call, in milliseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Latency {
    calls: u64,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    max_ms: f64,
}

/// Estimates of the wait beside the real waits.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WaitError {
    estimates: usize,
    mean_real_wait_seconds: f64,
    mean_absolute_error_seconds: f64,
    /// The mean absolute error in percent of the mean real wait.
    percent: f64,
}

/// What a part of the run took.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhaseReport {
    name: &'static str,
    seconds: f64,
    /// Processor time of the simulated customers, and of the server if it is our own; null where the system does not
    /// tell.
    customers_cpu_seconds: Option<f64>,
    server_cpu_seconds: Option<f64>,
    /// Answered calls by their kind.
    calls: BTreeMap<&'static str, u64>,
}

impl PhaseReport {
    fn of(phase: Phase, has_own_server: bool) -> PhaseReport {
        let customers = platform::thread_cpu().map(|_| phase.customers_cpu.as_secs_f64());
        let all = phase.process_cpu.filter(|_| has_own_server);
        PhaseReport {
            name: phase.name,
            seconds: phase.seconds,
            customers_cpu_seconds: customers,
            server_cpu_seconds: all.zip(customers).map(|(all, customers)| (all - customers).max(0.0)),
            calls: phase.calls,
        }
    }

    fn text(&self) -> String {
        let cpu = |seconds: Option<f64>| seconds.map_or("?".to_owned(), |seconds| format!("{seconds:.1}"));
        let calls: u64 = self.calls.values().sum();
        let (server, customers) = (cpu(self.server_cpu_seconds), cpu(self.customers_cpu_seconds));
        format!("{:<12}{:>9.1}{calls:>11}{server:>12}{customers:>12}", self.name, self.seconds)
    }
}

/// All of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    customers: usize,
    seats: usize,
    seed: u64,
    speed: f64,
    connections: usize,
    mix: BTreeMap<Behaviour, u64>,
    endings: BTreeMap<String, u64>,
    sold: usize,
    /// From the first token to the last seat; null when seats are left.
    sold_out_after_seconds: Option<f64>,
    /// In their order.
    phases: Vec<PhaseReport>,
    /// The most memory of this process before the audit, with its customers and, without --url, the server.
    memory_peak_bytes: Option<u64>,
    /// Of it the simulated customers.
    customers_bytes: usize,
    /// The rest: the server, unless it is elsewhere, with the client's connections.
    server_bytes: Option<u64>,
    /// What the audit took beside it, which has the whole feed in memory.
    audit_bytes: Option<u64>,
    seconds: f64,
    journeys_per_second: f64,
    calls: u64,
    calls_per_second: f64,
    calls_lost: u64,
    first_loss: Option<String>,
    wait_error: Option<WaitError>,
    latencies: BTreeMap<&'static str, Latency>,
    refusals: BTreeMap<String, u64>,
    events: usize,
    audit_seconds: f64,
    /// Broken off before its end: what is told is what there was until then, and nothing was audited.
    pub stopped: bool,
    audit: Vec<Check>,
    /// Null when there was no audit.
    pub clean: Option<bool>,
}

/// What a run came to, before it is reported.
pub(super) struct Outcome {
    /// How many were to come.
    pub customers_total: usize,
    /// Those who are known: of a run that was broken off, some had an answer due.
    pub customers: Vec<BoxedCustomer>,
    pub stats: Stats,
    /// The feed and the audit; none of a run that was broken off.
    pub audited: Option<(Vec<Event>, Vec<Check>)>,
    /// The most memory before the audit.
    pub memory_peak_bytes: Option<u64>,
    /// Whether the server is part of this process.
    pub has_own_server: bool,
    pub schedule_id: i64,
    pub seats: usize,
    pub seed: u64,
    pub speed: f64,
    pub connections: usize,
    pub seconds: f64,
    pub audit_seconds: f64,
}

impl Report {
    pub(super) fn of(outcome: Outcome) -> Report {
        let (mut mix, mut endings) = (BTreeMap::new(), BTreeMap::new());
        let stopped = outcome.audited.is_none();
        let (events, checks) = outcome.audited.unwrap_or_default();
        for customer in &outcome.customers {
            *mix.entry(customer.plan.behaviour).or_default() += 1;
            let ending = customer.ending.as_ref().unwrap_or(&Ending::Failed);
            *endings.entry(ending.word()).or_default() += 1;
        }
        let unknown = outcome.customers_total.saturating_sub(outcome.customers.len()) as u64;
        if unknown > 0 {
            *endings.entry(Ending::Stopped.word()).or_default() += unknown;
        }
        let calls = outcome.stats.latencies.values().map(hdrhistogram::Histogram::len).sum();
        let (sold, last_sale_ms) = sales(&events, outcome.schedule_id);
        let sold =
            if stopped { outcome.customers.iter().map(|customer| customer.visit.seats.len()).sum() } else { sold };
        let first_ms =
            events.iter().find(|event| event.kind == Some(EventType::TokenIssued)).map_or(0, |event| event.at_ms);
        let sold_out = !stopped && sold >= outcome.seats;
        let customers_bytes = outcome.customers.iter().map(|customer| customer.bytes()).sum();
        let phases = outcome.stats.phases.into_iter().map(|phase| PhaseReport::of(phase, outcome.has_own_server));
        let beside = |bytes: u64| outcome.memory_peak_bytes.map(|peak| peak.saturating_sub(bytes));
        Report {
            customers: outcome.customers_total,
            seats: outcome.seats,
            seed: outcome.seed,
            speed: outcome.speed,
            connections: outcome.connections,
            mix,
            endings,
            sold,
            sold_out_after_seconds: sold_out.then(|| (last_sale_ms - first_ms) as f64 / 1_000.0),
            phases: phases.collect(),
            memory_peak_bytes: outcome.memory_peak_bytes,
            customers_bytes,
            server_bytes: beside(customers_bytes as u64),
            audit_bytes: platform::memory_peak_bytes().zip(beside(0)).map(|(peak, before)| peak - before),
            seconds: outcome.seconds,
            journeys_per_second: outcome.customers_total as f64 / outcome.seconds,
            calls,
            calls_per_second: calls as f64 / outcome.seconds,
            calls_lost: outcome.stats.lost,
            first_loss: outcome.stats.first_loss,
            wait_error: wait_error(&outcome.customers),
            latencies: outcome.stats.latencies.iter().map(|(call, times)| (*call, latency(times))).collect(),
            refusals: outcome.stats.refusals,
            events: events.len(),
            audit_seconds: outcome.audit_seconds,
            stopped,
            clean: (!stopped).then(|| checks.iter().all(|check| check.clean)),
            audit: checks,
        }
    }

    /// The report as people read it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |words: String| {
            let _ = writeln!(text, "{words}"); // writing to a String can't fail
        };
        let sold_out =
            self.sold_out_after_seconds.map_or("not sold out".to_owned(), |s| format!("sold out after {s:.1} s"));
        line(format!("sold {} of {} seats, {sold_out}", self.sold, self.seats));
        line(format!(
            "{} customers in {:.1} s: {:.0} journeys a second, {:.0} calls a second over {} connections, {} calls lost",
            self.customers,
            self.seconds,
            self.journeys_per_second,
            self.calls_per_second,
            self.connections,
            self.calls_lost
        ));
        line(format!("\n{:<12}{:>9}{:>11}{:>12}{:>12}", "phase", "seconds", "calls", "server CPU", "customers'"));
        self.phases.iter().for_each(|phase| line(phase.text()));
        line(String::new());
        if let Some((peak, server)) = self.memory_peak_bytes.zip(self.server_bytes) {
            let [peak, customers, server] = [peak, self.customers_bytes as u64, server].map(|bytes| bytes >> 20);
            let audit = self.audit_bytes.unwrap_or(0) >> 20;
            line(format!(
                "memory: {peak} MB at most, of it {customers} MB the simulated customers, {server} MB the server and all \
                 else; {audit} MB more for the audit"
            ));
        }
        line(format!("behaviours (seed {}): {}", self.seed, list(self.mix.iter().map(|(b, n)| (format!("{b:?}"), n)))));
        line(format!("endings: {}", list(self.endings.iter().map(|(e, n)| (e.clone(), n)))));
        line(format!("refusals: {}", list(self.refusals.iter().map(|(c, n)| (c.clone(), n)))));
        line(match &self.wait_error {
            None => "wait: no estimate was told".into(),
            Some(wait) => format!(
                "wait: {} estimates, {:.1} s off in the mean of real waits of {:.1} s ({:.0} %)",
                wait.estimates, wait.mean_absolute_error_seconds, wait.mean_real_wait_seconds, wait.percent
            ),
        });
        line(format!(
            "\n{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
            "latency in ms", "calls", "p50", "p90", "p99", "p99.9", "max"
        ));
        for (call, times) in &self.latencies {
            line(format!(
                "{call:<34}{:>9}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>9.1}",
                times.calls, times.p50_ms, times.p90_ms, times.p99_ms, times.p999_ms, times.max_ms
            ));
        }
        let Some(clean) = self.clean else {
            line("\nstopped before its end: this is what there was until then, and no audit was made".into());
            return text;
        };
        line(format!("\naudit of {} events and all books, {:.1} s:", self.events, self.audit_seconds));
        for check in &self.audit {
            let verdict = if check.clean { "clean".to_owned() } else { format!("{} FAULTS", check.fault_count) };
            line(format!("  {:<62}{verdict}", check.name));
            check.faults.iter().for_each(|fault| line(format!("      {fault}")));
        }
        line(if clean { "the audit is clean".into() } else { "THE AUDIT FAILED".into() });
        text
    }
}

fn list(pairs: impl Iterator<Item = (String, impl std::fmt::Display)>) -> String {
    let words: Vec<String> = pairs.map(|(name, count)| format!("{name} {count}")).collect();
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

fn latency(times: &hdrhistogram::Histogram<u64>) -> Latency {
    let at = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1_000.0;
    Latency {
        calls: times.len(),
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p99_ms: at(0.99),
        p999_ms: at(0.999),
        max_ms: at(1.0),
    }
}

/// Seats that are sold in the end, and when the last was.
fn sales(events: &[Event], schedule_id: i64) -> (usize, i64) {
    let sold = events
        .iter()
        .filter(|event| event.kind == Some(EventType::SeatsSold) && event.data.schedule_id == Some(schedule_id));
    sold.fold((0, 0), |(count, _), event| (count + event.data.seats.len(), event.at_ms))
}

fn wait_error(customers: &[BoxedCustomer]) -> Option<WaitError> {
    let waits = || {
        customers.iter().flat_map(|customer| &customer.waits).map(|&(told, real)| (f64::from(told), f64::from(real)))
    };
    let count = waits().count();
    let real: f64 = waits().map(|(_, real)| real).sum();
    let error: f64 = waits().map(|(told, real)| (told - real).abs()).sum();
    (count > 0).then(|| WaitError {
        estimates: count,
        mean_real_wait_seconds: real / count as f64,
        mean_absolute_error_seconds: error / count as f64,
        percent: if real > 0.0 { 100.0 * error / real } else { 0.0 },
    })
}
