//! Things that happen within one millisecond, as they do on a frozen clock and under load, still have an order.

use crate::support::{PRICE, TestApp};
use serde_json::json;

/// A program that orders by a time of creation with milliseconds and breaks ties by random
/// bits lists an older reservation above a newer one.
#[test]
fn reservations_of_one_millisecond_are_listed_newest_first() {
    let app = TestApp::with_seats(50, &[]);
    let kim = app.customer();
    let mut made = Vec::new();
    for _ in 0..12 {
        let held = kim.hold(1, &["1"]).must(201)["reservationId"].as_str().unwrap().to_owned();
        kim.delete(&format!("/reservations/{held}")).must(200);
        made.insert(0, held);
    }
    let list = kim.get("/reservations").must(200)["reservations"].clone();
    let listed = list.as_array().unwrap().iter().map(|it| it["reservationId"].as_str().unwrap().to_owned());
    assert_eq!(listed.collect::<Vec<_>>(), made);
}

/// The same program, asked to take payment for "one's own held seats, exactly those", finds an earlier
/// hold of them that was given back, and refuses.
#[test]
fn held_seats_are_paid_although_they_were_held_and_given_back_in_the_same_millisecond() {
    let app = TestApp::with_seats(50, &[]);
    for seat in 1..=12 {
        let (kim, seat) = (app.buyer(PRICE), seat.to_string());
        let first = kim.hold(1, &[&seat]).must(201)["reservationId"].as_str().unwrap().to_owned();
        kim.delete(&format!("/reservations/{first}")).must(200);
        let second = kim.hold(1, &[&seat]).must(201)["reservationId"].clone();
        let paid = kim.post("/payments", json!({ "scheduleId": 1, "seats": [seat], "amount": PRICE }));
        assert_eq!(paid.must(201)["reservationId"], second);
    }
}
