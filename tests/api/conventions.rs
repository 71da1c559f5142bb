//! The prose of the OpenAPI document (`src/routes/openapi/conventions.md`): each sentence that claims behaviour names
//! the tests that hold it, and those that no other test holds are held here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use boxoffice::routes::{Access, ROUTES};

use crate::openapi::{authorization, filled};
use crate::support::{PRICE, STAFF_KEY, TestApp, basic, bearer};

/// The names of all tests of the folder and those below.
fn test_names(folder: &std::path::Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            test_names(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let after = text.split("#[test]\n").skip(1).filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
            names.extend(after.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn conventions_of_the_document_name_the_tests_that_hold_them() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeSet::new();
    test_names(&root.join("tests"), &mut known);
    test_names(&root.join("src"), &mut known);
    let text = std::fs::read_to_string(root.join("src/routes/openapi/conventions.md")).unwrap();
    let (mut faults, mut count) = (Vec::new(), 0);
    for line in text.lines().filter(|line| line.starts_with("- ") || line.starts_with("  ")) {
        let held_by = line.split_once("<!-- ").and_then(|(_, rest)| rest.strip_suffix(" -->"));
        let names: Vec<&str> = held_by.unwrap_or("").split(", ").filter(|name| !name.is_empty()).collect();
        if names.is_empty() {
            faults.push(format!("no test is named by: {line}"));
        }
        let missing = names.iter().filter(|name| !known.contains(**name));
        faults.extend(missing.map(|name| format!("there is no test {name}, named by: {line}")));
        count += 1;
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(count > 40, "{count} sentences");
    let served = boxoffice::routes::document().unwrap()["info"]["description"].as_str().unwrap().to_owned();
    assert!(!served.contains("<!--") && served.contains("## For every call\n- Bodies are"), "{served}");
}

#[test]
fn numbers_of_bodies_are_whole_and_within_what_json_readers_keep() {
    let app = TestApp::with_seats(1, &[]);
    let kim = app.customer();
    let path = format!("/api/v1/users/{}/balance/top-ups", kim.id);
    for amount in ["1.5", "\"1\"", "9007199254740992", "9007199254740992.0", "-9007199254740992", "1e400"] {
        let body = format!("{{\"amount\":{amount}}}");
        let answer = app.client.call_with("POST", &path, &[("authorization", &bearer(&kim.token))], Some(&body));
        assert_eq!(answer.status, 400, "{amount}: {}", answer.text);
    }
    let body = "{\"amount\":1.0}";
    let answer = app.client.call_with("POST", &path, &[("authorization", &bearer(&kim.token))], Some(body));
    assert_eq!(answer.must(201)["amount"], 1);
    kim.top_up(1).must(201);
}

#[test]
fn text_is_trimmed_and_control_characters_are_refused_but_for_lines_of_a_description() {
    let app = TestApp::with_seats(1, &[]);
    let concert = |body: Value| app.staff("POST", "/concerts", body);
    assert_eq!(concert(json!({ "title": "  Nacht \u{3000}" })).must(201)["title"], "Nacht");
    concert(json!({ "title": "Na\ncht" })).refused(400, "INVALID_REQUEST");
    concert(json!({ "title": "Na\u{7}cht" })).refused(400, "INVALID_REQUEST");
    concert(json!({ "title": "Nacht", "description": "one\ntwo" })).must(201);
}

#[test]
fn instants_are_taken_with_any_offset_and_answered_in_utc_with_milliseconds() {
    let app = TestApp::with_seats(1, &[]);
    for (sent, told) in [
        ("2100-05-01T19:00:00+09:00", "2100-05-01T10:00:00.000Z"),
        ("2100-05-01T01:30:00.5-11:30", "2100-05-01T13:00:00.500Z"),
        ("2100-05-02T10:00:00Z", "2100-05-02T10:00:00.000Z"),
    ] {
        let date = json!({ "startsAt": sent, "layout": { "numbered": { "count": 1, "price": 0 } } });
        let added = app.staff("POST", "/concerts/1/schedules", date);
        assert_eq!(added.must(201)["startsAt"], told);
        // Without times of a sale it is open from now until the start.
        assert_eq!(added.body["saleClosesAt"], told);
        app.customer().hold(added.body["scheduleId"].as_i64().unwrap(), &["1"]).must(201);
    }
}

#[test]
fn location_of_what_has_no_page_of_its_own_is_where_it_is_listed() {
    let app = TestApp::with_seats(1, &[]);
    let kim = app.customer();
    let balance = format!("/api/v1/users/{}/balance", kim.id);
    let user = app.client.call("POST", "/api/v1/users", "", Some(json!({ "name": "Kim" })));
    let id = user.must(201)["userId"].as_str().unwrap();
    assert_eq!(user.header("location"), Some(&*format!("/api/v1/users/{id}")));
    assert_eq!(kim.top_up(9).header("location"), Some(&*format!("{balance}/entries")));
    let concert = app.staff("POST", "/concerts", json!({ "title": "Nacht" }));
    assert_eq!(concert.header("location"), Some("/api/v1/concerts/2/schedules"));
    let date = json!({ "startsAt": "2100-05-01T10:00:00Z", "layout": { "numbered": { "count": 1, "price": 0 } } });
    let date = app.staff("POST", "/concerts/2/schedules", date);
    assert_eq!(date.header("location"), Some("/api/v1/schedules/3/seats"));
}

/// Prometheus' base unit of time is the second.
#[test]
fn metrics_of_time_are_in_seconds() {
    let app = TestApp::with_seats(1, &[]);
    let text = app.client.call("GET", "/metrics", "", None).text;
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not in {text}")).parse::<f64>().unwrap()
    };
    let seconds = value("boxoffice_writer_commit_seconds_sum");
    assert!(seconds > 0.0 && seconds < 60.0, "{seconds}");
    value("boxoffice_clock_offset_seconds");
    let names =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(|line| line.split(' ').next().unwrap());
    for name in names {
        let words: Vec<&str> = name.split('_').collect();
        let others = ["ms", "us", "ns", "millis", "milliseconds", "microseconds", "nanoseconds", "minutes"];
        assert!(!words.iter().any(|word| others.contains(word)), "{name}");
    }
}

#[test]
fn wait_of_zero_is_answered_at_once_and_said_to_be_applied() {
    let app = TestApp::with_seats(1, &[]);
    let token = bearer(&app.customer().token);
    let headers = [("authorization", &*token), ("prefer", "wait=0")];
    let answer = app.client.call_with("GET", "/api/v1/queue/token", &headers, None);
    answer.must(200);
    assert_eq!(answer.header("preference-applied"), Some("wait=0"));
}

#[test]
fn answers_have_an_id_and_are_not_stored_unless_they_say_otherwise() {
    let app = TestApp::with_seats(1, &[]);
    for path in ["/api/v1/venue", "/api/v1/nowhere", "/healthz"] {
        let answer = app.client.call("GET", path, "", None);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()), "{path}");
    }
}

