//! Lines of their own for concerts: two on-sales that overlap, and what each line keeps for itself.

use crate::support::{Answer, Customer, PRICE, STAFF_KEY, TestApp, bearer, invariants};
use serde_json::{Value, json};

/// Two concerts with a date each; the second has a line of its own with these rules.
fn two_concerts(flags: &[&str], rules: Value) -> TestApp {
    let app = TestApp::with_seats(20, flags);
    app.staff("POST", "/concerts", json!({ "title": "Sommer" })).must(201);
    let date = json!({ "startsAt": "2100-07-01T10:00:00Z", "layout": { "numbered": { "count": 20, "price": PRICE } } });
    app.staff("POST", "/concerts/2/schedules", date).must(201);
    app.staff("PUT", "/concerts/2/line", rules).must(200);
    app
}

fn line_up_for(customer: &Customer, concert: i64) -> Answer {
    let body = json!({ "userId": customer.id, "userKey": customer.key, "concertId": concert });
    customer.client.call("POST", "/api/v1/queue/tokens", "", Some(body))
}

/// The same user with a token for a concert.
fn standing_for(customer: &Customer, concert: i64) -> Customer {
    let answer = line_up_for(customer, concert);
    assert!([200, 201].contains(&answer.status), "{}", answer.text);
    Customer { token: answer.body["token"].as_str().unwrap().to_owned(), ..customer.clone() }
}

fn line(app: &TestApp, concert: Value) -> Value {
    let lines = app.staff_get("/lines").must(200)["lines"].clone();
    lines.as_array().unwrap().iter().find(|line| line["concertId"] == concert).cloned().unwrap_or(Value::Null)
}

fn anybody(app: &TestApp, path: &str) -> Answer {
    app.client.call("GET", &format!("/api/v1{path}"), "", None)
}

#[test]
fn own_line_that_opens_later_stops_no_sale_of_today_and_a_rush_of_one_concert_blocks_no_other() {
    let app = two_concerts(&["--max-active=2"], json!({ "opensAt": "2099-06-01T10:00:00Z", "maxActive": 1 }));
    let shared: Vec<Customer> = (0..3).map(|_| app.customer()).collect();
    assert_eq!(shared[0].poll().must(200)["concertId"], Value::Null);
    assert_eq!(shared[2].poll().must(200)["position"], 1, "the shared line is full");
    let summer = standing_for(&app.user(), 2);
    let seen = summer.poll().must(200).clone();
    assert_eq!((&seen["status"], &seen["concertId"], &seen["joinNumber"]), (&json!("WAITING"), &json!(2), &json!(1)));
    shared[0].hold(1, &["1"]).must(201);
    app.staff("PUT", "/concerts/2/line", json!({ "opensAt": null })).must(200);
    assert_eq!(summer.poll().must(200)["status"], "ACTIVE", "whatever waits in the shared line");
    let behind = standing_for(&app.user(), 2);
    assert_eq!(behind.poll().must(200)["position"], 1);
    shared[1].delete("/queue/token").must(204);
    assert_eq!(shared[2].poll().must(200)["status"], "ACTIVE", "whatever waits in the other line");
    assert_eq!(behind.poll().must(200)["position"], 1);
    invariants::hold_in(&app.file());
}

