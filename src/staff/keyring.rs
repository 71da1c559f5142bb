//! The keys that open something now, in memory: a call is let in or not without a look at the file.

use std::sync::Arc;

use parking_lot::RwLock;
use rusqlite::Connection;

use super::{Member, sql};
use crate::ids::KeyHash;

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
