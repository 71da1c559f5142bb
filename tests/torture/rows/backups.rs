//! Copies of a file that is being sold from.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::endings::{FLAGS, RULES, check, file};
use crate::support::wait::sleep;
use crate::torture::customers::Customers;
use crate::torture::history;
use crate::torture::report::Report;
use crate::torture::served::{Served, Start};
use crate::torture::streams::Dice;

const DATES: usize = 20;
const SEATS: usize = 500;
/// Backups of one server; of so many one is served again.
const ROUNDS_OF_A_SERVER: usize = 10;
const SERVED_ONE_IN: usize = 4;

/// A backup, and between which moments of the history it was made.
struct Backup {
    path: PathBuf,
    from: u64,
    to: u64,
}

/// Each round is a backup while customers buy: whatever had been answered before it began is in it.
pub fn under_load(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let mut bytes = 0;
    while report.goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("venue.db");
        let Some(served) =
            report.got("opening", Served::open(&database, Start { flags: FLAGS, ..Start::default() }, DATES, SEATS))
        else {
            return;
        };
        let mut customers = Customers::of(dice.next(), 4, 12, (DATES, SEATS));
        let (began, mut backups) = (customers.began, Vec::new());
        let now = || began.elapsed().as_nanos() as u64;
        customers.work(served.address, None, false, |_| {
            for n in 0..ROUNDS_OF_A_SERVER {
                if n > 0 && !report.goes_on() {
                    break;
                }
                sleep(Duration::from_millis(dice.below(300) as u64));
                let (path, from) = (folder.path().join(format!("backup-{n}.db")), now());
                let made = boxoffice(&["backup", "--database"], &database).arg(&path).output().unwrap();
                let said = String::from_utf8_lossy(&made.stderr).into_owned();
                report.check(made.status.success(), || format!("backup {n}: {said}"));
                backups.push(Backup { path, from, to: now() });
            }
        });
        served.kill();
        check(report, &customers, &database, RULES);
        for backup in backups {
            bytes += std::fs::metadata(&backup.path).map_or(0, |file| file.len());
            is_sound(report, &backup, &customers, &mut dice);
        }
    }
    report.note(format!("{} MiB copied", bytes >> 20));
}

fn boxoffice(words: &[&str], path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(words).arg(path);
    command
}

fn is_sound(report: &mut Report, backup: &Backup, customers: &Customers, dice: &mut Dice) {
    let checked = boxoffice(&["check"], &backup.path).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    report.check(checked.status.success(), || format!("check: {said}"));
    let known = history::between(&customers.history, backup.from, backup.to);
    for fault in history::faults(&known, &file(&backup.path), RULES) {
        report.check(false, || format!("{}: {fault}", backup.path.display()));
    }
    if dice.one_in(SERVED_ONE_IN) {
        let served = Served::start(&backup.path, Start { flags: FLAGS, ..Start::default() });
        drop(report.got("serving the backup", served));
    }
}
