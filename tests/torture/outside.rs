//! The hall, from outside: its process, its orders, and what it holds.

use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

pub use crate::support::wait::{comes_true, pause};

use super::inside::ASKED;
use super::report::{Against, Report};
use super::wire::{Wire, get, post};

/// The entry in `tests/process/torture_http.rs` that is the server when a row asks for one; the
/// program of the torture looks at [`ASKED`] alone.
const SERVER_TEST: &str = "torture_http::server_of_a_row";
/// Nobody: a user whom limits bind (root they do not).
const NOBODY: u32 = 65_534;

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    pub threads: usize,
    pub descriptors: usize,
    pub memory_kib: usize,
}

impl Holds {
    pub fn of(process: u32) -> io::Result<Holds> {
        let count = |what: &str| fs::read_dir(format!("/proc/{process}/{what}")).map(Iterator::count);
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let memory =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
        Ok(Holds { threads: count("task")?, descriptors: count("fd")?, memory_kib: memory.unwrap_or(0) })
    }
}

pub struct TestApp {
    child: Child,
    orders: ChildStdin,
    replies: BufReader<ChildStdout>,
    pub address: SocketAddr,
    /// A byte for a byte, without the HTTP server.
    pub plain: SocketAddr,
    _copy: Option<tempfile::TempDir>,
}

impl TestApp {
    pub fn open(report: &Report, settings: &str) -> TestApp {
        TestApp::start(report, settings, false).unwrap()
    }

    /// A hall of a user whom limits bind.
    pub fn open_as_nobody(report: &Report, settings: &str) -> TestApp {
        TestApp::start(report, settings, true).unwrap()
    }

    fn start(report: &Report, settings: &str, as_nobody: bool) -> io::Result<TestApp> {
        let direct = if report.against == Against::Direct { "direct " } else { "" };
        let program = std::env::current_exe()?;
        let is_root = rustix::process::geteuid().is_root();
        let mut copy = None;
        let mut command = if as_nobody && is_root {
            let folder = tempfile::tempdir()?; // where nobody may run it
            fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
            let program_copy = folder.path().join("hall");
            fs::copy(program, &program_copy)?;
            fs::set_permissions(&program_copy, Permissions::from_mode(0o755))?;
            copy = Some(folder);
            let mut command = Command::new(program_copy);
            command.uid(NOBODY).gid(NOBODY).current_dir("/");
            command
        } else {
            Command::new(program)
        };
        command.args(["--exact", SERVER_TEST, "--ignored", "--nocapture"]).env(ASKED, format!("{direct}{settings}"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if std::env::var_os("TORTURE_STDERR").is_some() { Stdio::inherit() } else { Stdio::null() })
            .spawn()?;
        let orders = child.stdin.take().unwrap();
        let mut replies = BufReader::new(child.stdout.take().unwrap());
        let ready = reply(&mut replies)?;
        let words: Vec<&str> = ready.split(' ').collect();
        let (address, plain) = (words[0].parse().unwrap(), words[1].parse().unwrap());
        Ok(TestApp { child, orders, replies, address, plain, _copy: copy })
    }

    /// Gives an order; gives what the hall says to it.
    pub fn order(&mut self, order: &str) -> io::Result<String> {
        writeln!(self.orders, "{order}")?;
        reply(&mut self.replies)
    }

    /// A figure of the HTTP server; 0 where there is none.
    pub fn figure(&mut self, name: &str) -> io::Result<u64> {
        let figures = self.order("figures")?;
        let name = format!("boxoffice_http_{name} ");
        Ok(figures.split(';').find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0))
    }

    pub fn holds(&self) -> io::Result<Holds> {
        Holds::of(self.child.id())
    }

    pub fn wire(&self) -> io::Result<Wire> {
        Wire::open(self.address)
    }

    /// Uses the hall until it has its inner connection, each of its workers has worked, and it has its buffers.
    pub fn warm_up(&mut self) -> io::Result<Holds> {
        let mut held = Vec::new();
        for n in 0..4 {
            let mut wire = self.wire()?;
            wire.send(if n % 2 == 0 { get("/hold") } else { post("/hold", "") })?;
            held.push(wire);
        }
        let count = held.len().to_string();
        if !comes_true(Duration::from_secs(10), || self.order("held").is_ok_and(|held| held == count)) {
            return Err(io::Error::other(format!(
                "{:?} of {count} requests are with the handlers",
                self.order("held")
            )));
        }
        self.order("release")?;
        for (n, mut wire) in held.into_iter().enumerate() {
            wire.echoed(if n % 2 == 0 { "GET" } else { "POST" }, "/hold", b"")?;
        }
        self.wire()?.echo("/echo?warm")?;
        self.settles()
    }

    /// What it holds once clients that have gone are forgotten.
    pub fn settles(&mut self) -> io::Result<Holds> {
        let deadline = Instant::now() + Duration::from_secs(3);
        while self.figure("connections_open")? > 0 && Instant::now() < deadline {
            pause();
        }
        self.holds()
    }

    /// It lives, serves, and within `within` holds no more threads and descriptors than before, and hardly more memory.
    pub fn is_as_before(&mut self, before: Holds, within: Duration, more_kib: usize, report: &mut Report) {
        let deadline = Instant::now() + within;
        let is_back = |now: &io::Result<Holds>| {
            now.as_ref().is_ok_and(|now| now.threads <= before.threads && now.descriptors <= before.descriptors)
        };
        let mut now = self.holds();
        while !is_back(&now) && Instant::now() < deadline {
            pause();
            now = self.holds();
        }
        report.check(is_back(&now), || format!("it holds {now:?}, before {before:?}"));
        let memory_kib = now.map_or(0, |now| now.memory_kib);
        report.check(memory_kib <= before.memory_kib + more_kib, || format!("{memory_kib} KiB, before {before:?}"));
        let served = self.wire().and_then(|mut wire| wire.echo("/echo?still-there"));
        report.got("afterwards", served);
        report.check(matches!(self.child.try_wait(), Ok(None)), || "the process has ended".to_owned());
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = self.child.kill(); // its own end needs its answers read
        let _ = self.child.wait();
    }
}

fn reply(replies: &mut impl BufRead) -> io::Result<String> {
    loop {
        let mut line = String::new();
        if replies.read_line(&mut line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the hall's process has ended"));
        }
        if let Some(reply) = line.trim_end().strip_prefix(">> ") {
            return Ok(reply.to_owned());
        }
    }
}
