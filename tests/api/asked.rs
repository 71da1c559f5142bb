//! What was asked of a server for tests: `GET /staff/test/requests`.

use serde_json::{Value, json};

use crate::support::{PRICE, STAFF_KEY, TestApp, basic, bearer};

fn listed(app: &TestApp, query: &str) -> Vec<Value> {
    app.staff_get(&format!("/test/requests{query}")).must(200)["requests"].as_array().unwrap().clone()
}

fn told(entry: &Value) -> Value {
    json!([
        entry["method"],
        entry["path"],
        entry["status"],
        entry["userId"],
        entry["idempotencyKey"],
        entry["replayed"]
    ])
}

#[test]
fn requests_are_listed_in_their_order_with_what_came_of_them() {
    let app = TestApp::with_seats(2, &[]);
    let kim = app.buyer(PRICE);
    app.staff("DELETE", "/test/requests", Value::Null).must(204);
    assert!(listed(&app, "").is_empty());
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    let pay = || {
        let fields = [("authorization", bearer(&kim.token)), ("idempotency-key", "pay-1".into())];
        let fields = fields.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
        let body = json!({ "reservationId": held, "amount": PRICE }).to_string();
        app.client.call_with("POST", "/api/v1/payments", &fields, Some(&body)).must(201);
    };
    pay();
    pay();
    kim.get_by_key("/reservations?").must(200);
    app.client.call("GET", "/api/v1/nowhere?all=true&x=1", "", None).refused(404, "NOT_FOUND");
    let all = listed(&app, "");
    let (id, none) = (json!(kim.id), Value::Null);
    let wanted = [
        json!(["POST", "/api/v1/reservations", 201, id, none, false]),
        json!(["POST", "/api/v1/payments", 201, id, "pay-1", false]),
        json!(["POST", "/api/v1/payments", 201, none, "pay-1", true]), // the token ended with the first
        json!(["GET", "/api/v1/reservations", 200, id, none, false]),
        json!(["GET", "/api/v1/nowhere", 404, none, none, false]),
    ];
    let seen: Vec<Value> = all.iter().map(told).collect();
    for (seen, wanted) in seen.iter().zip(&wanted) {
        let is_ended = wanted[5] == true && seen[3] == id;
        assert!(seen == wanted || is_ended, "{seen} {wanted}");
    }
    assert_eq!(seen.len(), wanted.len());
    assert_eq!(all[4]["query"], "all=true&x=1");
    let sequences: Vec<u64> = all.iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect();
    assert!(sequences.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{sequences:?}");
    for entry in &all {
        assert_eq!(entry["at"], app.now().to_string());
        assert!(entry["durationMilliseconds"].as_f64().is_some_and(|ms| ms > 0.0 && ms < 60_000.0), "{entry}");
    }
    let count = |query: &str| listed(&app, query).len();
    assert_eq!((count("?path=/api/v1/payments"), count("?path=/api/v1/pay&method=post")), (2, 2));
    assert_eq!(
        (count("?method=GET&status=200&path=/api/v1/res"), count("?status=404"), count("?method=PUT")),
        (1, 1, 0)
    );
    app.staff_get("/test/requests?status=99").refused(400, "INVALID_REQUEST");
}

#[test]
fn request_that_waits_is_listed_at_once_and_its_answer_when_it_comes() {
    let app = TestApp::with_seats(2, &["--max-active=1"]);
    let (_kim, lee) = (app.customer(), app.customer());
    app.staff("DELETE", "/test/requests", Value::Null).must(204);
    let headers = [("authorization", bearer(&lee.token)), ("prefer", "wait=20".to_owned())];
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| {
            let headers = headers.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
            app.client.call_with("GET", "/api/v1/queue/token", &headers, None)
        });
        app.until_parked(1);
        let path = "?path=/api/v1/queue/token";
        assert_eq!(listed(&app, path)[0]["status"], Value::Null);
        app.advance_ms(20_000);
        poll.join().unwrap().must(200);
        let listed = listed(&app, path);
        assert_eq!((listed.len(), &listed[0]["status"], &listed[0]["userId"]), (1, &json!(200), &json!(lee.id)));
    });
}

/// A list of what was asked is read by whoever reads the log of a failed test: it opens nothing.
#[test]
fn keys_and_tokens_are_never_listed_in_the_clear() {
    let app = TestApp::with_seats(2, &[]);
    let kim = app.customer();
    let door = app.staff("POST", "/keys", json!({ "name": "East", "role": "door" })).must(201)["key"].clone();
    let door = door.as_str().unwrap();
    let secrets = [&kim.token, &kim.key, door, STAFF_KEY];
    let credentials = [bearer(&kim.token), basic(&kim.id, &kim.key), bearer(door), bearer(STAFF_KEY), String::new()];
    for secret in secrets {
        for authorization in &credentials {
            for path in [
                format!("/api/v1/queue/token/{secret}"),
                format!("/api/v1/{secret}/token"),
                format!("/api/v1/concerts?token={secret}"),
                format!("/api/v1/concerts?{secret}"),
                format!("/api/v1/concerts?{secret}=1"),
                format!("/{secret}?a=b&c=x{secret}x"),
                format!("/api/v1/concerts/%{:02x}{}", secret.as_bytes()[0], &secret[1..]),
            ] {
                let headers = [("authorization", authorization.as_str()), ("idempotency-key", secret)];
                assert!(app.client.call_with("GET", &path, &headers, None).status >= 400);
            }
        }
    }
    let text = app.staff_get("/test/requests").text;
    assert!(text.contains("***") && text.contains(&kim.id));
    for secret in secrets {
        assert!(!text.contains(secret) && !text.contains(&secret[1..]), "{secret} is in {text}");
    }
}

#[test]
fn requests_no_more_than_a_thousand_requests_are_remembered() {
    let app = TestApp::with_seats(1, &[]);
    for number in 0..1_003 {
        app.client.call("GET", &format!("/nowhere/{number}"), "", None);
    }
    let all = listed(&app, "");
    assert_eq!((all.len(), &all[999]["path"]), (1_000, &json!("/nowhere/1002")));
    assert_eq!(all[0]["path"], "/nowhere/3");
}
