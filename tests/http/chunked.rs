//! Bodies in chunks through the HTTP server: by raw sockets, by curl and by Python's http.client.

use std::io::Write;
use std::net::Shutdown;
use std::process::{Command, Stdio};

use crate::support::http::{Client, server, turned_server};

const POST: &str = "POST /echo?q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";

/// Asserts that a request is refused and that nothing after it is answered.
fn is_refused(client: &mut Client, text: &str, status: u16, code: &str) {
    let answer = client.send(text).answer();
    assert!(answer.status == status && answer.body.contains(code), "{text:?}: {answer:?}");
    assert!(answer.head.contains("Connection: close"), "{text:?}: {answer:?}");
    client.0.shutdown(Shutdown::Write).unwrap();
    client.is_closed();
}

#[test]
fn chunked_body_arrives_whole_with_a_length_however_it_is_cut() {
    let server = server(|_| {});
    let mut client = server.client();
    let text = format!("{POST}\r\n3;a=b\r\nhel\r\n002\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n");
    for cut in 0..text.len() {
        client.send(&text[..cut]).send(&text[cut..]);
        assert_eq!(client.answer().body, "POST q 127.0.0.1 0 hello", "{cut}");
    }
    for byte in text.as_bytes() {
        client.0.write_all(&[*byte]).unwrap();
    }
    assert_eq!(client.answer().body, "POST q 127.0.0.1 0 hello");
    assert_eq!(client.send(&format!("{POST}\r\n0\r\n\r\n")).answer().body, "POST q 127.0.0.1 0 ", "an empty body");
}

#[test]
fn chunked_body_is_followed_by_the_next_request_wherever_it_is_cut() {
    let server = server(|_| {});
    let mut client = server.client();
    let text = format!("{POST}\r\n1\r\na\r\n0\r\n\r\nGET /echo?next HTTP/1.1\r\nHost: x\r\n\r\n");
    for cut in 0..=text.len() {
        client.send(&text[..cut]).send(&text[cut..]);
        assert_eq!(client.answer().body, "POST q 127.0.0.1 0 a", "{cut}");
        assert_eq!(client.answer().body, "GET next 127.0.0.1 0 ", "{cut}");
    }
    client.send(&text.repeat(100));
    for _ in 0..100 {
        assert_eq!(client.answer().body, "POST q 127.0.0.1 0 a");
        assert_eq!(client.answer().body, "GET next 127.0.0.1 0 ");
    }
}

#[test]
fn chunked_framing_that_could_smuggle_is_refused_and_closed() {
    let server = server(|_| {});
    let smuggled = "GET /echo?smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    for chunks in [
        "+1\r\na\r\n0\r\n\r\n",
        "-1\r\na\r\n0\r\n\r\n",
        " 1\r\na\r\n0\r\n\r\n",
        "1 \r\na\r\n0\r\n\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        "00000000000000001\r\na\r\n0\r\n\r\n",
        "10000000000000000\r\na\r\n0\r\n\r\n",
        "1\na\r\n0\r\n\r\n",
        "1;x\na\r\n0\r\n\r\n",
        "1\r\na\n0\r\n\r\n",
        "1\r\na0\r\n\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "0\r\n\n",
        "0\r\nno colon\r\n\r\n",
        "\r\n0\r\n\r\n",
    ] {
        is_refused(&mut server.client(), &format!("{POST}\r\n{chunks}{smuggled}"), 400, "INVALID_HEADER");
        let mut client = server.client();
        client.send(&format!("{POST}\r\n"));
        is_refused(&mut client, &format!("{chunks}{smuggled}"), 400, "INVALID_HEADER");
    }
}

