//! A box office for tests in Rust: copy this file, with `ureq` 3 and `serde_json` among the dev-dependencies.

use std::io::{BufRead, BufReader, Error};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A running box office with the demo concert. It ends, and its file is removed, when it is dropped.
pub struct BoxOffice {
    /// Such as `http://127.0.0.1:41234`; the API is below `/api/v1`.
    pub url: String,
    /// An admin's key, for `Authorization: Bearer`.
    pub staff_key: String,
    /// All that it said when it was ready: `concertId`, `scheduleIds` …
    pub ready: Value,
    child: Child,
}

impl BoxOffice {
    /// Starts `program` (`boxoffice` where it is on the path) with a clock that stands still, and further flags of
    /// `boxoffice serve`.
    ///
    /// # Errors
    /// When it does not start; it says why on standard error.
    pub fn start(program: &str, flags: &[&str]) -> Result<BoxOffice, Error> {
        let mut command = Command::new(program);
        command.args(["serve", "--ephemeral", "--test-clock=frozen", "--until-stdin-closes"]).args(flags);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or(Error::other("no output"))?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        Ok(BoxOffice { url: text("url"), staff_key: text("staffKey"), ready, child })
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Turns the clock; comes back once everything that became due is written down.
    pub fn advance_ms(&self, ms: u64) -> Result<(), ureq::Error> {
        self.staff("/clock", &json!({ "advanceMilliseconds": ms }))
    }

    /// Goes back to the start, the clock too, in milliseconds: for one server of many tests.
    pub fn reset(&self) -> Result<(), ureq::Error> {
        self.staff("/test/reset", &json!({}))
    }

    fn staff(&self, path: &str, body: &Value) -> Result<(), ureq::Error> {
        ureq::post(format!("{}/api/v1/staff{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.staff_key))
            .header("Content-Type", "application/json")
            .send(body.to_string())
            .map(drop)
    }
}

impl Drop for BoxOffice {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // it ends with its standard input
        let _ = self.child.wait(); // a test that ends looks no further
    }
}
