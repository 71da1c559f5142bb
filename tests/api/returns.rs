//! Seats of a paid reservation that go back one by one, and the terms that a sale keeps.

use crate::support::invariants::hold_in;
use crate::support::{Answer, Customer, PRICE, TestApp, basic, together};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

/// A venue whose first date begins in ten hours and may be given back until one hour before.
fn opened(seats: i64) -> TestApp {
    let app = TestApp::with_seats(seats, &["--time-zone=UTC"]);
    change_date(&app, json!({ "startsAt": in_hours(&app, 10), "refundUntilHours": 1 }));
    app
}

fn in_hours(app: &TestApp, hours: i64) -> String {
    app.now().plus_ms(hours * HOUR_MS).to_string()
}

fn change_date(app: &TestApp, change: Value) {
    app.staff("PATCH", "/schedules/1", change).must(200);
}

/// A customer who paid for these seats of the first date, and what was sold to them.
fn sold(app: &TestApp, seats: &[&str]) -> (Customer, Value) {
    let kim = app.buyer(seats.len() as i64 * PRICE);
    let held = kim.hold(1, seats).must(201)["reservationId"].clone();
    kim.pay(&held, seats.len() as i64 * PRICE).must(201);
    let reservation = kim.get_by_key(&path(&held)).must(200).clone();
    (kim, reservation)
}

fn path(reservation: &Value) -> String {
    format!("/reservations/{}", reservation.as_str().unwrap())
}

fn refund_own(kim: &Customer, reservation: &Value, body: Value) -> Answer {
    let path = format!("/api/v1{}/refund", path(&reservation["reservationId"]));
    kim.client.call("POST", &path, &basic(&kim.id, &kim.key), Some(body))
}

fn refund(app: &TestApp, reservation: &Value, body: Value) -> Answer {
    app.staff("POST", &format!("{}/refund", path(&reservation["reservationId"])), body)
}

fn check_in(app: &TestApp, ticket: &Value) -> Answer {
    app.staff("POST", "/checkins", json!({ "code": ticket["code"] }))
}

fn labels(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["seat"].as_str().unwrap()).collect()
}

/// One of three is ill: a program that knows whole reservations alone gives three seats back, or none.
#[test]
fn refund_of_one_seat_gives_back_its_points_and_voids_its_ticket_alone() {
    let app = opened(5);
    let (kim, reservation) = sold(&app, &["1", "2", "3"]);
    let refunded = refund_own(&kim, &reservation, json!({ "seats": ["2"] })).must(200).clone();
    assert_eq!((&refunded["status"], &refunded["amount"]), (&json!("CONFIRMED"), &json!(2 * PRICE)));
    assert_eq!((labels(&refunded["seats"]), labels(&refunded["tickets"])), (vec!["1", "3"], vec!["1", "3"]));
    let back = json!([{ "seat": "2", "price": PRICE, "returnedAt": app.now().to_string() }]);
    assert_eq!((&refunded["returnedSeats"], kim.balance()), (&back, PRICE));
    assert_eq!(kim.get_by_key(&path(&reservation["reservationId"])).must(200), &refunded);
    let paid = kim.get_by_key(&format!("/payments/{}", refunded["payment"]["paymentId"].as_str().unwrap()));
    assert_eq!((&paid.must(200)["amount"], labels(&paid.body["tickets"])), (&json!(2 * PRICE), vec!["1", "3"]));
    check_in(&app, &reservation["tickets"][1]).refused(409, "TICKET_VOID");
    check_in(&app, &reservation["tickets"][0]).must(200);
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    let of =
        |kind: &str| events.as_array().unwrap().iter().rfind(|event| event["type"] == kind).unwrap()["data"].clone();
    assert_eq!((&of("SEATS_RELEASED")["seats"], &of("SEATS_REFUNDED")["amount"]), (&json!(["2"]), &json!(PRICE)));
    let (lee, _) = sold(&app, &["2"]);
    assert_eq!(lee.balance(), 0, "the seat is sold again");
    // Whoever is in stays in, and the others may still go back: the last of them ends the reservation.
    refund_own(&kim, &reservation, json!({})).refused(409, "TICKET_CHECKED_IN");
    refund_own(&kim, &reservation, json!({ "seats": ["1"] })).refused(409, "TICKET_CHECKED_IN");
    assert_eq!(refund_own(&kim, &reservation, json!({ "seats": ["3"] })).must(200)["amount"], PRICE);
    let sales = app.staff_get("/schedules/1/sales").must(200).clone();
    assert_eq!(
        (&sales["sold"], &sales["revenue"], &sales["refunded"]),
        (&json!(2), &json!(2 * PRICE), &json!(2 * PRICE))
    );
    let counts = app.staff_get("/schedules/1/checkins").must(200).clone();
    assert_eq!((&counts["expected"], &counts["in"]), (&json!(2), &json!(1)));
    let ledger = kim.get_by_key(&format!("/users/{}/balance/entries", kim.id)).must(200)["entries"].clone();
    let refunds = ledger.as_array().unwrap().iter().filter(|entry| entry["kind"] == "REFUND");
    assert!(refunds.map(|entry| &entry["amount"]).eq([&json!(PRICE); 2]));
    hold_in(&app.file());
}

