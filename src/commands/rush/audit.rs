//! The audit of a sale: pure checks over the events feed and everybody's books. Each gives back the faults it found.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde::Deserialize;

use crate::call::EventType;
use crate::reservation::Status;

/// The length of the window of `admitPerMinute`, in milliseconds.
const WINDOW_MS: i64 = 60_000;

/// One event of the feed, as far as the audit needs it: there are some for each customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub sequence: i64,
    /// What happened; `None` for what this version does not know.
    pub kind: Option<EventType>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What belongs to it.
    pub data: EventData,
}

/// What belongs to an event. What its type does not have is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EventData {
    pub user_id: Option<Box<str>>,
    pub schedule_id: Option<i64>,
    pub seats: Vec<Box<str>>,
    pub amount: Option<i64>,
    pub guest: bool,
    pub place_restored: bool,
    pub by_hand: bool,
    pub max_active: Option<i64>,
    pub admit_per_minute: Option<i64>,
}

impl Event {
    /// Whether the audit needs what belongs to events of a type.
    pub fn is_audited(kind: EventType) -> bool {
        use EventType::*;
        matches!(
            kind,
            TokenIssued
                | TokenAdmitted
                | TokenExpired
                | QueueChanged
                | SeatsSold
                | SeatsReleased
                | PaymentCompleted
                | ReservationRefunded
        )
    }

    /// Whom it is about, where it is about somebody.
    pub fn user(&self) -> &str {
        self.data.user_id.as_deref().unwrap_or_default()
    }
}

/// One line of somebody's ledger, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// By how much the balance changed.
    pub amount: i64,
    pub balance_after: i64,
    /// `TOP_UP`, `PAYMENT`, `REFUND`, `CORRECTION`.
    pub kind: String,
}

/// A reservation as its owner is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    pub status: String,
    /// What it costs.
    pub amount: i64,
    /// Its seats, each with its price.
    pub seats: Vec<(String, i64)>,
    /// The seats for which there is a ticket.
    pub tickets: Vec<String>,
}

/// What one customer was told, and what the API says of them afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub user_id: String,
    pub balance: i64,
    /// The ledger, oldest first.
    pub entries: Vec<Entry>,
    /// Their reservations of the date on sale.
    pub reservations: Vec<Reservation>,
    /// Points whose top-up was acknowledged.
    pub told_topped_up: i64,
    /// Points whose payment was acknowledged.
    pub told_paid: i64,
    /// Seats for which a ticket was given.
    pub told_seats: Vec<String>,
}

impl Account {
    fn sum(&self, kind: &str) -> i64 {
        self.entries.iter().filter(|entry| entry.kind == kind).map(|entry| entry.amount).sum()
    }

    fn confirmed(&self) -> impl Iterator<Item = &Reservation> {
        self.reservations.iter().filter(|reservation| reservation.status == Status::Confirmed.word())
    }
}

/// The feed has every number after `after`, in order, and time does not run backwards in it.
pub fn gaps(events: &[Event], after: i64) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut last, mut last_ms) = (after, i64::MIN);
    for event in events {
        if event.sequence != last + 1 {
            faults.push(format!("event {} follows event {last}", event.sequence));
        }
        if event.at_ms < last_ms {
            faults.push(format!("event {} happened before the one before it", event.sequence));
        }
        (last, last_ms) = (event.sequence, event.at_ms);
    }
    faults
}

/// No seat of a date was sold while it belonged to somebody, by the feed and by everybody's tickets.
pub fn sold_twice(events: &[Event], schedule_id: i64, accounts: &[Account]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut owner: HashMap<&str, &str> = HashMap::new();
    for event in events.iter().filter(|event| event.data.schedule_id == Some(schedule_id)) {
        for seat in event.data.seats.iter().map(|seat| &**seat) {
            match event.kind {
                Some(EventType::SeatsSold) => {
                    if let Some(before) = owner.insert(seat, event.user()) {
                        faults.push(format!("event {}: seat {seat} was {before}'s already", event.sequence));
                    }
                }
                Some(EventType::SeatsReleased) => drop(owner.remove(seat)),
                _ => {}
            }
        }
    }
    let mut ticket: HashMap<&str, &str> = HashMap::new();
    for account in accounts {
        let tickets: HashSet<&str> =
            account.confirmed().flat_map(|reservation| &reservation.tickets).map(String::as_str).collect();
        for seat in &tickets {
            if let Some(other) = ticket.insert(seat, &account.user_id) {
                faults.push(format!("{other} and {} both have a ticket for seat {seat}", account.user_id));
            }
            if owner.get(seat) != Some(&account.user_id.as_str()) {
                faults.push(format!("{} has a ticket for seat {seat}, which the feed does not tell", account.user_id));
            }
        }
        for seat in account.told_seats.iter().filter(|seat| !tickets.contains(seat.as_str())) {
            faults.push(format!("{} was given a ticket for seat {seat} that is not theirs now", account.user_id));
        }
    }
    faults
}

/// Everybody's ledger adds up, agrees with what they were told, and every point spent bought a seat at its price.
pub fn lost_points(accounts: &[Account]) -> Vec<String> {
    let mut faults = Vec::new();
    for account in accounts {
        let mut balance = 0;
        for entry in &account.entries {
            balance += entry.amount;
            if balance != entry.balance_after {
                faults
                    .push(format!("{}: {} points after an entry, not {balance}", account.user_id, entry.balance_after));
            }
        }
        let bought: i64 = account.confirmed().flat_map(|reservation| &reservation.seats).map(|(_, price)| price).sum();
        let paid = -account.sum("PAYMENT") - account.sum("REFUND");
        let amounts: i64 = account.confirmed().map(|reservation| reservation.amount).sum();
        for (what, is, due) in [
            ("the ledger's sum and the balance", balance, account.balance),
            ("top-ups in the ledger and those acknowledged", account.sum("TOP_UP"), account.told_topped_up),
            ("payments in the ledger and those acknowledged", paid, account.told_paid),
            ("payments in the ledger and the prices of the seats bought", paid, bought),
            ("amounts of the reservations and the prices of their seats", amounts, bought),
        ] {
            if is != due {
                faults.push(format!("{}: {what} differ: {is} and {due}", account.user_id));
            }
        }
    }
    faults
}

