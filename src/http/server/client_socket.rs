//! A client's socket: bytes of HTTP in and out, with TLS in between where that is spoken (`tls`). A plain one costs
//! one look at an `Option` for each call.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::server::ServerConfig;

use super::tls::{Handshake, Tls};
use crate::platform::SHORT_READ_IS_ALL;

/// A client's socket, plain or under TLS.
pub struct Stream {
    socket: TcpStream,
    tls: Option<Box<Tls>>,
}

impl Stream {
    /// A socket on which plain HTTP is spoken.
    pub fn plain(socket: TcpStream) -> Stream {
        Stream { socket, tls: None }
    }

    /// A socket on which a handshake is to come.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn secure(socket: TcpStream, config: Arc<ServerConfig>) -> io::Result<Stream> {
        Ok(Stream { socket, tls: Some(Box::new(Tls::new(config)?)) })
    }

    /// The socket itself, to be watched or reset.
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Goes on with the handshake as far as the client's bytes reach. Where its first byte is none of TLS, it speaks
    /// plain HTTP from then on.
    ///
    /// # Errors
    /// When the client is gone, or does not speak TLS as it should.
    pub fn handshake(&mut self) -> io::Result<Handshake> {
        let Some(tls) = &mut self.tls else { return Ok(Handshake::Plain) };
        let outcome = tls.handshake(&mut self.socket);
        if matches!(outcome, Ok(Handshake::Plain)) {
            self.tls = None;
        }
        outcome
    }

    /// Whether a read that gave less than was asked for has emptied the socket. Under TLS it may have ended with a
    /// record.
    pub fn short_read_is_all(&self) -> bool {
        SHORT_READ_IS_ALL && self.tls.is_none()
    }

    /// The memory for bytes that are on their way, beside the kernel's.
    pub fn buffered_bytes(&self) -> usize {
        self.tls.as_ref().map_or(0, |tls| tls.buffered_bytes())
    }

    /// Ends what is sent, so that the client reads the end.
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn shutdown_write(&mut self) -> io::Result<()> {
        self.close_notify();
        self.socket.shutdown(Shutdown::Write)
    }

    /// Tells the other side of TLS that nothing more comes, as far as the socket takes it now.
    fn close_notify(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.close_notify(&mut self.socket);
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close_notify();
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.read(buffer),
            Some(tls) => tls.read(&mut self.socket, buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.write_vectored(parts),
            Some(tls) => tls.write(&mut self.socket, parts),
        }
    }

    /// Sends what is encrypted already; [`io::ErrorKind::WouldBlock`] where the socket takes no more.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => Ok(()),
            Some(tls) => tls.flush(&mut self.socket),
        }
    }
}
