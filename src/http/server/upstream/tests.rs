//! The way of requests and answers between the event loop and the workers, with handlers that the test holds up.

use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::protocol::Purpose;
use super::*;
use crate::http::server::ConnectionId;
use crate::http::server::metrics::Metrics;
use crate::http::server::response_head::RequestId;
use crate::http::{Reply, Request};
use crate::platform::InnerPeer;

/// An upstream with an event loop that the test turns.
struct TestUpstream {
    upstream: Upstream,
    poll: Poll,
    now_ms: u64,
}

const PATIENCE: Duration = Duration::from_secs(30);

impl TestUpstream {
    fn new(handler: Handler) -> TestUpstream {
        let limits = Limits { workers: 2, inner_reads: 8, ..Limits::default() };
        let (poll, metrics) = (Poll::new().unwrap(), Arc::new(Metrics::of(Vec::new())));
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let upstream = Upstream::start(&limits, handler, waker, OnFatal::new(|| {}), metrics).unwrap();
        TestUpstream { upstream, poll, now_ms: 0 }
    }

    /// A handler that gives each request to the test, and waits there until the test has taken it.
    fn held() -> (TestUpstream, Receiver<(String, Responder)>) {
        let (sender, receiver) = std::sync::mpsc::sync_channel(0);
        let sender = Mutex::new(sender);
        let handler: Handler = Arc::new(move |request: Request, responder: Responder| {
            let sender = sender.lock().unwrap().clone();
            let body = String::from_utf8(request.body).unwrap();
            drop(sender.send((format!("{}{body}", request.path), responder)));
        });
        (TestUpstream::new(handler), receiver)
    }

    fn ask(&mut self, number: u64, body: &str) {
        let mut head = format!("GET /{number} HTTP/1.1\r\n").into_bytes();
        protocol::write_envelope(&mut head, number, [127, 0, 0, 1].into(), &RequestId::Ours(1), Purpose::Answer);
        head.extend_from_slice(b"\r\n");
        self.ask_by(number, InnerRequest { head, body: body.as_bytes().to_vec() });
    }

    fn ask_by(&mut self, number: u64, request: InnerRequest) {
        let (connection, since_ms) = (ConnectionId::MIN, self.now_ms);
        let deadline_ms = since_ms + 60_000;
        let in_flight = InFlight { connection, number, is_write: false, epoch_seen: 0, since_ms, deadline_ms };
        assert!(self.upstream.submit(in_flight, Origin::Client, request, self.now_ms));
        self.upstream.flush(self.poll.registry(), self.now_ms);
    }

    /// Turns the loop until so many requests are answered or given up: each with the content of its answer, sorted.
    #[track_caller]
    fn hears(&mut self, count: usize) -> Vec<(u64, Option<String>)> {
        let (mut heard, deadline) = (Vec::new(), Instant::now() + PATIENCE);
        while heard.len() < count && Instant::now() < deadline {
            heard.extend(self.turn());
        }
        heard.extend(self.turn());
        heard.sort();
        heard
    }

    fn turn(&mut self) -> Vec<(u64, Option<String>)> {
        let mut events = Events::with_capacity(8);
        self.poll.poll(&mut events, Some(Duration::from_millis(1))).unwrap();
        let mut heard = Vec::new();
        if events.iter().any(|event| event.token() == INNER) {
            heard.extend(self.upstream.on_ready(self.now_ms).into_iter().map(|in_flight| (in_flight.number, None)));
        }
        for (in_flight, answer) in self.upstream.take_answers(self.now_ms) {
            let Answer::Whole(_, content, _) = answer else { panic!("{answer:?}") };
            heard.push((in_flight.number, Some(String::from_utf8(content.to_vec()).unwrap())));
        }
        heard.extend(self.upstream.tick(self.now_ms).into_iter().map(|in_flight| (in_flight.number, None)));
        self.upstream.flush(self.poll.registry(), self.now_ms);
        heard
    }

    /// The inner connection ends, as its other side would end it.
    fn lose_connection(&mut self) {
        self.upstream.connection.as_mut().unwrap().end();
        let deadline = Instant::now() + PATIENCE;
        let killed = self.upstream.metrics.inner_killed_total.get();
        while self.upstream.metrics.inner_killed_total.get() == killed && Instant::now() < deadline {
            assert_eq!(self.turn(), []);
        }
    }
}

fn answer(responder: Responder, text: &str) {
    responder.send(Reply { body: text.to_owned().into(), ..Reply::empty(200) });
}

fn answered(number: u64, text: &str) -> (u64, Option<String>) {
    (number, Some(text.to_owned()))
}

#[test]
fn upstream_answers_come_in_any_order_and_the_second_to_one_request_is_nobodys() {
    let (mut upstream, held) = TestUpstream::held();
    (1..=5).for_each(|number| upstream.ask(number, ""));
    let mut responders: Vec<_> = (0..5).map(|_| held.recv_timeout(PATIENCE).unwrap()).collect();
    for (path, responder) in responders.drain(..).rev() {
        answer(responder, &path);
    }
    let all: Vec<_> = (1..=5).map(|number| answered(number, &format!("/{number}"))).collect();
    assert_eq!(upstream.hears(5), all);
    let content = crate::http::body::Content::Plain(b"late".to_vec().into());
    upstream.upstream.sending.mailbox.put(3, Answer::Whole(Reply::empty(200), content, None));
    assert_eq!((upstream.turn(), upstream.upstream.dispatched()), (vec![], 0));
}

