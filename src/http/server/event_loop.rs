//! The event loop: one thread that owns the listener, all clients and all inner connections.
//!
//! Sockets are watched edge-triggered. A read that does not fill its buffer has emptied the socket, unless the end of
//! the stream was announced: the last byte and the end may come together, and then only another read shows the end.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpListener;
use mio::{Events, Poll, Token};

use super::connection::{ConnectionId, State};
use super::connections::Connections;
use super::cors::CrossOrigin;
use super::framing;
use super::limits::Limits;
use super::metrics::{Figure, Metrics};
use super::notifier::Subscription;
use super::response_head::{DateLine, RequestId};
use super::shared::SharedContents;
use super::upstream::INNER_BIT;
use super::upstream::Upstream;
use super::upstream::Wake;
use super::waiters::Waiters;
use crate::clock::Clock;
use crate::ids::random_bytes;
use crate::platform;
use crate::refusal::Refusal;

/// The listener's token and the waker's; a client's token has neither of the two top bits.
pub const LISTENER: Token = Token(1 << 62);
pub const WAKER: Token = Token((1 << 62) | 1);

/// The event loop.
pub struct EventLoop {
    pub(super) poll: Poll,
    pub(super) listener: Option<TcpListener>,
    pub(super) connections: Connections,
    pub(super) upstream: Upstream,
    pub(super) waiters: Waiters,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) subscription: Arc<Subscription>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) stop_by_ms: Option<u64>,
    started: Instant,
    pub(super) now_ms: u64,
    pub(super) date: DateLine,
    /// What a client sent last, what tiny_http sent last, the inner request and the answer being written.
    pub(super) scratch: Vec<u8>,
    inner_scratch: Vec<u8>,
    pub(super) message: Vec<u8>,
    pub(super) out: Vec<u8>,
    pub(super) next_id: u128,
    pub(super) next_number: u64,
    /// A descriptor kept back, so that a connection can be accepted, and closed, when there are no more.
    pub(super) spare: Option<File>,
    pub(super) accept_at_ms: u64,
    /// Why nobody will ever be accepted again.
    pub(super) listener_lost: Option<io::Error>,
    pub(super) buffered_bytes: usize,
    pub(super) shared: SharedContents,
    tick_ms: u64,
    scanned_ms: u64,
    scan_at_ms: u64,
    upstream_check_at_ms: u64,
    /// Woken requests whose turn to be resumed has not come yet.
    pub(super) woken: VecDeque<(ConnectionId, Wake)>,
    /// Clients that have used up their turn.
    pub(super) again: Vec<ConnectionId>,
}

impl EventLoop {
    /// A loop that has yet to run.
    pub fn new(
        poll: Poll,
        listener: TcpListener,
        upstream: Upstream,
        limits: Limits,
        subscription: Arc<Subscription>,
        stop: Arc<AtomicBool>,
        metrics: Arc<Metrics>,
    ) -> EventLoop {
        let shortest_ms = [
            limits.head_max_ms,
            limits.body_max_ms,
            limits.idle_max_ms,
            limits.write_max_ms,
            limits.linger_max_ms,
            limits.inner_answer_max_ms,
            limits.inner_probe_max_ms,
        ];
        let tick_ms = (shortest_ms.into_iter().min().unwrap_or(0) / 4).clamp(5, 50);
        EventLoop {
            poll,
            listener: Some(listener),
            connections: Connections::default(),
            upstream,
            waiters: Waiters::default(),
            scratch: vec![0; limits.head_max_bytes.max(64 << 10)],
            inner_scratch: vec![0; 256 << 10],
            limits,
            metrics,
            subscription,
            stop,
            stop_by_ms: None,
            started: now(),
            now_ms: 0,
            date: DateLine::default(),
            message: Vec::new(),
            out: Vec::new(),
            next_id: u128::from_be_bytes(random_bytes()),
            next_number: 0,
            spare: platform::spare_descriptor(),
            accept_at_ms: u64::MAX,
            listener_lost: None,
            buffered_bytes: 0,
            shared: SharedContents::default(),
            tick_ms,
            scanned_ms: 0,
            scan_at_ms: u64::MAX,
            upstream_check_at_ms: 0,
            woken: VecDeque::new(),
            again: Vec::new(),
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
            self.now_ms = u64::try_from((now() - self.started).as_millis()).unwrap_or(u64::MAX);
            self.date.at(Clock::wall_now());
            events.iter().for_each(|event| self.on_event(event));
            for id in std::mem::take(&mut self.again) {
                self.serve(id);
            }
            self.notify();
            if self.stop.load(Ordering::Relaxed) && self.stop_by_ms.is_none() {
                self.begin_stop();
            }
            self.tick();
            self.resume_woken();
            self.publish();
            if let Some(error) = self.listener_lost.take() {
                return Err(error);
            }
        }
        Ok(())
    }

