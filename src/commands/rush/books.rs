//! Reads what the audit needs: the feed and everybody's books through the API, and the sums of the file.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::audit::{Book, Entry, Event, Reservation};
use super::customer::{Customer, text};
use crate::clock::Millis;
use crate::commands::wire::{Call, Place, Wire};

/// Events of a page, the most that the API gives; entries of a ledger's page.
const EVENTS_PAGE: usize = 1_000;
const ENTRIES_PAGE: usize = 100;

/// A GET that must succeed.
pub(super) fn get(wire: &mut Wire, path: &str, authorization: &str) -> Result<Value, String> {
    let answer = wire.call(&Call::get(path, authorization)).map_err(|error| format!("GET {path}: {error}"))?;
    match answer.status {
        200 => Ok(answer.json()),
        status => Err(format!("GET {path}: {status} {}", answer.code())),
    }
}

/// All events after a number, oldest first.
pub(super) fn events(wire: &mut Wire, staff: &str, after: i64) -> Result<Vec<Event>, String> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let last = events.last().map_or(after, |event| event.sequence);
        let mut page = get(wire, &format!("/staff/events?after={last}&limit={EVENTS_PAGE}"), staff)?;
        let Value::Array(page) = page["events"].take() else { return Err("a page of events without events".into()) };
        let full = page.len() == EVENTS_PAGE;
        events.extend(page.into_iter().map(event));
        if !full {
            return Ok(events);
        }
    }
}

fn event(mut event: Value) -> Event {
    Event {
        sequence: event["sequence"].as_i64().unwrap_or(-1),
        kind: text(&event, "type"),
        at_ms: event["at"].as_str().and_then(Millis::parse_rfc3339).map_or(-1, Millis::unix_ms),
        data: event["data"].take(),
    }
}

