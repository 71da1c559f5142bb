//! The waiting line: order, limits, and everything that ends a token.

use crate::support::wait::until;
use crate::support::{Customer, TestApp};
use serde_json::{Value, json};

fn positions(customers: &[Customer]) -> Vec<Value> {
    customers.iter().map(|customer| customer.poll().must(200)["position"].clone()).collect()
}

fn customers(app: &TestApp, count: usize) -> Vec<Customer> {
    (0..count).map(|_| app.customer()).collect()
}

#[test]
fn line_is_first_come_first_served_and_positions_are_exact() {
    let app = TestApp::with_seats(5, &["--max-active=1"]);
    let line = customers(&app, 5);
    assert_eq!(positions(&line), [0, 1, 2, 3, 4]);
    line[2].delete("/queue/token").must(204);
    assert_eq!(line[2].poll().refused(401, "TOKEN_EXPIRED")["reason"], "LEFT");
    assert_eq!(positions(&[line[1].clone(), line[3].clone(), line[4].clone()]), [1, 2, 3]);
    line[0].delete("/queue/token").must(204);
    assert_eq!(positions(&[line[1].clone(), line[3].clone(), line[4].clone()]), [0, 1, 2]);
    assert_eq!(line[3].get("/concerts/1/schedules").refused(403, "TOKEN_WAITING")["position"], 1);
    assert_eq!(line[3].get("/concerts/1/schedules").header("retry-after"), Some("1"));
}

#[test]
fn queue_no_more_than_the_minutes_share_is_let_in_within_any_sixty_seconds() {
    let app = TestApp::with_seats(5, &["--max-active=0", "--admit-per-minute=2"]);
    let first = customers(&app, 1);
    app.advance_ms(30_000);
    let later = customers(&app, 4);
    assert_eq!(positions(&first), [0]);
    assert_eq!(positions(&later), [0, 1, 2, 3]);
    app.advance_ms(29_999);
    assert_eq!(positions(&later), [0, 1, 2, 3]);
    app.advance_ms(1); // the first admission is 60 s old
    assert_eq!(positions(&later), [0, 0, 1, 2]);
    app.advance_ms(29_999);
    assert_eq!(positions(&later), [0, 0, 1, 2]);
    app.advance_ms(1); // and so is the second, but not the third
    assert_eq!(positions(&later), [0, 0, 0, 1]);
}

