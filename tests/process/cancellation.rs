//! A cancelled date is settled whatever happens to the program meanwhile: killed and started again, everybody has their
//! points back once.

use std::time::Duration;

use crate::support::invariants::{Dice, number};
use crate::support::server::Server;
use crate::support::{PRICE, STAFF_KEY, bearer};
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

const THREADS: usize = 8;
const SEATS: usize = 800;
const KILLS_MAX: usize = 40;

fn sell_all(server: &Server) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for seat in (thread..SEATS).step_by(THREADS) {
                    let kim = server.customer();
                    kim.top_up(PRICE).must(201);
                    let held = kim.hold(1, &[&(seat + 1).to_string()]).must(201)["reservationId"].clone();
                    kim.pay(&held, PRICE).must(201);
                }
            });
        }
    });
}

/// A program that refunds in one answer loses the rest of the work with
/// its process; one that starts over refunds twice.
#[test]
fn program_killed_in_the_middle_goes_on_where_it_was_and_refunds_everyone_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let file = || Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let refunded = || number(&file(), "SELECT count(*) FROM ledger_entry WHERE kind = 'REFUND'");
    let mut dice = Dice::thrown("cancellation");
    let server = Server::start(&database, &["--max-active=0"]);
    server.add_seats(SEATS);
    sell_all(&server);
    let begun = server.staff("POST", "/schedules/1/cancellation", Some(json!({})));
    assert_eq!((begun.must(202)["total"].as_u64(), &begun.body["settledAt"]), (Some(SEATS as u64), &json!(null)));
    server.kill();
    let mut seen = vec![refunded()];
    while *seen.last().unwrap() < SEATS as i64 && seen.len() < KILLS_MAX {
        Server::start_and_kill(&database, &["--max-active=0"], Duration::from_millis(20 + dice.below(60)));
        seen.push(refunded());
    }
    assert!(seen[0] < SEATS as i64, "it was never interrupted: {seen:?}");
    assert!(seen.is_sorted(), "{seen:?}");
    let server = Server::start(&database, &["--max-active=0"]);
    let headers = [("authorization", &*bearer(STAFF_KEY)), ("prefer", "wait=30")];
    let done = server.client.call_with("POST", "/api/v1/staff/schedules/1/cancellation", &headers, Some("{}"));
    assert_eq!(done.must(200)["refunded"].as_u64(), Some(SEATS as u64));
    drop(server);
    assert_eq!(refunded(), SEATS as i64);
    assert_eq!(number(&file(), &format!("SELECT count(*) FROM balance WHERE points = {PRICE}")), SEATS as i64);
    crate::support::invariants::hold_in(&file());
    println!("refunds in the file after each kill: {seen:?}");
}
