//! The bell: how the trade tells the door that something changed.

use std::sync::{Arc, Mutex, MutexGuard};

use mio::Waker;

use super::passage::Topic;

/// Rung by the trade when a topic changes; made before the door, and harmless before it opens and after it is gone.
#[derive(Clone, Default)]
pub struct Bell(Arc<Mutex<Rope>>);

#[derive(Default)]
struct Rope {
    waker: Option<Arc<Waker>>,
    rung: Vec<Topic>,
}

impl Bell {
    /// A bell that no door listens to yet.
    pub fn new() -> Bell {
        Bell::default()
    }

    /// Wakes every request that waits for one of these. Ring after the change can be seen, never before. Cheap, from any
    /// thread.
    pub fn ring(&self, topics: impl IntoIterator<Item = Topic>) {
        let mut rope = self.rope();
        let Some(waker) = rope.waker.clone() else { return };
        let was_silent = rope.rung.is_empty();
        rope.rung.extend(topics);
        let wakes = was_silent && !rope.rung.is_empty();
        drop(rope);
        if wakes && let Err(error) = waker.wake() {
            log::error!("the door could not be woken: {error}");
        }
    }

    /// Ties the bell to a door, or with `None` unties it.
    pub(super) fn tie(&self, waker: Option<Arc<Waker>>) {
        *self.rope() = Rope { waker, rung: Vec::new() };
    }

    /// What has rung since the last look.
    pub(super) fn take(&self) -> Vec<Topic> {
        std::mem::take(&mut self.rope().rung)
    }

    fn rope(&self) -> MutexGuard<'_, Rope> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
