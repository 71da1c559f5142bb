//! Strangers are powerless: every call with every wrong credential, what belongs to others, what
//! the public address shows when staff have one of their own, and what answers and logs never contain.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Answer, Client, Customer, PRICE, STAFF_KEY, TestApp, basic, bearer};
use serde_json::{Value, json};

const UNKNOWN: &str = "01900000-0000-7000-8000-000000000000";

/// A call of the OpenAPI document.
struct Call {
    method: String,
    path: String,
    /// The names of its credentials: `queueToken`, `userKey`, `staffKey`.
    opened_by: Vec<String>,
}

impl Call {
    fn is_opened_by(&self, credential: &str) -> bool {
        self.opened_by.iter().any(|one| one == credential)
    }

    /// The path with what a stranger would put into it.
    fn path_to(&self, theirs: &Theirs) -> String {
        let names =
            [("{userId}", &theirs.user), ("{reservationId}", &theirs.reservation), ("{paymentId}", &theirs.payment)];
        let path = names.iter().fold(self.path.clone(), |path, (name, id)| path.replace(name, id));
        path.replace("{ticketId}", &theirs.ticket)
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part })
            .collect::<Vec<_>>()
            .join("/")
    }

    fn send(&self, client: &Client, theirs: &Theirs, authorization: &str) -> Answer {
        let body = match &*self.method {
            "PATCH" => json!({ "seats": ["1"] }),
            _ if self.path.ends_with("/exchange") => json!({ "seats": ["1"], "amount": 0 }),
            _ => json!({}),
        };
        let body = (self.method != "GET" && self.method != "DELETE").then_some(body);
        client.call(&self.method, &self.path_to(theirs), authorization, body)
    }
}

/// What belongs to somebody else.
#[derive(Clone)]
struct Theirs {
    user: String,
    reservation: String,
    payment: String,
    ticket: String,
}

impl Theirs {
    fn unknown() -> Theirs {
        Theirs { user: UNKNOWN.into(), reservation: UNKNOWN.into(), payment: UNKNOWN.into(), ticket: UNKNOWN.into() }
    }
}

/// Every call that takes a credential.
fn calls() -> Vec<Call> {
    let document: Value = boxoffice::routes::document().unwrap();
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            let Some(security) = call["security"].as_array() else { continue };
            let opened_by: Vec<String> =
                security.iter().flat_map(|one| one.as_object().unwrap().keys().cloned()).collect();
            if !opened_by.is_empty() {
                calls.push(Call { method: method.to_uppercase(), path: path.clone(), opened_by });
            }
        }
    }
    assert!(calls.len() > 25, "{}", calls.len());
    calls
}

/// A hall in which somebody bought a seat; what is theirs, and their key.
fn hall_with_a_victim(flags: &[&str]) -> (TestApp, Theirs, Customer) {
    let app = TestApp::with_seats(10, flags);
    let victim = app.buyer(PRICE);
    let held = victim.hold(1, &["7"]).must(201).clone();
    let paid = victim.pay(&held["reservationId"], PRICE).must(201).clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let theirs = Theirs {
        user: victim.id.clone(),
        reservation: text(&held["reservationId"]),
        payment: text(&paid["paymentId"]),
        ticket: text(&paid["tickets"][0]["ticketId"]),
    };
    (app, theirs, victim)
}

fn events(app: &TestApp) -> i64 {
    app.file().query_row("SELECT count(*) FROM event", [], |row| row.get(0)).unwrap()
}

