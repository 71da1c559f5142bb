//! Whether the statements of SQLite alone (`bare.rs`) are those that the server runs for the same work.

use std::path::Path;
use std::time::Duration;

use crate::bare::{Bare, Work};
use crate::filling::SeatPosition;
use crate::stages::logged;

/// How the statements begin that belong to no job: those of every transaction, of once a minute, of a writer without
/// work, and of the thread that looks for events to send.
const OF_NO_JOB: [&str; 13] = [
    "BEGIN",
    "COMMIT",
    "SELECT reservation_id FROM reservation WHERE status = 'PENDING_PAYMENT' AND hold_expires_at <=",
    "SELECT token FROM token WHERE status = 'ACTIVE' AND active_until <=",
    "UPDATE venue SET seen_at",
    "DELETE FROM idempotency_answer",
    "DELETE FROM token",
    "SELECT schedule_id FROM schedule WHERE cancelled_at",
    "SELECT reservation_id, hold_expires_at FROM reservation",
    "SELECT token, active_until FROM token",
    "SELECT coalesce(max(sequence), 0) FROM event",
    "SELECT webhook_id",
    "PRAGMA",
];

/// The statements of jobs in order of the alphabet.
fn of_jobs(statements: impl IntoIterator<Item = String>) -> Vec<String> {
    let is_of_job = |statement: &String| !OF_NO_JOB.iter().any(|begin| statement.starts_with(begin));
    let mut of_jobs: Vec<String> = statements.into_iter().filter(is_of_job).collect();
    of_jobs.sort_unstable();
    of_jobs
}

/// The statements that the writer ran, from the log of a server: all but those of readers, which stand between the
/// `BEGIN` and the `COMMIT` of one request.
fn of_writer(log: &str) -> Vec<String> {
    let (mut reading, mut ran) = (None, Vec::new());
    for (_, statement, request) in logged(log) {
        match statement.as_str() {
            "BEGIN" if request.is_some() => reading = request,
            _ if reading.is_none() || request != reading => ran.push(statement),
            "COMMIT" => reading = None,
            _ => {}
        }
    }
    ran
}

/// Ends the program unless one piece of work runs the same jobs' statements here as in our own server, which is asked
/// for it by `ours` on a copy and logs to a file; `ours` says how much of that file is of the start.
pub fn must_run_the_same(
    work: Work,
    template: &Path,
    first: SeatPosition,
    folder: &Path,
    ours: impl FnOnce(&Path, &Path) -> usize,
) {
    let [by_us, bare, log] = ["by-us.db", "bare.db", "by-us.log"].map(|name| folder.join(name));
    std::fs::copy(template, &by_us).unwrap();
    std::fs::copy(template, &bare).unwrap();
    let of_start = ours(&by_us, &log);
    let log = std::fs::read_to_string(&log).unwrap();
    let mut bare = Bare::recording(&bare);
    bare.run(work, first, 1, 1, Duration::from_secs(1));
    assert_eq!(
        of_jobs(of_writer(&log[of_start..])),
        of_jobs(bare.into_ran()),
        "the statements of {work:?} in tests/bench/bare.rs are no longer those of src/"
    );
}
