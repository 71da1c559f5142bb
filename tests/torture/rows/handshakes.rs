//! A flood of TLS handshakes that never end, beside customers who have a connection and some who open one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::tls::{Authority, BOTH, session};
use crate::torture::outside::{TestApp, comes_true, pause};
use crate::torture::report::{Report, patience};

const DEADLINE_MS: u64 = if cfg!(debug_assertions) { 8_000 } else { 5_000 };
/// Milliseconds that 99 of 100 answers on kept connections must be under.
const P99_MAX_MS: u64 = 50;
/// The same for a customer who opens a connection meanwhile: greetings of the flood are worked off before.
const NEWCOMER_MAX_MS: u64 = 3_000;

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
        let watched = scope.spawn(|| watch(&authority, address, plain, &enough));
        let mut flood = flood(report, address, &hello);
        let each_kib = drip(&app, &mut flood, &hello, before.memory_kib);
        report.check(each_kib < 64.0, || format!("{each_kib:.1} KiB a handshake"));
        report.note(format!("{each_kib:.1} KiB a handshake"));
        let most = Duration::from_millis(DEADLINE_MS) + patience(3_000);
        let is_over = comes_true(most, || app.figure("tls_handshakes_open").is_ok_and(|open| open == 0));
        report.check(is_over, || format!("{:?} handshakes go on", app.figure("tls_handshakes_open")));
        enough.store(true, Ordering::Relaxed);
        let seen = watched.join();
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
    for (whom, (count, p99), most_ms) in [("connected", kept, P99_MAX_MS), ("newcomers", new, NEWCOMER_MAX_MS)] {
        let is_in_time = p99 <= patience(most_ms).saturating_add(machine.1);
        report.check(is_in_time, || format!("p99 {p99:?} of {count} calls of {whom}, of the machine {:?}", machine.1));
        report.note(format!("{whom}: {count} calls, p99 {:.1} ms", p99.as_secs_f64() * 1e3));
    }
    report.note(format!("a byte without the server: p99 {:.1} ms", machine.1.as_secs_f64() * 1e3));
    let is_back = comes_true(patience(2_000), || app.holds().is_ok_and(|now| now.descriptors <= before.descriptors));
    report.check(is_back, || format!("it holds {:?}, before {before:?}", app.holds()));
}

/// How long it took: a byte there and back without the server, a call on a kept connection, and every now and then one
/// on a new connection.
fn watch(authority: &Authority, address: SocketAddr, plain: SocketAddr, enough: &AtomicBool) -> [Vec<Duration>; 3] {
    let [mut machine, mut kept, mut new] = [(); 3].map(|()| Vec::new());
    let (mut client, mut plain) = (authority.client(address), TcpStream::connect(plain).unwrap());
    while !enough.load(Ordering::Relaxed) {
        for _ in 0..50 {
            let start = Instant::now();
            plain.write_all(b"x").and_then(|()| plain.read_exact(&mut [0])).unwrap();
            machine.push(start.elapsed());
            let start = Instant::now();
            client.get("/echo?kept").answer();
            kept.push(start.elapsed());
            pause();
        }
        let start = Instant::now();
        authority.client(address).get("/echo?new").answer();
        new.push(start.elapsed());
    }
    [machine, kept, new]
}

fn flood(report: &mut Report, address: SocketAddr, hello: &[u8]) -> Vec<TcpStream> {
    let mut flood = Vec::new();
    while report.goes_on() {
        let Some(mut socket) = report.got("connecting", TcpStream::connect(address)) else { break };
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
