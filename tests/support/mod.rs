//! The app under test: the whole server on a file of its own, on a free port, with a clock that the test turns.

#![allow(dead_code, reason = "each binary uses its part")]
#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

pub mod document;
pub mod http;
pub mod invariants;
pub mod qr;
pub mod receiver;
pub mod server;
pub mod stream;
pub mod tls;
pub mod wait;

use std::path::{Path, PathBuf};
use std::sync::Barrier;

use boxoffice::app::App;
use boxoffice::clock::Millis;
use boxoffice::settings::Settings;
use clap::Parser;
use serde_json::{Value, json};

pub const STAFF_KEY: &str = "a-staff-key-for-tests";
pub const PRICE: i64 = 50_000;

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Settings as flags give them, on a frozen clock.
pub fn settings(flags: &[&str]) -> Settings {
    let fixed = ["boxoffice", "--staff-key", STAFF_KEY, "--test-clock=frozen"];
    Args::try_parse_from([&fixed, flags].concat()).unwrap().settings
}

pub struct TestApp {
    server: Option<App>,
    flags: Vec<String>,
    _folder: Option<tempfile::TempDir>,
    pub database: PathBuf,
    pub client: Client,
}

impl TestApp {
    /// An empty venue.
    pub fn empty(flags: &[&str]) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("venue.db");
        let mut app = TestApp::on(&database, flags);
        app._folder = Some(folder);
        app
    }

    /// An empty venue that speaks https.
    pub fn secure(authority: &tls::Authority, flags: &[&str]) -> TestApp {
        let of_tls = authority.flags();
        let mut app = TestApp::empty(&[flags, &of_tls.each_ref().map(String::as_str)].concat());
        app.client = Client::trusting(&app.url(), &authority.ca());
        app
    }

    /// A venue on a file that outlives it.
    pub fn on(database: &Path, flags: &[&str]) -> TestApp {
        let server = App::open(settings(flags), database, ([127, 0, 0, 1], 0).into(), || {}).unwrap();
        let client = Client::of_venue(&server, database);
        let flags = flags.iter().map(|flag| flag.to_string()).collect();
        TestApp { server: Some(server), flags, _folder: None, database: database.to_owned(), client }
    }

    /// A venue with one concert (1) and two dates (1 and 2) of `seats` numbered seats at [`PRICE`] each, on sale now.
    pub fn with_seats(seats: i64, flags: &[&str]) -> TestApp {
        let app = TestApp::empty(flags);
        app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
        for starts_at in ["2100-01-01T10:00:00Z", "2100-01-02T10:00:00Z"] {
            let layout = json!({ "numbered": { "count": seats, "price": PRICE } });
            app.staff("POST", "/concerts/1/schedules", json!({ "startsAt": starts_at, "layout": layout })).must(201);
        }
        app
    }

    /// Closes the server in good order and opens it again on the same file.
    pub fn reopen(&mut self) {
        self.server = None;
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let server = App::open(settings(&flags), &self.database, ([127, 0, 0, 1], 0).into(), || {}).unwrap();
        self.client = Client::of_venue(&server, &self.database);
        self.server = Some(server);
    }

    pub fn close(&mut self) {
        self.server = None;
    }

    /// A server where staff have an address of their own; otherwise like [`TestApp::with_seats`], with one date.
    pub fn with_apart_staff(seats: i64) -> TestApp {
        let app = TestApp::empty(&["--staff-listen", "127.0.0.1:0"]);
        let staff = Client::of(&app.staff_url());
        let post = |path: &str, body| staff.call("POST", path, &bearer(STAFF_KEY), Some(body)).must(201).clone();
        post("/api/v1/staff/concerts", json!({ "title": "Nacht" }));
        let layout = json!({ "numbered": { "count": seats, "price": PRICE } });
        post("/api/v1/staff/concerts/1/schedules", json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout }));
        app
    }

    pub fn url(&self) -> String {
        self.client.url.clone()
    }

    pub fn staff_url(&self) -> String {
        self.server.as_ref().unwrap().staff_url()
    }

    /// A call of staff; a DELETE takes no body, and none is sent with it.
    pub fn staff(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = (method != "DELETE").then_some(body);
        self.client.call(method, &format!("/api/v1/staff{path}"), &bearer(STAFF_KEY), body)
    }

    pub fn staff_get(&self, path: &str) -> Answer {
        self.client.call("GET", &format!("/api/v1/staff{path}"), &bearer(STAFF_KEY), None)
    }

    /// Turns the clock; everything that became due is written down when this returns.
    pub fn advance_ms(&self, ms: u64) {
        self.staff("POST", "/clock", json!({ "advanceMilliseconds": ms })).must(200);
    }

    /// Announces an opening of the line, and a draw with it, so many milliseconds from now; gives its moment.
    pub fn open_line_in(&self, ms: i64) -> String {
        let opens_at = self.now().plus_ms(ms).to_string();
        self.staff("PATCH", "/queue", json!({ "opensAt": opens_at })).must(200);
        opens_at
    }

    /// The time of the server.
    pub fn now(&self) -> Millis {
        let now = self.client.call("GET", "/api/v1/venue", "", None).must(200)["now"].clone();
        Millis::parse_rfc3339(now.as_str().unwrap()).unwrap()
    }

    /// Waits until so many requests are parked at the door.
    pub fn until_parked(&self, count: u64) {
        let parked = |text: &str| {
            let line = text.lines().find(|line| line.starts_with("boxoffice_http_parked "))?;
            line.split(' ').nth(1)?.parse::<u64>().ok()
        };
        let are_parked = || parked(&self.client.call("GET", "/metrics", "", None).text) == Some(count);
        wait::until(&format!("{count} parked requests"), are_parked);
    }

    /// A new user without a token.
    pub fn user(&self) -> Customer {
        let user = self.client.call("POST", "/api/v1/users", "", Some(json!({ "name": "Kim" }))).must(201).clone();
        Customer {
            id: user["userId"].as_str().unwrap().to_owned(),
            key: user["userKey"].as_str().unwrap().to_owned(),
            token: String::new(),
            client: self.client.clone(),
        }
    }

    /// A new user in the line, or let in if there is room.
    pub fn customer(&self) -> Customer {
        let mut customer = self.user();
        customer.line_up();
        customer
    }

    /// A new user let in, with points.
    pub fn buyer(&self, points: i64) -> Customer {
        let customer = self.customer();
        if points > 0 {
            customer.top_up(points).must(201);
        }
        customer
    }

    /// Reads the file beside the running server.
    pub fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open_with_flags(&self.database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }
}

