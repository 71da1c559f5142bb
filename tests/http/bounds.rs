//! What the HTTP server does when something is full, stuck or ending.

use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use crate::support::http::{Client, server, turned_server};
use crate::support::wait::{comes_true, until};
use boxoffice::clock::{MonotonicClock, Turned};
use boxoffice::http::{Server, Topic};

#[test]
fn http_half_closed_client_still_gets_its_answer() {
    let server = server(|_| {});
    let mut client = server.client();
    client.get("/held");
    client.0.shutdown(Shutdown::Write).unwrap();
    server.open_gate();
    assert_eq!(client.answer().body, "held");
    client.is_closed();
}

#[test]
fn http_stuck_inner_server_is_replaced_while_clients_wait() {
    let server = server(|limits| (limits.inner_probe_max_ms, limits.inner_reads) = (100, 3));
    let mut skipped: Vec<Client> = (0..2).map(|_| server.client()).collect();
    for client in &mut skipped {
        client.get("/held");
    }
    server.until("the workers are stuck", |metrics| metrics.relayed_total.get() == 2);
    assert_eq!(server.client().get("/echo?a").answer().body, "GET a 127.0.0.1 0 ");
    server.open_gate();
    for client in &mut skipped {
        assert_eq!(client.answer().body, "held", "what was under way on the old one is still answered");
    }
}

