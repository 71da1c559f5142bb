//! One line in memory: its rules, who stands where in it, and how fast it moves; and one person in it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering::Relaxed};

use slab::Slab;
use uuid::Uuid;

use super::admission_rate::{AdmissionRate, Window};
use super::ranks::Ranks;
use crate::clock::Millis;
use crate::ids::{LineId, TokenKey};
use crate::queue::rules::Rules;
use crate::refusal::TokenEnd;

/// Those who may be waiting, in the order in which their tokens were issued: slot and token of each. Who leaves or is
/// let in stays here until all before them are gone too.
type Issued = VecDeque<(u32, u32)>;

#[derive(Debug)]
pub(super) struct Line {
    pub line_id: LineId,
    pub rules: Rules,
    /// Whether nobody joins it any more.
    pub closed: bool,
    /// Those to whom staff gave a place at the front, the line behind them, and how many wait for the draw.
    guests: Ranks,
    line: Ranks,
    awaiting_draw: u64,
    issued: Issued,
    active: u64,
    pub admissions: Window,
    pub admission_rate: AdmissionRate,
}

impl Line {
    /// An empty line.
    pub fn new(line_id: LineId) -> Line {
        Line {
            line_id,
            rules: Rules::default(),
            closed: false,
            guests: Ranks::default(),
            line: Ranks::default(),
            awaiting_draw: 0,
            issued: Issued::default(),
            active: 0,
            admissions: Window::default(),
            admission_rate: AdmissionRate::default(),
        }
    }

    /// Takes in all who stand in it at start: the places of those who wait, how many wait for the draw and are active,
    /// and everybody by token id and slot.
    pub fn load(&mut self, places: Vec<i64>, awaiting_draw: u64, active: u64, mut issued: Vec<(i64, usize)>) {
        let (guests, line) = places.into_iter().partition(|&place| place < 0);
        (self.guests, self.line) = (Ranks::of(guests), Ranks::of(line));
        (self.awaiting_draw, self.active) = (awaiting_draw, active);
        issued.sort_unstable();
        self.issued = issued.into_iter().map(|(token_id, slot)| (slot as u32, token_id as u32)).collect();
    }

    /// Takes in a newly issued token.
    pub fn join(&mut self, place: i64, slot: usize, token_id: i64) {
        self.enqueue(place);
        self.issued.push_back((slot as u32, token_id as u32));
    }

    /// Takes those out of the front of the issued who wait no more.
    pub fn forget_issued(&mut self, tokens: &Slab<Entry>) {
        let waits = |&(slot, tag): &(u32, u32)| {
            tokens.get(slot as usize).is_some_and(|entry| !entry.active && entry.token_id as u32 == tag)
        };
        while self.issued.front().is_some_and(|first| !waits(first)) {
            self.issued.pop_front();
        }
    }

    /// Who has waited longest: their slot.
    pub fn oldest_slot(&self) -> Option<usize> {
        self.issued.front().map(|&(slot, _)| slot as usize)
    }

    fn enqueue(&mut self, place: i64) {
        match place {
            AWAITING_DRAW => self.awaiting_draw += 1,
            place if place < 0 => self.guests.insert(place),
            place => self.line.insert(place),
        }
    }

    fn dequeue(&mut self, place: i64) {
        match place {
            AWAITING_DRAW => self.awaiting_draw -= 1,
            place if place < 0 => self.guests.remove(place),
            place => self.line.remove(place),
        }
    }

    /// Lets somebody in who stood on a place.
    pub fn admit(&mut self, place: i64, now: Millis) {
        self.dequeue(place);
        self.active += 1;
        self.admissions.count(now);
    }

    /// So many were let in at once, and so many of them had waited.
    pub fn count_admissions(&mut self, now: Millis, admitted: u64, waited: u64) {
        let full = self.rules.max_active > 0 && self.active >= u64::from(self.rules.max_active);
        self.admission_rate.admit(now, admitted, waited, full);
    }

    /// Moves someone who waits from one place to another.
    pub fn reposition(&mut self, before: i64, after: i64) {
        self.dequeue(before);
        self.enqueue(after);
    }

    /// Gives those who waited for the draw their places, all at once. The line itself is empty before a draw.
    pub fn draw(&mut self, places: Vec<i64>) {
        self.awaiting_draw -= places.len() as u64;
        self.line = Ranks::of(places);
    }

