//! Everything that exists only because tiny_http stands behind a socket. The event loop uses it
//! by three methods: [`Upstream::submit`] (a request), [`Upstream::on_ready`] (the next event
//! of a socket) and [`Upstream::tick`] (deadlines).
//!
//! Each upstream connection carries one request at a time. A number goes in with the request and must come back with
//! its response; a connection that sends anything else, or anything more, or is late, is closed. Reads and writes have
//! connections of their own, so that writes that wait for a commit delay no read.
//!
//! Connections are opened one at a time, and one is used only after a worker has answered its probe: a server that does
//! not answer probes is dead or stuck, and is replaced while requests wait here.
//!
//! `inner_server` (tiny_http and its workers) · `connection` (sockets, queues, new connections, another server in place
//! of a stuck one) · `protocol` (the field and the messages of both directions) · `response` (reading responses) ·
//! `handed` (content that goes around the socket).

mod connection;
mod handed;
mod inner_server;
pub mod protocol;
mod response;

use std::io::{self, Write};
use std::sync::Arc;

use mio::{Interest, Registry, Token};
use slab::Slab;

use super::compress::Compressor;
use super::limits::Limits;
use super::metrics::Metrics;
use crate::http::body::Content;
use crate::platform::peek_inner;
use crate::threads::OnFatal;
pub use connection::{INNER_BIT, InFlight, Origin};
use connection::{Pool, UpstreamConnection, UpstreamState, drain, place_of, take, token_of, write_on};
use handed::Handed;
pub use inner_server::{Handle, Handler, Responder, Wait};
use inner_server::{InnerServer, Sending};
pub use protocol::{StreamCursor, Topic, WaitingRequest, Wake};
pub use response::UpstreamResponse;

/// An event of an upstream connection.
#[allow(clippy::large_enum_variant, reason = "it is looked at once and gone")]
pub enum UpstreamEvent<'b> {
    /// Nothing, or not all of it yet.
    Nothing,
    Answer(InFlight, UpstreamResponse<'b>),
    /// The connection was closed; the request on it is lost.
    Lost(InFlight),
}

/// All upstream connections, and the server behind them.
pub struct Upstream {
    inner_server: Option<InnerServer>,
    handler: Handler,
    on_fatal: OnFatal,
    sending: Arc<Sending>,
    workers: usize,
    epoch: u32,
    /// Servers that were given up, as long as their workers are stuck.
    stuck: Vec<inner_server::Abandoned>,
    conns: Slab<UpstreamConnection>,
    pools: [Pool; 2],
    queue_max: usize,
    queue_max_ms: u64,
    probe_max_ms: u64,
    probing: Option<usize>,
    generation: u32,
    busy: usize,
    last_response_ms: u64,
    retry_at_ms: u64,
    /// The memory of the requests that wait for their turn.
    pub queued_bytes: usize,
    metrics: Arc<Metrics>,
}

impl Upstream {
    /// Starts the inner server.
    ///
    /// # Errors
    /// When no socket or thread can be made.
    pub fn start(limits: &Limits, handler: Handler, on_fatal: OnFatal, metrics: Arc<Metrics>) -> io::Result<Upstream> {
        let compressor = Compressor::start(on_fatal.clone())?;
        let sending = Arc::new(Sending { compressor, handed: Handed::default(), metrics: Arc::clone(&metrics) });
        let pools = [Pool::new(limits.inner_reads.max(1)), Pool::new(limits.inner_writes.max(1))];
        let connections = pools.iter().map(|pool| pool.max).sum();
        Ok(Upstream {
            inner_server: Some(InnerServer::start(limits.workers, connections, &handler, &sending, &on_fatal)?),
            sending,
            handler,
            on_fatal,
            workers: limits.workers,
            epoch: 0,
            stuck: Vec::new(),
            conns: Slab::new(),
            pools,
            queue_max: limits.queue_max,
            queue_max_ms: limits.queue_max_ms,
            probe_max_ms: limits.inner_probe_max_ms,
            probing: None,
            generation: 0,
            busy: 0,
            last_response_ms: 0,
            retry_at_ms: 0,
            queued_bytes: 0,
            metrics,
        })
    }

    /// How many requests are in flight or queued.
    pub fn dispatched(&self) -> usize {
        self.busy + self.queued()
    }

    /// How many requests wait for their turn.
    pub fn queued(&self) -> usize {
        self.pools.iter().map(Pool::waiting).sum()
    }

