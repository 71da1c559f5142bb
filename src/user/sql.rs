//! Every statement that reads or writes `user`.

use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::{NewUser, User, folded, folded_contact};
use crate::call::Tx;
use crate::ids::KeyHash;
use crate::store::{Statements, from_row};

/// Adds a user and says the number.
pub(super) fn insert(tx: &Tx, user_id: Uuid, new: &NewUser) -> rusqlite::Result<i64> {
    let before: i64 = tx.one("SELECT ifnull(max(number), 0) FROM user", [], |row| row.get(0))?;
    let insert = "INSERT INTO user (user_id, name, key_hash, created_at, name_folded, contact, number)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    tx.run(insert, (user_id, &new.name, &new.key_hash, tx.now(), &new.name_folded, &new.contact, before + 1))?;
    Ok(before + 1)
}

pub(super) fn update(
    tx: &Tx,
    user_id: Uuid,
    name: &str,
    contact: Option<&str>,
    seats_per_user: Option<u32>,
) -> rusqlite::Result<()> {
    let update = "UPDATE user SET name = ?2, name_folded = ?3, contact = ?4, seats_per_user = ?5 WHERE user_id = ?1";
    tx.run(update, (user_id, name, folded(name), contact, seats_per_user))
}

pub(super) fn update_ban(tx: &Tx, user_id: Uuid, banned: bool) -> rusqlite::Result<()> {
    tx.run("UPDATE user SET banned_at = ?2 WHERE user_id = ?1", (user_id, banned.then_some(tx.now())))
}

pub(super) fn mark_removed_if_there(tx: &Tx, user_id: Uuid, key_hash: &KeyHash) -> rusqlite::Result<bool> {
    let update = "UPDATE user SET name = '–', name_folded = '', contact = NULL, key_hash = ?2, removed_at = ?3
         WHERE user_id = ?1 AND removed_at IS NULL";
    tx.changes_one(update, (user_id, key_hash, tx.now()))
}

pub(super) fn update_key(tx: &Tx, user_id: Uuid, key_hash: &KeyHash) -> rusqlite::Result<bool> {
    tx.changes_one("UPDATE user SET key_hash = ?2 WHERE user_id = ?1 AND removed_at IS NULL", (user_id, key_hash))
}

pub(super) fn find(connection: &Connection, user_id: Uuid) -> rusqlite::Result<Option<User>> {
    connection.find(&format!("{USER} WHERE user_id = ?1"), [user_id], read)
}

pub(super) fn find_by_number(connection: &Connection, number: i64) -> rusqlite::Result<Option<User>> {
    connection.find(&format!("{USER} WHERE number = ?1"), [number], read)
}

pub(super) fn find_key_hash(connection: &Connection, user_id: Uuid) -> rusqlite::Result<Option<KeyHash>> {
    connection.find("SELECT key_hash FROM user WHERE user_id = ?1", [user_id], |row| row.get(0))
}

/// Users whose name contains a text, newest first: those before one, at most `limit`.
pub fn list_by_name(connection: &Connection, part: &str, before: Uuid, limit: u32) -> rusqlite::Result<Vec<User>> {
    let select = "SELECT user_id, name, created_at, ifnull(number, 0), contact, banned_at, seats_per_user, removed_at FROM user WHERE user_id IN (
             SELECT user_id FROM user INDEXED BY user_name_folded WHERE instr(name_folded, ?1) > 0
             AND user_id < ?2 ORDER BY user_id DESC LIMIT ?3)
         ORDER BY user_id DESC";
    connection.list(select, (folded(part), before, limit), read)
}

/// Users whose name or contact contains a text, newest first: those before one, at most `limit`.
pub fn list_by_text(connection: &Connection, part: &str, before: Uuid, limit: u32) -> rusqlite::Result<Vec<User>> {
    let select = format!(
        "{USER} WHERE user_id IN (
             SELECT * FROM (SELECT user_id FROM user INDEXED BY user_name_folded WHERE instr(name_folded, ?1) > 0
               AND user_id < ?3 ORDER BY user_id DESC LIMIT ?4)
             UNION SELECT * FROM (SELECT user_id FROM user INDEXED BY user_contact WHERE contact IS NOT NULL
               AND instr(lower(replace(replace(contact, '-', ''), ' ', '')), ?2) > 0
               AND user_id < ?3 ORDER BY user_id DESC LIMIT ?4))
         ORDER BY user_id DESC LIMIT ?4"
    );
    connection.list(&select, (folded(part), folded_contact(part), before, limit), read)
}

/// Users whose names are not folded yet, at most `limit`.
pub(super) fn list_unfolded(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<(Uuid, String)>> {
    let select = "SELECT user_id, name FROM user WHERE name_folded IS NULL LIMIT ?1";
    connection.list(select, [limit], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub(super) fn update_folded(connection: &Connection, user_id: Uuid, name: &str) -> rusqlite::Result<()> {
    connection.run("UPDATE user SET name_folded = ?2 WHERE user_id = ?1", (user_id, folded(name)))
}

const USER: &str =
    "SELECT user_id, name, created_at, ifnull(number, 0), contact, banned_at, seats_per_user, removed_at FROM user";

fn read(row: &Row) -> rusqlite::Result<User> {
    from_row!(row => User { user_id, name, created_at, number, contact, banned_at, seats_per_user, removed_at })
}
