//! The power goes out.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use rusqlite::Connection;

use super::endings::{FLAGS, RULES};
use crate::torture::customers::Customers;
use crate::torture::history::{self, Op};
use crate::torture::images::{Disk, Trace};
use crate::torture::outside::comes_true;
use crate::torture::report::Report;
use crate::torture::served::{Served, Start};
use crate::torture::shim::Shim;
use crate::torture::streams::Dice;

const DATES: usize = 10;
const SEATS: usize = 300;
/// Images of one trace; and how many of them, one in so many, the program itself opens.
const IMAGES_OF_A_TRACE: usize = 2_000;
const OPENED_ONE_IN: usize = 200;
/// Images that must show a loss when the syncs of commits are not believed.
const CONTROL_IMAGES: usize = 40;
const WORKERS: usize = 2;
/// Answers to write down for so many images.
const ANSWERS: usize = 6_000;

/// A trace and the history that belongs to it.
struct Run {
    trace: Trace,
    history: Vec<Op>,
}

pub fn power_loss(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let (mut answers, mut lost_without_sync) = (0, 0);
    while report.rounds < report.wanted && report.has_time() && report.violations.is_empty() {
        let images = IMAGES_OF_A_TRACE.min(report.wanted - report.rounds);
        let Some(run) = run(report, &mut dice, images) else { return };
        answers += run.history.iter().filter(|op| op.said.is_some()).count();
        let (done, faults) = replay(&run, images, true, report, &mut dice);
        report.rounds += done;
        faults.into_iter().for_each(|fault| _ = report.check(false, || fault));
        let (control, faults) = replay(&run, CONTROL_IMAGES, false, report, &mut dice);
        lost_without_sync += faults.len();
        report.check(!faults.is_empty(), || {
            format!("{control} images without the syncs of commits show no loss: this sees nothing")
        });
    }
    report
        .note(format!("{answers} answers; without the syncs of commits {lost_without_sync} control images lost some"));
}

/// The unmodified program under load, with the shim writing down what it does to its files.
fn run(report: &mut Report, dice: &mut Dice, images: usize) -> Option<Run> {
    let shim = report.got("the shim", Shim::build())?;
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let start = Start { flags: FLAGS, shim: Some(&shim), traced: true };
    let mut customers = Customers::of(dice.next(), 4, 12, (DATES, SEATS));
    let wanted = ANSWERS.min(300 + images * 3);
    let mut lives = 0;
    while customers.answered() < wanted {
        let served = report.got("starting", Served::start(&database, start))?;
        if lives == 0 {
            let made = served.add_dates(DATES as i64, SEATS as i64).and_then(|()| served.add_own_line(SEATS));
            customers = customers.with_own_line(report.got("dates", made)?);
        }
        let goal = (wanted - customers.answered()).min(wanted / 2 + 1);
        customers.work(served.address, Some(&shim), false, |answered| {
            comes_true(Duration::from_secs(30), || answered.load(Relaxed) >= goal);
            // An end in good order writes the WAL back; one without leaves it to the next start.
            match lives % 2 {
                0 => drop(served.terminate()),
                _ => served.kill(),
            }
        });
        lives += 1;
    }
    let trace = report.got("the trace", Trace::read(&shim.trace()))?;
    Some(Run { trace, history: customers.history })
}

/// Images at random moments, in order; gives how many there were, and what was wrong with them.
fn replay(run: &Run, images: usize, believes_wal: bool, report: &Report, dice: &mut Dice) -> (usize, Vec<String>) {
    let (done, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let checkpoints = run.trace.checkpoints();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            let mut dice = Dice::of(dice.next());
            let (done, faults, checkpoints) = (&done, &faults, &checkpoints);
            scope.spawn(move || {
                let mut moments: Vec<usize> =
                    (0..images.div_ceil(WORKERS)).map(|_| moment(run, checkpoints, &mut dice)).collect();
                moments.sort_unstable();
                let mut disk = Disk::of(&run.trace, believes_wal);
                for moment in moments {
                    // The control is short, and without it the rest shows nothing.
                    if believes_wal && !report.has_time() || faults.lock().unwrap().len() >= 4 {
                        return;
                    }
                    disk.go_on_to(moment);
                    if let Err(what) = is_whole(&disk, moment, &run.history, &mut dice) {
                        faults.lock().unwrap().push(format!("power lost at record {moment}: {what}"));
                    }
                    done.fetch_add(1, Relaxed);
                }
            });
        }
    });
    (done.into_inner(), faults.into_inner().unwrap())
}

/// Half of the moments are near those at which names change and the WAL is written back.
fn moment(run: &Run, checkpoints: &[usize], dice: &mut Dice) -> usize {
    let anywhere = dice.below(run.trace.len() + 1);
    if checkpoints.is_empty() || dice.one_in(2) {
        return anywhere;
    }
    let near = checkpoints[dice.below(checkpoints.len())] + dice.below(60);
    near.saturating_sub(30).min(run.trace.len())
}

/// One image, against what had been answered by then.
fn is_whole(disk: &Disk, moment: usize, history: &[Op], dice: &mut Dice) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    disk.lose_power(dice, folder.path()).map_err(|error| error.to_string())?;
    let database = folder.path().join("venue.db");
    let known = history::until(history, moment as i64);
    if !database.exists() {
        let nothing = known.iter().all(|op| op.said.is_none());
        return nothing.then_some(()).ok_or_else(|| "the file is gone, and people had answers".into());
    }
    if dice.one_in(OPENED_ONE_IN) {
        let served = Served::start(&database, Start { flags: FLAGS, ..Start::default() });
        served.map_err(|error| format!("it does not start: {error}"))?.kill();
    }
    // Opened for writing: what stands in the WAL is taken in by whoever opens the file.
    let file = Connection::open(&database).map_err(|error| error.to_string())?;
    let mut faults = history::faults(&known, &file, RULES);
    if faults.is_empty() { Ok(()) } else { Err(faults.swap_remove(0)) }
}
