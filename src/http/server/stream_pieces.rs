//! Streams of events on the event loop: they are opened, asked for their next piece, and ended.

use std::time::Duration;

use socket2::SockRef;

use super::ConnectionId;
use super::connection::{EventStream, Look};
use super::event_loop::EventLoop;
use super::fan_out::SharedPiece;
use super::upstream::{InFlight, WaitingRequest};
use crate::http::Reply;
use crate::http::body::{Body, Content};
use crate::platform::end_when_unconfirmed;
use crate::refusal::Refusal;

impl EventLoop {
    /// The handler has sent a piece of a stream that goes on.
    pub(super) fn on_piece(
        &mut self,
        in_flight: InFlight,
        reply: &Reply,
        waiting: WaitingRequest,
        piece: Option<Content>,
    ) {
        let waiting = Some(waiting).filter(|waiting| waiting.told.is_some());
        let id = in_flight.connection;
        let followers = self.polls.fan_out.answered(in_flight.number);
        let client = self.connections.get_mut(id);
        if followers.is_none() && !client.is_some_and(|client| client.connection.is_streaming()) {
            return self.open_stream(in_flight, reply, waiting, piece);
        }
        self.polls.waiters.end();
        if waiting.is_none() {
            log::error!(
                "a stream could not go on and ends; please report this: its next wait says not where it stands"
            );
        }
        let is_own = followers.is_none();
        let (mine, others) = shared_among(piece, followers.as_ref().map_or(0, Vec::len));
        if let Some(followers) = followers {
            let piece = SharedPiece { number: in_flight.number, next: waiting.clone(), body: others };
            self.polls.fan_out.deliver(followers, piece);
        }
        self.take_piece(id, in_flight.number, waiting, is_own, mine);
    }

    /// Whether a request asked for a piece of a stream.
    pub(super) fn is_of_stream(&mut self, in_flight: InFlight) -> bool {
        let client = self.connections.get_mut(in_flight.connection);
        self.polls.fan_out.has_asked(in_flight.number) || client.is_some_and(|client| client.connection.is_streaming())
    }

    /// The handler has ended a stream, with its last piece.
    pub(super) fn on_last_piece(&mut self, in_flight: InFlight, piece: Option<Content>) {
        let (id, number) = (in_flight.connection, in_flight.number);
        let followers = self.polls.fan_out.answered(number);
        let (mine, others) = shared_among(piece, followers.as_ref().map_or(0, Vec::len));
        let followers = followers.unwrap_or_default();
        self.polls.fan_out.deliver(followers, SharedPiece { number, next: None, body: others });
        self.take_piece(id, number, None, true, mine);
    }

    fn open_stream(
        &mut self,
        in_flight: InFlight,
        reply: &Reply,
        waiting: Option<WaitingRequest>,
        piece: Option<Content>,
    ) {
        let waiters = &mut self.polls.waiters;
        let was_notified =
            waiting.as_ref().is_some_and(|waiting| waiters.was_notified(&waiting.topics, in_flight.epoch_seen));
        waiters.end();
        let (id, turn) = (in_flight.connection, &mut self.turn);
        let Some(client) = self.connections.get_mut(id) else { return };
        let connection = &mut client.connection;
        if !connection.awaits(in_flight.number) {
            return;
        }
        let Some(waiting) = waiting.filter(|waiting| waiting.bytes() <= turn.limits.parked_max_bytes) else {
            log::error!("a stream could not wait, its client got 500; please report this: it is malformed or too long");
            return connection.refuse(&Refusal::Internal, turn);
        };
        let key = turn.limits.key_of(connection.meta.origin);
        if turn.is_stopping {
            return connection.refuse(&Refusal::Stopping, turn);
        }
        if !self.polls.may_wait(&waiting, key, turn) {
            turn.metrics.streams_refused_total.add(1);
            return connection.refuse(&Refusal::Overloaded { retry_after_seconds: 1 }, turn);
        }
        let has_more = was_notified || waiting.told.as_ref().is_some_and(|told| told.has_more);
        let next_look_ms = turn.now_ms + u64::from(waiting.wait_seconds) * 1_000;
        let topics = waiting.topics.clone();
        let (is_chunked, due) = (connection.meta.takes_chunks, has_more.then_some(Look::Own));
        let stream = Box::new(EventStream { waiting, key, is_chunked, next_look_ms, due });
        connection.begin_stream(reply, stream, piece, turn);
        if connection.is_streaming() {
            self.polls.waiters.insert(id, &topics, key);
            self.polls.streams_open += 1;
            let most = Duration::from_millis(self.turn.limits.write_max_ms);
            let _ = end_when_unconfirmed(&SockRef::from(&*client.socket.socket()), most); // else only later
        }
    }

    fn take_piece(
        &mut self,
        id: ConnectionId,
        number: u64,
        next: Option<WaitingRequest>,
        is_own: bool,
        piece: Option<Content>,
    ) {
        let Some(client) = self.connections.get_mut(id) else { return };
        let connection = &mut client.connection;
        if !connection.awaits(number) || !connection.is_streaming() {
            return;
        }
        match next.filter(|_| !self.turn.is_stopping) {
            Some(next) => connection.go_on(next, is_own, piece, &mut self.turn),
            None => self.end_stream(id, piece),
        }
    }

    /// Sends those their piece whose turn it is.
    pub(super) fn deliver_pieces(&mut self) {
        for (id, shared) in self.polls.fan_out.take_turn() {
            let piece = shared.body.clone().map(Content::Plain);
            self.take_piece(id, shared.number, shared.next.clone(), shared.next.is_none(), piece);
            self.drive(id);
        }
    }

    /// Asks for the next piece of a stream whose turn it is, unless it is being asked for already.
    pub(super) fn ask_for_piece(&mut self, id: ConnectionId) {
        let Some(client) = self.connections.get_mut(id) else { return };
        let connection = &mut client.connection;
        let Some(look) = connection.take_due() else { return };
        let epoch = self.polls.waiters.epoch();
        if look == Look::Shared
            && let Some(stream) = &connection.stream
            && let Some(number) = self.polls.fan_out.join(id, &stream.waiting, epoch)
        {
            return connection.follow(number);
        }
        let Some(submission) = connection.ask(look, &mut self.turn) else { return };
        if look == Look::Shared
            && let Some(stream) = &connection.stream
        {
            self.polls.fan_out.lead(submission.number, &stream.waiting, epoch);
        }
        self.submit(id, submission);
    }

    /// Ends a stream, with this last piece.
    pub(super) fn end_stream(&mut self, id: ConnectionId, piece: Option<Content>) {
        if let Some(client) = self.connections.get_mut(id)
            && let Some(stream) = client.connection.end_stream(piece, &self.turn)
        {
            self.polls.forget_stream(id, &stream);
        }
    }

    /// Refuses a request; a stream that has begun is ended.
    pub(super) fn refuse(&mut self, id: ConnectionId, refusal: &Refusal) {
        self.end_stream(id, None);
        if let Some(client) = self.connections.get_mut(id)
            && client.connection.is_dispatched()
        {
            client.connection.refuse(refusal, &mut self.turn);
        }
    }
}

/// A piece for one client, and the same for so many others.
fn shared_among(piece: Option<Content>, others: usize) -> (Option<Content>, Option<Body>) {
    match piece {
        Some(Content::Plain(body)) if others > 0 => {
            let shared = body.into_shared();
            (Some(Content::Plain(shared.clone())), Some(shared))
        }
        piece => (piece, None),
    }
}
