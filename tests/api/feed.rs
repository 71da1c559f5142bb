//! The events feed: no gap, no change of what was read, whoever follows it from wherever, through a restart.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use crate::support::invariants::Dice;
use crate::support::{Client, Customer, PRICE, STAFF_KEY, TestApp, bearer};
use serde_json::{Value, json};

const WRITERS: u64 = 8;
const FOLLOWERS: u64 = 4;
const ROUNDS: usize = 2;
const CUSTOMERS: usize = 12;
const LOOKS: usize = 300;

fn read(client: &Client, after: i64, limit: u64, wait: &str) -> Vec<Value> {
    let path = format!("/api/v1/staff/events?after={after}&limit={limit}");
    let headers = [("authorization", &*bearer(STAFF_KEY)), ("prefer", wait)];
    client.call_with("GET", &path, &headers, None).must(200)["events"].as_array().unwrap().clone()
}

/// Somebody who does whatever comes to mind; each thing is an event or several.
fn live(app: &TestApp, dice: &mut Dice) {
    let mut kim: Customer = app.buyer(3 * PRICE);
    for _ in 0..4 {
        let seats: Vec<String> = (0..=dice.below(2)).map(|more| (dice.below(40) * 2 + more + 1).to_string()).collect();
        let seats: Vec<&str> = seats.iter().map(String::as_str).collect();
        let held = kim.hold(1, &seats);
        if held.status != 201 {
            continue;
        }
        let id = held.body["reservationId"].clone();
        match dice.below(4) {
            0 => drop(kim.delete(&format!("/reservations/{}", id.as_str().unwrap()))),
            1 => drop(kim.pay(&id, 1)),
            _ => {
                let paid = kim.pay(&id, held.body["amount"].as_i64().unwrap());
                if paid.status == 201 && dice.below(2) == 0 {
                    app.staff("POST", &format!("/reservations/{}/refund", id.as_str().unwrap()), json!({})).must(200);
                }
                kim.line_up();
            }
        }
    }
    kim.delete("/queue/token");
}

/// Follows from `from` on until the writers are done and nothing comes any more. A program that numbers events before
/// their commit, or reads beside it, shows a follower 7 before 6, and 6 never.
fn follow(client: &Client, from: i64, dice: &mut Dice, done: &AtomicBool) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    loop {
        let over = done.load(Relaxed);
        let last = from + seen.len() as i64;
        let page = read(client, last, 1 + dice.below(50), if over { "wait=0" } else { "wait=1" });
        for (event, sequence) in page.iter().zip(last + 1..) {
            assert_eq!(event["sequence"], sequence, "after {last}");
        }
        if page.is_empty() && over {
            return seen;
        }
        seen.extend(page);
    }
}

/// What one round of racing writers and followers adds to the feed, as each follower saw it.
fn round(app: &TestApp, dice: &mut Dice, from: i64) -> Vec<Vec<Value>> {
    let (done, left) = (AtomicBool::new(false), AtomicUsize::new(WRITERS as usize));
    let (done, left) = (&done, &left);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            let mut dice = Dice::of(dice.next());
            scope.spawn(move || {
                (0..CUSTOMERS).for_each(|_| live(app, &mut dice));
                if left.fetch_sub(1, Relaxed) == 1 {
                    done.store(true, Relaxed);
                }
            });
        }
        let followers: Vec<_> = (0..FOLLOWERS)
            .map(|_| {
                let mut dice = Dice::of(dice.next());
                scope.spawn(move || follow(&app.client.clone(), from, &mut dice, done))
            })
            .collect();
        followers.into_iter().map(|follower| follower.join().unwrap()).collect()
    })
}

#[test]
fn events_every_follower_reads_the_same_feed_without_gaps_from_wherever_it_begins() {
    let mut dice = Dice::thrown("feed");
    let mut app = TestApp::with_seats(100, &["--max-active=0", "--seats-per-user=1000", "--payment-attempts=3"]);
    let mut feed = read(&app.client, 0, 1_000, "wait=0");
    for _ in 0..ROUNDS {
        let seen = round(&app, &mut dice, feed.len() as i64);
        assert!(seen.iter().all(|one| one == &seen[0]), "followers saw different feeds");
        feed.extend(seen[0].clone());
        app.reopen();
    }
    for _ in 0..LOOKS {
        let (after, limit) = (dice.below(feed.len() as u64 + 3) as usize, 1 + dice.below(1_000));
        let told = feed.get(after..).unwrap_or_default();
        let told = &told[..told.len().min(limit as usize)];
        assert_eq!(read(&app.client, after as i64, limit, "wait=0"), told, "after {after}, at most {limit}");
    }
    assert!(feed.is_sorted_by_key(|event| event["at"].as_str().map(str::to_owned)), "an event before its time");
    crate::support::invariants::hold_in(&app.file());
    for kind in ["TOKEN_ISSUED", "SEATS_HELD", "SEATS_RELEASED", "SEATS_SOLD", "RESERVATION_REFUNDED", "TOKEN_EXPIRED"]
    {
        assert!(feed.iter().any(|event| event["type"] == kind), "no {kind}");
    }
    println!("{} events of {WRITERS} writers, each read by {FOLLOWERS} followers, and {LOOKS} looks back", feed.len());
}
