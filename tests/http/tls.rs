//! HTTPS: handshakes whole, split, half, late, too many and wrong; what the states of a connection do under TLS; a new
//! certificate.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use boxoffice::http::{Limits, Topic};
use rustls::{ClientConnection, HandshakeKind, ProtocolVersion};

use crate::support::http::{Client, TestServer, server, turned_server};
use crate::support::tls::{Authority, BOTH, client_with, session};

fn secure(authority: &Authority) -> TestServer {
    server(|limits| limits.tls = Some(authority.certificates()))
}

fn turned(authority: &Authority, change: impl FnOnce(&mut Limits)) -> TestServer {
    turned_server(|limits| {
        limits.tls = Some(authority.certificates());
        change(limits);
    })
}

/// What a session wants to send now.
fn outgoing(session: &mut ClientConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut bytes).unwrap();
    }
    bytes
}

/// Reads and goes on until the server has said all that it says without more from here.
fn hear(session: &mut ClientConnection, socket: &mut TcpStream) {
    while session.is_handshaking() && !session.wants_write() {
        assert!(session.read_tls(socket).unwrap() > 0, "the server closed in the handshake");
        session.process_new_packets().unwrap();
    }
}

#[test]
fn tls_is_spoken_as_1_3_and_1_2_with_http_1_1_and_nothing_older_or_newer() {
    let authority = Authority::new();
    let server = secure(&authority);
    for (versions, alpn, version) in [
        (BOTH, &["h2", "http/1.1"][..], ProtocolVersion::TLSv1_3),
        (&[&rustls::version::TLS12][..], &["http/1.1"], ProtocolVersion::TLSv1_2),
        (&[&rustls::version::TLS13], &[], ProtocolVersion::TLSv1_3),
    ] {
        let mut client = client_with(server.server.address(), &Arc::new(authority.config(versions, alpn)));
        assert_eq!(client.get("/echo?a").answer().body, "GET a 127.0.0.1 1 ");
        assert_eq!(client.get("/echo?b").answer().body, "GET b 127.0.0.1 1 ", "the connection is kept");
        assert_eq!(client.0.conn.protocol_version(), Some(version));
        assert_eq!(client.0.conn.alpn_protocol(), (!alpn.is_empty()).then_some(&b"http/1.1"[..]));
    }
    let mut newer = client_with(server.server.address(), &Arc::new(authority.config(BOTH, &["h2"])));
    let why = newer.0.write_all(b"GET /").unwrap_err().to_string();
    assert!(why.contains("NoApplicationProtocol"), "{why}");
    let hello_of_1_1 = [
        &[0x16, 3, 1, 0, 57, 1, 0, 0, 53, 3, 2][..], // a record with a greeting of version 1.1,
        &[7; 32],                                    // its random bytes,
        &[0, 0, 4, 0xc0, 0x13, 0, 0x2f, 1, 0],       // no session, two suites, no compression,
        &[0, 8, 0, 13, 0, 4, 0, 2, 4, 3],            // and an extension with a kind of signature
    ];
    let mut older = server.client();
    older.0.write_all(&hello_of_1_1.concat()).unwrap();
    let mut told = Vec::new();
    older.0.read_to_end(&mut told).unwrap();
    assert_eq!(told, [0x15, 3, 3, 0, 2, 2, 70], "a fatal alert: protocol_version");
    let metrics = server.server.metrics();
    assert_eq!((metrics.tls_handshakes_total.get(), metrics.tls_handshakes_failed_total.get()), (3, 2));
}

