//! Files reached by links, beside leftovers, on disks without hard links, and what is printed where
//! nobody reads: nothing is missing, mixed up or lost.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::support::server::Server;
use crate::support::{PRICE, STAFF_KEY, TestApp};
use boxoffice::check::check;
use rusqlite::Connection;

/// A program that is to end does so within this, beside other tests too.
const END_MAX: Duration = Duration::from_secs(30);

pub const NEW: &[&str] = &["--listen", "127.0.0.1:0", "--until-stdin-closes"];

pub fn boxoffice(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(words).stdin(Stdio::null());
    command
}

pub fn on(words: &[&str], database: &Path) -> Command {
    let mut command = boxoffice(words);
    command.arg("--database").arg(database);
    command
}

#[track_caller]
pub fn fine(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    assert!(!text(&output.stderr).contains("panicked"), "{output:?}");
    text(&output.stdout)
}

#[track_caller]
pub fn refused(output: &Output, words: &str) -> String {
    let told = text(&output.stderr);
    assert_eq!((output.status.code(), told.contains("panicked")), (Some(1), false), "{output:?}");
    assert!(told.contains(words), "{words:?} is not in {told:?}");
    told
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The files of a folder, without what SQLite shares between processes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| !path.to_string_lossy().ends_with("-shm"));
    paths.map(|path| (path.clone(), fs::read(&path).unwrap_or_default())).collect()
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn users_in(file: &Path) -> i64 {
    let copy = Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    copy.query_row("SELECT count(*) FROM user", [], |row| row.get(0)).unwrap()
}

/// Whether it ends in time; how it ended.
pub fn end_of(mut child: Child) -> std::process::ExitStatus {
    let (sender, receiver) = mpsc::channel();
    let id = child.id().to_string();
    std::thread::spawn(move || sender.send(child.wait().unwrap()));
    receiver.recv_timeout(END_MAX).unwrap_or_else(|_| {
        let _ = Command::new("/bin/kill").args(["-KILL", &id]).status();
        panic!("it did not end within {END_MAX:?}")
    })
}

pub fn signal(child: &Child, name: &str) {
    assert!(Command::new("/bin/kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// A server that was killed leaves its users in the WAL alone.
fn killed_with_users(database: &Path, users: usize) {
    let server = Server::start(database, &["--test-clock=frozen"]);
    server.add_seats(5);
    (0..users).for_each(|_| drop(server.customer()));
    server.kill();
}

#[test]
fn symlink_to_a_killed_database_leads_backup_and_check_to_its_wal() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("disk")).unwrap();
    symlink("disk", at("folder")).unwrap();
    symlink("folder/venue.db", at("link.db")).unwrap();
    // The first start makes the file where the link leads.
    killed_with_users(&at("link.db"), 7);
    assert!(at("link.db").is_symlink() && at("disk/venue.db").is_file());
    assert!(fs::metadata(at("disk/venue.db-wal")).unwrap().len() > 0, "nothing stands in the WAL alone");
    for (number, name) in ["link.db", "folder/venue.db", "disk/../link.db"].into_iter().enumerate() {
        let copy = at(&format!("copy-{number}.db"));
        fine(&on(&["backup", copy.to_str().unwrap()], &at(name)).output().unwrap());
        assert_eq!(users_in(&copy), 7, "by {name}");
        fine(&boxoffice(&["check"]).arg(at(name)).output().unwrap());
    }
    let copy = at("relative.db");
    let mut relative = on(&["backup", copy.to_str().unwrap()], Path::new("../link.db"));
    fine(&relative.current_dir(at("disk")).output().unwrap());
    assert_eq!(users_in(&copy), 7);
    assert!(!at("link.db-wal").exists() && !at("link.db-lock").exists(), "{:?}", names(folder.path()));
}

#[test]
fn symlink_does_not_let_a_second_server_in_nor_a_restore_replace_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("disk")).unwrap();
    symlink("disk/venue.db", at("link.db")).unwrap();
    let server = Server::start(&at("disk/venue.db"), &["--test-clock=frozen"]);
    fine(&on(&["backup", at("copy.db").to_str().unwrap()], &at("link.db")).output().unwrap());
    refused(&on(&["serve", "--listen", "127.0.0.1:0"], &at("link.db")).output().unwrap(), "another boxoffice");
    refused(&on(&["staff-key"], &at("link.db")).output().unwrap(), "another boxoffice");
    let restore = ["restore", "--replace", at("copy.db").to_str().unwrap()].map(str::to_owned);
    let restore = restore.each_ref().map(String::as_str);
    refused(&on(&restore, &at("link.db")).output().unwrap(), "a boxoffice has it open");
    server.customer();
    server.terminate();
    fine(&on(&restore, &at("link.db")).output().unwrap());
    assert!(at("link.db").is_symlink());
    assert_eq!(names(&at("disk")), ["venue.db", "venue.db-backed-up", "venue.db.before-restore-1"]);
    assert_eq!((users_in(&at("disk/venue.db")), users_in(&at("disk/venue.db.before-restore-1"))), (0, 1));
}

