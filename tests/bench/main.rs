//! What boxoffice costs, beside what the parts cost that it is made of. `scripts/bench --help` says what there is.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what a benchmark cannot go on without ends it here")]

mod bare;
mod calls;
mod constant;
mod figures;
mod filling;
mod halls;
mod load;
mod plays;
mod rounds;
mod served;
mod table;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::json;

/// Measures boxoffice on loopback, beside what the parts cost that it is made of.
#[derive(Parser)]
#[command(name = "scripts/bench", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    wish: Wish,
    /// Cargo's own.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum What {
    /// Every call beside its limits, and the targets [default].
    All(Wish),
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
    pub fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    pub fn lasting(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn main() {
    let arguments = Arguments::parse();
    match arguments.what {
        Some(What::Serve { kind }) => constant::serve(&kind).unwrap(),
        Some(What::All(wish)) => all(&wish),
        None => all(&arguments.wish),
    }
}

fn all(wish: &Wish) {
    println!("Medians of {} alternating rounds of {} s.", wish.rounds, wish.seconds);
    let (figures, calls) = calls::measure(wish);
    let all_met = figures::print("target", &figures);
    if let Some(file) = &wish.json {
        let figures: Vec<_> = figures.iter().map(figures::Figure::json).collect();
        std::fs::write(file, json!({ "calls": calls, "targets": figures }).to_string()).unwrap();
    }
    std::process::exit(i32::from(!all_met));
}