#[test]
fn refund_of_the_last_seats_ends_the_reservation() {
    let app = opened(5);
    let (kim, reservation) = sold(&app, &["1", "2", "3"]);
    refund(&app, &reservation, json!({ "seats": ["3"] })).must(200);
    let ended = refund(&app, &reservation, json!({ "seats": ["1", "2"] })).must(200).clone();
    assert_eq!((&ended["status"], &ended["payment"]["status"]), (&json!("REFUNDED"), &json!("REFUNDED")));
    assert_eq!((labels(&ended["seats"]), labels(&ended["returnedSeats"])), (vec!["1", "2"], vec!["3"]));
    assert_eq!(kim.balance(), 3 * PRICE);
    refund(&app, &reservation, json!({ "seats": ["1"] })).refused(409, "RESERVATION_NOT_CONFIRMED");
    // What is left of a reservation goes back when its date is cancelled.
    let (lee, reservation) = sold(&app, &["1", "2"]);
    refund(&app, &reservation, json!({ "seats": ["1"] })).must(200);
    app.staff("POST", "/schedules/1/cancellation", json!({}));
    app.advance_ms(1_000);
    let ended = lee.get_by_key(&path(&reservation["reservationId"])).must(200).clone();
    assert_eq!((&ended["endReason"], &ended["amount"]), (&json!("SCHEDULE_CANCELLED"), &json!(PRICE)));
    assert_eq!(lee.balance(), 2 * PRICE);
    hold_in(&app.file());
}

#[test]
fn refund_of_seats_is_refused_whole() {
    let app = opened(5);
    let (kim, reservation) = sold(&app, &["1", "2"]);
    for (body, pointer) in [
        (json!({ "seats": [] }), "/seats"),
        (json!({ "seats": ["1", "1"] }), "/seats/1"),
        (json!({ "seat": "1" }), "/seat"),
    ] {
        assert_eq!(refund_own(&kim, &reservation, body).refused(400, "INVALID_REQUEST")["pointer"], pointer);
    }
    let unknown = refund_own(&kim, &reservation, json!({ "seats": ["1", "3", "x"] }));
    assert_eq!(unknown.refused(404, "SEAT_NOT_FOUND")["seats"], json!(["3", "x"]));
    let (lee, _) = sold(&app, &["3"]);
    refund_own(&lee, &reservation, json!({ "seats": ["1"] })).refused(404, "RESERVATION_NOT_FOUND");
    assert_eq!((kim.balance(), labels(&reservation["seats"])), (0, vec!["1", "2"]));
    hold_in(&app.file());
}

#[test]
fn refund_of_a_seat_paid_in_cash_is_paid_out() {
    let app = opened(5);
    let wanted = json!({ "scheduleId": 1, "seats": ["1", "2"], "method": "CASH" });
    let sale = app.staff("POST", "/sales", wanted).must(201).clone();
    let refunded = refund(&app, &sale, json!({ "seats": ["1"] })).must(200).clone();
    assert_eq!((&refunded["amount"], &refunded["payment"]["method"]), (&json!(PRICE), &json!("CASH")));
    let till = app.staff_get(&format!("/till?date={}", &app.now().to_string()[..10])).must(200)["tills"].clone();
    assert_eq!((&till[0]["sales"], &till[0]["total"]), (&json!(1), &json!(PRICE)));
    let free = json!({ "scheduleId": 1, "seats": ["3", "4"], "method": "FREE" });
    let free = app.staff("POST", "/sales", free).must(201).clone();
    assert_eq!(refund(&app, &free, json!({ "seats": ["3"] })).must(200)["amount"], 0);
    hold_in(&app.file());
}

/// A program that looks before its transaction pays a seat back twice, or two seats that are asked for at once only
/// once.
#[test]
fn race_of_refunds_of_single_seats_pays_each_back_once() {
    let app = opened(8);
    let seats = ["1", "2", "3", "4"];
    let (kim, reservation) = sold(&app, &seats);
    let asked: Vec<&str> = seats.iter().cycle().take(16).copied().collect();
    let got = together(asked, |_, seat| refund(&app, &reservation, json!({ "seats": [seat] })).status);
    assert_eq!(got.iter().filter(|status| **status == 200).count(), 4, "{got:?}");
    assert_eq!(kim.balance(), 4 * PRICE);
    hold_in(&app.file());
}

