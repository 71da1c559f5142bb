//! Servers as processes of their own, so that their memory and processor time can be told.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::wire::{Wire, request};

const STAFF_KEY: &str = "a-staff-key-for-benchmarks";

/// A running server; it ends when this is dropped.
pub struct Served {
    child: Child,
    pub address: SocketAddr,
    pub began: Instant,
    /// From its start to its first answer.
    pub started_in: Duration,
}

/// Commits and jobs so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Writes {
    pub commits: u64,
    pub jobs: u64,
}

/// The program that is measured: the one just built, or another one, such as the one that `scripts/dist` packs.
pub fn program() -> PathBuf {
    std::env::var_os("BOXOFFICE_PROGRAM").map_or(env!("CARGO_BIN_EXE_boxoffice").into(), PathBuf::from)
}

impl Served {
    /// A limit: `server` or `direct`.
    pub fn limit(kind: &str) -> Served {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Served::start(command.args(["serve", kind]), "/healthz")
    }

    /// The box office on a file.
    pub fn boxoffice(database: &Path, flags: &[&str]) -> Served {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--until-stdin-closes", "--staff-key", STAFF_KEY]);
        command.arg("--database").arg(database).args(flags).env("RUST_LOG", "error");
        Served::start(&mut command, "/healthz")
    }

    fn start(command: &mut Command, first: &str) -> Served {
        let began = Instant::now();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut told = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut told).unwrap();
        let after = told.split("http://").nth(1).unwrap();
        let address = after.trim().split([' ', ',']).next().unwrap().parse().unwrap();
        let status = Wire::open(address).call(&request("GET", first, "", &Value::Null)).status;
        assert_eq!(status, 200);
        Served { child, address, began, started_in: began.elapsed() }
    }

    /// Processor seconds used so far, in user and system mode.
    pub fn cpu_seconds(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after = text.rsplit_once(')').unwrap().1;
        let ticks: f64 = after.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().unwrap()).sum();
        ticks / rustix::param::clock_ticks_per_second() as f64
    }

    /// A figure of `/proc/…/status` in bytes: `VmRSS` is the memory resident now, `VmHWM` the most there was.
    pub fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
    }

    /// What the writer has counted so far; nothing where there is none.
    pub fn writes(&self) -> Writes {
        let mut wire = Wire::open(self.address);
        let answer = wire.call(&request("GET", "/metrics", "", &Value::Null));
        let count = |name: &str| {
            let line = answer.text().lines().find(|line| line.starts_with(name));
            line.map_or(0, |line| line.split(' ').nth(1).unwrap().parse().unwrap())
        };
        Writes { commits: count("boxoffice_writer_commits_total "), jobs: count("boxoffice_writer_jobs_total ") }
    }

    /// A call of the staff; it must be answered with 200 or 201.
    pub fn staff(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut wire = Wire::open(self.address);
        let answer = wire.call(&request(method, &format!("/api/v1/staff{path}"), STAFF_KEY, body));
        assert!(matches!(answer.status, 200 | 201), "{method} {path}: {}", answer.text());
        serde_json::from_slice(answer.body).unwrap()
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

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait(); // it ends with its standard input
    }
}
