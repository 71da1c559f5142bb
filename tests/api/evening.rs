//! What staff look at while the evening runs: the last hour minute by minute, and one user with their balance.

use crate::support::{PRICE, TestApp};
use serde_json::{Value, json};

/// The minutes in which something happened: joined, admitted, gave up, seats sold; and how many then waited.
fn told(hour: &Value) -> Vec<[i64; 5]> {
    let number = |minute: &Value, name: &str| minute[name].as_i64().unwrap();
    let minutes = hour["minutes"].as_array().unwrap().iter();
    let all =
        minutes.map(|minute| ["joined", "admitted", "gaveUp", "seatsSold", "waiting"].map(|name| number(minute, name)));
    all.filter(|minute| minute[..4].iter().any(|count| *count > 0)).collect()
}

#[test]
fn dashboard_last_hour_is_told_minute_by_minute_and_forgets_what_is_older() {
    let app = TestApp::with_seats(10, &["--max-active", "1", "--abandon-seconds", "7200", "--visit-seconds", "7200"]);
    let empty = app.staff_get("/evening").must(200).clone();
    assert_eq!((empty["minutes"].as_array().unwrap().len(), told(&empty)), (60, vec![]));

    let first = app.buyer(2 * PRICE);
    let (second, third) = (app.customer(), app.customer());
    app.advance_ms(60_000);
    let held = first.hold(1, &["1", "2"]).must(201).clone();
    first.pay(&held["reservationId"], 2 * PRICE).must(201);
    third.delete("/queue/token").must(204);
    let hour = app.staff_get("/evening").must(200).clone();
    assert_eq!(told(&hour), [[3, 1, 0, 0, 2], [0, 1, 1, 2, 0]], "the second was let in, the third gave up");
    let most: Vec<_> = hour["minutes"].as_array().unwrap()[58..].iter().map(|minute| &minute["waitingMost"]).collect();
    assert_eq!(most, [2, 2], "both waited when the second minute began, and nobody at its end");
    let feed = app.staff_get("/events?limit=1000").must(200).clone();
    assert_eq!(feed["events"].as_array().unwrap().last().unwrap()["sequence"], hour["lastSequence"]);

    // Who leaves after being let in did not give up waiting.
    second.delete("/queue/token").must(204);
    app.advance_ms(59 * 60_000);
    assert_eq!(told(app.staff_get("/evening").must(200)), [[0, 1, 1, 2, 0]]);
    app.advance_ms(60_000);
    assert_eq!(told(app.staff_get("/evening").must(200)), Vec::<[i64; 5]>::new());
    app.staff_get("/evening?hours=2").refused(400, "INVALID_REQUEST");
}

#[test]
fn counter_sees_a_user_with_the_balance_of_now() {
    let app = TestApp::with_seats(1, &[]);
    let kim = app.user();
    let path = format!("/users/{}", kim.id);
    assert_eq!(app.staff_get(&path).must(200)["balance"], 0);
    app.staff("POST", &format!("{path}/balance/top-ups"), json!({ "amount": 700 })).must(201);
    let shown = app.staff_get(&path).must(200).clone();
    assert_eq!((&shown["name"], &shown["userId"], &shown["balance"]), (&json!("Kim"), &json!(kim.id), &json!(700)));
    app.staff_get("/users/00000000-0000-7000-8000-000000000000").refused(404, "USER_NOT_FOUND");
    app.staff_get("/users/kim").refused(404, "USER_NOT_FOUND");
}
