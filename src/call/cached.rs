//! A value that is read from the file once and kept in memory until a commit changes it.

use std::sync::Arc;

use parking_lot::RwLock;
use rusqlite::Connection;

use crate::store::{Outcome, Readers};

/// The value, and how often it was forgotten: what was read before that is not kept.
#[derive(Debug)]
pub struct Cached<T>(RwLock<(u64, Option<Arc<T>>)>);

impl<T> Default for Cached<T> {
    fn default() -> Cached<T> {
        Cached(RwLock::new((0, None)))
    }
}

impl<T> Cached<T> {
    /// The value as the last commit left it; `read` reads it where it is not in memory.
    ///
    /// # Errors
    /// Those of `read`, and of taking a reading connection.
    pub fn get(&self, readers: &Readers, read: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<Arc<T>> {
        let forgotten = {
            let kept = self.0.read();
            if let Some(value) = &kept.1 {
                return Ok(Arc::clone(value));
            }
            kept.0
        };
        let value = Arc::new(read(&*readers.get()?)?);
        let mut kept = self.0.write();
        if kept.0 == forgotten {
            kept.1 = Some(Arc::clone(&value));
        }
        Ok(value)
    }

    /// A commit changed it.
    pub fn forget(&self) {
        let mut kept = self.0.write();
        *kept = (kept.0 + 1, None);
    }
}
