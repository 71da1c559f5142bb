//! The HTTP server: an event loop on one thread owns the listener and every client's connection, reads one complete,
//! checked request at a time, and hands it to a stock tiny_http server behind a Unix-domain socket (`upstream/`), which
//! only ever sees well-formed requests, on one connection.
//!
//! The loop: `event_loop` (readiness to a connection, its action to a socket, upstream or the long polls) · `loop_turn`
//! (the time of a turn and what all share) · `accept`, `arrivals` (listeners, and TLS handshakes) · `client_socket`,
//! `tls` (bytes of HTTP from a socket, plain or encrypted, or only sent to https) · `connections` (limits, eviction,
//! deadlines, memory). One connection, without a socket: `connection` (its states) · `deadlines` (what happens at its
//! deadline) · `request_reader` (bytes become requests) · `framing`, `target`, `encoding` (the request head, strictly)
//! · `body_reader`, `chunked` (its body) · `proxy` (the client's address) · `response_writer`, `response_head`, `cors`
//! (which origins may read) · `output` (what is still to be sent) · `streaming` (answers that are streams of
//! events). Beyond it: `upstream/` (submit a request, take answers) · `long_poll`, `notifier` (requests that
//! wait for a change) · `stream_pieces`, `fan_out` (the pieces of streams) · `closing` · `compress`. Beside: `limits`,
//! `metrics` (and the access log), and here the handle.
//!
//! # The states of a connection
//!
//! ```text
//!   Head ──head complete──▶ Dispatched        a request without a body
//!   Head ─────────────────▶ Body              its body is to come
//!   Head ─────────────────▶ Expecting         its body is to come, and the client waits to be asked for it
//!   Expecting ─not refused─▶ Body             after "100 Continue"
//!   Body ──complete───────▶ Dispatched
//!   Dispatched ─"not yet"─▶ Waiting
//!   Waiting ──notified, timed out──▶ Dispatched
//!   Dispatched ─a piece───▶ Streaming         the answer is a stream of events, and goes on
//!   Streaming ──the next is due────▶ Dispatched
//!   Head, Body, Expecting ──refused──▶ Writing
//!   Dispatched ──answered──▶ Writing, Held, Reset, Closed    all but the first by the wish of a test
//!   Held ──deadline──▶ Writing, Reset, Closed
//!   Writing ──keep alive──▶ Head
//!   Writing ──close───────▶ LingeringClose ──▶ Closed
//! ```
//!
//! A connection that is refused because there are too many begins in `Writing`. `LingeringClose` shuts its writing
//! side and discards what still comes, so that the client reads the answer instead of a reset; where nothing more has
//! come the connection is closed at once. Every state but `Dispatched` and `Expecting` has a deadline here; a request
//! that was handed on has one in `upstream`. A client that leaves ends its connection in every state in which
//! something is read of it, which `Waiting` and `Streaming` are too.

mod accept;
mod arrivals;
mod body_reader;
mod chunked;
mod client_socket;
mod closing;
mod compress;
mod connection;
mod connections;
mod cors;
mod deadlines;
mod encoding;
mod event_loop;
mod fan_out;
mod framing;
mod limits;
mod long_poll;
mod loop_turn;
mod metrics;
mod notifier;
mod output;
mod proxy;
mod request_reader;
mod response_head;
mod response_writer;
mod stream_pieces;
mod streaming;
mod target;
mod tls;
mod upstream;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use mio::net::TcpListener;
use mio::{Interest, Poll, Token, Waker};
use socket2::{Domain, Socket, Type};

use accept::Acceptor;
use client_socket::Transport;
use event_loop::{EventLoop, LISTENERS, WAKER};
pub use framing::is_relayable;
pub use limits::{AllowedMethods, Limits, Repeats};
use loop_turn::LoopTurn;
pub use metrics::Metrics;
pub use notifier::Notifier;
use notifier::Subscription;
pub use proxy::{UNATTRIBUTED, rate_key};
use upstream::Upstream;
pub use upstream::{Handle, Handler, Responder, StreamCursor, Topic, Wait};

use crate::platform;
use crate::threads::{OnFatal, spawn_vital};

/// Connections that the kernel holds until they are accepted: enough for an on-sale.
const BACKLOG: i32 = 1_024;
/// What the kernel keeps of an answer that a client has not taken yet.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// A client by its place among the connections and the generation of that place; the token of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The first in order.
    pub const MIN: ConnectionId = ConnectionId(0);
    /// The last in order.
    pub const MAX: ConnectionId = ConnectionId(u64::MAX);

    /// The id of a place in its generation.
    pub const fn new(slot: usize, generation: u32) -> ConnectionId {
        ConnectionId(((generation as u64) << 32) | (slot as u64 & 0xffff_ffff))
    }

    /// The place.
    pub const fn slot(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }

    /// The number as a token.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl From<u64> for ConnectionId {
    fn from(number: u64) -> ConnectionId {
        ConnectionId(number)
    }
}

