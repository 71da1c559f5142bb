//! One keep-alive connection to a server: requests out, whole answers in, with a limit on every wait.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::Value;

/// How long a connection may take to open, and an answer to begin: `Prefer: wait` is at most 30 seconds.
const CONNECT_MAX: Duration = Duration::from_secs(10);
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Bytes of a header line and of a body at most.
const LINE_MAX_BYTES: u64 = 16 << 10;
const BODY_MAX_BYTES: usize = 64 << 20;

/// Where a server is, from a URL such as `http://127.0.0.1:8080`.
#[derive(Debug, Clone)]
pub(super) struct Place {
    host: String,
    address: SocketAddr,
}

impl Place {
    /// Reads a URL; a path behind it is not expected.
    pub(super) fn parse(url: &str) -> Result<Place, String> {
        let rest = url.strip_prefix("http://").ok_or_else(|| format!("{url}: give http://HOST:PORT (no TLS)"))?;
        let host = rest.trim_end_matches('/');
        let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let address = with_port.to_socket_addrs().map_err(|error| format!("{url}: {error}"))?.next();
        Ok(Place { host: host.to_owned(), address: address.ok_or_else(|| format!("{url}: no such address"))? })
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    pub method: &'static str,
    /// Below `/api/v1`.
    pub path: String,
    pub authorization: &'a str,
    pub body: Option<Value>,
    pub prefer_wait_seconds: Option<u32>,
    pub idempotency_key: Option<&'a str>,
}

impl<'a> Call<'a> {
    pub(super) fn get(path: impl Into<String>, authorization: &'a str) -> Call<'a> {
        Call {
            method: "GET",
            path: path.into(),
            authorization,
            body: None,
            prefer_wait_seconds: None,
            idempotency_key: None,
        }
    }

    pub(super) fn post(path: impl Into<String>, authorization: &'a str, body: Value) -> Call<'a> {
        Call { method: "POST", body: Some(body), ..Call::get(path, authorization) }
    }

    pub(super) fn delete(path: impl Into<String>, authorization: &'a str) -> Call<'a> {
        Call { method: "DELETE", ..Call::get(path, authorization) }
    }

    /// Whether sending it a second time does no harm.
    fn may_be_repeated(&self) -> bool {
        self.method != "POST" || self.idempotency_key.is_some()
    }

    fn text(&self, host: &str) -> String {
        let mut text = format!("{} /api/v1{} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.path);
        let mut field = |name: &str, value: &str| {
            text.extend([name, ": ", value, "\r\n"]);
        };
        if !self.authorization.is_empty() {
            field("Authorization", self.authorization);
        }
        if let Some(seconds) = self.prefer_wait_seconds {
            field("Prefer", &format!("wait={seconds}"));
        }
        if let Some(key) = self.idempotency_key {
            field("Idempotency-Key", key);
        }
        let body = self.body.as_ref().map(Value::to_string);
        if let Some(body) = &body {
            field("Content-Type", "application/json");
            field("Content-Length", &body.len().to_string());
        }
        text.push_str("\r\n");
        text.push_str(body.as_deref().unwrap_or(""));
        text
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub status: u16,
    pub retry_after_seconds: Option<u64>,
    pub replayed: bool,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `null` when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The code of a refusal.
    pub(super) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or("?").to_owned()
    }
}

/// A connection that is opened when it is needed.
#[derive(Debug)]
pub(super) struct Wire {
    place: Place,
    stream: Option<BufReader<TcpStream>>,
}

impl Wire {
    pub(super) fn to(place: &Place) -> Wire {
        Wire { place: place.clone(), stream: None }
    }

    /// Sends a request and reads its answer. A connection that was closed meanwhile is opened again once, if sending the
    /// request twice does no harm.
    pub(super) fn call(&mut self, call: &Call) -> io::Result<Answer> {
        let kept = self.stream.is_some();
        let text = call.text(&self.place.host);
        match self.exchange(&text) {
            Err(_) if kept && call.may_be_repeated() => self.exchange(&text),
            outcome => outcome,
        }
    }

    fn exchange(&mut self, text: &str) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(self.place.address)?,
        };
        stream.get_mut().write_all(text.as_bytes())?;
        let (answer, keep) = read_answer(&mut stream)?;
        self.stream = keep.then_some(stream); // after an error it is closed: its state is unknown
        Ok(answer)
    }
}

fn open(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, CONNECT_MAX)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    Ok(BufReader::with_capacity(16 << 10, stream))
}

/// Reads one answer; says whether the connection may be used again.
fn read_answer(stream: &mut impl BufRead) -> io::Result<(Answer, bool)> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let (mut answer, mut length, mut keep) = (Answer::default(), None, true);
    loop {
        let mut line = String::new();
        if stream.by_ref().take(LINE_MAX_BYTES).read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if answer.status == 0 {
            let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
            answer.status = status.ok_or_else(|| bad("not an HTTP/1.1 answer"))?;
            continue;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad("a header line without a colon"))?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = Some(value.parse().map_err(|_| bad("a wrong Content-Length"))?),
            "transfer-encoding" => return Err(bad("an answer in chunks")),
            "connection" => keep = !value.eq_ignore_ascii_case("close"),
            "retry-after" => answer.retry_after_seconds = value.parse().ok(),
            "idempotency-replayed" => answer.replayed = value == "true",
            _ => {}
        }
    }
    let length = match answer.status {
        204 | 304 => 0,
        _ => length.ok_or_else(|| bad("no Content-Length"))?,
    };
    if length > BODY_MAX_BYTES {
        return Err(bad("a body beyond all measure"));
    }
    answer.body = vec![0; length];
    stream.read_exact(&mut answer.body)?;
    Ok((answer, keep))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_and_the_next_one_stands_behind_it() {
        let mut two: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 16\r\nretry-after: 7\r\n\r\n{\"code\":\"WAIT\"}\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        let (first, keep) = read_answer(&mut two).unwrap();
        assert_eq!(
            (first.status, first.retry_after_seconds, first.code().as_str(), keep),
            (403, Some(7), "WAIT", true)
        );
        let (second, keep) = read_answer(&mut two).unwrap();
        assert_eq!((second.status, second.body.len(), keep), (204, 0, false));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for wrong in [
            "",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(read_answer(&mut wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_place_is_read_from_a_url() {
        assert_eq!(Place::parse("http://127.0.0.1:80/").unwrap().host, "127.0.0.1:80");
        assert!(Place::parse("https://127.0.0.1").is_err());
    }
}
