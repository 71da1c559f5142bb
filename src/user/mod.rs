//! Users: who they are, and the key that proves it.

pub mod api;
mod sql;

use caseless::Caseless;
use rusqlite::Connection;
use serde_json::json;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

pub use sql::list_by_name;

use crate::clock::Millis;
use crate::ids::{self, KeyHash};
use crate::refusal::Refusal;
use crate::store::{Outcome, Reader};
use crate::venue::{EventType, Tx, record};

/// The length of a name in characters, after trimming.
pub const NAME_MAX_CHARS: usize = 80;

/// Names that are folded in one transaction.
const FOLDED_AT_ONCE: u32 = 10_000;

/// A user as the file knows them.
#[derive(Debug, Clone)]
pub struct User {
    pub user_id: Uuid,
    pub name: String,
    pub created_at: Millis,
}

/// A new user and the key, which is shown this once.
#[derive(Debug)]
pub struct Registered {
    pub user_id: Uuid,
    /// The key; the file keeps only its hash.
    pub user_key: String,
}

/// A user to be registered: what takes time is done before the transaction.
#[derive(Debug)]
pub struct NewUser {
    pub name: String,
    name_folded: String,
    user_key: String,
    key_hash: KeyHash,
}

impl NewUser {
    /// A user of a name that `api.rs` has checked, with a new key.
    pub fn named(name: String) -> NewUser {
        NewUser::with_key(name, ids::new_key())
    }

    fn with_key(name: String, user_key: String) -> NewUser {
        NewUser { name_folded: folded(&name), key_hash: KeyHash::of(&user_key), name, user_key }
    }
}

/// Registers a user.
pub fn register(tx: &Tx, new: NewUser) -> Outcome<Registered> {
    insert(tx, None, new)
}

fn insert(tx: &Tx, user_id: Option<Uuid>, new: NewUser) -> Outcome<Registered> {
    let user_id = user_id.unwrap_or_else(|| ids::new_id(tx.now()));
    sql::insert(tx, user_id, &new)?;
    Ok(Registered { user_id, user_key: new.user_key })
}

/// The same, under an id that no other has and with a key, where they are given.
pub fn register_as(tx: &Tx, name: &str, user_id: Option<Uuid>, user_key: Option<String>) -> Outcome<Registered> {
    insert(tx, user_id, NewUser::with_key(name.to_owned(), user_key.unwrap_or_else(ids::new_key)))
}

/// Sees to it that there is a user of this id with this key: one of the name is registered where there is none.
pub fn settle(tx: &Tx, user_id: Uuid, name: &str, user_key: String) -> Outcome<()> {
    let new = NewUser::with_key(name.to_owned(), user_key);
    if !sql::update_key(tx, user_id, &new.key_hash)? {
        sql::insert(tx, user_id, &new)?;
    }
    Ok(())
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
pub fn must_exist(connection: &Connection, user_id: Uuid) -> Outcome<User> {
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

/// A name as it is searched for: texts that Unicode calls a compatibility caseless match (The Unicode
/// Standard, D146) are the same after it, whatever their case and their form (NFC, NFD, full width). Composed
/// at the end, so that a part of a syllable is no match.
pub fn folded(name: &str) -> String {
    let folded: String = name.nfd().default_case_fold().nfkd().default_case_fold().collect();
    folded.nfkc().collect()
}

/// Folds the names of a file of an older format, before it is served.
pub fn fold_names(connection: &Connection) -> rusqlite::Result<()> {
    loop {
        let users = sql::list_unfolded(connection, FOLDED_AT_ONCE)?;
        if users.is_empty() {
            return Ok(());
        }
        let tx = connection.unchecked_transaction()?;
        for (user_id, name) in users {
            sql::update_folded(&tx, user_id, &name)?;
        }
        tx.commit()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_or_form_alone_are_the_same_when_folded() {
        for (one, other) in [
            ("Ångström", "A\u{30a}NGSTRO\u{308}M"),
            ("Åsa", "\u{212b}SA"), // the sign of the unit
            ("STRASSE", "straße"),
            ("İstanbul", "i\u{307}STANBUL"),
            ("김민수", "\u{1100}\u{1175}\u{11b7}\u{1106}\u{1175}\u{11ab}\u{1109}\u{116e}"),
            ("ＫＩＭ", "kim"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("ﬁnn", "FINN"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
            assert_eq!(folded(&folded(one)), folded(one), "{one}");
        }
        assert!(!folded("김").contains(&folded("기")), "a part of a syllable");
        assert_ne!(folded("Ase"), folded("Åse"));
    }
}
