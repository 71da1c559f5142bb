//! Servers for tests as other programs start them: a seed and what comes back of it, runs that repeat byte for byte, a
//! copy that is thrown away, and the line of JSON that says where it all is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::support::{Client, PRICE, STAFF_KEY, bearer};
use serde_json::{Value, json};

pub const FROZEN: [&str; 3] = ["--ephemeral", "--test-clock=frozen", "--test-clock-at=2026-11-22T10:00:00Z"];

/// `boxoffice serve` with a line of JSON, ended with this.
pub struct Serving {
    child: Child,
    pub ready: Value,
    pub client: Client,
}

impl Serving {
    pub fn start(arguments: &[&str]) -> Serving {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
        command.args(["serve", "--until-stdin-closes", "--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it said {line:?}"));
        let client = Client::of(ready["url"].as_str().unwrap());
        Serving { child, ready, client }
    }

    pub fn staff_key(&self) -> &str {
        self.ready["staffKey"].as_str().unwrap()
    }

    pub fn staff(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let answer = self.client.call(method, &format!("/api/v1/staff{path}"), &bearer(self.staff_key()), body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text);
        answer.body
    }

    /// Every byte that is sent for a request, and every byte of its answer.
    pub fn bytes(&self, method: &str, path: &str, authorization: &str, body: &str) -> String {
        let address = self.ready["url"].as_str().unwrap().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        let key = if authorization.is_empty() { String::new() } else { format!("Authorization: {authorization}\r\n") };
        let length = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        let content = if body.is_empty() { "\r\n".to_owned() } else { format!("{length}\r\n{body}") };
        stream.write_all(format!("{head}{key}{content}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // it ends with its standard input
        self.child.wait().unwrap();
    }
}

pub fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

pub fn told(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn repeatable_runs_answer_the_same_calls_with_the_same_bytes() {
    let run_once = |number: &str| {
        let serving = Serving::start(&["--ephemeral", "--test-clock=frozen", "--test-random", number]);
        let staff = bearer(serving.staff_key());
        let mut all = vec![serving.ready["ids"].to_string(), serving.staff_key().to_owned()];
        for round in 0..2 {
            let mut ask = |method: &str, path: &str, authorization: &str, body: Value| {
                let body = if body.is_null() { String::new() } else { body.to_string() };
                let answer = serving.bytes(method, &format!("/api/v1{path}"), authorization, &body);
                let content = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
                all.push(answer);
                serde_json::from_str::<Value>(&content).unwrap_or(Value::Null)
            };
            let opens_at = json!({ "opensAt": "2026-01-01T00:01:00Z" });
            ask("PATCH", "/staff/queue", &staff, opens_at);
            let mut tokens = Vec::new();
            for name in ["Kim", "Lee", "Park"] {
                let user = ask("POST", "/users", "", json!({ "name": name }));
                let pair = json!({ "userId": user["userId"], "userKey": user["userKey"] });
                let token = ask("POST", "/queue/tokens", "", pair)["token"].as_str().unwrap().to_owned();
                tokens.push((user["userId"].as_str().unwrap().to_owned(), bearer(&token)));
            }
            ask("POST", "/staff/clock", &staff, json!({ "advanceSeconds": 60 }));
            let drawn = ask("GET", "/queue/draw", "", Value::Null);
            assert_eq!(drawn["drawn"], 3, "{drawn}");
            for (n, (id, token)) in tokens.iter().enumerate() {
                ask("GET", "/queue/token", token, Value::Null);
                ask("GET", "/schedules/1/seats", token, Value::Null);
                let held =
                    ask("POST", "/reservations", token, json!({ "scheduleId": 1, "seats": [(n + 1).to_string()] }));
                ask("POST", &format!("/users/{id}/balance/top-ups"), token, json!({ "amount": PRICE }));
                let paid =
                    ask("POST", "/payments", token, json!({ "reservationId": held["reservationId"], "amount": PRICE }));
                assert_eq!(paid["tickets"].as_array().map(Vec::len), Some(1), "{paid}");
            }
            ask("GET", "/staff/events?limit=1000", &staff, Value::Null);
            ask("GET", "/tickets/key", "", Value::Null);
            ask("POST", "/staff/keys", &staff, json!({ "name": format!("Door {round}"), "role": "door" }));
            ask("GET", "/nowhere", "", Value::Null);
            ask("POST", "/staff/test/reset", &staff, json!({}));
        }
        all
    };
    let (one, again, other) = (run_once("7"), run_once("7"), run_once("8"));
    for (first, second) in one.iter().zip(&again) {
        assert_eq!(first, second);
    }
    assert_eq!(one.len(), again.len());
    assert!(one.iter().any(|answer| answer.contains("Date: Thu, 01 Jan 2026 00:01:00 GMT")), "{one:#?}");
    assert!(
        one.iter().zip(&other).filter(|(first, second)| first == second).count() < 5,
        "another number, other bytes"
    );
    // After a reset the same calls get the same content; only the ids of requests, and tags of maps, go on.
    let content = |answer: &String| answer.split_once("\r\n\r\n").map(|(_, content)| content.to_owned());
    let half = (one.len() - 2) / 2;
    let of_users = |from: usize| one[from..from + 4].iter().map(content).collect::<Vec<_>>();
    assert_eq!(of_users(2), of_users(2 + half));
}

#[test]
fn test_settings_are_refused_without_a_test_clock_and_before_what_the_file_has_seen() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let database = database.to_str().unwrap();
    for flag in ["--test-random=7", "--test-clock-at=2026-11-22T10:00:00Z"] {
        let said = told(&["serve", "--database", database, "--listen", "127.0.0.1:0", flag]);
        assert!(said.contains(flag.split('=').next().unwrap()) && said.contains("--test-clock=frozen"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let at = |instant: &str| {
        ["--database".into(), database.into(), "--test-clock=frozen".into(), format!("--test-clock-at={instant}")]
    };
    let start = |instant: &str| {
        let flags = at(instant);
        let flags: Vec<&str> = flags.iter().map(String::as_str).chain(["--json"]).collect();
        Serving::start(&flags).ready["now"].clone()
    };
    assert_eq!(start("2026-11-22T10:00:00Z"), "2026-11-22T10:00:00.000Z");
    assert_eq!(start("2027-01-01T00:00:00Z"), "2027-01-01T00:00:00.000Z");
    let flags = at("2026-11-22T09:59:59Z");
    let flags: Vec<&str> =
        ["serve", "--listen", "127.0.0.1:0"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let said = told(&flags);
    assert!(said.contains("--test-clock-at") && said.contains("the newest moment in the file"), "{said}");
}

#[test]
fn ready_line_of_a_venue_is_json_with_its_key_only_where_that_was_made_now() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let flags = ["--database", database.to_str().unwrap(), "--json"];
    let first = Serving::start(&flags);
    assert_eq!(
        (&first.ready["testCalls"], &first.ready["version"]),
        (&json!(false), &json!(env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(first.ready["ids"]["concerts"], json!([]));
    first.staff("POST", "/concerts", Some(json!({ "title": "Nacht" })));
    let refused = first.client.call("POST", "/api/v1/staff/test/reset", &bearer(first.staff_key()), Some(json!({})));
    refused.refused(404, "TEST_SERVER_ONLY");
    drop(first);
    let again = Serving::start(&flags);
    assert_eq!((&again.ready["staffKey"], &again.ready["concertId"]), (&Value::Null, &json!(1)));
    drop(again);
    let given = Serving::start(&[&flags[..], &["--staff-key", STAFF_KEY]].concat());
    assert_eq!(given.ready["staffKey"], Value::Null, "it is a venue's, and no secret goes where logs may be");
}

#[test]
fn copy_of_a_venue_is_served_and_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let database = database.to_str().unwrap();
    let venue = Serving::start(&["--database", database, "--json"]); // it stays open meanwhile
    venue.staff("POST", "/concerts", Some(json!({ "title": "Nacht" })));
    let copy = Serving::start(&["--from", database]);
    assert_eq!((&copy.ready["testCalls"], &copy.ready["concertId"]), (&json!(true), &json!(1)));
    assert_ne!(copy.staff_key(), venue.staff_key());
    copy.staff("POST", "/concerts", Some(json!({ "title": "Tag" })));
    assert_eq!(copy.staff("GET", "/concerts", None)["concerts"].as_array().unwrap().len(), 2);
    copy.staff("POST", "/test/reset", Some(json!({})));
    assert_eq!(copy.staff("GET", "/concerts", None)["concerts"].as_array().unwrap().len(), 1);
    let of_copy = copy.ready["database"].as_str().unwrap().to_owned();
    drop(copy);
    assert!(!Path::new(&of_copy).exists());
    assert_eq!(venue.staff("GET", "/concerts", None)["concerts"].as_array().unwrap().len(), 1);
    venue.client.call("GET", "/api/v1/staff/me", &bearer(venue.staff_key()), None).must(200);
    assert!(told(&["serve", "--from", "nowhere.db"]).contains("--from nowhere.db: there is no such file"));
}
