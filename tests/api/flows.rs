//! The five flows of a box office, from a new user to a sold seat, through the door.

use crate::support::{PRICE, TestApp};
use serde_json::json;

#[test]
fn purchase_new_user_ends_with_a_sold_seat() {
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

#[test]
fn uuids_are_taken_in_upper_case_everywhere_and_answered_in_lower_case() {
    let app = TestApp::with_seats(2, &[]);
    let kim = app.buyer(PRICE);
    let (id, key) = (kim.id.to_uppercase(), kim.key.as_str());
    assert_ne!(id, kim.id);
    let pair = serde_json::json!({ "userId": id, "userKey": key });
    let again = app.client.call("POST", "/api/v1/queue/tokens", "", Some(pair));
    assert_eq!(again.must(200)["userId"], kim.id);
    assert_eq!(kim.get(&format!("/users/{id}/balance")).must(200)["balance"], PRICE);
    let basic = crate::support::basic(&id, key);
    app.client.call("GET", "/api/v1/reservations", &basic, None).must(200);
    assert_eq!(app.staff_get(&format!("/users/{id}")).must(200)["userId"], kim.id);
    let held = kim.hold(1, &["1"]).must(201).clone();
    let reservation = held["reservationId"].as_str().unwrap().to_uppercase();
    let paid = kim.pay(&reservation.clone().into(), PRICE).must(201).clone();
    assert_eq!(paid["reservationId"], held["reservationId"]);
    let one = app.staff_get(&format!("/reservations/{reservation}"));
    assert_eq!(one.must(200)["reservationId"], held["reservationId"]);
    let ticket = paid["tickets"][0]["ticketId"].as_str().unwrap();
    let told = app.staff_get(&format!("/tickets/{}", ticket.to_uppercase())).must(200).clone();
    assert_eq!(told["ticketId"], ticket);
}

#[test]
fn payment_takes_a_concert_and_a_date_like_the_reservation() {
    let app = TestApp::with_seats(2, &[]);
    let kim = app.buyer(2 * PRICE);
    let pay = |concert: i64, date: &str| {
        let body = serde_json::json!({ "concertId": concert, "date": date, "seats": ["1"], "amount": PRICE });
        kim.post("/payments", body)
    };
    let held = kim.hold(1, &["1"]).must(201).clone();
    pay(9, "2100-01-01").refused(404, "CONCERT_NOT_FOUND");
    pay(1, "2099-01-01").refused(404, "SCHEDULE_NOT_FOUND");
    pay(1, "2100-01-02").refused(404, "RESERVATION_NOT_FOUND");
    assert_eq!(pay(1, "tomorrow").refused(400, "INVALID_REQUEST")["pointer"], "/date");
    assert_eq!(pay(1, "2100-01-01").must(201)["reservationId"], held["reservationId"]);
}
