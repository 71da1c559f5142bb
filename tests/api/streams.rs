//! Streams of events: what they tell, how they go on, how they end.

use std::collections::BTreeMap;

use crate::support::stream::{Event, EventStream};
use crate::support::{Customer, PRICE, STAFF_KEY, TestApp, basic, bearer, tls, wait};
use serde_json::{Value, json};

impl Customer {
    fn stream(&self, path: &str, last_id: &str) -> EventStream {
        self.client.stream(path, &bearer(&self.token), last_id).unwrap_or_else(|answer| panic!("{answer:?}"))
    }
}

/// A map that is kept by a stream alone: each seat with its status, and whether it is mine.
#[derive(Debug, Default, PartialEq)]
struct KeptMap {
    version: i64,
    seats_available: i64,
    seats: BTreeMap<String, (String, bool)>,
}

impl KeptMap {
    fn of(map: &Value) -> KeptMap {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let seats = map["seats"].as_array().unwrap().iter();
        let seats = seats.map(|seat| (text(&seat["seat"]), (text(&seat["status"]), seat["mine"] == true)));
        let (version, seats_available) = (map["version"].as_i64().unwrap(), map["seatsAvailable"].as_i64().unwrap());
        KeptMap { version, seats_available, seats: seats.collect() }
    }

    fn take(&mut self, event: &Event) {
        let data = &event.data;
        if event.name == "map" {
            *self = KeptMap::of(data);
            return;
        }
        assert_eq!(event.name, "seats");
        let is_mine_alone = data["seats"] == json!({}) && data["mine"].is_array();
        let least = self.version + i64::from(!is_mine_alone);
        assert!(data["version"].as_i64().unwrap() >= least, "told twice: {data} after {}", self.version);
        self.version = data["version"].as_i64().unwrap();
        self.seats_available = data["seatsAvailable"].as_i64().unwrap();
        for (status, labels) in data["seats"].as_object().unwrap() {
            for label in labels.as_array().unwrap() {
                let seat = self.seats.get_mut(label.as_str().unwrap()).unwrap();
                *seat = (status.clone(), seat.1 && status != "AVAILABLE");
            }
        }
        if let Some(mine) = data["mine"].as_array() {
            self.seats.iter_mut().for_each(|(label, seat)| seat.1 = mine.contains(&json!(label)));
        }
    }
}

/// Applies what a stream tells until the map is as it is, and gives that.
fn follow(kept: &mut KeptMap, stream: &mut EventStream, viewer: &Customer) -> KeptMap {
    let whole = KeptMap::of(viewer.get("/schedules/1/seats").must(200));
    while *kept != whole {
        assert!(kept.version <= whole.version, "{kept:?} is not {whole:?}");
        kept.take(&stream.must());
    }
    whole
}

/// Catches a map that misses a change between two connections, or tells one twice, and one whose viewer does not learn
/// which seats are theirs.
#[test]
fn stream_of_a_map_applied_to_the_old_map_gives_the_new_one_however_often_it_breaks() {
    let app = TestApp::with_seats(40, &["--seats-per-user=20"]);
    let (viewer, mut others) = (app.buyer(0), [(); 3].map(|()| app.buyer(40 * PRICE)));
    let first = viewer.get("/schedules/1/seats");
    let mut kept = KeptMap::of(first.must(200));
    let mut stream = viewer.stream("/schedules/1/seats", first.header("etag").unwrap());
    let (mut held, mut has_had_mine) = (Vec::<Value>::new(), false);
    for round in 0..24 {
        let buyer = if round % 4 == 0 { &viewer } else { &others[round % 3] };
        let answer = buyer.hold(1, &[&(round + 1).to_string(), &((round * 7) % 40 + 1).to_string()]);
        match answer.status {
            201 if round % 4 != 0 && round % 5 == 0 => {
                buyer.pay(&answer.body["reservationId"], 2 * PRICE).must(201);
                others[round % 3].line_up().must(201); // a payment ends the visit
            }
            201 => held.push(json!([round % 4 == 0, round % 3, answer.body["reservationId"]])),
            _ => {
                for one in held.drain(..) {
                    let holder = if one[0] == true { &viewer } else { &others[one[1].as_u64().unwrap() as usize] };
                    holder.delete(&format!("/reservations/{}", one[2].as_str().unwrap()));
                }
            }
        }
        if round % 2 == 1 {
            stream = viewer.stream("/schedules/1/seats", &stream.last_id);
        }
        if round % 3 == 2 {
            has_had_mine |= follow(&mut kept, &mut stream, &viewer).seats.values().any(|(_, mine)| *mine);
        }
    }
    let whole = follow(&mut kept, &mut stream, &viewer);
    assert!(whole.version > 20 && has_had_mine, "{whole:?}");
    let another = others[1].get("/schedules/1/seats");
    let mut other = others[1].stream("/schedules/1/seats", another.header("etag").unwrap());
    viewer.delete("/queue/token");
    assert_eq!(stream.must().data["code"], "TOKEN_EXPIRED");
    assert_eq!(stream.next(), None);
    let mut of_other = KeptMap::of(&another.body);
    follow(&mut of_other, &mut other, &others[1]);
}

