//! Who is let in next: with each transaction as many of each line as its limits allow, and by hand. One transaction
//! lets in a bounded number, and the next follows at once.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::{Lines, grace, sql, visit_end};
use crate::call::{Change, EventType, Tx, record};
use crate::ids::{LineId, TokenKey};
use crate::refusal::Refusal;
use crate::store::{Outcome, SkippedRows};

/// Admissions in one transaction at most, so that those who wait for its commit wait for some milliseconds.
const ADMISSIONS_MAX: u64 = 1_000;

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
    let next = sql::list_next(tx, line_id, count.saturating_add(skipped.len() as u64))?;
    let next = next.into_iter().filter(|(key, ..)| !skipped.has(key.0));
    let next: Vec<_> = next.take(usize::try_from(count).unwrap_or(usize::MAX)).collect();
    let admitted = || tx.sum_changes(|change| i64::from(matches!(change, Change::TokenAdmitted { .. })));
    let before = admitted();
    skipped.try_all(
        tx,
        &next,
        |(key, ..)| key.0,
        |_| "a token that is next".to_owned(),
        |tx, &(key, user_id, place)| {
            if let Some(reason) = lines.expiry_reason(key, tx.now()) {
                return sql::find(tx, key)?.map_or(Ok(()), |token| visit_end::end(tx, &token, reason));
            }
            grace::end_before(tx, line_id, place)?;
            begin_visit(tx, line_id, (key, user_id), visit_seconds, by_hand)
        },
    )?;
    Ok((admitted() - before).unsigned_abs())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionData {
    user_id: Uuid,
    by_hand: bool,
    #[serde(rename = "concertId")]
    line_id: LineId,
}

/// Begins the visit of a token that waits in a line; of one that waits no more, nothing.
pub(super) fn begin_visit(
    tx: &Tx,
    line_id: LineId,
    (key, user_id): (TokenKey, Uuid),
    visit_seconds: u32,
    by_hand: bool,
) -> Outcome<()> {
    let visit_until = tx.now().plus_seconds(visit_seconds);
    if sql::mark_active_if_waiting(tx, key, visit_until)? {
        record(tx, EventType::TokenAdmitted, &AdmissionData { user_id, by_hand, line_id })?;
        tx.push_change(Change::TokenAdmitted { line_id, key, visit_until });
    }
    Ok(())
}
