//! What the door does when something is full, stuck or ending.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod door_hall;

use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use boxoffice::http::Network;
use door_hall::{Client, hall};

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
