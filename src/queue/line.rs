//! The line in memory: a copy of the live tokens of the file, changed only after the commit that changed the file.
//!
//! Polls read it under a shared lock that the writer takes only for the moment of copying a commit's changes, never
//! across a commit. What a poll leaves behind (when it was, that it was) is an atomic here and nothing in the file.

use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use super::Rules;
use super::deadlines::DeadlineHeap;
use super::live_tokens::{Entry, LiveTokens, TokenView};
use crate::clock::Millis;
use crate::ids::{TokenKey, TokenMint};
use crate::refusal::TokenEnd;
use crate::store::SkippedRows;
use crate::venue::Change;

/// How the line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub waiting: u64,
    pub active: u64,
    /// Admissions of the last 60 seconds.
    pub admitted_last_minute: u64,
}

/// The line.
#[derive(Debug)]
pub struct Line {
    /// Makes its tokens.
    pub(super) mint: TokenMint,
    tokens: RwLock<LiveTokens>,
    /// Tokens whose first call after admission is not yet in the file.
    first_calls: Mutex<Vec<TokenKey>>,
    deadlines: Mutex<DeadlineHeap>,
}

impl Line {
    /// An empty line whose tokens a mint makes.
    pub fn new(mint: TokenMint) -> Line {
        Line { mint, tokens: RwLock::default(), first_calls: Mutex::default(), deadlines: Mutex::default() }
    }

    /// Whether a text is a token that was given out once, also when the file has forgotten it.
    /// Tokens of a format before 4 are not known again.
    pub fn has_issued(&self, text: &str) -> bool {
        TokenKey::parse(text).is_some_and(|key| self.mint.has_made(key))
    }

    /// The live token of this text, polled at `now` (which keeps it in the line), for an answer that may take
    /// `wait_seconds`. `None` when it is not live; a token whose time is over tells why, and whose it was.
    pub fn poll(&self, key: TokenKey, now: Millis, wait_seconds: u32) -> Option<Result<TokenView, (TokenEnd, Uuid)>> {
        self.find(key, now, Some(now.plus_seconds(wait_seconds)))
    }

    /// The live token of this text as it stands, without a poll of its owner: a long poll that is
    /// answered is no call. Otherwise like [`Line::poll`].
    pub fn view(&self, key: TokenKey, now: Millis) -> Option<Result<TokenView, (TokenEnd, Uuid)>> {
        self.find(key, now, None)
    }

    fn find(&self, key: TokenKey, now: Millis, polled: Option<Millis>) -> Option<Result<TokenView, (TokenEnd, Uuid)>> {
        let tokens = self.tokens.read();
        let entry = tokens.by_key(key)?;
        Some(match tokens.expiry_reason(entry, now) {
            Some(end) => Err((end, entry.user_id())),
            None => {
                polled.into_iter().for_each(|polled| self.keep(entry, polled));
                Ok(tokens.view(entry, now))
            }
        })
    }

    /// The live token of a user, polled at `now`.
    pub fn poll_user(&self, user_id: Uuid, now: Millis) -> Option<TokenView> {
        let tokens = self.tokens.read();
        let entry = tokens.by_user(user_id.as_u128())?;
        if tokens.expiry_reason(entry, now).is_some() {
            return None;
        }
        self.keep(entry, now);
        Some(tokens.view(entry, now))
    }

    /// The live token of a user as it stands, without a poll of theirs: for staff.
    pub fn view_user(&self, user_id: Uuid, now: Millis) -> Option<TokenView> {
        let tokens = self.tokens.read();
        tokens.by_user(user_id.as_u128()).map(|entry| tokens.view(entry, now))
    }

    fn keep(&self, entry: &Entry, polled: Millis) {
        if entry.poll(polled) {
            self.first_calls.lock().push(TokenKey(entry.key));
        }
    }

    /// How the line stands.
    pub fn figures(&self, now: Millis) -> Figures {
        let tokens = self.tokens.read();
        Figures {
            waiting: tokens.waiting(),
            active: tokens.active(),
            admitted_last_minute: tokens.admissions.admitted(now),
        }
    }

    /// How long the longest wait has lasted, in whole seconds.
    pub fn oldest_wait_seconds(&self, now: Millis) -> i64 {
        self.tokens.read().oldest_waiting().map_or(0, |issued_at| now.ms_since(issued_at).max(0) / 1_000)
    }

    /// The rules in force.
    pub fn rules(&self) -> Rules {
        self.tokens.read().rules.clone()
    }

    /// When the draw is to come.
    pub(super) fn opens_at(&self) -> Option<Millis> {
        self.tokens.read().rules.opens_at
    }

    /// When a full window of admissions has room again.
    pub(super) fn window_frees_at(&self, per_minute: u32) -> Option<Millis> {
        self.tokens.read().admissions.frees_at(per_minute)
    }

    /// Those first calls that are not yet in the file.
    pub(super) fn take_first_calls(&self) -> Vec<TokenKey> {
        std::mem::take(&mut *self.first_calls.lock())
    }

