//! What passes between the event loop and tiny_http beside the client's own
//! words: one header field each way, and "not yet".
//!
//! The server writes every inner request anew from a whitelist, so no client can bring a field of this name. Where the
//! inner socket is a port of the loopback address, other programs of the machine can: the field begins with a secret of
//! this process, and a request without it is nobody's.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::sync::LazyLock;

use subtle::ConstantTimeEq;

use super::super::response_head::RequestId;
use crate::http::{Method, Resumed};
use crate::ids::system_key;

/// The field that travels both ways. To tiny_http: `secret number peer id [head | wake =memo [~told]]`;
/// back: `number`, alone or with `parked`, `streamed`, `handed` or `proceed`.
pub const FIELD: &str = "upstream";
/// The field of an answer that says how it is delivered, where a test wishes.
pub const DELIVERY_FIELD: &str = "upstream-delivery";
/// The target of the probe on a new upstream connection; a client's `OPTIONS *` is answered by the server itself.
pub const PROBE_TARGET: &str = "*";

/// 128 random bits of this process.
static SECRET: LazyLock<String> = LazyLock::new(system_key);

/// The request that a new inner connection begins with.
pub fn probe() -> String {
    format!("OPTIONS {PROBE_TARGET} HTTP/1.1\r\n{FIELD}: {} 0\r\n\r\n", *SECRET)
}

/// What stands behind the secret of this process; `None` in a request that the event loop has not sent. Takes the same
/// time whatever is wrong in a secret.
pub fn authentic(value: &str) -> Option<&str> {
    let (secret, rest) = value.split_once(' ')?;
    bool::from(secret.as_bytes().ct_eq(SECRET.as_bytes())).then_some(rest)
}

/// What waiting requests wait for; its meaning is the handler's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(pub u128);

/// Why a waiting request is resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// One of its topics was notified.
    Notified,
    /// Its time is over, or the server stops.
    TimedOut,
    /// There were too many waiting requests already.
    NoRoom,
}

impl Wake {
    const fn word(self) -> &'static str {
        match self {
            Wake::Notified => "notified",
            Wake::TimedOut => "over",
            Wake::NoRoom => "full",
        }
    }
}

/// What an inner request is for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'m> {
    Answer,
    /// The head alone is to be checked: the client waits for `100 Continue` before it sends the body.
    CheckHead,
    /// A request that waited, with its memo, is asked again; of a stream with the id of what it told last.
    Resume(&'m str, Option<&'m str>, Wake),
}

/// The word of [`Purpose::CheckHead`].
const CHECK_HEAD: &str = "head";

/// What the server tells the worker about a request.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestEnvelope {
    pub number: u64,
    pub peer: IpAddr,
    pub id: String,
    /// It is the head alone, to be checked before its body is asked for.
    pub is_head: bool,
    pub resumed: Option<Resumed>,
}