    /// Forgets someone whose token ended: who was active, or stood on a place.
    pub fn remove(&mut self, active: bool, place: i64) {
        if active {
            self.active -= 1;
            self.admission_rate.free();
        } else {
            self.dequeue(place);
        }
    }

    pub fn waiting(&self) -> u64 {
        self.guests.len() + self.line.len() + self.awaiting_draw
    }

    pub fn active(&self) -> u64 {
        self.active
    }

    pub fn position(&self, entry: &Entry) -> Option<u64> {
        match entry.place {
            _ if entry.active => Some(0),
            AWAITING_DRAW => None,
            place if place < 0 => Some(self.guests.count_before(place) + 1),
            place => Some(self.guests.len() + self.line.count_before(place) + 1),
        }
    }

    /// Admissions a second; `None` until it is known, and while the line stands still.
    pub fn rate(&self, now: Millis) -> Option<f64> {
        if self.rules.paused { None } else { self.admission_rate.rate(now, self.rules.admit_per_minute) }
    }
}

/// The place of someone who waits for the draw.
pub(super) const AWAITING_DRAW: i64 = i64::MAX;

/// One person in a line or let in. Kept small, since a stadium of them waits. What a poll leaves behind is atomic, so
/// that polls share a lock.
#[derive(Debug)]
pub(in crate::queue) struct Entry {
    pub key: u128,
    pub user: u128,
    pub token_id: i64,
    pub place: i64,
    pub issued_ms: i64,
    pub activated_ms: i64,
    pub active_until_ms: i64,
    pub last_poll_ms: AtomicI64,
    pub join_number: u32,
    pub draw_number: u32,
    /// The line where they stand, by its number among those in memory.
    pub line: u32,
    /// The interval between polls that they were last told, in seconds.
    pub advised_poll_seconds: AtomicU8,
    pub active: bool,
    /// Whether they called since they were let in.
    pub first_call_seen: AtomicBool,
}

impl Entry {
    /// One who waits with a new token, on a place or for the draw.
    pub fn issued(
        token_id: i64,
        key: TokenKey,
        user_id: Uuid,
        place: Option<i64>,
        join_number: Option<u32>,
        at: Millis,
    ) -> Entry {
        Entry {
            key: key.0,
            user: user_id.as_u128(),
            token_id,
            place: place.unwrap_or(AWAITING_DRAW),
            issued_ms: at.unix_ms(),
            activated_ms: 0,
            active_until_ms: 0,
            last_poll_ms: AtomicI64::new(at.unix_ms()),
            join_number: join_number.unwrap_or(0),
            draw_number: 0,
            line: 0,
            advised_poll_seconds: AtomicU8::new(0),
            active: false,
            first_call_seen: AtomicBool::new(false),
        }
    }

    /// Notes a poll; says whether this was the first call since they were let in.
    pub fn poll(&self, at: Millis) -> bool {
        self.last_poll_ms.fetch_max(at.unix_ms(), Relaxed);
        self.active && !self.first_call_seen.swap(true, Relaxed)
    }

    /// Remembers an interval between polls that was advised. It never shrinks: a deadline that was noted is never too
    /// late.
    pub fn advise(&self, poll_after_seconds: u32) {
        self.advised_poll_seconds.fetch_max(poll_after_seconds as u8, Relaxed);
    }

    /// Until when they may be inactive, by the rules of their line; `None`: as long as the token lives.
    pub fn inactive_until(&self, rules: &Rules) -> Option<Millis> {
        let advised_poll_seconds = u32::from(self.advised_poll_seconds.load(Relaxed));
        let ms = rules.inactive_after_ms(self.active, self.first_call_seen.load(Relaxed), advised_poll_seconds)?;
        Some(Millis::from_unix_ms(self.last_poll_ms.load(Relaxed)).plus_ms(ms))
    }

    /// Why the token is over at `now`: the visit has timed out, or its owner was inactive for too long. `visit_end.rs`
    /// writes it into the file.
    pub fn expiry_reason(&self, rules: &Rules, now: Millis) -> Option<TokenEnd> {
        let timed_out = self.active && self.active_until_ms <= now.unix_ms();
        let abandoned = self.inactive_until(rules).is_some_and(|until| until <= now);
        timed_out.then_some(TokenEnd::TimedOut).or(abandoned.then_some(TokenEnd::Abandoned))
    }

    /// Whose token it is.
    pub fn user_id(&self) -> Uuid {
        Uuid::from_u128(self.user)
    }
}
