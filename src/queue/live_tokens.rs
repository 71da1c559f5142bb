//! The people of the line: who stands where, found by token and by user.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering::Relaxed};

use hashbrown::HashTable;
use slab::Slab;
use uuid::Uuid;

use super::TokenStatus;
use super::admission_window::Window;
use super::estimate::AdmissionRate;
use super::ranks::Ranks;
use super::rules::{self, Advice, Rules};
use crate::clock::Millis;
use crate::ids::TokenKey;
use crate::refusal::{Localized, TokenEnd};

/// The place of someone who waits for the draw.
const AWAITING_DRAW: i64 = i64::MAX;

/// One person in the line or let in. Kept small, since a stadium of them waits. What a poll leaves behind is atomic, so
/// that polls share a lock.
#[derive(Debug)]
pub(super) struct Entry {
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

    /// Whose token it is.
    pub fn user_id(&self) -> Uuid {
        Uuid::from_u128(self.user)
    }
}

/// What a token's owner is told. The token itself, and the message in one language, are added on the wire.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    #[serde(skip)]
    pub key: TokenKey,
    pub user_id: Uuid,
    pub status: TokenStatus,
    /// 1 for the next to be let in, 0 once active, `None` while the draw is to come.
    pub position: Option<u64>,
    #[serde(flatten)]
    pub advice: Advice,
    pub issued_at: Millis,
    pub activated_at: Option<Millis>,
    /// When it is dropped unless polled, or when its visit ends.
    pub expires_at: Millis,
    /// Its number in the draw, counted from 1 by the order of joining.
    pub join_number: Option<u32>,
    pub draw_number: Option<u32>,
    pub paused: bool,
    #[serde(skip)]
    pub message: Option<Localized>,
}

/// Those who may be waiting, in the order in which their tokens were issued: slot and token of each. Who leaves or is
/// let in stays here until all before them are gone too.
type Issued = VecDeque<(u32, u32)>;

/// Everybody with a live token.
#[derive(Debug, Default)]
pub(super) struct LiveTokens {
    pub rules: Rules,
    tokens: Slab<Entry>,
    by_key: HashTable<u32>,
    by_user: HashTable<u32>,
    hasher: RandomState,
    /// Those to whom staff gave a place at the front, the line behind them, and how many wait for the draw.
    guests: Ranks,
    line: Ranks,
    awaiting_draw: u64,
    issued: Issued,
    active: u64,
    pub admissions: Window,
    admission_rate: AdmissionRate,
}

impl LiveTokens {
    /// Takes in everybody at start, one by one as `each` gives them.
    pub fn load<E>(&mut self, each: impl FnOnce(&mut dyn FnMut(Entry)) -> Result<(), E>) -> Result<(), E> {
        let (mut guests, mut line) = (Vec::new(), Vec::new());
        each(&mut |entry| {
            match entry.place {
                _ if entry.active => {}
                AWAITING_DRAW => self.awaiting_draw += 1,
                place if place < 0 => guests.push(place),
                place => line.push(place),
            }
            self.insert(entry);
        })?;
        (self.guests, self.line) = (Ranks::of(guests), Ranks::of(line));
        let mut issued: Vec<(i64, usize)> = self.tokens.iter().map(|(slot, entry)| (entry.token_id, slot)).collect();
        issued.sort_unstable();
        self.issued = issued.into_iter().map(|(token_id, slot)| (slot as u32, token_id as u32)).collect();
        self.forget_issued();
        Ok(())
    }

    /// Takes in a newly issued token.
    pub fn join(&mut self, entry: Entry) -> usize {
        let token_id = entry.token_id;
        self.enqueue(entry.place);
        let slot = self.insert(entry);
        self.issued.push_back((slot as u32, token_id as u32));
        slot
    }

    /// Takes those out of the front of the issued who wait no more.
    pub fn forget_issued(&mut self) {
        let waits = |&(slot, tag): &(u32, u32)| {
            self.tokens.get(slot as usize).is_some_and(|entry| !entry.active && entry.token_id as u32 == tag)
        };
        while self.issued.front().is_some_and(|first| !waits(first)) {
            self.issued.pop_front();
        }
    }

