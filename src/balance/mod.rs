//! Points of users: topped up, spent, given back, corrected; each change one ledger entry with the balance after it.

pub mod api;
mod policy;
mod sql;
pub mod staff_api;

use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

pub use policy::settle_policy;
pub use sql::list_entries;

use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::store::{Outcome, column_words};
use crate::user;
use crate::venue::{EventType, Tx, record};

column_words! {
    /// What changed a balance.
    EntryKind { TopUp "TOP_UP", Payment "PAYMENT", Refund "REFUND", Correction "CORRECTION", }
}

/// A balance.
#[derive(Debug, Clone, Copy, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    pub user_id: Uuid,
    pub balance: Points,
    /// When it last changed; when the user came, before it ever did.
    pub updated_at: Millis,
}

/// One line of the ledger.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its id; later entries have higher ones.
    pub entry_id: i64,
    pub kind: EntryKind,
    /// By how much; payments are negative.
    pub amount: Points,
    pub balance_after: Points,
    pub reservation_id: Option<Uuid>,
    pub at: Millis,
}

/// What a change of a balance came to.
#[derive(Debug, Clone, Copy)]
pub struct Changed {
    pub entry_id: i64,
    pub balance: Points,
}

/// The balance of a user who exists.
///
/// # Errors
/// `USER_NOT_FOUND`.
pub fn find(connection: &Connection, user_id: Uuid) -> Outcome<Balance> {
    if let Some((balance, updated_at)) = sql::find(connection, user_id)? {
        return Ok(Balance { user_id, balance, updated_at });
    }
    let user = user::must_exist(connection, user_id)?;
    Ok(Balance { user_id, balance: Points::ZERO, updated_at: user.created_at })
}

/// Adds points.
///
/// # Errors
/// `USER_NOT_FOUND`, `BALANCE_LIMIT`.
pub fn top_up(tx: &Tx, user_id: Uuid, amount: Points) -> Outcome<Changed> {
    let before = find(tx, user_id)?.balance;
    let after = before.plus(amount).filter(|after| *after <= Points::BALANCE_MAX);
    let after = after.ok_or(Refusal::BalanceLimit { balance: before })?;
    let changed = write(tx, user_id, EntryKind::TopUp, amount, after, None, None)?;
    let told = json!({ "userId": user_id, "topUpId": changed.entry_id, "amount": amount, "balance": after });
    record(tx, EventType::PointsToppedUp, &told)?;
    Ok(changed)
}

/// Takes points for a reservation; `Err(balance)` inside when there are too few, and nothing is changed.
///
/// # Errors
/// `USER_NOT_FOUND`.
pub fn spend(tx: &Tx, user_id: Uuid, amount: Points, reservation_id: Uuid) -> Outcome<Result<Changed, Points>> {
    let before = find(tx, user_id)?.balance;
    let (Some(after), Some(entry)) = (before.minus(amount), amount.negated()) else { return Ok(Err(before)) };
    if after < Points::ZERO {
        return Ok(Err(before));
    }
    write(tx, user_id, EntryKind::Payment, entry, after, Some(reservation_id), None).map(Ok)
}

/// Gives the points of a reservation back, even past the limit of a balance: they were the user's before.
///
/// # Errors
/// `USER_NOT_FOUND`; `BALANCE_LIMIT` past the range of 64 bits.
pub fn refund(tx: &Tx, user_id: Uuid, amount: Points, reservation_id: Uuid) -> Outcome<Changed> {
    let before = find(tx, user_id)?.balance;
    let after = before.plus(amount).ok_or(Refusal::BalanceLimit { balance: before })?;
    write(tx, user_id, EntryKind::Refund, amount, after, Some(reservation_id), None)
}

/// Corrects a balance by an amount, negative too.
///
/// # Errors
/// `USER_NOT_FOUND`, `BALANCE_LIMIT`, `BALANCE_TOO_LOW`.
pub fn correct(tx: &Tx, user_id: Uuid, amount: Points, reason: &str) -> Outcome<Changed> {
    let before = find(tx, user_id)?.balance;
    let after = before.plus(amount).ok_or(Refusal::BalanceLimit { balance: before })?;
    if after < Points::ZERO {
        return Err(Refusal::BalanceTooLow { balance: before }.into());
    }
    if after > Points::BALANCE_MAX && amount > Points::ZERO {
        return Err(Refusal::BalanceLimit { balance: before }.into());
    }
    let changed = write(tx, user_id, EntryKind::Correction, amount, after, None, Some(reason))?;
    let told = json!({ "userId": user_id, "amount": amount, "balance": after, "reason": reason });
    record(tx, EventType::PointsCorrected, &told)?;
    Ok(changed)
}

fn write(
    tx: &Tx,
    user_id: Uuid,
    kind: EntryKind,
    amount: Points,
    after: Points,
    reservation_id: Option<Uuid>,
    reason: Option<&str>,
) -> Outcome<Changed> {
    sql::upsert(tx, user_id, after)?;
    let entry_id = sql::insert_entry(tx, user_id, kind, amount, after, reservation_id, reason)?;
    Ok(Changed { entry_id, balance: after })
}
