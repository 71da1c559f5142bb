//! What one client brings: bytes become requests, and requests go to the relay.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use super::client::{Body, Client, ClientId, Exchange, State};
use super::framing::{self, Bounds, Head, RELAYED};
use super::line::{Flight, Urgency};
use super::passage;
use super::porter::Porter;
use super::proxy;
use crate::http::Method;
use crate::http::Reply;
use crate::refusal::{Language, Refusal};

/// What one client may do before the others get their turn.
const STEPS_MAX: usize = 64;
/// A scratch buffer that grew beyond this for one large request or answer is not kept.
pub(super) const SCRATCH_KEPT_BYTES: usize = 1 << 20;

enum Got {
    Bytes(usize),
    Nothing,
    End,
}

/// Reads what is there, and notes whether there may be more.
fn read(client: &mut Client, buffer: &mut [u8]) -> Got {
    loop {
        match client.socket.read(buffer) {
            Ok(0) => return Got::End,
            Ok(length) => {
                client.readable = length == buffer.len() || client.finished;
                return Got::Bytes(length);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                client.readable = false;
                return Got::Nothing;
            }
            Err(_) => return Got::End,
        }
    }
}

impl Porter {
    /// Goes on with a client as far as its bytes reach.
    pub(super) fn serve(&mut self, id: ClientId) {
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
        self.settle(id);
    }

