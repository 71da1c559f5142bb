//! The real program as a child process on a file, to be killed and started again.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, Client, STAFF_KEY, bearer};

/// A start must have it writing again within this, in a debug build beside other tests too;
/// `scripts/torture` holds a release build to two seconds.
const READY_MAX: Duration = Duration::from_secs(20);
/// A stop in good order takes so long at most, beside other tests too.
const STOP_MAX: Duration = Duration::from_secs(20);

/// `boxoffice serve` on a file.
pub struct Server {
    child: Option<Child>,
    _stdout: BufReader<ChildStdout>,
    pub client: Client,
}

fn command(database: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.arg("serve").arg("--database").arg(database).args(["--listen", "127.0.0.1:0", "--staff-key", STAFF_KEY]);
    command.args(flags).stdin(Stdio::null());
    command
}

impl Server {
    /// Starts it and waits until it can write.
    pub fn start(database: &Path, flags: &[&str]) -> Server {
        Server::run(command(database, flags), Stdio::null())
    }

    /// The same where standard error, and with it the log, goes somewhere.
    pub fn start_logging(database: &Path, flags: &[&str], wanted: &str, log: impl Into<Stdio>) -> Server {
        let mut command = command(database, flags);
        command.env("RUST_LOG", wanted);
        Server::run(command, log.into())
    }

    /// The same with something put around it.
    pub fn start_around(database: &Path, flags: &[&str], put_around: impl FnOnce(&mut Command)) -> Server {
        let mut command = command(database, flags);
        put_around(&mut command);
        Server::run(command, Stdio::null())
    }

    fn run(mut command: Command, log: Stdio) -> Server {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.strip_prefix("boxoffice is open at ").and_then(|rest| rest.split(' ').next());
        let client = Client::of(url.unwrap_or_else(|| panic!("it said {line:?}")));
        client.call("GET", "/readyz", "", None).must(200);
        let took = started.elapsed();
        assert!(took < READY_MAX, "ready after {took:?} only");
        Server { child: Some(child), _stdout: stdout, client }
    }

    /// Starts it on a file and kills it after a moment, wherever its start has come to.
    pub fn start_and_kill(database: &Path, flags: &[&str], after: Duration) {
        let mut child = command(database, flags).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        super::wait::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Runs it where it is expected to refuse to start.
    pub fn refused(database: &Path, flags: &[&str]) -> Output {
        Server::refused_around(database, flags, |_| {})
    }

    /// The same with something put around it.
    pub fn refused_around(database: &Path, flags: &[&str], put_around: impl FnOnce(&mut Command)) -> Output {
        let mut command = command(database, flags);
        put_around(&mut command);
        command.output().unwrap()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.end();
    }

    /// SIGTERM; gives back how it ended, which must be soon.
    pub fn terminate(self) -> ExitStatus {
        let sent = Command::new("/bin/kill").args(["-TERM", &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.ended()
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Waits for its end, which must be soon.
    pub fn ended(mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        let id = child.id();
        std::thread::spawn(move || sender.send(child.wait().unwrap()));
        receiver.recv_timeout(STOP_MAX).unwrap_or_else(|_| {
            let _ = Command::new("/bin/kill").args(["-KILL", &id.to_string()]).status();
            panic!("it did not stop within {STOP_MAX:?}")
        })
    }

    pub fn staff(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.client.call(method, &format!("/api/v1/staff{path}"), &bearer(STAFF_KEY), body)
    }

    /// Turns the test clock and gives back what it shows then.
    pub fn turn_ms(&self, ms: u64) -> String {
        let answer = self.staff("POST", "/clock", Some(json!({ "advanceMilliseconds": ms })));
        answer.must(200)["now"].as_str().unwrap().to_owned()
    }

    /// One concert with one date of so many seats.
    pub fn add_seats(&self, count: usize) {
        self.staff("POST", "/concerts", Some(json!({ "title": "Nacht" }))).must(201);
        let layout = json!({ "numbered": { "count": count, "price": crate::support::PRICE } });
        let date = json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout });
        self.staff("POST", "/concerts/1/schedules", Some(date)).must(201);
    }

    /// A new user in the line, or let in.
    pub fn customer(&self) -> crate::support::Customer {
        let user = self.client.call("POST", "/api/v1/users", "", Some(json!({ "name": "Kim" }))).must(201).clone();
        let text = |name: &str| user[name].as_str().unwrap().to_owned();
        let client = self.client.clone();
        let mut customer =
            crate::support::Customer { id: text("userId"), key: text("userKey"), token: String::new(), client };
        customer.line_up();
        customer
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
