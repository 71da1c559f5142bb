//! How a client is spoken with: plain, under TLS, or only to be sent to https ([`Transport`]); and its socket, with
//! bytes of HTTP in and out and TLS in between where that is spoken (`tls`). A plain one costs one look at an `Option`
//! for each call.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::server::ServerConfig;

use super::target;
use super::tls::{Handshake, Tls};
use crate::platform::SHORT_READ_IS_ALL;

/// How a client is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Plain,
    /// HTTP under TLS.
    Tls,
    /// Plain HTTP, whose requests are sent to https: at this port, or at the one where they were made.
    ToHttps(Option<u16>),
}

impl Transport {
    /// The https URL for a request: that of the same host, path and query; `None` in it where no host was asked.
    /// `None` where the request is answered here.
    pub fn https_url(self, authority: Option<&str>, path_and_query: &str) -> Option<Option<String>> {
        let Transport::ToHttps(port) = self else { return None };
        Some(authority.map(|authority| {
            let (host, own_port) = target::host_and_port(authority);
            let port = port.or(own_port).filter(|&port| port != 443);
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            format!("https://{}{port}{path_and_query}", host.to_ascii_lowercase())
        }))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_url_has_the_host_in_lower_case_the_port_of_https_and_the_path_as_it_was() {
        let url = |port, authority| Transport::ToHttps(port).https_url(Some(authority), "/a%20b?c=%2f").flatten();
        for (port, authority, wanted) in [
            (Some(443), "Tickets.Example", "https://tickets.example/a%20b?c=%2f"),
            (Some(443), "tickets.example:80", "https://tickets.example/a%20b?c=%2f"),
            (Some(8443), "tickets.example:8080", "https://tickets.example:8443/a%20b?c=%2f"),
            (Some(8443), "[FE80::1]:80", "https://[fe80::1]:8443/a%20b?c=%2f"),
            (None, "192.168.0.2:8443", "https://192.168.0.2:8443/a%20b?c=%2f"),
            (None, "a:443", "https://a/a%20b?c=%2f"),
            (None, "a:", "https://a/a%20b?c=%2f"),
            (None, "[::1]", "https://[::1]/a%20b?c=%2f"),
        ] {
            assert_eq!(url(port, authority).as_deref(), Some(wanted));
        }
        for own in [Transport::Plain, Transport::Tls] {
            assert_eq!(own.https_url(Some("a"), "/"), None);
        }
        assert_eq!(Transport::ToHttps(None).https_url(None, "/"), Some(None));
    }
}
