//! One client's connection as a state machine without a socket: bytes in, an action out.
//!
//! [`Connection::next`] says what is to be done now; whoever does it tells the outcome by [`Connection::receive`],
//! [`Connection::write_to`], [`Connection::answer`] and the like, and asks again. The states are drawn in the module
//! above.

use std::io::{self, Write};
use std::net::IpAddr;

use super::body_reader::Body;
use super::cors::CrossOrigin;
use super::loop_turn::LoopTurn;
use super::metrics::Asked;
use super::output::Output;
use super::response_head::{self, RequestId, ResponseMeta};
use super::transport::Transport;
use super::upstream::{Origin, UpstreamResponse, WaitingRequest, Wake};
use crate::http::body::Content;
use crate::http::{Ending, Reply};
use crate::refusal::{Language, Refusal};

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
    /// Send what is to be sent: [`Connection::write_to`].
    Write,
    /// Shut the writing side, so that the client reads the end.
    ShutWrite,
    /// Nothing, until its request is answered.
    Rest,
    /// Reset it.
    Reset,
    /// Close it.
    Close,
}

/// A request for upstream.
#[derive(Debug, PartialEq, Eq)]
pub struct Submission {
    pub number: u64,
    /// Whether it goes with the writes.
    pub is_write: bool,
    pub origin: Origin,
    /// The inner request.
    pub message: Vec<u8>,
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
    pub turn: Wake,
    /// The key under which it counts against its client's limit, if it has one.
    pub key: Option<IpAddr>,
}

