//! The door: an event loop on one thread that owns the public listener and every client. It reads one complete, checked
//! request at a time and relays it over a Unix-domain socket to a stock tiny_http server, which only ever sees sound
//! requests on a few connections.
//!
//! Inward: `porter` (the loop, deadlines, stopping) · `entrance` (who is let in) · `crowd` (all clients) · `client` (one of them) · `visit`
//! (bytes become requests) · `framing`, `target` (the head of a request, strictly) · `proxy` (where a client is) · `relay`,
//! `line` (inner connections, and who waits for one) · `passage` (what goes along with a request) · `behind` (tiny_http and
//! its workers).
//! Outward: `inner_answer` (what tiny_http says) · `letters`, `answer` (what clients get) · `asking`, `parking` (requests
//! that wait) · `bell` (the trade says that something changed).
//! Beside: `limits`, `metrics`, and here the handle.
//!
//! # Where a connection stands
//!
//! ```text
//!            accept                                    one too many
//!              │                                            │
//!              ▼        head whole, body to come            │
//!   ┌────▶  Head  ──────────────────────────▶  Body         │
//!   │        │  │ refused                       │  │ refused│
//!   │  whole │  └──────────────┐          whole │  └──────┐ │
//!   │        ▼                 │                ▼         │ │
//!   │     UnderWay ◀───────────┼────────────────┘         │ │
//!   │        │  ▲              │                          │ │
//!   │"not yet"│  │ rung, over  │                          │ │
//!   │        ▼  │              ▼                          │ │
//!   │      Parked          Writing ◀──────────────────────┘ │
//!   │        │                 │  (UnderWay, with the answer)│
//!   │  client gone             │                            │
//!   │        ▼       keep      │  close                     │
//!   │     closed     alive     │                            │
//!   └──────────────────────────┴───────▶ Leaving ◀──────────┘ ──▶ closed
//! ```
//!
//! `Writing` is entered only when the socket does not take the whole answer at once. `Leaving` has shut its writing side and
//! throws away what still comes, so that the client reads the answer instead of a reset; a client from which nothing more
//! is to come is closed at once. Every state but `UnderWay` has a deadline; what is under way has one in `relay`.

mod answer;
mod asking;
mod behind;
mod bell;
mod client;
mod compress;
mod crowd;
mod encoding;
mod entrance;
mod framing;
mod handed;
mod inner_answer;
mod letters;
mod limits;
mod line;
mod metrics;
mod output;
mod parking;
mod passage;
mod porter;
mod proxy;
mod relay;
mod shared;
mod target;
mod visit;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use mio::net::TcpListener;
use mio::{Interest, Poll, Waker};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

pub use behind::{Park, Responder, Trade};
pub use bell::Bell;
use bell::Rope;
pub use limits::Limits;
pub use metrics::Metrics;
pub use passage::Topic;
use porter::{LISTENER, Porter, WAKER};
pub use proxy::{UNATTRIBUTED, rate_key};
use relay::Relay;

use crate::threads::{OnFatal, spawn_vital};

/// Connections that the kernel holds until they are accepted: a crowd's worth.
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

/// An open door. Dropped without [`Door::stop`], it stops all the same.
pub struct Door {
    address: SocketAddr,
    metrics: Arc<Metrics>,
    stop: Arc<AtomicBool>,
    waker: Arc<Waker>,
    bell: Bell,
    rope: Arc<Rope>,
    thread: Option<JoinHandle<()>>,
}

impl Door {
    /// Listens on an address (port 0 takes any that is free) and hands what comes to the trade. Raises the process's
    /// descriptor limit to what the system allows.
    ///
    /// # Errors
    /// When the address is taken, or no socket or thread can be made.
    pub fn open(
        listen: SocketAddr,
        limits: Limits,
        bell: Bell,
        trade: Trade,
        on_fatal: OnFatal,
    ) -> Result<Door, OpenFailure> {
        let limits = limits.within_descriptors(raise_descriptors());
        let listener = listen_on(listen).map_err(OpenFailure::Address)?;
        Door::open_on(listener, limits, bell, trade, on_fatal).map_err(OpenFailure::Inside)
    }

    fn open_on(
        mut listener: TcpListener,
        limits: Limits,
        bell: Bell,
        trade: Trade,
        on_fatal: OnFatal,
    ) -> io::Result<Door> {
        let metrics = Arc::new(Metrics::default());
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let address = listener.local_addr()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let relay = Relay::start(&limits, trade, on_fatal.clone(), Arc::clone(&metrics))?;
        let stop = Arc::new(AtomicBool::new(false));
        let rope = bell.tie(Arc::clone(&waker));
        let porter =
            Porter::new(poll, listener, relay, limits, Arc::clone(&rope), Arc::clone(&stop), Arc::clone(&metrics));
        let lost = on_fatal.clone();
        let run = move || {
            if let Err(error) = porter.run() {
                log::error!("fatal: the HTTP server at {address} can accept no more: {error}; shutting down");
                lost.call();
            }
        };
        let thread = spawn_vital("http", on_fatal, run)?;
        Ok(Door { address, metrics, stop, waker, bell, rope, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it counts.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Stops: accepts no more, answers what is under way, wakes what is parked; returns within 5 seconds.
    pub fn stop(self) {} // dropping it does

    /// Stops several together: within 5 seconds in all.
    pub fn stop_all(doors: Vec<Door>) {
        doors.iter().for_each(Door::begin_stop);
        drop(doors);
    }

    fn begin_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Err(error) = self.waker.wake() {
            log::error!("the HTTP server could not be told to stop: {error}");
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.begin_stop();
        self.bell.untie(&self.rope);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic of it was logged when it happened
        }
    }
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?; // a restart must not wait for the last connections to be forgotten
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    // Small enough that what a slow client takes is seen as it takes it; inherited by what is accepted.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Raises the descriptor limit as far as it goes; gives the limit.
fn raise_descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    current.and_then(|count| usize::try_from(count).ok()).unwrap_or(1 << 20)
}
