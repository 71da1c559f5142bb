//! A stock tiny_http server on the inner socket, and the workers that hand its requests to the handler.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use super::super::compress::{self, Compressor};
use super::super::metrics::Metrics;
use super::super::{framing, response_head};
use super::handed::Handed;
use super::protocol::{
    self, DELIVERY_FIELD, FIELD, PROBE_TARGET, RequestEnvelope, StreamCursor, Topic, WaitingRequest,
};
use crate::http::Reply;
use crate::http::body::Content;
use crate::http::{Delivery, Method, Request};
use crate::ids::system_key;
use crate::logging;
use crate::platform::{InnerSocket, InnerStream};
use crate::refusal::{Language, Refusal};
use crate::threads::{OnFatal, spawn_vital};

/// Answers requests. A plain function is one that refuses no head.
pub trait Handle: Send + Sync {
    /// Takes a request and answers it, now (on the worker) or later, from any thread.
    fn handle(&self, request: Request, responder: Responder);

    /// Looks at a request whose client waits for `100 Continue`: its body is not there yet. Gives the answer of one
    /// that is refused whatever its body holds; the others come again, whole.
    fn refuse_head(&self, _head: &Request) -> Option<Reply> {
        None
    }
}

impl<F: Fn(Request, Responder) + Send + Sync> Handle for F {
    fn handle(&self, request: Request, responder: Responder) {
        self(request, responder);
    }
}

/// What stands behind the server.
pub type Handler = Arc<dyn Handle>;

/// A long poll: the event loop keeps the request, without a thread, until a topic is notified or the time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What it waits for: any of them.
    pub topics: Vec<Topic>,
    /// All that the handler needs to answer later: comes back as [`Resumed::memo`](crate::http::Resumed).
    pub memo: String,
    /// How long at most, in seconds; only the first "not yet" of a request counts. A stream is asked for its next piece
    /// after so long without one.
    pub wait_seconds: u32,
    /// Where a stream stands; `None` of a long poll.
    pub told: Option<StreamCursor>,
}

/// Where one request's answer goes. Dropped without one, it answers 500 and says so in the log.
pub struct Responder {
    asked: Option<tiny_http::Request>,
    number: u64,
    delivery: Option<Delivery>,
    sending: Arc<Sending>,
}

/// What answers are sent with.
pub struct Sending {
    pub compressor: Compressor,
    pub handed: Handed,
    pub metrics: Arc<Metrics>,
}

impl Sending {
    fn count(&self, reply: &Reply) {
        reply.refused.into_iter().for_each(|code| self.metrics.count_refusal(code));
    }
}

impl Responder {
    /// Has the answer come late, or not at all.
    pub fn deliver_by(&mut self, delivery: Option<Delivery>) {
        self.delivery = delivery;
    }

    /// Gives the answer, compressed where that helps and the client takes it.
    pub fn send(mut self, mut reply: Reply) {
        let Some(asked) = self.asked.take() else { return };
        self.sending.count(&reply);
        compress::mark_vary(&mut reply);
        reply.headers.extend(self.delivery.map(|delivery| (DELIVERY_FIELD.into(), delivery.to_string())));
        let takes_gzip = !field(&asked, "accept-encoding").is_empty();
        let (number, sending) = (self.number, Arc::clone(&self.sending));
        let send = move |reply: Reply, content: Content| deliver(asked, number, &sending.handed, &reply, content);
        if takes_gzip && compress::is_compressed(&reply) {
            self.sending.compressor.send(reply, send);
        } else {
            let content = compress::plain(&mut reply);
            send(reply, content);
        }
    }

    /// Lets the body of a request come whose head was checked.
    fn proceed(mut self) {
        let Some(asked) = self.asked.take() else { return };
        respond(asked, self.number, " proceed", &Reply::empty(204), b"");
    }

    /// Lets the request wait. One that was resumed because its wait is over must
    /// be answered: made to wait again, it gets a 500.
    pub fn wait(mut self, wait: Wait) {
        let Some(asked) = self.asked.take() else { return };
        let waiting = written(&asked, wait);
        respond(asked, self.number, " parked", &Reply::empty(200), &waiting);
    }

    /// Sends a piece of a stream, or only keeps it open, and lets it wait for the next. The first piece comes with the
    /// head of the answer; the topics of a stream are those of its first piece.
    pub fn stream(mut self, mut reply: Reply, wait: Wait) {
        let Some(asked) = self.asked.take() else { return };
        let (number, waiting, piece) = (self.number, written(&asked, wait), compress::plain(&mut reply));
        if !piece.is_empty() {
            self.sending.handed.put(number, piece);
        }
        if !respond(asked, number, " streamed", &reply, &waiting) {
            self.sending.handed.take(number);
        }
    }
}

