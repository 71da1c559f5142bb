//! Bytes that no honest client sends.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use crate::torture::outside::TestApp;
use crate::torture::report::{Report, patience};
use crate::torture::wire::{get, is_end};

/// What the HTTP server may say to what it cannot read.
pub const REFUSALS: [u16; 7] = [400, 405, 411, 413, 417, 431, 505];

/// The request that must never be answered, after one that must not be read.
fn smuggled() -> String {
    get("/echo?smuggled")
}

fn is_refused(report: &mut Report, app: &TestApp, what: &str, bytes: &[u8], statuses: &[u16]) {
    let Some(mut wire) = report.got("connecting", app.wire()) else { return };
    let start = Instant::now();
    let _ = wire.send(bytes); // it may be cut off in the middle
    report.got(&format!("{what:?}"), wire.refused(statuses));
    report.check(start.elapsed() < patience(1_000), || format!("{what:?} took {:?}", start.elapsed()));
}

pub fn versions(report: &mut Report) {
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    while report.goes_on() {
        let line = match report.rounds % 4 {
            0 => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d",
            1 => "GET / HTTP/2.0\r\nHost: hall\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
            2 => "GET / HTTP/3.0\r\n\r\n",
            _ => "POST /echo HTTP/2.0\r\nHost: hall\r\nContent-Length: 4\r\n\r\nbody",
        };
        is_refused(report, &app, line, line.as_bytes(), &[505]);
    }
    app.is_as_before(before, patience(1_000), 8 << 10, report);
}

pub fn lengths(report: &mut Report) {
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    while report.goes_on() {
        for length in [
            "100000000000",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "18446744073709551620",
            "99999999999999999999999999999999",
            "65537",
            "abc",
            "",
            "-1",
            "+5",
            "5 5",
            "5, 5",
            "0x5",
            "5.0",
            "1e3",
            "٥",
            "5\r\nContent-Length: 5",
            "5\r\nContent-Length: 6",
            "5\r\ncontent-length: 50",
            "5\r\nTransfer-Encoding: chunked",
            "5\r\nTransfer-Encoding: identity",
        ] {
            let text =
                format!("POST /ignore HTTP/1.1\r\nHost: hall\r\nContent-Length: {length}\r\n\r\nhello{}", smuggled());
            is_refused(report, &app, length, text.as_bytes(), &[400, 411, 413]);
        }
    }
    app.is_as_before(before, patience(1_000), 16 << 10, report);
}

