//! The load: one thread that keeps many connections busy with what a [`Play`] says, and measures and checks every
//! answer. It shares the cores with the server, so it is kept cheap, and says what it costs itself.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{ClockId, clock_gettime};

use crate::wire::{self, Answer};

/// How long answers that are under way when the time is over are waited for; at a fixed rate, what is late too.
const DRAIN: Duration = Duration::from_secs(2);
const BACKLOG: Duration = Duration::from_secs(10);
/// How long a connection may be without its first answer before it counts as starved.
const PATIENCE: Duration = Duration::from_millis(300);

/// What the customers behind the connections do.
pub trait Play {
    /// Writes down what the customer at a place asks next, and says to which series its latency
    /// belongs; `None` when there is nothing more to ask.
    fn ask(&mut self, place: usize, request: &mut Vec<u8>) -> Option<usize>;

    /// Hears the answer.
    ///
    /// # Errors
    /// What is wrong with it.
    fn hear(&mut self, place: usize, answer: &Answer) -> Result<(), String>;

    /// Whether the customer at a place asks on at once after this answer, as a part of the same arrival.
    fn goes_on(&self, _place: usize) -> bool {
        false
    }

    /// How many series there are.
    fn series(&self) -> usize {
        1
    }
}

/// How a play is put on a server.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub connections: usize,
    /// A connection for each request, `connections` of them at once.
    pub is_new_each: bool,
    /// An open loop of so many arrivals a second: each is due at its moment, whether a connection is free or not, and
    /// its latency counts from that moment, so that a server that stands still is not spared ("coordinated
    /// omission"). `None`: as fast as they are answered.
    pub per_second: Option<u32>,
    pub lasting: Duration,
}

/// What came of it.
pub struct Outcome {
    /// Latencies in nanoseconds of the answers that came in time (at a fixed rate: of all), by series.
    pub latencies_ns: Vec<Histogram<u64>>,
    /// All answers, also those that came when the time was over, by series.
    pub heard: Vec<usize>,
    pub seconds: f64,
    /// Answers that were not as they must be, with a sentence about the first; connections that were lost.
    pub wrong: usize,
    pub first_wrong: Option<String>,
    /// Connections that never got an answer.
    pub starved: usize,
    /// Processor seconds that the load itself took.
    pub cpu_seconds: f64,
}

impl Outcome {
    pub fn answers(&self) -> u64 {
        self.latencies_ns.iter().map(Histogram::len).sum()
    }

    /// A latency of a series in milliseconds; `NaN` when there was no answer.
    pub fn ms(&self, series: usize, quantile: f64) -> f64 {
        let latencies = &self.latencies_ns[series];
        if latencies.is_empty() { f64::NAN } else { latencies.value_at_quantile(quantile) as f64 / 1e6 }
    }

    /// Ends the program when an answer was wrong: figures of a broken server are worth nothing.
    pub fn must_be_right(self, what: &str) -> Outcome {
        if let Some(first) = &self.first_wrong {
            panic!("{what}: {} answers were wrong, the first: {first}", self.wrong);
        }
        self
    }
}

/// Processor seconds of this thread so far.
fn thread_cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

struct LoadConnection {
    socket: Option<TcpStream>,
    /// What it asks, the series of that, and since when; at a fixed rate, when its arrival was due.
    request: Vec<u8>,
    series: usize,
    asked: Instant,
    is_waiting: bool,
    /// The pieces of an answer that came so far.
    got: Vec<u8>,
    answers: usize,
}

struct Run<'p> {
    play: &'p mut dyn Play,
    load: Load,
    address: SocketAddr,
    poll: Poll,
    scratch: Vec<u8>,
    lines: Vec<LoadConnection>,
    idle: Vec<usize>,
    waiting: usize,
    end: Instant,
    last: Instant,
    outcome: Outcome,
}

