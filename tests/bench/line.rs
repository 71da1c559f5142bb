//! `scripts/bench line`: the waiting line of a stadium on this machine. Restart, memory, polls beside a short line,
//! polls while many are dropped, admissions, and their exactness.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use boxoffice::call::EventType;
use boxoffice::clock::Millis;
use boxoffice::commands::rush::audit::{self, Event, Limits};
use serde_json::{Value, json};

use crate::figures::{Figures, Limit};
use crate::filling::{self, Filling};
use crate::load::{self, Load, Outcome, Play};
use crate::served::Served;
use crate::wait;
use crate::wire::{Answer, request};

const CONNECTIONS: usize = 64;
const POLLS: usize = 40_000;
const ROUNDS: usize = 5;
const STARTS: usize = 3;
const SHORT: usize = 1_000;
/// Connections of those who poll while others are dropped.
const BYSTANDERS: usize = 16;
/// Their polls before anybody is dropped.
const POLLS_AT_REST: usize = 20_000;
/// Admissions are counted for so long at most.
const ADMISSIONS_FOR: Duration = Duration::from_secs(10);

/// How long the line is.
#[derive(clap::Args, Clone)]
pub struct Length {
    /// People in the line.
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    waiting: usize,
    /// How many of them are dropped.
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    drop: usize,
}

/// Polls of people by their numbers, as long as there is a next one.
struct Polls<N> {
    /// The next number, and the series that the latency belongs to.
    next: N,
    asked: Vec<usize>,
}

impl<N: FnMut() -> Option<(usize, usize)>> Play for Polls<N> {
    fn series(&self) -> usize {
        2
    }

    fn ask(&mut self, place: usize, out: &mut Vec<u8>) -> Option<usize> {
        let (number, series) = (self.next)()?;
        self.asked[place] = number;
        out.extend(request("GET", "/api/v1/queue/token", &filling::token(number), &Value::Null));
        Some(series)
    }

    fn hear(&mut self, place: usize, answer: &Answer) -> Result<(), String> {
        let is_own = answer.status == 200 && answer.member("token") == Some(&filling::token(self.asked[place]));
        is_own.then_some(()).ok_or_else(|| answer.text().to_owned())
    }
}

fn poll_all(served: &Served, connections: usize, next: impl FnMut() -> Option<(usize, usize)>) -> Outcome {
    let load = Load { connections, is_new_each: false, per_second: None, lasting: Duration::from_secs(600) };
    load::run(served.address, load, &mut Polls { next, asked: vec![0; connections] }).unwrap().must_be_right("polls")
}

/// Polls a second of people all over the line.
fn storm(served: &Served, count: usize, waiting: usize) -> f64 {
    let mut turn = 0_u64;
    let outcome = poll_all(served, CONNECTIONS, || {
        turn += 1;
        (turn <= count as u64).then(|| (turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize % waiting, 0))
    });
    outcome.answers() as f64 / outcome.seconds
}

/// A file with so many waiting in a line that stands still.
fn file(folder: &Path, name: &str, waiting: usize) -> PathBuf {
    let path = folder.join(name);
    let rules = json!({ "paused": true, "abandonSeconds": 86_400, "claimSeconds": 0 });
    let filling = Filling::new(&path, &rules);
    filling.users(0..waiting, false);
    filling.waiting(0..waiting);
    filling.done();
    path
}

fn start(database: &Path) -> Served {
    Served::boxoffice(database, &["--test-clock"])
}

fn starts_and_memory(figures: &mut Figures, empty: &Path, long: &Path, waiting: usize) {
    let (mut seconds, mut bytes, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let base = start(empty).memory("VmRSS");
        let server = start(long);
        assert_eq!(server.figure("waiting"), waiting as u64);
        seconds.push(server.started_in.as_secs_f64());
        bytes.push((server.memory("VmRSS") - base) / waiting as f64);
        peaks.push((server.memory("VmHWM") - base) / waiting as f64);
    }
    figures.add("restart: seconds until it serves", seconds, Limit::AtMost(5.0));
    figures.add("memory: resident bytes per waiting token", bytes, Limit::AtMost(200.0));
    figures.add("memory: the same at its peak while starting", peaks, None);
}

