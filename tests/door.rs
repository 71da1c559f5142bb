//! The door, from outside: raw sockets in front, a small trade behind.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use boxoffice::http::{Bell, Door, Limits, Network, Park, Reply, Request, Responder, Topic};

/// A door with a trade that does what the path says, and a gate that holds `/held` back.
struct Hall {
    door: Door,
    bell: Bell,
    gate: Arc<(Mutex<bool>, Condvar)>,
    version: Arc<AtomicU64>,
}

fn hall(change: impl FnOnce(&mut Limits)) -> Hall {
    let mut limits = Limits { large_body: |_, path| path == "/large", ..Limits::default() };
    change(&mut limits);
    let (bell, gate, version) =
        (Bell::new(), Arc::new((Mutex::new(false), Condvar::new())), Arc::new(AtomicU64::new(0)));
    let (held, seen, rope) = (Arc::clone(&gate), Arc::clone(&version), bell.clone());
    let trade = Arc::new(move |request: Request, responder: Responder| trade(&request, responder, &held, &seen, &rope));
    let door = Door::open("127.0.0.1:0".parse().unwrap(), limits, bell.clone(), trade).unwrap();
    Hall { door, bell, gate, version }
}

fn trade(request: &Request, responder: Responder, gate: &(Mutex<bool>, Condvar), version: &AtomicU64, bell: &Bell) {
    let text = |text: String| Reply { content_type: "text/plain", body: text.into_bytes(), ..Reply::empty(200) };
    match request.path.as_str() {
        "/echo" | "/large" => {
            let body = String::from_utf8_lossy(&request.body);
            let (method, query) = (request.method.word(), &request.query);
            responder.send(text(format!("{method} {query} {} {} {body}", request.peer, request.headers.len())));
        }
        "/length" => responder.send(text(request.body.len().to_string())),
        "/big" => responder.send(text("x".repeat(request.query.parse().unwrap()))),
        "/silent" => drop(responder),
        "/panic" => panic!("on purpose"),
        "/cookie" => responder.send(Reply::empty(204).with("Set-Cookie", "a=b\r\nX-Evil: 1").with("ETag", "\"1\"")),
        "/later" => drop(std::thread::spawn(move || responder.send(text("later".into())))),
        "/held" => {
            let mut open = gate.0.lock().unwrap();
            while !*open {
                open = gate.1.wait(open).unwrap();
            }
            responder.send(text("held".into()));
        }
        "/always" => responder.park(park(&request.query, "x", 30)),
        "/wait" | "/race" => {
            let now = version.load(Ordering::SeqCst);
            match &request.resumed {
                None if request.path == "/race" => {
                    version.fetch_add(1, Ordering::SeqCst); // the change comes between the look and the "not yet"
                    bell.ring([Topic(7)]);
                    responder.park(park("7", &now.to_string(), 30));
                }
                None => responder.park(park(&request.query, &format!("좌석 {now}"), 1)),
                Some(resumed) => responder.send(text(format!("{} {} {}", resumed.memo, resumed.over, resumed.applied))),
            }
        }
        _ => responder.send(Reply::empty(404)),
    }
}

fn park(topic: &str, memo: &str, wait_seconds: u32) -> Park {
    Park { topics: vec![Topic(topic.parse().unwrap())], memo: memo.to_owned(), wait_seconds }
}

struct Client(TcpStream, Vec<u8>);

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Client {
    fn new(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Client(stream, Vec::new())
    }

    fn send(&mut self, text: &str) -> &mut Client {
        self.0.write_all(text.as_bytes()).unwrap();
        self
    }

    fn get(&mut self, path: &str) -> &mut Client {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    /// The next answer; of one to HEAD only the head.
    fn answer_to(&mut self, is_head: bool) -> Answer {
        let end = loop {
            if let Some(at) = self.1.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.fill() > 0, "closed after {:?}", String::from_utf8_lossy(&self.1));
        };
        let head = String::from_utf8(self.1.drain(..end).collect()).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
        let length = if is_head { 0 } else { length.unwrap_or(0) };
        while self.1.len() < length {
            assert!(self.fill() > 0, "closed in a body");
        }
        let body = String::from_utf8(self.1.drain(..length).collect()).unwrap();
        Answer { status: head[9..12].parse().unwrap(), head, body }
    }

    fn answer(&mut self) -> Answer {
        self.answer_to(false)
    }

    fn fill(&mut self) -> usize {
        let mut buffer = [0; 65_536];
        let length = self.0.read(&mut buffer).unwrap();
        self.1.extend_from_slice(&buffer[..length]);
        length
    }

    /// Asserts that the door closes, orderly, and sends nothing more.
    fn is_closed(&mut self) {
        assert!(self.1.is_empty());
        assert_eq!(self.fill(), 0, "{:?}", String::from_utf8_lossy(&self.1));
    }
}

