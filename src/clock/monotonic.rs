//! The time of deadlines on sockets: it only goes forward, and goes on while a test holds the venue's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The time since some start. Clones show the same time.
#[derive(Debug, Clone)]
pub enum MonotonicClock {
    /// The system's monotonic clock.
    Running(Instant),
    /// It stands still until a test turns it.
    Turned(Arc<Turned>),
}

/// A time that a test turns.
#[derive(Debug, Default)]
pub struct Turned {
    now_ms: AtomicU64,
    readings: AtomicU64,
}

impl Default for MonotonicClock {
    fn default() -> MonotonicClock {
        MonotonicClock::Running(Instant::now())
    }
}

impl MonotonicClock {
    /// The time, in microseconds.
    pub fn now_us(&self) -> u64 {
        match self {
            MonotonicClock::Running(start) => u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
            MonotonicClock::Turned(turned) => {
                turned.readings.fetch_add(1, Ordering::SeqCst); // first: a reading that is counted shows what was turned
                turned.now_ms.load(Ordering::SeqCst).saturating_mul(1_000)
            }
        }
    }
}

impl Turned {
    /// Turns it forward, by milliseconds.
    pub fn advance(&self, by_ms: u64) {
        self.now_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// How often it was read: once in each turn of an event loop.
    pub fn readings(&self) -> u64 {
        self.readings.load(Ordering::SeqCst)
    }
}