fn polls(figures: &mut Figures, short: &Served, long: &Served, waiting: usize) {
    let (mut few, mut many, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    storm(short, POLLS / 4, SHORT); // both warm
    storm(long, POLLS / 4, waiting);
    for round in 0..ROUNDS {
        let ask_few = |few: &mut Vec<f64>| few.push(storm(short, POLLS, SHORT));
        if round % 2 == 0 {
            ask_few(&mut few);
        }
        many.push(storm(long, POLLS, waiting));
        if round % 2 == 1 {
            ask_few(&mut few); // the order turns, so that neither profits from what else the machine does
        }
        ratios.push(many[round] / few[round]);
    }
    figures.add("polls a second with 1,000 waiting", few, None);
    figures.add("polls a second with all of them waiting", many, None);
    figures.add("polls: the ratio of the two", ratios, Limit::AtLeast(0.9));
}

/// Polls of some of the people beside other work, which is told how many polls there were: the latencies of those polls
/// that began while it was done.
fn bystanders(server: &Served, people: std::ops::Range<usize>, work: impl FnOnce(&AtomicUsize)) -> Outcome {
    let (counts, over, asked) = (AtomicBool::new(false), AtomicBool::new(false), AtomicUsize::new(0));
    let next = || {
        let number = people.start + (asked.fetch_add(1, Relaxed) + 1) * 7_919 % people.len();
        (!over.load(Relaxed)).then(|| (number, usize::from(counts.load(Relaxed))))
    };
    std::thread::scope(|scope| {
        let polls = scope.spawn(|| poll_all(server, BYSTANDERS, next));
        wait::until("all of them poll", || asked.load(Relaxed) > 10 * BYSTANDERS);
        counts.store(true, Relaxed);
        work(&asked);
        over.store(true, Relaxed);
        polls.join().unwrap()
    })
}

/// All but the first `dropped` are heard of again, then the clock is turned until the first are abandoned.
fn drops(figures: &mut Figures, server: &Served, waiting: usize, dropped: usize) {
    server.change(&json!({ "abandonSeconds": 3_600 }));
    server.advance_ms(1_800_000);
    let mut next = dropped..waiting;
    poll_all(server, CONNECTIONS, || next.next().map(|number| (number, 0)));
    assert_eq!(server.figure("waiting"), waiting as u64, "nobody is due yet");
    let quiet = bystanders(server, dropped..waiting, |asked| {
        let before = asked.load(Relaxed);
        wait::until("polls at rest", || asked.load(Relaxed) - before >= POLLS_AT_REST);
    });
    let left = (waiting - dropped) as u64;
    let took = Cell::new(0.0);
    let busy = bystanders(server, dropped..waiting, |_| {
        let began = Instant::now();
        server.advance_ms(1_800_000); // answered once all of them are dropped
        took.set(began.elapsed().as_secs_f64());
    });
    assert_eq!(server.figure("waiting"), left, "the abandoned are dropped, and nobody else");
    figures.add("drops: p99 of polls just before, in ms", vec![quiet.ms(1, 0.99)], None);
    figures.add("drops: p99 of polls while they are dropped, in ms", vec![busy.ms(1, 0.99)], Limit::AtMost(10.0));
    figures.add("drops: longest poll meanwhile, in ms", vec![busy.ms(1, 1.0)], None);
    figures.add("drops: abandoned tokens dropped a second", vec![dropped as f64 / took.get()], None);
}

fn admissions(figures: &mut Figures, server: &Served) {
    let before = last_event(server);
    let waiting = server.figure("waiting");
    let began = Instant::now();
    server.change(&json!({ "paused": false, "maxActive": 0, "admitPerMinute": 0 }));
    wait::comes_true(ADMISSIONS_FOR, || server.figure("active") >= waiting);
    server.change(&json!({ "paused": true }));
    let seconds = began.elapsed().as_secs_f64();
    let admitted = server.figure("active");
    figures.add("admissions a second with the limits lifted", vec![admitted as f64 / seconds], None);
    let events = events(server, before);
    let order: Vec<&str> = admitted_users(&events);
    assert_eq!(order.len() as u64, admitted, "the feed tells of every admission");
    let overtaken = order.windows(2).filter(|pair| pair[0] >= pair[1]).count(); // user ids ascend with the places
    figures.add("admissions: people overtaken", vec![overtaken as f64], Limit::AtMost(0.0));
}

fn admitted_users(events: &[Event]) -> Vec<&str> {
    let admitted = events.iter().filter(|event| event.kind == Some(EventType::TokenAdmitted));
    admitted.map(Event::user).collect()
}

/// A line under both limits, turned through many minutes in uneven steps while the limits change: the feed must show
/// that no limit was ever passed, and after each step no place may be idle.
fn exactness(figures: &mut Figures, folder: &Path) {
    let waiting = 20_000;
    let server = start(&file(folder, "exact.db", waiting));
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
    figures.add("exactness: admissions past a limit", vec![broken.len() as f64], Limit::AtMost(0.0));
    figures.add("exactness: steps with an idle place", vec![idle as f64], Limit::AtMost(0.0));
    figures.add("exactness: gaps in the feed", vec![audit::gaps(&feed, after).len() as f64], Limit::AtMost(0.0));
}

/// Whether a limit, or nobody waiting, keeps the next out; looked at until it is so, for two seconds.
fn no_place_is_idle(server: &Served) -> bool {
    wait::comes_true(Duration::from_secs(2), || {
        let queue = server.staff("GET", "/queue", &Value::Null);
        let figure = |name: &str| queue[name].as_u64().unwrap();
        let full = |limit: &str, taken: &str| figure(limit) > 0 && figure(taken) >= figure(limit);
        figure("waiting") == 0 || full("maxActive", "active") || full("admitPerMinute", "admittedLastMinute")
    })
}

fn events(server: &Served, after: i64) -> Vec<Event> {
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
            kind: EventType::of(event["type"].as_str().unwrap()),
            at_ms: Millis::parse_rfc3339(event["at"].as_str().unwrap()).unwrap().unix_ms(),
            data: serde_json::from_value(event["data"].take()).unwrap(),
        }));
    }
}

fn last_event(server: &Served) -> i64 {
    events(server, 0).last().map_or(0, |event| event.sequence)
}

/// Measures it all.
pub fn measure(length: &Length) -> Figures {
    let (waiting, dropped) = (length.waiting, length.drop);
    let mut figures = Figures::open(&format!("a line of {waiting}, {dropped} of them dropped"));
    let folder = tempfile::tempdir().unwrap();
    let (empty, short, long) = (
        file(folder.path(), "empty.db", 0),
        file(folder.path(), "short.db", SHORT),
        file(folder.path(), "long.db", waiting),
    );
    starts_and_memory(&mut figures, &empty, &long, waiting);
    let server = start(&long);
    polls(&mut figures, &start(&short), &server, waiting);
    drops(&mut figures, &server, waiting, dropped);
    admissions(&mut figures, &server);
    drop(server);
    exactness(&mut figures, folder.path());
    figures
}
