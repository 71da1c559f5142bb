//! Dates as staff read and change them: without a queue token, sale windows, the venue's time zone.

use crate::support::{PRICE, TestApp, bearer};
use serde_json::{Value, json};

#[test]
fn staff_read_every_date_and_its_map_without_standing_in_line() {
    let app = TestApp::with_seats(3, &["--max-active", "1"]);
    let closed = json!({ "saleClosesAt": "2001-01-01T00:00:00Z" });
    app.staff("PATCH", "/schedules/2", closed).must(200);
    let kim = app.customer();
    kim.hold(1, &["1"]).must(201);
    let reason = json!({ "blocked": true, "reason": "sound check" });
    app.staff("PUT", "/schedules/1/seats/3", reason).must(200);

    let dates = app.staff_get("/concerts/1/schedules").must(200)["schedules"].clone();
    let ids: Vec<_> = dates.as_array().unwrap().iter().map(|date| date["scheduleId"].clone()).collect();
    assert_eq!(ids, [1, 2], "the one whose sale is over as well");
    assert_eq!(app.staff_get("/schedules/1").must(200), &dates[0]);
    assert_eq!(dates[0]["seatsAvailable"], 1);

    let map = app.staff_get("/schedules/1/seats");
    let seats = &map.must(200)["seats"];
    assert_eq!((&seats[0]["status"], &seats[0]["mine"]), (&json!("HELD"), &json!(false)));
    assert_eq!((&seats[2]["status"], &seats[2]["reason"]), (&json!("BLOCKED"), &json!("sound check")));
    let known =
        [("authorization", &*bearer(crate::support::STAFF_KEY)), ("if-none-match", map.header("etag").unwrap())];
    app.client.call_with("GET", "/api/v1/staff/schedules/1/seats", &known, None).must(304);
    let shown = kim.get("/schedules/1/seats").must(200)["seats"].clone();
    assert_eq!(
        (&shown[2]["status"], shown[2].get("reason")),
        (&json!("BLOCKED"), None),
        "the reason is the venue's own"
    );
}

#[test]
fn date_that_is_not_there_is_said_so_to_staff_and_nobody_else_reads_theirs() {
    let app = TestApp::with_seats(1, &[]);
    app.staff_get("/concerts/9/schedules").refused(404, "CONCERT_NOT_FOUND");
    app.staff_get("/schedules/9").refused(404, "SCHEDULE_NOT_FOUND");
    app.staff_get("/schedules/9/seats").refused(404, "SCHEDULE_NOT_FOUND");
    app.staff_get("/schedules/1/seats?all=true").refused(400, "INVALID_REQUEST");
    let kim = app.customer();
    for path in ["/concerts/1/schedules", "/schedules/1", "/schedules/1/seats"] {
        kim.get(&format!("/staff{path}")).refused(401, "STAFF_KEY_INVALID");
    }
}

/// The instant at which the hall's clock stands, in milliseconds since 1970.
fn now_ms(app: &TestApp) -> i64 {
    let clock = app.staff("POST", "/clock", json!({ "advanceMilliseconds": 0 }));
    boxoffice::clock::Millis::parse_rfc3339(clock.must(200)["now"].as_str().unwrap()).unwrap().unix_ms()
}

/// An instant of so many milliseconds since 1970, as staff write it.
fn instant(ms: i64) -> String {
    boxoffice::clock::Millis::from_unix_ms(ms).to_string()
}

