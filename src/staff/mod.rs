//! Staff: who works here, the keys that prove it, and the role that says what a key opens.
//!
//! The file has only hashes of keys. A revoked key stays as a row, because the events of its time name it.

mod sql;
pub mod staff_api;

use std::sync::Arc;

use parking_lot::RwLock;
use rusqlite::Connection;
use serde_json::json;

pub use sql::{find_live_by_name, list};

use crate::call::{Change, EventType, Tx, record};
use crate::clock::Millis;
use crate::ids::{self, KeyHash};
use crate::refusal::Refusal;
use crate::store::{Outcome, column_words};

/// The length of a name in characters, after trimming.
pub const NAME_MAX_CHARS: usize = 80;
/// Keys that are not revoked, at most: each call compares its key with all of them.
const KEYS_MAX: u32 = 200;
/// The name of the first key.
pub const FIRST_NAME: &str = "admin";

column_words! {
    /// What a key is for.
    Role {
        /// Everything.
        Admin "admin",
        /// Selling: users, points, reservations, tickets; and the door.
        Counter "counter",
        /// The door: who may go in, and who is in.
        Door "door",
    }
}

/// Somebody who works here.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub key_id: i64,
    pub name: String,
    pub role: Role,
}

impl Member {
    /// Whether this role is one of those allowed.
    ///
    /// # Errors
    /// `ROLE_NOT_ALLOWED`.
    pub fn must_be(&self, allowed: &[Role]) -> Result<(), Refusal> {
        if allowed.contains(&self.role) {
            return Ok(());
        }
        let allowed = allowed.iter().map(|role| role.word()).collect();
        Err(Refusal::RoleNotAllowed { role: self.role.word(), allowed })
    }
}

/// The keys that open something now, in memory: a call is let in or not without a look at the file. It changes only
/// after the commit that makes or revokes one.
#[derive(Debug, Default)]
pub struct Keyring {
    live: RwLock<Arc<[(KeyHash, Member)]>>,
    revoked: RwLock<Vec<KeyHash>>,
}

impl Keyring {
    /// Reads the keys from the file.
    pub fn fill(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (live, revoked) = (sql::list_live(connection)?, sql::list_revoked_hashes(connection)?);
        *self.live.write() = live.into();
        *self.revoked.write() = revoked;
        Ok(())
    }

    /// Whether the key of an id opens something.
    pub fn has(&self, key_id: i64) -> bool {
        self.live.read().iter().any(|(_, member)| member.key_id == key_id)
    }

    /// Whose key an id is, while it opens something.
    pub fn member(&self, key_id: i64) -> Option<Member> {
        self.live.read().iter().find(|(_, member)| member.key_id == key_id).map(|(_, member)| member.clone())
    }

    /// Whether a key opened something once: whoever sends it has not guessed it.
    pub fn has_had(&self, key: &str) -> bool {
        let hash = KeyHash::of(key);
        let revoked = self.revoked.read();
        self.find(key).is_some() || revoked.iter().any(|known| known.same_as(&hash))
    }

    /// Whose key this is. All keys are compared, each in constant time, so that the time tells nothing of any.
    pub fn find(&self, key: &str) -> Option<Member> {
        let keys = Arc::clone(&self.live.read());
        let hash = KeyHash::of(key);
        keys.iter()
            .fold(None, |found, (known, member)| if known.same_as(&hash) { Some(member) } else { found })
            .cloned()
    }
}

/// A key as the file knows it.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffKey {
    pub key_id: i64,
    pub name: String,
    pub role: Role,
    pub created_at: Millis,
    pub revoked_at: Option<Millis>,
}

/// Makes a key; what it is, and the key itself, which is shown this once.
///
/// # Errors
/// `STAFF_NAME_TAKEN`, `STAFF_KEY_LIMIT`.
pub fn add(tx: &Tx, name: &str, role: Role) -> Outcome<(StaffKey, String)> {
    if sql::find_live_by_name(tx, name)?.is_some() {
        return Err(Refusal::StaffNameTaken.into());
    }
    let key = ids::new_key();
    Ok((insert(tx, name, role, &KeyHash::of(&key))?, key))
}

/// Gives a name a key, in place of the one it has, if it has one.
///
/// # Errors
/// `STAFF_KEY_LIMIT`; `LAST_ADMIN_KEY` when nobody could make keys afterwards.
pub fn replace(tx: &Tx, name: &str, role: Role, key: &str) -> Outcome<StaffKey> {
    if let Some(before) = sql::find_live_by_name(tx, name)? {
        end(tx, &before)?;
    }
    let made = insert(tx, name, role, &KeyHash::of(key))?;
    if sql::count_live_admins(tx)? == 0 {
        return Err(Refusal::LastAdminKey.into());
    }
    Ok(made)
}

/// Sees to it that a key is an admin's: unless it is one already, it takes the place of the first key. The other keys
/// stay. Where it is the key of somebody who is no admin, their name is given back and nothing changes.
///
/// # Errors
/// `STAFF_KEY_LIMIT`.
pub fn settle_first(tx: &Tx, key: &str) -> Outcome<Result<(), String>> {
    match sql::find_live_by_hash(tx, &KeyHash::of(key))? {
        Some(known) if known.role == Role::Admin => Ok(Ok(())),
        Some(known) => Ok(Err(known.name)),
        None => replace(tx, FIRST_NAME, Role::Admin, key).map(|_| Ok(())),
    }
}

/// A key opens something at this point of the order of writes.
///
/// # Errors
/// `STAFF_KEY_INVALID`.
pub fn must_be_live(tx: &Tx, key_id: i64) -> Outcome<()> {
    let is_live = sql::find(tx, key_id)?.is_some_and(|key| key.revoked_at.is_none());
    if is_live { Ok(()) } else { Err(Refusal::StaffKeyInvalid.into()) }
}

/// Revokes a key. One that is revoked already stays so.
///
/// # Errors
/// `STAFF_KEY_NOT_FOUND`; `LAST_ADMIN_KEY` when nobody could make keys afterwards.
pub fn revoke(tx: &Tx, key_id: i64) -> Outcome<()> {
    let key = sql::find(tx, key_id)?.ok_or(Refusal::StaffKeyNotFound)?;
    if key.revoked_at.is_some() {
        return Ok(());
    }
    if key.role == Role::Admin && sql::count_live_admins(tx)? == 1 {
        return Err(Refusal::LastAdminKey.into());
    }
    end(tx, &key)
}

fn insert(tx: &Tx, name: &str, role: Role, hash: &KeyHash) -> Outcome<StaffKey> {
    if sql::count_live(tx)? >= KEYS_MAX {
        return Err(Refusal::StaffKeyLimit { keys_max: KEYS_MAX }.into());
    }
    let key_id = sql::insert(tx, name, role, hash)?;
    let key = StaffKey { key_id, name: name.to_owned(), role, created_at: tx.now(), revoked_at: None };
    note(tx, EventType::StaffKeyMade, &key)?;
    Ok(key)
}

fn end(tx: &Tx, key: &StaffKey) -> Outcome<()> {
    if sql::mark_revoked_if_live(tx, key.key_id)? {
        note(tx, EventType::StaffKeyRevoked, key)?;
    }
    Ok(())
}

fn note(tx: &Tx, kind: EventType, key: &StaffKey) -> Outcome<()> {
    record(tx, kind, &json!({ "keyId": key.key_id, "name": key.name, "role": key.role }))?;
    tx.push_change(Change::StaffKeysChanged);
    Ok(())
}
