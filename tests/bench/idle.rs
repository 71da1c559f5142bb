//! What many idle connections cost, and how soon many that wait are answered.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use serde_json::{Value, json};

use crate::served::Served;
use crate::wait;
use crate::wire::{Wire, request};

/// The figures.
pub struct IdleFigures {
    idle: usize,
    idle_bytes_each: usize,
    direct_idle: usize,
    direct_idle_bytes_each: usize,
    parked: usize,
    parked_bytes: usize,
    woken_one_ms: Vec<f64>,
    woken_all_ms: f64,
    woken: usize,
}

fn get(path: &str) -> Vec<u8> {
    request("GET", path, "", &Value::Null)
}

fn notify(number: usize) -> Vec<u8> {
    request("POST", &format!("/notify?{number}"), "", &json!({}))
}

fn resident_bytes(served: &Served) -> usize {
    served.memory("VmRSS") as usize
}

/// How many requests wait.
fn count_waiting(served: &Served) -> usize {
    Wire::open(served.address).call(&get("/parked")).text().trim().parse().unwrap()
}

/// As many descriptors as the system gives.
pub fn raise_descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }); // else what is
    getrlimit(Resource::Nofile).current.map_or(1 << 20, |count| count as usize)
}

pub fn measure() -> io::Result<IdleFigures> {
    let most = raise_descriptors() * 4 / 5;
    let (idle, direct_idle, parked) = (most.min(10_000), most.min(2_000), most.min(15_000));
    let idle_bytes_each = idle_cost("server", idle)?;
    let direct_idle_bytes_each = idle_cost("direct", direct_idle)?;
    let served = Served::limit("server");
    let mut waiting: Vec<TcpStream> = Vec::new();
    for number in 1..=parked {
        let mut socket = TcpStream::connect(served.address)?;
        socket.write_all(&get(&format!("/wait?{number}")))?;
        waiting.push(socket);
    }
    wait::until("all of them wait", || count_waiting(&served) == parked);
    let parked_bytes = resident_bytes(&served);
    let mut woken_one_ms = Vec::new();
    for at in (0..9).map(|n| n * parked / 9) {
        let start = Instant::now();
        ask(served.address, &notify(at + 1))?;
        waiting[at].read_exact(&mut [0; 12])?;
        woken_one_ms.push(start.elapsed().as_secs_f64() * 1_000.0);
    }
    let (woken, woken_all_ms) = wake_all(served.address, waiting, woken_one_ms.len())?;
    Ok(IdleFigures {
        idle,
        idle_bytes_each,
        direct_idle,
        direct_idle_bytes_each,
        parked,
        parked_bytes,
        woken_one_ms,
        woken_all_ms,
        woken,
    })
}

fn wake_all(address: SocketAddr, waiting: Vec<TcpStream>, answered: usize) -> io::Result<(usize, f64)> {
    let mut poll = Poll::new()?;
    let mut waiting: Vec<mio::net::TcpStream> = waiting
        .into_iter()
        .map(|socket| socket.set_nonblocking(true).map(|()| mio::net::TcpStream::from_std(socket)))
        .collect::<io::Result<_>>()?;
    let mut buffer = [0; 4_096];
    for (place, socket) in waiting.iter_mut().enumerate() {
        let _ = socket.read(&mut buffer); // the rest of the answers to those that were woken before
        poll.registry().register(socket, Token(place), Interest::READABLE)?;
    }
    let mut events = Events::with_capacity(1_024);
    let (start, mut woken, mut last) = (Instant::now(), 0, 0.0);
    ask(address, &notify(0))?;
    while woken < waiting.len() - answered && start.elapsed() < Duration::from_secs(10) {
        poll.poll(&mut events, Some(Duration::from_millis(100)))?;
        for event in &events {
            if waiting[event.token().0].read(&mut buffer).is_ok_and(|length| length > 0) {
                woken += 1;
                last = start.elapsed().as_secs_f64() * 1_000.0;
            }
        }
    }
    Ok((woken, last))
}

/// What one idle connection adds to the server, in bytes.
fn idle_cost(kind: &str, count: usize) -> io::Result<usize> {
    let served = Served::limit(kind);
    let once = get("/constant/200?103");
    ask(served.address, &once)?;
    let before = resident_bytes(&served);
    let mut idle = Vec::new();
    for _ in 0..count {
        idle.push(ask(served.address, &once)?);
    }
    Ok(resident_bytes(&served).saturating_sub(before) / count)
}

fn ask(address: SocketAddr, request: &[u8]) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.write_all(request)?;
    if socket.read(&mut [0; 4_096])? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(socket)
}

impl IdleFigures {
    pub fn print(&self) {
        println!(
            "memory of an idle connection: {} bytes at {} behind the HTTP server,",
            self.idle_bytes_each, self.idle
        );
        println!("    {} bytes at {} of tiny_http alone", self.direct_idle_bytes_each, self.direct_idle);
        println!("{} waiting: {:.1} MB resident in all", self.parked, self.parked_bytes as f64 / 1e6);
        let one = self.woken_one_ms.iter().copied().fold(0.0, f64::max);
        let count = self.woken_one_ms.len();
        println!("    one woken in at most {one:.1} ms ({count} times), {} in {:.0} ms", self.woken, self.woken_all_ms);
    }

    pub fn json(&self) -> Value {
        json!({
            "idle": self.idle, "idleBytesEach": self.idle_bytes_each,
            "directIdle": self.direct_idle, "directIdleBytesEach": self.direct_idle_bytes_each,
            "parked": self.parked, "parkedResidentBytes": self.parked_bytes,
            "wokenOneMs": self.woken_one_ms, "wokenAll": self.woken, "wokenAllMs": self.woken_all_ms,
        })
    }
}
