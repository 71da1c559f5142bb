//! `scripts/bench line [--waiting N] [--drop N] [--json]`: the waiting line of a stadium on this machine. Restart, memory,
//! polls beside a short line, polls while a crowd is dropped, admissions, and their exactness. Each figure stands beside its
//! limit.

#![allow(clippy::unwrap_used, reason = "what a benchmark cannot go on without ends it here")]

mod line_hall;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use boxoffice::clock::Millis;
use boxoffice::commands::rush::audit::{self, Event, Limits};
use line_hall::{Server, fill, poll_all, poll_until, storm};
use serde_json::{Value, json};

const CONNECTIONS: usize = 64;
const POLLS: usize = 40_000;
const ROUNDS: usize = 5;
const STARTS: usize = 3;
const SHORT: usize = 1_000;
/// Connections of those who poll while others are dropped.
const BYSTANDERS: usize = 16;
/// Admissions are counted for so long at most.
const ADMISSIONS_FOR: Duration = Duration::from_secs(10);

/// One figure with its limit.
struct Figure {
    name: &'static str,
    values: Vec<f64>,
    limit: Option<(&'static str, f64)>,
}

impl Figure {
    fn sorted(&self) -> Vec<f64> {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        values
    }

    fn median(&self) -> f64 {
        self.sorted()[self.values.len() / 2]
    }

    fn held(&self) -> bool {
        self.limit.is_none_or(|(word, limit)| match word {
            "at most" => self.median() <= limit,
            _ => self.median() >= limit,
        })
    }

    fn print(&self) {
        let (values, limit) = (self.sorted(), self.limit.map(|(word, limit)| format!("{word} {limit}")));
        let verdict = if self.held() { "" } else { "  MISSED" };
        println!(
            "{:<64}{:>12.3}  ({:.3} to {:.3}){:>16}{verdict}",
            self.name,
            self.median(),
            values[0],
            values[values.len() - 1],
            limit.unwrap_or_default()
        );
    }

    fn json(&self) -> Value {
        let values = self.sorted();
        let limit = self.limit.map(|(word, limit)| json!({ "word": word, "value": limit }));
        json!({ "name": self.name, "median": self.median(), "least": values[0], "most": values[values.len() - 1],
            "limit": limit, "held": self.held() })
    }
}

/// Figures as they come.
struct Figures {
    json: bool,
    all: Vec<Figure>,
}

impl Figures {
    fn add(&mut self, name: &'static str, values: Vec<f64>, limit: Option<(&'static str, f64)>) {
        let figure = Figure { name, values, limit };
        if !self.json {
            figure.print();
        }
        self.all.push(figure);
    }
}

fn number(name: &str, otherwise: usize) -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).map_or(otherwise, |value| value.parse().unwrap())
}

/// A file with so many waiting in a line that stands still.
fn file(folder: &Path, name: &str, waiting: usize) -> PathBuf {
    let path = folder.join(name);
    let server = Server::start(&path);
    server.change(&json!({ "paused": true, "abandonSeconds": 86_400, "claimSeconds": 0 }));
    drop(server);
    fill(&path, waiting);
    path
}

fn starts_and_memory(figures: &mut Figures, empty: &Path, long: &Path, waiting: usize) {
    let (mut seconds, mut bytes, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let base = Server::start(empty).memory("VmRSS");
        let server = Server::start(long);
        assert_eq!(server.figure("waiting"), waiting as u64);
        seconds.push(server.started_in.as_secs_f64());
        bytes.push((server.memory("VmRSS") - base) / waiting as f64);
        peaks.push((server.memory("VmHWM") - base) / waiting as f64);
    }
    figures.add("restart: seconds until it serves", seconds, Some(("at most", 5.0)));
    figures.add("memory: resident bytes per waiting token", bytes, Some(("at most", 200.0)));
    figures.add("memory: the same at its peak while starting", peaks, None);
}

