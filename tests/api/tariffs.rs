//! Tariffs: kinds of price of a date, agreed seat by seat at the hold.

use crate::support::invariants::hold_in;
use crate::support::{Answer, Customer, STAFF_KEY, TestApp, bearer};
use serde_json::{Value, json};

/// Date 3: sections R (80,001 a seat) and S (30,000), with three tariffs.
fn opened() -> TestApp {
    let app = TestApp::with_seats(4, &["--time-zone=UTC"]);
    let rows = |name: &str, price: i64| json!({ "name": name, "price": price, "rows": [{ "row": "A", "count": 6 }] });
    let layout = json!({ "sections": [rows("R", 80_001), rows("S", 30_000)] });
    let date = json!({
        "startsAt": "2100-01-01T20:00:00Z", "layout": layout, "refundUntilHours": 0, "tariffs": tariffs(),
    });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    app
}

fn tariffs() -> Value {
    json!([
        { "name": "Student", "note": "Check the card", "percent": 50 },
        { "name": "Child", "amounts": { "S": 10_000 } },
        { "name": "Companion", "amount": 0 },
    ])
}

fn change(app: &TestApp, tariffs: Value) -> Answer {
    app.staff("PATCH", "/schedules/3", json!({ "tariffs": tariffs }))
}

fn hold(kim: &Customer, seats: Value) -> Answer {
    kim.post("/reservations", json!({ "scheduleId": 3, "seats": seats }))
}

