//! Users: who they are, and the key that proves it.

pub mod api;
mod sql;

use serde_json::json;
use uuid::Uuid;

use crate::clock::Millis;
use crate::ids::{self, KeyHash};
use crate::refusal::Refusal;
use crate::store::{Outcome, Reader};
use crate::venue::{EventType, Tx, record};

/// The length of a name in characters, after trimming.
pub const NAME_MAX_CHARS: usize = 80;

/// A user as the file knows them.
#[derive(Debug, Clone)]
pub struct User {
    /// The id.
    pub user_id: Uuid,
    /// The name they gave.
    pub name: String,
    /// When they came.
    pub created_at: Millis,
}

/// A new user and the key, which is shown this once.
#[derive(Debug)]
pub struct Registered {
    /// The id.
    pub user_id: Uuid,
    /// The key; the file keeps only its hash.
    pub user_key: String,
}

/// Registers a user under a name that `api.rs` has checked.
///
/// # Errors
/// SQLite's.
pub fn register(tx: &Tx, name: &str) -> Outcome<Registered> {
    let registered = Registered { user_id: ids::new_id(tx.now()), user_key: ids::new_key() };
    sql::insert(tx, registered.user_id, name, &KeyHash::of(&registered.user_key))?;
    Ok(registered)
}

/// Gives a user a new key; the old one ends.
///
/// # Errors
/// `USER_NOT_FOUND`.
pub fn renew_key(tx: &Tx, user_id: Uuid) -> Outcome<String> {
    let key = ids::new_key();
    if !sql::update_key(tx, user_id, &KeyHash::of(&key))? {
        return Err(Refusal::UserNotFound.into());
    }
    record(tx, EventType::UserKeyRenewed, &json!({ "userId": user_id }))?;
    Ok(key)
}

/// Whether there is a user of this id.
///
/// # Errors
/// `USER_NOT_FOUND`.
pub fn must_exist(connection: &rusqlite::Connection, user_id: Uuid) -> Outcome<User> {
    sql::find(connection, user_id)?.ok_or_else(|| Refusal::UserNotFound.into())
}

/// Checks that a user id and a user key belong together.
///
/// # Errors
/// `USER_KEY_INVALID`, the same for a wrong key and for a user that does not exist.
pub fn check_key(reader: &Reader, user_id: Uuid, user_key: &str) -> Outcome<()> {
    // A user that does not exist costs the same comparison, so that the time does not tell.
    let hash = sql::find_key_hash(reader, user_id)?;
    let sound = hash.unwrap_or(KeyHash([0; 32])).matches(user_key);
    if sound { Ok(()) } else { Err(Refusal::UserKeyInvalid.into()) }
}

/// Users whose name contains a text, newest first, at most `limit`.
///
/// # Errors
/// SQLite's.
pub fn list_by_name(reader: &Reader, part: &str, limit: u32) -> Outcome<Vec<User>> {
    Ok(sql::list_by_name(reader, part, limit)?)
}
