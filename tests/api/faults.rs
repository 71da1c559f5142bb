//! Faults by wish on a server for tests: each kind as a client sees it, and what became of the request.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Customer, PRICE, TestApp, bearer};

fn set(app: &TestApp, rules: Value) {
    app.staff("PUT", "/test/faults", json!({ "rules": rules })).must(200);
}

fn applied(app: &TestApp) -> Vec<u64> {
    let rules = app.staff_get("/test/faults").must(200)["rules"].clone();
    rules.as_array().unwrap().iter().map(|rule| rule["applied"].as_u64().unwrap()).collect()
}

/// A payment as it goes over a connection of its own, under an idempotency key unless that is empty.
fn send_payment(app: &TestApp, kim: &Customer, reservation: &Value, key: &str) -> TcpStream {
    let address = app.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let body = json!({ "reservationId": reservation, "amount": PRICE }).to_string();
    let key = if key.is_empty() { String::new() } else { format!("Idempotency-Key: {key}\r\n") };
    let head = format!(
        "POST /api/v1/payments HTTP/1.1\r\nHost: {address}\r\nAuthorization: {}\r\nContent-Type: application/json\r\n{key}\
         Content-Length: {}\r\n\r\n",
        bearer(&kim.token),
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    stream
}

/// What a client learns: the bytes before the end of the connection, or how it broke.
fn outcome(mut stream: TcpStream) -> Result<String, ErrorKind> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(String::from_utf8(bytes).unwrap()),
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            Err(error) => return Err(error.kind()),
        }
        if bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

fn with_hold(app: &TestApp, seat: &str) -> (Customer, Value) {
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &[seat]).must(201)["reservationId"].clone();
    (kim, held)
}

#[test]
fn fault_status_refuses_in_the_project_s_form_and_carries_nothing_out() {
    let app = TestApp::with_seats(20, &[]);
    let (kim, held) = with_hold(&app, "1");
    for (status, code) in [
        (401, "TOKEN_EXPIRED"),
        (402, "INSUFFICIENT_BALANCE"),
        (403, "TOKEN_WAITING"),
        (404, "NOT_FOUND"),
        (408, "REQUEST_TIMEOUT"),
        (409, "SEAT_UNAVAILABLE"),
        (429, "TOO_MANY_REQUESTS"),
        (500, "INTERNAL"),
        (503, "OVERLOADED"),
        (507, "STORAGE_FULL"),
    ] {
        let rule = json!({ "path": "/api/v1/payments", "fault": "STATUS", "status": status, "retryAfterSeconds": 7 });
        set(&app, json!([rule]));
        let refused = kim.pay(&held, PRICE);
        refused.refused(status, code);
        assert_eq!(refused.header("retry-after"), Some("7"));
    }
    set(&app, json!([{ "path": "/api/v1/payments", "fault": "STATUS", "status": 503, "times": 1 }]));
    assert_eq!(kim.pay(&held, PRICE).header("retry-after"), Some("1"), "what the refusal says itself");
    kim.pay(&held, PRICE).must(201);
    assert_eq!(applied(&app), [1]);
}

/// The client that survives repeats the call under the same key; the one that does not takes the lost answer for a no.
#[test]
fn fault_answer_lost_is_carried_out_and_told_again_under_the_same_idempotency_key() {
    let app = TestApp::with_seats(20, &[]);
    let (kim, held) = with_hold(&app, "1");
    set(&app, json!([{ "method": "POST", "path": "/api/v1/payments", "fault": "ANSWER_LOST", "times": 1 }]));
    assert_eq!(outcome(send_payment(&app, &kim, &held, "pay-1")), Ok(String::new()), "the end, without a byte");
    let again = outcome(send_payment(&app, &kim, &held, "pay-1")).unwrap();
    assert!(again.starts_with("HTTP/1.1 201 ") && again.contains("Idempotency-Replayed: true"), "{again}");
    assert_eq!(kim.balance(), 0, "paid once");

    let (lee, held) = with_hold(&app, "2");
    set(&app, json!([{ "method": "POST", "path": "/api/v1/payments", "fault": "ANSWER_LOST", "times": 1 }]));
    assert_eq!(outcome(send_payment(&app, &lee, &held, "")), Ok(String::new()));
    let again = outcome(send_payment(&app, &lee, &held, "")).unwrap();
    assert!(again.starts_with("HTTP/1.1 401 "), "without a key nobody can tell that it is the same payment: {again}");
    let listed = app.staff_get("/test/requests?path=/api/v1/payments").must(200)["requests"].clone();
    assert_eq!((&listed[0]["fault"], &listed[0]["status"]), (&json!("ANSWER_LOST"), &json!(201)));
    assert_eq!((&listed[1]["fault"], &listed[1]["replayed"]), (&Value::Null, &json!(true)));
}

#[test]
fn fault_request_lost_and_reset_carry_nothing_out() {
    let app = TestApp::with_seats(20, &[]);
    let (kim, held) = with_hold(&app, "1");
    let once = |fault: &str| json!([{ "path": "/api/v1/payments", "fault": fault, "times": 1 }]);
    set(&app, once("REQUEST_LOST"));
    assert_eq!(outcome(send_payment(&app, &kim, &held, "")), Ok(String::new()));
    assert_eq!(kim.balance(), PRICE);
    set(&app, once("RESET"));
    assert_eq!(outcome(send_payment(&app, &kim, &held, "")), Err(ErrorKind::ConnectionReset));
    assert_eq!(kim.balance(), PRICE);
    kim.pay(&held, PRICE).must(201);
}

