//! Long polls: a request waits when the handler says "not yet", and is
//! resumed when a topic is notified or its time is over.

use std::net::IpAddr;

use super::connection::{ConnectionId, State, Waiter};
use super::event_loop::EventLoop;
use super::proxy;
use super::request_reader::{start_inner, write_field};
use super::upstream::Wake;
use super::upstream::protocol;
use super::upstream::{InFlight, Origin};
use crate::refusal::Refusal;

impl EventLoop {
    /// The handler says "not yet".
    pub(super) fn on_not_yet(&mut self, in_flight: InFlight, body: &[u8]) {
        let waiting = protocol::read_waiting(body);
        let was_notified =
            waiting.as_ref().is_some_and(|waiting| self.waiters.was_notified(&waiting.topics, in_flight.epoch_seen));
        self.waiters.end();
        let (now_ms, parked_max_bytes) = (self.now_ms, self.limits.parked_max_bytes);
        let Some(connection) = self.connection_of(in_flight) else { return };
        let State::Dispatched(before) = std::mem::replace(&mut connection.state, State::Dispatched(None)) else {
            return;
        };
        let was_over = before.as_ref().is_some_and(|parked| parked.turn != Wake::Notified);
        let Some(waiting) = waiting.filter(|waiting| !was_over && waiting.bytes() <= parked_max_bytes) else {
            let why = if was_over { "the wait was over" } else { "it is malformed or too long" };
            let (body, length) = (String::from_utf8_lossy(&body[..body.len().min(200)]), body.len());
            log::error!("\"not yet\" of {length} bytes, but {why}: {body}");
            self.refuse(in_flight.connection, &Refusal::Internal);
            return self.go_on(in_flight.connection);
        };
        let is_first = before.is_none();
        let key = connection.meta.origin;
        let key = self.waits_key(key);
        let Some(connection) = self.connections.get_mut(in_flight.connection) else { return };
        let deadline_ms = before.map_or(now_ms + u64::from(waiting.wait_seconds) * 1_000, |parked| parked.deadline_ms);
        let parked = Box::new(Waiter { waiting, deadline_ms, turn: Wake::Notified, key });
        if connection.finished {
            self.metrics.parked_vanished_total.add(1);
            return self.close(in_flight.connection, None);
        }
        if self.stop_by_ms.is_some() || deadline_ms <= now_ms {
            self.resume(in_flight.connection, parked, Wake::TimedOut);
        } else if is_first && !self.may_wait(key, parked.waiting.bytes()) {
            self.metrics.parked_refused_total.add(1);
            self.resume(in_flight.connection, parked, Wake::NoRoom);
        } else if was_notified {
            self.resume(in_flight.connection, parked, Wake::Notified);
        } else {
            self.waiters.insert(in_flight.connection, &parked.waiting.topics, key);
            store_waiter(self, in_flight.connection, parked);
        }
    }

    /// The key under which the waits of a client count; `None` where it may have as many as it likes.
    fn waits_key(&self, origin: IpAddr) -> Option<IpAddr> {
        let is_exempt =
            self.limits.connections_per_address_max == 0 || (origin.is_loopback() && !self.limits.limit_loopback);
        (!is_exempt).then(|| proxy::rate_key(origin))
    }

    fn may_wait(&self, key: Option<IpAddr>, bytes: usize) -> bool {
        self.waiters.len() < self.limits.parked_max
            && key.is_none_or(|key| self.waiters.count_of(key) < self.limits.connections_per_address_max)
            && self.has_room(bytes)
    }

    /// Wakes the requests that wait for the topics that were notified.
    pub(super) fn notify(&mut self) {
        let notified = self.subscription.take();
        if notified.is_empty() {
            return;
        }
        self.metrics.notifications_total.add(notified.len() as u64);
        for id in self.waiters.notify(&notified) {
            self.wake(id, Wake::Notified);
        }
    }

    /// Wakes a waiting request; it is resumed when its turn comes. Its message is made only then, so that many that
    /// wake take no more memory than those that wait.
    pub(super) fn wake(&mut self, id: ConnectionId, turn: Wake) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        match std::mem::replace(&mut connection.state, State::Dispatched(None)) {
            State::Waiting(parked) => {
                self.waiters.remove(id, &parked.waiting.topics, parked.key);
                connection.number = 0; // nothing in flight has it: responses to what was asked before are not for this
                connection.deadline_ms = u64::MAX;
                connection.state = State::Dispatched(Some(parked));
                self.woken.push_back((id, turn));
            }
            other => connection.state = other,
        }
    }

    /// Resumes those that were woken, as far as the upstream has room for them.
    pub(super) fn resume_woken(&mut self) {
        while !self.woken.is_empty() && self.upstream.wants_more() {
            let Some((id, turn)) = self.woken.pop_front() else { return };
            let Some(connection) = self.connections.get_mut(id) else { continue };
            if connection.finished {
                self.metrics.parked_vanished_total.add(1);
                self.close(id, None);
                continue;
            }
            if connection.number == 0
                && let State::Dispatched(parked) = &mut connection.state
                && let Some(parked) = parked.take()
            {
                self.resume(id, parked, turn);
            }
        }
    }

    /// Whether the memory for buffers has so much left.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let taken = self.buffered_bytes + self.shared.bytes() + self.upstream.queued_bytes;
        taken + bytes <= self.limits.buffers_max_bytes
    }

    fn resume(&mut self, id: ConnectionId, mut parked: Box<Waiter>, turn: Wake) {
        self.next_number += 1;
        let number = self.next_number;
        let Some(connection) = self.connections.get_mut(id) else { return };
        parked.turn = turn;
        let waiting = &parked.waiting;
        let mut message = std::mem::take(&mut self.message);
        message.clear();
        start_inner(&mut message, waiting.method, &waiting.target);
        let meta = &connection.meta;
        protocol::write_envelope(&mut message, number, meta.origin, &meta.id, Some((&waiting.memo, turn)));
        if !waiting.language.is_empty() {
            write_field(&mut message, "accept-language", &waiting.language);
        }
        if meta.accepts_gzip {
            write_field(&mut message, "accept-encoding", "gzip");
        }
        message.extend_from_slice(b"\r\n");
        let is_write = waiting.method.is_write();
        connection.state = State::Dispatched(Some(parked));
        self.submit(id, number, is_write, Origin::Resumed, &message); // never refused
        self.message = message;
    }
}

fn store_waiter(event_loop: &mut EventLoop, id: ConnectionId, parked: Box<Waiter>) {
    let deadline_ms = parked.deadline_ms;
    if let Some(connection) = event_loop.connections.get_mut(id) {
        connection.deadline_ms = deadline_ms;
        connection.state = State::Waiting(parked);
    }
    event_loop.arm(deadline_ms);
    event_loop.update_accounting(id);
}
