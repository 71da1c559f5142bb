//! `boxoffice check`: a sound file passes wherever it is, and every kind of damage is found and said.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{PRICE, TestApp};
use boxoffice::check::{Findings, check, findings, sentences};
use rusqlite::Connection;
use serde_json::json;

fn boxoffice(file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boxoffice")).arg("check").arg(file).output().unwrap()
}

/// A hall in which everything has happened once: paid, refunded, given back,
/// failed, expired, held, waiting, cancelled, drawn.
fn lived_in() -> TestApp {
    let app = TestApp::with_seats(8, &["--max-active=3"]);
    app.staff(
        "POST",
        "/webhooks",
        json!({ "url": "https://receiver.invalid/", "signature": "v1a", "eventTypes": ["CLOCK_STEPPED"] }),
    )
    .must(201);
    app.staff("PATCH", "/queue", json!({ "opensAt": "2099-01-01T00:00:00Z" })).must(200);
    let early = app.customer();
    app.customer().delete("/queue/token").must(204);
    app.open_line_in(1_000);
    app.advance_ms(1_000);
    early.delete("/queue/token").must(204);
    let buy = |schedule: i64, seats: &[&str]| {
        let kim = app.buyer(5 * PRICE);
        let held = kim.hold(schedule, seats).must(201)["reservationId"].as_str().unwrap().to_owned();
        kim.pay(&json!(held), seats.len() as i64 * PRICE).must(201);
        held
    };
    buy(1, &["1", "2"]);
    buy(2, &["1"]);
    app.staff("POST", &format!("/reservations/{}/refund", buy(1, &["3"])), json!({})).must(200);
    app.staff("PUT", "/schedules/1/seats/8", json!({ "blocked": true })).must(200);
    let poor = app.customer();
    let held = poor.hold(1, &["4"]).must(201)["reservationId"].clone();
    poor.pay(&held, PRICE).refused(402, "INSUFFICIENT_BALANCE");
    let held = poor.hold(1, &["4"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    poor.delete(&format!("/reservations/{held}")).must(200);
    poor.hold(1, &["5"]).must(201);
    app.advance_ms(300_000);
    poor.delete("/queue/token");
    app.staff("POST", "/schedules/2/cancellation", json!({}));
    app.customer().hold(1, &["6"]).must(201);
    for _ in 0..4 {
        app.customer();
    }
    let cash = json!({ "scheduleId": 1, "seats": ["3"], "method": "CASH" });
    let sold = app.staff("POST", "/sales", cash).must(201)["reservationId"].as_str().unwrap().to_owned();
    app.staff("POST", &format!("/reservations/{sold}/refund"), json!({})).must(200);
    app.staff("POST", "/sales", json!({ "scheduleId": 1, "seats": ["3"], "method": "FREE" })).must(201);
    let two = app
        .staff("POST", "/sales", json!({ "scheduleId": 1, "seats": ["4", "5"], "method": "CARD" }))
        .must(201)
        .clone();
    let one_of_two = two["reservationId"].as_str().unwrap();
    app.staff("POST", &format!("/reservations/{one_of_two}/refund"), json!({ "seats": ["4"] })).must(200);
    app
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

/// What somebody can do to a file with SQL, and words of the sentence that tells of it.
const DAMAGES: &[(&str, &str)] = &[
    ("UPDATE webhook SET delivered_sequence = 9999", "webhook 1 is said to have event 9999"),
    ("UPDATE webhook SET event_types = '[\"SEATS_EATEN\"]'", "webhook 1 wants events of the type SEATS_EATEN"),
    ("UPDATE webhook SET secret = zeroblob(33)", "its secret has 33 bytes and not 32"),
    ("UPDATE claim SET status = 'SOLD', held_until = NULL WHERE status = 'HELD'", "is SOLD for reservation"),
    ("DELETE FROM claim WHERE status = 'SOLD' AND seat_no = 0", "its seat 1 of date 1 is not its own"),
    (
        "INSERT INTO reservation_seat (reservation_id, seat_no, label, price) SELECT reservation_id, 0, '1', 0 FROM reservation WHERE status = 'PENDING_PAYMENT'",
        "seat 1 of date 1 belongs to 2 living reservations",
    ),
    ("UPDATE claim SET held_until = held_until + 1 WHERE status = 'HELD'", "another end of its hold"),
    ("UPDATE claim SET user_id = (SELECT max(user_id) FROM user) WHERE status = 'SOLD'", "has another owner"),
    ("UPDATE reservation_seat SET label = '7' WHERE label = '1'", "seat 1 of date 1 is called 7"),
    ("UPDATE schedule SET seats_total = 9 WHERE schedule_id = 1", "date 1 says that it has 9 seats"),
    ("UPDATE seat SET price = 1 WHERE seat_no = 7", "but it has 8 from 1 points on"),
    ("UPDATE seat SET unpriced = 1 WHERE seat_no = 6", "seat 7 of date 1 has no price, but nobody keeps it back"),
    ("UPDATE schedule SET date = '2100-01-05' WHERE schedule_id = 1", "date 1 is said to be on 2100-01-05"),
    ("DELETE FROM reservation_seat WHERE label = '4'", "has no seats"),
    ("UPDATE reservation SET amount = 7 WHERE status = 'FAILED'", "is of 7 points, but its seats cost 50000"),
    ("UPDATE reservation SET paid_at = hold_expires_at WHERE status = 'CONFIRMED'", "its times do not go with that"),
    ("UPDATE reservation SET ended_at = created_at WHERE status = 'EXPIRED'", "is EXPIRED, but its times"),
    ("UPDATE token SET status = 'EXPIRED' WHERE status = 'ACTIVE'", "is not let in until its hold is over"),
    ("UPDATE schedule SET cancelled_at = 1 WHERE schedule_id = 2", "date 2 was cancelled, but reservation"),
    ("UPDATE reservation SET status = 'CONFIRMED' WHERE schedule_id = 2", "date 2 is settled, but reservation"),
    ("UPDATE ledger_entry SET balance_after = 1 WHERE kind = 'PAYMENT'", "says that 1 points were left"),
    ("UPDATE ledger_entry SET amount = amount + 1 WHERE entry_id = 1", "the entry before it makes that 250001"),
    ("UPDATE balance SET points = points + 1", "but by the last ledger entry it is"),
    ("DELETE FROM balance", "has a balance of nothing"),
    (
        "INSERT INTO balance SELECT user_id, 5, 0 FROM user WHERE user_id NOT IN (SELECT user_id FROM balance)",
        "that no ledger entry explains",
    ),
    ("DELETE FROM ledger_entry WHERE entry_id = 2", "the ledger has no entry 2"),
    ("UPDATE ledger_entry SET at = 1 WHERE entry_id = 3", "ledger entry 3 is of an earlier moment"),
    ("UPDATE ledger_entry SET amount = amount + 1 WHERE kind = 'PAYMENT'", "paid 50000 points for it, once and then"),
    ("UPDATE ledger_entry SET kind = 'CORRECTION' WHERE kind = 'PAYMENT'", "paid 100000 points for it, once and then"),
    ("UPDATE ledger_entry SET at = at + 1 WHERE kind = 'REFUND'", "got 50000 points back for it, once and then"),
    ("UPDATE ledger_entry SET kind = 'CORRECTION' WHERE kind = 'REFUND'", "got 50000 points back for it"),
    (
        "UPDATE ledger_entry SET reservation_id = (SELECT reservation_id FROM reservation WHERE status = 'FAILED')
         WHERE kind = 'PAYMENT' AND reservation_id = (SELECT min(reservation_id) FROM reservation)",
        "is a PAYMENT for reservation",
    ),
    ("UPDATE returned_seat SET price = price + 1", "seats of 50001 points went back from reservation"),
    (
        "INSERT INTO check_in SELECT ticket_id, 1, NULL, 0 FROM ticket JOIN returned_seat USING (reservation_id, seat_no)",
        "whose seat 4 went back",
    ),
    ("UPDATE ledger_entry SET method = 'CARD' WHERE kind = 'TOP_UP'", "50000 points was paid by CASH, but the ledger"),
    ("UPDATE ledger_entry SET method = NULL WHERE method = 'FREE'", "0 points was paid by FREE, but the ledger"),
    ("UPDATE reservation SET method = NULL", "is money for reservation"),
    ("UPDATE ledger_entry SET amount = amount - 1 WHERE kind = 'PAYOUT'", "50001 points were paid out for reservation"),
    ("DELETE FROM ticket WHERE label = '1'", "seat 1 of reservation"),
    ("UPDATE ticket SET label = '2' WHERE label = '1'", "which did not pay for seat 2"),
    ("UPDATE ticket SET code = 'T2222222222' WHERE label = '1'", "does not carry its number"),
    (
        "INSERT INTO check_in SELECT ticket_id, 1, NULL, 0 FROM ticket JOIN reservation USING (reservation_id)
         WHERE status = 'REFUNDED' AND schedule_id = 1",
        "which is REFUNDED although its date takes place",
    ),
    (
        "UPDATE token SET activated_at = issued_at, status = 'EXPIRED', ended_at = issued_at, end_reason = 'LEFT'
         WHERE token_id = (SELECT max(token_id) FROM token WHERE status = 'WAITING')",
        "behind it was let in",
    ),
    (
        "UPDATE token SET place = 0, (grace_until, end_reason) = (iif(ended_at, 1, NULL), iif(ended_at, 'ABANDONED', NULL))
         WHERE token_id IN (SELECT max(token_id) FROM token WHERE status <> 'ACTIVE' GROUP BY status)",
        "on place 0, where token",
    ),
    ("UPDATE token SET place = place + 100 WHERE status = 'WAITING'", "belongs to somebody who is still to come"),
    (
        "UPDATE token SET issued_at = ended_at + 1 WHERE token_id = 5",
        "token 5 was let in or ended at an earlier moment",
    ),
    ("UPDATE token SET visit_until = activated_at - 1 WHERE status = 'ACTIVE'", "is ACTIVE, but its times"),
    ("UPDATE reservation SET created_at = ended_at + 1 WHERE status = 'CANCELLED'", "since an earlier moment"),
    ("UPDATE draw SET joined = 9", "draw 1 of line 0 says that 1 of 9 were drawn"),
    ("UPDATE draw SET draw_id = 2", "the list of draws of line 0 has no draw 1"),
    (
        "INSERT INTO queue (line_id, max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds)
         VALUES (99, 1, 1, 1, 1, 1)",
        "line 99 is of a concert that is not there",
    ),
    ("UPDATE token SET place = NULL, join_number = 1 WHERE status = 'WAITING'", "waits in line 0 for a draw"),
    ("UPDATE reservation SET line_id = 1 WHERE status = 'PENDING_PAYMENT'", "is not let in until its hold is over"),
    ("DELETE FROM event WHERE sequence = 7", "the feed of events has no event 7"),
    ("UPDATE event SET at = 1 WHERE sequence = 7", "event 7 is of an earlier moment"),
    ("UPDATE event SET type = 'TOKEN_EATEN' WHERE sequence = 7", "event 7 is of the type TOKEN_EATEN"),
    ("UPDATE event SET type = 'SEATS_HELD' WHERE type = 'SEATS_SOLD'", "the feed tells SEATS_SOLD of it 0 times"),
    ("UPDATE event SET data = '{}' WHERE type = 'RESERVATION_REFUNDED'", "RESERVATION_REFUNDED of it 0 times"),
    ("UPDATE event SET data = '{}' WHERE type = 'POINTS_TOPPED_UP'", "is a top-up, but the feed tells of it 0 times"),
    (
        "UPDATE reservation SET declined_count = -1",
        "10 rows of reservation do not keep the condition (declined_count >= 0)",
    ),
    ("DELETE FROM user", "of balance names something that is not in user"),
    ("DROP INDEX ledger_entry_refunded", "it is not there: index ledger_entry_refunded"),
    ("DROP TABLE draw", "it is not there: table draw"),
    ("CREATE TRIGGER gift AFTER INSERT ON balance BEGIN SELECT 1; END", "does not know it: trigger gift"),
    ("ALTER TABLE seat ADD COLUMN color TEXT", "does not know it: column seat.color"),
];

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
