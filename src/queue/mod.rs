//! Tokens: waiting → active → expired. The line, and who is let in next.
//!
//! The file is the truth and `line.rs` its copy in memory. Use cases here change the file; `sweeper.rs` calls the ones that
//! go by time with every transaction.

pub mod api;
mod caller;
mod due;
mod line;
mod ranks;
mod rules;
mod sql;
pub mod staff_api;
mod window;

use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

pub use caller::{Caller, Known, active_token, any_token, same_user, token_or_user_key};
pub use line::{Figures, Line, Seen};
pub use rules::Rules;

use crate::clock::Millis;
use crate::ids::TokenKey;
use crate::refusal::{Refusal, TokenEnd};
use crate::settings::QueueSettings;
use crate::store::{Outcome, column_words};
use crate::venue::{Change, EventType, Tx, record};

column_words! {
    /// Where a token is in its life.
    #[allow(missing_docs, reason = "the words say it")]
    TokenStatus { Waiting "WAITING", Active "ACTIVE", Expired "EXPIRED", }
}

/// A token as the file has it.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token.
    pub key: TokenKey,
    /// Whose it is.
    pub user_id: Uuid,
    /// Where it is in its life.
    pub status: TokenStatus,
    /// The visit's own end, once active.
    pub visit_until: Option<Millis>,
    /// The visit's end with the hold that extends it, once active.
    pub active_until: Option<Millis>,
    /// Why it ended.
    pub end_reason: Option<TokenEnd>,
}

/// Tokens of silent people that one transaction drops at most, so that a crowd that left does not hold up the others.
const DROPS_MAX: usize = 1_000;
/// Admissions in one transaction at most, for the same reason.
const ADMISSIONS_MAX: u64 = 1_000;

/// The user's valid token, or a new one at the end of the line; says whether it is new.
///
/// # Errors
/// SQLite's.
pub fn issue(tx: &Tx, user_id: Uuid) -> Outcome<(TokenKey, bool)> {
    if let Some(token) = sql::find_live_of_user(tx, user_id)? {
        return Ok((token.key, false));
    }
    let key = TokenKey::random();
    let (token_id, place) = sql::insert(tx, key, user_id)?;
    record(tx, EventType::TokenIssued, &json!({ "userId": user_id }))?;
    tx.note(Change::TokenIssued { token_id, key, user_id, place });
    Ok((key, true))
}

/// The token, if it is active at the moment of this transaction.
///
/// # Errors
/// `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_WAITING`.
pub fn must_be_active(tx: &Tx, key: TokenKey) -> Outcome<Token> {
    let token = sql::find(tx, key)?.ok_or(Refusal::TokenInvalid)?;
    match token.status {
        TokenStatus::Active if token.active_until.is_some_and(|until| tx.now() < until) => Ok(token),
        TokenStatus::Active => Err(Refusal::TokenExpired { reason: TokenEnd::TimedOut }.into()),
        TokenStatus::Waiting => Err(Refusal::TokenWaiting { position: None, poll_after_seconds: 1 }.into()),
        TokenStatus::Expired => Err(ended(&token).into()),
    }
}

fn ended(token: &Token) -> Refusal {
    let reason = token.end_reason.unwrap_or(TokenEnd::TimedOut);
    Refusal::TokenExpired { reason }
}

/// A token that is no longer live, as its owner is told: expired, and why, or not one of ours.
///
/// # Errors
/// SQLite's. The refusal and the owner come back as values.
pub fn find_ended(connection: &Connection, key: TokenKey) -> Outcome<(Refusal, Option<Uuid>)> {
    Ok(match sql::find(connection, key)? {
        Some(token) => (ended(&token), Some(token.user_id)),
        None => (Refusal::TokenInvalid, None),
    })
}

/// The live token of a user.
///
/// # Errors
/// SQLite's.
pub fn find_live_of_user(connection: &Connection, user_id: Uuid) -> Outcome<Option<Token>> {
    Ok(sql::find_live_of_user(connection, user_id)?)
}

/// Ends a live token.
///
/// # Errors
/// SQLite's; a token that is over already is refused as `TOKEN_INVALID`.
pub fn end(tx: &Tx, token: &Token, reason: TokenEnd) -> Outcome<()> {
    if !sql::mark_expired_if_live(tx, token.key, reason)? {
        return Err(Refusal::TokenInvalid.into());
    }
    record(tx, EventType::TokenExpired, &json!({ "userId": token.user_id, "reason": reason.word() }))?;
    tx.note(Change::TokenEnded { key: token.key, was_active: token.status == TokenStatus::Active });
    Ok(())
}

/// A hold that lasts until `hold_until` extends the visit to its end; `None` when the hold is gone: the visit then ends at
/// its own time.
///
/// # Errors
/// SQLite's.
pub fn extend_visit(tx: &Tx, token: &Token, hold_until: Option<Millis>) -> Outcome<()> {
    let (Some(visit_until), Some(before)) = (token.visit_until, token.active_until) else { return Ok(()) };
    let active_until = hold_until.map_or(visit_until, |hold| hold.max(visit_until));
    if active_until != before {
        sql::update_active_until(tx, token.key, active_until)?;
        tx.note(Change::TokenMoved { key: token.key, active_until });
    }
    Ok(())
}

