//! The feed of events, replayed by the rules of the venue.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::Connection;
use serde_json::Value;

use super::Rules;
use super::tables::Tables;

/// One event; its number is its place in the list, counted from 1.
#[derive(Debug, Clone)]
pub struct Event {
    pub sequence: i64,
    pub kind: String,
    pub at: i64,
    pub told: Value,
}

impl Event {
    pub fn text(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap_or("")
    }

    pub fn number(&self, name: &str) -> i64 {
        self.told[name].as_i64().unwrap_or(i64::MIN)
    }

    /// The seats that it lists under this name.
    pub fn seats(&self, name: &str) -> Seats {
        let labels = self.told[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let schedule = self.number("scheduleId");
        labels.iter().map(|label| (schedule, label.as_str().unwrap_or("").to_owned())).collect()
    }
}

pub fn read(file: &Connection) -> rusqlite::Result<Vec<Event>> {
    let mut statement = file.prepare("SELECT sequence, type, at, data FROM event ORDER BY sequence")?;
    let events = statement.query_map([], |row| {
        let told: String = row.get(3)?;
        let told = serde_json::from_str(&told).unwrap_or(Value::Null);
        Ok(Event { sequence: row.get(0)?, kind: row.get(1)?, at: row.get(2)?, told })
    })?;
    events.collect()
}

/// What something was, from which event on. A state that comes with time may have been seen from
/// an earlier event on, before it was written down.
#[derive(Debug, Clone)]
pub struct Timeline<T>(Vec<(usize, usize, T)>);

impl<T: Clone + PartialEq> Timeline<T> {
    pub fn from(state: T) -> Timeline<T> {
        Timeline(vec![(0, 0, state)])
    }

    pub fn last(&self) -> &T {
        &self.0[self.0.len() - 1].2
    }

    pub(super) fn becomes(&mut self, event: usize, seen_from: usize, state: T) {
        self.0.push((event, seen_from, state));
    }

    /// Whether it was so at some moment from the event `from` to the event `to`.
    pub fn was(&self, (from, to): (usize, usize), is_so: impl Fn(&T) -> bool) -> bool {
        let ends = self.0.iter().skip(1).map(|(event, ..)| event - 1).chain([usize::MAX]);
        self.0.iter().zip(ends).any(|((_, seen, state), end)| from <= end && *seen <= to && is_so(state))
    }

    /// What it was right after an event.
    pub fn at(&self, event: usize) -> Option<&T> {
        self.0.iter().rfind(|(from, ..)| *from <= event).map(|(.., state)| state)
    }

    /// The event at which it became so.
    pub fn became(&self, state: &T) -> Option<usize> {
        self.0.iter().find(|(.., one)| one == state).map(|(event, ..)| *event)
    }

    pub fn is_ever(&self, state: &T) -> bool {
        self.0.iter().any(|(.., one)| one == state)
    }

