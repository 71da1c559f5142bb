//! Staff delete concerts and dates of which nothing was ever held or sold.

use crate::support::{PRICE, TestApp};
use boxoffice::check::check;
use serde_json::{Value, json};

fn date(app: &TestApp, concert: i64, starts_at: &str) -> i64 {
    let layout = json!({ "numbered": { "count": 3, "price": PRICE } });
    let made = app.staff(
        "POST",
        &format!("/concerts/{concert}/schedules"),
        json!({ "startsAt": starts_at, "layout": layout }),
    );
    made.must(201)["scheduleId"].as_i64().unwrap()
}

fn events_of(app: &TestApp, kind: &str) -> Vec<Value> {
    let events = app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().clone();
    events.into_iter().filter(|event| event["type"] == kind).map(|event| event["data"].clone()).collect()
}

/// A program that deletes only in the file goes on showing the date from memory, or sells seats of it.
#[test]
fn deletion_deleted_date_is_gone_everywhere_and_its_id_is_never_given_again() {
    let app = TestApp::with_seats(3, &[]);
    let buyer = app.buyer(2 * PRICE);
    for path in ["/concerts/1/schedules", "/schedules/2/seats"] {
        buyer.get(path).must(200); // in memory from now on
    }
    app.staff("PUT", "/schedules/2/seats/3", json!({ "blocked": true, "reason": "press" })).must(200);
    let starts_at = app.staff_get("/schedules/2").must(200)["startsAt"].clone();
    app.staff("DELETE", "/schedules/2", json!({})).must(204);
    let told = json!({ "scheduleId": 2, "concertId": 1, "startsAt": starts_at });
    assert_eq!(events_of(&app, "SCHEDULE_DELETED"), [told], "what no page could look up any more");
    assert_eq!(events_of(&app, "SEAT_UNBLOCKED")[0]["seat"], "3", "a block that ends leaves its event");
    buyer.get("/schedules/2/seats").refused(404, "SCHEDULE_NOT_FOUND");
    app.staff_get("/schedules/2").refused(404, "SCHEDULE_NOT_FOUND");
    buyer.hold(2, &["1"]).refused(404, "SCHEDULE_NOT_FOUND");
    let best = json!({ "scheduleId": 2, "bestAvailable": { "count": 1 } });
    buyer.post("/reservations", best).refused(404, "SCHEDULE_NOT_FOUND");
    let listed = buyer.get("/concerts/1/schedules").must(200)["schedules"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["scheduleId"]), (1, &json!(1)));
    assert_eq!(app.staff_get("/concerts").must(200)["concerts"][0]["schedules"], 1);
    app.staff("DELETE", "/schedules/2", json!({})).refused(404, "SCHEDULE_NOT_FOUND");
    assert_eq!(date(&app, 1, "2100-01-02T10:00:00Z"), 3);
    assert_eq!(check(&app.database).unwrap(), Vec::<String>::new());
}

/// Whatever became of a hold, its reservation is in the books.
#[test]
fn deletion_is_refused_once_a_seat_was_held() {
    let app = TestApp::with_seats(3, &["--hold-seconds=60"]);
    let buyer = app.buyer(PRICE);
    let held = buyer.hold(2, &["1"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    let refused = |path: &str| app.staff("DELETE", path, json!({})).refused(409, "DATE_IN_USE")["scheduleIds"].clone();
    assert_eq!(refused("/schedules/2"), json!([2]));
    buyer.delete(&format!("/reservations/{held}")).must(200);
    assert_eq!(refused("/schedules/2"), json!([2]), "given back, but in the books");
    assert_eq!(refused("/concerts/1"), json!([2]));
    assert_eq!(app.staff_get("/concerts").must(200)["concerts"][0]["schedules"], 2, "all or nothing");
    app.staff("DELETE", "/schedules/1", json!({})).must(204);
    app.staff("DELETE", "/schedules/x", json!({})).refused(404, "NOT_FOUND");
    app.staff("DELETE", "/concerts/9", json!({})).refused(404, "CONCERT_NOT_FOUND");
}

#[test]
fn deletion_deleted_concert_goes_with_its_dates_also_a_cancelled_one() {
    let mut app = TestApp::empty(&[]);
    for title in ["Nacht", "Morgen", "Mittag"] {
        app.staff("POST", "/concerts", json!({ "title": title })).must(201);
    }
    let buyer = app.buyer(0);
    let dates = [date(&app, 3, "2100-01-01T10:00:00Z"), date(&app, 3, "2100-01-02T10:00:00Z")];
    app.staff("POST", &format!("/schedules/{}/cancellation", dates[0]), json!({})).must(202);
    for concert in [2, 3] {
        buyer.get(&format!("/concerts/{concert}/schedules")).must(200);
        app.staff("DELETE", &format!("/concerts/{concert}"), json!({})).must(204);
        buyer.get(&format!("/concerts/{concert}/schedules")).refused(404, "CONCERT_NOT_FOUND");
    }
    assert_eq!(events_of(&app, "SCHEDULE_DELETED").len(), 2);
    assert_eq!(events_of(&app, "CONCERT_DELETED")[1], json!({ "concertId": 3, "title": "Mittag" }));
    app.reopen();
    assert_eq!(app.staff("POST", "/concerts", json!({ "title": "Abend" })).must(201)["concertId"], 4);
    assert_eq!(date(&app, 4, "2100-01-01T10:00:00Z"), dates[1] + 1);
    assert_eq!(check(&app.database).unwrap(), Vec::<String>::new());
}