#[test]
fn amount_of_zero_is_paid_like_any_other_under_an_id_known_before() {
    let app = TestApp::empty(&[]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let date = json!({ "startsAt": "2100-05-01T10:00:00Z", "layout": { "numbered": { "count": 1, "price": 0 } } });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    let kim = app.customer();
    let held = kim.hold(1, &["1"]).must(201).clone();
    let paid = kim.pay(&held["reservationId"], 0).must(201).clone();
    assert_eq!((&paid["amount"], &paid["paymentId"]), (&json!(0), &held["payment"]["paymentId"]));
}

#[test]
fn revoking_the_token_of_a_user_without_one_is_204() {
    let app = TestApp::with_seats(1, &[]);
    app.staff("DELETE", &format!("/queue/tokens/{}", app.user().id), Value::Null).must(204);
}

#[test]
fn ids_in_a_path_that_are_not_well_formed_are_404() {
    let app = TestApp::with_seats(1, &[]);
    let kim = app.customer();
    kim.get("/schedules/x/seats").refused(404, "NOT_FOUND");
    kim.get("/concerts/x/schedules").refused(404, "NOT_FOUND");
    kim.get("/users/x/balance").refused(404, "NOT_FOUND");
    kim.get("/reservations/x").refused(404, "RESERVATION_NOT_FOUND");
    kim.get("/payments/x").refused(404, "PAYMENT_NOT_FOUND");
    kim.get("/tickets/x").refused(404, "TICKET_NOT_FOUND");
    app.staff_get("/users/x").refused(404, "USER_NOT_FOUND");
}

#[test]
fn order_of_refusals_is_caller_path_method_then_what_was_sent() {
    let app = TestApp::with_seats(1, &[]);
    let wrong = json!({ "nothing": 1 });
    let call = |method: &str, path: &str, auth: &str| {
        app.client.call(method, &format!("/api/v1{path}"), auth, Some(wrong.clone()))
    };
    call("POST", "/reservations", "").refused(401, "TOKEN_REQUIRED");
    call("POST", "/reservations", &bearer(&app.customer().token)).refused(400, "INVALID_REQUEST");
    call("POST", "/staff/nowhere", &bearer("guess")).refused(401, "STAFF_KEY_INVALID");
    let key = app.staff("POST", "/keys", json!({ "name": "East", "role": "door" })).must(201)["key"].clone();
    let door = bearer(key.as_str().unwrap());
    call("POST", "/staff/nowhere", &door).refused(404, "NOT_FOUND");
    call("PUT", "/staff/ledger", &door).refused(405, "METHOD_NOT_ALLOWED");
    call("POST", "/staff/concerts", &door).refused(403, "ROLE_NOT_ALLOWED");
    call("POST", "/staff/concerts", &bearer(STAFF_KEY)).refused(400, "INVALID_REQUEST");
}

#[test]
fn null_takes_away_a_message_an_opening_and_the_hours_of_refunds() {
    let app = TestApp::with_seats(1, &[]);
    let message = json!({ "en": "Soon.", "ko": "곧." });
    let opens_at = json!("2100-01-01T00:00:00.000Z");
    let queue = |body: Value| app.staff("PATCH", "/queue", body).must(200).clone();
    queue(json!({ "message": message, "opensAt": opens_at }));
    let kept = queue(json!({ "maxActive": null, "paused": null }));
    assert_eq!((&kept["opensAt"], &kept["message"]), (&opens_at, &message));
    let gone = queue(json!({ "message": null, "opensAt": null }));
    assert_eq!((&gone["opensAt"], &gone["message"]), (&Value::Null, &Value::Null));
    app.staff("PATCH", "/schedules/1", json!({ "refundUntilHours": 24 })).must(200);
    let date = app.staff("PATCH", "/schedules/1", json!({ "refundUntilHours": null }));
    assert_eq!(date.must(200)["refundUntilHours"], Value::Null);
}

/// In a program that keeps "open at once" as the beginning of time, every page and every client shows 1970.
#[test]
fn sale_that_is_open_at_once_opens_when_its_date_is_made() {
    let app = TestApp::with_seats(1, &[]);
    app.advance_ms(86_400_000);
    let now = app.now();
    let date = json!({ "startsAt": "2100-05-01T10:00:00Z", "saleOpensAt": null,
        "layout": { "numbered": { "count": 1, "price": 0 } } });
    let made = app.staff("POST", "/concerts/1/schedules", date).must(201).clone();
    assert_eq!(made["saleOpensAt"], now.to_string());
    app.advance_ms(1_000);
    let moved = app.staff("PATCH", "/schedules/3", json!({ "startsAt": "2100-06-01T10:00:00Z" }));
    assert_eq!(moved.must(200)["saleOpensAt"], now.to_string(), "it stays when the date is moved");
    app.customer().hold(3, &["1"]).must(201);
    // A sale can be closed in the moment it was opened, and for a moment before it.
    for closes in [now.to_string(), "2001-01-01T00:00:00.000Z".to_owned()] {
        app.staff("PATCH", "/schedules/3", json!({ "saleClosesAt": closes })).must(200);
        app.customer().hold(3, &["1"]).refused(409, "SALE_CLOSED");
    }
}

#[test]
fn convention_no_answer_has_a_moment_of_1970() {
    let app = TestApp::with_seats(2, &[]);
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    let ticket = kim.pay(&json!(held), PRICE).must(201)["tickets"][0]["ticketId"].as_str().unwrap().to_owned();
    app.staff("POST", &format!("/users/{}/balance/corrections", kim.id), json!({ "amount": 1, "reason": "x" }))
        .must(201);
    app.staff("POST", "/schedules/2/cancellation", json!({})).must(202);
    let (lee, own) = (app.customer(), basic(&kim.id, &kim.key));
    for route in ROUTES.iter().filter(|route| route.method.word() == "GET" && route.path.starts_with("/api/v1/")) {
        let path = route.path.replace("{reservationId}", &held).replace("{ticketId}", &ticket);
        let path = filled(&path.replace("{userId}", &kim.id));
        let authorization = match route.access() {
            Access::Token | Access::Active => bearer(&lee.token),
            Access::User => own.clone(),
            Access::Open | Access::Staff(_) => authorization(&path),
        };
        let query = if route.path.ends_with("/concerts/{concertId}/seats") { "?date=2100-01-01" } else { "" };
        let answer = app.client.call("GET", &format!("{path}{query}"), &authorization, None);
        assert!(!answer.text.contains("1970-"), "{path}: {}", answer.text);
    }
}