/// What a client that waits a second for an answer learns of a payment: its status, and when to ask again.
fn told(app: &TestApp, kim: &Customer, reservation: &Value, key: &str) -> Option<(u16, Option<u64>)> {
    let stream = send_payment(app, kim, reservation, key);
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let answer = outcome(stream).ok()?;
    let field = answer.lines().find_map(|line| line.strip_prefix("Retry-After: "));
    Some((answer.get(9..12)?.parse().ok()?, field.and_then(|seconds| seconds.parse().ok())))
}

/// One client asks once, and takes all but a yes for a no. The other asks again under its key for as long as it has no
/// answer, or is told to come back. Both are told no lie by the server, and only the second knows what it paid.
#[test]
fn fault_of_each_kind_is_survived_by_a_client_that_asks_again_under_its_key_and_not_by_one_that_asks_once() {
    let app = TestApp::with_seats(40, &["--max-active=0"]);
    for (number, (fault, is_paid_all_the_same)) in [
        (json!({ "fault": "STATUS", "status": 429, "retryAfterSeconds": 0 }), false),
        (json!({ "fault": "STATUS", "status": 500, "retryAfterSeconds": 0 }), false),
        (json!({ "fault": "STATUS", "status": 503, "retryAfterSeconds": 0 }), false),
        (json!({ "fault": "ANSWER_LOST" }), true),
        (json!({ "fault": "REQUEST_LOST" }), false),
        (json!({ "fault": "RESET" }), false),
        (json!({ "fault": "DELAY", "delayMilliseconds": 60_000 }), true),
    ]
    .into_iter()
    .enumerate()
    {
        let once = || {
            let mut rule = fault.clone();
            (rule["path"], rule["times"]) = (json!("/api/v1/payments"), json!(1));
            set(&app, json!([rule]));
        };
        let (naive, held) = with_hold(&app, &(2 * number + 1).to_string());
        once();
        let answer = told(&app, &naive, &held, "");
        assert!(answer.is_none_or(|(status, _)| status >= 400), "{fault}: {answer:?}");
        assert_eq!(naive.balance() == 0, is_paid_all_the_same, "{fault}: it believes that it has not paid");

        let (careful, held) = with_hold(&app, &(2 * number + 2).to_string());
        once();
        let mut tries = 0;
        let status = loop {
            tries += 1;
            assert!(tries <= 10, "{fault}: no answer");
            match told(&app, &careful, &held, "pay") {
                None | Some((_, Some(_))) => {} // lost, or to be asked again when it says: at once
                Some((status, None)) => break status,
            }
        };
        assert_eq!((status, careful.balance()), (201, 0), "{fault}");
        assert!(tries >= 2, "{fault}: nothing happened to it");
        let path = format!("/users/{}/balance/entries", careful.id);
        let entries = careful.get_by_key(&path).must(200)["entries"].clone();
        assert_eq!(entries.as_array().map(Vec::len), Some(2), "{fault}: points in, and out once");
    }
}

/// More requests are delayed than there are workers; in a program whose workers sleep the last ones wait for the first.
#[test]
fn fault_delay_holds_no_worker_and_no_writer() {
    let app = TestApp::with_seats(1, &[]);
    let rule = json!({ "path": "/api/v1/users", "fault": "DELAY", "delayMilliseconds": 1_000 });
    set(&app, json!([rule]));
    let began = Instant::now();
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..60)
            .map(|_| {
                scope.spawn(|| {
                    let began = Instant::now();
                    let client = crate::support::Client::of(&app.url());
                    client.call("POST", "/api/v1/users", "", Some(json!({ "name": "Kim" }))).must(201);
                    began.elapsed()
                })
            })
            .collect();
        crate::support::wait::until("a delayed request", || !applied(&app).contains(&0));
        app.staff("POST", "/concerts", json!({ "title": "Tag" })).must(201);
        assert!(began.elapsed() < Duration::from_secs(20));
        for call in calls {
            let took = call.join().unwrap();
            assert!(took >= Duration::from_secs(1), "{took:?}");
        }
    });
    assert!(began.elapsed() < Duration::from_secs(20), "60 delays of a second at once: {:?}", began.elapsed());
    assert_eq!(applied(&app), [60]);
}

#[test]
fn fault_comes_with_the_end_of_a_long_poll_too() {
    let app = TestApp::with_seats(5, &["--max-active=1"]);
    let (_kim, lee) = (app.customer(), app.customer());
    let path = "/api/v1/queue/token";
    set(&app, json!([{ "path": path, "fault": "ANSWER_LOST", "delayMilliseconds": 50, "times": 1 }]));
    let address = app.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {}\r\nPrefer: wait=20\r\n\r\n",
        bearer(&lee.token)
    );
    stream.write_all(head.as_bytes()).unwrap();
    app.until_parked(1);
    app.advance_ms(20_000);
    assert_eq!(outcome(stream), Ok(String::new()));
    assert_eq!(lee.poll().must(200)["status"], "WAITING");
}

#[test]
fn faults_are_listed_replaced_and_cleared_and_spare_the_calls_that_steer_them() {
    let app = TestApp::with_seats(5, &[]);
    set(&app, json!([{ "path": "/**", "fault": "RESET" }]));
    app.staff("PUT", "/test/faults", json!({ "rules": [{ "path": "/a", "fault": "?" }] }))
        .refused(400, "INVALID_REQUEST");
    let rule = app.staff_get("/test/faults").must(200)["rules"][0].clone();
    assert_eq!((&rule["path"], &rule["fault"], &rule["matched"]), (&json!("/**"), &json!("RESET"), &json!(0)));
    app.staff("DELETE", "/test/faults", Value::Null).must(204);
    assert_eq!(app.staff_get("/test/faults").must(200), &json!({ "rules": [] }));
    app.client.call("GET", "/api/v1/venue", "", None).must(200);
}
