//! Webhooks: every event arrives, in order, at least once and signed, whatever a receiver does meanwhile; and a
//! receiver delays nobody.

use crate::support::document::{Document, DocumentClient};
use crate::support::receiver::{Mood, Receiver, TAKES};
use crate::support::{Answer, PRICE, TestApp, wait};
use serde_json::{Value, json};

const LOCAL: &str = "--webhook-networks=127.0.0.0/8";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const MINUTE_MS: u64 = 60_000;

fn add(app: &TestApp, body: Value) -> Value {
    app.staff("POST", "/webhooks", body).must(201).clone()
}

/// A webhook from the first event of the feed on.
fn add_from_the_first(app: &TestApp, receiver: &Receiver) -> Value {
    add(app, json!({ "url": receiver.url(), "secret": SECRET, "after": 0 }))
}

fn state(app: &TestApp, webhook_id: i64) -> Value {
    app.staff_get(&format!("/webhooks/{webhook_id}")).must(200).clone()
}

fn enable(app: &TestApp, webhook_id: i64) -> Value {
    app.staff("PATCH", &format!("/webhooks/{webhook_id}"), json!({ "enabled": true })).must(200).clone()
}

#[track_caller]
fn until_state(app: &TestApp, webhook_id: i64, member: &str, wanted: Value) {
    wait::until(&format!("{member} of webhook {webhook_id}: {wanted}"), || {
        state(app, webhook_id).pointer(member) == Some(&wanted)
    });
}

fn feed(app: &TestApp) -> Vec<Value> {
    app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().clone()
}

fn last(app: &TestApp) -> i64 {
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

fn test(app: &TestApp, webhook_id: i64) -> Answer {
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

/// An address is checked when it is connected to: names and files lead around no look at a text.
#[test]
fn webhook_ssrf_private_addresses_are_refused_and_redirections_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let receiver = Receiver::new(TAKES);
    let port = receiver.address().port();
    let app = TestApp::on(&database, &[LOCAL]);
    add_from_the_first(&app, &receiver);
    add(&app, json!({ "url": format!("http://localhost:{port}/hooks"), "after": 0 }));
    receiver.until_got(2);
    drop(app);
    let app = TestApp::on(&database, &[]);
    let before = receiver.got().len();
    for number in [1, 2] {
        app.staff("POST", &format!("/webhooks/{number}/replay"), json!({ "after": 0 })).must(200);
        until_state(&app, number, "/lastAttempt/outcome", json!("NOT_ALLOWED"));
        assert_eq!(test(&app, number).must(200)["lastTest"]["outcome"], "NOT_ALLOWED");
    }
    assert_eq!(receiver.got().len(), before);
    for host in
        ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[fd00::1]"]
    {
        let refused = app.staff("POST", "/webhooks", json!({ "url": format!("http://{host}:{port}/hooks") }));
        let refused = refused.refused(400, "INVALID_REQUEST");
        assert!(
            refused["pointer"] == "/url" && refused["detail"].as_str().unwrap().contains("--webhook-networks"),
            "{host}"
        );
        let changed = app.staff("PATCH", "/webhooks/1", json!({ "url": format!("https://{host}/") }));
        changed.refused(400, "INVALID_REQUEST");
    }
}

#[test]
fn webhook_request_that_is_faulty_is_refused_by_its_place_and_there_are_so_many_at_most() {
    let app = TestApp::empty(&[LOCAL]);
    let url = "https://shop.example/hooks";
    for (body, pointer) in [
        (json!({}), "/url"),
        (json!({ "url": "ftp://shop.example/" }), "/url"),
        (json!({ "url": "https://kim:secret@shop.example/" }), "/url"),
        (json!({ "url": "https://shop.example:0/" }), "/url"),
        (json!({ "url": "https:///hooks" }), "/url"),
        (json!({ "url": "https://shop.example/#part" }), "/url"),
        (json!({ "url": format!("https://shop.example/{}", "x".repeat(2_000)) }), "/url"),
        (json!({ "url": url, "eventTypes": [] }), "/eventTypes"),
        (json!({ "url": url, "eventTypes": ["SEATS_EATEN"] }), "/eventTypes/0"),
        (json!({ "url": url, "eventTypes": ["SEATS_SOLD", "SEATS_SOLD"] }), "/eventTypes/1"),
        (json!({ "url": url, "signature": "v2" }), "/signature"),
        (json!({ "url": url, "secret": "whsec_c2hvcnQ=" }), "/secret"),
        (json!({ "url": url, "secret": SECRET, "signature": "v1a" }), "/secret"),
        (json!({ "url": url, "after": 1_000 }), "/after"),
        (json!({ "url": url, "name": "x" }), "/name"),
    ] {
        let refused = app.staff("POST", "/webhooks", body.clone());
        assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], pointer, "{body}");
    }
    let receiver = Receiver::new(TAKES);
    (0..16).for_each(|_| drop(add(&app, json!({ "url": receiver.url() }))));
    let one_more = app.staff("POST", "/webhooks", json!({ "url": receiver.url() }));
    assert_eq!(one_more.refused(409, "WEBHOOK_LIMIT")["webhooksMax"], 16);
    let page = app.staff_get("/webhooks?limit=10").must(200).clone();
    assert_eq!((page["webhooks"].as_array().unwrap().len(), &page["nextCursor"]), (10, &json!("10")));
    let page = app.staff_get("/webhooks?limit=10&cursor=10").must(200).clone();
    assert_eq!((page["webhooks"][0]["webhookId"].clone(), &page["nextCursor"]), (json!(11), &Value::Null));
}

