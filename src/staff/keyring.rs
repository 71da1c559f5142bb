//! The keys that open something now, in memory: a call is let in or not without a look at the file.

use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::Connection;

use super::{Role, sql};
use crate::ids::KeyHash;
use crate::refusal::Refusal;

/// Somebody who works here.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The id of the key.
    pub key_id: i64,
    /// Whose it is.
    pub name: String,
    /// What it is for.
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

/// The keys of those who work here. It changes only after the commit that makes or revokes one.
#[derive(Debug, Default)]
pub struct Keyring {
    live: RwLock<Arc<[(KeyHash, Member)]>>,
    revoked: RwLock<Vec<KeyHash>>,
}

impl Keyring {
    /// Reads the keys from the file.
    pub fn fill(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (live, revoked) = (sql::list_live(connection)?, sql::list_revoked_hashes(connection)?);
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = live.into();
        *self.revoked.write().unwrap_or_else(PoisonError::into_inner) = revoked;
        Ok(())
    }

    /// Whether the key of an id opens something.
    pub fn has(&self, key_id: i64) -> bool {
        self.live.read().unwrap_or_else(PoisonError::into_inner).iter().any(|(_, member)| member.key_id == key_id)
    }

    /// Whether a key opened something once: whoever sends it has not guessed it.
    pub fn has_had(&self, key: &str) -> bool {
        let hash = KeyHash::of(key);
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        self.find(key).is_some() || revoked.iter().any(|known| known.same_as(&hash))
    }

    /// Whose key this is. All keys are compared, each in constant time, so that the time tells nothing of any.
    pub fn find(&self, key: &str) -> Option<Member> {
        let keys = Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner));
        let hash = KeyHash::of(key);
        keys.iter()
            .fold(None, |found, (known, member)| if known.same_as(&hash) { Some(member) } else { found })
            .cloned()
    }
}
