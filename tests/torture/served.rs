//! The real program as a child process on a file, to be ended in every way and started again.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::calls::{Call, bearer};
use super::history::best::{HALL, ROW};
use super::history::dates::gives_back;
use super::history::is_for_a_child;
use super::outside::{Holds, comes_true};
use super::report::patience;
use super::shim::Shim;
use super::wire::Answer;

pub use crate::support::{PRICE, STAFF_KEY};

/// How a program is started.
#[derive(Clone, Copy, Default)]
pub struct Start<'a> {
    pub flags: &'a [&'a str],
    pub shim: Option<&'a Shim>,
    /// Whether the shim writes its trace.
    pub traced: bool,
}

/// `boxoffice serve` on a file.
pub struct Served {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    errors: PathBuf,
    pub address: SocketAddr,
    /// From the start of the process to its first answer that it can write.
    pub ready_after: Duration,
}

/// The concert that has a line of its own.
pub const OWN_CONCERT: i64 = 2;

impl Served {
    fn command(database: &Path, start: Start) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
        command.arg("serve").arg("--database").arg(database).stdin(Stdio::null());
        command.args(["--listen", "127.0.0.1:0", "--staff-key", STAFF_KEY]).args(start.flags);
        if let Some(shim) = start.shim {
            shim.put_around(&mut command, database, start.traced);
        }
        command
    }

    /// Starts it and kills it after a moment, wherever its start has come to.
    pub fn start_and_kill(database: &Path, start: Start, after: Duration) -> io::Result<()> {
        let mut command = Served::command(database, start);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        crate::support::wait::sleep(after);
        child.kill()?;
        child.wait().map(drop)
    }

    /// Starts it and waits until it can write. An error is the sentence with which it refused.
    pub fn start(database: &Path, start: Start) -> io::Result<Served> {
        let errors = database.with_extension("said");
        let mut command = Served::command(database, start);
        let began = Instant::now();
        command.stdout(Stdio::piped()).stderr(File::create(&errors)?);
        let mut child = command.spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        let Some(address) = address else {
            let status = child.wait()?;
            return Err(io::Error::other(format!("{status}: {}", std::fs::read_to_string(errors)?.trim_end())));
        };
        let mut served = Served { child, _stdout: stdout, errors, address, ready_after: Duration::ZERO };
        let ready = Call::get("/readyz").ask(&mut None, address)?;
        if ready.status != 200 {
            return Err(io::Error::other(format!("not ready: {}", ready.text())));
        }
        served.ready_after = began.elapsed();
        Ok(served)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn holds(&self) -> io::Result<Holds> {
        Holds::of(self.child.id())
    }

    /// What it said on standard error.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// `kill -9`.
    pub fn kill(self) {}

    /// SIGTERM; gives how it ended, if it did in time.
    pub fn terminate(mut self) -> Option<ExitStatus> {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).ok()?;
        self.ends_within(patience(5_000))
    }

    /// How it ended by itself, if it does in time.
    pub fn ends_within(&mut self, time: Duration) -> Option<ExitStatus> {
        comes_true(time, || self.child.try_wait().is_ok_and(|status| status.is_some()));
        self.child.try_wait().ok().flatten()
    }

    /// A call by staff, which must come to this status.
    pub fn staff(&self, method: &'static str, path: &str, body: Value, status: u16) -> io::Result<Answer> {
        let path = format!("/api/v1/staff{path}");
        let call = Call { method, path, authorization: bearer(STAFF_KEY), key: String::new(), body };
        let answer = call.ask(&mut None, self.address)?;
        let is_so = answer.status == status;
        is_so.then_some(()).ok_or_else(|| io::Error::other(format!("{}: {}", call.path, answer.text())))?;
        Ok(answer)
    }

    /// Starts it on a new file, with one concert of so many dates of so many seats each.
    pub fn open(database: &Path, start: Start, dates: usize, seats: usize) -> io::Result<Served> {
        let served = Served::start(database, start)?;
        served.add_dates(dates as i64, seats as i64)?;
        Ok(served)
    }

    /// A second concert, whose one date has so many seats, with a line of its own; gives the id of the date: odd.
    pub fn add_own_line(&self, seats: usize) -> io::Result<i64> {
        self.staff("POST", "/concerts", json!({ "title": "Tag" }), 201)?;
        let date = date("2200-01-01T10:00:00Z", seats, false);
        let added = self.staff("POST", &format!("/concerts/{OWN_CONCERT}/schedules"), date, 201)?;
        self.staff("PUT", &format!("/concerts/{OWN_CONCERT}/line"), json!({}), 200)?;
        let added: Value = serde_json::from_slice(&added.body)?;
        added["scheduleId"].as_i64().ok_or_else(|| io::Error::other("a date without an id"))
    }

    /// One concert with so many dates of so many seats each.
    pub fn add_dates(&self, dates: i64, seats: i64) -> io::Result<()> {
        self.staff("POST", "/concerts", json!({ "title": "Nacht" }), 201)?;
        for day in 0..dates {
            let (starts_at, gives_back) = (format!("21{day:02}-01-01T10:00:00Z"), gives_back(day + 1));
            self.staff("POST", "/concerts/1/schedules", date(&starts_at, seats as usize, gives_back), 201)?;
        }
        Ok(())
    }
}

/// A date of rows whose every fifth seat is in a box; children get seats at half the price. Its buyers may change their
/// minds, or only once it was moved.
fn date(starts_at: &str, seats: usize, gives_back: bool) -> Value {
    let seat = |number: usize| {
        let label = number.to_string();
        let category = if is_for_a_child(&label) { "Box" } else { HALL };
        json!({ "seat": label, "row": number.div_ceil(ROW).to_string(), "category": category, "price": PRICE })
    };
    let layout = json!({ "seats": (1..=seats).map(seat).collect::<Vec<_>>() });
    let tariffs = json!([{ "name": "Child", "percent": 50 }]);
    let refund_until_hours = gives_back.then_some(0);
    json!({ "startsAt": starts_at, "layout": layout, "tariffs": tariffs, "refundUntilHours": refund_until_hours })
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}
