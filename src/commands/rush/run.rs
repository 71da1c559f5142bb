//! A run: what all customers share, what each makes calls with, and how an evening ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::connection::{Connection, Server};
use super::on_sale::OnSale;
use super::stats::Stats;

/// What all customers share.
#[derive(Debug)]
pub(super) struct Run {
    pub server: Server,
    pub concert_id: i64,
    pub schedule_id: i64,
    pub seats: u64,
    /// Where everybody joins before the opening.
    pub on_sale: Option<OnSale>,
    /// Customers' own time runs so many times faster than the clock.
    pub speed: f64,
    pub began: Instant,
    /// Nobody begins anything more after this.
    pub ends: Instant,
    /// Set when the run is broken off: nobody makes another call.
    pub stop: Arc<AtomicBool>,
    /// Answers that may still be waited for with `Prefer: wait`: each takes a thread.
    pub waits_left: AtomicI64,
    /// How many are where, for the display.
    pub waiting: AtomicI64,
    pub inside: AtomicI64,
    pub over: AtomicU64,
    pub sold: AtomicU64,
}

impl Run {
    /// A pause of a customer's own time, on the clock.
    pub(super) fn pause_ms(&self, ms: u64) -> Duration {
        Duration::from_millis(ms).div_f64(self.speed)
    }

    /// Whether customers must leave.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// Seats were sold.
    pub(super) fn sell(&self, seats: u64) {
        self.sold.fetch_add(seats, Relaxed);
    }

    pub(super) fn is_sold_out(&self) -> bool {
        self.sold.load(Relaxed) >= self.seats
    }

    /// Whether the news is out that an on-sale is sold out: everybody looks at once.
    pub(super) fn is_on_sale_over(&self) -> bool {
        self.on_sale.as_ref().is_some_and(OnSale::is_told)
    }

    /// Takes one of the waits, if one is left.
    pub(super) fn may_wait(&self) -> bool {
        let left = self.waits_left.fetch_sub(1, Relaxed) > 0;
        if !left {
            self.waits_left.fetch_add(1, Relaxed);
        }
        left
    }

    /// Gives a wait back.
    pub(super) fn waited(&self) {
        self.waits_left.fetch_add(1, Relaxed);
    }
}

/// What a customer makes calls with: the thread's connection, and the notes of all.
#[derive(Debug)]
pub(super) struct Worker {
    pub connection: Connection,
    pub stats: Arc<Mutex<Stats>>,
}

/// How a customer's evening ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Ending {
    Bought,
    GaveUp,
    Vanished,
    FoundItSoldOut,
    HadNoLuck,
    LetItLapse,
    /// The token ended before: why.
    Dropped(Box<str>),
    /// The run ended before.
    SentHome,
    /// The run was broken off before.
    Stopped,
    /// Something that must not be: a call without an answer again and again, or an answer nobody expects.
    Failed,
}

impl Ending {
    /// As the report has it.
    pub(super) fn word(&self) -> String {
        let word = match self {
            Ending::Bought => "bought",
            Ending::GaveUp => "gaveUp",
            Ending::Vanished => "vanished",
            Ending::FoundItSoldOut => "foundItSoldOut",
            Ending::HadNoLuck => "hadNoLuck",
            Ending::LetItLapse => "letItLapse",
            Ending::Dropped(reason) => return format!("dropped {reason}"),
            Ending::SentHome => "sentHome",
            Ending::Stopped => "stopped",
            Ending::Failed => "failed",
        };
        word.to_owned()
    }
}