#[test]
fn stream_of_a_token_tells_the_word_of_staff_the_step_and_the_turn_and_ends_with_it() {
    let app = TestApp::with_seats(5, &["--max-active=1"]);
    let (active, second, third) = (app.customer(), app.customer(), app.customer());
    let mut stream = third.stream("/queue/token", "");
    let told = stream.must();
    assert_eq!((&told.data["position"], &told.name), (&json!(2), &String::new()));
    assert_eq!(told.data, *third.poll().must(200));
    app.staff("PATCH", "/queue", json!({ "message": { "ko": "곧", "en": "soon" } })).must(200);
    assert_eq!(stream.must().data["message"], "soon");
    second.delete("/queue/token").must(204);
    app.staff("PATCH", "/queue", json!({ "paused": true })).must(200);
    let told = stream.must();
    assert_eq!((&told.data["position"], &told.data["paused"]), (&json!(1), &json!(true)));
    let mut again = third.stream("/queue/token", &stream.last_id);
    app.staff("PATCH", "/queue", json!({ "paused": false })).must(200);
    active.delete("/queue/token").must(204);
    let status = |stream: &mut EventStream| loop {
        let told = stream.must().data;
        assert_eq!(told["paused"], false, "what was told is not told again");
        if told["status"] == "ACTIVE" {
            break told["position"].clone();
        }
    };
    assert_eq!((status(&mut again), status(&mut stream)), (json!(0), json!(0)));
    third.delete("/queue/token").must(204);
    let end = again.must();
    assert_eq!(
        (end.name.as_str(), &end.data["code"], &end.data["reason"]),
        ("problem", &json!("TOKEN_EXPIRED"), &json!("LEFT"))
    );
    assert_eq!((again.next(), stream.must().name.as_str()), (None, "problem"));
    app.client.stream("/queue/token", &bearer(&third.token), "").err().unwrap().refused(401, "TOKEN_EXPIRED");
}

#[test]
fn stream_of_a_reservation_ends_when_nothing_can_change_and_who_comes_again_gets_204() {
    let app = TestApp::with_seats(5, &["--hold-seconds=60"]);
    let kim = app.buyer(PRICE);
    let paid = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    let path = format!("/reservations/{}", paid.as_str().unwrap());
    let mut stream = app.client.stream(&path, &basic(&kim.id, &kim.key), "").ok().unwrap();
    assert_eq!(stream.must().data["status"], "PENDING_PAYMENT");
    kim.pay(&paid, PRICE).must(201);
    assert_eq!(stream.must().data["status"], "CONFIRMED", "also when the token ended with it");
    app.staff("POST", &format!("/reservations/{}/refund", paid.as_str().unwrap()), json!({})).must(200);
    assert_eq!((stream.must().data["status"].as_str(), stream.next()), (Some("REFUNDED"), None));
    let again = app.client.stream(&path, &basic(&kim.id, &kim.key), &stream.last_id).err().unwrap();
    assert_eq!((again.status, again.text.as_str()), (204, ""));
    let lee = app.buyer(0);
    let path = format!("/reservations/{}", lee.hold(1, &["2"]).must(201)["reservationId"].as_str().unwrap());
    let mut stream = lee.stream(&path, "");
    stream.must();
    app.advance_ms(60_000);
    assert_eq!((stream.must().data["status"].as_str(), stream.next()), (Some("EXPIRED"), None));
    kim.client.stream(&path, &basic(&kim.id, &kim.key), "").err().unwrap().refused(404, "RESERVATION_NOT_FOUND");
}

#[test]
fn stream_of_the_feed_has_every_event_once_in_order_also_over_a_restart_and_ends_with_its_key() {
    let mut app = TestApp::with_seats(5, &[]);
    let (admin, mut last_id, mut told) = (bearer(STAFF_KEY), String::new(), Vec::new());
    for round in 0..4 {
        app.customer();
        let mut stream = app.client.stream("/staff/events?limit=2", &admin, &last_id).ok().unwrap();
        let newest = app.staff_get("/evening").must(200)["lastSequence"].as_i64().unwrap();
        while told.last().is_none_or(|event: &Value| event["sequence"] != newest) {
            told.push(stream.must().data);
        }
        last_id = stream.last_id.clone();
        if round == 2 {
            app.reopen();
        }
    }
    let listed = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    assert_eq!(Value::from(told), listed);
    let made = app.staff("POST", "/keys", json!({ "name": "Lee", "role": "admin" })).must(201).clone();
    let mut stream =
        app.client.stream("/staff/events?after=999", &bearer(made["key"].as_str().unwrap()), "").ok().unwrap();
    app.staff("DELETE", &format!("/keys/{}", made["keyId"]), Value::Null).must(204);
    assert_eq!((stream.must().data["code"].as_str(), stream.next()), (Some("STAFF_KEY_INVALID"), None));
}

