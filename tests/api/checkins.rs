//! The door with network: who is let in, what is refused and taken back, and doors that race for one ticket.

use crate::support::{Answer, Customer, PRICE, STAFF_KEY, TestApp, bearer, together};
use boxoffice::ticket::code::ALPHABET;
use serde_json::{Value, json};

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A customer who paid for these seats of a date; what paying answered.
fn sold(app: &TestApp, schedule: i64, seats: &[&str]) -> (Customer, Value) {
    let amount = PRICE * seats.len() as i64;
    let kim = app.buyer(amount);
    let held = kim.hold(schedule, seats).must(201)["reservationId"].clone();
    let paid = kim.pay(&held, amount).must(201).clone();
    (kim, paid)
}

fn check_in(app: &TestApp, body: Value) -> Answer {
    app.staff("POST", "/checkins", body)
}

fn undo(app: &TestApp, ticket: &Value) -> Answer {
    app.client.call(
        "DELETE",
        &format!("/api/v1/staff/checkins/{}", text(&ticket["ticketId"])),
        &bearer(STAFF_KEY),
        None,
    )
}

/// The events of a type, oldest first.
fn events(app: &TestApp, kind: &str) -> Vec<Value> {
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    events.as_array().unwrap().iter().filter(|event| event["type"] == kind).cloned().collect()
}

#[test]
fn ticket_lets_in_once_by_its_code_or_its_number() {
    let app = TestApp::with_seats(5, &[]);
    let (_, paid) = sold(&app, 1, &["2", "3"]);
    let (first, second) = (&paid["tickets"][0], &paid["tickets"][1]);
    let inside = check_in(&app, json!({ "code": first["code"], "door": "동문", "scheduleId": 1 })).must(200).clone();
    assert_eq!(
        (&inside["status"], &inside["seat"], &inside["holder"]),
        (&json!("CHECKED_IN"), &json!("2"), &json!("Kim"))
    );
    let at = inside["checkedIn"]["at"].clone();
    assert_eq!(inside["checkedIn"], json!({ "at": at, "door": "동문", "offline": false }));
    app.advance_ms(60_000);
    for body in [json!({ "code": first["code"] }), json!({ "number": first["number"] })] {
        let again = check_in(&app, body);
        let told = again.refused(409, "ALREADY_CHECKED_IN");
        assert_eq!([&told["at"], &told["door"], &told["ticketId"]], [&at, &json!("동문"), &first["ticketId"]]);
    }
    let typed = text(&second["number"]).to_lowercase();
    let inside = check_in(&app, json!({ "number": format!(" {} {}", &typed[..4], &typed[4..]) })).must(200).clone();
    assert_eq!(inside["checkedIn"]["door"], Value::Null);
    let told = events(&app, "TICKET_CHECKED_IN");
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["data"]["ticketId"], &told[0]["data"]["door"]), (&first["ticketId"], &json!("동문")));
    assert_eq!(told[0]["by"]["name"], "admin");
}

