//! The line in memory: a copy of the live tokens of the file, changed only after the commit that changed the file.
//!
//! Polls read it under a shared lock that the writer takes only for the moment of copying a commit's changes, never across
//! a commit. What a poll leaves behind (when it was, that it was) is an atomic here and nothing in the file.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::HashTable;
use slab::Slab;
use uuid::Uuid;

use super::due::Dues;
use super::ranks::Ranks;
use super::rules::{self, Advice};
use super::window::Window;
use super::{Rules, TokenStatus};
use crate::clock::Millis;
use crate::ids::TokenKey;
use crate::refusal::{Say, TokenEnd};
use crate::venue::Change;

/// A live token as the file has it, for filling the line at start and for copying changes.
#[derive(Debug, Clone)]
pub struct LiveToken {
    pub(super) token_id: i64,
    pub(super) key: TokenKey,
    pub(super) user_id: Uuid,
    pub(super) place: i64,
    pub(super) status: TokenStatus,
    pub(super) issued_at: Millis,
    pub(super) activated_at: Option<Millis>,
    pub(super) claimed: bool,
    pub(super) active_until: Option<Millis>,
}

impl LiveToken {
    /// A token as it is when it is issued: at the end of the line.
    fn issued(token_id: i64, key: TokenKey, user_id: Uuid, place: i64, issued_at: Millis) -> LiveToken {
        LiveToken {
            token_id,
            key,
            user_id,
            place,
            status: TokenStatus::Waiting,
            issued_at,
            activated_at: None,
            claimed: false,
            active_until: None,
        }
    }
}

/// One person in the line or let in. Kept small: a stadium of them waits.
#[derive(Debug)]
struct Person {
    key: u128,
    user: u128,
    token_id: i64,
    place: i64,
    issued_ms: i64,
    activated_ms: i64,
    active_until_ms: i64,
    heard_ms: AtomicI64,
    active: bool,
    claimed: AtomicBool,
}

/// What a token's owner is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The token.
    pub key: TokenKey,
    /// Whose it is.
    pub user_id: Uuid,
    /// Waiting or active.
    pub status: TokenStatus,
    /// 1 for the next to be let in, 0 once active.
    pub position: u64,
    /// How long the wait and the next poll will be.
    pub advice: Advice,
    /// When it was issued.
    pub issued_at: Millis,
    /// When it was let in.
    pub activated_at: Option<Millis>,
    /// When it is dropped unless polled, or when its visit ends.
    pub expires_at: Millis,
    /// Whether the line stands still.
    pub paused: bool,
    /// The staff's word to those waiting.
    pub message: Option<Say>,
}

/// How the line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Tokens waiting.
    pub waiting: u64,
    /// Tokens active.
    pub active: u64,
    /// Admissions of the last 60 seconds.
    pub admitted_last_minute: u64,
}

#[derive(Debug, Default)]
struct State {
    rules: Rules,
    people: Slab<Person>,
    by_key: HashTable<u32>,
    by_user: HashTable<u32>,
    hasher: RandomState,
    waiting: Ranks,
    active: u64,
    admissions: Window,
}

/// The line.
#[derive(Debug, Default)]
pub struct Line {
    state: RwLock<State>,
    /// Tokens whose first call after admission is not yet in the file.
    claims: Mutex<Vec<TokenKey>>,
    dues: Mutex<Dues>,
}

impl Line {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn dues(&self) -> MutexGuard<'_, Dues> {
        self.dues.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The live token of this text, heard of at `now` (which keeps it in the line), for an answer that may take
    /// `wait_seconds`. `None` when it is not live; a token whose time is over tells why, and whose it was.
    pub fn hear(&self, key: TokenKey, now: Millis, wait_seconds: u32) -> Option<Result<Seen, (TokenEnd, Uuid)>> {
        let state = self.read();
        let person = state.by_key(key)?;
        Some(match state.over(person, now) {
            Some(end) => Err((end, Uuid::from_u128(person.user))),
            None => {
                self.keep(person, now.plus_seconds(wait_seconds));
                Ok(state.seen(person, now))
            }
        })
    }

    /// The live token of a user, heard of at `now`.
    pub fn hear_user(&self, user_id: Uuid, now: Millis) -> Option<Seen> {
        let state = self.read();
        let person = state.by_user(user_id.as_u128())?;
        if state.over(person, now).is_some() {
            return None;
        }
        self.keep(person, now);
        Some(state.seen(person, now))
    }