/// "Not yet", as it is sent.
fn written(asked: &tiny_http::Request, wait: Wait) -> Vec<u8> {
    protocol::write_waiting(&WaitingRequest {
        wait_seconds: wait.wait_seconds,
        method: Method::parse(asked.method().as_str()).unwrap_or(Method::Get),
        target: asked.url().into(),
        language: field(asked, "accept-language").into(),
        topics: wait.topics.into(),
        memo: wait.memo.into(),
        told: wait.told,
    })
}

impl Drop for Responder {
    fn drop(&mut self) {
        let Some(asked) = self.asked.take() else { return };
        let id = protocol::read_envelope(field(&asked, FIELD)).map(|envelope| envelope.id).unwrap_or_default();
        let why = if thread::panicking() { "panicked" } else { "gave no answer" };
        let path = asked.url().split('?').next().unwrap_or_default();
        let _of_request = logging::of_request(&id);
        log::error!(
            "the handler of a request {why}, its client got 500; please report this: {} {path}",
            asked.method()
        );
        let language = Language::of_accept_language(field(&asked, "accept-language"));
        let reply = Reply::refusal(&Refusal::Internal, language);
        self.sending.count(&reply);
        respond(asked, self.number, "", &reply, &reply.body);
    }
}

fn field<'a>(asked: &'a tiny_http::Request, name: &'static str) -> &'a str {
    let found = asked.headers().iter().find(|header| header.field.equiv(name));
    found.map_or("", |header| header.value.as_str())
}

fn deliver(asked: tiny_http::Request, number: u64, handed: &Handed, reply: &Reply, content: Content) {
    if !response_head::has_content(reply.status) || !Handed::takes(&content) {
        respond(asked, number, "", reply, &content);
        return;
    }
    handed.put(number, content);
    if !respond(asked, number, " handed", reply, b"") {
        handed.take(number);
    }
}

/// Writes an inner answer; gives whether it was taken. It goes with a length, never chunked, with
/// the request's number, and all at once. (`Request::respond` writes in pieces of 8 KiB; each wakes
/// the server, which can do nothing with a piece.)
fn respond(asked: tiny_http::Request, number: u64, mark: &str, reply: &Reply, content: &[u8]) -> bool {
    let mut message = Vec::with_capacity(256 + content.len());
    // Writing to a Vec does not fail.
    let _ = write!(message, "HTTP/1.1 {} -\r\n{FIELD}: {number}{mark}\r\n", reply.status);
    let own = Some(("Content-Type", reply.content_type.as_ref())).filter(|(_, value)| !value.is_empty());
    let others = reply.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str()));
    for (name, value) in own.into_iter().chain(others) {
        let is_sound = value.bytes().all(|b| matches!(b, b'\t' | b' '..=b'~')) && framing::is_field_name(name);
        if is_sound {
            protocol::write_field(&mut message, name, value);
        } else {
            log::error!("a header field was left out of an answer, its value is not ASCII; please report this: {name}");
        }
    }
    let length = if response_head::has_content(reply.status) { content.len() } else { 0 };
    let _ = write!(message, "Content-Length: {length}\r\n\r\n");
    message.extend_from_slice(&content[..length]);
    let mut writer = asked.into_writer();
    let sent = writer.write_all(&message).and_then(|()| writer.flush());
    if let Err(error) = &sent {
        log::debug!("a response did not reach the event loop: {error}"); // the server gave it up, and has said why
    }
    sent.is_ok()
}

/// A running inner server.
pub struct InnerServer {
    inner: Arc<Inner>,
    workers: usize,
}

struct Inner {
    server: Option<tiny_http::Server>,
    socket: InnerSocket,
    closing: AtomicBool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.server = None;
        self.socket.wake();
    }
}

impl InnerServer {
    /// Starts a tiny_http server and its workers. `connections` is how many it will have at most at once.
    ///
    /// # Errors
    /// When no socket or thread can be made.
    pub fn start(
        workers: usize,
        connections: usize,
        handler: &Handler,
        sending: &Arc<Sending>,
        on_fatal: &OnFatal,
    ) -> io::Result<InnerServer> {
        let (socket, listener) = InnerSocket::listen(&format!("boxoffice-http-{}", system_key()))?;
        // tiny_http panics when it cannot make its threads; this runs on the server's thread as well.
        let served = catch_unwind(|| tiny_http::Server::from_listener(listener, None));
        let served = served.map_err(|_| io::Error::other("no thread can be made for it"))?;
        let server = served.map_err(io::Error::other)?;
        let inner = Arc::new(Inner { server: Some(server), socket, closing: AtomicBool::new(false) });
        let inner_server = InnerServer { inner, workers };
        for number in 0..workers {
            let (inner, handler, sending) = (Arc::clone(&inner_server.inner), Arc::clone(handler), Arc::clone(sending));
            spawn_vital(&format!("worker-{number}"), on_fatal.clone(), move || {
                work(&inner, &handler, &sending);
            })?;
        }
        inner_server.inner.socket.fill(connections, protocol::probe().as_bytes())?;
        Ok(inner_server)
    }

