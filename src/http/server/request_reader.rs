//! Reads connections: bytes become requests, and requests are submitted upstream.

use std::borrow::Cow;
use std::io::{self, Read};

use super::connection::{Connection, ConnectionId, RequestMeta, State};
use super::cors::CrossOrigin;
use super::event_loop::EventLoop;
use super::framing::{self, Bounds, Head, RELAYED};
use super::proxy;
use super::upstream::protocol;
use super::upstream::{InFlight, Origin};
use crate::http::Method;
use crate::http::Reply;
use crate::platform::SHORT_READ_IS_ALL;
use crate::refusal::{Language, Refusal};

/// Stands for the length in the head of an inner request until the last chunk has come; leading zeros change no number.
pub(super) const UNKNOWN_LENGTH: &str = "00000000000000000000";

/// What one client may do before the others get their turn.
const STEPS_MAX: usize = 64;
/// A scratch buffer that grew beyond this for one large request or answer is not kept.
pub(super) const SCRATCH_KEPT_BYTES: usize = 1 << 20;

/// What a read gave.
pub(super) enum Got {
    Bytes(usize),
    Nothing,
    End,
}

/// Reads what is there, and notes whether there may be more.
pub(super) fn read(connection: &mut Connection, buffer: &mut [u8]) -> Got {
    loop {
        match connection.socket.read(buffer) {
            Ok(0) => return Got::End,
            Ok(length) => {
                connection.readable = !SHORT_READ_IS_ALL || length == buffer.len() || connection.finished;
                return Got::Bytes(length);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                connection.readable = false;
                return Got::Nothing;
            }
            Err(_) => return Got::End,
        }
    }
}

