//! What workers hand back: answers, by the numbers of their requests, which the event loop takes in each of its turns.

use std::sync::Arc;

use mio::Waker;
use parking_lot::Mutex;

use super::protocol::WaitingRequest;
use crate::http::body::Content;
use crate::http::{Delivery, Reply};

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
