//! Streams of events at the HTTP server: pieces, heartbeats, slow readers, the end.

use std::sync::atomic::Ordering;

use crate::support::http::{Client, TestServer, server, turned_server};
use boxoffice::http::Topic;

/// Opens a stream and reads its first piece.
fn open(server: &TestServer, query: &str) -> Client {
    let mut client = server.client();
    assert_eq!(client.get(&format!("/stream?{query}")).answer().field("transfer-encoding"), Some("chunked"));
    assert!(client.chunk().unwrap().starts_with("data: 0 new"));
    client
}

fn notify(server: &TestServer, topic: u128) {
    server.version.fetch_add(1, Ordering::SeqCst);
    server.notifier.notify([Topic(topic)]);
}

#[test]
fn stream_tells_each_change_ends_with_its_last_piece_and_its_connection_goes_on() {
    let server = server(|_| {});
    let mut client = open(&server, "1");
    for version in 1..4 {
        notify(&server, 1);
        assert_eq!(client.chunk().unwrap(), format!("data: {version} own\n\n"));
    }
    assert_eq!((server.server.metrics().streams_open.get(), server.server.metrics().parked.get()), (1, 1));
    let mut client = open_again(&server);
    notify(&server, 9);
    assert_eq!((client.chunk().as_deref(), client.chunk()), (Some("data: 4 own\n\n"), None));
    assert_eq!(client.get("/length").answer().body, "0");
}

fn open_again(server: &TestServer) -> Client {
    let mut client = server.client();
    client.get("/stream?9").answer();
    client.chunk();
    client
}

#[test]
fn stream_in_http_1_0_ends_with_the_connection_and_head_gets_the_head_alone() {
    let server = server(|_| {});
    let mut client = server.client();
    let answer = client.send("GET /stream?9 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer();
    assert_eq!((answer.field("transfer-encoding"), answer.field("connection")), (None, Some("close")));
    assert_eq!(client.until(b"\n\n"), "data: 0 new\n\n");
    notify(&server, 9);
    assert_eq!(client.until(b"\n\n"), "data: 1 own\n\n");
    client.is_closed();
    let mut client = server.client();
    assert_eq!(client.send("HEAD /stream?1 HTTP/1.1\r\nHost: x\r\n\r\n").answer_to(true).status, 200);
    assert_eq!(client.get("/length").answer().body, "0");
    server.until("no stream is open", |metrics| metrics.streams_open.get() == 0);
}

#[test]
fn stream_that_is_silent_is_asked_again_and_told_as_a_shared_one_once_for_all() {
    let server = turned_server(|limits| limits.pace_ms = |topic| if topic == 7 { 500 } else { 0 });
    let mut clients: Vec<Client> = (0..200).map(|_| open(&server, "7")).collect();
    let relayed = || server.server.metrics().relayed_total.get();
    let before = relayed();
    notify(&server, 7);
    notify(&server, 7);
    server.turn(499);
    assert_eq!(relayed(), before, "not before the next multiple of half a second");
    server.turn(1);
    for client in &mut clients {
        assert_eq!(client.chunk().unwrap(), "data: 2 all\n\n");
    }
    assert_eq!(relayed(), before + 1, "one request for all");
    server.turn(14_999);
    assert_eq!(relayed(), before + 1);
    server.turn(1);
    assert_eq!(clients[0].chunk().unwrap(), "data: 2 own\n\n");
}

#[test]
fn stream_of_a_slow_reader_holds_one_piece_and_is_dropped() {
    let server = turned_server(|_| {});
    let mut slow = server.client();
    slow.get("/stream?1,4000000");
    server.until("its first piece waits for it", |metrics| metrics.buffered_bytes.get() > 1_000_000);
    for _ in 0..50 {
        notify(&server, 1);
    }
    server.turn(0);
    let metrics = server.server.metrics();
    assert!(metrics.buffered_bytes.get() < 5_000_000 && metrics.stream_pieces_total.get() == 1, "one piece at a time");
    server.turn(30_000);
    server.until("it is dropped", |metrics| metrics.streams_open.get() == 0 && metrics.parked.get() == 0);
    assert_eq!((metrics.connections_expired_write_total.get(), metrics.buffered_bytes.get()), (1, 0));
}

#[test]
fn stream_of_a_reader_that_comes_back_goes_on_with_what_is_then() {
    let server = server(|_| {});
    let mut slow = server.client();
    slow.get("/stream?1,4000000");
    server.until("its first piece waits for it", |metrics| metrics.buffered_bytes.get() > 1_000_000);
    for _ in 0..50 {
        notify(&server, 1);
    }
    slow.answer();
    assert!(slow.chunk().unwrap().starts_with("data: 0 new"));
    assert!(slow.chunk().unwrap().starts_with("data: 50 own"), "what came between is told with the next piece");
}

#[test]
fn streams_beyond_the_cap_are_refused_and_one_that_is_left_makes_room() {
    let server = server(|limits| limits.parked_max = 1);
    let client = open(&server, "1");
    assert_eq!(server.client().get("/stream?1").answer().status, 503);
    assert_eq!(server.server.metrics().streams_refused_total.get(), 1);
    drop(client);
    server.until("it is forgotten", |metrics| metrics.parked.get() == 0);
    open(&server, "1");
}

#[test]
fn stream_ends_in_order_when_the_server_stops() {
    let server = server(|_| {});
    let mut clients = [open(&server, "1"), open(&server, "7")];
    let TestServer { server, .. } = server;
    server.stop();
    for client in &mut clients {
        assert_eq!(client.chunk(), None);
        client.is_closed();
    }
}
