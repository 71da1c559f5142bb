//! Requests that wait: parked when the trade says "not yet", asked again when a topic rings or the wait is over.

use std::net::IpAddr;

use super::client::{ClientId, Parked, State};
use super::line::{Flight, Urgency};
use super::passage::{self, Turn};
use super::porter::Porter;
use super::proxy;
use super::visit::{start_inner, write_field};
use crate::refusal::Refusal;

impl Porter {
    /// The trade says "not yet".
    pub(super) fn on_not_yet(&mut self, flight: Flight, body: &[u8]) {
        let waiting = passage::read_waiting(body);
        let has_rung = waiting.as_ref().is_some_and(|waiting| self.parking.has_rung(&waiting.topics, flight.born));
        self.parking.came_back();
        let (now_ms, parked_max_bytes) = (self.now_ms, self.limits.parked_max_bytes);
        let Some(client) = self.client_of(flight) else { return };
        let State::UnderWay(before) = std::mem::replace(&mut client.state, State::UnderWay(None)) else { return };
        let was_over = before.as_ref().is_some_and(|parked| parked.turn != Turn::Rung);
        let Some(waiting) = waiting.filter(|waiting| !was_over && waiting.bytes() <= parked_max_bytes) else {
            let why = if was_over { "the wait was over" } else { "it is malformed or too long" };
            let (body, length) = (String::from_utf8_lossy(&body[..body.len().min(200)]), body.len());
            log::error!("\"not yet\" of {length} bytes, but {why}: {body}");
            self.refuse(flight.client, &Refusal::Internal);
            return self.go_on(flight.client);
        };
        let is_first = before.is_none();
        let key = client.exchange.origin;
        let key = self.waits_key(key);
        let Some(client) = self.crowd.get_mut(flight.client) else { return };
        let deadline_ms = before.map_or(now_ms + u64::from(waiting.wait_seconds) * 1_000, |parked| parked.deadline_ms);
        let parked = Box::new(Parked { waiting, deadline_ms, turn: Turn::Rung, key });
        if client.finished {
            self.metrics.parked_vanished_total.add(1);
            return self.close(flight.client, None);
        }
        if self.stop_by_ms.is_some() || deadline_ms <= now_ms {
            self.ask_again(flight.client, parked, Turn::Over);
        } else if is_first && !self.may_wait(key, parked.waiting.bytes()) {
            self.metrics.parked_refused_total.add(1);
            self.ask_again(flight.client, parked, Turn::Full);
        } else if has_rung {
            self.ask_again(flight.client, parked, Turn::Rung);
        } else {
            self.parking.park(flight.client, &parked.waiting.topics, key);
            client_parks(self, flight.client, parked);
        }
    }

    /// The key under which the waits of a client count; `None` where it may have as many as it likes.
    fn waits_key(&self, origin: IpAddr) -> Option<IpAddr> {
        let is_exempt =
            self.limits.connections_per_address_max == 0 || (origin.is_loopback() && !self.limits.limit_loopback);
        (!is_exempt).then(|| proxy::rate_key(origin))
    }

    fn may_wait(&self, key: Option<IpAddr>, bytes: usize) -> bool {
        self.parking.len() < self.limits.parked_max
            && key.is_none_or(|key| self.parking.count_of(key) < self.limits.connections_per_address_max)
            && self.has_room(bytes)
    }

    /// Wakes all that wait for what has rung.
    pub(super) fn ring(&mut self) {
        let rung = self.rope.take();
        if rung.is_empty() {
            return;
        }
        self.metrics.rings_total.add(rung.len() as u64);
        for id in self.parking.ring(&rung) {
            self.wake(id, Turn::Rung);
        }
    }

    /// Takes a parked request out; it is asked again when its turn comes. Its message is made only then, so that a crowd
    /// that wakes takes no more memory than one that sleeps.
    pub(super) fn wake(&mut self, id: ClientId, turn: Turn) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        match std::mem::replace(&mut client.state, State::UnderWay(None)) {
            State::Parked(parked) => {
                self.parking.leave(id, &parked.waiting.topics, parked.key);
                client.number = 0; // no flight has it: answers to what was asked before are not for this
                client.deadline_ms = u64::MAX;
                client.state = State::UnderWay(Some(parked));
                self.woken.push_back((id, turn));
            }
            other => client.state = other,
        }
    }

    /// Asks those again that were woken, as far as the relay has room for them.
    pub(super) fn ask_woken(&mut self) {
        while !self.woken.is_empty() && self.relay.wants_more() {
            let Some((id, turn)) = self.woken.pop_front() else { return };
            let Some(client) = self.crowd.get_mut(id) else { continue };
            if client.finished {
                self.metrics.parked_vanished_total.add(1);
                self.close(id, None);
                continue;
            }
            if client.number == 0
                && let State::UnderWay(parked) = &mut client.state
                && let Some(parked) = parked.take()
            {
                self.ask_again(id, parked, turn);
            }
        }
    }

    /// Whether the memory for buffers has so much left.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let taken = self.buffered_bytes + self.shared.bytes() + self.relay.queued_bytes;
        taken + bytes <= self.limits.buffers_max_bytes
    }

    fn ask_again(&mut self, id: ClientId, mut parked: Box<Parked>, turn: Turn) {
        self.next_number += 1;
        let number = self.next_number;
        let Some(client) = self.crowd.get_mut(id) else { return };
        parked.turn = turn;
        let waiting = &parked.waiting;
        let mut message = std::mem::take(&mut self.message);
        message.clear();
        start_inner(&mut message, waiting.method, &waiting.target);
        let exchange = &client.exchange;
        passage::write_note(&mut message, number, exchange.origin, &exchange.id, Some((&waiting.memo, turn)));
        if !waiting.language.is_empty() {
            write_field(&mut message, "accept-language", &waiting.language);
        }
        if exchange.accepts_gzip {
            write_field(&mut message, "accept-encoding", "gzip");
        }
        message.extend_from_slice(b"\r\n");
        let is_write = waiting.method.is_write();
        client.state = State::UnderWay(Some(parked));
        self.submit(id, number, is_write, Urgency::Again, &message); // never refused
        self.message = message;
    }
}

fn client_parks(porter: &mut Porter, id: ClientId, parked: Box<Parked>) {
    let deadline_ms = parked.deadline_ms;
    if let Some(client) = porter.crowd.get_mut(id) {
        client.deadline_ms = deadline_ms;
        client.state = State::Parked(parked);
    }
    porter.arm(deadline_ms);
    porter.settle(id);
}
