//! Files on which the program must not start: it says why in one sentence, and leaves every byte as it was.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;

use super::endings::FLAGS;
use crate::torture::customers::Customers;
use crate::torture::outside::comes_true;
use crate::torture::report::Report;
use crate::torture::served::{Served, Start};
use crate::torture::streams::Dice;

/// Nobody: a user whom permissions bind.
const NOBODY: u32 = 65_534;

/// What is done to the file of a killed server, and a word of the sentence.
type Case = (&'static str, fn(&Path, &mut Dice), &'static str);

const CASES: &[Case] = &[
    ("empty", |file, _| fs::write(file, b"").unwrap(), "empty"),
    ("no database", |file, _| fs::write(file, [b'x'; 5_000]).unwrap(), "not a SQLite file"),
    ("cut short", |file, dice| cut(file, dice), ""),
    ("damaged", |file, dice| damage(file, dice), ""),
    ("newer", |file, _| change(file, "PRAGMA user_version = 99"), "newer"),
    ("another program's", |file, _| change(file, "PRAGMA application_id = 7"), "another program"),
    ("read-only", |file, _| permit(file, 0o444), "can't be opened for writing"),
    ("in a read-only folder", |file, _| permit(file.parent().unwrap(), 0o555), "the right to write it and its folder"),
];

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn change(file: &Path, statement: &str) {
    Connection::open(file).unwrap().execute_batch(statement).unwrap();
}

/// Without its last pages.
fn cut(file: &Path, dice: &mut Dice) {
    settle(file);
    let pages = fs::metadata(file).unwrap().len() / 4_096;
    let left = 1 + dice.below(pages as usize - 1) as u64;
    fs::OpenOptions::new().write(true).open(file).unwrap().set_len(left * 4_096).unwrap();
}

/// With a page that says nothing any more.
fn damage(file: &Path, dice: &mut Dice) {
    settle(file);
    let mut bytes = fs::read(file).unwrap();
    let page = dice.below(bytes.len() / 4_096);
    let from = page * 4_096 + if page == 0 { 100 } else { 0 };
    bytes[from..(page + 1) * 4_096].fill(0xa5);
    fs::write(file, bytes).unwrap();
}

/// What stands in the WAL is written back, so that it does not mend the damage.
fn settle(file: &Path) {
    change(file, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/// The bytes of every file beside the one that is served; what SQLite shares between processes is no content.
pub(super) fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| !path.to_string_lossy().ends_with("-shm"));
    // A WAL without content may come and go.
    let read = files.map(|path| (path.clone(), fs::read(path).unwrap()));
    read.filter(|(path, bytes)| !bytes.is_empty() || !path.to_string_lossy().ends_with("-wal")).collect()
}

/// Runs it as a user whom permissions bind.
fn run(program: &Path, words: &[&str], file: &Path) -> Output {
    let mut command = Command::new(program);
    command.args(words).arg("--database").arg(file).stdin(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
    }
    // Where it starts all the same, it is not waited for for ever.
    command.arg("--until-stdin-closes").args(["--listen", "127.0.0.1:0"]).output().unwrap()
}

pub fn refused(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let home = tempfile::tempdir().unwrap();
    permit(home.path(), 0o755);
    let program = home.path().join("boxoffice");
    fs::copy(env!("CARGO_BIN_EXE_boxoffice"), &program).unwrap();
    let template = home.path().join("template.db");
    if report.got("a file", used(&template, &mut dice)).is_none() {
        return;
    }
    while report.goes_on() {
        for (what, spoil, word) in CASES {
            let folder = tempfile::tempdir_in(home.path()).unwrap();
            let file = folder.path().join("venue.db");
            for ending in ["", "-wal"] {
                let part = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
                fs::copy(part(&template), part(&file)).unwrap();
                permit(&part(&file), 0o666);
            }
            permit(folder.path(), 0o777);
            spoil(&file, &mut dice);
            is_refused(report, what, word, folder.path(), || run(&program, &["serve"], &file));
            permit(folder.path(), 0o777);
        }
        open_elsewhere(report, home.path(), &template);
    }
    report.note(format!("{} cases", CASES.len() + 2));
}

fn is_refused(report: &mut Report, what: &str, word: &str, folder: &Path, run: impl FnOnce() -> Output) {
    let before = bytes(folder);
    let output = run();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_sentence = said.lines().count() == 1 && said.starts_with("boxoffice: ") && said.trim_end().ends_with('.');
    let is_refusal = output.status.code() == Some(1) && output.stdout.is_empty() && is_sentence && said.contains(word);
    report.check(is_refusal, || format!("{what}: {} said {said:?}", output.status));
    report.check(bytes(folder) == before, || format!("{what}: bytes were changed"));
}

/// A file of a server that was killed under load: part of it stands in the WAL.
pub(super) fn used(file: &Path, dice: &mut Dice) -> std::io::Result<()> {
    let served = Served::start(file, Start { flags: FLAGS, ..Start::default() })?;
    served.add_dates(2, 300)?;
    let mut customers = Customers::of(dice.next(), 4, 10, (2, 300));
    customers.work(served.address, None, false, |answered| {
        comes_true(std::time::Duration::from_secs(20), || answered.load(std::sync::atomic::Ordering::Relaxed) > 300);
        served.kill();
    });
    Ok(())
}

/// A second program on the file of the first, and a command that may not make a file on none.
fn open_elsewhere(report: &mut Report, home: &Path, template: &Path) {
    let folder = tempfile::tempdir_in(home).unwrap();
    let file = folder.path().join("venue.db");
    fs::copy(template, &file).unwrap();
    let Some(served) = report.got("starting", Served::start(&file, Start { flags: FLAGS, ..Start::default() })) else {
        return;
    };
    let second =
        || Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(["serve", "--database"]).arg(&file).output().unwrap();
    is_refused(report, "open elsewhere", "another boxoffice has this file open", folder.path(), second);
    served.kill();
    let none = folder.path().join("none.db");
    let run =
        || Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(["staff-key", "--database"]).arg(&none).output().unwrap();
    is_refused(report, "missing", "no such file", folder.path(), run);
}
