//! Every refusal of the contract's sections 1 to 5: its status, its code and its members, in both languages.

use crate::support::{PRICE, STAFF_KEY, TestApp, basic, bearer};
use serde_json::{Value, json};

fn reservation(held: &Value) -> String {
    format!("/reservations/{}", held["reservationId"].as_str().unwrap_or(""))
}

#[test]
fn refusal_is_a_problem_document_in_the_callers_language() {
    let app = TestApp::with_seats(5, &[]);
    let english = app.client.call("GET", "/api/v1/queue/token", "", None);
    assert_eq!(english.refused(401, "TOKEN_REQUIRED")["type"], "/problems/token_required");
    assert_eq!(english.body["title"], "Queue token required");
    assert_eq!(english.body["status"], 401);
    assert!(english.header("www-authenticate").is_some() && english.header("x-request-id").is_some());
    assert_eq!(english.header("cache-control"), Some("no-store"));
    let korean = [("accept-language", "ko-KR,ko;q=0.9"), ("x-request-id", "my-own-1")];
    let korean = app.client.call_with("GET", "/api/v1/queue/token", &korean, None);
    assert_eq!(korean.refused(401, "TOKEN_REQUIRED")["title"], "대기열 토큰이 필요합니다");
    assert_eq!(korean.header("x-request-id"), Some("my-own-1"));
    let page = app.client.call_with("GET", "/problems/token_required", &[("accept-language", "ko")], None);
    assert_eq!(page.status, 200);
    assert!(page.text.contains("대기열 토큰이 필요합니다") && page.text.contains("TOKEN_REQUIRED"), "{}", page.text);
}

#[test]
fn tokens_are_refused_with_what_is_wrong_with_them() {
    let app = TestApp::with_seats(5, &[]);
    let call = |authorization: &str| app.client.call("GET", "/api/v1/queue/token", authorization, None);
    let user = app.user();
    call("").refused(401, "TOKEN_REQUIRED");
    call(&basic(&user.id, &user.key)).refused(401, "TOKEN_REQUIRED");
    call(&bearer("nonsense")).refused(401, "TOKEN_INVALID");
    call(&bearer(&"0".repeat(32))).refused(401, "TOKEN_INVALID");
    let body = json!({ "userId": user.id, "userKey": "wrong" });
    app.client.call("POST", "/api/v1/queue/tokens", "", Some(body)).refused(401, "USER_KEY_INVALID");
    let body = json!({ "userId": "00000000-0000-7000-8000-000000000000", "userKey": user.key });
    app.client.call("POST", "/api/v1/queue/tokens", "", Some(body)).refused(401, "USER_KEY_INVALID");
    let by_key = |key: &str| app.client.call("GET", "/api/v1/reservations", &basic(&user.id, key), None);
    by_key("wrong").refused(401, "USER_KEY_INVALID");
    by_key(&user.key).must(200);
}

#[test]
fn refusal_what_belongs_to_another_looks_as_if_it_did_not_exist() {
    let app = TestApp::with_seats(5, &[]);
    let (owner, other) = (app.buyer(PRICE), app.customer());
    let held = owner.hold(1, &["1"]).must(201).clone();
    let unknown = "00000000-0000-7000-8000-000000000000";
    for path in [reservation(&held), format!("/reservations/{unknown}"), "/reservations/x".into()] {
        other.get(&path).refused(404, "RESERVATION_NOT_FOUND");
        other.delete(&path).refused(404, "RESERVATION_NOT_FOUND");
    }
    let payment = held["payment"]["paymentId"].as_str().unwrap_or("");
    owner.get(&format!("/payments/{payment}")).must(200);
    other.get(&format!("/payments/{payment}")).refused(404, "PAYMENT_NOT_FOUND");
    other.get(&format!("/payments/{unknown}")).refused(404, "PAYMENT_NOT_FOUND");
    other.pay(&held["reservationId"], PRICE).refused(404, "RESERVATION_NOT_FOUND");
    other.get(&format!("/users/{}/balance", owner.id)).refused(403, "NOT_YOURS");
    other.get(&format!("/users/{unknown}/balance")).refused(403, "NOT_YOURS");
    other.get("/users/x/balance").refused(404, "NOT_FOUND");
}

