//! The event loop: one thread that owns the listener, all clients and all inner connections.
//!
//! Sockets are watched edge-triggered. A read that does not fill its buffer has emptied the socket, unless the end of the
//! stream was announced: the last byte and the end may come together, and then only another read shows the end.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpListener;
use mio::{Events, Poll, Token};

use super::answer::{DateLine, RequestId};
use super::bell::Rope;
use super::client::{ClientId, State};
use super::crowd::Crowd;
use super::limits::Limits;
use super::line::INNER_BIT;
use super::metrics::{Figure, Metrics};
use super::parking::Parking;
use super::passage::Turn;
use super::relay::Relay;
use super::shared::SharedContents;
use crate::clock::Clock;
use crate::ids::random_bytes;
use crate::refusal::Refusal;

/// The listener's token and the waker's; a client's token has neither of the two top bits.
pub const LISTENER: Token = Token(1 << 62);
pub const WAKER: Token = Token((1 << 62) | 1);

/// The event loop.
pub struct Porter {
    pub(super) poll: Poll,
    pub(super) listener: Option<TcpListener>,
    pub(super) crowd: Crowd,
    pub(super) relay: Relay,
    pub(super) parking: Parking,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) rope: Arc<Rope>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) stop_by_ms: Option<u64>,
    started: Instant,
    pub(super) now_ms: u64,
    pub(super) date: DateLine,
    /// What a client sent last, what tiny_http sent last, the inner request and the answer being written.
    pub(super) scratch: Vec<u8>,
    inner_scratch: Vec<u8>,
    pub(super) message: Vec<u8>,
    pub(super) letter: Vec<u8>,
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
    relay_at_ms: u64,
    /// Those that were parked and whose turn to be asked again has not come yet.
    pub(super) woken: VecDeque<(ClientId, Turn)>,
    /// Clients that have used up their turn.
    pub(super) again: Vec<ClientId>,
}

impl Porter {
    /// A loop that has yet to run.
    pub fn new(
        poll: Poll,
        listener: TcpListener,
        relay: Relay,
        limits: Limits,
        rope: Arc<Rope>,
        stop: Arc<AtomicBool>,
        metrics: Arc<Metrics>,
    ) -> Porter {
        let shortest_ms = [
            limits.head_max_ms,
            limits.body_max_ms,
            limits.idle_max_ms,
            limits.write_max_ms,
            limits.linger_max_ms,
            limits.inner_answer_max_ms,
            limits.inner_hello_max_ms,
        ];
        let tick_ms = (shortest_ms.into_iter().min().unwrap_or(0) / 4).clamp(5, 50);
        Porter {
            poll,
            listener: Some(listener),
            crowd: Crowd::default(),
            relay,
            parking: Parking::default(),
            scratch: vec![0; limits.head_max_bytes.max(64 << 10)],
            inner_scratch: vec![0; 256 << 10],
            limits,
            metrics,
            rope,
            stop,
            stop_by_ms: None,
            started: now(),
            now_ms: 0,
            date: DateLine::default(),
            message: Vec::new(),
            letter: Vec::new(),
            next_id: u128::from_be_bytes(random_bytes()),
            next_number: 0,
            spare: File::open("/dev/null").ok(),
            accept_at_ms: u64::MAX,
            listener_lost: None,
            buffered_bytes: 0,
            shared: SharedContents::default(),
            tick_ms,
            scanned_ms: 0,
            scan_at_ms: u64::MAX,
            relay_at_ms: 0,
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
            self.ring();
            if self.stop.load(Ordering::Relaxed) && self.stop_by_ms.is_none() {
                self.begin_stop();
            }
            self.tick();
            self.ask_woken();
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
        let relay_at_ms = if self.relay.under_way() > 0 { self.relay_at_ms } else { u64::MAX };
        let stop_ms = self.stop_by_ms.unwrap_or(u64::MAX);
        let next_ms = self.scan_at_ms.min(relay_at_ms).min(self.accept_at_ms).min(stop_ms);
        Duration::from_millis(next_ms.saturating_sub(self.now_ms).min(60_000))
    }

    fn on_event(&mut self, event: &Event) {
        match event.token() {
            LISTENER => self.accept(),
            WAKER => {}
            token if token.0 & INNER_BIT != 0 => self.on_inner(token, event.is_read_closed() || event.is_error()),
            Token(number) => self.on_client(ClientId::from(number as u64), event),
        }
    }

    fn on_client(&mut self, id: ClientId, event: &Event) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        client.finished |= event.is_read_closed() || event.is_error();
        client.readable |= event.is_readable() || client.finished;
        match client.state {
            State::Head | State::Body(_) | State::Leaving(_) => self.serve(id),
            State::Writing => self.write_on(id),
            State::Parked(_) if client.finished => {
                self.metrics.parked_vanished_total.add(1);
                self.close(id, None);
            }
            State::Parked(_) | State::UnderWay(_) => {}
        }
    }