impl Hall {
    fn client(&self) -> Client {
        Client::new(self.door.address())
    }

    fn open_gate(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }

    /// Waits, by asking, until a figure is reached.
    fn until(&self, what: &str, reached: impl Fn(&boxoffice::http::Metrics) -> bool) {
        let (metrics, start) = (self.door.metrics(), Instant::now());
        while !reached(&metrics) {
            assert!(start.elapsed() < Duration::from_secs(5), "{what}");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_request_is_answered_and_the_connection_goes_on() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    for query in ["a", "b"] {
        let answer = client.get(&format!("/echo?{query}")).answer();
        assert_eq!((answer.status, answer.body.as_str()), (200, format!("GET {query} 127.0.0.1 0 ").as_str()));
        for field in ["X-Request-Id: ", "Date: ", "Cache-Control: no-store", "X-Content-Type-Options: nosniff"] {
            assert!(answer.head.contains(field), "{}", answer.head);
        }
        assert!(!answer.head.contains("tiny-http") && !answer.head.contains("door:"), "{}", answer.head);
    }
}

#[test]
fn a_body_arrives_whole_however_it_is_cut() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    let text = "POST /echo?q HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nPrefer: wait=1\r\n\r\nhello";
    for cut in 0..text.len() {
        client.send(&text[..cut]).send(&text[cut..]);
        assert_eq!(client.answer().body, "POST q 127.0.0.1 1 hello", "{cut}");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    let one = |n: usize| format!("POST /echo?{n} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{}", n % 10);
    client.send(&(0..500).map(one).collect::<String>());
    for n in 0..500 {
        assert_eq!(client.answer().body, format!("POST {n} 127.0.0.1 0 {}", n % 10));
    }
}

#[test]
fn head_is_answered_as_get_without_the_body() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    let answer = client.send("HEAD /echo?a HTTP/1.1\r\nHost: x\r\n\r\n").answer_to(true);
    assert!(answer.head.contains(&format!("Content-Length: {}\r\n", "GET a 127.0.0.1 0 ".len())), "{}", answer.head);
    assert_eq!(client.get("/echo?b").answer().body, "GET b 127.0.0.1 0 ");
}

#[test]
fn options_for_everything_is_answered_by_the_door() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    let answer = client.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").answer();
    assert!(answer.status == 204 && answer.head.contains("\r\nAllow: GET, HEAD, POST"), "{}", answer.head);
    assert!(client.send("OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n").answer().body.starts_with("OPTIONS "));
}

#[test]
fn a_client_that_waits_for_continue_gets_it() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    client.send("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.answer().status, 100);
    assert_eq!(client.send("abc").answer().body, "3");
}

#[test]
fn old_clients_and_those_that_say_close_are_let_go() {
    let hall = hall(|_| {});
    for request in ["GET /echo HTTP/1.0\r\n\r\n", "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"] {
        let mut client = hall.client();
        let answer = client.send(request).answer();
        assert!(answer.status == 200 && answer.head.contains("Connection: close"), "{}", answer.head);
        client.is_closed();
    }
    let mut client = hall.client();
    let answer = client.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer();
    assert!(answer.head.contains("Connection: keep-alive"), "{}", answer.head);
    assert_eq!(client.get("/echo").answer().status, 200);
}

#[test]
fn what_is_malformed_is_refused_as_a_problem_and_closed() {
    let hall = hall(|_| {});
    for (request, status, code) in [
        ("GET / HTTP/1.1\nHost: x\n\n", 400, "INVALID_HEADER"),
        ("GET / HTTP/2.0\r\n\r\n", 505, "VERSION_NOT_SUPPORTED"),
        ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "METHOD_NOT_ALLOWED"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 411, "LENGTH_REQUIRED"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n", 413, "BODY_TOO_LARGE"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", 413, "BODY_TOO_LARGE"),
        ("POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417, "EXPECTATION_FAILED"),
        (&format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(64)), 431, "HEAD_TOO_LARGE"),
        (&format!("GET /{} HTTP/1.1\r\n", "a".repeat(16 << 10)), 431, "HEAD_TOO_LARGE"),
    ] {
        let mut client = hall.client();
        let answer = client.send(request).answer();
        assert_eq!(answer.status, status, "{request}");
        assert!(answer.head.contains("application/problem+json") && answer.head.contains("Connection: close"));
        assert!(answer.head.contains("X-Request-Id: ") && answer.body.contains(code), "{answer:?}");
        client.0.shutdown(Shutdown::Write).unwrap();
        client.is_closed();
    }
}

