//! Servers for tests: their calls are there on such a server, and on no other.

use boxoffice::app::App;
use boxoffice::routes::ROUTES;
use serde_json::{Value, json};

use crate::openapi::filled;
use crate::support::{Client, Customer, PRICE, STAFF_KEY, TestApp, basic, bearer, settings, together};

#[test]
fn test_calls_are_refused_on_a_server_that_keeps_what_people_do() {
    let folder = tempfile::tempdir().unwrap();
    let settings = boxoffice::settings::Settings { test_clock: None, ..settings(&["--allow-origin", "*"]) };
    let app = App::open(settings, &folder.path().join("venue.db"), ([127, 0, 0, 1], 0).into(), || {}).unwrap();
    let client = Client::of(&app.url());
    let origin = [("origin", "http://a"), ("access-control-request-method", "POST")];
    let mut count = 0;
    for route in ROUTES.iter().filter(|route| route.is_for_tests()) {
        let (method, path) = (route.method.word(), filled(route.path));
        let body = (method != "GET" && method != "DELETE").then(|| json!({}));
        client.call(method, &path, &bearer(STAFF_KEY), body).refused(404, "TEST_SERVER_ONLY");
        client.call("OPTIONS", &path, &bearer(STAFF_KEY), None).refused(404, "TEST_SERVER_ONLY");
        client.call(method, &path, "", None).refused(401, "STAFF_KEY_INVALID");
        client.call_with("OPTIONS", &path, &origin, None).refused(401, "STAFF_KEY_INVALID");
        count += 1;
    }
    assert!(count >= 2, "{count} calls");
    client.call("GET", "/api/v1/staff/test/nothing", &bearer(STAFF_KEY), None).refused(404, "TEST_SERVER_ONLY");
}

#[test]
fn test_calls_are_there_with_a_test_clock_and_for_admins() {
    let app = TestApp::empty(&[]);
    assert_eq!(app.staff_get("/test/snapshots").must(200), &json!({ "snapshots": [] }));
    app.staff_get("/test/nothing").refused(404, "NOT_FOUND");
    let counter = app.staff("POST", "/keys", json!({ "name": "Lee", "role": "counter" })).must(201)["key"].clone();
    let counter = bearer(counter.as_str().unwrap());
    app.client.call("GET", "/api/v1/staff/test/snapshots", &counter, None).refused(403, "ROLE_NOT_ALLOWED");
}

/// What everybody and staff see of a venue; the same in two venues that are the same.
fn seen(app: &TestApp) -> Value {
    let paths = [
        "/api/v1/venue",
        "/api/v1/staff/queue",
        "/api/v1/staff/keys",
        "/api/v1/staff/concerts",
        "/api/v1/staff/concerts/1/schedules",
        "/api/v1/staff/schedules/1/seats",
        "/api/v1/staff/schedules/1/sales",
        "/api/v1/staff/users?name=",
        "/api/v1/staff/events?limit=1000",
    ];
    paths.iter().map(|path| app.client.call("GET", path, &bearer(STAFF_KEY), None).must(200).clone()).collect()
}