    fn insert(&mut self, entry: Entry) -> usize {
        let (key, user) = (entry.key, entry.user);
        self.active += u64::from(entry.active);
        let slot = self.tokens.insert(entry);
        let (tokens, hasher) = (&self.tokens, &self.hasher);
        let key_of = |&slot: &u32| hasher.hash_one(tokens.get(slot as usize).map_or(0, |entry| entry.key));
        self.by_key.insert_unique(hasher.hash_one(key), slot as u32, key_of);
        let user_of = |&slot: &u32| hasher.hash_one(tokens.get(slot as usize).map_or(0, |entry| entry.user));
        self.by_user.insert_unique(hasher.hash_one(user), slot as u32, user_of);
        slot
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

    /// Lets someone in; says whether they had waited.
    pub fn admit(&mut self, key: TokenKey, visit_until: Millis, now: Millis) -> Option<(usize, bool)> {
        let slot = self.slot(key)?;
        let entry = self.tokens.get_mut(slot)?;
        entry.active = true;
        entry.activated_ms = now.unix_ms();
        entry.active_until_ms = visit_until.unix_ms();
        // Not later: a long poll that was under way counts ahead of its
        // time, and is no call of somebody who was let in.
        entry.last_poll_ms.store(now.unix_ms(), Relaxed);
        let (place, waited) = (entry.place, entry.issued_ms < now.unix_ms());
        self.dequeue(place);
        self.active += 1;
        self.admissions.count(now);
        Some((slot, waited))
    }

    /// So many were let in at once, and so many of them had waited.
    pub fn count_admissions(&mut self, now: Millis, admitted: u64, waited: u64) {
        let full = self.rules.max_active > 0 && self.active >= u64::from(self.rules.max_active);
        self.admission_rate.admit(now, admitted, waited, full);
    }

    /// Moves someone who waits to another place. Of who was let in since, only the numbers change.
    pub fn reposition(&mut self, key: TokenKey, place: Option<i64>, join_number: Option<u32>) {
        let Some(entry) = self.entry_mut(key) else { return };
        let (before, after) = (entry.place, place.unwrap_or(AWAITING_DRAW));
        entry.place = after;
        (entry.join_number, entry.draw_number) = (join_number.unwrap_or(0), 0);
        if !entry.active {
            self.dequeue(before);
            self.enqueue(after);
        }
    }

    /// Gives those who waited for the draw their places, all at once. The line itself is empty before a draw.
    pub fn draw(&mut self, drawn: &[(TokenKey, i64, u32)]) {
        self.line = Ranks::of(drawn.iter().map(|&(_, place, _)| place).collect());
        for &(key, place, draw_number) in drawn {
            if let Some(entry) = self.entry_mut(key) {
                (entry.place, entry.draw_number) = (place, draw_number);
            }
        }
        self.awaiting_draw -= drawn.len() as u64;
    }

    /// Moves the ends of visits, the silences and the last admissions with the clock.
    pub fn move_deadlines(&mut self, moment: Millis, ms: i64) {
        for (_, entry) in &mut self.tokens {
            if entry.active_until_ms > moment.unix_ms() {
                entry.active_until_ms += ms;
            }
            *entry.last_poll_ms.get_mut() += ms;
        }
        self.admissions.move_by(ms);
        self.admission_rate.move_by(ms);
    }

    /// Forgets someone whose token ended.
    pub fn remove(&mut self, key: TokenKey) {
        let Some(slot) = self.slot(key) else { return };
        let entry = self.tokens.remove(slot);
        for (table, value) in [(&mut self.by_key, entry.key), (&mut self.by_user, entry.user)] {
            if let Ok(entry) = table.find_entry(self.hasher.hash_one(value), |&found| found as usize == slot) {
                entry.remove();
            }
        }
        if entry.active {
            self.active -= 1;
            self.admission_rate.free();
        } else {
            self.dequeue(entry.place);
        }
    }

    pub fn waiting(&self) -> u64 {
        self.guests.len() + self.line.len() + self.awaiting_draw
    }

    pub fn active(&self) -> u64 {
        self.active
    }

    /// When the token was issued that has waited longest.
    pub fn oldest_waiting(&self) -> Option<Millis> {
        let &(slot, _) = self.issued.front()?;
        self.tokens.get(slot as usize).map(|entry| Millis::from_unix_ms(entry.issued_ms))
    }

    pub fn by_key(&self, key: TokenKey) -> Option<&Entry> {
        self.tokens.get(self.slot(key)?)
    }

    pub fn by_user(&self, user: u128) -> Option<&Entry> {
        let same = |&slot: &u32| self.tokens.get(slot as usize).is_some_and(|entry| entry.user == user);
        self.tokens.get(*self.by_user.find(self.hasher.hash_one(user), same)? as usize)
    }

    pub fn by_slot(&self, slot: usize) -> Option<&Entry> {
        self.tokens.get(slot)
    }

    pub fn entry_mut(&mut self, key: TokenKey) -> Option<&mut Entry> {
        self.tokens.get_mut(self.slot(key)?)
    }

    fn slot(&self, key: TokenKey) -> Option<usize> {
        let same = |&slot: &u32| self.tokens.get(slot as usize).is_some_and(|entry| entry.key == key.0);
        self.by_key.find(self.hasher.hash_one(key.0), same).map(|&slot| slot as usize)
    }

    fn position(&self, entry: &Entry) -> Option<u64> {
        match entry.place {
            _ if entry.active => Some(0),
            AWAITING_DRAW => None,
            place if place < 0 => Some(self.guests.count_before(place) + 1),
            place => Some(self.guests.len() + self.line.count_before(place) + 1),
        }
    }

    /// Why a token that is still listed is over at `now`: the file will say so with the next transaction.
    pub fn expiry_reason(&self, entry: &Entry, now: Millis) -> Option<TokenEnd> {
        let timed_out = entry.active && entry.active_until_ms <= now.unix_ms();
        let abandoned = self.inactive_until_of(entry).is_some_and(|until| until <= now);
        timed_out.then_some(TokenEnd::TimedOut).or(abandoned.then_some(TokenEnd::Abandoned))
    }

    fn inactive_until_of(&self, entry: &Entry) -> Option<Millis> {
        let told = u32::from(entry.advised_poll_seconds.load(Relaxed));
        let ms = self.rules.inactive_after_ms(entry.active, entry.first_call_seen.load(Relaxed), told)?;
        Some(Millis::from_unix_ms(entry.last_poll_ms.load(Relaxed)).plus_ms(ms))
    }

    /// Until when the person in a slot may be inactive; `None` when it does
    /// not matter or the slot is now somebody else's.
    pub fn inactive_until(&self, slot: usize, tag: u32) -> Option<Millis> {
        self.inactive_until_of(self.tokens.get(slot).filter(|entry| entry.token_id as u32 == tag)?)
    }

    /// When the person in a slot becomes due, unless they poll until then.
    pub fn due_of(&self, slot: usize) -> Option<(Millis, usize, i64)> {
        let entry = self.tokens.get(slot)?;
        Some((self.inactive_until_of(entry)?, slot, entry.token_id))
    }

    /// When everybody does.
    pub fn all_due(&self) -> impl Iterator<Item = (Millis, usize, i64)> + '_ {
        self.tokens.iter().filter_map(|(slot, _)| self.due_of(slot))
    }

