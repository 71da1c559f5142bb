//! `scripts/bench stages`: where the processor time of a write goes, by the threads that it passes and by the
//! statements that it runs, at 64 connections that stay.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::Wish;
use crate::calls::{self, Call};
use crate::figures::{Spread, short};
use crate::halls::Halls;
use crate::load::{self, Load, Play};
use crate::rounds::Reference;
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

/// One round: its answers in a second, and for each of them how long commits took, and what each stage used.
struct Round {
    per_second: f64,
    committing_us: f64,
    stages: [ThreadTimes; STAGES.len()],
}

/// The tables of the calls that write; gives them as JSON too.
pub fn measure(wish: &Wish) -> Value {
    println!("Medians of {} rounds of {} s, 64 connections that stay.", wish.rounds, wish.seconds);
    let halls = Halls::fill(wish.seconds);
    let wanted = calls::that_write().filter(|call| wish.wants(call.name));
    wanted.map(|call| json!({ "call": call.name, "stages": stages(wish, &halls, call), "statements": statements(wish, &halls, call) })).collect()
}

/// Puts a load on a server; gives how many requests were answered, and in how many seconds.
fn answers(wish: &Wish, served: &Served, play: &mut dyn Play, what: &str) -> (f64, f64) {
    let load = Load { connections: calls::CONNECTIONS, is_new_each: false, per_second: None, lasting: wish.lasting() };
    let outcome = load::run(served.address, load, play).unwrap().must_be_right(what);
    (outcome.heard.iter().sum::<usize>() as f64, outcome.seconds)
}

fn round(wish: &Wish, served: &Served, play: &mut dyn Play, what: &str) -> Round {
    let (before, committing) = (served.threads(), served.commit_seconds());
    let (answers, seconds) = answers(wish, served, play, what);
    let committing_us = (served.commit_seconds() - committing) * 1e6 / answers;
    let mut stages = [ThreadTimes::default(); STAGES.len()];
    for (id, (name, times)) in served.threads() {
        let is_of = |begin: &str| if begin == NAMELESS { name.is_empty() } else { name.starts_with(begin) };
        let stage = STAGES.iter().position(|(begin, _)| is_of(begin)).unwrap();
        stages[stage].add(before.get(&id).map_or(times, |(_, before)| times.since(*before)));
    }
    Round { per_second: answers / seconds, committing_us, stages: stages.map(|times| times.of_each(answers)) }
}

fn spread(rounds: &[Round], figure: &dyn Fn(&Round) -> f64) -> Spread {
    Spread::of(&rounds.iter().map(figure).collect::<Vec<f64>>())
}

/// The stages of a call beside those of a constant answer of the same bytes, in rounds that alternate.
fn stages(wish: &Wish, halls: &Halls, call: &Call) -> Value {
    let (server, reading) = (Served::limit("server"), Served::boxoffice(&halls.reading, &[]));
    let reference = Reference::of(halls, &server, &reading, call);
    let rounds = (0..wish.rounds).map(|_| {
        let served = Served::boxoffice(&halls.copy(call.app(halls)), &[]);
        let ours = round(wish, &served, call.play(halls, &served).as_mut(), call.name);
        (ours, round(wish, &server, &mut reference.play(), "the constant answer"))
    });
    let (ours, constant): (Vec<Round>, Vec<Round>) = rounds.unzip();
    println!(
        "\n| {}: of each request | µs of processor (least to most) | times it slept | the constant answer: µs | slept |",
        call.name
    );
    println!("|{}", " --- |".repeat(5));
    let shown = |name: &str, us: &dyn Fn(&Round) -> f64, slept: &dyn Fn(&Round) -> f64| {
        let [used, limit] = [&ours, &constant].map(|rounds| spread(rounds, us));
        let [slept, limit_slept] = [&ours, &constant].map(|rounds| spread(rounds, slept));
        let (range, limit_us) = (format!("{} to {}", short(used.least), short(used.most)), short(limit.median));
        let [often, limit_often] = [slept, limit_slept].map(|slept| short(slept.median));
        println!("| {name} | {} ({range}) | {often} | {limit_us} | {limit_often} |", short(used.median));
        json!({ "name": name, "us": used.json(), "slept": slept.json(), "constantUs": limit.json() })
    };
    let each = STAGES.iter().enumerate().map(|(stage, (_, name))| {
        shown(name, &|round| round.stages[stage].cpu_us, &|round| round.stages[stage].sleeps)
    });
    let mut told: Vec<Value> = each.collect();
    let sum = |round: &Round, figure: fn(&ThreadTimes) -> f64| round.stages.iter().map(figure).sum::<f64>();
    told.push(shown("all", &|round| sum(round, |times| times.cpu_us), &|round| sum(round, |times| times.sleeps)));
    let committing = spread(&ours, &|round| round.committing_us);
    let processors = |rounds: &[Round]| {
        let used = |round: &Round| round.per_second * sum(round, |times| times.cpu_us) / 1e6;
        short(spread(rounds, &used).median)
    };
    println!(
        "\nThe server used {} processors, and with the constant answer {}. By the clock, commits took {} µs for each request.",
        processors(&ours),
        processors(&constant),
        short(committing.median)
    );
    told.push(json!({ "name": "by the clock: COMMIT, which the jobs of a commit share", "us": committing.json() }));
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
    let (requests, _) = answers(wish, &served, call.play(halls, &served).as_mut(), call.name);
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
    for (us, statement, _) in logged(text) {
        let cost = costs.entry(statement.chars().take(STATEMENT_SHOWN).collect()).or_default();
        cost.times += 1.0;
        cost.us += us;
    }
    costs
}

/// The statements of a log in order: the microseconds of each, its text in one line, and the request that it was run
/// for.
pub fn logged(text: &str) -> impl Iterator<Item = (f64, String, Option<&str>)> {
    let begins = text.match_indices("TRACE boxoffice::store::statements] ").map(|(at, begin)| at + begin.len());
    begins.map(|begin| {
        let (us, rest) = text[begin..].split_once(" µs, ").unwrap();
        let statement = rest.split_once("sorted: ").map_or("", |(_, statement)| statement);
        let statement = &statement[..statement.find("\n[").unwrap_or(statement.len())];
        let (statement, request) = match statement.rsplit_once(", request ") {
            Some((statement, request)) => (statement, Some(request.trim_end())),
            None => (statement, None),
        };
        (us.parse().unwrap(), in_one_line(statement), request)
    })
}

/// A statement with single spaces, however its source is laid out.
pub fn in_one_line(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}
