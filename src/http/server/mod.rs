//! The HTTP server: an event loop on one thread owns the listener and every client's connection, reads one complete,
//! checked request at a time, and hands it to a stock tiny_http server behind a Unix-domain socket (`upstream/`), which
//! only ever sees well-formed requests on a few connections.
//!
//! In: `event_loop` (the loop, deadlines, stopping) · `accept` · `connections` (all of them, eviction, counts by
//! address) · `connection` (the state of one) · `request_reader` (bytes become requests) · `framing`, `target`,
//! `encoding` (the request head, strictly) · `body_reader`, `chunked` (its body) · `proxy` (the client's address) ·
//! `upstream/` (submit a request, next event). Out: `response_writer`, `response_head`, `cors` (which origins may
//! read), `output` (what is still to be sent) · `compress` · `shared` (content that clients share) · `long_poll`,
//! `waiters`, `notifier` (requests that wait for a change). Beside: `limits`, `metrics`, and here the handle.
//!
//! # The states of a connection
//!
//! ```text
//!            accept                                    one too many
//!              │                                            │
//!              ▼        head complete, body to come         │
//!   ┌────▶  Head  ──────────────────────────▶  Body         │
//!   │        │  │ refused                       │  │ refused│
//!   │complete│  └──────────────┐       complete │  └──────┐ │
//!   │        ▼                 │                ▼         │ │
//!   │    Dispatched ◀──────────┼────────────────┘         │ │
//!   │        │  ▲              │                          │ │
//!   │"not yet"│  │ notified,   │                          │ │
//!   │        ▼  │ timed out    ▼                          │ │
//!   │     Waiting          Writing ◀──────────────────────┘ │
//!   │        │                 │  (Dispatched, with the answer)
//!   │  client gone             │                            │
//!   │        ▼       keep      │  close                     │
//!   │     closed     alive     │                            │
//!   └──────────────────────────┴───▶ LingeringClose ◀───────┘ ──▶ closed
//! ```
//!
//! `Writing` is entered only when the socket does not take the whole answer at once. `LingeringClose` has shut its
//! writing side and discards what still comes, so that the client reads the answer instead of a reset; where
//! nothing more is to come the connection is closed at once. Every state but `Dispatched` has a deadline here; a
//! request that was handed on has one in `upstream`.

mod accept;
mod body_reader;
mod chunked;
mod compress;
mod connection;
mod connection_id;
mod connections;
mod cors;
mod encoding;
mod event_loop;
mod framing;
mod limits;
mod long_poll;
mod metrics;
mod notifier;
mod output;
mod proxy;
mod request_reader;
mod response_head;
mod response_writer;
mod shared;
mod target;
mod upstream;
mod waiters;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use mio::net::TcpListener;
use mio::{Interest, Poll, Waker};
use socket2::{Domain, Socket, Type};

use event_loop::{EventLoop, LISTENER, WAKER};
pub use limits::Limits;
pub use metrics::Metrics;
pub use notifier::Notifier;
use notifier::Subscription;
pub use proxy::{UNATTRIBUTED, rate_key};
use upstream::Upstream;
pub use upstream::{Handler, Responder, Topic, Wait};

use crate::platform;
use crate::threads::{OnFatal, spawn_vital};

/// Connections that the kernel holds until they are accepted: enough for an on-sale.
const BACKLOG: i32 = 1_024;
/// What the kernel keeps of an answer that a client has not taken yet.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// Why nobody is served at an address.
#[derive(Debug)]
pub enum OpenFailure {
    /// The address can't be had.
    Address(io::Error),
    /// What serves behind it can't be started.
    Inside(io::Error),
}

impl From<OpenFailure> for io::Error {
    fn from(failure: OpenFailure) -> io::Error {
        match failure {
            OpenFailure::Address(error) | OpenFailure::Inside(error) => error,
        }
    }
}

/// A running HTTP server. Dropped without [`Server::stop`], it stops all the same.
pub struct Server {
    address: SocketAddr,
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
        Server::open_on(listener, limits, notifier, handler, on_fatal).map_err(OpenFailure::Inside)
    }

    fn open_on(
        mut listener: TcpListener,
        limits: Limits,
        notifier: Notifier,
        handler: Handler,
        on_fatal: OnFatal,
    ) -> io::Result<Server> {
        let metrics = Arc::new(Metrics::default());
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let address = listener.local_addr()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let upstream = Upstream::start(&limits, handler, on_fatal.clone(), Arc::clone(&metrics))?;
        let stop = Arc::new(AtomicBool::new(false));
        let subscription = notifier.subscribe(Arc::clone(&waker));
        let event_loop = EventLoop::new(
            poll,
            listener,
            upstream,
            limits,
            Arc::clone(&subscription),
            Arc::clone(&stop),
            Arc::clone(&metrics),
        );
        let lost = on_fatal.clone();
        let run = move || {
            if let Err(error) = event_loop.run() {
                log::error!("fatal: the HTTP server at {address} can accept no more: {error}; shutting down");
                lost.call();
            }
        };
        let thread = spawn_vital("http", on_fatal, run)?;
        Ok(Server { address, metrics, stop, waker, notifier, subscription, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it counts.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
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
        if let Err(error) = self.waker.wake() {
            log::error!("the HTTP server could not be told to stop: {error}");
        }
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