#[test]
fn tls_handshake_is_read_however_its_bytes_are_split() {
    let authority = Authority::new();
    let server = secure(&authority);
    let config = Arc::new(authority.config(BOTH, &["http/1.1"]));
    let mut other = authority.client(server.server.address());
    let lengths = {
        let mut session = session(&config);
        let mut socket = server.client().0;
        let hello = outgoing(&mut session);
        socket.write_all(&hello).unwrap();
        hear(&mut session, &mut socket);
        (hello.len(), outgoing(&mut session).len())
    };
    // Each split of the greeting, then each of what ends the handshake together with a request.
    let splits = (1..lengths.0).map(|at| (Some(at), None)).chain((1..lengths.1 + 30).map(|at| (None, Some(at))));
    for (first, second) in splits {
        let (mut session, mut socket) = (session(&config), server.client().0);
        let mut send = |bytes: Vec<u8>, socket: &mut TcpStream, at: Option<usize>| {
            let (now, later) = bytes.split_at(at.unwrap_or(bytes.len()).min(bytes.len()));
            socket.write_all(now).unwrap();
            other.get("/at-once").answer(); // the loop has seen the first part by now
            socket.write_all(later).unwrap();
        };
        send(outgoing(&mut session), &mut socket, first);
        hear(&mut session, &mut socket);
        session.writer().write_all(b"GET /echo?split HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        send(outgoing(&mut session), &mut socket, second);
        let mut client = Client::over(rustls::StreamOwned::new(session, socket));
        assert_eq!(client.answer().body, "GET split 127.0.0.1 1 ", "{first:?} {second:?}");
    }
    assert_eq!(server.server.metrics().tls_handshakes_failed_total.get(), 1, "that of the measure alone");
}

#[test]
fn tls_handshake_byte_by_byte_and_a_request_byte_by_byte() {
    struct Drops(TcpStream);
    impl Write for Drops {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.write(&bytes[..bytes.len().min(1)])
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl Read for Drops {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = buffer.len().min(3);
            self.0.read(&mut buffer[..length])
        }
    }
    let authority = Authority::new();
    let server = secure(&authority);
    for versions in [BOTH, &[&rustls::version::TLS12][..]] {
        let config = Arc::new(authority.config(versions, &[]));
        let stream = rustls::StreamOwned::new(session(&config), Drops(server.client().0));
        assert_eq!(Client::over(stream).get("/echo?drops").answer().body, "GET drops 127.0.0.1 1 ");
    }
}

#[test]
fn tls_half_handshake_is_closed_at_its_deadline_and_not_before() {
    let authority = Authority::new();
    let server = turned(&authority, |limits| (limits.handshake_max_ms, limits.idle_max_ms) = (5_000, 50_000));
    let mut kept = authority.client(server.server.address());
    kept.get("/echo").answer();
    let hello = outgoing(&mut session(&Arc::new(authority.config(BOTH, &[]))));
    let mut half: Vec<TcpStream> = [0, 1, 100, hello.len()]
        .map(|length| {
            let mut socket = server.client().0;
            socket.write_all(&hello[..length]).unwrap();
            socket
        })
        .into();
    server.until("all are in it", |metrics| metrics.tls_handshakes_open.get() == 4);
    kept.get("/at-once").answer();
    server.turn(4_999);
    assert_eq!(server.server.metrics().tls_handshakes_open.get(), 4);
    server.turn(1);
    let metrics = server.server.metrics();
    assert_eq!((metrics.tls_handshakes_open.get(), metrics.tls_handshakes_expired_total.get()), (0, 4));
    for socket in &mut half {
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).unwrap(); // it ends in order
    }
    assert_eq!(kept.get("/echo").answer().status, 200, "who is through is not concerned");
}

#[test]
fn tls_handshakes_under_way_are_limited_and_the_oldest_makes_place() {
    let authority = Authority::new();
    let server = turned(&authority, |limits| (limits.handshakes_max, limits.silent_after_ms) = (2, 50));
    let (mut one, two) = (server.client(), server.client());
    server.until("two are in it", |metrics| metrics.tls_handshakes_open.get() == 2);
    let mut third = server.client();
    third.is_closed();
    assert_eq!(server.server.metrics().tls_handshakes_refused_total.get(), 1);
    server.turn(50);
    let mut fourth = authority.client(server.server.address());
    assert_eq!(fourth.get("/echo?fourth").answer().body, "GET fourth 127.0.0.1 1 ");
    let metrics = server.server.metrics();
    assert_eq!((metrics.tls_handshakes_evicted_total.get(), metrics.tls_handshakes_open.get()), (1, 1));
    let mut rest = Vec::new();
    one.0.read_to_end(&mut rest).unwrap();
    drop(two);
    server.until("nobody is in it", |metrics| metrics.tls_handshakes_open.get() == 0);
}

