//! A flood of TLS handshakes that never end, beside customers who have a connection and some who open one.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::support::tls::{Authority, BOTH, client_with, session};
use crate::torture::outside::{TestApp, comes_true, pause};
use crate::torture::report::{Report, patience};

const DEADLINE_MS: u64 = if cfg!(debug_assertions) { 8_000 } else { 5_000 };
/// Milliseconds that 99 of 100 answers must be under, on kept connections and on new ones.
const P99_MAX_MS: u64 = 50;
/// A debug build takes longer for each of the turns of the loop in which a newcomer is answered.
const NEWCOMER_TURNS: u32 = if cfg!(debug_assertions) { 4 } else { 1 };
/// What is open anew once two customers have called at once: the inner connection.
const MORE_DESCRIPTORS: usize = 8;
/// The flood comes from so many addresses, and customers from another.
const ADDRESSES: usize = 20;

/// A fourth says nothing, a fourth half a greeting, a fourth drips one, a fourth greets and leaves it at that.
pub fn half(report: &mut Report) {
    let authority = Authority::new();
    let folder = authority.ca().parent().unwrap().display().to_string();
    let mut app = TestApp::open(report, &format!("tls={folder} handshake_max_ms={DEADLINE_MS}"));
    authority.client(app.address).get("/echo?warm").answer();
    let Some(before) = report.got("warming up", app.settles()) else { return };
    let mut hello = Vec::new();
    session(&Arc::new(authority.config(BOTH, &["http/1.1"]))).write_tls(&mut hello).unwrap();
    let (enough, address, plain) = (AtomicBool::new(false), app.address, app.plain);
    let seen = std::thread::scope(|scope| {
        let kept = scope.spawn(|| watch(&authority, address, plain, &enough));
        let new = scope.spawn(|| newcomers(&authority, address, &enough));
        let mut flood = flood(report, address, &hello);
        let each_kib = drip(&app, &mut flood, &hello, before.memory_kib);
        report.check(each_kib < 64.0, || format!("{each_kib:.1} KiB a handshake"));
        report.note(format!("{each_kib:.1} KiB a handshake"));
        let most = Duration::from_millis(DEADLINE_MS) + patience(3_000);
        let is_over = comes_true(most, || app.figure("tls_handshakes_open").is_ok_and(|open| open == 0));
        report.check(is_over, || format!("{:?} handshakes go on", app.figure("tls_handshakes_open")));
        enough.store(true, Ordering::Relaxed);
        let seen = kept.join().and_then(|[machine, kept]| new.join().map(|new| [machine, kept, new]));
        report.check(seen.is_ok(), || "a customer was closed".into());
        seen.unwrap_or_default()
    });
    let counted = ["tls_handshakes_expired_total", "tls_handshakes_evicted_total", "tls_handshakes_refused_total"];
    let [expired, evicted, refused] = counted.map(|name| app.figure(name).unwrap_or(0));
    report.note(format!("{expired} expired, {evicted} evicted, {refused} refused"));
    let [machine, kept, new] = seen.map(|mut took| {
        took.sort_unstable();
        (took.len(), took.get(took.len() * 99 / 100).copied().unwrap_or(Duration::MAX))
    });
    for (whom, (count, p99), turns) in [("connected", kept, 1), ("newcomers", new, NEWCOMER_TURNS)] {
        let is_in_time = p99 <= (patience(P99_MAX_MS) * turns).saturating_add(machine.1);
        report.check(is_in_time, || format!("p99 {p99:?} of {count} calls of {whom}, of the machine {:?}", machine.1));
        report.note(format!("{whom}: {count} calls, p99 {:.1} ms", p99.as_secs_f64() * 1e3));
    }
    report.note(format!("a byte without the server: p99 {:.1} ms", machine.1.as_secs_f64() * 1e3));
    let most = before.descriptors + MORE_DESCRIPTORS;
    let is_back = comes_true(patience(2_000), || app.holds().is_ok_and(|now| now.descriptors <= most));
    report.check(is_back, || format!("it holds {:?}, before {before:?}", app.holds()));
}

/// How long it took: a byte there and back without the server, and a call on a kept connection.
fn watch(authority: &Authority, address: SocketAddr, plain: SocketAddr, enough: &AtomicBool) -> [Vec<Duration>; 2] {
    let [mut machine, mut kept] = [(); 2].map(|()| Vec::new());
    let (mut client, mut plain) = (authority.client(address), TcpStream::connect(plain).unwrap());
    while !enough.load(Ordering::Relaxed) {
        let start = Instant::now();
        plain.write_all(b"x").and_then(|()| plain.read_exact(&mut [0])).unwrap();
        machine.push(start.elapsed());
        let start = Instant::now();
        client.get("/echo?kept").answer();
        kept.push(start.elapsed());
        pause();
    }
    [machine, kept]
}

/// How long a call on a new connection took.
fn newcomers(authority: &Authority, address: SocketAddr, enough: &AtomicBool) -> Vec<Duration> {
    let mut new = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let config = Arc::new(authority.config(BOTH, &["http/1.1"])); // which knows no session to resume
        let start = Instant::now();
        client_with(address, &config).get("/echo?new").answer();
        new.push(start.elapsed());
        pause();
    }
    new
}

/// A connection from one of the addresses of the flood.
fn connect(address: SocketAddr, round: usize) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if cfg!(target_os = "linux") {
        let from = SocketAddr::from(([127, 1, 0, (round % ADDRESSES) as u8 + 1], 0)); // all of 127/8 is this machine
        socket.bind(&from.into())?;
    }
    socket.connect(&address.into())?;
    Ok(socket.into())
}

fn flood(report: &mut Report, address: SocketAddr, hello: &[u8]) -> Vec<TcpStream> {
    let mut flood = Vec::new();
    while report.goes_on() {
        let Some(mut socket) = report.got("connecting", connect(address, report.rounds / 4)) else { break };
        let sent = match report.rounds % 4 {
            0 => 0,
            1 => hello.len() / 2,
            2 => 1,
            _ => hello.len(),
        };
        let _ = socket.write_all(&hello[..sent]); // it may have been evicted
        socket.set_nonblocking(true).unwrap();
        flood.push(socket);
    }
    flood
}

/// A fourth goes on byte by byte for a while; gives what each of the flood costs the server in KiB at most.
fn drip(app: &TestApp, flood: &mut [TcpStream], hello: &[u8], before_kib: usize) -> f64 {
    let mut most_kib = 0;
    for byte in &hello[1..40] {
        for socket in flood.iter_mut().skip(1).step_by(4) {
            let _ = socket.write(&[*byte]); // it may have been evicted, or be late
        }
        most_kib = most_kib.max(app.holds().map_or(0, |now| now.memory_kib));
        (0..10).for_each(|_| pause());
    }
    most_kib.saturating_sub(before_kib) as f64 / flood.len().max(1) as f64
}
