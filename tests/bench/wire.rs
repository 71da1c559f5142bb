//! Answers as they come over the wire, and a simple client for what is not measured.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A whole answer.
pub struct Answer<'a> {
    pub status: u16,
    pub head: &'a [u8],
    pub body: &'a [u8],
}

impl Answer<'_> {
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.body).unwrap_or("(not UTF-8)")
    }

    /// A field of the head.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = std::str::from_utf8(self.head).ok()?;
        head.lines().find_map(|line| {
            let (told, value) = line.split_once(':')?;
            told.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// A text member of the JSON content, found without reading all of it.
    pub fn member(&self, name: &str) -> Option<&str> {
        let text = std::str::from_utf8(self.body).ok()?;
        let (_, after) = text.split_once(&format!("\"{name}\":\""))?;
        after.split('"').next()
    }

    pub fn length(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

/// The answer that stands at the beginning of these bytes, once it is whole.
pub fn whole_answer(bytes: &[u8]) -> Option<Answer<'_>> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(head)) = parsed.parse(bytes) else { return None };
    let told = parsed.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let length = told.and_then(|field| std::str::from_utf8(field.value).ok()?.trim().parse().ok()).unwrap_or(0);
    let body = bytes.get(head..head + length)?;
    Some(Answer { status: parsed.code.unwrap_or(0), head: &bytes[..head], body })
}

/// Reads one answer; the bytes stay in `buffer`.
pub fn read_answer<'b>(stream: &mut TcpStream, buffer: &'b mut Vec<u8>) -> io::Result<Answer<'b>> {
    let mut part = [0; 16 << 10];
    buffer.clear();
    while whole_answer(buffer).is_none() {
        match stream.read(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => buffer.extend_from_slice(&part[..length]),
        }
    }
    whole_answer(buffer).ok_or(io::ErrorKind::InvalidData.into())
}

/// A keep-alive connection that asks one thing after the other.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub fn open(address: SocketAddr) -> Wire {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        Wire { stream, buffer: Vec::new() }
    }

    pub fn call(&mut self, request: &[u8]) -> Answer<'_> {
        self.stream.write_all(request).unwrap();
        read_answer(&mut self.stream, &mut self.buffer).unwrap()
    }
}

/// A request: with a bearer token unless that is empty, and with JSON unless that is null.
pub fn request(method: &str, path: &str, token: &str, body: &Value) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n");
    if !token.is_empty() {
        text += &format!("Authorization: Bearer {token}\r\n");
    }
    if body.is_null() {
        return (text + "\r\n").into_bytes();
    }
    let body = body.to_string();
    let length = body.len();
    format!("{text}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// The same request with one more header field.
pub fn with_field(request: &[u8], field: &str) -> Vec<u8> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 2;
    [&request[..end], field.as_bytes(), b"\r\n", &request[end..]].concat()
}

/// The same request with another path.
pub fn with_path(request: &[u8], path: &str) -> Vec<u8> {
    let mut spaces = request.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at);
    let (from, to) = (spaces.next().unwrap() + 1, spaces.next().unwrap());
    [&request[..from], path.as_bytes(), &request[to..]].concat()
}