#[test]
fn own_line_token_opens_the_concerts_of_its_line_only_and_the_refusal_names_the_way_out() {
    let app = two_concerts(&[], json!({}));
    let shared = app.customer();
    let own = standing_for(&shared, 2);
    assert_ne!(shared.token, own.token, "a user may stand in several lines");
    assert_eq!(line_up_for(&shared, 2).must(200)["token"], own.token.as_str());
    assert_eq!(line_up_for(&shared, 1).must(200)["token"], shared.token.as_str(), "it has none of its own");
    line_up_for(&shared, 99).refused(404, "CONCERT_NOT_FOUND");
    for (wrong, right, concert, schedule) in [(&shared, &own, 2, 3), (&own, &shared, 1, 1)] {
        let date = if concert == 2 { "2100-07-01" } else { "2100-01-01" };
        for path in [
            format!("/concerts/{concert}/schedules"),
            format!("/concerts/{concert}/seats?date={date}"),
            format!("/schedules/{schedule}/seats"),
        ] {
            assert_eq!(wrong.get(&path).refused(403, "TOKEN_OTHER_LINE")["concertId"], concert, "{path}");
            right.get(&path).must(200);
        }
        assert_eq!(wrong.hold(schedule, &["1"]).refused(403, "TOKEN_OTHER_LINE")["concertId"], concert);
    }
    own.top_up(PRICE).must(201);
    let watcher = standing_for(&app.user(), 2);
    let mut map = app.client.stream("/schedules/3/seats", &bearer(&watcher.token), "").unwrap();
    map.must();
    let held = own.hold(3, &["1"]).must(201)["reservationId"].clone();
    assert_eq!(map.must().data["seats"], json!({ "HELD": ["1"] }), "the map goes on for those of its line");
    shared.delete("/queue/token").must(204);
    let again = standing_for(&shared, 1);
    again.pay(&held, PRICE).must(201); // leaving one line gives nothing back that was held in another
    assert_eq!(own.poll().refused(401, "TOKEN_EXPIRED")["reason"], "PAID", "the visit in which the seats were held");
    assert_eq!(again.poll().must(200)["status"], "ACTIVE");
    invariants::hold_in(&app.file());
}

#[test]
fn own_line_hold_extends_and_shortens_its_own_visit_alone() {
    let app = two_concerts(&["--visit-seconds=100", "--hold-seconds=60"], json!({}));
    let shared = app.customer();
    let own = standing_for(&shared, 2);
    app.advance_ms(90_000);
    let held = own.hold(3, &["1"]).must(201).clone();
    assert_eq!(own.poll().must(200)["expiresAt"], held["holdExpiresAt"]);
    shared.hold(1, &["1"]).refused(409, "RESERVATION_PENDING");
    app.advance_ms(10_000);
    assert_eq!(shared.poll().refused(401, "TOKEN_EXPIRED")["reason"], "TIMED_OUT");
    own.delete(&format!("/reservations/{}", held["reservationId"].as_str().unwrap())).must(200);
    assert_eq!(own.poll().refused(401, "TOKEN_EXPIRED")["reason"], "TIMED_OUT");
    app.staff("DELETE", &format!("/users/{}", shared.id), json!({})).must(204);
}

