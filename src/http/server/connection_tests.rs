//! The states of a connection on bytes and a turned time, without sockets.

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::*;
use crate::http::body::Content;
use crate::http::server::limits::Limits;
use crate::http::server::metrics::Metrics;
use crate::http::server::upstream::Topic;
use crate::http::{Method, Reply};
use crate::refusal::Refusal;

/// A connection, what its client has yet to send, and what was sent to it.
struct Rig {
    connection: Connection,
    turn: LoopTurn,
    unsent: Vec<u8>,
    sent: Vec<u8>,
    /// What the socket takes before it is full.
    socket_room: usize,
}

/// A socket that takes so many bytes.
struct Narrow<'r>(&'r mut Vec<u8>, &'r mut usize);

impl Write for Narrow<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(*self.1);
        if length == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        *self.1 -= length;
        self.0.extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An inner request as one text.
fn text_of(request: InnerRequest) -> String {
    String::from_utf8([request.head, request.body].concat()).unwrap()
}

impl Rig {
    fn new(change: impl FnOnce(&mut Limits)) -> Rig {
        let mut limits = Limits {
            answer_at_once: |_, target| (target == "/at-once").then(|| Reply::empty(204)),
            ..Limits::default()
        };
        change(&mut limits);
        let mut turn = LoopTurn::new(limits, Arc::new(Metrics::of(Vec::new())));
        turn.now_ms = 0;
        let connection = Connection::new(Ipv4Addr::LOCALHOST.into(), Transport::Plain, &mut turn);
        Rig { connection, turn, unsent: Vec::new(), sent: Vec::new(), socket_room: usize::MAX }
    }

    /// Sends bytes and does what the connection wants; gives what cannot be done here, or `Read` when it wants more.
    fn send(&mut self, bytes: &[u8]) -> Action {
        self.unsent.extend_from_slice(bytes);
        loop {
            match self.connection.next(&mut self.turn) {
                Action::Read(max_bytes) if !self.unsent.is_empty() => {
                    let length = self.unsent.len().min(max_bytes);
                    let bytes: Vec<u8> = self.unsent.drain(..length).collect();
                    self.connection.receive(&bytes, &self.turn);
                }
                Action::Write => {
                    let mut socket = Narrow(&mut self.sent, &mut self.socket_room);
                    self.connection.write_to(&mut socket, &self.turn).unwrap();
                    if self.connection.output().is_some() {
                        return Action::Write; // the socket is full
                    }
                }
                Action::Continue => self.sent.extend_from_slice(b"100 "),
                other => return other,
            }
        }
    }

    /// Sends bytes that complete a request; gives the inner request.
    #[track_caller]
    fn submits(&mut self, bytes: &[u8]) -> String {
        match self.send(bytes) {
            Action::Submit(submission) => text_of(submission.request),
            other => panic!("{other:?}"),
        }
    }

    /// Answers the request under way with this content.
    fn answer(&mut self, body: &str) -> Action {
        assert!(self.connection.awaits(self.connection.number));
        let content = Content::Plain(body.to_owned().into());
        self.connection.answer(&Reply::empty(200), content, None, &mut self.turn);
        self.send(b"")
    }

    /// What was sent since the last look.
    fn sent(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.sent)).unwrap()
    }

    /// Turns the time to the millisecond before the deadline, sees that it is not due, and lets it come.
    #[track_caller]
    fn expires_after(&mut self, ms: u64) -> Action {
        self.turn.now_ms += ms;
        assert_eq!(self.connection.deadline_ms(), self.turn.now_ms);
        self.connection.expire(&mut self.turn);
        self.send(b"")
    }

    /// Asserts that it answers with this status, throws away what still comes and says nothing more.
    #[track_caller]
    fn leaves(&mut self, action: &Action, status: u16) {
        assert_eq!(*action, Action::ShutWrite);
        let sent = self.sent();
        assert!(sent.starts_with(&format!("HTTP/1.1 {status} ")) && sent.contains("Connection: close"), "{sent}");
        assert!(matches!(self.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Action::Read(_)));
        assert_eq!(self.sent(), "");
        assert!(matches!(self.expires_after(self.turn.limits.linger_max_ms), Action::Close));
    }
}

const GET: &[u8] = b"GET /echo?a HTTP/1.1\r\nHost: x\r\n\r\n";
const POST: &str = "POST /echo HTTP/1.1\r\nHost: x\r\n";

