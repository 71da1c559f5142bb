//! The draw, guests of the venue and people let in by hand.

use crate::support::{Customer, TestApp};
use boxoffice::queue::order;
use serde_json::{Value, json};

/// A hall that opens in a minute.
fn hall_with_a_draw(flags: &[&str]) -> TestApp {
    let app = TestApp::with_seats(5, flags);
    app.open_line_in(60_000);
    app
}

/// Turns the clock to the opening.
fn open(app: &TestApp) {
    app.advance_ms(60_000);
    assert_eq!(app.staff_get("/queue").must(200)["opensAt"], Value::Null);
}

/// Every draw that the server tells of, the latest first.
fn draws(app: &TestApp) -> Vec<Value> {
    let all = app.client.call("GET", "/api/v1/queue/draws", "", None).must(200).clone();
    assert_eq!(all["nextCursor"], Value::Null);
    all["draws"].as_array().unwrap().clone()
}

/// `boxoffice verify-draw`: whether it found everything right, and what it printed.
fn verify(app: &TestApp, token: &str) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    let output = command.args(["verify-draw", "--url", &app.url(), "--token", token]).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), text)
}

#[test]
fn draw_follows_from_the_public_seed_and_the_numbers_that_everybody_was_told() {
    let app = hall_with_a_draw(&["--max-active=1", "--abandon-seconds=600"]);
    let people: Vec<Customer> = (0..12).map(|_| app.customer()).collect();
    let number = |person: &Customer| person.poll().body["joinNumber"].as_u64().unwrap() as u32;
    assert_eq!(people.iter().map(number).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert_eq!(people[0].poll().must(200)["position"], Value::Null);
    assert_eq!(people[0].get("/concerts/1/schedules").refused(403, "TOKEN_WAITING")["position"], Value::Null);
    app.client.call("GET", "/api/v1/queue/draw", "", None).refused(404, "NO_DRAW");
    people[4].delete("/queue/token").must(204);
    open(&app);
    let late = app.customer();
    let draw = app.client.call("GET", "/api/v1/queue/draw", "", None).must(200).clone();
    assert_eq!((&draw["joined"], &draw["drawn"], &draw["absent"]), (&json!(12), &json!(11), &json!([5])));
    assert_eq!(draw["method"], "sha256-rank");
    let expected = order(draw["seed"].as_str().unwrap(), (1..=12).filter(|&number| number != 5));
    for (join, person) in (1..).zip(&people) {
        if join == 5 {
            continue;
        }
        let seen = person.poll().must(200).clone();
        let rank = expected.iter().position(|&number| number == join).unwrap() as u64;
        assert_eq!((&seen["joinNumber"], &seen["drawNumber"]), (&json!(join), &json!(rank + 1)));
        assert_eq!(seen["position"], json!(rank), "the first is let in");
    }
    assert_eq!(late.poll().must(200)["position"], 11);
    assert_eq!(late.poll().must(200)["drawNumber"], Value::Null);
    app.staff("PATCH", "/queue", json!({ "opensAt": "2100-01-01T00:00:00Z" })).must(200);
    let waiting = people.iter().find(|person| person.poll().body["status"] == "WAITING").unwrap();
    assert_eq!(waiting.poll().body["drawNumber"], Value::Null, "the next draw is to come");
}

#[test]
fn draw_anyone_can_verify_a_draw_and_their_place_in_it_from_the_command_line() {
    let app = hall_with_a_draw(&["--max-active=1", "--abandon-seconds=600"]);
    let people: Vec<Customer> = (0..5).map(|_| app.customer()).collect();
    let verify = |token: &str| verify(&app, token);
    let (before, why) = verify(&people[1].token);
    assert!(!before && why.contains("no draw"), "{why}");
    open(&app);
    let (right, found) = verify(&people[1].token);
    assert!(right, "{found}");
    let number = people[1].poll().body["drawNumber"].clone();
    assert!(found.contains(&format!("Join number 2 was drawn as number {number}")), "{found}");
    assert!(found.contains("before the seed existed") && found.contains("drew only once"), "{found}");
    let late = app.customer();
    let (right, why) = verify(&late.token);
    assert!(!right && why.contains("not in a draw"), "{why}");
}

#[test]
fn restart_before_and_after_the_draw_changes_nothing() {
    let mut app = hall_with_a_draw(&["--max-active=1", "--abandon-seconds=600"]);
    let mut people: Vec<Customer> = (0..6).map(|_| app.customer()).collect();
    app.reopen();
    people.iter_mut().for_each(|person| person.client = app.client.clone());
    assert_eq!(people[5].poll().must(200)["joinNumber"], 6);
    open(&app);
    let places = |people: &[Customer]| people.iter().map(|p| p.poll().body["position"].clone()).collect::<Vec<_>>();
    let before = places(&people);
    app.reopen();
    people.iter_mut().for_each(|person| person.client = app.client.clone());
    assert_eq!(places(&people), before);
}

#[test]
fn draw_those_in_the_line_join_a_draw_that_is_announced_and_keep_their_order_when_it_is_called_off() {
    let app = TestApp::with_seats(5, &["--max-active=1"]);
    let people: Vec<Customer> = (0..4).map(|_| app.customer()).collect();
    app.staff("PATCH", "/queue", json!({ "opensAt": "2100-01-01T00:00:00Z" })).must(200);
    let later = app.customer();
    assert_eq!((&people[1].poll().body["joinNumber"], &later.poll().body["joinNumber"]), (&json!(1), &json!(4)));
    assert_eq!(people[0].poll().must(200)["status"], "ACTIVE", "who is in stays in");
    people[0].delete("/queue/token").must(204);
    assert_eq!(people[1].poll().must(200)["position"], Value::Null, "nobody is let in before the opening");
    app.staff("PATCH", "/queue", json!({ "opensAt": null })).must(200);
    let position = |person: &Customer| person.poll().must(200)["position"].clone();
    assert_eq!([position(&people[1]), position(&people[2]), position(&people[3]), position(&later)], [0, 1, 2, 3]);
    assert_eq!(later.poll().must(200)["joinNumber"], Value::Null);
}

#[test]
fn queue_guests_stand_in_front_in_their_order() {
    let mut app = TestApp::with_seats(5, &["--max-active=1"]);
    let mut people: Vec<Customer> = (0..4).map(|_| app.customer()).collect();
    let mut guest = app.user();
    let invited = app.staff("POST", "/queue/tokens", json!({ "userId": guest.id }));
    assert_eq!((&invited.must(201)["position"], invited.body.get("token")), (&json!(1), None));
    let moved = app.staff("POST", "/queue/tokens", json!({ "userId": people[3].id }));
    assert_eq!(moved.must(201)["position"], 2);
    let again = app.staff("POST", "/queue/tokens", json!({ "userId": guest.id }));
    assert_eq!(again.must(201)["position"], 1, "who is a guest already keeps the place");
    guest.line_up().must(200);
    people.push(guest);
    for _ in 0..2 {
        let places: Vec<Value> = people.iter().map(|person| person.poll().must(200)["position"].clone()).collect();
        assert_eq!(places, [0, 3, 4, 2, 1]);
        app.reopen();
        people.iter_mut().for_each(|person| person.client = app.client.clone());
    }
    let unknown = json!({ "userId": "00000000-0000-7000-8000-000000000000" });
    app.staff("POST", "/queue/tokens", unknown).refused(404, "USER_NOT_FOUND");
    let types: Vec<Value> = app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().clone();
    let guests = types.iter().filter(|event| event["data"]["guest"] == true).count();
    assert_eq!(guests, 2);
}

#[test]
fn people_let_in_by_hand_pass_the_limits_and_count_afterwards() {
    let app = TestApp::with_seats(5, &["--max-active=1", "--admit-per-minute=1"]);
    let people: Vec<Customer> = (0..5).map(|_| app.customer()).collect();
    app.staff("PATCH", "/queue", json!({ "paused": true })).must(200);
    assert_eq!(app.staff("POST", "/queue/admissions", json!({ "count": 2 })).must(200)["admitted"], 2);
    app.staff("PATCH", "/queue", json!({ "paused": false })).must(200);
    let status = |n: usize| people[n].poll().must(200)["status"].clone();
    assert_eq!([status(0), status(1), status(2), status(3)], ["ACTIVE", "ACTIVE", "ACTIVE", "WAITING"]);
    for person in &people[..2] {
        person.delete("/queue/token").must(204);
    }
    app.advance_ms(60_000);
    assert_eq!(status(3), "WAITING", "one is still in");
    people[2].delete("/queue/token").must(204);
    assert_eq!(status(3), "ACTIVE");
    assert_eq!(app.staff("POST", "/queue/admissions", json!({ "count": 9 })).must(200)["admitted"], 1);
    app.staff("POST", "/queue/admissions", json!({ "count": 0 })).refused(400, "INVALID_REQUEST");
}

/// A program that takes an opening in the past for one that is now draws anew with every repetition of the same call.
#[test]
fn opening_that_does_not_lie_ahead_is_refused_and_a_repeated_call_draws_nothing_anew() {
    let app = TestApp::with_seats(5, &["--max-active=1"]);
    let opens_at = app.open_line_in(60_000);
    let people: Vec<Customer> = (0..4).map(|_| app.customer()).collect();
    app.staff("PATCH", "/queue", json!({ "opensAt": opens_at })).must(200);
    open(&app);
    let drawn = || people.iter().map(|person| person.poll().body["drawNumber"].clone()).collect::<Vec<_>>();
    let (before, first) = (drawn(), draws(&app));
    let now = app.now().to_string();
    for past in [opens_at.as_str(), now.as_str(), "1970-01-01T00:00:00Z"] {
        let refused = app.staff("PATCH", "/queue", json!({ "maxActive": 7, "opensAt": past }));
        assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], "/opensAt");
    }
    assert_eq!(app.staff_get("/queue").must(200)["maxActive"], 1, "all or none");
    assert_eq!((drawn(), draws(&app)), (before, first));
}