fn polls(figures: &mut Figures, short: &Server, long: &Server, waiting: usize) {
    let (mut few, mut many, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    storm(&short.address, CONNECTIONS, POLLS / 4, SHORT); // both warm
    storm(&long.address, CONNECTIONS, POLLS / 4, waiting);
    for round in 0..ROUNDS {
        let ask_few = |few: &mut Vec<f64>| few.push(storm(&short.address, CONNECTIONS, POLLS, SHORT).0);
        if round % 2 == 0 {
            ask_few(&mut few);
        }
        many.push(storm(&long.address, CONNECTIONS, POLLS, waiting).0);
        if round % 2 == 1 {
            ask_few(&mut few); // the order turns, so that neither profits from what else the machine does
        }
        ratios.push(many[round] / few[round]);
    }
    figures.add("polls a second with 1,000 waiting", few, None);
    figures.add("polls a second with all of them waiting", many, None);
    figures.add("polls: the ratio of the two", ratios, Some(("at least", 0.9)));
}

/// All but the first `dropped` are heard of again, then the clock is turned until the first are abandoned.
fn drops(figures: &mut Figures, server: &Server, waiting: usize, dropped: usize) {
    server.change(&json!({ "abandonSeconds": 3_600 }));
    server.advance_ms(1_800_000);
    let next = AtomicUsize::new(dropped);
    let heard = || Some(next.fetch_add(1, Relaxed)).filter(|number| *number < waiting);
    poll_all(&server.address, CONNECTIONS, &AtomicBool::new(true), heard);
    assert_eq!(server.figure("waiting"), waiting as u64, "nobody is due yet");
    let p99_ms = |latencies: &[u64]| latencies[latencies.len() * 99 / 100] as f64 / 1_000.0;
    let bystanders = |work: &dyn Fn()| {
        let (counts, over) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let polls = scope.spawn(|| poll_until(&server.address, BYSTANDERS, dropped..waiting, &counts, &over));
            std::thread::park_timeout(Duration::from_millis(500)); // until all of them poll
            counts.store(true, Relaxed);
            work();
            over.store(true, Relaxed);
            polls.join().unwrap()
        })
    };
    let quiet = bystanders(&|| std::thread::park_timeout(Duration::from_secs(3)));
    let left = (waiting - dropped) as u64;
    let took = std::cell::Cell::new(0.0);
    let busy = bystanders(&|| {
        let began = Instant::now();
        server.advance_ms(1_800_000);
        while server.figure("waiting") > left && began.elapsed() < Duration::from_secs(120) {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        took.set(began.elapsed().as_secs_f64());
    });
    assert_eq!(server.figure("waiting"), left, "the abandoned are dropped, and nobody else");
    figures.add("drops: p99 of polls just before, in ms", vec![p99_ms(&quiet)], None);
    figures.add("drops: p99 of polls while they are dropped, in ms", vec![p99_ms(&busy)], Some(("at most", 10.0)));
    figures.add("drops: longest poll meanwhile, in ms", vec![busy[busy.len() - 1] as f64 / 1_000.0], None);
    figures.add("drops: abandoned tokens dropped a second", vec![dropped as f64 / took.get()], None);
}

fn admissions(figures: &mut Figures, server: &Server) {
    let before = last_event(server);
    let waiting = server.figure("waiting");
    let began = Instant::now();
    server.change(&json!({ "paused": false, "maxActive": 0, "admitPerMinute": 0 }));
    while server.figure("active") < waiting && began.elapsed() < ADMISSIONS_FOR {
        std::thread::park_timeout(Duration::from_millis(50));
    }
    server.change(&json!({ "paused": true }));
    let seconds = began.elapsed().as_secs_f64();
    let admitted = server.figure("active");
    figures.add("admissions a second with the limits lifted", vec![admitted as f64 / seconds], None);
    let events = events(server, before);
    let order: Vec<&str> = admitted_users(&events);
    assert_eq!(order.len() as u64, admitted, "the feed tells of every admission");
    let overtaken = order.windows(2).filter(|pair| pair[0] >= pair[1]).count(); // user ids ascend with the places
    figures.add("admissions: people overtaken", vec![overtaken as f64], Some(("at most", 0.0)));
}

fn admitted_users(events: &[Event]) -> Vec<&str> {
    let admitted = events.iter().filter(|event| event.kind == "TOKEN_ADMITTED");
    admitted.map(|event| event.data["userId"].as_str().unwrap()).collect()
}

