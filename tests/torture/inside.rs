//! The server, from inside: a process with the HTTP server (or tiny_http alone) and a handler that says back what it
//! was asked. Orders come in on standard input, one a line; each is answered with a line that starts with `>> `.

use std::fs::File;
use std::io::{BufRead, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use boxoffice::certificates::Certificates;
use boxoffice::http::{Limits, Metrics, Notifier, Reply, Request, Responder, Server, Topic, Wait};
use boxoffice::metrics::Exposition;
use boxoffice::threads::OnFatal;
use parking_lot::Mutex;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Set for a process that shall be a hall: its settings, `name=value` with spaces between.
pub const ASKED: &str = "TORTURE_HALL";

/// What a request makes the handler do.
enum Does {
    CodePayload(Vec<u8>),
    Panics,
    /// Keeps the request until it is told to let go.
    Holds(Vec<u8>),
    /// Waits for a topic.
    Waits(u128, Vec<u8>),
}

fn decide(method: &str, target: &str, body: &[u8]) -> Does {
    let said = super::wire::echo_of(method, target, body);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match path {
        "/panic" => Does::Panics,
        "/hold" => Does::Holds(said),
        "/big" => Does::CodePayload(vec![b'x'; query.parse().unwrap_or(0)]),
        "/wait" => Does::Waits(query.split('&').next().and_then(|topic| topic.parse().ok()).unwrap_or(0), said),
        _ => Does::CodePayload(said),
    }
}

fn text(body: Vec<u8>) -> Reply {
    Reply { content_type: "text/plain".into(), body: body.into(), ..Reply::empty(200) }
}

/// Everything that is kept until it is let go, and how it is answered.
type Held = Arc<Mutex<Vec<Box<dyn FnOnce() + Send>>>>;

fn handle(request: &Request, responder: Responder, held: &Held) {
    let target =
        if request.query.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, request.query) };
    match decide(request.method.word(), &target, &request.body) {
        Does::CodePayload(said) => responder.send(text(said)),
        Does::Panics => panic!("on purpose"),
        Does::Holds(said) => held.lock().push(Box::new(move || responder.send(text(said)))),
        Does::Waits(_, said) if request.resumed.is_some() => responder.send(text(said)),
        Does::Waits(topic, _) => {
            responder.wait(Wait { topics: vec![Topic(topic)], memo: target, wait_seconds: 60, told: None });
        }
    }
}

/// Serves as tiny_http's own examples do.
fn serve_direct(held: &Held) -> String {
    let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
    for _ in 0..4 {
        let (server, held) = (Arc::clone(&server), Arc::clone(held));
        std::thread::spawn(move || {
            while let Ok(mut asked) = server.recv() {
                let mut body = Vec::new();
                if !asked.url().starts_with("/ignore") {
                    let _ = asked.as_reader().read_to_end(&mut body);
                }
                let say = |asked: tiny_http::Request, said| drop(asked.respond(tiny_http::Response::from_data(said)));
                match decide(asked.method().as_str(), asked.url(), &body) {
                    Does::CodePayload(said) => say(asked, said),
                    Does::Panics => panic!("on purpose"),
                    Does::Holds(said) | Does::Waits(_, said) => held.lock().push(Box::new(move || say(asked, said))),
                }
            }
        });
    }
    server.server_addr().to_ip().unwrap().to_string()
}

/// Counts what is logged as an error.
struct Counting {
    panics: AtomicUsize,
    errors: AtomicUsize,
}

static LOGGED: Counting = Counting { panics: AtomicUsize::new(0), errors: AtomicUsize::new(0) };

