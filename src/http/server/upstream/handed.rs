//! Requests that were handed to tiny_http and that no worker has taken yet. Their heads are on their way over the inner
//! socket; their bodies go around it, so that a large one holds up no request behind it.
//!
//! A worker takes a request out by its number, once: so a request whose head may be lost with its connection, or waits
//! with a server that is stuck, can be sent again. It is carried out once at most, and never after it was given up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

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
