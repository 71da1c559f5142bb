//! Runs rows of the torture.

#[path = "../support/mod.rs"]
mod support;
#[path = "mod.rs"]
mod torture;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use torture::report::{Against, Report};
use torture::{inside, rows};

/// All rows share this unless told otherwise; a row by itself runs in full.
const MINUTES: u64 = 10;

/// Does to the venue and its HTTP server what will happen to them one day: every row, unless one is named.
#[derive(Parser)]
#[command(bin_name = "scripts/torture")]
#[command(after_help = "\
Also, each by itself:
  --prove [NAME...]            plants each bug of tests/planted in a copy and demands that its row goes red
  --fuzz [SECONDS [TARGET]]    the fuzz targets (tests/fuzz) share the time, 300 seconds unless told
  --control                    the rows against tiny_http directly exposed: those that must go red there

What a row takes to go red again, its seed and its rounds, is printed with each violation.")]
struct Arguments {
    /// The rows and what they demand.
    #[arg(long)]
    list: bool,
    /// This row only.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(rows::ALL.iter().map(|row| row.name)))]
    row: Option<String>,
    /// So many rounds of each.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// The rows share so many minutes; all of them 10, one by itself what it takes.
    #[arg(long, value_name = "N", conflicts_with = "full")]
    minutes: Option<u64>,
    /// Every round, which takes hours.
    #[arg(long)]
    full: bool,
    /// What the dice begin with; without it, the time.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// What stands before the clients: the HTTP server, or tiny_http alone.
    #[arg(long, value_enum, default_value_t = Against::Server)]
    against: Against,
    /// What `cargo bench` always says.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    if inside::serve_if_asked() {
        return ExitCode::SUCCESS;
    }
    let told = Arguments::parse();
    if told.list {
        for row in rows::ALL {
            println!("{:<22} {:>7}  {}", row.name, row.rounds, row.must);
        }
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<_> = rows::ALL.iter().filter(|row| told.row.as_ref().is_none_or(|name| row.name == name)).collect();
    let minutes = told.minutes.or((told.row.is_none() && !told.full).then_some(MINUTES));
    let (mut is_red, mut shares) = (false, chosen.iter().map(|row| row.share).sum::<u32>());
    let ends = minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    println!("{:<22} {:>7} {:>10} {:>8}  what was seen", "row", "rounds", "violations", "seconds");
    for row in chosen {
        let rounds = told.rounds.unwrap_or(row.rounds);
        // What a row leaves over goes to those after it.
        let time = ends.map(|ends| ends.saturating_duration_since(Instant::now()) * row.share / shares);
        shares -= row.share;
        let report = Report::of(row, rounds, told.against, told.seed, time);
        println!("{}", report.line(row.name));
        if !report.violations.is_empty() {
            println!("    again with --row {} --rounds {} --seed {}", row.name, report.rounds, report.seed);
            is_red = true;
        }
    }
    ExitCode::from(u8::from(is_red))
}