    /// The events at which it changed.
    pub fn changes(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|(event, ..)| *event)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum TokenState {
    Outside,
    Waiting,
    Active,
    /// The token is over, for this reason.
    Over(String),
}

/// A token: of whom, in which line and on which place, the event that issued it, let it in, ended it.
#[derive(Debug, Clone)]
pub struct Stay {
    pub user: String,
    pub line: i64,
    /// Its number among the stays, or that of the stay whose place was given back to it.
    pub place: usize,
    pub issued: usize,
    pub admitted: Option<usize>,
    pub ended: Option<usize>,
}

/// The seats of a reservation, sorted.
pub type Seats = BTreeSet<(i64, String)>;

#[derive(Debug, Clone)]
pub struct Reserved {
    pub user: String,
    pub at_counter: bool,
    /// Its seats; once all of them are free, those that it had last.
    pub seats: Timeline<Seats>,
    pub returned: Seats,
    /// Whether its seats cost nothing, as those of guests do.
    pub is_free: bool,
    pub held: usize,
    /// The changes while it was unpaid, and the refunds of some seats or all, with which seats each was of.
    pub changed: Vec<(usize, Seats)>,
    pub refunded: Vec<(usize, Seats)>,
    pub sold: Option<usize>,
    pub released: Option<usize>,
    pub declined: Option<usize>,
    pub paid: Option<usize>,
    pub balance_after: i64,
    pub status: Timeline<&'static str>,
}

/// Paid seats of a reservation that were exchanged for those of another.
#[derive(Debug, Clone)]
pub struct SeatExchange {
    pub from: String,
    pub back: Seats,
    /// The refund that is part of it.
    pub refund: usize,
}

/// What the feed tells.
pub struct Story {
    pub events: Vec<Event>,
    pub stays: Vec<Stay>,
    /// The stays of a user, in order.
    pub stays_of: HashMap<String, Vec<usize>>,
    pub states: HashMap<String, Timeline<TokenState>>,
    pub seats: HashMap<(i64, String), Timeline<Option<String>>>,
    pub reserved: HashMap<String, Reserved>,
    /// By the reservation of the new seats.
    pub exchanges: HashMap<String, SeatExchange>,
    pub balances: HashMap<String, Timeline<i64>>,
    /// Top-ups and payouts by their ids.
    pub topped_up: HashMap<i64, usize>,
    pub paid_out: HashMap<i64, usize>,
    /// When each date begins, and the events that cancelled dates and removed users.
    pub starts: HashMap<i64, Timeline<String>>,
    pub cancelled: HashMap<i64, usize>,
    pub removed: HashMap<String, usize>,
    /// How many seats each date has.
    pub sizes: HashMap<i64, usize>,
    /// The stays that wait, each behind its place, and how many are active, by line.
    waiting: BTreeMap<i64, BTreeSet<(usize, usize)>>,
    active: BTreeMap<i64, usize>,
    pub(super) rules: Rules,
}

impl Story {
    pub fn of(events: &[Event], tables: &Tables, rules: Rules, faults: &mut Vec<String>) -> Story {
        let mut story = Story {
            events: events.to_vec(),
            stays: Vec::new(),
            stays_of: HashMap::new(),
            states: HashMap::new(),
            seats: HashMap::new(),
            reserved: HashMap::new(),
            exchanges: HashMap::new(),
            balances: HashMap::new(),
            topped_up: HashMap::new(),
            paid_out: HashMap::new(),
            starts: HashMap::new(),
            cancelled: HashMap::new(),
            removed: HashMap::new(),
            sizes: tables.dates.iter().map(|(schedule, date)| (*schedule, date.seats)).collect(),
            waiting: BTreeMap::new(),
            active: BTreeMap::new(),
            rules,
        };
        let mut at = i64::MIN;
        for (n, event) in (1..).zip(events) {
            let told = if event.sequence != n as i64 {
                Err("a gap in the feed".to_owned())
            } else if event.at < at {
                Err("time ran backwards".to_owned())
            } else {
                story.replay(n, event, tables)
            };
            at = event.at;
            if let Err(what) = told {
                faults.push(format!("event {n} {} {}: {what}", event.kind, event.told));
            }
        }
        story
    }

    fn replay(&mut self, n: usize, event: &Event, tables: &Tables) -> Result<(), String> {
        let user = event.text("userId").to_owned();
        if self.removed.contains_key(&user) {
            return Err("of somebody who was removed".into());
        }
        match &*event.kind {
            "TOKEN_ISSUED" => self.issued(n, user, event),
            "TOKEN_ADMITTED" => self.admitted(n, &user),
            "TOKEN_EXPIRED" => self.ended(n, &user, event.text("reason")),
            "SEATS_HELD" => self.held(n, user, event, tables),
            "HOLD_CHANGED" => self.changed(n, event),
            "SEATS_RELEASED" => self.released(n, event, tables),
            "SEATS_SOLD" => self.sold(n, event, tables),
            "SEATS_REFUNDED" | "RESERVATION_REFUNDED" => self.refunded(n, &user, event),
            "SEATS_EXCHANGED" => self.exchanged(event),
            "POINTS_TOPPED_UP" => {
                self.topped_up.insert(event.number("topUpId"), n);
                self.points(n, &user, event.number("amount"), Some(event.number("balance")))
            }
            "POINTS_PAID_OUT" => {
                self.paid_out.insert(event.number("payoutId"), n);
                self.points(n, &user, -event.number("amount"), Some(event.number("balance")))
            }
            "SCHEDULE_CHANGED" => self.date_changed(n, event),
            "SCHEDULE_CANCELLED" => self.date_cancelled(n, event),
            "USER_REMOVED" => self.removed(n, &user),
            "PAYMENT_COMPLETED" => self.paid(n, &user, event),
            "PAYMENT_DECLINED" => self.declined(n, &user, event),
            _ => Ok(()),
        }
    }