    fn keep(&self, person: &Person, heard: Millis) {
        person.heard_ms.fetch_max(heard.unix_ms(), Relaxed);
        if person.active && !person.claimed.swap(true, Relaxed) {
            self.claims.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(TokenKey(person.key));
        }
    }

    /// How the line stands.
    pub fn figures(&self, now: Millis) -> Figures {
        let state = self.read();
        Figures {
            waiting: state.waiting.len(),
            active: state.active,
            admitted_last_minute: state.admissions.admitted(now),
        }
    }

    /// The rules in force.
    pub fn rules(&self) -> Rules {
        self.read().rules.clone()
    }

    /// When a full window of admissions has room again.
    pub(super) fn window_frees_at(&self, per_minute: u32) -> Option<Millis> {
        self.read().admissions.frees_at(per_minute)
    }

    /// Those first calls that are not yet in the file.
    pub(super) fn take_claims(&self) -> Vec<TokenKey> {
        std::mem::take(&mut *self.claims.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    /// Those who were silent for too long, at most `limit`: waiting without a poll, or let in without a call.
    pub(super) fn list_silent(&self, now: Millis, limit: usize) -> Vec<TokenKey> {
        let state = self.read();
        let due = self.dues().list_due(now, limit, |slot, token_id| state.silent_until(slot, token_id));
        due.into_iter().filter_map(|slot| state.people.get(slot)).map(|person| TokenKey(person.key)).collect()
    }

    /// When somebody will have been silent for too long.
    pub(super) fn next_silent(&self) -> Option<Millis> {
        let state = self.read();
        self.dues().next(|slot, token_id| state.silent_until(slot, token_id))
    }

    /// Fills the line at start. Everybody is heard of afresh at `now`.
    pub fn fill(&self, rules: Rules, tokens: impl IntoIterator<Item = LiveToken>, admissions: &[Millis], now: Millis) {
        let mut state = self.write();
        state.rules = rules;
        let mut places = Vec::new();
        for token in tokens {
            if token.status == TokenStatus::Waiting {
                places.push(token.place);
            }
            state.seat(&token, now);
        }
        state.waiting = Ranks::of(places);
        admissions.iter().for_each(|&at| state.admissions.count(at));
        self.note_all(&state);
    }

    /// Copies what a commit at `now` changed, all at once: no poll sees half of it.
    pub fn apply(&self, changes: &[Change], now: Millis) {
        let mut state = self.write();
        let mut dues = self.dues();
        for change in changes {
            let slot = match *change {
                Change::TokenIssued { token_id, key, user_id, place } => {
                    state.waiting.insert(place);
                    Some(state.seat(&LiveToken::issued(token_id, key, user_id, place, now), now))
                }
                Change::TokenAdmitted { key, visit_until } => state.admit(key, visit_until, now),
                Change::TokenMoved { key, active_until } => {
                    if let Some(person) = state.person_mut(key) {
                        person.active_until_ms = active_until.unix_ms();
                    }
                    None
                }
                Change::TokenEnded { key, .. } => {
                    state.remove(key);
                    None
                }
                Change::QueueChanged
                | Change::ReservationChanged { .. }
                | Change::ClockTurned { .. }
                | Change::EventRecorded => None,
            };
            if let Some((slot, until, token_id)) = slot.and_then(|slot| state.due_of(slot)) {
                dues.note(until, slot, token_id);
            }
        }
    }

    /// Puts new rules in force.
    pub fn set_rules(&self, rules: Rules) {
        let mut state = self.write();
        state.rules = rules;
        self.note_all(&state); // a shorter limit makes people due earlier than was noted
    }

    fn note_all(&self, state: &State) {
        let due = state.people.iter().filter_map(|(slot, _)| state.due_of(slot));
        self.dues().refill(due.map(|(slot, until, token_id)| (until, slot, token_id)));
    }
}

impl State {
    fn seat(&mut self, token: &LiveToken, now: Millis) -> usize {
        let ms = |at: Option<Millis>| at.map_or(0, Millis::unix_ms);
        let active = token.status == TokenStatus::Active;
        let slot = self.people.insert(Person {
            key: token.key.0,
            user: token.user_id.as_u128(),
            token_id: token.token_id,
            place: token.place,
            issued_ms: token.issued_at.unix_ms(),
            activated_ms: ms(token.activated_at),
            active_until_ms: ms(token.active_until),
            heard_ms: AtomicI64::new(now.unix_ms()),
            active,
            claimed: AtomicBool::new(token.claimed),
        });
        self.active += u64::from(active);
        let (people, hasher) = (&self.people, &self.hasher);
        let key_of = |&slot: &u32| hasher.hash_one(people.get(slot as usize).map_or(0, |person| person.key));
        self.by_key.insert_unique(hasher.hash_one(token.key.0), slot as u32, key_of);
        let user_of = |&slot: &u32| hasher.hash_one(people.get(slot as usize).map_or(0, |person| person.user));
        self.by_user.insert_unique(hasher.hash_one(token.user_id.as_u128()), slot as u32, user_of);
        slot
    }

    fn admit(&mut self, key: TokenKey, visit_until: Millis, now: Millis) -> Option<usize> {
        let slot = self.slot(key)?;
        let person = self.people.get_mut(slot)?;
        person.active = true;
        person.activated_ms = now.unix_ms();
        person.active_until_ms = visit_until.unix_ms();
        person.heard_ms.fetch_max(now.unix_ms(), Relaxed);
        let place = person.place;
        self.waiting.remove(place);
        self.active += 1;
        self.admissions.count(now);
        Some(slot)
    }

    fn remove(&mut self, key: TokenKey) {
        let Some(slot) = self.slot(key) else { return };
        let person = self.people.remove(slot);
        for (table, value) in [(&mut self.by_key, person.key), (&mut self.by_user, person.user)] {
            if let Ok(entry) = table.find_entry(self.hasher.hash_one(value), |&found| found as usize == slot) {
                entry.remove();
            }
        }
        if person.active {
            self.active -= 1;
        } else {
            self.waiting.remove(person.place);
        }
    }

    fn by_key(&self, key: TokenKey) -> Option<&Person> {
        self.people.get(self.slot(key)?)
    }

    fn by_user(&self, user: u128) -> Option<&Person> {
        let same = |&slot: &u32| self.people.get(slot as usize).is_some_and(|person| person.user == user);
        self.people.get(*self.by_user.find(self.hasher.hash_one(user), same)? as usize)
    }

    fn person_mut(&mut self, key: TokenKey) -> Option<&mut Person> {
        self.people.get_mut(self.slot(key)?)
    }

    fn slot(&self, key: TokenKey) -> Option<usize> {
        let same = |&slot: &u32| self.people.get(slot as usize).is_some_and(|person| person.key == key.0);
        self.by_key.find(self.hasher.hash_one(key.0), same).map(|&slot| slot as usize)
    }

    /// When the person in a slot becomes due, unless heard of until then.
    fn due_of(&self, slot: usize) -> Option<(usize, Millis, i64)> {
        let token_id = self.people.get(slot)?.token_id;
        Some((slot, self.silent_until(slot, token_id)?, token_id))
    }

    /// Why a token that is still listed is over at `now`: the file will say so with the next transaction.
    fn over(&self, person: &Person, now: Millis) -> Option<TokenEnd> {
        let timed_out = person.active && person.active_until_ms <= now.unix_ms();
        let silent = self.rules.silent_ms(person.active, person.claimed.load(Relaxed));
        let abandoned = silent.is_some_and(|ms| person.heard_ms.load(Relaxed).saturating_add(ms) <= now.unix_ms());
        timed_out.then_some(TokenEnd::TimedOut).or(abandoned.then_some(TokenEnd::Abandoned))
    }

    /// Until when a person may be silent; `None` when it does not matter or the slot is now somebody else's.
    fn silent_until(&self, slot: usize, token_id: i64) -> Option<Millis> {
        let person = self.people.get(slot).filter(|person| person.token_id == token_id)?;
        let ms = self.rules.silent_ms(person.active, person.claimed.load(Relaxed))?;
        Some(Millis::from_unix_ms(person.heard_ms.load(Relaxed)).plus_ms(ms))
    }

    fn seen(&self, person: &Person, now: Millis) -> Seen {
        let position = if person.active { 0 } else { self.waiting.count_before(person.place) + 1 };
        let admitted = self.admissions.admitted(now);
        let heard = Millis::from_unix_ms(person.heard_ms.load(Relaxed));
        let expires_at = if person.active {
            Millis::from_unix_ms(person.active_until_ms)
        } else {
            heard.plus_seconds(self.rules.abandon_seconds)
        };
        Seen {
            key: TokenKey(person.key),
            user_id: Uuid::from_u128(person.user),
            status: if person.active { TokenStatus::Active } else { TokenStatus::Waiting },
            position,
            advice: rules::advise(position, admitted, self.rules.abandon_seconds),
            issued_at: Millis::from_unix_ms(person.issued_ms),
            activated_at: person.active.then_some(Millis::from_unix_ms(person.activated_ms)),
            expires_at,
            paused: self.rules.paused,
            message: self.rules.message.clone(),
        }
    }
}
