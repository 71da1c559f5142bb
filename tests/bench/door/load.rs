//! The load: one thread that keeps many connections busy, and counts for each of them.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// What is asked of a server.
#[derive(Clone, Copy)]
pub struct Load {
    pub is_post: bool,
    /// An answer as long as a hall's list of seats.
    pub is_long: bool,
    pub connections: usize,
    /// A connection for each request.
    pub is_new_each: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    pub requests: usize,
    pub seconds: f64,
    pub p99_us: u32,
    /// Connections that got no answer at all, and answers that were none.
    pub starved: usize,
    pub failed: usize,
}

struct Asker {
    socket: TcpStream,
    asked: Instant,
    got: usize,
    answers: usize,
}

struct Run {
    poll: Poll,
    address: SocketAddr,
    load: Load,
    request: Vec<u8>,
    answer_bytes: usize,
    latencies_us: Vec<u32>,
    failed: usize,
    scratch: Vec<u8>,
}

pub fn request(is_post: bool, path: &str, close: bool) -> Vec<u8> {
    let close = if close { "Connection: close\r\n" } else { "" };
    let body = r#"{"userId":"01890a5d-ac96-774b-bcce-b302099a8057","amount":1000}"#;
    let head = format!("{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n{close}");
    if is_post {
        let length = body.len();
        format!("POST {head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    } else {
        format!("GET {head}\r\n").into_bytes()
    }
}

/// One connection, opened and answered once before the next: so even a server that starves bursts has served each.
fn greet(address: SocketAddr, request: &[u8], patience: Duration) -> io::Result<(std::net::TcpStream, usize)> {
    let mut socket = std::net::TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(patience))?;
    socket.write_all(request)?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let length = match socket.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok((socket, 0)),
            Err(error) => return Err(error),
        };
        bytes.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&bytes);
        let Some(end) = text.find("\r\n\r\n") else { continue };
        let told =
            text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let whole = end + 4 + told.unwrap_or(0);
        if bytes.len() >= whole {
            return Ok((socket, whole));
        }
    }
}

/// Puts a load on a server for a while.
pub fn run(address: SocketAddr, load: Load, lasting: Duration) -> io::Result<Outcome> {
    let request = request(load.is_post, if load.is_long { "/long" } else { "/constant" }, load.is_new_each);
    let (mut greeted, mut answer_bytes) = (Vec::new(), 0);
    for _ in 0..if load.is_new_each { 1 } else { load.connections } {
        let (socket, whole) = greet(address, &request, Duration::from_millis(300))?;
        answer_bytes = answer_bytes.max(whole);
        greeted.push(socket);
    }
    let latencies_us = Vec::with_capacity(1 << 18);
    let mut run = Run {
        poll: Poll::new()?,
        address,
        load,
        request,
        answer_bytes,
        latencies_us,
        failed: 0,
        scratch: vec![0; 64 << 10],
    };
    let mut askers = Vec::new();
    for place in 0..load.connections {
        let socket = match greeted.pop().filter(|_| !load.is_new_each) {
            Some(socket) => {
                socket.set_nonblocking(true)?;
                TcpStream::from_std(socket)
            }
            None => TcpStream::connect(address)?,
        };
        askers.push(Asker { socket, asked: Instant::now(), got: 0, answers: 0 });
        run.watch(&mut askers[place], place)?;
    }
    let start = Instant::now();
    run.until(&mut askers, start + lasting)?;
    let seconds = start.elapsed().as_secs_f64();
    run.latencies_us.sort_unstable();
    let requests = run.latencies_us.len();
    let p99_us = run.latencies_us.get(requests * 99 / 100).copied().unwrap_or(u32::MAX);
    let starved = askers.iter().filter(|asker| asker.answers == 0).count();
    Ok(Outcome { requests, seconds, p99_us, starved, failed: run.failed })
}

impl Run {
    fn watch(&mut self, asker: &mut Asker, place: usize) -> io::Result<()> {
        let interest = if self.load.is_new_each { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        self.poll.registry().register(&mut asker.socket, Token(place), interest)?;
        if !self.load.is_new_each { self.ask(asker) } else { Ok(()) }
    }

    fn ask(&mut self, asker: &mut Asker) -> io::Result<()> {
        asker.asked = Instant::now();
        asker.socket.write_all(&self.request)
    }

    fn until(&mut self, askers: &mut [Asker], end: Instant) -> io::Result<()> {
        let mut events = Events::with_capacity(1_024);
        while Instant::now() < end {
            self.poll.poll(&mut events, Some(Duration::from_millis(20)))?;
            for event in &events {
                let place = event.token().0;
                let asker = &mut askers[place];
                if self.load.is_new_each && event.is_writable() && asker.got == 0 && !event.is_readable() {
                    asker.socket.write_all(&self.request)?;
                } else if event.is_readable() {
                    self.hear(asker, place)?;
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, asker: &mut Asker, place: usize) -> io::Result<()> {
        let was_end = loop {
            match asker.socket.read(&mut self.scratch) {
                Ok(0) => break true,
                Ok(length) => {
                    self.failed += usize::from(asker.got == 0 && !self.scratch.starts_with(b"HTTP/1.1 200"));
                    asker.got += length;
                    if !self.load.is_new_each && asker.got >= self.answer_bytes {
                        break false;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break false,
                Err(_) => break true,
            }
        };
        if asker.got < self.answer_bytes && !was_end {
            return Ok(());
        }
        self.failed += usize::from(asker.got != self.answer_bytes);
        self.latencies_us.push(u32::try_from(asker.asked.elapsed().as_micros()).unwrap_or(u32::MAX));
        asker.answers += 1;
        asker.got = 0;
        if self.load.is_new_each || was_end {
            asker.socket = TcpStream::connect(self.address)?;
            asker.asked = Instant::now();
            self.watch(asker, place)
        } else {
            self.ask(asker)
        }
    }
}
