//! Upstream responses on bytes: surplus, late and cut ones of an inner server that the test plays itself.

use std::io::{Read, Write};

use mio::{Events, Poll};

use super::*;
use crate::http::server::connection_id::ConnectionId;
use crate::http::server::metrics::Metrics;
use crate::platform::{InnerPeer, inner_pair};

/// An upstream whose only connection leads to the test itself.
struct TestUpstream {
    upstream: Upstream,
    poll: Poll,
    server: InnerPeer,
}

const CLOSED: &str = "closed";

impl TestUpstream {
    fn new() -> TestUpstream {
        let handler: Handler = Arc::new(|_, responder| drop(responder));
        let limits = Limits { inner_reads: 1, ..Limits::default() };
        let mut upstream =
            Upstream::start(&limits, handler, OnFatal::new(|| {}), Arc::new(Metrics::of(Vec::new()))).unwrap();
        let (mut socket, server) = inner_pair().unwrap();
        let poll = Poll::new().unwrap();
        poll.registry().register(&mut socket, token_of(0, 0), Interest::READABLE).unwrap();
        let conn = UpstreamConnection {
            socket,
            generation: 0,
            epoch: 0,
            is_write: false,
            state: UpstreamState::Idle,
            input: Vec::new(),
            unread_bytes: 0,
            expected: 0,
            output: Vec::new(),
            deadline_ms: u64::MAX,
        };
        assert_eq!(upstream.conns.insert(conn), 0);
        upstream.pools[0].open = 1;
        upstream.pools[0].idle.push(0);
        TestUpstream { upstream, poll, server }
    }

    fn ask(&mut self, number: u64) {
        let in_flight =
            InFlight { connection: ConnectionId::MIN, number, epoch_seen: 0, since_ms: 0, deadline_ms: u64::MAX };
        assert!(self.upstream.submit(self.poll.registry(), in_flight, false, Origin::Client, b"ask", 0));
    }

    fn is_asked(&mut self) {
        let mut asked = [0; 3];
        self.server.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"ask");
    }

    /// The events after the server has sent something: the bodies of answers, or that a request is lost.
    fn on_ready(&mut self, said: &[u8]) -> Vec<String> {
        self.server.write_all(said).unwrap();
        self.listen()
    }

    fn listen(&mut self) -> Vec<String> {
        let mut events = Events::with_capacity(8);
        let mut events_seen = Vec::new();
        self.poll.poll(&mut events, Some(std::time::Duration::from_millis(20))).unwrap();
        for event in &events {
            let (mut scratch, mut overflow) = (vec![0; 1_000], Vec::new());
            let is_closed = event.is_read_closed();
            let registry = self.poll.registry();
            match self.upstream.on_ready(registry, event.token(), is_closed, &mut scratch, &mut overflow, 0) {
                UpstreamEvent::Nothing => {}
                UpstreamEvent::Answer(in_flight, answer) => {
                    events_seen.push(format!("{} {}", in_flight.number, String::from_utf8_lossy(answer.body)));
                }
                UpstreamEvent::Lost(in_flight) => events_seen.push(format!("{} lost", in_flight.number)),
            }
        }
        if self.upstream.conns.get(0).is_none_or(|conn| conn.generation != 0) {
            events_seen.push(CLOSED.into());
        }
        events_seen
    }
}