#[test]
fn credential_no_call_is_opened_by_a_wrong_credential() {
    let (app, theirs, victim) = hall_with_a_victim(&["--max-active=2", "--tries-per-minute=0"]);
    let (active, _also_active, waiting) = (app.customer(), app.customer(), app.customer());
    waiting.poll().must(200);
    let before = events(&app);
    let mut tried = 0;
    for call in calls() {
        let wrong_key = if call.is_opened_by("staffKey") { "STAFF_KEY_INVALID" } else { "TOKEN_INVALID" };
        let none = if call.is_opened_by("staffKey") { "STAFF_KEY_INVALID" } else { "TOKEN_REQUIRED" };
        let basic_wrong = if call.is_opened_by("userKey") { "USER_KEY_INVALID" } else { none };
        let mut wrong = vec![
            (String::new(), none),
            ("Bearer".into(), none),
            ("Digest a=b".into(), none),
            (bearer("nonsense"), wrong_key),
            (bearer(&"0".repeat(32)), wrong_key),
            (bearer(&format!("{STAFF_KEY} ")).replace(STAFF_KEY, &STAFF_KEY.to_uppercase()), wrong_key),
            (basic(&theirs.user, "wrong"), basic_wrong),
            (basic(&theirs.user, &active.key), basic_wrong),
            (basic(UNKNOWN, &active.key), basic_wrong),
            ("Basic !!!".into(), basic_wrong),
        ];
        if call.is_opened_by("staffKey") {
            wrong.extend([(bearer(&active.token), wrong_key), (basic(&active.id, &active.key), wrong_key)]);
        } else {
            wrong.extend([(bearer(STAFF_KEY), wrong_key), (bearer(&victim.token), "TOKEN_EXPIRED")]);
        }
        for (authorization, code) in wrong {
            let answer = call.send(&app.client, &theirs, &authorization);
            let told = format!("{} {} with {authorization:?}: {}", call.method, call.path, answer.text);
            assert_eq!((answer.status, answer.body["code"].as_str()), (401, Some(code)), "{told}");
            assert!(answer.header("www-authenticate").is_some(), "{told}");
            tried += 1;
        }
    }
    assert_eq!(events(&app), before, "none of it changed anything");
    assert!(tried > 300, "{tried}");
}

/// What a client is told that sends this head, with `Expect`, and nothing of its body: the status and the code, or 100.
fn told_before_the_body(app: &TestApp, method: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let mut socket = TcpStream::connect(app.url().trim_start_matches("http://")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n{fields}"
    );
    let length = if fields.contains("ength: ") { "" } else { "Content-Length: 2\r\n" };
    socket.write_all(format!("{head}{length}\r\n").as_bytes()).unwrap();
    let mut first = [0; 12];
    socket.read_exact(&mut first).unwrap();
    let status = std::str::from_utf8(&first[9..]).unwrap().parse().unwrap();
    if status == 100 {
        return (100, String::new());
    }
    socket.write_all(b"{}").unwrap(); // whoever sends the body all the same is not taken for somebody else
    socket.shutdown(Shutdown::Write).unwrap();
    let mut rest = String::new();
    socket.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("Connection: close\r\n") && !rest.contains("HTTP/1.1"), "{rest}");
    let problem: Value = serde_json::from_str(rest.split_once("\r\n\r\n").unwrap().1).unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[test]
