//! Heads of requests, sound and not.

use super::*;
use crate::refusal::Code;

const BOUNDS: Bounds = Bounds { bytes: 1_024, fields: 8, also: &[] };

fn code_of(text: &str) -> Option<Code> {
    read(text.as_bytes(), &mut 0, BOUNDS).err().map(|refusal| refusal.code())
}

fn head(text: &str) -> Head<'_> {
    let (head, length) = read(text.as_bytes(), &mut 0, BOUNDS).unwrap().unwrap();
    assert_eq!(length, text.find("\r\n\r\n").map_or(0, |at| at + 4).max(length));
    head
}

#[test]
fn framing_plain_request_is_read() {
    let head = head("GET /a?b HTTP/1.1\r\nHost: x:80\r\nAccept: a\r\naccept: b\r\nX-Request-Id: r-1\r\n\r\nrest");
    assert_eq!((head.method, &*head.target, head.keep_alive), (Method::Get, "/a?b", true));
    assert_eq!(head.relayed("accept"), Some("a, b"));
    assert_eq!(head.request_id, Some("r-1"));
}

#[test]
fn head_is_found_wherever_it_is_cut() {
    let text = b"\r\nPOST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
    let mut scanned = 0;
    for end in 0..text.len() {
        assert!(read(&text[..end], &mut scanned, BOUNDS).unwrap().is_none(), "{end}");
    }
    let (head, length) = read(text, &mut scanned, BOUNDS).unwrap().unwrap();
    assert_eq!((head.content_length, length), (3, text.len()));
}

#[test]
fn connections_are_kept_as_the_version_and_the_field_say() {
    for (version, field, kept) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: foo, Close\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let text = format!("GET / HTTP/{version}\r\nHost: x\r\n{field}\r\n");
        assert_eq!(head(&text).keep_alive, kept, "{version} {field}");
    }
}

#[test]
fn smuggling_what_two_readers_could_read_differently_is_refused() {
    for wrong in [
        "GET / HTTP/1.1\nHost: x\n\n",
        "GET / HTTP/1.1\r\nHost: x\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n",
        "GET / HTTP/1.1\rHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA(: b\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
        "GET /\r\nHost: x\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / http/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.10\r\nHost: x\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: é\r\n\r\n",
        "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        assert_eq!(code_of(wrong), Some(Code::InvalidHeader), "{wrong:?}");
    }
}

#[test]
fn framing_other_faults_have_codes_of_their_own() {
    for (wrong, code) in [
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", Code::VersionNotSupported),
        ("PRI * HTTP/2.0\r\n\r\n", Code::VersionNotSupported),
        ("GET / HTTP/0.9\r\n\r\n", Code::VersionNotSupported),
        ("POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", Code::ExpectationFailed),
        ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", Code::MethodNotAllowed),
        ("CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", Code::MethodNotAllowed),
    ] {
        assert_eq!(code_of(wrong), Some(code), "{wrong:?}");
    }
}

#[test]
fn transfer_encoding_is_chunked_or_refused() {
    let post = |version: &str, fields: &str| format!("POST / HTTP/{version}\r\nHost: x\r\n{fields}\r\n\r\n");
    for sound in
        ["Transfer-Encoding: chunked", "transfer-encoding:Chunked", "Transfer-Encoding: CHUNKED \r\nTE: trailers"]
    {
        assert!(head(&post("1.1", sound)).is_chunked, "{sound}");
    }
    for other in [
        "gzip, chunked",
        "identity",
        "gzip",
        "x",
        "chunkedx",
        "xchunked",
        "identity, chunked",
        "\"chunked\"",
        "chunked;q=1",
    ] {
        let fields = format!("Transfer-Encoding: {other}");
        assert_eq!(code_of(&post("1.1", &fields)), Some(Code::LengthRequired), "{other}");
    }
    for wrong in [
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding:",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked\r\n folded",
        "Transfer-Encoding: \u{b}chunked",
    ] {
        assert_eq!(code_of(&post("1.1", wrong)), Some(Code::InvalidHeader), "{wrong}");
    }
    let second = "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity";
    assert_eq!(code_of(&post("1.1", second)), Some(Code::InvalidHeader));
    assert_eq!(code_of(&post("1.0", "Transfer-Encoding: chunked")), Some(Code::InvalidHeader));
}

#[test]
fn content_encoding_other_than_identity_is_seen() {
    let seen = |value: &str| {
        head(&format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Encoding: {value}\r\n\r\n"))
            .is_encoded
    };
    assert!(!seen("identity") && !seen("Identity, identity") && !seen(""));
    assert!(seen("gzip") && seen("identity, br") && seen("x") && seen("identity;q=1"));
}

#[test]
fn lengths_beyond_all_bounds_are_numbers_all_the_same() {
    for digits in ["100000000000", "9223372036854775807", "18446744073709551615", "99999999999999999999999"] {
        let text = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {digits}\r\n\r\n");
        assert!(head(&text).content_length >= 100_000_000_000, "{digits}");
    }
}

#[test]
fn head_has_so_many_bytes_and_fields_and_no_more() {
    let fields = |count: usize| format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(count));
    assert_eq!(code_of(&fields(7)), None);
    assert_eq!(code_of(&fields(8)), Some(Code::HeadTooLarge));
    let long = |count: usize| format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(count));
    assert_eq!(code_of(&long(1_024 - 27)), Some(Code::HeadTooLarge).filter(|_| long(1_024 - 27).len() > 1_024));
    assert_eq!(code_of(&long(1_024)), Some(Code::HeadTooLarge));
    assert_eq!(code_of(&"A".repeat(1_024)), Some(Code::HeadTooLarge));
    assert_eq!(code_of(&"A".repeat(1_023)), None);
}

#[test]
fn refusal_finds_its_language_in_a_head_that_cannot_be_read() {
    let head = b"GET / HTTP/9.9\r\naccept-Language: ko\r\nx-request-id: abc\r\nOrigin: http://a\r\n\r\n";
    assert_eq!(peek(head), (Language::Ko, Some("abc"), Some("http://a")));
}