#[test]
fn checkin_what_does_not_open_the_door_is_told_apart() {
    let app = TestApp::with_seats(5, &[]);
    let other = TestApp::with_seats(5, &[]);
    let (_, paid) = sold(&app, 1, &["2"]);
    let (_, elsewhere) = sold(&other, 1, &["2"]);
    let ticket = &paid["tickets"][0];
    let code = text(&ticket["code"]);
    let invalid = |code: &str, reason: &str| {
        assert_eq!(
            check_in(&app, json!({ "code": code })).refused(422, "TICKET_CODE_INVALID")["reason"],
            reason,
            "{code}"
        );
    };
    invalid("https://example.org/", "NOT_A_TICKET");
    invalid(&code[..100], "NOT_A_TICKET");
    invalid(text(&elsewhere["tickets"][0]["code"]), "SIGNATURE");
    for at in (1..code.len()).step_by(5) {
        let place = ALPHABET.iter().position(|one| *one == code.as_bytes()[at]).unwrap();
        for bit in 0..5 {
            let flipped = char::from(ALPHABET[place ^ (1 << bit)]);
            invalid(&format!("{}{flipped}{}", &code[..at], &code[at + 1..]), "SIGNATURE");
        }
    }
    // The number of one ticket before the rest of another: sound letters, no signature.
    let (_, third) = sold(&app, 1, &["3"]);
    let third = text(&third["tickets"][0]["code"]);
    invalid(&format!("{}{}", &code[..11], &third[11..]), "SIGNATURE");
    check_in(&app, json!({ "code": "J5D9MDHW6WC9QN7C4QGTQXM2UL" })).refused(404, "TICKET_NOT_FOUND");
    for number in ["2222222222", "0000000000", "좌석"] {
        check_in(&app, json!({ "number": number })).refused(404, "TICKET_NOT_FOUND");
    }
    let other_date = check_in(&app, json!({ "code": code, "scheduleId": 2 }));
    let told = other_date.refused(409, "TICKET_FOR_OTHER_DATE");
    assert_eq!((&told["scheduleId"], &told["startsAt"]), (&json!(1), &json!("2100-01-01T10:00:00.000Z")));
    for (body, pointer) in [
        (json!({}), "/code"),
        (json!({ "code": code, "number": ticket["number"] }), "/number"),
        (json!({ "code": 7 }), "/code"),
        (json!({ "code": code, "door": "" }), "/door"),
        (json!({ "code": code, "scheduleId": "1" }), "/scheduleId"),
        (json!({ "code": code, "gate": "1" }), "/gate"),
    ] {
        assert_eq!(check_in(&app, body).refused(400, "INVALID_REQUEST")["pointer"], pointer);
    }
    let key = [("authorization", bearer(STAFF_KEY)), ("idempotency-key", "scan-1".to_owned())];
    let key = key.each_ref().map(|(name, value)| (*name, value.as_str()));
    let body = json!({ "code": code }).to_string();
    let ask = || app.client.call_with("POST", "/api/v1/staff/checkins", &key, Some(&body));
    assert_eq!(ask().must(200), ask().must(200), "a lost answer may be asked for again");
    check_in(&app, json!({ "code": code })).refused(409, "ALREADY_CHECKED_IN");
    assert_eq!(events(&app, "TICKET_CHECKED_IN").len(), 1);
}

#[test]
fn checkin_mistaken_scan_is_taken_back_and_a_used_ticket_is_not_refunded() {
    let app = TestApp::with_seats(5, &[]);
    app.staff("PATCH", "/schedules/1", json!({ "refundUntilHours": 1 })).must(200);
    let (kim, paid) = sold(&app, 1, &["2", "3"]);
    let (first, second) = (&paid["tickets"][0], &paid["tickets"][1]);
    let refund = || app.staff("POST", &format!("/reservations/{}/refund", text(&paid["reservationId"])), json!({}));
    check_in(&app, json!({ "code": second["code"] })).must(200);
    let refused = refund();
    assert_eq!(refused.refused(409, "TICKET_CHECKED_IN")["ticketId"], second["ticketId"]);
    let own = format!("/api/v1/reservations/{}/refund", text(&paid["reservationId"]));
    let own = app.client.call("POST", &own, &crate::support::basic(&kim.id, &kim.key), Some(json!({})));
    own.refused(409, "TICKET_CHECKED_IN");
    undo(&app, first).refused(409, "TICKET_NOT_CHECKED_IN");
    assert_eq!(undo(&app, second).must(200)["status"], "VALID");
    undo(&app, second).refused(409, "TICKET_NOT_CHECKED_IN");
    check_in(&app, json!({ "code": second["code"] })).must(200);
    undo(&app, second).must(200);
    refund().must(200);
    for ticket in [first, second] {
        let void = check_in(&app, json!({ "code": ticket["code"] }));
        assert_eq!(void.refused(409, "TICKET_VOID")["ticketId"], ticket["ticketId"]);
    }
    app.client.call("DELETE", "/api/v1/staff/checkins/x", &bearer(STAFF_KEY), None).refused(404, "TICKET_NOT_FOUND");
    let undone = events(&app, "CHECK_IN_UNDONE");
    assert_eq!((undone.len(), &undone[0]["data"]["ticketId"]), (2, &second["ticketId"]));
    assert_eq!(undone[0]["data"]["at"], events(&app, "TICKET_CHECKED_IN")[0]["data"]["at"]);
}

