//! What one turn of the event loop hands down: the time, read once, and what all connections share.

use std::sync::Arc;

use super::limits::Limits;
use super::metrics::Metrics;
use super::response_head::{DateLine, RequestId};
use crate::clock::Clock;
use crate::ids::system_bytes;

/// One turn of the event loop.
pub struct LoopTurn {
    /// Milliseconds of [`Limits::clock`], and the same in microseconds.
    pub now_ms: u64,
    pub now_us: u64,
    /// The `Date` of answers.
    pub date: DateLine,
    pub limits: Limits,
    pub metrics: Arc<Metrics>,
    /// The server stops: an answer that leaves now is the last of its connection.
    pub is_stopping: bool,
    /// What is left of the memory for buffers, in bytes; below 0 when more is held than it allows.
    pub free_bytes: isize,
    next_id: u128,
    next_number: u64,
}

impl LoopTurn {
    /// The first turn.
    pub fn new(limits: Limits, metrics: Arc<Metrics>) -> LoopTurn {
        let next_id = match &limits.repeats {
            Some(repeats) => repeats.request_id,
            None => u128::from_be_bytes(system_bytes()),
        };
        let now_us = limits.clock.now_us();
        LoopTurn {
            now_ms: now_us / 1_000,
            now_us,
            date: DateLine::default(),
            free_bytes: isize::try_from(limits.buffers_max_bytes).unwrap_or(isize::MAX),
            limits,
            metrics,
            is_stopping: false,
            next_id,
            next_number: 0,
        }
    }

    /// Reads the time for the next turn.
    pub fn begin(&mut self) {
        self.now_us = self.limits.clock.now_us();
        self.now_ms = self.now_us / 1_000;
        self.metrics.turns_total.add(1);
        let repeats = self.limits.repeats.as_ref();
        self.date.at(repeats.map_or_else(Clock::wall_now, |repeats| repeats.clock.now()));
    }

    /// A fresh id for a request, unless it brought its own.
    pub fn request_id(&mut self, theirs: Option<&str>) -> RequestId {
        self.next_id = self.next_id.wrapping_add(1);
        theirs.map_or(RequestId::Ours(self.next_id), |text| RequestId::Theirs(text.into()))
    }

    /// A number that no other request has.
    pub fn request_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// Whether the memory for buffers has so many bytes left.
    pub fn has_room(&self, bytes: usize) -> bool {
        isize::try_from(bytes).is_ok_and(|bytes| bytes <= self.free_bytes)
    }
}
