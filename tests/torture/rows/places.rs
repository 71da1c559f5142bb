//! Where files lie: reached by links, beside leftovers, in the place of others, on disks without hard links.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;

use super::endings::{FLAGS, RULES, file};
use super::files::{bytes, used};
use crate::torture::customers::Customers;
use crate::torture::history;
use crate::torture::outside::comes_true;
use crate::torture::report::Report;
use crate::torture::served::{Served, Start};
use crate::torture::shim::{NAMES, SYNCS, Shim, Word};
use crate::torture::streams::Dice;

/// What file systems say of hard links that they do not know: EPERM, EMLINK, ENOSYS, EOPNOTSUPP.
const NO_LINKS: [i64; 4] = [1, 31, 38, 95];

fn boxoffice(words: &[&str], file: Option<&Path>, database: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(words).args(file).arg("--database").arg(database).stdin(Stdio::null());
    command
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

fn events(path: &Path) -> rusqlite::Result<i64> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    Connection::open_with_flags(path, flags)?.query_row("SELECT count(*) FROM event", [], |row| row.get(0))
}

fn works(report: &mut Report, what: &str, output: &Output) -> bool {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    report.check(output.status.success() && !said.contains("panicked"), || format!("{what}: {} {said}", output.status))
}

fn is_sound(report: &mut Report, what: &str, path: &Path, wanted: &[i64]) -> bool {
    let checked = Command::new(env!("CARGO_BIN_EXE_boxoffice")).arg("check").arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    let found = events(path).unwrap_or(-1);
    report.check(checked.status.success() && wanted.contains(&found), || {
        format!("{what}: {} has {found} events, not one of {wanted:?}: {said}", path.display())
    })
}

/// Each round sells through a symbolic link, kills, and copies through the link.
pub fn by_links(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    while report.goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("disk")).unwrap();
        symlink("disk", at("folder")).unwrap();
        symlink("folder/venue.db", at("link.db")).unwrap();
        let start = Start { flags: FLAGS, ..Start::default() };
        let Some(served) = report.got("opening by a link", Served::open(&at("link.db"), start, 2, 300)) else { return };
        let mut customers = Customers::of(dice.next(), 4, 10, (2, 300));
        customers.work(served.address, None, false, |answered| {
            let many = || answered.load(std::sync::atomic::Ordering::Relaxed) > 200;
            comes_true(std::time::Duration::from_secs(20), many);
            served.kill();
        });
        for name in ["link.db", "folder/venue.db", "disk/../link.db"] {
            let copy = at(&format!("copy-{}.db", name.replace('/', "-")));
            let made = boxoffice(&["backup"], Some(&copy), &at(name)).output().unwrap();
            if works(report, name, &made) {
                for fault in history::faults(&customers.history, &file(&copy), RULES) {
                    report.check(false, || format!("the copy by {name}: {fault}"));
                }
            }
        }
    }
}

/// A venue's file that was used, and a smaller one.
fn pair(report: &mut Report, home: &Path, dice: &mut Dice) -> Option<(PathBuf, PathBuf)> {
    let (old, new) = (home.join("old.db"), home.join("new.db"));
    report.got("a file", used(&old, dice))?;
    let start = Start { flags: FLAGS, ..Start::default() };
    report.got("another", Served::open(&new, start, 1, 5))?.terminate();
    Some((old, new))
}

fn copy_with_log(from: &Path, to: &Path) {
    for ending in ["", "-wal"] {
        if beside(from, ending).exists() {
            fs::copy(beside(from, ending), beside(to, ending)).unwrap();
        }
    }
}

/// The log of a file that is gone lies where a command would make a file.
pub fn leftovers(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let home = tempfile::tempdir().unwrap();
    let Some((old, new)) = pair(report, home.path(), &mut dice) else { return };
    while report.goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("venue.db");
        fs::copy(beside(&old, "-wal"), beside(&file, "-wal")).unwrap();
        let before = bytes(folder.path());
        let serve = boxoffice(&["serve", "--listen", "127.0.0.1:0", "--until-stdin-closes"], None, &file);
        let commands = [
            ("serve", serve),
            ("backup", boxoffice(&["backup"], Some(&file), &new)),
            ("restore", boxoffice(&["restore"], Some(&new), &file)),
            ("export", boxoffice(&["export", "--schedule", "1", "--output"], Some(&file), &new)),
        ];
        for (name, mut command) in commands {
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let is_refused = output.status.code() == Some(1) && said.contains("there is a file already");
            report.check(is_refused && output.stdout.is_empty(), || format!("{name}: {} said {said}", output.status));
            report.check(bytes(folder.path()) == before, || format!("{name} made a file beside the log of another"));
        }
    }
}

