//! A connection whose answer is a stream of events: pieces one after the other, each asked for when the one before is
//! gone. So a slow reader has one piece in memory, and is told with the next all that happened meanwhile.

use std::io::Write;

use super::connection::{Connection, EventStream, Look, State, Submission};
use super::loop_turn::LoopTurn;
use super::output::Output;
use super::response_head::{self, Length};
use super::upstream::{Topic, WaitingRequest, Wake};
use crate::http::Reply;
use crate::http::body::{Body, Content};

/// What keeps a stream open on which nothing happens: a comment.
const HEARTBEAT: &[u8] = b":\n\n";
const CHUNK_END: &[u8] = b"\r\n";
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
const CHUNK_END_AND_LAST: &[u8] = b"\r\n0\r\n\r\n";

impl Connection {
    /// Whether its answer is a stream that goes on.
    pub fn is_streaming(&self) -> bool {
        self.stream.is_some()
    }

    /// Begins an answer that is a stream: its head, and its first piece. To HEAD it is the head alone.
    pub fn begin_stream(
        &mut self,
        reply: &Reply,
        stream: Box<EventStream>,
        piece: Option<Content>,
        turn: &mut LoopTurn,
    ) {
        self.meta.keep_alive &= stream.is_chunked;
        let length = if stream.is_chunked { Length::Chunked } else { Length::UntilClose };
        self.encode(reply.status, None, turn, |out, meta| {
            response_head::write_head(out, reply.status, response_head::fields(reply), length, meta);
        });
        if self.meta.head_only {
            return;
        }
        let head = std::mem::take(&mut self.output).into_head();
        self.stream = Some(stream);
        self.send_piece(head, piece, turn);
    }

    /// Takes the next piece; without one the stream is only kept open.
    pub fn go_on(&mut self, waiting: WaitingRequest, is_own: bool, piece: Option<Content>, turn: &mut LoopTurn) {
        let Some(stream) = &mut self.stream else { return };
        let has_more = waiting.told.as_ref().is_some_and(|told| told.has_more);
        stream.next_look_ms = turn.now_ms + u64::from(waiting.wait_seconds) * 1_000;
        stream.waiting.told = waiting.told;
        if is_own {
            stream.waiting.memo = waiting.memo;
        }
        if has_more {
            stream.note(Look::Own);
        }
        self.send_piece(Vec::new(), piece, turn);
    }

    fn send_piece(&mut self, mut head: Vec<u8>, piece: Option<Content>, turn: &LoopTurn) {
        let is_chunked = self.stream.as_ref().is_some_and(|stream| stream.is_chunked);
        let piece = piece.unwrap_or_else(|| Content::Plain(Body::Own(HEARTBEAT.to_vec())));
        if is_chunked {
            let _ = write!(head, "{:x}\r\n", piece.len()); // a Vec takes everything
        }
        self.output = Output::new(head, Some(piece)).followed_by(if is_chunked { CHUNK_END } else { b"" });
        turn.metrics.stream_pieces_total.add(1);
        self.state = State::Streaming;
        self.deadline_ms = turn.now_ms + turn.limits.write_max_ms;
    }

    /// Ends the stream with its last piece, if there is one; a piece that is still on its way goes first. Gives the
    /// stream that it was.
    pub fn end_stream(&mut self, piece: Option<Content>, turn: &LoopTurn) -> Option<Box<EventStream>> {
        let stream = self.stream.take()?;
        self.meta.keep_alive &= !turn.is_stopping;
        if let State::Streaming = self.state
            && !self.output.is_gone()
        {
            let output = std::mem::take(&mut self.output);
            self.output = output.followed_by(if stream.is_chunked { CHUNK_END_AND_LAST } else { b"" });
        } else {
            let (mut head, piece) = (Vec::new(), piece.filter(|piece| !piece.is_empty()));
            let tail = match (&piece, stream.is_chunked) {
                (_, false) => b"".as_slice(),
                (None, true) => LAST_CHUNK,
                (Some(piece), true) => {
                    let _ = write!(head, "{:x}\r\n", piece.len()); // a Vec takes everything
                    CHUNK_END_AND_LAST
                }
            };
            self.output = Output::new(head, piece).followed_by(tail);
            self.deadline_ms = turn.now_ms + turn.limits.write_max_ms;
        }
        self.state = State::Writing;
        Some(stream)
    }

    /// Whether its answer is a stream of which no piece is asked for now.
    pub fn is_resting_stream(&self) -> bool {
        matches!(self.state, State::Streaming)
    }

    /// Whether a request of it waits for a change.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting(_) | State::Streaming)
    }

    /// For whom a stream is asked when a topic changes, or when all waits are ended; `None` where it is no stream.
    pub fn look_of(&self, topic: Option<Topic>) -> Option<Look> {
        self.stream.as_ref().map(|stream| topic.map_or(Look::Own, |topic| stream.look_of(topic)))
    }

    /// Whether the next piece is to be asked for.
    pub(super) fn is_due(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.due.is_some())
    }

    /// Notes that a piece is due; gives whether it can be asked for now.
    pub fn note_due(&mut self, look: Look) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        stream.note(look);
        matches!(self.state, State::Streaming)
    }

    /// Its next piece is due: it waits for its turn.
    pub fn await_turn(&mut self) {
        self.number = 0; // nothing in flight has it
        self.deadline_ms = u64::MAX;
        self.state = State::Dispatched(None);
    }

    /// Takes what is due, where it waits for its turn.
    pub fn take_due(&mut self) -> Option<Look> {
        self.stream.as_mut().and_then(|stream| stream.due.take())
    }

    /// Asks for the next piece: for its client alone, or for all who were told the same.
    pub fn ask(&mut self, look: Look, turn: &mut LoopTurn) -> Option<Submission> {
        let stream = self.stream.take()?;
        let told = stream.waiting.told.as_ref().map_or("", |told| &told.id);
        let memo = if look == Look::Own { &*stream.waiting.memo } else { "" };
        let submission = self.ask_again(&stream.waiting, memo, Some(told), Wake::Notified, turn);
        self.stream = Some(stream);
        Some(submission)
    }

    /// Awaits the piece that another connection asked for.
    pub fn follow(&mut self, number: u64) {
        self.number = number;
        self.state = State::Dispatched(None);
    }
}