#[test]
fn own_line_has_its_draws_guests_rules_and_figures_and_keeps_them_over_a_restart() {
    let mut app = two_concerts(&["--max-active=1", "--abandon-seconds=86400"], json!({ "maxActive": 2 }));
    app.staff("PATCH", "/queue", json!({ "opensAt": app.now().plus_seconds(30) })).must(200);
    app.staff("PUT", "/concerts/2/line", json!({ "opensAt": app.now().plus_seconds(60) })).must(200);
    (0..3).for_each(|_| drop(app.customer()));
    let mut own: Vec<Customer> = (0..5).map(|_| standing_for(&app.user(), 2)).collect();
    assert_eq!(own[4].poll().must(200)["joinNumber"], 5, "counted in each line");
    app.advance_ms(30_000);
    assert_eq!(anybody(&app, "/queue/draw").must(200)["joined"], 3);
    anybody(&app, "/queue/draw?concertId=2").refused(404, "NO_DRAW");
    app.reopen();
    own.iter_mut().for_each(|customer| customer.client = app.client.clone());
    app.advance_ms(30_000);
    let draw = anybody(&app, "/queue/draw?concertId=2").must(200).clone();
    assert_eq!((&draw["number"], &draw["drawn"]), (&json!(1), &json!(5)));
    assert_eq!(anybody(&app, "/queue/draws").must(200)["draws"].as_array().unwrap().len(), 1);
    let mut positions: Vec<u64> = own.iter().map(|one| one.poll().must(200)["position"].as_u64().unwrap()).collect();
    positions.sort_unstable();
    assert_eq!(positions, [0, 0, 1, 2, 3]);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    let verified = command.args(["verify-draw", "--url", &app.url(), "--token", &own[3].token]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let guest = app.user();
    let body = json!({ "userId": guest.id, "concertId": 2 });
    assert_eq!(app.staff("POST", "/queue/tokens", body).must(201)["position"], 1);
    assert_eq!(app.staff("POST", "/queue/admissions", json!({ "count": 2, "concertId": 2 })).must(200)["admitted"], 2);
    let (of_shared, of_own) = (line(&app, Value::Null), line(&app, json!(2)));
    assert_eq!((&of_own["waiting"], &of_own["active"], &of_own["maxActive"]), (&json!(2), &json!(4), &json!(2)));
    assert_eq!(
        (&of_shared["waiting"], &of_shared["active"], &of_shared["maxActive"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(app.staff_get("/queue").must(200)["waiting"], 2);
    let metrics = app.client.call("GET", "/metrics", "", None).text;
    for sample in ["boxoffice_queue_waiting 2", "boxoffice_queue_waiting{concert=\"2\"} 2"] {
        assert!(metrics.lines().any(|line| line == sample), "{sample}: {metrics}");
    }
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    let drawn = events.as_array().unwrap().iter().filter(|event| event["type"] == "QUEUE_DRAWN");
    assert_eq!(drawn.map(|event| event["data"]["concertId"].clone()).collect::<Vec<_>>(), [Value::Null, json!(2)]);
    invariants::hold_in(&app.file());
}

#[test]
fn own_line_rules_stop_and_speak_to_its_people_alone_and_are_all_or_none() {
    let app = two_concerts(&["--max-active=7"], json!({}));
    assert_eq!(line(&app, json!(2))["maxActive"], 7, "the limits of the shared line");
    let message = json!({ "en": "Soon.", "ko": "곧 시작합니다." });
    app.staff("PUT", "/concerts/2/line", json!({ "paused": true, "message": message })).must(200);
    let (shared, own) = (app.customer(), standing_for(&app.user(), 2));
    let (here, there) = (shared.poll().must(200).clone(), own.poll().must(200).clone());
    assert_eq!((&here["status"], &here["paused"], &here["message"]), (&json!("ACTIVE"), &json!(false), &Value::Null));
    assert_eq!(
        (&there["status"], &there["paused"], &there["message"]),
        (&json!("WAITING"), &json!(true), &json!("Soon."))
    );
    let wrong = json!({ "maxActive": 1, "opensAt": "2000-01-01T00:00:00Z" });
    app.staff("PUT", "/concerts/2/line", wrong.clone()).refused(400, "INVALID_REQUEST");
    assert_eq!(line(&app, json!(2))["maxActive"], 7);
    app.staff("PUT", "/concerts/1/line", wrong).refused(400, "INVALID_REQUEST");
    assert_eq!(line(&app, json!(1)), Value::Null, "nor is there a line");
    for nobody in ["/concerts/9/line", "/concerts/0/line"] {
        app.staff("PUT", nobody, json!({})).refused(404, "CONCERT_NOT_FOUND");
        app.staff("DELETE", nobody, Value::Null).refused(404, "CONCERT_NOT_FOUND");
    }
    let venue = anybody(&app, "/venue").must(200)["lines"].clone();
    let seconds = json!({ "visitSeconds": 600, "abandonSeconds": 600, "graceSeconds": 600 });
    let told = seconds.as_object().unwrap().iter().all(|(name, rule)| venue[0][name] == *rule);
    assert!(told && venue[0]["concertId"] == 2 && venue[0]["opensAt"].is_null(), "{venue}");
}

#[test]
fn own_line_that_is_closed_serves_those_in_it_to_the_end_and_others_share_one_line() {
    let mut app = two_concerts(&[], json!({ "maxActive": 1, "opensAt": "2099-06-01T10:00:00Z" }));
    let mut own: Vec<Customer> = (0..2).map(|_| standing_for(&app.user(), 2)).collect();
    app.staff("DELETE", "/concerts/2/line", json!(null)).must(204);
    app.staff("DELETE", "/concerts/2/line", json!(null)).must(204);
    assert_eq!(line(&app, json!(2))["closed"], true);
    assert_eq!(anybody(&app, "/venue").must(200)["lines"], json!([]));
    app.reopen();
    own.iter_mut().for_each(|customer| customer.client = app.client.clone());
    assert_eq!(own[0].get("/schedules/3/seats").must(200)["seatsAvailable"], 20);
    assert_eq!(own[1].poll().must(200)["position"], 1);
    let shared = standing_for(&app.user(), 2);
    assert_eq!(shared.poll().must(200)["concertId"], Value::Null);
    shared.hold(3, &["2"]).must(201);
    own[0].delete("/queue/token").must(204);
    own[1].hold(3, &["1"]).must(201);
    own[1].delete("/queue/token").must(204);
    assert_eq!(line(&app, json!(2)), Value::Null, "the last has left");
    assert_eq!(app.staff("PUT", "/concerts/2/line", json!({})).must(200)["maxActive"], 1, "as it was");
    app.staff("POST", "/concerts", json!({ "title": "Never" })).must(201);
    app.staff("PUT", "/concerts/3/line", json!({})).must(200);
    let never = standing_for(&app.user(), 3);
    app.staff("DELETE", "/concerts/3", json!(null)).must(204);
    assert_eq!(line(&app, json!(3))["closed"], true);
    never.get("/concerts/3/schedules").refused(404, "CONCERT_NOT_FOUND");
    invariants::hold_in(&app.file());
}

#[test]
fn own_line_made_in_the_midst_of_a_sale_leaves_a_hold_to_be_paid_and_a_ban_ends_all_tokens() {
    let app = TestApp::with_seats(5, &[]);
    let buyer = app.buyer(PRICE);
    let held = buyer.hold(1, &["1"]).must(201)["reservationId"].clone();
    app.staff("PUT", "/concerts/1/line", json!({})).must(200);
    buyer.get("/schedules/1/seats").refused(403, "TOKEN_OTHER_LINE");
    buyer.pay(&held, PRICE).must(201);
    let shared = app.customer();
    let own = standing_for(&shared, 1);
    own.hold(1, &["2"]).must(201);
    let ban = app.client.call(
        "PUT",
        &format!("/api/v1/staff/users/{}/ban", shared.id),
        &bearer(STAFF_KEY),
        Some(json!({ "banned": true })),
    );
    ban.must(200);
    for token in [&shared, &own] {
        assert_eq!(token.poll().refused(401, "TOKEN_EXPIRED")["reason"], "REVOKED");
    }
    invariants::hold_in(&app.file());
}

#[test]
fn own_lines_are_a_hundred_at_most() {
    let app = TestApp::empty(&[]);
    for concert in 1..=101 {
        app.staff("POST", "/concerts", json!({ "title": "One of many" })).must(201);
        let made = app.staff("PUT", &format!("/concerts/{concert}/line"), json!({}));
        if concert <= 100 {
            made.must(200);
        } else {
            assert_eq!(made.refused(409, "LINE_LIMIT")["linesMax"], 100);
        }
    }
    app.staff("DELETE", "/concerts/1/line", json!(null)).must(204);
    app.staff("PUT", "/concerts/101/line", json!({})).must(200);
}

/// Whoever misbehaves in one line is sent out of that one; without a concert, out of all.
#[test]
fn own_line_token_is_revoked_alone_where_its_concert_is_named() {
    let app = two_concerts(&["--abandon-seconds=30", "--max-active=0"], json!({ "maxActive": 1 }));
    let kim = app.user();
    let (in_first, in_second) = (standing_for(&kim, 1), standing_for(&kim, 2));
    let revoke = |query: &str| app.staff("DELETE", &format!("/queue/tokens/{}{query}", kim.id), Value::Null);
    revoke("?concertId=9").refused(404, "CONCERT_NOT_FOUND");
    revoke("?concertId=2").must(204);
    assert_eq!(in_second.poll().refused(401, "TOKEN_EXPIRED")["reason"], "REVOKED");
    assert_eq!(in_first.poll().must(200)["status"], "ACTIVE");
    // A place that was lost a moment ago goes too.
    let (lee, park) = (standing_for(&app.user(), 2), app.user());
    let waiting = standing_for(&park, 2);
    app.advance_ms(20_000);
    lee.poll().must(200);
    app.advance_ms(10_000);
    assert_eq!(waiting.poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
    app.staff("DELETE", &format!("/queue/tokens/{}", park.id), Value::Null).must(204);
    assert_eq!(line_up_for(&park, 2).must(201).get("placeRestored"), None);
    revoke("").must(204);
    assert_eq!(in_first.poll().refused(401, "TOKEN_EXPIRED")["reason"], "REVOKED");
}
