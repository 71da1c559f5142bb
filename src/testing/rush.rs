//! A rush on this server, begun from a page: `boxoffice rush` as a program of its own, so that its customers come over
//! real connections; afterwards the file is checked.

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::TestServer;
use crate::call::{Answer, Context};
use crate::check;
use crate::http::{Credential, Reply};
use crate::refusal::Refusal;
use crate::settings::loopback_url_of;
use crate::store::Outcome;

/// What a rush that a page begins may have at most: the page shows every seat.
const CUSTOMERS_MAX: i64 = 100_000;
const SEATS_MAX: i64 = 20_000;
/// How many times faster than the clock its customers think.
const SPEED_MAX: f64 = 100.0;

/// The rush of a server: at most one at a time.
#[derive(Debug)]
pub struct RushRunner {
    state: Arc<Mutex<State>>,
    /// Where customers go, and where staff do; set once both are open.
    urls: OnceLock<[String; 2]>,
    database: PathBuf,
}

#[derive(Debug, Default)]
struct State {
    shown: RushReport,
    child: Option<Child>,
}

/// How the last rush goes, or what came of it.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RushReport {
    state: Progress,
    customers: i64,
    seats: i64,
    speed: f64,
    /// Of the audit: whether nothing was wrong.
    clean: Option<bool>,
    checks: Vec<CheckReport>,
    /// Why there was no audit.
    failure: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Progress {
    #[default]
    None,
    Running,
    Done,
    Failed,
}

/// What one check of the audit came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckReport {
    name: String,
    clean: bool,
    fault_count: usize,
    faults: Vec<String>,
}

/// What `boxoffice rush --json` says, as far as it is shown.
#[derive(Deserialize)]
struct RushOutput {
    clean: Option<bool>,
    audit: Vec<CheckReport>,
}

impl RushRunner {
    /// For the file of a server.
    pub fn of(database: PathBuf) -> RushRunner {
        RushRunner { state: Arc::default(), urls: OnceLock::new(), database }
    }

    /// Says where the server is.
    pub fn set_addresses(&self, scheme: &str, customers: SocketAddr, staff: SocketAddr) {
        let _ = self.urls.set([customers, staff].map(|address| loopback_url_of(scheme, address))); // once
    }

    /// Begins one, unless one runs; gives the one that runs.
    fn begin(&self, staff_key: &str, wanted: RushReport) -> Result<RushReport, Refusal> {
        let mut state = self.state.lock();
        if state.child.is_some() {
            return Ok(state.shown.clone());
        }
        let [url, staff_url] = self.urls.get().ok_or(Refusal::Internal)?;
        let begun = std::env::current_exe().and_then(|program| {
            Command::new(program)
                .args(["rush", "--json", "--without-proof", "--url", url, "--staff-url", staff_url])
                .args(["--customers", &wanted.customers.to_string(), "--seats", &wanted.seats.to_string()])
                .args(["--speed", &wanted.speed.to_string(), "--patience", &limit_seconds(&wanted).to_string()])
                .env("BOXOFFICE_STAFF_KEY", staff_key)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
        });
        let mut child = begun.map_err(|error| {
            log::error!("a rush could not be begun; look at the limits of processes and memory: {error}");
            Refusal::Internal
        })?;
        let (out, errors) = (child.stdout.take(), child.stderr.take());
        *state = State { shown: RushReport { state: Progress::Running, ..wanted }, child: Some(child) };
        let shown = state.shown.clone();
        drop(state);
        let (shared, database) = (Arc::clone(&self.state), self.database.clone());
        let follow = move || {
            let (told, why) = (all_of(out), all_of(errors));
            let audited = audited(&told, &why, &database);
            let mut state = shared.lock();
            if let Some(mut child) = state.child.take() {
                let _ = child.wait(); // both of its outputs are closed
            }
            state.shown = RushReport {
                customers: state.shown.customers,
                seats: state.shown.seats,
                speed: state.shown.speed,
                ..audited
            };
        };
        std::thread::Builder::new().name("rush".into()).spawn(follow).map_err(|_| Refusal::Internal)?;
        Ok(shown)
    }

    fn end(&self) {
        if let Some(child) = &mut self.state.lock().child {
            let _ = child.kill(); // one that is gone already needs none
        }
    }
}

impl Drop for RushRunner {
    fn drop(&mut self) {
        self.end();
    }
}

/// After so many seconds those go home who wait for seats that somebody holds without paying: a hall looks on.
fn limit_seconds(wanted: &RushReport) -> i64 {
    40 + wanted.customers / 20
}

/// All that is said until the pipe is closed.
fn all_of(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes)); // what was read until a fault
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What came of a rush, with the check of the file.
fn audited(told: &str, why: &str, database: &std::path::Path) -> RushReport {
    let Ok(RushOutput { clean: Some(clean), audit: mut checks }) = serde_json::from_str(told) else {
        let failure = why.lines().next().unwrap_or("it was ended before its audit").to_owned();
        return RushReport { state: Progress::Failed, failure: Some(failure), ..RushReport::default() };
    };
    let faults = check::check(database).unwrap_or_else(|error| vec![error.0]);
    checks.push(CheckReport {
        name: "the file agrees".into(),
        clean: faults.is_empty(),
        fault_count: faults.len(),
        faults,
    });
    let clean = clean && checks.iter().all(|check| check.clean);
    RushReport { state: Progress::Done, clean: Some(clean), checks, ..RushReport::default() }
}

/// `GET /staff/test/rush`, for admins, on a server for tests: 200 with how the rush goes, or what came of the last one.
pub fn rush(tests: &TestServer) -> Outcome<Answer> {
    Answer::json(200, &tests.rush.state.lock().shown)
}

/// `PUT /staff/test/rush`, for admins, on a server for tests: 200 with the rush that runs: a new one of `customers` for
/// `seats` at `speed`, or the one that runs already. They are simulated by a program beside the server, on a date of
/// its own, and audited in the end. 400 `INVALID_REQUEST`.
pub fn begin(tests: &TestServer, context: &Context) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let customers = fields.integer("customers", 1..=CUSTOMERS_MAX)?;
    let seats = fields.integer("seats", 1..=SEATS_MAX)?;
    let speed = fields.real("speed", 0.1..=SPEED_MAX)?;
    fields.end()?;
    let Credential::Bearer(staff_key) = Credential::of(context.request) else {
        return Err(Refusal::StaffKeyInvalid.into());
    };
    let wanted = RushReport { customers, seats, speed, ..RushReport::default() };
    Answer::json(200, &tests.rush.begin(&staff_key, wanted)?)
}

/// `DELETE /staff/test/rush`, for admins, on a server for tests: 204; the rush ends at once, without an audit.
pub fn end(tests: &TestServer) -> Outcome<Answer> {
    tests.rush.end();
    Ok(Answer::Ready(Reply::empty(204)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rush_that_says_nothing_failed_with_its_first_sentence() {
        let report = audited("", "no server there\nsecond\n", "/nowhere".as_ref());
        assert_eq!((report.state, report.failure.as_deref()), (Progress::Failed, Some("no server there")));
        let clean = json!({ "clean": true, "audit": [] }).to_string();
        let report = audited(&clean, "", "/nowhere".as_ref());
        assert_eq!(
            (report.state, report.clean),
            (Progress::Done, Some(false)),
            "a file that cannot be read is not clean"
        );
    }
}