#[test]
fn reservations_are_refused_in_the_contracts_order() {
    let app = TestApp::with_seats(10, &["--seats-per-user=2"]);
    let layout = json!({ "numbered": { "count": 2, "price": 1 } });
    let dashboard = json!({ "startsAt": "2100-01-01T12:00:00Z", "layout": layout });
    app.staff("POST", "/concerts/1/schedules", dashboard).must(201); // a second time on the first date
    let shut = json!({ "startsAt": "2100-01-03T12:00:00Z", "saleOpensAt": "2099-01-01T00:00:00Z", "layout": layout });
    app.staff("POST", "/concerts/1/schedules", shut).must(201);
    let over = json!({ "startsAt": "2100-01-03T12:00:00Z", "saleClosesAt": "2001-01-01T00:00:00Z", "layout": layout });
    app.staff("POST", "/concerts/1/schedules", over).must(201);
    let (kim, lee) = (app.buyer(10 * PRICE), app.customer());
    let ask = |body: Value| kim.post("/reservations", body);
    for (body, pointer) in [
        (json!({ "scheduleId": 1, "seats": [] }), "/seats"),
        (json!({ "scheduleId": 1, "seats": ["1", "1"] }), "/seats/1"),
        (json!({ "scheduleId": 1, "seats": [1] }), "/seats/0"),
        (json!({ "scheduleId": "1", "seats": ["1"] }), "/scheduleId"),
        (json!({ "seats": ["1"] }), "/scheduleId"),
        (json!({ "concertId": 1, "date": "tomorrow", "seats": ["1"] }), "/date"),
        (json!({ "scheduleId": 1, "seats": ["1"], "gift": true }), "/gift"),
    ] {
        assert_eq!(ask(body).refused(400, "INVALID_REQUEST")["pointer"], pointer);
    }
    kim.hold(99, &["1"]).refused(404, "SCHEDULE_NOT_FOUND");
    assert_eq!(kim.hold(1, &["1", "X"]).refused(404, "SEAT_NOT_FOUND")["seats"], json!(["X"]));
    let ambiguous = ask(json!({ "concertId": 1, "date": "2100-01-01", "seats": ["1"] }));
    assert_eq!(ambiguous.refused(409, "DATE_AMBIGUOUS")["scheduleIds"], json!([1, 3]));
    ask(json!({ "concertId": 1, "date": "2099-01-01", "seats": ["1"] })).refused(404, "SCHEDULE_NOT_FOUND");
    ask(json!({ "concertId": 9, "date": "2099-01-01", "seats": ["1"] })).refused(404, "CONCERT_NOT_FOUND");
    assert_eq!(kim.hold(4, &["1"]).refused(409, "SALE_NOT_OPEN")["saleOpensAt"], "2099-01-01T00:00:00.000Z");
    kim.hold(5, &["1"]).refused(409, "SALE_CLOSED");
    kim.hold(1, &["1", "2", "3"]).refused(409, "SEAT_LIMIT");
    lee.hold(1, &["5"]).must(201);
    assert_eq!(kim.hold(1, &["5", "6"]).refused(409, "SEAT_UNAVAILABLE")["seats"], json!(["5"]));
    let held = ask(json!({ "concertId": 1, "date": "2100-01-02", "seats": ["6"] })).must(201).clone();
    let pending = kim.hold(1, &["5"]);
    assert_eq!(pending.refused(409, "RESERVATION_PENDING")["reservationId"], held["reservationId"]);
    kim.delete(&reservation(&held)).must(200);
    assert_eq!(
        kim.delete(&reservation(&held)).refused(409, "RESERVATION_NOT_PENDING")["reservationStatus"],
        "CANCELLED"
    );
}

