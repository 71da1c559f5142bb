//! Reads what the audit needs: the feed and everybody's books through the API.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::audit::{Account, Entry, Event, EventData, Reservation};
use super::connection::{Connection, Server};
use super::customer::{BoxedCustomer, Customer, text};
use crate::call::EventType;
use crate::client::{Answer, Call};
use crate::clock::Millis;

/// Events of a page, the most that the API gives; entries of a ledger's page.
const EVENTS_PAGE: usize = 1_000;
const ENTRIES_PAGE: usize = 100;

/// A GET that must succeed.
pub(super) fn get(connection: &mut Connection, path: &str, authorization: &str) -> Result<Value, String> {
    get_answer(connection, path, authorization).map(|answer| answer.json())
}

fn get_answer(connection: &mut Connection, path: &str, authorization: &str) -> Result<Answer, String> {
    let answer = connection.call(&Call::get(path, authorization)).map_err(|error| format!("GET {path}: {error}"))?;
    match answer.status {
        200 => Ok(answer),
        status => Err(format!("GET {path}: {status} {}", answer.code())),
    }
}

/// Why something was not read to its end.
const STOPPED: &str = "stopped";

/// A page of the feed. Its events are read one by one, as far as the audit needs them.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    events: Vec<PageEvent<'a>>,
}

#[derive(Deserialize)]
struct PageEvent<'a> {
    sequence: i64,
    #[serde(rename = "type")]
    kind: &'a str,
    at: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// All events after a number, oldest first; an error as soon as `stop` is set.
pub(super) fn events(
    connection: &mut Connection,
    staff: &str,
    after: i64,
    stop: &AtomicBool,
) -> Result<Vec<Event>, String> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        if stop.load(Relaxed) {
            return Err(STOPPED.into());
        }
        let last = events.last().map_or(after, |event| event.sequence);
        let answer = get_answer(connection, &format!("/staff/events?after={last}&limit={EVENTS_PAGE}"), staff)?;
        let failed = |error: serde_json::Error| format!("the events after {last} can't be read: {error}");
        let page: Page = serde_json::from_slice(&answer.body).map_err(failed)?;
        for event in &page.events {
            events.push(read_event(event).map_err(failed)?);
        }
        if page.events.len() < EVENTS_PAGE {
            return Ok(events);
        }
    }
}

fn read_event(event: &PageEvent) -> serde_json::Result<Event> {
    let kind = EventType::of(event.kind);
    let is_audited = kind.is_some_and(Event::is_audited);
    Ok(Event {
        sequence: event.sequence,
        kind,
        at_ms: Millis::parse_rfc3339(event.at).map_or(-1, Millis::unix_ms),
        data: if is_audited { serde_json::from_str(event.data.get())? } else { EventData::default() },
    })
}

/// The number of the last event.
pub(super) fn last_event(connection: &mut Connection, staff: &str) -> Result<i64, String> {
    let mut last = 0;
    loop {
        let page = get(connection, &format!("/staff/events?after={last}&limit={EVENTS_PAGE}"), staff)?;
        let page = page["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        last = page.last().and_then(|event| event["sequence"].as_i64()).unwrap_or(last);
        if page.len() < EVENTS_PAGE {
            return Ok(last);
        }
    }
}

/// The books of the customers that are to be read, each read with their own key; an error as soon as `stop` is set.
pub(super) fn read_all(
    server: &Server,
    schedule_id: i64,
    customers: &[BoxedCustomer],
    connections: usize,
    is_read: impl Fn(&Customer) -> bool + Sync,
    stop: &AtomicBool,
) -> Result<Vec<Account>, String> {
    let next = AtomicUsize::new(0);
    let accounts = Mutex::new(Vec::new());
    let read = || -> Result<(), String> {
        let mut connection = server.connect();
        while let Some(customer) = customers.get(next.fetch_add(1, Relaxed)) {
            if stop.load(Relaxed) {
                return Err(STOPPED.into());
            }
            if is_read(customer) {
                let account = read_account(&mut connection, schedule_id, customer)?;
                accounts.lock().push(account);
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
    Ok(accounts.into_inner())
}

fn read_account(connection: &mut Connection, schedule_id: i64, customer: &Customer) -> Result<Account, String> {
    let (user, basic) = (format!("/users/{}", customer.user_text()), customer.basic());
    let balance = get(connection, &format!("{user}/balance"), &basic)?;
    let mut entries = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(connection, &format!("{user}/balance/entries?limit={ENTRIES_PAGE}{cursor}"), &basic)?;
        entries.extend(list(&page["entries"]).iter().map(|entry| Entry {
            amount: number(entry, "amount"),
            balance_after: number(entry, "balanceAfter"),
            kind: text(entry, "kind"),
        }));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    entries.reverse(); // the API gives the newest first
    let reservations = get(connection, "/reservations", &basic)?;
    let of_the_date = list(&reservations["reservations"]).iter().filter(|one| one["scheduleId"] == schedule_id);
    Ok(Account {
        user_id: customer.user_text(),
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