#[test]
fn stream_after_a_restart_tells_all_of_the_state_again_and_ends_in_order_before_it() {
    let mut app = TestApp::with_seats(5, &["--max-active=1"]);
    let (kim, lee) = (app.customer(), app.customer());
    let [mut map, mut token] = [kim.stream("/schedules/1/seats", ""), lee.stream("/queue/token", "")];
    let before = (map.must(), token.must());
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || drop(ended.send((map.next(), token.next()))));
    app.close();
    assert_eq!(end.recv_timeout(std::time::Duration::from_secs(10)).unwrap(), (None, None));
    app.reopen();
    let client = app.client.clone();
    let again = |customer: &Customer, path, last: &Event| {
        client.stream(path, &bearer(&customer.token), &last.id).ok().unwrap().must()
    };
    let after = (again(&kim, "/schedules/1/seats", &before.0), again(&lee, "/queue/token", &before.1));
    assert_eq!((after.0.name.as_str(), &after.0.data), ("map", &before.0.data));
    assert_eq!(after.1.data["position"], before.1.data["position"]);
    assert!(after.0.id != before.0.id && after.1.id != before.1.id);
}

#[test]
fn stream_is_chosen_by_accept_and_refused_as_a_problem_also_where_too_many_wait() {
    let app = TestApp::with_seats(5, &["--http-parked-max=1"]);
    let kim = app.customer();
    let get = |accept: &str| {
        let headers = [("authorization", &*bearer(&kim.token)), ("accept", accept)];
        app.client.call_with("HEAD", "/api/v1/schedules/1/seats", &headers, None)
    };
    for (accept, kind) in [
        ("text/event-stream", "text/event-stream"),
        ("application/json;q=0.5, text/event-stream", "text/event-stream"),
        ("text/event-stream, application/json", "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
    ] {
        let answer = get(accept);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{accept}");
        let vary = answer.headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value.as_str());
        assert!(vary.collect::<Vec<_>>().join(", ").contains("Accept"), "{accept}: {:?}", answer.headers);
    }
    let open = kim.stream("/schedules/1/seats?attribute=WHEELCHAIR", "");
    assert_eq!(
        open.headers.iter().find(|(name, _)| name == "x-accel-buffering").map(|(_, value)| value.as_str()),
        Some("no")
    );
    let full = app.client.stream("/queue/token", &bearer(&kim.token), "").err().unwrap();
    full.refused(503, "OVERLOADED");
    assert_eq!(full.header("retry-after"), Some("1"));
    assert!(app.client.call("GET", "/metrics", "", None).text.contains("\nboxoffice_http_streams_refused_total 1\n"));
    drop(open);
    wait::until("the first is gone", || app.client.stream("/queue/token", &bearer(&kim.token), "").is_ok());
    for (path, token, status, code) in [
        ("/schedules/1/seats", "x", 401, "TOKEN_INVALID"),
        ("/schedules/9/seats", &*kim.token, 404, "SCHEDULE_NOT_FOUND"),
        ("/schedules/1/seats?attribute=x", &*kim.token, 400, "INVALID_REQUEST"),
    ] {
        app.client.stream(path, &bearer(token), "").err().unwrap().refused(status, code);
    }
}

#[test]
fn stream_goes_over_https_and_follows_a_change_of_the_layout_and_the_end_of_its_date() {
    let app = TestApp::secure(&tls::Authority::new(), &[]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let layout = |count: i64| json!({ "numbered": { "count": count, "price": PRICE } });
    let date = json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout(3) });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    let kim = app.customer();
    let mut stream = kim.stream("/schedules/1/seats", "");
    assert_eq!(stream.must().data["seats"].as_array().unwrap().len(), 3);
    app.staff("PUT", "/schedules/1/seats/2", json!({ "blocked": true, "reason": "sound" })).must(200);
    assert_eq!(stream.must().data["seats"], json!({ "BLOCKED": ["2"] }));
    app.staff("PUT", "/schedules/1/seats/2", json!({ "blocked": false })).must(200);
    stream.must();
    app.staff("PATCH", "/schedules/1", json!({ "layout": layout(4) })).must(200);
    let whole = stream.must();
    assert_eq!((whole.name.as_str(), whole.data["seats"].as_array().unwrap().len()), ("map", 4));
    app.staff("DELETE", "/schedules/1", Value::Null).must(204);
    assert_eq!((stream.must().data["code"].as_str(), stream.next()), (Some("SCHEDULE_NOT_FOUND"), None));
}