/// What was promised at the sale holds, whatever the date says since.
#[test]
fn refund_terms_are_those_of_the_sale() {
    let app = opened(5);
    let (kim, early) = sold(&app, &["1"]);
    change_date(&app, json!({ "refundUntilHours": null }));
    let (lee, late) = sold(&app, &["2"]);
    assert_eq!(late["refundUntil"], Value::Null);
    assert_eq!(refund_own(&lee, &late, json!({})).refused(409, "REFUND_CLOSED")["refundUntil"], Value::Null);
    let shown = kim.get_by_key(&path(&early["reservationId"])).must(200)["refundUntil"].clone();
    assert_eq!(shown, json!(in_hours(&app, 9)));
    refund_own(&kim, &early, json!({})).must(200);
    change_date(&app, json!({ "refundUntilHours": 5 }));
    refund_own(&lee, &late, json!({})).refused(409, "REFUND_CLOSED");
    let cash = json!({ "scheduleId": 1, "seats": ["3"], "method": "CASH" });
    assert_eq!(app.staff("POST", "/sales", cash).must(201)["refundUntil"], json!(in_hours(&app, 5)));
    hold_in(&app.file());
}

/// Who can't come at the new hour is told, and may give the seats back until that hour.
#[test]
fn refund_of_a_moved_date_is_open_until_it_begins() {
    let app = opened(5);
    change_date(&app, json!({ "refundUntilHours": null }));
    let (kim, reservation) = sold(&app, &["1", "2"]);
    let before = reservation["startsAt"].clone();
    assert_eq!((&reservation["movedFrom"], &reservation["refundUntil"]), (&Value::Null, &Value::Null));
    let moved = in_hours(&app, 20);
    change_date(&app, json!({ "startsAt": moved }));
    let told = kim.get_by_key("/reservations").must(200)["reservations"][0].clone();
    assert_eq!((&told["startsAt"], &told["movedFrom"], &told["refundUntil"]), (&json!(moved), &before, &json!(moved)));
    app.advance_ms(20 * HOUR_MS as u64 - 1);
    refund_own(&kim, &reservation, json!({ "seats": ["1"] })).must(200);
    app.advance_ms(1);
    refund_own(&kim, &reservation, json!({})).refused(409, "REFUND_CLOSED");
    change_date(&app, json!({ "startsAt": before }));
    let told = kim.get_by_key(&path(&reservation["reservationId"])).must(200).clone();
    assert_eq!((&told["movedFrom"], &told["refundUntil"]), (&Value::Null, &Value::Null), "it was moved back");
    hold_in(&app.file());
}

/// A page that reads a reservation alone would call a seat by its label where the map and the ticket name its row.
#[test]
fn seats_of_a_reservation_are_called_as_on_the_map_and_the_ticket() {
    let app = opened(3);
    let rows = json!([{ "row": "A", "count": 3 }]);
    let layout = json!({ "sections": [{ "name": "R", "price": PRICE, "rows": rows }] });
    let starts_at = in_hours(&app, 10);
    let made = app.staff(
        "POST",
        "/concerts/1/schedules",
        json!({ "startsAt": starts_at, "layout": layout, "refundUntilHours": 1 }),
    );
    let date = made.must(201)["scheduleId"].as_i64().unwrap();
    let kim = app.buyer(3 * PRICE);
    let names = |list: &Value| {
        let name = |one: &Value| json!([one["seat"], one["section"], one["row"], one["number"]]);
        list.as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    let [first, second] = [json!(["A-1", "R", "A", "1"]), json!(["A-2", "R", "A", "2"])];
    let best = json!({ "scheduleId": date, "bestAvailable": { "count": 1 } });
    let held = kim.post("/reservations", best).must(201).clone();
    assert_eq!(held["seats"][0]["row"], "A");
    let id = held["reservationId"].clone();
    let changed = kim.patch(&path(&id), json!({ "seats": ["A-1", "A-2"] })).must(200).clone();
    assert_eq!(names(&changed["seats"]), [first.clone(), second.clone()]);
    kim.pay(&id, 2 * PRICE).must(201);
    let paid = kim.get_by_key(&path(&id)).must(200).clone();
    assert_eq!(names(&paid["seats"]), [first.clone(), second.clone()]);
    let part = refund_own(&kim, &paid, json!({ "seats": ["A-2"] })).must(200).clone();
    assert_eq!((names(&part["seats"]), names(&part["returnedSeats"])), (vec![first.clone()], vec![second]));
    refund_own(&kim, &paid, json!({})).must(200);
    // The hall is laid out anew: a seat that is no more is called by the label under which it was sold.
    app.staff(
        "PATCH",
        &format!("/schedules/{date}"),
        json!({ "layout": { "sections": [{ "name": "R", "price": PRICE, "rows": [{ "row": "B", "count": 3 }] }] } }),
    )
    .must(200);
    let after = kim.get_by_key(&path(&id)).must(200).clone();
    assert_eq!(names(&after["seats"]), [json!(["A-1", null, null, null])]);
    let (_, plain) = sold(&app, &["1"]);
    assert_eq!(
        plain["seats"],
        json!([{ "seat": "1", "price": PRICE }]),
        "where the label says it all, nothing more is told"
    );
}
