//! Upstream connections: one socket each, the queues of requests that wait for one; how they are opened, one at a time,
//! and how a server that is dead or stuck is replaced.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use mio::{Interest, Registry, Token};

use super::super::connection_id::ConnectionId;
use super::inner_server::{self, InnerServer};
use super::{Upstream, protocol};
use crate::platform::{InnerStream, SHORT_READ_IS_ALL};

/// The bit that tells the tokens of inner connections from those of clients.
pub const INNER_BIT: usize = 1 << 63;
/// So many servers that are stuck for good are left behind before no more are made.
const STUCK_MAX: usize = 4;

/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InFlight {
    /// Whose it is.
    pub connection: ConnectionId,
    pub number: u64,
    /// The epoch of notifications in which it was sent (`waiters`).
    pub epoch_seen: u64,
    /// When it came.
    pub since_ms: u64,
    /// When it is given up.
    pub deadline_ms: u64,
}

/// Which queue a request waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A client's request; refused when the queue is full.
    Client,
    /// A waiting request that is resumed: never refused, and submitted only as fast as upstream connections take them.
    Resumed,
}

#[derive(Debug)]
pub enum UpstreamState {
    Probing,
    Idle,
    Busy(InFlight),
}

/// One inner connection.
pub struct UpstreamConnection {
    pub socket: InnerStream,
    pub generation: u32,
    /// Which server it leads to.
    pub epoch: u32,
    pub is_write: bool,
    pub state: UpstreamState,
    pub input: Vec<u8>,
    /// An answer that was looked at and is still in the socket (`peek_inner`).
    pub unread_bytes: usize,
    /// The length of the whole answer, once its head is there.
    pub expected: usize,
    pub output: Vec<u8>,
    pub deadline_ms: u64,
}

/// The upstream connections for reads or for writes, and the requests that wait for one.
#[derive(Default)]
pub struct Pool {
    pub idle: Vec<usize>,
    pub open: usize,
    pub max: usize,
    pub fresh: VecDeque<(InFlight, Vec<u8>)>,
    pub again: VecDeque<(InFlight, Vec<u8>)>,
    /// Whose turn it is when both queues have some.
    again_next: bool,
}

impl Pool {
    /// A pool of at most so many connections, with none yet.
    pub fn new(max: usize) -> Pool {
        Pool { max, ..Pool::default() }
    }

    /// The next request: the two queues alternate, so that many resumed requests do not delay new ones.
    pub fn next(&mut self) -> Option<(InFlight, Vec<u8>)> {
        self.again_next = !self.again_next;
        let (first, second) =
            if self.again_next { (&mut self.again, &mut self.fresh) } else { (&mut self.fresh, &mut self.again) };
        first.pop_front().or_else(|| second.pop_front())
    }

    /// Whether woken requests may follow.
    pub fn wants_more(&self) -> bool {
        self.again.len() < 2 * self.max
    }

    /// Takes out those that have waited too long.
    pub fn late(&mut self, now_ms: u64) -> Vec<(InFlight, Vec<u8>)> {
        let mut late = Vec::new();
        for queue in [&mut self.fresh, &mut self.again] {
            while queue.front().is_some_and(|(in_flight, _)| in_flight.deadline_ms <= now_ms) {
                late.extend(queue.pop_front());
            }
        }
        late
    }

    pub fn waiting(&self) -> usize {
        self.fresh.len() + self.again.len()
    }
}

