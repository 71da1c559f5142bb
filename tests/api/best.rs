//! Best available: the venue chooses, and refuses nobody while enough seats are free.

use std::collections::BTreeSet;

use crate::support::{Answer, Customer, TestApp, together};
use serde_json::{Value, json};

/// A hall whose only date, 1, has the sections R (rows A and B) and S (row C), eight seats a row.
fn sections(flags: &[&str]) -> TestApp {
    let app = TestApp::empty(&[&["--max-active", "0"], flags].concat());
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let row = |name: &str| json!({ "row": name, "count": 8 });
    let layout = json!({ "sections": [
        { "name": "R", "price": 120_000, "rows": [row("A"), row("B")] },
        { "name": "S", "price": 90_000, "rows": [row("C")] },
    ] });
    let date = json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    app
}

pub fn best(who: &Customer, wanted: Value) -> Answer {
    who.post("/reservations", json!({ "scheduleId": 1, "bestAvailable": wanted }))
}

#[track_caller]
pub fn seats(answer: &Answer) -> Vec<String> {
    let seats = answer.must(201)["seats"].as_array().unwrap();
    seats.iter().map(|seat| seat["seat"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn best_available_is_front_and_middle_side_by_side_without_orphan_seats() {
    let app = sections(&[]);
    assert_eq!(seats(&best(&app.customer(), json!({ "count": 2 }))), ["A-4", "A-5"]);
    // would leave A-1 single at the end, A-6 and A-7 would leave A-8.
    assert_eq!(seats(&best(&app.customer(), json!({ "count": 2 }))), ["B-4", "B-5"]);
    assert_eq!(seats(&best(&app.customer(), json!({ "count": 3 }))), ["A-1", "A-2", "A-3"]);
    let in_s = app.customer().post(
        "/reservations",
        json!({ "concertId": 1, "date": "2100-01-01",
        "bestAvailable": { "count": 4, "section": "S" } }),
    );
    assert_eq!(seats(&in_s), ["C-3", "C-4", "C-5", "C-6"]);
    assert_eq!(in_s.body["amount"], 4 * 90_000);
    let map = app.staff_get("/schedules/1/seats").must(200)["seats"].clone();
    assert_eq!(map.as_array().unwrap().iter().filter(|seat| seat["status"] == "HELD").count(), 11);
}

#[test]
fn best_available_what_cannot_be_given_is_refused_in_the_order_of_the_contract() {
    let app = sections(&["--seats-per-user", "8"]);
    let kim = app.customer();
    for (wanted, pointer) in [
        (json!({ "count": 0 }), "/bestAvailable/count"),
        (json!({ "count": 1_001 }), "/bestAvailable/count"),
        (json!({ "section": "R" }), "/bestAvailable/count"),
        (json!({ "count": 1, "section": 1 }), "/bestAvailable/section"),
        (json!({ "count": 1, "row": "A" }), "/bestAvailable/row"),
        (json!(2), "/bestAvailable"),
    ] {
        assert_eq!(best(&kim, wanted).refused(400, "INVALID_REQUEST")["pointer"], pointer);
    }
    let both = json!({ "scheduleId": 1, "seats": ["A-1"], "bestAvailable": { "count": 1 } });
    assert_eq!(kim.post("/reservations", both).refused(400, "INVALID_REQUEST")["pointer"], "/bestAvailable");
    best(&kim, json!({ "count": 1, "section": "T" })).refused(404, "SECTION_NOT_FOUND");
    let elsewhere = json!({ "scheduleId": 9, "bestAvailable": { "count": 1 } });
    kim.post("/reservations", elsewhere).refused(404, "SCHEDULE_NOT_FOUND");
    best(&kim, json!({ "count": 9 })).refused(409, "SEAT_LIMIT");
    for _ in 0..2 {
        best(&app.customer(), json!({ "count": 8, "section": "R" })).must(201);
    }
    assert_eq!(best(&kim, json!({ "count": 1, "section": "R" })).refused(409, "SEAT_UNAVAILABLE")["seats"], json!([]));
    best(&kim, json!({ "count": 8 })).must(201);
    best(&kim, json!({ "count": 1 })).refused(409, "RESERVATION_PENDING");
    app.staff("PATCH", "/schedules/1", json!({ "saleClosesAt": "2001-01-01T00:00:00Z" })).must(200);
    best(&kim, json!({ "count": 1 })).refused(409, "SALE_CLOSED");
    best(&kim, json!({ "count": 1, "section": "T" })).refused(404, "SECTION_NOT_FOUND");
}

#[test]
fn hold_that_is_over_is_free_for_the_best_from_its_last_millisecond_on() {
    let app = sections(&["--seats-per-user", "24"]);
    let kim = app.customer();
    let all: Vec<String> =
        ["A", "B", "C"].iter().flat_map(|row| (1..=8).map(move |at| format!("{row}-{at}"))).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    kim.hold(1, &all).must(201);
    let lee = app.customer();
    app.advance_ms(299_999);
    best(&lee, json!({ "count": 1 })).refused(409, "SEAT_UNAVAILABLE");
    app.advance_ms(1);
    assert_eq!(seats(&best(&lee, json!({ "count": 1 }))), ["A-4"]);
}

#[test]
fn choice_is_repeated_under_its_key_and_not_made_again() {
    let app = sections(&[]);
    let kim = app.customer();
    let body = json!({ "scheduleId": 1, "bestAvailable": { "count": 3 } }).to_string();
    let headers = [("authorization", &*crate::support::bearer(&kim.token)), ("idempotency-key", "three")];
    let first = app.client.call_with("POST", "/api/v1/reservations", &headers, Some(&body));
    let again = app.client.call_with("POST", "/api/v1/reservations", &headers, Some(&body));
    assert_eq!((first.must(201), again.header("idempotency-replayed")), (again.must(201), Some("true")));
    assert_eq!(app.staff_get("/schedules/1").must(200)["seatsAvailable"], 21);
}

/// A program that looks for free seats before its transaction, or on the seats as the last commit left them, gives two
/// callers of one commit the same seats and refuses one of them.
#[test]
fn best_available_of_64_callers_at_once_nobody_is_refused_while_enough_seats_are_free_and_no_seat_is_given_twice() {
    for round in 0..3 {
        let app = TestApp::with_seats(64 * 3, &["--max-active", "0"]);
        let customers: Vec<Customer> = (0..65).map(|_| app.customer()).collect();
        let answers = together(customers[..64].iter().collect(), |_, who| best(who, json!({ "count": 3 })));
        let given: Vec<Vec<String>> = answers.iter().map(seats).collect();
        let all: BTreeSet<&String> = given.iter().flatten().collect();
        assert_eq!((given.len(), all.len()), (64, 64 * 3), "round {round}");
        best(&customers[64], json!({ "count": 1 })).refused(409, "SEAT_UNAVAILABLE");
        assert_eq!(app.staff_get("/schedules/1").must(200)["seatsAvailable"], 0);
    }
}
