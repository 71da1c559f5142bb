//! What the door does when something is full, stuck or ending.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod door_hall;

use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use boxoffice::http::Door;
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
    let mut skipped: Vec<Client> = (0..2).map(|_| hall.client()).collect();
    for client in &mut skipped {
        client.get("/held");
    }
    hall.until("the workers are stuck", |metrics| metrics.relayed_total.get() == 2);
    assert_eq!(hall.client().get("/echo?a").answer().body, "GET a 127.0.0.1 0 ");
    hall.open_gate();
    for client in &mut skipped {
        assert_eq!(client.answer().body, "held", "what was under way on the old one is still answered");
    }
}

#[test]
fn health_is_answered_while_every_worker_is_stuck() {
    let hall = hall(|limits| (limits.workers, limits.inner_reads, limits.queue_max) = (1, 1, 1));
    let (mut held, mut queued, mut asking) = (hall.client(), hall.client(), hall.client());
    held.get("/held");
    hall.until("the worker is stuck", |metrics| metrics.relayed_total.get() == 1);
    queued.get("/echo?queued");
    hall.until("the queue is full", |metrics| metrics.queued.get() == 1);
    for _ in 0..3 {
        assert_eq!(asking.get("/at-once").answer().status, 204);
        asking.send("HEAD /at-once HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(asking.answer_to(true).status, 204);
    }
    assert_eq!(hall.door.metrics().relayed_total.get(), 1);
    hall.open_gate();
    assert_eq!(held.answer().body, "held");
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
fn nobody_of_a_burst_is_sent_away_unheard_for_another_of_it() {
    let hall = hall(|limits| limits.connections_max = 8);
    let mut burst: Vec<Client> = (0..200).map(|_| hall.client()).collect();
    for client in &mut burst {
        let _ = client.0.write_all(b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"); // who was refused may be gone already
    }
    let answers: Vec<_> = burst.iter_mut().filter_map(Client::answer_or_end).collect();
    let answered = answers.iter().filter(|answer| answer.status == 200).count() as u64;
    let metrics = hall.door.metrics();
    let taken_in = metrics.connections_accepted_total.get() - metrics.connections_refused_full_total.get();
    assert_eq!(answered, taken_in, "whoever was taken in was heard");
    assert!((8..200).contains(&answered), "{answered}");
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
    let hall = hall(|limits| limits.proxies = vec!["127.0.0.0/8".parse().unwrap()]);
    assert_eq!(hall.client().send(request).answer().body, "GET  192.0.2.7 0 ");
}

#[test]
fn forwarded_callers_that_cannot_be_told_apart_do_not_pass_for_the_proxy() {
    let hall = hall(|limits| limits.proxies = vec!["127.0.0.0/8".parse().unwrap()]);
    for field in ["X-Forwarded-For: unknown", "X-Forwarded-For: 192.0.2.7, _x", "X-Forwarded-For:", "Forwarded: by=_a"]
    {
        let request = format!("GET /echo HTTP/1.1\r\nHost: x\r\n{field}\r\n\r\n");
        assert_eq!(hall.client().send(&request).answer().body, "GET  0.0.0.0 0 ", "{field}");
    }
    let two = "GET /echo HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 127.0.0.1\r\nx-forwarded-for: 192.0.2.8\r\n\r\n";
    assert_eq!(hall.client().send(two).answer().body, "GET  192.0.2.8 0 ", "several fields are one list");
}

#[test]
fn long_polls_are_limited_by_client_behind_a_proxy_too() {
    let hall = hall(|limits| {
        limits.proxies = vec!["127.0.0.0/8".parse().unwrap()];
        limits.connections_per_address_max = 2;
    });
    let wait = |client: &str| format!("GET /always?1 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\n\r\n");
    let mut waiting: Vec<Client> = (0..3).map(|_| hall.client()).collect();
    for (number, (client, from)) in waiting.iter_mut().zip(["192.0.2.7", "192.0.2.7", "192.0.2.8"]).enumerate() {
        client.send(&wait(from));
        hall.until("it waits", |metrics| metrics.parked.get() == number as u64 + 1);
    }
    let mut third = hall.client();
    third.send(&wait("192.0.2.7"));
    hall.until("it was refused the wait", |metrics| metrics.parked_refused_total.get() == 1);
    drop(waiting.remove(0));
    hall.until("one has left", |metrics| metrics.parked.get() == 2);
    waiting.push(hall.client());
    waiting[2].send(&wait("192.0.2.7"));
    hall.until("another may wait", |metrics| metrics.parked.get() == 3);
    for hidden in 1..=3 {
        let mut client = hall.client();
        client.send(&wait("unknown"));
        hall.until("counted", |metrics| metrics.parked.get() + metrics.parked_refused_total.get() == 4 + hidden);
        waiting.push(client);
    }
    assert_eq!(hall.door.metrics().parked_refused_total.get(), 2, "those who cannot be told apart share one account");
}

#[test]
fn stop_of_several_servers_takes_no_longer_than_that_of_one() {
    let halls = [0; 3].map(|_| hall(|limits| limits.stop_max_ms = 2_000));
    let mut held: Vec<Client> = halls.iter().map(|hall| hall.client()).collect();
    for (hall, client) in halls.iter().zip(&mut held) {
        client.get("/held");
        hall.until("one is under way", |metrics| metrics.relayed_total.get() == 1);
    }
    let (doors, gates): (Vec<_>, Vec<_>) = halls.into_iter().map(|hall| (hall.door, hall.gate)).unzip();
    let start = Instant::now();
    Door::stop_all(doors);
    assert!(start.elapsed() < Duration::from_millis(3_900), "{:?}", start.elapsed());
    held.iter_mut().for_each(|client| assert_eq!(client.answer().status, 503));
    for gate in gates {
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
    }
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
    assert!(start.elapsed() < Duration::from_secs(20));
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
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn when_it_is_full_half_a_request_makes_place_once_it_is_slow() {
    let hall = hall(|limits| (limits.connections_max, limits.slow_after_ms) = (2, 2_000));
    let (mut one, mut two) = (hall.client(), hall.client());
    let head = "GET /echo HTTP/1.1\r\nHo";
    one.send(head);
    hall.until("one has begun", |metrics| metrics.received_bytes_total.get() == head.len() as u64);
    two.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
    hall.until("both have begun", |metrics| metrics.received_bytes_total.get() > 60);
    assert_eq!(hall.client().answer().status, 503, "neither is slow yet");
    std::thread::park_timeout(Duration::from_millis(2_100));
    let mut three = hall.client();
    three.get("/wait?1");
    one.is_closed();
    hall.until("its place is taken", |metrics| metrics.parked.get() == 1);
    hall.client().get("/wait?1");
    two.is_closed();
    assert_eq!(hall.door.metrics().connections_evicted_slow_total.get(), 2);
}

#[test]
fn requests_beyond_the_queue_are_refused_and_the_connection_goes_on() {
    let hall = hall(|limits| (limits.inner_reads, limits.workers, limits.queue_max) = (1, 1, 1));
    let (mut held, mut queued, mut refused) = (hall.client(), hall.client(), hall.client());
    held.get("/held");
    hall.until("the line is taken", |metrics| metrics.relayed_total.get() == 1);
    queued.get("/echo?queued");
    hall.until("one waits for it", |metrics| metrics.queued.get() == 1);
    let answer = refused.get("/echo").answer();
    assert!(answer.status == 503 && answer.head.contains("Retry-After: "), "{answer:?}");
    hall.open_gate();
    assert_eq!((held.answer().body.as_str(), queued.answer().body.as_str()), ("held", "GET queued 127.0.0.1 0 "));
    assert_eq!(refused.get("/echo?again").answer().body, "GET again 127.0.0.1 0 ");
}

#[test]
fn a_slow_reader_is_let_go_in_time_and_disturbs_nobody() {
    let hall = hall(|limits| limits.write_max_ms = 2_000);
    let (mut slow, mut quick) = (hall.client(), hall.client());
    slow.get("/big?20000000");
    hall.until("its answer is kept", |metrics| metrics.buffered_bytes.get() > 1 << 20);
    while hall.door.metrics().connections_expired_write_total.get() == 0 {
        let start = Instant::now();
        assert_eq!(quick.get("/echo").answer().status, 200);
        assert!(start.elapsed() < Duration::from_secs(1));
    }
    hall.until("its memory is free", |metrics| metrics.buffered_bytes.get() < 1 << 20);
}

#[test]
fn when_buffers_run_out_the_greediest_goes_first() {
    let hall = hall(|limits| limits.buffers_max_bytes = 30 << 20);
    let (mut greedy, mut modest) = (hall.client(), hall.client());
    greedy.get("/big?24000000");
    hall.until("its answer is kept", |metrics| metrics.buffered_bytes.get() > 12 << 20);
    modest.get("/big?16000000");
    hall.until("the greedy one is gone", |metrics| metrics.connections_evicted_buffers_total.get() == 1);
    assert_eq!(modest.answer().body.len(), 16_000_000);
    let mut kept = hall.client();
    kept.get("/big?24000000");
    hall.until("another is kept", |metrics| metrics.buffered_bytes.get() > 12 << 20);
    let start = "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 16000000\r\n\r\n";
    assert_eq!(hall.client().send(start).send(&"x".repeat(16_000_000)).answer().status, 200, "room was made");
    assert_eq!(hall.door.metrics().connections_evicted_buffers_total.get(), 2);
}

#[test]
fn a_stop_under_load_leaves_no_answer_half_sent() {
    let hall = hall(|_| {});
    let address = hall.door.address();
    let metrics = hall.door.metrics();
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
    hall.until("the load runs", |metrics| metrics.relayed_total.get() > 1_000);
    let start = Instant::now();
    hall.door.stop();
    assert!(start.elapsed() < Duration::from_secs(20));
    load.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(metrics.connections_open.get(), 0);
    assert_eq!(metrics.answers_by_class[2].get(), metrics.relayed_total.get(), "what went in came out");
}
