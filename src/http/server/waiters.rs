//! Which requests wait for which topic. Nothing here knows sockets:
//! waiting requests are named by their connection's id.
//!
//! Lost wakeups: a topic may be notified between the handler's check and the arrival of its "not yet" here. So
//! notifications are numbered by epochs; each request remembers the epoch in which it was submitted, and while any
//! request is in flight the topics notified meanwhile are remembered. A "not yet" about a topic that was notified
//! after its request was submitted is resumed at once.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::connection_id::ConnectionId;
use super::upstream::Topic;

/// So many topics are remembered while requests are in flight; beyond it every request in flight counts as notified.
const RECENT_MAX: usize = 4_096;

/// The waiting requests, and the notifications that requests in flight may have missed.
#[derive(Debug, Default)]
pub struct Waiters {
    waiting: BTreeSet<(u128, ConnectionId)>,
    parked: usize,
    /// How many of each client's, by the key under which limits count it.
    by_key: HashMap<IpAddr, usize>,
    epoch: u64,
    recent: HashMap<Topic, u64>,
    /// Requests of an older epoch may have missed any topic.
    oldest_known_epoch: u64,
    out: usize,
}

impl Waiters {
    /// How often topics were notified.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A request is submitted; gives its epoch.
    pub fn begin(&mut self) -> u64 {
        self.out += 1;
        self.epoch
    }

    /// A request came back, with whatever answer, or is given up.
    pub fn end(&mut self) {
        self.out = self.out.saturating_sub(1);
        if self.out == 0 {
            self.recent.clear();
        }
    }

    /// Whether one of these topics was notified since the request began. Asked before [`Waiters::end`].
    pub fn was_notified(&self, topics: &[Topic], epoch_seen: u64) -> bool {
        epoch_seen < self.oldest_known_epoch
            || topics.iter().any(|topic| self.recent.get(topic).is_some_and(|&notify| notify > epoch_seen))
    }

    /// Parks a client's request; where the client is held to a limit, it counts under its key.
    pub fn insert(&mut self, connection: ConnectionId, topics: &[Topic], key: Option<IpAddr>) {
        self.waiting.extend(topics.iter().map(|topic| (topic.0, connection)));
        self.parked += 1;
        if let Some(key) = key {
            *self.by_key.entry(key).or_insert(0) += 1;
        }
    }

    /// How many requests wait under a key.
    pub fn count_of(&self, key: IpAddr) -> usize {
        self.by_key.get(&key).copied().unwrap_or(0)
    }

    /// Takes a client's request out again.
    pub fn remove(&mut self, connection: ConnectionId, topics: &[Topic], key: Option<IpAddr>) {
        for topic in topics {
            self.waiting.remove(&(topic.0, connection));
        }
        self.parked = self.parked.saturating_sub(1);
        if let Some(key) = key
            && let Some(count) = self.by_key.get_mut(&key)
        {
            *count -= 1;
            if *count == 0 {
                self.by_key.remove(&key);
            }
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.parked
    }

    /// Ends every wait; gives the clients that wait, each once. Requests in flight are asked again should they say "not
    /// yet".
    pub fn end_all(&mut self) -> BTreeSet<ConnectionId> {
        self.epoch += 1;
        self.recent.clear();
        self.oldest_known_epoch = self.epoch;
        self.waiting.iter().map(|(_, connection)| *connection).collect()
    }

    /// Notifies; gives the clients that wait for one of these topics, once for each.
    pub fn notify(&mut self, topics: &[Topic]) -> BTreeSet<(ConnectionId, Topic)> {
        self.epoch += 1;
        let mut woken = BTreeSet::new();
        for topic in topics {
            let range = (topic.0, ConnectionId::MIN)..=(topic.0, ConnectionId::MAX);
            woken.extend(self.waiting.range(range).map(|(_, connection)| (*connection, *topic)));
            if self.out > 0 {
                self.recent.insert(*topic, self.epoch);
            }
        }
        if self.recent.len() > RECENT_MAX {
            self.recent.clear();
            self.oldest_known_epoch = self.epoch;
        }
        woken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ConnectionId = ConnectionId::MIN;
    const B: ConnectionId = ConnectionId::MAX;

    #[test]
    fn notification_wakes_the_waiters_of_its_topics_and_no_others() {
        let mut waiters = Waiters::default();
        waiters.insert(A, &[Topic(1), Topic(2)], None);
        waiters.insert(B, &[Topic(3)], None);
        let woken = waiters.notify(&[Topic(1), Topic(2), Topic(9), Topic(1)]);
        assert_eq!(woken, BTreeSet::from([(A, Topic(1)), (A, Topic(2))]));
        waiters.remove(A, &[Topic(1), Topic(2)], None);
        assert!(waiters.notify(&[Topic(1), Topic(2)]).is_empty());
        assert_eq!((waiters.len(), waiters.notify(&[Topic(3)])), (1, BTreeSet::from([(B, Topic(3))])));
    }

    #[test]
    fn long_polls_are_counted_by_client_while_they_last() {
        let key = IpAddr::from([192, 0, 2, 1]);
        let mut waiters = Waiters::default();
        waiters.insert(A, &[Topic(1)], Some(key));
        waiters.insert(B, &[Topic(1)], Some(key));
        assert_eq!(waiters.count_of(key), 2);
        waiters.remove(A, &[Topic(1)], Some(key));
        waiters.remove(B, &[Topic(1)], Some(key));
        assert!(waiters.count_of(key) == 0 && waiters.by_key.is_empty());
    }

    #[test]
    fn lost_wakeup_a_notification_while_the_request_is_in_flight_is_remembered() {
        let mut waiters = Waiters::default();
        waiters.notify(&[Topic(1)]);
        let epoch_seen = waiters.begin();
        assert!(!waiters.was_notified(&[Topic(1)], epoch_seen), "what was notified before was seen by the handler");
        waiters.notify(&[Topic(1)]);
        assert!(waiters.was_notified(&[Topic(1)], epoch_seen) && !waiters.was_notified(&[Topic(2)], epoch_seen));
        waiters.end();
        assert!(waiters.recent.is_empty());
    }

    #[test]
    fn lost_wakeup_too_many_notifications_to_remember_resume_everything_in_flight() {
        let mut waiters = Waiters::default();
        let epoch_seen = waiters.begin();
        let many: Vec<Topic> = (0..=RECENT_MAX as u128).map(Topic).collect();
        waiters.notify(&many);
        assert!(waiters.recent.is_empty() && waiters.was_notified(&[Topic(1 << 99)], epoch_seen));
        let later = waiters.begin();
        assert!(!waiters.was_notified(&[Topic(1)], later));
    }
}
