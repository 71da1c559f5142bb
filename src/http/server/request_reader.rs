//! From bytes to submissions: the heads and bodies of a connection's requests become requests for upstream.

use super::body_reader::Body;
use super::client_socket::Transport;
use super::connection::{Action, Connection, READ_MAX_BYTES, RequestMeta, State, Submission, Waiter};
use super::cors::CrossOrigin;
use super::framing::{self, Bounds, HTTPS_FIELD, Head, RELAYED};
use super::loop_turn::LoopTurn;
use super::metrics::{AccessLine, Asked};
use super::proxy::{self, ClientBehind, ForwardedFields};
use super::upstream::protocol::{self, Purpose};
use super::upstream::{InnerRequest, Origin, WaitingRequest, Wake};
use crate::http::{Method, Reply};
use crate::refusal::{Language, Refusal};

/// What becomes of a head.
enum Taken {
    /// It is upstream's.
    Submission(Submission),
    /// It is answered, or its body is to come.
    Done,
    /// So much memory must be free first.
    NoRoom(usize),
    Refused(Refusal),
}

impl Connection {
    /// Takes a head from the start of the input.
    pub(super) fn take_head(&mut self, turn: &mut LoopTurn) -> Action {
        let limits = &turn.limits;
        let (bytes, fields) = (limits.head_max_bytes, limits.head_max_fields);
        let bounds = Bounds { bytes, fields, also: &limits.relayed_also };
        let input = std::mem::take(&mut self.input);
        match framing::read(&input, &mut self.scanned, bounds) {
            Ok(None) => {
                if !self.head_incomplete {
                    self.head_incomplete = true;
                    self.deadline_ms = turn.now_ms + turn.limits.head_max_ms;
                }
                self.input = input;
            }
            Ok(Some((head, length))) => {
                self.scanned = 0; // of what follows, or of this head once more when it needs room
                let rest = &input[length..];
                let taken = self.take_request(&head, rest, turn);
                if let Taken::NoRoom(bytes) = taken {
                    self.input = input;
                    return Action::Free(bytes);
                }
                self.head_incomplete = false;
                self.input = rest.to_vec();
                match taken {
                    Taken::Submission(submission) => return Action::Submit(submission),
                    Taken::Refused(refusal) => self.refuse_and_leave(&refusal, turn),
                    Taken::Done | Taken::NoRoom(_) => {}
                }
            }
            Err(mut refusal) => {
                let (language, theirs, origin) = framing::peek(&input);
                let path = framing::peek_path(&input).unwrap_or_default();
                if let Refusal::MethodNotAllowed { allow } = &mut refusal
                    && let Some(of_path) = turn.limits.allowed_methods.of(&path)
                {
                    *allow = of_path;
                }
                self.meta.asked = Asked::of((turn.limits.path_number)(&path), None, turn.now_us);
                self.meta.language = language;
                self.meta.id = turn.request_id(theirs);
                let line = || AccessLine::of(&path, self.meta.origin, &self.meta.id);
                self.meta.asked.line = turn.limits.logs_access.then(line);
                self.meta.cross_origin = CrossOrigin::of(&turn.limits.allow_origins, origin);
                self.meta.head_only = false; // the request before was another one
                self.refuse_and_leave(&refusal, turn);
            }
        }
        self.next(turn)
    }

