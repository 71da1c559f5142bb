//! One client's connection: where it stands, what has come, and what goes out.

use std::net::IpAddr;

use mio::net::TcpStream;

use super::chunked::Decoder;
pub use super::connection_id::ConnectionId;
use super::cors::CrossOrigin;
use super::output::Output;
use super::response_head::RequestId;
use super::upstream::{WaitingRequest, Wake};
use crate::refusal::Language;

/// What the server waits for from a connection; when there is no room, connections are evicted class by class, the
/// oldest of a class first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvictionClass {
    /// For another request.
    Idle,
    /// For its first request.
    New,
    /// For the rest of a request.
    Slow,
}

/// Where a connection stands; drawn in the module above.
#[derive(Debug)]
pub enum State {
    /// Idle, or with a part of a head.
    Head,
    /// The head is read; the body is coming.
    Body(Box<Body>),
    /// Submitted upstream; with the waiter when it is being resumed.
    Dispatched(Option<Box<Waiter>>),
    /// The handler said "not yet".
    Waiting(Box<Waiter>),
    /// An answer is on its way.
    Writing,
    /// Answered for the last time; so many bytes are still thrown away.
    LingeringClose(usize),
}

/// A request that waits for something to change.
#[derive(Debug)]
pub struct Waiter {
    pub waiting: WaitingRequest,
    /// Its wait is over then; asking again does not move it.
    pub deadline_ms: u64,
    /// Why it was last asked again.
    pub turn: Wake,
    /// The key under which it counts against its client's limit, if it has one.
    pub key: Option<IpAddr>,
}

/// What is to come of a body.
#[derive(Debug)]
pub enum Rest {
    /// So many bytes.
    Bytes(usize),
    /// Chunks. The length is written into the message where `length_at` says, once it is known.
    Chunks { decoder: Decoder, length_at: usize, since_ms: u64 },
}

/// A request whose body is coming.
#[derive(Debug)]
pub struct Body {
    /// The inner request as far as it is there.
    pub message: Vec<u8>,
    /// What is to come of it.
    pub rest: Rest,
    /// The number that it was given.
    pub number: u64,
    /// Whether it goes with the writes.
    pub is_write: bool,
}

/// What the answer needs to know of the request.
#[derive(Debug)]
pub struct RequestMeta {
    pub id: RequestId,
    /// Where the client is, through trusted proxies.
    pub origin: IpAddr,
    pub language: Language,
    pub keep_alive: bool,
    pub is_http_10: bool,
    pub head_only: bool,
    /// The client takes gzip.
    pub accepts_gzip: bool,
    /// Which pages may read the answer.
    pub cross_origin: CrossOrigin,
}

/// One client's connection.
#[derive(Debug)]
pub struct Connection {
    pub socket: TcpStream,
    /// The address at the other end.
    pub peer: IpAddr,
    /// The address under which it is counted, when it is.
    pub rate_key: Option<IpAddr>,
    pub state: State,
    /// The kernel may have bytes for us.
    pub readable: bool,
    /// The client has sent its last byte, or is gone altogether.
    pub finished: bool,
    /// The start of a head, or what came after a request.
    pub input: Vec<u8>,
    /// How much of `input` was looked at.
    pub scanned: usize,
    /// `input` holds no whole head; more bytes are needed, and the head's deadline runs.
    pub head_incomplete: bool,
    /// The rest of an answer that the socket did not take at once.
    pub output: Output,
    pub deadline_ms: u64,
    pub meta: RequestMeta,
    /// The number of the request that is under way or was last; 0 before the first.
    pub number: u64,
    /// The framing is lost: what follows must not be read as a request.
    pub desynchronised: bool,
    /// The memory of its buffers when it was last counted.
    pub counted_bytes: usize,
}

impl Connection {
    /// A connection that was just accepted.
    pub fn new(socket: TcpStream, peer: IpAddr, id: RequestId) -> Connection {
        Connection {
            socket,
            peer,
            rate_key: None,
            state: State::Head,
            readable: false,
            finished: false,
            input: Vec::new(),
            scanned: 0,
            head_incomplete: false,
            output: Output::default(),
            deadline_ms: u64::MAX,
            meta: RequestMeta {
                id,
                origin: peer,
                language: Language::En,
                keep_alive: false,
                is_http_10: false,
                head_only: false,
                accepts_gzip: false,
                cross_origin: CrossOrigin::Off,
            },
            number: 0,
            desynchronised: false,
            counted_bytes: 0,
        }
    }

    /// Whether nothing is asked and nothing has come.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Head) && self.input.is_empty()
    }

    /// What it keeps us waiting for, when it is for a request or the rest of one.
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
            State::Body(body) => body.message.capacity(),
            State::Waiting(parked) | State::Dispatched(Some(parked)) => parked.waiting.bytes(),
            _ => 0,
        };
        self.input.capacity() + self.output.own_bytes() + of_state
    }
}