pub fn endless_heads(report: &mut Report) {
    const MOST_BYTES: usize = 4 << 20;
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    while report.goes_on() {
        for (start, again) in [
            ("GET /", "a"),
            ("GET / HTTP/1.1\r\nHost: hall\r\nX-Long: ", "a"),
            ("GET / HTTP/1.1\r\nHost: hall\r\n", "X-Many: a\r\n"),
            ("", "\r\n"),
            ("GET / HTTP/1.1\r\nHost: hall\r\n", "Cookie: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
            ("", "A"),
        ] {
            let Some(mut wire) = report.got("connecting", app.wire()) else { return };
            let from = Instant::now();
            let piece = again.repeat(4_096 / again.len());
            let mut sent = 0;
            let mut cut = wire.send(start);
            while cut.is_ok() && sent < MOST_BYTES && !wire.has_more() {
                cut = wire.stream.write(piece.as_bytes()).map(|length| sent += length);
            }
            // Where the server has no processor for a moment, the kernel takes
            // as many without a word of it: that is waited for.
            match wire.refused(&[431, 400]) {
                Err(error) if is_end(&error) => {} // a reset came before the answer was read: it sent on and on
                refused => drop(report.got(again, refused)),
            }
            report.check(from.elapsed() < patience(2_000), || format!("{again:?} took {:?}", from.elapsed()));
        }
    }
    app.is_as_before(before, patience(2_000), 8 << 10, report);
}

const H: &str = "Host: hall\r\n";

/// A name, the bytes up to where the next request would start, as `POST /echo` with `{}` in its fields, or as it is.
fn framing_cases() -> Vec<(String, Vec<u8>)> {
    let mut cases = Vec::new();
    for fields in [
        "Content-Length: 5\nX: y",
        "Content-Length: 5\r\n X: folded",
        "Content-Length: 5\r\n\tfolded",
        "X: a\r\n b\r\nContent-Length: 5",
        "Content-Length : 5",
        "Content-Length\t: 5",
        " Content-Length: 5",
        "Content-Length: 5\rX: y",
        "Content-Length: 5\0",
        "X: a\0b\r\nContent-Length: 5",
        "X: \x01\r\nContent-Length: 5",
        "X: \x7f\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 0",
        "Content-Length: 5, 0",
        "Content-Length: 5;0",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: xchunked\r\nContent-Length: 5",
        "Transfer-Encoding:\x0bchunked",
        "transfer-encoding: identity, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "X(: y\r\nContent-Length: 5",
        ": no name\r\nContent-Length: 5",
        "no colon\r\nContent-Length: 5",
        "Host: other\r\nContent-Length: 5",
        "X\u{e9}: y\r\nContent-Length: 5",
        "\"X\": y\r\nContent-Length: 5",
        "Expect: tea\r\nContent-Length: 5",
        "Authorization: a\r\nAuthorization: b\r\nContent-Length: 5",
        "Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 5",
    ] {
        let text = format!("POST /echo?framing HTTP/1.1\r\n{H}{fields}\r\n\r\nhello");
        cases.push((fields.to_owned(), text.into_bytes()));
    }
    for line in [
        "POST /echo HTTP/1.1\n",
        "POST  /echo HTTP/1.1\r\n",
        "POST /echo  HTTP/1.1\r\n",
        "POST /echo HTTP/1.1 \r\n",
        " POST /echo HTTP/1.1\r\n",
        "POST\t/echo\tHTTP/1.1\r\n",
        "POST /echo HTTP/1.1\r\r\n",
        "POST /echo HTTP/1.1\r\n\r\n",
        "POST /echo\r\n",
        "POST /echo HTTP/0.9\r\n",
        "POST /echo HTTP/11\r\n",
        "POST /echo HTTP/1.1x\r\n",
        "POST /echo http/1.1\r\n",
        "POST /echo XTTP/1.1\r\n",
        "POST /echo HTTP/01.1\r\n",
        "post /echo HTTP/1.1\r\n",
        "PO(ST /echo HTTP/1.1\r\n",
        "CONNECT hall:80 HTTP/1.1\r\n",
        "TRACE /echo HTTP/1.1\r\n",
        "POST echo HTTP/1.1\r\n",
        "POST /echo#fragment HTTP/1.1\r\n",
        "POST /echo?\u{e9} HTTP/1.1\r\n",
        "POST /%zz HTTP/1.1\r\n",
        "POST * HTTP/1.1\r\n",
        "POST http://user@hall/echo HTTP/1.1\r\n",
        "POST file:///echo HTTP/1.1\r\n",
        "\r\n\r\n\r\n\r\nPOST /echo HTTP/1.1\r\n",
        "\nPOST /echo HTTP/1.1\r\n",
        "\0POST /echo HTTP/1.1\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}",
    ] {
        let text = format!("{line}{H}Content-Length: 5\r\n\r\nhello");
        cases.push((line.to_owned(), text.into_bytes()));
    }
    let many = "X: y\r\n".repeat(64);
    cases.push(("65 fields".into(), format!("POST /echo HTTP/1.1\r\n{H}{many}\r\n").into_bytes()));
    let long = "y".repeat(16 << 10);
    cases.push(("16 KiB of field".into(), format!("POST /echo HTTP/1.1\r\n{H}X: {long}\r\n\r\n").into_bytes()));
    let no_host = "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
    cases.push(("no Host".into(), no_host.into()));
    let bad_utf8 = [b"POST /echo HTTP/1.1\r\nHost: \xff\r\nContent-Length: 5\r\n\r\nhello".as_slice()].concat();
    cases.push(("a Host of bytes".into(), bad_utf8));
    cases
}

pub fn framing(report: &mut Report) {
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let cases = framing_cases();
    report.note(format!("{} cases", cases.len()));
    while report.goes_on() {
        for (what, bytes) in &cases {
            let all = [bytes.as_slice(), smuggled().as_bytes()].concat();
            is_refused(report, &app, what, &all, &REFUSALS);
        }
    }
    app.is_as_before(before, patience(1_000), 8 << 10, report);
    // The same, a byte at a time: where it is cut changes nothing.
    for (what, bytes) in cases.iter().filter(|(_, bytes)| bytes.len() < 1_000) {
        let Some(mut wire) = report.got("connecting", app.wire()) else { return };
        wire.stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        for byte in bytes.iter().chain(smuggled().as_bytes()) {
            match wire.send([*byte]) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => break,
                _ => {}
            }
        }
        report.got(&format!("byte by byte {what:?}"), wire.refused(&REFUSALS));
    }
}
