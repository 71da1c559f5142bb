//! The event loop: one thread that owns the listeners, all clients and the inner connection. It dispatches: readiness
//! to a connection, the connection's action to a socket, to upstream or to the long polls, and deadlines.
//!
//! Sockets are watched edge-triggered, and mio promises another event only after a read has found the socket empty
//! (`WouldBlock`). So a socket is read until then, or until a short read that says so, or is noted as readable.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mio::event::Event;
use mio::{Events, Poll, Token};

use super::ConnectionId;
use super::accept::{self, Acceptor};
use super::client_socket::Stream;
use super::connection::{Action, READ_MAX_BYTES, Submission};
use super::connections::Connections;
use super::long_poll::LongPolls;
use super::loop_turn::LoopTurn;
use super::notifier::Subscription;
use super::tls::HandshakeTurns;
use super::upstream::{Answer, INNER, InFlight, Topic, Upstream, Wake};
use crate::refusal::Refusal;

/// The waker's token, after which come those of the listeners; a client's has neither of the two top bits.
pub const WAKER: Token = Token(1 << 62);
/// That of the first listener.
pub const LISTENERS: usize = WAKER.0 + 1;

/// What one client may do before the others get their turn.
const STEPS_MAX: usize = 64;
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

pub struct EventLoop {
    pub(super) poll: Poll,
    pub(super) turn: LoopTurn,
    pub(super) acceptors: Vec<Acceptor>,
    pub(super) connections: Connections<Stream>,
    upstream: Upstream,
    pub(super) polls: LongPolls,
    stop: Arc<AtomicBool>,
    pub(super) stop_by_ms: Option<u64>,
    /// What a client sent last.
    scratch: Vec<u8>,
    /// When upstream looks at its deadlines again.
    upstream_check_at_ms: u64,
    /// Clients that have used up their turn.
    again: Vec<ConnectionId>,
    /// Clients that have sent something of their TLS handshake.
    pub(super) handshakes: HandshakeTurns,
}

impl EventLoop {
    /// A loop that has yet to run.
    pub fn new(
        poll: Poll,
        acceptors: Vec<Acceptor>,
        upstream: Upstream,
        turn: LoopTurn,
        subscription: Arc<Subscription>,
        stop: Arc<AtomicBool>,
    ) -> EventLoop {
        EventLoop {
            poll,
            acceptors,
            connections: Connections::default(),
            upstream,
            polls: LongPolls::new(subscription),
            stop,
            stop_by_ms: None,
            scratch: vec![0; turn.limits.head_max_bytes.max(READ_MAX_BYTES)],
            turn,
            upstream_check_at_ms: 0,
            again: Vec::new(),
            handshakes: HandshakeTurns::default(),
        }
    }

