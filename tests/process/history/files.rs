//! Lies in the file: each is found.

use rusqlite::Connection;

use super::{is_found, truth};
use crate::torture::history;
use crate::torture::rows::endings::RULES;

/// A lie in the file: what these statements make of it.
#[track_caller]
fn written(what: &str, statements: &str) {
    let copy = truth().folder.path().join(format!("{:?}.db", std::thread::current().id()));
    std::fs::copy(truth().database(), &copy).unwrap();
    let file = Connection::open(&copy).unwrap();
    file.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    file.execute_batch(statements).unwrap();
    assert!(file.changes() > 0, "the lie was not told");
    is_found(&history::faults(&truth().history, &file, RULES), what);
}

#[test]
fn history_double_owner_is_found() {
    written(
        "has an owner already",
        // Seats that are still sold: those that were refunded have no owner.
        "UPDATE event SET data = json_set(data, '$.seats', (SELECT e.data -> '$.seats' FROM event AS e
           JOIN reservation AS r ON r.reservation_id = unhex(replace(e.data ->> '$.reservationId', '-', ''))
           WHERE e.type = 'SEATS_SOLD' AND r.status = 'CONFIRMED' AND r.schedule_id = 1 ORDER BY e.sequence LIMIT 1))
         WHERE sequence = (SELECT max(sequence) FROM event WHERE type = 'SEATS_HELD' AND data ->> '$.scheduleId' = 1)",
    );
}

#[test]
fn overtaking_is_found() {
    written(
        "let in before another who stood ahead",
        "UPDATE event SET data = json_set(data, '$.userId', (SELECT n.data ->> '$.userId' FROM event AS n
           WHERE n.type = 'TOKEN_ADMITTED' AND n.sequence > (SELECT max(sequence) / 2 FROM event) ORDER BY n.sequence LIMIT 1 OFFSET 1))
         WHERE sequence = (SELECT sequence FROM event WHERE type = 'TOKEN_ADMITTED' AND sequence > (SELECT max(sequence) / 2 FROM event) LIMIT 1)",
    );
}

#[test]
fn history_half_a_payment_is_found() {
    written(
        "half a payment",
        "UPDATE event SET type = 'SEAT_BLOCKED' WHERE sequence = (SELECT max(sequence) FROM event WHERE type = 'SEATS_SOLD')",
    );
}

/// The event of this type before the last exchange, or the last refund at all.
fn last_event(kind: &str) -> String {
    format!(
        "SELECT max(sequence) FROM event WHERE type = '{kind}'
         AND sequence < (SELECT max(sequence) FROM event WHERE type = 'SEATS_EXCHANGED')"
    )
}

#[test]
fn history_old_seats_kept_after_an_exchange_are_found() {
    let free = last_event("SEATS_REFUNDED");
    written(
        "refunded seats are not free",
        &format!("UPDATE event SET type = 'SEAT_BLOCKED' WHERE sequence = ({free}) - 1"),
    );
}

#[test]
fn history_exchange_for_more_seats_than_went_back_is_found() {
    let held = last_event("SEATS_HELD");
    written(
        "exchanged for",
        &format!("UPDATE event SET data = json_set(data, '$.seats', json('[\"1\",\"2\",\"3\",\"4\",\"6\"]'), '$.scheduleId', 99)
                  WHERE sequence = ({held})"),
    );
}

#[test]
fn history_money_for_a_guest_is_found() {
    written(
        "seats of",
        "UPDATE reservation_seat SET price = 50000 WHERE reservation_id IN
           (SELECT reservation_id FROM reservation WHERE method = 'FREE')",
    );
}

#[test]
fn history_full_price_for_a_child_is_found() {
    written("seats of", "UPDATE reservation_seat SET price = price * 2 WHERE tariff = 'Child' AND price > 0");
}

#[test]
fn history_seats_kept_for_somebody_and_sold_without_money_are_found() {
    written(
        "half a payment",
        "UPDATE event SET type = 'POINTS_CORRECTED' WHERE sequence =
           (SELECT max(sequence) FROM event AS e JOIN reservation AS r ON r.reservation_id = unhex(replace(e.data ->> '$.reservationId', '-', ''))
            WHERE type = 'POINTS_TOPPED_UP' AND exchanged_from IS NULL)",
    );
}

#[test]
fn history_sale_for_a_cancelled_date_is_found() {
    written(
        "of a date that was cancelled",
        "UPDATE event SET type = 'SCHEDULE_CANCELLED', data = '{\"scheduleId\":1}' WHERE sequence =
           (SELECT min(sequence) FROM event WHERE type = 'CONCERT_CHANGED')",
    );
}

#[test]
fn history_removed_user_who_is_still_there_is_found() {
    written("removed users", "UPDATE user SET removed_at = NULL WHERE removed_at IS NOT NULL");
}

#[test]
fn history_another_start_than_the_date_had_when_it_was_sold_is_found() {
    written("date of", "UPDATE reservation SET sold_starts_at = sold_starts_at + 1 WHERE sold_starts_at IS NOT NULL");
}

#[test]
fn balance_that_is_not_its_entries_is_found() {
    written("the tables say", "UPDATE balance SET points = points + 1 WHERE points > 0");
}

#[test]
fn seat_sold_after_the_end_of_its_hold_is_found() {
    written(
        "a hold lived on after its end",
        "UPDATE reservation SET hold_expires_at = created_at + 1 WHERE status = 'CONFIRMED'",
    );
}

#[test]
fn gap_in_the_feed_is_found() {
    written(
        "a gap in the feed",
        "UPDATE event SET sequence = sequence + 1 WHERE sequence = (SELECT max(sequence) FROM event)",
    );
}
