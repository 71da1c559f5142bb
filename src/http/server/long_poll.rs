//! Long polls: a request waits when the handler says "not yet", and is resumed when a topic is notified or its time is
//! over. Streams wait among them for their next piece. Whether an answer waits is decided by its handler and by
//! `call/answer_or_wait.rs`.
//!
//! Lost wakeups: a topic may be notified between the handler's check and the arrival of its "not yet" here. So
//! notifications are numbered by epochs; each request remembers the epoch in which it was submitted, and while any
//! request is in flight the topics notified meanwhile are remembered. A "not yet" about a topic that was notified
//! after its request was submitted is resumed at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use super::ConnectionId;
use super::connection::{Connection, EventStream, Submission, Waiter};
use super::fan_out::FanOut;
use super::loop_turn::LoopTurn;
use super::notifier::{Notified, Subscription};
use super::upstream::{InFlight, Topic, WaitingRequest, Wake};
use crate::refusal::Refusal;

/// So many topics are remembered while requests are in flight; beyond it every request in flight counts as notified.
const RECENT_MAX: usize = 4_096;

/// The requests that wait, and those that were woken.
pub struct LongPolls {
    pub waiters: Waiters,
    /// Woken requests whose turn to be resumed has not come yet. Their messages are made only then, so that many that
    /// wake take no more memory than those that wait.
    woken: VecDeque<(ConnectionId, Wake)>,
    /// Topics with a pace that were notified, and when that is told.
    paced: BTreeMap<Topic, u64>,
    /// Pieces that are the same for many streams.
    pub fan_out: FanOut,
    /// Streams that go on.
    pub streams_open: usize,
    subscription: Arc<Subscription>,
}

impl LongPolls {
    /// None yet; woken by this subscription.
    pub fn new(subscription: Arc<Subscription>) -> LongPolls {
        LongPolls {
            waiters: Waiters::default(),
            woken: VecDeque::new(),
            paced: BTreeMap::new(),
            fan_out: FanOut::default(),
            streams_open: 0,
            subscription,
        }
    }

    /// The handler says "not yet": the request waits; or it is resumed at once, or its handler is wrong.
    pub fn not_yet(
        &mut self,
        in_flight: InFlight,
        waiting: WaitingRequest,
        connection: Option<&mut Connection>,
        turn: &mut LoopTurn,
    ) -> Option<Submission> {
        let was_notified = self.waiters.was_notified(&waiting.topics, in_flight.epoch_seen);
        self.waiters.end();
        let connection = connection?;
        let before = connection.take_waiter();
        let was_over = before.as_ref().is_some_and(|waiter| waiter.wake != Wake::Notified);
        let bytes = waiting.bytes();
        if was_over || bytes > turn.limits.parked_max_bytes {
            let why = if was_over { "the wait was over" } else { "it is too long" };
            log::error!("a long poll could not wait, its client got 500; please report this: {why}, {bytes} bytes");
            connection.refuse(&Refusal::Internal, turn);
            return None;
        }
        let is_first = before.is_none();
        let over_ms = turn.now_ms + u64::from(waiting.wait_seconds) * 1_000;
        let deadline_ms = before.map_or(over_ms, |waiter| waiter.deadline_ms);
        let key = turn.limits.key_of(connection.meta.origin);
        let waiter = Box::new(Waiter { waiting, deadline_ms, wake: Wake::Notified, key });
        if turn.is_stopping || deadline_ms <= turn.now_ms {
            Some(connection.resume(waiter, Wake::TimedOut, turn))
        } else if is_first && !self.may_wait(&waiter.waiting, key, turn) {
            turn.metrics.parked_refused_total.add(1);
            Some(connection.resume(waiter, Wake::NoRoom, turn))
        } else if was_notified {
            Some(connection.resume(waiter, Wake::Notified, turn))
        } else {
            self.waiters.insert(in_flight.connection, &waiter.waiting.topics, key);
            connection.wait(waiter);
            None
        }
    }

    /// Whether one more may wait, of a client that counts under this key.
    pub fn may_wait(&self, waiting: &WaitingRequest, key: Option<IpAddr>, turn: &LoopTurn) -> bool {
        let of_key_max = turn.limits.connections_per_address_max;
        self.waiters.len() < turn.limits.parked_max
            && key.is_none_or(|key| self.waiters.count_of(key) < of_key_max)
            && turn.has_room(waiting.bytes())
    }

    /// The connections whose topics were notified since the last look, each with the topic, or all where every wait was
    /// ended. A topic with a pace is told at the multiples of it, to all at once.
    pub fn notified(&mut self, turn: &LoopTurn) -> Vec<(ConnectionId, Option<Topic>)> {
        let Notified { topics, all } = self.subscription.take();
        let mut woken = Vec::new();
        if all {
            woken.extend(self.waiters.end_all().into_iter().map(|id| (id, None)));
        }
        turn.metrics.notifications_total.add(topics.len() as u64);
        let now_ms = turn.now_ms;
        for topic in topics {
            let due_ms = match (turn.limits.pace_ms)(topic.0) {
                0 => now_ms,
                pace_ms => (now_ms / pace_ms + 1) * pace_ms,
            };
            self.paced.entry(topic).or_insert(due_ms);
        }
        let due: Vec<Topic> =
            self.paced.iter().filter(|(_, at_ms)| **at_ms <= now_ms).map(|(topic, _)| *topic).collect();
        if !due.is_empty() {
            self.paced.retain(|_, at_ms| *at_ms > now_ms);
            woken.extend(self.waiters.notify(&due).into_iter().map(|(id, topic)| (id, Some(topic))));
        }
        woken
    }

    /// When a topic with a pace is told next.
    pub fn next_paced_ms(&self) -> u64 {
        self.paced.values().copied().min().unwrap_or(u64::MAX)
    }

    /// Wakes a waiting request; it is resumed when its turn comes.
    pub fn wake(&mut self, id: ConnectionId, connection: &mut Connection, wake: Wake) {
        if let Some(waiter) = connection.stop_waiting() {
            self.waiters.remove(id, &waiter.waiting.topics, waiter.key);
            self.woken.push_back((id, wake));
        }
    }

    /// Its next piece is due: the stream is asked when its turn comes.
    pub fn await_piece(&mut self, id: ConnectionId, connection: &mut Connection) {
        connection.await_turn();
        self.woken.push_back((id, Wake::Notified));
    }

    /// The woken request whose turn it is.
    pub fn next_woken(&mut self) -> Option<(ConnectionId, Wake)> {
        self.woken.pop_front()
    }

    /// Forgets the request of a connection that is gone.
    pub fn forget(&mut self, id: ConnectionId, connection: &Connection) {
        if let Some(waiter) = connection.waiter() {
            self.waiters.remove(id, &waiter.waiting.topics, waiter.key);
        }
    }

    /// Forgets a stream that is over.
    pub fn forget_stream(&mut self, id: ConnectionId, stream: &EventStream) {
        self.waiters.remove(id, &stream.waiting.topics, stream.key);
        self.streams_open -= 1;
    }
}

/// Which requests wait for which topic, by the ids of their connections, and the notifications that requests in flight
/// may have missed.
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
        self.out -= 1;
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
        self.parked -= 1;
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