#[test]
fn payments_are_refused_without_a_trace_and_declined_with_one() {
    let app = TestApp::with_seats(10, &["--payment-attempts=2", "--hold-seconds=60"]);
    let kim = app.buyer(10);
    let held = kim.hold(1, &["1", "2"]).must(201).clone();
    let id = &held["reservationId"];
    assert_eq!(kim.pay(id, 1).refused(422, "AMOUNT_MISMATCH")["expected"], 2 * PRICE);
    let declined = kim.pay(id, 2 * PRICE);
    declined.refused(402, "INSUFFICIENT_BALANCE");
    for (member, value) in
        [("balance", 10), ("required", 2 * PRICE), ("shortfall", 2 * PRICE - 10), ("attemptsLeft", 1)]
    {
        assert_eq!(declined.body[member], value, "{member}");
    }
    assert_eq!(kim.get(&reservation(&held)).must(200)["status"], "PENDING_PAYMENT");
    assert_eq!(kim.pay(id, 2 * PRICE).refused(402, "INSUFFICIENT_BALANCE")["attemptsLeft"], 0);
    let failed = kim.get(&reservation(&held)).must(200).clone();
    assert_eq!((&failed["status"], &failed["failure"]), (&json!("FAILED"), &json!("INSUFFICIENT_BALANCE")));
    assert_eq!(failed["payment"]["status"], "FAILED");
    kim.pay(id, 2 * PRICE).refused(409, "RESERVATION_NOT_PENDING");
    assert_eq!((kim.balance(), &kim.poll().must(200)["status"]), (10, &json!("ACTIVE")));
    let held = kim.hold(1, &["1"]).must(201).clone();
    app.advance_ms(60_000);
    kim.pay(&held["reservationId"], PRICE).refused(409, "HOLD_EXPIRED");
    kim.top_up(2 * PRICE).must(201);
    kim.hold(1, &["2", "1"]).must(201);
    let by_seats = |seats: Value| json!({ "scheduleId": 1, "seats": seats, "amount": 2 * PRICE });
    kim.post("/payments", by_seats(json!(["1"]))).refused(409, "HOLD_EXPIRED");
    kim.post("/payments", by_seats(json!(["9"]))).refused(404, "RESERVATION_NOT_FOUND");
    let paid = kim.post("/payments", by_seats(json!(["1", "2"]))).must(201).clone();
    let mut again = kim.clone();
    again.line_up().must(201);
    let twice = again.pay(&paid["reservationId"], 2 * PRICE);
    assert_eq!(twice.refused(409, "ALREADY_PAID")["paymentId"], paid["paymentId"]);
    let payment = again.get(&format!("/payments/{}", paid["paymentId"].as_str().unwrap_or(""))).must(200).clone();
    assert_eq!((&payment["status"], &payment["tickets"]), (&json!("COMPLETED"), &paid["tickets"]));
}

#[test]
fn points_have_their_limits_and_their_ledger() {
    let app = TestApp::with_seats(5, &[]);
    let kim = app.buyer(0);
    for amount in [json!(0), json!(-5), json!(10_000_001), json!(1.5), json!("7"), Value::Null] {
        let path = format!("/users/{}/balance/top-ups", kim.id);
        assert_eq!(kim.post(&path, json!({ "amount": amount })).refused(400, "INVALID_REQUEST")["pointer"], "/amount");
    }
    for _ in 0..100 {
        kim.top_up(10_000_000).must(201);
    }
    assert_eq!(kim.top_up(1).refused(409, "BALANCE_LIMIT")["balance"], 1_000_000_000);
    let correct = |amount: i64| {
        let body = json!({ "amount": amount, "reason": "counted twice" });
        app.staff("POST", &format!("/users/{}/balance/corrections", kim.id), body)
    };
    correct(-1_000_000_000).must(201);
    let too_low = correct(-1).refused(409, "BALANCE_TOO_LOW").clone();
    assert_eq!(too_low["detail"], "The balance has fewer points than that; 'balance' says how many.");
    correct(0).refused(400, "INVALID_REQUEST");
    let mut path = format!("/users/{}/balance/entries?limit=40", kim.id);
    let mut entries = Vec::new();
    loop {
        let page = kim.get(&path).must(200).clone();
        entries.extend(page["entries"].as_array().cloned().unwrap_or_default());
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/users/{}/balance/entries?limit=40&cursor={cursor}", kim.id);
    }
    assert_eq!(entries.len(), 101);
    assert_eq!(entries[0]["kind"], "CORRECTION");
    assert_eq!(entries.iter().filter_map(|entry| entry["amount"].as_i64()).sum::<i64>(), kim.balance());
    let strict = TestApp::with_seats(1, &["--top-up-policy=staff"]);
    let lee = strict.customer();
    lee.top_up(1).refused(403, "TOP_UP_BY_STAFF_ONLY");
    let path = format!("/users/{}/balance/top-ups", lee.id);
    strict.staff("POST", &path, json!({ "amount": 5 })).must(201);
    assert_eq!(lee.balance(), 5);
    let nobody = "/users/00000000-0000-7000-8000-000000000000/balance/top-ups";
    strict.staff("POST", nobody, json!({ "amount": 5 })).refused(404, "USER_NOT_FOUND");
}

