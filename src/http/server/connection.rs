//! One client's connection as a state machine without a socket: bytes in, an action out.
//!
//! [`Connection::next`] says what is to be done now; whoever does it tells the outcome by [`Connection::receive`],
//! [`Connection::write_to`], [`Connection::answer`] and the like, and asks again. The states are drawn in the module
//! above.

use std::net::IpAddr;

use super::body_reader::Body;
use super::client_socket::Transport;
use super::cors::CrossOrigin;
use super::loop_turn::LoopTurn;
use super::metrics::Asked;
use super::output::Output;
use super::response_head::RequestId;
use super::upstream::{InnerRequest, Origin, Topic, WaitingRequest, Wake};
use crate::http::Ending;
use crate::refusal::Language;

/// Read at once at most, in bytes.
pub const READ_MAX_BYTES: usize = 64 << 10;
/// What a client may send while its request waits, in bytes: enough to see that it is still there.
const WAITING_INPUT_MAX_BYTES: usize = 4 << 10;

/// What a connection wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Give it bytes, at most so many: [`Connection::receive`].
    Read(usize),
    /// Free so many bytes of the memory for buffers, or refuse.
    Free(usize),
    /// Send `100 Continue`.
    Continue,
    /// Submit a request upstream.
    Submit(Submission),
    /// Ask for the next piece of its stream, in its turn: [`Connection::await_turn`].
    Ask,
    /// Send what is to be sent: [`Connection::write_to`].
    Write,
    /// Shut the writing side, so that the client reads the end.
    ShutWrite,
    /// Nothing, until its request is answered.
    Rest,
    Reset,
    Close,
}

/// A request for upstream.
#[derive(Debug, PartialEq, Eq)]
pub struct Submission {
    pub number: u64,
    /// Whether it goes with the writes.
    pub is_write: bool,
    pub origin: Origin,
    pub request: InnerRequest,
}

/// What is kept of a stream of events from one piece to the next.
#[derive(Debug)]
pub struct EventStream {
    /// What asking for the next piece takes.
    pub waiting: WaitingRequest,
    /// The key under which it counts against its client's limit, if it has one.
    pub key: Option<IpAddr>,
    /// Its pieces are chunks.
    pub is_chunked: bool,
    /// Without a piece before, one is asked for then.
    pub next_look_ms: u64,
    /// A piece is due, of this kind.
    pub due: Option<Look>,
}

/// For whom the next piece is asked. What is due for its client alone comes before what is the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// For all who were told the same.
    Shared,
    /// For its client alone.
    Own,
}

impl EventStream {
    /// The look that a topic makes due.
    pub fn look_of(&self, topic: Topic) -> Look {
        let is_shared = self.waiting.told.as_ref().is_some_and(|told| told.is_shared);
        if is_shared && self.waiting.topics.first() == Some(&topic) { Look::Shared } else { Look::Own }
    }

    /// Notes that a piece is due.
    pub fn note(&mut self, look: Look) {
        self.due = self.due.max(Some(look));
    }
}

/// Where a connection stands.
#[derive(Debug)]
pub(super) enum State {
    /// Idle, or with a part of a head.
    Head,
    /// The head is submitted alone; the body is asked for unless the handler refuses it.
    Expecting(Box<Body>),
    /// The head is read; the body is coming.
    Body(Box<Body>),
    /// Submitted upstream; with the waiter when it is being resumed.
    Dispatched(Option<Box<Waiter>>),
    /// The handler said "not yet".
    Waiting(Box<Waiter>),
    /// A piece of a stream is on its way, or the next is waited for.
    Streaming,
    /// An answer is there, and by a test's wish its delivery is due later.
    Held(Ending),
    /// An answer is on its way.
    Writing,
    /// By a test's wish it is reset in place of an answer.
    Reset,
    /// Answered for the last time.
    LingeringClose {
        /// So many bytes are still thrown away.
        left: usize,
        is_shut: bool,
    },
    Closed,
}

/// A request that waits for something to change.
#[derive(Debug)]
pub struct Waiter {
    pub waiting: WaitingRequest,
    /// Its wait is over then; asking again does not move it.
    pub deadline_ms: u64,
    /// Why it was last asked again.
    pub wake: Wake,
    /// The key under which it counts against its client's limit, if it has one.
    pub key: Option<IpAddr>,
}

/// What the answer needs to know of the request.
#[derive(Debug)]
pub struct RequestMeta {
    pub id: RequestId,
    /// Where the client is, through trusted proxies.
    pub origin: IpAddr,
    /// It speaks https, with this server or a trusted proxy.
    pub is_https: bool,
    pub language: Language,
    pub keep_alive: bool,
    pub head_only: bool,
    /// The client takes gzip.
    pub accepts_gzip: bool,
    /// The client takes an answer in chunks.
    pub takes_chunks: bool,
    /// Which pages may read the answer.
    pub cross_origin: CrossOrigin,
    /// As what the answer is counted.
    pub asked: Asked,
}

/// What a connection keeps the server waiting for; when there is no room, connections are evicted class by class, the
/// oldest of a class first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvictionClass {
    /// Another request.
    Idle,
    /// The rest of its handshake.
    Handshake,
    /// Its first request.
    New,
    /// The rest of a request.
    Slow,
}