    fn take_request(&mut self, head: &Head<'_>, rest: &[u8], turn: &mut LoopTurn) -> Taken {
        let limits = &turn.limits;
        let [forwarded, x_forwarded_for, x_forwarded_proto] = head.forwarded.each_ref().map(Option::as_deref);
        let fields = ForwardedFields { forwarded, x_forwarded_for, x_forwarded_proto };
        let ClientBehind { address: origin, is_https } = proxy::client_behind(self.peer, &limits.proxies, fields);
        let cross_origin = CrossOrigin::of(&limits.allow_origins, head.origin);
        let preflight = cross_origin.preflight(head, limits);
        let path = head.target.split('?').next().unwrap_or("");
        let stays = path == "*" || (limits.stays_plain)(head.method, path);
        let https_url = self.transport.https_url(head.authority, &head.target).filter(|_| !stays);
        let max_bytes = if path == "*" { 0 } else { limits.body_max_bytes(head.method, path) };
        let mut asked = Asked::of((limits.path_number)(path), Some(head.method), turn.now_us);
        let id = turn.request_id(head.request_id);
        asked.line = turn.limits.logs_access.then(|| AccessLine::of(path, origin, &id));
        self.meta = RequestMeta {
            id,
            origin,
            is_https: is_https || self.transport == Transport::Tls,
            language: head.relayed("accept-language").map(Language::of_accept_language).unwrap_or_default(),
            keep_alive: head.keep_alive,
            head_only: head.method == Method::Head,
            accepts_gzip: head.accepts_gzip,
            takes_chunks: head.takes_chunks,
            cross_origin,
            asked,
        };
        let has_body = head.is_chunked || head.content_length > 0;
        if let Some(url) = https_url {
            let Some(url) = url else { return Taken::Refused(framing::host_is_missing()) };
            if has_body {
                self.leave(); // the body is for https
            }
            self.reply(&Reply::empty(308).with("Location", url), turn);
            return Taken::Done;
        }
        if has_body && head.is_encoded {
            return Taken::Refused(Refusal::UnsupportedMediaType);
        }
        if head.content_length > max_bytes || head.is_chunked && max_bytes == 0 {
            return Taken::Refused(Refusal::BodyTooLarge { max_bytes });
        }
        let bytes = if head.is_chunked { rest.len() } else { head.content_length };
        if !turn.has_room(bytes) {
            return Taken::NoRoom(bytes);
        }
        let of_server = match path {
            "*" => Some(Reply::empty(204).with("Allow", Method::ALL_WORDS)),
            _ if has_body => None,
            _ => preflight.or_else(|| (turn.limits.answer_at_once)(head.method, &head.target)),
        };
        if let Some(reply) = of_server {
            self.reply(&reply, turn);
            return Taken::Done;
        }
        let (number, is_write) = (turn.request_number(), head.method.is_write());
        let request = self.inner_request(head, number, Purpose::Answer);
        if !has_body {
            return Taken::Submission(self.dispatch(number, is_write, request));
        }
        let body = Box::new(Body::new(head, request, number, max_bytes, turn.now_ms));
        if head.expects_continue && rest.is_empty() {
            let number = turn.request_number(); // each is taken by a worker once
            let check = self.inner_request(head, number, Purpose::CheckHead);
            let submission = Taken::Submission(self.dispatch(number, is_write, check));
            self.state = State::Expecting(body);
            return submission;
        }
        self.await_body(body, turn);
        Taken::Done
    }

    pub(super) fn await_body(&mut self, body: Box<Body>, turn: &LoopTurn) {
        self.deadline_ms = turn.now_ms + turn.limits.body_max_ms(body.expected_bytes());
        self.state = State::Body(body);
    }

    /// Takes what is there of a body; what follows its end is the next request.
    pub(super) fn next_of_body(&mut self, turn: &mut LoopTurn) -> Action {
        let State::Body(body) = &mut self.state else { return Action::Rest };
        if self.input.is_empty() {
            let is_due = std::mem::take(&mut body.continue_due);
            return if is_due { Action::Continue } else { Action::Read(body.room().min(READ_MAX_BYTES)) };
        }
        // The room for a body with a length was made when its head came.
        if body.is_chunked() && !turn.has_room(self.input.len()) {
            return Action::Free(self.input.len());
        }
        let input = std::mem::take(&mut self.input);
        match body.take(&input) {
            Ok(used) if body.is_complete() => {
                self.input = input[used..].to_vec();
                let (number, is_write, request) = (body.number, body.is_write, body.finish());
                Action::Submit(self.dispatch(number, is_write, request))
            }
            Ok(_) => {
                if let Some(since_ms) = body.chunks_since_ms() {
                    self.deadline_ms = since_ms + turn.limits.body_max_ms(body.expected_bytes());
                }
                self.next_of_body(turn)
            }
            Err(refusal) => {
                self.refuse_and_leave(&refusal, turn);
                self.next(turn)
            }
        }
    }

    fn dispatch(&mut self, number: u64, is_write: bool, request: InnerRequest) -> Submission {
        self.state = State::Dispatched(None);
        self.number = number;
        self.deadline_ms = u64::MAX;
        Submission { number, is_write, origin: Origin::Client, request }
    }

