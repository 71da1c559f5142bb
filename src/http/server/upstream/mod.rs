//! Everything that exists only because tiny_http stands behind a socket. The event loop uses it by
//! [`Upstream::submit`] (a request), [`Upstream::take_answers`], [`Upstream::flush`] (at the end of each turn),
//! [`Upstream::on_ready`] (the socket has ended) and [`Upstream::tick`] (deadlines).
//!
//! The heads of all requests go over one inner connection, together once in a turn; tiny_http reads them and gives them
//! to its workers. Bodies and answers go around the socket, by the numbers of their requests: a body to the worker that
//! takes its request, the answer into a mailbox that the event loop empties in each turn. tiny_http has nothing to read
//! but heads and nothing to write, so no request holds up another on the connection.
//!
//! A request is taken by one worker, once. Until then it can be sent again, and is when the connection is lost or the
//! server is replaced; afterwards only its answer is awaited, which needs no connection. An answer that is late, or to
//! a request that was given up, has no number here, and is dropped.
//!
//! At most so many reads and so many writes are with the handlers at once; the others wait here, each kind in queues of
//! its own, so that writes that wait for a commit delay no read. When requests are in flight and no answer has come for
//! long, a probe goes the same way as they do: a server that does not answer it is dead or stuck, and is replaced.
//!
//! `inner_server` (tiny_http and its workers) · `connection` (the socket, the queues, another server in place of a
//! stuck one) · `handoff` (requests that no worker has taken yet, and answers) · `protocol` (the field of requests).

mod connection;
mod handoff;
mod inner_server;
pub mod protocol;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use mio::{Registry, Waker};

use super::compress::Compressor;
use super::limits::Limits;
use super::metrics::Metrics;
use crate::threads::OnFatal;
pub use connection::{INNER, InFlight, Origin};
use connection::{InnerConnection, Pool};
pub use handoff::{Answer, InnerRequest};
use handoff::{Handed, Mailbox};
pub use inner_server::{Handle, Handler, Responder, Wait};
use inner_server::{InnerServer, Sending};
pub use protocol::{StreamCursor, Topic, WaitingRequest, Wake};

/// The inner connection, the server behind it, and the requests before and in it.
pub struct Upstream {
    inner_server: Option<InnerServer>,
    handler: Handler,
    on_fatal: OnFatal,
    sending: Arc<Sending>,
    workers: usize,
    /// Servers that were given up, as long as their workers are stuck.
    stuck: Vec<inner_server::Abandoned>,
    connection: Option<InnerConnection>,
    in_flight: HashMap<u64, InFlight>,
    pools: [Pool; 2],
    queue_max: usize,
    queue_max_ms: u64,
    probe_max_ms: u64,
    /// The number of the probe under way, and its deadline.
    probe: Option<(u64, u64)>,
    probes: u64,
    last_answer_ms: u64,
    retry_at_ms: u64,
    /// The memory of the requests that wait for their turn.
    queued_bytes: usize,
    metrics: Arc<Metrics>,
}

impl Upstream {
    /// Starts the inner server; the event loop is woken for answers by `waker`.
    ///
    /// # Errors
    /// When no socket or thread can be made.
    pub fn start(
        limits: &Limits,
        handler: Handler,
        waker: Arc<Waker>,
        on_fatal: OnFatal,
        metrics: Arc<Metrics>,
    ) -> io::Result<Upstream> {
        let compressor = Compressor::start(on_fatal.clone())?;
        let (handed, mailbox) = (Handed::default(), Mailbox::new(waker));
        let sending = Arc::new(Sending { compressor, handed, mailbox, metrics: Arc::clone(&metrics) });
        Ok(Upstream {
            inner_server: Some(InnerServer::start(limits.workers, &handler, &sending, &on_fatal)?),
            sending,
            handler,
            on_fatal,
            workers: limits.workers,
            stuck: Vec::new(),
            connection: None,
            in_flight: HashMap::new(),
            pools: [Pool::new(limits.inner_reads.max(1)), Pool::new(limits.inner_writes.max(1))],
            queue_max: limits.queue_max,
            queue_max_ms: limits.queue_max_ms,
            probe_max_ms: limits.inner_probe_max_ms,
            probe: None,
            probes: 0,
            last_answer_ms: 0,
            retry_at_ms: 0,
            queued_bytes: 0,
            metrics,
        })
    }

    /// How many requests are in flight or queued.
    pub fn dispatched(&self) -> usize {
        self.in_flight.len() + self.queued()
    }

    /// How many requests wait for their turn.
    pub fn queued(&self) -> usize {
        self.pools.iter().map(Pool::waiting).sum()
    }

    /// The memory of the requests that no worker has taken yet, in bytes.
    pub fn bytes(&self) -> usize {
        let output = self.connection.as_ref().map_or(0, |connection| connection.output.len());
        self.queued_bytes + self.sending.handed.bytes() + output
    }

    /// Whether woken requests may follow: a few of each kind are kept queued.
    pub fn wants_more(&self) -> bool {
        self.pools.iter().all(Pool::wants_more)
    }

    /// How many inner connections there are.
    pub fn connections(&self) -> usize {
        usize::from(self.connection.is_some())
    }