#[test]
fn webhook_metrics_count_attempts_and_show_who_is_behind() {
    let app = TestApp::with_seats(4, &[LOCAL]);
    let receiver = Receiver::new(Mood::Says(500, ""));
    add_from_the_first(&app, &receiver);
    until_state(&app, 1, "/failedAttempts", json!(1));
    app.advance_ms(4_000);
    let waiting = last(&app);
    for sample in [
        r#"boxoffice_webhook_attempts_total{outcome="bad_status"} 1"#.to_owned(),
        r#"boxoffice_webhook_attempts_total{outcome="delivered"} 0"#.to_owned(),
        r#"boxoffice_webhook_enabled{webhook="1"} 1"#.to_owned(),
        format!("boxoffice_webhook_waiting_events{{webhook=\"1\"}} {waiting}"),
        r#"boxoffice_webhook_lag_seconds{webhook="1"} 4"#.to_owned(),
    ] {
        let is_told = || app.client.call("GET", "/metrics", "", None).text.lines().any(|line| line == sample);
        wait::until(&sample, is_told);
    }
}

/// A copy for tests that sent what happens in it would tell real receivers of sales that there are not.
#[test]
fn webhook_copy_of_a_file_for_tests_sends_nothing_to_the_receivers_of_the_venue() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let receiver = Receiver::new(TAKES);
    let app = TestApp::on(&database, &[LOCAL]);
    add_from_the_first(&app, &receiver);
    receiver.until_got(1);
    drop(app);
    let settings = boxoffice::settings::Settings { is_ephemeral: true, ..crate::support::settings(&[]) };
    let server =
        boxoffice::app::App::open(settings.for_trying(), &database, ([127, 0, 0, 1], 0).into(), || {}).unwrap();
    let client = crate::support::Client::of(&server.url());
    let staff = crate::support::bearer(crate::support::STAFF_KEY);
    let shown = client.call("GET", "/api/v1/staff/webhooks/1", &staff, None).must(200).clone();
    assert_eq!((&shown["enabled"], &shown["disabledReason"]), (&json!(false), &json!("COPIED")));
    client.call("POST", "/api/v1/staff/concerts", &staff, Some(json!({ "title": "Nacht" }))).must(201);
    drop(server);
    assert_eq!(receiver.got().len(), 1);
}

#[test]
fn webhook_calls_and_deliveries_are_as_the_document_says() {
    let app = TestApp::with_seats(2, &[LOCAL]);
    let client = DocumentClient { app: &app, document: Document::read() };
    let receiver = Receiver::new(Mood::Says(500, ""));
    for signature in ["v1", "v1a"] {
        let body = json!({ "url": receiver.url(), "signature": signature, "after": 0 });
        client.staff("POST /webhooks", "/webhooks", Some(body)).must(201);
    }
    client.staff("POST /webhooks", "/webhooks", Some(json!({ "url": "x" }))).refused(400, "INVALID_REQUEST");
    until_state(&app, 1, "/failedAttempts", json!(1));
    let of = |rest: &str| (format!("/webhooks/{{webhookId}}{rest}"), format!("/webhooks/1{rest}"));
    client.staff("GET /webhooks", "/webhooks?limit=1", None).must(200);
    client.staff(&format!("GET {}", of("").0), &of("").1, None).must(200);
    client.staff(&format!("POST {}", of("/test").0), &of("/test").1, Some(json!({}))).must(200);
    receiver.set(TAKES);
    client.staff(&format!("PATCH {}", of("").0), &of("").1, Some(json!({ "enabled": true }))).must(200);
    client.staff(&format!("POST {}", of("/replay").0), &of("/replay").1, Some(json!({ "after": 0 }))).must(200);
    receiver.until_taken(last(&app));
    client.staff(&format!("GET {}", of("").0), &of("").1, None).must(200);
    client.staff(&format!("DELETE {}", of("").0), &of("").1, None).must(204);
    client.staff(&format!("GET {}", of("").0), &of("").1, None).refused(404, "WEBHOOK_NOT_FOUND");
    let told = &client.document.0["webhooks"]["event"]["post"];
    for delivery in receiver.got() {
        let schema = &told["requestBody"]["content"]["application/json"]["schema"];
        client.document.must_fit(schema, &delivery.body, "a delivery");
        for parameter in told["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            client.document.must_fit(&parameter["schema"], &json!(delivery.field(name)), name);
        }
    }
}