#[test]
fn a_refusal_is_read_even_while_the_client_goes_on_sending() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
    client.send(&"x".repeat(300_000));
    assert_eq!(client.answer().status, 413);
    client.0.shutdown(Shutdown::Write).unwrap();
    client.is_closed();
}

#[test]
fn large_bodies_and_answers_pass_where_they_are_allowed() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    let body = "x".repeat(8 << 20);
    client.send(&format!("POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len())).send(&body);
    assert!(client.answer().body.ends_with(&body));
    assert_eq!(client.get("/big?20000000").answer().body.len(), 20_000_000);
    assert_eq!(client.get("/echo").answer().status, 200);
}

#[test]
fn deadlines_are_for_the_whole_head_and_body_and_idle_clients_are_let_go() {
    let hall = hall(|limits| (limits.head_max_ms, limits.body_max_ms, limits.idle_max_ms) = (200, 200, 100));
    let mut half_head = hall.client();
    let mut half_body = hall.client();
    let mut idle = hall.client();
    half_head.send("GET / HT");
    half_body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx");
    idle.is_closed();
    for client in [&mut half_head, &mut half_body] {
        assert_eq!(client.answer().status, 408);
        client.0.shutdown(Shutdown::Write).unwrap();
        client.is_closed();
    }
    let mut drip = hall.client();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) && drip.0.write_all(b"\r").is_ok() {
        drip.0.set_nonblocking(true).unwrap();
        if drip.0.peek(&mut [0]).is_ok() {
            break; // refused, whatever it goes on to drip
        }
        drip.0.set_nonblocking(false).unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_trade_that_gives_no_answer_or_panics_costs_a_500_and_nothing_else() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    for path in ["/silent", "/panic"].iter().cycle().take(20) {
        let answer = client.get(path).answer();
        assert!(answer.status == 500 && answer.body.contains("INTERNAL"), "{answer:?}");
    }
    assert_eq!(client.get("/later").answer().body, "later");
}

#[test]
fn an_answer_cannot_be_split_by_what_a_field_holds() {
    let hall = hall(|_| {});
    let answer = hall.client().get("/cookie").answer();
    assert!(answer.status == 204 && answer.head.contains("ETag: \"1\"") && !answer.head.contains("Evil"), "{answer:?}");
    assert!(!answer.head.contains("Content-Length"), "{answer:?}");
}

#[test]
fn a_ring_wakes_who_waits_for_it_and_the_memo_comes_back() {
    let hall = hall(|_| {});
    let (mut one, mut other) = (hall.client(), hall.client());
    one.send("GET /wait?1 HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\n");
    other.get("/wait?2");
    hall.until("both are parked", |metrics| metrics.parked.get() == 2);
    hall.bell.ring([Topic(1)]);
    let answer = one.answer();
    assert_eq!(answer.body, "좌석 0 false true");
    assert!(answer.head.contains("X-Request-Id: mine"));
    assert_eq!(other.answer().body, "좌석 0 true true", "after its second");
}

#[test]
fn a_ring_between_the_look_and_the_not_yet_is_not_lost() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    for n in 0..200 {
        assert_eq!(client.get("/race").answer().body, format!("{n} false true"));
    }
    assert_eq!(hall.version.load(Ordering::SeqCst), 200);
}

#[test]
fn beyond_the_cap_of_parked_requests_the_answer_comes_at_once() {
    let hall = hall(|limits| limits.parked_max = 1);
    let (mut one, mut other) = (hall.client(), hall.client());
    one.get("/wait?1");
    hall.until("one is parked", |metrics| metrics.parked.get() == 1);
    assert_eq!(other.get("/wait?1").answer().body, "좌석 0 true false");
}

#[test]
fn a_parked_client_that_vanishes_is_forgotten() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    client.get("/wait?1");
    hall.until("it is parked", |metrics| metrics.parked.get() == 1);
    drop(client);
    hall.until("it is forgotten", |metrics| metrics.parked.get() == 0 && metrics.connections_open.get() == 0);
}

