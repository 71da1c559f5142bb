//! Relaying on bytes: surplus, late and cut answers of an inner server that the test plays itself.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use mio::{Events, Poll};

use super::*;
use crate::http::door::client::ClientId;

/// A relay whose only line leads to the test itself.
struct Desk {
    relay: Relay,
    poll: Poll,
    server: UnixStream,
}

const CLOSED: &str = "closed";

impl Desk {
    fn new() -> Desk {
        let trade: Trade = Arc::new(|_, responder| drop(responder));
        let limits = Limits { inner_reads: 1, ..Limits::default() };
        let mut relay = Relay::start(&limits, trade, OnFatal::new(|| {}), Arc::default()).unwrap();
        let (ours, server) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut socket = mio::net::UnixStream::from_std(ours);
        let poll = Poll::new().unwrap();
        poll.registry().register(&mut socket, token_of(0, 0), Interest::READABLE).unwrap();
        let line = Line {
            socket,
            generation: 0,
            epoch: 0,
            is_write: false,
            state: LineState::Idle,
            input: Vec::new(),
            unread_bytes: 0,
            expected: 0,
            output: Vec::new(),
            deadline_ms: u64::MAX,
        };
        assert_eq!(relay.lines.insert(line), 0);
        relay.pools[0].open = 1;
        relay.pools[0].idle.push(0);
        Desk { relay, poll, server }
    }

    fn ask(&mut self, number: u64) {
        let flight = Flight { client: ClientId::MIN, number, born: 0, since_ms: 0, deadline_ms: u64::MAX };
        assert!(self.relay.submit(self.poll.registry(), flight, false, Urgency::Fresh, b"ask", 0));
    }

    fn is_asked(&mut self) {
        let mut asked = [0; 3];
        self.server.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"ask");
    }

    /// What the relay hears, event by event, after the server has said something: bodies of answers, or that it is lost.
    fn hear(&mut self, said: &[u8]) -> Vec<String> {
        self.server.write_all(said).unwrap();
        self.listen()
    }

    fn listen(&mut self) -> Vec<String> {
        let mut events = Events::with_capacity(8);
        let mut heard = Vec::new();
        self.poll.poll(&mut events, Some(std::time::Duration::from_millis(20))).unwrap();
        for event in &events {
            let (mut scratch, mut overflow) = (vec![0; 1_000], Vec::new());
            let is_closed = event.is_read_closed();
            let registry = self.poll.registry();
            match self.relay.hear(registry, event.token(), is_closed, &mut scratch, &mut overflow, 0) {
                Heard::Nothing => {}
                Heard::Answer(flight, answer) => {
                    heard.push(format!("{} {}", flight.number, String::from_utf8_lossy(answer.body)));
                }
                Heard::Lost(flight) => heard.push(format!("{} lost", flight.number)),
            }
        }
        if self.relay.lines.get(0).is_none_or(|line| line.generation != 0) {
            heard.push(CLOSED.into());
        }
        heard
    }
}

fn answer(number: u64, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 -\r\ndoor: {number}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn answers_come_one_by_one_and_a_line_is_used_again() {
    let mut desk = Desk::new();
    for number in 1..=5 {
        desk.ask(number);
        desk.is_asked();
        assert_eq!(desk.hear(&answer(number, "hi")), [format!("{number} hi")]);
        assert!(desk.listen().is_empty(), "an answer that was looked at is not heard again");
    }
}

#[test]
fn who_waits_is_next_as_soon_as_the_answer_before_is_there() {
    let mut desk = Desk::new();
    desk.ask(1);
    desk.ask(2);
    desk.is_asked();
    assert_eq!(desk.hear(&answer(1, "one")), ["1 one"]);
    desk.is_asked();
    assert_eq!(desk.hear(&answer(2, "two")), ["2 two"]);
}

#[test]
fn an_answer_in_pieces_or_longer_than_the_buffer_is_heard_once_and_whole() {
    let mut desk = Desk::new();
    for (number, length) in (1..).zip([0, 5, 900, 1_000, 5_000]) {
        desk.ask(number);
        desk.is_asked();
        let body = "x".repeat(length);
        let message = answer(number, &body);
        assert!(desk.hear(&message[..10]).is_empty());
        assert!(desk.hear(&message[10..message.len() - 1]).is_empty());
        assert_eq!(desk.hear(&message[message.len() - 1..]), [format!("{number} {body}")]);
        desk.ask(number + 100);
        desk.is_asked();
        assert_eq!(desk.hear(&answer(number + 100, &body)), [format!("{} {body}", number + 100)]);
    }
}

#[test]
fn a_surplus_byte_kills_the_line_with_the_answer_later_and_when_idle() {
    let mut desk = Desk::new();
    desk.ask(1);
    assert_eq!(desk.hear(&[answer(1, "hi"), b"!".to_vec()].concat()), ["1 lost", CLOSED]);

    let mut desk = Desk::new();
    desk.ask(1);
    assert_eq!(desk.hear(&answer(1, "hi")), ["1 hi"]);
    assert_eq!(desk.hear(b"!"), [CLOSED], "nobody asked");

    let mut desk = Desk::new();
    desk.ask(1);
    assert_eq!(desk.hear(&answer(1, "hi")), ["1 hi"]);
    desk.server.write_all(b"!").unwrap(); // not heard before the next request goes out
    desk.ask(2);
    assert_eq!(desk.hear(&answer(2, "for another")), ["2 lost", CLOSED]);
}

#[test]
fn an_answer_to_another_request_kills_the_line() {
    let mut desk = Desk::new();
    desk.ask(2);
    assert_eq!(desk.hear(&answer(1, "late, and not for this one")), ["2 lost", CLOSED]);
}

#[test]
fn a_line_that_ends_is_closed_and_its_request_is_lost() {
    let mut desk = Desk::new();
    desk.ask(1);
    assert_eq!(desk.hear(&answer(1, "hi")), ["1 hi"]);
    desk.ask(2);
    desk.server.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(desk.listen(), ["2 lost", CLOSED]);
}