#[test]
fn plumbing_refuses_what_is_not_a_request_of_ours() {
    let app = TestApp::with_seats(5, &[]);
    let call = |method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>| {
        app.client.call_with(method, path, headers, body)
    };
    call("POST", "/api/v1/users", &[], Some("{\"name\":")).refused(400, "INVALID_JSON");
    let korean = call("POST", "/api/v1/users", &[("Accept-Language", "ko")], Some("{\"name\":"));
    let detail = korean.refused(400, "INVALID_JSON")["detail"].as_str().unwrap().to_owned();
    assert!(detail.ends_with("(1번째 줄 8번째 바이트: 글이 끝나기 전에 끊겼습니다)"), "{detail}");
    call("POST", "/api/v1/users", &[], Some("{\"name\":\"Kim\",\"name\":\"Lee\"}")).refused(400, "INVALID_JSON");
    call("POST", "/api/v1/users", &[], Some("[]")).refused(400, "INVALID_REQUEST");
    call("POST", "/api/v1/users", &[], Some("{\"name\":\"  \"}")).refused(400, "INVALID_REQUEST");
    call("POST", "/api/v1/users", &[], Some("{\"name\":\"a\\nb\"}")).refused(400, "INVALID_REQUEST");
    for unseen in ["\u{200b}\u{200b}", "\u{feff}", "\u{3164} \u{3164}", "ABC\u{202e}321", "a\u{2028}b"] {
        let body = json!({ "name": unseen }).to_string();
        call("POST", "/api/v1/users", &[], Some(&body)).refused(400, "INVALID_REQUEST");
    }
    for seen in ["김\u{200d}민", "👩\u{200d}🎤", "محمد"] {
        call("POST", "/api/v1/users", &[], Some(&json!({ "name": seen }).to_string())).must(201);
    }
    call("POST", "/api/v1/users", &[("content-type", "text/plain")], Some("{}")).refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(70_000));
    call("POST", "/api/v1/users", &[], Some(&long)).refused(413, "BODY_TOO_LARGE");
    call("GET", "/api/v1/nowhere", &[], None).refused(404, "NOT_FOUND");
    call("GET", "/api/v1/schedules/x/seats", &[], None).refused(401, "TOKEN_REQUIRED");
    let wrong = call("DELETE", "/api/v1/concerts", &[], None);
    wrong.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(wrong.header("allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(call("OPTIONS", "/api/v1/payments", &[], None).header("allow"), Some("POST, OPTIONS"));
    assert_eq!(call("HEAD", "/api/v1/concerts", &[], None).text, "");
    let key = format!("Bearer {STAFF_KEY}x");
    call("GET", "/api/v1/staff/queue", &[("authorization", &key)], None).refused(401, "STAFF_KEY_INVALID");
    call("GET", "/api/v1/staff/nowhere", &[], None).refused(401, "STAFF_KEY_INVALID");
    call("GET", "/api/v1/queue/draw", &[], None).refused(404, "NO_DRAW");
    let kim = app.customer();
    let repeat = |key: &str, amount: i64| {
        let headers = [("authorization", bearer(&kim.token)), ("idempotency-key", key.to_owned())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = format!("/api/v1/users/{}/balance/top-ups", kim.id);
        call("POST", &path, &headers, Some(&json!({ "amount": amount }).to_string()))
    };
    repeat(&"k".repeat(129), 5).refused(400, "INVALID_HEADER");
    let first = repeat("k1", 5);
    assert_eq!((first.must(201)["balance"].as_i64(), first.header("idempotency-replayed")), (Some(5), None));
    let second = repeat("k1", 5);
    assert_eq!((second.text, second.headers.iter().any(|(n, _)| n == "idempotency-replayed")), (first.text, true));
    repeat("k1", 6).refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(kim.balance(), 5);
}
