//! What passes between the event loop and the workers beside the inner socket.
//!
//! Requests that were handed to tiny_http and that no worker has taken yet. Their heads are on their way over the inner
//! socket; their bodies go around it, so that a large one holds up no request behind it.
//!
//! A worker takes a request out by its number, once: so a request whose head may be lost with its connection, or waits
//! with a server that is stuck, can be sent again. It is carried out once at most, and never after it was given up.
//!
//! What workers hand back are answers, by the numbers of their requests, which the event loop takes in each of its
//! turns.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mio::Waker;
use parking_lot::Mutex;

use super::protocol::WaitingRequest;
use crate::http::body::Content;
use crate::http::{Delivery, Reply};

/// A request that is lost with so many connections is given up: it may be what tiny_http closed them for.
const LOSSES_MAX: u32 = 2;

/// A request as the event loop writes it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct InnerRequest {
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl InnerRequest {
    /// The memory that it takes.
    pub const fn bytes(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

/// The requests that no worker has taken yet, by their numbers; with each, how many connections were lost with it.
#[derive(Debug, Default)]
pub struct Handed {
    requests: Mutex<HashMap<u64, (InnerRequest, u32)>>,
    bytes: AtomicUsize,
}

impl Handed {
    /// Puts a request here, before its head is sent.
    pub fn put(&self, number: u64, request: InnerRequest) {
        self.bytes.fetch_add(request.bytes(), Ordering::Relaxed);
        self.requests.lock().insert(number, (request, 0));
    }

    /// Takes a request out, to answer it or to give it up; gives its body. `None`: it was taken already.
    pub fn take(&self, number: u64) -> Option<Vec<u8>> {
        let (request, _) = self.requests.lock().remove(&number)?;
        self.bytes.fetch_sub(request.bytes(), Ordering::Relaxed);
        Some(request.body)
    }

    /// The heads of all, for another connection.
    pub fn heads(&self) -> Vec<u8> {
        self.requests.lock().values().flat_map(|(request, _)| &request.head).copied().collect()
    }

    /// The connection was lost; gives the numbers of those that are given up.
    pub fn lose_connection(&self) -> Vec<u64> {
        let mut requests = self.requests.lock();
        requests.values_mut().for_each(|(_, losses)| *losses += 1);
        requests.iter().filter(|(_, (_, losses))| *losses >= LOSSES_MAX).map(|(number, _)| *number).collect()
    }

    /// The memory of all, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// What a worker says to a request.
#[derive(Debug)]
pub enum Answer {
    /// The whole answer; its content stands apart, and how it reaches the client, where that is not at once.
    Whole(Reply, Content, Option<Delivery>),
    /// A piece of a stream that goes on; only the first has a reply, and without content it is kept open.
    Piece(Reply, Option<Content>, WaitingRequest),
    /// Not yet.
    Wait(WaitingRequest),
    /// The head was checked: the body may come.
    Proceed,
    /// To a probe.
    Alive,
}

/// Answers that the event loop has yet to take.
pub struct Mailbox {
    answers: Mutex<Vec<(u64, Answer)>>,
    waker: Arc<Waker>,
}

impl Mailbox {
    /// An empty one; the event loop is woken by this waker.
    pub const fn new(waker: Arc<Waker>) -> Mailbox {
        Mailbox { answers: Mutex::new(Vec::new()), waker }
    }

    /// Puts an answer in; only the first since the last look wakes the event loop.
    pub fn put(&self, number: u64, answer: Answer) {
        let mut answers = self.answers.lock();
        answers.push((number, answer));
        let is_first = answers.len() == 1;
        drop(answers);
        if is_first && let Err(error) = self.waker.wake() {
            log::error!("the event loop could not be woken, answers come late; restart the server: {error}");
        }
    }

    /// Takes all out.
    pub fn take(&self) -> Vec<(u64, Answer)> {
        std::mem::take(&mut self.answers.lock())
    }
}
