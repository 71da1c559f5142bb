//! Points of users: topped up, spent, given back, corrected; each change one ledger entry with the balance after it.

pub mod api;
mod sql;
pub mod staff_api;

use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

pub use sql::list_entries;

use crate::call::{EventType, Tx, record};
use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::settings::{SaleSettings, TopUpPolicy};
use crate::store::{Failure, Outcome, column_words, with_transaction};
use crate::user;

column_words! {
    /// What changed a balance.
    EntryKind { TopUp "TOP_UP", Payment "PAYMENT", Refund "REFUND", Correction "CORRECTION", Payout "PAYOUT", }
}

column_words! {
    /// How money is taken or given at the counter.
    PayMethod {
        Cash "CASH",
        Card "CARD",
        /// None is taken: for guests.
        Free "FREE",
    }
}

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

/// An entry to be written, beside whose it is, when, and by which staff key.
struct NewEntry<'e> {
    kind: EntryKind,
    amount: Points,
    reservation_id: Option<Uuid>,
    method: Option<PayMethod>,
    reason: Option<&'e str>,
}

impl NewEntry<'_> {
    fn of(kind: EntryKind, amount: Points) -> Self {
        NewEntry { kind, amount, reservation_id: None, method: None, reason: None }
    }
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

/// Adds points; `method` says how staff were paid for them. Not to an account that was removed, be it only since a look
/// at the user's key: nobody could spend them.
///
/// # Errors
/// `USER_NOT_FOUND`, `BALANCE_LIMIT`.
pub fn top_up(tx: &Tx, user_id: Uuid, amount: Points, method: Option<PayMethod>) -> Outcome<Changed> {
    user::must_be_there(tx, user_id)?;
    let before = sql::find(tx, user_id)?.map_or(Points::ZERO, |(balance, _)| balance);
    let after = before.plus(amount).filter(|after| *after <= Points::BALANCE_MAX);
    let after = after.ok_or(Refusal::BalanceLimit { balance: before })?;
    add(tx, user_id, after, NewEntry { method, ..NewEntry::of(EntryKind::TopUp, amount) })
}

/// What the feed tells of a top-up.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct TopUpData {
    user_id: Uuid,
    top_up_id: i64,
    amount: Points,
    balance: Points,
    method: Option<PayMethod>,
    reservation_id: Option<Uuid>,
}

fn add(tx: &Tx, user_id: Uuid, after: Points, entry: NewEntry) -> Outcome<Changed> {
    let changed = write(tx, user_id, after, &entry)?;
    let told = TopUpData {
        user_id,
        top_up_id: changed.entry_id,
        amount: entry.amount,
        balance: after,
        method: entry.method,
        reservation_id: entry.reservation_id,
    };
    record(tx, EventType::PointsToppedUp, &told)?;
    Ok(changed)
}

/// Takes points for a reservation; `Err(balance)` inside when there are too few, and nothing is changed.
///
/// # Errors
/// `USER_NOT_FOUND`.
pub fn spend(tx: &Tx, user_id: Uuid, amount: Points, reservation_id: Uuid) -> Outcome<Result<Changed, Points>> {
    take(tx, user_id, amount, reservation_id, None)
}

fn take(
    tx: &Tx,
    user_id: Uuid,
    amount: Points,
    reservation_id: Uuid,
    method: Option<PayMethod>,
) -> Outcome<Result<Changed, Points>> {
    let before = find(tx, user_id)?.balance;
    let (Some(after), Some(taken)) = (before.minus(amount), amount.negated()) else { return Ok(Err(before)) };
    if after < Points::ZERO {
        return Ok(Err(before));
    }
    let entry = NewEntry { reservation_id: Some(reservation_id), method, ..NewEntry::of(EntryKind::Payment, taken) };
    write(tx, user_id, after, &entry).map(Ok)
}

/// Takes money for a reservation at the counter: in and out again, so that the balance stays as it was, even past its
/// limit for a moment. Of nothing there is only the payment.
///
/// # Errors
/// `USER_NOT_FOUND`; `BALANCE_LIMIT` past the range of 64 bits.
pub fn pay_at_counter(tx: &Tx, user_id: Uuid, amount: Points, reservation_id: Uuid, method: PayMethod) -> Outcome<()> {
    let is_free = amount == Points::ZERO;
    if !is_free {
        take_money(tx, user_id, amount, method, Some(reservation_id))?;
    }
    let taken = take(tx, user_id, amount, reservation_id, is_free.then_some(method))?;
    Ok(taken.map(drop).map_err(|_| Refusal::Internal)?) // it was added just now
}

/// Takes money at the counter for points that are spent at once, even past the limit of a balance for a moment.
///
/// # Errors
/// `USER_NOT_FOUND`; `BALANCE_LIMIT` past the range of 64 bits.
pub fn take_money(
    tx: &Tx,
    user_id: Uuid,
    amount: Points,
    method: PayMethod,
    reservation_id: Option<Uuid>,
) -> Outcome<Changed> {
    let before = find(tx, user_id)?.balance;
    let after = before.plus(amount).ok_or(Refusal::BalanceLimit { balance: before })?;
    add(tx, user_id, after, NewEntry { reservation_id, method: Some(method), ..NewEntry::of(EntryKind::TopUp, amount) })
}