/// Each round replaces a file and is killed at one of the steps, or has nowhere to print.
pub fn replaced(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let home = tempfile::tempdir().unwrap();
    let Some((old, new)) = pair(report, home.path(), &mut dice) else { return };
    let Some(shim) = report.got("the shim", Shim::build()) else { return };
    let count = |path: &Path| events(path).unwrap();
    let (old_events, new_events, mut steps, mut killed) = (count(&old), count(&new), 0, 0);
    while report.goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("venue.db");
        copy_with_log(&old, &file);
        shim.set(Word::Count, 0);
        shim.set(Word::FailKinds, SYNCS | NAMES);
        shim.set(Word::Kills, 1);
        // The steps from the last to the first, again and again; the first round counts them.
        let step = if steps == 0 { 0 } else { steps - (report.rounds as i64 - 2) % steps };
        shim.set(Word::FailAt, step);
        let mut command = boxoffice(&["restore", "--replace"], Some(&new), &file);
        shim.put_around(&mut command, &file, false);
        if dice.one_in(2) {
            command.stdout(File::options().write(true).open("/dev/full").unwrap());
        }
        let output = command.output().unwrap();
        steps = steps.max(if step == 0 { shim.word(Word::Count) } else { 0 });
        let ended = output.status.code();
        killed += usize::from(ended.is_none());
        report.check(ended.is_none_or(|code| code == 0), || {
            format!("step {step}: {} {}", output.status, String::from_utf8_lossy(&output.stderr))
        });
        let what = format!("killed at step {step} of {steps}");
        let is_there = is_sound(report, &what, &file, &[old_events, new_events]);
        if is_there && events(&file).unwrap_or(-1) == new_events {
            is_sound(report, &what, &beside(&file, ".before-restore-1"), &[old_events]);
        }
        let again = boxoffice(&["restore", "--replace"], Some(&new), &file).output().unwrap();
        works(report, "replacing it then", &again);
        is_sound(report, "then", &file, &[new_events]);
    }
    report.note(format!("{killed} were killed at one of {steps} steps"));
}

/// Every command that makes a file works where there are no hard links, and none takes the place of another.
pub fn without_links(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let Some(shim) = report.got("the shim", Shim::build()) else { return };
    while report.goes_on() {
        shim.set(Word::LinkError, NO_LINKS[dice.below(NO_LINKS.len())]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("venue.db");
        let start = Start { flags: FLAGS, shim: Some(&shim), traced: false };
        let Some(served) = report.got("a new file", Served::open(&file, start, 1, 5)) else { return };
        let run = |words: &[&str], name: Option<&Path>, database: &Path| {
            let mut command = boxoffice(words, name, database);
            shim.put_around(&mut command, &file, false);
            command.output().unwrap()
        };
        let (copy, other) = (beside(&file, ".copy"), beside(&file, ".other"));
        works(report, "backup", &run(&["backup"], Some(&copy), &file));
        let wanted = [events(&copy).unwrap_or(-1)];
        let twice = run(&["backup"], Some(&copy), &file);
        report.check(twice.status.code() == Some(1), || "a second backup took the place of the first".into());
        served.kill();
        works(report, "restore", &run(&["restore"], Some(&copy), &other));
        works(report, "replacing", &run(&["restore", "--replace"], Some(&copy), &file));
        let seats = beside(&file, ".csv");
        works(report, "export", &run(&["export", "--schedule", "1", "--output"], Some(&seats), &file));
        for path in [&copy, &other, &file, &beside(&file, ".before-restore-1")] {
            is_sound(report, "without links", path, &wanted);
        }
    }
}
