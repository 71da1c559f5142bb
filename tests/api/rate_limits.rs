//! How often one address may make users and tokens, and how often it may guess a key.

use crate::support::{STAFF_KEY, TestApp, basic, bearer};
use serde_json::{Value, json};

#[test]
fn users_and_tokens_of_one_address_are_limited_and_a_classroom_fits() {
    let flags = ["--http-proxies=127.0.0.1", "--top-up-policy=self", "--max-active=0"];
    let app = TestApp::with_seats(5, &flags);
    let come = |from: &str| {
        let headers = [("x-forwarded-for", from)];
        let user = app.client.call_with("POST", "/api/v1/users", &headers, Some("{\"name\":\"Kim\"}"));
        let body = json!({ "userId": user.body["userId"], "userKey": user.body["userKey"] }).to_string();
        (user.status == 201)
            .then(|| app.client.call_with("POST", "/api/v1/queue/tokens", &headers, Some(&body)).must(201).clone());
        user
    };
    for pupil in 0..300 {
        assert_eq!(come("192.0.2.7").status, 201, "pupil {pupil}");
    }
    let refused = come("192.0.2.7");
    refused.refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(come("192.0.2.8").status, 201, "another address is not held back");
    app.advance_ms(1_000);
    assert_eq!(come("192.0.2.7").status, 201);
    for loopback in 0..700 {
        assert_eq!(come("127.0.0.1").status, 201, "this machine is exempt: {loopback}");
    }
}

#[test]
fn credential_wrong_keys_are_limited_and_do_not_lock_out_those_with_right_ones() {
    let app = TestApp::with_seats(5, &["--tries-per-minute=6", "--http-limit-loopback"]);
    let kim = app.customer();
    for _ in 0..6 {
        app.client.call("GET", "/api/v1/queue/token", &bearer("nonsense"), None).refused(401, "TOKEN_INVALID");
    }
    let limited = app.client.call("GET", "/api/v1/queue/token", &bearer("nonsense"), None);
    limited.refused(429, "TOO_MANY_REQUESTS");
    assert_eq!(limited.header("retry-after"), Some("10"));
    app.client.call("GET", "/api/v1/reservations", &basic(&kim.id, "wrong"), None).refused(429, "TOO_MANY_REQUESTS");
    kim.poll().must(200);
    kim.get_by_key("/reservations").must(200);
    // A staff key may be of somebody's own choosing: no guess is looked at, not even the right one.
    app.staff_get("/queue").refused(429, "TOO_MANY_REQUESTS");
}

#[test]
fn credential_wrong_staff_keys_are_limited_by_address_and_trickle_back() {
    let app = TestApp::empty(&["--tries-per-minute=6", "--http-proxies=127.0.0.1", "--top-up-policy=self"]);
    let ask = |from: &str, key: &str| {
        let (key, from) = (bearer(key), from.to_owned());
        app.client.call_with("GET", "/api/v1/staff/queue", &[("authorization", &key), ("x-forwarded-for", &from)], None)
    };
    for _ in 0..6 {
        ask("192.0.2.7", "guess").refused(401, "STAFF_KEY_INVALID");
    }
    ask("192.0.2.7", STAFF_KEY).refused(429, "TOO_MANY_REQUESTS");
    ask("192.0.2.8", STAFF_KEY).must(200);
    app.advance_ms(10_000);
    ask("192.0.2.7", STAFF_KEY).must(200);
}

/// A program that counts what it has itself given out as guesses locks out everybody behind
/// one address, because one of them came back late.
#[test]
fn rate_limit_a_token_that_was_forgotten_and_a_staff_key_that_was_revoked_are_no_guesses() {
    let flags = ["--tries-per-minute=4", "--http-limit-loopback", "--token-days=1", "--idempotency-hours=24"];
    let mut app = TestApp::with_seats(5, &flags);
    let old = app.customer();
    old.delete("/queue/token").must(204);
    app.customer();
    let door = json!({ "name": "East gate", "role": "door" });
    let door = app.staff("POST", "/keys", door).must(201)["key"].as_str().unwrap().to_owned();
    app.staff("DELETE", "/keys/2", Value::Null).must(204);
    app.advance_ms(3 * 24 * 3_600_000);
    app.customer();
    let kept = app.file().query_row("SELECT count(*) FROM token WHERE token_id = 1", [], |row| row.get::<_, i64>(0));
    assert_eq!(kept.unwrap(), 0, "it is forgotten");
    app.reopen();
    let ask = |path: &str, key: &str| app.client.call("GET", path, &bearer(key), None);
    for _ in 0..10 {
        ask("/api/v1/queue/token", &old.token).refused(401, "TOKEN_INVALID");
        ask("/api/v1/staff/me", &door).refused(401, "STAFF_KEY_INVALID");
        app.staff_get("/me").must(200);
    }
    let mut changed = old.token.clone();
    changed.replace_range(31.., if old.token.ends_with('0') { "1" } else { "0" });
    let answers: Vec<u16> = (0..8).map(|_| ask("/api/v1/queue/token", &changed).status).collect();
    assert_eq!(answers, [401, 401, 401, 401, 429, 429, 429, 429]);
}
