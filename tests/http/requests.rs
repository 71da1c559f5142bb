//! The HTTP server, from outside: raw sockets in front, a small handler behind.

use std::io::Write;
use std::net::Shutdown;

use crate::support::http::{server, turned_server};

#[test]
fn request_is_answered_and_the_connection_goes_on() {
    let server = server(|_| {});
    let mut client = server.client();
    for query in ["a", "b"] {
        let answer = client.get(&format!("/echo?{query}")).answer();
        assert_eq!((answer.status, answer.body.as_str()), (200, format!("GET {query} 127.0.0.1 0 ").as_str()));
        for field in ["X-Request-Id: ", "Date: ", "Cache-Control: no-store", "X-Content-Type-Options: nosniff"] {
            assert!(answer.head.contains(field), "{}", answer.head);
        }
        assert!(!answer.head.contains("tiny-http") && !answer.head.contains("upstream:"), "{}", answer.head);
    }
}

#[test]
fn body_arrives_whole_however_it_is_cut() {
    let server = server(|_| {});
    let mut client = server.client();
    let text = "POST /echo?q HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nPrefer: wait=1\r\n\r\nhello";
    for cut in 0..text.len() {
        client.send(&text[..cut]).send(&text[cut..]);
        assert_eq!(client.answer().body, "POST q 127.0.0.1 1 hello", "{cut}");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = server(|_| {});
    let mut client = server.client();
    let one = |n: usize| format!("POST /echo?{n} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{}", n % 10);
    client.send(&(0..500).map(one).collect::<String>());
    for n in 0..500 {
        assert_eq!(client.answer().body, format!("POST {n} 127.0.0.1 0 {}", n % 10));
    }
}

#[test]
fn head_is_answered_as_get_without_the_body() {
    let server = server(|_| {});
    let mut client = server.client();
    let answer = client.send("HEAD /echo?a HTTP/1.1\r\nHost: x\r\n\r\n").answer_to(true);
    assert!(answer.head.contains(&format!("Content-Length: {}\r\n", "GET a 127.0.0.1 0 ".len())), "{}", answer.head);
    assert_eq!(client.get("/echo?b").answer().body, "GET b 127.0.0.1 0 ");
}

#[test]
fn refusal_after_head_has_its_content() {
    let server = server(|_| {});
    let mut client = server.client();
    client.send("HEAD /echo?a HTTP/1.1\r\nHost: x\r\n\r\n").answer_to(true);
    let answer = client.send("BREW / HTTP/1.1\r\nHost: x\r\n\r\n").answer();
    assert!(answer.status == 405 && answer.body.contains("METHOD_NOT_ALLOWED"), "{answer:?}");
}

#[test]
fn options_for_everything_is_answered_by_the_http_server() {
    let server = server(|_| {});
    let mut client = server.client();
    let answer = client.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").answer();
    assert!(answer.status == 204 && answer.head.contains("\r\nAllow: GET, HEAD, POST"), "{}", answer.head);
    assert!(client.send("OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n").answer().body.starts_with("OPTIONS "));
}

#[test]
fn client_that_waits_for_continue_gets_it() {
    let server = server(|_| {});
    let mut client = server.client();
    client.send("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.answer().status, 100);
    assert_eq!(client.send("abc").answer().body, "3");
}

#[test]
fn old_clients_and_those_that_say_close_are_let_go() {
    let server = server(|_| {});
    for request in ["GET /echo HTTP/1.0\r\n\r\n", "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"] {
        let mut client = server.client();
        let answer = client.send(request).answer();
        assert!(answer.status == 200 && answer.head.contains("Connection: close"), "{}", answer.head);
        client.is_closed();
    }
    let mut client = server.client();
    let answer = client.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer();
    assert!(answer.head.contains("Connection: keep-alive"), "{}", answer.head);
    assert_eq!(client.get("/echo").answer().status, 200);
}

#[test]
fn http_what_is_malformed_is_refused_as_a_problem_and_closed() {
    let server = server(|_| {});
    for (request, status, code) in [
        ("GET / HTTP/1.1\nHost: x\n\n", 400, "INVALID_HEADER"),
        ("GET / HTTP/2.0\r\n\r\n", 505, "VERSION_NOT_SUPPORTED"),
        ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "METHOD_NOT_ALLOWED"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 411, "LENGTH_REQUIRED"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n", 413, "BODY_TOO_LARGE"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", 413, "BODY_TOO_LARGE"),
        ("POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417, "EXPECTATION_FAILED"),
        (&format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(64)), 431, "HEAD_TOO_LARGE"),
        (&format!("GET /{} HTTP/1.1\r\n", "a".repeat(16 << 10)), 431, "HEAD_TOO_LARGE"),
    ] {
        let mut client = server.client();
        let answer = client.send(request).answer();
        assert_eq!(answer.status, status, "{request}");
        assert!(answer.head.contains("application/problem+json") && answer.head.contains("Connection: close"));
        assert!(answer.head.contains("X-Request-Id: ") && answer.body.contains(code), "{answer:?}");
        client.0.shutdown(Shutdown::Write).unwrap();
        client.is_closed();
    }
}

#[test]
fn refusal_is_read_even_while_the_client_goes_on_sending() {
    let server = server(|_| {});
    let mut client = server.client();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
    client.send(&"x".repeat(300_000));
    assert_eq!(client.answer().status, 413);
    client.0.shutdown(Shutdown::Write).unwrap();
    client.is_closed();
}

#[test]
fn http_large_bodies_and_answers_pass_where_they_are_allowed() {
    let server = server(|_| {});
    let mut client = server.client();
    let body = "x".repeat(8 << 20);
    client.send(&format!("POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len())).send(&body);
    assert!(client.answer().body.ends_with(&body));
    assert_eq!(client.get("/big?20000000").answer().body.len(), 20_000_000);
    assert_eq!(client.get("/echo").answer().status, 200);
}

#[test]
fn deadlines_are_for_the_whole_head_and_body_and_idle_clients_are_let_go() {
    let server =
        turned_server(|limits| (limits.head_max_ms, limits.body_max_ms, limits.idle_max_ms) = (900, 1_000, 800));
    let (mut drip, mut half_body, mut idle) = (server.client(), server.client(), server.client());
    idle.get("/at-once").answer();
    let before = server.server.metrics().received_bytes_total.get();
    let body = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n";
    half_body.send(body);
    for (at, byte) in "GET / HTTP".char_indices() {
        drip.send(&byte.to_string());
        half_body.send("x".get(..usize::from(at < 8)).unwrap());
        let sent = before + (body.len() + at + 1 + (at + 1).min(8)) as u64;
        server.until("it has come", |metrics| metrics.received_bytes_total.get() == sent);
        server.turn(if at < 9 { 88 } else { 7 });
    }
    let metrics = server.server.metrics();
    let expired = || {
        [
            metrics.connections_expired_idle_total.get(),
            metrics.connections_expired_head_total.get(),
            metrics.connections_expired_body_total.get(),
        ]
    };
    assert_eq!(expired(), [0, 0, 0], "799 ms");
    server.turn(1);
    assert_eq!(expired(), [1, 0, 0]);
    idle.is_closed();
    server.turn(99);
    assert_eq!(expired(), [1, 0, 0], "899 ms");
    server.turn(1);
    assert_eq!(expired(), [1, 1, 0]);
    server.turn(99);
    assert_eq!(expired(), [1, 1, 0], "999 ms");
    server.turn(1);
    assert_eq!(expired(), [1, 1, 1]);
    for client in [&mut drip, &mut half_body] {
        assert_eq!(client.answer().status, 408);
        client.0.shutdown(Shutdown::Write).unwrap();
        client.is_closed();
    }
}

#[test]
fn keep_alive_hint_tells_the_idle_limit_and_is_true() {
    let server = turned_server(|limits| limits.idle_max_ms = 7_000);
    let mut client = server.client();
    for request in ["GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", "GET /at-once HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"]
    {
        let answer = client.send(request).answer();
        assert_eq!((answer.field("keep-alive"), answer.field("connection")), (Some("timeout=7"), Some("keep-alive")));
    }
    server.turn(6_999);
    assert_eq!(client.get("/echo").answer().status, 200);
    server.turn(7_000);
    client.is_closed();
    let answer = server.client().send("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").answer();
    assert_eq!((answer.field("keep-alive"), answer.field("connection")), (None, Some("close")));
}

#[test]
fn fairness_one_client_that_sends_without_end_holds_up_no_other() {
    let server = server(|_| {});
    let (mut flood, mut other) = (server.client(), server.client());
    let mut flooding = flood.0.try_clone().unwrap();
    let thread = std::thread::spawn(move || {
        let many = "GET /at-once HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2_000);
        (0..1_000).take_while(|_| flooding.write_all(many.as_bytes()).is_ok()).count() // until the socket is shut
    });
    for n in 0..200 {
        assert_eq!(other.get(&format!("/echo?{n}")).answer().body, format!("GET {n} 127.0.0.1 0 "));
        assert_eq!(flood.answer().status, 204);
    }
    flood.0.shutdown(Shutdown::Both).unwrap();
    assert!(thread.join().unwrap() < 1_000);
}

#[test]
fn handler_that_gives_no_answer_or_panics_costs_a_500_and_nothing_else() {
    let server = server(|_| {});
    let mut client = server.client();
    for path in ["/silent", "/panic"].iter().cycle().take(20) {
        let answer = client.get(path).answer();
        assert!(answer.status == 500 && answer.body.contains("INTERNAL"), "{answer:?}");
    }
    assert_eq!(client.get("/later").answer().body, "later");
}

#[test]
fn answer_cannot_be_split_by_what_a_field_holds() {
    let server = server(|_| {});
    let answer = server.client().get("/cookie").answer();
    assert!(answer.status == 204 && answer.head.contains("ETag: \"1\"") && !answer.head.contains("Evil"), "{answer:?}");
    assert!(!answer.head.contains("Content-Length"), "{answer:?}");
}

#[test]
fn upstream_slow_handler_and_large_body_hold_up_no_request_behind_them() {
    let server = server(|_| {});
    let (mut held, mut large, mut small) = (server.client(), server.client(), server.client());
    held.get("/held");
    server.until("a worker has it", |metrics| metrics.relayed_total.get() == 1);
    for length in [1, 1_024, 1_025, 60_000, 8 << 20] {
        let body = "x".repeat(length);
        large.send(&format!("POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")).send(&body);
        small.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(small.answer().body, "POST  127.0.0.1 0 abc");
        assert_eq!(large.answer().body, format!("POST  127.0.0.1 0 {body}"));
    }
    server.open_gate();
    assert_eq!(held.answer().body, "held");
}
