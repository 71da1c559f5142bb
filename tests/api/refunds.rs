//! Paid seats given back: by staff, by their owner, and all of a cancelled date.

use crate::support::{Answer, Customer, PRICE, STAFF_KEY, TestApp, basic, bearer, together};
use serde_json::{Value, json};

const HOUR_MS: u64 = 3_600_000;

/// A customer who bought these seats of the first date, and the reservation.
fn sold(app: &TestApp, seats: &[&str]) -> (Customer, String) {
    let kim = app.buyer(seats.len() as i64 * PRICE);
    let held = kim.hold(1, seats).must(201)["reservationId"].clone();
    kim.pay(&held, seats.len() as i64 * PRICE).must(201);
    (kim, held.as_str().unwrap().to_owned())
}

fn refund(app: &TestApp, reservation: &str) -> Answer {
    app.staff("POST", &format!("/reservations/{reservation}/refund"), json!({}))
}

/// The user's own call, by the user key.
fn refund_own(kim: &Customer, reservation: &str) -> Answer {
    let path = format!("/api/v1/reservations/{reservation}/refund");
    kim.client.call("POST", &path, &basic(&kim.id, &kim.key), Some(json!({})))
}

fn status_of(app: &TestApp, reservation: &str) -> Value {
    app.staff_get(&format!("/reservations/{reservation}")).must(200)["status"].clone()
}

fn count(app: &TestApp, statement: &str) -> i64 {
    crate::support::invariants::number(&app.file(), statement)
}

#[test]
fn refund_gives_the_points_back_and_the_seats_free() {
    let app = TestApp::with_seats(5, &[]);
    let (kim, reservation) = sold(&app, &["1", "2"]);
    let refunded = refund(&app, &reservation).must(200).clone();
    assert_eq!((&refunded["status"], &refunded["payment"]["status"]), (&json!("REFUNDED"), &json!("REFUNDED")));
    assert!(refunded["payment"]["refundedAt"].is_string() && refunded["payment"]["paidAt"].is_string());
    assert_eq!(kim.balance(), 2 * PRICE);
    let entries = kim.get_by_key(&format!("/users/{}/balance/entries", kim.id)).must(200)["entries"].clone();
    assert_eq!((&entries[0]["kind"], &entries[0]["amount"]), (&json!("REFUND"), &json!(2 * PRICE)));
    assert_eq!(entries[0]["reservationId"], json!(reservation));
    let (lee, _) = sold(&app, &["1", "2"]);
    assert_eq!(lee.balance(), 0);
    let payment = refunded["payment"]["paymentId"].as_str().unwrap();
    assert_eq!(kim.get_by_key(&format!("/payments/{payment}")).must(200)["status"], "REFUNDED");
    let feed = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    let told = feed.as_array().unwrap().iter().find(|event| event["type"] == "RESERVATION_REFUNDED").unwrap();
    assert_eq!(told["data"]["reservationId"], json!(reservation));
    assert_eq!((&told["data"]["userId"], &told["data"]["amount"]), (&json!(kim.id), &json!(2 * PRICE)));
    crate::support::invariants::hold_in(&app.file());
}

#[test]
fn refund_is_given_once_and_repeated_under_its_key() {
    let app = TestApp::with_seats(5, &[]);
    let (kim, reservation) = sold(&app, &["1"]);
    let path = format!("/api/v1/staff/reservations/{reservation}/refund");
    let keyed = [("authorization", &*bearer(STAFF_KEY)), ("idempotency-key", "refund-1")];
    let first = app.client.call_with("POST", &path, &keyed, Some("{}"));
    let again = app.client.call_with("POST", &path, &keyed, Some("{}"));
    assert_eq!((first.must(200), again.header("idempotency-replayed")), (again.must(200), Some("true")));
    assert_eq!(first.text, again.text);
    let twice = refund(&app, &reservation);
    assert_eq!(twice.refused(409, "RESERVATION_NOT_CONFIRMED")["reservationStatus"], "REFUNDED");
    assert_eq!(kim.balance(), PRICE);
}

