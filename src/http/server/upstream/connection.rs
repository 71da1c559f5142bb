//! The inner connection and the queues before it; how it is opened, and how a server that is dead or stuck is replaced.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use mio::{Interest, Registry, Token};

use super::super::ConnectionId;
use super::Upstream;
use super::handoff::InnerRequest;
use super::inner_server::{self, InnerServer};
use crate::platform::InnerStream;

/// The inner connection's token; no client's has this bit.
pub const INNER: Token = Token(1 << 63);
/// So many servers that are stuck for good are left behind before no more are made.
const STUCK_MAX: usize = 4;

/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InFlight {
    /// Whose it is.
    pub connection: ConnectionId,
    pub number: u64,
    /// Whether it goes with the writes.
    pub is_write: bool,
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
    /// A waiting request that is resumed: never refused, and submitted only as fast as the handlers take them.
    Resumed,
}

/// The connection to tiny_http, over which the heads of all requests go.
pub struct InnerConnection {
    socket: InnerStream,
    /// What the socket has yet to take.
    pub output: Vec<u8>,
    /// The socket was full, and is watched for room.
    is_full: bool,
}

impl InnerConnection {
    /// Whether its end has come. tiny_http says nothing before it: answers do not come this way.
    pub fn has_ended(&mut self) -> bool {
        loop {
            match self.socket.read(&mut [0; 256]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                _ => return true,
            }
        }
    }

    /// Ends it, as its other side would.
    #[cfg(test)]
    pub fn end(&self) {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
    }

    /// Writes what the socket takes.
    pub fn flush(&mut self, registry: &Registry) {
        let mut sent = 0;
        while sent < self.output.len() {
            match self.socket.write(&self.output[sent..]) {
                Ok(length) => sent += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break, // full; its end is readable as well, and heard there
            }
        }
        self.output.drain(..sent);
        // Watched for room only when there is none: a Unix-domain socket reports it whenever the other side reads.
        if self.is_full == self.output.is_empty() {
            self.is_full = !self.is_full;
            let interest = if self.is_full { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let _ = registry.reregister(&mut self.socket, INNER, interest);
        }
    }
}

/// The requests of one kind, reads or writes: how many are with the handlers, and those that wait for their turn.
#[derive(Default)]
pub struct Pool {
    pub in_flight: usize,
    pub max: usize,
    pub fresh: VecDeque<(InFlight, InnerRequest)>,
    pub again: VecDeque<(InFlight, InnerRequest)>,
    /// Whose turn it is when both queues have some.
    again_next: bool,
}

impl Pool {
    /// An empty one, for at most so many requests at once.
    pub fn new(max: usize) -> Pool {
        Pool { max, ..Pool::default() }
    }

    /// The next request: the two queues alternate, so that many resumed requests do not delay new ones.
    pub fn next(&mut self) -> Option<(InFlight, InnerRequest)> {
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
    pub fn late(&mut self, now_ms: u64) -> Vec<(InFlight, InnerRequest)> {
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

impl Upstream {
    /// Opens the inner connection; what no worker has taken yet is the first that goes over it.
    pub(super) fn open(&mut self, registry: &Registry, now_ms: u64) {
        match self.try_open(registry) {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => {
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
    }

    fn try_open(&self, registry: &Registry) -> io::Result<InnerConnection> {
        let inner_server = self.inner_server.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let mut socket = inner_server.connect()?;
        registry.register(&mut socket, INNER, Interest::READABLE)?;
        Ok(InnerConnection { socket, output: self.sending.handed.heads(), is_full: false })
    }

    /// Puts a new server in the place of one that is dead or stuck. What the old one's handlers have is still answered
    /// by them; the rest goes to the new one.
    pub(super) fn replace_server(&mut self, now_ms: u64) {
        self.stuck.retain(inner_server::Abandoned::is_stuck);
        if self.stuck.len() >= STUCK_MAX {
            self.retry_at_ms = now_ms + self.probe_max_ms;
            return;
        }
        match InnerServer::start(self.workers, &self.handler, &self.sending, &self.on_fatal) {
            Ok(inner_server) => {
                log::error!("the inner server does not answer and was replaced, no action needed");
                self.metrics.inner_restarts_total.add(1);
                self.stuck.extend(self.inner_server.replace(inner_server).map(InnerServer::abandon));
                self.connection = None;
                self.probe = None;
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
