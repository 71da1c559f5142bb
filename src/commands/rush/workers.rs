//! Drives all customers with a few threads: each takes the one who is due
//! next, makes one call for them, and puts them back.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::customer::{BoxedCustomer, Customer, Phase};
use super::run::{Ending, Run, Worker};
use super::stats::Stats;
use crate::platform;

/// A thread that has nothing to do looks around again after so long.
const LOOK_AROUND: Duration = Duration::from_millis(200);
/// So many come back in a second after a draw: half as many as the server lets poll who wait far away.
const COME_BACK_PER_SECOND: u32 = 5_000;
/// Answers that are due when the run is broken off have so long to come.
const STOP_MAX: Duration = Duration::from_millis(500);

/// A customer and when they are due.
struct Due(Instant, BoxedCustomer);

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
    /// Those who are inside, or leave: they have a connection of their own in life, and wait behind nobody's polls.
    inside: BinaryHeap<Due>,
    others: BinaryHeap<Due>,
    /// Customers who are not through.
    open: usize,
    /// Until when the thread waits that takes the next; the others wait until they are needed.
    next_wakes: Option<Instant>,
    through: Vec<BoxedCustomer>,
}

impl DueCustomers {
    fn put(&mut self, due: Due) {
        let is_inside = matches!(due.1.phase, Phase::Inside | Phase::Leaving);
        if is_inside { self.inside.push(due) } else { self.others.push(due) }
    }

    /// Those of whom the first is next at `now`.
    fn next_of(&mut self, now: Instant) -> &mut BinaryHeap<Due> {
        let first = |of: &BinaryHeap<Due>| of.peek().map(|due| due.0);
        let is_inside = match (first(&self.inside), first(&self.others)) {
            (Some(inside), Some(other)) => inside <= now || inside <= other,
            (inside, _) => inside.is_some(),
        };
        if is_inside { &mut self.inside } else { &mut self.others }
    }

    /// When the first of them is due.
    fn next_at(&mut self, now: Instant) -> Option<Instant> {
        self.next_of(now).peek().map(|due| due.0)
    }
}

struct Customers {
    run: Arc<Run>,
    due: Mutex<DueCustomers>,
    changed: Condvar,
}

impl Customers {
    /// The next customer who is due; `None` when all are through, or the run is broken off.
    fn next(&self) -> Option<BoxedCustomer> {
        let mut due = self.due.lock();
        loop {
            if due.open == 0 || self.run.stop.load(Relaxed) {
                return None;
            }
            let now = Instant::now();
            let at = due.next_at(now);
            let moment = at.map_or(now + LOOK_AROUND, |at| at.min(now + LOOK_AROUND));
            if at.is_some_and(|at| at <= now || self.run.is_on_sale_over()) {
                let next = due.next_of(now).pop().map(|due| due.1);
                let after = due.next_at(now);
                if after.is_some_and(|after| due.next_wakes.is_none_or(|wakes| after < wakes)) {
                    self.changed.notify_one(); // another thread waits for the one after
                }
                return next;
            }
            if due.next_wakes.is_some_and(|wakes| wakes <= moment) {
                self.changed.wait_for(&mut due, LOOK_AROUND);
                continue;
            }
            due.next_wakes = Some(moment);
            self.changed.wait_until(&mut due, moment);
            if due.next_wakes == Some(moment) {
                due.next_wakes = None;
            }
        }
    }

    /// Those who wait for the draw come back in its order, or earlier if they must to stay in the line.
    fn come_back(&self, order: &[u32]) {
        let mut ranks = vec![0; order.iter().max().map_or(0, |most| *most as usize + 1)];
        (0_u32..).zip(order).for_each(|(rank, number)| ranks[*number as usize] = rank);
        let (mut due, now) = (self.due.lock(), Instant::now());
        let mut all = std::mem::take(&mut due.others).into_vec();
        for Due(at, customer) in &mut all {
            if let Some(rank) = customer.number_to_draw().and_then(|number| ranks.get(number as usize)) {
                *at = (*at).min(now + Duration::from_secs(1) * *rank / COME_BACK_PER_SECOND);
            }
        }
        due.others = all.into();
        self.changed.notify_all();
    }

    fn work(&self, stats: Arc<Mutex<Stats>>) {
        let mut worker = Worker { connection: self.run.server.connect(), stats };
        let mut used = Duration::ZERO;
        while let Some(mut customer) = self.next() {
            let pause = customer.step(&self.run, &mut worker);
            if let Some(now) = platform::thread_cpu() {
                worker.stats.lock().used(now - used);
                used = now;
            }
            let mut due = self.due.lock();
            match pause {
                Some(pause) => due.put(Due(Instant::now() + pause, customer)),
                None => {
                    due.open -= 1;
                    due.through.push(customer);
                    if due.open == 0 {
                        self.changed.notify_all();
                    }
                }
            }
        }
    }
}

/// Lets all customers do what they want, over so many connections; `watch` is called now and then meanwhile, and gives
/// the join numbers in the order of a draw once it was held. When the run is broken off, those whose answer is still
/// due are not given back: their threads end with the program.
pub(super) fn run(
    run: &Arc<Run>,
    customers: impl Iterator<Item = Customer>,
    connections: usize,
    stats: &Arc<Mutex<Stats>>,
    mut watch: impl FnMut() -> Option<Vec<u32>>,
) -> Vec<BoxedCustomer> {
    let others = customers
        .map(|customer| Due(run.began + Duration::from_millis(customer.plan.arrives_ms.into()), Box::new(customer)))
        .collect::<BinaryHeap<Due>>();
    let due = DueCustomers { open: others.len(), others, ..DueCustomers::default() };
    let customers = Arc::new(Customers { run: Arc::clone(run), due: Mutex::new(due), changed: Condvar::new() });
    let threads = (0..connections).map(|_| {
        let (customers, stats) = (Arc::clone(&customers), Arc::clone(stats));
        std::thread::spawn(move || customers.work(stats))
    });
    let mut threads: Vec<_> = threads.collect();
    let mut stopped = None;
    while !threads.is_empty() {
        watch().iter().for_each(|order| customers.come_back(order));
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
    let mut due = customers.due.lock();
    let mut through = std::mem::take(&mut due.through);
    let left = std::mem::take(&mut due.inside).into_iter().chain(std::mem::take(&mut due.others));
    through.extend(left.map(|Due(_, mut customer)| {
        customer.ending = Some(Ending::Stopped);
        customer
    }));
    through.sort_by_key(|customer| customer.number);
    through
}
