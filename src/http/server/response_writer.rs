//! Writes connections: responses of the handler and refusals of the server.

use std::net::Shutdown;
use std::sync::Arc;

use super::connection::{Connection, ConnectionId, State};
use super::event_loop::EventLoop;
use super::output::Output;
use super::request_reader::SCRATCH_KEPT_BYTES;
use super::response_head::{self, ResponseMeta};
use super::upstream::InFlight;
use super::upstream::UpstreamResponse;
use crate::http::Reply;
use crate::http::body::Content;
use crate::refusal::Refusal;

impl EventLoop {
    /// The connection of a request in flight, as long as it still waits for it.
    pub(super) fn connection_of(&mut self, in_flight: InFlight) -> Option<&mut Connection> {
        let connection = self.connections.get_mut(in_flight.connection)?;
        (matches!(connection.state, State::Dispatched(_)) && connection.number == in_flight.number)
            .then_some(connection)
    }

    /// The handler has answered.
    pub(super) fn on_answer(&mut self, in_flight: InFlight, answer: &UpstreamResponse<'_>) {
        if answer.is_parked {
            return self.on_not_yet(in_flight, answer.body);
        }
        self.waiters.end();
        let mut content = if answer.is_handed { self.upstream.take_content(in_flight.number) } else { None };
        if self.connection_of(in_flight).is_none() {
            return; // it went away
        }
        if answer.is_handed && content.is_none() {
            self.refuse(in_flight.connection, &Refusal::Internal);
            return self.go_on(in_flight.connection);
        }
        self.encode(in_flight.connection, |out, envelope| match &content {
            None => response_head::write(out, answer.status, answer.fields(), answer.body, envelope),
            Some(apart) => {
                response_head::write_head(out, answer.status, answer.fields(), apart.len(), envelope);
                if !response_head::sends_content(answer.status, envelope) {
                    content = None;
                }
            }
        });
        self.metrics.count_answer(answer.status);
        self.flush(in_flight.connection, content);
        self.go_on(in_flight.connection);
    }

    /// The inner connection broke or was late; nobody knows what became of the request.
    pub(super) fn on_lost(&mut self, in_flight: InFlight) {
        self.waiters.end();
        if self.connection_of(in_flight).is_some() {
            self.refuse(in_flight.connection, &Refusal::Internal);
            self.go_on(in_flight.connection);
        }
    }

    /// After an answer that was written outside of [`EventLoop::serve`]: takes the next request, if it is there.
    pub(super) fn go_on(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let may_go_on = matches!(connection.state, State::Head | State::LingeringClose(_));
        if may_go_on && (connection.readable || !connection.input.is_empty()) {
            self.serve(id);
        } else {
            self.update_accounting(id);
        }
    }

    /// Refuses a request; the connection goes on.
    pub(super) fn refuse(&mut self, id: ConnectionId, refusal: &Refusal) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        self.metrics.count_refusal(refusal.code());
        let reply = Reply::refusal(refusal, connection.meta.language);
        self.answer_itself(id, &reply);
    }

    /// Refuses a request or a connection, after which nothing that comes can be read as a request.
    pub(super) fn refuse_and_leave(&mut self, id: ConnectionId, refusal: &Refusal) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.meta.keep_alive = false;
        connection.desynchronised = true;
        self.refuse(id, refusal);
    }

    pub(super) fn answer_itself(&mut self, id: ConnectionId, reply: &Reply) {
        self.encode(id, |out, envelope| response_head::write_reply(out, reply, envelope));
        self.metrics.count_answer(reply.status);
        self.flush(id, None);
    }

    fn encode(&mut self, id: ConnectionId, write: impl FnOnce(&mut Vec<u8>, &ResponseMeta<'_>)) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let meta = &mut connection.meta;
        meta.keep_alive &= self.stop_by_ms.is_none();
        self.out.clear();
        let envelope = ResponseMeta {
            id: &meta.id,
            date: self.date.text(),
            keep_alive: meta.keep_alive,
            is_http_10: meta.is_http_10,
            head_only: meta.head_only,
            cross_origin: &meta.cross_origin,
        };
        write(&mut self.out, &envelope);
    }

    /// Writes the encoded response and the content that stands apart from it, as much as the socket takes.
    fn flush(&mut self, id: ConnectionId, content: Option<Content>) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.state = State::Writing;
        let mut output = Output::new(std::mem::take(&mut self.out), content);
        let Ok(sent) = output.write_to(&mut connection.socket) else { return self.close(id, None) };
        self.metrics.sent_bytes_total.add(sent as u64);
        let rest = output.rest();
        if rest == 0 {
            self.out = output.head;
            self.out.shrink_to(SCRATCH_KEPT_BYTES);
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
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.output = output;
        connection.deadline_ms = self.now_ms + self.limits.write_max_ms;
        let deadline_ms = connection.deadline_ms;
        self.arm(deadline_ms);
    }

    /// Whether buffers have room for so many bytes of a client. If not, clients that hold more than it is about to are
    /// closed, the largest first; one whose request is in flight or waits cannot be closed for it.
    pub(super) fn make_room(&mut self, id: ConnectionId, bytes: usize) -> bool {
        loop {
            if self.has_room(bytes) {
                return true;
            }
            let others = self.connections.iter().filter(|(other, connection)| {
                *other != id && matches!(connection.state, State::Head | State::Body(_) | State::Writing)
            });
            let share = |connection: &Connection| {
                connection.counted_bytes + self.shared.share(connection.output.content.as_ref())
            };
            let largest = others.map(|(other, connection)| (other, share(connection))).max_by_key(|(_, share)| *share);
            let Some((largest, share)) = largest else { return false };
            if share <= bytes {
                return false;
            }
            let metrics = Arc::clone(&self.metrics);
            self.close(largest, Some(&metrics.connections_evicted_buffers_total));
        }
    }

    /// The socket has room again. Whoever takes something has time for more, up to a last moment that follows from the
    /// size: a slow client gets the whole answer, one that takes nothing, or next to nothing, is let go.
    pub(super) fn write_on(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let Ok(sent) = connection.output.write_to(&mut connection.socket) else { return self.close(id, None) };
        self.metrics.sent_bytes_total.add(sent as u64);
        if connection.output.rest() > 0 {
            if sent > 0 {
                connection.deadline_ms = (self.now_ms + self.limits.write_max_ms).min(connection.output.last_ms);
                let deadline_ms = connection.deadline_ms;
                self.arm(deadline_ms);
            }
            return;
        }
        let output = std::mem::take(&mut connection.output);
        self.shared.release(output.content.as_ref());
        self.after_answer(id);
        self.go_on(id);
    }

    fn after_answer(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if connection.meta.keep_alive {
            connection.state = State::Head;
            connection.deadline_ms = self.now_ms + self.limits.idle_max_ms;
        } else if connection.desynchronised || connection.readable || !connection.input.is_empty() {
            connection.input = Vec::new();
            connection.state = State::LingeringClose(self.limits.linger_max_bytes);
            connection.deadline_ms = self.now_ms + self.limits.linger_max_ms;
            if connection.socket.shutdown(Shutdown::Write).is_err() {
                return self.close(id, None);
            }
        } else {
            return self.close(id, None);
        }
        let deadline_ms = connection.deadline_ms;
        self.arm(deadline_ms);
    }
}
