//! Visits: what ends them, what lets them go on, and what may be held and changed in one.

use crate::support::invariants::hold_in;
use crate::support::{PRICE, TestApp};
use serde_json::json;

/// A program that ends the visit with any payment leaves an own hold behind that nobody can pay for.
#[test]
fn visit_goes_on_while_an_own_hold_is_unpaid_whoever_pays_for_kept_seats() {
    let app = TestApp::with_seats(5, &["--hold-seconds=300", "--visit-seconds=100"]);
    let kim = app.buyer(3 * PRICE);
    let until = app.now().plus_ms(3_600_000).to_string();
    let keep = |seat: &str| {
        let wanted = json!({ "scheduleId": 1, "seats": [seat], "until": until, "customer": { "userId": kim.id } });
        app.staff("POST", "/reservations", wanted).must(201)["reservationId"].clone()
    };
    let (first, second) = (keep("1"), keep("2"));
    let own = kim.hold(1, &["3"]).must(201).clone();
    assert_eq!(kim.pay(&first, PRICE).must(201)["tokenStatus"], "ACTIVE");
    hold_in(&app.file());
    app.advance_ms(100_000);
    let visit = kim.poll().must(200).clone();
    assert_eq!((&visit["status"], &visit["expiresAt"]), (&json!("ACTIVE"), &own["holdExpiresAt"]));
    assert_eq!(kim.pay(&own["reservationId"], PRICE).must(201)["tokenStatus"], "EXPIRED");
    hold_in(&app.file());
    // With nothing of their own left, what is kept ends the visit as anything else that is paid.
    let mut kim = kim;
    kim.line_up().must(201);
    assert_eq!(kim.pay(&second, PRICE).must(201)["tokenStatus"], "EXPIRED");
    assert_eq!(kim.poll().refused(401, "TOKEN_EXPIRED")["reason"], "PAID");
    hold_in(&app.file());
}

#[test]
fn visit_goes_on_after_a_payment_where_the_venue_says_so() {
    let flags = ["--visit-ends-on-payment=false", "--visit-seconds=100", "--hold-seconds=300", "--max-active=1"];
    let app = TestApp::with_seats(5, &flags);
    assert_eq!(app.client.call("GET", "/api/v1/venue", "", None).must(200)["visitEndsOnPayment"], false);
    let kim = app.buyer(3 * PRICE);
    let buy = |schedule: i64| {
        let held = kim.hold(schedule, &["1"]).must(201)["reservationId"].clone();
        kim.pay(&held, PRICE).must(201)["tokenStatus"].clone()
    };
    assert_eq!((buy(1), buy(2)), (json!("ACTIVE"), json!("ACTIVE")), "two dates in one visit");
    let last = kim.hold(1, &["2"]).must(201)["reservationId"].clone();
    app.advance_ms(100_000);
    assert_eq!(kim.pay(&last, PRICE).must(201)["tokenStatus"], "EXPIRED", "the hold alone kept the visit open");
    assert_eq!(kim.poll().refused(401, "TOKEN_EXPIRED")["reason"], "PAID");
}

/// A class of 27 with two teachers: staff raise the limit for one person.
#[test]
fn limit_of_seats_is_raised_for_one_person() {
    let app = TestApp::with_seats(40, &["--seats-per-user=2"]);
    let (teacher, other) = (app.buyer(29 * PRICE), app.customer());
    let class: Vec<String> = (1..=29).map(|seat| seat.to_string()).collect();
    let class: Vec<&str> = class.iter().map(String::as_str).collect();
    assert_eq!(teacher.hold(1, &class).refused(409, "SEAT_LIMIT")["seatsPerUser"], 2);
    let path = format!("/users/{}", teacher.id);
    for wrong in [json!(0), json!(1_001), json!("29")] {
        let refused = app.staff("PATCH", &path, json!({ "seatsPerUser": wrong }));
        assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], "/seatsPerUser");
    }
    assert_eq!(app.staff("PATCH", &path, json!({ "seatsPerUser": 29 })).must(200)["seatsPerUser"], 29);
    assert_eq!(teacher.get_by_key(&path).must(200)["seatsPerUser"], 29);
    let held = teacher.hold(1, &class).must(201)["reservationId"].clone();
    teacher.pay(&held, 29 * PRICE).must(201);
    other.hold(1, &["38", "39", "40"]).refused(409, "SEAT_LIMIT");
    let mut teacher = teacher;
    teacher.line_up().must(201);
    assert_eq!(teacher.hold(1, &["30"]).refused(409, "SEAT_LIMIT")["seatsPerUser"], 29);
    assert_eq!(app.staff("PATCH", &path, json!({ "seatsPerUser": null })).must(200)["seatsPerUser"], json!(null));
    hold_in(&app.file());
}