    /// Runs until it is told to stop and all that was under way is done.
    ///
    /// # Errors
    /// When sockets can no longer be waited for, or the listener is lost: a server without it is none.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1_024);
        while !self.is_done() {
            let timeout = self.timeout();
            if let Err(error) = self.poll.poll(&mut events, Some(timeout))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return Err(error);
            }
            self.turn.begin();
            events.iter().try_for_each(|event| self.on_event(event))?;
            for (in_flight, answer) in self.upstream.take_answers(self.turn.now_ms) {
                self.on_answer(in_flight, answer);
            }
            for id in std::mem::take(&mut self.again) {
                self.drive(id);
            }
            self.shake_hands();
            for (id, topic) in self.polls.notified(&self.turn) {
                self.wake(id, topic.map_or(Wake::TimedOut, |_| Wake::Notified), topic);
            }
            self.deliver_pieces();
            if self.stop.load(Ordering::Relaxed) && self.stop_by_ms.is_none() {
                self.begin_stop()?;
            }
            self.tick()?;
            self.resume_woken();
            self.upstream.flush(self.poll.registry(), self.turn.now_ms);
            self.publish();
        }
        Ok(())
    }

    fn timeout(&self) -> Duration {
        if !self.again.is_empty() || !self.handshakes.is_empty() || self.polls.fan_out.has_deliveries() {
            return Duration::ZERO;
        }
        let upstream_check_at_ms = if self.upstream.dispatched() > 0 { self.upstream_check_at_ms } else { u64::MAX };
        let stop_ms = self.stop_by_ms.unwrap_or(u64::MAX);
        let accept_ms = self.acceptors.iter().map(|acceptor| acceptor.again_at_ms).min().unwrap_or(u64::MAX);
        let own_ms = self.connections.next_deadline_ms().min(self.polls.next_paced_ms());
        let next_ms = own_ms.min(upstream_check_at_ms).min(accept_ms).min(stop_ms);
        Duration::from_millis(next_ms.saturating_sub(self.turn.now_ms).min(60_000))
    }

    fn on_event(&mut self, event: &Event) -> io::Result<()> {
        match event.token() {
            WAKER => {}
            INNER => {
                for in_flight in self.upstream.on_ready(self.turn.now_ms) {
                    self.on_lost(in_flight);
                }
            }
            Token(number) if number >= LISTENERS => return self.accept(number - LISTENERS),
            Token(number) => {
                let id = ConnectionId::from(number as u64);
                if let Some(client) = self.connections.get_mut(id) {
                    client.finished |= event.is_read_closed() || event.is_error();
                    client.readable |= event.is_readable() || client.finished;
                    self.drive(id);
                }
            }
        }
        Ok(())
    }

    /// Does what a connection wants, until it waits for something, or others get their turn.
    pub(super) fn drive(&mut self, id: ConnectionId) {
        if self.queue_handshake(id) {
            return;
        }
        for _ in 0..STEPS_MAX {
            self.measure_room();
            let Some(client) = self.connections.get_mut(id) else { return };
            let action = client.connection.next(&mut self.turn);
            if !self.act(id, action) {
                return self.settle(id);
            }
        }
        self.settle(id);
        self.again.push(id);
    }

    fn settle(&mut self, id: ConnectionId) {
        if let Some(client) = self.connections.get_mut(id) {
            client.socket_bytes = client.socket.buffered_bytes();
        }
        self.connections.settle(id, self.turn.now_ms);
    }

    pub(super) fn measure_room(&mut self) {
        let held = self.connections.bytes() + self.upstream.bytes();
        self.turn.free_bytes = self.turn.limits.buffers_max_bytes.cast_signed() - held.cast_signed();
    }

    /// Does one action of a connection; gives whether it can go on.
    fn act(&mut self, id: ConnectionId, action: Action) -> bool {
        let Some(client) = self.connections.get_mut(id) else { return false };
        match action {
            Action::Read(max_bytes) => return self.read(id, max_bytes),
            Action::Free(bytes) => return self.connections.make_room_or_refuse(id, bytes, &mut self.turn),
            Action::Submit(submission) => return self.submit(id, submission),
            Action::Ask => {
                self.polls.await_piece(id, &mut client.connection);
                return false;
            }
            Action::Write => match client.connection.write_to(&mut client.socket, &self.turn) {
                Ok(_) if client.connection.output().is_none() => return true,
                Ok(false) => return false,
                Ok(true) if self.connections.hold_output(id, &mut self.turn) => return false,
                Ok(true) => self.turn.metrics.connections_evicted_buffers_total.add(1),
                Err(_) => {}
            },
            // The answer before it is gone whole, so these few bytes find room; else the client is hopelessly slow.
            Action::Continue if client.socket.write(CONTINUE).is_ok_and(|sent| sent == CONTINUE.len()) => return true,
            Action::ShutWrite if client.socket.shutdown_write().is_ok() => return true,
            Action::Rest if client.finished && client.connection.is_waiting() => {}
            Action::Rest => return false,
            Action::Reset => accept::reset(client.socket.socket()),
            Action::Continue | Action::ShutWrite | Action::Close => {}
        }
        self.close(id);
        false
    }

    /// Reads once; gives whether the connection can go on.
    fn read(&mut self, id: ConnectionId, max_bytes: usize) -> bool {
        let Some(client) = self.connections.get_mut(id) else { return false };
        let _ = client.socket.flush(); // what TLS itself has to say; a broken socket shows when it is read
        if !client.readable {
            return client.connection.drained();
        }
        let buffer = &mut self.scratch[..max_bytes];
        match client.socket.read(buffer) {
            Ok(length @ 1..) => {
                client.readable = !client.socket.short_read_is_all() || length == max_bytes || client.finished;
                client.connection.receive(&buffer[..length], &self.turn);
                self.connections.settle(id, self.turn.now_ms); // a body may need more reads than fit in the memory
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => client.readable = false,
            Ok(0) | Err(_) => {
                self.close(id);
                return false;
            }
        }
        true
    }

    /// Submits a request, or refuses it where too many wait.
    pub(super) fn submit(&mut self, id: ConnectionId, submission: Submission) -> bool {
        let Submission { number, is_write, origin, request } = submission;
        let now_ms = self.turn.now_ms;
        let deadline_ms = now_ms + self.turn.limits.inner_answer_max_ms;
        let epoch_seen = self.polls.waiters.begin();
        let in_flight = InFlight { connection: id, number, is_write, epoch_seen, since_ms: now_ms, deadline_ms };
        if !self.upstream.submit(in_flight, origin, request, now_ms) {
            self.polls.waiters.end();
            self.refuse(id, &Refusal::Overloaded { retry_after_seconds: 1 });
        }
        true
    }

    /// The handler has answered, or says "not yet".
    fn on_answer(&mut self, in_flight: InFlight, answer: Answer) {
        self.measure_room();
        let id = in_flight.connection;
        if let Answer::Piece(reply, piece, waiting) = answer {
            self.on_piece(in_flight, &reply, waiting, piece);
            return self.drive(id);
        }
        let is_of_stream = self.is_of_stream(in_flight);
        let connection = self.connections.get_mut(id).map(|client| &mut client.connection);
        let connection = connection.filter(|connection| connection.awaits(in_flight.number));
        if let Answer::Wait(waiting) = answer {
            if let Some(submission) = self.polls.not_yet(in_flight, waiting, connection, &mut self.turn) {
                self.submit(id, submission);
            }
            return self.drive(id);
        }
        self.polls.waiters.end();
        match (answer, connection) {
            (Answer::Whole(_, content, _), _) if is_of_stream => self.on_last_piece(in_flight, Some(content)),
            (Answer::Whole(reply, content, delivery), Some(connection)) => {
                connection.answer(&reply, content, delivery, &mut self.turn);
            }
            (Answer::Proceed, Some(connection)) => connection.proceed(&mut self.turn),
            _ => {} // its client has left
        }
        self.drive(id);
    }

    /// The request is given up; nobody knows what became of it.
    fn on_lost(&mut self, in_flight: InFlight) {
        self.polls.waiters.end();
        let (id, number) = (in_flight.connection, in_flight.number);
        if self.is_of_stream(in_flight) {
            self.on_last_piece(in_flight, None);
        } else if self.connections.get_mut(id).is_some_and(|client| client.connection.awaits(number)) {
            self.refuse(id, &Refusal::Internal);
        }
        self.drive(id);
    }

    /// Wakes who waits, for a topic or because the wait is over.
    pub(super) fn wake(&mut self, id: ConnectionId, wake: Wake, topic: Option<Topic>) {
        let Some(client) = self.connections.get_mut(id) else { return };
        match client.connection.look_of(topic) {
            Some(look) if client.connection.note_due(look) => self.drive(id),
            Some(_) => {}
            None => self.polls.wake(id, &mut client.connection, wake),
        }
    }

    /// Resumes those that were woken, as far as the upstream has room for them.
    fn resume_woken(&mut self) {
        while self.upstream.wants_more()
            && let Some((id, wake)) = self.polls.next_woken()
        {
            let Some(client) = self.connections.get_mut(id) else { continue };
            if client.finished {
                self.turn.metrics.parked_vanished_total.add(1);
                self.close(id);
            } else if client.connection.is_streaming() {
                self.ask_for_piece(id);
                self.connections.settle(id, self.turn.now_ms);
            } else if let Some(waiter) = client.connection.take_waiter() {
                let submission = client.connection.resume(waiter, wake, &mut self.turn);
                self.submit(id, submission);
                self.connections.settle(id, self.turn.now_ms);
            }
        }
    }

    /// Looks at the deadlines that have come.
    fn tick(&mut self) -> io::Result<()> {
        let now_ms = self.turn.now_ms;
        self.accept_due()?;
        if now_ms >= self.upstream_check_at_ms {
            self.upstream_check_at_ms = now_ms + self.turn.limits.tick_ms();
            for in_flight in self.upstream.tick(now_ms) {
                self.on_lost(in_flight);
            }
        }
        while let Some(id) = self.connections.take_due(now_ms) {
            if self.connections.get_mut(id).is_some_and(|client| client.connection.waiter().is_some()) {
                self.wake(id, Wake::TimedOut, None);
            }
            if !self.expire_handshake(id)
                && let Some(client) = self.connections.get_mut(id)
            {
                client.connection.expire(&mut self.turn);
                self.drive(id);
            }
        }
        Ok(())
    }

    fn publish(&self) {
        let metrics = &self.turn.metrics;
        metrics.connections_open.set(self.connections.len());
        metrics.tls_handshakes_open.set(self.connections.handshakes());
        metrics.parked.set(self.polls.waiters.len());
        metrics.streams_open.set(self.polls.streams_open);
        metrics.buffered_bytes.set(self.connections.bytes() + self.upstream.bytes());
        metrics.queued.set(self.upstream.queued());
        metrics.inner_connections.set(self.upstream.connections());
    }
}