#[test]
fn windows_of_many_concerts_open_and_close_by_themselves_to_the_millisecond() {
    let app = TestApp::with_seats(2, &["--max-active", "0"]);
    let now = now_ms(&app);
    // Concert n (of 5) sells its second date from n seconds on, for a second and a half.
    for concert in 2..=6_i64 {
        app.staff("POST", "/concerts", json!({ "title": format!("Nacht {concert}") })).must(201);
        for starts_at in ["2100-01-01T10:00:00Z", "2100-01-02T10:00:00Z"] {
            let opens = now + (concert - 1) * 1_000;
            let date = json!({ "startsAt": starts_at, "saleOpensAt": instant(opens), "saleClosesAt": instant(opens + 1_500),
                               "layout": { "numbered": { "count": 2, "price": PRICE } } });
            app.staff("POST", &format!("/concerts/{concert}/schedules"), date).must(201);
        }
    }
    let kim = app.customer();
    for at in (0..8_000).step_by(500) {
        for concert in 2..=6_i64 {
            let (opens, schedule) = ((concert - 1) * 1_000, 2 * concert - 1);
            let path = format!("/concerts/{concert}/schedules");
            let shown = kim.get(&path).must(200)["schedules"].as_array().unwrap().len();
            let held = kim.hold(schedule, &["1"]);
            if at < opens {
                assert_eq!(held.refused(409, "SALE_NOT_OPEN")["saleOpensAt"], instant(now + opens));
                assert_eq!(shown, 0);
            } else if at >= opens + 1_500 {
                assert_eq!(held.refused(409, "SALE_CLOSED")["saleClosesAt"], instant(now + opens + 1_500));
                assert_eq!(shown, 0);
            } else {
                let id = held.must(201)["reservationId"].as_str().unwrap().to_owned();
                kim.delete(&format!("/reservations/{id}")).must(200);
                assert_eq!(shown, 2, "concert {concert} at {at}");
            }
        }
        // One millisecond before each half second nothing is different yet.
        app.advance_ms(499);
        let early = (2..=6_i64).find(|concert| (concert - 1) * 1_000 == at + 500);
        early.map(|concert| kim.hold(2 * concert - 1, &["1"]).refused(409, "SALE_NOT_OPEN").clone());
        app.advance_ms(1);
    }
}

#[test]
fn local_times_are_the_venue_s_and_dates_are_shown_in_its_zone_on_both_sides_of_a_change() {
    let app = TestApp::with_seats(1, &["--time-zone", "Europe/Vienna"]);
    for (starts_at, date, instant) in [
        ("2099-03-29T01:30", "2099-03-29", "2099-03-29T00:30:00.000Z"),
        ("2099-03-29T03:30", "2099-03-29", "2099-03-29T01:30:00.000Z"),
        ("2099-03-28T23:30:00Z", "2099-03-29", "2099-03-28T23:30:00.000Z"),
        ("2099-07-01T00:15", "2099-07-01", "2099-06-30T22:15:00.000Z"),
        ("2099-06-30T22:30:00Z", "2099-07-01", "2099-06-30T22:30:00.000Z"),
        ("2099-10-25T03:00", "2099-10-25", "2099-10-25T02:00:00.000Z"),
        ("2099-12-24T23:59:59", "2099-12-24", "2099-12-24T22:59:59.000Z"),
    ] {
        let moved = app.staff("PATCH", "/schedules/1", json!({ "startsAt": starts_at })).must(200).clone();
        assert_eq!((&moved["date"], &moved["startsAt"]), (&json!(date), &json!(instant)), "{starts_at}");
    }
    for wrong in ["2099-03-29T02:30", "2099-10-25T02:30"] {
        let told = app.staff("PATCH", "/schedules/1", json!({ "startsAt": wrong }));
        assert_eq!(told.refused(400, "INVALID_REQUEST")["pointer"], "/startsAt", "{wrong}");
    }
    assert_eq!(app.staff_get("/schedules/1").must(200)["date"], "2099-12-24", "nothing refused was done");
}

