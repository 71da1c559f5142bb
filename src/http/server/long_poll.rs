//! Long polls: a request waits when the handler says "not yet", and is resumed when a topic is notified or its time is
//! over. Streams wait among them for their next piece.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use super::connection::{Connection, Submission, Waiter};
use super::connection_id::ConnectionId;
use super::event_stream::EventStream;
use super::fan_out::FanOut;
use super::loop_turn::LoopTurn;
use super::notifier::{Notified, Subscription};
use super::upstream::{InFlight, Topic, WaitingRequest, Wake, protocol};
use super::waiters::Waiters;
use crate::refusal::Refusal;

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
        body: &[u8],
        connection: Option<&mut Connection>,
        turn: &mut LoopTurn,
    ) -> Option<Submission> {
        let waiting = protocol::read_waiting(body);
        let was_notified =
            waiting.as_ref().is_some_and(|waiting| self.waiters.was_notified(&waiting.topics, in_flight.epoch_seen));
        self.waiters.end();
        let connection = connection?;
        let before = connection.take_waiter();
        let was_over = before.as_ref().is_some_and(|waiter| waiter.turn != Wake::Notified);
        let max_bytes = turn.limits.parked_max_bytes;
        let Some(waiting) = waiting.filter(|waiting| !was_over && waiting.bytes() <= max_bytes) else {
            let why = if was_over { "the wait was over" } else { "it is malformed or too long" };
            log::error!(
                "a long poll could not wait, its client got 500; please report this: {why}, {} bytes",
                body.len()
            );
            connection.refuse(&Refusal::Internal, turn);
            return None;
        };
        let is_first = before.is_none();
        let over_ms = turn.now_ms + u64::from(waiting.wait_seconds) * 1_000;
        let deadline_ms = before.map_or(over_ms, |waiter| waiter.deadline_ms);
        let key = turn.limits.key_of(connection.meta.origin);
        let waiter = Box::new(Waiter { waiting, deadline_ms, turn: Wake::Notified, key });
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