#[test]
fn requests_are_submitted_one_by_one_wherever_their_bytes_are_cut() {
    let chunked = "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n";
    let text = [GET, format!("{POST}Content-Length: 5\r\n\r\nhello{POST}{chunked}").as_bytes(), GET].concat();
    for cut in 0..=text.len() {
        let mut rig = Rig::new(|_| {});
        let mut action = rig.send(&text[..cut]);
        rig.unsent.extend_from_slice(&text[cut..]);
        for (line, body) in [("GET /echo?a", ""), ("POST /echo", "hello"), ("POST /echo", "hello"), ("GET /echo?a", "")]
        {
            if matches!(action, Action::Read(_)) {
                action = rig.send(b"");
            }
            let Action::Submit(submission) = action else { panic!("{cut}: {action:?}") };
            let message = text_of(submission.request);
            assert!(message.starts_with(&format!("{line} HTTP/1.1\r\nupstream: ")), "{cut}: {message}");
            assert!(message.ends_with(&format!("\r\n\r\n{body}")) && !message.contains("chunked"), "{cut}: {message}");
            assert_eq!(submission.is_write, line.starts_with("POST"));
            assert_eq!(rig.connection.next(&mut rig.turn), Action::Rest, "one request at a time");
            action = rig.answer("hi");
            assert!(rig.sent().ends_with("\r\n\r\nhi"), "{cut}");
        }
        assert!(matches!(action, Action::Read(_)) && rig.connection.is_idle(), "{cut}");
    }
}

#[test]
fn answers_of_the_server_itself_are_written_without_upstream() {
    let mut rig = Rig::new(|_| {});
    assert!(matches!(rig.send(b"GET /at-once HTTP/1.1\r\nHost: x\r\n\r\n"), Action::Read(_)));
    let sent = rig.sent();
    assert!(sent.starts_with("HTTP/1.1 204 ") && sent.contains("Keep-Alive: timeout=75\r\n"), "{sent}");
    let action = rig.send(b"GET / HTTP/1.1\n");
    rig.leaves(&action, 400);
}

#[test]
fn head_deadline_runs_from_the_first_byte_and_no_other_byte_moves_it() {
    let mut rig = Rig::new(|limits| limits.head_max_ms = 1_000);
    for (ms, byte) in (0..10).zip(GET) {
        rig.turn.now_ms = 100 * ms;
        assert!(matches!(rig.send(&[*byte]), Action::Read(_)));
    }
    let action = rig.expires_after(100);
    rig.leaves(&action, 408);
    assert_eq!(rig.turn.metrics.connections_expired_head_total.get(), 1);
}

#[test]
fn body_deadline_follows_the_size_and_moves_only_with_decoded_chunks() {
    let mut rig = Rig::new(|limits| {
        (limits.body_max_ms, limits.body_max_ms_per_mib) = (1_000, 500);
        limits.large_body = |_, _| true;
    });
    rig.send(format!("{POST}Content-Length: {}\r\n\r\n", 2 << 20).as_bytes());
    rig.turn.now_ms = 900;
    assert!(matches!(rig.send(&[b'x'; 1_000]), Action::Read(_)));
    let action = rig.expires_after(1_100);
    rig.leaves(&action, 408);
    let mut rig = Rig::new(|limits| limits.body_max_ms = 1_000);
    rig.send(format!("{POST}Transfer-Encoding: chunked\r\n\r\n").as_bytes());
    rig.turn.now_ms = 999;
    rig.send(b"5\r\nhel");
    let action = rig.expires_after(1);
    rig.leaves(&action, 408);
    assert_eq!(rig.turn.metrics.connections_expired_body_total.get(), 1);
}

#[test]
fn idle_deadline_runs_from_the_last_answer() {
    let mut rig = Rig::new(|limits| limits.idle_max_ms = 1_000);
    rig.turn.now_ms = 800;
    rig.submits(GET);
    assert_eq!(rig.connection.deadline_ms(), u64::MAX, "upstream has a deadline for it");
    rig.turn.now_ms = 5_000;
    assert!(matches!(rig.answer("hi"), Action::Read(_)));
    assert_eq!(rig.expires_after(1_000), Action::Close);
    assert_eq!(rig.turn.metrics.connections_expired_idle_total.get(), 1);
}

#[test]
fn write_deadline_moves_with_what_is_taken_up_to_a_last_moment() {
    let mut rig = Rig::new(|limits| (limits.write_max_ms, limits.write_min_bytes_per_second) = (300, 1_000));
    rig.submits(GET);
    rig.socket_room = 0;
    assert_eq!(rig.answer(&"x".repeat(500)), Action::Write);
    let last_ms = 300 + rig.connection.output().unwrap().rest() as u64;
    for _ in 0..3 {
        rig.turn.now_ms += 298;
        rig.socket_room = 100;
        assert_eq!(rig.send(b""), Action::Write);
        let deadline_ms = (rig.turn.now_ms + 300).min(last_ms);
        assert_eq!(rig.connection.deadline_ms(), deadline_ms);
        rig.turn.now_ms += 1;
        assert_eq!(rig.send(b""), Action::Write);
        assert_eq!(rig.connection.deadline_ms(), deadline_ms, "nothing was taken");
    }
    assert_eq!(rig.expires_after(last_ms - rig.turn.now_ms), Action::Close);
    assert_eq!(rig.turn.metrics.connections_expired_write_total.get(), 1);
}

