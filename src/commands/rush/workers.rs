//! Drives all customers with a few threads: each takes the one who is due
//! next, makes one call for them, and puts them back.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::customer::{Customer, Ending};
use super::run::{Run, Worker};
use super::stats::Stats;
use crate::client::Client;

/// A thread that has nothing to do looks around again after so long.
const LOOK_AROUND: Duration = Duration::from_millis(200);
/// Answers that are due when the run is broken off have so long to come.
const STOP_MAX: Duration = Duration::from_millis(500);

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
struct DueCustomers {
    due: BinaryHeap<Due>,
    /// Customers who are not through.
    open: usize,
    through: Vec<Customer>,
}

struct Customers {
    run: Arc<Run>,
    due: Mutex<DueCustomers>,
    changed: Condvar,
}

impl Customers {
    /// The next customer who is due; `None` when all are through, or the run is broken off.
    fn next(&self) -> Option<Box<Customer>> {
        let mut due = self.due.lock();
        loop {
            if due.open == 0 || self.run.stop.load(Relaxed) {
                return None;
            }
            let now = Instant::now();
            let left = match due.due.peek() {
                Some(_) if self.run.is_on_sale_over() => Duration::ZERO, // everybody goes home now
                Some(due) => due.0.saturating_duration_since(now),
                None => LOOK_AROUND,
            };
            if left.is_zero() {
                return due.due.pop().map(|due| due.1);
            }
            self.changed.wait_for(&mut due, left.min(LOOK_AROUND));
        }
    }

    fn work(&self, stats: Arc<Mutex<Stats>>) {
        let mut worker = Worker { client: Client::to(&self.run.address), stats };
        while let Some(mut customer) = self.next() {
            let pause = customer.step(&self.run, &mut worker);
            let mut due = self.due.lock();
            match pause {
                Some(pause) => due.due.push(Due(Instant::now() + pause, customer)),
                None => {
                    due.open -= 1;
                    due.through.push(*customer);
                    if due.open == 0 {
                        self.changed.notify_all();
                    }
                }
            }
            drop(due);
            self.changed.notify_one();
        }
    }
}

/// Lets all customers do what they want, over so many connections; `watch` is called now and then meanwhile. When the
/// run is broken off, those whose answer is still due are not given back: their threads end with the program.
pub(super) fn run(
    run: &Arc<Run>,
    customers: Vec<Customer>,
    connections: usize,
    mut watch: impl FnMut(),
) -> (Vec<Customer>, Stats) {
    let due = customers
        .into_iter()
        .map(|customer| Due(run.began + Duration::from_millis(customer.plan.arrives_ms), Box::new(customer)))
        .collect::<BinaryHeap<Due>>();
    let due = DueCustomers { open: due.len(), due, through: Vec::new() };
    let customers = Arc::new(Customers { run: Arc::clone(run), due: Mutex::new(due), changed: Condvar::new() });
    let accounts: Vec<Arc<Mutex<Stats>>> = (0..connections).map(|_| Arc::default()).collect();
    let threads = accounts.iter().map(|stats| {
        let (customers, stats) = (Arc::clone(&customers), Arc::clone(stats));
        std::thread::spawn(move || customers.work(stats))
    });
    let mut threads: Vec<_> = threads.collect();
    let mut stopped = None;
    while !threads.is_empty() {
        watch();
        if run.stop.load(Relaxed) && stopped.get_or_insert_with(Instant::now).elapsed() >= STOP_MAX {
            break;
        }
        for thread in threads.extract_if(.., |thread| thread.is_finished()) {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        std::thread::park_timeout(LOOK_AROUND.min(STOP_MAX / 10));
    }
    let mut stats = Stats::default();
    accounts.iter().for_each(|of_thread| stats.add(std::mem::take(&mut of_thread.lock())));
    let mut due = customers.due.lock();
    let mut through = std::mem::take(&mut due.through);
    through.extend(std::mem::take(&mut due.due).into_iter().map(|due| {
        let mut customer = *due.1;
        customer.ending = Some(Ending::Stopped);
        customer
    }));
    through.sort_by_key(|customer| customer.number);
    (through, stats)
}
