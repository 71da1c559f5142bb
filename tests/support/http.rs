//! What the door's tests share: a door with a small handler behind, and a client of raw bytes.

#![allow(clippy::unwrap_used, dead_code, reason = "tests fail by panic, and not every test uses everything")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::Duration;

use boxoffice::clock::{MonotonicClock, Turned};
use boxoffice::http::{Limits, Notifier, Reply, Request, Responder, Server, SharedBody, StreamCursor, Topic, Wait};
use boxoffice::threads::OnFatal;

/// What many get of one copy: 3 MB that compress to nearly nothing.
pub static SHARED: LazyLock<Arc<SharedBody>> =
    LazyLock::new(|| SharedBody::new("a seat and another ".repeat(160_000).into_bytes()));

/// An HTTP server with a handler that does what the path says, and a gate that holds `/held` back.
pub struct TestServer {
    pub server: Server,
    pub notifier: Notifier,
    pub gate: Arc<(Mutex<bool>, Condvar)>,
    pub version: Arc<AtomicU64>,
    /// How often the door said that it is lost.
    pub fatal: Arc<AtomicU64>,
    /// The time of its deadlines, where it stands still until the test turns it.
    pub turned: Option<Arc<Turned>>,
}

/// A server whose deadlines come only as a test turns the time; its stop waits for nobody.
pub fn turned_server(change: impl FnOnce(&mut Limits)) -> TestServer {
    server(|limits| {
        limits.clock = MonotonicClock::Turned(Arc::default());
        limits.stop_max_ms = 0;
        change(limits);
    })
}

pub fn server(change: impl FnOnce(&mut Limits)) -> TestServer {
    let answer_at_once = |_, target: &str| (target == "/at-once").then(|| Reply::empty(204));
    let mut limits = Limits { large_body: |_, path| path == "/large", answer_at_once, ..Limits::default() };
    change(&mut limits);
    let turned = if let MonotonicClock::Turned(turned) = &limits.clock { Some(Arc::clone(turned)) } else { None };
    let (notifier, gate, version) =
        (Notifier::new(), Arc::new((Mutex::new(false), Condvar::new())), Arc::new(AtomicU64::new(0)));
    let fatal = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&fatal);
    let on_fatal = OnFatal::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let (held, seen, notifier_for_handler) = (Arc::clone(&gate), Arc::clone(&version), notifier.clone());
    let handler = Arc::new(move |request: Request, responder: Responder| {
        handle(&request, responder, &held, &seen, &notifier_for_handler)
    });
    let server = Server::open("127.0.0.1:0".parse().unwrap(), limits, notifier.clone(), handler, on_fatal).unwrap();
    TestServer { server, notifier, gate, version, fatal, turned }
}

pub fn handle(
    request: &Request,
    responder: Responder,
    gate: &(Mutex<bool>, Condvar),
    version: &AtomicU64,
    notifier: &Notifier,
) {
    let text = |text: String| Reply { content_type: "text/plain".into(), body: text.into(), ..Reply::empty(200) };
    match request.path.as_str() {
        "/echo" | "/large" => {
            let body = String::from_utf8_lossy(&request.body);
            let (method, query) = (request.method.word(), &request.query);
            let fields = request.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")).count();
            responder.send(text(format!("{method} {query} {} {fields} {body}", request.peer)));
        }
        "/length" => responder.send(text(request.body.len().to_string())),
        "/big" => responder.send(text("x".repeat(request.query.parse().unwrap()))),
        "/shared" => responder.send(Reply { body: SHARED.clone().into(), ..text(String::new()) }),
        "/silent" => drop(responder),
        "/panic" => panic!("on purpose"),
        "/cookie" => responder.send(Reply::empty(204).with("Set-Cookie", "a=b\r\nX-Evil: 1").with("ETag", "\"1\"")),
        "/later" => drop(std::thread::spawn(move || responder.send(text("later".into())))),
        "/held" => {
            let mut open = gate.0.lock().unwrap();
            while !*open {
                open = gate.1.wait(open).unwrap();
            }
            responder.send(text("held".into()));
        }
        "/wait-big" if request.resumed.is_some() => responder.send(text("y".repeat(5_000))),
        "/wait-big" => responder.wait(wait(&request.query, "x", 30)),
        "/stream" => {
            let id = version.load(Ordering::SeqCst).to_string();
            let (topic, size) = request.query.split_once(',').unwrap_or((&request.query, "0"));
            let who =
                request.resumed.as_ref().map_or("new", |resumed| if resumed.memo.is_empty() { "all" } else { "own" });
            let padding = "x".repeat(size.parse().unwrap());
            let told = Some(StreamCursor { id: id.clone().into(), is_shared: topic == "7", has_more: false });
            let is_over = topic == "9" && request.resumed.is_some();
            let reply = text(format!("data: {id} {who}{padding}\n\n"));
            match is_over {
                true => responder.send(reply),
                false => responder.stream(reply, Wait { told, ..wait(topic, "a memo", 15) }),
            }
        }
        "/always" => responder.wait(wait(&request.query, "x", 30)),
        "/wait" | "/race" => {
            let now = version.load(Ordering::SeqCst);
            match &request.resumed {
                None if request.path == "/race" => {
                    version.fetch_add(1, Ordering::SeqCst); // the change comes between the look and the "not yet"
                    notifier.notify([Topic(7)]);
                    responder.wait(wait("7", &now.to_string(), 30));
                }
                None => responder.wait(wait(&request.query, &format!("좌석 {now}"), 1)),
                Some(resumed) => responder.send(text(format!("{} {} {}", resumed.memo, resumed.over, resumed.applied))),
            }
        }
        _ => responder.send(Reply::empty(404)),
    }
}