#[test]
fn queue_waiting_token_that_is_not_polled_is_dropped_at_its_moment() {
    let app = TestApp::with_seats(5, &["--max-active=1", "--abandon-seconds=30", "--claim-seconds=0"]);
    let line = customers(&app, 3);
    app.advance_ms(20_000);
    assert_eq!(line[2].poll().must(200)["position"], 2);
    app.advance_ms(9_999);
    assert_eq!(line[2].poll().must(200)["position"], 2);
    app.advance_ms(1);
    assert_eq!(line[2].poll().must(200)["position"], 1);
    assert_eq!(line[1].poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
}

#[test]
fn queue_one_let_in_who_never_calls_makes_room_for_the_next() {
    let app = TestApp::with_seats(5, &["--max-active=1", "--claim-seconds=10", "--abandon-seconds=600"]);
    let line = customers(&app, 3);
    line[0].delete("/queue/token").must(204); // lets the second in, who does not know it
    app.advance_ms(9_999);
    assert_eq!(line[2].poll().must(200)["position"], 1);
    app.advance_ms(1);
    assert_eq!(line[2].poll().must(200)["position"], 0);
    assert_eq!(line[1].poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
    app.advance_ms(3_600); // the third has called: it stays for its visit
    assert_eq!(line[2].poll().must(200)["status"], "ACTIVE");
}

#[test]
fn visit_ends_on_time_and_a_hold_extends_it_to_its_own_end() {
    let app = TestApp::with_seats(5, &["--max-active=2", "--visit-seconds=100", "--hold-seconds=60"]);
    let (holder, looker) = (app.customer(), app.customer());
    app.advance_ms(90_000);
    let held = holder.hold(1, &["1"]).must(201).clone();
    app.advance_ms(9_999);
    assert_eq!(looker.poll().must(200)["status"], "ACTIVE");
    app.advance_ms(1);
    assert_eq!(looker.poll().refused(401, "TOKEN_EXPIRED")["reason"], "TIMED_OUT");
    assert_eq!(holder.poll().must(200)["expiresAt"], held["holdExpiresAt"]);
    holder.hold(1, &["2"]).refused(409, "VISIT_OVER");
    app.advance_ms(49_999);
    assert_eq!(holder.poll().must(200)["status"], "ACTIVE");
    app.advance_ms(1);
    assert_eq!(holder.poll().refused(401, "TOKEN_EXPIRED")["reason"], "TIMED_OUT");
}

#[test]
fn giving_a_hold_back_after_the_visit_ends_the_visit() {
    let app = TestApp::with_seats(5, &["--visit-seconds=100", "--hold-seconds=60"]);
    let customer = app.customer();
    app.advance_ms(90_000);
    let held = customer.hold(1, &["1"]).must(201)["reservationId"].clone();
    app.advance_ms(20_000);
    customer.delete(&format!("/reservations/{}", held.as_str().unwrap_or(""))).must(200);
    assert_eq!(customer.poll().refused(401, "TOKEN_EXPIRED")["reason"], "TIMED_OUT");
}

#[test]
fn leaving_and_revoking_give_an_unpaid_hold_back() {
    let app = TestApp::with_seats(5, &[]);
    for revoked in [false, true] {
        let customer = app.customer();
        let held = customer.hold(1, &["3"]).must(201)["reservationId"].clone();
        if revoked {
            app.staff("DELETE", &format!("/queue/tokens/{}", customer.id), json!(null)).must(204);
        } else {
            customer.delete("/queue/token").must(204);
        }
        let reason = if revoked { "REVOKED" } else { "LEFT" };
        assert_eq!(customer.poll().refused(401, "TOKEN_EXPIRED")["reason"], reason);
        let path = format!("/reservations/{}", held.as_str().unwrap_or(""));
        assert_eq!(customer.get_by_key(&path).must(200)["status"], "CANCELLED");
    }
    app.customer().hold(1, &["3"]).must(201);
}

#[test]
fn line_and_its_order_survive_a_restart_with_a_fresh_patience() {
    let mut app = TestApp::with_seats(5, &["--max-active=1", "--abandon-seconds=30"]);
    let mut line = customers(&app, 6);
    line[3].delete("/queue/token").must(204);
    app.advance_ms(29_000);
    for person in &line[..3] {
        person.poll().must(200);
    }
    app.reopen();
    line.iter_mut().for_each(|person| person.client = app.client.clone());
    app.advance_ms(29_000); // 58 s since 4 and 5 were heard of, 29 s since the restart
    line.remove(3);
    assert_eq!(positions(&line), [0, 1, 2, 3, 4]);
}

#[test]
fn staff_steer_the_line_while_it_runs_and_it_survives_a_restart() {
    let mut app = TestApp::with_seats(5, &["--max-active=1"]);
    let mut line = customers(&app, 4);
    let message = json!({ "en": "Doors at eight.", "ko": "8시에 입장합니다." });
    let rules = json!({ "maxActive": 3, "paused": true, "message": message });
    assert_eq!(app.staff("PATCH", "/queue", rules).must(200)["maxActive"], 3);
    let seen = line[1].poll();
    assert_eq!((&seen.must(200)["paused"], &seen.body["message"]), (&json!(true), &json!("Doors at eight.")));
    let ko = app.client.call_with(
        "GET",
        "/api/v1/queue/token",
        &[("authorization", &crate::support::bearer(&line[1].token)), ("accept-language", "ko")],
        None,
    );
    assert_eq!(ko.body["message"], "8시에 입장합니다.");
    assert_eq!(positions(&line), [0, 1, 2, 3]);
    app.reopen();
    line.iter_mut().for_each(|person| person.client = app.client.clone());
    assert_eq!(positions(&line), [0, 1, 2, 3]);
    app.staff("PATCH", "/queue", json!({ "paused": false, "message": null })).must(200);
    assert_eq!(positions(&line), [0, 0, 0, 1]);
    assert_eq!(line[3].poll().must(200)["message"], Value::Null);
    let figures = app.staff_get("/queue").must(200).clone();
    assert_eq!((&figures["waiting"], &figures["active"]), (&json!(1), &json!(3)));
    assert_eq!(figures["admittedLastMinute"], 3);
    app.staff("PATCH", "/queue", json!({ "maxActive": 1, "visitSeconds": 0 })).refused(400, "INVALID_REQUEST");
    assert_eq!(app.staff_get("/queue").must(200)["maxActive"], 3, "all or none");
}

#[test]
fn staff_who_pause_change_and_resume_in_the_rush_make_no_position_wrong() {
    let app = TestApp::with_seats(5, &["--max-active=5", "--abandon-seconds=86400", "--claim-seconds=0"]);
    let people = customers(&app, 120);
    let done = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        // Each eighth of them polls all the time: a position never grows, and those behind are never ahead.
        for part in people.chunks(15) {
            scope.spawn(|| {
                let mut before = vec![u64::MAX; part.len()];
                while !done.load(order) {
                    for (person, before) in part.iter().zip(&mut before) {
                        let position = person.poll().body["position"].as_u64().unwrap_or(0);
                        assert!(position <= *before, "{position} after {before}");
                        *before = position;
                    }
                }
            });
        }
        for round in 0..40 {
            app.staff("PATCH", "/queue", json!({ "paused": true })).must(200);
            app.staff("PATCH", "/queue", json!({ "maxActive": 5 + round % 7, "admitPerMinute": 1_000 })).must(200);
            app.staff("PATCH", "/queue", json!({ "paused": false })).must(200);
            let active = people.iter().find(|person| person.poll().body["status"] == "ACTIVE");
            active.map(|person| person.delete("/queue/token").must(204).clone());
        }
        done.store(true, order);
    });
    let waiting: Vec<u64> = people
        .iter()
        .filter_map(|person| person.poll().body["position"].as_u64().filter(|&position| position > 0))
        .collect();
    assert_eq!(waiting, (1..=waiting.len() as u64).collect::<Vec<_>>());
    assert!(waiting.len() < 80, "{}", waiting.len());
}

