//! Webhooks: every event arrives, in order, at least once and signed, whatever a receiver does meanwhile; and a
//! receiver delays nobody.

use crate::support::receiver::{Mood, Receiver, TAKES};
use crate::support::{Answer, PRICE, TestApp, wait};
use serde_json::{Value, json};

pub const LOCAL: &str = "--webhook-networks=127.0.0.0/8";
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const MINUTE_MS: u64 = 60_000;

pub fn add(app: &TestApp, body: Value) -> Value {
    app.staff("POST", "/webhooks", body).must(201).clone()
}

/// A webhook from the first event of the feed on.
pub fn add_from_the_first(app: &TestApp, receiver: &Receiver) -> Value {
    add(app, json!({ "url": receiver.url(), "secret": SECRET, "after": 0 }))
}

pub fn state(app: &TestApp, webhook_id: i64) -> Value {
    app.staff_get(&format!("/webhooks/{webhook_id}")).must(200).clone()
}

fn enable(app: &TestApp, webhook_id: i64) -> Value {
    app.staff("PATCH", &format!("/webhooks/{webhook_id}"), json!({ "enabled": true })).must(200).clone()
}

#[track_caller]
pub fn until_state(app: &TestApp, webhook_id: i64, member: &str, wanted: Value) {
    wait::until(&format!("{member} of webhook {webhook_id}: {wanted}"), || {
        state(app, webhook_id).pointer(member) == Some(&wanted)
    });
}

fn feed(app: &TestApp) -> Vec<Value> {
    app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().clone()
}

pub fn last(app: &TestApp) -> i64 {
    feed(app).last().unwrap()["sequence"].as_i64().unwrap()
}

fn sell(app: &TestApp, seat: &str) {
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &[seat]).must(201)["reservationId"].clone();
    kim.pay(&held, PRICE).must(201);
}

#[test]
fn webhook_every_event_arrives_in_order_and_signed_in_both_ways() {
    let app = TestApp::with_seats(5, &[LOCAL]);
    let [shared, paired, some] = [(); 3].map(|()| Receiver::new(TAKES));
    assert_eq!(add_from_the_first(&app, &shared)["secret"], SECRET);
    let made = add(&app, json!({ "url": paired.url(), "signature": "v1a", "after": 0 }));
    let key = made["publicKey"].as_str().unwrap();
    assert_eq!((&made["secret"], made["publicKey"].is_string()), (&Value::Null, true));
    let made = add(&app, json!({ "url": some.url(), "eventTypes": ["SEATS_SOLD"] }));
    sell(&app, "1");
    sell(&app, "2");
    let feed = feed(&app);
    let last = last(&app);
    for (receiver, key) in [(&shared, SECRET), (&paired, key)] {
        receiver.until_taken(last);
        let got = receiver.got();
        assert_eq!(receiver.taken(), (1..=last).collect::<Vec<_>>());
        for (delivery, event) in got.iter().zip(&feed) {
            delivery.is_signed_by(key);
            assert_eq!(delivery.field("content-type"), "application/json");
            let told = json!({
                "type": event["type"], "timestamp": event["at"], "data": event["data"], "sequence": event["sequence"],
                "by": event["by"],
            });
            assert_eq!(delivery.body, told);
        }
        let mut ids: Vec<&str> = got.iter().map(|one| one.field("webhook-id")).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), got.len(), "an id names one event");
    }
    let sold = some.until_got(2);
    sold.iter().for_each(|one| one.is_signed_by(made["secret"].as_str().unwrap()));
    assert!(sold.iter().all(|one| one.body["type"] == "SEATS_SOLD"));
    let listed = app.staff_get("/webhooks");
    assert_eq!(listed.must(200)["webhooks"].as_array().unwrap().len(), 3);
    assert!(!listed.text.contains("whsec_"), "a secret is shown once");
    until_state(&app, 3, "/waitingEvents", json!(0));
    until_state(&app, 1, "/deliveredSequence", json!(last));
}