/// Money taken as the feed tells it is the money of everybody's books; seats likewise.
pub fn money_and_seats(events: &[Event], schedule_id: i64, accounts: &[Account], seats_total: usize) -> Vec<String> {
    let ours: HashSet<&str> = accounts.iter().map(|account| account.user_id.as_str()).collect();
    let of_us = |event: &&Event| ours.contains(event.user());
    let told = |kind: EventType| events.iter().filter(move |event| event.kind == Some(kind)).filter(of_us);
    let taken: i64 = told(EventType::PaymentCompleted).filter_map(|event| event.data.amount).sum();
    let refunded: i64 = told(EventType::ReservationRefunded).filter_map(|event| event.data.amount).sum();
    let paid: i64 = accounts.iter().map(|account| -account.sum("PAYMENT") - account.sum("REFUND")).sum();
    let mut faults = Vec::new();
    if taken - refunded != paid {
        faults.push(format!("the feed tells of {} points paid, the ledgers of {paid}", taken - refunded));
    }
    let bought: usize = accounts.iter().flat_map(Account::confirmed).map(|reservation| reservation.seats.len()).sum();
    let ticketed: usize =
        accounts.iter().flat_map(Account::confirmed).map(|reservation| reservation.tickets.len()).sum();
    let sold = told(EventType::SeatsSold)
        .filter(|event| event.data.schedule_id == Some(schedule_id))
        .map(|event| event.data.seats.len())
        .sum::<usize>();
    if bought != ticketed {
        faults.push(format!("{bought} seats bought and {ticketed} tickets"));
    }
    if refunded == 0 && bought != sold {
        faults.push(format!("{bought} seats bought and {sold} sold by the feed"));
    }
    if bought > seats_total {
        faults.push(format!("{bought} seats bought of {seats_total}"));
    }
    faults
}

/// Nobody was let in before somebody who had come earlier and still waited. Who got a lost place back has come when
/// they first did. Those placed by a draw or at the front by staff are not looked at: their order is not the order of
/// coming.
pub fn overtaken(events: &[Event]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut waiting: BTreeMap<i64, &str> = BTreeMap::new();
    let (mut number, mut lost): (HashMap<&str, i64>, HashMap<&str, i64>) = Default::default();
    for event in events {
        let user = event.user();
        match event.kind {
            Some(EventType::TokenIssued) if !event.data.guest => {
                let restored = event.data.place_restored;
                let own = lost.get(user).copied().filter(|_| restored).unwrap_or(event.sequence);
                waiting.insert(own, user);
                number.insert(user, own);
            }
            Some(EventType::TokenAdmitted) => {
                let Some(own) = number.remove(user) else { continue }; // issued before this feed begins
                lost.insert(user, own); // one who never calls is dropped
                if let Some((_, first)) = waiting.first_key_value().filter(|(first, _)| **first < own) {
                    faults.push(format!("event {}: {user} was let in before {first}", event.sequence));
                }
                waiting.remove(&own);
            }
            Some(EventType::TokenExpired) => {
                if let Some(own) = number.remove(user) {
                    waiting.remove(&own);
                    lost.insert(user, own);
                }
            }
            Some(EventType::QueueDrawn) => {
                waiting.clear();
                number.clear();
            }
            _ => {}
        }
    }
    faults
}

/// The limits of the line, 0 meaning none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Active tokens at once.
    pub max_active: i64,
    /// Admissions in any 60 seconds.
    pub admit_per_minute: i64,
}

/// Never more active than `maxActive`, never more admissions than `admitPerMinute` in any sliding minute, by the limits
/// in force at the moment: `QUEUE_CHANGED` events change them. `active` were active when the feed begins.
pub fn limits_broken(events: &[Event], mut limits: Limits, mut active: i64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut inside: HashSet<&str> = HashSet::new();
    let mut window: VecDeque<i64> = VecDeque::new();
    for event in events {
        match event.kind {
            Some(EventType::QueueChanged) => {
                limits.max_active = event.data.max_active.unwrap_or(limits.max_active);
                limits.admit_per_minute = event.data.admit_per_minute.unwrap_or(limits.admit_per_minute);
            }
            Some(EventType::TokenAdmitted) => {
                while window.front().is_some_and(|at_ms| *at_ms <= event.at_ms - WINDOW_MS) {
                    window.pop_front();
                }
                window.push_back(event.at_ms);
                active += 1;
                inside.insert(event.user());
                if event.data.by_hand {
                    continue; // staff let them in past the limits, which count them afterwards
                }
                if limits.max_active > 0 && active > limits.max_active {
                    faults
                        .push(format!("event {}: {active} active, the limit is {}", event.sequence, limits.max_active));
                }
                let admitted = window.len() as i64; // a minute's admissions: far below 2^63
                if limits.admit_per_minute > 0 && admitted > limits.admit_per_minute {
                    let limit = limits.admit_per_minute;
                    faults.push(format!(
                        "event {}: {admitted} let in within a minute, the limit is {limit}",
                        event.sequence
                    ));
                }
            }
            Some(EventType::TokenExpired) if inside.remove(event.user()) => active -= 1,
            _ => {}
        }
    }
    faults
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