#[test]
fn queue_who_was_silent_for_too_long_is_never_let_in_however_many_they_are() {
    let app = TestApp::with_seats(5, &["--max-active=1", "--abandon-seconds=100"]);
    let active = app.customer();
    let people = customers(&app, 1_200); // more than one transaction drops
    app.advance_ms(50_000);
    active.delete("/queue/token").must(204); // lets the first in, who stays silent
    let last = app.customer();
    app.advance_ms(90_000);
    last.poll().must(200);
    app.advance_ms(60_000); // everybody but the last was silent for too long, the first too
    assert_eq!(people[1].poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
    let mut again = people[600].clone();
    assert_ne!(again.line_up().must(201)["token"], people[600].token.as_str());
    until("all the silent are gone", || app.staff_get("/queue").must(200)["waiting"] == 1);
    assert_eq!(last.poll().must(200)["status"], "ACTIVE");
    assert_eq!(again.poll().must(200)["position"], 1);
}

/// A program that takes the second leaving for an unknown token counts a customer's own token as a guess.
#[test]
fn leaving_twice_at_once_says_that_the_token_is_over() {
    let app = TestApp::with_seats(5, &[]);
    let customer = app.customer();
    let answers = crate::support::together(vec![customer.clone(); 16], |_, customer| customer.delete("/queue/token"));
    let left = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!(left, 1);
    for answer in answers.iter().filter(|answer| answer.status != 204) {
        assert_eq!(answer.refused(401, "TOKEN_EXPIRED")["reason"], "LEFT");
    }
}

/// A program that counts its own answer to a long poll as a call keeps the place of somebody who has gone.
#[test]
fn long_poll_that_is_answered_is_not_the_first_call_of_somebody_let_in() {
    let app = TestApp::with_seats(5, &["--max-active=1", "--claim-seconds=10", "--abandon-seconds=600"]);
    let line = customers(&app, 3);
    std::thread::scope(|scope| {
        let wait = || {
            let headers = [("authorization", &*crate::support::bearer(&line[1].token)), ("prefer", "wait=30")];
            app.client.call_with("GET", "/api/v1/queue/token", &headers, None)
        };
        let answer = scope.spawn(wait);
        app.until_parked(1);
        line[0].delete("/queue/token").must(204);
        assert_eq!(answer.join().expect("answered").must(200)["status"], "ACTIVE");
    });
    app.advance_ms(9_999);
    assert_eq!(line[2].poll().must(200)["position"], 1);
    app.advance_ms(1);
    assert_eq!(line[2].poll().must(200)["position"], 0, "from the admission on, whatever the poll was granted");
    assert_eq!(line[1].poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
}

/// Whoever had the old key may be in the line or inside by it.
#[test]
fn queue_new_user_key_ends_what_the_old_one_opened() {
    let app = TestApp::with_seats(5, &["--max-active=1"]);
    let inside = app.customer();
    let held = inside.hold(1, &["3"]).must(201)["reservationId"].clone();
    let line = customers(&app, 2);
    for (customer, was_active) in [(&line[0], false), (&inside, true)] {
        let renewed = app.staff("POST", &format!("/users/{}/key", customer.id), json!({})).must(201).clone();
        assert_eq!(customer.poll().refused(401, "TOKEN_EXPIRED")["reason"], "REVOKED");
        customer.get_by_key("/reservations").refused(401, "USER_KEY_INVALID");
        let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
        let ended = events.as_array().expect("a list").iter().rfind(|event| event["type"] == "TOKEN_EXPIRED");
        let data = &ended.expect("an event")["data"];
        assert_eq!((&data["userId"], &data["reason"]), (&json!(customer.id), &json!("REVOKED")));
        assert_eq!(data["wasActive"], was_active);
        let mut again =
            crate::support::Customer { key: renewed["userKey"].as_str().unwrap_or("").to_owned(), ..customer.clone() };
        again.line_up().must(201);
    }
    let held = format!("/staff/reservations/{}", held.as_str().unwrap_or(""));
    let held =
        app.client.call("GET", &format!("/api/v1{held}"), &crate::support::bearer(crate::support::STAFF_KEY), None);
    assert_eq!(held.must(200)["status"], "CANCELLED");
    assert_eq!(line[1].poll().must(200)["position"], 0, "the place is free");
    app.staff("POST", "/users/00000000-0000-7000-8000-000000000000/key", json!({})).refused(404, "USER_NOT_FOUND");
}

/// Only the hold keeps this visit open when the last payment for it is declined.
#[test]
fn queue_declined_last_payment_leaves_the_token_active_until_the_hold_would_have_ended() {
    let app = TestApp::with_seats(5, &["--visit-seconds=100", "--hold-seconds=60", "--max-active=1"]);
    let customer = app.customer();
    app.advance_ms(90_000);
    let held = customer.hold(1, &["1"]).must(201).clone();
    app.advance_ms(20_000);
    let declined = customer.pay(&held["reservationId"], crate::support::PRICE);
    assert_eq!(declined.refused(402, "INSUFFICIENT_BALANCE")["attemptsLeft"], 0);
    let seen = customer.poll().must(200).clone();
    assert_eq!((&seen["status"], &seen["expiresAt"]), (&json!("ACTIVE"), &held["holdExpiresAt"]));
    customer.hold(1, &["2"]).refused(409, "VISIT_OVER");
    app.advance_ms(39_999);
    customer.poll().must(200);
    app.advance_ms(1);
    assert_eq!(customer.poll().refused(401, "TOKEN_EXPIRED")["reason"], "TIMED_OUT");
}

/// More people become due at one moment than one transaction takes on.
#[test]
fn clock_of_a_test_answers_when_everything_that_became_due_is_written_down() {
    const PEOPLE: usize = 2_300;
    let app = TestApp::with_seats(5, &["--max-active=1", "--abandon-seconds=3600", "--claim-seconds=0"]);
    crate::support::together((0..8).collect(), |_, _: usize| (0..PEOPLE / 8).for_each(|_| drop(app.customer())));
    app.advance_ms(3_600_000);
    let waiting = "SELECT count(*) FROM token WHERE status = 'WAITING'";
    let waiting: i64 = app.file().query_row(waiting, [], |row| row.get(0)).expect("a number");
    assert_eq!(waiting, 0);
}

#[test]
fn line_takes_somebody_new_by_a_name_in_one_call() {
    let app = TestApp::with_seats(5, &["--max-active=1"]);
    let join = |body: Value| app.client.call("POST", "/api/v1/queue/tokens", "", Some(body));
    let first = join(json!({ "name": "김민지" })).must(201).clone();
    assert_eq!((&first["status"], &first["position"]), (&json!("ACTIVE"), &json!(0)));
    let second = join(json!({ "name": "Kim", "userId": null, "userKey": null })).must(201).clone();
    assert_eq!((&second["status"], &second["position"]), (&json!("WAITING"), &json!(1)));
    assert_ne!(first["userKey"], second["userKey"]);
    // The key is the new user's: with it the same token comes again, and without the key.
    let again = join(json!({ "userId": second["userId"], "userKey": second["userKey"] })).must(200).clone();
    assert_eq!((&again["token"], again.get("userKey")), (&second["token"], None));
    let found = app.staff_get("/users?name=%EB%AF%BC%EC%A7%80").must(200).clone();
    assert_eq!(found["users"][0]["userId"], first["userId"]);
    // Either who it is, or a name: nobody is registered by what is refused.
    join(json!({ "name": "Lee", "userId": second["userId"] })).refused(400, "INVALID_REQUEST");
    join(json!({ "name": "Lee", "more": 1 })).refused(400, "INVALID_REQUEST");
    join(json!({ "name": " " })).refused(400, "INVALID_REQUEST");
    join(json!({ "name": null })).refused(400, "INVALID_REQUEST");
    assert_eq!(app.staff_get("/users?name=Lee").must(200)["users"], json!([]));
}
