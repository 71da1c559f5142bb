//! What customers call the server with. A server of the rush's own is written to and read as it writes and reads, which
//! leaves the processors to it; another one may answer in every way that HTTP knows, and is called as all commands call
//! a server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::client::{Answer, Call, Client, ServerAddress};

/// How long a read or a write may stand still: `Prefer: wait` is a few seconds here.
const STILL_MAX: Duration = Duration::from_secs(60);
/// A connection that was unused for so long may have been closed by the server, and is opened anew.
const UNUSED_MAX: Duration = Duration::from_secs(30);
/// Header fields of an answer at most.
const HEADERS_MAX: usize = 32;

/// The server that is called.
#[derive(Debug, Clone)]
pub(super) enum Server {
    Own(SocketAddr),
    Other(ServerAddress),
}

impl Server {
    /// A connection for a thread, opened with its first call.
    pub(super) fn connect(&self) -> Connection {
        match self {
            Server::Own(address) => Connection::Own(OwnConnection::to(*address)),
            Server::Other(address) => Connection::Other(Client::to(address)),
        }
    }
}

/// The connection of a thread.
#[derive(Debug)]
pub(super) enum Connection {
    Own(OwnConnection),
    Other(Client),
}

impl Connection {
    /// Sends a request and reads its answer. A connection that was closed meanwhile is opened again once, if sending
    /// the request twice does no harm.
    pub(super) fn call(&mut self, call: &Call) -> io::Result<Answer> {
        match self {
            Connection::Own(own) => own.call(call),
            Connection::Other(client) => client.call(call),
        }
    }
}

/// A connection to a server of our own: plain HTTP, and answers with a length.
#[derive(Debug)]
pub(super) struct OwnConnection {
    address: SocketAddr,
    socket: Option<TcpStream>,
    used: Instant,
    /// The last request and the last answer as they were sent.
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl OwnConnection {
    fn to(address: SocketAddr) -> OwnConnection {
        OwnConnection { address, socket: None, used: Instant::now(), request: Vec::new(), answer: Vec::new() }
    }

    fn call(&mut self, call: &Call) -> io::Result<Answer> {
        write_request(call, self.address, &mut self.request)?;
        if self.used.elapsed() > UNUSED_MAX {
            self.socket = None;
        }
        let was_open = self.socket.is_some();
        let outcome = match self.exchange() {
            Err(_) if was_open && call.may_be_repeated() => self.exchange(),
            outcome => outcome,
        };
        self.used = Instant::now();
        outcome
    }

    fn exchange(&mut self) -> io::Result<Answer> {
        let mut socket = match self.socket.take() {
            Some(socket) => socket,
            None => open(self.address)?,
        };
        socket.write_all(&self.request)?;
        let (answer, stays) = read_answer(&mut socket, &mut self.answer)?;
        self.socket = stays.then_some(socket);
        Ok(answer)
    }
}

fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&address, STILL_MAX)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(STILL_MAX))?;
    socket.set_write_timeout(Some(STILL_MAX))?;
    Ok(socket)
}

fn write_request(call: &Call, address: SocketAddr, out: &mut Vec<u8>) -> io::Result<()> {
    out.clear();
    write!(out, "{} {}{} HTTP/1.1\r\nHost: {address}\r\n", call.method, call.base, call.path)?;
    if !call.authorization.is_empty() {
        write!(out, "Authorization: {}\r\n", call.authorization)?;
    }
    if let Some(seconds) = call.prefer_wait_seconds {
        write!(out, "Prefer: wait={seconds}\r\n")?;
    }
    if let Some(key) = call.idempotency_key {
        write!(out, "Idempotency-Key: {key}\r\n")?;
    }
    match &call.body {
        None => out.extend(b"\r\n"),
        Some(body) => {
            let body = body.to_string();
            write!(out, "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        }
    }
    Ok(())
}

/// Reads an answer, and says whether the connection may be used again.
fn read_answer(socket: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<(Answer, bool)> {
    bytes.clear();
    let head = loop {
        read_more(socket, bytes)?;
        if let Some(head) = Head::parse(bytes)? {
            break head;
        }
    };
    while bytes.len() < head.bytes + head.body_bytes {
        read_more(socket, bytes)?;
    }
    if bytes.len() > head.bytes + head.body_bytes {
        return Err(wrong("more came than one answer"));
    }
    let body = bytes[head.bytes..].to_vec();
    let retry_after_seconds = head.retry_after_seconds;
    Ok((Answer { status: head.status, retry_after_seconds, location: None, body }, head.stays))
}

fn read_more(socket: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = [0; 4_096];
    match socket.read(&mut piece)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => {
            bytes.extend_from_slice(&piece[..length]);
            Ok(())
        }
    }
}

/// What the head of an answer says.
struct Head {
    bytes: usize,
    body_bytes: usize,
    status: u16,
    retry_after_seconds: Option<u64>,
    /// Whether the connection may be used again.
    stays: bool,
}

impl Head {
    /// `None` when it is not whole.
    fn parse(bytes: &[u8]) -> io::Result<Option<Head>> {
        let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut fields);
        let parsed = response.parse(bytes).map_err(|error| wrong(&error.to_string()))?;
        let httparse::Status::Complete(length) = parsed else { return Ok(None) };
        let status = response.code.unwrap_or(0);
        let mut head = Head { bytes: length, body_bytes: 0, status, retry_after_seconds: None, stays: true };
        for field in response.headers {
            let value = std::str::from_utf8(field.value).unwrap_or_default();
            match field.name {
                name if name.eq_ignore_ascii_case("content-length") => {
                    head.body_bytes = value.parse().map_err(|_| wrong("a length that is no number"))?;
                }
                name if name.eq_ignore_ascii_case("transfer-encoding") => return Err(wrong("an answer in chunks")),
                name if name.eq_ignore_ascii_case("retry-after") => head.retry_after_seconds = value.parse().ok(),
                name if name.eq_ignore_ascii_case("connection") => head.stays = !value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        Ok(Some(head))
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of a few.
    struct Pieces<'b>(&'b [u8]);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(7);
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    #[test]
    fn answers_are_read_whole_whatever_the_pieces_in_which_they_come() {
        let read = |bytes: &[u8]| read_answer(&mut Pieces(bytes), &mut Vec::new());
        let (answer, stays) =
            read(b"HTTP/1.1 409 Conflict\r\nContent-Length: 13\r\nRetry-After: 7\r\n\r\n{\"code\": \"X\"}").unwrap();
        assert_eq!(
            (answer.status, answer.retry_after_seconds, answer.code().as_str(), stays),
            (409, Some(7), "X", true)
        );
        let (answer, stays) = read(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
        assert_eq!((answer.status, answer.body.len(), stays), (204, 0, false));
        assert!(read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").is_err());
        assert!(read(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nlonger").is_err());
        assert!(read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").is_err());
    }
}
