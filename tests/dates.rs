//! Dates as staff read and change them: without a queue token, sale windows, the venue's time zone.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

mod hall;

use hall::{Hall, bearer};
use serde_json::json;

#[test]
fn staff_read_every_date_and_its_map_without_standing_in_line() {
    let hall = Hall::with_seats(3, &["--max-active", "1"]);
    let closed = json!({ "saleClosesAt": "2001-01-01T00:00:00Z" });
    hall.staff("PATCH", "/schedules/2", closed).must(200);
    let kim = hall.customer();
    kim.hold(1, &["1"]).must(201);
    let desk = json!({ "blocked": true, "reason": "sound desk" });
    hall.staff("PUT", "/schedules/1/seats/3", desk).must(200);

    let dates = hall.staff_get("/concerts/1/schedules").must(200)["schedules"].clone();
    let ids: Vec<_> = dates.as_array().unwrap().iter().map(|date| date["scheduleId"].clone()).collect();
    assert_eq!(ids, [1, 2], "the one whose sale is over as well");
    assert_eq!(hall.staff_get("/schedules/1").must(200), &dates[0]);
    assert_eq!(dates[0]["seatsAvailable"], 1);

    let map = hall.staff_get("/schedules/1/seats");
    let seats = &map.must(200)["seats"];
    assert_eq!((&seats[0]["status"], &seats[0]["mine"]), (&json!("HELD"), &json!(false)));
    assert_eq!((&seats[2]["status"], &seats[2]["reason"]), (&json!("BLOCKED"), &json!("sound desk")));
    let known = [("authorization", &*bearer(hall::STAFF_KEY)), ("if-none-match", map.header("etag").unwrap())];
    hall.client.call_with("GET", "/api/v1/staff/schedules/1/seats", &known, None).must(304);
    let shown = kim.get("/schedules/1/seats").must(200)["seats"].clone();
    assert_eq!(
        (&shown[2]["status"], shown[2].get("reason")),
        (&json!("BLOCKED"), None),
        "the reason is the house's own"
    );
}

#[test]
fn a_date_that_is_not_there_is_said_so_to_staff_and_nobody_else_reads_theirs() {
    let hall = Hall::with_seats(1, &[]);
    hall.staff_get("/concerts/9/schedules").refused(404, "CONCERT_NOT_FOUND");
    hall.staff_get("/schedules/9").refused(404, "SCHEDULE_NOT_FOUND");
    hall.staff_get("/schedules/9/seats").refused(404, "SCHEDULE_NOT_FOUND");
    hall.staff_get("/schedules/1/seats?all=true").refused(400, "INVALID_REQUEST");
    let kim = hall.customer();
    for path in ["/concerts/1/schedules", "/schedules/1", "/schedules/1/seats"] {
        kim.get(&format!("/staff{path}")).refused(401, "STAFF_KEY_INVALID");
    }
}
