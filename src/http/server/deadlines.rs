//! What the deadline of a connection does when it has passed: that of an idle one, of a request's head and body, of an
//! answer that is not taken. Deadlines begin in `request_reader.rs` (head, body) and `response_writer.rs`; how long
//! they are is in `limits.rs`.

use super::connection::{Connection, Look, State};
use super::cors::CrossOrigin;
use super::framing;
use super::loop_turn::LoopTurn;
use crate::refusal::Refusal;

impl Connection {
    /// Its deadline has come. One that waits is woken instead.
    pub fn expire(&mut self, turn: &mut LoopTurn) {
        let figure = match self.state {
            State::Head if self.input.is_empty() => Some(&turn.metrics.connections_expired_idle_total),
            State::Head => {
                turn.metrics.connections_expired_head_total.add(1);
                let (_, _, origin) = framing::peek(&self.input);
                self.meta.cross_origin = CrossOrigin::of(&turn.limits.allow_origins, origin);
                return self.refuse_and_leave(&Refusal::RequestTimeout, turn);
            }
            State::Body(_) => {
                turn.metrics.connections_expired_body_total.add(1);
                return self.refuse_and_leave(&Refusal::RequestTimeout, turn);
            }
            State::Writing => Some(&turn.metrics.connections_expired_write_total),
            State::Streaming if self.output().is_some() => Some(&turn.metrics.connections_expired_write_total),
            State::Streaming => {
                self.note_due(Look::Own);
                return;
            }
            State::LingeringClose { .. } | State::Reset | State::Closed => None,
            State::Held(ending) => return self.end(ending, turn),
            State::Expecting(_) | State::Dispatched(_) | State::Waiting(_) => return,
        };
        figure.into_iter().for_each(|figure| figure.add(1));
        self.state = State::Closed;
    }
}
