//! What goes by time with each transaction: visits and silences that are over, and places that are free. Each does a
//! bounded part, and the next transaction follows at once.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Lines, TokenStatus, end, sql};
use crate::clock::Millis;
use crate::ids::LineId;
use crate::refusal::{Refusal, TokenEnd};
use crate::store::{Outcome, SkippedRows};
use crate::venue::{Change, EventType, Tx, record};

/// Tokens of visits that are over, and of inactive people, that one transaction ends at most, so that
/// many who left at once do not hold up the others.
const DROPS_MAX: usize = 1_000;
/// Admissions in one transaction at most, for the same reason.
const ADMISSIONS_MAX: u64 = 1_000;

/// Ends the tokens whose time is over at the moment of this transaction: visits first, then those who were inactive.
pub fn end_due(tx: &Tx, lines: &Lines, skipped: &SkippedRows) -> Outcome<()> {
    for key in lines.take_first_calls() {
        sql::mark_first_call(tx, key)?;
    }
    let most = DROPS_MAX + skipped.len();
    let timed_out = sql::list_timed_out(tx, most)?.into_iter().map(|key| (key, TokenEnd::TimedOut));
    let inactive = lines.list_inactive(tx.now(), most).into_iter().map(|key| (key, TokenEnd::Abandoned));
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

/// What a transaction has changed so far of how many stand in a line.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    joined: i64,
    admitted: i64,
    gave_up: i64,
    ended: i64,
    rules_changed: bool,
}

/// Lets in the next in each line as far as both of its limits allow, counting what this transaction has already
/// changed.
pub fn admit_next(tx: &Tx, lines: &Lines, skipped: &SkippedRows) -> Outcome<()> {
    let mut tallies: BTreeMap<LineId, Tally> =
        lines.list_waiting().into_iter().map(|line_id| (line_id, Tally::default())).collect();
    tx.each_change(|change| match change {
        Change::TokenIssued { line_id, .. } => tallies.entry(*line_id).or_default().joined += 1,
        Change::TokenAdmitted { line_id, .. } => tallies.entry(*line_id).or_default().admitted += 1,
        Change::TokenEnded { line_id, was_active: true, .. } => tallies.entry(*line_id).or_default().ended += 1,
        Change::TokenEnded { line_id, was_active: false, .. } => tallies.entry(*line_id).or_default().gave_up += 1,
        Change::QueueChanged { line_id } => tallies.entry(*line_id).or_default().rules_changed = true,
        _ => {}
    });
    tallies.into_iter().try_for_each(|(line_id, tally)| admit_next_of(tx, lines, line_id, tally, skipped))
}

fn admit_next_of(tx: &Tx, lines: &Lines, line_id: LineId, tally: Tally, skipped: &SkippedRows) -> Outcome<()> {
    let Tally { joined, admitted, gave_up, ended, rules_changed } = tally;
    let figures = lines.figures(line_id, tx.now());
    if counted(figures.waiting, joined - gave_up - admitted)? == 0 {
        return Ok(());
    }
    let active = counted(figures.active, admitted - ended)?;
    // Memory has the rules of the last commit.
    let rules = if rules_changed { sql::find_rules(tx, line_id)? } else { lines.rules(line_id) };
    let in_window = counted(figures.admitted_last_minute, admitted)?;
    let count = rules.admissible(tx.now(), active, in_window).min(ADMISSIONS_MAX);
    admit(tx, lines, line_id, Admission { count, visit_seconds: rules.visit_seconds, by_hand: false }, skipped)
        .map(drop)
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

/// Lets in the next so many of a line by hand, past the limits, which count them afterwards. Says how many there were.
pub fn admit_by_hand(tx: &Tx, lines: &Lines, line_id: LineId, count: u64) -> Outcome<u64> {
    let visit_seconds = sql::find_rules(tx, line_id)?.visit_seconds;
    admit(tx, lines, line_id, Admission { count, visit_seconds, by_hand: true }, &SkippedRows::default())
}

/// How many are let in, and how.
struct Admission {
    count: u64,
    visit_seconds: u32,
    by_hand: bool,
}

/// Lets in the first of a line. Who was inactive for too long is not let in, whether or not that was written down.
fn admit(tx: &Tx, lines: &Lines, line_id: LineId, admission: Admission, skipped: &SkippedRows) -> Outcome<u64> {
    let Admission { count, visit_seconds, by_hand } = admission;
    let visit_until = tx.now().plus_seconds(visit_seconds);
    let next = sql::list_next(tx, line_id, count.saturating_add(skipped.len() as u64))?;
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
            if lines.has_expired(key, tx.now()) {
                let token = sql::find(tx, key)?;
                return token.map_or(Ok(()), |token| end(tx, &token, TokenEnd::Abandoned));
            }
            if sql::mark_active_if_waiting(tx, key, visit_until)? {
                record(tx, EventType::TokenAdmitted, &told_admitted(line_id, user_id, by_hand))?;
                tx.push_change(Change::TokenAdmitted { line_id, key, visit_until });
            }
            Ok(())
        },
    )?;
    Ok((admitted() - before).unsigned_abs())
}

/// What the feed tells of an admission.
pub(super) fn told_admitted(line_id: LineId, user_id: Uuid, by_hand: bool) -> Value {
    json!({ "userId": user_id, "byHand": by_hand, "concertId": line_id })
}

/// When there will be something to write down although nobody asks: a visit's end, a
/// silence, or a place in the window of admissions.
pub fn next_due(
    connection: &Connection,
    lines: &Lines,
    now: Millis,
    skipped: &SkippedRows,
) -> rusqlite::Result<Option<Millis>> {
    let time_outs = sql::list_next_time_outs(connection, 1 + skipped.len())?;
    let time_out = time_outs.into_iter().find(|(key, _)| !skipped.has(key.0)).map(|(_, until)| until);
    let moments = [time_out, lines.next_inactive(skipped), lines.next_admission(now)];
    let openings = lines.list_openings().into_iter().map(|(_, opens_at)| opens_at);
    Ok(moments.into_iter().flatten().chain(openings).min())
}
