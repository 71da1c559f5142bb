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

#[test]
fn a_crowd_that_wakes_is_asked_a_few_at_a_time() {
    let hall = hall(|limits| limits.inner_reads = 2);
    let mut clients: Vec<_> = (0..500).map(|_| hall.client()).collect();
    for client in &mut clients {
        client.get("/wait?1");
    }
    hall.until("all are parked", |metrics| metrics.parked.get() == 500);
    let parked_bytes = hall.door.metrics().buffered_bytes.get();
    assert!(parked_bytes > 500 * 100, "what is parked counts: {parked_bytes}");
    hall.bell.ring([Topic(1)]);
    hall.until("all are woken", |metrics| {
        assert!(metrics.queued.get() <= 4 && metrics.buffered_bytes.get() <= parked_bytes + 4_096);
        metrics.answers_by_class[2].get() == 500
    });
    clients.iter_mut().for_each(|client| assert_eq!(client.answer().body, "좌석 0 false true"));
    hall.until("their memory is free", |metrics| metrics.buffered_bytes.get() == 0);
}

#[test]
fn what_the_trade_gives_along_is_bounded() {
    let hall = hall(|limits| limits.parked_max_bytes = 100);
    assert_eq!(hall.client().get("/wait?1").answer().status, 500);
}

#[test]
fn what_is_parked_takes_no_more_than_the_memory_for_buffers() {
    let hall = hall(|limits| limits.buffers_max_bytes = 1_000);
    let mut clients: Vec<_> = (0..20).map(|_| hall.client()).collect();
    for (place, client) in clients.iter_mut().enumerate() {
        client.get("/wait?1");
        hall.until("it is parked or answered", |metrics| {
            metrics.parked.get() + metrics.answers_by_class[2].get() > place as u64
        });
    }
    let answers: Vec<String> = clients.iter_mut().map(|client| client.answer().body).collect();
    let refused = answers.iter().filter(|body| body.as_str() == "좌석 0 true false").count();
    assert!((10..20).contains(&refused), "some were parked until their time was over, {refused} were answered at once");
}
