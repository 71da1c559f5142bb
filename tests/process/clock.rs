//! The wall clock of the machine steps while the server runs, and stands elsewhere at its next start.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::invariants::{hold_in, number};
use crate::support::server::Server;
use crate::support::wait::until;
use crate::support::{Customer, PRICE};
use crate::torture::shim::{Shim, Word};
use boxoffice::clock::Millis;
use rusqlite::Connection;
use serde_json::json;

const HOUR_MS: i64 = 3_600_000;
/// What the clock shows is known within this on a loaded machine.
const SLACK_MS: i64 = 30_000;

/// A venue's file and the wall clock of its machine.
struct Machine {
    folder: tempfile::TempDir,
    shim: Shim,
}

impl Machine {
    fn new() -> Machine {
        Machine { folder: tempfile::tempdir().unwrap(), shim: Shim::build().unwrap() }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("venue.db")
    }

    fn wall_is_off_by(&self, ms: i64) {
        self.shim.set(Word::WallMs, ms);
    }

    fn start(&self, flags: &[&str]) -> Server {
        let database = self.database();
        Server::start_around(&database, flags, |command| self.shim.put_around(command, &database, false))
    }

    fn refused(&self, flags: &[&str]) -> String {
        let database = self.database();
        let put_around = |command: &mut Command| self.shim.put_around(command, &database, false);
        let refused = Server::refused_around(&database, flags, put_around);
        assert_eq!(refused.status.code(), Some(1));
        String::from_utf8(refused.stderr).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }

    /// `check` and `backup` are content with the file.
    fn is_sound(&self) {
        let (file, copy) = (self.database(), self.folder.path().join("copy.db"));
        let (file, copy_name) = (file.to_str().unwrap(), copy.to_str().unwrap());
        let checked = self.run(&["check", file]);
        let told = String::from_utf8(checked.stdout).unwrap();
        assert!(!told.contains("warning"), "{told}");
        self.run(&["backup", copy_name, "--database", file]);
        std::fs::remove_file(copy).unwrap();
        hold_in(&self.file());
    }

    fn file(&self) -> Connection {
        Connection::open(self.database()).unwrap()
    }
}

fn now_ms(server: &Server) -> i64 {
    ms_of(&server.client.call("GET", "/api/v1/venue", "", None).must(200)["now"])
}

fn ms_of(instant: &serde_json::Value) -> i64 {
    Millis::parse_rfc3339(instant.as_str().unwrap()).unwrap().unix_ms()
}

fn offset_seconds(server: &Server) -> f64 {
    let ready = server.client.call("GET", "/readyz", "", None);
    let offset = ready.must(200)["clockOffsetSeconds"].as_f64().unwrap();
    let metrics = server.client.call("GET", "/metrics", "", None).text;
    let line = metrics.lines().find(|line| line.starts_with("boxoffice_clock_offset_seconds ")).unwrap();
    let counted: f64 = line.split(' ').nth(1).unwrap().parse().unwrap();
    assert!((counted - offset).abs() < 5.0, "{counted} and {offset}");
    offset
}

fn on(server: &Server, customer: &Customer) -> Customer {
    Customer { client: server.client.clone(), ..customer.clone() }
}

fn buy(server: &Server, seat: &str) -> Customer {
    let customer = server.customer();
    customer.top_up(PRICE).must(201);
    let held = customer.hold(1, &[seat]).must(201)["reservationId"].clone();
    customer.pay(&held, PRICE).must(201);
    customer
}

