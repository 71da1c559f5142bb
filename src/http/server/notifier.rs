//! How handlers tell the event loops that a topic changed.

use std::sync::Arc;

use mio::Waker;
use parking_lot::Mutex;

use super::upstream::Topic;

/// Notifies all HTTP servers of the process; made before them, and harmless before they open and after they are gone.
#[derive(Clone, Default)]
pub struct Notifier(Arc<Mutex<Vec<Arc<Subscription>>>>);

/// The topics that one server has yet to look at.
pub(super) struct Subscription {
    waker: Arc<Waker>,
    notified: Mutex<Notified>,
}

/// What was notified since the last look.
#[derive(Default)]
pub(super) struct Notified {
    pub topics: Vec<Topic>,
    /// Every wait is over, whatever its topic.
    pub all: bool,
}

impl Notifier {
    /// A notifier without subscribers.
    pub fn new() -> Notifier {
        Notifier::default()
    }

    /// Wakes every request that waits for one of these. Notify after the change can
    /// be seen, never before. Cheap, from any thread.
    pub fn notify(&self, topics: impl IntoIterator<Item = Topic>) {
        let topics: Vec<Topic> = topics.into_iter().collect();
        for subscription in self.0.lock().iter().filter(|_| !topics.is_empty()) {
            subscription.push(&topics, false);
        }
    }

    /// Ends every wait: who waits is answered with what is.
    pub fn end_all(&self) {
        self.0.lock().iter().for_each(|subscription| subscription.push(&[], true));
    }

    /// Subscribes a server.
    pub(super) fn subscribe(&self, waker: Arc<Waker>) -> Arc<Subscription> {
        let subscription = Arc::new(Subscription { waker, notified: Mutex::default() });
        self.0.lock().push(Arc::clone(&subscription));
        subscription
    }

    /// Unsubscribes a server that is gone.
    pub(super) fn unsubscribe(&self, gone: &Arc<Subscription>) {
        self.0.lock().retain(|subscription| !Arc::ptr_eq(subscription, gone));
    }
}

impl Subscription {
    fn push(&self, topics: &[Topic], all: bool) {
        let mut notified = self.notified.lock();
        let was_silent = notified.topics.is_empty() && !notified.all;
        notified.topics.extend_from_slice(topics);
        notified.all |= all;
        drop(notified);
        if was_silent && let Err(error) = self.waker.wake() {
            log::error!(
                "the event loop could not be woken, long polls are answered at their end only; restart the server: \
                 {error}"
            );
        }
    }

    /// What was notified since the last look.
    pub(super) fn take(&self) -> Notified {
        std::mem::take(&mut self.notified.lock())
    }
}
