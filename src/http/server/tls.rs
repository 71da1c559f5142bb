//! TLS between a socket and HTTP, by rustls without I/O of its own. It holds at most one portion of an answer that is
//! encrypted and not sent; what is read is passed on record by record.
//!
//! Handshakes go on by turns of the addresses they come from, so that a flood from a few delays those of others by no
//! more than one handshake of each ([`HandshakeTurns`]).

use std::collections::{HashMap, VecDeque};
use std::io::{self, IoSlice, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::server::{ServerConfig, ServerConnection};

use super::ConnectionId;

/// What a client may send until its handshake is done. A greeting with keys of all kinds takes 2 KiB.
const HANDSHAKE_MAX_BYTES: usize = 16 << 10;
/// What of an answer is encrypted before the socket has taken what was encrypted before it.
const PORTION_BYTES: usize = 32 << 10;
/// Reads of the socket for one read of HTTP. Records may be empty, and others are to get their turn.
const READS_MAX: usize = 8;
/// The first byte of a TLS record in a handshake (RFC 8446, 5.1).
const HANDSHAKE_RECORD: u8 = 0x16;

/// Where a handshake stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// Bytes of HTTP can follow.
    Done,
    /// The client has yet to send something.
    Waits,
    /// The same, after an answer that took a signature.
    Answered,
    /// The client speaks plain HTTP.
    Plain,
}

pub struct Tls {
    session: ServerConnection,
    /// Bytes of the handshake.
    received_bytes: usize,
    /// Nothing more is sent: the end was told, or TLS is broken.
    is_over: bool,
}

impl Tls {
    /// A handshake that is to come.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(config: Arc<ServerConfig>) -> io::Result<Tls> {
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        session.set_buffer_limit(Some(PORTION_BYTES));
        Ok(Tls { session, received_bytes: 0, is_over: false })
    }

    pub fn buffered_bytes(&self) -> usize {
        match self.session.is_handshaking() {
            true => self.received_bytes,
            false => usize::from(self.session.wants_write()) * PORTION_BYTES,
        }
    }

    /// Goes on with the handshake as far as the bytes of the socket reach.
    ///
    /// # Errors
    /// When the socket is broken, or the client sends what is none.
    pub fn handshake(&mut self, socket: &mut TcpStream) -> io::Result<Handshake> {
        let mut is_answered = false;
        while self.session.is_handshaking() {
            let read = match self.received_bytes {
                0 => Self::first_byte(socket).and_then(|first| match first {
                    HANDSHAKE_RECORD => self.session.read_tls(socket).map(Some),
                    _ => Ok(None),
                }),
                _ => self.session.read_tls(socket).map(Some),
            };
            match read {
                Ok(None) => return Ok(Handshake::Plain),
                Ok(Some(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(Some(length)) => self.received_bytes += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.send(socket)?;
                    return Ok(if is_answered { Handshake::Answered } else { Handshake::Waits });
                }
                Err(error) => return Err(error),
            }
            if self.received_bytes > HANDSHAKE_MAX_BYTES {
                return Err(io::ErrorKind::InvalidData.into());
            }
            is_answered |= self.process(socket)?;
        }
        Ok(Handshake::Done)
    }

    /// The first byte of the client, which stays unread.
    fn first_byte(socket: &TcpStream) -> io::Result<u8> {
        let mut first = [0];
        if socket.peek(&mut first)? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(first[0]) }
    }

    /// Reads bytes of HTTP; 0 once the client has said that nothing more comes.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when socket and session are empty; [`io::ErrorKind::Interrupted`] when there may
    /// be more; else when the connection can't go on, also when it ended without that word.
    pub fn read(&mut self, socket: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        self.send(socket)?;
        for _ in 0..READS_MAX {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                told => return told,
            }
            self.session.read_tls(socket)?;
            self.process(socket)?;
        }
        Err(io::ErrorKind::Interrupted.into())
    }

    /// Takes what was read, and sends what TLS itself answers; gives whether it does.
    fn process(&mut self, socket: &mut TcpStream) -> io::Result<bool> {
        let processed = self.session.process_new_packets();
        let is_answered = self.session.wants_write();
        self.send(socket)?; // the alert of an error too
        processed.map(|_| is_answered).map_err(|error| {
            self.is_over = true;
            io::Error::new(io::ErrorKind::InvalidData, error)
        })
    }

    /// Encrypts and sends; gives how many bytes were taken.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when the socket has not taken what was encrypted before.
    pub fn write(&mut self, socket: &mut TcpStream, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.flush(socket)?;
        let taken = self.session.writer().write_vectored(parts)?;
        self.send(socket)?;
        Ok(taken)
    }

    /// Sends what is encrypted.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when the socket takes no more; when it is broken.
    pub fn flush(&mut self, socket: &mut TcpStream) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(socket) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The same as far as the socket takes it now.
    fn send(&mut self, socket: &mut TcpStream) -> io::Result<()> {
        match self.flush(socket) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            flushed => flushed,
        }
    }

    /// Says that nothing more comes, unless that was said, or there is nothing to end.
    pub fn close_notify(&mut self, socket: &mut TcpStream) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.session.send_close_notify();
            let _ = self.send(socket); // whoever is gone misses nothing
        }
    }
}

/// Clients that have sent something of their handshake.
#[derive(Debug, Default)]
pub struct HandshakeTurns {
    by_address: HashMap<IpAddr, VecDeque<ConnectionId>>,
    /// The addresses that have some, in the order of their turns.
    turns: VecDeque<IpAddr>,
}

impl HandshakeTurns {
    /// Adds a client of an address; one that was answered before goes first there, since the end of a handshake costs
    /// little and a flood never comes to it.
    pub fn push(&mut self, address: IpAddr, id: ConnectionId, was_answered: bool) {
        let clients = self.by_address.entry(address).or_default();
        if clients.is_empty() {
            self.turns.push_back(address);
        }
        if was_answered { clients.push_front(id) } else { clients.push_back(id) }
    }

    /// The next client, of the address whose turn it is.
    pub fn pop(&mut self) -> Option<ConnectionId> {
        let address = self.turns.pop_front()?;
        let clients = self.by_address.get_mut(&address)?;
        let id = clients.pop_front();
        if clients.is_empty() {
            self.by_address.remove(&address);
        } else {
            self.turns.push_back(address);
        }
        id
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_go_on_by_turns_of_addresses_and_in_each_first_those_that_were_answered() {
        let [flood, other, third] = [[192, 0, 2, 1], [192, 0, 2, 2], [192, 0, 2, 3]].map(IpAddr::from);
        let mut turns = HandshakeTurns::default();
        (0..100).for_each(|slot| turns.push(flood, ConnectionId::new(slot, 0), false));
        for (address, slot) in [(other, 100), (other, 101), (third, 102)] {
            turns.push(address, ConnectionId::new(slot, 0), slot == 101);
        }
        let order: Vec<usize> = std::iter::from_fn(|| turns.pop()).map(|id| id.slot()).collect();
        assert_eq!(order[..8], [0, 101, 102, 1, 100, 2, 3, 4]);
        assert_eq!((order.len(), turns.is_empty()), (103, true));
        turns.push(other, ConnectionId::new(7, 0), false);
        assert_eq!((turns.pop().map(|id| id.slot()), turns.pop()), (Some(7), None));
    }
}
