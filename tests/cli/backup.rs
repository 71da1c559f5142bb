//! Backups while people buy, and back: each is whole and sound or not there, and nothing is ever overwritten.

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::support::invariants::number;
use crate::support::wait::{sleep, until};
use crate::support::{PRICE, TestApp};
use boxoffice::check::check;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

const BUYERS: usize = 4;
const BACKUPS: usize = 12;
/// A buyer waits at most so long for an answer while a backup is made.
const ANSWER_MAX: Duration = Duration::from_secs(5);

fn command(name: &str, file: &Path, database: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.arg(name).arg(file).arg("--database").arg(database);
    command
}

fn run(name: &str, file: &Path, database: &Path) -> Output {
    command(name, file, database).output().unwrap()
}

#[track_caller]
fn fine(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

#[track_caller]
fn refused(output: &Output, words: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{told}");
    assert!(told.contains(words), "{told}");
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn events_in(file: &Path) -> i64 {
    let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    number(&file, "SELECT count(*) FROM event")
}

/// Somebody buys a seat and gives it back, again and again; the slowest answer.
fn buy_and_refund(app: &TestApp, seat: usize, done: &AtomicBool, bought: &AtomicUsize) -> Duration {
    let mut slowest = Duration::ZERO;
    while !done.load(Relaxed) {
        let started = Instant::now();
        let kim = app.buyer(PRICE);
        let held = kim.hold(1, &[&seat.to_string()]).must(201)["reservationId"].clone();
        kim.pay(&held, PRICE).must(201);
        app.staff("POST", &format!("/reservations/{}/refund", held.as_str().unwrap()), json!({})).must(200);
        slowest = slowest.max(started.elapsed());
        bought.fetch_add(1, Relaxed);
    }
    slowest
}

/// A copy of the file alone lacks what is in the WAL; one made page by page while others write begins again for ever.
#[test]
fn backups_made_while_people_buy_are_sound_and_stop_nobody() {
    let app = TestApp::with_seats(20, &["--max-active=0"]);
    let folder = tempfile::tempdir().unwrap();
    let (done, bought) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut during = 0;
    let slowest = std::thread::scope(|scope| {
        let (app, done, bought) = (&app, &done, &bought);
        let buyers: Vec<_> =
            (1..=BUYERS).map(|seat| scope.spawn(move || buy_and_refund(app, seat, done, bought))).collect();
        let mut events = 0;
        for number in 0..BACKUPS {
            let before = bought.load(Relaxed);
            let path = folder.path().join(format!("{number}.db"));
            fine(&run("backup", &path, &app.database));
            during += bought.load(Relaxed) - before;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(std::fs::read(&path).unwrap()[18..20], [2, 2], "it is in WAL mode");
            assert_eq!(check(&path).unwrap(), Vec::<String>::new());
            let now = events_in(&path);
            assert!(now >= events, "a later backup has less in it");
            events = now;
        }
        done.store(true, Relaxed);
        buyers.into_iter().map(|buyer| buyer.join().unwrap()).max().unwrap()
    });
    println!(
        "{BACKUPS} backups, {during} seats bought meanwhile, the slowest of six answers together after {slowest:?}"
    );
    assert!(during > 0 && slowest < ANSWER_MAX * 6, "{during} {slowest:?}");
    let last = folder.path().join(format!("{}.db", BACKUPS - 1));
    let elsewhere = folder.path().join("elsewhere.db");
    fine(&run("restore", &last, &elsewhere));
    let restored = TestApp::on(&elsewhere, &["--max-active=0"]);
    assert_eq!(number(&restored.file(), "SELECT count(*) FROM event"), events_in(&last));
    restored.customer().hold(1, &["20"]).must(201);
}

#[test]
fn backup_is_never_made_over_something_nor_of_books_that_do_not_add_up() {
    let app = TestApp::with_seats(5, &[]);
    app.buyer(PRICE);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for taken in ["file.db", "wal.db-wal"] {
        std::fs::write(at(taken), "mine").unwrap();
    }
    for name in ["file.db", "wal.db"] {
        refused(&run("backup", &at(name), &app.database), "there is a file already");
    }
    refused(&run("backup", &at("none/a.db"), &app.database), "no file can be made here");
    refused(&run("backup", &at("a.db"), &at("missing.db")), "there is no such file");
    let damaged = damaged_copy(&app, folder.path());
    refused(&run("backup", &at("a.db"), &damaged), "do not add up: user ");
    assert_eq!(std::fs::read(at("file.db")).unwrap(), b"mine");
    assert_eq!(names(folder.path()), ["damaged.db", "file.db", "wal.db-wal"]);
}

fn damaged_copy(app: &TestApp, folder: &Path) -> PathBuf {
    let path = folder.join("damaged.db");
    fine(&run("backup", &path, &app.database));
    Connection::open(&path).unwrap().execute("UPDATE balance SET points = points + 1", []).unwrap();
    path
}

#[test]
fn restore_replaces_nothing_unless_it_is_told_to_and_keeps_what_was_there() {
    let mut app = TestApp::with_seats(5, &[]);
    let folder = tempfile::tempdir().unwrap();
    let (backup, venue) = (folder.path().join("backup.db"), folder.path().join("venue.db"));
    fine(&run("backup", &backup, &app.database));
    app.buyer(PRICE);
    let replace =
        |backup: &Path, database: &Path| command("restore", backup, database).arg("--replace").output().unwrap();
    refused(&run("restore", &backup, &app.database), "with --replace it is kept");
    refused(&replace(&backup, &app.database), "a boxoffice has it open");
    app.close();
    std::fs::copy(&app.database, &venue).unwrap();
    let before = std::fs::read(&venue).unwrap();
    let damaged = folder.path().join("damaged.db");
    std::fs::copy(&backup, &damaged).unwrap();
    Connection::open(&damaged).unwrap().execute("DELETE FROM event WHERE sequence = 1", []).unwrap();
    refused(&replace(&damaged, &venue), "do not add up");
    std::fs::copy(&backup, &damaged).unwrap();
    // A table's page: an index is made anew by the copy, and nothing of it is lost.
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'seat'";
    let page: i64 = Connection::open(&damaged).unwrap().query_row(root, [], |row| row.get(0)).unwrap();
    let torn = std::fs::OpenOptions::new().write(true).open(&damaged).unwrap();
    torn.write_all_at(&[0xff; 4_096], 4_096 * (page as u64 - 1)).unwrap();
    refused(&replace(&damaged, &venue), "damaged.db: this file is damaged");
    assert!(std::fs::read(&venue).unwrap() == before, "refused, and changed all the same");
    std::fs::write(folder.path().join("venue.db-wal"), "what a crash left").unwrap();
    fine(&replace(&backup, &venue));
    fine(&replace(&backup, &venue));
    let aside = folder.path().join("venue.db.before-restore-1");
    assert!(std::fs::read(aside).unwrap() == before);
    assert_eq!(
        names(folder.path()),
        [
            "backup.db",
            "damaged.db",
            "venue.db",
            "venue.db.before-restore-1",
            "venue.db.before-restore-1-wal",
            "venue.db.before-restore-2"
        ]
    );
    assert_eq!(events_in(&venue), events_in(&backup));
    assert_eq!(std::fs::metadata(&venue).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A file large enough that a backup takes a moment.
fn large_file(folder: &Path) -> PathBuf {
    let mut app = TestApp::with_seats(50_000, &[]);
    app.close();
    let path = folder.join("large.db");
    std::fs::copy(&app.database, &path).unwrap();
    path
}

#[test]
fn backup_that_is_stopped_leaves_no_half_file() {
    let folder = tempfile::tempdir().unwrap();
    let large = large_file(folder.path());
    let copy = folder.path().join("copy.db");
    let mut stopped = 0;
    for round in 0..20 {
        let mut child = command("backup", &copy, &large).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        // Once its draft is there, it is stopped at another moment each time.
        until("a draft", || names(folder.path()).len() > 1 || child.try_wait().unwrap().is_some());
        sleep(Duration::from_millis(round * 10).saturating_sub(begun.elapsed()));
        Command::new("/bin/kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        let ended = child.wait().unwrap();
        match ended.code() {
            Some(0) => assert_eq!(check(&copy).unwrap(), Vec::<String>::new()),
            // Stopped between the last step and its end: the copy is whole.
            Some(1) if copy.exists() => assert_eq!(check(&copy).unwrap(), Vec::<String>::new()),
            Some(1) => {
                stopped += 1;
                assert_eq!(names(folder.path()), ["large.db"]);
            }
            other => assert!(names(folder.path()).len() == 1, "{other:?}: stopped before it listened"),
        }
        let _ = std::fs::remove_file(&copy);
        let _ = std::fs::remove_file(folder.path().join("large.db-backed-up")); // of a round that was through before
    }
    assert!(stopped > 0, "none was stopped half-way");
    println!("{stopped} of 20 backups were stopped half-way");
}

#[test]
fn backup_for_which_the_disk_has_no_room_leaves_no_half_file() {
    let folder = tempfile::tempdir().unwrap();
    let large = large_file(folder.path());
    let script = "trap '' XFSZ; ulimit -f 500; exec \"$0\" backup \"$1\" --database \"$2\"";
    let copy = folder.path().join("copy.db");
    let program = env!("CARGO_BIN_EXE_boxoffice");
    let output = Command::new("/bin/sh").args(["-c", script, program]).arg(&copy).arg(&large).output().unwrap();
    refused(&output, "it could not be written");
    assert_eq!(names(folder.path()), ["large.db"]);
}
