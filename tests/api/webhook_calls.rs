//! The calls of webhooks: what is refused, to whom nothing is sent, and that the document tells all of it.

use super::webhooks::{LOCAL, SECRET, add, add_from_the_first, last, state, test, until_state};
use crate::support::document::{Document, DocumentClient};
use crate::support::receiver::{Mood, Receiver, TAKES};
use crate::support::tls::Authority;
use crate::support::{TestApp, wait};
use serde_json::{Value, json};

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
    let until_told = |sample: &str| {
        let is_told = || app.client.call("GET", "/metrics", "", None).text.lines().any(|line| line == sample);
        wait::until(sample, is_told);
    };
    for sample in [
        r#"boxoffice_webhook_attempts_total{outcome="bad_status"} 1"#.to_owned(),
        r#"boxoffice_webhook_attempts_total{outcome="delivered"} 0"#.to_owned(),
        r#"boxoffice_webhook_enabled{webhook="1"} 1"#.to_owned(),
        format!("boxoffice_webhook_waiting_events{{webhook=\"1\"}} {waiting}"),
        r#"boxoffice_webhook_lag_seconds{webhook="1"} 4"#.to_owned(),
        r#"boxoffice_webhook_given_up{webhook="1"} 0"#.to_owned(),
    ] {
        until_told(&sample);
    }
    app.staff("PATCH", "/webhooks/1", json!({ "enabled": false })).must(200);
    until_told(r#"boxoffice_webhook_enabled{webhook="1"} 0"#);
    until_told(r#"boxoffice_webhook_given_up{webhook="1"} 0"#);
    receiver.set(Mood::Says(410, ""));
    app.staff("PATCH", "/webhooks/1", json!({ "enabled": true })).must(200);
    until_told(r#"boxoffice_webhook_given_up{webhook="1"} 1"#);
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
    client.staff(&format!("POST {}", of("/secret").0), &of("/secret").1, Some(json!({}))).must(200);
    client.staff(&format!("POST {}", of("/replay").0), &of("/replay").1, Some(json!({ "after": 0 }))).must(200);
    receiver.until_taken(last(&app));
    client.staff(&format!("GET {}", of("").0), &of("").1, None).must(200);
    client.staff(&format!("DELETE {}", of("").0), &of("").1, None).must(204);
    client.staff(&format!("GET {}", of("").0), &of("").1, None).refused(404, "WEBHOOK_NOT_FOUND");
    let callbacks = &client.document.0["paths"]["/api/v1/staff/webhooks"]["post"]["callbacks"];
    let told = &callbacks["event"]["{$request.body#/url}"]["post"];
    let got = receiver.got();
    for delivery in [got.iter().find(|one| one.body["type"] == "WEBHOOK_TEST"), got.last()].map(Option::unwrap) {
        let schema = &told["requestBody"]["content"]["application/json"]["schema"];
        client.document.must_fit(schema, &delivery.body, "a delivery");
        for parameter in told["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            client.document.must_fit(&parameter["schema"], &json!(delivery.field(name)), name);
        }
    }
}

/// Between the old secret and the new one a receiver has a day to change over.
#[test]
fn webhook_secret_is_rotated_and_both_sign_until_the_overlap_is_over() {
    let app = TestApp::empty(&[LOCAL]);
    let receiver = Receiver::new(TAKES);
    let rotate = |id: i64, body: Value| app.staff("POST", &format!("/webhooks/{id}/secret"), body).must(200).clone();
    let signed = |id: i64, keys: &[&str]| {
        let before = receiver.got().len();
        test(&app, id).must(200);
        receiver.until_got(before + 1)[before].is_signed_by_all(keys);
    };
    let text = |view: &Value, member: &str| view[member].as_str().unwrap().to_owned();
    let made = add(&app, json!({ "url": receiver.url(), "secret": SECRET, "eventTypes": ["SEATS_SOLD"] }));
    assert_eq!(made["oldSecretUntil"], Value::Null);
    let pair = add(&app, json!({ "url": receiver.url(), "signature": "v1a", "eventTypes": ["SEATS_SOLD"] }));
    let first = rotate(1, json!({}));
    let first_key = text(&first, "secret");
    assert_eq!(first["oldSecretUntil"], json!(app.now().plus_seconds(24 * 3_600)));
    signed(1, &[&first_key, SECRET]);
    let second = rotate(2, json!({ "overlapSeconds": 60 }));
    let (old, new) = (text(&pair, "publicKey"), text(&second, "publicKey"));
    assert_eq!((&second["secret"], old == new), (&Value::Null, false));
    signed(2, &[&new, &old]);
    app.advance_ms(59_999);
    signed(2, &[&new, &old]);
    app.advance_ms(1);
    signed(2, &[&new]);
    assert_eq!(state(&app, 2)["oldSecretUntil"], Value::Null);
    let kept = || -> i64 {
        let asked = "SELECT count(*) FROM webhook WHERE old_secret IS NOT NULL";
        app.file().query_row(asked, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(kept(), 1, "an old secret goes when its time is over");
    signed(1, &[&first_key, SECRET]);
    rotate(1, json!({ "secret": SECRET, "overlapSeconds": 0 }));
    signed(1, &[SECRET]);
    assert_eq!((kept(), &state(&app, 1)["oldSecretUntil"]), (0, &Value::Null));
    for (id, body, at) in [
        (2, json!({ "secret": SECRET }), "/secret"),
        (1, json!({ "secret": "whsec_short" }), "/secret"),
        (1, json!({ "overlapSeconds": -1 }), "/overlapSeconds"),
        (1, json!({ "overlapSeconds": 2_592_001 }), "/overlapSeconds"),
    ] {
        let refused = app.staff("POST", &format!("/webhooks/{id}/secret"), body);
        assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], at);
    }
    app.staff("POST", "/webhooks/9/secret", json!({})).refused(404, "WEBHOOK_NOT_FOUND");
    let events = app.staff_get("/events?limit=1000");
    assert!(!events.text.contains("whsec_") && !app.staff_get("/webhooks").text.contains("whsec_"));
}

/// The receiver is another server by https, which answers 400 to what it does not understand.
#[test]
fn webhook_by_https_goes_only_to_receivers_whose_certificate_is_trusted() {
    let authority = Authority::new();
    let other = TestApp::secure(&authority, &[]);
    let ca = format!("--webhook-ca={}", authority.ca().display());
    for (flags, expected) in [(&[LOCAL, &ca][..], ("BAD_STATUS", json!(400))), (&[LOCAL], ("TLS_FAILED", Value::Null))]
    {
        let app = TestApp::empty(flags);
        add(&app, json!({ "url": format!("{}/api/v1/users", other.url()) }));
        let tested = test(&app, 1).must(200)["lastTest"].clone();
        assert_eq!((tested["outcome"].as_str().unwrap(), tested["status"].clone()), expected);
    }
}
