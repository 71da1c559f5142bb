//! Users: who they are, and the key that proves it.

pub mod api;
mod code;
mod sql;

use caseless::Caseless;
use rusqlite::Connection;
use serde_json::json;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

pub use sql::{list_by_name, list_by_text};

use crate::call::{EventType, Tx, record};
use crate::clock::Millis;
use crate::ids::{self, KeyHash};
use crate::refusal::Refusal;
use crate::store::{Outcome, Reader};

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
    /// Counts the users.
    number: i64,
    pub contact: Option<String>,
    pub banned_at: Option<Millis>,
    /// Seats that they may have of one date, where staff raised that for them.
    pub seats_per_user: Option<u32>,
    pub removed_at: Option<Millis>,
}

impl User {
    /// What people say aloud at the counter: six characters.
    pub fn code(&self) -> String {
        code::of_number(self.number)
    }
}

/// A new user and the key, which is shown this once.
#[derive(Debug)]
pub struct Registered {
    pub user_id: Uuid,
    /// What people say aloud at the counter.
    pub code: String,
    /// The key; the file keeps only its hash.
    pub user_key: String,
}

/// A user to be registered: what takes time is done before the transaction.
#[derive(Debug)]
pub struct NewUser {
    pub name: String,
    pub contact: Option<String>,
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
        NewUser { name_folded: folded(&name), contact: None, key_hash: KeyHash::of(&user_key), name, user_key }
    }
}

pub fn register(tx: &Tx, new: NewUser) -> Outcome<Registered> {
    insert(tx, None, new)
}

fn insert(tx: &Tx, user_id: Option<Uuid>, new: NewUser) -> Outcome<Registered> {
    let user_id = user_id.unwrap_or_else(|| ids::new_id(tx.now()));
    let number = sql::insert(tx, user_id, &new)?;
    Ok(Registered { user_id, code: code::of_number(number), user_key: new.user_key })
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

/// The user, if the account was not removed.
///
/// # Errors
/// `USER_NOT_FOUND`, also for one who is removed.
pub fn must_be_there(connection: &Connection, user_id: Uuid) -> Outcome<User> {
    let user = must_exist(connection, user_id)?;
    if user.removed_at.is_some() { Err(Refusal::UserNotFound.into()) } else { Ok(user) }
}

/// The user, if they may buy.
///
/// # Errors
/// `USER_NOT_FOUND`, also for one who is removed; `USER_BANNED`.
pub fn must_be_welcome(connection: &Connection, user_id: Uuid) -> Outcome<User> {
    let user = must_be_there(connection, user_id)?;
    if user.banned_at.is_some() { Err(Refusal::UserBanned.into()) } else { Ok(user) }
}

/// The user of a code, as people type it.
pub fn find_by_code(connection: &Connection, typed: &str) -> rusqlite::Result<Option<User>> {
    code::number_of(typed).map_or(Ok(None), |number| sql::find_by_number(connection, number))
}

/// What is changed of a user: what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    pub name: Option<String>,
    pub contact: Option<Option<String>>,
    pub seats_per_user: Option<Option<u32>>,
}

/// Changes what is known of a user.
///
/// # Errors
/// `USER_NOT_FOUND`, also for one who is removed.
pub fn change(tx: &Tx, user_id: Uuid, change: UserChange) -> Outcome<User> {
    let before = must_be_there(tx, user_id)?;
    let name = change.name.unwrap_or_else(|| before.name.clone());
    let contact = change.contact.unwrap_or_else(|| before.contact.clone());
    let seats_per_user = change.seats_per_user.unwrap_or(before.seats_per_user);
    if (&name, &contact, seats_per_user) != (&before.name, &before.contact, before.seats_per_user) {
        sql::update(tx, user_id, &name, contact.as_deref(), seats_per_user)?;
        record(tx, EventType::UserChanged, &json!({ "userId": user_id }))?; // what it was is kept nowhere
    }
    must_exist(tx, user_id)
}

/// Bans a user, or lets them buy again; to say it twice changes nothing.
///
/// # Errors
/// `USER_NOT_FOUND`.
pub fn ban(tx: &Tx, user_id: Uuid, banned: bool) -> Outcome<User> {
    let before = must_exist(tx, user_id)?;
    if before.banned_at.is_some() != banned {
        sql::update_ban(tx, user_id, banned)?;
        let kind = if banned { EventType::UserBanned } else { EventType::UserUnbanned };
        record(tx, kind, &json!({ "userId": user_id }))?;
    }
    must_exist(tx, user_id)
}

/// Takes a user's name, contact and key out. The books go on naming the id.
pub fn remove(tx: &Tx, user_id: Uuid) -> Outcome<()> {
    if sql::mark_removed_if_there(tx, user_id, &KeyHash::of(&ids::new_key()))? {
        record(tx, EventType::UserRemoved, &json!({ "userId": user_id }))?;
    }
    Ok(())
}

/// A contact as it is searched for: small letters without spaces and hyphens.
pub fn folded_contact(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_lowercase()).collect()
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
