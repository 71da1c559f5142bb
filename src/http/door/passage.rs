//! What passes between the door and tiny_http beside the client's own words: one header field each way, and "not yet".
//!
//! The door writes every inner request anew from a whitelist, so no client can bring a field of this name.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;

use super::answer::RequestId;
use crate::http::{Method, Resumed};

/// The field that travels both ways. To tiny_http: `number peer id [turn =memo]`; back: `number` or `number parked`.
pub const FIELD: &str = "door";
/// The target of the hello on a new inner connection; a client's `OPTIONS *` is answered by the door itself.
pub const HELLO: &str = "*";

/// The request that a new inner connection begins with.
pub fn hello() -> String {
    format!("OPTIONS {HELLO} HTTP/1.1\r\n{FIELD}: 0\r\n\r\n")
}

/// A thing that waiting requests wait for; the trade decides what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Topic(pub u128);

/// Why a parked request is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// One of its topics rang.
    Rung,
    /// Its time is over, or the door stops.
    Over,
    /// Too many were parked already.
    Full,
}

impl Turn {
    const fn word(self) -> &'static str {
        match self {
            Turn::Rung => "rung",
            Turn::Over => "over",
            Turn::Full => "full",
        }
    }
}

/// What the door tells the worker about a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Note {
    pub number: u64,
    pub peer: IpAddr,
    pub id: String,
    pub resumed: Option<Resumed>,
}

/// Writes the door's field, with its line end.
pub fn write_note(out: &mut Vec<u8>, number: u64, peer: IpAddr, id: &RequestId, resumed: Option<(&str, Turn)>) {
    let _ = write!(out, "{FIELD}: {number} {peer} "); // a Vec takes everything
    id.write(out);
    if let Some((memo, turn)) = resumed {
        let _ = write!(out, " {} =", turn.word());
        for &byte in memo.as_bytes() {
            match byte {
                b'!'..=b'$' | b'&'..=b'~' => out.push(byte),
                _ => drop(write!(out, "%{byte:02X}")),
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Reads the door's field.
pub fn read_note(value: &str) -> Option<Note> {
    let mut words = value.split(' ');
    let number = words.next()?.parse().ok()?;
    let peer = words.next()?.parse().ok()?;
    let id = words.next()?.to_owned();
    let resumed = match words.next() {
        None => None,
        Some(word) => {
            let turn = [Turn::Rung, Turn::Over, Turn::Full].into_iter().find(|turn| turn.word() == word)?;
            let memo = unescape(words.next()?.strip_prefix('=')?)?;
            Some(Resumed { memo, over: turn != Turn::Rung, applied: turn != Turn::Full })
        }
    };
    Some(Note { number, peer, id, resumed })
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [*rest.next()?, *rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A request that waits, as the door keeps it: all that asking again takes. It comes with the trade's "not yet", so that
/// the door keeps nothing of requests that are answered at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub wait_seconds: u32,
    pub method: Method,
    pub target: Box<str>,
    pub language: Box<str>,
    pub topics: Box<[Topic]>,
    pub memo: Box<str>,
}

impl Waiting {
    /// About the memory that it takes in bytes, with its place among those that wait for its topics.
    pub fn bytes(&self) -> usize {
        const TOPIC_BYTES: usize = 3 * size_of::<(Topic, u64)>();
        let texts = self.target.len() + self.language.len() + self.memo.len();
        size_of::<Waiting>() + texts + self.topics.len() * TOPIC_BYTES
    }
}

/// Writes "not yet" as the body of an inner answer: a line each, the memo last because it may hold anything.
pub fn write_waiting(waiting: &Waiting) -> Vec<u8> {
    let mut text =
        format!("{}\n{}\n{}\n{}\n", waiting.wait_seconds, waiting.method.word(), waiting.target, waiting.language);
    for topic in &waiting.topics {
        let _ = write!(text, "{:x},", topic.0); // a String takes everything
    }
    text.push('\n');
    text.push_str(&waiting.memo);
    text.into_bytes()
}

/// Reads "not yet".
pub fn read_waiting(body: &[u8]) -> Option<Waiting> {
    let text = std::str::from_utf8(body).ok()?;
    let mut lines = text.splitn(6, '\n');
    let wait_seconds = lines.next()?.parse().ok()?;
    let method = Method::parse(lines.next()?)?;
    let (target, language) = (lines.next()?.into(), lines.next()?.into());
    let topics = lines.next()?.split_terminator(',').map(|hex| u128::from_str_radix(hex, 16).ok().map(Topic));
    let topics = topics.collect::<Option<_>>()?;
    Some(Waiting { wait_seconds, method, target, language, topics, memo: lines.next()?.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_back_whatever_the_memo_holds() {
        for memo in ["", "plain", "a b%20\r\nx: y\u{0}", "좌석=%"] {
            for turn in [Turn::Rung, Turn::Over, Turn::Full] {
                let mut line = Vec::new();
                write_note(&mut line, 7, "::1".parse().unwrap(), &RequestId::Theirs("id-1".into()), Some((memo, turn)));
                let line = String::from_utf8(line).unwrap();
                let value = line.strip_prefix("door: ").unwrap().strip_suffix("\r\n").unwrap();
                assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)), "{value}");
                let resumed = Resumed { memo: memo.to_owned(), over: turn != Turn::Rung, applied: turn != Turn::Full };
                let note = Note { number: 7, peer: "::1".parse().unwrap(), id: "id-1".into(), resumed: Some(resumed) };
                assert_eq!(read_note(value), Some(note));
            }
        }
        assert_eq!(read_note("7 ::1"), None);
        assert_eq!(read_note("7 ::1 id rung"), None);
    }

    #[test]
    fn not_yet_reads_back() {
        let waiting = Waiting {
            wait_seconds: 30,
            method: Method::Get,
            target: "/a?b".into(),
            language: "ko, en;q=0.5".into(),
            topics: [Topic(1), Topic(u128::MAX)].into(),
            memo: "line\nline\n".into(),
        };
        assert_eq!(read_waiting(&write_waiting(&waiting)), Some(waiting));
        assert_eq!(read_waiting(b"30\nGET\n/"), None);
    }
}