/// Every command that makes a file, each on a name of its own.
fn creators(folder: &Path, name: &str) -> Vec<(&'static str, Command)> {
    let at = |name: &str| folder.join(name);
    let new = at(name);
    let seats = at("seats.csv");
    fs::write(&seats, "seat,price\n1,50000\n").unwrap();
    let mut import =
        on(&["import", seats.to_str().unwrap(), "--concert", "A", "--starts-at", "2100-01-01T10:00"], &new);
    import.env("BOXOFFICE_STAFF_KEY", STAFF_KEY);
    let export =
        |output: &Path| on(&["export", "--schedule", "1", "--output", output.to_str().unwrap()], &at("venue.db"));
    vec![
        ("serve", on(&[&["serve"], NEW].concat(), &new)),
        ("import", import),
        ("backup", on(&["backup", new.to_str().unwrap()], &at("venue.db"))),
        ("restore", on(&["restore", at("copy.db").to_str().unwrap()], &new)),
        ("export", export(&new)),
    ]
}

#[test]
fn sidecar_of_a_removed_database_keeps_every_command_from_making_a_file_beside_it() {
    let home = tempfile::tempdir().unwrap();
    let venue = home.path().join("venue.db");
    killed_with_users(&venue, 1);
    fine(&on(&["backup", home.path().join("copy.db").to_str().unwrap()], &venue).output().unwrap());
    let commands = creators(home.path(), "new.db").len();
    for sidecar in ["-wal", "-shm", "-journal"] {
        for number in 0..commands {
            let left = home.path().join(format!("new.db{sidecar}"));
            let content = if sidecar == "-wal" { fs::read(home.path().join("venue.db-wal")).unwrap() } else { vec![1] };
            fs::write(&left, &content).unwrap();
            let (name, mut command) = creators(home.path(), "new.db").swap_remove(number);
            let before = files(home.path());
            let output = command.output().unwrap();
            let words =
                if name == "restore" { "--replace" } else { &*format!("new.db{sidecar}: there is a file already") };
            refused(&output, words);
            assert!(output.stdout.is_empty(), "{name}: a key was shown of a file that is not there");
            assert!(files(home.path()) == before, "{name} beside {sidecar} changed {:?}", names(home.path()));
            fs::remove_file(left).unwrap();
        }
    }
    // Without one they all work.
    for number in 0..commands {
        let (name, mut command) = creators(home.path(), "new.db").swap_remove(number);
        fine(&command.output().unwrap());
        fs::remove_file(home.path().join("new.db")).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!names(home.path()).iter().any(|other| other.starts_with("new.db")), "{name} left something");
    }
    // No command writes a file under the name of a part of a database.
    for (name, mut command) in creators(home.path(), "copy.db-wal") {
        refused(&command.output().unwrap(), "copy.db");
        assert!(!home.path().join("copy.db-wal").exists(), "{name}");
    }
}

#[test]
fn journal_of_a_door_is_not_begun_beside_a_sidecar_nor_in_a_file_of_another_kind() {
    let app = TestApp::with_seats(5, &[]);
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    kim.pay(&held, PRICE).must(201);
    let list = app.staff_get("/schedules/1/door-list");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("list.json"), list.must(200).to_string()).unwrap();
    fine(&on(&["backup", at("venue.db").to_str().unwrap()], &app.database).output().unwrap());
    fs::write(at("note.txt"), "no newline, and no journal").unwrap();
    fs::write(at("gone.db-wal"), "x").unwrap();
    let before = files(folder.path());
    for journal in ["venue.db", "note.txt", "gone.db", "venue.db-wal"] {
        let mut door = boxoffice(&["door", "--list", at("list.json").to_str().unwrap(), "--journal"]);
        refused(&door.arg(at(journal)).output().unwrap(), "");
        assert!(files(folder.path()) == before, "{journal}");
    }
}

