//! `Prefer: wait`: answers that come when the thing changes.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Answer, Customer, PRICE, STAFF_KEY, TestApp, bearer};
use serde_json::{Value, json};

/// Calls with `Prefer: wait=20` from a thread of its own.
fn waiting(
    customer: &Customer,
    method: &'static str,
    path: &str,
    body: Option<Value>,
) -> thread::JoinHandle<(Answer, Duration)> {
    let (client, authorization, path) = (customer.client.clone(), bearer(&customer.token), format!("/api/v1{path}"));
    thread::spawn(move || {
        let headers = [("authorization", authorization.as_str()), ("prefer", "wait=20")];
        let began = Instant::now();
        let answer = client.call_with(method, &path, &headers, body.map(|body| body.to_string()).as_deref());
        (answer, began.elapsed())
    })
}

#[test]
fn long_poll_waiting_token_is_answered_the_moment_it_is_let_in() {
    let app = TestApp::with_seats(5, &["--max-active=1"]);
    let (first, second) = (app.customer(), app.customer());
    let wait = waiting(&second, "GET", "/queue/token", None);
    app.until_parked(1);
    first.delete("/queue/token").must(204);
    let (answer, took) = wait.join().unwrap();
    assert_eq!(answer.must(200)["status"], "ACTIVE");
    assert_eq!(answer.header("preference-applied"), Some("wait=20"));
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn step_in_the_line_wakes_nobody_but_a_pause_and_a_message_do() {
    let app = TestApp::with_seats(5, &["--max-active=1"]);
    let (_active, second, third) = (app.customer(), app.customer(), app.customer());
    let wait = waiting(&third, "GET", "/queue/token", None);
    app.until_parked(1);
    second.delete("/queue/token").must(204);
    app.staff("PATCH", "/queue", json!({ "visitSeconds": 60 })).must(200);
    assert_eq!(third.poll().must(200)["position"], 1);
    app.until_parked(1);
    app.staff("PATCH", "/queue", json!({ "paused": true })).must(200);
    assert_eq!(wait.join().unwrap().0.must(200)["paused"], true);
}

#[test]
fn reservation_that_waits_is_answered_when_it_is_paid_even_though_the_token_ended_with_it() {
    let app = TestApp::with_seats(5, &[]);
    let kim = app.buyer(PRICE);
    let wait = waiting(&kim, "POST", "/reservations", Some(json!({ "scheduleId": 1, "seats": ["4"] })));
    app.until_parked(1);
    let pending = kim.get("/reservations").must(200)["reservations"][0].clone();
    assert_eq!(pending["status"], "PENDING_PAYMENT");
    let paid = kim.pay(&pending["reservationId"], PRICE).must(201).clone();
    let (answer, _) = wait.join().unwrap();
    assert_eq!((&answer.must(201)["status"], &answer.body["tickets"]), (&json!("CONFIRMED"), &paid["tickets"]));
    assert!(answer.header("location").is_some_and(|at| at.ends_with(answer.body["reservationId"].as_str().unwrap())));
}

/// A frozen clock that is turned past the end of a wait ends it: in a program that counts real seconds alone a test
/// waits them.
#[test]
fn wait_under_a_test_clock_ends_when_the_clock_is_turned_past_it() {
    let app = TestApp::with_seats(5, &["--max-active=1", "--hold-seconds=600"]);
    let (kim, lee) = (app.customer(), app.customer());
    let held = kim.hold(1, &["4"]).must(201).clone();
    let path = format!("/reservations/{}", held["reservationId"].as_str().unwrap());
    let last = app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().len();
    let staff = Customer { token: STAFF_KEY.to_owned(), ..kim.clone() };
    let waits = [
        waiting(&lee, "GET", "/queue/token", None),
        waiting(&kim, "GET", &path, None),
        waiting(&staff, "GET", &format!("/staff/events?after={last}"), None),
    ];
    app.until_parked(3);
    app.advance_ms(19_999);
    app.until_parked(3);
    app.advance_ms(1);
    let answers = waits.map(|wait| wait.join().unwrap());
    for (answer, took) in &answers {
        assert_eq!(answer.header("preference-applied"), Some("wait=20"), "{}", answer.text);
        assert!(*took < Duration::from_secs(15), "{took:?}");
    }
    let bodies = answers.map(|(answer, _)| answer.must(200).clone());
    assert_eq!((&bodies[0]["status"], &bodies[1]["status"]), (&json!("WAITING"), &json!("PENDING_PAYMENT")));
    assert_eq!(bodies[2]["events"], json!([]));
}

/// What became due by the same turn is in the answer: the token was let in, so that is told and not that it still
/// waits.
#[test]
fn wait_that_ends_with_the_turn_of_the_clock_is_answered_with_what_became_due_by_it() {
    let app = TestApp::with_seats(5, &["--max-active=1", "--visit-seconds=60"]);
    let (_kim, lee) = (app.customer(), app.customer());
    let wait = waiting(&lee, "GET", "/queue/token", None);
    app.until_parked(1);
    app.advance_ms(60_000);
    assert_eq!(wait.join().unwrap().0.must(200)["status"], "ACTIVE");
}

#[test]
fn reservation_that_waits_is_answered_when_its_hold_is_over() {
    let app = TestApp::with_seats(5, &["--hold-seconds=60"]);
    let kim = app.customer();
    let held = kim.hold(1, &["4"]).must(201).clone();
    let path = format!("/reservations/{}", held["reservationId"].as_str().unwrap());
    let wait = waiting(&kim, "GET", &path, None);
    app.until_parked(1);
    app.advance_ms(60_000);
    assert_eq!(wait.join().unwrap().0.must(200)["status"], "EXPIRED");
    let (again, _) = waiting(&kim, "GET", &path, None).join().unwrap();
    assert_eq!(again.must(200)["status"], "EXPIRED", "nothing can change any more: at once");
}

#[test]
fn hold_ends_to_the_millisecond_with_nobody_asking() {
    let app = TestApp::with_seats(5, &["--hold-seconds=60", "--max-active=0"]);
    let (kim, lee) = (app.customer(), app.customer());
    let held = kim.hold(1, &["4"]).must(201).clone();
    app.advance_ms(59_999);
    lee.hold(1, &["4"]).refused(409, "SEAT_UNAVAILABLE");
    let before = lee.get("/schedules/1/seats");
    assert_eq!(before.must(200)["seats"][3]["status"], "HELD");
    app.advance_ms(1);
    let after = lee.get("/schedules/1/seats");
    assert_eq!(
        (&after.must(200)["seats"][3]["status"], &after.body["seatsAvailable"]),
        (&json!("AVAILABLE"), &json!(5))
    );
    assert_ne!(after.header("etag"), before.header("etag"));
    let path = format!("/reservations/{}", held["reservationId"].as_str().unwrap());
    assert_eq!(kim.get(&path).must(200)["status"], "EXPIRED");
    lee.hold(1, &["4"]).must(201);
}

#[test]
fn long_poll_unchanged_seat_map_is_not_sent_again() {
    let app = TestApp::with_seats(5, &["--max-active=0"]);
    let (kim, lee) = (app.customer(), app.customer());
    let tag = kim.get("/schedules/1/seats").header("etag").unwrap().to_owned();
    let again = || {
        let headers = [("authorization", bearer(&kim.token)), ("if-none-match", tag.clone())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        app.client.call_with("GET", "/api/v1/schedules/1/seats", &headers, None)
    };
    assert_eq!((again().status, again().text.as_str()), (304, ""));
    lee.hold(1, &["1"]).must(201);
    assert_eq!(again().status, 200);
}

#[test]
fn events_feed_has_no_gaps_and_can_be_waited_for() {
    let app = TestApp::with_seats(5, &[]);
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["1"]).must(201).clone();
    kim.pay(&held["reservationId"], PRICE).must(201);
    let events = app.staff_get("/events?after=0&limit=1000").must(200)["events"].as_array().unwrap().clone();
    let sequences: Vec<i64> = events.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, (1..=events.len() as i64).collect::<Vec<_>>());
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let expected = [
        "CONCERT_CHANGED",
        "SCHEDULE_CHANGED",
        "SCHEDULE_CHANGED",
        "TOKEN_ISSUED",
        "TOKEN_ADMITTED",
        "POINTS_TOPPED_UP",
        "SEATS_HELD",
        "SEATS_SOLD",
        "TOKEN_EXPIRED",
        "PAYMENT_COMPLETED",
    ];
    assert_eq!(types, expected);
    let mut staff = kim.clone();
    staff.token = STAFF_KEY.to_owned();
    let wait = waiting(&staff, "GET", &format!("/staff/events?after={}", events.len()), None);
    app.until_parked(1);
    app.staff("PUT", "/schedules/1/seats/3", json!({ "blocked": true, "reason": "camera" })).must(200);
    let (answer, _) = wait.join().unwrap();
    assert_eq!(answer.must(200)["events"][0]["type"], "SEAT_BLOCKED");
}

