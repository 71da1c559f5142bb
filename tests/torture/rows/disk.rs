//! The disk: full, failing, and files that are not what they should be.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::endings::{FLAGS, RULES, check};
use crate::support::wait::sleep;
use crate::torture::calls::Call;
use crate::torture::customers::Customers;
use crate::torture::outside::comes_true;
use crate::torture::report::{Report, patience};
use crate::torture::served::{Served, Start};
use crate::torture::shim::{READS, SYNCS, Shim, WRITES, Word};
use crate::torture::streams::Dice;

const DATES: usize = 10;
const SEATS: usize = 500;
/// Times that one server runs out of disk space.
const TIMES_OF_A_SERVER: usize = 10;

/// A disk that can be filled.
enum Disk {
    /// A small file system of its own, where one may be mounted.
    Mounted(PathBuf),
    /// The shim lets nothing more be written.
    Shimmed(Shim),
}

impl Disk {
    fn mount(folder: &Path) -> Option<Disk> {
        let made = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "none"]).arg(folder).output();
        made.is_ok_and(|made| made.status.success()).then(|| Disk::Mounted(folder.to_owned()))
    }

    fn shim(&self) -> Option<&Shim> {
        match self {
            Disk::Mounted(_) => None,
            Disk::Shimmed(shim) => Some(shim),
        }
    }

    fn fill(&self) {
        match self {
            Disk::Shimmed(shim) => shim.set(Word::RoomBytes, 0),
            Disk::Mounted(folder) => {
                let mut ballast = fs::File::create(folder.join("ballast")).unwrap();
                while ballast.write(&[0; 4_096]).is_ok_and(|length| length > 0) {}
            }
        }
    }

    fn make_room(&self) {
        match self {
            Disk::Shimmed(shim) => shim.set(Word::RoomBytes, -1),
            Disk::Mounted(folder) => fs::remove_file(folder.join("ballast")).unwrap(),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Disk::Mounted(folder) = self {
            let _ = Command::new("umount").arg("-l").arg(folder).status(); // the folder is a temporary one
        }
    }
}

pub fn full(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let (mut refused, mut mounted, mut runs) = (0, 0, 0);
    while report.goes_on() {
        runs += 1;
        let folder = tempfile::tempdir().unwrap();
        let mount = (runs % 2 == 1).then(|| Disk::mount(folder.path())).flatten();
        let disk = match mount {
            Some(disk) => {
                mounted += 1;
                disk
            }
            None => match report.got("the shim", Shim::build()) {
                Some(shim) => Disk::Shimmed(shim),
                None => return,
            },
        };
        let database = folder.path().join("venue.db");
        let start = Start { flags: FLAGS, shim: disk.shim(), ..Start::default() };
        let Some(served) = report.got("opening", Served::open(&database, start, DATES, SEATS)) else { return };
        let mut customers = Customers::of(dice.next(), 4, 10, (DATES, SEATS));
        customers.work(served.address, None, true, |answered| {
            for time in 0..TIMES_OF_A_SERVER {
                if time > 0 && !report.goes_on() {
                    break;
                }
                sleep(Duration::from_millis(dice.below(100) as u64));
                runs_full(report, &disk, &served, answered);
            }
        });
        refused += customers.count(507);
        report.check(customers.count(507) > 0, || "nobody was told that the disk is full".into());
        let ended = served.terminate();
        report.check(ended.is_some_and(|status| status.success()), || format!("it ended so: {ended:?}"));
        check(report, &customers, &database, RULES);
    }
    report.note(format!("{refused} writes refused; {mounted} of {runs} disks were real ones"));
}

