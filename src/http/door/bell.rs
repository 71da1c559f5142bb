//! The bell: how the trade tells the doors that something changed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mio::Waker;

use super::passage::Topic;

/// Rung by the trade when a topic changes; made before the doors, and harmless before they open and after they are gone.
#[derive(Clone, Default)]
pub struct Bell(Arc<Mutex<Vec<Arc<Rope>>>>);

/// One door's end of the bell.
pub(super) struct Rope {
    waker: Arc<Waker>,
    rung: Mutex<Vec<Topic>>,
}

impl Bell {
    /// A bell that no door listens to yet.
    pub fn new() -> Bell {
        Bell::default()
    }

    /// Wakes every request that waits for one of these. Ring after the change can be seen, never before. Cheap, from any
    /// thread.
    pub fn ring(&self, topics: impl IntoIterator<Item = Topic>) {
        let topics: Vec<Topic> = topics.into_iter().collect();
        for rope in self.ropes().iter().filter(|_| !topics.is_empty()) {
            rope.pull(&topics);
        }
    }

    /// Ties the bell to a door.
    pub(super) fn tie(&self, waker: Arc<Waker>) -> Arc<Rope> {
        let rope = Arc::new(Rope { waker, rung: Mutex::default() });
        self.ropes().push(Arc::clone(&rope));
        rope
    }

    /// Unties it from a door that is gone.
    pub(super) fn untie(&self, gone: &Arc<Rope>) {
        self.ropes().retain(|rope| !Arc::ptr_eq(rope, gone));
    }

    fn ropes(&self) -> MutexGuard<'_, Vec<Arc<Rope>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rope {
    fn pull(&self, topics: &[Topic]) {
        let mut rung = self.rung();
        let was_silent = rung.is_empty();
        rung.extend_from_slice(topics);
        drop(rung);
        if was_silent && let Err(error) = self.waker.wake() {
            log::error!("the door could not be woken: {error}");
        }
    }

    /// What has rung since the last look.
    pub(super) fn take(&self) -> Vec<Topic> {
        std::mem::take(&mut self.rung())
    }

    fn rung(&self) -> MutexGuard<'_, Vec<Topic>> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
