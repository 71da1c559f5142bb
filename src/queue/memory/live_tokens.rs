//! The people of all lines, found by token, and by user and line.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering::Relaxed;

use hashbrown::HashTable;
use slab::Slab;

use super::line::{AWAITING_DRAW, Entry, Line};
use crate::clock::Millis;
use crate::ids::{LineId, TokenKey};
use crate::refusal::TokenEnd;

/// Everybody with a live token, and the lines where they stand.
#[derive(Debug)]
pub(super) struct LiveTokens {
    /// The shared line, then those of concerts in the order in which they came. None is taken out while the program
    /// runs: tokens know theirs by its number.
    pub lines: Vec<Line>,
    tokens: Slab<Entry>,
    by_key: HashTable<u32>,
    /// A user may be in it several times, once for each line.
    by_user: HashTable<u32>,
    hasher: RandomState,
}

impl Default for LiveTokens {
    fn default() -> LiveTokens {
        LiveTokens {
            lines: vec![Line::new(LineId::SHARED)],
            tokens: Slab::new(),
            by_key: HashTable::new(),
            by_user: HashTable::new(),
            hasher: RandomState::new(),
        }
    }
}

/// What is counted of a line while it is filled.
#[derive(Debug, Default)]
struct Loaded {
    places: Vec<i64>,
    awaiting_draw: u64,
    active: u64,
    issued: Vec<(i64, usize)>,
}

impl LiveTokens {
    /// Takes in everybody at start, one by one as `each` gives them.
    pub fn load<E>(&mut self, each: impl FnOnce(&mut dyn FnMut(LineId, Entry)) -> Result<(), E>) -> Result<(), E> {
        let mut loaded: Vec<Loaded> = Vec::new();
        each(&mut |line_id, entry| {
            let line = self.number_of(line_id);
            loaded.resize_with(loaded.len().max(line + 1), Loaded::default);
            let of_line = &mut loaded[line];
            match entry.place {
                _ if entry.active => of_line.active += 1,
                AWAITING_DRAW => of_line.awaiting_draw += 1,
                place => of_line.places.push(place),
            }
            let token_id = entry.token_id;
            of_line.issued.push((token_id, self.insert(line, entry)));
        })?;
        for (line, Loaded { places, awaiting_draw, active, issued }) in self.lines.iter_mut().zip(loaded) {
            line.load(places, awaiting_draw, active, issued);
            line.forget_issued(&self.tokens);
        }
        Ok(())
    }

    /// The number of a line, which is added if it is not there.
    fn number_of(&mut self, line_id: LineId) -> usize {
        let known = self.lines.iter().position(|line| line.line_id == line_id);
        known.unwrap_or_else(|| {
            self.lines.push(Line::new(line_id));
            self.lines.len() - 1
        })
    }

    /// A line, which is added if it is not there.
    pub fn line_mut(&mut self, line_id: LineId) -> &mut Line {
        let number = self.number_of(line_id);
        &mut self.lines[number]
    }

    pub fn line(&self, line_id: LineId) -> Option<&Line> {
        self.lines.iter().find(|line| line.line_id == line_id)
    }

    /// The line where somebody stands.
    pub fn line_of(&self, entry: &Entry) -> &Line {
        &self.lines[entry.line as usize]
    }

    /// Takes in a newly issued token.
    pub fn join(&mut self, line_id: LineId, entry: Entry) -> usize {
        let line = self.number_of(line_id);
        let (place, token_id) = (entry.place, entry.token_id);
        let slot = self.insert(line, entry);
        self.lines[line].join(place, slot, token_id);
        slot
    }

    /// Takes those out of the front of the issued of each line who wait no more.
    pub fn forget_issued(&mut self) {
        self.lines.iter_mut().for_each(|line| line.forget_issued(&self.tokens));
    }

    fn insert(&mut self, line: usize, entry: Entry) -> usize {
        let entry = Entry { line: line as u32, ..entry };
        let (key, user) = (entry.key, entry.user);
        let slot = self.tokens.insert(entry);
        let (tokens, hasher) = (&self.tokens, &self.hasher);
        let key_of = |&slot: &u32| hasher.hash_one(tokens.get(slot as usize).map_or(0, |entry| entry.key));
        self.by_key.insert_unique(hasher.hash_one(key), slot as u32, key_of);
        let user_of = |&slot: &u32| hasher.hash_one(tokens.get(slot as usize).map_or(0, |entry| entry.user));
        self.by_user.insert_unique(hasher.hash_one(user), slot as u32, user_of);
        slot
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
        self.lines[entry.line as usize].admit(entry.place, now);
        Some((slot, entry.issued_ms < now.unix_ms()))
    }

    /// Moves someone who waits to another place. Of who was let in since, only the numbers change.
    pub fn reposition(&mut self, key: TokenKey, place: Option<i64>, join_number: Option<u32>) {
        let Some(entry) = self.slot(key).and_then(|slot| self.tokens.get_mut(slot)) else { return };
        let (before, after) = (entry.place, place.unwrap_or(AWAITING_DRAW));
        entry.place = after;
        (entry.join_number, entry.draw_number) = (join_number.unwrap_or(0), 0);
        if !entry.active {
            self.lines[entry.line as usize].reposition(before, after);
        }
    }

    /// Gives those who waited for the draw of a line their places, all at once.
    pub fn draw(&mut self, line_id: LineId, drawn: &[(TokenKey, i64, u32)]) {
        self.line_mut(line_id).draw(drawn.iter().map(|&(_, place, _)| place).collect());
        for &(key, place, draw_number) in drawn {
            if let Some(entry) = self.entry_mut(key) {
                (entry.place, entry.draw_number) = (place, draw_number);
            }
        }
    }

    /// Moves the ends of visits, the last polls and the last admissions with the clock.
    pub fn move_deadlines(&mut self, moment: Millis, ms: i64) {
        for (_, entry) in &mut self.tokens {
            if entry.active_until_ms > moment.unix_ms() {
                entry.active_until_ms += ms;
            }
            *entry.last_poll_ms.get_mut() += ms;
        }
        for line in &mut self.lines {
            line.admissions.move_by(ms);
            line.admission_rate.move_by(ms);
        }
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
        self.lines[entry.line as usize].remove(entry.active, entry.place);
    }

    /// When the token was issued that has waited longest in a line.
    pub fn oldest_waiting(&self, line: &Line) -> Option<Millis> {
        self.tokens.get(line.oldest_slot()?).map(|entry| Millis::from_unix_ms(entry.issued_ms))
    }

    pub fn by_key(&self, key: TokenKey) -> Option<&Entry> {
        self.tokens.get(self.slot(key)?)
    }

    /// The token of a user in a line.
    pub fn by_user(&self, line_id: LineId, user: u128) -> Option<&Entry> {
        let line = self.lines.iter().position(|line| line.line_id == line_id)? as u32;
        let same = |entry: &Entry| entry.user == user && entry.line == line;
        let same = |&slot: &u32| self.tokens.get(slot as usize).is_some_and(same);
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

    /// Why a token that is still listed is over at `now`: the file will say so with the next transaction.
    pub fn expiry_reason(&self, entry: &Entry, now: Millis) -> Option<TokenEnd> {
        entry.expiry_reason(&self.line_of(entry).rules, now)
    }

    fn inactive_until_of(&self, entry: &Entry) -> Option<Millis> {
        entry.inactive_until(&self.line_of(entry).rules)
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
}
