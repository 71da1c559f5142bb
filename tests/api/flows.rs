//! The five flows of a box office, from a new user to a sold seat, through the door.

use crate::support::{PRICE, TestApp};
use serde_json::json;

#[test]
fn a_new_user_ends_with_a_sold_seat() {
    let app = TestApp::with_seats(50, &[]);
    let mut kim = app.user();
    let token = kim.line_up();
    assert_eq!(token.must(201)["status"], "ACTIVE");
    assert_eq!(token.body["position"], 0);
    assert_eq!(kim.line_up().must(200)["token"], token.body["token"]);
    assert_eq!(kim.get("/concerts/1/schedules").must(200)["schedules"].as_array().unwrap().len(), 2);
    let map = kim.get("/concerts/1/seats?date=2100-01-01");
    assert_eq!(map.must(200)["seatsAvailable"], 50);
    let held = kim.hold(1, &["12", "13"]);
    assert_eq!(held.must(201)["status"], "PENDING_PAYMENT");
    assert_eq!(held.body["amount"], 2 * PRICE);
    assert_eq!(held.body["holdExpiresInSeconds"], 300);
    kim.top_up(120_000).must(201);
    let paid = kim.pay(&held.body["reservationId"], 2 * PRICE);
    assert_eq!(paid.must(201)["balance"], 20_000);
    assert_eq!(paid.body["tickets"].as_array().unwrap().len(), 2);
    kim.poll().refused(401, "TOKEN_EXPIRED");
    assert_eq!(kim.poll().body["reason"], "PAID");
    let own = kim.get_by_key("/reservations");
    assert_eq!(own.must(200)["reservations"][0]["status"], "CONFIRMED");
    assert_eq!(own.body["reservations"][0]["tickets"], paid.body["tickets"]);
    let other = app.customer();
    let seats = other.get("/schedules/1/seats").must(200)["seats"].clone();
    assert_eq!((&seats[11]["status"], &seats[11]["mine"]), (&json!("SOLD"), &json!(false)));
    other.hold(1, &["12", "14"]).refused(409, "SEAT_UNAVAILABLE");
}
