//! Readiness asked by many, on a disk whose syncs take long.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::endings::FLAGS;
use crate::torture::calls::Call;
use crate::torture::outside::comes_true;
use crate::torture::report::{Report, patience};
use crate::torture::served::{Served, Start};
use crate::torture::shim::{Shim, Word};

const ASKING: usize = 32;
/// A slow disk, and one that hangs.
const SLOW_SYNC_MS: i64 = 30;
const HUNG_SYNC_MS: i64 = 2_000;
/// Reads whose times are taken in one round.
const READS: usize = 100;

fn commits(served: &Served) -> Option<f64> {
    let answer = Call::get("/metrics").ask(&mut None, served.address).ok()?;
    let text = answer.text().to_owned();
    text.lines().find_map(|line| line.strip_prefix("boxoffice_writer_commits_total ")?.parse().ok())
}

/// The median of reads, and how long the slowest took.
fn reads(served: &Served, path: &str) -> Option<(Duration, Duration)> {
    let mut kept = None;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..READS {
        let start = Instant::now();
        let answer = Call::get(path).ask(&mut kept, served.address).ok()?;
        (answer.status == 200).then_some(())?;
        times.push(start.elapsed());
    }
    times.sort();
    Some((times[READS / 2], times[READS - 1]))
}

pub fn asked_by_many(report: &mut Report) {
    let folder = tempfile::tempdir().unwrap();
    let Some(shim) = report.got("the shim", Shim::build()) else { return };
    let start = Start { flags: FLAGS, shim: Some(&shim), ..Start::default() };
    let served = Served::open(&folder.path().join("venue.db"), start, 1, 10);
    let Some(served) = report.got("opening", served) else { return };
    shim.set(Word::SyncMs, SLOW_SYNC_MS);
    let Some((alone, _)) = reads(&served, "/api/v1/concerts") else { return };
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..ASKING {
            scope.spawn(|| {
                let mut kept = None;
                while !is_over.load(Relaxed) {
                    let ready = Call::get("/readyz").ask(&mut kept, served.address);
                    answered.fetch_add(usize::from(ready.is_ok_and(|ready| ready.status == 200)), Relaxed);
                }
            });
        }
        let (before, began) = (commits(&served), Instant::now());
        let mut slowest = Duration::ZERO;
        while report.goes_on() {
            let Some((median, _)) = reads(&served, "/api/v1/concerts") else {
                report.check(false, || "reads are not answered".into());
                break;
            };
            slowest = slowest.max(median);
        }
        let enough = comes_true(patience(3_000), || began.elapsed() > Duration::from_secs(2));
        let (after, seconds) = (commits(&served), began.elapsed().as_secs_f64());
        let made = after.zip(before).map_or(f64::INFINITY, |(after, before)| after - before);
        report.check(enough && made <= 2.0 * seconds + 5.0, || format!("{made} commits in {seconds:.1} s"));
        report.check(slowest < alone + patience(50), || format!("reads took {slowest:?}, {alone:?} alone"));
        report.note(format!("{} asked, {made} commits in {seconds:.1} s", answered.load(Relaxed)));
        shim.set(Word::SyncMs, HUNG_SYNC_MS);
        let health = reads(&served, "/healthz").map_or(Duration::MAX, |(_, slowest)| slowest);
        report.check(health < patience(150), || format!("health took {health:?} on a disk that hangs"));
        shim.set(Word::SyncMs, 0);
        is_over.store(true, Relaxed);
    });
    report.check(answered.load(Relaxed) > ASKING, || "those who asked were not answered".into());
}