/// What the answer needs to know of the request.
#[derive(Debug)]
pub struct RequestMeta {
    pub id: RequestId,
    /// Where the client is, through trusted proxies.
    pub origin: IpAddr,
    pub language: Language,
    pub keep_alive: bool,
    pub head_only: bool,
    /// The client takes gzip.
    pub accepts_gzip: bool,
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
    output: Output,
    pub(super) deadline_ms: u64,
    pub(super) meta: RequestMeta,
    /// The number of the request that is under way or was last; 0 before the first.
    pub(super) number: u64,
    /// The framing is lost: what follows must not be read as a request.
    desynchronised: bool,
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
                language: Language::En,
                keep_alive: false,
                head_only: false,
                accepts_gzip: false,
                cross_origin: CrossOrigin::Off,
                asked: Asked::of(None, None, turn.now_us),
            },
            number: 0,
            desynchronised: false,
        }
    }

    /// What is to be done now.
    pub fn next(&mut self, turn: &mut LoopTurn) -> Action {
        match &self.state {
            State::Head if self.scanned < self.input.len() => self.take_head(turn),
            State::Head => Action::Read(turn.limits.head_max_bytes.saturating_sub(self.input.len()).max(1)),
            State::Body(_) => self.next_of_body(turn),
            State::Waiting(_) if self.input.len() < WAITING_INPUT_MAX_BYTES && turn.has_room(READ_MAX_BYTES) => {
                Action::Read(WAITING_INPUT_MAX_BYTES - self.input.len())
            }
            State::Expecting(_) | State::Dispatched(_) | State::Waiting(_) | State::Held(_) => Action::Rest,
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

    /// Writes as much as the socket takes. Whoever takes something has time for more, up to a last moment that
    /// follows from the size: a slow client gets the whole answer, one that takes nothing, or next to nothing, is let
    /// go.
    ///
    /// Gives whether the answer begins to wait for its socket here.
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn write_to(&mut self, socket: &mut impl Write, turn: &LoopTurn) -> io::Result<bool> {
        let sent = self.output.write_to(socket)?;
        turn.metrics.sent_bytes_total.add(sent as u64);
        let rest = self.output.rest();
        let is_gone = self.output.is_gone();
        let is_first = !is_gone && self.output.last_ms == u64::MAX;
        if is_gone {
            self.output = Output::default();
            self.after_answer(turn);
        } else if is_first {
            self.output.shrink();
            self.output.last_ms = turn.now_ms + turn.limits.write_last_ms(rest);
            self.deadline_ms = turn.now_ms + turn.limits.write_max_ms;
        } else if sent > 0 {
            self.deadline_ms = (turn.now_ms + turn.limits.write_max_ms).min(self.output.last_ms);
        }
        Ok(is_first)
    }

    fn after_answer(&mut self, turn: &LoopTurn) {
        self.meta.asked = Asked::of(None, None, turn.now_us);
        if self.meta.keep_alive {
            self.state = State::Head;
            self.deadline_ms = turn.now_ms + turn.limits.idle_max_ms;
        } else {
            self.desynchronised |= !self.input.is_empty();
            self.input = Vec::new();
            self.state = State::LingeringClose { left: turn.limits.linger_max_bytes, is_shut: false };
            self.deadline_ms = turn.now_ms + turn.limits.linger_max_ms;
        }
    }

    /// Whether this request is the one that it wants answered.
    pub fn awaits(&self, number: u64) -> bool {
        matches!(self.state, State::Dispatched(_) | State::Expecting(_)) && self.number == number
    }

    /// The handler has answered; the content stands apart from the answer where it was handed over.
    pub fn answer(&mut self, answer: &UpstreamResponse<'_>, content: Option<Content>, turn: &mut LoopTurn) {
        if answer.is_handed && content.is_none() {
            return self.refuse(&Refusal::Internal, turn);
        }
        if answer.is_proceed {
            return match std::mem::replace(&mut self.state, State::Writing) {
                State::Expecting(mut body) => {
                    body.continue_due = true;
                    self.await_body(body, turn);
                }
                _ => self.refuse(&Refusal::Internal, turn),
            };
        }
        if matches!(self.state, State::Expecting(_)) {
            self.leave(); // the client may send the body or not
        }
        let length = content.as_ref().map_or(answer.body.len(), |content| content.len());
        self.encode(answer.status, content, turn, |out, meta| {
            response_head::write_head(out, answer.status, answer.fields(), length, meta);
            if response_head::sends_content(answer.status, meta) {
                out.extend_from_slice(answer.body);
            }
        });
        if let Some(delivery) = answer.delivery {
            self.deliver(delivery, turn);
        }
    }

    /// Refuses a request; the connection goes on, unless a body was to come.
    pub fn refuse(&mut self, refusal: &Refusal, turn: &mut LoopTurn) {
        if matches!(self.state, State::Expecting(_)) {
            self.leave();
        }
        turn.metrics.count_refusal(refusal.code());
        self.reply(&Reply::refusal(refusal, self.meta.language), turn);
    }

    /// Refuses a request or a connection, after which nothing that comes can be read as a request.
    pub fn refuse_and_leave(&mut self, refusal: &Refusal, turn: &mut LoopTurn) {
        self.leave();
        self.refuse(refusal, turn);
    }

    pub(super) fn leave(&mut self) {
        self.meta.keep_alive = false;
        self.desynchronised = true;
        self.input = Vec::new();
    }

    /// Answers a request with a reply of the server itself.
    pub(super) fn reply(&mut self, reply: &Reply, turn: &mut LoopTurn) {
        self.encode(reply.status, None, turn, |out, meta| response_head::write_reply(out, reply, meta));
    }

    fn encode(
        &mut self,
        status: u16,
        content: Option<Content>,
        turn: &LoopTurn,
        write: impl FnOnce(&mut Vec<u8>, &ResponseMeta<'_>),
    ) {
        let meta = &mut self.meta;
        meta.keep_alive &= !turn.is_stopping;
        let envelope = ResponseMeta {
            id: &meta.id,
            date: turn.date.text(),
            keep_alive: meta.keep_alive,
            idle_max_ms: turn.limits.idle_max_ms,
            head_only: meta.head_only,
            cross_origin: &meta.cross_origin,
            is_https_for_good: turn.limits.https_for_good && self.transport == Transport::Tls,
        };
        let mut out = Vec::with_capacity(512);
        write(&mut out, &envelope);
        let content = content.filter(|_| response_head::sends_content(status, &envelope));
        turn.metrics.count_answer(&meta.asked, status, turn.now_us);
        self.output = Output::new(out, content);
        meta.asked.log(status, self.output.rest(), turn.now_us);
        self.state = State::Writing;
        self.deadline_ms = turn.now_ms + turn.limits.write_max_ms;
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
        matches!(self.state, State::Writing).then_some(&self.output)
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
            State::Body(body) | State::Expecting(body) => body.message.capacity(),
            State::Waiting(waiter) | State::Dispatched(Some(waiter)) => waiter.waiting.bytes(),
            _ => 0,
        };
        self.input.capacity() + self.output.own_bytes() + of_state
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
