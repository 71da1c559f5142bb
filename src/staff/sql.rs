//! Every statement that reads or writes `staff_key`.

use rusqlite::{Connection, Row};

use super::{Member, Role, StaffKey};
use crate::call::Tx;
use crate::ids::KeyHash;
use crate::store::{Statements, from_row};

const STAFF_KEY: &str = "SELECT key_id, name, role, created_at, revoked_at FROM staff_key";

fn read(row: &Row) -> rusqlite::Result<StaffKey> {
    from_row!(row => StaffKey { key_id, name, role, created_at, revoked_at })
}

pub(super) fn insert(tx: &Tx, name: &str, role: Role, key_hash: &KeyHash) -> rusqlite::Result<i64> {
    tx.prepare_cached("INSERT INTO staff_key (name, role, key_hash, created_at) VALUES (?1, ?2, ?3, ?4)")?.insert((
        name,
        role,
        key_hash,
        tx.now(),
    ))
}

pub(super) fn mark_revoked_if_live(tx: &Tx, key_id: i64) -> rusqlite::Result<bool> {
    tx.changes_one("UPDATE staff_key SET revoked_at = ?2 WHERE key_id = ?1 AND revoked_at IS NULL", (key_id, tx.now()))
}

pub(super) fn find(connection: &Connection, key_id: i64) -> rusqlite::Result<Option<StaffKey>> {
    connection.find(&format!("{STAFF_KEY} WHERE key_id = ?1"), [key_id], read)
}

/// The key that is not revoked, by the name of its owner.
pub fn find_live_by_name(connection: &Connection, name: &str) -> rusqlite::Result<Option<StaffKey>> {
    connection.find(&format!("{STAFF_KEY} WHERE name = ?1 AND revoked_at IS NULL"), [name], read)
}

pub(super) fn find_live_by_hash(connection: &Connection, hash: &KeyHash) -> rusqlite::Result<Option<StaffKey>> {
    connection.find(&format!("{STAFF_KEY} WHERE key_hash = ?1 AND revoked_at IS NULL"), [hash], read)
}

/// The hashes of the keys that were revoked last: older ones count as guesses.
pub(super) fn list_revoked_hashes(connection: &Connection) -> rusqlite::Result<Vec<KeyHash>> {
    let select = "SELECT key_hash FROM staff_key WHERE revoked_at IS NOT NULL ORDER BY revoked_at DESC LIMIT 10000";
    connection.list(select, [], |row| row.get(0))
}

/// Keys after one, at most `limit`: those that are not revoked first.
pub fn list(connection: &Connection, after: Option<i64>, limit: u32) -> rusqlite::Result<Vec<StaffKey>> {
    let select = format!(
        "{STAFF_KEY} WHERE ?1 IS NULL OR (revoked_at IS NOT NULL, key_id) >
           (SELECT revoked_at IS NOT NULL, key_id FROM staff_key WHERE key_id = ?1)
         ORDER BY revoked_at IS NOT NULL, key_id LIMIT ?2"
    );
    connection.list(&select, (after, limit), read)
}

/// The hashes of all keys that open something, with their owners.
pub(super) fn list_live(connection: &Connection) -> rusqlite::Result<Vec<(KeyHash, Member)>> {
    connection
        .prepare("SELECT key_hash, key_id, name, role FROM staff_key WHERE revoked_at IS NULL ORDER BY key_id")?
        .query_map([], |row| Ok((row.get(0)?, Member { key_id: row.get(1)?, name: row.get(2)?, role: row.get(3)? })))?
        .collect()
}

pub(super) fn count_live(connection: &Connection) -> rusqlite::Result<u32> {
    connection.one("SELECT count(*) FROM staff_key WHERE revoked_at IS NULL", [], |row| row.get(0))
}

pub(super) fn count_live_admins(connection: &Connection) -> rusqlite::Result<u32> {
    connection.one("SELECT count(*) FROM staff_key WHERE revoked_at IS NULL AND role = 'admin'", [], |row| row.get(0))
}
