//! Webhooks of a program that is killed: what it did not deliver is delivered by the next.

use crate::support::PRICE;
use crate::support::receiver::{Mood, Receiver, TAKES};
use crate::support::server::Server;
use crate::support::wait;
use serde_json::json;

const FLAGS: &[&str] = &["--test-clock=frozen", "--webhook-networks=127.0.0.1"];

fn sell(server: &Server, seats: std::ops::Range<u32>) {
    for seat in seats {
        let kim = server.customer();
        kim.top_up(PRICE).must(201);
        let held = kim.hold(1, &[&seat.to_string()]).must(201)["reservationId"].clone();
        kim.pay(&held, PRICE).must(201);
    }
}

/// Killed while it sends, and while an event waits for its next attempt.
#[test]
fn webhook_after_a_kill_everything_arrives_in_order_and_at_least_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let receiver = Receiver::new(TAKES);
    let server = Server::start(&database, FLAGS);
    server.add_seats(20);
    let made = server.staff("POST", "/webhooks", Some(json!({ "url": receiver.url(), "after": 0 }))).must(201).clone();
    sell(&server, 1..6);
    receiver.until_got(10);
    server.kill();
    receiver.set(Mood::Says(503, ""));
    let server = Server::start(&database, FLAGS);
    sell(&server, 6..9);
    let failed = || server.staff("GET", "/webhooks/1", None).must(200)["failedAttempts"] == 1;
    wait::until("an attempt that failed is written down", failed);
    let before = receiver.got().len();
    server.kill();
    receiver.set(TAKES);
    let server = Server::start(&database, FLAGS);
    assert_eq!(server.staff("GET", "/webhooks/1", None).must(200)["failedAttempts"], 1);
    sell(&server, 9..11);
    assert_eq!(receiver.got().len(), before, "the next attempt waits for its time also after a start");
    server.turn_ms(5_000);
    let feed = server.staff("GET", "/events?limit=1000", None).must(200)["events"].as_array().unwrap().clone();
    receiver.until_taken(feed.len() as i64);
    let mut highest = 0;
    for delivery in receiver.got().iter().filter(|one| one.was_taken) {
        delivery.is_signed_by(made["secret"].as_str().unwrap());
        assert!(delivery.sequence() <= highest + 1, "{} came after {highest}", delivery.sequence());
        highest = highest.max(delivery.sequence());
        assert_eq!(delivery.body["data"], feed[delivery.sequence() as usize - 1]["data"]);
    }
    assert_eq!(highest, feed.len() as i64);
}
