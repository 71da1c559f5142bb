//! Requests to a whole server with a file: no call, whoever makes it, gets a 500 or an answer that is no JSON, and
//! the file stays sound. The first byte says which call, the second who makes it, the third how long what stands
//! in the path is; the rest is that, and the body.

#![no_main]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{LazyLock, Mutex};

use boxoffice::app::App;
use boxoffice::settings::Settings;
use clap::Parser;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[path = "../../support/invariants.rs"]
#[allow(dead_code, reason = "this target uses its part")]
mod invariants;

/// So many requests between two looks at the file.
const LOOK_EVERY: usize = 5_000;

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// A running server with a date, a user with a token and a visitor.
struct TestApp {
    stream: TcpStream,
    calls: Vec<(String, String)>,
    credentials: Vec<String>,
    requests: usize,
    server: App,
    _folder: tempfile::TempDir,
}

static HALL: LazyLock<Mutex<TestApp>> = LazyLock::new(|| Mutex::new(TestApp::open()));

fuzz_target!(|input: &[u8]| {
    let [call, caller, length, rest @ ..] = input else { return };
    let app = &mut *HALL.lock().unwrap();
    let (method, path) = app.calls[usize::from(*call) % app.calls.len()].clone();
    let (part, body) = rest.split_at((usize::from(*length) % 48).min(rest.len()));
    let credential = app.credentials[usize::from(*caller) % app.credentials.len()].clone();
    let (status, answer) = app.ask(&method, &filled(&path, part), &credential, body);
    let told = || format!("{method} {path} {} → {status} {answer}", String::from_utf8_lossy(rest));
    assert!(status < 500 || status == 503 && path == "/readyz", "{}", told());
    let is_problem = status < 400 || answer["code"].is_string() && answer["status"] == status;
    assert!(is_problem, "{}", told());
    app.requests += 1;
    if app.requests % LOOK_EVERY == 0 {
        let file = rusqlite::Connection::open(app.server.database()).unwrap();
        assert_eq!(invariants::faults(&file), [""; 0]);
    }
});

/// The path with this in the place of each parameter; nothing for a parameter is the first of its kind.
fn filled(path: &str, part: &[u8]) -> String {
    let part: String = part
        .iter()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
            byte => format!("%{byte:02x}"),
        })
        .collect();
    let part = if part.is_empty() { "1".to_owned() } else { part };
    let mut filled = String::new();
    let mut has_parameter = false;
    for piece in path.split_inclusive('/') {
        if piece.starts_with('{') {
            has_parameter = true;
            filled.push_str(&part);
            filled.push_str(if piece.ends_with('/') { "/" } else { "" });
        } else {
            filled.push_str(piece);
        }
    }
    if has_parameter || part == "1" {
        filled
    } else {
        format!("{filled}?{}", part.replace("%3d", "=").replace("%26", "&"))
    }
}

impl TestApp {
    fn open() -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let words =
            ["boxoffice", "--staff-key", "a-staff-key-for-tests", "--test-clock=frozen", "--seats-per-user=1000"];
        let settings = Args::try_parse_from(words).unwrap().settings;
        let server = App::open(settings, &folder.path().join("venue.db"), ([127, 0, 0, 1], 0).into(), || {}).unwrap();
        let document: Value = boxoffice::routes::document().unwrap();
        let methods = ["get", "post", "put", "patch", "delete"];
        let paths = document["paths"].as_object().unwrap().iter();
        let calls = paths.flat_map(|(path, calls)| {
            let here = methods.into_iter().filter(|method| calls.get(*method).is_some());
            here.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        });
        let stream = TcpStream::connect(server.address()).unwrap();
        let credentials = vec![String::new(), "Bearer a-staff-key-for-tests".into()];
        let mut app = TestApp { stream, calls: calls.collect(), credentials, requests: 0, server, _folder: folder };
        app.furnish();
        app
    }

    fn furnish(&mut self) {
        let mut post = |path: &str, who: &str, body: Value| self.ask("POST", path, who, body.to_string().as_bytes()).1;
        post("/api/v1/staff/concerts", "Bearer a-staff-key-for-tests", json!({ "title": "Nacht" }));
        let layout = json!({ "numbered": { "count": 50, "price": 50_000 } });
        let date = json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout });
        post("/api/v1/staff/concerts/1/schedules", "Bearer a-staff-key-for-tests", date);
        let user = post("/api/v1/users", "", json!({ "name": "Kim" }));
        let token = post("/api/v1/queue/tokens", "", json!({ "userId": user["userId"], "userKey": user["userKey"] }));
        self.credentials.push(format!("Bearer {}", token["token"].as_str().unwrap()));
        self.credentials.push("Basic eDp5".into());
    }

    fn ask(&mut self, method: &str, path: &str, credential: &str, body: &[u8]) -> (u16, Value) {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: hall\r\n");
        if !credential.is_empty() {
            request.push_str(&format!("Authorization: {credential}\r\n"));
        }
        request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len()));
        self.stream.write_all(&[request.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        let (head, length) = loop {
            let mut bytes = [0; 16 << 10];
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "cut off: {request:?} {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&bytes[..count]);
            if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(answer[..end].to_vec()).unwrap();
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
                break (head, end + 4 + length.unwrap_or(0));
            }
        };
        while answer.len() < length {
            let mut bytes = vec![0; length - answer.len()];
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "cut off in the body");
            answer.extend_from_slice(&bytes[..count]);
        }
        if head.contains("\r\nConnection: close") {
            self.stream = TcpStream::connect(self.server.address()).unwrap();
        }
        let status = head[9..12].parse().unwrap();
        let body = &answer[head.len() + 4..];
        (status, serde_json::from_slice(body).unwrap_or(Value::Null))
    }
}