/// Pays points out in money: those of the reservation that was refunded just now, or any.
///
/// # Errors
/// `USER_NOT_FOUND`, `BALANCE_TOO_LOW`.
pub fn pay_out(
    tx: &Tx,
    user_id: Uuid,
    amount: Points,
    method: PayMethod,
    reservation_id: Option<Uuid>,
) -> Outcome<Changed> {
    let before = find(tx, user_id)?.balance;
    let too_low = Refusal::BalanceTooLow { balance: before };
    let (Some(after), Some(paid)) = (before.minus(amount), amount.negated()) else { return Err(too_low.into()) };
    if after < Points::ZERO {
        return Err(too_low.into());
    }
    let entry = NewEntry { reservation_id, method: Some(method), ..NewEntry::of(EntryKind::Payout, paid) };
    let changed = write(tx, user_id, after, &entry)?;
    let told = json!({
        "userId": user_id, "payoutId": changed.entry_id, "amount": amount, "balance": after,
        "method": method, "reservationId": reservation_id,
    });
    record(tx, EventType::PointsPaidOut, &told)?;
    Ok(changed)
}

/// Gives the points of a reservation back, even past the limit of a balance: they were the user's before.
///
/// # Errors
/// `USER_NOT_FOUND`; `BALANCE_LIMIT` past the range of 64 bits.
pub fn refund(tx: &Tx, user_id: Uuid, amount: Points, reservation_id: Uuid) -> Outcome<Changed> {
    let before = find(tx, user_id)?.balance;
    let after = before.plus(amount).ok_or(Refusal::BalanceLimit { balance: before })?;
    let entry = NewEntry { reservation_id: Some(reservation_id), ..NewEntry::of(EntryKind::Refund, amount) };
    write(tx, user_id, after, &entry)
}

/// Corrects a balance by an amount, negative too: that of an account that was removed only down.
///
/// # Errors
/// `USER_NOT_FOUND`, `BALANCE_LIMIT`, `BALANCE_TOO_LOW`.
pub fn correct(tx: &Tx, user_id: Uuid, amount: Points, reason: &str) -> Outcome<Changed> {
    if amount > Points::ZERO {
        user::must_be_there(tx, user_id)?;
    }
    let before = find(tx, user_id)?.balance;
    let after = before.plus(amount).ok_or(Refusal::BalanceLimit { balance: before })?;
    if after < Points::ZERO {
        return Err(Refusal::BalanceTooLow { balance: before }.into());
    }
    if after > Points::BALANCE_MAX && amount > Points::ZERO {
        return Err(Refusal::BalanceLimit { balance: before }.into());
    }
    let entry = NewEntry { reason: Some(reason), ..NewEntry::of(EntryKind::Correction, amount) };
    let changed = write(tx, user_id, after, &entry)?;
    let told = json!({ "userId": user_id, "amount": amount, "balance": after, "reason": reason });
    record(tx, EventType::PointsCorrected, &told)?;
    Ok(changed)
}

fn write(tx: &Tx, user_id: Uuid, after: Points, entry: &NewEntry) -> Outcome<Changed> {
    sql::upsert(tx, user_id, after)?;
    let entry_id = sql::insert_entry(tx, user_id, after, entry)?;
    Ok(Changed { entry_id, balance: after })
}

/// Settles who may top up points, at a start: what it was given, else what the file says, else everybody
/// their own. What was given is kept in the file.
///
/// # Errors
/// A sentence, when the start would let everybody top up where the file was
/// last given staff, and has no flag that says so.
pub fn settle_policy(connection: &Connection, now: Millis, sale: &mut SaleSettings) -> Result<(), String> {
    let failed = |failure: Failure| format!("--top-up-policy can't be kept: {}", failure.to_refusal().code().word());
    let kept = sql::find_policy(connection).map_err(|error| failed(error.into()))?;
    let Some(given) = sale.top_up_policy else {
        sale.top_up_policy = kept;
        return Ok(());
    };
    let loosens = kept == Some(TopUpPolicy::Staff) && given == TopUpPolicy::Own;
    if loosens && !sale.loosen_top_up_policy {
        return Err("--top-up-policy self would let everyone top up their own balance, but this file was last given staff; give \
                    --top-up-policy staff, or --loosen-top-up-policy as well if points are to be free from now on."
            .into());
    }
    if loosens {
        log::warn!("--loosen-top-up-policy: from this start on everybody may top up their own balance");
    }
    if kept != Some(given) {
        with_transaction(connection, now, |tx: &Tx| Ok(sql::update_policy(tx, given)?)).map_err(failed)?;
    }
    Ok(())
}