/// The disk fills, and there is room again.
fn runs_full(report: &mut Report, disk: &Disk, served: &Served, answered: &AtomicUsize) {
    let status = |path: &str| Call::get(path).ask(&mut None, served.address).map_or(0, |answer| answer.status);
    disk.fill();
    let noticed = comes_true(patience(2_000), || status("/readyz") == 503);
    report.check(noticed, || "it says that it is ready on a full disk".into());
    report.check(status("/api/v1/concerts") == 200, || "reads do not go on".into());
    disk.make_room();
    let heals = comes_true(patience(2_500), || status("/readyz") == 200); // one probe a second
    report.check(heals, || format!("it does not heal: {} {}", status("/readyz"), served.said()));
    let before = answered.load(Relaxed);
    let goes_on = comes_true(patience(5_000), || answered.load(Relaxed) > before + 4);
    report.check(goes_on, || "customers do not get on".into());
}

/// The Nth call on its files fails, once or from then on.
pub fn errors(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let (mut hit, mut ended_itself, mut refused) = (0, 0, 0);
    let Some(shim) = report.got("the shim", Shim::build()) else { return };
    while report.goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("venue.db");
        let mut customers = Customers::of(dice.next(), 4, 10, (DATES, SEATS));
        let start = Start { flags: FLAGS, shim: Some(&shim), ..Start::default() };
        let Some(served) = report.got("opening", Served::open(&database, start, DATES, SEATS)) else { return };
        served.kill();
        for round in 0..10 {
            if round > 0 && !report.goes_on() {
                break;
            }
            let kind = [WRITES, SYNCS, READS][dice.below(3)];
            let goes_on = dice.one_in(2);
            shim.set(Word::Count, 0);
            shim.set(Word::FailKinds, kind);
            shim.set(Word::FailOn, i64::from(goes_on));
            // Rounds count from the start of the program, or from the first customer.
            let from_start = dice.one_in(4);
            let nth = report.rounds as i64;
            shim.set(Word::FailAt, if from_start { nth } else { 0 });
            match Served::start(&database, start) {
                Ok(mut served) => {
                    shim.set(Word::Count, if from_start { shim.word(Word::Count) } else { 0 });
                    shim.set(Word::FailAt, nth);
                    customers.work(served.address, None, false, |_| {
                        let fails = || shim.word(Word::Count) >= nth;
                        comes_true(Duration::from_secs(3), fails);
                        let is_over = kind != READS && fails();
                        let time = if is_over && kind == SYNCS { patience(8_000) } else { Duration::from_millis(30) };
                        hit += usize::from(fails());
                        let ended = served.ends_within(time);
                        ended_itself += usize::from(ended.is_some());
                        let said = served.said();
                        if is_over && kind == SYNCS {
                            let is_told = ended.is_some_and(|status| status.code() == Some(1))
                                && said.contains("nothing more is promised");
                            report.check(is_told, || {
                                format!("call {nth} of kind {kind} failed, it ended so: {ended:?} {said}")
                            });
                        }
                        report.check(!said.contains("panicked"), || said.clone());
                        served.kill();
                    });
                }
                Err(error) => {
                    refused += 1;
                    let said = error.to_string();
                    let is_told = said.contains("boxoffice: ") || said.starts_with("not ready");
                    let is_sentence = is_told && !said.contains("panicked");
                    report.check(is_sentence, || format!("call {nth} of kind {kind} fails, it refused with {said}"));
                }
            }
            shim.set(Word::FailKinds, 0);
            // On a sound disk again everything is there.
            let again = report.got("starting again", Served::start(&database, start));
            let _ = again.and_then(Served::terminate); // what matters is the file
            if !is_right(report, &customers, &database, (nth, kind)) {
                return;
            }
        }
    }
    report.note(format!("{hit} failed under load, {refused} at the start; {ended_itself} ended the program"));
}

/// A 500 is no fault here: nobody can say what a disk kept that failed.
fn is_right(report: &mut Report, customers: &Customers, database: &Path, (nth, kind): (i64, i64)) -> bool {
    let faults = crate::torture::history::faults(&customers.history, &super::endings::file(database), RULES);
    faults.iter().for_each(|fault| _ = report.check(false, || format!("call {nth} of kind {kind} failed: {fault}")));
    faults.is_empty()
}