    fn on_inner(&mut self, token: Token, is_closed: bool) {
        let mut scratch = std::mem::take(&mut self.inner_scratch);
        let mut overflow = Vec::new();
        let registry = self.poll.registry();
        match self.relay.hear(registry, token, is_closed, &mut scratch, &mut overflow, self.now_ms) {
            super::relay::Heard::Nothing => {}
            super::relay::Heard::Answer(flight, answer) => self.on_answer(flight, &answer),
            super::relay::Heard::Lost(flight) => self.on_lost(flight),
        }
        self.inner_scratch = scratch;
        self.ask_woken();
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
        if self.now_ms >= self.relay_at_ms {
            self.relay_at_ms = self.now_ms + self.tick_ms;
            for flight in self.relay.tick(self.poll.registry(), self.now_ms) {
                self.on_lost(flight);
            }
        }
        if self.now_ms < self.scan_at_ms {
            return;
        }
        let due: Vec<ClientId> =
            self.crowd.iter().filter(|(_, client)| client.deadline_ms <= self.now_ms).map(|(id, _)| id).collect();
        due.into_iter().for_each(|id| self.expire(id));
        self.scanned_ms = self.now_ms;
        self.scan_at_ms = u64::MAX;
        if let Some(next_ms) = self.crowd.iter().map(|(_, client)| client.deadline_ms).min() {
            self.arm(next_ms);
        }
    }

    fn expire(&mut self, id: ClientId) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        let is_idle = client.is_idle();
        let metrics = Arc::clone(&self.metrics);
        match client.state {
            State::Head if is_idle => self.close(id, Some(&metrics.connections_expired_idle_total)),
            State::Head => {
                metrics.connections_expired_head_total.add(1);
                self.refuse_and_leave(id, &Refusal::RequestTimeout);
            }
            State::Body(_) => {
                metrics.connections_expired_body_total.add(1);
                self.refuse_and_leave(id, &Refusal::RequestTimeout);
            }
            State::Writing => self.close(id, Some(&metrics.connections_expired_write_total)),
            State::Leaving(_) => self.close(id, None),
            State::Parked(_) => self.wake(id, Turn::Over),
            State::UnderWay(_) => {}
        }
    }

    /// Closes a connection, and counts it.
    pub(super) fn close(&mut self, id: ClientId, figure: Option<&Figure>) {
        let Some(client) = self.crowd.remove(id) else { return };
        self.buffered_bytes -= client.counted_bytes;
        self.shared.release(client.output.content.as_ref());
        if let State::Parked(parked) = &client.state {
            self.parking.leave(id, &parked.waiting.topics, parked.key);
        }
        if let Some(figure) = figure {
            figure.add(1);
        }
    }

    fn begin_stop(&mut self) {
        self.stop_by_ms = Some(self.now_ms + self.limits.stop_max_ms);
        self.accept(); // whoever has connected already is still answered
        self.listener = None;
        let everyone: Vec<ClientId> = self.crowd.iter().map(|(id, _)| id).collect();
        for id in everyone {
            let Some(client) = self.crowd.get_mut(id) else { continue };
            if matches!(client.state, State::Parked(_)) {
                self.wake(id, Turn::Over);
            } else if client.is_idle() {
                client.readable = true; // a request may have come in this moment
                self.serve(id);
                if self.crowd.get_mut(id).is_some_and(|client| client.is_idle()) {
                    self.close(id, None);
                }
            }
        }
    }

    fn is_done(&mut self) -> bool {
        let Some(stop_by_ms) = self.stop_by_ms else { return false };
        if self.now_ms < stop_by_ms {
            return self.crowd.len() == 0;
        }
        let late: Vec<ClientId> = self.crowd.iter().map(|(id, _)| id).collect();
        for id in late {
            if self.crowd.get_mut(id).is_some_and(|client| matches!(client.state, State::UnderWay(_))) {
                self.refuse_and_leave(id, &Refusal::Stopping);
            }
            self.close(id, None);
        }
        true
    }

    fn publish(&self) {
        let metrics = &self.metrics;
        metrics.connections_open.set(self.crowd.len());
        metrics.parked.set(self.parking.len());
        metrics.buffered_bytes.set(self.buffered_bytes + self.shared.bytes() + self.relay.queued_bytes);
        metrics.queued.set(self.relay.queued());
        metrics.inner_connections.set(self.relay.connections());
    }
}

/// The time of sockets' deadlines, which is not the venue's: it goes on when a test holds the venue's clock, and `clock`
/// knows nothing of it.
fn now() -> Instant {
    Instant::now()
}