#[test]
fn not_yet_when_the_wait_is_over_is_an_error_of_the_trade() {
    let hall = hall(|limits| limits.parked_max = 0);
    assert_eq!(hall.client().get("/always?1").answer().status, 500);
}

#[test]
fn a_half_closed_client_still_gets_its_answer() {
    let hall = hall(|_| {});
    let mut client = hall.client();
    client.get("/held");
    client.0.shutdown(Shutdown::Write).unwrap();
    hall.open_gate();
    assert_eq!(client.answer().body, "held");
    client.is_closed();
}

#[test]
fn a_stuck_inner_server_is_replaced_while_clients_wait() {
    let hall = hall(|limits| (limits.inner_hello_max_ms, limits.inner_reads) = (100, 3));
    let mut stuck: Vec<Client> = (0..2).map(|_| hall.client()).collect();
    for client in &mut stuck {
        client.get("/held");
    }
    hall.until("the workers are stuck", |metrics| metrics.relayed_total.get() == 2);
    assert_eq!(hall.client().get("/echo?a").answer().body, "GET a 127.0.0.1 0 ");
    hall.open_gate();
    for client in &mut stuck {
        assert_eq!(client.answer().body, "held", "what was under way on the old one is still answered");
    }
}

#[test]
fn an_answer_that_is_late_is_given_up() {
    let hall = hall(|limits| limits.inner_answer_max_ms = 100);
    assert_eq!(hall.client().get("/held").answer().status, 500);
    hall.open_gate();
    assert_eq!(hall.client().get("/echo?a").answer().body, "GET a 127.0.0.1 0 ");
}

#[test]
fn when_it_is_full_the_longest_idle_goes_first_and_then_newcomers_are_refused() {
    let hall = hall(|limits| limits.connections_max = 2);
    let (mut one, mut two) = (hall.client(), hall.client());
    one.get("/echo").answer();
    two.get("/echo").answer();
    let mut three = hall.client();
    three.get("/wait?1");
    one.is_closed();
    two.get("/wait?1");
    hall.until("both places are taken", |metrics| metrics.parked.get() == 2);
    let answer = hall.client().answer();
    assert!(answer.status == 503 && answer.head.contains("Retry-After: "), "{answer:?}");
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let hall = hall(|limits| (limits.connections_per_address_max, limits.limit_loopback) = (2, true));
    let mut kept: Vec<Client> = (0..2).map(|_| hall.client()).collect();
    kept.iter_mut().for_each(|client| drop(client.get("/echo").answer()));
    assert_eq!(hall.client().answer().status, 503);
}

#[test]
fn only_a_trusted_proxy_says_where_a_client_is() {
    let request = "GET /echo HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n\r\n";
    let hall_of_strangers = hall(|_| {});
    assert_eq!(hall_of_strangers.client().send(request).answer().body, "GET  127.0.0.1 0 ");
    let hall = hall(|limits| limits.proxies = vec![Network::parse("127.0.0.0/8").unwrap()]);
    assert_eq!(hall.client().send(request).answer().body, "GET  192.0.2.7 0 ");
}

#[test]
fn a_stop_answers_what_is_under_way_and_wakes_what_is_parked() {
    let hall = hall(|_| {});
    let (mut held, mut parked, mut idle) = (hall.client(), hall.client(), hall.client());
    idle.get("/echo").answer();
    parked.get("/wait?1");
    hall.until("one is parked", |metrics| metrics.parked.get() == 1);
    held.get("/held");
    hall.until("one is under way", |metrics| metrics.relayed_total.get() == 3);
    let (gate, door) = (Arc::clone(&hall.gate), hall.door);
    let start = Instant::now();
    let stopping = std::thread::spawn(move || door.stop());
    idle.is_closed();
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    for (client, body) in [(&mut held, "held"), (&mut parked, "좌석 0 true true")] {
        let answer = client.answer();
        assert!(answer.body == body && answer.head.contains("Connection: close"), "{answer:?}");
        client.is_closed();
    }
    stopping.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_burst_of_connections_is_answered_at_once() {
    let hall = hall(|_| {});
    let start = Instant::now();
    let mut clients: Vec<Client> = (0..500).map(|_| hall.client()).collect();
    for client in &mut clients {
        client.get("/echo");
    }
    clients.iter_mut().for_each(|client| assert_eq!(client.answer().status, 200));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}