/// One client's connection.
#[derive(Debug)]
pub struct Connection {
    /// The address at the other end.
    pub peer: IpAddr,
    /// How it is spoken with.
    pub transport: Transport,
    pub(super) state: State,
    /// The start of a head, or what came after a request.
    pub(super) input: Vec<u8>,
    /// How much of `input` was looked at.
    pub(super) scanned: usize,
    /// `input` holds no whole head, and the head's deadline runs.
    pub(super) head_incomplete: bool,
    pub(super) output: Output,
    pub(super) deadline_ms: u64,
    pub(super) meta: RequestMeta,
    /// The number of the request that is under way or was last; 0 before the first.
    pub(super) number: u64,
    /// The framing is lost: what follows must not be read as a request.
    pub(super) desynchronised: bool,
    /// The stream of events that is its answer, as long as that goes on.
    pub(super) stream: Option<Box<EventStream>>,
}

impl Connection {
    /// A connection that was just accepted.
    pub fn new(peer: IpAddr, transport: Transport, turn: &mut LoopTurn) -> Connection {
        Connection {
            peer,
            transport,
            state: State::Head,
            input: Vec::new(),
            scanned: 0,
            head_incomplete: false,
            output: Output::default(),
            deadline_ms: turn.now_ms + turn.limits.idle_max_ms,
            meta: RequestMeta {
                id: turn.request_id(None),
                origin: peer,
                is_https: false,
                language: Language::En,
                keep_alive: false,
                head_only: false,
                accepts_gzip: false,
                takes_chunks: false,
                cross_origin: CrossOrigin::Off,
                asked: Asked::of(None, None, turn.now_us),
            },
            number: 0,
            desynchronised: false,
            stream: None,
        }
    }

    /// What is to be done now.
    pub fn next(&mut self, turn: &mut LoopTurn) -> Action {
        match &self.state {
            State::Head if self.scanned < self.input.len() => self.take_head(turn),
            State::Head => Action::Read(turn.limits.head_max_bytes.saturating_sub(self.input.len()).max(1)),
            State::Body(_) => self.next_of_body(turn),
            State::Streaming if !self.output.is_gone() => Action::Write,
            State::Streaming if self.is_due() => Action::Ask,
            State::Waiting(_) | State::Streaming
                if self.input.len() < WAITING_INPUT_MAX_BYTES && turn.has_room(READ_MAX_BYTES) =>
            {
                Action::Read(WAITING_INPUT_MAX_BYTES - self.input.len())
            }
            State::Expecting(_) | State::Dispatched(_) | State::Waiting(_) | State::Streaming | State::Held(_) => {
                Action::Rest
            }
            State::Writing => Action::Write,
            State::Reset => Action::Reset,
            State::LingeringClose { left, is_shut: false } if self.desynchronised => {
                self.state = State::LingeringClose { left: *left, is_shut: true };
                Action::ShutWrite
            }
            State::LingeringClose { .. } => Action::Read(READ_MAX_BYTES),
            State::Closed => Action::Close,
        }
    }

    /// Bytes of the client, at most as many as [`Action::Read`] asked for.
    pub fn receive(&mut self, bytes: &[u8], turn: &LoopTurn) {
        if let State::LingeringClose { left, .. } = &mut self.state {
            *left = left.saturating_sub(bytes.len());
            self.desynchronised = true;
            if *left == 0 {
                self.state = State::Closed;
            }
            return;
        }
        turn.metrics.received_bytes_total.add(bytes.len() as u64);
        self.input.extend_from_slice(bytes);
    }

    /// The socket is empty for now: a connection that only waits for what may still have come is over. Gives whether
    /// there is something to be done.
    pub fn drained(&mut self) -> bool {
        let is_over = matches!(self.state, State::LingeringClose { .. }) && !self.desynchronised;
        if is_over {
            self.state = State::Closed;
        }
        is_over
    }

    /// Whether this request is the one that it wants answered.
    pub fn awaits(&self, number: u64) -> bool {
        matches!(self.state, State::Dispatched(_) | State::Expecting(_)) && self.number == number
    }

    /// Whether nothing is asked and nothing has come.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Head) && self.input.is_empty()
    }

    /// Whether a request of it is upstream, or about to be resumed.
    pub fn is_dispatched(&self) -> bool {
        matches!(self.state, State::Dispatched(_) | State::Expecting(_))
    }

    /// What is still to be sent, while an answer is on its way.
    pub fn output(&self) -> Option<&Output> {
        let is_on_its_way = match self.state {
            State::Writing => true,
            State::Streaming => !self.output.is_gone(),
            _ => false,
        };
        is_on_its_way.then_some(&self.output)
    }

    /// When [`Connection::expire`] is due.
    pub fn deadline_ms(&self) -> u64 {
        self.deadline_ms
    }

    /// What it keeps the server waiting for, when it is for a request or the rest of one.
    pub fn eviction_class(&self) -> Option<EvictionClass> {
        match self.state {
            State::Head if self.input.is_empty() && self.number == 0 => Some(EvictionClass::New),
            State::Head if self.input.is_empty() => Some(EvictionClass::Idle),
            State::Head | State::Body(_) => Some(EvictionClass::Slow),
            _ => None,
        }
    }

    /// The memory of its buffers, and of what it waits for, in bytes.
    pub fn buffered_bytes(&self) -> usize {
        let of_state = match &self.state {
            State::Body(body) | State::Expecting(body) => body.request.head.capacity() + body.request.body.capacity(),
            State::Waiting(waiter) | State::Dispatched(Some(waiter)) => waiter.waiting.bytes(),
            _ => self.stream.as_ref().map_or(0, |stream| stream.waiting.bytes()),
        };
        self.input.capacity() + self.output.own_bytes() + of_state
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