#[test]
fn tls_half_handshakes_go_before_idle_clients_when_it_is_full() {
    let authority = Authority::new();
    let server = turned(&authority, |limits| {
        (limits.connections_max, limits.handshakes_max, limits.slow_after_ms) = (2, 2, 1_000);
    });
    let mut kept = authority.client(server.server.address());
    kept.get("/echo").answer();
    let mut half = server.client();
    server.until("one is in it", |metrics| metrics.tls_handshakes_open.get() == 1);
    server.turn(1_000);
    assert_eq!(authority.client(server.server.address()).get("/echo?new").answer().body, "GET new 127.0.0.1 1 ");
    let mut rest = Vec::new();
    half.0.read_to_end(&mut rest).unwrap();
    assert_eq!(kept.get("/echo?kept").answer().body, "GET kept 127.0.0.1 1 ");
}

#[test]
fn tls_greeting_without_an_end_is_cut_off() {
    let authority = Authority::new();
    let server = secure(&authority);
    let mut endless = server.client().0;
    let mut record = [&[0x16, 3, 1, 0x40, 0][..], &[1, 0, 0xff, 0xf0], &[0; (16 << 10) - 4]].concat();
    record.extend_from_slice(&record.clone());
    let _ = endless.write_all(&record); // it may be gone in the middle
    let mut told = Vec::new();
    let _ = endless.read_to_end(&mut told); // reset, where it sent more than was read
    server.until("it is cut off", |metrics| metrics.tls_handshakes_failed_total.get() == 1);
}

#[test]
fn tls_long_poll_is_notified_answered_and_forgotten_with_its_client() {
    let authority = Authority::new();
    let server = secure(&authority);
    let mut clients: Vec<_> = (0..3).map(|_| authority.client(server.server.address())).collect();
    clients.iter_mut().for_each(|client| {
        client.get("/wait?7");
    });
    server.until("all wait", |metrics| metrics.parked.get() == 3);
    let mut told = clients.pop().unwrap();
    told.0.conn.send_close_notify(); // it says that it sends nothing more: it has left
    told.0.flush().unwrap();
    server.until("one has left", |metrics| metrics.parked.get() == 2);
    drop(clients.pop());
    server.until("another is gone without a word", |metrics| metrics.parked.get() == 1);
    server.notifier.notify([Topic(7)]);
    assert_eq!(clients[0].answer().body, "좌석 0 false true");
    assert_eq!(clients[0].get("/echo?on").answer().body, "GET on 127.0.0.1 1 ");
}

#[test]
fn tls_half_closed_client_gets_its_answer_and_an_end_that_is_told() {
    let authority = Authority::new();
    let server = secure(&authority);
    let mut client = authority.client(server.server.address());
    client.get("/held");
    client.0.conn.send_close_notify();
    client.0.flush().unwrap();
    client.0.sock.shutdown(Shutdown::Write).unwrap();
    server.until("it is under way", |metrics| metrics.relayed_total.get() == 1);
    server.open_gate();
    assert_eq!(client.answer().body, "held");
    client.is_closed(); // would fail on an end that TLS was not told of
}

#[test]
fn tls_body_that_is_cut_off_reaches_nobody() {
    let authority = Authority::new();
    let server = secure(&authority);
    let mut cut = authority.client(server.server.address());
    cut.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    cut.0.sock.shutdown(Shutdown::Write).unwrap();
    server.until("it is closed", |metrics| metrics.connections_open.get() == 0);
    assert_eq!(server.server.metrics().relayed_total.get(), 0);
}