/// Reads until the socket is empty: the end is in `scratch` (so many bytes of it), what came before in `input`.
/// Says also whether it is the end of the stream.
pub fn take(conn: &mut UpstreamConnection, scratch: &mut [u8], is_closed: bool) -> (usize, bool) {
    let mut length = 0;
    loop {
        if length == scratch.len() {
            conn.input.extend_from_slice(scratch);
            length = 0;
        }
        match conn.socket.read(&mut scratch[length..]) {
            Ok(0) => return (length, true),
            Ok(read) => {
                length += read;
                if SHORT_READ_IS_ALL && length < scratch.len() && !is_closed {
                    return (length, false);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (length, error.kind() != io::ErrorKind::WouldBlock),
        }
    }
}

/// Takes out what `peek_inner` left.
pub fn drain(conn: &mut UpstreamConnection) {
    let mut buffer = [0; 4_096];
    while conn.unread_bytes > 0 {
        let room = conn.unread_bytes.min(buffer.len());
        match conn.socket.read(&mut buffer[..room]) {
            Ok(length) if length > 0 => conn.unread_bytes -= length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => return, // it has ended, and that is heard elsewhere
        }
    }
}

/// Writes what the socket did not take at once.
pub fn write_on(conn: &mut UpstreamConnection) {
    while !conn.output.is_empty() {
        match conn.socket.write(&conn.output) {
            Ok(sent) => drop(conn.output.drain(..sent)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
    if conn.output.capacity() > 0 {
        conn.output = Vec::new();
    }
}

/// The event token of an upstream connection.
pub fn token_of(slot: usize, generation: u32) -> Token {
    Token(INNER_BIT | (generation as usize) << 32 | slot)
}

/// The slot and generation of a token.
pub fn place_of(token: Token) -> (usize, u32) {
    (token.0 & 0xffff_ffff, ((token.0 & !INNER_BIT) >> 32) as u32)
}

impl Upstream {
    /// Opens another connection when requests wait and the pool allows it; one at a time.
    pub(super) fn open_if_wanted(&mut self, registry: &Registry, now_ms: u64) {
        if self.probing.is_some() || now_ms < self.retry_at_ms {
            return;
        }
        let wanted = self.pools.iter().position(|pool| pool.waiting() > 0 && pool.open < pool.max);
        if let Some(kind) = wanted {
            self.open(registry, kind == 1, now_ms);
        }
    }

    pub(super) fn open(&mut self, registry: &Registry, is_write: bool, now_ms: u64) {
        if let Err(error) = self.try_open(registry, is_write, now_ms) {
            log::error!(
                "the inner server cannot be reached and is tried again in 50 ms; if this repeats, read what was \
                 logged before: {error}"
            );
            self.retry_at_ms = now_ms + 50;
            if error.kind() == io::ErrorKind::ConnectionRefused || self.inner_server.is_none() {
                self.replace_server(now_ms);
            }
        }
    }

    fn try_open(&mut self, registry: &Registry, is_write: bool, now_ms: u64) -> io::Result<()> {
        let inner_server = self.inner_server.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let mut socket = inner_server.connect()?;
        self.generation = (self.generation + 1) & 0x3fff_ffff;
        let entry = self.conns.vacant_entry();
        registry.register(&mut socket, token_of(entry.key(), self.generation), Interest::READABLE)?;
        socket.write_all(protocol::probe().as_bytes())?;
        self.probing = Some(entry.key());
        entry.insert(UpstreamConnection {
            socket,
            generation: self.generation,
            epoch: self.epoch,
            is_write,
            state: UpstreamState::Probing,
            input: Vec::new(),
            unread_bytes: 0,
            expected: 0,
            output: Vec::new(),
            deadline_ms: now_ms + self.probe_max_ms,
        });
        self.pools[usize::from(is_write)].open += 1;
        Ok(())
    }

    /// Puts a new server in the place of one that is dead or stuck. What is
    /// under way on the old one may still be answered.
    pub(super) fn replace_server(&mut self, now_ms: u64) {
        self.stuck.retain(inner_server::Abandoned::is_stuck);
        if self.stuck.len() >= STUCK_MAX {
            self.retry_at_ms = now_ms + self.probe_max_ms;
            return;
        }
        let connections = self.pools.iter().map(|pool| pool.max).sum();
        match InnerServer::start(self.workers, connections, &self.handler, &self.sending, &self.on_fatal) {
            Ok(inner_server) => {
                log::error!(
                    "the inner server does not answer and was replaced; requests with it may be answered 503, no \
                     action needed"
                );
                self.metrics.inner_restarts_total.add(1);
                self.stuck.extend(self.inner_server.replace(inner_server).map(InnerServer::abandon));
                self.epoch += 1;
                self.pools.iter_mut().for_each(|pool| {
                    pool.idle.clear();
                    pool.open = 0;
                });
                self.conns.retain(|_, conn| matches!(conn.state, UpstreamState::Busy(_)));
                self.probing = None;
                self.retry_at_ms = 0;
            }
            Err(error) => {
                log::error!(
                    "no other inner server can be started, tried again in 50 ms; raise the limits of threads and file \
                     descriptors: {error}"
                );
                self.retry_at_ms = now_ms + 50;
            }
        }
    }
}
