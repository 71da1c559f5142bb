//! Long polls at the HTTP server.

use std::sync::atomic::Ordering;

use crate::support::http::{server, turned_server};
use boxoffice::http::Topic;

#[test]
fn long_poll_is_resumed_by_a_notification_and_the_memo_comes_back() {
    let server = turned_server(|_| {});
    let (mut one, mut other) = (server.client(), server.client());
    one.send("GET /wait?1 HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\n");
    other.get("/wait?2");
    server.until("both are parked", |metrics| metrics.parked.get() == 2);
    server.notifier.notify([Topic(1)]);
    let answer = one.answer();
    assert_eq!(answer.body, "좌석 0 false true");
    assert!(answer.head.contains("X-Request-Id: mine"));
    server.turn(999);
    assert_eq!(server.server.metrics().parked.get(), 1);
    server.turn(1);
    assert_eq!(other.answer().body, "좌석 0 true true", "after its second");
}

#[test]
fn long_poll_lost_wakeup_a_notification_between_check_and_wait_is_delivered() {
    let server = server(|_| {});
    let mut client = server.client();
    for n in 0..200 {
        assert_eq!(client.get("/race").answer().body, format!("{n} false true"));
    }
    assert_eq!(server.version.load(Ordering::SeqCst), 200);
}

#[test]
fn long_polls_beyond_the_cap_are_answered_at_once() {
    let server = server(|limits| limits.parked_max = 1);
    let (mut one, mut other) = (server.client(), server.client());
    one.get("/wait?1");
    server.until("one is parked", |metrics| metrics.parked.get() == 1);
    assert_eq!(other.get("/wait?1").answer().body, "좌석 0 true false");
}

#[test]
fn long_poll_whose_client_vanishes_is_forgotten() {
    let server = server(|_| {});
    let mut client = server.client();
    client.get("/wait?1");
    server.until("it is parked", |metrics| metrics.parked.get() == 1);
    drop(client);
    server.until("it is forgotten", |metrics| metrics.parked.get() == 0 && metrics.connections_open.get() == 0);
}

#[test]
fn long_poll_of_a_client_that_pipelines_and_vanishes_is_forgotten() {
    let server = server(|_| {});
    for pipelined in [1, 1_000] {
        let mut client = server.client();
        client.get("/always?1");
        server.until("it is parked", |metrics| metrics.parked.get() == 1);
        client.send(&"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n".repeat(pipelined));
        drop(client);
        server.until("it is forgotten", |metrics| metrics.parked.get() == 0 && metrics.connections_open.get() == 0);
    }
}

#[test]
fn long_poll_that_waits_again_after_its_timeout_is_an_error_of_the_handler() {
    let server = server(|limits| limits.parked_max = 0);
    assert_eq!(server.client().get("/always?1").answer().status, 500);
}

#[test]
fn long_polls_woken_together_are_resumed_a_few_at_a_time() {
    let server = server(|limits| limits.inner_reads = 2);
    let mut clients: Vec<_> = (0..500).map(|_| server.client()).collect();
    for client in &mut clients {
        client.get("/wait?1");
    }
    server.until("all are parked", |metrics| metrics.parked.get() == 500);
    let parked_bytes = server.server.metrics().buffered_bytes.get();
    assert!(parked_bytes > 500 * 100, "what is parked counts: {parked_bytes}");
    server.notifier.notify([Topic(1)]);
    server.until("all are woken", |metrics| {
        assert!(metrics.queued.get() <= 4 && metrics.buffered_bytes.get() <= parked_bytes + 4_096);
        metrics.answers_of_class(2) == 500
    });
    clients.iter_mut().for_each(|client| assert_eq!(client.answer().body, "좌석 0 false true"));
    server.until("their memory is free", |metrics| metrics.buffered_bytes.get() == 0);
}

#[test]
fn long_poll_memo_is_bounded() {
    let server = server(|limits| limits.parked_max_bytes = 100);
    assert_eq!(server.client().get("/wait?1").answer().status, 500);
}

#[test]
fn long_polls_take_no_more_than_the_memory_for_buffers() {
    let server = server(|limits| limits.buffers_max_bytes = 1_000);
    let mut clients: Vec<_> = (0..20).map(|_| server.client()).collect();
    for (place, client) in clients.iter_mut().enumerate() {
        client.get("/wait?1");
        server.until("it is parked or answered", |metrics| {
            metrics.parked.get() + metrics.answers_of_class(2) > place as u64
        });
    }
    let answers: Vec<String> = clients.iter_mut().map(|client| client.answer().body).collect();
    let refused = answers.iter().filter(|body| body.as_str() == "좌석 0 true false").count();
    assert!((10..20).contains(&refused), "some were parked until their time was over, {refused} were answered at once");
}
