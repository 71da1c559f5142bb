//! A stock tiny_http server on the inner socket, and the workers that hand its requests to the handler.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use super::super::compress::{self, Compressor};
use super::super::metrics::Metrics;
use super::super::{framing, response_head};
use super::handoff::{Answer, Handed, Mailbox};
use super::protocol::{self, FIELD, PROBE_TARGET, RequestEnvelope, StreamCursor, Topic, WaitingRequest};
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
    asked: Option<Asked>,
    number: u64,
    delivery: Option<Delivery>,
    sending: Arc<Sending>,
}

/// What an answer needs to know of its request.
struct Asked {
    id: String,
    method: Method,
    target: Box<str>,
    language: Box<str>,
    takes_gzip: bool,
}

/// What the event loop and the workers share.
pub struct Sending {
    pub compressor: Compressor,
    pub handed: Handed,
    pub mailbox: Mailbox,
    pub metrics: Arc<Metrics>,
}

impl Responder {
    /// Has the answer come late, or not at all.
    pub fn deliver_by(&mut self, delivery: Option<Delivery>) {
        self.delivery = delivery;
    }

    /// Gives the answer, compressed where that helps and the client takes it.
    pub fn send(mut self, reply: Reply) {
        self.answer(reply);
    }

    fn answer(&mut self, mut reply: Reply) {
        let Some(asked) = self.asked.take() else { return };
        self.ready(&mut reply);
        compress::mark_vary(&mut reply);
        let (number, delivery, sending) = (self.number, self.delivery, Arc::clone(&self.sending));
        let send = move |reply: Reply, content: Content| {
            sending.mailbox.put(number, Answer::Whole(reply, content, delivery));
        };
        if !response_head::has_content(reply.status) {
            send(reply, Content::Plain(Vec::new().into()));
        } else if asked.takes_gzip && compress::is_compressed(&reply) {
            self.sending.compressor.send(reply, send);
        } else {
            let content = compress::plain(&mut reply);
            send(reply, content);
        }
    }

    /// Lets the body of a request come whose head was checked.
    fn proceed(mut self) {
        self.asked = None;
        self.sending.mailbox.put(self.number, Answer::Proceed);
    }

    /// Lets the request wait. One that was resumed because its wait is over must
    /// be answered: made to wait again, it gets a 500.
    pub fn wait(mut self, wait: Wait) {
        let Some(asked) = self.asked.take() else { return };
        self.sending.mailbox.put(self.number, Answer::Wait(asked.waits(wait)));
    }

    /// Sends a piece of a stream, or only keeps it open, and lets it wait for the next. The first piece comes with the
    /// head of the answer; the topics of a stream are those of its first piece.
    pub fn stream(mut self, mut reply: Reply, wait: Wait) {
        let Some(asked) = self.asked.take() else { return };
        self.ready(&mut reply);
        let piece = Some(compress::plain(&mut reply)).filter(|piece| !piece.is_empty());
        self.sending.mailbox.put(self.number, Answer::Piece(reply, piece, asked.waits(wait)));
    }

    /// Counts a refusal, and leaves out the fields that cannot be sent.
    fn ready(&self, reply: &mut Reply) {
        reply.refused.into_iter().for_each(|code| self.sending.metrics.count_refusal(code));
        let is_sound = |name: &str, value: &str| {
            let is_sound = value.bytes().all(|b| matches!(b, b'\t' | b' '..=b'~')) && framing::is_field_name(name);
            if !is_sound {
                log::error!(
                    "a header field was left out of an answer, its value is not ASCII; please report this: {name}"
                );
            }
            is_sound
        };
        reply.headers.retain(|(name, value)| is_sound(name, value));
        if !is_sound("Content-Type", &reply.content_type) {
            reply.content_type = "".into();
        }
    }
}

/// Ends a request of tiny_http without an answer over its socket: merely dropped, it would write a 500 there.
fn close(asked: tiny_http::Request) {
    drop(asked.into_writer());
}

impl Asked {
    /// "Not yet", as the event loop keeps it.
    fn waits(self, wait: Wait) -> WaitingRequest {
        WaitingRequest {
            wait_seconds: wait.wait_seconds,
            method: self.method,
            target: self.target,
            language: self.language,
            topics: wait.topics.into(),
            memo: wait.memo.into(),
            told: wait.told,
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let Some(asked) = &self.asked else { return };
        let why = if thread::panicking() { "panicked" } else { "gave no answer" };
        let path = asked.target.split('?').next().unwrap_or_default();
        let _of_request = logging::of_request(&asked.id);
        log::error!(
            "the handler of a request {why}, its client got 500; please report this: {} {path}",
            asked.method.word()
        );
        let language = Language::of_accept_language(&asked.language);
        self.delivery = None;
        self.answer(Reply::refusal(&Refusal::Internal, language));
    }
}

fn field<'a>(asked: &'a tiny_http::Request, name: &'static str) -> &'a str {
    let found = asked.headers().iter().find(|header| header.field.equiv(name));
    found.map_or("", |header| header.value.as_str())
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
    /// Starts a tiny_http server and its workers.
    ///
    /// # Errors
    /// When no socket or thread can be made.
    pub fn start(
        workers: usize,
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
        inner_server.inner.socket.fill(protocol::probe(0).as_bytes())?;
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
        tell(asked, 403);
    }
}

/// Answers over the socket, where its other end is not the event loop's connection, or has yet to become that.
fn tell(asked: tiny_http::Request, status: u16) {
    let _ = asked.respond(tiny_http::Response::empty(status)); // who has left need not be told
}

fn hand_over(asked: tiny_http::Request, handler: &Handler, sending: &Arc<Sending>) {
    let mark = field(&asked, FIELD);
    let Some(envelope) = protocol::authentic(mark) else { return reject(asked) };
    if asked.url() == PROBE_TARGET {
        match envelope.parse() {
            Ok(number @ 1..) => {
                sending.mailbox.put(number, Answer::Alive);
                close(asked);
            }
            _ => tell(asked, 204), // a connection that is being made
        }
        return;
    }
    let (Some(envelope), Some(method)) = (protocol::read_envelope(mark), Method::parse(asked.method().as_str())) else {
        log::error!("a request between the event loop and a worker is malformed and will be late; please report this");
        return close(asked);
    };
    let RequestEnvelope { number, peer, id, is_head, resumed } = envelope;
    // Without it, it was given up, or came twice and another worker has it.
    let Some(body) = sending.handed.take(number) else { return close(asked) };
    let (path, query) = asked.url().split_once('?').unwrap_or((asked.url(), ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let relayed = asked.headers().iter().filter(|header| !header.field.equiv(FIELD));
    let relayed = relayed.filter(|header| !header.field.equiv("accept-encoding"));
    let text = |header: &tiny_http::Header| {
        (header.field.as_str().as_str().to_owned(), header.value.as_str().to_owned()) // `to_string` would format them
    };
    let headers = relayed.map(text).collect();
    let of_answer = Asked {
        id: id.clone(),
        method,
        target: asked.url().into(),
        language: field(&asked, "accept-language").into(),
        takes_gzip: !field(&asked, "accept-encoding").is_empty(),
    };
    close(asked);
    let request = Request { id, method, path, query, headers, body, peer, resumed };
    let responder = Responder { asked: Some(of_answer), number, delivery: None, sending: Arc::clone(sending) };
    if !is_head {
        return handler.handle(request, responder);
    }
    match handler.refuse_head(&request) {
        Some(reply) => responder.send(reply),
        None => responder.proceed(),
    }
}