    fn stands(&mut self, n: usize, seen_from: usize, user: &str, states: TokenState) {
        let timeline = self.states.entry(user.to_owned()).or_insert_with(|| Timeline::from(TokenState::Outside));
        timeline.becomes(n, seen_from, states);
    }

    /// The token that a user has.
    pub(super) fn stay_of(&self, user: &str) -> Option<usize> {
        let last = *self.stays_of.get(user)?.last()?;
        self.stays[last].ended.is_none().then_some(last)
    }

    fn issued(&mut self, n: usize, user: String, event: &Event) -> Result<(), String> {
        if self.stay_of(&user).is_some() {
            return Err("a second token".into());
        }
        let line = event.told["concertId"].as_i64().unwrap_or(0);
        let (new, restored) = (self.stays.len(), event.told["placeRestored"] == true);
        let place = if restored { self.lost_place(&user, line)? } else { new };
        self.stands(n, n, &user, TokenState::Waiting);
        self.stays_of.entry(user.clone()).or_default().push(new);
        self.waiting.entry(line).or_default().insert((place, new));
        self.stays.push(Stay { user, line, place, issued: n, admitted: None, ended: None });
        Ok(())
    }

    /// The place that may be given back: of the last stay of the user in the line, if it ended by inactivity and nobody
    /// who stood behind was let in since.
    fn lost_place(&self, user: &str, line: i64) -> Result<usize, String> {
        let mut stays = self.stays_of.get(user).into_iter().flatten().map(|stay| &self.stays[*stay]);
        let lost = stays.rfind(|stay| stay.line == line).ok_or("a place given back that there never was")?;
        let ended = lost.ended.filter(|ended| self.events[ended - 1].text("reason") == "ABANDONED");
        let ended = ended.ok_or("a place given back that was not lost by inactivity")?;
        let overtook = |stay: &&Stay| {
            stay.line == line && stay.place > lost.place && stay.admitted.is_some_and(|admitted| admitted > ended)
        };
        match self.stays.iter().find(overtook) {
            Some(other) => Err(format!("a place given back although {} overtook", other.user)),
            None => Ok(lost.place),
        }
    }

    fn admitted(&mut self, n: usize, user: &str) -> Result<(), String> {
        let stay = self.stay_of(user).ok_or("let in without a token")?;
        let line = self.stays[stay].line;
        let waiting = self.waiting.entry(line).or_default();
        let first = waiting.first().copied();
        let own = (self.stays[stay].place, stay);
        if !waiting.remove(&own) {
            return Err("let in without waiting".into());
        }
        self.stays[stay].admitted = Some(n);
        self.stands(n, n, user, TokenState::Active);
        let active = self.active.entry(line).or_default();
        *active += 1;
        let inside = *active;
        if first != Some(own) {
            return Err("let in before another who stood ahead and was still there".into());
        }
        let room = inside <= self.rules.max_active;
        room.then_some(()).ok_or_else(|| format!("{inside} are inside"))
    }

    fn ended(&mut self, n: usize, user: &str, reason: &str) -> Result<(), String> {
        let stay = self.stay_of(user).ok_or("ended without a token")?;
        let line = self.stays[stay].line;
        if !self.waiting.entry(line).or_default().remove(&(self.stays[stay].place, stay)) {
            *self.active.entry(line).or_default() -= 1;
        }
        self.stays[stay].ended = Some(n);
        // What ends by time is true before it is written down.
        let by_time = matches!(reason, "TIMED_OUT" | "ABANDONED");
        self.stands(n, if by_time { self.stays[stay].issued } else { n }, user, TokenState::Over(reason.to_owned()));
        let is_own = |one: &&Reserved| one.user == user && !one.at_counter;
        let pending = self.reserved.values().filter(is_own).any(|one| one.sold.or(one.released).is_none());
        if pending {
            return Err("the visit is over and its hold is not".into());
        }
        Ok(())
    }

    /// The place of a stay in the line after an event: how many stood ahead and were still there, plus one.
    pub fn place(&self, stay: usize, after: usize) -> usize {
        let left = |stay: &Stay| stay.admitted.or(stay.ended).unwrap_or(usize::MAX);
        let own = &self.stays[stay];
        let is_ahead = |other: &&Stay| {
            other.line == own.line && other.place < own.place && other.issued <= after && left(other) > after
        };
        1 + self.stays.iter().filter(is_ahead).count()
    }
}
