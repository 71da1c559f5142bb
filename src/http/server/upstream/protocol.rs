//! What a request to tiny_http carries beside the client's own words: one header field; and what a waiting request is.
//!
//! The server writes every inner request anew from a whitelist, so no client can bring a field of this name. Where the
//! inner socket is a port of the loopback address, other programs of the machine can: the field begins with a secret of
//! this process, and a request without it is nobody's.

use std::io::Write as _;
use std::net::IpAddr;
use std::sync::LazyLock;

use subtle::ConstantTimeEq;

use super::super::response_head::RequestId;
use crate::http::{Method, Resumed};
use crate::ids::system_key;

/// The field of inner requests: `secret number peer id [head | wake =memo [~told]]`.
pub const FIELD: &str = "upstream";
/// The target of probes; a client's `OPTIONS *` is answered by the server itself.
pub const PROBE_TARGET: &str = "*";

/// 128 random bits of this process.
static SECRET: LazyLock<String> = LazyLock::new(system_key);

/// A request that every worker answers at once: by its number, or over the socket where that is 0.
pub fn probe(number: u64) -> String {
    format!("OPTIONS {PROBE_TARGET} HTTP/1.1\r\n{FIELD}: {} {number}\r\n\r\n", *SECRET)
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
}
