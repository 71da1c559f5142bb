//! Everything at once, with the handlers behind it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::endings::{FLAGS, RULES, check};
use crate::support::wait::sleep;
use crate::torture::attackers::rage;
use crate::torture::customers::Customers;
use crate::torture::history::{Doing, Op};
use crate::torture::outside::{Holds, comes_true};
use crate::torture::proxy::Proxy;
use crate::torture::report::{Report, patience};
use crate::torture::served::{Served, Start};
use crate::torture::streams::Dice;

const DATES: usize = 30;
const SEATS: usize = 500;
const HONEST: usize = 500;
const CUSTOMERS_AT_ONCE: usize = 10;

/// Each round is a purchase of one of 500 honest customers, while the HTTP server is attacked in every way at once.
pub fn storm(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let flags = [FLAGS, &["--max-active=300"]].concat();
    let flags: Vec<&str> = flags.into_iter().filter(|flag| *flag != "--max-active=12").collect();
    let start = Start { flags: &flags, ..Start::default() };
    let Some(served) = report.got("opening", Served::open(&database, start, DATES, SEATS)) else { return };
    let mut customers = Customers::of(dice.next(), CUSTOMERS_AT_ONCE, HONEST / CUSTOMERS_AT_ONCE, (DATES, SEATS));
    // What the customers take on this machine when nobody disturbs them, and then what they take in the storm.
    let bought = |customers: &Customers| customers.history.iter().filter(|op| is_purchase(op)).count();
    let calm = Duration::from_millis(if report.wanted > 1_000 { 5_000 } else { 1_000 });
    customers.work(served.address, None, false, |_| sleep(calm));
    let (calls, attacks) = (customers.history.len(), AtomicUsize::new(0));
    let before = (bought(&customers), p99(&customers.history));
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        rage(scope, served.address, dice.next(), &enough, &attacks);
        while report.rounds < report.wanted && (report.rounds == 0 || report.has_time()) && report.violations.is_empty()
        {
            customers.work(served.address, None, false, |_| sleep(Duration::from_secs(2)));
            report.rounds = bought(&customers) - before.0;
            let lost = customers.unanswered();
            report.check(lost == 0, || format!("{lost} calls of honest customers were not answered"));
        }
        enough.store(true, Relaxed);
    });
    report.rounds = report.rounds.min(report.wanted);
    let in_storm = p99(&customers.history[calls..]);
    report.check(in_storm <= before.1 + patience(50), || format!("p99 {in_storm:?}, without the storm {:?}", before.1));
    let refused = customers.count(503) + customers.count(429) + customers.count(507);
    report.check(refused == 0, || format!("{refused} calls of honest customers were turned away"));
    let ended = served.terminate();
    report.check(ended.is_some_and(|status| status.success()), || format!("it ended so: {ended:?}"));
    let rules = crate::torture::history::Rules { max_active: 300, ..RULES };
    check(report, &customers, &database, rules);
    let (calls, attacks) = (customers.history.len(), attacks.into_inner());
    report.note(format!(
        "{calls} calls, {attacks} attacks, p99 {} ms, before {} ms",
        in_storm.as_millis(),
        before.1.as_millis()
    ));
}

fn is_purchase(op: &Op) -> bool {
    matches!(op.doing, Doing::Pay(..)) && op.said.as_ref().is_some_and(|said| said.status == 201 && !said.replayed)
}

fn p99(history: &[Op]) -> Duration {
    let mut took: Vec<u64> = history.iter().filter_map(|op| Some(op.said.as_ref()?.heard - op.asked)).collect();
    took.sort_unstable();
    Duration::from_nanos(took.get(took.len() * 99 / 100).copied().unwrap_or(0))
}

/// What is looked at again and again.
struct Sample {
    at: Duration,
    holds: Holds,
    wal_bytes: u64,
    file_bytes: u64,
    events: i64,
}