#[test]
fn tls_large_bodies_pipelined_requests_and_expectations_pass_whole() {
    let authority = Authority::new();
    let server = secure(&authority);
    let mut client = authority.client(server.server.address());
    let body = "x".repeat(5 << 20);
    client.send(&format!("POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    assert!(client.answer().body.ends_with(&body));
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    assert_eq!(client.answer().status, 100);
    assert_eq!(client.send("body").answer().body, "POST  127.0.0.1 1 body");
    let many: String = (0..500).map(|n| format!("GET /echo?{n} HTTP/1.1\r\nHost: x\r\n\r\n")).collect();
    client.send(&many);
    for n in 0..500 {
        assert_eq!(client.answer().body, format!("GET {n} 127.0.0.1 1 "));
    }
    client.0.conn.refresh_traffic_keys().unwrap(); // TLS 1.3 lets either side change its keys
    assert_eq!(client.get("/big?3000000").answer().body.len(), 3_000_000);
    let shared = client.send("GET /shared HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n").answer();
    assert_eq!(shared.plain().len(), 160_000 * 19);
    client.send("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    client.is_closed();
}

#[test]
fn tls_slow_reader_is_let_go_in_time_and_one_that_reads_gets_all() {
    let authority = Authority::new();
    let server = turned(&authority, |limits| limits.write_max_ms = 2_000);
    let address = server.server.address();
    let (mut slow, mut steady, mut quick) =
        (authority.client(address), authority.client(address), authority.client(address));
    slow.get("/big?20000000");
    steady.get("/big?20000000");
    server.until("both answers are kept", |metrics| metrics.buffered_bytes.get() > 30 << 20);
    server.turn(1_999);
    assert_eq!(quick.get("/echo").answer().status, 200);
    assert_eq!(steady.answer().body.len(), 20_000_000);
    server.turn(1);
    assert_eq!(server.server.metrics().connections_expired_write_total.get(), 1);
    server.until("its memory is free", |metrics| metrics.buffered_bytes.get() < 1 << 20);
    assert_eq!(steady.get("/echo?more").answer().body, "GET more 127.0.0.1 1 ");
}

#[test]
fn tls_session_is_resumed_until_the_certificate_is_another() {
    let authority = Authority::new();
    let certificates = authority.certificates();
    let server = server(|limits| limits.tls = Some(Arc::clone(&certificates)));
    let config = Arc::new(authority.config(BOTH, &["http/1.1"]));
    let kind = || {
        let mut client = client_with(server.server.address(), &config);
        client.get("/echo").answer();
        let first = client.0.conn.peer_certificates().map(|chain| chain[0].clone());
        (client.0.conn.handshake_kind().unwrap(), first)
    };
    let (first, before) = kind();
    assert_eq!((first, kind().0), (HandshakeKind::Full, HandshakeKind::Resumed));
    let mut kept = client_with(server.server.address(), &config);
    kept.get("/echo").answer();

    let renewed = authority.renew();
    certificates.refresh(false);
    assert_eq!(kind().1, before, "it may still be being written");
    certificates.refresh(false);
    assert_eq!(kind(), (HandshakeKind::Full, Some(renewed.clone())));
    assert_eq!(kept.get("/echo?old").answer().body, "GET old 127.0.0.1 1 ", "who is connected stays so");

    std::fs::write(authority.key(), "-----BEGIN PRIVATE KEY-----\n").unwrap();
    certificates.refresh(true);
    assert_eq!(kind().1.as_ref(), Some(&renewed), "a bad one changes nothing");
    std::fs::remove_file(authority.certificate()).unwrap();
    certificates.refresh(true);
    assert_eq!(kind().1.as_ref(), Some(&renewed), "none changes nothing");
    let third = authority.renew();
    certificates.refresh(true);
    assert_eq!(kind().1, Some(third));
}

#[test]
fn tls_stop_answers_what_is_under_way_and_tells_the_end() {
    let authority = Authority::new();
    let server = secure(&authority);
    let address = server.server.address();
    let (mut held, mut idle) = (authority.client(address), authority.client(address));
    let _half = server.client();
    idle.get("/echo").answer();
    held.get("/held");
    server.until("one is under way", |metrics| metrics.relayed_total.get() == 2);
    let (gate, server) = (Arc::clone(&server.gate), server.server);
    let stopping = std::thread::spawn(move || server.stop());
    idle.is_closed();
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    let answer = held.answer();
    assert!(answer.body == "held" && answer.head.contains("Connection: close"), "{answer:?}");
    held.is_closed();
    stopping.join().unwrap();
}

#[test]
fn tls_burst_of_connections_is_answered() {
    let authority = Authority::new();
    let server = secure(&authority);
    let config = Arc::new(authority.config(BOTH, &["http/1.1"]));
    let mut clients: Vec<_> = (0..200).map(|_| client_with(server.server.address(), &config)).collect();
    for client in &mut clients {
        let hello = outgoing(&mut client.0.conn);
        client.0.sock.write_all(&hello).unwrap();
    }
    clients.iter_mut().for_each(|client| assert_eq!(client.get("/echo").answer().status, 200));
}
