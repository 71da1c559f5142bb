//! The lines in memory: a copy of the live tokens of the file, changed only after the commit that changed the file.
//!
//! Polls read it under a shared lock that the writer takes only for the moment of copying a commit's changes, never
//! across a commit. What a poll leaves behind (when it was, that it was) is an atomic here and nothing in the file.

use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use super::deadlines::DeadlineHeap;
use super::line::{Entry, Line};
use super::live_tokens::LiveTokens;
use super::token_view::TokenView;
use crate::call::Change;
use crate::clock::Millis;
use crate::ids::{LineId, TokenKey, TokenMint};
use crate::queue::rules::{Rules, StoredLine};
use crate::refusal::TokenEnd;
use crate::store::SkippedRows;

/// How a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    pub waiting: u64,
    pub active: u64,
    /// Admissions of the last 60 seconds.
    pub admitted_last_minute: u64,
    /// How long the longest wait has lasted, in whole seconds.
    pub oldest_wait_seconds: i64,
}

/// A line as staff see it.
#[derive(Debug, Clone)]
pub struct LineView {
    pub line_id: LineId,
    pub rules: Rules,
    /// Whether nobody joins it any more.
    pub closed: bool,
    pub figures: Figures,
}

#[derive(Debug)]
pub struct Lines {
    /// Makes their tokens.
    pub(in crate::queue) mint: TokenMint,
    tokens: RwLock<LiveTokens>,
    /// Tokens whose first call after admission is not yet in the file.
    first_calls: Mutex<Vec<TokenKey>>,
    deadlines: Mutex<DeadlineHeap>,
}