/// Writes the field of a request, with its CRLF.
pub fn write_envelope(out: &mut Vec<u8>, number: u64, peer: IpAddr, id: &RequestId, purpose: Purpose<'_>) {
    let _ = write!(out, "{FIELD}: {} {number} {peer} ", *SECRET); // a Vec takes everything
    id.write(out);
    match purpose {
        Purpose::Answer => {}
        Purpose::CheckHead => drop(write!(out, " {CHECK_HEAD}")),
        Purpose::Resume(memo, told, wake) => {
            let _ = write!(out, " {} =", wake.word());
            write_escaped(out, memo);
            if let Some(told) = told {
                out.extend_from_slice(b" ~");
                write_escaped(out, told);
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a header field with its CRLF.
pub fn write_field(out: &mut Vec<u8>, name: &str, value: &str) {
    for piece in [name, ": ", value, "\r\n"] {
        out.extend_from_slice(piece.as_bytes());
    }
}

fn write_escaped(out: &mut Vec<u8>, text: &str) {
    for &byte in text.as_bytes() {
        match byte {
            b'!'..=b'$' | b'&'..=b'~' => out.push(byte),
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}

/// Reads the server's field.
pub fn read_envelope(value: &str) -> Option<RequestEnvelope> {
    let mut words = authentic(value)?.split(' ');
    let number = words.next()?.parse().ok()?;
    let peer = words.next()?.parse().ok()?;
    let id = words.next()?.to_owned();
    let word = words.next();
    let resumed = match word {
        None | Some(CHECK_HEAD) => None,
        Some(word) => {
            let wake = [Wake::Notified, Wake::TimedOut, Wake::NoRoom].into_iter().find(|wake| wake.word() == word)?;
            let memo = unescape(words.next()?.strip_prefix('=')?)?;
            let told = words.next().map(|word| unescape(word.strip_prefix('~')?));
            let told = if let Some(told) = told { Some(told?) } else { None };
            Some(Resumed { memo, told, over: wake != Wake::Notified, applied: wake != Wake::NoRoom })
        }
    };
    Some(RequestEnvelope { number, peer, id, is_head: word == Some(CHECK_HEAD), resumed })
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

/// A request that waits, as the server keeps it: all that asking again takes. It comes with the handler's "not yet", so
/// that the server keeps nothing of requests that are answered at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRequest {
    pub wait_seconds: u32,
    pub method: Method,
    pub target: Box<str>,
    pub language: Box<str>,
    pub topics: Box<[Topic]>,
    pub memo: Box<str>,
    /// Where a stream stands; `None` of a long poll.
    pub told: Option<StreamCursor>,
}

/// Where a stream of events stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamCursor {
    /// The id of what it told last: the next piece goes on from there.
    pub id: Box<str>,
    /// When the first topic changes, the next piece is the same for all who were told this: one is asked for all.
    pub is_shared: bool,
    /// There is more to tell at once.
    pub has_more: bool,
}

impl WaitingRequest {
    /// About the memory that it takes in bytes, with its place among those that wait for its topics.
    pub fn bytes(&self) -> usize {
        const TOPIC_BYTES: usize = 3 * size_of::<(Topic, u64)>();
        let told = self.told.as_ref().map_or(0, |told| told.id.len());
        let texts = self.target.len() + self.language.len() + self.memo.len() + told;
        size_of::<WaitingRequest>() + texts + self.topics.len() * TOPIC_BYTES
    }
}

/// Writes "not yet" as the body of an upstream response: a line each, the memo last because it may hold anything.
pub fn write_waiting(waiting: &WaitingRequest) -> Vec<u8> {
    let mut text =
        format!("{}\n{}\n{}\n{}\n", waiting.wait_seconds, waiting.method.word(), waiting.target, waiting.language);
    for topic in &waiting.topics {
        let _ = write!(text, "{:x},", topic.0); // a String takes everything
    }
    text.push('\n');
    if let Some(StreamCursor { id, is_shared, has_more }) = &waiting.told {
        let _ = write!(text, "{}{}{id}", u8::from(*is_shared), u8::from(*has_more));
    }
    text.push('\n');
    text.push_str(&waiting.memo);
    text.into_bytes()
}

/// Reads "not yet".
pub fn read_waiting(body: &[u8]) -> Option<WaitingRequest> {
    let text = std::str::from_utf8(body).ok()?;
    let mut rows = text.splitn(7, '\n');
    let wait_seconds = rows.next()?.parse().ok()?;
    let method = Method::parse(rows.next()?)?;
    let (target, language) = (rows.next()?.into(), rows.next()?.into());
    let topics = rows.next()?.split_terminator(',').map(|hex| u128::from_str_radix(hex, 16).ok().map(Topic));
    let topics = topics.collect::<Option<_>>()?;
    let told = match rows.next()? {
        "" => None,
        told => {
            let (is_shared, has_more, id) = (told.get(..1)? == "1", told.get(1..2)? == "1", told.get(2..)?.into());
            Some(StreamCursor { id, is_shared, has_more })
        }
    };
    Some(WaitingRequest { wait_seconds, method, target, language, topics, memo: rows.next()?.into(), told })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn note_reads_back_whatever_the_memo_holds() {
        for memo in ["", "plain", "a b%20\r\nx: y\u{0}", "좌석=%"] {
            let all = [(Wake::Notified, None), (Wake::TimedOut, Some("1-2")), (Wake::NoRoom, Some(""))];
            for (wake, told) in all {
                let mut field = Vec::new();
                write_envelope(
                    &mut field,
                    7,
                    "::1".parse().unwrap(),
                    &RequestId::Theirs("id-1".into()),
                    Purpose::Resume(memo, told, wake),
                );
                let field = String::from_utf8(field).unwrap();
                let value = field.strip_prefix("upstream: ").unwrap().strip_suffix("\r\n").unwrap();
                assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)), "{value}");
                let resumed = Resumed {
                    memo: memo.to_owned(),
                    told: told.map(str::to_owned),
                    over: wake != Wake::Notified,
                    applied: wake != Wake::NoRoom,
                };
                let envelope = RequestEnvelope {
                    number: 7,
                    peer: "::1".parse().unwrap(),
                    id: "id-1".into(),
                    is_head: false,
                    resumed: Some(resumed),
                };
                assert_eq!(read_envelope(value), Some(envelope));
            }
        }
        let head = read_envelope(&format!("{} 7 ::1 id head", *SECRET)).unwrap();
        assert!(head.is_head && head.resumed.is_none());
        for wrong in ["7 ::1", "7 ::1 id notified"] {
            assert_eq!(read_envelope(&format!("{} {wrong}", *SECRET)), None);
        }
    }

    #[test]
    fn envelope_without_the_secret_of_the_process_is_nobodys() {
        let mut field = Vec::new();
        write_envelope(&mut field, 7, "::1".parse().unwrap(), &RequestId::Theirs("id".into()), Purpose::Answer);
        let field = String::from_utf8(field).unwrap();
        let value = field.strip_prefix("upstream: ").unwrap().trim_end();
        let (secret, rest) = value.split_once(' ').unwrap();
        assert_eq!((secret.len(), authentic(value)), (32, Some(rest)));
        let other = format!("{}{}", if secret.starts_with('0') { '1' } else { '0' }, &secret[1..]);
        for wrong in [rest, secret, "", " ", &value[1..], &format!("{other} {rest}"), &format!("{secret}0 {rest}")] {
            assert_eq!((authentic(wrong), read_envelope(wrong)), (None, None), "{wrong}");
        }
    }

    #[test]
    fn not_yet_reads_back() {
        let waiting = WaitingRequest {
            wait_seconds: 30,
            method: Method::Get,
            target: "/a?b".into(),
            language: "ko, en;q=0.5".into(),
            topics: [Topic(1), Topic(u128::MAX)].into(),
            memo: "one\nline\n".into(),
            told: None,
        };
        for told in [None, Some(StreamCursor { id: "좌석-2".into(), is_shared: true, has_more: false })] {
            let waiting = WaitingRequest { told, ..waiting.clone() };
            assert_eq!(read_waiting(&write_waiting(&waiting)), Some(waiting));
        }
        assert_eq!(read_waiting(b"30\nGET\n/"), None);
    }
}
