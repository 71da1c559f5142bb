//! The program ends, in every way, and starts again on its file.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::support::wait::sleep;
use crate::torture::customers::Customers;
use crate::torture::history::{self, Rules};
use crate::torture::outside::comes_true;
use crate::torture::proxy::Proxy;
use crate::torture::report::{Report, patience};
use crate::torture::served::{PRICE, Served, Start};
use crate::torture::streams::Dice;

pub const MAX_ACTIVE: usize = 12;
/// Nothing ends by time.
pub const FLAGS: &[&str] = &[
    "--max-active=12",
    "--hold-seconds=86400",
    "--visit-seconds=86400",
    "--abandon-seconds=86400",
    "--claim-seconds=0",
    "--seats-per-user=1000",
];
pub const RULES: Rules = Rules { max_active: MAX_ACTIVE, price: PRICE, unanswered_may_be_done: true };
const DATES: usize = 20;
const SEATS: usize = 500;
const THREADS: usize = 4;
const PEOPLE: usize = 12;
/// Rounds on one file; then a new one begins, so that its history stays short.
const ROUNDS_OF_A_FILE: usize = 25;

/// Opens a file that is only read.
pub fn file(database: &Path) -> Connection {
    Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// Says what contradicts the customers' history in the file.
pub fn check(report: &mut Report, customers: &Customers, database: &Path, rules: Rules) -> bool {
    let mut faults = history::faults(&customers.history, &file(database), rules).into_iter().peekable();
    let none = faults.peek().is_none();
    faults.for_each(|fault| _ = report.check(false, || fault));
    let broken = customers.count(500);
    report.check(broken == 0, || format!("{broken} answers of status 500")) && none
}

/// How rounds of load are run and ended.
struct Way<'a> {
    flags: &'a [&'a str],
    rules: Rules,
    /// Whether the calls go through a proxy that loses some of them.
    loses: bool,
    end: fn(&mut Report, Served, &Path, &mut Dice),
}

/// Rounds of load that end in a way, each on the file that the one before left.
fn rounds(report: &mut Report, way: &Way) {
    let mut dice = Dice::of(report.seed);
    let (mut answered, mut unanswered, mut slowest) = (0, 0, Duration::ZERO);
    while report.goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("venue.db");
        let mut customers = Customers::of(dice.next(), THREADS, PEOPLE, (DATES, SEATS));
        let start = Start { flags: way.flags, ..Start::default() };
        for round in 0..ROUNDS_OF_A_FILE {
            if round > 0 && !report.goes_on() {
                break;
            }
            if dice.one_in(4) {
                let moment = Duration::from_micros(dice.below(60_000) as u64);
                report.got("a start", Served::start_and_kill(&database, start, moment));
            }
            let Some(served) = report.got("starting", Served::start(&database, start)) else { return };
            slowest = slowest.max(served.ready_after);
            if round == 0 {
                let made = served.add_dates(DATES as i64, SEATS as i64).and_then(|()| served.add_own_line(SEATS));
                let Some(own) = report.got("dates", made) else { return };
                customers = customers.with_own_line(own);
            }
            let proxy = way.loses.then(|| Proxy::before(served.address, 20, dice.next()).unwrap());
            let address = proxy.as_ref().map_or(served.address, |proxy| proxy.address);
            customers.work(address, None, way.loses, |_| (way.end)(report, served, &database, &mut dice));
            if !check(report, &customers, &database, way.rules) {
                return;
            }
        }
        answered += customers.answered();
        unanswered += customers.unanswered();
    }
    report.check(slowest < patience(2_000), || format!("ready after {slowest:?} only"));
    report.note(format!("{answered} answers kept, {unanswered} calls unanswered; ready in {} ms", slowest.as_millis()));
}

/// Some time under load.
fn a_moment(dice: &mut Dice) {
    sleep(Duration::from_micros(5_000 + dice.below(250_000) as u64));
}

pub fn kill(report: &mut Report) {
    let end = |_: &mut Report, served: Served, _: &Path, dice: &mut Dice| {
        a_moment(dice);
        served.kill();
    };
    rounds(report, &Way { flags: FLAGS, rules: RULES, loses: false, end });
}

pub fn stop(report: &mut Report) {
    let rules = Rules { unanswered_may_be_done: false, ..RULES };
    let end = |report: &mut Report, served: Served, database: &Path, dice: &mut Dice| {
        a_moment(dice);
        let ended = served.terminate();
        let wal_bytes = std::fs::metadata(database.with_extension("db-wal")).map_or(0, |wal| wal.len());
        report.check(wal_bytes == 0, || format!("{wal_bytes} bytes of the WAL were not written back"));
        report.check(ended.is_some_and(|status| status.success()), || format!("it ended so: {ended:?}"));
    };
    rounds(report, &Way { flags: FLAGS, rules, loses: false, end });
}

/// Everything at once: answers are lost, the clock is turned so that holds, visits and silences end, and then a kill.
pub fn history(report: &mut Report) {
    const BY_TIME: &[&str] = &[
        "--test-clock",
        "--max-active=12",
        "--hold-seconds=60",
        "--visit-seconds=120",
        "--abandon-seconds=40",
        "--claim-seconds=20",
        "--seats-per-user=1000",
    ];
    let end = |report: &mut Report, served: Served, _: &Path, dice: &mut Dice| {
        for _ in 0..dice.below(12) {
            a_moment(dice);
            let turned = json!({ "advanceMilliseconds": dice.below(30_000) });
            report.got("turning the clock", served.staff("POST", "/clock", turned, 200));
        }
        served.kill();
    };
    rounds(report, &Way { flags: BY_TIME, rules: RULES, loses: true, end });
}

/// Calls go through a proxy that loses a third of them; whoever gets no answer asks again under the same key.
pub fn lost_answers(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let mut lost = 0;
    while report.rounds < report.wanted && (report.rounds == 0 || report.has_time()) && report.violations.is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("venue.db");
        let start = Start { flags: FLAGS, ..Start::default() };
        let Some(served) = report.got("opening", Served::open(&database, start, DATES, SEATS)) else { return };
        let Some(proxy) = report.got("the proxy", Proxy::before(served.address, 3, dice.next())) else { return };
        let mut customers = Customers::of(dice.next(), 4, PEOPLE, (DATES, SEATS));
        let retries = (report.wanted - report.rounds).min(1_000);
        customers.work(proxy.address, None, true, |_| {
            comes_true(Duration::from_secs(60), || proxy.dropped.load(Relaxed) >= retries || !report.has_time());
        });
        report.rounds += proxy.dropped.load(Relaxed);
        lost += customers.unanswered();
        let ended = served.terminate();
        report.check(ended.is_some_and(|status| status.success()), || format!("it ended so: {ended:?}"));
        check(report, &customers, &database, RULES);
    }
    report.note(format!("{lost} calls without an answer, asked again"));
}
