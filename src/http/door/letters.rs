//! What one client gets: answers of the trade and refusals of the door, as bytes on their way.

use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::Arc;

use super::answer::{self, Envelope};
use super::client::{Client, ClientId, State};
use super::inner_answer::InnerAnswer;
use super::line::Flight;
use super::porter::Porter;
use super::visit::SCRATCH_KEPT_BYTES;
use crate::http::Reply;
use crate::refusal::Refusal;

impl Porter {
    /// The client that a flight belongs to, as long as it still waits for it.
    pub(super) fn client_of(&mut self, flight: Flight) -> Option<&mut Client> {
        let client = self.crowd.get_mut(flight.client)?;
        (matches!(client.state, State::UnderWay(_)) && client.number == flight.number).then_some(client)
    }

    /// The trade has answered.
    pub(super) fn on_answer(&mut self, flight: Flight, answer: &InnerAnswer<'_>) {
        if answer.is_parked {
            return self.on_not_yet(flight, answer.body);
        }
        self.parking.came_back();
        if self.client_of(flight).is_none() {
            return; // it went away
        }
        self.write_letter(flight.client, |out, envelope| {
            answer::write(out, answer.status, answer.fields(), answer.body, envelope);
        });
        self.metrics.count_answer(answer.status);
        self.post(flight.client);
        self.go_on(flight.client);
    }

    /// The inner connection broke or was late; nobody knows what became of the request.
    pub(super) fn on_lost(&mut self, flight: Flight) {
        self.parking.came_back();
        if self.client_of(flight).is_some() {
            self.refuse(flight.client, &Refusal::Internal);
            self.go_on(flight.client);
        }
    }

    /// After an answer that was written outside of [`Porter::serve`]: takes the next request, if it is there.
    pub(super) fn go_on(&mut self, id: ClientId) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        let may_go_on = matches!(client.state, State::Head | State::Leaving(_));
        if may_go_on && (client.readable || !client.input.is_empty()) {
            self.serve(id);
        } else {
            self.settle(id);
        }
    }

    /// Refuses a request; the connection goes on.
    pub(super) fn refuse(&mut self, id: ClientId, refusal: &Refusal) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        self.metrics.count_refusal(refusal.code());
        let reply = Reply::refusal(refusal, client.exchange.language);
        self.answer_itself(id, &reply);
    }

    /// Refuses a request or a connection, after which nothing that comes can be read as a request.
    pub(super) fn refuse_and_leave(&mut self, id: ClientId, refusal: &Refusal) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        client.exchange.keep_alive = false;
        client.astray = true;
        self.refuse(id, refusal);
    }

    pub(super) fn answer_itself(&mut self, id: ClientId, reply: &Reply) {
        self.write_letter(id, |out, envelope| answer::write_reply(out, reply, envelope));
        self.metrics.count_answer(reply.status);
        self.post(id);
    }

    fn write_letter(&mut self, id: ClientId, write: impl FnOnce(&mut Vec<u8>, &Envelope<'_>)) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        let exchange = &mut client.exchange;
        exchange.keep_alive &= self.stop_by_ms.is_none();
        self.letter.clear();
        let envelope = Envelope {
            id: &exchange.id,
            date: self.date.text(),
            keep_alive: exchange.keep_alive,
            is_http_10: exchange.is_http_10,
            head_only: exchange.head_only,
        };
        write(&mut self.letter, &envelope);
    }

    /// Sends the letter, as much of it as the socket takes.
    fn post(&mut self, id: ClientId) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        client.state = State::Writing;
        let Some(sent) = write_some(client, &self.letter) else { return self.close(id, None) };
        self.metrics.sent_bytes_total.add(sent as u64);
        if sent == self.letter.len() {
            self.letter.shrink_to(SCRATCH_KEPT_BYTES);
            return self.after_answer(id);
        }
        let rest = self.letter.len() - sent;
        if !self.make_room(id, rest) {
            self.metrics.connections_evicted_buffers_total.add(1);
            return self.close(id, None);
        }
        let Some(client) = self.crowd.get_mut(id) else { return };
        client.output = self.letter[sent..].to_vec();
        client.deadline_ms = self.now_ms + self.limits.write_max_ms(rest);
        let deadline_ms = client.deadline_ms;
        self.arm(deadline_ms);
    }

    /// Whether buffers have room for so many bytes of a client. If not, clients that hold more than it is about to are
    /// closed, the greediest first; one that is answered or parked cannot be closed for it.
    pub(super) fn make_room(&mut self, id: ClientId, bytes: usize) -> bool {
        loop {
            if self.has_room(bytes) {
                return true;
            }
            let others = self.crowd.iter().filter(|(other, client)| {
                *other != id && matches!(client.state, State::Head | State::Body(_) | State::Writing)
            });
            let greediest = others.max_by_key(|(_, client)| client.counted_bytes);
            let Some((greediest, client)) = greediest else { return false };
            if client.counted_bytes <= bytes {
                return false;
            }
            let metrics = Arc::clone(&self.metrics);
            self.close(greediest, Some(&metrics.connections_evicted_buffers_total));
        }
    }

    /// The socket has room again.
    pub(super) fn write_on(&mut self, id: ClientId) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        let output = std::mem::take(&mut client.output);
        let Some(sent) = write_some(client, &output[client.sent..]) else { return self.close(id, None) };
        client.sent += sent;
        self.metrics.sent_bytes_total.add(sent as u64);
        if client.sent < output.len() {
            client.output = output;
            return;
        }
        client.sent = 0;
        self.after_answer(id);
        self.go_on(id);
    }

    fn after_answer(&mut self, id: ClientId) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        if client.exchange.keep_alive {
            client.state = State::Head;
            client.deadline_ms = self.now_ms + self.limits.idle_max_ms;
        } else if client.astray || client.readable || !client.input.is_empty() {
            client.input = Vec::new();
            client.state = State::Leaving(self.limits.linger_max_bytes);
            client.deadline_ms = self.now_ms + self.limits.linger_max_ms;
            if client.socket.shutdown(Shutdown::Write).is_err() {
                return self.close(id, None);
            }
        } else {
            return self.close(id, None);
        }
        let deadline_ms = client.deadline_ms;
        self.arm(deadline_ms);
    }
}

/// Writes what the socket takes; `None` when it is broken.
fn write_some(client: &mut Client, bytes: &[u8]) -> Option<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match client.socket.write(&bytes[sent..]) {
            Ok(0) => return None,
            Ok(length) => sent += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(_) => return None,
        }
    }
    Some(sent)
}
