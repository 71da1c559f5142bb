//! The servers of the line benchmark as processes of their own, files full of waiting people, and a client.

#![allow(clippy::unwrap_used, reason = "what a benchmark cannot go on without ends it here")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const STAFF_KEY: &str = "a-staff-key-for-benchmarks";

/// A keep-alive connection that sends what it is given and reads whole answers.
pub struct Wire(BufReader<TcpStream>);

impl Wire {
    pub fn open(address: &str) -> Wire {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        Wire(BufReader::new(stream))
    }

    /// The status and the body.
    pub fn call(&mut self, request: &str) -> (u16, Vec<u8>) {
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut status, mut length) = (0, 0);
        let mut line = String::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, body)
    }
}

/// The token of a number: spread over all 128 bits, as random ones are, and known to both sides.
pub fn token(number: usize) -> u128 {
    let mix = |mut x: u64| {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let number = number as u64 + 1;
    u128::from(mix(number)) << 64 | u128::from(mix(!number))
}

/// The user of a number: a UUID of version 7, ascending with the number.
pub fn user(number: usize) -> uuid::Uuid {
    uuid::Builder::from_unix_timestamp_millis(1_700_000_000_000 + number as u64, &[7; 10]).into_uuid()
}

/// Puts `count` people into the line of a file that no server has open. The rows are those that `src/user/sql.rs` and
/// `src/queue/sql.rs` write for `POST /users` and `POST /queue/tokens` (a user with a key's hash, a waiting token whose place
/// is its id), written in one transaction: through HTTP a million would take minutes. Their `TOKEN_ISSUED` events are left
/// out: nothing at start and nothing that is measured reads them.
pub fn fill(database: &Path, count: usize) {
    let mut file = rusqlite::Connection::open(database).unwrap();
    file.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;").unwrap();
    let now_ms: i64 = file.query_row("SELECT seen_at FROM venue", [], |row| row.get(0)).unwrap();
    let tx = file.transaction().unwrap();
    {
        let mut users = tx
            .prepare("INSERT INTO user (user_id, name, key_hash, created_at) VALUES (?1, 'Kim', zeroblob(32), ?2)")
            .unwrap();
        for number in 0..count {
            users.execute((user(number), now_ms)).unwrap();
        }
        let mut tokens = tx
            .prepare("INSERT INTO token (token, user_id, place, status, issued_at) VALUES (?1, ?2, ?3, 'WAITING', ?4)")
            .unwrap();
        for number in 0..count {
            let key = token(number).to_be_bytes();
            tokens.execute((&key[..], user(number), number as i64 + 1, now_ms)).unwrap();
        }
    }
    tx.commit().unwrap();
    file.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
}

/// A running server; it ends when this is dropped.
pub struct Server {
    child: Child,
    pub address: String,
    /// From its start to its first answer.
    pub started_in: Duration,
}

impl Server {
    pub fn start(database: &Path) -> Server {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--test-clock",
                "--until-stdin-closes",
                "--staff-key",
                STAFF_KEY,
            ])
            .arg("--database")
            .arg(database)
            .env("RUST_LOG", "error")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut told).unwrap();
        let address = told.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        let (status, _) = Wire::open(&address).call("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(status, 200);
        Server { child, address, started_in: began.elapsed() }
    }

    /// A number of `/proc/<pid>/status`, in bytes.
    pub fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
    }

    pub fn staff(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} /api/v1/staff{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {STAFF_KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let (status, body) = Wire::open(&self.address).call(&request);
        assert_eq!(status, 200, "{method} {path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// A figure of the line.
    pub fn figure(&self, name: &str) -> u64 {
        self.staff("GET", "/queue", &Value::Null)[name].as_u64().unwrap()
    }

    pub fn change(&self, rules: &Value) {
        self.staff("PATCH", "/queue", rules);
    }

    pub fn advance_ms(&self, ms: u64) {
        self.staff("POST", "/clock", &json!({ "advanceMilliseconds": ms }));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait(); // it ends with its standard input
    }
}

/// Polls each of the numbers that `next` gives, over so many connections, until there is none. Calls a second, and the
/// latencies in microseconds, sorted, of those that began while `counts` was set.
pub fn poll_all(
    address: &str,
    connections: usize,
    counts: &AtomicBool,
    next: impl Fn() -> Option<usize> + Sync,
) -> (f64, Vec<u64>) {
    let mut latencies: Vec<u64> = Vec::new();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let work = || {
            let mut wire = Wire::open(address);
            let mut latencies = Vec::new();
            while let Some(number) = next() {
                let request = format!(
                    "GET /api/v1/queue/token HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {:032x}\r\n\r\n",
                    token(number)
                );
                let (began, counted) = (Instant::now(), counts.load(Relaxed));
                let (status, body) = wire.call(&request);
                if counted {
                    latencies.push(began.elapsed().as_micros() as u64);
                }
                assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            }
            latencies
        };
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(work)).collect();
        threads.into_iter().for_each(|thread| latencies.extend(thread.join().unwrap()));
    });
    let rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    (rate, latencies)
}

/// `count` polls of people all over the line.
pub fn storm(address: &str, connections: usize, count: usize, waiting: usize) -> (f64, Vec<u64>) {
    let asked = AtomicUsize::new(0);
    poll_all(address, connections, &AtomicBool::new(true), || {
        let turn = asked.fetch_add(1, Relaxed);
        (turn < count).then(|| (turn as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize % waiting)
    })
}

/// Polls people from a range until `over`; the latencies of polls that began while `counts` was set.
pub fn poll_until(
    address: &str,
    connections: usize,
    range: std::ops::Range<usize>,
    counts: &AtomicBool,
    over: &AtomicBool,
) -> Vec<u64> {
    let asked = AtomicUsize::new(0);
    let next = || (!over.load(Relaxed)).then(|| range.start + asked.fetch_add(1, Relaxed) * 7_919 % range.len());
    poll_all(address, connections, counts, next).1
}