    /// Brings the books up to date after a client was served: who is idle, and the memory of its buffers.
    pub(super) fn settle(&mut self, id: ClientId) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        let bytes = client.buffered_bytes();
        self.buffered_bytes = self.buffered_bytes + bytes - client.counted_bytes;
        client.counted_bytes = bytes;
        let stands = client.stands();
        self.crowd.stand(id, stands, self.now_ms);
    }

    fn step(&mut self, id: ClientId, scratch: &mut [u8]) -> bool {
        let Some(client) = self.crowd.get_mut(id) else { return false };
        match client.state {
            State::Head => self.step_head(id, scratch),
            State::Body(_) => self.step_body(id, scratch),
            State::Leaving(_) => self.step_leaving(id, scratch),
            State::UnderWay(_) | State::Parked(_) | State::Writing => false,
        }
    }

    fn step_head(&mut self, id: ClientId, scratch: &mut [u8]) -> bool {
        let Some(client) = self.crowd.get_mut(id) else { return false };
        if client.input.is_empty() || client.starved {
            if !client.readable {
                return false;
            }
            let room = self.limits.head_max_bytes.saturating_sub(client.input.len()).max(1);
            let length = match read(client, &mut scratch[..room]) {
                Got::Bytes(length) => length,
                Got::Nothing => return false,
                Got::End => {
                    self.close(id, None);
                    return false;
                }
            };
            self.metrics.received_bytes_total.add(length as u64);
            if client.input.is_empty() {
                // The usual way: a request that came in one piece is never copied.
                let used = self.take_head(id, &scratch[..length]);
                self.keep_rest(id, used, &scratch[..length]);
                return true;
            }
            client.input.extend_from_slice(&scratch[..length]);
        }
        let Some(client) = self.crowd.get_mut(id) else { return false };
        let input = std::mem::take(&mut client.input);
        match self.take_head(id, &input) {
            0 => {
                if let Some(client) = self.crowd.get_mut(id) {
                    client.input = input;
                }
            }
            used => self.keep_rest(id, used, &input),
        }
        true
    }

    fn keep_rest(&mut self, id: ClientId, used: usize, bytes: &[u8]) {
        if used < bytes.len()
            && let Some(client) = self.crowd.get_mut(id)
            && !matches!(client.state, State::Leaving(_))
        {
            client.input = bytes[used..].to_vec();
        }
    }

    /// Takes a request from the start of `bytes`; gives how many bytes it used, 0 when more are needed.
    fn take_head(&mut self, id: ClientId, bytes: &[u8]) -> usize {
        let bounds = Bounds { bytes: self.limits.head_max_bytes, fields: self.limits.head_max_fields };
        let Some(client) = self.crowd.get_mut(id) else { return bytes.len() };
        match framing::read(bytes, &mut client.scanned, bounds) {
            Ok(None) => {
                if !client.starved {
                    client.starved = true;
                    client.deadline_ms = self.now_ms + self.limits.head_max_ms;
                    let deadline_ms = client.deadline_ms;
                    self.arm(deadline_ms);
                }
                0
            }
            Ok(Some((head, length))) => {
                client.starved = false;
                client.scanned = 0;
                length + self.take_request(id, &head, &bytes[length..])
            }
            Err(refusal) => {
                let (language, theirs) = framing::glimpse(bytes);
                let request_id = self.new_id(theirs);
                if let Some(client) = self.crowd.get_mut(id) {
                    client.exchange.language = language;
                    client.exchange.id = request_id;
                    client.exchange.head_only = false; // the request before was another one
                }
                self.refuse_and_leave(id, &refusal);
                bytes.len()
            }
        }
    }

    /// Takes a request whose head is read; gives how many bytes of its body it found in `rest`.
    fn take_request(&mut self, id: ClientId, head: &Head<'_>, rest: &[u8]) -> usize {
        let request_id = self.new_id(head.request_id);
        let is_stopping = self.stop_by_ms.is_some();
        let Some(client) = self.crowd.get_mut(id) else { return 0 };
        let (forwarded, for_field) = (head.forwarded.as_deref(), head.x_forwarded_for.as_deref());
        client.exchange = Exchange {
            id: request_id,
            origin: proxy::client_behind(client.peer, &self.limits.proxies, forwarded, for_field),
            language: head.relayed[2].as_deref().map(Language::of_accept_language).unwrap_or_default(),
            keep_alive: head.keep_alive && !is_stopping,
            is_http_10: head.is_http_10,
            head_only: head.method == Method::Head,
            accepts_gzip: head.accepts_gzip,
        };
        let path = head.target.split('?').next().unwrap_or("");
        let max_bytes = if path == "*" { 0 } else { self.limits.body_max_bytes(head.method, path) };
        if head.content_length > max_bytes {
            self.refuse_and_leave(id, &Refusal::BodyTooLarge { max_bytes });
            return 0;
        }
        if !self.make_room(id, head.content_length) {
            self.refuse_and_leave(id, &Refusal::Overloaded { retry_after_seconds: 1 });
            return 0;
        }
        if path == "*" {
            self.answer_itself(id, &Reply::empty(204).with("Allow", framing::METHODS));
            return 0;
        }
        if head.content_length == 0
            && let Some(reply) = (self.limits.answer_at_once)(head.method, &head.target)
        {
            self.answer_itself(id, &reply);
            return 0;
        }
        self.next_number += 1;
        let number = self.next_number;
        let mut message = std::mem::take(&mut self.message);
        message.clear();
        let Some(client) = self.crowd.get_mut(id) else { return 0 };
        write_inner(&mut message, head, number, &client.exchange);
        let present = rest.len().min(head.content_length);
        message.extend_from_slice(&rest[..present]);
        let is_write = head.method.is_write();
        if present == head.content_length {
            self.relay_fresh(id, number, is_write, &message);
            message.shrink_to(SCRATCH_KEPT_BYTES);
            self.message = message;
        } else {
            let missing = head.content_length - present;
            self.await_body(id, Body { message, missing, number, is_write }, head.expects_continue && present == 0);
        }
        present
    }

    fn await_body(&mut self, id: ClientId, body: Body, expects_continue: bool) {
        let Some(client) = self.crowd.get_mut(id) else { return };
        client.deadline_ms = self.now_ms + self.limits.body_max_ms(body.missing);
        client.state = State::Body(Box::new(body));
        let deadline_ms = client.deadline_ms;
        if expects_continue {
            const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
            // The answer before it is gone whole, so these few bytes find room; else the client is hopelessly slow.
            if !client.socket.write(CONTINUE).is_ok_and(|sent| sent == CONTINUE.len()) {
                return self.close(id, None);
            }
        }
        self.arm(deadline_ms);
    }

    fn step_body(&mut self, id: ClientId, scratch: &mut [u8]) -> bool {
        let Some(client) = self.crowd.get_mut(id) else { return false };
        if !client.readable {
            return false;
        }
        let State::Body(body) = &client.state else { return false };
        let room = body.missing.min(scratch.len());
        let length = match read(client, &mut scratch[..room]) {
            Got::Bytes(length) => length,
            Got::Nothing => return false,
            Got::End => {
                self.close(id, None);
                return false;
            }
        };
        client.readable |= length == room;
        self.metrics.received_bytes_total.add(length as u64);
        let State::Body(body) = &mut client.state else { return false };
        body.message.extend_from_slice(&scratch[..length]);
        body.missing -= length;
        if body.missing > 0 {
            self.settle(id);
            return true;
        }
        let (number, is_write, message) = (body.number, body.is_write, std::mem::take(&mut body.message));
        self.relay_fresh(id, number, is_write, &message);
        true
    }

    /// Throws away what a client sends that has had its last answer.
    fn step_leaving(&mut self, id: ClientId, scratch: &mut [u8]) -> bool {
        let Some(client) = self.crowd.get_mut(id) else { return false };
        if !client.readable {
            return false;
        }
        let got = read(client, scratch);
        let State::Leaving(left) = &mut client.state else { return false };
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

    fn relay_fresh(&mut self, id: ClientId, number: u64, is_write: bool, message: &[u8]) {
        if !self.submit(id, number, is_write, Urgency::Fresh, message) {
            self.refuse(id, &Refusal::Overloaded { retry_after_seconds: 1 });
        }
    }

    /// Sends an inner request on its way.
    pub(super) fn submit(
        &mut self,
        id: ClientId,
        number: u64,
        is_write: bool,
        urgency: Urgency,
        message: &[u8],
    ) -> bool {
        let Some(client) = self.crowd.get_mut(id) else { return true };
        if !matches!(client.state, State::UnderWay(_)) {
            client.state = State::UnderWay(None);
        }
        client.number = number;
        client.deadline_ms = u64::MAX;
        let since_ms = self.now_ms;
        let deadline_ms = since_ms + self.limits.inner_answer_max_ms;
        let flight = Flight { client: id, number, born: self.parking.goes_out(), since_ms, deadline_ms };
        let taken = self.relay.submit(self.poll.registry(), flight, is_write, urgency, message, self.now_ms);
        if !taken {
            self.parking.came_back();
        }
        taken
    }
}

/// Writes the head of an inner request: the client's own words from the whitelist, everything else the door's.
fn write_inner(out: &mut Vec<u8>, head: &Head<'_>, number: u64, exchange: &Exchange) {
    let method = if head.method == Method::Head { Method::Get } else { head.method };
    start_inner(out, method, &head.target);
    passage::write_note(out, number, exchange.origin, &exchange.id, None);
    for (name, value) in RELAYED.iter().zip(&head.relayed) {
        if let Some(value) = value {
            write_field(out, name, value);
        }
    }
    if head.accepts_gzip {
        write_field(out, "accept-encoding", "gzip");
    }
    if head.content_length > 0 {
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
