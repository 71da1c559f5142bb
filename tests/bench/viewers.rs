//! `scripts/bench viewers`: the viewers of one map while others buy: by streams of changes, and by asking again and
//! again, in alternating rounds.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde_json::Value;

use crate::Wish;
use crate::figures::{Figures, Limit, short};
use crate::filling::{Filling, SeatPosition, token};
use crate::halls::fresh;
use crate::load::{self, Load};
use crate::plays::{BUY, Purchases};
use crate::served::Served;
use crate::wait;
use crate::wire::{Wire, request, whole_answer};

/// How many look, and at what.
#[derive(clap::Args, Clone)]
pub struct Viewers {
    #[command(flatten)]
    pub wish: Wish,
    /// Viewers, a connection each.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    viewers: usize,
    /// Seats bought in a second, each by two calls.
    #[arg(long, default_value_t = 200, value_name = "N")]
    buys: u32,
    /// Seats of the map.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    seats: usize,
}

/// Rounds last so many times as long as asked for: changes are sent twice a second, so a short round sees none.
const LONGER: f64 = 10.0;
/// Calls of a purchase: hold, pay.
const CALLS: u32 = 2;
/// Connections of buyers.
const BUYING: usize = 20;
/// How often the pages ask where there is no stream.
const ASKED_EVERY: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Costs {
    bytes: Vec<f64>,
    cpu: Vec<f64>,
    hold_p99: Vec<f64>,
    pay_p99: Vec<f64>,
}

pub fn measure(viewers: &Viewers) -> Figures {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("viewers.db");
    let filling = Filling::new(&database, &Value::Null);
    let (wish, looking) = (&viewers.wish, viewers.viewers);
    let lasting = wish.lasting().mul_f64(LONGER);
    let buyers = looking..looking + (f64::from(viewers.buys) * (lasting.as_secs_f64() + 2.0)) as usize + BUYING;
    filling.users(0..buyers.end, false);
    filling.active(0..buyers.end);
    filling.points(buyers.clone());
    filling.concert(buyers.len().div_ceil(viewers.seats), viewers.seats);
    filling.done();
    let [mut streams, mut polls] = [Costs::default(), Costs::default()];
    for _ in 0..wish.rounds {
        for (costs, by_stream) in [(&mut streams, true), (&mut polls, false)] {
            let served = Served::boxoffice(&fresh(&database, folder.path()), &[]);
            let mut purchases = Purchases::new(&BUY, buyers.clone(), SeatPosition::first(1, viewers.seats), 1);
            let (are_there, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
            let bytes = std::thread::scope(|scope| {
                let looked = scope.spawn(|| look(served.address, looking, by_stream, &are_there, &is_over).unwrap());
                wait::until("all viewers have had an answer", || are_there.load(Ordering::Relaxed));
                let before = served.cpu_seconds();
                let load =
                    Load { connections: BUYING, is_new_each: false, per_second: Some(viewers.buys * CALLS), lasting };
                let bought = load::run(served.address, load, &mut purchases).unwrap().must_be_right("buyers");
                costs.cpu.push((served.cpu_seconds() - before) / bought.seconds);
                costs.hold_p99.push(bought.ms(0, 0.99));
                costs.pay_p99.push(bought.ms(1, 0.99));
                is_over.store(true, Ordering::Relaxed);
                looked.join().unwrap()
            });
            costs.bytes.push(bytes / lasting.as_secs_f64() / looking as f64);
        }
    }
    told(viewers, streams, polls)
}

fn told(viewers: &Viewers, streams: Costs, polls: Costs) -> Figures {
    let title = format!("{} viewers of {} seats", short(viewers.viewers as f64), short(viewers.seats as f64));
    let mut figures = Figures::open(&title);
    let ratio = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one / other).collect::<Vec<_>>();
    let rows = [
        ("bytes a second for each viewer", &streams.bytes, &polls.bytes, Some(20_000.0)),
        ("processors of the server", &streams.cpu, &polls.cpu, None),
        ("p99 of a buyer's hold, ms", &streams.hold_p99, &polls.hold_p99, Some(50.0)),
        ("p99 of a buyer's payment, ms", &streams.pay_p99, &polls.pay_p99, Some(50.0)),
    ];
    for (name, by_stream, by_polls, most) in rows {
        figures.add(format!("{name}: by streams"), by_stream.clone(), most.map(Limit::AtMost));
        figures.add(format!("{name}: by polling"), by_polls.clone(), None);
        figures.add(format!("{name}: ratio"), ratio(by_stream, by_polls), None);
    }
    figures
}