/// Each round is a look, a fifth of a second after the one before: half an hour is 9,000. Attackers, lost answers and
/// thousands of customers leave nothing behind but what they bought.
pub fn soak(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let Some(served) =
        report.got("opening", Served::open(&database, Start { flags: FLAGS, ..Start::default() }, DATES, SEATS))
    else {
        return;
    };
    let Some(proxy) = report.got("the proxy", Proxy::before(served.address, 30, dice.next())) else { return };
    let mut customers = Customers::of(dice.next(), 3, 20, (DATES, SEATS));
    customers.rest = Duration::from_millis(10);
    let (enough, attacks, began) = (AtomicBool::new(false), AtomicUsize::new(0), Instant::now());
    let mut samples = Vec::new();
    std::thread::scope(|scope| {
        rage(scope, served.address, dice.next(), &enough, &attacks);
        customers.work(proxy.address, None, true, |_| {
            while report.goes_on() {
                sleep(Duration::from_millis(200));
                let Ok(holds) = served.holds() else {
                    report.check(false, || format!("it has ended: {}", served.said()));
                    break;
                };
                let bytes = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
                let file = super::endings::file(&database);
                let events = file.query_row("SELECT max(sequence) FROM event", [], |row| row.get(0)).unwrap_or(0);
                let (wal_bytes, file_bytes) = (bytes(&database.with_extension("db-wal")), bytes(&database));
                samples.push(Sample { at: began.elapsed(), holds, wal_bytes, file_bytes, events });
            }
        });
        enough.store(true, Relaxed);
    });
    is_flat(report, &samples);
    let settled = comes_true(patience(3_000), || {
        samples
            .first()
            .is_some_and(|first| served.holds().is_ok_and(|now| now.descriptors <= first.holds.descriptors + 80))
    });
    report.check(settled, || format!("descriptors stay: {:?}", served.holds()));
    drop(proxy);
    let ended = served.terminate();
    report.check(ended.is_some_and(|status| status.success()), || format!("it ended so: {ended:?}"));
    check(report, &customers, &database, RULES);
    report.note(format!(
        "{} calls, {} unanswered, {} attacks",
        customers.history.len(),
        customers.unanswered(),
        attacks.into_inner()
    ));
}

/// What is counted, how, and how much more of it there may be.
type Figure = (&'static str, fn(&Sample) -> u64, u64);

/// The second half of the time holds no more than the first. The first fifth,
/// in which everything is opened, does not count.
fn is_flat(report: &mut Report, samples: &[Sample]) {
    let samples = &samples[samples.len() / 5..];
    let (first, second) = samples.split_at(samples.len() / 2);
    if first.is_empty() {
        return;
    }
    let most = |part: &[Sample], of: fn(&Sample) -> u64| part.iter().map(of).max().unwrap_or(0);
    let figures: [Figure; 3] = [
        ("KiB of memory", |sample| sample.holds.memory_kib as u64, 12 << 10),
        ("threads", |sample| sample.holds.threads as u64, 8),
        ("descriptors", |sample| sample.holds.descriptors as u64, 600), // two bursts more or less
    ];
    for (what, of, more) in figures {
        let (one, other) = (most(first, of), most(second, of));
        report.check(other <= one + more, || format!("{other} {what} at most, in the first half {one}"));
        report.note(format!("{what} {one} → {other}"));
    }
    let wal_bytes = most(samples, |sample| sample.wal_bytes);
    report.check(wal_bytes <= 48 << 20, || format!("the WAL is {wal_bytes} bytes large"));
    // What the file grows by is what happened.
    let (begin, end) = (&samples[0], &samples[samples.len() - 1]);
    let grown = end.file_bytes.saturating_sub(begin.file_bytes) as i64;
    let each = grown / (end.events - begin.events).max(1);
    report.check(each < 4_000, || format!("each event takes {each} bytes"));
    report.note(format!("{each} bytes an event, WAL {} KiB, {} s", wal_bytes >> 10, end.at.as_secs()));
}