/// A program that waits for the refund before it voids a ticket lets people in to a concert that is off: for as long as
/// the refunds take, or for ever where one can't be made.
#[test]
fn ticket_of_a_cancelled_date_is_void_before_its_points_are_back() {
    let mut app = TestApp::with_seats(5, &[]);
    let ticket = sold(&app, 1, &["2"]).1["tickets"][0].clone();
    app.close();
    let file = rusqlite::Connection::open(&app.database).unwrap();
    file.execute("UPDATE balance SET points = 9223372036854775807", []).unwrap(); // which can't take anything back
    drop(file);
    app.reopen();
    app.staff("POST", "/schedules/1/cancellation", json!({})).must(202);
    check_in(&app, json!({ "code": ticket["code"] })).refused(409, "TICKET_VOID");
    assert_eq!(app.staff_get(&format!("/tickets/{}", text(&ticket["number"]))).must(200)["status"], "VOID");
    let counts = app.staff_get("/schedules/1/checkins").must(200).clone();
    assert_eq!((&counts["expected"], &counts["sections"]), (&json!(0), &json!([])));
    assert_eq!(app.staff_get("/schedules/1/cancellation").must(202)["refunded"], 0);
}

#[test]
fn counts_say_who_is_expected_and_in_by_section() {
    let app = TestApp::with_seats(5, &[]);
    let row = |row: &str| json!([{ "row": row, "count": 3 }]);
    let sections =
        json!([{ "name": "S", "price": PRICE, "rows": row("A") }, { "name": "R", "price": PRICE, "rows": row("B") }]);
    let date = json!({ "startsAt": "2100-02-01T10:00:00Z", "layout": { "sections": sections } });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    let (_, s) = sold(&app, 3, &["A-1", "A-2"]);
    let (_, r) = sold(&app, 3, &["B-3"]);
    let (_, back) = sold(&app, 3, &["B-1"]);
    sold(&app, 1, &["1"]);
    app.staff("POST", &format!("/reservations/{}/refund", text(&back["reservationId"])), json!({})).must(200);
    check_in(&app, json!({ "code": s["tickets"][1]["code"] })).must(200);
    check_in(&app, json!({ "code": r["tickets"][0]["code"] })).must(200);
    let counts = app.staff_get("/schedules/3/checkins").must(200).clone();
    let sections = json!([{ "section": "S", "expected": 2, "in": 1 }, { "section": "R", "expected": 1, "in": 1 }]);
    assert_eq!(counts, json!({ "scheduleId": 3, "expected": 3, "in": 2, "sections": sections }));
    undo(&app, &r["tickets"][0]).must(200);
    assert_eq!(app.staff_get("/schedules/3/checkins").must(200)["in"], 1);
    let numbered = app.staff_get("/schedules/1/checkins").must(200).clone();
    assert_eq!(numbered["sections"], json!([{ "section": null, "expected": 1, "in": 0 }]));
    assert_eq!(app.staff_get("/schedules/2/checkins").must(200)["sections"], json!([]));
    app.staff_get("/schedules/9/checkins").refused(404, "SCHEDULE_NOT_FOUND");
}

/// What a US keyboard types, as a German, a French and a Korean computer understand its keys.
fn typed_by(layout: &str, text: &str) -> String {
    let key = |c: char| match (layout, c) {
        ("german", 'Y') => 'Z',
        ("german", 'Z') => 'Y',
        ("french", c) => match c {
            'A' => 'Q',
            'Q' => 'A',
            'W' => 'Z',
            'Z' => 'W',
            'M' => '?',
            '2'..='9' => ['é', '"', '\'', '(', '-', 'è', '_', 'ç'][c as usize - '2' as usize],
            c => c,
        },
        ("korean", c) if c.is_ascii_uppercase() => {
            const KEYS: &str = "ㅁㅠㅊㅇㄸㄹㅎㅗㅑㅓㅏㅣㅡㅜㅒㅖㅃㄲㄴㅆㅕㅍㅉㅌㅛㅋ"; // A to Z, each with Shift
            KEYS.chars().nth(c as usize - 'A' as usize).unwrap()
        }
        (_, c) => c,
    };
    text.chars().map(key).collect()
}

