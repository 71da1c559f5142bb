//! Reads what the audit needs: the feed and everybody's books through the API.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use serde_json::Value;

use super::audit::{Account, Entry, Event, Reservation};
use super::customer::{Customer, text};
use crate::call::EventType;
use crate::client::{Call, Client, ServerAddress};
use crate::clock::Millis;

/// Events of a page, the most that the API gives; entries of a ledger's page.
const EVENTS_PAGE: usize = 1_000;
const ENTRIES_PAGE: usize = 100;

/// A GET that must succeed.
pub(super) fn get(client: &mut Client, path: &str, authorization: &str) -> Result<Value, String> {
    let answer = client.call(&Call::get(path, authorization)).map_err(|error| format!("GET {path}: {error}"))?;
    match answer.status {
        200 => Ok(answer.json()),
        status => Err(format!("GET {path}: {status} {}", answer.code())),
    }
}

/// Why something was not read to its end.
const STOPPED: &str = "stopped";

/// All events after a number, oldest first; an error as soon as `stop` is set.
pub(super) fn events(client: &mut Client, staff: &str, after: i64, stop: &AtomicBool) -> Result<Vec<Event>, String> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        if stop.load(Relaxed) {
            return Err(STOPPED.into());
        }
        let last = events.last().map_or(after, |event| event.sequence);
        let mut page = get(client, &format!("/staff/events?after={last}&limit={EVENTS_PAGE}"), staff)?;
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
        kind: EventType::of(event["type"].as_str().unwrap_or("")),
        at_ms: event["at"].as_str().and_then(Millis::parse_rfc3339).map_or(-1, Millis::unix_ms),
        data: event["data"].take(),
    }
}

/// The number of the last event.
pub(super) fn last_event(client: &mut Client, staff: &str) -> Result<i64, String> {
    let mut last = 0;
    loop {
        let page = get(client, &format!("/staff/events?after={last}&limit={EVENTS_PAGE}"), staff)?;
        let page = page["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        last = page.last().and_then(|event| event["sequence"].as_i64()).unwrap_or(last);
        if page.len() < EVENTS_PAGE {
            return Ok(last);
        }
    }
}

/// The books of the customers that are to be read, each read with their own key; an error as soon as `stop` is set.
pub(super) fn read_all(
    address: &ServerAddress,
    schedule_id: i64,
    customers: &[Customer],
    connections: usize,
    is_read: impl Fn(&Customer) -> bool + Sync,
    stop: &AtomicBool,
) -> Result<Vec<Account>, String> {
    let next = AtomicUsize::new(0);
    let accounts = Mutex::new(Vec::with_capacity(customers.len()));
    let read = || -> Result<(), String> {
        let mut client = Client::to(address);
        while let Some(customer) = customers.get(next.fetch_add(1, Relaxed)) {
            if stop.load(Relaxed) {
                return Err(STOPPED.into());
            }
            if is_read(customer) {
                let account = read_account(&mut client, schedule_id, customer)?;
                accounts.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(account);
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
    Ok(accounts.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

fn read_account(client: &mut Client, schedule_id: i64, customer: &Customer) -> Result<Account, String> {
    let user = format!("/users/{}", customer.user_id);
    let balance = get(client, &format!("{user}/balance"), &customer.basic)?;
    let mut entries = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(client, &format!("{user}/balance/entries?limit={ENTRIES_PAGE}{cursor}"), &customer.basic)?;
        entries.extend(list(&page["entries"]).iter().map(|entry| Entry {
            amount: number(entry, "amount"),
            balance_after: number(entry, "balanceAfter"),
            kind: text(entry, "kind"),
        }));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    entries.reverse(); // the API gives the newest first
    let reservations = get(client, "/reservations", &customer.basic)?;
    let of_the_date = list(&reservations["reservations"]).iter().filter(|one| one["scheduleId"] == schedule_id);
    Ok(Account {
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
