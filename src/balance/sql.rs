//! Every statement that reads or writes `balance` and `ledger_entry`, and who may top up.

use rusqlite::Connection;
use uuid::Uuid;

use super::{Entry, NewEntry};
use crate::call::Tx;
use crate::clock::Millis;
use crate::points::Points;
use crate::settings::TopUpPolicy;
use crate::store::{Statements, from_row};

pub(super) fn find(connection: &Connection, user_id: Uuid) -> rusqlite::Result<Option<(Points, Millis)>> {
    let select = "SELECT points, updated_at FROM balance WHERE user_id = ?1";
    connection.find(select, [user_id], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub(super) fn upsert(tx: &Tx, user_id: Uuid, points: Points) -> rusqlite::Result<()> {
    let insert = "INSERT INTO balance (user_id, points, updated_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (user_id) DO UPDATE SET points = excluded.points, updated_at = excluded.updated_at";
    tx.run(insert, (user_id, points, tx.now()))
}

pub(super) fn insert_entry(tx: &Tx, user_id: Uuid, balance_after: Points, entry: &NewEntry) -> rusqlite::Result<i64> {
    let NewEntry { kind, amount, reservation_id, method, reason } = entry;
    tx.prepare_cached(
        "INSERT INTO ledger_entry (user_id, kind, amount, balance_after, reservation_id, reason, at, method, key_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .insert((user_id, kind, amount, balance_after, reservation_id, reason, tx.now(), method, tx.actor()))
}

/// The ledger of a user, newest first: entries before one, at most `limit`.
pub fn list_entries(connection: &Connection, user_id: Uuid, before: i64, limit: u32) -> rusqlite::Result<Vec<Entry>> {
    connection.list(
        "SELECT entry_id, kind, amount, balance_after, reservation_id, at FROM ledger_entry
             WHERE user_id = ?1 AND entry_id < ?2 ORDER BY entry_id DESC LIMIT ?3",
        (user_id, before, limit),
        |row| from_row!(row => Entry { entry_id, kind, amount, balance_after, reservation_id, at }),
    )
}

/// Who may top up, if the file says it.
pub(super) fn find_policy(connection: &Connection) -> rusqlite::Result<Option<TopUpPolicy>> {
    let word: Option<String> = connection.query_row("SELECT top_up_policy FROM venue", [], |row| row.get(0))?;
    Ok(word.and_then(|word| TopUpPolicy::parse(&word)))
}

pub(super) fn update_policy(tx: &Tx, policy: TopUpPolicy) -> rusqlite::Result<()> {
    tx.execute("UPDATE venue SET top_up_policy = ?1", [policy.word()]).map(drop)
}
