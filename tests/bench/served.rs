//! Servers as processes of their own, so that their memory and processor time can be told.

use std::collections::HashMap;
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

/// What a thread used so far: processor time in microseconds, and how often it gave the processor away to wait.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThreadTimes {
    pub cpu_us: f64,
    pub sleeps: f64,
}

impl ThreadTimes {
    pub fn since(self, before: ThreadTimes) -> ThreadTimes {
        ThreadTimes { cpu_us: self.cpu_us - before.cpu_us, sleeps: self.sleeps - before.sleeps }
    }

    /// What each of so many answers used.
    pub fn of_each(self, answers: f64) -> ThreadTimes {
        ThreadTimes { cpu_us: self.cpu_us / answers, sleeps: self.sleeps / answers }
    }

    pub fn add(&mut self, other: ThreadTimes) {
        (self.cpu_us, self.sleeps) = (self.cpu_us + other.cpu_us, self.sleeps + other.sleeps);
    }
}

fn serve(database: &Path) -> Command {
    let mut command = Command::new(program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--until-stdin-closes", "--staff-key", STAFF_KEY]);
    command.arg("--database").arg(database);
    command
}

impl Served {
    /// A limit: `server` or `direct`.
    pub fn limit(kind: &str) -> Served {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Served::start(command.args(["serve", kind]), "/healthz")
    }

    /// The box office on a file.
    pub fn boxoffice(database: &Path, flags: &[&str]) -> Served {
        Served::start(serve(database).args(flags).env("RUST_LOG", "error"), "/healthz")
    }

    /// The same with all its statements in a log.
    pub fn logging_statements(database: &Path, log: &Path) -> Served {
        let log = std::fs::File::create(log).unwrap();
        let mut command = serve(database);
        Served::start(command.env("RUST_LOG", "boxoffice::store::statements=trace").stderr(log), "/healthz")
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

    /// The threads by their numbers, each with its name, empty for those that have none, and what it used so far.
    pub fn threads(&self) -> HashMap<String, (String, ThreadTimes)> {
        let of_program = std::fs::read_to_string(format!("/proc/{}/comm", self.child.id())).unwrap();
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let tasks = tasks.map(|task| task.unwrap().path()).filter_map(|task| {
            let read = |name: &str| std::fs::read_to_string(task.join(name)).ok();
            let (name, times, status) = (read("comm")?, read("schedstat")?, read("status")?);
            let sleeps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            let cpu_us = times.split(' ').next()?.parse::<f64>().ok()? / 1e3;
            let times = ThreadTimes { cpu_us, sleeps: sleeps.trim().parse().ok()? };
            let name = if name == of_program { String::new() } else { name };
            Some((task.file_name()?.to_str()?.to_owned(), (name, times)))
        });
        tasks.collect()
    }

    /// A figure of `/proc/…/status` in bytes: `VmRSS` is the memory resident now, `VmHWM` the most there was.
    pub fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
    }

    /// What the writer has counted so far; nothing where there is none.
    pub fn writes(&self) -> Writes {
        let [commits, jobs] =
            self.metrics(["boxoffice_writer_commits_total ", "boxoffice_writer_jobs_total "]).map(|count| count as u64);
        Writes { commits, jobs }
    }

    /// Seconds that commits have taken so far.
    pub fn commit_seconds(&self) -> f64 {
        let [seconds] = self.metrics(["boxoffice_writer_commit_seconds_sum "]);
        seconds
    }

    /// Metrics by the begins of their lines; 0 for those that are not there.
    fn metrics<const N: usize>(&self, names: [&str; N]) -> [f64; N] {
        let mut wire = Wire::open(self.address);
        let answer = wire.call(&request("GET", "/metrics", "", &Value::Null));
        names.map(|name| {
            let line = answer.text().lines().find(|line| line.starts_with(name));
            line.map_or(0.0, |line| line.split(' ').nth(1).unwrap().parse().unwrap())
        })
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
