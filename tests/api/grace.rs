//! The grace: who was dropped for inactivity and comes back in time gets the old place back, if nobody overtook.

use crate::support::invariants::{hold_in, number};
use crate::support::{Customer, TestApp};
use serde_json::{Value, json};

/// One visit at a time, 30 seconds to be heard from, 60 to come back.
const FLAGS: &[&str] = &["--max-active=1", "--abandon-seconds=30", "--claim-seconds=10", "--grace-seconds=60"];

/// Comes back: the position, and whether the answer says that the place was given back.
fn back(person: &mut Customer) -> (Value, bool) {
    let answer = person.line_up();
    let body = answer.must(201);
    assert_ne!(body["placeRestored"], false, "there where it is true, and nowhere else");
    (body["position"].clone(), body["placeRestored"] == true)
}

/// `kim` is inside, and so many wait; all but the first are heard from until the first was dropped.
fn dropped_first(app: &TestApp, waiting: usize) -> (Customer, Vec<Customer>) {
    let kim = app.customer();
    kim.poll().must(200);
    let line: Vec<Customer> = (0..waiting).map(|_| app.customer()).collect();
    app.advance_ms(20_000);
    line[1..].iter().for_each(|person| _ = person.poll().must(200));
    app.advance_ms(10_000);
    assert_eq!(line[0].poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
    line[1..].iter().for_each(|person| _ = person.poll().must(200));
    (kim, line)
}

/// A locked phone at number one.
#[test]
fn grace_gives_the_place_back_where_nobody_who_stood_behind_was_let_in() {
    let mut app = TestApp::with_seats(5, FLAGS);
    let (kim, mut line) = dropped_first(&app, 3);
    assert_eq!(line[1].poll().must(200)["position"], 1);
    let lost = line[0].token.clone();
    app.reopen(); // the file alone keeps the place
    let kim = Customer { client: app.client.clone(), ..kim };
    line.iter_mut().for_each(|person| person.client = app.client.clone());
    app.advance_ms(29_999);
    line[1..].iter().for_each(|person| _ = person.poll().must(200));
    assert_eq!(back(&mut line[0]), (json!(1), true));
    assert_ne!(line[0].token, lost);
    assert_eq!(
        (line[1].poll().body["position"].clone(), line[2].poll().body["position"].clone()),
        (json!(2), json!(3))
    );
    assert_eq!(line[0].poll().must(200)["placeRestored"], Value::Null, "it is said once");
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    let issued = events.as_array().unwrap().iter().filter(|event| event["type"] == "TOKEN_ISSUED");
    let told: Vec<bool> = issued.map(|event| event["data"]["placeRestored"].as_bool().unwrap()).collect();
    assert_eq!(told, [false, false, false, false, true]);
    hold_in(&app.file());
    kim.delete("/queue/token").must(204);
    assert_eq!(line[0].poll().must(200)["status"], "ACTIVE");
    hold_in(&app.file());
}

#[test]
fn grace_is_over_at_its_moment_and_with_the_first_who_overtook() {
    let app = TestApp::with_seats(5, FLAGS);
    let (_kim, mut line) = dropped_first(&app, 2);
    for _ in 0..3 {
        app.advance_ms(20_000);
        line[1].poll().must(200);
    }
    assert_eq!(back(&mut line[0]), (json!(2), false), "60 s are over");
    // Overtaken: the one behind is let in, and even when nobody else waits, the place is gone.
    let app = TestApp::with_seats(5, FLAGS);
    let (kim, mut line) = dropped_first(&app, 3);
    kim.delete("/queue/token").must(204);
    assert_eq!(line[1].poll().must(200)["status"], "ACTIVE");
    assert_eq!(back(&mut line[0]), (json!(2), false));
    assert_eq!(number(&app.file(), "SELECT count(*) FROM token WHERE grace_until IS NOT NULL"), 0);
    // Who left on purpose, or was sent away, has no grace; nor has anybody where it is off.
    line[2].delete("/queue/token").must(204);
    assert_eq!(back(&mut line[2]), (json!(2), false));
    app.staff("PATCH", "/queue", json!({ "graceSeconds": 0 })).must(200);
    app.advance_ms(30_000);
    assert_eq!(line[2].poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
    assert!(!back(&mut line[2]).1);
    hold_in(&app.file());
}

/// Who slept through the turn: the next is let in at once, unless there is none.
#[test]
fn grace_lets_in_again_who_slept_through_the_turn_while_nobody_else_came() {
    let app = TestApp::with_seats(5, FLAGS);
    let first = app.customer();
    let mut kim = app.customer();
    first.delete("/queue/token").must(204); // kim is let in, and does not notice
    app.advance_ms(10_000);
    assert_eq!(kim.poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
    assert_eq!(back(&mut kim), (json!(0), true));
    let (mut lee, park) = (app.customer(), app.customer());
    kim.delete("/queue/token").must(204);
    app.advance_ms(10_000);
    assert_eq!(park.poll().must(200)["status"], "ACTIVE");
    assert_eq!(back(&mut lee), (json!(1), false));
    hold_in(&app.file());
}

/// Both were let in at once, so the one behind has the place in front of who slept.
#[test]
fn grace_is_none_for_who_slept_through_the_turn_while_one_from_behind_is_inside() {
    let app = TestApp::with_seats(5, &["--max-active=2", "--claim-seconds=10", "--grace-seconds=60"]);
    let inside = [app.customer(), app.customer()];
    let (mut kim, lee) = (app.customer(), app.customer());
    inside.iter().for_each(|person| _ = person.delete("/queue/token").must(204));
    assert_eq!(lee.poll().must(200)["status"], "ACTIVE");
    app.advance_ms(10_000);
    assert_eq!(kim.poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
    hold_in(&app.file());
    assert_eq!(back(&mut kim), (json!(0), false));
    hold_in(&app.file());
}

#[test]
fn grace_keeps_the_join_number_until_the_draw_and_no_place_over_one() {
    let app = TestApp::with_seats(5, &["--max-active=1", "--abandon-seconds=30", "--grace-seconds=600"]);
    app.open_line_in(80_000);
    let mut line: Vec<Customer> = (0..4).map(|_| app.customer()).collect();
    let poll = |line: &[Customer]| line.iter().for_each(|person| _ = person.poll().must(200));
    let one_turn = |line: &[Customer]| {
        app.advance_ms(20_000);
        poll(line);
        app.advance_ms(10_000);
    };
    one_turn(&line[1..]);
    let again = line[0].line_up().must(201).clone();
    assert_eq!((&again["joinNumber"], &again["placeRestored"]), (&json!(1), &json!(true)));
    assert_eq!(app.customer().poll().must(200)["joinNumber"], 5, "it counts on");
    poll(&line);
    one_turn(&[&line[..1], &line[2..]].concat());
    line[1].poll().refused(401, "TOKEN_EXPIRED");
    app.advance_ms(20_000); // the draw is held without them
    let late = line[1].line_up().must(201).clone();
    assert_eq!((&late["joinNumber"], &late["placeRestored"]), (&Value::Null, &Value::Null));
    hold_in(&app.file());
    // A place of before an announcement is not given back after it, nor after it is called off.
    let app = TestApp::with_seats(5, FLAGS);
    let (_kim, mut line) = dropped_first(&app, 2);
    app.open_line_in(60_000);
    app.staff("PATCH", "/queue", json!({ "opensAt": null })).must(200);
    assert_eq!(back(&mut line[0]), (json!(2), false));
    hold_in(&app.file());
}

/// Guests stand on places that are given out again when nobody waits on them.
#[test]
fn grace_of_a_guest_is_a_place_that_no_later_guest_gets() {
    let app = TestApp::with_seats(5, FLAGS);
    app.customer().poll().must(200);
    let invite = |guest: &Customer| app.staff("POST", "/queue/tokens", json!({ "userId": guest.id })).must(201).clone();
    let (mut first, mut second) = (app.user(), app.user());
    invite(&first);
    app.advance_ms(30_000);
    assert_eq!(invite(&second)["position"], 1);
    assert_eq!(back(&mut first), (json!(1), true));
    assert_eq!(second.line_up().must(200)["position"], 2);
    hold_in(&app.file());
}

/// A program that looks for the place before its transaction gives it to each of them.
#[test]
fn race_of_one_who_comes_back_many_times_at_once_gives_one_token() {
    let app = TestApp::with_seats(5, FLAGS);
    let (_kim, line) = dropped_first(&app, 2);
    let answers = crate::support::together(vec![line[0].clone(); 8], |_, mut person| person.line_up());
    assert_eq!(answers.iter().filter(|answer| answer.body["placeRestored"] == true).count(), 1);
    assert!(answers.iter().all(|answer| answer.body["token"] == answers[0].body["token"]));
    hold_in(&app.file());
}
