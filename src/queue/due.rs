//! What goes by time with each transaction: visits and silences that are over, and places that are free. Each does a
//! bounded part, and the next transaction follows at once.

use rusqlite::Connection;
use serde_json::json;

use super::{Line, TokenStatus, end, sql};
use crate::clock::Millis;
use crate::refusal::{Refusal, TokenEnd};
use crate::store::{Outcome, SkippedRows};
use crate::venue::{Change, EventType, Tx, record};

/// Tokens of visits that are over, and of inactive people, that one transaction ends at most, so that
/// many who left at once do not hold up the others.
const DROPS_MAX: usize = 1_000;
/// Admissions in one transaction at most, for the same reason.
const ADMISSIONS_MAX: u64 = 1_000;

/// Ends the tokens whose time is over at the moment of this transaction: visits first, then those who were inactive.
pub fn end_due(tx: &Tx, line: &Line, skipped: &SkippedRows) -> Outcome<()> {
    for key in line.take_first_calls() {
        sql::mark_first_call(tx, key)?;
    }
    let most = DROPS_MAX + skipped.len();
    let timed_out = sql::list_timed_out(tx, most)?.into_iter().map(|key| (key, TokenEnd::TimedOut));
    let inactive = line.list_inactive(tx.now(), most).into_iter().map(|key| (key, TokenEnd::Abandoned));
    for due in [timed_out.collect::<Vec<_>>(), inactive.collect()] {
        let due: Vec<_> = due.into_iter().filter(|(key, _)| !skipped.has(key.0)).take(DROPS_MAX).collect();
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

/// The clock goes on elsewhere, so many milliseconds later or earlier: every
/// visit that ends after `moment` keeps its length.
pub fn move_visits(tx: &Tx, moment: Millis, ms: i64) -> Outcome<()> {
    Ok(sql::move_visits(tx, moment, ms)?)
}

/// Lets in the next in line as far as both limits allow, counting what this transaction has already changed.
pub fn admit_next(tx: &Tx, line: &Line, skipped: &SkippedRows) -> Outcome<()> {
    let figures = line.figures(tx.now());
    let noted = |weight: fn(&Change) -> i64| tx.sum_changes(weight);
    let admitted = noted(|change| i64::from(matches!(change, Change::TokenAdmitted { .. })));
    let joined = noted(|change| match change {
        Change::TokenIssued { .. } => 1,
        Change::TokenEnded { was_active: false, .. } => -1,
        _ => 0,
    });
    if counted(figures.waiting, joined - admitted)? == 0 {
        return Ok(());
    }
    let ended = noted(|change| i64::from(matches!(change, Change::TokenEnded { was_active: true, .. })));
    let active = counted(figures.active, admitted - ended)?;
    // Memory has the rules of the last commit.
    let have_changed = noted(|change| i64::from(matches!(change, Change::QueueChanged))) > 0;
    let rules = if have_changed { sql::find_rules(tx)? } else { line.rules() };
    let in_window = counted(figures.admitted_last_minute, admitted)?;
    let count = rules.admissible(tx.now(), active, in_window).min(ADMISSIONS_MAX);
    admit(tx, line, count, rules.visit_seconds, false, skipped).map(drop)
}

/// What memory counts, with what this transaction changes of it. Fewer than none: memory is not as the file is.
fn counted(known: u64, change: i64) -> Outcome<u64> {
    known.checked_add_signed(change).ok_or_else(|| {
        log::error!(
            "the waiting line in memory is not as the file is; restart the server: {known} changed by {change}"
        );
        Refusal::Internal.into()
    })
}

/// Lets in the next so many by hand, past the limits, which count them afterwards. Says how many there were.
pub fn admit_by_hand(tx: &Tx, line: &Line, count: u64) -> Outcome<u64> {
    let rules = sql::find_rules(tx)?;
    admit(tx, line, count, rules.visit_seconds, true, &SkippedRows::default())
}

/// Lets in the first of the line. Who was inactive for too long is not let in, whether or not that was written down.
fn admit(tx: &Tx, line: &Line, count: u64, visit_seconds: u32, by_hand: bool, skipped: &SkippedRows) -> Outcome<u64> {
    let visit_until = tx.now().plus_seconds(visit_seconds);
    let next = sql::list_next(tx, count.saturating_add(skipped.len() as u64))?;
    let next = next.into_iter().filter(|(key, _)| !skipped.has(key.0));
    let next: Vec<_> = next.take(usize::try_from(count).unwrap_or(usize::MAX)).collect();
    let admitted = || tx.sum_changes(|change| i64::from(matches!(change, Change::TokenAdmitted { .. })));
    let before = admitted();
    skipped.try_all(
        tx,
        &next,
        |(key, _)| key.0,
        |_| "a token that is next".to_owned(),
        |tx, &(key, user_id)| {
            if line.has_expired(key, tx.now()) {
                let token = sql::find(tx, key)?;
                return token.map_or(Ok(()), |token| end(tx, &token, TokenEnd::Abandoned));
            }
            if sql::mark_active_if_waiting(tx, key, visit_until)? {
                record(tx, EventType::TokenAdmitted, &json!({ "userId": user_id, "byHand": by_hand }))?;
                tx.push_change(Change::TokenAdmitted { key, visit_until });
            }
            Ok(())
        },
    )?;
    Ok((admitted() - before).unsigned_abs())
}

/// When there will be something to write down although nobody asks: a visit's end, a
/// silence, or a place in the window of admissions.
pub fn next_due(
    connection: &Connection,
    line: &Line,
    now: Millis,
    skipped: &SkippedRows,
) -> rusqlite::Result<Option<Millis>> {
    let rules = line.rules();
    let figures = line.figures(now);
    let window = match rules.admissible(now, figures.active, 0) {
        0 => None, // nobody may come in, or the next who leaves brings the next in
        _ if figures.waiting == 0 => None,
        _ if rules.admissible(now, figures.active, figures.admitted_last_minute) > 0 => Some(now),
        _ => line.window_frees_at(rules.admit_per_minute),
    };
    let time_outs = sql::list_next_time_outs(connection, 1 + skipped.len())?;
    let time_out = time_outs.into_iter().find(|(key, _)| !skipped.has(key.0)).map(|(_, until)| until);
    let moments = [time_out, line.next_inactive(skipped), window, rules.opens_at];
    Ok(moments.into_iter().flatten().min())
}