#[test]
fn sale_that_would_open_when_the_date_has_begun_is_refused() {
    let app = TestApp::with_seats(1, &[]);
    let said = |opens: &str| json!({ "startsAt": "2099-05-01T10:00:00Z", "saleOpensAt": opens, "saleClosesAt": "2099-06-01T10:00:00Z" });
    for opens in ["2099-05-01T10:00:00Z", "2099-05-20T10:00:00Z"] {
        let told = app.staff("PATCH", "/schedules/1", said(opens));
        assert_eq!(told.refused(400, "INVALID_REQUEST")["pointer"], "/saleOpensAt", "{opens}");
    }
    app.staff("PATCH", "/schedules/1", said("2099-05-01T09:59:59Z")).must(200);
    let earlier = app.staff("PATCH", "/schedules/1", json!({ "startsAt": "2099-05-01T09:00:00Z" }));
    assert_eq!(earlier.refused(400, "INVALID_REQUEST")["pointer"], "/saleOpensAt");
}

#[test]
fn time_zone_of_another_start_shows_the_dates_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("venue.db");
    let mut app = TestApp::on(&file, &["--time-zone", "Asia/Seoul"]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let date = json!({ "startsAt": "2099-01-01T03:00", "layout": { "numbered": { "count": 1, "price": PRICE } } });
    assert_eq!(app.staff("POST", "/concerts/1/schedules", date).must(201)["date"], "2099-01-01");
    app.close();
    let app = TestApp::on(&file, &["--time-zone", "America/New_York"]);
    assert_eq!(app.staff_get("/schedules/1").must(200)["date"], "2098-12-31");
    app.customer().get("/concerts/1/seats?date=2098-12-31").must(200);
    app.customer().get("/concerts/1/seats?date=2099-01-01").refused(404, "SCHEDULE_NOT_FOUND");
}

#[test]
fn price_changed_while_a_hold_exists_is_for_those_who_come_later() {
    let app = TestApp::with_seats(4, &["--max-active", "0"]);
    let (kim, lee) = (app.buyer(200_000), app.buyer(200_000));
    let held = kim.hold(1, &["1", "2"]).must(201).clone();
    lee.get("/schedules/1/seats").must(200);
    let changed = app.staff("PATCH", "/schedules/1", json!({ "price": 60_000 })).must(200).clone();
    assert_eq!(changed["priceFrom"], 60_000);
    assert_eq!(lee.get("/schedules/1/seats").must(200)["seats"][2]["price"], 60_000, "also the map in memory");
    assert_eq!(lee.get("/concerts/1/schedules").must(200)["schedules"][0]["priceFrom"], 60_000);
    assert_eq!(lee.hold(1, &["3"]).must(201)["amount"], 60_000);
    let id = held["reservationId"].as_str().unwrap();
    let own = kim.get(&format!("/reservations/{id}")).must(200).clone();
    assert_eq!((&own["amount"], &own["seats"][0]["price"]), (&json!(2 * PRICE), &json!(PRICE)));
    kim.pay(&held["reservationId"], 2 * 60_000).refused(422, "AMOUNT_MISMATCH");
    assert_eq!(kim.pay(&held["reservationId"], 2 * PRICE).must(201)["balance"], 100_000);
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    let last = events.as_array().unwrap().iter().rfind(|event| event["type"] == "SCHEDULE_CHANGED").unwrap();
    assert_eq!(
        last["data"],
        json!({ "scheduleId": 1, "startsAt": app.staff_get("/schedules/1").must(200)["startsAt"] })
    );
    assert_eq!(app.staff_get("/schedules/2").must(200)["priceFrom"], PRICE, "the other date stays as it is");
}

