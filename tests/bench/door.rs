//! The door beside tiny_http exposed directly, in one run, in alternating rounds; and what idle and waiting clients cost.
//!
//! `cargo bench --bench door -- [--rounds N] [--seconds S] [--json] [--only WORD]`

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on shall stop")]

#[path = "door/crowds.rs"]
mod crowds;
#[path = "door/load.rs"]
mod load;
#[path = "door/served.rs"]
mod served;

use std::io;
use std::time::Duration;

use load::Load;
use served::Served;

const GET: Load = Load { is_post: false, is_long: false, connections: 64, is_new_each: false };
const POST: Load = Load { is_post: true, ..GET };
const LOADS: [Load; 7] = [
    GET,
    POST,
    Load { connections: 512, ..GET },
    Load { connections: 512, ..POST },
    Load { is_new_each: true, ..GET },
    Load { is_new_each: true, ..POST },
    Load { is_long: true, ..GET },
];

struct Wish {
    rounds: usize,
    lasting: Duration,
    json: bool,
    only: Option<String>,
}

fn main() -> io::Result<()> {
    let mut wish = Wish { rounds: 9, lasting: Duration::from_secs(1), json: false, only: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_default();
        match word.as_str() {
            "serve" => return served::serve(&value()),
            "--rounds" => wish.rounds = value().parse().map_err(io::Error::other)?,
            "--seconds" => wish.lasting = Duration::from_secs_f64(value().parse().map_err(io::Error::other)?),
            "--json" => wish.json = true,
            "--only" => wish.only = Some(value()),
            "--bench" => {} // cargo's own
            other => return Err(io::Error::other(format!("what is {other:?}?"))),
        }
    }
    crowds::raise_descriptors();
    let mut rows = Vec::new();
    for load in LOADS {
        if wish.wants(&name_of(load)) {
            rows.push(compare(load, &wish)?);
        }
    }
    let crowds = if wish.wants("crowds") { Some(crowds::measure()?) } else { None };
    if wish.json {
        print_json(&rows, crowds.as_ref())
    } else {
        print_table(&rows, crowds.as_ref(), &wish)
    }
    Ok(())
}

impl Wish {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }
}

fn name_of(load: Load) -> String {
    let method = if load.is_post { "POST" } else { "GET" };
    let how = if load.is_new_each { "at once, a new connection each" } else { "connections" };
    let what = if load.is_long { " of 64 kB" } else { "" };
    format!("{method}{what}, {} {how}", load.connections)
}

/// Medians of one server under one load, with the least and the most.
#[derive(Default)]
struct Figures {
    per_second: Vec<f64>,
    p99_ms: Vec<f64>,
    cpu_per_1000: Vec<f64>,
}

struct Row {
    name: String,
    door: Figures,
    direct: Figures,
    /// Rounds not counted, because tiny_http directly exposed left connections unanswered; and how many those were.
    rounds_starved: usize,
    starved: usize,
    /// Door's connections without an answer, and answers that were none: both have to be 0.
    door_faults: usize,
}

fn compare(load: Load, wish: &Wish) -> io::Result<Row> {
    let (door, direct) = (Figures::default(), Figures::default());
    let mut row = Row { name: name_of(load), door, direct, rounds_starved: 0, starved: 0, door_faults: 0 };
    while row.door.per_second.len() < wish.rounds && row.rounds_starved < 2 * wish.rounds {
        let ((direct, direct_cpu), (door, door_cpu)) = if row.door.per_second.len().is_multiple_of(2) {
            let direct = round("direct", load, wish)?;
            (direct, round("door", load, wish)?)
        } else {
            let door = round("door", load, wish)?;
            (round("direct", load, wish)?, door)
        };
        row.door_faults += door.starved + door.failed;
        if direct.starved > 0 {
            row.rounds_starved += 1;
            row.starved += direct.starved;
            continue;
        }
        for (figures, outcome, cpu) in [(&mut row.door, door, door_cpu), (&mut row.direct, direct, direct_cpu)] {
            figures.per_second.push(outcome.requests as f64 / outcome.seconds);
            figures.p99_ms.push(f64::from(outcome.p99_us) / 1_000.0);
            figures.cpu_per_1000.push(cpu * 1_000.0 / outcome.requests.max(1) as f64);
        }
    }
    Ok(row)
}

fn round(kind: &str, load: Load, wish: &Wish) -> io::Result<(load::Outcome, f64)> {
    let served = Served::start(kind)?;
    let before = served.cpu_seconds()?;
    let outcome = load::run(served.address, load, wish.lasting)?;
    Ok((outcome, served.cpu_seconds()? - before))
}

/// Median, least, most.
fn spread(values: &[f64]) -> [f64; 3] {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    [at(values.len() / 2), at(0), at(values.len().saturating_sub(1))]
}

fn print_table(rows: &[Row], crowds: Option<&crowds::Crowds>, wish: &Wish) {
    println!("medians of {} rounds of {:?}, least to most in brackets", wish.rounds, wish.lasting);
    println!(
        "| | direct, requests/s | door, requests/s | ratio | p99 ms, direct / door | CPU s per 1,000, direct / door |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for row in rows {
        let thousands = |values: &[f64]| {
            let [median, least, most] = spread(values).map(|value| value / 1_000.0);
            format!("{median:.1} k ({least:.1} to {most:.1})")
        };
        let median = |values: &[f64]| spread(values)[0];
        println!(
            "| {} | {} | {} | {:.2} | {:.1} / {:.1} | {:.4} / {:.4} |",
            row.name,
            thousands(&row.direct.per_second),
            thousands(&row.door.per_second),
            median(&row.door.per_second) / median(&row.direct.per_second),
            median(&row.direct.p99_ms),
            median(&row.door.p99_ms),
            median(&row.direct.cpu_per_1000),
            median(&row.door.cpu_per_1000),
        );
    }
    for row in rows {
        if row.rounds_starved > 0 {
            let (rounds, starved) = (row.rounds_starved, row.starved);
            println!(
                "{}: {rounds} rounds not counted, tiny_http alone left {starved} connections unanswered",
                row.name
            );
        }
        if row.door_faults > 0 {
            println!("{}: the door left {} connections or answers wanting", row.name, row.door_faults);
        }
    }
    if let Some(crowds) = crowds {
        crowds.print();
    }
}

fn print_json(rows: &[Row], crowds: Option<&crowds::Crowds>) {
    let figures = |figures: &Figures| {
        serde_json::json!({
            "perSecond": spread(&figures.per_second),
            "p99Ms": spread(&figures.p99_ms),
            "cpuSecondsPer1000": spread(&figures.cpu_per_1000),
        })
    };
    let rows: Vec<serde_json::Value> = rows
        .iter()
        .map(|row| {
            let ratio = spread(&row.door.per_second)[0] / spread(&row.direct.per_second)[0];
            serde_json::json!({
                "name": row.name, "direct": figures(&row.direct), "door": figures(&row.door), "ratio": ratio,
                "roundsStarved": row.rounds_starved, "starved": row.starved, "doorFaults": row.door_faults,
            })
        })
        .collect();
    println!("{}", serde_json::json!({ "rows": rows, "crowds": crowds.map(crowds::Crowds::json) }));
}
