//! Every statement that reads or writes `user`.

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::{NewUser, User, folded};
use crate::ids::KeyHash;
use crate::store::from_row;
use crate::venue::Tx;

pub(super) fn insert(tx: &Tx, user_id: Uuid, new: &NewUser) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO user (user_id, name, key_hash, created_at, name_folded) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((user_id, &new.name, &new.key_hash, tx.now(), &new.name_folded))
    .map(drop)
}

pub(super) fn update_key(tx: &Tx, user_id: Uuid, key_hash: &KeyHash) -> rusqlite::Result<bool> {
    tx.prepare_cached("UPDATE user SET key_hash = ?2 WHERE user_id = ?1")?
        .execute((user_id, key_hash))
        .map(|rows| rows == 1)
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

/// Users whose name contains a text, newest first: those before one, at most `limit`.
pub fn list_by_name(connection: &Connection, part: &str, before: Uuid, limit: u32) -> rusqlite::Result<Vec<User>> {
    connection
        .prepare_cached(
            "SELECT user_id, name, created_at FROM user WHERE user_id IN (
                 SELECT user_id FROM user INDEXED BY user_name_folded WHERE instr(name_folded, ?1) > 0
                 AND user_id < ?2 ORDER BY user_id DESC LIMIT ?3)
             ORDER BY user_id DESC",
        )?
        .query_map((folded(part), before, limit), read)?
        .collect()
}

/// Users whose names are not folded yet, at most `limit`.
pub(super) fn list_unfolded(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<(Uuid, String)>> {
    connection
        .prepare_cached("SELECT user_id, name FROM user WHERE name_folded IS NULL LIMIT ?1")?
        .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

pub(super) fn update_folded(connection: &Connection, user_id: Uuid, name: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE user SET name_folded = ?2 WHERE user_id = ?1")?
        .execute((user_id, folded(name)))
        .map(drop)
}

fn read(row: &Row) -> rusqlite::Result<User> {
    from_row!(row => User { user_id, name, created_at })
}
