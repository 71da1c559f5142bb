//! One inner connection, and the queues of those that wait for one.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use mio::Token;
use mio::net::UnixStream;
use rustix::net::RecvFlags;

use super::client::ClientId;

/// The bit that tells the tokens of inner connections from those of clients.
pub const INNER_BIT: usize = 1 << 63;
/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    /// Whose it is.
    pub client: ClientId,
    /// Its number.
    pub number: u64,
    /// The ring at which it was relayed (`parking`).
    pub born: u64,
    /// When it came.
    pub since_ms: u64,
    /// When it is given up.
    pub deadline_ms: u64,
}

/// Which queue a request waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A client's request; refused when the queue is full.
    Fresh,
    /// A parked request that is asked again; never refused, and handed over only as fast as they are taken.
    Again,
}

/// What a line is doing.
#[derive(Debug)]
pub enum LineState {
    Greeting,
    Idle,
    Busy(Flight),
}

/// One inner connection.
pub struct Line {
    pub socket: UnixStream,
    pub generation: u32,
    /// Which server it leads to.
    pub epoch: u32,
    pub is_write: bool,
    pub state: LineState,
    pub input: Vec<u8>,
    /// An answer that was looked at and is still in the socket ([`peek`]).
    pub unread_bytes: usize,
    /// The length of the whole answer, once its head is there.
    pub expected: usize,
    pub output: Vec<u8>,
    pub deadline_ms: u64,
}

/// The lines of one kind, and what waits for them.
#[derive(Default)]
pub struct Pool {
    pub idle: Vec<usize>,
    pub open: usize,
    pub max: usize,
    pub fresh: VecDeque<(Flight, Vec<u8>)>,
    pub again: VecDeque<(Flight, Vec<u8>)>,
    /// Whose turn it is when both queues have some.
    again_next: bool,
}

impl Pool {
    /// A pool of at most so many lines, with none yet.
    pub fn new(max: usize) -> Pool {
        Pool { max, ..Pool::default() }
    }

    /// What goes next: the two queues take turns, so that a crowd that is woken holds nobody up.
    pub fn next(&mut self) -> Option<(Flight, Vec<u8>)> {
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
    pub fn late(&mut self, now_ms: u64) -> Vec<(Flight, Vec<u8>)> {
        let mut late = Vec::new();
        for queue in [&mut self.fresh, &mut self.again] {
            while queue.front().is_some_and(|(flight, _)| flight.deadline_ms <= now_ms) {
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

/// Looks at what a line's socket holds and leaves it there. To take an answer out frees its memory, and with a Unix-domain
/// socket that wakes its writer, tiny_http's connection thread, for nothing. Taken out only after the next request was sent,
/// it wakes nobody: the thread is up already.
///
/// Gives its length; `None` when nothing is there, or more than the buffer holds.
pub fn peek(line: &Line, scratch: &mut [u8]) -> Option<usize> {
    let (length, _) = rustix::net::recv(&line.socket, &mut *scratch, RecvFlags::PEEK).ok()?;
    (1..scratch.len()).contains(&length).then_some(length)
}

/// Takes out all that is there: its end in `scratch` (so many bytes of it), what came before in the line's input. Says also
/// whether it is the end of the stream.
pub fn take(line: &mut Line, scratch: &mut [u8], is_closed: bool) -> (usize, bool) {
    let mut length = 0;
    loop {
        if length == scratch.len() {
            line.input.extend_from_slice(scratch);
            length = 0;
        }
        match line.socket.read(&mut scratch[length..]) {
            Ok(0) => return (length, true),
            Ok(read) => {
                length += read;
                if length < scratch.len() && !is_closed {
                    return (length, false);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (length, error.kind() != io::ErrorKind::WouldBlock),
        }
    }
}

/// Takes out what [`peek`] left.
pub fn drain(line: &mut Line) {
    let mut buffer = [0; 4_096];
    while line.unread_bytes > 0 {
        let room = line.unread_bytes.min(buffer.len());
        match line.socket.read(&mut buffer[..room]) {
            Ok(length) if length > 0 => line.unread_bytes -= length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => return, // it has ended, and that is heard elsewhere
        }
    }
}

/// Writes on with what a line's socket did not take at once.
pub fn write_on(line: &mut Line) {
    while !line.output.is_empty() {
        match line.socket.write(&line.output) {
            Ok(sent) => drop(line.output.drain(..sent)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
    if line.output.capacity() > 0 {
        line.output = Vec::new();
    }
}

/// The token of a line.
pub fn token_of(place: usize, generation: u32) -> Token {
    Token(INNER_BIT | (generation as usize) << 32 | place)
}

/// The place and generation of a line's token.
pub fn place_of(token: Token) -> (usize, u32) {
    (token.0 & 0xffff_ffff, ((token.0 & !INNER_BIT) >> 32) as u32)
}