fn at(seat: &str, tariff: &str) -> Value {
    json!({ "seat": seat, "tariff": tariff })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Seat, price and tariff of each seat of a reservation.
fn agreed(reservation: &Value) -> Vec<(&str, i64, Option<&str>)> {
    let seats = reservation["seats"].as_array().unwrap().iter();
    seats.map(|seat| (text(&seat["seat"]), seat["price"].as_i64().unwrap(), seat["tariff"].as_str())).collect()
}

fn seen(kim: &Customer, reservation: &Value) -> Value {
    kim.get_by_key(&format!("/reservations/{}", text(&reservation["reservationId"]))).must(200).clone()
}

#[test]
fn tariffs_are_agreed_at_the_hold_and_what_staff_change_later_changes_no_reservation() {
    let app = opened();
    let dates = app.client.call("GET", "/api/v1/concerts/1/dates", "", None).must(200).clone();
    let date = dates["schedules"].as_array().unwrap().iter().find(|date| date["scheduleId"] == 3).unwrap().clone();
    assert_eq!(date["tariffs"], tariffs(), "public, as staff said them");
    assert_eq!(dates["schedules"].as_array().unwrap().iter().filter(|date| date.get("tariffs").is_some()).count(), 1);
    let kim = app.buyer(200_000);
    assert_eq!(kim.get("/schedules/3/seats").must(200)["tariffs"], tariffs());
    let wanted = json!(["R-A-1", at("R-A-2", "Student"), at("S-A-1", "Child"), at("S-A-2", "Companion")]);
    let held = hold(&kim, wanted).must(201).clone();
    // 50 % of 80,001 is 40,000.5: half a point is rounded up.
    let expected = vec![
        ("R-A-1", 80_001, None),
        ("R-A-2", 40_001, Some("Student")),
        ("S-A-1", 10_000, Some("Child")),
        ("S-A-2", 0, Some("Companion")),
    ];
    assert_eq!((agreed(&held), held["amount"].as_i64()), (expected.clone(), Some(130_002)));

    change(&app, json!([{ "name": "Child", "amount": 70_000 }])).must(200);
    assert_eq!(agreed(&seen(&kim, &held)), expected);
    assert_eq!(kim.pay(&held["reservationId"], 130_001).must(422)["code"], "AMOUNT_MISMATCH");
    kim.pay(&held["reservationId"], 130_002).must(201);
    change(&app, json!([])).must(200);
    let paid = seen(&kim, &held);
    assert_eq!(agreed(&paid), expected);

    let ticket = &paid["tickets"][1];
    let shown = kim.get_by_key(&format!("/tickets/{}", text(&ticket["ticketId"]))).must(200).clone();
    assert_eq!((&shown["tariff"], &shown["tariffNote"]), (&json!("Student"), &json!("Check the card")));
    let let_in = app.staff("POST", "/checkins", json!({ "code": ticket["code"] })).must(200).clone();
    assert_eq!((&let_in["tariff"], &let_in["tariffNote"]), (&json!("Student"), &json!("Check the card")));
    let full = app.staff("POST", "/checkins", json!({ "code": paid["tickets"][0]["code"] })).must(200).clone();
    assert!(full.get("tariff").is_none() && full.get("tariffNote").is_none(), "{full}");
    let list = app.staff_get("/schedules/3/door-list").text;
    assert!(list.contains(r#""tariff":"Student","tariffNote":"Check the card""#), "{list}");

    let sales = app.staff_get("/schedules/3/sales").must(200).clone();
    let row = |tariff: Value, revenue: i64| json!({ "tariff": tariff, "sold": 1, "revenue": revenue });
    let rows = [
        row(Value::Null, 80_001),
        row(json!("Child"), 10_000),
        row(json!("Companion"), 0),
        row(json!("Student"), 40_001),
    ];
    assert_eq!((&sales["tariffs"], &sales["revenue"]), (&json!(rows), &json!(130_002)));

    let back = format!("/reservations/{}/refund", text(&held["reservationId"]));
    let left = app.staff("POST", &back, json!({ "seats": ["S-A-1"] })).must(200).clone();
    assert_eq!((&left["amount"], &left["returnedSeats"][0]["tariff"]), (&json!(120_002), &json!("Child")));
    hold_in(&app.file());
}

#[test]
fn tariffs_that_are_not_there_or_not_for_the_seat_are_refused_and_nothing_is_held() {
    let app = opened();
    let kim = app.customer();
    let refused = |seats: Value, pointer: &str| {
        let answer = hold(&kim, seats);
        let body = answer.must(400);
        assert_eq!((&body["code"], &body["pointer"]), (&json!("INVALID_REQUEST"), &json!(pointer)), "{body}");
    };
    refused(json!([at("S-A-1", "Senior")]), "/seats/0/tariff");
    refused(json!(["R-A-1", at("R-A-2", "Child")]), "/seats/1/tariff");
    refused(json!(["S-A-1", at("S-A-1", "Child")]), "/seats/1");
    refused(json!([{ "tariff": "Child" }]), "/seats/0/seat");
    refused(json!([{ "seat": "S-A-1", "price": 1 }]), "/seats/0/price");
    refused(json!([1]), "/seats/0");
    assert_eq!(kim.get("/schedules/3/seats").must(200)["seatsAvailable"], 12);

    let wrong = [
        (json!([{ "name": "A" }]), "/tariffs/0"),
        (json!([{ "name": "A", "amount": 1, "percent": 1 }]), "/tariffs/0"),
        (json!([{ "name": "A", "percent": 101 }]), "/tariffs/0/percent"),
        (json!([{ "name": "A", "amount": -1 }]), "/tariffs/0/amount"),
        (json!([{ "name": "A", "amounts": { "R": 1, "x/y": 1 } }]), "/tariffs/0/amounts/x~1y"),
        (json!([{ "name": "A", "amount": 1 }, { "name": "A", "amount": 2 }]), "/tariffs/1/name"),
        (json!(vec![json!({ "name": "A", "amount": 1 }); 21]), "/tariffs"),
    ];
    for (tariffs, pointer) in wrong {
        assert_eq!(change(&app, tariffs).must(400)["pointer"], pointer);
    }
    assert_eq!(app.staff_get("/schedules/3").must(200)["tariffs"], tariffs());
}

#[test]
fn tariffs_of_held_seats_are_changed_and_exchanged_ones_and_best_ones_have_theirs() {
    let app = opened();
    let mut kim = app.buyer(200_000);
    let held = hold(&kim, json!([at("S-A-1", "Child"), "S-A-2"])).must(201).clone();
    let at_seats = format!("/reservations/{}", text(&held["reservationId"]));
    let by_kim = kim.clone();
    let patch = |seats: Value| by_kim.patch(&at_seats, json!({ "seats": seats }));
    // A label alone keeps what was agreed; an object says the tariff anew.
    let changed = patch(json!(["S-A-1", at("S-A-2", "Student"), at("S-A-3", "Child")])).must(200).clone();
    let expected =
        vec![("S-A-1", 10_000, Some("Child")), ("S-A-2", 15_000, Some("Student")), ("S-A-3", 10_000, Some("Child"))];
    assert_eq!((agreed(&changed), &changed["amount"]), (expected, &json!(35_000)));
    let changed = patch(json!([{ "seat": "S-A-1" }, at("S-A-2", "Student")])).must(200).clone();
    assert_eq!(agreed(&changed), [("S-A-1", 30_000, None), ("S-A-2", 15_000, Some("Student"))]);
    assert_eq!(patch(json!([at("S-A-1", "Nobody")])).must(400)["pointer"], "/seats/0/tariff");
    assert_eq!(agreed(&seen(&kim, &held)), agreed(&changed));
    kim.pay(&held["reservationId"], 45_000).must(201);

    kim.line_up().must(201);
    let wanted = json!({ "giveBack": ["S-A-1"], "seats": [at("R-A-1", "Student")], "amount": 40_001 });
    let to = kim.post(&format!("{at_seats}/exchange"), wanted).must(201).clone();
    assert_eq!(agreed(&to), [("R-A-1", 40_001, Some("Student"))]);

    let best = json!({ "count": 3, "section": "S", "tariffs": ["Child", "Child"] });
    let sale = json!({ "scheduleId": 3, "bestAvailable": best, "method": "CASH", "amount": 50_000 });
    let sold = app.staff("POST", "/sales", sale).must(201).clone();
    assert_eq!(agreed(&sold).iter().map(|seat| seat.1).collect::<Vec<_>>(), [10_000, 10_000, 30_000]);
    let not_for = json!({ "scheduleId": 3, "bestAvailable": { "count": 1, "section": "R", "tariffs": ["Child"] } });
    let lee = app.customer();
    assert_eq!(lee.post("/reservations", not_for).must(400)["pointer"], "/bestAvailable/tariffs/0");
    hold_in(&app.file());
}

#[test]
fn tariffs_at_the_counter_are_sold_and_a_free_event_costs_nothing() {
    let app = opened();
    let sale = json!({ "scheduleId": 3, "seats": ["S-A-1", at("S-A-2", "Companion")], "method": "CARD" });
    let sold = app.staff("POST", "/sales", sale).must(201).clone();
    assert_eq!(agreed(&sold), [("S-A-1", 30_000, None), ("S-A-2", 0, Some("Companion"))]);
    let csv = app.client.call_with(
        "GET",
        "/api/v1/staff/schedules/3/sales",
        &[("authorization", &*bearer(STAFF_KEY)), ("accept", "text/csv")],
        None,
    );
    assert!(csv.text.lines().any(|line| line.contains("S-A-2") && line.ends_with("Companion")), "{}", csv.text);
    change(&app, json!([{ "name": "Free", "amount": 0 }])).must(200);
    let kim = app.buyer(1);
    let held = hold(&kim, json!([at("S-A-3", "Free"), at("R-A-1", "Free")])).must(201).clone();
    assert_eq!(held["amount"], 0);
    assert_eq!(kim.pay(&held["reservationId"], 0).must(201)["balance"], 1);
    hold_in(&app.file());
}