impl Lines {
    /// The shared line alone, with nobody in it; a mint makes the tokens.
    pub fn new(mint: TokenMint) -> Lines {
        Lines { mint, tokens: RwLock::default(), first_calls: Mutex::default(), deadlines: Mutex::default() }
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
    /// answered is no call. Otherwise like [`Lines::poll`].
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
                Ok(TokenView::of(entry, tokens.line_of(entry), now))
            }
        })
    }

    /// The live token of a user in a line, polled at `now`.
    pub fn poll_user(&self, line_id: LineId, user_id: Uuid, now: Millis) -> Option<TokenView> {
        let tokens = self.tokens.read();
        let entry = tokens.by_user(line_id, user_id.as_u128())?;
        if tokens.expiry_reason(entry, now).is_some() {
            return None;
        }
        self.keep(entry, now);
        Some(TokenView::of(entry, tokens.line_of(entry), now))
    }

    /// The live token of a user in a line as it stands, without a poll of theirs: for staff.
    pub fn view_user(&self, line_id: LineId, user_id: Uuid, now: Millis) -> Option<TokenView> {
        let tokens = self.tokens.read();
        let entry = tokens.by_user(line_id, user_id.as_u128())?;
        Some(TokenView::of(entry, tokens.line_of(entry), now))
    }

    fn keep(&self, entry: &Entry, polled: Millis) {
        if entry.poll(polled) {
            self.first_calls.lock().push(TokenKey(entry.key));
        }
    }

    /// The line where people stand for a concert: its own, or else the shared line.
    pub fn of_concert(&self, concert_id: i64) -> LineId {
        let own = LineId(concert_id);
        let tokens = self.tokens.read();
        if tokens.line(own).is_some_and(|line| !line.closed) { own } else { LineId::SHARED }
    }

    /// Whether any line is there beside the shared line.
    pub fn are_several(&self) -> bool {
        self.tokens.read().lines.len() > 1
    }

    /// Whether the tokens of a line open a concert.
    pub fn opens(&self, line_id: LineId, concert_id: i64) -> bool {
        line_id.concert_id().map_or_else(|| self.of_concert(concert_id) == LineId::SHARED, |of| of == concert_id)
    }

    /// The lines that are in use or where somebody stands: the shared line, then those of concerts by their ids.
    pub fn list(&self, now: Millis) -> Vec<LineView> {
        let tokens = self.tokens.read();
        let is_there = |line: &&Line| !line.closed || line.waiting() + line.active() > 0;
        let view = |line: &Line| LineView {
            line_id: line.line_id,
            rules: line.rules.clone(),
            closed: line.closed,
            figures: figures_of(&tokens, line, now),
        };
        let mut lines: Vec<LineView> = tokens.lines.iter().filter(is_there).map(view).collect();
        lines.sort_unstable_by_key(|line| line.line_id);
        lines
    }

    /// How a line stands.
    pub fn figures(&self, line_id: LineId, now: Millis) -> Figures {
        let tokens = self.tokens.read();
        tokens.line(line_id).map_or_else(Figures::default, |line| figures_of(&tokens, line, now))
    }

    pub fn count_waiting(&self) -> u64 {
        self.tokens.read().lines.iter().map(Line::waiting).sum()
    }

    /// The lines where somebody waits.
    pub(in crate::queue) fn list_waiting(&self) -> Vec<LineId> {
        let tokens = self.tokens.read();
        tokens.lines.iter().filter(|line| line.waiting() > 0).map(|line| line.line_id).collect()
    }

    /// The rules in force in a line.
    pub fn rules(&self, line_id: LineId) -> Rules {
        self.tokens.read().line(line_id).map(|line| line.rules.clone()).unwrap_or_default()
    }

    /// The lines whose draw is to come, each with its moment.
    pub(in crate::queue) fn list_openings(&self) -> Vec<(LineId, Millis)> {
        let tokens = self.tokens.read();
        tokens.lines.iter().filter_map(|line| Some((line.line_id, line.rules.opens_at?))).collect()
    }

    /// When the next can be let in although nobody leaves: the full window of admissions of a line has room again.
    pub(in crate::queue) fn next_admission(&self, now: Millis) -> Option<Millis> {
        let tokens = self.tokens.read();
        let next = tokens.lines.iter().filter(|line| line.waiting() > 0).filter_map(|line| {
            let room = |admitted| line.rules.admissible(now, line.active(), admitted);
            match (room(0), room(line.admissions.admitted(now))) {
                (0, _) => None, // nobody may come in, or the next who leaves brings the next in
                (_, 0) => line.admissions.frees_at(line.rules.admit_per_minute),
                _ => Some(now),
            }
        });
        next.min()
    }

    /// Those first calls that are not yet in the file.
    pub(in crate::queue) fn take_first_calls(&self) -> Vec<TokenKey> {
        std::mem::take(&mut *self.first_calls.lock())
    }

    /// Those who were inactive for too long, at most `limit`: waiting without a poll, or let in without a call.
    pub(in crate::queue) fn list_inactive(&self, now: Millis, limit: usize) -> Vec<TokenKey> {
        let tokens = self.tokens.read();
        let due = self.deadlines.lock().list_due(now, limit, |slot, tag| tokens.inactive_until(slot, tag));
        due.into_iter().filter_map(|slot| tokens.by_slot(slot)).map(|entry| TokenKey(entry.key)).collect()
    }

    /// When somebody will have been inactive for too long.
    pub(in crate::queue) fn next_inactive(&self, skipped: &SkippedRows) -> Option<Millis> {
        let tokens = self.tokens.read();
        let is_stuck = |slot| tokens.by_slot(slot).is_some_and(|entry| skipped.has(entry.key));
        // One that can't be dropped is never due.
        self.deadlines
            .lock()
            .next(|slot, tag| tokens.inactive_until(slot, tag).filter(|_| skipped.is_empty() || !is_stuck(slot)))
    }

    /// Fills the lines with the people whom `each` gives, one by one, and with nobody else.
    ///
    /// # Errors
    /// Those of `each`.
    pub(in crate::queue) fn load<E>(
        &self,
        lines: Vec<StoredLine>,
        admissions: &[(LineId, Millis)],
        each: impl FnOnce(&mut dyn FnMut(LineId, Entry)) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut tokens = self.tokens.write();
        self.first_calls.lock().clear();
        *tokens = LiveTokens::default();
        for line in lines {
            set(&mut tokens, line);
        }
        tokens.load(each)?;
        admissions.iter().for_each(|&(line_id, at)| tokens.line_mut(line_id).admissions.count(at));
        self.deadlines.lock().refill(tokens.all_due());
        Ok(())
    }

    /// Copies what a commit at `now` changed, all at once: no poll sees half of it. `lines` are those that the commit
    /// changed themselves.
    pub fn apply(&self, changes: &[Change], lines: Vec<StoredLine>, now: Millis) {
        let mut tokens = self.tokens.write();
        let mut deadlines = self.deadlines.lock();
        if lines.into_iter().fold(false, |changed, line| set(&mut tokens, line) | changed) {
            deadlines.refill(tokens.all_due()); // a shorter limit makes people due earlier than was noted
        }
        let mut admitted: Vec<(LineId, u64, u64)> = Vec::new();
        for change in changes {
            let slot = match change {
                Change::TokenIssued { line_id, token_id, key, user_id, place, join_number, draw_number } => {
                    let entry = Entry::issued(*token_id, *key, *user_id, *place, *join_number, now);
                    Some(tokens.join(*line_id, Entry { draw_number: draw_number.unwrap_or(0), ..entry }))
                }
                Change::TokenAdmitted { line_id, key, visit_until } => {
                    tokens.admit(*key, *visit_until, now).map(|(slot, had_waited)| {
                        count(&mut admitted, *line_id, had_waited);
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
                Change::Drawn { line_id, places } => {
                    tokens.draw(*line_id, places);
                    None
                }
                Change::QueueChanged { .. }
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
                | Change::ConcertsChanged
                | Change::VenueProfileChanged
                | Change::SeatsChanged { .. } => None,
            };
            if let Some((until, slot, token_id)) = slot.and_then(|slot| tokens.due_of(slot)) {
                deadlines.note(until, slot, token_id);
            }
        }
        tokens.forget_issued();
        for (line_id, admitted, waited) in admitted {
            tokens.line_mut(line_id).count_admissions(now, admitted, waited);
        }
    }

    /// The clock goes on so many milliseconds later: everybody who is not late at `moment` keeps what is left to them.
    pub fn move_deadlines(&self, moment: Millis, ms: i64) {
        let mut tokens = self.tokens.write();
        tokens.move_deadlines(moment, ms);
        self.deadlines.lock().refill(tokens.all_due());
    }

    /// Why a token that the file still has as live is over at `now`, if it is.
    pub(in crate::queue) fn expiry_reason(&self, key: TokenKey, now: Millis) -> Option<TokenEnd> {
        let tokens = self.tokens.read();
        tokens.by_key(key).and_then(|entry| tokens.expiry_reason(entry, now))
    }
}

fn figures_of(tokens: &LiveTokens, line: &Line, now: Millis) -> Figures {
    let oldest = tokens.oldest_waiting(line);
    Figures {
        waiting: line.waiting(),
        active: line.active(),
        admitted_last_minute: line.admissions.admitted(now),
        oldest_wait_seconds: oldest.map_or(0, |issued_at| now.ms_since(issued_at).max(0) / 1_000),
    }
}

/// Puts the rules of a line in force as the file has them; says whether people may become due at other moments.
fn set(tokens: &mut LiveTokens, stored: StoredLine) -> bool {
    let line = tokens.line_mut(stored.line_id);
    let limits = |rules: &Rules| (rules.abandon_seconds, rules.claim_seconds);
    let changed = limits(&line.rules) != limits(&stored.rules);
    line.closed = stored.closed_at.is_some();
    line.rules = stored.rules;
    changed && line.waiting() + line.active() > 0
}

/// Counts an admission of a line, and whether the person had waited.
fn count(admitted: &mut Vec<(LineId, u64, u64)>, line_id: LineId, had_waited: bool) {
    match admitted.iter_mut().find(|(of, ..)| *of == line_id) {
        Some((_, all, waited)) => (*all, *waited) = (*all + 1, *waited + u64::from(had_waited)),
        None => admitted.push((line_id, 1, u64::from(had_waited))),
    }
}