/// An hour of 500 by the server's clock, then a receiver that is dead, lies, redirects and hangs up.
#[test]
fn webhook_what_a_receiver_did_not_take_arrives_once_it_is_back() {
    let app = TestApp::with_seats(9, &[LOCAL]);
    let receiver = Receiver::new(Mood::Says(500, ""));
    add_from_the_first(&app, &receiver);
    for (attempts, ms) in [(1, 5_000), (2, 5 * MINUTE_MS), (3, 30 * MINUTE_MS), (4, 24 * MINUTE_MS)] {
        until_state(&app, 1, "/failedAttempts", json!(attempts));
        sell(&app, &attempts.to_string());
        app.advance_ms(ms);
    }
    let shown = state(&app, 1);
    assert_eq!(
        (&shown["lastAttempt"]["outcome"], &shown["lastAttempt"]["status"]),
        (&json!("BAD_STATUS"), &json!(500))
    );
    assert_eq!((&shown["deliveredSequence"], &shown["waitingEvents"]), (&json!(0), &json!(last(&app))));
    assert!(shown["nextAttemptAt"].is_string() && shown["waitingSince"].is_string());
    assert_eq!(receiver.got().len(), 4, "tried by the schedule and no more");
    let ids: Vec<String> = receiver.got().iter().map(|one| one.field("webhook-id").to_owned()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "the same event, so the same id: {ids:?}");
    let address = receiver.die();
    enable(&app, 1);
    until_state(&app, 1, "/lastAttempt/outcome", json!("UNREACHABLE"));
    let receiver = Receiver::listen(address, Mood::Babbles);
    for (mood, outcome, status) in [
        (Mood::Babbles, "NOT_HTTP", Value::Null),
        (Mood::HangsUp, "UNREACHABLE", Value::Null),
        (Mood::Says(302, "Location: http://127.0.0.1:1/hooks\r\n"), "BAD_STATUS", json!(302)),
        (Mood::Says(307, "Location: /hooks/elsewhere\r\n"), "BAD_STATUS", json!(307)),
        (Mood::Says(429, "Retry-After: 700\r\n"), "BAD_STATUS", json!(429)),
    ] {
        let before = receiver.got().len();
        receiver.set(mood);
        enable(&app, 1);
        receiver.until_got(before + 1);
        until_state(&app, 1, "/lastAttempt", json!({ "at": app.now(), "outcome": outcome, "status": status }));
        assert_eq!(receiver.got().len(), before + 1, "asked once");
    }
    assert_eq!(state(&app, 1)["nextAttemptAt"], json!(app.now().plus_seconds(700)), "as long as it asked");
    receiver.set(TAKES);
    app.advance_ms(699_999);
    sell(&app, "9");
    assert_eq!(receiver.taken(), [0_i64; 0]);
    app.advance_ms(1);
    let last = last(&app);
    receiver.until_taken(last);
    assert_eq!(receiver.taken(), (1..=last).collect::<Vec<_>>(), "all of it, in order, and nothing twice");
    receiver.got().iter().for_each(|one| one.is_signed_by(SECRET));
    until_state(&app, 1, "/failedAttempts", json!(0));
}

/// A program that sends to all receivers one after the other fails here.
#[test]
fn webhook_receiver_that_does_not_answer_delays_neither_others_nor_a_sale() {
    let app = TestApp::with_seats(4, &[LOCAL]);
    let (stuck, quick) = (Receiver::new(Mood::Silent), Receiver::new(TAKES));
    add_from_the_first(&app, &stuck);
    add_from_the_first(&app, &quick);
    stuck.until_got(1);
    sell(&app, "1");
    sell(&app, "2");
    quick.until_taken(last(&app));
    assert_eq!((stuck.got().len(), state(&app, 1)["deliveredSequence"].clone()), (1, json!(0)));
    stuck.set(TAKES);
    until_state(&app, 1, "/failedAttempts", json!(1));
    app.advance_ms(5_000);
    stuck.until_taken(last(&app));
    let sequences: Vec<i64> = stuck.got().iter().map(|one| one.sequence()).collect();
    let mut wanted: Vec<i64> = (1..=last(&app)).collect();
    wanted.insert(0, 1);
    assert_eq!(sequences, wanted, "the first once more, then all others");
}

#[test]
fn webhook_is_disabled_by_410_and_at_the_end_of_the_schedule_and_loses_nothing() {
    let app = TestApp::with_seats(4, &[LOCAL]);
    let (gone, poor) = (Receiver::new(Mood::Says(410, "")), Receiver::new(Mood::Says(503, "")));
    add_from_the_first(&app, &gone);
    until_state(&app, 1, "/disabledReason", json!("GONE"));
    add_from_the_first(&app, &poor);
    let hours = |hours: u64| hours * 60 * MINUTE_MS;
    let delays = [5_000, 5 * MINUTE_MS, 30 * MINUTE_MS, hours(2), hours(5), hours(10), hours(14), hours(20), hours(24)];
    for (failed, ms) in (1..).zip(delays) {
        until_state(&app, 2, "/failedAttempts", json!(failed));
        app.advance_ms(ms - 1);
        assert_eq!(poor.got().len(), failed, "tried before its time");
        app.advance_ms(1);
    }
    until_state(&app, 2, "/disabledReason", json!("EXHAUSTED"));
    assert_eq!((poor.got().len(), state(&app, 2)["nextAttemptAt"].clone()), (10, Value::Null));
    let told = feed(&app)
        .iter()
        .filter(|event| event["type"] == "WEBHOOK_CHANGED")
        .map(|event| event["data"].clone())
        .collect::<Vec<_>>();
    assert!(told.contains(&json!({ "webhookId": 1, "enabled": false, "reason": "GONE" })), "{told:?}");
    assert!(told.contains(&json!({ "webhookId": 2, "enabled": false, "reason": "EXHAUSTED" })), "{told:?}");
    sell(&app, "1");
    app.advance_ms(hours(100));
    assert_eq!((gone.got().len(), poor.got().len()), (1, 10), "nothing is sent while they are disabled");
    for (number, receiver) in [(1, &gone), (2, &poor)] {
        receiver.set(TAKES);
        assert_eq!(enable(&app, number)["enabled"], true);
        receiver.until_taken(last(&app));
        assert_eq!(receiver.taken()[..3], [1, 2, 3]);
    }
}