/// Somebody whose true ticket is called forged stands outside. Whatever types it, code or number, the ticket is found.
#[test]
fn keyboard_layouts_and_what_scanners_add_do_not_make_a_true_ticket_a_forged_one() {
    let app = TestApp::with_seats(5, &[]);
    let (_, paid) = sold(&app, 1, &["2"]);
    let ticket = &paid["tickets"][0];
    for name in ["code", "number"] {
        let plain = text(&ticket[name]);
        let wide: String = plain.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
        let (left, right) = plain.split_at(4);
        let shown = [
            plain.to_owned(),
            plain.to_lowercase(),
            wide,
            format!("  {left} {right}\r\n"),
            format!("{left}-{right}"),
            format!("{left}\u{2013}{right}\t"),
            format!("\u{feff}{plain}"),
            format!("]Q1{plain}"),
            format!("\u{2}]Q3{plain}\u{3}"),
            format!("\u{1d}{plain}\u{1d}"),
            typed_by("german", plain),
            typed_by("french", plain),
            typed_by("korean", plain),
            format!("]ㅃ1{}", typed_by("korean", plain)),
        ];
        for raw in shown {
            for member in ["code", "number"] {
                let inside = check_in(&app, json!({ member: raw })).must(200).clone();
                assert_eq!((&inside["ticketId"], &inside["repeated"]), (&ticket["ticketId"], &json!(false)), "{raw:?}");
                undo(&app, ticket).must(200);
            }
        }
    }
    for typed in [text(&ticket["number"]).to_lowercase(), typed_by("german", text(&ticket["number"]))] {
        assert_eq!(app.staff_get(&format!("/tickets/{typed}")).must(200)["ticketId"], ticket["ticketId"]);
    }
    let scan = json!({ "scanId": "01a204da-7000-7111-8abc-01234567890a", "code": typed_by("german", text(&ticket["code"])), "at": "2100-01-01T09:00:00Z" });
    let told = app.staff("POST", "/checkins/scans", json!({ "door": "West", "scans": [scan] })).must(200).clone();
    assert_eq!(told["scans"][0]["outcome"], "CHECKED_IN");
    for empty in ["", " \t", "\u{feff}"] {
        assert!(matches!(check_in(&app, json!({ "code": empty })).status, 400 | 422), "{empty:?}");
    }
}

/// A hand scanner reads twice; a copied ticket at another door is somebody else's.
#[test]
fn checkin_double_read_at_one_door_repeats_the_answer_and_another_door_or_a_later_scan_does_not() {
    let app = TestApp::with_seats(5, &[]);
    let (_, paid) = sold(&app, 1, &["2", "3"]);
    let (ticket, unnamed) = (&paid["tickets"][0], &paid["tickets"][1]);
    let at = |door: &str| check_in(&app, json!({ "code": ticket["code"], "door": door }));
    let first = at("East").must(200).clone();
    assert_eq!(first["repeated"], false);
    app.advance_ms(4_999);
    for again in [at("East"), check_in(&app, json!({ "number": ticket["number"], "door": "East" }))] {
        let again = again.must(200).clone();
        assert_eq!((&again["repeated"], &again["checkedIn"]), (&json!(true), &first["checkedIn"]));
    }
    at("West").refused(409, "ALREADY_CHECKED_IN");
    check_in(&app, json!({ "code": ticket["code"] })).refused(409, "ALREADY_CHECKED_IN");
    check_in(&app, json!({ "code": ticket["code"], "door": "East", "scheduleId": 2 }))
        .refused(409, "TICKET_FOR_OTHER_DATE");
    app.advance_ms(1);
    at("East").refused(409, "ALREADY_CHECKED_IN");
    check_in(&app, json!({ "code": unnamed["code"] })).must(200);
    check_in(&app, json!({ "code": unnamed["code"] })).refused(409, "ALREADY_CHECKED_IN");
    assert_eq!(events(&app, "TICKET_CHECKED_IN").len(), 2);
    assert_eq!(app.staff_get("/schedules/1/checkins").must(200)["in"], 2);
    undo(&app, ticket).must(200);
    assert_eq!(at("East").must(200)["repeated"], false, "what was taken back is a new check-in");
}