/// A line under both limits, turned through many minutes in uneven steps while the limits change: the feed must show that
/// no limit was ever passed, and after each step no place may be idle.
fn exactness(figures: &mut Figures, folder: &Path) {
    let waiting = 20_000;
    let server = Server::start(&file(folder, "exact.db", waiting));
    let after = last_event(&server);
    server.change(&json!({ "maxActive": 150, "admitPerMinute": 400, "visitSeconds": 7, "paused": false }));
    let mut idle = 0;
    for step in 0..200_u64 {
        match step {
            60 => server.change(&json!({ "maxActive": 40 })),
            100 => server.change(&json!({ "maxActive": 300, "admitPerMinute": 900 })),
            150 => server.change(&json!({ "maxActive": 0, "admitPerMinute": 250 })),
            _ => {}
        }
        server.advance_ms(step.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 9_000);
        idle += u64::from(!no_place_is_idle(&server));
    }
    let feed = events(&server, after);
    let limits = Limits { max_active: 150, admit_per_minute: 400 };
    let broken = audit::limits_broken(&feed, limits, 0);
    broken.iter().take(5).for_each(|fault| eprintln!("{fault}"));
    let order = admitted_users(&feed);
    assert!(order.len() > 1_000, "enough were let in to see something");
    figures.add("exactness: admissions looked at", vec![order.len() as f64], None);
    figures.add("exactness: admissions past a limit", vec![broken.len() as f64], Some(("at most", 0.0)));
    figures.add("exactness: steps with an idle place", vec![idle as f64], Some(("at most", 0.0)));
    figures.add("exactness: gaps in the feed", vec![audit::gaps(&feed, after).len() as f64], Some(("at most", 0.0)));
}

/// Whether a limit, or nobody waiting, keeps the next out; looked at until it is so, for two seconds.
fn no_place_is_idle(server: &Server) -> bool {
    let began = Instant::now();
    loop {
        let queue = server.staff("GET", "/queue", &Value::Null);
        let figure = |name: &str| queue[name].as_u64().unwrap();
        let full = |limit: &str, taken: &str| figure(limit) > 0 && figure(taken) >= figure(limit);
        if figure("waiting") == 0 || full("maxActive", "active") || full("admitPerMinute", "admittedLastMinute") {
            return true;
        }
        if began.elapsed() > Duration::from_secs(2) {
            return false;
        }
    }
}

fn events(server: &Server, after: i64) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let last = events.last().map_or(after, |event| event.sequence);
        let mut page = server.staff("GET", &format!("/events?after={last}&limit=1000"), &Value::Null);
        let Value::Array(page) = page["events"].take() else { panic!("no events") };
        if page.is_empty() {
            return events;
        }
        events.extend(page.into_iter().map(|mut event| Event {
            sequence: event["sequence"].as_i64().unwrap(),
            kind: event["type"].as_str().unwrap().to_owned(),
            at_ms: Millis::parse_rfc3339(event["at"].as_str().unwrap()).unwrap().unix_ms(),
            data: event["data"].take(),
        }));
    }
}

fn last_event(server: &Server) -> i64 {
    events(server, 0).last().map_or(0, |event| event.sequence)
}

fn main() {
    let (waiting, dropped) = (number("--waiting", 1_000_000), number("--drop", 100_000));
    let mut figures = Figures { json: std::env::args().any(|argument| argument == "--json"), all: Vec::new() };
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let (empty, short, long) = (
        file(folder.path(), "empty.db", 0),
        file(folder.path(), "short.db", SHORT),
        file(folder.path(), "long.db", waiting),
    );
    if !figures.json {
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "{waiting} waiting, {dropped} of them to be dropped (files made in {seconds:.0} s): median (least to most)"
        );
    }
    starts_and_memory(&mut figures, &empty, &long, waiting);
    let server = Server::start(&long);
    polls(&mut figures, &Server::start(&short), &server, waiting);
    drops(&mut figures, &server, waiting, dropped);
    admissions(&mut figures, &server);
    drop(server);
    exactness(&mut figures, folder.path());
    let held = figures.all.iter().all(Figure::held);
    if figures.json {
        let all: Vec<Value> = figures.all.iter().map(Figure::json).collect();
        println!("{}", json!({ "waiting": waiting, "dropped": dropped, "figures": all, "held": held }));
    }
    std::process::exit(i32::from(!held));
}