#[test]
fn long_poll_blocked_seat_is_kept_back_until_it_is_given_free() {
    let app = TestApp::with_seats(5, &["--max-active=0"]);
    let (kim, lee) = (app.customer(), app.customer());
    let block = |blocked: bool| app.staff("PUT", "/schedules/1/seats/2", json!({ "blocked": blocked }));
    assert_eq!(block(true).must(200)["status"], "BLOCKED");
    block(true).must(200);
    kim.hold(1, &["2"]).refused(409, "SEAT_UNAVAILABLE");
    assert_eq!(kim.get("/schedules/1/seats").must(200)["seatsAvailable"], 4);
    assert_eq!(block(false).must(200)["status"], "AVAILABLE");
    lee.hold(1, &["2"]).must(201);
    block(true).refused(409, "SEAT_UNAVAILABLE");
    app.staff("PUT", "/schedules/1/seats/77", json!({ "blocked": true })).refused(404, "SEAT_NOT_FOUND");
}

/// Asking for readiness writes: that is for those who run the server, and at most once a second for all of them.
#[test]
fn readiness_is_told_to_this_machine_and_at_the_staff_s_address_by_one_probe_a_second() {
    let app = TestApp::empty(&["--staff-listen", "127.0.0.1:0", "--http-proxies", "127.0.0.1", "--top-up-policy=self"]);
    let ask = |url: &str, path: &str, from: &str| {
        crate::support::Client::of(url).call_with("GET", path, &[("x-forwarded-for", from)], None).status
    };
    let (public, staff) = (app.url(), app.staff_url());
    for (url, from, wanted) in [
        (&public, "", 200),
        (&public, "192.0.2.1", 404),
        (&public, "unknown", 404),
        (&public, "127.0.0.1", 200),
        (&staff, "192.0.2.1", 200),
    ] {
        assert_eq!(ask(url, "/readyz", from), wanted, "{url} {from}");
        assert_eq!(ask(url, "/healthz", from), 200, "{url} {from}");
    }
    let alone = TestApp::empty(&["--http-proxies", "127.0.0.1", "--top-up-policy=self"]);
    for method in ["POST", "DELETE", "OPTIONS"] {
        let there = alone.client.call(method, "/readyz", "", None);
        assert_eq!(there.header("allow"), Some("GET, HEAD, OPTIONS"), "{method}: {}", there.text);
        assert_eq!(there.status, if method == "OPTIONS" { 204 } else { 405 });
        let elsewhere = alone.client.call_with(method, "/readyz", &[("x-forwarded-for", "192.0.2.1")], None);
        elsewhere.refused(404, "NOT_FOUND");
    }
    let stranger = alone.client.call_with("GET", "/readyz", &[("x-forwarded-for", "192.0.2.1")], None);
    stranger.refused(404, "NOT_FOUND");
    let commits = || {
        let text = alone.client.call("GET", "/metrics", "", None).text;
        let line = text.lines().find_map(|line| line.strip_prefix("boxoffice_writer_commits_total ")).unwrap();
        line.parse::<u64>().unwrap()
    };
    let (before, start) = (commits(), std::time::Instant::now());
    crate::support::together((0..16).collect(), |_, _: i32| {
        for _ in 0..20 {
            assert_eq!(alone.client.call("GET", "/readyz", "", None).must(200)["status"], "ready");
        }
    });
    let made = commits() - before;
    assert!(made <= 2 + start.elapsed().as_secs(), "{made} commits for 320 calls in {:?}", start.elapsed());
}