    fn timeout(&self) -> Duration {
        if !self.again.is_empty() {
            return Duration::ZERO;
        }
        let upstream_check_at_ms = if self.upstream.dispatched() > 0 { self.upstream_check_at_ms } else { u64::MAX };
        let stop_ms = self.stop_by_ms.unwrap_or(u64::MAX);
        let next_ms = self.scan_at_ms.min(upstream_check_at_ms).min(self.accept_at_ms).min(stop_ms);
        Duration::from_millis(next_ms.saturating_sub(self.now_ms).min(60_000))
    }

    fn on_event(&mut self, event: &Event) {
        match event.token() {
            LISTENER => self.accept(),
            WAKER => {}
            token if token.0 & INNER_BIT != 0 => self.on_inner(token, event.is_read_closed() || event.is_error()),
            Token(number) => self.on_connection(ConnectionId::from(number as u64), event),
        }
    }

    fn on_connection(&mut self, id: ConnectionId, event: &Event) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.finished |= event.is_read_closed() || event.is_error();
        connection.readable |= event.is_readable() || connection.finished;
        match connection.state {
            State::Head | State::Body(_) | State::LingeringClose(_) => self.serve(id),
            State::Writing => self.write_on(id),
            State::Waiting(_) if connection.finished => {
                self.metrics.parked_vanished_total.add(1);
                self.close(id, None);
            }
            State::Waiting(_) | State::Dispatched(_) => {}
        }
    }

    fn on_inner(&mut self, token: Token, is_closed: bool) {
        let mut scratch = std::mem::take(&mut self.inner_scratch);
        let mut overflow = Vec::new();
        let registry = self.poll.registry();
        match self.upstream.on_ready(registry, token, is_closed, &mut scratch, &mut overflow, self.now_ms) {
            super::upstream::UpstreamEvent::Nothing => {}
            super::upstream::UpstreamEvent::Answer(in_flight, answer) => self.on_answer(in_flight, &answer),
            super::upstream::UpstreamEvent::Lost(in_flight) => self.on_lost(in_flight),
        }
        self.inner_scratch = scratch;
        self.resume_woken();
    }

    /// A fresh id for a request.
    pub(super) fn new_id(&mut self, theirs: Option<&str>) -> RequestId {
        self.next_id = self.next_id.wrapping_add(1);
        theirs.map_or(RequestId::Ours(self.next_id), |text| RequestId::Theirs(text.into()))
    }

    /// Sees to it that a deadline is looked at in time.
    pub(super) fn arm(&mut self, deadline_ms: u64) {
        self.scan_at_ms = self.scan_at_ms.min(deadline_ms.max(self.scanned_ms + self.tick_ms));
    }

    /// Looks at the deadlines that may have come.
    fn tick(&mut self) {
        if self.now_ms >= self.accept_at_ms {
            self.accept();
        }
        if self.now_ms >= self.upstream_check_at_ms {
            self.upstream_check_at_ms = self.now_ms + self.tick_ms;
            for in_flight in self.upstream.tick(self.poll.registry(), self.now_ms) {
                self.on_lost(in_flight);
            }
        }
        if self.now_ms < self.scan_at_ms {
            return;
        }
        let due: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.deadline_ms <= self.now_ms)
            .map(|(id, _)| id)
            .collect();
        due.into_iter().for_each(|id| self.expire(id));
        self.scanned_ms = self.now_ms;
        self.scan_at_ms = u64::MAX;
        if let Some(next_ms) = self.connections.iter().map(|(_, connection)| connection.deadline_ms).min() {
            self.arm(next_ms);
        }
    }

    fn expire(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let is_idle = connection.is_idle();
        let metrics = Arc::clone(&self.metrics);
        match connection.state {
            State::Head if is_idle => self.close(id, Some(&metrics.connections_expired_idle_total)),
            State::Head => {
                metrics.connections_expired_head_total.add(1);
                let (_, _, origin) = framing::peek(&connection.input);
                connection.meta.cross_origin = CrossOrigin::of(&self.limits.allow_origins, origin);
                self.refuse_and_leave(id, &Refusal::RequestTimeout);
            }
            State::Body(_) => {
                metrics.connections_expired_body_total.add(1);
                self.refuse_and_leave(id, &Refusal::RequestTimeout);
            }
            State::Writing => self.close(id, Some(&metrics.connections_expired_write_total)),
            State::LingeringClose(_) => self.close(id, None),
            State::Waiting(_) => self.wake(id, Wake::TimedOut),
            State::Dispatched(_) => {}
        }
    }

    /// Closes a connection, and counts it.
    pub(super) fn close(&mut self, id: ConnectionId, figure: Option<&Figure>) {
        let Some(connection) = self.connections.remove(id) else { return };
        self.buffered_bytes -= connection.counted_bytes;
        self.shared.release(connection.output.content.as_ref());
        if let State::Waiting(parked) = &connection.state {
            self.waiters.remove(id, &parked.waiting.topics, parked.key);
        }
        if let Some(figure) = figure {
            figure.add(1);
        }
    }

    fn begin_stop(&mut self) {
        self.stop_by_ms = Some(self.now_ms + self.limits.stop_max_ms);
        self.accept(); // whoever has connected already is still answered
        self.listener = None;
        let everyone: Vec<ConnectionId> = self.connections.iter().map(|(id, _)| id).collect();
        for id in everyone {
            let Some(connection) = self.connections.get_mut(id) else { continue };
            if matches!(connection.state, State::Waiting(_)) {
                self.wake(id, Wake::TimedOut);
            } else if connection.is_idle() {
                connection.readable = true; // a request may have come in this moment
                self.serve(id);
                if self.connections.get_mut(id).is_some_and(|connection| connection.is_idle()) {
                    self.close(id, None);
                }
            }
        }
    }

    fn is_done(&mut self) -> bool {
        let Some(stop_by_ms) = self.stop_by_ms else { return false };
        if self.now_ms < stop_by_ms {
            return self.connections.len() == 0;
        }
        let late: Vec<ConnectionId> = self.connections.iter().map(|(id, _)| id).collect();
        for id in late {
            if self.connections.get_mut(id).is_some_and(|connection| matches!(connection.state, State::Dispatched(_))) {
                self.refuse_and_leave(id, &Refusal::Stopping);
            }
            self.close(id, None);
        }
        true
    }

    fn publish(&self) {
        let metrics = &self.metrics;
        metrics.connections_open.set(self.connections.len());
        metrics.parked.set(self.waiters.len());
        metrics.buffered_bytes.set(self.buffered_bytes + self.shared.bytes() + self.upstream.queued_bytes);
        metrics.queued.set(self.upstream.queued());
        metrics.inner_connections.set(self.upstream.connections());
    }
}

/// The time of sockets' deadlines, which is not the venue's: it goes on when a test holds the
/// venue's clock, and `clock` knows nothing of it.
fn now() -> Instant {
    Instant::now()
}
