//! Tickets: signed codes, pictures, whose they are, and what a refund makes of them.

use crate::support::{Customer, PRICE, STAFF_KEY, TestApp, bearer, qr, settings};
use boxoffice::signing::PublicKey;
use boxoffice::ticket::code::{CodePayload, Fault, read};
use serde_json::{Value, json};

/// A new customer who paid for these seats of the first date; their tickets.
fn sold(app: &TestApp, seats: &[&str]) -> (Customer, Value) {
    let kim = app.buyer(PRICE * seats.len() as i64);
    let held = kim.hold(1, seats).must(201).clone();
    let paid = kim.pay(&held["reservationId"], PRICE * seats.len() as i64).must(201).clone();
    (kim, paid)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn public_key(app: &TestApp) -> PublicKey {
    let key = app.client.call("GET", "/api/v1/tickets/key", "", None).must(200).clone();
    let public = PublicKey::parse(text(&key["publicKey"])).unwrap();
    assert_eq!((text(&key["algorithm"]), key["fingerprint"] == public.fingerprint()), ("Ed25519", true));
    public
}

#[test]
fn ticket_anybody_can_check_a_code_with_the_public_key_alone() {
    let mut app = TestApp::with_seats(5, &[]);
    let public = public_key(&app);
    let (_, paid) = sold(&app, &["2", "5"]);
    for (at, seat_no) in [(0, 1), (1, 4)] {
        let ticket = &paid["tickets"][at];
        let says = CodePayload { number: text(&ticket["number"]).to_owned(), schedule_id: 1, seat_no };
        assert_eq!(read(&public, text(&ticket["code"])), Ok(says));
    }
    app.reopen();
    assert_eq!(public_key(&app), public, "the key pair stays with the file");
    let other = TestApp::with_seats(1, &[]);
    assert_eq!(read(&public_key(&other), text(&paid["tickets"][0]["code"])), Err(Fault::BadSignature));
}

#[test]
fn ticket_is_shown_to_its_owner_and_to_staff_only() {
    let app = TestApp::with_seats(5, &[]);
    let layout = json!({ "sections": [{ "name": "R", "price": PRICE, "rows": [{ "row": "A", "count": 2 }] }] });
    let date = json!({ "startsAt": "2100-02-01T10:00:00Z", "layout": layout });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    let kim = app.buyer(PRICE);
    let held = kim.hold(3, &["A-2"]).must(201)["reservationId"].clone();
    let ticket = kim.pay(&held, PRICE).must(201)["tickets"][0].clone();
    let path = format!("/tickets/{}", text(&ticket["ticketId"]));
    let shown = kim.get_by_key(&path).must(200).clone();
    for (member, value) in [
        ("status", json!("VALID")),
        ("code", ticket["code"].clone()),
        ("concertTitle", json!("Nacht")),
        ("date", json!("2100-02-01")),
        ("startsAt", json!("2100-02-01T10:00:00.000Z")),
        ("seat", json!("A-2")),
        ("section", json!("R")),
        ("row", json!("A")),
        ("seatNumber", json!("2")),
        ("reservationId", held),
        ("checkedIn", Value::Null),
    ] {
        assert_eq!(shown[member], value, "{member}");
    }
    assert!(shown["holder"] == "Kim" && shown.get("userId").is_none());
    let staff = app.staff_get(&path).must(200).clone();
    assert_eq!((&staff["holder"], &staff["userId"]), (&json!("Kim"), &json!(kim.id)));
    let number = text(&ticket["number"]);
    for typed in [number.to_owned(), number.to_lowercase(), format!("{}-{}", &number[..5], &number[5..])] {
        assert_eq!(app.staff_get(&format!("/tickets/{typed}")).must(200), &staff);
    }
    let stranger = app.customer();
    let unknown = "/tickets/00000000-0000-7000-8000-000000000000";
    for path in [&path, &format!("{path}.svg"), unknown, "/tickets/x", "/tickets/.svg", &format!("/tickets/{number}")] {
        stranger.get(path).refused(404, "TICKET_NOT_FOUND");
        stranger.get_by_key(path).refused(404, "TICKET_NOT_FOUND");
    }
    for path in [unknown, "/tickets/x", "/tickets/2222222222", "/tickets/.svg"] {
        app.staff_get(path).refused(404, "TICKET_NOT_FOUND");
    }
    app.client.call("GET", &format!("/api/v1{path}"), "", None).refused(401, "TOKEN_REQUIRED");
    app.client.call("GET", &format!("/api/v1{path}"), &bearer(STAFF_KEY), None).refused(401, "TOKEN_INVALID");
}

#[test]
fn picture_of_a_ticket_is_its_code_as_qr() {
    let app = TestApp::with_seats(5, &[]);
    let (kim, paid) = sold(&app, &["2"]);
    let ticket = &paid["tickets"][0];
    let path = format!("/tickets/{}.svg", text(&ticket["ticketId"]));
    let picture = kim.get_by_key(&path);
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(qr::read(&picture.text), text(&ticket["code"]));
    assert_eq!(app.staff_get(&path).text, picture.text);
    assert_eq!(app.staff_get(&format!("/tickets/{}.svg", text(&ticket["number"]))).text, picture.text);
}

#[test]
fn refund_makes_its_tickets_void_at_once() {
    let app = TestApp::with_seats(5, &[]);
    let (kim, paid) = sold(&app, &["2", "3"]);
    let status = |at: usize| {
        let path = format!("/tickets/{}", text(&paid["tickets"][at]["ticketId"]));
        assert_eq!(kim.get_by_key(&path).must(200)["status"], app.staff_get(&path).must(200)["status"]);
        kim.get_by_key(&path).must(200)["status"].clone()
    };
    assert_eq!([status(0), status(1)], ["VALID", "VALID"]);
    app.staff("POST", &format!("/reservations/{}/refund", text(&paid["reservationId"])), json!({})).must(200);
    assert_eq!([status(0), status(1)], ["VOID", "VOID"]);
}

#[test]
fn file_of_the_first_format_gets_a_key_pair_of_its_own_and_keeps_its_codes() {
    const OLDER_CODE: &str = "J5D9MDHW6WC9QN7C4QGTQXM2UL";
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("first.db");
    let older = rusqlite::Connection::open(&database).unwrap();
    older.execute_batch(include_str!("../schemas/1.sql")).unwrap();
    older
        .execute_batch(
            "PRAGMA application_id = 0x626f786f; PRAGMA user_version = 1; PRAGMA foreign_keys = OFF;
             INSERT INTO venue (id, created_at, seen_at, staff_key_hash) VALUES (1, 1763804000000, 1763804000000, zeroblob(32));
             INSERT INTO user VALUES (x'01a204da6cc4790aaab035af03d499ec', 'Kim', zeroblob(32), 0);
             INSERT INTO concert VALUES (1, 'Nacht', '', '', 0);
             INSERT INTO schedule VALUES (1, 1, 4102480800000, '2100-01-01', 0, 1, 1, 1, 1);
             INSERT INTO reservation (reservation_id, user_id, schedule_id, status, amount, created_at, hold_expires_at,
                 ended_at, payment_id, paid_at) VALUES (zeroblob(16), x'01a204da6cc4790aaab035af03d499ec', 1, 'CONFIRMED',
                 1, 0, 1, 1, zeroblob(16), 1);
             INSERT INTO reservation_seat (reservation_id, seat_no, label, price) VALUES (zeroblob(16), 0, '1', 1);
             INSERT INTO ticket VALUES (x'01a204da6d2c78c9abfbb33f6e485772', zeroblob(16), 0, '1', '5FANY5CURE',
                 'J5D9MDHW6WC9QN7C4QGTQXM2UL', 0);",
        )
        .unwrap();
    drop(older);
    let mut scans = Vec::new();
    let keys: Vec<PublicKey> = (0..2)
        .map(|_| {
            let server =
                boxoffice::app::App::open(settings(&[]), &database, ([127, 0, 0, 1], 0).into(), || {}).unwrap();
            let client = crate::support::Client::of(&server.url());
            let ticket = client.call("GET", "/api/v1/staff/tickets/5FANY5CURE", &bearer(STAFF_KEY), None);
            assert_eq!(ticket.must(200)["code"], OLDER_CODE);
            let scan = json!({ "code": OLDER_CODE });
            scans.push(client.call("POST", "/api/v1/staff/checkins", &bearer(STAFF_KEY), Some(scan)).status);
            let key = client.call("GET", "/api/v1/tickets/key", "", None).must(200).clone();
            PublicKey::parse(text(&key["publicKey"])).unwrap()
        })
        .collect();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(scans, [200, 409], "in once");
}