    /// Sends an inner request, with this turn or when its own comes. `false`: too many wait already, or the first of
    /// them has waited so long that who comes now would not be answered in useful time.
    pub fn submit(&mut self, in_flight: InFlight, origin: Origin, request: InnerRequest, now_ms: u64) -> bool {
        let pool = &mut self.pools[usize::from(in_flight.is_write)];
        if pool.waiting() == 0 && pool.in_flight < pool.max {
            self.send(in_flight, request, now_ms);
            return true;
        }
        let is_late = pool.fresh.front().is_some_and(|(first, _)| first.since_ms + self.queue_max_ms <= now_ms);
        if origin == Origin::Client && (is_late || pool.fresh.len() >= self.queue_max) {
            self.metrics.queue_refused_total.add(1);
            return false;
        }
        self.queued_bytes += request.bytes();
        match origin {
            Origin::Client => pool.fresh.push_back((in_flight, request)),
            Origin::Resumed => pool.again.push_back((in_flight, request)),
        }
        true
    }

    fn send(&mut self, in_flight: InFlight, request: InnerRequest, now_ms: u64) {
        if self.in_flight.is_empty() {
            self.last_answer_ms = now_ms; // silence counts from here
        }
        self.pools[usize::from(in_flight.is_write)].in_flight += 1;
        self.in_flight.insert(in_flight.number, in_flight);
        self.metrics.relayed_total.add(1);
        if let Some(connection) = &mut self.connection {
            connection.output.extend_from_slice(&request.head);
        }
        self.sending.handed.put(in_flight.number, request);
    }

    /// Sends what was submitted in this turn.
    pub fn flush(&mut self, registry: &Registry, now_ms: u64) {
        if self.connection.is_none() && !self.in_flight.is_empty() && now_ms >= self.retry_at_ms {
            self.open(registry, now_ms);
        }
        if let Some(connection) = &mut self.connection {
            connection.flush(registry);
        }
    }

    /// Takes what was answered since the last look.
    pub fn take_answers(&mut self, now_ms: u64) -> Vec<(InFlight, Answer)> {
        let answers = self.sending.mailbox.take();
        if !answers.is_empty() {
            self.last_answer_ms = now_ms;
        }
        let mut taken = Vec::with_capacity(answers.len());
        for (number, answer) in answers {
            if let Answer::Alive = answer {
                self.probe = self.probe.filter(|(probe, _)| *probe != number);
            } else if let Some(in_flight) = self.end(number, now_ms) {
                taken.push((in_flight, answer));
            }
        }
        taken
    }

    /// A request is answered or given up: the next takes its place. `None` when it was given up already.
    fn end(&mut self, number: u64, now_ms: u64) -> Option<InFlight> {
        let in_flight = self.in_flight.remove(&number)?;
        let kind = usize::from(in_flight.is_write);
        self.pools[kind].in_flight -= 1;
        if let Some((next, request)) = self.pools[kind].next() {
            self.queued_bytes -= request.bytes();
            self.send(next, request, now_ms);
        }
        Some(in_flight)
    }

    /// Gives a request up, which no worker takes from here on.
    fn give_up(&mut self, number: u64, now_ms: u64) -> Option<InFlight> {
        self.sending.handed.take(number);
        self.end(number, now_ms)
    }

    /// The inner connection is ready. Where it has ended, what no worker has taken goes over another; gives the
    /// requests that are given up instead.
    pub fn on_ready(&mut self, now_ms: u64) -> Vec<InFlight> {
        if !self.connection.as_mut().is_some_and(InnerConnection::has_ended) {
            return Vec::new();
        }
        log::warn!("the inner connection has ended and is made anew; if this repeats, please report it");
        self.metrics.inner_killed_total.add(1);
        self.connection = None;
        self.probe = None;
        let lost = self.sending.handed.lose_connection();
        lost.into_iter().filter_map(|number| self.give_up(number, now_ms)).collect()
    }

    /// Looks at the deadlines; gives the requests that are given up.
    pub fn tick(&mut self, now_ms: u64) -> Vec<InFlight> {
        let is_late = |in_flight: &&InFlight| in_flight.deadline_ms <= now_ms;
        let late: Vec<u64> = self.in_flight.values().filter(is_late).map(|in_flight| in_flight.number).collect();
        let mut lost = Vec::new();
        for (in_flight, request) in self.pools.iter_mut().flat_map(|pool| pool.late(now_ms)) {
            self.queued_bytes -= request.bytes();
            lost.push(in_flight);
        }
        lost.extend(late.into_iter().filter_map(|number| self.give_up(number, now_ms)));
        match (self.probe, &mut self.connection) {
            (Some((_, deadline_ms)), _) if deadline_ms <= now_ms => {
                self.probe = None;
                self.replace_server(now_ms);
            }
            (None, Some(connection))
                if !self.in_flight.is_empty() && now_ms >= self.last_answer_ms + self.probe_max_ms =>
            {
                self.last_answer_ms = now_ms;
                self.probes += 1;
                self.probe = Some((self.probes, now_ms + self.probe_max_ms));
                connection.output.extend_from_slice(protocol::probe(self.probes).as_bytes());
            }
            _ => {}
        }
        lost
    }
}

#[cfg(test)]
mod tests;
