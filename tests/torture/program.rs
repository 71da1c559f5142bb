//! Runs rows of the torture in full: `--row NAME` (else all), `--rounds N`, `--seed N`, `--against direct`, `--list`.

#[path = "mod.rs"]
mod torture;

use std::process::ExitCode;

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
    if words.iter().any(|word| word == "--list") {
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
    let seed = option("--seed").and_then(|text| text.parse().ok());
    let mut is_red = false;
    println!("{:<22} {:>7} {:>10} {:>8}  what was seen", "row", "rounds", "violations", "seconds");
    for row in chosen {
        let rounds = option("--rounds").and_then(|text| text.parse().ok()).unwrap_or(row.rounds);
        let report = Report::of(row, rounds, against, seed);
        println!("{}", report.line(row.name));
        for violation in &report.violations {
            println!("    VIOLATION {violation}");
        }
        is_red |= !report.violations.is_empty();
    }
    ExitCode::from(u8::from(is_red))
}
