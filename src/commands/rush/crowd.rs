//! Drives all customers with a few threads: each takes the one who is due next, makes one call for them, and puts them back.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::customer::Customer;
use super::notes::Notes;
use super::wire::{Place, Wire};

/// A thread that has nothing to do looks around again after so long.
const LOOK_AROUND: Duration = Duration::from_millis(200);

/// What all customers share.
#[derive(Debug)]
pub(super) struct Floor {
    pub place: Place,
    pub concert_id: i64,
    pub schedule_id: i64,
    /// Customers' own time runs so many times faster than the clock.
    pub speed: f64,
    pub began: Instant,
    /// Nobody begins anything more after this.
    pub ends: Instant,
    /// Set when the run is broken off.
    pub stop: AtomicBool,
    /// Answers that may still be waited for with `Prefer: wait`: each takes a thread.
    pub waits_left: AtomicI64,
    /// How many are where, for the display.
    pub waiting: AtomicI64,
    pub inside: AtomicI64,
    pub over: AtomicU64,
    pub sold: AtomicU64,
}

impl Floor {
    /// A pause of a customer's own time, on the clock.
    pub(super) fn pause_ms(&self, ms: u64) -> Duration {
        Duration::from_millis(ms).div_f64(self.speed)
    }

    /// Whether customers must leave.
    pub(super) fn is_over(&self) -> bool {
        self.stop.load(Relaxed) || Instant::now() >= self.ends
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

/// What a customer makes calls with: the thread's connection and notes.
#[derive(Debug)]
pub(super) struct Clerk {
    pub wire: Wire,
    pub notes: Notes,
}

/// A customer and when they are due.
struct Due(Instant, Box<Customer>);

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        self.0 == other.0
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Due) -> Ordering {
        other.0.cmp(&self.0) // the earliest is the greatest: the heap gives it first
    }
}

/// Who is due when, and who is through.
#[derive(Default)]
struct Agenda {
    due: BinaryHeap<Due>,
    /// Customers who are not through.
    open: usize,
    through: Vec<Customer>,
}

struct Crowd<'f> {
    floor: &'f Floor,
    agenda: Mutex<Agenda>,
    changed: Condvar,
}

impl Crowd<'_> {
    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The next customer who is due; `None` when all are through.
    fn next(&self) -> Option<Box<Customer>> {
        let mut agenda = self.agenda();
        loop {
            if agenda.open == 0 {
                return None;
            }
            let now = Instant::now();
            let left = agenda.due.peek().map_or(LOOK_AROUND, |due| due.0.saturating_duration_since(now));
            if left.is_zero() {
                return agenda.due.pop().map(|due| due.1);
            }
            let waited = self.changed.wait_timeout(agenda, left.min(LOOK_AROUND));
            agenda = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }

    fn work(&self) -> Notes {
        let mut clerk = Clerk { wire: Wire::to(&self.floor.place), notes: Notes::default() };
        while let Some(mut customer) = self.next() {
            let pause = customer.step(self.floor, &mut clerk);
            let mut agenda = self.agenda();
            match pause {
                Some(pause) => agenda.due.push(Due(Instant::now() + pause, customer)),
                None => {
                    agenda.open -= 1;
                    agenda.through.push(*customer);
                    if agenda.open == 0 {
                        self.changed.notify_all();
                    }
                }
            }
            drop(agenda);
            self.changed.notify_one();
        }
        clerk.notes
    }
}

/// Lets all customers do what they want, over so many connections; `watch` is called now and then meanwhile.
pub(super) fn run(
    floor: &Floor,
    customers: Vec<Customer>,
    connections: usize,
    mut watch: impl FnMut(),
) -> (Vec<Customer>, Notes) {
    let due = customers
        .into_iter()
        .map(|customer| Due(floor.began + Duration::from_millis(customer.plan.arrives_ms), Box::new(customer)))
        .collect::<BinaryHeap<Due>>();
    let agenda = Agenda { open: due.len(), due, through: Vec::new() };
    let crowd = Crowd { floor, agenda: Mutex::new(agenda), changed: Condvar::new() };
    let mut notes = Notes::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(|| crowd.work())).collect();
        while !threads.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            watch();
            std::thread::park_timeout(LOOK_AROUND);
        }
        for thread in threads {
            match thread.join() {
                Ok(of_thread) => notes.add(of_thread),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    let agenda = crowd.agenda.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut through = agenda.through;
    through.sort_by_key(|customer| customer.number);
    (through, notes)
}