/// Why nobody is served at an address.
#[derive(Debug)]
pub enum OpenFailure {
    /// The address can't be had.
    Address(io::Error),
    /// The address at which requests are sent to https can't be had.
    Redirect(io::Error),
    /// What serves behind it can't be started.
    Inside(io::Error),
}

impl From<OpenFailure> for io::Error {
    fn from(failure: OpenFailure) -> io::Error {
        match failure {
            OpenFailure::Address(error) | OpenFailure::Redirect(error) | OpenFailure::Inside(error) => error,
        }
    }
}

/// A running HTTP server. Dropped without [`Server::stop`], it stops all the same.
pub struct Server {
    address: SocketAddr,
    redirect_address: Option<SocketAddr>,
    metrics: Arc<Metrics>,
    stop: Arc<AtomicBool>,
    waker: Arc<Waker>,
    notifier: Notifier,
    subscription: Arc<Subscription>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on an address (port 0 takes any that is free) and hands requests to the handler. Raises the process's
    /// descriptor limit to what the system allows.
    ///
    /// # Errors
    /// When the address is taken, or no socket or thread can be made.
    pub fn open(
        listen: SocketAddr,
        limits: Limits,
        notifier: Notifier,
        handler: Handler,
        on_fatal: OnFatal,
    ) -> Result<Server, OpenFailure> {
        let limits = limits.within_descriptors(platform::raise_descriptor_limit());
        let listener = listen_on(listen).map_err(OpenFailure::Address)?;
        let redirect = limits.redirect_listen.map(listen_on).transpose().map_err(OpenFailure::Redirect)?;
        Server::open_on(listener, redirect, limits, notifier, handler, on_fatal).map_err(OpenFailure::Inside)
    }

    fn open_on(
        listener: TcpListener,
        redirect: Option<TcpListener>,
        limits: Limits,
        notifier: Notifier,
        handler: Handler,
        on_fatal: OnFatal,
    ) -> io::Result<Server> {
        let metrics = Arc::new(Metrics::of(limits.paths.clone()));
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let address = listener.local_addr()?;
        let redirect_address = redirect.as_ref().map(TcpListener::local_addr).transpose()?;
        let transport = if limits.tls.is_some() { Transport::Tls } else { Transport::Plain };
        let redirect = redirect.map(|listener| (listener, Transport::ToHttps(Some(address.port()))));
        let mut acceptors = Vec::new();
        for (number, (mut listener, transport)) in [(listener, transport)].into_iter().chain(redirect).enumerate() {
            poll.registry().register(&mut listener, Token(LISTENERS + number), Interest::READABLE)?;
            acceptors.push(Acceptor::new(listener, transport));
        }
        let upstream = Upstream::start(&limits, handler, Arc::clone(&waker), on_fatal.clone(), Arc::clone(&metrics))?;
        let stop = Arc::new(AtomicBool::new(false));
        let subscription = notifier.subscribe(Arc::clone(&waker));
        let turn = LoopTurn::new(limits, Arc::clone(&metrics));
        let event_loop = EventLoop::new(poll, acceptors, upstream, turn, Arc::clone(&subscription), Arc::clone(&stop));
        let lost = on_fatal.clone();
        let run = move || {
            if let Err(error) = event_loop.run() {
                log::error!(
                    "fatal: no more connections can be accepted, shutting down; restart the server: {address}: {error}"
                );
                lost.call();
            }
        };
        let thread = spawn_vital("http", on_fatal, run)?;
        Ok(Server { address, redirect_address, metrics, stop, waker, notifier, subscription, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where requests are sent to https.
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        self.redirect_address
    }

    /// What it counts.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Has the event loop come round.
    pub fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            log::error!("the event loop could not be woken, end the process: {error}");
        }
    }

    /// Stops: accepts no more, answers what is under way, resumes what waits; returns within 5 seconds.
    pub fn stop(self) {} // dropping it does

    /// Stops several together: within 5 seconds in all.
    pub fn stop_all(servers: Vec<Server>) {
        servers.iter().for_each(Server::begin_stop);
        drop(servers);
    }

    fn begin_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.wake();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.begin_stop();
        self.notifier.unsubscribe(&self.subscription);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic of it was logged when it happened
        }
    }
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    platform::reuse_address(&socket)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    // Small enough that what a slow client takes is seen as it takes it; inherited by what is accepted.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}
