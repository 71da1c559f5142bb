//! The table of `scripts/bench`, and the targets beside their figures.

use crate::calls::{Call, CallKind, Written};
use crate::figures::{Figure, Limit, Spread, short};
use crate::plays::CALLS;
use crate::rounds::{Compared, Round, rates, ratios, spread};

pub fn print_head(how: &str) {
    println!(
        "\n| {how} | a second | the HTTP server's limit | ratio | tiny_http's limit | SQLite's limits | p50 / p99 / p99.9 ms | \
         jobs in a commit | CPU s per 1,000, server / client | MB |"
    );
    println!("|{}", " --- |".repeat(10));
}

pub fn print(call: &Call, compared: &Compared) {
    let rate = |values: &[f64]| {
        let Spread { median, least, most } = Spread::of(values);
        format!("{} ({} to {})", short(median), short(least), short(most))
    };
    let of = |figure: fn(&Round) -> f64| short(spread(&compared.ours, figure).median);
    let alone = match compared.direct.is_empty() {
        true => "starved in every round".to_owned(),
        false => short(Spread::of(&rates(&compared.direct)).median),
    };
    let sqlite = match (compared.batches.is_empty(), Spread::of(&compared.batches), Spread::of(&compared.single)) {
        (true, ..) => String::new(),
        (false, batches, single) => format!("{} / {}", short(batches.median), short(single.median)),
    };
    println!(
        "| {} | {} | {} | {} | {alone} | {sqlite} | {} / {} / {} | {} | {} / {} | {} |",
        call.name,
        rate(&rates(&compared.ours)),
        short(Spread::of(&rates(&compared.server)).median),
        short(Spread::of(&ratios(&compared.ours, &rates(&compared.server))).median),
        of(|round| round.ms[0]),
        of(|round| round.ms[1]),
        of(|round| round.ms[2]),
        if call.work.is_some() { of(|round| round.batch) } else { String::new() },
        of(|round| round.cpu_per_1000),
        of(|round| round.client_cpu_per_1000),
        of(|round| round.resident_mb),
    );
}

/// The figures of a call that have a target.
pub fn targets(call: &Call, compared: &Compared) -> Vec<Figure> {
    let mut figures = Vec::new();
    let (server, direct) = (rates(&compared.server), rates(&compared.direct));
    let mut add = |name, values, limit| figures.push(Figure { name, values, limit: Some(limit) });
    if let Some(least) = call.of_server {
        let least = Limit::AtLeast((least * 100.0).round() / 100.0);
        add(format!("{}, to the same bytes behind the HTTP server", call.name), ratios(&compared.ours, &server), least);
    }
    if let Some(Written { of_sqlite, cpu_of_sqlite }) = call.written {
        let name = format!("{}, to the same statements by SQLite alone, 64 in a commit", call.name);
        add(name, ratios(&compared.ours, &compared.batches), Limit::AtLeast(of_sqlite));
        let requests = call.requests() as f64;
        let cpu = compared.ours.iter().map(|round| round.cpu_per_1000 / 1_000.0 * requests);
        let name = format!("{}: processor time of the server, to the time of SQLite alone", call.name);
        let each = cpu.zip(&compared.batches).map(|(seconds, per_second)| seconds * per_second).collect();
        add(name, each, Limit::AtMost(cpu_of_sqlite));
    }
    match call.kind {
        CallKind::Poll => {
            let name = "the constant answer behind the HTTP server, to tiny_http alone".to_owned();
            add(name, ratios(&compared.server, &direct), Limit::AtLeast(0.5));
            let name = "poll of a token, to the same bytes by tiny_http alone".to_owned();
            add(name, ratios(&compared.ours, &direct), Limit::AtLeast(0.4));
        }
        CallKind::Hold => {
            let name = "hold of a seat, to one transaction each by SQLite alone".to_owned();
            add(name, ratios(&compared.ours, &compared.single), Limit::AtLeast(1.0));
        }
        CallKind::Purchase => {
            add("whole purchases a second".to_owned(), rates(&compared.ours), Limit::AtLeast(3_000.0));
            for (number, name) in CALLS.iter().enumerate() {
                let p99 = compared.ours.iter().map(|round| round.p99_of_calls_ms[number]).collect();
                add(format!("whole purchase: p99 of {name}, ms"), p99, Limit::AtMost(25.0));
            }
        }
        _ => {}
    }
    figures
}