/// One seat more or less: the deadline stays, and it is all or nothing.
#[test]
fn hold_is_changed_by_seats_within_its_deadline() {
    let app = TestApp::with_seats(6, &["--hold-seconds=60", "--visit-seconds=50", "--seats-per-user=3"]);
    let kim = app.buyer(3 * PRICE);
    let held = kim.hold(1, &["1", "2"]).must(201).clone();
    let path = format!("/reservations/{}", held["reservationId"].as_str().unwrap());
    let change = |seats: &[&str]| kim.patch(&path, json!({ "seats": seats }));
    app.customer().hold(1, &["6"]).must(201);
    app.advance_ms(10_000);
    app.staff("PATCH", "/schedules/1", json!({ "price": 1_000 })).must(200);
    let changed = change(&["3", "2"]).must(200).clone();
    let seats = json!([{ "seat": "2", "price": PRICE }, { "seat": "3", "price": 1_000 }]);
    assert_eq!(
        (&changed["seats"], &changed["amount"], &changed["holdExpiresAt"]),
        (&seats, &json!(PRICE + 1_000), &held["holdExpiresAt"])
    );
    assert_eq!(kim.get(&path).must(200), &changed);
    let map = kim.get("/schedules/1/seats").must(200)["seats"].clone();
    let mine: Vec<bool> = map.as_array().unwrap().iter().map(|seat| seat["mine"].as_bool().unwrap()).collect();
    assert_eq!((mine, &map[0]["status"]), (vec![false, true, true, false, false, false], &json!("AVAILABLE")));
    assert_eq!(change(&["2", "6"]).refused(409, "SEAT_UNAVAILABLE")["seats"], json!(["6"]));
    assert_eq!(change(&["2", "9"]).refused(404, "SEAT_NOT_FOUND")["seats"], json!(["9"]));
    change(&["1", "2", "3", "4"]).refused(409, "SEAT_LIMIT");
    assert_eq!(change(&[]).refused(400, "INVALID_REQUEST")["pointer"], "/seats");
    assert_eq!(kim.get(&path).must(200)["seats"], seats, "nothing of it happened");
    // Staff do it for anybody, past the limit.
    let more = app.staff("PATCH", &path, json!({ "seats": ["1", "2", "3", "4"] })).must(200).clone();
    assert_eq!(more["amount"], PRICE + 3_000);
    // Only the hold keeps the visit open now: fewer, but no more.
    app.advance_ms(40_000);
    assert_eq!(change(&["2", "5"]).refused(409, "VISIT_OVER")["code"], "VISIT_OVER");
    assert_eq!(change(&["2"]).must(200)["amount"], PRICE);
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    let told = events.as_array().unwrap().iter().find(|event| event["type"] == "HOLD_CHANGED").unwrap()["data"].clone();
    assert_eq!((&told["added"], &told["removed"]), (&json!(["3"]), &json!(["1"])));
    kim.pay(&held["reservationId"], PRICE).must(201);
    change(&["2", "3"]).refused(401, "TOKEN_EXPIRED");
    app.staff("PATCH", &path, json!({ "seats": ["2", "3"] })).refused(409, "RESERVATION_NOT_PENDING");
    hold_in(&app.file());
}

#[test]
fn counter_keeps_seats_until_the_start_and_from_then_on_for_an_hour_at_most() {
    let app = TestApp::with_seats(5, &[]);
    let begins = app.staff_get("/schedules/1").must(200)["startsAt"].as_str().unwrap().to_owned();
    let begins = boxoffice::clock::Millis::parse_rfc3339(&begins).unwrap();
    let keep = |seat: &str, until: boxoffice::clock::Millis| {
        let customer = json!({ "name": "Kim" });
        let wanted = json!({ "scheduleId": 1, "seats": [seat], "until": until.to_string(), "customer": customer });
        app.staff("POST", "/reservations", wanted)
    };
    keep("1", begins).must(201);
    assert_eq!(keep("2", begins.plus_ms(1)).refused(400, "INVALID_REQUEST")["pointer"], "/until");
    app.advance_ms(begins.plus_ms(-60_000).ms_since(app.now()) as u64);
    keep("2", app.now().plus_ms(3_600_000)).must(201);
    app.advance_ms(2 * 3_600_000);
    keep("3", app.now().plus_ms(3_600_000)).must(201);
    let late = keep("4", app.now().plus_ms(3_600_000 + 1));
    let detail = late.refused(400, "INVALID_REQUEST")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(&format!("later than the start of the date, {begins}")), "{detail}");
}