/// The number of the last event.
pub(super) fn last_event(wire: &mut Wire, staff: &str) -> Result<i64, String> {
    let mut last = 0;
    loop {
        let page = get(wire, &format!("/staff/events?after={last}&limit={EVENTS_PAGE}"), staff)?;
        let page = page["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        last = page.last().and_then(|event| event["sequence"].as_i64()).unwrap_or(last);
        if page.len() < EVENTS_PAGE {
            return Ok(last);
        }
    }
}

/// The books of all customers, each read with their own key.
pub(super) fn read_all(
    place: &Place,
    schedule_id: i64,
    customers: &[Customer],
    connections: usize,
) -> Result<Vec<Book>, String> {
    let next = AtomicUsize::new(0);
    let books = Mutex::new(Vec::with_capacity(customers.len()));
    let read = || -> Result<(), String> {
        let mut wire = Wire::to(place);
        while let Some(customer) = customers.get(next.fetch_add(1, Relaxed)) {
            if !customer.user_id.is_empty() {
                let book = read_book(&mut wire, schedule_id, customer)?;
                books.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(book);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(read)).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(books.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

fn read_book(wire: &mut Wire, schedule_id: i64, customer: &Customer) -> Result<Book, String> {
    let user = format!("/users/{}", customer.user_id);
    let balance = get(wire, &format!("{user}/balance"), &customer.basic)?;
    let mut entries = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(wire, &format!("{user}/balance/entries?limit={ENTRIES_PAGE}{cursor}"), &customer.basic)?;
        entries.extend(list(&page["entries"]).iter().map(|entry| Entry {
            amount: number(entry, "amount"),
            balance_after: number(entry, "balanceAfter"),
            kind: text(entry, "kind"),
        }));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    entries.reverse(); // the API gives the newest first
    let reservations = get(wire, "/reservations", &customer.basic)?;
    let of_the_date = list(&reservations["reservations"]).iter().filter(|one| one["scheduleId"] == schedule_id);
    Ok(Book {
        user_id: customer.user_id.clone(),
        balance: number(&balance, "balance"),
        entries,
        reservations: of_the_date.map(reservation).collect(),
        told_topped_up: customer.visit.topped_up,
        told_paid: customer.visit.paid,
        told_seats: customer.visit.seats.clone(),
    })
}

fn reservation(value: &Value) -> Reservation {
    Reservation {
        status: text(value, "status"),
        amount: number(value, "amount"),
        seats: list(&value["seats"]).iter().map(|seat| (text(seat, "seat"), number(seat, "price"))).collect(),
        tickets: list(&value["tickets"]).iter().map(|ticket| text(ticket, "seat")).collect(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or(i64::MIN) // a missing number can agree with nothing
}

/// What must find no row in a sound file, each with what a row means.
const NONE_OF: [(&str, &str); 7] = [
    ("a feed with a gap", "SELECT 1 FROM (SELECT count(*) AS count, max(sequence) AS last FROM event) WHERE count <> coalesce(last, 0)"),
    (
        "a balance that is not the sum of its ledger",
        "SELECT 1 FROM balance LEFT JOIN (SELECT user_id, sum(amount) AS sum FROM ledger_entry GROUP BY user_id) USING (user_id)
         WHERE points <> coalesce(sum, 0)",
    ),
    ("a ledger without a balance", "SELECT 1 FROM ledger_entry WHERE user_id NOT IN (SELECT user_id FROM balance)"),
    (
        "a seat bought by two",
        "SELECT 1 FROM reservation_seat JOIN reservation USING (reservation_id) WHERE status = 'CONFIRMED'
         GROUP BY schedule_id, seat_no HAVING count(*) > 1",
    ),
    (
        "a seat bought that is not sold to its buyer",
        "SELECT 1 FROM reservation_seat JOIN reservation AS r USING (reservation_id)
         LEFT JOIN claim AS c ON c.schedule_id = r.schedule_id AND c.seat_no = reservation_seat.seat_no
         WHERE r.status = 'CONFIRMED' AND (c.status IS NOT 'SOLD' OR c.reservation_id IS NOT r.reservation_id)",
    ),
    (
        "a seat sold without a buyer",
        "SELECT 1 FROM claim LEFT JOIN reservation AS r USING (reservation_id)
         WHERE claim.status = 'SOLD' AND r.status IS NOT 'CONFIRMED'",
    ),
    (
        "a purchase whose payment is not its price",
        "SELECT 1 FROM reservation AS r WHERE status = 'CONFIRMED'
         AND (amount <> (SELECT sum(price) FROM reservation_seat WHERE reservation_id = r.reservation_id)
              OR -amount IS NOT (SELECT amount FROM ledger_entry WHERE reservation_id = r.reservation_id AND kind = 'PAYMENT'))",
    ),
];

/// Looks into the file itself, beside the running house.
pub(super) fn look_into_file(path: &Path) -> rusqlite::Result<Vec<String>> {
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut faults = Vec::new();
    for (what, query) in NONE_OF {
        let found: i64 = file.query_row(&format!("SELECT count(*) FROM ({query})"), [], |row| row.get(0))?;
        if found > 0 {
            faults.push(format!("the file has {what} ({found} times)"));
        }
    }
    let sound: String = file.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        faults.push(format!("the file is damaged: {sound}"));
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one purchase of seat 1 by a user for 500 points.
    fn file(tamper: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hall.db");
        let file = Connection::open(&path).unwrap();
        file.execute_batch(include_str!("../../../schema.sql")).unwrap();
        file.execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO user VALUES (zeroblob(16), 'Kim', zeroblob(32), 0);
             INSERT INTO event (sequence, type, at, data) VALUES (1, 'A', 0, '{}'), (2, 'B', 0, '{}');
             INSERT INTO balance VALUES (zeroblob(16), 100, 0);
             INSERT INTO reservation (reservation_id, user_id, schedule_id, status, amount, created_at, hold_expires_at,
                 ended_at, payment_id, paid_at) VALUES (zeroblob(16), zeroblob(16), 1, 'CONFIRMED', 500, 0, 1, 1, zeroblob(16), 1);
             INSERT INTO reservation_seat VALUES (zeroblob(16), 0, '1', 500);
             INSERT INTO claim VALUES (1, 0, 'SOLD', zeroblob(16), zeroblob(16), NULL, NULL);
             INSERT INTO ledger_entry (user_id, kind, amount, balance_after, reservation_id, at)
                 VALUES (zeroblob(16), 'TOP_UP', 600, 600, NULL, 0), (zeroblob(16), 'PAYMENT', -500, 100, zeroblob(16), 0);",
        )
        .unwrap();
        file.execute_batch(tamper).unwrap();
        look_into_file(&path).unwrap()
    }

    #[test]
    fn a_sound_file_has_no_faults() {
        assert_eq!(file(""), Vec::<String>::new());
    }

    #[test]
    fn a_tampered_file_is_found_out() {
        for (tamper, found) in [
            ("DELETE FROM event WHERE sequence = 1", "a feed with a gap"),
            ("UPDATE balance SET points = 99", "a balance that is not"),
            ("DELETE FROM balance", "a ledger without a balance"),
            ("DELETE FROM claim", "a seat bought that is not sold"),
            ("DELETE FROM reservation", "a seat sold without a buyer"),
            ("UPDATE reservation SET amount = 499", "a purchase whose payment"),
            ("DELETE FROM ledger_entry WHERE kind = 'PAYMENT'", "a purchase whose payment"),
            (
                "INSERT INTO reservation SELECT randomblob(16), user_id, schedule_id, status, amount, created_at,
                 hold_expires_at, ended_at, failure, randomblob(16), declined_count, paid_at, refunded_at FROM reservation;
                 INSERT INTO reservation_seat SELECT reservation_id, 0, '1', 500 FROM reservation WHERE payment_id <> zeroblob(16)",
                "a seat bought by two",
            ),
        ] {
            let faults = file(tamper);
            assert!(faults.iter().any(|fault| fault.contains(found)), "{tamper}: {faults:?}");
        }
    }
}
