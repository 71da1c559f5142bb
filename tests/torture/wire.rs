//! A client of raw bytes that reads answers strictly, with a deadline on everything.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than this nothing may take: it hangs.
const HANGS_AFTER: Duration = Duration::from_secs(10);

pub struct Wire {
    pub stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (told, value) = line.split_once(':')?;
            told.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.into())
}

impl Wire {
    pub fn open(address: SocketAddr) -> io::Result<Wire> {
        Wire::over(TcpStream::connect_timeout(&address, HANGS_AFTER)?)
    }

    pub fn over(stream: TcpStream) -> io::Result<Wire> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANGS_AFTER))?;
        stream.set_write_timeout(Some(HANGS_AFTER))?;
        Ok(Wire { stream, unread: Vec::new() })
    }

    /// A connection on which the kernel keeps little for either side: small segments, a small window.
    pub fn open_narrow(address: SocketAddr) -> io::Result<Wire> {
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
        socket.set_recv_buffer_size(4_096)?;
        socket.set_tcp_mss(536)?;
        socket.connect(&address.into())?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(HANGS_AFTER))?;
        stream.set_write_timeout(Some(HANGS_AFTER))?;
        Ok(Wire { stream, unread: Vec::new() })
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    pub fn get(&mut self, target: &str) -> io::Result<()> {
        self.send(get(target))
    }

    /// Asks, and gives the answer if it is the handler's own to this very request.
    pub fn echo(&mut self, target: &str) -> io::Result<Answer> {
        self.get(target)?;
        self.echoed("GET", target, b"")
    }

    /// The next answer, if it is the handler's own to this request.
    pub fn echoed(&mut self, method: &str, target: &str, body: &[u8]) -> io::Result<Answer> {
        let answer = self.answer()?;
        let expected = echo_of(method, target, body);
        if answer.status == 200 && answer.body == expected {
            return Ok(answer);
        }
        let (status, text) = (answer.status, answer.text());
        Err(wrong(format!("asked for {:?}, got {status} {text:?}", String::from_utf8_lossy(&expected))))
    }

    /// The next answer.
    pub fn answer(&mut self) -> io::Result<Answer> {
        self.answer_to("GET")
    }

    fn head(&mut self) -> io::Result<String> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more()?;
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        String::from_utf8(head).map_err(|_| wrong("a head that is not text"))
    }

    /// The bytes of the next request, where this is the side that is asked.
    pub fn request(&mut self) -> io::Result<Vec<u8>> {
        let head = Answer { status: 0, head: self.head()?, body: Vec::new() };
        let length = head.field("content-length").map_or(0, |length| length.parse().unwrap_or(0));
        while self.unread.len() < length {
            self.more()?;
        }
        Ok([head.head.into_bytes(), self.unread.drain(..length).collect()].concat())
    }

    /// The next answer to a request of this method: one to HEAD has no content.
    pub fn answer_to(&mut self, method: &str) -> io::Result<Answer> {
        let head = self.head()?;
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| wrong(format!("no status line: {head:?}")))?;
        let mut answer = Answer { status, head, body: Vec::new() };
        let told = answer.field("content-length").map(str::parse::<usize>);
        let length = match (told, status) {
            (None, 100..=199 | 204 | 304) => 0,
            (Some(Ok(_)), _) if method == "HEAD" => 0,
            (Some(Ok(length)), _) => length,
            _ => return Err(wrong(format!("no length: {:?}", answer.head))),
        };
        while self.unread.len() < length {
            self.more()?;
        }
        answer.body = self.unread.drain(..length).collect();
        Ok(answer)
    }

    fn more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 32 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => {
                self.unread.extend_from_slice(&buffer[..length]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The other side closes and says nothing more. `Err` when it speaks, or hangs.
    pub fn is_closed(&mut self) -> io::Result<()> {
        if self.unread.is_empty() {
            match self.more() {
                Err(error) if is_end(&error) => return Ok(()),
                Err(error) => return Err(error),
                Ok(()) => {}
            }
        }
        Err(wrong(format!("said more: {:?}", String::from_utf8_lossy(&self.unread))))
    }

    /// A refusal that says so in good form, and the end of the connection.
    pub fn refused(&mut self, statuses: &[u16]) -> io::Result<Answer> {
        let answer = self.answer()?;
        if !statuses.contains(&answer.status) || answer.field("connection") != Some("close") {
            return Err(wrong(format!("wanted {statuses:?} and a close, got {:?} {:?}", answer.head, answer.text())));
        }
        if answer.field("x-request-id").is_none() || answer.field("content-type") != Some("application/problem+json") {
            return Err(wrong(format!("a refusal without id or problem: {:?}", answer.head)));
        }
        self.is_closed()?;
        Ok(answer)
    }

    /// What has come can be read without waiting.
    pub fn has_more(&self) -> bool {
        if !self.unread.is_empty() {
            return true;
        }
        let _ = self.stream.set_nonblocking(true);
        let peeked = self.stream.peek(&mut [0]);
        let _ = self.stream.set_nonblocking(false);
        !matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

/// Whether the connection is over, orderly or not, rather than silent.
pub fn is_end(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

pub fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: hall\r\n\r\n")
}

pub fn post(target: &str, body: &str) -> String {
    format!("POST {target} HTTP/1.1\r\nHost: hall\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// What the handler answers to a request for `/echo…`.
pub fn echo_of(method: &str, target: &str, body: &[u8]) -> Vec<u8> {
    [format!("{method} {target} ").as_bytes(), body].concat()
}
