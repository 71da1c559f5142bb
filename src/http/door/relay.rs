//! The inner connections to tiny_http. Each carries one request at a time; a number goes in with the request and must come
//! back with its answer; a connection that sends anything else, or anything more, or is late, is closed. Reads and writes
//! have connections of their own, so that writes that wait for a commit hold nobody up.
//!
//! Connections are opened one at a time, and one is used only after its hello was answered by a worker: a server that does
//! not answer hellos is dead or stuck, and another takes its place while the requests wait here.

use std::io::{self, Write};
use std::sync::Arc;

use mio::{Interest, Registry, Token};
use slab::Slab;

use super::behind::{Behind, Sending, Trade};
use super::compress::Compressor;
use super::handed::Handed;
use super::inner_answer::InnerAnswer;
use super::limits::Limits;
use super::line::{Flight, Line, LineState, Pool, Urgency, drain, peek, place_of, take, token_of, write_on};
use super::metrics::Metrics;
use crate::http::body::Content;
use crate::threads::OnFatal;

/// So many servers that are stuck for good are left behind before no more are made.
const STUCK_MAX: usize = 4;

/// What an inner connection had to say.
#[allow(clippy::large_enum_variant, reason = "it is looked at once and gone")]
pub enum Heard<'b> {
    /// Nothing, or not all of it yet.
    Nothing,
    /// An answer.
    Answer(Flight, InnerAnswer<'b>),
    /// The connection was closed; the request on it is lost.
    Lost(Flight),
}

/// All inner connections, and the server that they lead to.
pub struct Relay {
    behind: Option<Behind>,
    trade: Trade,
    on_fatal: OnFatal,
    sending: Arc<Sending>,
    workers: usize,
    epoch: u32,
    /// Servers that were given up, as long as their workers are stuck.
    stuck: Vec<super::behind::Abandoned>,
    lines: Slab<Line>,
    pools: [Pool; 2],
    queue_max: usize,
    queue_max_ms: u64,
    hello_max_ms: u64,
    greeting: Option<usize>,
    generation: u32,
    busy: usize,
    heard_ms: u64,
    retry_at_ms: u64,
    /// The memory of the requests that wait for their turn.
    pub queued_bytes: usize,
    metrics: Arc<Metrics>,
}

impl Relay {
    /// Starts the inner server.
    ///
    /// # Errors
    /// When no socket or thread can be made.
    pub fn start(limits: &Limits, trade: Trade, on_fatal: OnFatal, metrics: Arc<Metrics>) -> io::Result<Relay> {
        let sending = Arc::new(Sending { compressor: Compressor::start(on_fatal.clone())?, handed: Handed::default() });
        Ok(Relay {
            behind: Some(Behind::start(limits.workers, &trade, &sending, &on_fatal)?),
            sending,
            trade,
            on_fatal,
            workers: limits.workers,
            epoch: 0,
            stuck: Vec::new(),
            lines: Slab::new(),
            pools: [Pool::new(limits.inner_reads.max(1)), Pool::new(limits.inner_writes.max(1))],
            queue_max: limits.queue_max,
            queue_max_ms: limits.queue_max_ms,
            hello_max_ms: limits.inner_hello_max_ms,
            greeting: None,
            generation: 0,
            busy: 0,
            heard_ms: 0,
            retry_at_ms: 0,
            queued_bytes: 0,
            metrics,
        })
    }

    /// How many requests are relayed or wait for their turn.
    pub fn under_way(&self) -> usize {
        self.busy + self.queued()
    }

    /// How many requests wait for their turn.
    pub fn queued(&self) -> usize {
        self.pools.iter().map(Pool::waiting).sum()
    }

    /// Whether woken requests may follow: a few are kept ready for each line, of both kinds.
    pub fn wants_more(&self) -> bool {
        self.pools.iter().all(Pool::wants_more)
    }

    /// The content of an answer that went around the socket.
    pub fn take_content(&self, number: u64) -> Option<Content> {
        self.sending.handed.take(number)
    }

    /// How many inner connections there are.
    pub fn connections(&self) -> usize {
        self.lines.len()
    }

    /// Sends an inner request, now or when its turn comes. `false`: too many wait already, or the first of them has waited so
    /// long that who comes now would not be answered in useful time.
    pub fn submit(
        &mut self,
        registry: &Registry,
        flight: Flight,
        is_write: bool,
        urgency: Urgency,
        message: &[u8],
        now_ms: u64,
    ) -> bool {
        let pool = &mut self.pools[usize::from(is_write)];
        if pool.waiting() == 0
            && let Some(place) = pool.idle.pop()
        {
            self.send(registry, place, flight, message, now_ms);
            return true;
        }
        let is_late = pool.fresh.front().is_some_and(|(first, _)| first.since_ms + self.queue_max_ms <= now_ms);
        if urgency == Urgency::Fresh && (is_late || pool.fresh.len() >= self.queue_max) {
            self.metrics.queue_refused_total.add(1);
            return false;
        }
        self.queued_bytes += message.len();
        match urgency {
            Urgency::Fresh => pool.fresh.push_back((flight, message.to_vec())),
            Urgency::Again => pool.again.push_back((flight, message.to_vec())),
        }
        self.open_if_wanted(registry, now_ms);
        true
    }