    /// Whether another program could connect to it.
    #[cfg(test)]
    pub fn is_open_to_others(&self) -> bool {
        self.inner.socket.is_open_to_others()
    }

    /// Makes an inner connection.
    ///
    /// # Errors
    /// When the server is gone or descriptors have run out.
    pub fn connect(&self) -> io::Result<InnerStream> {
        self.inner.socket.connect()
    }
}

impl InnerServer {
    /// Gives the server up: its workers end when they can.
    pub fn abandon(self) -> Abandoned {
        Abandoned(Arc::downgrade(&self.inner))
    }
}

/// A server that was given up.
pub struct Abandoned(Weak<Inner>);

impl Abandoned {
    /// Whether some of its workers have not come back yet.
    pub fn is_stuck(&self) -> bool {
        self.0.strong_count() > 0
    }
}

impl Drop for InnerServer {
    fn drop(&mut self) {
        self.inner.closing.store(true, Ordering::Relaxed);
        if let Some(server) = &self.inner.server {
            (0..self.workers).for_each(|_| server.unblock()); // each wakes one
        }
    }
}

fn work(inner: &Inner, handler: &Handler, sending: &Arc<Sending>) {
    let Some(server) = &inner.server else { return };
    while !inner.closing.load(Ordering::Relaxed) {
        match server.recv() {
            // A panic has been answered and logged by the responder's drop; the worker goes on.
            Ok(asked) => drop(catch_unwind(AssertUnwindSafe(|| hand_over(asked, handler, sending)))),
            Err(_) if inner.closing.load(Ordering::Relaxed) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {} // by intent (`InnerSocket::fill`)
            // Accepting ended; what is connected goes on, and the server notices when it wants another connection.
            Err(error) => log::error!(
                "the inner server accepts no more connections and will be replaced, no action needed: {error}"
            ),
        }
    }
}

/// Refuses a request that another program of this machine has sent to the inner socket. Nothing of it is read but its
/// head.
fn reject(asked: tiny_http::Request) {
    log::warn!(
        "another program of this machine sent a request to the inner server and was refused; find out which one it was"
    );
    if asked.body_length().is_some_and(|length| length > 0) {
        // Dropped, it would read the body: as long as its sender likes, into memory as large as it says.
        std::mem::forget(asked);
    } else {
        respond(asked, 0, "", &Reply::empty(403), b"");
    }
}

fn hand_over(mut asked: tiny_http::Request, handler: &Handler, sending: &Arc<Sending>) {
    let mark = field(&asked, FIELD);
    if protocol::authentic(mark).is_none() {
        return reject(asked);
    }
    if asked.url() == PROBE_TARGET {
        respond(asked, 0, "", &Reply::empty(204), b"");
        return;
    }
    let envelope = protocol::read_envelope(mark);
    let (Some(envelope), Some(method)) = (envelope, Method::parse(asked.method().as_str())) else {
        log::error!(
            "the inner server got a request that the event loop cannot have sent, and closed it; please report this"
        );
        respond(asked, 0, "", &Reply::empty(500), b""); // without its number: the server closes the connection
        return;
    };
    let (path, query) = asked.url().split_once('?').unwrap_or((asked.url(), ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let relayed = asked.headers().iter().filter(|header| !header.field.equiv(FIELD));
    let relayed =
        relayed.filter(|header| !header.field.equiv("content-length") && !header.field.equiv("accept-encoding"));
    let text = |header: &tiny_http::Header| {
        (header.field.as_str().as_str().to_owned(), header.value.as_str().to_owned()) // `to_string` would format them
    };
    let headers = relayed.map(text).collect();
    let length = asked.body_length().unwrap_or(0);
    let mut body = Vec::with_capacity(length);
    if length > 0 {
        match asked.as_reader().read_to_end(&mut body) {
            Ok(read) if read == length => {}
            _ => return, // the server went away in the middle of the body
        }
    }
    let RequestEnvelope { number, peer, id, is_head, resumed } = envelope;
    let request = Request { id, method, path, query, headers, body, peer, resumed };
    let responder = Responder { asked: Some(asked), number, delivery: None, sending: Arc::clone(sending) };
    if !is_head {
        return handler.handle(request, responder);
    }
    match handler.refuse_head(&request) {
        Some(reply) => responder.send(reply),
        None => responder.proceed(),
    }
}
