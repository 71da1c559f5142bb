//! `boxoffice check`: a sound file passes wherever it is, and every kind of damage is found and said.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::damages::{DAMAGES, lived_in};
use crate::support::{PRICE, TestApp};
use boxoffice::check::{Findings, check, findings, sentences};
use rusqlite::Connection;
use serde_json::json;

fn boxoffice(file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boxoffice")).arg("check").arg(file).output().unwrap()
}

/// The file of a closed hall, and a folder for damaged copies.
fn sound_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.db");
    let mut app = lived_in();
    app.close();
    std::fs::copy(&app.database, &path).unwrap();
    (folder, path)
}

/// Does damage to a copy, as somebody with a SQL shell who is told no by nothing.
fn damage(sound: &Path, name: &str, statements: &str) -> PathBuf {
    let path = sound.with_file_name(name);
    std::fs::copy(sound, &path).unwrap();
    let file = Connection::open(&path).unwrap();
    file.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;").unwrap();
    file.execute_batch(statements).unwrap();
    path
}

#[test]
fn check_every_kind_of_damage_is_found_and_said_in_a_sentence() {
    let (_folder, sound) = sound_file();
    assert_eq!(check(&sound).unwrap(), Vec::<String>::new());
    let mut reached = BTreeSet::new();
    for (number, (statements, words)) in DAMAGES.iter().enumerate() {
        let path = damage(&sound, &format!("damaged-{number}.db"), statements);
        let Findings { mut faults, warnings } = findings(&path).unwrap();
        faults.extend(warnings);
        assert!(faults.iter().any(|fault| fault.contains(words)), "{statements}: {faults:#?}");
        for sentence in sentences() {
            let parts: Vec<&str> = sentence.split(['{', '}']).step_by(2).collect();
            let says = |fault: &&String| {
                parts
                    .iter()
                    .try_fold(fault.as_str(), |rest, part| rest.split_once(part).map(|(_, rest)| rest))
                    .is_some()
            };
            if faults.iter().any(|fault| says(&fault)) {
                reached.insert(sentence);
            }
        }
    }
    let silent: Vec<&str> = sentences().filter(|sentence| !reached.contains(sentence)).collect();
    assert!(silent.is_empty(), "no damage makes these be said: {silent:#?}");
}

#[test]
fn command_says_all_that_is_wrong_and_ends_with_0_1_or_2() {
    let (folder, sound) = sound_file();
    let fine = boxoffice(&sound);
    assert_eq!(
        (fine.status.code(), String::from_utf8(fine.stdout).unwrap().trim_end()),
        (Some(0), &*format!("{}: everything adds up", sound.display()))
    );
    let damaged =
        damage(&sound, "damaged.db", "UPDATE balance SET points = points + 1; DELETE FROM event WHERE sequence = 7");
    let wrong = boxoffice(&damaged);
    let told = String::from_utf8(wrong.stdout).unwrap();
    assert_eq!(wrong.status.code(), Some(1), "{told}");
    assert!(told.contains("by the last ledger entry it is") && told.contains("no event 7"), "{told}");
    assert!(told.lines().all(|line| line.len() > 20), "{told}");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("text"), "these are not the bytes of a database").unwrap();
    std::fs::write(at("empty"), "").unwrap();
    Connection::open(at("foreign")).unwrap().execute_batch("CREATE TABLE a (x)").unwrap();
    let newer = damage(&sound, "newer", "PRAGMA user_version = 99");
    let older = damage(&sound, "older", "PRAGMA user_version = 1");
    for path in [at("missing"), at("text"), at("empty"), at("foreign"), folder.path().to_owned(), newer, older] {
        let unknown = boxoffice(&path);
        assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(2), 0), "{}", path.display());
        assert!(String::from_utf8(unknown.stderr).unwrap().starts_with(&format!("boxoffice: {}: ", path.display())));
    }
}

#[test]
fn bytes_that_were_overwritten_are_found() {
    let (_folder, sound) = sound_file();
    let mut bytes = std::fs::read(&sound).unwrap();
    let at = bytes.len() / 2 / 4_096 * 4_096;
    bytes[at..at + 4_096].fill(0xa5);
    let path = sound.with_file_name("overwritten.db");
    std::fs::write(&path, bytes).unwrap();
    let wrong = boxoffice(&path);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
}

#[test]
fn file_in_use_is_checked_beside_its_server_and_no_byte_of_it_changes() {
    let app = lived_in();
    let bytes = || ["", "-wal"].map(|ending| std::fs::read(format!("{}{ending}", app.database.display())).unwrap());
    let before = bytes();
    assert!(!before[1].is_empty(), "there is something in the WAL");
    assert_eq!(check(&app.database).unwrap(), Vec::<String>::new());
    assert!(bytes() == before);
    app.buyer(PRICE).get("/queue/token").must(200);
}

