//! Paid seats exchanged for others of the date, or by staff of another date of the concert.

use crate::support::invariants::{hold_in, number};
use crate::support::{Answer, Customer, PRICE, TestApp, together};
use serde_json::{Value, json};

/// Dates 1 and 2 of numbered seats, and date 3 of the same concert with a dear and a cheap row; users may give back.
fn opened(seats: i64, flags: &[&str]) -> TestApp {
    let app = TestApp::with_seats(seats, &[&["--time-zone=UTC"], flags].concat());
    let rows = |name: &str, price: i64| json!({ "name": name, "price": price, "rows": [{ "row": "A", "count": 4 }] });
    let layout = json!({ "sections": [rows("R", 80_000), rows("S", 30_000)] });
    let date = json!({ "startsAt": "2100-01-01T20:00:00Z", "layout": layout });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    for schedule in 1..=3 {
        app.staff("PATCH", &format!("/schedules/{schedule}"), json!({ "refundUntilHours": 0 })).must(200);
    }
    app
}

/// A customer who paid for these seats, lined up again, and what they bought.
fn sold(app: &TestApp, schedule: i64, seats: &[&str], points: i64) -> (Customer, Value) {
    let mut kim = app.buyer(points);
    let held = kim.hold(schedule, seats).must(201).clone();
    kim.pay(&held["reservationId"], held["amount"].as_i64().unwrap()).must(201);
    kim.line_up().must(201);
    let bought = kim.get_by_key(&format!("/reservations/{}", text(&held["reservationId"]))).must(200).clone();
    (kim, bought)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn exchange(kim: &Customer, from: &Value, body: Value) -> Answer {
    kim.post(&format!("/reservations/{}/exchange", text(&from["reservationId"])), body)
}

fn exchange_by_staff(app: &TestApp, from: &Value, body: Value) -> Answer {
    app.staff("POST", &format!("/reservations/{}/exchange", text(&from["reservationId"])), body)
}

fn check_in(app: &TestApp, ticket: &Value) -> Answer {
    app.staff("POST", "/checkins", json!({ "code": ticket["code"] }))
}

fn seen(app: &TestApp, reservation: &Value) -> Value {
    app.staff_get(&format!("/reservations/{}", text(&reservation["reservationId"]))).must(200).clone()
}

#[test]
fn exchange_pays_the_difference_and_voids_the_old_ticket() {
    let app = opened(6, &[]);
    let (kim, from) = sold(&app, 3, &["S-A-1", "S-A-2"], 200_000);
    let wanted = json!({ "giveBack": ["S-A-1"], "seats": ["R-A-1"], "amount": 80_000 });
    let answer = exchange(&kim, &from, wanted);
    let to = answer.must(201).clone();
    assert_eq!(answer.header("location"), Some(&*format!("/api/v1/reservations/{}", text(&to["reservationId"]))));
    assert_eq!(
        (&to["status"], &to["amount"], &to["exchangedFrom"], &to["payment"]["method"]),
        (&json!("CONFIRMED"), &json!(80_000), &from["reservationId"], &json!("POINTS"))
    );
    assert_eq!(kim.balance(), 200_000 - 60_000 - 50_000);
    let rest = seen(&app, &from);
    assert_eq!((&rest["status"], &rest["exchangedFor"]), (&json!("CONFIRMED"), &json!([to["reservationId"]])));
    assert_eq!((&rest["seats"][0]["seat"], &rest["returnedSeats"][0]["seat"]), (&json!("S-A-2"), &json!("S-A-1")));
    check_in(&app, &from["tickets"][0]).refused(409, "TICKET_VOID");
    check_in(&app, &to["tickets"][0]).must(200);
    assert_eq!(kim.poll().must(200)["status"], "ACTIVE", "the visit goes on");
    // What is cheaper gives points back; the last seats end the first reservation, and it says why.
    let wanted = json!({ "seats": ["S-A-3"], "amount": 30_000 });
    let again = exchange(&kim, &rest, wanted).must(201).clone();
    assert_eq!((kim.balance(), &again["seats"][0]["seat"]), (90_000, &json!("S-A-3")));
    assert_eq!(
        (&seen(&app, &from)["status"], &seen(&app, &from)["endReason"]),
        (&json!("REFUNDED"), &json!("EXCHANGED"))
    );
    hold_in(&app.file());
}

/// All of it or nothing: a program that gives back in one transaction and buys in another leaves people without seats.
#[test]
fn exchange_that_is_refused_changes_nothing() {
    let app = opened(6, &["--hold-seconds=60"]);
    let (kim, from) = sold(&app, 3, &["S-A-1", "S-A-2"], 60_000);
    let other = app.customer();
    other.hold(3, &["S-A-4"]).must(201);
    let entries = || number(&app.file(), "SELECT count(*) FROM ledger_entry");
    let before = entries();
    let one = |seat: &str, amount: i64| json!({ "giveBack": ["S-A-1"], "seats": [seat], "amount": amount });
    let poor = exchange(&kim, &from, one("R-A-1", 80_000));
    let told = ["balance", "required", "shortfall"].map(|name| poor.refused(402, "INSUFFICIENT_BALANCE")[name].clone());
    assert_eq!(told, [json!(30_000), json!(80_000), json!(50_000)]);
    exchange(&kim, &from, one("S-A-4", 30_000)).refused(409, "SEAT_UNAVAILABLE");
    assert_eq!(exchange(&kim, &from, one("S-A-3", 1)).refused(422, "AMOUNT_MISMATCH")["expected"], 30_000);
    exchange(&kim, &from, one("S-A-9", 30_000)).refused(404, "SEAT_NOT_FOUND");
    let two = json!({ "giveBack": ["S-A-1"], "seats": ["S-A-3", "R-A-2"], "amount": 110_000 });
    assert_eq!(exchange(&kim, &from, two).refused(400, "INVALID_REQUEST")["pointer"], "/seats");
    let unknown = json!({ "giveBack": ["R-A-4"], "seats": ["S-A-3"], "amount": 30_000 });
    exchange(&kim, &from, unknown).refused(404, "SEAT_NOT_FOUND");
    exchange(&other, &from, one("S-A-3", 30_000)).refused(404, "RESERVATION_NOT_FOUND");
    let own = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    exchange(&kim, &from, one("S-A-3", 30_000)).refused(409, "RESERVATION_PENDING");
    kim.delete(&format!("/reservations/{}", text(&own))).must(200);
    check_in(&app, &from["tickets"][0]).must(200);
    exchange(&kim, &from, one("S-A-3", 30_000)).refused(409, "TICKET_CHECKED_IN");
    assert_eq!((entries(), kim.balance()), (before, 0));
    assert_eq!(seen(&app, &from)["seats"].as_array().unwrap().len(), 2);
    app.staff("PATCH", "/schedules/1", json!({ "refundUntilHours": null })).must(200);
    let (lee, fixed) = sold(&app, 1, &["2"], PRICE);
    exchange(&lee, &fixed, json!({ "seats": ["3"], "amount": PRICE })).refused(409, "REFUND_CLOSED");
    hold_in(&app.file());
}

/// Parents who exchange a matinee for the evening, at the counter.
#[test]
fn exchange_at_the_counter_takes_and_gives_the_difference_as_it_was_paid() {
    let app = opened(6, &[]);
    let date = app.now().to_string()[..10].to_owned();
    let total = |method: &str| {
        let tills = app.staff_get(&format!("/till?date={date}")).must(200)["tills"].clone();
        let of = tills.as_array().unwrap().iter().filter(|till| till["method"] == method);
        of.map(|till| till["total"].as_i64().unwrap()).sum::<i64>()
    };
    let sale = |seat: &str, method: &str| {
        app.staff("POST", "/sales", json!({ "scheduleId": 1, "seats": [seat], "method": method })).must(201).clone()
    };
    let cash = sale("1", "CASH");
    let dearer = exchange_by_staff(&app, &cash, json!({ "scheduleId": 3, "seats": ["R-A-1"] })).must(201).clone();
    assert_eq!((&dearer["scheduleId"], &dearer["payment"]["method"]), (&json!(3), &json!("CASH")));
    assert_eq!((total("CASH"), &seen(&app, &cash)["endReason"]), (80_000, &json!("EXCHANGED")));
    let cheaper = exchange_by_staff(&app, &dearer, json!({ "seats": ["S-A-1"], "amount": 30_000 })).must(201).clone();
    assert_eq!((total("CASH"), cheaper["exchangedFrom"].clone()), (30_000, dearer["reservationId"].clone()));
    app.staff("POST", &format!("/reservations/{}/refund", text(&cheaper["reservationId"])), json!({})).must(200);
    assert_eq!(total("CASH"), 0);
    // A guest pays nothing again; what is blocked may be given.
    let guest = sale("2", "FREE");
    app.staff("PUT", "/schedules/3/seats/R-A-4", json!({ "blocked": true })).must(200);
    let wanted = json!({ "scheduleId": 3, "seats": ["R-A-4"], "includeBlocked": true });
    assert_eq!(exchange_by_staff(&app, &guest, wanted).must(201)["amount"], 0);
    // What was paid in points: the difference in points, or in money.
    let (kim, from) = sold(&app, 1, &["3"], PRICE);
    exchange_by_staff(&app, &from, json!({ "scheduleId": 3, "seats": ["R-A-2"] })).refused(402, "INSUFFICIENT_BALANCE");
    let wanted = json!({ "scheduleId": 3, "seats": ["R-A-2"], "method": "CARD" });
    let to = exchange_by_staff(&app, &from, wanted).must(201).clone();
    assert_eq!((total("CARD"), kim.balance(), &to["payment"]["method"]), (30_000, 0, &json!("POINTS")));
    exchange_by_staff(&app, &to, json!({ "seats": ["S-A-2"], "method": "CARD" })).must(201);
    assert_eq!((total("CARD"), kim.balance()), (-20_000, 0));
    app.staff("POST", "/concerts", json!({ "title": "Tag" })).must(201);
    let layout = json!({ "numbered": { "count": 1, "price": PRICE } });
    app.staff("POST", "/concerts/2/schedules", json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout }))
        .must(201);
    let other = json!({ "scheduleId": 4, "seats": ["1"] });
    let refused = exchange_by_staff(&app, &sale("4", "CASH"), other);
    assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], "/scheduleId");
    hold_in(&app.file());
}