#[test]
fn standard_output_that_cannot_be_written_ends_no_command_in_a_panic_nor_loses_its_work() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut app = TestApp::with_seats(5, &[]);
    app.close();
    fs::copy(&app.database, at("venue.db")).unwrap();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let closed = || {
        let mut child = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let pipe = child.stdin.take().unwrap();
        child.wait().unwrap();
        pipe
    };
    let copy = at("copy.db");
    let words: [(&[&str], i32); 6] = [
        (&["backup", copy.to_str().unwrap()], 0),
        (&["restore", "--replace", copy.to_str().unwrap()], 0),
        (&["export", "--schedule", "1"], 1),
        (&["staff-key", "--name", "Lee"], 1),
        (&["serve", "--ephemeral"], 1),
        (&["demo", "--listen", "127.0.0.1:0"], 1),
    ];
    for pipe in [false, true] {
        for (words, code) in words {
            let mut command = boxoffice(words);
            if !["serve", "demo"].contains(&words[0]) {
                command.arg("--database").arg(at("venue.db"));
            }
            command.env("TMPDIR", folder.path());
            let out = || if pipe { Stdio::from(closed()) } else { Stdio::from(full()) };
            let told = command.stdout(out()).output().unwrap();
            let errors = text(&told.stderr);
            assert_eq!((told.status.code(), errors.contains("panicked")), (Some(code), false), "{words:?}: {errors}");
            assert!(errors.contains("standard output"), "{words:?}: {errors}");
        }
        // With no standard error either, the exit code is what is left.
        for (file, code) in [("venue.db", 0), ("missing.db", 2)] {
            let check = boxoffice(&["check"]).arg(at(file)).stdout(full()).stderr(full()).status().unwrap();
            assert_eq!(check.code(), Some(code), "{file}");
        }
        assert_eq!(check(&at("venue.db")).unwrap(), Vec::<String>::new());
        assert_eq!(check(&copy).unwrap(), Vec::<String>::new());
        let keys = |file: &Path| -> i64 {
            let file = Connection::open(file).unwrap();
            file.query_row("SELECT count(*) FROM staff_key WHERE name = 'Lee'", [], |row| row.get(0)).unwrap()
        };
        assert_eq!(keys(&at("venue.db")), 0, "a key was made that nobody saw");
        fs::remove_file(&copy).unwrap();
    }
    assert!(!names(folder.path()).iter().any(|name| name.starts_with("boxoffice-")), "{:?}", names(folder.path()));
}

#[test]
fn lock_file_keeps_a_server_out_while_a_file_at_rest_is_read() {
    let mut app = TestApp::with_seats(5, &[]);
    app.close();
    let folder = app.database.parent().unwrap().to_owned();
    let looked = boxoffice::store::open_read_only(&app.database).unwrap();
    let serve = || on(&["serve", "--listen", "127.0.0.1:0", "--until-stdin-closes"], &app.database).output().unwrap();
    refused(&serve(), "another boxoffice has this file open");
    // Others may read as well.
    fine(&boxoffice(&["check"]).arg(&app.database).output().unwrap());
    drop(looked);
    assert_eq!(names(&folder), ["venue.db"]);
    fine(&serve());
    assert_eq!(names(&folder), ["venue.db"]);
}

/// SQLite takes names in UTF-8. A name that is made fit for it would be the name of another file.
#[test]
fn name_that_is_not_utf8_is_refused_by_every_command_and_nothing_is_made() {
    use std::os::unix::ffi::OsStrExt;
    let mut app = TestApp::with_seats(5, &[]);
    app.close();
    let (venue, folder) = (app.database.clone(), app.database.parent().unwrap());
    let odd = folder.join(std::ffi::OsStr::from_bytes(b"odd-\xff"));
    fs::create_dir(&odd).unwrap();
    let name = folder.join(std::ffi::OsStr::from_bytes(b"\xed\xa0.db"));
    let before = files(folder);
    for path in [&name, &odd.join("venue.db")] {
        refused(&on(&["serve", "--listen", "127.0.0.1:0"], path).output().unwrap(), "not UTF-8");
        refused(&on(&["backup"], &venue).arg(path).output().unwrap(), "not UTF-8");
        refused(&on(&["restore"], path).arg(&venue).output().unwrap(), "not UTF-8");
    }
    fs::copy(&venue, &name).unwrap();
    for words in [&["staff-key"][..], &["backup", "copy.db"]] {
        refused(&on(words, &name).output().unwrap(), "not UTF-8");
    }
    fs::remove_file(&name).unwrap();
    assert_eq!((files(folder), fs::read_dir(&odd).unwrap().count()), (before, 0));
}
