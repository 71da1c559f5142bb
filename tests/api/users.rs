//! Who somebody is: a code to say aloud, a contact, how staff find them; banned, and removed.

use crate::support::invariants::hold_in;
use crate::support::{Answer, Client, Customer, PRICE, TestApp, basic};
use serde_json::{Value, json};

fn register(app: &TestApp, body: Value) -> Value {
    app.client.call("POST", "/api/v1/users", "", Some(body)).must(201).clone()
}

/// The names that a search finds, in their order.
fn found(app: &TestApp, search: &str) -> Vec<String> {
    let users = app.staff_get(&format!("/users?search={search}")).must(200)["users"].clone();
    users.as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().to_owned()).collect()
}

fn by_key(client: &Client, user: &Value, method: &str, body: Option<Value>) -> Answer {
    let (id, key) = (user["userId"].as_str().unwrap(), user["userKey"].as_str().unwrap());
    client.call(method, &format!("/api/v1/users/{id}"), &basic(id, key), body)
}

fn call_by_key(kim: &Customer, method: &str, path: &str) -> Answer {
    kim.client.call(method, &format!("/api/v1{path}"), &basic(&kim.id, &kim.key), None)
}

#[test]
fn search_users_are_found_by_code_contact_ticket_and_name() {
    let app = TestApp::with_seats(5, &[]);
    let kim = register(&app, json!({ "name": "Kim", "contact": "010-1234-5678" }));
    let lee = register(&app, json!({ "name": "Lee", "contact": "Lee@Example.org" }));
    assert_ne!(kim["code"], lee["code"]);
    let code = kim["code"].as_str().unwrap();
    for typed in [code.to_owned(), code.to_lowercase(), format!("{}%20{}", &code[..3], &code[3..])] {
        assert_eq!(found(&app, &typed), ["Kim"], "{typed}");
    }
    assert_eq!(found(&app, "12345678"), ["Kim"]);
    assert_eq!(found(&app, "010%201234"), ["Kim"]);
    assert_eq!(found(&app, "example.ORG"), ["Lee"]);
    assert_eq!(found(&app, "ki"), ["Kim"]);
    assert_eq!(found(&app, "e"), ["Lee"]);
    assert_eq!(found(&app, ""), ["Lee", "Kim"]);
    let sale = json!({ "scheduleId": 1, "seats": ["1"], "method": "CASH", "customer": { "name": "Park" } });
    let sold = app.staff("POST", "/sales", sale).must(201).clone();
    let number = sold["tickets"][0]["number"].as_str().unwrap();
    assert_eq!(found(&app, &number.to_lowercase()), ["Park"]);
    assert_eq!(found(&app, "nobody-at-all"), [""; 0]);
    let all = app.staff_get("/users?limit=2").must(200).clone();
    assert_eq!((&all["users"][0]["name"], &all["users"][1]["name"]), (&json!("Park"), &json!("Lee")));
    let next = app.staff_get(&format!("/users?limit=2&cursor={}", all["nextCursor"].as_str().unwrap()));
    assert_eq!((&next.must(200)["users"][0]["name"], &next.body["nextCursor"]), (&json!("Kim"), &Value::Null));
    app.staff_get("/users?name=Kim&search=Kim").refused(400, "INVALID_REQUEST");
}