fn expect_is_answered_before_the_body_where_the_head_decides() {
    let (app, theirs, victim) = hall_with_a_victim(&["--max-active=1", "--tries-per-minute=0"]);
    let (active, waiting) = (app.customer(), app.customer());
    let mut tried = 0;
    for call in calls().iter().filter(|call| call.method != "GET" && call.method != "DELETE") {
        let (path, is_staff) = (call.path_to(&theirs), call.is_opened_by("staffKey"));
        let (none, wrong) =
            if is_staff { ("STAFF_KEY_INVALID", "STAFF_KEY_INVALID") } else { ("TOKEN_REQUIRED", "TOKEN_INVALID") };
        assert_eq!(told_before_the_body(&app, &call.method, &path, &[]), (401, none.into()), "{path}");
        let nonsense = [("Authorization", "Bearer nonsense")];
        assert_eq!(told_before_the_body(&app, &call.method, &path, &nonsense), (401, wrong.into()), "{path}");
        let right = bearer(if is_staff { STAFF_KEY } else { &active.token });
        let right = [("Authorization", right.as_str())];
        assert_eq!(told_before_the_body(&app, &call.method, &path, &right), (100, String::new()), "{path}");
        let strange = told_before_the_body(&app, &call.method, &format!("{path}?strange=1"), &right);
        assert_eq!(strange, (400, "INVALID_REQUEST".into()), "{path}");
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
    let (of_active, of_waiting, ended) = (bearer(&active.token), bearer(&waiting.token), bearer(&victim.token));
    let reserve = "/api/v1/reservations";
    for (method, path, fields, status, code) in [
        ("POST", "/api/v1/nowhere", vec![], 404, "NOT_FOUND"),
        ("POST", "/api/v1/concerts", vec![], 405, "METHOD_NOT_ALLOWED"),
        ("POST", reserve, vec![("Authorization", of_waiting.as_str())], 403, "TOKEN_WAITING"),
        ("POST", reserve, vec![("Authorization", &ended)], 401, "TOKEN_EXPIRED"),
        ("POST", reserve, vec![("Authorization", &ended), ("Idempotency-Key", "some-key-of-mine")], 100, ""),
        ("POST", reserve, vec![("Authorization", &of_active), ("Content-Length", "70000")], 413, "BODY_TOO_LARGE"),
        ("PUT", reserve, vec![("Authorization", &of_active)], 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/api/v1/users", vec![("Idempotency-Key", "some-key-of-mine")], 400, "INVALID_HEADER"),
        ("POST", "/api/v1/users", vec![], 100, ""),
    ] {
        assert_eq!(
            told_before_the_body(&app, method, path, &fields),
            (status, code.into()),
            "{method} {path} {fields:?}"
        );
    }
}

#[test]
fn credential_waiting_token_opens_nothing_that_is_for_those_let_in() {
    let (app, theirs, _) = hall_with_a_victim(&["--max-active=1"]);
    let (_active, waiting) = (app.customer(), app.customer());
    let mut refused = Vec::new();
    for call in calls().into_iter().filter(|call| call.is_opened_by("queueToken") && !call.is_opened_by("userKey")) {
        if call.path != "/api/v1/queue/token" {
            call.send(&app.client, &theirs, &bearer(&waiting.token)).refused(403, "TOKEN_WAITING");
            refused.push(call.path);
        }
    }
    assert!(refused.len() >= 5, "{refused:?}");
}

#[test]
fn credential_what_is_somebody_else_s_cannot_be_told_from_what_does_not_exist() {
    let (app, theirs, _) = hall_with_a_victim(&[]);
    let stranger = app.customer();
    let before = events(&app);
    let mut compared = 0;
    for call in calls().iter().filter(|call| !call.is_opened_by("staffKey")) {
        for credential in [bearer(&stranger.token), basic(&stranger.id, &stranger.key)] {
            let has_id = call.path.contains("Id}") && call.path_to(&theirs) != call.path_to(&Theirs::unknown());
            if !has_id || (credential.starts_with("Basic") && !call.is_opened_by("userKey")) {
                continue;
            }
            let answers = [&theirs, &Theirs::unknown()].map(|whose| call.send(&app.client, whose, &credential));
            let [other, unknown] = answers.map(|answer| (answer.status, answer.text));
            assert_eq!(other, unknown, "{} {}", call.method, call.path);
            assert!([403, 404].contains(&other.0), "{} {}: {}", call.method, call.path, other.1);
            compared += 1;
        }
    }
    let pay = |id: &str| stranger.post("/payments", json!({ "reservationId": id, "amount": PRICE }));
    assert_eq!(pay(&theirs.reservation).text, pay(UNKNOWN).text);
    assert_eq!(events(&app), before, "none of it changed anything");
    assert!(compared >= 8, "{compared}");
}

#[test]
fn credential_with_an_address_of_their_own_staff_are_not_found_at_the_public_one() {
    let app = TestApp::with_apart_staff(5);
    let (public, staff) = (&app.client, Client::of(&app.staff_url()));
    assert_ne!(public.url, staff.url);
    let kept = format!("/assets/{}/staff/staff.css", boxoffice::web::files_version());
    for path in [
        "/api/v1/staff/queue",
        "/api/v1/staff/nowhere",
        "/staff",
        "/staff/",
        "/metrics",
        "/assets/staff/staff.css",
        kept.as_str(),
    ] {
        public.call("GET", path, &bearer(STAFF_KEY), None).refused(404, "NOT_FOUND");
    }
    staff.call("GET", "/api/v1/staff/queue", &bearer(STAFF_KEY), None).must(200);
    assert!(staff.call("GET", "/metrics", "", None).text.contains("boxoffice_queue_waiting"));
    public.call("GET", "/api/v1/concerts", "", None).must(200);
    staff.call("GET", "/api/v1/concerts", "", None).must(200);
}

#[test]
fn news_from_the_public_address_reach_those_who_wait_at_the_staff_s() {
    let app = TestApp::with_apart_staff(5);
    let staff = Client::of(&app.staff_url());
    let key = bearer(STAFF_KEY);
    let last =
        staff.call("GET", "/api/v1/staff/events?limit=1000", &key, None).must(200)["events"].as_array().unwrap().len();
    let path = format!("/api/v1/staff/events?after={last}");
    let waits = std::thread::spawn(move || {
        staff.call_with("GET", &path, &[("authorization", &key), ("prefer", "wait=20")], None)
    });
    app.customer();
    let heard = waits.join().unwrap();
    assert_eq!(heard.must(200)["events"][0]["type"], "TOKEN_ISSUED");
}

#[test]
fn answers_never_speak_of_sql_or_files_even_when_the_file_is_broken() {
    let (app, theirs, _) = hall_with_a_victim(&[]);
    let customer = app.customer();
    let tables: Vec<String> = {
        let file = app.file();
        let mut names =
            file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let breaking = rusqlite::Connection::open(&app.database).unwrap();
    breaking.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for table in tables.iter().filter(|table| *table != "venue") {
        breaking.execute_batch(&format!("ALTER TABLE {table} RENAME TO gone_{table}")).unwrap();
    }
    let mut broken = 0;
    for call in calls() {
        let credential = if call.is_opened_by("staffKey") { bearer(STAFF_KEY) } else { bearer(&customer.token) };
        let answer = call.send(&app.client, &theirs, &credential);
        let text = answer.text.to_lowercase();
        for never in [
            "sqlite",
            "no such table",
            "select ",
            "insert ",
            "gone_",
            ".rs",
            "panicked",
            ".db",
            app.database.to_str().unwrap(),
        ] {
            assert!(!text.contains(never), "{} {} says {never:?}: {text}", call.method, call.path);
        }
        broken += usize::from(answer.status == 500);
    }
    assert!(broken > 5, "{broken}");
}

#[test]
fn credential_no_log_names_a_key_or_a_token() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["serve", "--ephemeral", "--test-clock", "--until-stdin-closes", "--staff-key", STAFF_KEY])
        .env("RUST_LOG", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let log = std::thread::spawn({
        let stderr = server.stderr.take().unwrap();
        move || std::io::read_to_string(stderr).unwrap()
    });
    let client = Client::of(ready["url"].as_str().unwrap());
    let user = client.call("POST", "/api/v1/users", "", Some(json!({ "name": "Kim" }))).must(201).clone();
    let key = user["userKey"].as_str().unwrap().to_owned();
    let mut kim = Customer { id: user["userId"].as_str().unwrap().into(), key, token: String::new(), client };
    kim.line_up().must(201);
    kim.top_up(PRICE).must(201);
    let held = kim.hold(1, &["1"]).must(201).clone();
    let paid = kim.pay(&held["reservationId"], PRICE).must(201).clone();
    kim.get_by_key("/reservations").must(200);
    kim.client
        .call("GET", "/api/v1/queue/token", &bearer("0123456789abcdef0123456789abcdef"), None)
        .refused(401, "TOKEN_INVALID");
    kim.client.call("GET", "/api/v1/staff/queue", &bearer(STAFF_KEY), None).must(200);
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
    let log = log.join().unwrap();
    let code = paid["tickets"][0]["code"].as_str().unwrap();
    for secret in [&*kim.key, &kim.token, STAFF_KEY, code, "0123456789abcdef0123456789abcdef"] {
        assert!(!log.contains(secret), "the log names {secret}:\n{log}");
    }
}
