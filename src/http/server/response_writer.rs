//! From an answer to the bytes of a connection: what is sent, how far it is, and what comes after it.

use std::io::{self, Write};

use super::client_socket::Transport;
use super::connection::{Connection, State};
use super::loop_turn::LoopTurn;
use super::metrics::Asked;
use super::output::Output;
use super::response_head::{self, Length, ResponseMeta};
use crate::http::body::Content;
use crate::http::{Delivery, Ending, Reply};
use crate::refusal::Refusal;

impl Connection {
    /// The handler has answered; the content stands apart from the reply.
    pub fn answer(&mut self, reply: &Reply, content: Content, delivery: Option<Delivery>, turn: &mut LoopTurn) {
        if matches!(self.state, State::Expecting(_)) {
            self.leave(); // the client may send the body or not
        }
        let length = Length::Known(content.len());
        self.encode(reply.status, Some(content), turn, |out, meta| {
            response_head::write_head(out, reply.status, response_head::fields(reply), length, meta);
        });
        if let Some(delivery) = delivery {
            self.deliver(delivery, turn);
        }
    }

    /// The head was checked: the body may come.
    pub fn proceed(&mut self, turn: &mut LoopTurn) {
        match std::mem::replace(&mut self.state, State::Writing) {
            State::Expecting(mut body) => {
                body.continue_due = true;
                self.await_body(body, turn);
            }
            _ => self.refuse(&Refusal::Internal, turn),
        }
    }

    /// Delivers the answer that is there at once, later, or not at all.
    fn deliver(&mut self, delivery: Delivery, turn: &LoopTurn) {
        if delivery.after_ms == 0 {
            return self.end(delivery.ending, turn);
        }
        self.state = State::Held(delivery.ending);
        self.deadline_ms = turn.now_ms + u64::from(delivery.after_ms);
    }

    /// Sends the answer, or ends the connection without it, by the wish of a test.
    pub(super) fn end(&mut self, ending: Ending, turn: &LoopTurn) {
        self.state = match ending {
            Ending::Answered => State::Writing,
            Ending::Lost => State::Closed,
            Ending::Reset => State::Reset,
        };
        self.deadline_ms = turn.now_ms + turn.limits.write_max_ms;
    }

    /// Refuses a request; the connection goes on, unless a body was to come.
    pub fn refuse(&mut self, refusal: &Refusal, turn: &mut LoopTurn) {
        if matches!(self.state, State::Expecting(_)) {
            self.leave();
        }
        turn.metrics.count_refusal(refusal.code());
        self.reply(&Reply::refusal(refusal, self.meta.language), turn);
    }

    /// Refuses a request or a connection, after which nothing that comes can be read as a request.
    pub fn refuse_and_leave(&mut self, refusal: &Refusal, turn: &mut LoopTurn) {
        self.leave();
        self.refuse(refusal, turn);
    }

    pub(super) fn leave(&mut self) {
        self.meta.keep_alive = false;
        self.desynchronised = true;
        self.input = Vec::new();
    }

    /// Answers a request with a reply of the server itself.
    pub(super) fn reply(&mut self, reply: &Reply, turn: &mut LoopTurn) {
        self.encode(reply.status, None, turn, |out, meta| response_head::write_reply(out, reply, meta));
    }

    pub(super) fn encode(
        &mut self,
        status: u16,
        content: Option<Content>,
        turn: &LoopTurn,
        write: impl FnOnce(&mut Vec<u8>, &ResponseMeta<'_>),
    ) {
        let meta = &mut self.meta;
        meta.keep_alive &= !turn.is_stopping;
        let envelope = ResponseMeta {
            id: &meta.id,
            date: turn.date.text(),
            keep_alive: meta.keep_alive,
            idle_max_ms: turn.limits.idle_max_ms,
            head_only: meta.head_only,
            cross_origin: &meta.cross_origin,
            is_https_for_good: turn.limits.https_for_good && self.transport == Transport::Tls,
        };
        let mut out = Vec::with_capacity(512);
        write(&mut out, &envelope);
        let content = content.filter(|_| response_head::sends_content(status, &envelope));
        turn.metrics.count_answer(&meta.asked, status, turn.now_us);
        self.output = Output::new(out, content);
        meta.asked.log(status, self.output.rest(), turn.now_us);
        self.state = State::Writing;
        self.deadline_ms = turn.now_ms + turn.limits.write_max_ms;
    }

    /// Writes as much as the socket takes. Whoever takes something has time for more, up to a last moment that
    /// follows from the size: a slow client gets the whole answer, one that takes nothing, or next to nothing, is let
    /// go.
    ///
    /// Gives whether the answer begins to wait for its socket here.
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn write_to(&mut self, socket: &mut impl Write, turn: &LoopTurn) -> io::Result<bool> {
        let sent = self.output.write_to(socket)?;
        turn.metrics.sent_bytes_total.add(sent as u64);
        let rest = self.output.rest();
        let is_gone = self.output.is_gone();
        let is_first = !is_gone && self.output.last_ms == u64::MAX;
        if is_gone {
            self.output = Output::default();
            self.after_answer(turn);
        } else if is_first {
            self.output.shrink();
            self.output.last_ms = turn.now_ms + turn.limits.write_last_ms(rest);
            self.deadline_ms = turn.now_ms + turn.limits.write_max_ms;
        } else if sent > 0 {
            self.deadline_ms = (turn.now_ms + turn.limits.write_max_ms).min(self.output.last_ms);
        }
        Ok(is_first)
    }

    fn after_answer(&mut self, turn: &LoopTurn) {
        if let (State::Streaming, Some(stream)) = (&self.state, &self.stream) {
            self.deadline_ms = stream.next_look_ms;
            return;
        }
        self.meta.asked = Asked::of(None, None, turn.now_us);
        if self.meta.keep_alive {
            self.state = State::Head;
            self.deadline_ms = turn.now_ms + turn.limits.idle_max_ms;
        } else {
            self.desynchronised |= !self.input.is_empty();
            self.input = Vec::new();
            self.state = State::LingeringClose { left: turn.limits.linger_max_bytes, is_shut: false };
            self.deadline_ms = turn.now_ms + turn.limits.linger_max_ms;
        }
    }
}