#[test]
fn health_is_answered_while_every_worker_is_stuck() {
    let server = server(|limits| (limits.workers, limits.inner_reads, limits.queue_max) = (1, 1, 1));
    let (mut held, mut queued, mut asking) = (server.client(), server.client(), server.client());
    held.get("/held");
    server.until("the worker is stuck", |metrics| metrics.relayed_total.get() == 1);
    queued.get("/echo?queued");
    server.until("the queue is full", |metrics| metrics.queued.get() == 1);
    for _ in 0..3 {
        assert_eq!(asking.get("/at-once").answer().status, 204);
        asking.send("HEAD /at-once HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(asking.answer_to(true).status, 204);
    }
    assert_eq!(server.server.metrics().relayed_total.get(), 1);
    server.open_gate();
    assert_eq!(held.answer().body, "held");
}

#[test]
fn answer_that_is_late_is_given_up() {
    let server = turned_server(|limits| limits.inner_answer_max_ms = 10_000);
    let mut held = server.client();
    held.get("/held");
    server.until("it is under way", |metrics| metrics.relayed_total.get() == 1);
    server.turn(9_999);
    assert_eq!(server.server.metrics().answers_of_class(5), 0);
    server.turn(1);
    server.turn(50); // upstream looks at its deadlines so often
    assert_eq!(held.answer().status, 500);
    server.open_gate();
    assert_eq!(server.client().get("/echo?a").answer().body, "GET a 127.0.0.1 0 ");
}

#[test]
fn http_when_it_is_full_the_longest_idle_goes_first_and_then_newcomers_are_refused() {
    let server = server(|limits| limits.connections_max = 2);
    let (mut one, mut two) = (server.client(), server.client());
    one.get("/echo").answer();
    two.get("/echo").answer();
    let mut three = server.client();
    three.get("/wait?1");
    one.is_closed();
    two.get("/wait?1");
    server.until("both places are taken", |metrics| metrics.parked.get() == 2);
    let answer = server.client().answer();
    assert!(answer.status == 503 && answer.head.contains("Retry-After: "), "{answer:?}");
}

#[test]
fn http_nobody_of_a_burst_is_sent_away_unheard_for_another_of_it() {
    let server = server(|limits| limits.connections_max = 8);
    let mut burst: Vec<Client> = (0..200).map(|_| server.client()).collect();
    for client in &mut burst {
        let _ = client.0.write_all(b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"); // who was refused may be gone already
    }
    let answers: Vec<_> = burst.iter_mut().filter_map(Client::answer_or_end).collect();
    let answered = answers.iter().filter(|answer| answer.status == 200).count() as u64;
    let metrics = server.server.metrics();
    let taken_in = metrics.connections_accepted_total.get() - metrics.connections_refused_full_total.get();
    assert_eq!(answered, taken_in, "whoever was taken in was heard");
    assert!((8..200).contains(&answered), "{answered}");
}

#[test]
fn address_has_so_many_connections_and_no_more() {
    let server = server(|limits| (limits.connections_per_address_max, limits.limit_loopback) = (2, true));
    let mut kept: Vec<Client> = (0..2).map(|_| server.client()).collect();
    kept.iter_mut().for_each(|client| drop(client.get("/echo").answer()));
    assert_eq!(server.client().answer().status, 503);
}

#[test]
fn http_only_a_trusted_proxy_says_where_a_client_is() {
    let request = "GET /echo HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n\r\n";
    let hall_of_strangers = server(|_| {});
    assert_eq!(hall_of_strangers.client().send(request).answer().body, "GET  127.0.0.1 0 ");
    let server = server(|limits| limits.proxies = vec!["127.0.0.0/8".parse().unwrap()]);
    assert_eq!(server.client().send(request).answer().body, "GET  192.0.2.7 0 ");
}

#[test]
fn forwarded_callers_that_cannot_be_told_apart_do_not_pass_for_the_proxy() {
    let server = server(|limits| limits.proxies = vec!["127.0.0.0/8".parse().unwrap()]);
    for field in ["X-Forwarded-For: unknown", "X-Forwarded-For: 192.0.2.7, _x", "X-Forwarded-For:", "Forwarded: by=_a"]
    {
        let request = format!("GET /echo HTTP/1.1\r\nHost: x\r\n{field}\r\n\r\n");
        assert_eq!(server.client().send(&request).answer().body, "GET  0.0.0.0 0 ", "{field}");
    }
    let two = "GET /echo HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 127.0.0.1\r\nx-forwarded-for: 192.0.2.8\r\n\r\n";
    assert_eq!(server.client().send(two).answer().body, "GET  192.0.2.8 0 ", "several fields are one list");
}

#[test]
fn long_polls_are_limited_by_client_behind_a_proxy_too() {
    let server = server(|limits| {
        limits.proxies = vec!["127.0.0.0/8".parse().unwrap()];
        limits.connections_per_address_max = 2;
    });
    let wait = |client: &str| format!("GET /always?1 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\n\r\n");
    let mut waiting: Vec<Client> = (0..3).map(|_| server.client()).collect();
    for (number, (client, from)) in waiting.iter_mut().zip(["192.0.2.7", "192.0.2.7", "192.0.2.8"]).enumerate() {
        client.send(&wait(from));
        server.until("it waits", |metrics| metrics.parked.get() == number as u64 + 1);
    }
    let mut third = server.client();
    third.send(&wait("192.0.2.7"));
    server.until("it was refused the wait", |metrics| metrics.parked_refused_total.get() == 1);
    drop(waiting.remove(0));
    server.until("one has left", |metrics| metrics.parked.get() == 2);
    waiting.push(server.client());
    waiting[2].send(&wait("192.0.2.7"));
    server.until("another may wait", |metrics| metrics.parked.get() == 3);
    for hidden in 1..=3 {
        let mut client = server.client();
        client.send(&wait("unknown"));
        server.until("counted", |metrics| metrics.parked.get() + metrics.parked_refused_total.get() == 4 + hidden);
        waiting.push(client);
    }
    assert_eq!(
        server.server.metrics().parked_refused_total.get(),
        2,
        "those who cannot be told apart share one account"
    );
}

#[test]
fn stop_of_several_servers_takes_no_longer_than_that_of_one() {
    let turned = Arc::new(Turned::default());
    let clock = MonotonicClock::Turned(Arc::clone(&turned));
    let halls = [0; 3].map(|_| server(|limits| (limits.stop_max_ms, limits.clock) = (2_000, clock.clone())));
    let mut held: Vec<Client> = halls.iter().map(|server| server.client()).collect();
    let mut idle: Vec<Client> = halls.iter().map(|server| server.client()).collect();
    for ((server, held), idle) in halls.iter().zip(&mut held).zip(&mut idle) {
        held.get("/held");
        server.until("one is under way", |metrics| metrics.relayed_total.get() == 1);
        idle.get("/at-once").answer();
    }
    let (servers, rest): (Vec<_>, Vec<_>) =
        halls.into_iter().map(|server| (server.server, (server.gate, server.notifier))).unzip();
    let stopping = std::thread::spawn(|| Server::stop_all(servers));
    idle.iter_mut().for_each(Client::is_closed); // all of them have begun
    turned.advance(1_999);
    rest.iter().for_each(|(_, notifier)| notifier.notify([Topic(0)]));
    assert!(!comes_true(Duration::from_millis(50), || stopping.is_finished()), "what is under way has its time");
    turned.advance(1);
    rest.iter().for_each(|(_, notifier)| notifier.notify([Topic(0)]));
    until("all have stopped", || stopping.is_finished());
    held.iter_mut().for_each(|client| assert_eq!(client.answer().status, 503));
    for (gate, _) in rest {
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
    }
}

#[test]
fn stop_answers_what_is_under_way_and_wakes_what_is_parked() {
    let server = server(|_| {});
    let (mut held, mut parked, mut idle) = (server.client(), server.client(), server.client());
    idle.get("/echo").answer();
    parked.get("/wait?1");
    server.until("one is parked", |metrics| metrics.parked.get() == 1);
    held.get("/held");
    server.until("one is under way", |metrics| metrics.relayed_total.get() == 3);
    let (gate, server) = (Arc::clone(&server.gate), server.server);
    let stopping = std::thread::spawn(move || server.stop());
    idle.is_closed();
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    for (client, body) in [(&mut held, "held"), (&mut parked, "좌석 0 true true")] {
        let answer = client.answer();
        assert!(answer.body == body && answer.head.contains("Connection: close"), "{answer:?}");
        client.is_closed();
    }
    stopping.join().unwrap();
}

#[test]
fn burst_of_connections_is_answered_at_once() {
    let server = server(|_| {});
    let mut clients: Vec<Client> = (0..500).map(|_| server.client()).collect();
    for client in &mut clients {
        client.get("/echo");
    }
    clients.iter_mut().for_each(|client| assert_eq!(client.answer().status, 200));
}

#[test]
fn http_when_it_is_full_half_a_request_makes_place_once_it_is_slow() {
    let server = turned_server(|limits| (limits.connections_max, limits.slow_after_ms) = (2, 2_000));
    let (mut one, mut two) = (server.client(), server.client());
    let head = "GET /echo HTTP/1.1\r\nHo";
    one.send(head);
    server.until("one has begun", |metrics| metrics.received_bytes_total.get() == head.len() as u64);
    two.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
    server.until("both have begun", |metrics| metrics.received_bytes_total.get() > 60);
    server.turn(1_999);
    assert_eq!(server.client().answer().status, 503, "neither is slow yet");
    server.turn(1);
    let mut three = server.client();
    three.get("/wait?1");
    one.is_closed();
    server.until("its place is taken", |metrics| metrics.parked.get() == 1);
    server.client().get("/wait?1");
    two.is_closed();
    assert_eq!(server.server.metrics().connections_evicted_slow_total.get(), 2);
}

#[test]
fn requests_beyond_the_queue_are_refused_and_the_connection_goes_on() {
    let server = server(|limits| (limits.inner_reads, limits.workers, limits.queue_max) = (1, 1, 1));
    let (mut held, mut queued, mut refused) = (server.client(), server.client(), server.client());
    held.get("/held");
    server.until("the line is taken", |metrics| metrics.relayed_total.get() == 1);
    queued.get("/echo?queued");
    server.until("one waits for it", |metrics| metrics.queued.get() == 1);
    let answer = refused.get("/echo").answer();
    assert!(answer.status == 503 && answer.head.contains("Retry-After: "), "{answer:?}");
    server.open_gate();
    assert_eq!((held.answer().body.as_str(), queued.answer().body.as_str()), ("held", "GET queued 127.0.0.1 0 "));
    assert_eq!(refused.get("/echo?again").answer().body, "GET again 127.0.0.1 0 ");
}

#[test]
fn http_slow_reader_is_let_go_in_time_and_disturbs_nobody() {
    let server = turned_server(|limits| limits.write_max_ms = 2_000);
    let (mut slow, mut quick) = (server.client(), server.client());
    slow.get("/big?20000000");
    server.until("its answer is kept", |metrics| metrics.buffered_bytes.get() > 1 << 20);
    server.turn(1_999);
    assert_eq!(quick.get("/echo").answer().status, 200);
    assert_eq!(server.server.metrics().connections_expired_write_total.get(), 0);
    server.turn(1);
    assert_eq!(server.server.metrics().connections_expired_write_total.get(), 1);
    assert_eq!(quick.get("/echo").answer().status, 200);
    server.until("its memory is free", |metrics| metrics.buffered_bytes.get() < 1 << 20);
}

#[test]
fn eviction_takes_the_largest_first_when_buffers_run_out() {
    let server = server(|limits| limits.buffers_max_bytes = 30 << 20);
    let (mut larger, mut smaller) = (server.client(), server.client());
    larger.get("/big?24000000");
    server.until("its answer is kept", |metrics| metrics.buffered_bytes.get() > 12 << 20);
    smaller.get("/big?16000000");
    server.until("the larger one is gone", |metrics| metrics.connections_evicted_buffers_total.get() == 1);
    assert_eq!(smaller.answer().body.len(), 16_000_000);
    let mut kept = server.client();
    kept.get("/big?24000000");
    server.until("another is kept", |metrics| metrics.buffered_bytes.get() > 12 << 20);
    let start = "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 16000000\r\n\r\n";
    assert_eq!(server.client().send(start).send(&"x".repeat(16_000_000)).answer().status, 200, "room was made");
    assert_eq!(server.server.metrics().connections_evicted_buffers_total.get(), 2);
}

#[test]
fn stop_under_load_leaves_no_answer_half_sent() {
    let server = server(|_| {});
    let address = server.server.address();
    let metrics = server.server.metrics();
    let load: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(move || {
                let mut client = Client::new(address);
                let request = format!("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}", "x".repeat(9));
                loop {
                    if client.0.write_all(request.as_bytes()).is_err() {
                        return; // closed between two requests
                    }
                    match client.answer_or_end() {
                        None => return,
                        Some(answer) if answer.head.contains("Connection: close") => return,
                        Some(answer) => assert_eq!(answer.body, "POST  127.0.0.1 0 xxxxxxxxx"),
                    }
                }
            })
        })
        .collect();
    server.until("the load runs", |metrics| metrics.relayed_total.get() > 1_000);
    server.server.stop();
    load.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(metrics.connections_open.get(), 0);
    assert_eq!(metrics.answers_of_class(2), metrics.relayed_total.get(), "what went in came out");
}