    /// Whether woken requests may follow: a few are kept queued for each connection of both pools.
    pub fn wants_more(&self) -> bool {
        self.pools.iter().all(Pool::wants_more)
    }

    /// The content of an answer that went around the socket.
    pub fn take_content(&self, number: u64) -> Option<Content> {
        self.sending.handed.take(number)
    }

    /// How many inner connections there are.
    pub fn connections(&self) -> usize {
        self.conns.len()
    }

    /// Sends an inner request, now or when its turn comes. `false`: too many wait already, or the first of them has
    /// waited so long that who comes now would not be answered in useful time.
    pub fn submit(
        &mut self,
        registry: &Registry,
        in_flight: InFlight,
        is_write: bool,
        urgency: Origin,
        message: &[u8],
        now_ms: u64,
    ) -> bool {
        let pool = &mut self.pools[usize::from(is_write)];
        if pool.waiting() == 0
            && let Some(slot) = pool.idle.pop()
        {
            self.send(registry, slot, in_flight, message, now_ms);
            return true;
        }
        let is_late = pool.fresh.front().is_some_and(|(first, _)| first.since_ms + self.queue_max_ms <= now_ms);
        if urgency == Origin::Client && (is_late || pool.fresh.len() >= self.queue_max) {
            self.metrics.queue_refused_total.add(1);
            return false;
        }
        self.queued_bytes += message.len();
        match urgency {
            Origin::Client => pool.fresh.push_back((in_flight, message.to_vec())),
            Origin::Resumed => pool.again.push_back((in_flight, message.to_vec())),
        }
        self.open_if_wanted(registry, now_ms);
        true
    }

    fn send(&mut self, registry: &Registry, slot: usize, in_flight: InFlight, message: &[u8], now_ms: u64) {
        let Some(conn) = self.conns.get_mut(slot) else { return };
        if self.busy == 0 {
            self.last_response_ms = now_ms; // silence counts from here
        }
        self.busy += 1;
        conn.state = UpstreamState::Busy(in_flight);
        conn.deadline_ms = in_flight.deadline_ms;
        self.metrics.relayed_total.add(1);
        let sent = match conn.socket.write(message) {
            Ok(sent) => sent,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => 0,
            Err(_) => return, // its end is readable as well, and heard there
        };
        if sent < message.len() {
            conn.output.extend_from_slice(&message[sent..]);
            // Only now: a Unix-domain socket reports room whenever the other side reads.
            let token = token_of(slot, conn.generation);
            let _ = registry.reregister(&mut conn.socket, token, Interest::READABLE | Interest::WRITABLE);
            write_on(conn); // the room may have come in between
        }
        drain(conn);
    }