/// A clock that starts at what was noted some time before the stop, and not at the newest entry, writes earlier moments
/// behind later ones; a check that takes this for a fault never opens the venue again.
#[test]
fn wall_behind_at_restart_entries_stay_in_order_and_the_file_opens_again() {
    let machine = Machine::new();
    let mut server = machine.start(&[]);
    server.add_seats(20);
    for (seat, off_ms) in [("1", -2_000), ("2", -20_000), ("3", 1_500), ("4", -HOUR_MS), ("5", 0)] {
        buy(&server, seat);
        server.kill();
        let file = machine.file();
        let newest = "SELECT max((SELECT max(at) FROM event), (SELECT max(at) FROM ledger_entry))";
        assert!(number(&file, "SELECT seen_at FROM venue") >= number(&file, newest), "what was written was seen");
        machine.is_sound();
        machine.wall_is_off_by(off_ms);
        server = machine.start(&[]);
    }
    assert_eq!(server.terminate().code(), Some(0));
    machine.is_sound();
}

/// An older program noted less often what it had seen: the newest event and the newest ledger entry count too.
#[test]
fn clock_starts_at_the_newest_event_or_ledger_entry_whatever_was_noted() {
    for newest in ["UPDATE event SET at = at + 7200000", "UPDATE ledger_entry SET at = at + 7200000"] {
        let machine = Machine::new();
        let server = machine.start(&[]);
        server.customer().top_up(PRICE).must(201);
        server.kill();
        machine.file().execute_batch(&format!("UPDATE venue SET seen_at = 0; {newest}")).unwrap();
        let server = machine.start(&[]);
        assert!((offset_seconds(&server) - 7_200.0).abs() < 60.0, "{newest}");
        server.customer().top_up(PRICE).must(201);
        assert!(now_ms(&server) >= number(&machine.file(), "SELECT max(at) FROM event"));
    }
}

/// A file that an older program wrote out of order opens, is checked with a warning, and is backed up.
#[test]
fn moments_out_of_order_are_warned_of_and_refuse_nothing() {
    let machine = Machine::new();
    let server = machine.start(&[]);
    server.add_seats(2);
    buy(&server, "1");
    server.kill();
    let early = "UPDATE event SET at = at - 5000 WHERE sequence = (SELECT max(sequence) FROM event);
        UPDATE token SET ended_at = issued_at - 1 WHERE status = 'EXPIRED'; UPDATE schedule SET cancelled_at = 1, settled_at = 2;
        UPDATE reservation SET created_at = ended_at + 1";
    machine.file().execute_batch(early).unwrap();
    machine.file().execute_batch("UPDATE schedule SET cancelled_at = NULL, settled_at = NULL").unwrap();
    let path = machine.database();
    let checked = machine.run(&["check", path.to_str().unwrap()]);
    let warned = String::from_utf8(checked.stdout).unwrap();
    assert!(warned.contains("warning: event") && warned.contains("earlier moment"), "{warned}");
    let copy = machine.folder.path().join("copy.db");
    machine.run(&["backup", copy.to_str().unwrap(), "--database", path.to_str().unwrap()]);
    machine.start(&[]).kill(); // its WAL was left: the newest rows are looked at before
    machine.start(&[]);
}