    /// Those who were inactive for too long, at most `limit`: waiting without a poll, or let in without a call.
    pub(super) fn list_inactive(&self, now: Millis, limit: usize) -> Vec<TokenKey> {
        let tokens = self.tokens.read();
        let due = self.deadlines.lock().list_due(now, limit, |slot, tag| tokens.inactive_until(slot, tag));
        due.into_iter().filter_map(|slot| tokens.by_slot(slot)).map(|entry| TokenKey(entry.key)).collect()
    }

    /// When somebody will have been inactive for too long.
    pub(super) fn next_inactive(&self, skipped: &SkippedRows) -> Option<Millis> {
        let tokens = self.tokens.read();
        let is_stuck = |slot| tokens.by_slot(slot).is_some_and(|entry| skipped.has(entry.key));
        // One that can't be dropped is never due.
        self.deadlines
            .lock()
            .next(|slot, tag| tokens.inactive_until(slot, tag).filter(|_| skipped.is_empty() || !is_stuck(slot)))
    }

    /// Fills the line with what `each` gives, one by one, and with nobody else.
    ///
    /// # Errors
    /// Those of `each`.
    pub(super) fn load<E>(
        &self,
        rules: Rules,
        admissions: &[Millis],
        each: impl FnOnce(&mut dyn FnMut(Entry)) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut tokens = self.tokens.write();
        self.first_calls.lock().clear();
        *tokens = LiveTokens::default();
        tokens.rules = rules;
        tokens.load(each)?;
        admissions.iter().for_each(|&at| tokens.admissions.count(at));
        self.deadlines.lock().refill(tokens.all_due());
        Ok(())
    }

    /// Copies what a commit at `now` changed, all at once: no poll sees half of it.
    pub fn apply(&self, changes: &[Change], now: Millis) {
        let mut tokens = self.tokens.write();
        let mut deadlines = self.deadlines.lock();
        let (mut admitted, mut waited) = (0, 0);
        for change in changes {
            let slot = match change {
                Change::TokenIssued { token_id, key, user_id, place, join_number } => {
                    Some(tokens.join(Entry::issued(*token_id, *key, *user_id, *place, *join_number, now)))
                }
                Change::TokenAdmitted { key, visit_until } => {
                    tokens.admit(*key, *visit_until, now).map(|(slot, had_waited)| {
                        (admitted, waited) = (admitted + 1, waited + u64::from(had_waited));
                        slot
                    })
                }
                Change::TokenMoved { key, place, join_number } => {
                    tokens.reposition(*key, *place, *join_number);
                    None
                }
                Change::VisitMoved { key, active_until } => {
                    if let Some(entry) = tokens.entry_mut(*key) {
                        entry.active_until_ms = active_until.unix_ms();
                    }
                    None
                }
                Change::TokenEnded { key, .. } => {
                    tokens.remove(*key);
                    None
                }
                Change::Drawn { places } => {
                    tokens.draw(places);
                    None
                }
                Change::QueueChanged
                | Change::StaffKeysChanged
                | Change::WebhookChanged { .. }
                | Change::ReservationChanged { .. }
                | Change::ClockTurned { .. }
                | Change::ClockSettled
                | Change::ClockStepped { .. }
                | Change::Restored { .. }
                | Change::EventRecorded
                | Change::ScheduleChanged { .. }
                | Change::ScheduleSettled { .. }
                | Change::ScheduleDeleted { .. }
                | Change::ConcertDeleted
                | Change::SeatsChanged { .. } => None,
            };
            if let Some((until, slot, token_id)) = slot.and_then(|slot| tokens.due_of(slot)) {
                deadlines.note(until, slot, token_id);
            }
        }
        tokens.forget_issued();
        tokens.count_admissions(now, admitted, waited);
    }

    /// The clock goes on so many milliseconds later: everybody who is not late at `moment` keeps what is left to them.
    pub fn move_deadlines(&self, moment: Millis, ms: i64) {
        let mut tokens = self.tokens.write();
        tokens.move_deadlines(moment, ms);
        self.deadlines.lock().refill(tokens.all_due());
    }

    /// Puts new rules in force.
    pub fn set_rules(&self, rules: Rules) {
        let mut tokens = self.tokens.write();
        let limits = |rules: &Rules| (rules.abandon_seconds, rules.claim_seconds);
        let changed = limits(&tokens.rules) != limits(&rules);
        tokens.rules = rules;
        if changed {
            self.deadlines.lock().refill(tokens.all_due()); // a shorter limit makes people due earlier than was noted
        }
    }

    /// Whether a token that the file still has as live is over at `now`: it was inactive for too long, or timed out.
    pub(super) fn has_expired(&self, key: TokenKey, now: Millis) -> bool {
        let tokens = self.tokens.read();
        tokens.by_key(key).is_some_and(|entry| tokens.expiry_reason(entry, now).is_some())
    }
}
