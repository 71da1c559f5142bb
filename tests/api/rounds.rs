//! What goes by time: bounded in each transaction, and held up neither by a row that can't be settled nor by another
//! program's lock.

use crate::support::{Customer, PRICE, TestApp};
use rusqlite::Connection;
use serde_json::json;

fn count(app: &TestApp, what: &str) -> i64 {
    app.file().query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
}

/// A program that takes a lock of somebody else's for a mistake of its own
/// answers 500, and its caller does not come again.
#[test]
fn lock_of_another_program_is_a_503_to_try_again_and_nothing_half_done() {
    let app = TestApp::with_seats(9, &[]);
    let kim = app.buyer(PRICE);
    let other = Connection::open(&app.database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE venue SET created_at = created_at").unwrap();
    let refused = kim.hold(1, &["1"]);
    refused.refused(503, "OVERLOADED");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    kim.poll().must(200);
    assert_eq!(count(&app, "reservation"), 0);
    other.execute_batch("ROLLBACK").unwrap();
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    kim.pay(&held, PRICE).must(201);
}

/// A row that no statement may change, as a damaged file has them.
fn spoil(app: &TestApp, table: &str, of: &Customer) {
    let file = Connection::open(&app.database).unwrap();
    let id = of.id.replace('-', "");
    let trigger = format!(
        "CREATE TRIGGER stuck_{table} BEFORE UPDATE ON {table} WHEN old.user_id = x'{id}'
         BEGIN SELECT RAISE(ABORT, 'this row is stuck'); END"
    );
    file.execute_batch(&trigger).unwrap();
}

/// A program that ends holds in one piece ends none of them while one can't be ended, and writes nothing at all.
#[test]
fn sweeper_stuck_hold_stops_no_other_hold_and_no_call() {
    let app = TestApp::with_seats(9, &["--hold-seconds=60", "--visit-seconds=600"]);
    let [skipped, kim, lee] = [app.buyer(PRICE), app.buyer(PRICE), app.buyer(PRICE)];
    skipped.hold(1, &["1"]).must(201);
    let held = kim.hold(1, &["2"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    spoil(&app, "reservation", &skipped);
    app.advance_ms(60_000);
    assert_eq!(kim.get(&format!("/reservations/{held}")).must(200)["status"], "EXPIRED");
    assert_eq!(count(&app, "reservation WHERE status = 'EXPIRED'"), 1);
    let held = lee.hold(1, &["2"]).must(201)["reservationId"].clone();
    lee.pay(&held, PRICE).must(201);
    app.advance_ms(1_000);
    assert_eq!(count(&app, "reservation WHERE status = 'PENDING_PAYMENT'"), 1);
}

#[test]
fn sweeper_stuck_token_stops_neither_other_visits_nor_admissions() {
    let app = TestApp::with_seats(
        9,
        &["--visit-seconds=60", "--max-active=2", "--abandon-seconds=3600", "--claim-seconds=0"],
    );
    let [skipped, kim] = [app.customer(), app.customer()];
    let [next, last] = [app.customer(), app.customer()];
    spoil(&app, "token", &skipped);
    app.advance_ms(60_000);
    assert_eq!(kim.poll().refused(401, "TOKEN_EXPIRED")["reason"], "TIMED_OUT");
    assert_eq!(next.poll().must(200)["status"], "ACTIVE", "one place is free");
    spoil_again(&app, &last);
    next.delete("/queue/token").must(204);
    let behind = app.customer();
    assert_eq!(behind.poll().must(200)["status"], "ACTIVE", "who can't be let in holds nobody up");
}

fn spoil_again(app: &TestApp, of: &Customer) {
    Connection::open(&app.database).unwrap().execute_batch("DROP TRIGGER stuck_token").unwrap();
    spoil(app, "token", of);
}

/// More become due at once than one transaction writes down: it is none the
/// less true at once, and all is written down soon.
#[test]
fn due_all_at_once_is_true_at_once_and_written_down_in_bounded_pieces() {
    const PEOPLE: usize = 1_200;
    let flags =
        ["--hold-seconds=60", "--visit-seconds=60", "--max-active=0", "--abandon-seconds=3600", "--claim-seconds=0"];
    let app = TestApp::with_seats(PEOPLE as i64 + 9, &flags);
    let people: Vec<Customer> = (0..PEOPLE).map(|_| app.customer()).collect();
    for (seat, customer) in people.iter().enumerate() {
        customer.hold(1, &[&(seat + 1).to_string()]).must(201);
    }
    let commits = commits(&app);
    app.advance_ms(60_000);
    assert!(self::commits(&app) - commits >= 4, "not in one piece");
    assert_eq!(count(&app, "reservation WHERE status = 'EXPIRED'"), PEOPLE as i64);
    assert_eq!(count(&app, "token WHERE status = 'EXPIRED'"), PEOPLE as i64);
    assert_eq!(count(&app, "claim"), 0);
    let early = "event WHERE type = 'TOKEN_EXPIRED' AND sequence < (SELECT max(sequence) FROM event WHERE type = 'SEATS_RELEASED')";
    assert_eq!(count(&app, early), 0, "a file of any moment has no hold whose visit is over");
    let kim = app.buyer(PRICE);
    let held = kim.post("/reservations", json!({ "scheduleId": 1, "bestAvailable": { "count": 2 } }));
    assert_eq!(held.must(201)["seats"].as_array().unwrap().len(), 2);
}

fn commits(app: &TestApp) -> i64 {
    let text = app.client.call("GET", "/metrics", "", None).text;
    let line = text.lines().find_map(|line| line.strip_prefix("boxoffice_writer_commits_total "));
    line.unwrap().parse().unwrap()
}