/// Puts a play on a server for a while.
pub fn run(address: SocketAddr, load: Load, play: &mut dyn Play) -> io::Result<Outcome> {
    let series = play.series();
    let latencies = || Histogram::new_with_bounds(1, 100_000_000_000, 3).expect("sound bounds");
    let outcome = Outcome {
        latencies_ns: std::iter::repeat_with(latencies).take(series).collect(),
        heard: vec![0; series],
        seconds: 0.0,
        wrong: 0,
        first_wrong: None,
        starved: 0,
        cpu_seconds: 0.0,
    };
    let mut run = Run {
        play,
        load,
        address,
        poll: Poll::new()?,
        scratch: vec![0; 512 << 10],
        lines: Vec::new(),
        idle: (0..load.connections).rev().collect(),
        waiting: 0,
        end: Instant::now(),
        last: Instant::now(),
        outcome,
    };
    for place in 0..load.connections {
        let mut socket = None;
        if !load.is_new_each {
            let mut greeted = greet(address)?;
            run.poll.registry().register(&mut greeted, Token(place), Interest::READABLE)?;
            socket = Some(greeted);
        }
        let (request, got) = (Vec::with_capacity(512), Vec::new());
        run.lines.push(LoadConnection {
            socket,
            request,
            series: 0,
            asked: run.end,
            is_waiting: false,
            got,
            answers: 0,
        });
    }
    let (start, cpu) = (Instant::now(), thread_cpu_seconds());
    run.end = start + load.lasting;
    run.last = start;
    run.go(start)?;
    run.outcome.cpu_seconds = thread_cpu_seconds() - cpu;
    run.outcome.seconds = (run.last - start).as_secs_f64();
    run.outcome.starved = run.lines.iter().filter(|line| line.answers == 0).count();
    Ok(run.outcome)
}

/// One connection, opened and answered once before the next: so even a server that starves bursts has served each.
fn greet(address: SocketAddr) -> io::Result<TcpStream> {
    let mut socket = std::net::TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
    match wire::read_answer(&mut socket, &mut Vec::new()) {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
        _ => {} // one that is starved shows by having no answer at the end
    }
    socket.set_nonblocking(true)?;
    Ok(TcpStream::from_std(socket))
}

/// How many are due within a time, at a rate a second.
fn arrivals(rate: u32, within: Duration) -> u64 {
    (within.as_secs_f64() * f64::from(rate)) as u64
}

/// When the one of a number is due, after the beginning.
fn moment(rate: u32, number: u64) -> Duration {
    Duration::from_secs_f64(number as f64 / f64::from(rate))
}