/// A program that shows the last draw alone lets staff draw until they like the order.
#[test]
fn draw_every_draw_stays_public_and_can_be_verified_after_later_ones_and_a_restart() {
    let mut app = hall_with_a_draw(&["--max-active=1", "--abandon-seconds=86400", "--claim-seconds=0"]);
    let mut people: Vec<Customer> = (0..5).map(|_| app.customer()).collect();
    open(&app);
    let first = draws(&app);
    for round in 2..=4 {
        app.open_line_in(60_000);
        let waiting = people.iter().find(|person| person.poll().body["status"] == "WAITING").unwrap();
        let (right, why) = verify(&app, &waiting.token);
        assert!(!right && why.contains("still to come"), "{why}");
        open(&app);
        assert_eq!(draws(&app).len(), round);
    }
    app.reopen();
    people.iter_mut().for_each(|person| person.client = app.client.clone());
    let all = draws(&app);
    assert_eq!(all.iter().map(|draw| draw["number"].clone()).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert_eq!(all[3], first[0]);
    assert_eq!(app.client.call("GET", "/api/v1/queue/draw", "", None).must(200), &all[0]);
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.client.call("GET", &format!("/api/v1/queue/draws?limit=3{cursor}"), "", None).must(200).clone();
        pages.extend(page["draws"].as_array().unwrap().clone());
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(pages, all);
    for wrong in ["limit=0", "limit=101", "cursor=0", "page=1"] {
        let answer = app.client.call("GET", &format!("/api/v1/queue/draws?{wrong}"), "", None);
        answer.refused(400, "INVALID_REQUEST");
    }
    for person in &people {
        let (right, found) = verify(&app, &person.token);
        assert!(right && found.matches("The draw of").count() == 4, "{found}");
    }
}

#[test]
fn guests_who_stand_before_number_1_are_counted_in_the_draw() {
    let app = hall_with_a_draw(&["--max-active=1", "--abandon-seconds=86400", "--claim-seconds=0"]);
    let people: Vec<Customer> = (0..5).map(|_| app.customer()).collect();
    let invite =
        |person: &Customer| app.staff("POST", "/queue/tokens", json!({ "userId": person.id })).must(201).clone();
    let guest = app.user();
    assert_eq!((&invite(&people[2])["joinNumber"], &invite(&guest)["joinNumber"]), (&json!(3), &Value::Null));
    people[4].delete("/queue/token").must(204);
    app.staff("PATCH", "/queue", json!({ "paused": true })).must(200);
    open(&app);
    let draw = draws(&app)[0].clone();
    assert_eq!((&draw["joined"], &draw["drawn"], &draw["absent"]), (&json!(5), &json!(3), &json!([3, 5])));
    assert_eq!((&draw["guests"], &draw["guestNumbers"], &draw["guestsLater"]), (&json!(2), &json!([3]), &json!(0)));
    let drawn = [0, 1, 3].map(|person| people[person].poll().must(200).clone());
    for seen in &drawn {
        assert_eq!(seen["position"].as_u64(), seen["drawNumber"].as_u64().map(|number| number + 2));
    }
    assert_eq!(people[2].poll().must(200)["joinNumber"], Value::Null, "its draw was held without it");
    let later = app.user();
    invite(&later);
    assert_eq!(draws(&app)[0]["guestsLater"], 1);
    let (right, found) = verify(&app, &people[0].token);
    assert!(right && found.contains("2 guests") && found.contains("1 after it"), "{found}");
    app.open_line_in(60_000);
    open(&app);
    assert_eq!(draws(&app)[0]["guests"], 3, "those before number 1 of this draw");
    assert_eq!(draws(&app)[1]["guestsLater"], 1);
}