#[test]
fn reset_leaves_nothing_of_before_to_be_seen_and_the_venue_sound() {
    let app = TestApp::with_seats(3, &["--http-limit-loopback", "--tries-per-minute", "4", "--max-active", "1"]);
    let mut app = app;
    app.reopen(); // the start is a venue with dates
    let start = seen(&app);
    let (buyer, waiting) = (app.buyer(PRICE), app.customer());
    let held = buyer.hold(1, &["1"]).must(201).clone();
    buyer.pay(&held["reservationId"], PRICE).must(201);
    let key = app.staff("POST", "/keys", json!({ "name": "Lee", "role": "door" })).must(201)["key"].clone();
    app.staff("PATCH", "/queue", json!({ "paused": true })).must(200);
    app.staff("PATCH", "/concerts/1", json!({ "title": "Tag" })).must(200);
    let one_more = app.client.call("POST", "/api/v1/users", "", Some(json!({ "name": "One" })));
    one_more.refused(429, "TOO_MANY_REQUESTS");
    app.advance_ms(3_600_000);
    assert_ne!(seen(&app), start);

    let now = app.staff("POST", "/test/reset", json!({})).must(200)["now"].clone();
    assert_eq!((seen(&app), &now), (start.clone(), &start[0]["now"]));
    buyer.get_by_key("/reservations").refused(401, "USER_KEY_INVALID");
    waiting.poll().refused(401, "TOKEN_INVALID");
    app.client.call("GET", "/api/v1/staff/me", &bearer(key.as_str().unwrap()), None).refused(401, "STAFF_KEY_INVALID");
    // Tries that were counted before are forgotten although the clock went back, and so is who was active.
    let again = app.customer();
    assert_eq!(again.poll().must(200)["status"], "ACTIVE");
    again.hold(1, &["1"]).must(201);
    app.staff("POST", "/test/reset", json!({})).must(200);
    assert_eq!(seen(&app), start);
    app.close();
    assert_eq!(boxoffice::check::check(&app.database).unwrap(), Vec::<String>::new());
}

#[test]
fn reset_tag_of_before_is_never_taken_for_one_of_after() {
    let app = TestApp::with_seats(3, &[]);
    app.staff("POST", "/test/snapshots", json!({ "name": "open" })).must(201);
    let map = |customer: &Customer, tag: &str| {
        let auth = bearer(&customer.token);
        app.client.call_with(
            "GET",
            "/api/v1/schedules/1/seats",
            &[("authorization", &auth), ("if-none-match", tag)],
            None,
        )
    };
    let (one, other) = (app.customer(), app.customer());
    one.hold(1, &["1"]).must(201);
    let before = map(&other, "");
    let tag = before.header("etag").unwrap();
    map(&other, tag).must(304);
    app.staff("POST", "/test/snapshots/open/restore", json!({})).must(200);
    // The same number of changes as before, of another seat.
    let (one, other) = (app.customer(), app.customer());
    one.hold(1, &["2"]).must(201);
    let after = map(&other, tag);
    assert_eq!(after.must(200)["version"], before.body["version"], "only the tag can tell them apart");
    assert_ne!(after.body["seats"], before.body["seats"]);
}

