//! Runs rows of the torture: `--row NAME` (else all), `--rounds N`, `--minutes N` (shared by the rows) or `--full`, `--seed N`,
//! `--against direct`, `--list`.

#[path = "mod.rs"]
mod torture;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use torture::report::{Against, Report};
use torture::{inside, rows};

fn main() -> ExitCode {
    if inside::serve_if_asked() {
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1).cloned()
    };
    let is_told = |name: &str| words.iter().any(|word| word == name);
    if is_told("--list") {
        for row in rows::ALL {
            println!("{:<22} {:>7}  {}", row.name, row.rounds, row.must);
        }
        return ExitCode::SUCCESS;
    }
    let wanted = option("--row");
    let chosen: Vec<_> = rows::ALL.iter().filter(|row| wanted.as_ref().is_none_or(|name| row.name == name)).collect();
    if chosen.is_empty() {
        eprintln!("no row is called {}; --list shows them", wanted.unwrap_or_default());
        return ExitCode::from(2);
    }
    let against = if option("--against").as_deref() == Some("direct") { Against::Direct } else { Against::Door };
    let number = |name: &str| option(name).and_then(|text| text.parse::<u64>().ok());
    // A row by itself runs in full unless told otherwise; all of them share ten minutes.
    let minutes = number("--minutes").or((wanted.is_none() && !is_told("--full")).then_some(10));
    let (mut is_red, mut shares) = (false, chosen.iter().map(|row| row.share).sum::<u32>());
    let ends = minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    println!("{:<22} {:>7} {:>10} {:>8}  what was seen", "row", "rounds", "violations", "seconds");
    for row in chosen {
        let rounds = number("--rounds").map_or(row.rounds, |rounds| rounds as usize);
        // What a row leaves over goes to those after it.
        let time = ends.map(|ends| ends.saturating_duration_since(Instant::now()) * row.share / shares);
        shares -= row.share;
        let report = Report::of(row, rounds, against, number("--seed"), time);
        println!("{}", report.line(row.name));
        if !report.violations.is_empty() {
            println!("    again with --row {} --rounds {} --seed {}", row.name, report.rounds, report.seed);
            is_red = true;
        }
    }
    ExitCode::from(u8::from(is_red))
}
