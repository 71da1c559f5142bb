//! Requests that wait at the door.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod door_hall;

use std::sync::atomic::Ordering;

use boxoffice::http::Topic;
use door_hall::hall;

#[test]
fn a_ring_wakes_who_waits_for_it_and_the_memo_comes_back() {
    let hall = hall(|_| {});
    let (mut one, mut other) = (hall.client(), hall.client());
    one.send("GET /wait?1 HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\n");
    other.get("/wait?2");
    hall.until("both are parked", |metrics| metrics.parked.get() == 2);
    hall.bell.ring([Topic(1)]);
    let answer = one.answer();
    assert_eq!(answer.body, "좌석 0 false true");
    assert!(answer.head.contains("X-Request-Id: mine"));
    assert_eq!(other.answer().body, "좌석 0 true true", "after its second");
}

#[test]
fn a_ring_between_the_look_and_the_not_yet_is_not_lost() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    for n in 0..200 {
        assert_eq!(client.get("/race").answer().body, format!("{n} false true"));
    }
    assert_eq!(hall.version.load(Ordering::SeqCst), 200);
}

#[test]
fn beyond_the_cap_of_parked_requests_the_answer_comes_at_once() {
    let hall = hall(|limits| limits.parked_max = 1);
    let (mut one, mut other) = (hall.client(), hall.client());
    one.get("/wait?1");
    hall.until("one is parked", |metrics| metrics.parked.get() == 1);
    assert_eq!(other.get("/wait?1").answer().body, "좌석 0 true false");
}

#[test]
fn a_parked_client_that_vanishes_is_forgotten() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    client.get("/wait?1");
    hall.until("it is parked", |metrics| metrics.parked.get() == 1);
    drop(client);
    hall.until("it is forgotten", |metrics| metrics.parked.get() == 0 && metrics.connections_open.get() == 0);
}

#[test]
fn not_yet_when_the_wait_is_over_is_an_error_of_the_trade() {
    let hall = hall(|limits| limits.parked_max = 0);
    assert_eq!(hall.client().get("/always?1").answer().status, 500);
}
