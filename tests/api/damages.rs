//! A venue in which everything has happened once, and what somebody can do to its file.

use crate::support::{PRICE, TestApp};
use serde_json::{Value, json};

/// A hall in which everything has happened once: paid, refunded, given back,
/// failed, expired, held, waiting, cancelled, drawn.
pub fn lived_in() -> TestApp {
    let app = TestApp::with_seats(8, &["--max-active=3"]);
    app.staff(
        "POST",
        "/webhooks",
        json!({ "url": "https://receiver.invalid/", "signature": "v1a", "eventTypes": ["CLOCK_STEPPED"] }),
    )
    .must(201);
    app.staff("PATCH", "/queue", json!({ "opensAt": "2099-01-01T00:00:00Z" })).must(200);
    let early = app.customer();
    app.customer().delete("/queue/token").must(204);
    app.open_line_in(1_000);
    app.advance_ms(1_000);
    early.delete("/queue/token").must(204);
    let buy = |schedule: i64, seats: &[&str]| {
        let kim = app.buyer(5 * PRICE);
        let held = kim.hold(schedule, seats).must(201)["reservationId"].as_str().unwrap().to_owned();
        kim.pay(&json!(held), seats.len() as i64 * PRICE).must(201);
        held
    };
    buy(1, &["1", "2"]);
    buy(2, &["1"]);
    app.staff("POST", &format!("/reservations/{}/refund", buy(1, &["3"])), json!({})).must(200);
    app.staff("PUT", "/schedules/1/seats/8", json!({ "blocked": true })).must(200);
    let poor = app.customer();
    let held = poor.hold(1, &["4"]).must(201)["reservationId"].clone();
    poor.pay(&held, PRICE).refused(402, "INSUFFICIENT_BALANCE");
    let held = poor.hold(1, &["4"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    poor.delete(&format!("/reservations/{held}")).must(200);
    poor.hold(1, &["5"]).must(201);
    app.advance_ms(300_000);
    poor.delete("/queue/token");
    app.staff("POST", "/schedules/2/cancellation", json!({}));
    changed_and_exchanged(&app);
    app.customer().hold(1, &["6"]).must(201);
    for _ in 0..4 {
        app.customer();
    }
    let cash = json!({ "scheduleId": 1, "seats": ["3"], "method": "CASH" });
    let sold = app.staff("POST", "/sales", cash).must(201)["reservationId"].as_str().unwrap().to_owned();
    app.staff("POST", &format!("/reservations/{sold}/refund"), json!({})).must(200);
    app.staff("POST", "/sales", json!({ "scheduleId": 1, "seats": ["3"], "method": "FREE" })).must(201);
    let two = app
        .staff("POST", "/sales", json!({ "scheduleId": 1, "seats": ["4", "5"], "method": "CARD" }))
        .must(201)
        .clone();
    let one_of_two = two["reservationId"].as_str().unwrap();
    app.staff("POST", &format!("/reservations/{one_of_two}/refund"), json!({ "seats": ["4"] })).must(200);
    app
}

/// A hold that was changed, with a child in it, paid seats of which one was exchanged, a ticket that was made out anew
/// for a friend, and somebody who was removed.
fn changed_and_exchanged(app: &TestApp) {
    let layout = json!({ "numbered": { "count": 6, "price": PRICE } });
    let tariffs = json!([{ "name": "Child", "percent": 50 }]);
    let date =
        json!({ "startsAt": "2100-01-03T20:00:00Z", "layout": layout, "tariffs": tariffs, "refundUntilHours": 0 });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    let mut kim = app.buyer(3 * PRICE);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let path = format!("/reservations/{}", text(&kim.hold(3, &["1", "2"]).must(201)["reservationId"]));
    let held = kim.patch(&path, json!({ "seats": ["2", { "seat": "3", "tariff": "Child" }] })).must(200).clone();
    kim.pay(&held["reservationId"], PRICE + PRICE / 2).must(201);
    kim.line_up().must(201);
    let wanted = json!({ "giveBack": ["2"], "seats": ["4"], "amount": PRICE });
    let new = kim.post(&format!("{path}/exchange"), wanted).must(201).clone();
    let reissue = format!("/tickets/{}/reissue", text(&new["tickets"][0]["ticketId"]));
    kim.post(&reissue, json!({ "holder": "Lee" })).must(200);
    kim.delete("/queue/token").must(204);
    app.staff("DELETE", &format!("/users/{}", app.user().id), json!(null)).must(204);
}

/// What somebody can do to a file with SQL, and words of the sentence that tells of it.
pub const DAMAGES: &[(&str, &str)] = &[
    ("UPDATE webhook SET delivered_sequence = 9999", "webhook 1 is said to have event 9999"),
    ("UPDATE webhook SET event_types = '[\"SEATS_EATEN\"]'", "webhook 1 wants events of the type SEATS_EATEN"),
    ("UPDATE webhook SET secret = zeroblob(33)", "its secret has 33 bytes and not 32"),
    ("UPDATE claim SET status = 'SOLD', held_until = NULL WHERE status = 'HELD'", "is SOLD for reservation"),
    ("DELETE FROM claim WHERE status = 'SOLD' AND seat_no = 0", "its seat 1 of date 1 is not its own"),
    (
        "INSERT INTO reservation_seat (reservation_id, seat_no, label, price) SELECT reservation_id, 0, '1', 0 FROM reservation WHERE status = 'PENDING_PAYMENT'",
        "seat 1 of date 1 belongs to 2 living reservations",
    ),
    ("UPDATE claim SET held_until = held_until + 1 WHERE status = 'HELD'", "another end of its hold"),
    ("UPDATE claim SET user_id = (SELECT max(user_id) FROM user) WHERE status = 'SOLD'", "has another owner"),
    ("UPDATE reservation_seat SET label = '7' WHERE label = '1'", "seat 1 of date 1 is called 7"),
    ("UPDATE schedule SET seats_total = 9 WHERE schedule_id = 1", "date 1 says that it has 9 seats"),
    ("UPDATE seat SET price = 1 WHERE seat_no = 7", "but it has 8 from 1 points on"),
    ("UPDATE seat SET unpriced = 1 WHERE seat_no = 6", "seat 7 of date 1 has no price, but nobody keeps it back"),
    ("UPDATE schedule SET date = '2100-01-05' WHERE schedule_id = 1", "date 1 is said to be on 2100-01-05"),
    ("DELETE FROM reservation_seat WHERE label = '4'", "has no seats"),
    ("UPDATE reservation SET amount = 7 WHERE status = 'FAILED'", "is of 7 points, but its seats cost 50000"),
    ("UPDATE reservation SET paid_at = hold_expires_at WHERE status = 'CONFIRMED'", "its times do not go with that"),
    ("UPDATE reservation SET ended_at = created_at WHERE status = 'EXPIRED'", "is EXPIRED, but its times"),
    ("UPDATE token SET status = 'EXPIRED' WHERE status = 'ACTIVE'", "is not admitted until its hold is over"),
    ("UPDATE schedule SET cancelled_at = 1 WHERE schedule_id = 2", "date 2 was cancelled, but reservation"),
    ("UPDATE reservation SET status = 'CONFIRMED' WHERE schedule_id = 2", "date 2 is settled, but reservation"),
    ("UPDATE ledger_entry SET balance_after = 1 WHERE kind = 'PAYMENT'", "says that 1 points were left"),
    ("UPDATE ledger_entry SET amount = amount + 1 WHERE entry_id = 1", "the entry before it makes that 250001"),
    ("UPDATE balance SET points = points + 1", "but by the last ledger entry it is"),
    ("DELETE FROM balance", "has a balance of nothing"),
    (
        "INSERT INTO balance SELECT user_id, 5, 0 FROM user WHERE user_id NOT IN (SELECT user_id FROM balance)",
        "that no ledger entry explains",
    ),
    ("DELETE FROM ledger_entry WHERE entry_id = 2", "the ledger has no entry 2"),
    ("UPDATE ledger_entry SET at = 1 WHERE entry_id = 3", "ledger entry 3 is of an earlier moment"),
    ("UPDATE ledger_entry SET amount = amount + 1 WHERE kind = 'PAYMENT'", "paid 50000 points for it, once and then"),
    ("UPDATE ledger_entry SET kind = 'CORRECTION' WHERE kind = 'PAYMENT'", "paid 100000 points for it, once and then"),
    ("UPDATE ledger_entry SET at = at + 1 WHERE kind = 'REFUND'", "got 50000 points back for it, once and then"),
    ("UPDATE ledger_entry SET kind = 'CORRECTION' WHERE kind = 'REFUND'", "got 50000 points back for it"),
    (
        "UPDATE ledger_entry SET reservation_id = (SELECT reservation_id FROM reservation WHERE status = 'FAILED')
         WHERE kind = 'PAYMENT' AND reservation_id = (SELECT min(reservation_id) FROM reservation)",
        "is a PAYMENT for reservation",
    ),
    ("UPDATE returned_seat SET price = price + 1", "seats of 50001 points went back from reservation"),
    (
        "INSERT INTO check_in SELECT ticket_id, 1, NULL, 0 FROM ticket JOIN returned_seat USING (reservation_id, seat_no)",
        "whose seat 4 went back",
    ),
    ("UPDATE ledger_entry SET method = 'CARD' WHERE kind = 'TOP_UP'", "50000 points was paid by CASH, but the ledger"),
    ("UPDATE ledger_entry SET method = NULL WHERE method = 'FREE'", "0 points was paid by FREE, but the ledger"),
    ("UPDATE reservation SET method = NULL", "is money for reservation"),
    ("UPDATE ledger_entry SET amount = amount - 1 WHERE kind = 'PAYOUT'", "50001 points were paid out for reservation"),
    ("DELETE FROM ticket WHERE label = '1'", "seat 1 of reservation"),
    ("UPDATE ticket SET label = '2' WHERE label = '1'", "which did not pay for seat 2"),
    ("UPDATE ticket SET code = 'T2222222222' WHERE label = '1'", "does not carry its number"),
    (
        "INSERT INTO check_in SELECT ticket_id, 1, NULL, 0 FROM ticket JOIN reservation USING (reservation_id)
         WHERE status = 'REFUNDED' AND schedule_id = 1",
        "which is REFUNDED although its date takes place",
    ),
    (
        "UPDATE token SET activated_at = issued_at, status = 'EXPIRED', ended_at = issued_at, end_reason = 'LEFT'
         WHERE token_id = (SELECT max(token_id) FROM token WHERE status = 'WAITING')",
        "behind it was admitted",
    ),
    (
        "UPDATE token SET place = 0, (grace_until, end_reason) = (iif(ended_at, 1, NULL), iif(ended_at, 'ABANDONED', NULL))
         WHERE token_id IN (SELECT max(token_id) FROM token WHERE status <> 'ACTIVE' GROUP BY status)",
        "on place 0, where token",
    ),
    ("UPDATE token SET place = place + 100 WHERE status = 'WAITING'", "belongs to somebody who is still to come"),
    (
        "UPDATE token SET issued_at = ended_at + 1 WHERE token_id = 5",
        "token 5 was admitted or ended at an earlier moment",
    ),
    ("UPDATE token SET visit_until = activated_at - 1 WHERE status = 'ACTIVE'", "is ACTIVE, but its times"),
    ("UPDATE reservation SET created_at = ended_at + 1 WHERE status = 'CANCELLED'", "since an earlier moment"),
    ("UPDATE draw SET joined = 9", "draw 1 of line 0 says that 1 of 9 were drawn"),
    ("UPDATE draw SET draw_id = 2", "the list of draws of line 0 has no draw 1"),
    (
        "INSERT INTO queue (line_id, max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds)
         VALUES (99, 1, 1, 1, 1, 1)",
        "line 99 is of a concert that is not there",
    ),
    ("UPDATE token SET place = NULL, join_number = 1 WHERE status = 'WAITING'", "waits in line 0 for a draw"),
    ("UPDATE reservation SET line_id = 1 WHERE status = 'PENDING_PAYMENT'", "is not admitted until its hold is over"),
    ("DELETE FROM event WHERE sequence = 7", "the feed of events has no event 7"),
    ("UPDATE event SET at = 1 WHERE sequence = 7", "event 7 is of an earlier moment"),
    ("UPDATE event SET type = 'TOKEN_EATEN' WHERE sequence = 7", "event 7 is of the type TOKEN_EATEN"),
    ("UPDATE event SET type = 'SEATS_HELD' WHERE type = 'SEATS_SOLD'", "the feed tells SEATS_SOLD of it 0 times"),
    ("UPDATE event SET data = '{}' WHERE type = 'RESERVATION_REFUNDED'", "RESERVATION_REFUNDED of it 0 times"),
    ("UPDATE event SET data = '{}' WHERE type = 'POINTS_TOPPED_UP'", "is a TOP_UP, but the feed tells of it 0 times"),
    ("UPDATE event SET data = '{}' WHERE type = 'POINTS_PAID_OUT'", "is a PAYOUT, but the feed tells of it 0 times"),
    ("DELETE FROM event WHERE type = 'SEATS_EXCHANGED'", "came by an exchange, but the feed tells of that 0 times"),
    ("UPDATE event SET type = 'USER_CHANGED' WHERE type = 'TICKET_REISSUED'", "made out anew 1 times, but the feed"),
    (
        "UPDATE event SET data = json_set(data, '$.removed', json('[]')) WHERE type = 'HOLD_CHANGED'",
        "has seat 1 otherwise than the feed tells",
    ),
    ("UPDATE reservation SET line_id = 7 WHERE exchanged_from IS NOT NULL", "in line 7, which does not open concert 1"),
    (
        "UPDATE reservation SET user_id = (SELECT min(user_id) FROM user) WHERE exchanged_from IS NOT NULL",
        "which is of another user or another concert",
    ),
    (
        "INSERT INTO reservation_seat (reservation_id, seat_no, label, price) SELECT reservation_id, 5, '6', 0
         FROM reservation WHERE exchanged_from IS NOT NULL",
        "1 seats of reservation",
    ),
    ("UPDATE schedule SET tariffs = '[{\"name\":\"A\",\"amount\":1},{\"name\":\"A\",\"amount\":2}]'", "date 3 has 2 tariffs called A"),
    ("UPDATE schedule SET tariffs = '[{\"name\":\"A\"}]'", "date 3 does not say what seats cost by its tariff A"),
    ("UPDATE former_code SET number = (SELECT max(number) FROM ticket)", "as ticket"),
    ("UPDATE user SET banned_at = 1", "may not buy, but token"),
    ("UPDATE user SET name_folded = 'kim' WHERE removed_at IS NOT NULL", "was removed, but their name"),
    (
        "UPDATE reservation SET declined_count = -1",
        "12 rows of reservation do not keep the condition (declined_count >= 0)",
    ),
    ("DELETE FROM user", "of balance names something that is not in user"),
    ("DROP INDEX ledger_entry_refunded", "it is not there: index ledger_entry_refunded"),
    ("DROP TABLE draw", "it is not there: table draw"),
    ("CREATE TRIGGER gift AFTER INSERT ON balance BEGIN SELECT 1; END", "does not know it: trigger gift"),
    ("ALTER TABLE seat ADD COLUMN color TEXT", "does not know it: column seat.color"),
];