    /// An inner connection is ready.
    pub fn on_ready<'b>(
        &mut self,
        registry: &Registry,
        token: Token,
        is_closed: bool,
        scratch: &'b mut [u8],
        overflow: &'b mut Vec<u8>,
        now_ms: u64,
    ) -> UpstreamEvent<'b> {
        let (slot, generation) = place_of(token);
        let Some(conn) = self.conns.get_mut(slot).filter(|conn| conn.generation == generation) else {
            return UpstreamEvent::Nothing;
        };
        write_on(conn);
        let can_wait = conn.input.is_empty() && !is_closed;
        let peeked = if can_wait { peek_inner(&conn.socket, scratch) } else { None };
        let (length, is_over) = peeked.map_or_else(|| take(conn, scratch, is_closed), |length| (length, false));
        if length == 0 && conn.input.is_empty() {
            return if is_over { self.kill(registry, slot, now_ms) } else { UpstreamEvent::Nothing };
        }
        let bytes: &'b [u8] = if conn.input.is_empty() {
            &scratch[..length]
        } else {
            conn.input.extend_from_slice(&scratch[..length]);
            if conn.input.len() < conn.expected && !is_over {
                return UpstreamEvent::Nothing;
            }
            *overflow = std::mem::take(&mut conn.input);
            overflow
        };
        let number = match conn.state {
            UpstreamState::Probing => 0,
            UpstreamState::Busy(in_flight) => in_flight.number,
            UpstreamState::Idle if peeked == Some(conn.unread_bytes) => return UpstreamEvent::Nothing, // already read
            UpstreamState::Idle => return self.kill(registry, slot, now_ms),                           // nobody asked
        };
        match UpstreamResponse::read(bytes) {
            Ok(answer) if answer.number == number && !is_over => {
                conn.unread_bytes = peeked.unwrap_or(0);
                self.answered(registry, slot, answer, now_ms)
            }
            Err(Some(expected)) if !is_over => {
                conn.unread_bytes = peeked.unwrap_or(0);
                drain(conn);
                conn.expected = expected;
                conn.input = bytes.to_vec();
                UpstreamEvent::Nothing
            }
            _ => self.kill(registry, slot, now_ms),
        }
    }

    /// A complete response, and nothing more, is there: the connection takes the next request.
    fn answered<'b>(
        &mut self,
        registry: &Registry,
        slot: usize,
        answer: UpstreamResponse<'b>,
        now_ms: u64,
    ) -> UpstreamEvent<'b> {
        self.last_response_ms = now_ms;
        let Some(conn) = self.conns.get_mut(slot) else { return UpstreamEvent::Nothing };
        conn.expected = 0;
        conn.deadline_ms = u64::MAX;
        let was = std::mem::replace(&mut conn.state, UpstreamState::Idle);
        let pool = &self.pools[usize::from(conn.is_write)];
        if conn.epoch != self.epoch || !conn.output.is_empty() || pool.open > pool.max {
            self.close(registry, slot);
        } else {
            self.feed(registry, slot, now_ms);
        }
        match was {
            UpstreamState::Busy(in_flight) => {
                self.busy -= 1;
                UpstreamEvent::Answer(in_flight, answer)
            }
            UpstreamState::Probing | UpstreamState::Idle => {
                self.probing = None;
                self.open_if_wanted(registry, now_ms);
                UpstreamEvent::Nothing
            }
        }
    }

    fn feed(&mut self, registry: &Registry, slot: usize, now_ms: u64) {
        let Some(conn) = self.conns.get(slot) else { return };
        let pool = &mut self.pools[usize::from(conn.is_write)];
        match pool.next() {
            Some((in_flight, message)) => {
                self.queued_bytes -= message.len();
                self.send(registry, slot, in_flight, &message, now_ms);
            }
            None => pool.idle.push(slot),
        }
    }

    /// Closes a connection that broke the protocol, is late or is gone.
    fn kill<'b>(&mut self, registry: &Registry, slot: usize, now_ms: u64) -> UpstreamEvent<'b> {
        self.metrics.inner_killed_total.add(1);
        let state = self.close(registry, slot);
        match state {
            Some(UpstreamState::Busy(in_flight)) => {
                self.busy -= 1;
                self.open_if_wanted(registry, now_ms);
                UpstreamEvent::Lost(in_flight)
            }
            Some(UpstreamState::Probing) => {
                self.probing = None;
                self.replace_server(now_ms);
                self.open_if_wanted(registry, now_ms);
                UpstreamEvent::Nothing
            }
            _ => UpstreamEvent::Nothing,
        }
    }

    fn close(&mut self, registry: &Registry, slot: usize) -> Option<UpstreamState> {
        let mut conn = self.conns.try_remove(slot)?;
        if let UpstreamState::Busy(in_flight) = conn.state {
            self.sending.handed.take(in_flight.number); // an answer whose content came without it
        }
        let _ = registry.deregister(&mut conn.socket);
        let pool = &mut self.pools[usize::from(conn.is_write)];
        pool.idle.retain(|&idle| idle != slot);
        if conn.epoch == self.epoch {
            pool.open -= 1;
        }
        Some(conn.state)
    }

    /// Looks at the deadlines; gives the requests that are lost.
    pub fn tick(&mut self, registry: &Registry, now_ms: u64) -> Vec<InFlight> {
        let late: Vec<usize> =
            self.conns.iter().filter(|(_, conn)| conn.deadline_ms <= now_ms).map(|(slot, _)| slot).collect();
        let mut lost = Vec::new();
        for slot in late {
            if let UpstreamEvent::Lost(in_flight) = self.kill(registry, slot, now_ms) {
                lost.push(in_flight);
            }
        }
        for (in_flight, message) in self.pools.iter_mut().flat_map(|pool| pool.late(now_ms)) {
            self.queued_bytes -= message.len();
            lost.push(in_flight);
        }
        let is_silent = self.busy > 0 && now_ms >= self.last_response_ms + self.probe_max_ms;
        if is_silent && self.probing.is_none() && now_ms >= self.retry_at_ms {
            self.last_response_ms = now_ms;
            self.open(registry, false, now_ms); // the probe tells whether the workers still work
        }
        self.open_if_wanted(registry, now_ms);
        lost
    }
}

#[cfg(test)]
mod tests;