/// One viewer.
struct Viewer {
    socket: TcpStream,
    buffer: Vec<u8>,
    version: String,
    asks_at: Instant,
    /// It has had a first answer.
    is_there: bool,
}

/// Looks at the map until it is over; gives the bytes that all viewers read once each `are_there` with a first answer.
fn look(
    address: SocketAddr,
    count: usize,
    by_stream: bool,
    are_there: &AtomicBool,
    is_over: &AtomicBool,
) -> io::Result<f64> {
    let path = "/api/v1/schedules/1/seats";
    let mut first = Wire::open(address);
    let map = first.call(&request("GET", path, &token(0), &Value::Null));
    let tag = map.header("etag").unwrap().to_owned();
    let version = version_of(map.body).unwrap();
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1_024));
    let begin = Instant::now();
    let mut viewers = Vec::new();
    for number in 0..count {
        let mut socket = TcpStream::from_std({
            let socket = std::net::TcpStream::connect(address)?;
            socket.set_nonblocking(true)?;
            socket
        });
        poll.registry().register(&mut socket, Token(number), Interest::READABLE)?;
        if by_stream {
            let text = String::from_utf8(request("GET", path, &token(number), &Value::Null)).unwrap();
            let fields = format!("Accept: text/event-stream\r\nLast-Event-ID: {tag}\r\nHost:");
            let text = text.replace("Accept: */*\r\n", "").replacen("Host:", &fields, 1);
            socket.write_all(text.as_bytes())?;
        }
        let asks_at = begin + ASKED_EVERY.mul_f64(number as f64 / count as f64);
        viewers.push(Viewer { socket, buffer: Vec::new(), version: version.clone(), asks_at, is_there: false });
    }
    let (mut bytes, mut part, mut there) = (0, vec![0; 64 << 10], 0);
    while !is_over.load(Ordering::Relaxed) {
        poll.poll(&mut events, Some(Duration::from_millis(5)))?;
        for event in &events {
            let viewer = &mut viewers[event.token().0];
            loop {
                match viewer.socket.read(&mut part) {
                    Ok(0) => panic!("a viewer was let go"),
                    Ok(length) => {
                        bytes += if there == count { length } else { 0 };
                        there += usize::from(!std::mem::replace(&mut viewer.is_there, true));
                        if !by_stream {
                            viewer.buffer.extend_from_slice(&part[..length]);
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
            if let Some(answer) = whole_answer(&viewer.buffer) {
                assert_eq!(answer.status, 200);
                viewer.version = version_of(answer.body).unwrap();
                viewer.buffer.clear();
            }
        }
        are_there.store(there == count, Ordering::Relaxed);
        let now = Instant::now();
        let due = viewers.iter_mut().enumerate().filter(|(_, viewer)| !by_stream && viewer.asks_at <= now);
        for (number, viewer) in due.filter(|(_, viewer)| viewer.buffer.is_empty()) {
            viewer.asks_at += ASKED_EVERY;
            let path = format!("{path}?since={}", viewer.version);
            viewer.socket.write_all(&request("GET", &path, &token(number), &Value::Null))?;
        }
    }
    Ok(bytes as f64)
}

/// The version that a map begins with.
fn version_of(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(&body[..body.len().min(300)]).ok()?;
    let (_, after) = text.split_once("\"version\":")?;
    Some(after.split(',').next()?.to_owned())
}
