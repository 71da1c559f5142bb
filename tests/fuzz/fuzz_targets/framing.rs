//! Whatever bytes come: the server's readers do not panic, read the same wherever the bytes are cut, and let nothing
//! past that another reader could read differently. The first byte says which reader, the second where it is cut.

#![no_main]
#![allow(dead_code, reason = "the server's files are taken in whole")]

mod server;

use boxoffice::{clock, http, ids, refusal, settings};
use libfuzzer_sys::fuzz_target;
use server::chunked::Decoder;
use server::framing::{self, Bounds, Head, RELAYED};
use server::proxy;
use server::upstream::protocol;

const BOUNDS: Bounds = Bounds { bytes: 1_024, fields: 16, also: &[] };

fuzz_target!(|input: &[u8]| {
    let [which, cut, bytes @ ..] = input else { return };
    let cut = bytes.len() * usize::from(*cut) / 256;
    match which % 8 {
        0 | 1 => notes(bytes),
        2 => chunks(bytes, cut),
        _ => heads(bytes, cut),
    }
});

fn heads(bytes: &[u8], cut: usize) {
    let whole = framing::read(bytes, &mut 0, BOUNDS);
    let mut scanned = 0;
    match framing::read(&bytes[..cut], &mut scanned, BOUNDS) {
        Ok(None) => {
            // The same in two pieces.
            match (&whole, framing::read(bytes, &mut scanned, BOUNDS)) {
                (Ok(Some((one, length))), Ok(Some((other, other_length)))) => {
                    assert_eq!((length, &one.target), (&other_length, &other.target));
                }
                (Ok(None), Ok(None)) => {}
                (Err(one), Err(other)) => assert_eq!(one.code(), other.code()),
                (_, pieces) => panic!("whole {whole:?}, in pieces {pieces:?}"),
            }
        }
        Ok(Some((_, length))) => assert!(whole.as_ref().is_ok_and(|read| read.as_ref().unwrap().1 == length)),
        Err(_) => assert!(whole.is_err(), "refused in part, taken whole"),
    }
    if let Ok(Some((head, length))) = &whole {
        is_sound(head, &bytes[..*length]);
    }
    let _ = framing::peek(bytes);
}

/// What the HTTP server takes, seen by a reader that splits at CRLF and at the first colon and knows nothing else.
fn is_sound(head: &Head<'_>, bytes: &[u8]) {
    assert!(bytes.len() <= BOUNDS.bytes && bytes.ends_with(b"\r\n\r\n"));
    let strange = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    assert!(!bytes.iter().any(strange), "control characters");
    let text: Vec<char> = bytes.iter().map(|&byte| char::from(byte)).collect(); // each byte a character
    let text: String = text.into_iter().collect();
    let text = text.trim_start_matches("\r\n");
    let lines: Vec<&str> = text.strip_suffix("\r\n\r\n").unwrap().split("\r\n").collect();
    assert!(lines.iter().all(|line| !line.contains(['\r', '\n']) && !line.starts_with([' ', '\t'])));
    assert!(lines.len() - 1 <= BOUNDS.fields && lines[0].split(' ').count() == 3);
    let values = |wanted: &str| -> Vec<&str> {
        let pairs = lines[1..].iter().map(|line| line.split_once(':').unwrap());
        pairs.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim()).collect()
    };
    let is_http_10 = lines[0].ends_with(" HTTP/1.0");
    match values("transfer-encoding")[..] {
        [] => assert!(!head.is_chunked),
        [coding] => {
            let alone = values("content-length").is_empty() && !is_http_10;
            assert!(head.is_chunked && alone && coding.eq_ignore_ascii_case("chunked"));
        }
        _ => panic!("more than one Transfer-Encoding"),
    }
    assert!(values("host").len() == 1 || is_http_10 && values("host").is_empty());
    match values("content-length")[..] {
        [] => assert_eq!(head.content_length, 0),
        [digits] => assert!(
            digits.parse() == Ok(head.content_length) || head.content_length == usize::MAX && digits.len() > 19,
            "{digits}"
        ),
        _ => panic!("more than one length"),
    }
    if !is_http_10 && values("connection").iter().any(|value| value.eq_ignore_ascii_case("close")) {
        assert!(!head.keep_alive);
    }
    is_relayed_as_one(head);
}

/// What goes on to tiny_http is one request and no more.
fn is_relayed_as_one(head: &Head<'_>) {
    assert!(head.target == "*" || head.target.starts_with('/'));
    let mut inner = format!("{} {} HTTP/1.1\r\n", head.method.word(), head.target);
    let mut count = 0;
    for (name, value) in RELAYED.iter().zip(&head.relayed) {
        if let Some(value) = value {
            inner.push_str(&format!("{name}: {value}\r\n"));
            count += 1;
        }
    }
    inner.push_str("\r\n");
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let mut request = httparse::Request::new(&mut fields);
    assert_eq!(request.parse(inner.as_bytes()), Ok(httparse::Status::Complete(inner.len())), "{inner:?}");
    assert_eq!((request.headers.len(), request.path), (count, Some(&*head.target)));
}

/// A body in chunks is the same wherever it is cut, within its limit, and no longer than its text.
fn chunks(bytes: &[u8], cut: usize) {
    const MAX_BYTES: usize = 100;
    let (mut whole, mut body) = (Decoder::new(MAX_BYTES), Vec::new());
    let read = whole.decode(bytes, &mut body);
    assert!(body.len() <= MAX_BYTES && body.len() <= bytes.len());
    let (mut pieces, mut other) = (Decoder::new(MAX_BYTES), Vec::new());
    let again = pieces.decode(&bytes[..cut], &mut other).and_then(|first| {
        let second = if pieces.is_done() { 0 } else { pieces.decode(&bytes[cut..], &mut other)? };
        Ok(first + second)
    });
    assert_eq!((&read, &body, whole.is_done()), (&again, &other, pieces.is_done()));
    if whole.is_done() {
        assert!(bytes[..read.unwrap()].ends_with(b"\r\n"));
    }
}

fn notes(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = protocol::read_envelope(text);
        let trusted: Vec<_> = [text, "127.0.0.1/32"].iter().filter_map(|one| one.parse().ok()).collect();
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        for [forwarded, x_forwarded_for] in [[Some(text), None], [None, Some(text)]] {
            let fields = proxy::ForwardedFields { forwarded, x_forwarded_for, x_forwarded_proto: Some(text) };
            let _ = proxy::client_behind(peer, &trusted, fields);
        }
    }
}
