//! What the whole run has reached.

use std::collections::BTreeMap;

use parking_lot::{Mutex, MutexGuard};

use super::words::{Expected, Fact};

/// Every refusal of sections 1 to 5 of the contract that can be given today, and the reasons of `TOKEN_EXPIRED`.
pub const MUST_BE_REACHED: &[&str] = &[
    "ALREADY_PAID",
    "AMOUNT_MISMATCH",
    "BALANCE_LIMIT",
    "BALANCE_TOO_LOW",
    "CONCERT_NOT_FOUND",
    "DATE_AMBIGUOUS",
    "DATE_IN_USE",
    "HOLD_EXPIRED",
    "IDEMPOTENCY_KEY_REUSED",
    "INSUFFICIENT_BALANCE",
    "INVALID_REQUEST",
    "NOT_YOURS",
    "NO_DRAW",
    "PAYMENT_NOT_FOUND",
    "RESERVATION_NOT_CONFIRMED",
    "RESERVATION_NOT_FOUND",
    "RESERVATION_NOT_PENDING",
    "RESERVATION_PENDING",
    "REFUND_CLOSED",
    "SALE_CLOSED",
    "SALE_NOT_OPEN",
    "SCHEDULE_CANCELLED",
    "SCHEDULE_NOT_FOUND",
    "SEAT_LIMIT",
    "SEAT_NOT_FOUND",
    "SEAT_UNAVAILABLE",
    "TOKEN_EXPIRED ABANDONED",
    "TOKEN_EXPIRED LEFT",
    "TOKEN_EXPIRED PAID",
    "TOKEN_EXPIRED REVOKED",
    "TOKEN_EXPIRED TIMED_OUT",
    "TOKEN_INVALID",
    "TOKEN_OTHER_LINE",
    "TOKEN_REQUIRED",
    "TOKEN_WAITING",
    "TOP_UP_BY_STAFF_ONLY",
    "USER_BANNED",
    "USER_IN_USE",
    "USER_KEY_INVALID",
    "VISIT_OVER",
    "place restored",
    "replayed",
];

static REACHED: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

pub fn reached() -> MutexGuard<'static, BTreeMap<String, usize>> {
    REACHED.lock()
}

/// Counts a step and what it came to.
pub fn step(expected: &Expected, replayed: bool) {
    let mut reached = reached();
    let mut count = |what: String| *reached.entry(what).or_default() += 1;
    count("steps".into());
    if expected.facts.iter().any(|fact| matches!(fact, ("/placeRestored", Fact::There(true)))) {
        count("place restored".into());
    }
    match expected.facts.first() {
        Some((_, Fact::Word(reason))) if expected.code == "TOKEN_EXPIRED" => count(format!("TOKEN_EXPIRED {reason}")),
        _ if !expected.code.is_empty() => count(expected.code.into()),
        _ if replayed => count("replayed".into()),
        _ => count(format!("answered {}", expected.status)),
    }
}

/// What was reached fewer times than `least`, and how often.
pub fn too_seldom(least: usize) -> Vec<(&'static str, usize)> {
    let reached = reached();
    let times = MUST_BE_REACHED.iter().map(|what| (*what, reached.get(*what).copied().unwrap_or(0)));
    times.filter(|(_, times)| *times < least).collect()
}