#[test]
fn refund_what_is_not_paid_is_not_refunded() {
    let app = TestApp::with_seats(5, &["--hold-seconds=60"]);
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    let pending = refund(&app, &held);
    assert_eq!(pending.refused(409, "RESERVATION_NOT_CONFIRMED")["reservationStatus"], "PENDING_PAYMENT");
    app.advance_ms(60_000);
    let expired = refund(&app, &held);
    assert_eq!(expired.refused(409, "RESERVATION_NOT_CONFIRMED")["reservationStatus"], "EXPIRED");
    for unknown in ["00000000-0000-7000-8000-000000000000", "x"] {
        refund(&app, unknown).refused(404, "RESERVATION_NOT_FOUND");
        app.staff_get(&format!("/reservations/{unknown}")).refused(404, "RESERVATION_NOT_FOUND");
    }
    assert_eq!(kim.balance(), PRICE);
}

/// A limit that also held for refunds would keep the venue's guests' money.
#[test]
fn points_come_back_even_past_the_limit_of_a_balance() {
    let app = TestApp::with_seats(5, &[]);
    let (kim, reservation) = sold(&app, &["1"]);
    let fill = json!({ "amount": 1_000_000_000, "reason": "a very rich guest" });
    app.staff("POST", &format!("/users/{}/balance/corrections", kim.id), fill).must(201);
    refund(&app, &reservation).must(200);
    assert_eq!(kim.balance(), 1_000_000_000 + PRICE);
}

#[test]
fn users_give_back_only_until_the_hour_that_their_date_says() {
    let app = TestApp::with_seats(5, &[]);
    let start = json!({ "startsAt": "2100-01-01T10:00:00Z" });
    assert_eq!(app.staff("PATCH", "/schedules/1", start).must(200)["refundUntilHours"], Value::Null);
    let (kim, reservation) = sold(&app, &["1"]);
    assert_eq!(refund_own(&kim, &reservation).refused(409, "REFUND_CLOSED")["refundUntil"], Value::Null);
    for wrong in [json!(-1), json!(8_761), json!("24"), json!(1.5)] {
        let patch = app.staff("PATCH", "/schedules/1", json!({ "refundUntilHours": wrong }));
        assert_eq!(patch.refused(400, "INVALID_REQUEST")["pointer"], "/refundUntilHours");
    }
    let soon = app.staff("POST", "/clock", json!({ "advanceSeconds": 0 })).must(200)["now"].clone();
    let now_ms = boxoffice::clock::Millis::parse_rfc3339(soon.as_str().unwrap()).unwrap().unix_ms();
    let starts_at = boxoffice::clock::Millis::from_unix_ms(now_ms).plus_ms(25 * HOUR_MS as i64);
    let patch = json!({ "startsAt": starts_at, "refundUntilHours": 24 });
    assert_eq!(app.staff("PATCH", "/schedules/1", patch).must(200)["refundUntilHours"], 24);
    let (lee, other) = sold(&app, &["2"]);
    refund_own(&lee, &reservation).refused(404, "RESERVATION_NOT_FOUND");
    assert_eq!(refund_own(&kim, &reservation).must(200)["status"], "REFUNDED");
    refund_own(&kim, &reservation).refused(409, "RESERVATION_NOT_CONFIRMED");
    app.advance_ms(HOUR_MS - 1);
    let last = sold(&app, &["3"]);
    refund_own(&last.0, &last.1).must(200);
    app.advance_ms(1);
    let closed = refund_own(&lee, &other);
    let until = starts_at.plus_ms(-24 * HOUR_MS as i64);
    assert_eq!(closed.refused(409, "REFUND_CLOSED")["refundUntil"], json!(until));
    assert_eq!((kim.balance(), lee.balance()), (PRICE, 0));
    refund(&app, &other).must(200);
    let off = app.staff("PATCH", "/schedules/1", json!({ "refundUntilHours": null })).must(200).clone();
    assert_eq!(off["refundUntilHours"], Value::Null);
}