#[test]
fn health_readiness_and_metrics_say_how_the_server_is() {
    let app = TestApp::with_seats(5, &[]);
    for path in ["/healthz", "/readyz", "/metrics", "/"] {
        assert_eq!(app.client.call("GET", path, "", None).status, 200, "{path}");
    }
    let found = app.staff_get("/users?name=ki");
    assert_eq!(found.must(200)["users"], json!([]));
    let mut kim = app.user();
    assert_eq!(app.staff_get("/users?name=ki").must(200)["users"][0]["userId"], kim.id.as_str());
    let renewed = app.staff("POST", &format!("/users/{}/key", kim.id), json!({})).must(201).clone();
    kim.line_up().refused(401, "USER_KEY_INVALID");
    kim.key = renewed["userKey"].as_str().unwrap().to_owned();
    kim.line_up().must(201);
    app.staff("PATCH", "/concerts/1", json!({ "title": "Tag" })).must(200);
    assert_eq!(app.client.call("GET", "/api/v1/concerts", "", None).must(200)["concerts"][0]["title"], "Tag");
    let layout = json!({ "sections": [{ "name": "R", "price": 7, "rows": [{ "row": "A", "count": 3 }] }] });
    assert_eq!(app.staff("PATCH", "/schedules/2", json!({ "layout": layout })).must(200)["seatsTotal"], 3);
    assert_eq!(kim.get("/schedules/2/seats").must(200)["seats"][2]["seat"], "A-3");
    kim.hold(2, &["A-3"]).must(201);
    app.staff("PATCH", "/schedules/2", json!({ "layout": layout })).refused(409, "LAYOUT_IN_USE");
    let close = json!({ "saleClosesAt": "2001-01-01T00:00:00Z" });
    app.staff("PATCH", "/schedules/1", close).must(200);
    assert_eq!(kim.get("/concerts/1/schedules").must(200)["schedules"].as_array().unwrap().len(), 1);
    assert_eq!(kim.get("/concerts/1/schedules?all=true").must(200)["schedules"].as_array().unwrap().len(), 2);
}
