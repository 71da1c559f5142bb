//! What boxoffice costs, beside what the parts cost that it is made of. `scripts/bench --help` says what there is.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what a benchmark cannot go on without ends it here")]

mod arrivals;
mod bare;
mod calls;
mod constant;
mod day;
mod figures;
mod filling;
mod growth;
mod halls;
mod http;
mod https;
mod idle;
mod line;
mod load;
mod plays;
mod quiet;
mod rounds;
mod rush;
mod same;
mod served;
mod stages;
mod table;
mod viewers;
#[allow(dead_code, reason = "of what tests share, a benchmark needs a part")]
#[path = "../support/wait.rs"]
mod wait;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use figures::Figures;
use serde_json::{Value, json};

/// Measures boxoffice on loopback, beside what the parts cost that it is made of.
#[derive(Parser)]
#[command(bin_name = "scripts/bench", args_conflicts_with_subcommands = true)]
#[command(after_help = "BOXOFFICE_PROGRAM=FILE measures another program, such as the one that scripts/dist packs.")]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    wish: Wish,
    /// What `cargo bench` always says.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum What {
    /// Every call beside its limits, and the targets [default].
    All(Wish),
    /// The HTTP server beside tiny_http exposed directly, and what many idle or waiting connections cost.
    Http(Wish),
    /// A million people waiting: memory, start, polls, admissions.
    Line {
        #[command(flatten)]
        length: line::Length,
        /// Write everything to this file too, as JSON.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// How cost grows with dates, sales and connections; the WAL; the file after busy days.
    Growth(growth::Growth),
    /// Arrivals at a fixed rate: the flood of an on-sale, and the highest rate at which p99 stays under 50 ms.
    Arrivals(Wish),
    /// A buyer while 2,000 poll as fast as they are answered, and polls while the writer has too much to do.
    Rush(Wish),
    /// Where the time of a write goes: by the threads that it passes, and by the statements that it runs.
    Stages(Wish),
    /// Many viewers of one map while others buy: by streams beside polling.
    Viewers(viewers::Viewers),
    /// One of the limits, for ourselves.
    #[command(hide = true)]
    Serve { kind: String },
}

/// How it is measured.
#[derive(clap::Args, Clone)]
pub struct Wish {
    /// Rounds of each figure; those that are compared alternate.
    #[arg(long, default_value_t = 9, value_name = "N")]
    rounds: usize,
    /// Seconds of a round.
    #[arg(long, default_value_t = 0.5, value_name = "S")]
    seconds: f64,
    /// Only what has this in its name.
    #[arg(long, value_name = "WORD")]
    only: Option<String>,
    /// Write everything to this file too, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Wish {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    fn lasting(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    idle::raise_descriptors();
    let (is_met, told, file) = match arguments.what {
        Some(What::Serve { kind }) => return constant::serve(&kind).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        Some(What::Http(wish)) => (true, http::measure(&wish), wish.json),
        Some(What::Line { length, json }) => told(line::measure(&length), json),
        Some(What::Growth(growth)) => told(growth::measure(&growth), growth.wish.json),
        Some(What::Arrivals(wish)) => told(arrivals::measure(&wish), wish.json),
        Some(What::Rush(wish)) => told(rush::measure(&wish), wish.json),
        Some(What::Stages(wish)) => (true, stages::measure(&wish), wish.json),
        Some(What::Viewers(viewers)) => told(viewers::measure(&viewers), viewers.wish.json),
        Some(What::All(wish)) => all(wish),
        None => all(arguments.wish),
    };
    if let Some(file) = file {
        std::fs::write(file, told.to_string()).unwrap();
    }
    if is_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether all targets are met, everything as JSON, and where that is to be written.
type Measured = (bool, Value, Option<PathBuf>);

fn told(figures: Figures, file: Option<PathBuf>) -> Measured {
    (figures.are_met(), figures.json(), file)
}

fn all(wish: Wish) -> Measured {
    println!("Medians of {} alternating rounds of {} s.", wish.rounds, wish.seconds);
    let halls = halls::Halls::fill(wish.seconds);
    let (targets, calls) = calls::measure(&wish, &halls);
    let mut figures = Figures::open("target");
    targets.into_iter().for_each(|figure| figures.push(figure));
    quiet::measure(&wish, &halls, &mut figures);
    (figures.are_met(), json!({ "calls": calls, "targets": figures.json() }), wish.json)
}