#[test]
fn file_at_rest_stays_alone_in_its_folder_even_where_nothing_can_be_written() {
    let (folder, sound) = sound_file();
    let alone = folder.path().join("alone #1?");
    std::fs::create_dir(&alone).unwrap();
    let path = alone.join("50%.db");
    std::fs::copy(&sound, &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert_eq!(check(&path).unwrap(), Vec::<String>::new());
    assert_eq!(std::fs::read_dir(&alone).unwrap().count(), 1);
    assert!(std::fs::read(&path).unwrap() == before);
}

/// A file as a killed server leaves it, with its WAL, after this was done to it.
fn left_behind(app: &TestApp, folder: &Path, statements: &str) -> PathBuf {
    let (between, path) = (folder.join("between.db"), folder.join("left.db"));
    let copy = |from: &Path, to: &Path| {
        for ending in ["", "-wal"] {
            std::fs::copy(format!("{}{ending}", from.display()), format!("{}{ending}", to.display())).unwrap();
        }
    };
    copy(&app.database, &between);
    let file = Connection::open(&between).unwrap();
    file.execute_batch(
        "PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;",
    )
    .unwrap();
    file.execute_batch(statements).unwrap();
    copy(&between, &path);
    path
}

#[test]
fn check_after_an_unclean_stop_a_file_whose_books_do_not_add_up_is_not_served_and_stays_as_it_is() {
    let app = lived_in();
    let start =
        |path: &Path| boxoffice::app::App::open(crate::support::settings(&[]), path, ([127, 0, 0, 1], 0).into(), || {});
    for (statements, words) in [
        ("DELETE FROM claim WHERE status = 'SOLD'", "is CONFIRMED, but its seat"),
        ("UPDATE balance SET points = 1", "has a balance of 1, but by the last ledger entry"),
        ("UPDATE ledger_entry SET balance_after = 1 WHERE entry_id = 2", "ledger entry 2"),
        ("DELETE FROM event WHERE sequence = 7", "the feed of events has no event 7"),
        ("DELETE FROM ticket", "it has no ticket"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = left_behind(&app, folder.path(), statements);
        let bytes = || ["", "-wal"].map(|ending| std::fs::read(format!("{}{ending}", path.display())).unwrap());
        let before = bytes();
        for _ in 0..2 {
            let why = start(&path).err().map(|error| error.0).unwrap_or_default();
            assert!(why.contains("after an unclean stop") && why.contains(words), "{statements}: {why}");
        }
        assert!(bytes() == before, "{statements}: the file changed");
        assert_eq!(boxoffice(&path).status.code(), Some(1));
    }
    let folder = tempfile::tempdir().unwrap();
    let fine = left_behind(&app, folder.path(), "UPDATE venue SET seen_at = seen_at");
    assert!(start(&fine).is_ok());
}

/// What other programs keep in a file, and what a reader of it adds for reports of their own.
const OTHERS: &[(&str, &str)] = &[
    (
        "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
         CREATE TABLE _litestream_lock (id INTEGER); INSERT INTO _litestream_seq VALUES (1, 7)",
        "", // known, and not even a warning,
    ),
    ("CREATE TABLE notes (a TEXT NOT NULL UNIQUE CHECK (a <> '')); INSERT INTO notes VALUES ('b')", "table notes"),
    ("CREATE TABLE a (x REFERENCES b (y)); INSERT INTO a VALUES (1)", "table a"),
    // References that cannot work, and rows that break conditions: those of the other program.
    (
        "CREATE TABLE b (y); CREATE TABLE a (x REFERENCES b (y)); INSERT INTO b VALUES (1); INSERT INTO a VALUES (1)",
        "table a",
    ),
    ("CREATE TABLE tree (\"up or\" REFERENCES tree); INSERT INTO tree VALUES (7)", "table tree"),
    (
        "PRAGMA ignore_check_constraints = ON; CREATE TABLE hand (a CHECK (a > 5)); INSERT INTO hand VALUES (1), (2), (9)",
        "table hand",
    ),
    (
        "CREATE TABLE \"seat plan\" (a); INSERT INTO \"seat plan\" VALUES (NULL); PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE TABLE \"seat plan\" (a NOT NULL)' WHERE name = 'seat plan'",
        "NULL value in seat plan.a",
    ),
    ("CREATE VIEW sold AS SELECT * FROM claim WHERE status = 'SOLD'", "view sold"),
    ("CREATE INDEX event_type ON event (type)", "index event_type"),
    (
        "CREATE TABLE log (x); CREATE TRIGGER log_trim AFTER INSERT ON log BEGIN DELETE FROM log WHERE rowid < new.rowid - 9; END",
        "trigger log_trim",
    ),
    ("CREATE VIRTUAL TABLE words USING fts5 (word)", "table words 00"),
    ("ANALYZE", ""),
];

/// A check that calls another tool's table damage makes a venue that is replicated one that is never backed up again.
#[test]
fn tables_of_other_programs_are_warnings_and_the_file_is_copied_restored_and_served() {
    let (folder, sound) = sound_file();
    for (number, (statements, words)) in OTHERS.iter().enumerate() {
        let path = damage(&sound, &format!("others-{number}.db"), statements);
        let at = |name: &str| folder.path().join(format!("{name}-{number}.db"));
        let run = |arguments: &[&Path]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
            let output = command.args(arguments).output().unwrap();
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert_eq!(output.status.code(), Some(0), "{statements}: {text}");
            text
        };
        let told = run(&["check".as_ref(), &path]);
        assert!(told.contains(words) && told.contains("everything adds up"), "{told}");
        assert_eq!(told.contains("warning: "), !words.is_empty(), "{told}");
        let database = Path::new("--database");
        run(&["backup".as_ref(), &at("copy"), database, &path]);
        run(&["restore".as_ref(), &at("copy"), database, &at("restored")]);
        let app = TestApp::on(&at("restored"), &[]);
        app.staff("PUT", "/schedules/1/seats/7", json!({ "blocked": true })).must(200);
    }
}

/// What other programs may not do: it can stop what the venue writes.
#[test]
fn table_of_another_program_that_refers_to_one_of_ours_is_a_fault() {
    let (_folder, sound) = sound_file();
    let path = damage(&sound, "referring.db", "CREATE TABLE extra (id INTEGER REFERENCES token (token_id))");
    let faults = check(&path).unwrap();
    assert!(faults[0].contains("the table extra of another program refers to token"), "{faults:?}");
    let path = damage(&sound, "unique.db", "CREATE UNIQUE INDEX one_name ON user (user_id, name)");
    let faults = check(&path).unwrap();
    assert!(faults[0].contains("index one_name"), "{faults:?}");
}