fn answer(number: u64, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 -\r\nupstream: {number}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn upstream_answers_come_one_by_one_and_a_connection_is_used_again() {
    let mut upstream = TestUpstream::new();
    for number in 1..=5 {
        upstream.ask(number);
        upstream.is_asked();
        assert_eq!(upstream.on_ready(&answer(number, "hi")), [format!("{number} hi")]);
        assert!(upstream.listen().is_empty(), "an answer that was looked at is not event again");
    }
}

#[test]
fn upstream_who_waits_is_next_as_soon_as_the_answer_before_is_there() {
    let mut upstream = TestUpstream::new();
    upstream.ask(1);
    upstream.ask(2);
    upstream.is_asked();
    assert_eq!(upstream.on_ready(&answer(1, "one")), ["1 one"]);
    upstream.is_asked();
    assert_eq!(upstream.on_ready(&answer(2, "two")), ["2 two"]);
}

#[test]
fn answer_in_pieces_or_longer_than_the_buffer_is_heard_once_and_whole() {
    let mut upstream = TestUpstream::new();
    for (number, length) in (1..).zip([0, 5, 900, 1_000, 5_000]) {
        upstream.ask(number);
        upstream.is_asked();
        let body = "x".repeat(length);
        let message = answer(number, &body);
        assert!(upstream.on_ready(&message[..10]).is_empty());
        assert!(upstream.on_ready(&message[10..message.len() - 1]).is_empty());
        assert_eq!(upstream.on_ready(&message[message.len() - 1..]), [format!("{number} {body}")]);
        upstream.ask(number + 100);
        upstream.is_asked();
        assert_eq!(upstream.on_ready(&answer(number + 100, &body)), [format!("{} {body}", number + 100)]);
    }
}

#[test]
fn upstream_surplus_byte_ends_the_connection_with_the_answer_later_and_when_idle() {
    let mut upstream = TestUpstream::new();
    upstream.ask(1);
    assert_eq!(upstream.on_ready(&[answer(1, "hi"), b"!".to_vec()].concat()), ["1 lost", CLOSED]);

    let mut upstream = TestUpstream::new();
    upstream.ask(1);
    assert_eq!(upstream.on_ready(&answer(1, "hi")), ["1 hi"]);
    assert_eq!(upstream.on_ready(b"!"), [CLOSED], "nobody asked");

    let mut upstream = TestUpstream::new();
    upstream.ask(1);
    assert_eq!(upstream.on_ready(&answer(1, "hi")), ["1 hi"]);
    upstream.server.write_all(b"!").unwrap(); // not heard before the next request goes out
    upstream.ask(2);
    assert_eq!(upstream.on_ready(&answer(2, "for another")), ["2 lost", CLOSED]);
}

#[test]
fn upstream_answer_to_another_request_ends_the_connection() {
    let mut upstream = TestUpstream::new();
    upstream.ask(2);
    assert_eq!(upstream.on_ready(&answer(1, "late, and not for this one")), ["2 lost", CLOSED]);
}

#[test]
fn upstream_connection_that_ends_is_closed_and_its_request_is_lost() {
    let mut upstream = TestUpstream::new();
    upstream.ask(1);
    assert_eq!(upstream.on_ready(&answer(1, "hi")), ["1 hi"]);
    upstream.ask(2);
    upstream.server.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(upstream.listen(), ["2 lost", CLOSED]);
}

/// Sends the head of a request to the inner server.
fn send_head(upstream: &Upstream, head: &str) -> InnerPeer {
    let mut socket = InnerPeer::from(upstream.inner_server.as_ref().unwrap().connect().unwrap());
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

/// The status of the next answer, which has no content.
fn status_of(socket: &mut InnerPeer) -> String {
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    String::from_utf8_lossy(&answer["HTTP/1.1 ".len()..][..3]).into_owned()
}

/// Where the inner socket is a port of the loopback address, any program of the machine can connect to it.
#[test]
fn stranger_on_the_inner_socket_is_refused_and_its_body_is_not_read() {
    let handled = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&handled);
    let handler: Handler = Arc::new(move |_, responder| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        drop(responder);
    });
    let upstream =
        Upstream::start(&Limits::default(), handler, OnFatal::new(|| {}), Arc::new(Metrics::of(Vec::new()))).unwrap();
    assert!(!upstream.inner_server.as_ref().unwrap().is_open_to_others());
    let guessed = format!("upstream: {} 7 ::1 id\r\n", "0".repeat(32));
    let mut ours = send_head(&upstream, &protocol::probe());
    assert_eq!(status_of(&mut ours), "204");
    let mut theirs = send_head(&upstream, "GET / HTTP/1.1\r\n\r\n");
    assert_eq!(status_of(&mut theirs), "403");
    let fields = ["", "upstream: 0\r\n", "upstream: 7 ::1 id\r\n", &guessed];
    for field in fields {
        for start in ["GET /api/v1/concerts", "OPTIONS *"] {
            theirs.write_all(format!("{start} HTTP/1.1\r\n{field}\r\n").as_bytes()).unwrap();
            assert_eq!(status_of(&mut theirs), "403", "{start} {field}");
        }
    }
    let mut open = Vec::new();
    for field in fields {
        // The memory for 100 GB would end the process, and each wait for a body would cost a worker.
        for length in [3_000, 100_000_000_000_u64] {
            let head = format!("POST / HTTP/1.1\r\n{field}Content-Length: {length}\r\n\r\n");
            open.extend((0..Limits::default().workers).map(|_| send_head(&upstream, &head)));
        }
    }
    let mut is_served = || {
        ours.write_all(protocol::probe().as_bytes()).unwrap();
        status_of(&mut ours)
    };
    assert_eq!(is_served(), "204", "the workers are there");
    drop(open);
    assert_eq!(is_served(), "204", "and when the strangers have gone");
    assert_eq!(handled.load(std::sync::atomic::Ordering::SeqCst), 0);
}
