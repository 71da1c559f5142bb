//! `Idempotency-Key`: where it means nothing it is refused, elsewhere a call happens once; whose keys they are.

use super::requests::{NOBODY, World, is_staff, what};
use crate::support::{PRICE, STAFF_KEY, TestApp, bearer};
use boxoffice::routes::{KeyUse, ROUTES};
use serde_json::{Value, json};

#[test]
fn idempotency_key_is_refused_where_it_means_nothing_or_would_keep_a_secret() {
    let mut world = World::new();
    for route in ROUTES {
        world.customer = world.app.buyer(0);
        let body = world.body(route).map(|body| body.to_string());
        let ask = |key: &str| {
            let fields = [("idempotency-key", key), ("content-type", "application/json")];
            world.ask(route, &world.path(route), &fields, body.as_deref())
        };
        if route.path == "/healthz" {
            continue; // answered before any field of the head is looked at
        }
        if route.key_use == KeyUse::Keeps {
            assert_eq!(route.method.word(), "POST", "{}", route.path);
            let answer = ask("fine");
            assert_ne!(answer.body["code"], "INVALID_HEADER", "{}", what(route, &answer));
        } else {
            let told = ask("fine").refused(400, "INVALID_HEADER").clone();
            assert!(told["detail"].as_str().unwrap().contains("Idempotency-Key"), "{told}");
            assert!(route.method.word() != "POST" || route.key_use == KeyUse::Secret, "{}", route.path);
        }
        ask("with space").refused(400, "INVALID_HEADER");
    }
    let kept: i64 = world
        .app
        .file()
        .query_row("SELECT count(*) FROM idempotency_answer WHERE body LIKE '%Key\":%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 0, "no secret is kept");
}

/// Each POST of staff twice under one key: the second gives the first answer again, and nothing happens.
#[test]
fn idempotency_key_makes_every_post_of_staff_happen_once() {
    let app = TestApp::with_seats(6, &["--max-active", "1"]);
    let (buyer, waiting) = (app.buyer(2 * PRICE), app.customer());
    let held = buyer.hold(1, &["1", "2"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    let tickets = buyer.pay(&json!(held), 2 * PRICE).must(201)["tickets"].clone();
    let user = format!("/users/{}/balance", buyer.id);
    let until = json!({ "scheduleId": 1, "seats": ["5"], "until": "2099-01-01T00:00:00Z" });
    let kept = app.staff("POST", "/reservations", until).must(201)["reservationId"].as_str().unwrap().to_owned();
    let layout = json!({ "numbered": { "count": 3, "price": PRICE } });
    let scan = json!({ "scanId": NOBODY, "number": tickets[1]["number"], "at": "2100-01-01T09:00:00Z" });
    app.staff("POST", "/webhooks", json!({ "url": "https://receiver.invalid/" })).must(201);
    let calls = [
        ("/webhooks/1/test", json!({})),
        ("/webhooks/1/replay", json!({ "after": 1 })),
        ("/concerts", json!({ "title": "Morgen" })),
        ("/concerts/1/schedules", json!({ "startsAt": "2100-03-01T10:00:00Z", "layout": layout })),
        ("/queue/tokens", json!({ "userId": app.user().id })),
        ("/queue/tokens", json!({ "userId": waiting.id })),
        ("/queue/admissions", json!({ "count": 1 })),
        (&*format!("{user}/top-ups"), json!({ "amount": 5 })),
        (&format!("{user}/corrections"), json!({ "amount": -1, "reason": "counted twice" })),
        (&format!("{user}/payouts"), json!({ "amount": 1, "method": "CARD" })),
        ("/sales", json!({ "scheduleId": 1, "seats": ["3"], "method": "CASH" })),
        ("/reservations", json!({ "scheduleId": 1, "seats": ["4"], "until": "2099-01-01T00:00:00Z" })),
        (&format!("/reservations/{kept}/sale"), json!({ "method": "FREE" })),
        ("/checkins", json!({ "number": tickets[0]["number"], "door": "East" })),
        ("/checkins/scans", json!({ "door": "East", "scans": [scan] })),
        (&format!("/tickets/{}/reissue", tickets[1]["ticketId"].as_str().unwrap()), json!({ "holder": "Lee" })),
        (&format!("/reservations/{held}/exchange"), json!({ "giveBack": ["2"], "seats": ["6"] })),
        (&format!("/reservations/{held}/refund"), json!({ "seats": ["2"] })),
        ("/schedules/2/cancellation", json!({})),
        ("/clock", json!({ "advanceSeconds": 5 })),
        ("/test/snapshots", json!({ "name": "here" })),
        ("/test/snapshots/here/restore", json!({})),
    ];
    let keeps = ROUTES.iter().filter(|route| is_staff(route) && route.key_use == KeyUse::Keeps);
    // The preview of a layout changes nothing: it takes a key and is made again.
    let routes = keeps.filter(|route| !route.path.ends_with("/layouts/preview")).count();
    // One of them is there twice, and the reset comes last.
    assert_eq!(calls.len(), routes, "a call of staff is missing here");
    for (number, (path, body)) in calls.iter().enumerate() {
        let key = format!("key-{number}");
        let fields = [("authorization", bearer(STAFF_KEY)), ("idempotency-key", key)];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let ask = |body: &Value| {
            app.client.call_with("POST", &format!("/api/v1/staff{path}"), &fields, Some(&body.to_string()))
        };
        let events = || app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().len();
        let first = ask(body);
        let before = events();
        let again = ask(body);
        assert_eq!((again.status, &again.text), (first.status, &first.text), "{path}");
        assert_eq!(
            (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
            (None, Some("true")),
            "{path}"
        );
        assert_eq!(events(), before, "{path} happened twice");
        let mut other = body.clone();
        other["nothing"] = json!(1);
        assert!(matches!(ask(&other).status, 400 | 422), "{path}");
    }
    assert_eq!(app.staff_get("/concerts/1/schedules").must(200)["schedules"].as_array().unwrap().len(), 3);
    let fields = [("authorization", &*bearer(STAFF_KEY)), ("idempotency-key", "key-reset")];
    let reset = || app.client.call_with("POST", "/api/v1/staff/test/reset", &fields, Some("{}"));
    let first = reset();
    app.staff("POST", "/concerts", json!({ "title": "Danach" })).must(201);
    let again = reset();
    assert_eq!((again.status, again.header("idempotency-replayed")), (first.status, Some("true")));
    assert_eq!(app.staff_get("/concerts").must(200)["concerts"].as_array().unwrap().len(), 1);
}

/// Two counters count their receipts alike: in a program with one set of
/// keys for all staff the second sale is swallowed.
#[test]
fn idempotency_keys_of_staff_belong_to_the_staff_key() {
    let app = TestApp::with_seats(1, &[]);
    let user = app.user();
    let counter = |name: &str| {
        let made = app.staff("POST", "/keys", json!({ "name": name, "role": "counter" })).must(201).clone();
        bearer(made["key"].as_str().unwrap())
    };
    let (east, west) = (counter("East"), counter("West"));
    let sell = |who: &str, amount: i64| {
        let fields = [("authorization", who), ("idempotency-key", "receipt-1")];
        let path = format!("/api/v1/staff/users/{}/balance/top-ups", user.id);
        app.client.call_with("POST", &path, &fields, Some(&json!({ "amount": amount }).to_string()))
    };
    sell(&east, 5_000).must(201);
    sell(&west, 5_000).must(201);
    assert_eq!(user.balance(), 10_000);
    assert_eq!(sell(&east, 5_000).header("idempotency-replayed"), Some("true"));
    sell(&west, 7_000).refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(user.balance(), 10_000);
}