    /// What a person is told at `now`; the interval that they are told is remembered.
    pub fn view(&self, entry: &Entry, now: Millis) -> TokenView {
        let position = self.position(entry);
        let rate = if self.rules.paused { None } else { self.admission_rate.rate(now, self.rules.admit_per_minute) };
        let spread = (entry.key >> 64) as u32 as f64 / f64::from(u32::MAX);
        let advice = rules::advise(position, self.waiting(), rate, self.rules.abandon_seconds, spread);
        // Patience does not shrink: a moment that was noted for someone is never too late.
        entry.advised_poll_seconds.fetch_max(advice.poll_after_seconds as u8, Relaxed);
        let expires_at = if entry.active {
            Some(Millis::from_unix_ms(entry.active_until_ms))
        } else {
            self.inactive_until_of(entry)
        };
        TokenView {
            key: TokenKey(entry.key),
            user_id: entry.user_id(),
            status: if entry.active { TokenStatus::Active } else { TokenStatus::Waiting },
            position,
            advice,
            issued_at: Millis::from_unix_ms(entry.issued_ms),
            activated_at: entry.active.then_some(Millis::from_unix_ms(entry.activated_ms)),
            expires_at: expires_at.unwrap_or(now),
            join_number: (entry.join_number > 0).then_some(entry.join_number),
            draw_number: (entry.draw_number > 0).then_some(entry.draw_number),
            paused: self.rules.paused,
            message: self.rules.message.clone(),
        }
    }
}
