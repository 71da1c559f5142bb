//! How handlers tell the event loops that a topic changed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mio::Waker;

use super::upstream::Topic;

/// Notifies all HTTP servers of the process; made before them, and harmless before they open and after they are gone.
#[derive(Clone, Default)]
pub struct Notifier(Arc<Mutex<Vec<Arc<Subscription>>>>);

/// The topics that one server has yet to look at.
pub(super) struct Subscription {
    waker: Arc<Waker>,
    notified: Mutex<Vec<Topic>>,
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
        for subscription in self.subscriptions().iter().filter(|_| !topics.is_empty()) {
            subscription.push(&topics);
        }
    }

    /// Subscribes a server.
    pub(super) fn subscribe(&self, waker: Arc<Waker>) -> Arc<Subscription> {
        let subscription = Arc::new(Subscription { waker, notified: Mutex::default() });
        self.subscriptions().push(Arc::clone(&subscription));
        subscription
    }

    /// Unsubscribes a server that is gone.
    pub(super) fn unsubscribe(&self, gone: &Arc<Subscription>) {
        self.subscriptions().retain(|subscription| !Arc::ptr_eq(subscription, gone));
    }

    fn subscriptions(&self) -> MutexGuard<'_, Vec<Arc<Subscription>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    fn push(&self, topics: &[Topic]) {
        let mut notified = self.notified();
        let was_silent = notified.is_empty();
        notified.extend_from_slice(topics);
        drop(notified);
        if was_silent && let Err(error) = self.waker.wake() {
            log::error!("the event loop could not be woken: {error}");
        }
    }

    /// The topics notified since the last look.
    pub(super) fn take(&self) -> Vec<Topic> {
        std::mem::take(&mut self.notified())
    }

    fn notified(&self) -> MutexGuard<'_, Vec<Topic>> {
        self.notified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