/// A program that looked first and wrote then would let two in for one ticket sooner or later.
#[test]
fn checkin_of_doors_that_race_for_one_ticket_one_lets_in() {
    const DOORS: usize = 8;
    let app = TestApp::with_seats(40, &["--seats-per-user", "40"]);
    let seats: Vec<String> = (1..=40).map(|seat| seat.to_string()).collect();
    let (_, paid) = sold(&app, 1, &seats.iter().map(String::as_str).collect::<Vec<_>>());
    for ticket in paid["tickets"].as_array().unwrap() {
        let mut statuses = together((0..DOORS).collect(), |_, door| {
            let body = json!({ "code": ticket["code"], "door": format!("door {door}") });
            check_in(&app, body).status
        });
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (200, &[409; DOORS - 1][..]));
    }
    let counts = app.staff_get("/schedules/1/checkins").must(200).clone();
    assert_eq!((&counts["expected"], &counts["in"]), (&json!(40), &json!(40)));
    assert_eq!(events(&app, "TICKET_CHECKED_IN").len(), 40);
}

/// Refund or check-in, never both: points back for somebody who is in would be money lost.
#[test]
fn refund_that_races_with_the_door_leaves_one_of_both() {
    let app = TestApp::with_seats(30, &[]);
    let (mut refunded, mut inside) = (0, 0);
    for seat in 1..=30 {
        let (_, paid) = sold(&app, 1, &[&seat.to_string()]);
        let path = format!("/reservations/{}/refund", text(&paid["reservationId"]));
        let (door, counter) = std::thread::scope(|scope| {
            let door = scope.spawn(|| check_in(&app, json!({ "code": paid["tickets"][0]["code"] })));
            let counter = scope.spawn(|| app.staff("POST", &path, json!({})));
            (door.join().unwrap(), counter.join().unwrap())
        });
        match (door.status, counter.status) {
            (200, _) => drop(counter.refused(409, "TICKET_CHECKED_IN")),
            (_, _) => drop((door.refused(409, "TICKET_VOID"), counter.must(200))),
        }
        (refunded, inside) = (refunded + usize::from(counter.status == 200), inside + usize::from(door.status == 200));
    }
    assert_eq!(refunded + inside, 30);
    assert_eq!(app.staff_get("/schedules/1/checkins").must(200)["in"], inside);
}

/// A scan that is swallowed, because its id was told before with another
/// ticket, lets somebody in whom the books do not know.
#[test]
fn scan_id_that_comes_again_with_another_ticket_is_refused_and_nothing_of_the_call_is_written() {
    let app = TestApp::with_seats(5, &[]);
    let (_, paid) = sold(&app, 1, &["1", "2", "3"]);
    let ticket = |at: usize| paid["tickets"][at].clone();
    let id = |n: u32| format!("01a204e3-f7cf-75fb-88f7-6574de52dc6{n}");
    let scan =
        |n: u32, member: &str, shown: &Value| json!({ "scanId": id(n), member: shown, "at": "2100-01-01T10:00:00Z" });
    let tell = |scans: Vec<Value>| app.staff("POST", "/checkins/scans", json!({ "door": "East", "scans": scans }));
    tell(vec![scan(1, "code", &ticket(0)["code"])]).must(200);
    let again = tell(vec![scan(1, "number", &ticket(0)["number"])]).must(200)["scans"][0].clone();
    assert_eq!((&again["known"], &again["outcome"]), (&json!(true), &json!("CHECKED_IN")));
    for other in [&ticket(1)["code"], &json!("not a ticket")] {
        let refused = tell(vec![scan(2, "code", &ticket(2)["code"]), scan(1, "code", other)]);
        assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], "/scans/1/scanId");
    }
    let twice = tell(vec![scan(3, "code", &ticket(1)["code"]), scan(3, "code", &ticket(2)["code"])]);
    assert_eq!(twice.refused(400, "INVALID_REQUEST")["pointer"], "/scans/1/scanId");
    assert_eq!(app.staff_get("/schedules/1/checkins").must(200)["in"], 1);
}
