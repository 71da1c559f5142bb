//! One upstream connection, and the queues of requests that wait for one.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use mio::Token;

use super::super::connection_id::ConnectionId;
use crate::platform::{InnerStream, SHORT_READ_IS_ALL};

/// The bit that tells the tokens of inner connections from those of clients.
pub const INNER_BIT: usize = 1 << 63;
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

/// The state of an upstream connection.
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

    /// How many wait.
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