#[test]
fn upstream_connection_that_is_lost_takes_no_request_with_it_and_none_is_carried_out_twice() {
    let (mut upstream, held) = TestUpstream::held();
    (1..=6).for_each(|number| upstream.ask(number, "!"));
    let taken: Vec<_> = (0..2).map(|_| held.recv_timeout(PATIENCE).unwrap()).collect();
    upstream.lose_connection();
    upstream.ask(7, "!");
    for (path, responder) in taken.into_iter().chain((0..5).map(|_| held.recv_timeout(PATIENCE).unwrap())) {
        answer(responder, &path);
    }
    let all: Vec<_> = (1..=7).map(|number| answered(number, &format!("/{number}!"))).collect();
    assert_eq!(upstream.hears(7), all);
    upstream.ask(8, "");
    assert_eq!(held.recv_timeout(PATIENCE).unwrap().0, "/8", "none comes twice");
    assert_eq!((upstream.upstream.bytes(), upstream.upstream.metrics.inner_restarts_total.get()), (0, 0));
}

#[test]
fn upstream_request_that_tiny_http_closes_the_connection_for_is_given_up_and_others_are_answered() {
    let (mut upstream, held) = TestUpstream::held();
    upstream.ask(1, "");
    let (_, first) = held.recv_timeout(PATIENCE).unwrap();
    upstream.ask_by(2, InnerRequest { head: b"GET /2 HTTP/1.1\r\nno field\r\n\r\n".to_vec(), body: Vec::new() });
    assert_eq!(upstream.hears(1), [(2, None)]);
    answer(first, "one");
    upstream.ask(3, "");
    answer(held.recv_timeout(PATIENCE).unwrap().1, "three");
    assert_eq!(upstream.hears(2), [answered(1, "one"), answered(3, "three")]);
}

#[test]
fn upstream_request_that_is_given_up_before_a_worker_took_it_is_never_carried_out() {
    let (mut upstream, held) = TestUpstream::held();
    (1..=2).for_each(|number| upstream.ask(number, ""));
    let deadline = Instant::now() + PATIENCE;
    while upstream.upstream.bytes() > 0 && Instant::now() < deadline {
        assert_eq!(upstream.turn(), []); // the two workers wait for the test
    }
    (3..=4).for_each(|number| upstream.ask(number, "a body"));
    upstream.now_ms = 60_000;
    assert_eq!(upstream.hears(4), [1, 2, 3, 4].map(|number| (number, None)));
    assert_eq!(upstream.upstream.bytes(), 0);
    upstream.ask(5, "");
    let mut paths: Vec<String> = (0..3).map(|_| held.recv_timeout(PATIENCE).unwrap().0).collect();
    paths.sort();
    assert_eq!(paths, ["/1", "/2", "/5"]);
}

#[test]
fn upstream_server_that_is_stuck_is_replaced_and_its_requests_are_carried_out_once() {
    let (mut upstream, held) = TestUpstream::held();
    (1..=4).for_each(|number| upstream.ask(number, "")); // two workers wait for the test, with one each
    let deadline = Instant::now() + PATIENCE;
    while upstream.upstream.metrics.inner_restarts_total.get() == 0 && Instant::now() < deadline {
        upstream.now_ms += 100;
        assert_eq!(upstream.turn(), []);
    }
    let mut paths = Vec::new();
    for _ in 0..4 {
        let (path, responder) = held.recv_timeout(PATIENCE).unwrap();
        answer(responder, &path);
        paths.push(path);
    }
    paths.sort();
    assert_eq!(paths, ["/1", "/2", "/3", "/4"]);
    assert_eq!(upstream.hears(4).len(), 4);
    upstream.ask(5, "");
    assert_eq!(held.recv_timeout(PATIENCE).unwrap().0, "/5", "none comes twice");
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
    let guessed = format!("upstream: {} 7 ::1 id\r\n", "0".repeat(32));
    for field in ["", "upstream: 0\r\n", "upstream: 7 ::1 id\r\n", &guessed] {
        let TestUpstream { upstream, .. } = TestUpstream::new(Arc::clone(&handler));
        assert!(!upstream.inner_server.as_ref().unwrap().is_open_to_others());
        let mut ours = send_head(&upstream, &protocol::probe(0));
        assert_eq!(status_of(&mut ours), "204");
        let mut theirs = send_head(&upstream, "GET / HTTP/1.1\r\n\r\n");
        assert_eq!(status_of(&mut theirs), "403");
        for start in ["GET /api/v1/concerts", "OPTIONS *"] {
            theirs.write_all(format!("{start} HTTP/1.1\r\n{field}\r\n").as_bytes()).unwrap();
            assert_eq!(status_of(&mut theirs), "403", "{start} {field}");
        }
        // The memory for 100 GB would end the process, and each wait for a body would cost one of the two workers.
        let open = [3_000, 100_000_000_000_u64]
            .map(|length| send_head(&upstream, &format!("POST / HTTP/1.1\r\n{field}Content-Length: {length}\r\n\r\n")));
        let mut is_served = || {
            ours.write_all(protocol::probe(0).as_bytes()).unwrap();
            status_of(&mut ours)
        };
        assert_eq!(is_served(), "204", "the workers are there");
        drop(open);
        assert_eq!(is_served(), "204", "and when the strangers have gone");
    }
    assert_eq!(handled.load(std::sync::atomic::Ordering::SeqCst), 0);
}