#[test]
fn transfer_encoding_other_than_chunked_alone_is_refused_and_closed() {
    let server = server(|_| {});
    for (version, fields, status, code) in [
        ("1.1", "Transfer-Encoding: chunked\r\nContent-Length: 11", 400, "INVALID_HEADER"),
        ("1.1", "Content-Length: 11\r\nTransfer-Encoding: chunked", 400, "INVALID_HEADER"),
        ("1.1", "Transfer-Encoding: chunked, chunked", 400, "INVALID_HEADER"),
        ("1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400, "INVALID_HEADER"),
        ("1.1", "Transfer-Encoding: chunked, identity", 400, "INVALID_HEADER"),
        ("1.1", "Transfer-Encoding: gzip, chunked", 411, "LENGTH_REQUIRED"),
        ("1.1", "Transfer-Encoding: identity", 411, "LENGTH_REQUIRED"),
        ("1.0", "Transfer-Encoding: chunked", 400, "INVALID_HEADER"),
    ] {
        let text = format!("POST /echo HTTP/{version}\r\nHost: x\r\n{fields}\r\n\r\n1\r\na\r\n0\r\n\r\n");
        is_refused(&mut server.client(), &text, status, code);
    }
}

#[test]
fn content_encoding_of_a_body_is_refused_in_the_language_of_the_client() {
    let server = server(|_| {});
    for framing in ["Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] {
        let text = |coding: &str, language: &str| {
            format!(
                "POST /length HTTP/1.1\r\nHost: x\r\nContent-Encoding: {coding}\r\nAccept-Language: {language}\r\n{framing}"
            )
        };
        is_refused(&mut server.client(), &text("gzip", "en"), 415, "not compressed");
        is_refused(&mut server.client(), &text("br", "ko"), 415, "압축된 본문은 받지 않습니다");
        assert_eq!(server.client().send(&text("identity", "en")).answer().body, "3");
    }
    let empty = "GET /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n\r\n";
    assert_eq!(server.client().send(empty).answer().status, 200, "there is no body to decode");
}

#[test]
fn chunked_body_beyond_the_limit_is_refused_as_soon_as_its_size_is_told() {
    let server = server(|limits| limits.body_max_bytes = 10);
    let mut client = server.client();
    let ten = "5\r\nhello\r\n5\r\nworld\r\n";
    assert!(client.send(&format!("{POST}\r\n{ten}0\r\n\r\n")).answer().body.ends_with(" helloworld"));
    is_refused(&mut client, &format!("{POST}\r\n{ten}1\r"), 413, "BODY_TOO_LARGE");
    is_refused(&mut server.client(), &format!("{POST}\r\nb;"), 413, "\"maxBytes\":10");
    is_refused(&mut server.client(), &format!("{POST}\r\nffffffffffffffff\r\n"), 413, "BODY_TOO_LARGE");
}

#[test]
fn chunked_large_body_passes_where_it_is_allowed_and_its_memory_is_given_back() {
    let server = server(|_| {});
    let mut client = server.client();
    let chunk = "x".repeat(10_000);
    let body = format!("2710\r\n{chunk}\r\n").repeat(800);
    client.send("POST /large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").send(&body).send("0\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.body.len(), "POST  127.0.0.1 0 ".len() + 8_000_000);
    server.until("its memory is given back", |metrics| metrics.buffered_bytes.get() < 100_000);
    let endless = format!("1;{}\r\na\r\n", "e".repeat(1_000)).repeat(9);
    is_refused(&mut server.client(), &format!("{POST}\r\n{endless}"), 400, "INVALID_HEADER");
    is_refused(&mut server.client(), &format!("{POST}\r\n0\r\n{}", "A: b\r\n".repeat(1_700)), 400, "INVALID_HEADER");
}

#[test]
fn chunked_bodies_are_held_to_the_memory_for_buffers() {
    let server = server(|limits| limits.buffers_max_bytes = 1 << 20);
    let mut client = server.client();
    client.send("POST /large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(65_536));
    for _ in 0..40 {
        if client.0.write_all(chunk.as_bytes()).is_err() {
            break; // refused, and let go
        }
    }
    assert_eq!(client.answer().status, 503);
    server.until("its memory is given back", |metrics| metrics.buffered_bytes.get() < 100_000);
}

#[test]
fn chunked_body_that_does_not_come_to_its_end_has_the_deadline_of_a_body() {
    let server = turned_server(|limits| limits.body_max_ms = 300);
    let mut sent = 0;
    let clients: Vec<Client> = ["", "5", "5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\nA: "]
        .map(|part| {
            let mut client = server.client();
            client.send(&format!("{POST}\r\n{part}"));
            sent += (POST.len() + 2 + part.len()) as u64;
            client
        })
        .into();
    server.until("all have begun", |metrics| metrics.received_bytes_total.get() == sent);
    server.turn(299);
    assert_eq!(server.server.metrics().connections_expired_body_total.get(), 0);
    server.turn(1);
    assert_eq!(server.server.metrics().connections_expired_body_total.get(), clients.len() as u64);
    for mut client in clients {
        assert_eq!(client.answer().status, 408);
        client.0.shutdown(Shutdown::Write).unwrap();
        client.is_closed();
    }
    let mut gone = server.client();
    gone.send(&format!("{POST}\r\n5\r\nhel")).0.shutdown(Shutdown::Write).unwrap();
    gone.is_closed();
}

#[test]
fn chunked_client_that_waits_for_continue_gets_it() {
    let server = server(|_| {});
    let mut client = server.client();
    client.send(&format!("{POST}Expect: 100-continue\r\n\r\n"));
    assert_eq!(client.answer().status, 100);
    assert!(client.send("3\r\nabc\r\n0\r\n\r\n").answer().body.ends_with(" abc"));
    assert!(
        client
            .send(&format!("{POST}Expect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
            .answer()
            .body
            .ends_with(" abc")
    );
}

/// What a program prints that was given text on its standard input.
fn output_of(program: &mut Command, input: &[u8]) -> String {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn chunked_uploads_of_curl_are_taken() {
    let server = server(|_| {});
    let body = "x".repeat(60_000);
    for expect in ["Expect:", "Expect: 100-continue"] {
        let mut curl = Command::new("curl");
        let url = format!("http://{}/length", server.server.address());
        curl.args(["--silent", "--show-error", "--max-time", "30", "-X", "POST", "-T", "-", "-H", expect]).arg(url);
        assert_eq!(output_of(&mut curl, body.as_bytes()), "60000", "{expect}");
    }
}

#[test]
fn chunked_uploads_of_python_are_taken() {
    let server = server(|_| {});
    let script = "
import http.client, sys
wire = http.client.HTTPConnection(sys.argv[1], timeout=30)
for count in range(20):
    wire.request('POST', '/length', body=(b'y' * count for _ in range(count)), encode_chunked=True,
                 headers={'Transfer-Encoding': 'chunked'})
    print(wire.getresponse().read().decode(), end=' ')
";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(server.server.address().to_string());
    let wanted: String = (0..20).map(|count| format!("{} ", count * count)).collect();
    assert_eq!(output_of(&mut python, b""), wanted);
}