#[test]
fn search_codes_are_the_same_after_a_restart_and_no_two_alike() {
    let mut app = TestApp::with_seats(1, &[]);
    let mut codes: Vec<Value> = (0..50).map(|_| register(&app, json!({ "name": "Kim" }))["code"].clone()).collect();
    let listed = |app: &TestApp| {
        let users = app.staff_get("/users").must(200)["users"].clone();
        users.as_array().unwrap().iter().rev().map(|user| user["code"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&app), codes);
    app.reopen();
    assert_eq!(listed(&app), codes);
    codes.push(register(&app, json!({ "name": "Lee" }))["code"].clone());
    codes.sort_by_key(|code| code.as_str().unwrap().to_owned());
    codes.dedup();
    assert_eq!(codes.len(), 51);
}

#[test]
fn user_changes_their_name_and_contact_and_staff_do() {
    let app = TestApp::with_seats(1, &[]);
    let kim = register(&app, json!({ "name": "Kim" }));
    let own = by_key(&app.client, &kim, "GET", None).must(200).clone();
    assert_eq!((&own["name"], &own["code"], &own["contact"]), (&json!("Kim"), &kim["code"], &Value::Null));
    let changed =
        by_key(&app.client, &kim, "PATCH", Some(json!({ "name": "Kim Minji", "contact": "kim@example.org" })));
    assert_eq!((&changed.must(200)["name"], &changed.body["code"]), (&json!("Kim Minji"), &kim["code"]));
    assert_eq!(found(&app, "minji"), ["Kim Minji"]);
    let path = format!("/users/{}", kim["userId"].as_str().unwrap());
    assert_eq!(app.staff("PATCH", &path, json!({ "contact": null })).must(200)["contact"], Value::Null);
    assert_eq!(found(&app, "example"), [""; 0]);
    for body in [json!({ "name": "" }), json!({ "contact": "x".repeat(201) }), json!({ "contact": "a\nb" })] {
        by_key(&app.client, &kim, "PATCH", Some(body)).refused(400, "INVALID_REQUEST");
    }
    let events = app.staff_get("/events?limit=1000").must(200)["events"].to_string();
    assert!(events.contains("USER_CHANGED") && !events.contains("kim@example.org"), "nothing personal is kept there");
    hold_in(&app.file());
}

#[test]
fn ban_ends_the_visit_and_everything_that_buys_until_it_is_lifted() {
    let app = TestApp::with_seats(5, &[]);
    let kim = app.buyer(4 * PRICE);
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    kim.pay(&held, PRICE).must(201);
    let mut kim = kim;
    kim.line_up().must(201);
    kim.hold(1, &["2"]).must(201);
    let ban = |banned: bool| app.staff("PUT", &format!("/users/{}/ban", kim.id), json!({ "banned": banned }));
    let since = ban(true).must(200)["bannedAt"].clone();
    assert!(since.is_string() && ban(true).must(200)["bannedAt"] == since);
    assert_eq!(kim.poll().refused(401, "TOKEN_EXPIRED")["reason"], "REVOKED");
    let again = json!({ "userId": kim.id, "userKey": kim.key });
    kim.client.call("POST", "/api/v1/queue/tokens", "", Some(again)).refused(403, "USER_BANNED");
    app.staff("POST", "/queue/tokens", json!({ "userId": kim.id })).refused(403, "USER_BANNED");
    let sale = json!({ "scheduleId": 1, "seats": ["3"], "method": "CASH", "customer": { "userId": kim.id } });
    app.staff("POST", "/sales", sale.clone()).refused(403, "USER_BANNED");
    assert_eq!(app.staff_get("/schedules/1").must(200)["seatsAvailable"], 4, "what is paid stays theirs");
    assert_eq!(
        call_by_key(&kim, "GET", "/reservations?status=CONFIRMED").must(200)["reservations"][0]["status"],
        "CONFIRMED"
    );
    assert!(ban(false).must(200)["bannedAt"].is_null());
    app.staff("POST", "/sales", sale).must(201);
    let mut kim = kim.clone();
    kim.line_up().must(201);
    hold_in(&app.file());
}

#[test]
fn account_is_removed_where_nothing_forbids_it_and_the_books_keep_their_sums() {
    let app = TestApp::with_seats(5, &[]);
    let kim = app.buyer(2 * PRICE);
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    kim.pay(&held, PRICE).must(201);
    let note = json!({ "scheduleId": 2, "seats": ["1"], "until": "2099-01-01T00:00:00Z", "customer": { "userId": kim.id }, "note": "Kim’s aunt" });
    let kept = app.staff("POST", "/reservations", note).must(201)["reservationId"].clone();
    let path = format!("/users/{}", kim.id);
    let in_use = app.staff("DELETE", &path, Value::Null);
    assert_eq!(in_use.refused(409, "USER_IN_USE")["balance"], PRICE);
    assert_eq!(in_use.body["reservationIds"], json!([held, kept]));
    app.staff("POST", &format!("{path}/balance/payouts"), json!({ "amount": PRICE })).must(201);
    app.staff("DELETE", &format!("/reservations/{}", kept.as_str().unwrap()), Value::Null).must(200);
    assert_eq!(call_by_key(&kim, "DELETE", &path).refused(409, "USER_IN_USE")["reservationIds"], json!([held]));
    let to_the_end = "2100-01-01T11:00:00Z";
    let ahead = boxoffice::clock::Millis::parse_rfc3339(to_the_end).unwrap().ms_since(app.now());
    app.advance_ms(ahead as u64);
    call_by_key(&kim, "DELETE", &path).must(204);
    call_by_key(&kim, "GET", &path).refused(401, "USER_KEY_INVALID");
    app.staff("DELETE", &path, Value::Null).must(204);
    let gone = app.staff_get(&path).must(200).clone();
    assert_eq!((&gone["name"], gone["removedAt"].is_string()), (&json!("–"), true));
    assert_eq!(found(&app, "Kim"), [""; 0]);
    let all = app.staff_get(&format!("{path}/reservations")).must(200)["reservations"].to_string();
    assert!(!all.contains("aunt"), "{all}");
    app.staff("POST", &format!("{path}/key"), json!({})).refused(404, "USER_NOT_FOUND");
    app.staff("PATCH", &path, json!({ "name": "Kim" })).refused(404, "USER_NOT_FOUND");
    // Nobody could spend points that come to it.
    let corrected = |amount: i64| {
        app.staff("POST", &format!("{path}/balance/corrections"), json!({ "amount": amount, "reason": "count" }))
    };
    app.staff("POST", &format!("{path}/balance/top-ups"), json!({ "amount": 1 })).refused(404, "USER_NOT_FOUND");
    corrected(1).refused(404, "USER_NOT_FOUND");
    corrected(-1).refused(409, "BALANCE_TOO_LOW");
    assert_eq!(app.staff_get("/schedules/1/sales").must(200)["revenue"], PRICE);
    hold_in(&app.file());
}

/// A program that lists only the latest loses a bought ticket among what was held and given back since.
#[test]
fn reservations_are_filtered_so_that_a_bought_ticket_never_falls_off() {
    let app = TestApp::with_seats(5, &["--hold-seconds=60"]);
    let kim = app.buyer(2 * PRICE);
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    kim.pay(&held, PRICE).must(201);
    let mut kim = kim;
    kim.line_up().must(201);
    for _ in 0..5 {
        let id = kim.hold(2, &["2"]).must(201)["reservationId"].as_str().unwrap().to_owned();
        kim.delete(&format!("/reservations/{id}")).must(200);
    }
    kim.hold(2, &["3"]).must(201);
    let list = |query: &str| {
        let page = call_by_key(&kim, "GET", &format!("/reservations?{query}")).must(200).clone();
        let ids = page["reservations"].as_array().unwrap().iter().map(|one| one["reservationId"].clone());
        (ids.collect::<Vec<Value>>(), page["nextCursor"].clone())
    };
    assert_eq!(list("status=CONFIRMED&limit=1"), (vec![held.clone()], Value::Null));
    assert_eq!(list("scheduleId=1").0, [held]);
    let (first, next) = list("status=CANCELLED&limit=3");
    let (rest, end) = list(&format!("status=CANCELLED&limit=3&cursor={}", next.as_str().unwrap()));
    assert_eq!((first.len(), rest.len(), end), (3, 2, Value::Null));
    assert_eq!((list("status=PENDING_PAYMENT").0.len(), list("status=EXPIRED").0.len()), (1, 0));
    app.advance_ms(60_000);
    assert_eq!((list("status=PENDING_PAYMENT").0.len(), list("status=EXPIRED").0.len()), (0, 1));
    call_by_key(&kim, "GET", "/reservations?status=PAID").refused(400, "INVALID_REQUEST");
}
