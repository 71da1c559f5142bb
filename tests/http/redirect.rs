//! Plain HTTP beside TLS: where TLS is spoken, and at the address that leads to https; and TLS where plain HTTP is.

use std::io::Write;
use std::sync::Arc;

use crate::support::http::{Client, server};
use crate::support::tls::{Authority, BOTH, session};

/// What a client of TLS says first.
fn hello(authority: &Authority) -> Vec<u8> {
    let mut bytes = Vec::new();
    session(&Arc::new(authority.config(BOTH, &[]))).write_tls(&mut bytes).unwrap();
    bytes
}

#[test]
fn tls_plain_http_is_sent_to_https_and_garbage_is_told() {
    let authority = Authority::new();
    let server = server(|limits| limits.tls = Some(authority.certificates()));
    let port = server.server.address().port();
    let mut plain = server.client();
    for (request, location) in [
        ("GET /echo?a=%20b HTTP/1.1\r\nHost: Venue.Local\r\n\r\n", "https://venue.local/echo?a=%20b".to_owned()),
        (&format!("HEAD / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"), format!("https://127.0.0.1:{port}/")),
        ("GET http://a:1/b HTTP/1.1\r\nHost: c\r\n\r\n", "https://a:1/b".to_owned()),
    ] {
        let answer = plain.send(request).answer();
        assert_eq!((answer.status, answer.field("location")), (308, Some(&*location)), "{answer:?}");
    }
    let answer = plain.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsecret").answer();
    assert!(answer.status == 308 && answer.field("connection") == Some("close"), "{answer:?}");
    plain.is_closed();
    for wrong in ["GET / HTTP/1.0\r\n\r\n", "\u{80}\u{1}\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
        let mut client = server.client();
        assert_eq!(client.send(wrong).answer().status, 400, "{wrong:?}");
        client.is_closed();
    }
    let metrics = server.server.metrics();
    assert_eq!((metrics.tls_plain_total.get(), metrics.relayed_total.get()), (4, 0));
}

#[test]
fn tls_where_plain_http_is_spoken_is_told_and_closed() {
    let server = server(|_| {});
    let authority = Authority::new();
    let mut client = server.client();
    client.0.write_all(&hello(&authority)).unwrap();
    assert_eq!(client.answer().status, 400);
    client.is_closed();
}

#[test]
fn redirect_listener_sends_to_https_and_serves_nothing_but_what_must_stay_plain() {
    let authority = Authority::new();
    let server = server(|limits| {
        limits.tls = Some(authority.certificates());
        limits.redirect_listen = Some("127.0.0.1:0".parse().unwrap());
        limits.stays_plain = |_, path| path == "/echo";
        limits.https_for_good = true;
    });
    let port = server.server.address().port();
    let mut client = Client::new(server.server.redirect_address().unwrap());
    let answer = client.send("GET /at-once?a HTTP/1.1\r\nHost: Venue.Local:80\r\n\r\n").answer();
    let location = format!("https://venue.local:{port}/at-once?a");
    assert_eq!((answer.status, answer.field("location")), (308, Some(&*location)));
    assert_eq!(answer.field("strict-transport-security"), None, "it means nothing where it is not proved");
    let answer = client.get("/echo?plain").answer();
    assert_eq!(answer.body, "GET plain 127.0.0.1 0 ");
    assert_eq!(answer.field("strict-transport-security"), None);
    assert_eq!(client.get("/wait?1").answer().status, 308);
    let mut https = authority.client(server.server.address());
    let answer = https.get("/echo?a").answer();
    assert_eq!(answer.field("strict-transport-security"), Some("max-age=2592000"));
    let mut secure = Client::new(server.server.redirect_address().unwrap());
    secure.0.write_all(&hello(&authority)).unwrap();
    assert_eq!(secure.answer().status, 400);
}