/// A clock that loses what staff ask for keeps a file nine hours ahead for two years.
#[test]
fn set_clock_back_takes_the_wall_and_keeps_holds_visits_and_order() {
    let machine = Machine::new();
    machine.wall_is_off_by(9 * HOUR_MS);
    let server = machine.start(&["--hold-seconds=3600", "--visit-seconds=3600"]);
    server.add_seats(9);
    buy(&server, "1");
    let kim = server.customer();
    let held = kim.hold(1, &["2"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    server.kill();

    machine.wall_is_off_by(0);
    let server = machine.start(&[]);
    assert!((offset_seconds(&server) - 9.0 * 3_600.0).abs() < 60.0, "it never runs backwards by itself");
    server.kill();
    let server = machine.start(&["--set-clock-back"]);
    assert!(offset_seconds(&server).abs() < 60.0);
    let kim = on(&server, &kim);
    let seen = kim.get(&format!("/reservations/{held}"));
    assert_eq!(seen.must(200)["status"], "PENDING_PAYMENT");
    let left_ms = ms_of(&seen.body["holdExpiresAt"]) - now_ms(&server);
    assert!((HOUR_MS - SLACK_MS..=HOUR_MS).contains(&left_ms), "{left_ms} ms are left");
    assert_eq!(kim.poll().must(200)["status"], "ACTIVE");
    kim.top_up(PRICE).must(201);
    kim.pay(&json!(held), PRICE).must(201);
    let lee = buy(&server, "3");
    server.kill();
    machine.is_sound();

    let server = machine.start(&[]);
    assert!(offset_seconds(&server).abs() < 60.0, "once is enough");
    let entries = on(&server, &lee).get_by_key(&format!("/users/{}/balance/entries", lee.id));
    assert_eq!(entries.must(200)["entries"].as_array().unwrap().len(), 2);
    let stepped = number(&machine.file(), "SELECT data ->> 'milliseconds' FROM event WHERE type = 'CLOCK_STEPPED'");
    assert!((stepped + 9 * HOUR_MS).abs() < SLACK_MS, "{stepped}");
}

/// A month ahead: the sentence is true, and each way that it names opens the file.
#[test]
fn wall_far_behind_is_refused_with_a_mend_that_works() {
    let machine = Machine::new();
    machine.wall_is_off_by(30 * 24 * HOUR_MS);
    let server = machine.start(&[]);
    let kim = server.customer();
    server.kill();
    machine.wall_is_off_by(0);
    let why = machine.refused(&[]);
    assert!(why.contains("--set-clock-back") && why.contains("set it right"), "{why}");
    let server = machine.start(&["--test-clock"]);
    assert!(now_ms(&server) >= Millis::from_unix_ms(0).unix_ms());
    server.kill();
    let server = machine.start(&["--set-clock-back"]);
    assert!(offset_seconds(&server).abs() < 60.0);
    assert_eq!(on(&server, &kim).poll().must(200)["status"], "ACTIVE");
    server.kill();
    machine.start(&[]);
    machine.is_sound();
}

/// A virtual machine was paused: the wall steps ahead. A clock that follows it alone ends every hold and visit; one
/// that does not follow it opens sales late for days.
#[test]
fn wall_step_ahead_is_followed_at_once_and_nobody_loses_time() {
    let machine = Machine::new();
    let server =
        machine.start(&["--hold-seconds=3600", "--visit-seconds=3600", "--max-active=1", "--abandon-seconds=3600"]);
    server.add_seats(9);
    let kim = server.customer();
    let held = kim.hold(1, &["2"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    let waiting = server.customer();
    let map = kim.get("/schedules/1/seats");
    assert_eq!(map.must(200)["seats"][1]["status"], "HELD");
    let before = now_ms(&server);
    machine.wall_is_off_by(3 * HOUR_MS);
    until("the wall is followed", || now_ms(&server) >= before + 3 * HOUR_MS);
    let seen = kim.get(&format!("/reservations/{held}"));
    assert_eq!(seen.must(200)["status"], "PENDING_PAYMENT");
    let left_ms = ms_of(&seen.body["holdExpiresAt"]) - now_ms(&server);
    assert!((HOUR_MS - SLACK_MS..=HOUR_MS).contains(&left_ms), "{left_ms} ms are left");
    assert_eq!(kim.get("/schedules/1/seats").must(200)["seats"][1]["status"], "HELD");
    let polled = kim.poll();
    assert_eq!(polled.must(200)["status"], "ACTIVE");
    let left_ms = ms_of(&polled.body["expiresAt"]) - now_ms(&server);
    assert!((HOUR_MS - SLACK_MS..=HOUR_MS + SLACK_MS).contains(&left_ms), "{left_ms} ms are left");
    assert_eq!(waiting.poll().must(200)["position"], 1);
    assert!(offset_seconds(&server).abs() < 60.0);
    kim.top_up(PRICE).must(201);
    kim.pay(&json!(held), PRICE).must(201);
    server.kill();
    machine.is_sound();
}
