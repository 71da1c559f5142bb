//! One line in memory: its rules, who stands where in it, and how fast it moves.

use std::collections::VecDeque;

use slab::Slab;

use super::admission_rate::{AdmissionRate, Window};
use super::entry::{AWAITING_DRAW, Entry};
use super::ranks::Ranks;
use crate::clock::Millis;
use crate::ids::LineId;
use crate::queue::rules::Rules;

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