#[test]
fn refund_cancelled_date_refunds_everyone_and_sells_nothing_more() {
    let app = TestApp::with_seats(300, &[]);
    let owners: Vec<(Customer, String)> = (1..=130).map(|seat| sold(&app, &[&seat.to_string()])).collect();
    let holder = app.buyer(PRICE);
    let held = holder.hold(1, &["200"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    let before = app.staff_get("/schedules/1/cancellation").must(200).clone();
    assert_eq!((&before["cancelledAt"], &before["total"], &before["holds"]), (&Value::Null, &json!(130), &json!(1)));
    let waiting = [("authorization", &*bearer(STAFF_KEY)), ("prefer", "wait=30")];
    let path = "/api/v1/staff/schedules/1/cancellation";
    let done = app.client.call_with("POST", path, &waiting, Some("{}"));
    assert_eq!((&done.must(200)["refunded"], &done.body["total"]), (&json!(130), &json!(130)));
    assert!(done.body["settledAt"].is_string() && done.header("preference-applied").is_some());
    assert!(owners.iter().all(|(kim, _)| kim.balance() == PRICE));
    assert!(owners.iter().all(|(_, reservation)| status_of(&app, reservation) == "REFUNDED"));
    assert_eq!((status_of(&app, &held), holder.balance()), (json!("CANCELLED"), PRICE));
    app.customer().hold(1, &["250"]).refused(409, "SCHEDULE_CANCELLED");
    holder.hold(2, &["1"]).must(201);
    assert_eq!(count(&app, "SELECT count(*) FROM claim WHERE schedule_id = 1"), 0);
    let dates = holder.get("/concerts/1/schedules").must(200)["schedules"].clone();
    assert_eq!((dates.as_array().unwrap().len(), &dates[0]["scheduleId"]), (1, &json!(2)));
    let all = holder.get("/concerts/1/schedules?all=true").must(200)["schedules"].clone();
    assert!(all[0]["cancelledAt"].is_string());
    app.staff("PATCH", "/schedules/1", json!({ "refundUntilHours": 1 })).refused(409, "SCHEDULE_CANCELLED");
    assert_eq!(app.staff("POST", "/schedules/1/cancellation", json!({})).must(200), &done.body);
    assert_eq!(count(&app, "SELECT count(*) FROM ledger_entry WHERE kind = 'REFUND'"), 130);
    assert_eq!(count(&app, "SELECT count(*) FROM event WHERE type = 'SCHEDULE_CANCELLED'"), 1);
    app.staff("POST", "/schedules/9/cancellation", json!({})).refused(404, "SCHEDULE_NOT_FOUND");
    crate::support::invariants::hold_in(&app.file());
}

/// A program that releases holds some time after it cancelled takes points for a concert that is off.
#[test]
fn refund_nobody_pays_for_a_date_that_was_cancelled_while_their_hold_lives() {
    let app = TestApp::with_seats(5, &[]);
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    let id = held.as_str().unwrap().to_owned();
    let waiter = {
        let kim = kim.clone();
        std::thread::spawn(move || {
            let headers = [("authorization", &*bearer(&kim.token)), ("prefer", "wait=30")];
            kim.client.call_with("GET", &format!("/api/v1/reservations/{id}"), &headers, None)
        })
    };
    app.staff("POST", "/schedules/1/cancellation", json!({}));
    let code = kim.pay(&held, PRICE).body["code"].clone();
    assert!(["SCHEDULE_CANCELLED", "RESERVATION_NOT_PENDING"].contains(&code.as_str().unwrap()), "{code}");
    assert_eq!(waiter.join().unwrap().must(200)["status"], "CANCELLED");
    assert_eq!(kim.balance(), PRICE);
}

/// Sixteen staff calls at once: a program that reads the status before its transaction pays twice.
#[test]
fn race_of_refunds_pays_a_reservation_back_once() {
    let app = TestApp::with_seats(5, &[]);
    let mut refunded = 0;
    for _ in 0..20 {
        let (kim, reservation) = sold(&app, &["1"]);
        let codes = together((0..16).collect::<Vec<u8>>(), |_, _| refund(&app, &reservation).status);
        assert_eq!(codes.iter().filter(|code| **code == 200).count(), 1, "{codes:?}");
        assert_eq!(codes.iter().filter(|code| **code == 409).count(), 15, "{codes:?}");
        assert_eq!(kim.balance(), PRICE);
        refunded += 1;
    }
    assert_eq!(count(&app, "SELECT count(*) FROM ledger_entry WHERE kind = 'REFUND'"), refunded);
}
