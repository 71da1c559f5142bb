//! Reads the bodies of requests, with a length or in chunks; upstream gets every body with its length.

use std::io::Write;

use super::chunked::{Decoder, Fault};
use super::connection::{Body, ConnectionId, Rest, State};
use super::event_loop::EventLoop;
use super::framing::Head;
use super::request_reader::{Got, SCRATCH_KEPT_BYTES, UNKNOWN_LENGTH, read};
use crate::refusal::{Localized, Refusal};

/// What one read of a body came to.
enum Progress {
    Complete(Body),
    /// Bytes of it are still to come.
    Partial,
    Refused(Refusal),
}

impl EventLoop {
    /// Takes what is there of the body of a request, whose inner head is in
    /// `message`; gives how many bytes of `rest` it used.
    pub(super) fn take_body(
        &mut self,
        id: ConnectionId,
        head: &Head<'_>,
        number: u64,
        message: Vec<u8>,
        rest: &[u8],
        max_bytes: usize,
    ) -> usize {
        let left = if head.is_chunked {
            let length_at = message.len() - "\r\n\r\n".len() - UNKNOWN_LENGTH.len();
            Rest::Chunks { decoder: Decoder::new(max_bytes), length_at, since_ms: self.now_ms }
        } else {
            Rest::Bytes(head.content_length)
        };
        let mut body = Body { message, rest: left, number, is_write: head.method.is_write() };
        match body.take(rest) {
            Ok(used) if body.is_complete() => {
                body.write_length();
                let mut message = body.message;
                self.submit_fresh(id, number, body.is_write, &message);
                message.shrink_to(SCRATCH_KEPT_BYTES);
                self.message = message;
                used
            }
            Ok(used) => {
                self.await_body(id, body, head.expects_continue && rest.is_empty());
                used
            }
            Err(fault) => {
                self.refuse_and_leave(id, &refusal_of(fault, max_bytes));
                rest.len()
            }
        }
    }

    fn await_body(&mut self, id: ConnectionId, body: Body, expects_continue: bool) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let bytes = match &body.rest {
            Rest::Bytes(missing) => *missing,
            Rest::Chunks { decoder, .. } => decoder.decoded(),
        };
        connection.deadline_ms = self.now_ms + self.limits.body_max_ms(bytes);
        connection.state = State::Body(Box::new(body));
        let deadline_ms = connection.deadline_ms;
        if expects_continue {
            const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
            // The answer before it is gone whole, so these few bytes find room; else the client is hopelessly slow.
            if !connection.socket.write(CONTINUE).is_ok_and(|sent| sent == CONTINUE.len()) {
                return self.close(id, None);
            }
        }
        self.arm(deadline_ms);
    }

    pub(super) fn step_body(&mut self, id: ConnectionId, scratch: &mut [u8]) -> bool {
        let Some(connection) = self.connections.get_mut(id) else { return false };
        if !connection.readable {
            return false;
        }
        let State::Body(body) = &connection.state else { return false };
        let is_chunked = matches!(body.rest, Rest::Chunks { .. });
        let room = body.room().min(scratch.len());
        let length = match read(connection, &mut scratch[..room]) {
            Got::Bytes(length) => length,
            Got::Nothing => return false,
            Got::End => {
                self.close(id, None);
                return false;
            }
        };
        connection.readable |= length == room;
        self.metrics.received_bytes_total.add(length as u64);
        // The room for a body with a length was made when its head came.
        if is_chunked && !self.make_room(id, length) {
            self.refuse_and_leave(id, &Refusal::Overloaded { retry_after_seconds: 1 });
            return true;
        }
        match self.take_more(id, &scratch[..length]) {
            Progress::Complete(body) => self.submit_fresh(id, body.number, body.is_write, &body.message),
            Progress::Partial => self.update_accounting(id),
            Progress::Refused(refusal) => self.refuse_and_leave(id, &refusal),
        }
        true
    }

    /// Adds bytes to the body of a connection; those after its end are the next request.
    fn take_more(&mut self, id: ConnectionId, bytes: &[u8]) -> Progress {
        let Some(connection) = self.connections.get_mut(id) else { return Progress::Partial };
        let State::Body(body) = &mut connection.state else { return Progress::Partial };
        match body.take(bytes) {
            Ok(used) if body.is_complete() => {
                connection.input.extend_from_slice(&bytes[used..]);
                body.write_length();
                let (number, is_write) = (body.number, body.is_write);
                let message = std::mem::take(&mut body.message);
                Progress::Complete(Body { message, rest: Rest::Bytes(0), number, is_write })
            }
            Ok(_) => {
                if let Rest::Chunks { decoder, since_ms, .. } = &body.rest {
                    connection.deadline_ms = since_ms + self.limits.body_max_ms(decoder.decoded());
                }
                Progress::Partial
            }
            Err(fault) => {
                let max_bytes = match &body.rest {
                    Rest::Bytes(_) => 0,
                    Rest::Chunks { decoder, .. } => decoder.max_bytes(),
                };
                Progress::Refused(refusal_of(fault, max_bytes))
            }
        }
    }
}

impl Body {
    fn is_complete(&self) -> bool {
        match &self.rest {
            Rest::Bytes(missing) => *missing == 0,
            Rest::Chunks { decoder, .. } => decoder.is_done(),
        }
    }

    /// How many bytes may be read for it at once.
    const fn room(&self) -> usize {
        match self.rest {
            Rest::Bytes(missing) => missing,
            Rest::Chunks { .. } => usize::MAX,
        }
    }

    /// Adds bytes; gives how many of them belong to it.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        match &mut self.rest {
            Rest::Bytes(missing) => {
                let used = bytes.len().min(*missing);
                self.message.extend_from_slice(&bytes[..used]);
                *missing -= used;
                Ok(used)
            }
            Rest::Chunks { decoder, .. } => decoder.decode(bytes, &mut self.message),
        }
    }

    /// Puts the length of a body that came in chunks where its head left room for it.
    fn write_length(&mut self) {
        if let Rest::Chunks { decoder, length_at, .. } = &self.rest {
            let digits = format!("{:0width$}", decoder.decoded(), width = UNKNOWN_LENGTH.len());
            self.message[*length_at..*length_at + digits.len()].copy_from_slice(digits.as_bytes());
        }
    }
}

fn refusal_of(fault: Fault, max_bytes: usize) -> Refusal {
    match fault {
        Fault::TooLarge => Refusal::BodyTooLarge { max_bytes },
        Fault::Malformed(en, ko) => Refusal::InvalidHeader { reason: Localized::new(en, ko) },
    }
}