impl Run<'_> {
    fn go(&mut self, start: Instant) -> io::Result<()> {
        let mut events = Events::with_capacity(1_024);
        let mut asked = 0_u64;
        let total = self.load.per_second.map_or(u64::MAX, |rate| arrivals(rate, self.load.lasting));
        let drain = if self.load.per_second.is_some() { BACKLOG } else { DRAIN };
        loop {
            let now = Instant::now();
            let due = match self.load.per_second {
                None if now >= self.end => 0,
                None => u64::MAX,
                Some(rate) => (arrivals(rate, now - start) + 1).min(total),
            };
            while asked < due
                && let Some(place) = self.idle.pop()
            {
                let moment = self.load.per_second.map_or_else(Instant::now, |rate| start + moment(rate, asked));
                asked += u64::from(self.ask(place, moment)?);
            }
            let all_came = now >= self.end && (due == 0 || asked >= total || self.idle.is_empty());
            if (self.waiting == 0 && (all_came || due == u64::MAX)) || now >= self.end + drain {
                return Ok(());
            }
            self.poll.poll(&mut events, Some(Duration::from_millis(if due == u64::MAX { 20 } else { 1 })))?;
            for event in &events {
                let place = event.token().0;
                if event.is_writable() {
                    self.send(place);
                }
                if event.is_readable() {
                    self.read(place)?;
                }
            }
        }
    }

    /// Whether there was something to ask; its latency counts from `since`.
    fn ask(&mut self, place: usize, since: Instant) -> io::Result<bool> {
        let line = &mut self.lines[place];
        line.request.clear();
        let Some(series) = self.play.ask(place, &mut line.request) else { return Ok(false) };
        (line.series, line.is_waiting, line.asked) = (series, true, since);
        self.waiting += 1;
        if self.load.is_new_each || line.socket.is_none() {
            let mut socket = TcpStream::connect(self.address)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut socket, Token(place), interest)?;
            line.socket = Some(socket); // it is asked once the connection stands
        } else {
            self.send(place);
        }
        Ok(true)
    }

    /// Sends what is to be asked, if that is not done yet and the connection stands.
    fn send(&mut self, place: usize) {
        let line = &mut self.lines[place];
        let Some(socket) = line.socket.as_mut().filter(|_| !line.request.is_empty()) else { return };
        match socket.write_all(&line.request) {
            Ok(()) => line.request.clear(),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
            Err(error) => self.lose(place, &error.to_string()),
        }
    }

    /// Reads what is there, and hears the answer once it is whole.
    fn read(&mut self, place: usize) -> io::Result<()> {
        loop {
            let line = &mut self.lines[place];
            let Some(socket) = &mut line.socket else { return Ok(()) };
            let length = match socket.read(&mut self.scratch) {
                Ok(0) if line.is_waiting => {
                    self.lose(place, "it was closed before the answer");
                    return Ok(());
                }
                Ok(0) => {
                    line.socket = None;
                    return Ok(());
                }
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => {
                    self.lose(place, &error.to_string());
                    return Ok(());
                }
            };
            // Most answers come in one piece; only the pieces of others are put together.
            let is_one_piece = line.got.is_empty();
            if !is_one_piece {
                line.got.extend_from_slice(&self.scratch[..length]);
            }
            let bytes = if is_one_piece { &self.scratch[..length] } else { &line.got };
            match wire::whole_answer(bytes) {
                Some(answer) if line.is_waiting => {
                    let verdict = self.play.hear(place, &answer);
                    return self.heard(place, verdict);
                }
                Some(_) => line.got.clear(), // the late answer to a greeting
                None if is_one_piece => line.got.extend_from_slice(&self.scratch[..length]),
                None => {}
            }
        }
    }

    /// Counts an answer; the customer asks on.
    fn heard(&mut self, place: usize, verdict: Result<(), String>) -> io::Result<()> {
        let (line, now) = (&mut self.lines[place], Instant::now());
        if now < self.end || self.load.per_second.is_some() {
            self.outcome.latencies_ns[line.series].saturating_record((now - line.asked).as_nanos() as u64);
            self.last = now;
        }
        self.outcome.heard[line.series] += 1;
        if let Err(why) = verdict {
            self.outcome.wrong += 1;
            self.outcome.first_wrong.get_or_insert(why);
        }
        line.got.clear();
        line.is_waiting = false;
        line.answers += 1;
        self.waiting -= 1;
        if self.load.is_new_each {
            line.socket = None;
        }
        let since = line.asked;
        if self.load.per_second.is_none() {
            return if now < self.end { self.ask(place, Instant::now()).map(drop) } else { Ok(()) };
        }
        if !self.play.goes_on(place) || !self.ask(place, since)? {
            self.idle.push(place);
        }
        Ok(())
    }

    /// A connection is gone without its answer; the next request of its place gets a new one.
    fn lose(&mut self, place: usize, why: &str) {
        let line = &mut self.lines[place];
        self.waiting -= usize::from(line.is_waiting);
        (line.socket, line.is_waiting) = (None, false);
        line.got.clear();
        line.request.clear();
        self.idle.push(place);
        self.outcome.wrong += 1;
        self.outcome.first_wrong.get_or_insert_with(|| format!("a connection was lost: {why}"));
    }
}
