//! The content of answers: compressed for those who take it, shared among clients, and taken as slowly as they like.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use crate::support::http::{Answer, Client, TestServer, server, turned_server};
use crate::support::wait::until;

fn ask(client: &mut Client, method: &str, path: &str, accept: Option<&str>) -> Answer {
    let field = accept.map(|value| format!("Accept-Encoding: {value}\r\n")).unwrap_or_default();
    client.send(&format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{field}\r\n"));
    client.answer_to(method == "HEAD")
}

#[test]
fn gzip_is_sent_to_those_who_take_it_from_a_kilobyte_on() {
    let server = server(|_| {});
    let mut client = server.client();
    for (bytes, accept, is_gzip) in [
        (1_024, Some("gzip"), true),
        (50_000, Some("br, gzip;q=0.5"), true),
        (2_000_000, Some("*"), true),
        (1_023, Some("gzip"), false),
        (0, Some("gzip"), false),
        (50_000, None, false),
        (50_000, Some("gzip;q=0"), false),
        (50_000, Some("identity"), false),
        (50_000, Some("*;q=0"), false),
    ] {
        let path = format!("/big?{bytes}");
        let answer = ask(&mut client, "GET", &path, accept);
        assert_eq!(answer.field("content-encoding"), is_gzip.then_some("gzip"), "{bytes} {accept:?}");
        assert_eq!(answer.field("vary"), (bytes >= 1_024).then_some("Accept-Encoding"), "{bytes} {accept:?}");
        assert_eq!(answer.plain(), "x".repeat(bytes).into_bytes());
        assert!(!is_gzip || answer.bytes.len() < bytes / 4 + 100, "{bytes} {accept:?}");
        let head = ask(&mut client, "HEAD", &path, accept);
        for field in ["content-encoding", "content-length", "vary", "content-type"] {
            assert_eq!(head.field(field), answer.field(field), "{field} of HEAD");
        }
    }
    let two = "GET /big?2000 HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br\r\nAccept-Encoding: gzip\r\n\r\n";
    assert_eq!(client.send(two).answer().field("content-encoding"), Some("gzip"), "several fields are one list");
}

#[test]
fn gzip_after_a_wait_is_as_the_client_asked_for_it() {
    let server = server(|_| {});
    for accept in [None, Some("gzip")] {
        let mut client = server.client();
        let field = accept.map(|value| format!("Accept-Encoding: {value}\r\n")).unwrap_or_default();
        client.send(&format!("GET /wait-big?7 HTTP/1.1\r\nHost: x\r\n{field}\r\n"));
        server.until("it waits", |metrics| metrics.parked.get() == 1);
        server.notifier.notify([boxoffice::http::Topic(7)]);
        let answer = client.answer();
        assert_eq!((answer.field("content-encoding"), answer.plain().len()), (accept, 5_000));
    }
}

/// Kept, but not read: whoever connects so narrowly is slow on purpose.
fn unread(server: &TestServer, accept: &str) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(&server.server.address().into()).unwrap();
    let mut client = TcpStream::from(socket);
    let request = format!("GET /shared HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {accept}\r\n\r\n");
    std::io::Write::write_all(&mut client, request.as_bytes()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    client
}

#[test]
fn shared_content_takes_the_memory_of_one_copy_however_many_take_it_slowly() {
    let server = server(|_| {});
    let clients: Vec<TcpStream> = (0..60).map(|_| unread(&server, "identity")).collect();
    server.until("all are being answered", |metrics| metrics.answers_of_class(2) == 60);
    server.until("it is counted", |metrics| metrics.buffered_bytes.get() >= SHARED_BYTES);
    assert!(server.server.metrics().buffered_bytes.get() < SHARED_BYTES + (60 << 10));
    drop(clients);
    server.until("it is let go", |metrics| metrics.connections_open.get() == 0 && metrics.buffered_bytes.get() == 0);
}

const SHARED_BYTES: u64 = 160_000 * 19;

#[test]
fn shared_content_that_no_longer_fits_costs_those_who_hold_most() {
    let server = server(|limits| limits.buffers_max_bytes = 4 << 20);
    let _slow = unread(&server, "identity");
    server.until("it is held", |metrics| metrics.buffered_bytes.get() >= SHARED_BYTES);
    let mut modest = server.client();
    modest.get("/big?2500000");
    server.until("room is made", |metrics| metrics.connections_evicted_buffers_total.get() == 1);
    assert_eq!(modest.answer().bytes.len(), 2_500_000);
}

/// One who reads steadily gets the whole answer, however long it takes; one who reads nothing is let go.
#[test]
fn write_deadline_follows_what_a_client_takes() {
    let server = turned_server(|limits| limits.write_max_ms = 400);
    let metrics = server.server.metrics();
    let idle = unread(&server, "identity");
    server.until("it is being answered", |metrics| metrics.buffered_bytes.get() >= SHARED_BYTES);
    server.turn(399);
    assert_eq!(metrics.connections_expired_write_total.get(), 0);
    server.turn(1);
    assert_eq!(metrics.connections_expired_write_total.get(), 1);
    drop(idle);
    let mut slow = unread(&server, "identity");
    server.until("another is being answered", |metrics| metrics.buffered_bytes.get() >= SHARED_BYTES);
    let (mut content, mut chunk, mut turned_ms) = (Vec::new(), vec![0; 64 << 10], 0);
    slow.set_nonblocking(true).unwrap();
    while metrics.buffered_bytes.get() > 0 {
        let before = metrics.sent_bytes_total.get();
        until("the server has sent more", || {
            let length = slow.read(&mut chunk).unwrap_or(0);
            content.extend_from_slice(&chunk[..length]);
            metrics.sent_bytes_total.get() > before
        });
        server.turn(399);
        turned_ms += 399;
    }
    slow.set_nonblocking(false).unwrap();
    let mut rest = String::new();
    slow.shutdown(std::net::Shutdown::Write).unwrap();
    slow.read_to_string(&mut rest).unwrap();
    content.extend_from_slice(rest.as_bytes());
    let head = content.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(content.len() - head, SHARED_BYTES as usize);
    assert!(content[head..].starts_with(&"a seat and another ".repeat(1_000).into_bytes()));
    assert!(turned_ms > 1_200, "it took far longer than one may who takes nothing: {turned_ms} ms");
    assert_eq!(metrics.connections_expired_write_total.get(), 1);
}

/// However steadily: an answer must come to its end.
#[test]
fn write_deadline_has_a_last_moment_that_follows_from_the_size() {
    let server = turned_server(|limits| (limits.write_max_ms, limits.write_min_bytes_per_second) = (300, 10 << 20));
    let metrics = server.server.metrics();
    let mut slow = unread(&server, "identity");
    server.until("it is being answered", |metrics| metrics.buffered_bytes.get() >= SHARED_BYTES);
    let (last_ms, mut turned_ms) = (300 + SHARED_BYTES * 1_000 / (10 << 20), 0);
    slow.set_nonblocking(true).unwrap();
    let mut chunk = vec![0; 4 << 10];
    while metrics.connections_expired_write_total.get() == 0 {
        let before = metrics.sent_bytes_total.get();
        until("the server has sent more", || {
            let _ = slow.read(&mut chunk);
            metrics.sent_bytes_total.get() > before
        });
        server.turn(100);
        turned_ms += 100;
    }
    assert!((300..last_ms + 100).contains(&turned_ms), "{turned_ms} of {last_ms} ms");
    assert!(metrics.sent_bytes_total.get() < SHARED_BYTES);
}
