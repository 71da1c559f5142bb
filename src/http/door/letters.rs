//! What one client gets: answers of the trade and refusals of the door, as bytes on their way.

use std::net::Shutdown;
use std::sync::Arc;

use super::answer::{self, Envelope};
use super::client::{Client, ClientId, State};
use super::inner_answer::InnerAnswer;
use super::line::Flight;
use super::output::Output;
use super::porter::Porter;
use super::visit::SCRATCH_KEPT_BYTES;
use crate::http::Reply;
use crate::http::body::Content;
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
        let mut content = if answer.is_handed { self.relay.take_content(flight.number) } else { None };
        if self.client_of(flight).is_none() {
            return; // it went away
        }
        if answer.is_handed && content.is_none() {
            self.refuse(flight.client, &Refusal::Internal);
            return self.go_on(flight.client);
        }
        self.write_letter(flight.client, |out, envelope| match &content {
            None => answer::write(out, answer.status, answer.fields(), answer.body, envelope),
            Some(apart) => {
                answer::write_head(out, answer.status, answer.fields(), apart.len(), envelope);
                if !answer::sends_content(answer.status, envelope) {
                    content = None;
                }
            }
        });
        self.metrics.count_answer(answer.status);
        self.post(flight.client, content);
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
        self.post(id, None);
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

    /// Sends the letter and the content that stands apart from it, as much as the socket takes.
    fn post(&mut self, id: ClientId, content: Option<Content>) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        client.state = State::Writing;
        let mut output = Output::new(std::mem::take(&mut self.letter), content);
        let Ok(sent) = output.write_to(&mut client.socket) else { return self.close(id, None) };
        self.metrics.sent_bytes_total.add(sent as u64);
        let rest = output.rest();
        if rest == 0 {
            self.letter = output.head;
            self.letter.shrink_to(SCRATCH_KEPT_BYTES);
            return self.after_answer(id);
        }
        output.shrink();
        let more = self.shared.more_bytes(output.content.as_ref());
        if !self.make_room(id, output.own_bytes() + more) {
            self.metrics.connections_evicted_buffers_total.add(1);
            return self.close(id, None);
        }
        self.shared.hold(output.content.as_ref());
        output.last_ms = self.now_ms + self.limits.write_last_ms(rest);
        let Some(client) = self.crowd.get_mut(id) else { return };
        client.output = output;
        client.deadline_ms = self.now_ms + self.limits.write_max_ms;
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
            let share = |client: &Client| client.counted_bytes + self.shared.share(client.output.content.as_ref());
            let greediest = others.map(|(other, client)| (other, share(client))).max_by_key(|(_, share)| *share);
            let Some((greediest, share)) = greediest else { return false };
            if share <= bytes {
                return false;
            }
            let metrics = Arc::clone(&self.metrics);
            self.close(greediest, Some(&metrics.connections_evicted_buffers_total));
        }
    }

    /// The socket has room again. Whoever takes something has time for more, up to a last moment that follows from the size:
    /// a slow client gets the whole answer, one that takes nothing, or next to nothing, is let go.
    pub(super) fn write_on(&mut self, id: ClientId) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        let Ok(sent) = client.output.write_to(&mut client.socket) else { return self.close(id, None) };
        self.metrics.sent_bytes_total.add(sent as u64);
        if client.output.rest() > 0 {
            if sent > 0 {
                client.deadline_ms = (self.now_ms + self.limits.write_max_ms).min(client.output.last_ms);
                let deadline_ms = client.deadline_ms;
                self.arm(deadline_ms);
            }
            return;
        }
        let output = std::mem::take(&mut client.output);
        self.shared.release(output.content.as_ref());
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
