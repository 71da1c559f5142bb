//! `scripts/bench http`: the HTTP server beside tiny_http exposed directly, in alternating
//! rounds; and what idle and waiting clients cost.

use serde_json::{Value, json};

use crate::Wish;
use crate::figures::{Spread, short};
use crate::https;
use crate::idle;
use crate::load::{self, Load};
use crate::plays::Prepared;
use crate::served::Served;
use crate::wire::request;

/// Bytes of a short answer, and of one as long as a hall's list of seats.
const SHORT: usize = 103;
const LONG: usize = 64 << 10;

struct Row {
    name: &'static str,
    method: &'static str,
    bytes: usize,
    connections: usize,
    is_new_each: bool,
}

const fn row(name: &'static str, method: &'static str, bytes: usize, connections: usize, is_new_each: bool) -> Row {
    Row { name, method, bytes, connections, is_new_each }
}

const ROWS: [Row; 7] = [
    row("GET, 64 connections", "GET", SHORT, 64, false),
    row("POST, 64 connections", "POST", SHORT, 64, false),
    row("GET, 512 connections", "GET", SHORT, 512, false),
    row("POST, 512 connections", "POST", SHORT, 512, false),
    row("GET, 64 at once, a new connection each", "GET", SHORT, 64, true),
    row("POST, 64 at once, a new connection each", "POST", SHORT, 64, true),
    row("GET of 64 kB, 64 connections", "GET", LONG, 64, false),
];

/// Rates, p99 and processor seconds of one server under one load, by rounds.
#[derive(Default)]
struct RoundFigures {
    per_second: Vec<f64>,
    p99_ms: Vec<f64>,
    cpu_per_1000: Vec<f64>,
}

impl RoundFigures {
    fn json(&self) -> Value {
        let of = |values: &[f64]| Spread::of(values).json();
        json!({ "perSecond": of(&self.per_second), "p99Ms": of(&self.p99_ms), "cpuSecondsPer1000": of(&self.cpu_per_1000) })
    }
}

/// Measures what is wished for, prints it as a Markdown table, and gives it back as JSON.
pub fn measure(wish: &Wish) -> Value {
    let servers = [Served::limit("direct"), Served::limit("server")];
    println!(
        "| | direct, requests/s | server, requests/s | ratio | p99 ms, direct / server | CPU s per 1,000, direct / server |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let told: Vec<Value> =
        ROWS.iter().filter(|row| wish.wants(row.name)).map(|row| compare(&servers, row, wish)).collect();
    let idle = wish.wants("idle").then(|| idle::measure().unwrap());
    if let Some(idle) = &idle {
        idle.print();
    }
    let https = https::measure(wish);
    json!({ "rows": told, "https": https, "idle": idle.map(|idle| idle.json()) })
}

fn compare(servers: &[Served; 2], row: &Row, wish: &Wish) -> Value {
    let [mut direct, mut server] = [RoundFigures::default(), RoundFigures::default()];
    let mut starved = 0;
    for number in 0..wish.rounds {
        for turn in 0..2 {
            let which = (number + turn) % 2; // the order turns, so that neither profits from what else the machine does
            let is_starved = !round(&servers[which], row, wish, [&mut direct, &mut server][which]);
            assert!(!is_starved || which == 0, "{}: the HTTP server left connections unanswered", row.name);
            starved += usize::from(is_starved);
        }
    }
    let rate = |values: &[f64]| {
        let [median, least, most] = [|s: Spread| s.median, |s: Spread| s.least, |s: Spread| s.most]
            .map(|of| short(of(Spread::of(values)) / 1_000.0));
        format!("{median} k ({least} to {most})")
    };
    let pair = |of: fn(&RoundFigures) -> &[f64]| {
        format!("{} / {}", short(Spread::of(of(&direct)).median), short(Spread::of(of(&server)).median))
    };
    let ratio = Spread::of(&server.per_second).median / Spread::of(&direct.per_second).median;
    println!(
        "| {} | {} | {} | {} | {} | {} |",
        row.name,
        rate(&direct.per_second),
        rate(&server.per_second),
        short(ratio),
        pair(|rounds| &rounds.p99_ms),
        pair(|rounds| &rounds.cpu_per_1000),
    );
    if starved > 0 {
        eprintln!("{}: {starved} rounds not counted, tiny_http alone left connections unanswered", row.name);
    }
    json!({ "name": row.name, "direct": direct.json(), "server": server.json(), "ratio": ratio, "roundsStarved": starved })
}

/// Whether every connection was served: else the round is not counted.
fn round(served: &Served, row: &Row, wish: &Wish, rounds: &mut RoundFigures) -> bool {
    let body = if row.method == "GET" { Value::Null } else { json!({ "userId": SHORT.to_string(), "amount": 1_000 }) };
    let request = request(row.method, &format!("/constant/200?{}", row.bytes), "", &body);
    let (connections, is_new_each) = (row.connections, row.is_new_each);
    let load = Load { connections, is_new_each, per_second: None, lasting: wish.lasting() };
    let cpu = served.cpu_seconds();
    let mut play = Prepared::endless(vec![request], |_, answer| answer.status == 200);
    let outcome = load::run(served.address, load, &mut play).unwrap();
    if outcome.starved > 0 {
        return false;
    }
    let outcome = outcome.must_be_right(row.name);
    let answers = outcome.answers() as f64;
    rounds.per_second.push(answers / outcome.seconds);
    rounds.p99_ms.push(outcome.ms(0, 0.99));
    rounds.cpu_per_1000.push((served.cpu_seconds() - cpu) * 1_000.0 / answers);
    true
}