/// Ends the tokens whose time is over at the moment of this transaction: visits first, then those who were silent.
///
/// # Errors
/// SQLite's.
pub fn end_due(tx: &Tx, line: &Line) -> Outcome<()> {
    for key in line.take_claims() {
        sql::mark_claimed(tx, key)?;
    }
    let timed_out = sql::list_timed_out(tx)?.into_iter().map(|key| (key, TokenEnd::TimedOut));
    let silent = line.list_silent(tx.now(), DROPS_MAX).into_iter().map(|key| (key, TokenEnd::Abandoned));
    for (key, reason) in timed_out.chain(silent) {
        let live = sql::find(tx, key)?.filter(|token| token.status != TokenStatus::Expired);
        if let Some(token) = live {
            end(tx, &token, reason)?;
        }
    }
    Ok(())
}

/// Lets in the next in line as far as both limits allow, counting what this transaction has already changed.
///
/// # Errors
/// SQLite's.
pub fn admit_next(tx: &Tx, line: &Line) -> Outcome<()> {
    let figures = line.figures(tx.now());
    let joined = tx.sum_noted(|change| match change {
        Change::TokenIssued { .. } => 1,
        Change::TokenEnded { was_active: false, .. } => -1,
        _ => 0,
    });
    let waiting = figures.waiting.saturating_add_signed(joined);
    if waiting == 0 {
        return Ok(());
    }
    let ended = tx.sum_noted(|change| i64::from(matches!(change, Change::TokenEnded { was_active: true, .. })));
    let active = figures.active.saturating_add_signed(-ended);
    let rules = sql::find_rules(tx)?;
    let count = rules.admissible(active, figures.admitted_last_minute).min(ADMISSIONS_MAX);
    let visit_until = tx.now().plus_seconds(rules.visit_seconds);
    for (key, user_id) in sql::list_next(tx, count)? {
        if sql::mark_active_if_waiting(tx, key, visit_until)? {
            record(tx, EventType::TokenAdmitted, &json!({ "userId": user_id }))?;
            tx.note(Change::TokenAdmitted { key, visit_until });
        }
    }
    Ok(())
}

/// When there will be something to write down although nobody asks: a visit's end, a silence, or a place in the window of
/// admissions.
///
/// # Errors
/// SQLite's.
pub fn next_due(connection: &Connection, line: &Line, now: Millis) -> rusqlite::Result<Option<Millis>> {
    let rules = line.rules();
    let figures = line.figures(now);
    let window = (figures.waiting > 0 && !rules.paused).then(|| {
        match rules.admissible(figures.active, 0) {
            0 => None, // the next who leaves brings the next in
            _ if rules.admissible(figures.active, figures.admitted_last_minute) > 0 => Some(now),
            _ => line.window_frees_at(rules.admit_per_minute),
        }
    });
    let moments = [sql::next_time_out(connection)?, line.next_silent(), window.flatten()];
    Ok(moments.into_iter().flatten().min())
}

/// Changes the rules of the line.
///
/// # Errors
/// SQLite's.
pub fn change_rules(tx: &Tx, change: impl FnOnce(&mut Rules)) -> Outcome<Rules> {
    let mut rules = sql::find_rules(tx)?;
    change(&mut rules);
    sql::update_rules(tx, &rules)?;
    record(tx, EventType::QueueChanged, &rules)?;
    tx.note(Change::QueueChanged);
    Ok(rules)
}

/// The rules as the file has them.
///
/// # Errors
/// SQLite's.
pub fn find_rules(connection: &Connection) -> Outcome<Rules> {
    Ok(sql::find_rules(connection)?)
}

/// How long the first of the line has waited, in whole seconds.
///
/// # Errors
/// SQLite's.
pub fn oldest_wait_seconds(connection: &Connection, now: Millis) -> Outcome<i64> {
    let since = sql::find_oldest_waiting(connection)?;
    Ok(since.map_or(0, |issued_at| now.ms_since(issued_at).max(0) / 1_000))
}

/// Fills the line from the file at start; a new file takes its first rules from the flags, an older one keeps its own, and
/// a difference is logged.
///
/// # Errors
/// SQLite's.
pub fn fill(connection: &Connection, line: &Line, first: &QueueSettings, now: Millis) -> rusqlite::Result<()> {
    let new = sql::insert_rules(connection, first)?;
    let rules = sql::find_rules(connection)?;
    let in_file = QueueSettings {
        max_active: rules.max_active,
        admit_per_minute: rules.admit_per_minute,
        visit_seconds: rules.visit_seconds,
        abandon_seconds: rules.abandon_seconds,
        claim_seconds: rules.claim_seconds,
    };
    if !new && in_file != *first {
        log::warn!(
            "the file's rules of the line are kept ({in_file:?}), not the flags' ({first:?}); staff change them"
        );
    }
    let admissions = sql::list_admissions(connection, now.plus_ms(-window::WINDOW_MS))?;
    line.fill(rules, sql::list_live(connection)?, &admissions, now);
    Ok(())
}
