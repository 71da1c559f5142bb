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

    pub fn seats(&self) -> Vec<(i64, String)> {
        let labels = self.told["seats"].as_array().map(Vec::as_slice).unwrap_or_default();
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

    fn becomes(&mut self, event: usize, seen_from: usize, state: T) {
        self.0.push((event, seen_from, state));
    }

    /// Whether it was so at some moment from the event `from` to the event `to`.
    pub fn was(&self, (from, to): (usize, usize), is_so: impl Fn(&T) -> bool) -> bool {
        let ends = self.0.iter().skip(1).map(|(event, ..)| event - 1).chain([usize::MAX]);
        self.0.iter().zip(ends).any(|((_, seen, state), end)| from <= end && *seen <= to && is_so(state))
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

#[derive(Debug, Clone)]
pub struct Reserved {
    pub user: String,
    pub seats: Vec<(i64, String)>,
    pub held: usize,
    pub sold: Option<usize>,
    pub released: Option<usize>,
    pub declined: Option<usize>,
    pub paid: Option<usize>,
    pub balance_after: i64,
    pub status: Timeline<&'static str>,
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
    pub balances: HashMap<String, Timeline<i64>>,
    /// Top-ups by their ids.
    pub topped_up: HashMap<i64, usize>,
    /// The stays that wait, each behind its place, and how many are active, by line.
    waiting: BTreeMap<i64, BTreeSet<(usize, usize)>>,
    active: BTreeMap<i64, usize>,
    rules: Rules,
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
            balances: HashMap::new(),
            topped_up: HashMap::new(),
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
        match &*event.kind {
            "TOKEN_ISSUED" => self.issued(n, user, event),
            "TOKEN_ADMITTED" => self.admitted(n, &user),
            "TOKEN_EXPIRED" => self.ended(n, &user, event.text("reason")),
            "SEATS_HELD" => self.held(n, user, event),
            "SEATS_RELEASED" => self.released(n, event, tables),
            "SEATS_SOLD" => self.sold(n, event, tables),
            "POINTS_TOPPED_UP" => {
                self.topped_up.insert(event.number("topUpId"), n);
                self.points(n, &user, event.number("amount"), Some(event.number("balance")))
            }
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
    fn stay_of(&self, user: &str) -> Option<usize> {
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
        let pending = self.reserved.values().any(|one| one.user == user && one.sold.or(one.released).is_none());
        if pending {
            return Err("the visit is over and its hold is not".into());
        }
        Ok(())
    }

    fn held(&mut self, n: usize, user: String, event: &Event) -> Result<(), String> {
        let inside = self.states.get(&user).is_some_and(|states| *states.last() == TokenState::Active);
        let id = event.text("reservationId").to_owned();
        let seats = event.seats();
        for seat in &seats {
            let timeline = self.seats.entry(seat.clone()).or_insert_with(|| Timeline::from(None));
            if let Some(other) = timeline.last() {
                return Err(format!("seat {seat:?} has an owner already: {other}"));
            }
            timeline.becomes(n, n, Some(id.clone()));
        }
        let mut status = Timeline::from("");
        status.becomes(n, n, "PENDING_PAYMENT");
        let (sold, released, declined, paid) = (None, None, None, None);
        let new = Reserved { user, seats, held: n, sold, released, declined, paid, balance_after: 0, status };
        if self.reserved.insert(id, new).is_some() {
            return Err("held twice".into());
        }
        inside.then_some(()).ok_or_else(|| "held by somebody who is not inside".into())
    }

    fn reservation(&mut self, event: &Event) -> Result<&mut Reserved, String> {
        let id = event.text("reservationId");
        let reserved = self.reserved.get_mut(id).ok_or("of a reservation that was never held")?;
        if reserved.user != event.text("userId") {
            return Err("of another user's reservation".into());
        }
        Ok(reserved)
    }

    fn released(&mut self, n: usize, event: &Event, tables: &Tables) -> Result<(), String> {
        let row =
            tables.reservations.get(event.text("reservationId")).ok_or("of a reservation that is not in its table")?;
        // A hold that ends by time is over before it is written down: after the last event before its end.
        let by_time = row.status == "EXPIRED";
        let before_its_end = self.events.partition_point(|one| one.at < row.hold_expires_at);
        let reserved = self.reservation(event)?;
        if *reserved.status.last() != "PENDING_PAYMENT" || reserved.sold.is_some() || reserved.seats != event.seats() {
            return Err(format!("of {:?}, which is {}", reserved.seats, reserved.status.last()));
        }
        let seen_from = if by_time { before_its_end.max(reserved.held) } else { n };
        reserved.released = Some(n);
        reserved.status.becomes(n, seen_from, row.status);
        for seat in event.seats() {
            if let Some(timeline) = self.seats.get_mut(&seat) {
                timeline.becomes(n, seen_from, None);
            }
        }
        let early = by_time && event.at < row.hold_expires_at;
        (!early).then_some(()).ok_or_else(|| "a hold ended before its time".into())
    }

    fn sold(&mut self, n: usize, event: &Event, tables: &Tables) -> Result<(), String> {
        let reserved = self.reservation(event)?;
        let is_held = *reserved.status.last() == "PENDING_PAYMENT" && reserved.seats == event.seats();
        reserved.sold = Some(n);
        is_held.then_some(()).ok_or_else(|| format!("sold what is {} {:?}", reserved.status.last(), reserved.seats))?;
        let row = tables.reservations.get(event.text("reservationId"));
        let in_time = row.is_some_and(|row| event.at < row.hold_expires_at);
        in_time.then_some(()).ok_or_else(|| "a hold lived on after its end".into())
    }

    fn points(&mut self, n: usize, user: &str, amount: i64, after: Option<i64>) -> Result<(), String> {
        let timeline = self.balances.entry(user.to_owned()).or_insert_with(|| Timeline::from(0));
        let now = timeline.last() + amount;
        timeline.becomes(n, n, now);
        if now < 0 || after.is_some_and(|after| after != now) {
            return Err(format!("the balance is {now}"));
        }
        Ok(())
    }

    /// Seats sold, visit over, points gone: one payment, side by side in the feed.
    fn paid(&mut self, n: usize, user: &str, event: &Event) -> Result<(), String> {
        let (amount, price) = (event.number("amount"), self.rules.price);
        self.points(n, user, -amount, None)?;
        let balance_after = *self.balances[user].last();
        let before = |back: usize| self.events.get(n.wrapping_sub(1 + back)).cloned();
        let sold = before(2)
            .filter(|one| one.kind == "SEATS_SOLD" && one.told["reservationId"] == event.told["reservationId"]);
        let over = before(1)
            .filter(|one| one.kind == "TOKEN_EXPIRED" && one.text("userId") == user && one.text("reason") == "PAID");
        let reserved = self.reservation(event)?;
        if *reserved.status.last() != "PENDING_PAYMENT" || amount != price * reserved.seats.len() as i64 {
            return Err(format!("paid for {:?}, which is {}", reserved.seats, reserved.status.last()));
        }
        reserved.paid = Some(n);
        reserved.balance_after = balance_after;
        reserved.status.becomes(n, n, "CONFIRMED");
        (sold.is_some() && over.is_some()).then_some(()).ok_or_else(|| "half a payment".into())
    }

    fn declined(&mut self, n: usize, user: &str, event: &Event) -> Result<(), String> {
        let balance = self.balances.get(user).map_or(0, |timeline| *timeline.last());
        let reserved = self.reservation(event)?;
        reserved.declined = Some(n);
        let is_right = balance < event.number("amount") && *reserved.status.last() == "PENDING_PAYMENT";
        is_right.then_some(()).ok_or_else(|| format!("declined with a balance of {balance}"))
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
