//! `cargo bench --bench holds`: durable seat holds a second at 64 connections, sharing commits and with one transaction
//! each, in alternating rounds of one run; and polls beside them.

#![allow(clippy::unwrap_used, reason = "what a benchmark cannot go on without ends it here")]

#[path = "../hall/mod.rs"]
mod hall;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::Instant;

use hall::Hall;
use serde_json::{Value, json};

const CONNECTIONS: usize = 64;
const HOLDS: usize = 6_400;
const ROUNDS: usize = 5;

/// A keep-alive connection that sends what it is given and reads whole answers.
struct Wire(BufReader<TcpStream>);

impl Wire {
    fn open(address: &str) -> Wire {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Wire(BufReader::new(stream))
    }

    /// The status and the body.
    fn call(&mut self, request: &str) -> (u16, Vec<u8>) {
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, body)
    }
}

fn post(path: &str, token: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Runs `count` calls over all connections; gives calls a second, and the latencies in microseconds, sorted.
fn storm(address: &str, count: usize, request: impl Fn(usize) -> String + Sync, expect: u16) -> (f64, Vec<u64>) {
    let (next, barrier) = (AtomicUsize::new(0), Barrier::new(CONNECTIONS + 1));
    let wrong = AtomicU64::new(0);
    let mut latencies = Vec::new();
    let began = std::thread::scope(|scope| {
        let work = || {
            let mut wire = Wire::open(address);
            let mut latencies = Vec::new();
            barrier.wait();
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= count {
                    break latencies;
                }
                let request = request(number);
                let began = Instant::now();
                let (status, body) = wire.call(&request);
                latencies.push(began.elapsed().as_micros() as u64);
                if status != expect && wrong.fetch_add(1, Relaxed) == 0 {
                    eprintln!("{status}: {}", String::from_utf8_lossy(&body));
                }
            }
        };
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
        barrier.wait();
        let began = Instant::now();
        threads.into_iter().for_each(|thread| latencies.extend(thread.join().unwrap()));
        began
    });
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(wrong.into_inner(), 0, "every answer must be {expect}");
    latencies.sort_unstable();
    (count as f64 / seconds, latencies)
}

fn field(body: &[u8], name: &str) -> String {
    let value: Value = serde_json::from_slice(body).unwrap();
    value[name].as_str().unwrap().to_owned()
}

struct Round {
    holds_per_second: f64,
    p99_us: u64,
    polls_per_second: f64,
    batch: f64,
}

fn round(batch_max: &str) -> Round {
    let hall = Hall::empty(&["--max-active=0", "--writer-batch-max", batch_max]);
    hall.staff("POST", "/concerts", json!({ "title": "Bench" })).must(201);
    let layout = json!({ "numbered": { "count": HOLDS, "price": 1 } });
    let date = json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout });
    hall.staff("POST", "/concerts/1/schedules", date).must(201);
    let address = hall.url().trim_start_matches("http://").to_owned();
    let tokens: Arc<Vec<String>> = Arc::new(make_tokens(&address));
    let (polls_per_second, _) = storm(
        &address,
        40_000,
        |n| {
            let token = &tokens[n % tokens.len()];
            format!("GET /api/v1/queue/token HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
        },
        200,
    );
    let (commits, jobs) = counts(&hall);
    let hold =
        |n: usize| post("/reservations", &tokens[n], &json!({ "scheduleId": 1, "seats": [(n + 1).to_string()] }));
    let (holds_per_second, latencies) = storm(&address, HOLDS, hold, 201);
    let (commits_after, jobs_after) = counts(&hall);
    Round {
        holds_per_second,
        p99_us: latencies[latencies.len() * 99 / 100],
        polls_per_second,
        batch: (jobs_after - jobs) as f64 / (commits_after - commits).max(1) as f64,
    }
}

fn make_tokens(address: &str) -> Vec<String> {
    let tokens = std::sync::Mutex::new(Vec::with_capacity(HOLDS));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut wire = Wire::open(address);
                while next.fetch_add(1, Relaxed) < HOLDS {
                    let (_, user) = wire.call(&post("/users", "", &json!({ "name": "Kim" })));
                    let body = json!({ "userId": field(&user, "userId"), "userKey": field(&user, "userKey") });
                    let (_, token) = wire.call(&post("/queue/tokens", "", &body));
                    tokens.lock().unwrap().push(field(&token, "token"));
                }
            });
        }
    });
    tokens.into_inner().unwrap()
}

/// Commits and jobs so far.
fn counts(hall: &Hall) -> (u64, u64) {
    let text = hall.client.call("GET", "/metrics", "", None).text;
    let count = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    };
    (count("boxoffice_writer_commits_total "), count("boxoffice_writer_jobs_total "))
}

fn median_and_spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    format!("{:.0} ({:.0} to {:.0})", values[values.len() / 2], values[0], values[values.len() - 1])
}

fn main() {
    let (mut shared, mut single) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        shared.push(round("1024"));
        single.push(round("1"));
    }
    println!("{ROUNDS} alternating rounds, {CONNECTIONS} connections, {HOLDS} holds each: median (least to most)");
    for (name, rounds) in [("commits shared", &shared), ("one transaction each", &single)] {
        let of = |figure: fn(&Round) -> f64| median_and_spread(rounds.iter().map(figure).collect());
        println!("{name}: holds/s {}", of(|round| round.holds_per_second));
        println!("{name}: hold p99 µs {}", of(|round| round.p99_us as f64));
        println!("{name}: jobs a commit {}", of(|round| round.batch));
        println!("{name}: polls/s {}", of(|round| round.polls_per_second));
    }
    let ratios = shared.iter().zip(&single).map(|(a, b)| 100.0 * a.holds_per_second / b.holds_per_second).collect();
    println!("shared to single: {} %", median_and_spread(ratios));
}