pub fn wait(topic: &str, memo: &str, wait_seconds: u32) -> Wait {
    Wait { topics: vec![Topic(topic.parse().unwrap())], memo: memo.to_owned(), wait_seconds, told: None }
}

/// A client of raw bytes over a socket, or over TLS on one.
pub struct Client<S = TcpStream>(pub S, Vec<u8>);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The value of a header field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The content, decompressed where it is compressed.
    pub fn plain(&self) -> Vec<u8> {
        if self.field("content-encoding").is_none() {
            return self.bytes.clone();
        }
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&self.bytes[..]).read_to_end(&mut plain).unwrap();
        plain
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Client::over(stream)
    }

    /// The next answer, or `None` when the connection is closed before its first byte.
    pub fn answer_or_end(&mut self) -> Option<Answer> {
        let mut first = [0; 1];
        let has_more = !self.1.is_empty() || self.0.peek(&mut first).is_ok_and(|length| length > 0);
        has_more.then(|| self.answer())
    }

    /// What comes of a request on a connection that may be refused: an answer, or the end.
    pub fn get_or_end(&mut self, path: &str) -> Option<Answer> {
        let _ = self.0.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()); // it may be gone
        self.answer_or_end()
    }
}

impl<S: Read + Write> Client<S> {
    pub fn over(stream: S) -> Client<S> {
        Client(stream, Vec::new())
    }

    pub fn send(&mut self, text: &str) -> &mut Client<S> {
        self.0.write_all(text.as_bytes()).unwrap();
        self.0.flush().unwrap();
        self
    }

    pub fn get(&mut self, path: &str) -> &mut Client<S> {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    /// The next answer; of one to HEAD only the head.
    pub fn answer_to(&mut self, is_head: bool) -> Answer {
        let head = self.until(b"\r\n\r\n");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
        let length = if is_head { 0 } else { length.unwrap_or(0) };
        while self.1.len() < length {
            assert!(self.fill() > 0, "closed in a body");
        }
        let bytes: Vec<u8> = self.1.drain(..length).collect();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: head[9..12].parse().unwrap(), head, body, bytes }
    }

    /// The next chunk of a stream whose head is read; `None` after the last.
    pub fn chunk(&mut self) -> Option<String> {
        let size = self.until(b"\r\n");
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        while self.1.len() < size + 2 {
            assert!(self.fill() > 0, "closed in a chunk");
        }
        let chunk = String::from_utf8(self.1.drain(..size + 2).collect()).unwrap();
        (size > 0).then(|| chunk.strip_suffix("\r\n").unwrap().to_owned())
    }

    /// The bytes up to the end of this mark.
    pub fn until(&mut self, mark: &[u8]) -> String {
        loop {
            if let Some(at) = self.1.windows(mark.len()).position(|part| part == mark) {
                return String::from_utf8(self.1.drain(..at + mark.len()).collect()).unwrap();
            }
            assert!(self.fill() > 0, "closed after {:?}", String::from_utf8_lossy(&self.1));
        }
    }

    pub fn answer(&mut self) -> Answer {
        self.answer_to(false)
    }

    pub fn fill(&mut self) -> usize {
        let mut buffer = [0; 65_536];
        let length = self.0.read(&mut buffer).unwrap();
        self.1.extend_from_slice(&buffer[..length]);
        length
    }

    /// Asserts that the door closes, orderly, and sends nothing more.
    pub fn is_closed(&mut self) {
        assert!(self.1.is_empty());
        assert_eq!(self.fill(), 0, "{:?}", String::from_utf8_lossy(&self.1));
    }
}

impl TestServer {
    pub fn client(&self) -> Client {
        Client::new(self.server.address())
    }

    /// Turns the time of its deadlines, and waits until the event loop has seen all that came due by it.
    #[track_caller]
    pub fn turn(&self, by_ms: u64) {
        let turned = self.turned.as_ref().unwrap();
        turned.advance(by_ms);
        let before = turned.readings();
        super::wait::until("the event loop has made a whole turn", || {
            self.notifier.notify([Topic(u128::MAX)]);
            turned.readings() >= before + 2
        });
    }

    pub fn open_gate(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }

    /// Waits, by asking, until a figure is reached.
    #[track_caller]
    pub fn until(&self, what: &str, mut reached: impl FnMut(&boxoffice::http::Metrics) -> bool) {
        let metrics = self.server.metrics();
        super::wait::until(what, || reached(&metrics));
    }
}