impl EventLoop {
    /// Goes on with a client as far as its bytes reach.
    pub(super) fn serve(&mut self, id: ConnectionId) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut steps = 0;
        while self.step(id, &mut scratch) {
            steps += 1;
            if steps == STEPS_MAX {
                self.again.push(id);
                break;
            }
        }
        self.scratch = scratch;
        self.update_accounting(id);
    }

    /// Brings the books up to date after a client was served: who is idle, and the memory of its buffers.
    pub(super) fn update_accounting(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let bytes = connection.buffered_bytes();
        self.buffered_bytes = self.buffered_bytes + bytes - connection.counted_bytes;
        connection.counted_bytes = bytes;
        let eviction_class = connection.eviction_class();
        self.connections.set_eviction_class(id, eviction_class, self.now_ms);
    }

    fn step(&mut self, id: ConnectionId, scratch: &mut [u8]) -> bool {
        let Some(connection) = self.connections.get_mut(id) else { return false };
        match connection.state {
            State::Head => self.step_head(id, scratch),
            State::Body(_) => self.step_body(id, scratch),
            State::LingeringClose(_) => self.step_lingering(id, scratch),
            State::Dispatched(_) | State::Waiting(_) | State::Writing => false,
        }
    }

    fn step_head(&mut self, id: ConnectionId, scratch: &mut [u8]) -> bool {
        let Some(connection) = self.connections.get_mut(id) else { return false };
        if connection.input.is_empty() || connection.head_incomplete {
            if !connection.readable {
                return false;
            }
            let room = self.limits.head_max_bytes.saturating_sub(connection.input.len()).max(1);
            let length = match read(connection, &mut scratch[..room]) {
                Got::Bytes(length) => length,
                Got::Nothing => return false,
                Got::End => {
                    self.close(id, None);
                    return false;
                }
            };
            self.metrics.received_bytes_total.add(length as u64);
            if connection.input.is_empty() {
                // The usual way: a request that came in one piece is never copied.
                let used = self.take_head(id, &scratch[..length]);
                self.keep_rest(id, used, &scratch[..length]);
                return true;
            }
            connection.input.extend_from_slice(&scratch[..length]);
        }
        let Some(connection) = self.connections.get_mut(id) else { return false };
        let input = std::mem::take(&mut connection.input);
        match self.take_head(id, &input) {
            0 => {
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.input = input;
                }
            }
            used => self.keep_rest(id, used, &input),
        }
        true
    }

    fn keep_rest(&mut self, id: ConnectionId, used: usize, bytes: &[u8]) {
        if used < bytes.len()
            && let Some(connection) = self.connections.get_mut(id)
            && !matches!(connection.state, State::LingeringClose(_))
        {
            connection.input = bytes[used..].to_vec();
        }
    }

    /// Takes a request from the start of `bytes`; gives how many bytes it used, 0 when more are needed.
    fn take_head(&mut self, id: ConnectionId, bytes: &[u8]) -> usize {
        let bounds = Bounds { bytes: self.limits.head_max_bytes, fields: self.limits.head_max_fields };
        let Some(connection) = self.connections.get_mut(id) else { return bytes.len() };
        match framing::read(bytes, &mut connection.scanned, bounds) {
            Ok(None) => {
                if !connection.head_incomplete {
                    connection.head_incomplete = true;
                    connection.deadline_ms = self.now_ms + self.limits.head_max_ms;
                    let deadline_ms = connection.deadline_ms;
                    self.arm(deadline_ms);
                }
                0
            }
            Ok(Some((head, length))) => {
                connection.head_incomplete = false;
                connection.scanned = 0;
                length + self.take_request(id, &head, &bytes[length..])
            }
            Err(mut refusal) => {
                let (language, theirs, origin) = framing::peek(bytes);
                if let Refusal::MethodNotAllowed { allow } = &mut refusal
                    && let Some(of_path) =
                        framing::peek_path(bytes).and_then(|path| (self.limits.allowed_methods)(&path))
                {
                    *allow = of_path;
                }
                let cross_origin = CrossOrigin::of(&self.limits.allow_origins, origin);
                let request_id = self.new_id(theirs);
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.meta.language = language;
                    connection.meta.id = request_id;
                    connection.meta.cross_origin = cross_origin;
                    connection.meta.head_only = false; // the request before was another one
                }
                self.refuse_and_leave(id, &refusal);
                bytes.len()
            }
        }
    }

    /// Takes a request whose head is read; gives how many bytes of its body it found in `rest`.
    fn take_request(&mut self, id: ConnectionId, head: &Head<'_>, rest: &[u8]) -> usize {
        let request_id = self.new_id(head.request_id);
        let is_stopping = self.stop_by_ms.is_some();
        let Some(connection) = self.connections.get_mut(id) else { return 0 };
        let (forwarded, for_field) = (head.forwarded.as_deref(), head.x_forwarded_for.as_deref());
        connection.meta = RequestMeta {
            id: request_id,
            origin: proxy::client_behind(connection.peer, &self.limits.proxies, forwarded, for_field),
            language: head.relayed[2].as_deref().map(Language::of_accept_language).unwrap_or_default(),
            keep_alive: head.keep_alive && !is_stopping,
            is_http_10: head.is_http_10,
            head_only: head.method == Method::Head,
            accepts_gzip: head.accepts_gzip,
            cross_origin: CrossOrigin::of(&self.limits.allow_origins, head.origin),
        };
        let preflight = connection.meta.cross_origin.preflight(head, self.limits.allowed_methods);
        let path = head.target.split('?').next().unwrap_or("");
        let max_bytes = if path == "*" { 0 } else { self.limits.body_max_bytes(head.method, path) };
        let has_body = head.is_chunked || head.content_length > 0;
        if has_body && head.is_encoded {
            self.refuse_and_leave(id, &Refusal::UnsupportedMediaType);
            return 0;
        }
        if head.content_length > max_bytes || head.is_chunked && max_bytes == 0 {
            self.refuse_and_leave(id, &Refusal::BodyTooLarge { max_bytes });
            return 0;
        }
        if !self.make_room(id, if head.is_chunked { rest.len() } else { head.content_length }) {
            self.refuse_and_leave(id, &Refusal::Overloaded { retry_after_seconds: 1 });
            return 0;
        }
        if path == "*" {
            self.answer_itself(id, &Reply::empty(204).with("Allow", framing::METHODS));
            return 0;
        }
        if !has_body && let Some(reply) = preflight {
            self.answer_itself(id, &reply);
            return 0;
        }
        if !has_body && let Some(reply) = (self.limits.answer_at_once)(head.method, &head.target) {
            self.answer_itself(id, &reply);
            return 0;
        }
        self.next_number += 1;
        let number = self.next_number;
        let mut message = std::mem::take(&mut self.message);
        message.clear();
        let Some(connection) = self.connections.get_mut(id) else { return 0 };
        write_inner(&mut message, head, number, &connection.meta);
        self.take_body(id, head, number, message, rest, max_bytes)
    }

    /// Throws away what a client sends that has had its last answer.
    fn step_lingering(&mut self, id: ConnectionId, scratch: &mut [u8]) -> bool {
        let Some(connection) = self.connections.get_mut(id) else { return false };
        if !connection.readable {
            return false;
        }
        let got = read(connection, scratch);
        let State::LingeringClose(left) = &mut connection.state else { return false };
        match got {
            Got::Bytes(length) if length < *left => {
                *left -= length;
                true
            }
            Got::Nothing => false,
            Got::Bytes(_) | Got::End => {
                self.close(id, None);
                false
            }
        }
    }

    pub(super) fn submit_fresh(&mut self, id: ConnectionId, number: u64, is_write: bool, message: &[u8]) {
        if !self.submit(id, number, is_write, Origin::Client, message) {
            self.refuse(id, &Refusal::Overloaded { retry_after_seconds: 1 });
        }
    }

    /// Sends an inner request on its way.
    pub(super) fn submit(
        &mut self,
        id: ConnectionId,
        number: u64,
        is_write: bool,
        urgency: Origin,
        message: &[u8],
    ) -> bool {
        let Some(connection) = self.connections.get_mut(id) else { return true };
        if !matches!(connection.state, State::Dispatched(_)) {
            connection.state = State::Dispatched(None);
        }
        connection.number = number;
        connection.deadline_ms = u64::MAX;
        let since_ms = self.now_ms;
        let deadline_ms = since_ms + self.limits.inner_answer_max_ms;
        let in_flight = InFlight { connection: id, number, epoch_seen: self.waiters.begin(), since_ms, deadline_ms };
        let taken = self.upstream.submit(self.poll.registry(), in_flight, is_write, urgency, message, self.now_ms);
        if !taken {
            self.waiters.end();
        }
        taken
    }
}

/// Writes the head of an inner request: the client's own words from the whitelist, everything else the server's.
fn write_inner(out: &mut Vec<u8>, head: &Head<'_>, number: u64, meta: &RequestMeta) {
    let method = if head.method == Method::Head { Method::Get } else { head.method };
    start_inner(out, method, &head.target);
    protocol::write_envelope(out, number, meta.origin, &meta.id, None);
    for (name, value) in RELAYED.iter().zip(&head.relayed) {
        if let Some(value) = value {
            write_field(out, name, value);
        }
    }
    if head.accepts_gzip {
        write_field(out, "accept-encoding", "gzip");
    }
    if head.is_chunked {
        write_field(out, "content-length", UNKNOWN_LENGTH);
    } else if head.content_length > 0 {
        write_field(out, "content-length", &Cow::from(head.content_length.to_string()));
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes the request line of an inner request.
pub(super) fn start_inner(out: &mut Vec<u8>, method: Method, target: &str) {
    out.extend_from_slice(method.word().as_bytes());
    out.push(b' ');
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
}

/// Writes one field of an inner request.
pub(super) fn write_field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}