    /// Lets the request wait.
    pub fn wait(&mut self, waiter: Box<Waiter>) {
        self.deadline_ms = waiter.deadline_ms;
        self.meta.asked.has_waited = true;
        self.state = State::Waiting(waiter);
    }

    /// What it waits for, when it waits.
    pub fn waiter(&self) -> Option<&Waiter> {
        if let State::Waiting(waiter) = &self.state { Some(waiter) } else { None }
    }

    /// Stops waiting: the request is to be resumed. Gives what it waited for.
    pub fn stop_waiting(&mut self) -> Option<&Waiter> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Waiting(waiter) => {
                self.number = 0; // nothing in flight has it: responses to what was asked before are not for this
                self.deadline_ms = u64::MAX;
                self.state = State::Dispatched(Some(waiter));
            }
            other => {
                self.state = other;
                return None;
            }
        }
        if let State::Dispatched(Some(waiter)) = &self.state { Some(waiter) } else { None }
    }

    /// The waiter of a request that was answered "not yet", or is to be resumed.
    pub fn take_waiter(&mut self) -> Option<Box<Waiter>> {
        if let State::Dispatched(waiter) = &mut self.state { waiter.take() } else { None }
    }

    /// Resumes a request that waited.
    pub fn resume(&mut self, mut waiter: Box<Waiter>, wake: Wake, turn: &mut LoopTurn) -> Submission {
        let submission = self.ask_again(&waiter.waiting, &waiter.waiting.memo, None, wake, turn);
        waiter.wake = wake;
        self.state = State::Dispatched(Some(waiter));
        submission
    }

    /// Asks a waiting request again, by its memo; a stream with what it told last.
    pub(super) fn ask_again(
        &mut self,
        waiting: &WaitingRequest,
        memo: &str,
        told: Option<&str>,
        wake: Wake,
        turn: &mut LoopTurn,
    ) -> Submission {
        let number = turn.request_number();
        let mut head = Vec::with_capacity(512);
        write_line(&mut head, waiting.method, &waiting.target);
        let purpose = Purpose::Resume(memo, told, wake);
        protocol::write_envelope(&mut head, number, self.meta.origin, &self.meta.id, purpose);
        if !waiting.language.is_empty() {
            protocol::write_field(&mut head, "accept-language", &waiting.language);
        }
        if self.meta.accepts_gzip {
            protocol::write_field(&mut head, "accept-encoding", "gzip");
        }
        head.extend_from_slice(b"\r\n");
        let request = InnerRequest { head, body: Vec::new() };
        let submission = self.dispatch(number, waiting.method.is_write(), request);
        Submission { origin: Origin::Resumed, ..submission }
    }

    /// An inner request without its body: the client's own words from the whitelist, everything else the server's.
    fn inner_request(&self, head: &Head<'_>, number: u64, purpose: Purpose<'_>) -> InnerRequest {
        let method = if head.method == Method::Head { Method::Get } else { head.method };
        let mut out = Vec::with_capacity(512);
        write_line(&mut out, method, &head.target);
        protocol::write_envelope(&mut out, number, self.meta.origin, &self.meta.id, purpose);
        for (name, value) in RELAYED.iter().zip(&head.relayed) {
            if let Some(value) = value {
                protocol::write_field(&mut out, name, value);
            }
        }
        if let Some(authority) = head.authority {
            protocol::write_field(&mut out, "host", authority);
        }
        if self.meta.is_https {
            protocol::write_field(&mut out, HTTPS_FIELD, "https");
        }
        for (name, value) in &head.also {
            protocol::write_field(&mut out, &name.to_ascii_lowercase(), value);
        }
        if head.accepts_gzip {
            protocol::write_field(&mut out, "accept-encoding", "gzip");
        }
        out.extend_from_slice(b"\r\n");
        InnerRequest { head: out, body: Vec::new() }
    }
}

fn write_line(out: &mut Vec<u8>, method: Method, target: &str) {
    for piece in [method.word(), " ", target, " HTTP/1.1\r\n"] {
        out.extend_from_slice(piece.as_bytes());
    }
}