    fn send(&mut self, registry: &Registry, place: usize, flight: Flight, message: &[u8], now_ms: u64) {
        let Some(line) = self.lines.get_mut(place) else { return };
        if self.busy == 0 {
            self.heard_ms = now_ms; // silence counts from here
        }
        self.busy += 1;
        line.state = LineState::Busy(flight);
        line.deadline_ms = flight.deadline_ms;
        self.metrics.relayed_total.add(1);
        let sent = match line.socket.write(message) {
            Ok(sent) => sent,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => 0,
            Err(_) => return, // its end is readable as well, and heard there
        };
        if sent < message.len() {
            line.output.extend_from_slice(&message[sent..]);
            // Only now: a Unix-domain socket reports room whenever the other side reads.
            let token = token_of(place, line.generation);
            let _ = registry.reregister(&mut line.socket, token, Interest::READABLE | Interest::WRITABLE);
            write_on(line); // the room may have come in between
        }
        drain(line);
    }

    /// An inner connection is ready.
    pub fn hear<'b>(
        &mut self,
        registry: &Registry,
        token: Token,
        is_closed: bool,
        scratch: &'b mut [u8],
        overflow: &'b mut Vec<u8>,
        now_ms: u64,
    ) -> Heard<'b> {
        let (place, generation) = place_of(token);
        let Some(line) = self.lines.get_mut(place).filter(|line| line.generation == generation) else {
            return Heard::Nothing;
        };
        write_on(line);
        let can_wait = line.input.is_empty() && !is_closed;
        let peeked = if can_wait { peek(line, scratch) } else { None };
        let (length, is_over) = peeked.map_or_else(|| take(line, scratch, is_closed), |length| (length, false));
        if length == 0 && line.input.is_empty() {
            return if is_over { self.kill(registry, place, now_ms) } else { Heard::Nothing };
        }
        let bytes: &'b [u8] = if line.input.is_empty() {
            &scratch[..length]
        } else {
            line.input.extend_from_slice(&scratch[..length]);
            if line.input.len() < line.expected && !is_over {
                return Heard::Nothing;
            }
            *overflow = std::mem::take(&mut line.input);
            overflow
        };
        let number = match line.state {
            LineState::Greeting => 0,
            LineState::Busy(flight) => flight.number,
            LineState::Idle if peeked == Some(line.unread_bytes) => return Heard::Nothing, // the last answer, still
            LineState::Idle => return self.kill(registry, place, now_ms),                  // nobody asked
        };
        match InnerAnswer::read(bytes) {
            Ok(answer) if answer.number == number && !is_over => {
                line.unread_bytes = peeked.unwrap_or(0);
                self.answered(registry, place, answer, now_ms)
            }
            Err(Some(expected)) if !is_over => {
                line.unread_bytes = peeked.unwrap_or(0);
                drain(line);
                line.expected = expected;
                line.input = bytes.to_vec();
                Heard::Nothing
            }
            _ => self.kill(registry, place, now_ms),
        }
    }

    /// A whole answer, and nothing more, is there: the line takes the next request.
    fn answered<'b>(&mut self, registry: &Registry, place: usize, answer: InnerAnswer<'b>, now_ms: u64) -> Heard<'b> {
        self.heard_ms = now_ms;
        let Some(line) = self.lines.get_mut(place) else { return Heard::Nothing };
        line.expected = 0;
        line.deadline_ms = u64::MAX;
        let was = std::mem::replace(&mut line.state, LineState::Idle);
        let pool = &self.pools[usize::from(line.is_write)];
        if line.epoch != self.epoch || !line.output.is_empty() || pool.open > pool.max {
            self.close(registry, place);
        } else {
            self.feed(registry, place, now_ms);
        }
        match was {
            LineState::Busy(flight) => {
                self.busy -= 1;
                Heard::Answer(flight, answer)
            }
            LineState::Greeting | LineState::Idle => {
                self.greeting = None;
                self.open_if_wanted(registry, now_ms);
                Heard::Nothing
            }
        }
    }

    fn feed(&mut self, registry: &Registry, place: usize, now_ms: u64) {
        let Some(line) = self.lines.get(place) else { return };
        let pool = &mut self.pools[usize::from(line.is_write)];
        match pool.next() {
            Some((flight, message)) => {
                self.queued_bytes -= message.len();
                self.send(registry, place, flight, &message, now_ms);
            }
            None => pool.idle.push(place),
        }
    }

    /// Closes a line that broke the rules, is late or is gone.
    fn kill<'b>(&mut self, registry: &Registry, place: usize, now_ms: u64) -> Heard<'b> {
        self.metrics.inner_killed_total.add(1);
        let state = self.close(registry, place);
        match state {
            Some(LineState::Busy(flight)) => {
                self.busy -= 1;
                self.open_if_wanted(registry, now_ms);
                Heard::Lost(flight)
            }
            Some(LineState::Greeting) => {
                self.greeting = None;
                self.replace_server(now_ms);
                self.open_if_wanted(registry, now_ms);
                Heard::Nothing
            }
            _ => Heard::Nothing,
        }
    }

    fn close(&mut self, registry: &Registry, place: usize) -> Option<LineState> {
        let mut line = self.lines.try_remove(place)?;
        if let LineState::Busy(flight) = line.state {
            self.sending.handed.take(flight.number); // an answer whose content came without it
        }
        let _ = registry.deregister(&mut line.socket);
        let pool = &mut self.pools[usize::from(line.is_write)];
        pool.idle.retain(|&idle| idle != place);
        if line.epoch == self.epoch {
            pool.open -= 1;
        }
        Some(line.state)
    }

    /// Opens another line when requests wait and there may be one; one at a time.
    fn open_if_wanted(&mut self, registry: &Registry, now_ms: u64) {
        if self.greeting.is_some() || now_ms < self.retry_at_ms {
            return;
        }
        let wanted = self.pools.iter().position(|pool| pool.waiting() > 0 && pool.open < pool.max);
        if let Some(kind) = wanted {
            self.open(registry, kind == 1, now_ms);
        }
    }

    fn open(&mut self, registry: &Registry, is_write: bool, now_ms: u64) {
        if let Err(error) = self.try_open(registry, is_write, now_ms) {
            log::error!("the inner server cannot be reached: {error}");
            self.retry_at_ms = now_ms + 50;
            if error.kind() == io::ErrorKind::ConnectionRefused || self.behind.is_none() {
                self.replace_server(now_ms);
            }
        }
    }

    fn try_open(&mut self, registry: &Registry, is_write: bool, now_ms: u64) -> io::Result<()> {
        let behind = self.behind.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let mut socket = behind.connect()?;
        self.generation = (self.generation + 1) & 0x3fff_ffff;
        let entry = self.lines.vacant_entry();
        registry.register(&mut socket, token_of(entry.key(), self.generation), Interest::READABLE)?;
        socket.write_all(super::passage::hello().as_bytes())?;
        self.greeting = Some(entry.key());
        entry.insert(Line {
            socket,
            generation: self.generation,
            epoch: self.epoch,
            is_write,
            state: LineState::Greeting,
            input: Vec::new(),
            unread_bytes: 0,
            expected: 0,
            output: Vec::new(),
            deadline_ms: now_ms + self.hello_max_ms,
        });
        self.pools[usize::from(is_write)].open += 1;
        Ok(())
    }

    /// Puts a new server in the place of one that is dead or stuck. What is under way on the old one may still be answered.
    fn replace_server(&mut self, now_ms: u64) {
        self.stuck.retain(super::behind::Abandoned::is_stuck);
        if self.stuck.len() >= STUCK_MAX {
            self.retry_at_ms = now_ms + self.hello_max_ms;
            return;
        }
        match Behind::start(self.workers, &self.trade, &self.sending, &self.on_fatal) {
            Ok(behind) => {
                log::error!("the inner server does not answer; another takes its place");
                self.metrics.inner_restarts_total.add(1);
                self.stuck.extend(self.behind.replace(behind).map(Behind::abandon));
                self.epoch += 1;
                self.pools.iter_mut().for_each(|pool| {
                    pool.idle.clear();
                    pool.open = 0;
                });
                self.lines.retain(|_, line| matches!(line.state, LineState::Busy(_)));
                self.greeting = None;
                self.retry_at_ms = 0;
            }
            Err(error) => {
                log::error!("no other inner server can be started: {error}");
                self.retry_at_ms = now_ms + 50;
            }
        }
    }

    /// Looks at the deadlines; gives the requests that are lost.
    pub fn tick(&mut self, registry: &Registry, now_ms: u64) -> Vec<Flight> {
        let late: Vec<usize> =
            self.lines.iter().filter(|(_, line)| line.deadline_ms <= now_ms).map(|(place, _)| place).collect();
        let mut lost = Vec::new();
        for place in late {
            if let Heard::Lost(flight) = self.kill(registry, place, now_ms) {
                lost.push(flight);
            }
        }
        for (flight, message) in self.pools.iter_mut().flat_map(|pool| pool.late(now_ms)) {
            self.queued_bytes -= message.len();
            lost.push(flight);
        }
        let is_silent = self.busy > 0 && now_ms >= self.heard_ms + self.hello_max_ms;
        if is_silent && self.greeting.is_none() && now_ms >= self.retry_at_ms {
            self.heard_ms = now_ms;
            self.open(registry, false, now_ms); // a probe: its hello tells whether the workers still work
        }
        self.open_if_wanted(registry, now_ms);
        lost
    }
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
