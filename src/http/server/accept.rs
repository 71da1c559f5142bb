//! Accepts connections; when descriptors have run out, closes those that come, so that their clients learn of it.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::SockRef;

use super::ConnectionId;
use super::client_socket::Transport;
use super::loop_turn::LoopTurn;
use crate::platform;

/// Connections accepted in one go before the others get their turn.
pub const ACCEPT_BATCH: usize = 256;
/// After an accept that failed for want of memory or descriptors.
const ACCEPT_AGAIN_MS: u64 = 50;

/// A listener.
pub struct Acceptor {
    listener: Option<TcpListener>,
    /// How those are spoken with who come by it.
    pub transport: Transport,
    /// A descriptor kept back, so that a connection can be accepted, and closed, when there are no more.
    spare: Option<File>,
    /// When to accept although no event said so.
    pub again_at_ms: u64,
}

impl Acceptor {
    /// Accepts from a listener that is registered.
    pub fn new(listener: TcpListener, transport: Transport) -> Acceptor {
        Acceptor { listener: Some(listener), transport, spare: platform::spare_descriptor(), again_at_ms: u64::MAX }
    }

    /// The next connection of the backlog; `None` when there is none, or none can be taken now.
    ///
    /// # Errors
    /// When the listener is lost: nobody will ever be accepted again.
    pub fn accept(&mut self, turn: &LoopTurn) -> io::Result<Option<(TcpStream, IpAddr)>> {
        for _ in 0..ACCEPT_BATCH {
            let Some(listener) = &self.listener else { return Ok(None) };
            match listener.accept() {
                Ok((socket, address)) => return Ok(Some((socket, address.ip().to_canonical()))),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(None),
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    _ if platform::is_listener_lost(&error) => return Err(error),
                    _ if self.close_one(turn) => {}
                    _ => {
                        self.again_at_ms = turn.now_ms + ACCEPT_AGAIN_MS;
                        return Ok(None);
                    }
                },
            }
        }
        self.again_at_ms = turn.now_ms; // there may be more: no edge will say so
        Ok(None)
    }

    /// Descriptors have run out: closes the connection that waits.
    fn close_one(&mut self, turn: &LoopTurn) -> bool {
        if self.spare.take().is_none() {
            self.spare = platform::spare_descriptor();
            return false;
        }
        let is_closed = self.listener.as_ref().is_some_and(|listener| listener.accept().is_ok());
        turn.metrics.connections_refused_descriptors_total.add(u64::from(is_closed));
        self.spare = platform::spare_descriptor();
        is_closed && self.spare.is_some()
    }

    /// Accepts no more.
    pub fn close(&mut self) {
        self.listener = None;
        self.again_at_ms = u64::MAX;
    }
}

/// Watches a connection under its id; gives whether that is possible.
pub fn watch(registry: &Registry, socket: &mut TcpStream, id: ConnectionId) -> bool {
    let token = Token(id.number() as usize);
    let watched = registry.register(socket, token, Interest::READABLE | Interest::WRITABLE);
    let _ = socket.set_nodelay(true); // only slower without
    watched
        .inspect_err(|error| {
            log::error!(
                "a new connection was closed, the system cannot watch it; raise the limit of file descriptors: {error}"
            )
        })
        .is_ok()
}

/// Has the close of a socket reset its connection.
pub fn reset(socket: &TcpStream) {
    if let Err(error) = SockRef::from(socket).set_linger(Some(Duration::ZERO)) {
        log::warn!("a connection can't be reset and is closed, no action needed: {error}");
    }
}