/// A user with a key and, once lined up, a token.
#[derive(Clone)]
pub struct Customer {
    pub id: String,
    pub key: String,
    pub token: String,
    pub client: Client,
}

impl Customer {
    pub fn line_up(&mut self) -> Answer {
        let body = json!({ "userId": self.id, "userKey": self.key });
        let answer = self.client.call("POST", "/api/v1/queue/tokens", "", Some(body));
        self.token = answer.body["token"].as_str().unwrap_or("").to_owned();
        answer
    }

    pub fn get(&self, path: &str) -> Answer {
        self.client.call("GET", &format!("/api/v1{path}"), &bearer(&self.token), None)
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.client.call("POST", &format!("/api/v1{path}"), &bearer(&self.token), Some(body))
    }

    pub fn patch(&self, path: &str, body: Value) -> Answer {
        self.client.call("PATCH", &format!("/api/v1{path}"), &bearer(&self.token), Some(body))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.client.call("DELETE", &format!("/api/v1{path}"), &bearer(&self.token), None)
    }

    /// The same call with the user key in place of the token.
    pub fn get_by_key(&self, path: &str) -> Answer {
        self.client.call("GET", &format!("/api/v1{path}"), &basic(&self.id, &self.key), None)
    }

    pub fn poll(&self) -> Answer {
        self.get("/queue/token")
    }

    pub fn hold(&self, schedule: i64, seats: &[&str]) -> Answer {
        self.post("/reservations", json!({ "scheduleId": schedule, "seats": seats }))
    }

    pub fn pay(&self, reservation: &Value, amount: i64) -> Answer {
        self.post("/payments", json!({ "reservationId": reservation, "amount": amount }))
    }

    pub fn top_up(&self, amount: i64) -> Answer {
        self.post(&format!("/users/{}/balance/top-ups", self.id), json!({ "amount": amount }))
    }

    pub fn balance(&self) -> i64 {
        self.get_by_key(&format!("/users/{}/balance", self.id)).must(200)["balance"].as_i64().unwrap()
    }
}

/// Runs one piece of work in as many threads as there are `people`, all let go at the same moment.
pub fn together<P: Send, T: Send>(people: Vec<P>, work: impl Fn(usize, P) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(people.len());
    let (start, work) = (&start, &work);
    std::thread::scope(|scope| {
        let run = |(n, person)| {
            scope.spawn(move || {
                start.wait();
                work(n, person)
            })
        };
        let threads: Vec<_> = people.into_iter().enumerate().map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

pub fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

pub fn basic(id: &str, key: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{key}")))
}

/// An answer with its head.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, if the status is the expected one.
    #[track_caller]
    pub fn must(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.text);
        &self.body
    }

    /// The body of a refusal, if status and code are the expected ones.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        &self.body
    }
}

/// A client with connections of its own.
#[derive(Clone)]
pub struct Client {
    pub url: String,
    pub agent: ureq::Agent,
}

impl Client {
    pub fn of(url: &str) -> Client {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections(512).build();
        Client { url: url.to_owned(), agent: config.into() }
    }

    /// A client that trusts the venue's own authority, where it has one.
    fn of_venue(server: &App, database: &Path) -> Client {
        let ca = database.with_extension("db-authority.pem");
        if ca.exists() { Client::trusting(&server.url(), &ca) } else { Client::of(&server.url()) }
    }

    /// A client of a server by https that trusts the authorities of a file alone.
    pub fn trusting(url: &str, ca: &Path) -> Client {
        let pem = std::fs::read(ca).unwrap();
        let root = ureq::tls::Certificate::from_pem(&pem).unwrap();
        let tls = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::new_with_certs(&[root])).build();
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        Client { url: url.to_owned(), agent: config.max_redirects_will_error(false).tls_config(tls).build().into() }
    }

    pub fn call(&self, method: &str, path: &str, authorization: &str, body: Option<Value>) -> Answer {
        self.call_with(method, path, &[("authorization", authorization)], body.map(|body| body.to_string()).as_deref())
    }

    /// A call with these header fields (empty ones are left out) and this text as its JSON body.
    pub fn call_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        if method == "HEAD" {
            request = request.header("accept-encoding", "identity"); // else ureq decompresses what is not sent
        }
        let mut response = match body {
            Some(body) => {
                if !headers.iter().any(|(name, _)| *name == "content-type") {
                    request = request.header("content-type", "application/json");
                }
                self.agent.run(request.body(body).unwrap()).unwrap()
            }
            None => self.agent.run(request.body(()).unwrap()).unwrap(),
        };
        let headers = response.headers().iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap_or("").to_owned()));
        let headers = headers.collect();
        let text = String::from_utf8_lossy(&response.body_mut().read_to_vec().unwrap()).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: response.status().as_u16(), headers, text, body }
    }
}