#[test]
fn prices_are_changed_by_category_or_section_all_or_none() {
    let app = TestApp::with_seats(1, &[]);
    let seat = |label: &str, section: &str, category: Option<&str>| json!({ "seat": label, "section": section, "category": category, "price": 10 });
    // R is a section, and elsewhere a category.
    let seats = [seat("1", "R", None), seat("2", "S", Some("R")), seat("3", "S", Some("VIP")), seat("4", "T", None)];
    app.staff("PATCH", "/schedules/1", json!({ "layout": { "seats": seats } })).must(200);
    let change = |body| app.staff("PATCH", "/schedules/1", body);
    let prices = || {
        let seats = app.staff_get("/schedules/1/seats").must(200)["seats"].clone();
        seats.as_array().unwrap().iter().map(|seat| seat["price"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    change(json!({ "prices": { "T": 40, "VIP": 30 } })).must(200);
    assert_eq!(prices(), [10, 10, 30, 40]);
    change(json!({ "prices": { "R": 20 } })).must(200);
    assert_eq!(prices(), [10, 20, 30, 40], "a category comes before a section of its name");
    change(json!({ "prices": { "S": 5, "VIP": 50 }, "price": 1 })).must(200);
    assert_eq!(prices(), [1, 5, 50, 1], "every seat first, then the named ones as they are said");
    for (wrong, pointer) in [
        (json!({ "prices": { "S": 7, "a/b": 8 } }), "/prices/a~1b"),
        (json!({ "prices": { "S": -1 } }), "/prices/S"),
        (json!({ "prices": 7 }), "/prices"),
        (json!({ "price": 100_000_001 }), "/price"),
        (json!({ "price": 7, "prices": { "U": 8 } }), "/prices/U"),
    ] {
        assert_eq!(change(wrong).refused(400, "INVALID_REQUEST")["pointer"], pointer);
    }
    assert_eq!(prices(), [1, 5, 50, 1], "nothing refused was done");
}

#[test]
fn date_that_is_moved_while_a_hold_exists_takes_its_holders_along() {
    let app = TestApp::with_seats(2, &[]);
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["1"]).must(201).clone();
    let moved = json!({ "startsAt": "2100-03-01T10:00:00Z", "saleClosesAt": "2001-01-01T00:00:00Z" });
    app.staff("PATCH", "/schedules/1", moved).must(200);
    let id = held["reservationId"].as_str().unwrap();
    let own = kim.get(&format!("/reservations/{id}")).must(200).clone();
    assert_eq!((&own["date"], &own["holdExpiresAt"]), (&json!("2100-03-01"), &held["holdExpiresAt"]));
    kim.pay(&held["reservationId"], PRICE).must(201);
    app.customer().hold(1, &["2"]).refused(409, "SALE_CLOSED");
}

/// A new layout that forgets what is kept back sells the seats of the sound check.
#[test]
fn date_new_layout_keeps_the_blocked_seats_of_labels_that_stay_and_each_block_that_ends_has_its_event() {
    let app = TestApp::with_seats(6, &[]);
    for (seat, reason) in [("2", "sound check"), ("6", "camera")] {
        let block = json!({ "blocked": true, "reason": reason });
        app.staff("PUT", &format!("/schedules/1/seats/{seat}"), block).must(200);
    }
    let after = app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().len();
    let row = |row: &str, seats: &[&str]| -> Vec<Value> {
        seats.iter().map(|seat| json!({ "seat": seat, "row": row, "number": seat, "price": PRICE })).collect()
    };
    let seats = [row("A", &["7", "2"]), row("B", &["1"])].concat();
    let layout = json!({ "seats": seats });
    app.staff("PATCH", "/schedules/1", json!({ "layout": layout })).must(200);
    let seats = app.staff_get("/schedules/1/seats").must(200)["seats"].clone();
    let seen = |at: usize| (seats[at]["seat"].clone(), seats[at]["status"].clone(), seats[at]["reason"].clone());
    assert_eq!(seen(0), (json!("7"), json!("AVAILABLE"), Value::Null));
    assert_eq!(seen(1), (json!("2"), json!("BLOCKED"), json!("sound check")));
    assert_eq!(app.customer().get("/schedules/1/seats").must(200)["seatsAvailable"], 2);
    app.customer().hold(1, &["2"]).refused(409, "SEAT_UNAVAILABLE");
    let events = app.staff_get(&format!("/events?after={after}")).must(200)["events"].clone();
    let ended: Vec<&Value> =
        events.as_array().unwrap().iter().filter(|event| event["type"] == "SEAT_UNBLOCKED").collect();
    assert_eq!(ended.len(), 1);
    assert_eq!((&ended[0]["data"]["scheduleId"], &ended[0]["data"]["seat"]), (&json!(1), &json!("6")));
}

/// A day on which one of two dates was cancelled has one date.
#[test]
fn date_cancelled_date_does_not_make_its_day_ambiguous() {
    let mut app = TestApp::with_seats(3, &[]);
    let second =
        json!({ "startsAt": "2100-01-01T05:00:00Z", "layout": { "numbered": { "count": 3, "price": PRICE } } });
    app.staff("POST", "/concerts/1/schedules", second).must(201);
    let mut kim = app.customer();
    let on_date = json!({ "concertId": 1, "date": "2100-01-01", "seats": ["1"] });
    let map = |kim: &crate::support::Customer| kim.get("/concerts/1/seats?date=2100-01-01");
    assert_eq!(map(&kim).refused(409, "DATE_AMBIGUOUS")["scheduleIds"], json!([3, 1]));
    kim.post("/reservations", on_date.clone()).refused(409, "DATE_AMBIGUOUS");
    app.staff("POST", "/schedules/3/cancellation", json!({})).must(202);
    for _ in 0..2 {
        assert_eq!(map(&kim).must(200)["scheduleId"], 1);
        let held = kim.post("/reservations", on_date.clone()).must(201).clone();
        assert_eq!(held["scheduleId"], 1);
        kim.delete(&format!("/reservations/{}", held["reservationId"].as_str().unwrap())).must(200);
        app.reopen();
        kim.client = app.client.clone();
    }
    app.staff("POST", "/schedules/1/cancellation", json!({})).must(202);
    assert_eq!(map(&kim).must(200)["scheduleId"], 3, "the first of them, where all are cancelled");
    kim.post("/reservations", on_date).refused(409, "SCHEDULE_CANCELLED");
}

/// `priceFrom` promises a price that somebody can still pay, in memory and in the file alike.
#[test]
fn price_from_is_the_least_price_of_a_free_seat() {
    let mut app = TestApp::with_seats(1, &["--hold-seconds=60", "--seats-per-user=9"]);
    let seats = [("A", 30_000), ("B", 10_000), ("C", 20_000), ("D", 20_000)];
    let seats: Vec<Value> = seats.iter().map(|(seat, price)| json!({ "seat": seat, "price": price })).collect();
    app.staff("PATCH", "/schedules/1", json!({ "layout": { "seats": seats } })).must(200);
    let mut looker = app.customer();
    let is = |app: &TestApp, looker: &crate::support::Customer, expected: Value| {
        let listed = looker.get("/concerts/1/schedules?all=true").must(200)["schedules"][0].clone();
        let by_staff = app.staff_get("/schedules/1").must(200).clone();
        assert_eq!((&listed["priceFrom"], &by_staff["priceFrom"]), (&expected, &expected));
        assert_eq!(listed["seatsAvailable"], by_staff["seatsAvailable"]);
    };
    is(&app, &looker, json!(10_000));
    app.staff("PUT", "/schedules/1/seats/B", json!({ "blocked": true })).must(200);
    is(&app, &looker, json!(20_000));
    let kim = app.buyer(100_000);
    kim.hold(1, &["C", "D"]).must(201);
    is(&app, &looker, json!(30_000));
    app.reopen();
    looker.client = app.client.clone();
    is(&app, &looker, json!(30_000));
    app.advance_ms(60_000);
    is(&app, &looker, json!(20_000));
    let kim = app.buyer(100_000);
    let held = kim.hold(1, &["A", "C", "D"]).must(201)["reservationId"].clone();
    is(&app, &looker, Value::Null);
    kim.pay(&held, 70_000).must(201);
    is(&app, &looker, Value::Null);
    app.staff("PUT", "/schedules/1/seats/B", json!({ "blocked": false })).must(200);
    is(&app, &looker, json!(10_000));
    app.staff("PATCH", "/schedules/1", json!({ "price": 5_000 })).must(200);
    is(&app, &looker, json!(5_000));
    app.staff("POST", &format!("/reservations/{}/refund", held.as_str().unwrap()), json!({})).must(200);
    app.staff("PUT", "/schedules/1/seats/B", json!({ "blocked": true })).must(200);
    is(&app, &looker, json!(5_000));
}

#[test]
fn public_dates_are_read_without_a_token_and_bookable_ones_with_an_active_one() {
    let app = TestApp::with_seats(3, &["--max-active", "1"]);
    let client = &app.client;
    let read = |headers: &[(&str, &str)]| client.call_with("GET", "/api/v1/concerts/1/dates", headers, None);
    let open = read(&[]);
    assert_eq!(open.must(200)["schedules"][0]["seatsAvailable"], 3);
    let known = [("if-none-match", open.header("etag").unwrap())];
    read(&known).must(304);
    let inside = app.customer();
    inside.hold(1, &["2"]).must(201);
    assert_eq!(read(&known).must(200)["schedules"][0]["seatsAvailable"], 2);
    let waiting = app.customer();
    waiting.get("/concerts/1/schedules").refused(403, "TOKEN_WAITING");
    client.call_with("GET", "/api/v1/concerts/1/schedules", &[], None).refused(401, "TOKEN_REQUIRED");
    let without_kinds = |mut dates: Value| {
        dates["schedules"].as_array_mut().unwrap().iter_mut().for_each(|date| date["kinds"] = Value::Null);
        dates
    };
    let open = without_kinds(read(&[]).must(200).clone());
    let theirs = without_kinds(inside.get("/concerts/1/schedules?all=true").must(200).clone());
    assert_eq!(open, theirs, "the same dates but for what is left of each kind");
    client.call_with("GET", "/api/v1/schedules/1/seats", &[], None).refused(401, "TOKEN_REQUIRED");
}

#[test]
fn end_reason_tells_a_cancelled_date_from_what_the_customer_gave_up_before() {
    let app = TestApp::with_seats(5, &["--max-active", "0"]);
    let [holder, owner, quitter, refunded] = [(); 4].map(|()| app.customer());
    let hold =
        |customer: &crate::support::Customer, seat: &str| customer.hold(1, &[seat]).must(201)["reservationId"].clone();
    let paid = |customer: &crate::support::Customer, seat: &str| {
        customer.top_up(PRICE).must(201);
        let id = hold(customer, seat);
        customer.pay(&id, PRICE).must(201);
        id
    };
    let path = |id: &Value| format!("/reservations/{}", id.as_str().unwrap());
    let (held, given_up) = (hold(&holder, "1"), hold(&quitter, "2"));
    let (owned, given_back) = (paid(&owner, "3"), paid(&refunded, "4"));
    quitter.delete(&path(&given_up)).must(200);
    app.staff("POST", &format!("{}/refund", path(&given_back)), json!({})).must(200);
    app.advance_ms(1_000);
    app.staff("POST", "/schedules/1/cancellation", json!({}));
    app.advance_ms(1_000);
    for (customer, id, status, reason) in [
        (&holder, &held, "CANCELLED", json!("SCHEDULE_CANCELLED")),
        (&owner, &owned, "REFUNDED", json!("SCHEDULE_CANCELLED")),
        (&quitter, &given_up, "CANCELLED", Value::Null),
        (&refunded, &given_back, "REFUNDED", Value::Null),
    ] {
        let shown = app.staff_get(&path(id));
        assert_eq!((&shown.must(200)["status"], &shown.body["endReason"]), (&json!(status), &reason));
        assert_eq!(customer.get_by_key(&path(id)).must(200)["endReason"], reason);
    }
}