#[test]
fn expect_asks_for_the_body_only_when_the_head_is_not_refused() {
    for framing in ["Content-Length: 3", "Transfer-Encoding: chunked"] {
        let head = format!("{POST}Expect: 100-continue\r\n{framing}\r\n\r\n");
        let body = if framing.ends_with("chunked") { "3\r\nabc\r\n0\r\n\r\n" } else { "abc" };
        let mut rig = Rig::new(|_| {});
        let asked = rig.submits(head.as_bytes());
        assert!(asked.contains(" head\r\n") && !asked.contains("content-length"), "{asked}");
        rig.connection.proceed(&mut rig.turn);
        assert!(matches!(rig.send(b""), Action::Read(_)));
        assert_eq!(rig.sent(), "100 ");
        let whole = rig.submits(body.as_bytes());
        assert!(whole.ends_with("\r\n\r\nabc") && !whole.contains(" head\r\n"), "{whole}");
        rig.answer("hi");
        assert!(rig.sent().contains("Keep-Alive: "));

        let mut rig = Rig::new(|_| {});
        rig.submits(head.as_bytes());
        let action = rig.answer("no");
        rig.leaves(&action, 200);

        let mut rig = Rig::new(|_| {});
        let whole = rig.submits(format!("{head}{body}").as_bytes());
        assert!(whole.ends_with("abc") && rig.sent().is_empty(), "a body that is there is not asked for: {whole}");
    }
    let mut rig = Rig::new(|limits| limits.body_max_bytes = 2);
    let action = rig.send(format!("{POST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n").as_bytes());
    rig.leaves(&action, 413);
}

#[test]
fn memory_is_asked_for_before_a_body_is_read_and_a_refusal_takes_nothing_more() {
    let mut rig = Rig::new(|_| {});
    rig.turn.free_bytes = 4;
    let post = format!("{POST}Content-Length: 5\r\n\r\nhello");
    assert_eq!(rig.send(post.as_bytes()), Action::Free(5));
    rig.turn.free_bytes = 5;
    assert!(rig.submits(b"").ends_with("\r\n\r\nhello"), "the head is read once more");
    rig.answer("hi");
    rig.sent();
    rig.turn.free_bytes = 4;
    assert_eq!(rig.send(format!("{POST}Transfer-Encoding: chunked\r\n\r\n").as_bytes()), Action::Read(READ_MAX_BYTES));
    assert_eq!(rig.send(b"5\r\nhello"), Action::Free(8));
    rig.connection.refuse_and_leave(&Refusal::Overloaded { retry_after_seconds: 1 }, &mut rig.turn);
    let action = rig.send(b"");
    rig.leaves(&action, 503);
}

#[test]
fn long_poll_reads_a_little_ahead_to_see_its_client_leave_and_answers_in_order() {
    let mut rig = Rig::new(|_| {});
    rig.submits(GET);
    let waiting = WaitingRequest {
        wait_seconds: 1,
        method: Method::Get,
        target: "/echo?a".into(),
        language: "".into(),
        topics: [Topic(1)].into(),
        memo: "memo".into(),
        told: None,
    };
    let waiter = Box::new(Waiter { waiting, deadline_ms: 1_000, wake: Wake::Notified, key: None });
    rig.connection.wait(waiter);
    assert_eq!((rig.connection.deadline_ms(), rig.send(b"")), (1_000, Action::Read(WAITING_INPUT_MAX_BYTES)));
    assert_eq!(rig.send(&GET.repeat(200)), Action::Rest, "no more than a little");
    assert_eq!(rig.unsent.len(), 200 * GET.len() - WAITING_INPUT_MAX_BYTES);
    rig.connection.expire(&mut rig.turn);
    assert_eq!(rig.connection.next(&mut rig.turn), Action::Rest, "it is woken, not closed");
    assert!(rig.connection.stop_waiting().is_some() && rig.connection.stop_waiting().is_none());
    let before = rig.connection.number;
    let waiter = rig.connection.take_waiter().unwrap();
    let submission = rig.connection.resume(waiter, Wake::TimedOut, &mut rig.turn);
    let message = text_of(submission.request);
    assert!(before == 0 && submission.origin == Origin::Resumed && message.contains(" over =memo\r\n"), "{message}");
    assert!(matches!(rig.answer("first"), Action::Submit(_)), "then what was pipelined behind it");
    assert!(rig.sent().ends_with("first"));
}

#[test]
fn last_answer_closes_at_once_when_nothing_more_comes_and_lingers_when_something_does() {
    let close: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut rig = Rig::new(|_| {});
    rig.submits(close);
    assert!(matches!(rig.answer("hi"), Action::Read(_)));
    assert!(rig.connection.drained());
    assert_eq!(rig.connection.next(&mut rig.turn), Action::Close);

    let mut rig = Rig::new(|limits| limits.linger_max_bytes = 100);
    rig.submits(close);
    rig.answer("hi");
    rig.sent();
    assert_eq!(rig.send(b"more"), Action::ShutWrite);
    assert!(matches!(rig.send(&[b'x'; 95]), Action::Read(_)) && !rig.connection.drained());
    assert_eq!(rig.send(b"x"), Action::Close, "so much is thrown away and no more");
    assert_eq!(rig.sent(), "");

    let mut rig = Rig::new(|_| {});
    rig.submits(GET);
    rig.turn.is_stopping = true;
    rig.answer("hi");
    assert!(rig.sent().contains("Connection: close"), "a server that stops keeps nobody");
}