pub fn test(app: &TestApp, webhook_id: i64) -> Answer {
    let path = format!("/api/v1/staff/webhooks/{webhook_id}/test");
    let staff = crate::support::bearer(crate::support::STAFF_KEY);
    app.client.call_with("POST", &path, &[("authorization", &*staff), ("prefer", "wait=20")], Some("{}"))
}

#[test]
fn webhook_is_tested_replayed_changed_and_deleted() {
    let app = TestApp::with_seats(4, &[LOCAL]);
    let (one, other) = (Receiver::new(Mood::Says(410, "")), Receiver::new(TAKES));
    add(&app, json!({ "url": one.url(), "secret": SECRET }));
    let tested = test(&app, 1).must(200).clone();
    assert_eq!((&tested["lastTest"]["status"], &tested["testIsUnderWay"]), (&json!(410), &json!(false)));
    let delivery = one.until_got(1)[0].clone();
    delivery.is_signed_by(SECRET);
    assert_eq!((&delivery.body["type"], &delivery.body["data"]), (&json!("WEBHOOK_TEST"), &json!({ "webhookId": 1 })));
    app.staff("PATCH", "/webhooks/1", json!({ "enabled": false })).must(200);
    one.set(TAKES);
    assert_eq!(test(&app, 1).must(200)["lastTest"]["outcome"], "DELIVERED", "also one that is disabled");
    sell(&app, "1");
    assert_eq!(one.got().iter().filter(|one| one.body["sequence"].is_i64() && one.was_taken).count(), 0);
    let changed = json!({ "url": other.url(), "eventTypes": ["SEATS_SOLD", "WEBHOOK_CHANGED"], "enabled": true });
    app.staff("PATCH", "/webhooks/1", changed).must(200);
    let of_types = |types: &[&str]| -> Vec<i64> {
        let events = feed(&app).into_iter().filter(|event| types.contains(&event["type"].as_str().unwrap()));
        events.map(|event| event["sequence"].as_i64().unwrap()).collect()
    };
    let wanted = of_types(&["SEATS_SOLD", "WEBHOOK_CHANGED"]);
    other.until_taken(*wanted.last().unwrap());
    assert_eq!(other.taken(), wanted[1..], "all but that it was added");
    app.staff("PATCH", "/webhooks/1", json!({ "eventTypes": null })).must(200);
    other.until_taken(last(&app));
    let before = other.got().len();
    app.staff("POST", "/webhooks/1/replay", json!({ "after": 2 })).must(200);
    other.until_taken(last(&app));
    assert_eq!(other.taken()[before..], (3..=last(&app)).collect::<Vec<_>>());
    let ids = |at: usize| other.got()[at].field("webhook-id").to_owned();
    let again = other.got().iter().position(|one| one.field("webhook-id") == ids(0));
    assert_eq!(again, Some(0), "a replayed event has the id that it had");
    let ahead = app.staff("POST", "/webhooks/1/replay", json!({ "after": last(&app) + 1 }));
    assert_eq!(ahead.refused(400, "INVALID_REQUEST")["pointer"], "/after");
    app.staff("DELETE", "/webhooks/1", json!({})).must(204);
    let before = other.got().len();
    sell(&app, "2");
    app.staff_get("/webhooks/1").refused(404, "WEBHOOK_NOT_FOUND");
    for (method, path) in [("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/replay")] {
        let body = if path == "/replay" { json!({ "after": 0 }) } else { json!({}) };
        app.staff(method, &format!("/webhooks/1{path}"), body).refused(404, "WEBHOOK_NOT_FOUND");
    }
    assert_eq!(other.got().len(), before);
    assert!(feed(&app).iter().all(|event| !event.to_string().contains("/hooks")), "the feed tells no addresses");
}
