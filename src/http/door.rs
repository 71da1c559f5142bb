//! The door's handle: opening and stopping it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use mio::net::TcpListener;
use mio::{Interest, Poll, Waker};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

use super::behind::Trade;
use super::bell::Bell;
use super::limits::Limits;
use super::metrics::Metrics;
use super::porter::{LISTENER, Porter, WAKER};
use super::relay::Relay;

/// Connections that the kernel holds until they are accepted: a crowd's worth.
const BACKLOG: i32 = 1_024;

/// An open door. Dropped without [`Door::stop`], it stops all the same.
pub struct Door {
    address: SocketAddr,
    metrics: Arc<Metrics>,
    stop: Arc<AtomicBool>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<()>>,
}

impl Door {
    /// Listens on an address (port 0 takes any that is free) and hands what comes to the trade. Raises the process's
    /// descriptor limit to what the system allows.
    ///
    /// # Errors
    /// When the address is taken, or no socket or thread can be made.
    pub fn open(listen: SocketAddr, limits: Limits, bell: Bell, trade: Trade) -> io::Result<Door> {
        let limits = limits.within_descriptors(raise_descriptors());
        let metrics = Arc::new(Metrics::default());
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let mut listener = listen_on(listen)?;
        let address = listener.local_addr()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let relay = Relay::start(&limits, trade, Arc::clone(&metrics))?;
        let stop = Arc::new(AtomicBool::new(false));
        bell.tie(Some(Arc::clone(&waker)));
        let porter = Porter::new(poll, listener, relay, limits, bell, Arc::clone(&stop), Arc::clone(&metrics));
        let thread = thread::Builder::new().name("door".into()).spawn(move || porter.run())?;
        Ok(Door { address, metrics, stop, waker, thread: Some(thread) })
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
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Err(error) = self.waker.wake() {
            log::error!("the door could not be told to stop: {error}");
            return;
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the door's thread ended in a panic");
        }
    }
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?; // a restart must not wait for the last connections to be forgotten
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
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
