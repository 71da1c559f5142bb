//! `scripts/bench stages`: where the processor time of a write goes, by the threads that it passes and by the
//! statements that it runs, at 64 connections that stay.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::Wish;
use crate::calls::{self, Call};
use crate::figures::{Spread, short};
use crate::halls::Halls;
use crate::load::{self, Load};
use crate::served::{Served, ThreadTimes};

/// The threads of the server by the begins of their names, in the order in which a write passes them. tiny_http's have
/// none, like the main thread, which waits.
const STAGES: [(&str, &str); 6] = [
    ("http", "event loop: requests read and checked, passed on, answers written"),
    (NAMELESS, "tiny_http: requests read from the inner socket"),
    ("worker", "workers: route, caller, body; the job queued"),
    ("writer", "writer: statements, COMMIT, changes to memory"),
    ("answers", "answers: what the writer leaves to others while jobs wait"),
    ("", "all others"),
];
const NAMELESS: &str = "-";
/// Statements that are shown, those that take longest first.
const STATEMENTS_SHOWN: usize = 24;
/// Bytes of a statement that are shown.
const STATEMENT_SHOWN: usize = 110;

/// One round: its answers, the seconds of its commits, and what each stage used.
struct Round {
    answers: f64,
    committing_us: f64,
    stages: [ThreadTimes; STAGES.len()],
}

/// The tables of the calls that write; gives them as JSON too.
pub fn measure(wish: &Wish) -> Value {
    println!("Medians of {} rounds of {} s, 64 connections that stay.", wish.rounds, wish.seconds);
    let halls = Halls::fill(wish.seconds);
    let wanted = calls::writing().filter(|call| wish.wants(call.name));
    wanted.map(|call| json!({ "call": call.name, "stages": stages(wish, &halls, call), "statements": statements(wish, &halls, call) })).collect()
}

/// Puts a call on a server; gives how many requests were answered.
fn answers(wish: &Wish, halls: &Halls, call: &Call, served: &Served) -> f64 {
    let load = Load { connections: calls::CONNECTIONS, is_new_each: false, per_second: None, lasting: wish.lasting() };
    let outcome = load::run(served.address, load, call.play(halls, served).as_mut()).unwrap();
    outcome.must_be_right(call.name).heard.iter().sum::<usize>() as f64
}

fn round(wish: &Wish, halls: &Halls, call: &Call) -> Round {
    let served = Served::boxoffice(&halls.copy(call.app(halls)), &[]);
    let (before, committing) = (served.threads(), served.commit_seconds());
    let answers = answers(wish, halls, call, &served);
    let committing_us = (served.commit_seconds() - committing) * 1e6;
    let mut stages = [ThreadTimes::default(); STAGES.len()];
    for (id, (name, times)) in served.threads() {
        let is_of = |begin: &str| if begin == NAMELESS { name.is_empty() } else { name.starts_with(begin) };
        let stage = STAGES.iter().position(|(begin, _)| is_of(begin)).unwrap();
        stages[stage].add(before.get(&id).map_or(times, |(_, before)| times.since(*before)));
    }
    Round { answers, committing_us, stages }
}

fn stages(wish: &Wish, halls: &Halls, call: &Call) -> Value {
    let rounds: Vec<Round> = (0..wish.rounds).map(|_| round(wish, halls, call)).collect();
    let spread = |figure: &dyn Fn(&Round) -> f64| {
        Spread::of(&rounds.iter().map(|round| figure(round) / round.answers).collect::<Vec<f64>>())
    };
    println!(
        "\n| {}: of each request | µs of processor (least to most) | times it slept |\n| --- | --- | --- |",
        call.name
    );
    let shown = |name: &str, us: Spread, slept: Option<Spread>| {
        let slept_text = slept.map_or(String::new(), |slept| short(slept.median));
        println!("| {name} | {} ({} to {}) | {slept_text} |", short(us.median), short(us.least), short(us.most));
        json!({ "name": name, "us": us.json(), "slept": slept.map(Spread::json) })
    };
    let each = STAGES.iter().enumerate().map(|(stage, (_, name))| {
        let us = spread(&|round| round.stages[stage].cpu_us);
        shown(name, us, Some(spread(&|round| round.stages[stage].sleeps)))
    });
    let mut told: Vec<Value> = each.collect();
    let sum = |figure: fn(&ThreadTimes) -> f64| spread(&|round| round.stages.iter().map(figure).sum());
    told.push(shown("all", sum(|times| times.cpu_us), Some(sum(|times| times.sleeps))));
    told.push(shown(
        "by the clock: COMMIT, which the jobs of a commit share",
        spread(&|round| round.committing_us),
        None,
    ));
    told.into()
}

/// What a statement cost in all.
#[derive(Default)]
struct Cost {
    times: f64,
    us: f64,
}

/// The statements of a round, as the log of the server has them. SQLite measures each in whole milliseconds, so that
/// only the mean of thousands says anything.
fn statements(wish: &Wish, halls: &Halls, call: &Call) -> Value {
    let log = halls.folder().join("statements.log");
    let served = Served::logging_statements(&halls.copy(call.app(halls)), &log);
    let of_start = fs::metadata(&log).unwrap().len() as usize;
    let requests = answers(wish, halls, call, &served);
    drop(served); // the log is whole
    let mut costs: Vec<(String, Cost)> = read(&fs::read_to_string(&log).unwrap()[of_start..]).into_iter().collect();
    costs.sort_by(|(_, one), (_, other)| other.us.total_cmp(&one.us));
    println!("\n| {}: statement | times a request | µs a request |\n| --- | --- | --- |", call.name);
    for (text, cost) in costs.iter().take(STATEMENTS_SHOWN) {
        println!("| `{text}` | {} | {} |", short(cost.times / requests), short(cost.us / requests));
    }
    let sum = |figure: fn(&Cost) -> f64| costs.iter().map(|(_, cost)| figure(cost)).sum::<f64>() / requests;
    println!("| all {} | {} | {} |", costs.len(), short(sum(|cost| cost.times)), short(sum(|cost| cost.us)));
    let told = |(text, cost): (String, Cost)| json!({ "statement": text, "times": cost.times / requests, "us": cost.us / requests });
    costs.into_iter().map(told).collect()
}

fn read(text: &str) -> BTreeMap<String, Cost> {
    let mut costs: BTreeMap<String, Cost> = BTreeMap::new();
    let begins = text.match_indices("TRACE boxoffice::store::statements] ").map(|(at, begin)| at + begin.len());
    for begin in begins {
        let (us, rest) = text[begin..].split_once(" µs, ").unwrap();
        let statement = rest.split_once("sorted: ").map_or("", |(_, statement)| statement);
        let end = statement.find("\n[").unwrap_or(statement.len());
        let statement = statement[..end].rsplit_once(", request ").map_or(&statement[..end], |(before, _)| before);
        let words: Vec<&str> = statement.split_whitespace().collect();
        let short: String = words.join(" ").chars().take(STATEMENT_SHOWN).collect();
        let cost = costs.entry(short).or_default();
        cost.times += 1.0;
        cost.us += us.parse::<f64>().unwrap();
    }
    costs
}
