//! Large and shared content goes around the inner socket: the answer over the socket only says that it is there. So no
//! client's answer is a copy of its own on the way, however large it is.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::http::body::Content;

/// An answer's own content from here on goes around the socket; shared content always does.
const OWN_MIN_BYTES: usize = 16 << 10;

/// The content of answers that are on their way over the inner socket, by the numbers of their requests.
#[derive(Debug, Default)]
pub struct Handed(Mutex<HashMap<u64, Content>>);

impl Handed {
    /// Whether content goes around the socket.
    pub fn takes(content: &Content) -> bool {
        content.len() >= OWN_MIN_BYTES || content.shared().is_some()
    }

    /// Puts an answer's content here, before the answer is written.
    pub fn put(&self, number: u64, content: Content) {
        self.contents().insert(number, content);
    }

    /// Takes it out: its answer has come, or will not come.
    pub fn take(&self, number: u64) -> Option<Content> {
        self.contents().remove(&number)
    }

    fn contents(&self) -> MutexGuard<'_, HashMap<u64, Content>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
