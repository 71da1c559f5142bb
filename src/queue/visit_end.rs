//! What ends a visit: its time, a payment, its owner who leaves or is inactive for too long, staff.
//!
//! A visit is the time in which the owner of an active token may hold and pay. It begins with the admission
//! (`admit.rs`) and ends at `visit_until`, `visitSeconds` later. A hold that lasts longer extends it: `active_until` is
//! the later of both. Then the token is over, whether or not that was written down: [`must_be_active`] refuses it, and
//! [`end_due`] ends it with the next transaction, as it ends those whose owners were inactive for too long. What ends
//! it earlier (paid, left, revoked) begins in `reservation/early_visit_end.rs`, which gives a hold back first.

use serde::Serialize;
use uuid::Uuid;

use super::{Lines, Token, TokenStatus, ended, find_ended, grace, sql};
use crate::call::{Change, EventType, Tx, record};
use crate::clock::Millis;
use crate::ids::{LineId, TokenKey};
use crate::refusal::{Refusal, TokenEnd};
use crate::store::{Outcome, SkippedRows};

/// Tokens of visits that are over, and of inactive people, that one transaction ends at most, so that
/// many who left at once do not hold up the others.
const ENDS_MAX: usize = 1_000;

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

impl Token {
    /// Whether further seats may be held: a hold lasts beyond the visit's own end, but none begins after it.
    ///
    /// # Errors
    /// `VISIT_OVER`.
    pub fn must_have_visit(&self, now: Millis) -> Result<(), Refusal> {
        let is_over = self.visit_until.is_some_and(|until| now >= until);
        if is_over { Err(Refusal::VisitOver) } else { Ok(()) }
    }
}

/// A hold that lasts until `hold_until` extends the visit to its end; `None` when the hold is gone: the visit then ends
/// at its own time.
pub fn extend_visit(tx: &Tx, token: &Token, hold_until: Option<Millis>) -> Outcome<()> {
    let (Some(visit_until), Some(before)) = (token.visit_until, token.active_until) else { return Ok(()) };
    let active_until = hold_until.map_or(visit_until, |hold| hold.max(visit_until));
    if active_until != before {
        sql::update_active_until(tx, token.key, active_until)?;
        tx.push_change(Change::VisitMoved { key: token.key, active_until });
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenEndData {
    user_id: Uuid,
    reason: &'static str,
    was_active: bool,
    #[serde(rename = "concertId")]
    line_id: LineId,
}

/// Ends a live token.
///
/// # Errors
/// `TOKEN_EXPIRED` for one that is over already.
pub fn end(tx: &Tx, token: &Token, reason: TokenEnd) -> Outcome<()> {
    if !sql::mark_expired_if_live(tx, token.key, reason)? {
        return Err(find_ended(tx, token.key)?.0.into());
    }
    if reason == TokenEnd::Abandoned {
        grace::begin(tx, token.key)?;
    }
    let was_active = token.status == TokenStatus::Active;
    let (user_id, line_id) = (token.user_id, token.line_id);
    record(tx, EventType::TokenExpired, &TokenEndData { user_id, reason: reason.word(), was_active, line_id })?;
    tx.push_change(Change::TokenEnded { line_id, key: token.key, was_active });
    Ok(())
}

/// Ends the tokens whose time is over at the moment of this transaction: visits first, then those who were inactive.
pub fn end_due(tx: &Tx, lines: &Lines, skipped: &SkippedRows) -> Outcome<()> {
    for key in lines.take_first_calls() {
        sql::mark_first_call(tx, key)?;
    }
    let most = ENDS_MAX + skipped.len();
    let timed_out = sql::list_timed_out(tx, most)?.into_iter().map(|key| (key, TokenEnd::TimedOut));
    let inactive = lines.list_inactive(tx.now(), most).into_iter().map(|key| (key, TokenEnd::Abandoned));
    for due in [timed_out.collect::<Vec<_>>(), inactive.collect()] {
        let due: Vec<_> = due.into_iter().filter(|(key, _)| !skipped.has(key.0)).take(ENDS_MAX).collect();
        skipped.try_all(
            tx,
            &due,
            |(key, _)| key.0,
            |_| "a token that is over".to_owned(),
            |tx, &(key, reason)| {
                let live = sql::find(tx, key)?.filter(|token| token.status != TokenStatus::Expired);
                live.map_or(Ok(()), |token| end(tx, &token, reason))
            },
        )?;
    }
    Ok(())
}