/// Money is in the counter's drawer, and nobody stands there: on the web it is points from then on.
#[test]
fn exchange_on_the_web_of_seats_paid_in_cash_is_paid_in_points_and_changes_no_till() {
    let app = opened(6, &[]);
    let kim = app.buyer(50_000);
    let sale = json!({ "scheduleId": 3, "seats": ["S-A-1"], "method": "CASH", "customer": { "userId": kim.id } });
    let from = app.staff("POST", "/sales", sale).must(201).clone();
    let till = || app.staff_get(&format!("/till?date={}", &app.now().to_string()[..10])).must(200)["tills"].clone();
    let before = till();
    let to = exchange(&kim, &from, json!({ "seats": ["R-A-1"], "amount": 80_000 })).must(201).clone();
    assert_eq!((&to["payment"]["method"], kim.balance(), till()), (&json!("POINTS"), 0, before));
    let cheaper = exchange(&kim, &to, json!({ "seats": ["S-A-2"], "amount": 30_000 })).must(201).clone();
    let back = format!("/reservations/{}/refund", text(&cheaper["reservationId"]));
    app.staff("POST", &back, json!({})).must(200);
    assert_eq!(kim.balance(), 80_000, "and the counter pays points out where they are asked for");
    hold_in(&app.file());
}

/// Two who want the same seat: a program that looks before its transaction gives it to both, or takes what they had.
#[test]
fn race_of_exchanges_for_one_seat_gives_it_to_one_and_leaves_the_others_theirs() {
    let app = opened(9, &["--max-active=0"]);
    let people: Vec<(Customer, Value)> = (1..=8).map(|seat| sold(&app, 1, &[&seat.to_string()], PRICE)).collect();
    let got = together(people.clone(), |_, (kim, from)| {
        exchange(&kim, &from, json!({ "seats": ["9"], "amount": PRICE })).status
    });
    assert_eq!(got.iter().filter(|status| **status == 201).count(), 1, "{got:?}");
    assert_eq!(number(&app.file(), "SELECT count(*) FROM claim WHERE status = 'SOLD'"), 8);
    hold_in(&app.file());
}
