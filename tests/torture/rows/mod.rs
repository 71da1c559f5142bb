//! The rows.

pub mod backups;
pub mod connections;
pub mod disk;
pub mod endings;
pub mod exhaustion;
pub mod files;
pub mod handlers;
pub mod handshakes;
pub mod hostile;
pub mod places;
pub mod power;
pub mod races;
pub mod readiness;
pub mod slow;
pub mod storms;
pub mod time;

use super::differential;
use super::report::{Against, Report};

pub struct Row {
    pub name: &'static str,
    /// What must, and must not, happen.
    pub must: &'static str,
    /// Rounds in full, and in `cargo test`.
    pub rounds: usize,
    pub short: usize,
    /// Its part of the time, when all rows share one.
    pub share: u32,
    pub run: fn(&mut Report),
}

/// Runs a row's short form, as a test.
pub fn run_short(name: &str) {
    let row = ALL.iter().find(|row| row.name == name).unwrap();
    let report = Report::of(row, row.short, Against::Server, None, None);
    println!("seed {}: {}", report.seed, report.line(name));
    assert!(report.violations.is_empty(), "seed {}: {:#?}", report.seed, report.violations);
}

pub const ALL: &[Row] = &[
    Row {
        name: "bursts",
        must: "of 8, 20, 100, 500 connections at once all are answered within a second; nothing is kept",
        rounds: 25,
        short: 1,
        share: 1,
        run: connections::bursts,
    },
    Row {
        name: "pipelining",
        must: "300,000 requests on one connection are answered in order; while they are not read nobody else notices",
        rounds: 300_000,
        short: 20_000,
        share: 1,
        run: connections::pipelining,
    },
    Row {
        name: "parked-pipelined",
        must: "requests behind a parked one wait for it, are answered in order, and hold nobody up",
        rounds: 200,
        short: 20,
        share: 1,
        run: connections::parked_with_pipelined_behind,
    },
    Row {
        name: "vanished",
        must: "parked waits whose clients vanish are freed within a second; the others go on waiting",
        rounds: 1_000,
        short: 200,
        share: 1,
        run: connections::vanished,
    },
    Row {
        name: "drips",
        must: "2,000 clients that drip heads and bodies are refused in time; others do not notice",
        rounds: 2_000,
        short: 200,
        share: 1,
        run: slow::drips,
    },
    Row {
        name: "half-handshakes",
        must: "10,000 TLS handshakes that stop or drip are ended in time and cost little; others do not notice",
        rounds: 10_000,
        short: 400,
        share: 1,
        run: handshakes::half,
    },
    Row {
        name: "slow-readers",
        must: "clients that do not read their answers cost little memory and are let go; others do not notice",
        rounds: 500,
        short: 100,
        share: 1,
        run: slow::readers,
    },
    Row {
        name: "descriptors-64",
        must: "without descriptors connections are refused or closed; within a second of their return all is well",
        rounds: 100,
        short: 2,
        share: 1,
        run: exhaustion::descriptors_64,
    },
    Row {
        name: "descriptors-65",
        must: "the same with the other parity",
        rounds: 100,
        short: 2,
        share: 1,
        run: exhaustion::descriptors_65,
    },
    Row {
        name: "threads",
        must: "when no thread can be made what is under way goes on; within a second of the release all is well",
        rounds: 100,
        short: 2,
        share: 1,
        run: exhaustion::threads,
    },
    Row {
        name: "binary-descriptors",
        must: "`boxoffice serve` with 64 and 65 descriptors refuses what is too much, recovers, and ends in good order",
        rounds: 100,
        short: 1,
        share: 1,
        run: exhaustion::binary,
    },
    Row {
        name: "versions",
        must: "HTTP/2.0 lines and prefaces get a 505 and a close, and cost no thread, descriptor or byte",
        rounds: 1_000,
        short: 100,
        share: 1,
        run: hostile::versions,
    },
    Row {
        name: "lengths",
        must: "impossible Content-Lengths are refused, and nothing is allocated for them",
        rounds: 50,
        short: 2,
        share: 1,
        run: hostile::lengths,
    },
    Row {
        name: "endless-heads",
        must: "heads without an end are refused with 431 or 400 after 16 KiB, and closed",
        rounds: 40,
        short: 2,
        share: 1,
        run: hostile::endless_heads,
    },
    Row {
        name: "framing",
        must: "what two readers could read differently is refused, and what follows it is never answered",
        rounds: 40,
        short: 2,
        share: 1,
        run: hostile::framing,
    },
    Row {
        name: "panics",
        must: "each panic of a handler is a 500 with an id, logged once; no worker is lost",
        rounds: 10_000,
        short: 500,
        share: 1,
        run: handlers::panics,
    },
    Row {
        name: "late-answers",
        must: "an answer that comes after its request was given up reaches nobody",
        rounds: 100,
        short: 3,
        share: 1,
        run: handlers::late_answers,
    },
    Row {
        name: "mixups",
        must: "of many that come, vanish, hold and wait everyone gets the answer to their own request",
        rounds: 40_000,
        short: 2_000,
        share: 1,
        run: handlers::mixups,
    },
    Row {
        name: "differential",
        must: "well-formed streams get their own answers in order however cut, malformed ones a refusal and a close",
        rounds: 100_000,
        short: 3_000,
        share: 1,
        run: differential::streams_are_answered,
    },
    Row {
        name: "kill",
        must: "killed under load it is ready again within 2 s; every answer is kept, what was unanswered is whole or absent",
        rounds: 1_000,
        short: 3,
        share: 4,
        run: endings::kill,
    },
    Row {
        name: "stop",
        must: "asked to stop under load it is done within 5 s and exits 0; what is under way is answered",
        rounds: 100,
        short: 2,
        share: 4,
        run: endings::stop,
    },
    Row {
        name: "power-loss",
        must: "whatever of the unsynced writes a power loss leaves, every answer is kept, whole, in a sound file",
        rounds: 10_000,
        short: 60,
        share: 4,
        run: power::power_loss,
    },
    Row {
        name: "lost-answers",
        must: "asked again under its key, a call whose answer was lost gets the same answer and has one effect",
        rounds: 10_000,
        short: 150,
        share: 3,
        run: endings::lost_answers,
    },
    Row {
        name: "history",
        must: "with answers lost, the clock turned and kills there is an order of events that explains every answer",
        rounds: 200,
        short: 3,
        share: 4,
        run: endings::history,
    },
    Row {
        name: "disk-full",
        must: "on a full disk writes get 507, reads go on, readyz says 503; with room again all is well, and nothing is lost",
        rounds: 50,
        short: 4,
        share: 3,
        run: disk::full,
    },
    Row {
        name: "readiness",
        must: "asked by 32 clients on a slow disk it writes once a second and holds no reader up; health answers on a hung one",
        rounds: 20,
        short: 2,
        share: 1,
        run: readiness::asked_by_many,
    },
    Row {
        name: "io-errors",
        must: "whichever call on the disk fails there is an error and no half state; a failed sync ends the program",
        rounds: 500,
        short: 6,
        share: 4,
        run: disk::errors,
    },
    Row {
        name: "refused-files",
        must: "on a file that is damaged, empty, newer, not ours, read-only or open elsewhere it does not start, and changes no byte",
        rounds: 40,
        short: 1,
        share: 1,
        run: files::refused,
    },
    Row {
        name: "clock",
        must: "however the wall clock steps no hold ends early, none lives on, and a sale opens when the wall says so",
        rounds: 10_000,
        short: 600,
        share: 2,
        run: time::steps,
    },
    Row {
        name: "clock-starts",
        must: "wherever the wall stands at a start, later writes are of later moments; check, backup and start are content",
        rounds: 200,
        short: 8,
        share: 1,
        run: time::starts,
    },
    Row {
        name: "storm",
        must: "bursts, drips, floods, resets, half-closed and vanished clients at once: 500 honest customers do not notice",
        rounds: 2_000,
        short: 30,
        share: 3,
        run: storms::storm,
    },
    Row {
        name: "soak",
        must: "mixed load with faults for long: memory, threads, descriptors and WAL stay as they are, the books add up",
        rounds: 9_000,
        short: 10,
        share: 8,
        run: storms::soak,
    },
    Row {
        name: "one-seat",
        must: "of 200 clients for one seat one gets it and all others 409; every read finds the same sum of points",
        rounds: 500,
        short: 5,
        share: 2,
        run: races::one_seat,
    },
    Row {
        name: "backups",
        must: "each backup made under load is content, can be served, and has all that was answered before it began",
        rounds: 100,
        short: 2,
        share: 2,
        run: backups::under_load,
    },
    Row {
        name: "linked-paths",
        must: "a file that is reached by links and whose server was killed is copied with all that was answered",
        rounds: 50,
        short: 2,
        share: 1,
        run: places::by_links,
    },
    Row {
        name: "leftovers",
        must: "no command makes a file beside the log of another, nor changes a byte there",
        rounds: 50,
        short: 1,
        share: 1,
        run: places::leftovers,
    },
    Row {
        name: "replaced",
        must: "a replacement that is killed at any step leaves a whole database under its name, and the old one is kept whole",
        rounds: 400,
        short: 12,
        share: 1,
        run: places::replaced,
    },
    Row {
        name: "no-hard-links",
        must: "where there are no hard links every command that makes a file works, and none takes another's place",
        rounds: 50,
        short: 2,
        share: 1,
        run: places::without_links,
    },
];
