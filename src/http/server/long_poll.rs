//! Long polls: a request waits when the handler says "not yet", and is resumed when a topic is notified or its time is
//! over.

use std::collections::VecDeque;
use std::sync::Arc;

use super::connection::{Connection, Submission, Waiter};
use super::connection_id::ConnectionId;
use super::loop_turn::LoopTurn;
use super::notifier::{Notified, Subscription};
use super::upstream::{InFlight, Wake, protocol};
use super::waiters::Waiters;
use crate::refusal::Refusal;

/// The requests that wait, and those that were woken.
pub struct LongPolls {
    pub waiters: Waiters,
    /// Woken requests whose turn to be resumed has not come yet. Their messages are made only then, so that many that
    /// wake take no more memory than those that wait.
    woken: VecDeque<(ConnectionId, Wake)>,
    subscription: Arc<Subscription>,
}

impl LongPolls {
    /// None yet; woken by this subscription.
    pub fn new(subscription: Arc<Subscription>) -> LongPolls {
        LongPolls { waiters: Waiters::default(), woken: VecDeque::new(), subscription }
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
        } else if is_first && !self.may_wait(&waiter, turn) {
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

    fn may_wait(&self, waiter: &Waiter, turn: &LoopTurn) -> bool {
        let of_key_max = turn.limits.connections_per_address_max;
        self.waiters.len() < turn.limits.parked_max
            && waiter.key.is_none_or(|key| self.waiters.count_of(key) < of_key_max)
            && turn.has_room(waiter.waiting.bytes())
    }

    /// The connections whose topics were notified since the last look, or all where every wait was ended, each with why
    /// it wakes.
    pub fn notified(&mut self, turn: &LoopTurn) -> Vec<(ConnectionId, Wake)> {
        let Notified { topics, all } = self.subscription.take();
        let mut woken = Vec::new();
        if all {
            woken.extend(self.waiters.end_all().into_iter().map(|id| (id, Wake::TimedOut)));
        }
        if !topics.is_empty() {
            turn.metrics.notifications_total.add(topics.len() as u64);
            woken.extend(self.waiters.notify(&topics).into_iter().map(|id| (id, Wake::Notified)));
        }
        woken
    }

    /// Wakes a waiting request; it is resumed when its turn comes.
    pub fn wake(&mut self, id: ConnectionId, connection: &mut Connection, wake: Wake) {
        if let Some(waiter) = connection.stop_waiting() {
            self.waiters.remove(id, &waiter.waiting.topics, waiter.key);
            self.woken.push_back((id, wake));
        }
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
}
