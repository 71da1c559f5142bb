//! Every statement that reads or writes `user`.

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::User;
use crate::ids::KeyHash;
use crate::venue::Tx;

pub(super) fn insert(tx: &Tx, user_id: Uuid, name: &str, key_hash: &KeyHash) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO user (user_id, name, key_hash, created_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute((user_id, name, key_hash, tx.now()))
        .map(drop)
}

pub(super) fn update_key(tx: &Tx, user_id: Uuid, key_hash: &KeyHash) -> rusqlite::Result<bool> {
    let rows = tx.prepare_cached("UPDATE user SET key_hash = ?2 WHERE user_id = ?1")?.execute((user_id, key_hash))?;
    Ok(rows == 1)
}

pub(super) fn find(connection: &Connection, user_id: Uuid) -> rusqlite::Result<Option<User>> {
    connection
        .prepare_cached("SELECT user_id, name, created_at FROM user WHERE user_id = ?1")?
        .query_row([user_id], read)
        .optional()
}

pub(super) fn find_key_hash(connection: &Connection, user_id: Uuid) -> rusqlite::Result<Option<KeyHash>> {
    connection
        .prepare_cached("SELECT key_hash FROM user WHERE user_id = ?1")?
        .query_row([user_id], |row| row.get(0))
        .optional()
}

pub(super) fn list_by_name(connection: &Connection, part: &str, limit: u32) -> rusqlite::Result<Vec<User>> {
    connection
        .prepare_cached(
            "SELECT user_id, name, created_at FROM user WHERE instr(lower(name), lower(?1)) > 0
             ORDER BY user_id DESC LIMIT ?2",
        )?
        .query_map((part, limit), read)?
        .collect()
}

fn read(row: &Row) -> rusqlite::Result<User> {
    Ok(User { user_id: row.get(0)?, name: row.get(1)?, created_at: row.get(2)? })
}