#[test]
fn reset_wakes_long_polls_and_connections_stay() {
    let mut app = TestApp::with_seats(3, &["--max-active", "1"]);
    app.reopen();
    let (active, waiting) = (app.customer(), app.customer());
    let held = active.hold(1, &["1"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    let wait = |path: String, authorization: String| {
        let client = app.client.clone();
        std::thread::spawn(move || {
            client.call_with("GET", &path, &[("authorization", &authorization), ("prefer", "wait=30")], None)
        })
    };
    let waits = [
        wait("/api/v1/queue/token".into(), bearer(&waiting.token)),
        wait(format!("/api/v1/reservations/{held}"), basic(&active.id, &active.key)),
        wait("/api/v1/staff/events?after=1000000".into(), bearer(STAFF_KEY)),
    ];
    app.until_parked(3);
    app.staff("POST", "/test/reset", json!({})).must(200);
    let answers = waits.map(|wait| wait.join().unwrap());
    answers[0].refused(401, "TOKEN_INVALID");
    answers[1].refused(404, "RESERVATION_NOT_FOUND");
    assert_eq!(answers[2].must(200)["events"], json!([]));
    app.until_parked(0);
}

#[test]
fn snapshots_are_taken_restored_listed_and_deleted_up_to_a_bound() {
    let app = TestApp::with_seats(3, &["--hold-seconds", "60"]);
    let buyer = app.buyer(PRICE);
    let held = buyer.hold(1, &["1"]).must(201).clone();
    app.advance_ms(59_000);
    let taken = app.staff("POST", "/test/snapshots", json!({ "name": "held" })).must(201).clone();
    let before = seen(&app);
    assert_eq!((&taken["name"], &taken["takenAt"]), (&json!("held"), &before[0]["now"]));
    buyer.pay(&held["reservationId"], PRICE).must(201);
    for _ in 0..2 {
        app.advance_ms(3_600_000);
        app.staff("POST", "/test/snapshots/held/restore", json!({})).must(200);
        assert_eq!(seen(&app), before);
        let auth = bearer(&buyer.token);
        let keyed = [("authorization", auth.as_str()), ("idempotency-key", "once")];
        let body = json!({ "reservationId": held["reservationId"], "amount": PRICE }).to_string();
        let paid = app.client.call_with("POST", "/api/v1/payments", &keyed, Some(&body));
        paid.must(201);
        assert_eq!(paid.header("idempotency-replayed"), None, "an answer of before is not given again");
    }
    app.staff("POST", "/test/snapshots/nothing/restore", json!({})).refused(404, "SNAPSHOT_NOT_FOUND");
    app.staff("DELETE", "/test/snapshots/nothing", json!({})).refused(404, "SNAPSHOT_NOT_FOUND");
    for name in ["", "a b", "a/b", &"a".repeat(81)] {
        let refused = app.staff("POST", "/test/snapshots", json!({ "name": name }));
        assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], "/name");
    }
    for number in 1..16 {
        app.staff("POST", "/test/snapshots", json!({ "name": format!("s{number:02}") })).must(201);
    }
    assert_eq!(
        app.staff("POST", "/test/snapshots", json!({ "name": "x" })).refused(409, "SNAPSHOT_LIMIT")["snapshotsMax"],
        16
    );
    app.staff("POST", "/test/snapshots", json!({ "name": "held" })).must(201); // in place of the first
    app.staff("DELETE", "/test/snapshots/s01", json!({})).must(204);
    app.staff("POST", "/test/snapshots", json!({ "name": "x" })).must(201);
    let listed = app.staff_get("/test/snapshots").must(200)["snapshots"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["name"]), (16, &json!("held")));
    app.staff("POST", "/test/reset", json!({})).must(200);
    assert_eq!(app.staff_get("/test/snapshots").must(200)["snapshots"], listed, "a reset keeps them");
}

#[test]
fn reset_under_load_answers_everybody_and_leaves_the_start() {
    let mut app = TestApp::with_seats(20, &["--max-active", "0"]);
    app.reopen();
    let start = seen(&app);
    let work = |worker: usize, _| {
        for round in 0..15 {
            if worker == 0 {
                app.staff("POST", "/test/reset", json!({})).must(200);
                continue;
            }
            let customer = app.client.call("POST", "/api/v1/users", "", Some(json!({ "name": "Kim" })));
            let user = customer.must(201);
            let body = json!({ "userId": user["userId"], "userKey": user["userKey"] });
            let token = app.client.call("POST", "/api/v1/queue/tokens", "", Some(body));
            let token = bearer(token.body["token"].as_str().unwrap_or("none"));
            let wanted = json!({ "scheduleId": 1, "seats": [((worker + round) % 20 + 1).to_string()] });
            for (method, path, body) in [
                ("GET", "/api/v1/schedules/1/seats", None),
                ("POST", "/api/v1/reservations", Some(wanted)),
                (
                    "POST",
                    &*format!("/api/v1/users/{}/balance/top-ups", user["userId"].as_str().unwrap()),
                    Some(json!({ "amount": 1 })),
                ),
            ] {
                let status = app.client.call(method, path, &token, body).status;
                assert!(matches!(status, 200 | 201 | 401 | 404 | 409), "{method} {path}: {status}");
            }
        }
    };
    together(vec![(); 6], work);
    app.staff("POST", "/test/reset", json!({})).must(200);
    assert_eq!(seen(&app), start);
    let buyer = app.buyer(PRICE);
    let held = buyer.hold(1, &["1"]).must(201).clone();
    buyer.pay(&held["reservationId"], PRICE).must(201);
    app.close();
    assert_eq!(boxoffice::check::check(&app.database).unwrap(), Vec::<String>::new());
}