impl log::Log for Counting {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() == log::Level::Error
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let is_panic = record.args().to_string().contains("the handler of a request panicked");
            let figure = if is_panic { &self.panics } else { &self.errors };
            figure.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

fn limit(resource: Resource, current: u64, maximum: Option<u64>) {
    let maximum = maximum.or(getrlimit(resource).maximum);
    setrlimit(resource, Rlimit { current: Some(current), maximum }).unwrap();
}

fn set(limits: &mut Limits, name: &str, value: u64) {
    let count = usize::try_from(value).unwrap();
    match name {
        "head_max_ms" => limits.head_max_ms = value,
        "body_max_ms" => limits.body_max_ms = value,
        "idle_max_ms" => limits.idle_max_ms = value,
        "write_max_ms" => limits.write_max_ms = value,
        "handshake_max_ms" => limits.handshake_max_ms = value,
        "linger_max_ms" => limits.linger_max_ms = value,
        "inner_answer_max_ms" => limits.inner_answer_max_ms = value,
        "inner_probe_max_ms" => limits.inner_probe_max_ms = value,
        "inner_reads" => limits.inner_reads = count,
        "inner_writes" => limits.inner_writes = count,
        "nofile" => limit(Resource::Nofile, value, Some(value)),
        _ => panic!("a hall has no setting {name}"),
    }
}

/// A byte for a byte, on a thread of its own: what the machine alone takes.
fn serve_plain() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (mut stream, mut byte) = (stream, [0]);
            while stream.read_exact(&mut byte).and_then(|()| stream.write_all(&byte)).is_ok() {}
        }
    });
    address
}

/// Serves until standard input closes, if this process was started as a hall.
pub fn serve_if_asked() -> bool {
    let Ok(settings) = std::env::var(ASKED) else { return false };
    std::panic::set_hook(Box::new(|_| {})); // 10,000 of them are on purpose
    log::set_logger(&LOGGED).unwrap();
    log::set_max_level(log::LevelFilter::Error);
    let mut limits = Limits { large_body: |_, path| path == "/large", ..Limits::default() };
    let is_direct = settings.split(' ').any(|word| word == "direct");
    for (name, value) in settings.split(' ').filter_map(|word| word.split_once('=')) {
        if name == "tls" {
            let [certificate, key] = ["certificate.pem", "key.pem"].map(|file| Path::new(value).join(file));
            limits.tls = Some(Certificates::of_files(&certificate, &key).unwrap());
            continue;
        }
        set(&mut limits, name, value.parse().unwrap());
    }
    let held = Held::default();
    let notifier = Notifier::new();
    let plain = serve_plain();
    let (server, address) = if is_direct {
        (None, serve_direct(&held))
    } else {
        let kept = Arc::clone(&held);
        let handler = Arc::new(move |request: Request, responder: Responder| handle(&request, responder, &kept));
        let server =
            Server::open("127.0.0.1:0".parse().unwrap(), limits, notifier.clone(), handler, OnFatal::new(|| {}))
                .unwrap();
        let address = server.address().to_string();
        (Some(server), address)
    };
    say(&format!("{address} {plain}"));
    obey(server.as_ref(), &notifier, &held);
    true
}

fn obey(server: Option<&Server>, notifier: &Notifier, held: &Held) {
    let mut eaten = Vec::new();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match line.as_str() {
            "release" => held.lock().drain(..).for_each(|answer| answer()),
            "held" => {
                say(&held.lock().len().to_string());
                continue;
            }
            "eat descriptors" => eaten.extend(std::iter::from_fn(|| File::open("/dev/null").ok())),
            "give descriptors back" => eaten = Vec::new(),
            "no more threads" => limit(Resource::Nproc, 0, None),
            "threads again" => {
                let most = getrlimit(Resource::Nproc).maximum.unwrap_or(1 << 20);
                limit(Resource::Nproc, most, None);
            }
            "panics logged" => {
                say(&LOGGED.panics.load(Ordering::Relaxed).to_string());
                continue;
            }
            "figures" => {
                let mut figures = Exposition::default();
                if let Some(server) = server {
                    Metrics::write_prometheus(&[server.metrics()], &mut figures);
                }
                let figures = figures.into_text();
                let lines = figures.lines().filter(|line| !line.starts_with('#'));
                say(&lines.collect::<Vec<_>>().join(";"));
                continue;
            }
            order => match order.strip_prefix("notify ").map(str::parse) {
                Some(Ok(topic)) => {
                    notifier.notify([Topic(topic)]);
                    if server.is_none() {
                        held.lock().drain(..).for_each(|answer| answer());
                    }
                }
                _ => panic!("a hall does not know {order:?}"),
            },
        }
        say("done");
    }
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = write!(stdout, "\n>> {line}\n"); // nobody reads it any more: then the end is near
    let _ = stdout.flush();
}
