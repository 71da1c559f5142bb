//! How clients come in: accepted at one of the listeners, and under TLS led through their handshake.
//!
//! A handshake costs the loop more than a request does. So few of them are taken up in each turn, after those who have
//! a connection were served, address by address; so many may be under way at once, and each has a deadline.

use std::io;
use std::net::IpAddr;

use mio::net::TcpStream;

use super::ConnectionId;
use super::accept::{self, ACCEPT_BATCH};
use super::client_socket::{Stream, Transport};
use super::connection::Connection;
use super::connections::Admission;
use super::event_loop::EventLoop;
use super::proxy;
use super::tls::Handshake;
use crate::refusal::Refusal;

/// Handshakes that are answered or done in one turn of the loop: one costs as much as ten requests, and with an RSA key
/// of 4,096 bits as much as 300 (5 ms). A call takes three turns.
const HANDSHAKES_A_TURN: usize = 2;
/// Clients of which some bytes of a handshake are taken up in one turn, which costs next to nothing.
const STEPS_A_TURN: usize = 64;

impl EventLoop {
    /// Accepts at the listeners where that was put off.
    ///
    /// # Errors
    /// When a listener is lost.
    pub(super) fn accept_due(&mut self) -> io::Result<()> {
        let is_due = |this: &EventLoop, number: usize| this.turn.now_ms >= this.acceptors[number].again_at_ms;
        (0..self.acceptors.len()).try_for_each(|number| if is_due(self, number) { self.accept(number) } else { Ok(()) })
    }

    /// Accepts at all listeners for the last time.
    ///
    /// # Errors
    /// When a listener is lost.
    pub(super) fn accept_last(&mut self) -> io::Result<()> {
        (0..self.acceptors.len()).try_for_each(|number| {
            self.accept(number)?; // whoever has connected already is still answered
            self.acceptors[number].close();
            Ok(())
        })
    }

    /// Accepts at a listener.
    ///
    /// # Errors
    /// When the listener is lost.
    pub(super) fn accept(&mut self, number: usize) -> io::Result<()> {
        let Some(acceptor) = self.acceptors.get_mut(number) else { return Ok(()) };
        let transport = acceptor.transport;
        acceptor.again_at_ms = u64::MAX;
        for _ in 0..ACCEPT_BATCH {
            let Some((socket, peer)) = self.acceptors[number].accept(&self.turn)? else { return Ok(()) };
            self.turn.metrics.connections_accepted_total.add(1);
            match self.connections.admit(peer, transport, &self.turn) {
                Admission::Admitted(rate_key) => drop(self.register(socket, peer, rate_key, transport)),
                Admission::Refused => {
                    let Some(id) = self.register(socket, peer, None, transport) else { continue };
                    self.refuse_and_leave(id, &Refusal::Overloaded { retry_after_seconds: 1 });
                }
                Admission::Dropped => {}
            }
        }
        self.acceptors[number].again_at_ms = self.turn.now_ms; // there may be more: no edge will say so
        Ok(())
    }

    fn register(
        &mut self,
        socket: TcpStream,
        peer: IpAddr,
        rate_key: Option<IpAddr>,
        transport: Transport,
    ) -> Option<ConnectionId> {
        let certificates = self.turn.limits.tls.as_ref().filter(|_| transport == Transport::Tls);
        let mut stream = match certificates {
            Some(certificates) => Stream::secure(socket, certificates.current()).ok()?,
            None => Stream::plain(socket),
        };
        let handshake_until_ms = certificates.map(|_| self.turn.now_ms + self.turn.limits.handshake_max_ms);
        let id = self.connections.next_id();
        if !accept::watch(self.poll.registry(), stream.socket(), id) {
            return None;
        }
        let connection = Connection::new(peer, transport, &mut self.turn);
        self.connections.insert(stream, connection, rate_key, handshake_until_ms);
        self.connections.settle(id, self.turn.now_ms);
        Some(id)
    }

    /// Has a client go on with its handshake when there is time for that; gives whether it is in one.
    pub(super) fn queue_handshake(&mut self, id: ConnectionId) -> bool {
        let Some(client) = self.connections.get_mut(id).filter(|client| client.handshake_until_ms.is_some()) else {
            return false;
        };
        // The first event of each says that it can be written to.
        if client.readable && !std::mem::replace(&mut client.is_queued, true) {
            self.handshakes.push(proxy::rate_key(client.connection.peer), id, client.was_answered);
            self.connections.settle(id, self.turn.now_ms);
        }
        true
    }

    /// Goes on with some of the handshakes whose clients have sent something.
    pub(super) fn shake_hands(&mut self) {
        let mut left = HANDSHAKES_A_TURN;
        for _ in 0..STEPS_A_TURN {
            if left == 0 {
                return;
            }
            let Some(id) = self.handshakes.pop() else { return };
            let Some(client) = self.connections.get_mut(id) else { continue };
            client.is_queued = false;
            let outcome = client.socket.handshake();
            client.socket_bytes = client.socket.buffered_bytes();
            client.was_answered |= matches!(outcome, Ok(Handshake::Answered));
            left -= usize::from(matches!(outcome, Ok(Handshake::Answered | Handshake::Done)));
            match outcome {
                Ok(Handshake::Waits | Handshake::Answered) => client.readable = false,
                Ok(Handshake::Done) => self.turn.metrics.tls_handshakes_total.add(1),
                Ok(Handshake::Plain) => {
                    self.turn.metrics.tls_plain_total.add(1);
                    client.connection.transport = Transport::ToHttps(None);
                }
                Err(_) => self.turn.metrics.tls_handshakes_failed_total.add(1),
            }
            match outcome {
                Ok(Handshake::Waits | Handshake::Answered) => self.keep_half_handshake(id),
                Ok(_) => {
                    self.connections.end_handshake(id);
                    self.drive(id);
                }
                Err(_) => self.close(id),
            }
        }
    }

    /// What it has sent of its handshake counts like what others send of a request.
    fn keep_half_handshake(&mut self, id: ConnectionId) {
        self.connections.settle(id, self.turn.now_ms);
        self.measure_room();
        if !self.turn.has_room(0) {
            self.turn.metrics.connections_evicted_buffers_total.add(1);
            self.close(id);
        }
    }

    /// Closes a client whose deadline was that of its handshake; gives whether it was.
    pub(super) fn expire_handshake(&mut self, id: ConnectionId) -> bool {
        let now_ms = self.turn.now_ms;
        let is_late = self.connections.get_mut(id).is_some_and(|client| client.is_late_with_handshake(now_ms));
        if is_late {
            self.turn.metrics.tls_handshakes_expired_total.add(1);
            self.close(id);
        }
        is_late
    }
}
