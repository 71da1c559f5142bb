//! `scripts/bench rush`: a buyer while thousands poll as fast as they are answered, and
//! polls while more is written than the writer takes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::Wish;
use crate::calls::{holds, polls_of};
use crate::figures::{Figures, Limit, short};
use crate::filling::{Filling, SeatPosition};
use crate::halls::{LARGE, fresh};
use crate::load::{self, Load, Outcome, Play};
use crate::plays::{BUY, Beside, Purchases};
use crate::served::Served;
use crate::wait;

/// Those who poll, a connection each.
const WAITING: usize = 2_000;
const BUYERS: std::ops::Range<usize> = WAITING..WAITING + 40_000;
/// Connections of buyers, and what they ask for in a second.
const BUYING: usize = 20;
const PER_SECOND: u32 = 200;
/// Those who wait poll until the buyers are done, which is before this.
const POLLING_MAX: Duration = Duration::from_secs(600);
/// Polls a second while the writer has too much to do, and how many try to write then.
const POLLS: u32 = 2_000;
const WRITING: usize = 512;
/// What the writer's queue holds then.
const JOBS: &str = "--writer-jobs-max=16";

pub fn measure(wish: &Wish) -> Figures {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("rush.db");
    let filling = Filling::new(&database, &serde_json::json!({ "paused": true, "abandonSeconds": 86_400 }));
    filling.users(0..BUYERS.end, false);
    filling.waiting(0..WAITING);
    filling.active(BUYERS);
    filling.points(BUYERS);
    filling.concert(BUYERS.end.div_ceil(LARGE), LARGE);
    filling.done();
    let mut figures = Figures::open(&format!("{} customers in a rush", short(WAITING as f64)));
    let start = |flags: &[&str]| Served::boxoffice(&fresh(&database, folder.path()), flags);
    if wish.wants("buyer") {
        buyer(wish, start, &mut figures);
    }
    if wish.wants("overloaded") {
        overloaded(wish, start, &mut figures);
    }
    figures
}

fn put(
    served: &Served,
    connections: usize,
    per_second: Option<u32>,
    lasting: Duration,
    play: &mut dyn Play,
) -> Outcome {
    let load = Load { connections, is_new_each: false, per_second, lasting };
    load::run(served.address, load, play).unwrap()
}

fn buyer(wish: &Wish, start: impl Fn(&[&str]) -> Served, figures: &mut Figures) {
    let (mut polls_a_second, mut poll_p99) = (Vec::new(), Vec::new());
    let [mut hold_p99, mut pay_p99, mut bought] = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..wish.rounds {
        let served = start(&[]);
        let mut buyers = Purchases::new(&BUY, BUYERS, SeatPosition::first(1, LARGE), 1);
        let (heard, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let mut polls = Beside { play: polls_of(0..WAITING), heard: &heard, is_over: &is_over };
        let (customers, buying) = std::thread::scope(|scope| {
            let customers = scope.spawn(|| put(&served, WAITING, None, POLLING_MAX, &mut polls));
            wait::until("all who wait have polled", || heard.load(Relaxed) >= WAITING);
            let buying = put(&served, BUYING, Some(PER_SECOND), wish.lasting(), &mut buyers);
            is_over.store(true, Relaxed);
            (customers.join().unwrap().must_be_right("polls"), buying.must_be_right("buyers"))
        });
        polls_a_second.push(customers.answers() as f64 / customers.seconds);
        poll_p99.push(customers.ms(0, 0.99));
        hold_p99.push(buying.ms(0, 0.99));
        pay_p99.push(buying.ms(1, 0.99));
        bought.push(buying.latencies_ns[1].len() as f64 / wish.seconds);
    }
    figures.add("polls a second", polls_a_second, None);
    figures.add("p99 of a poll, ms", poll_p99, None);
    figures.add("bought a second beside them", bought, None);
    figures.add("p99 of a buyer's hold, ms", hold_p99, Limit::AtMost(50.0));
    figures.add("p99 of a buyer's payment, ms", pay_p99, Limit::AtMost(50.0));
}

/// Polls at a steady pace, at rest and while hundreds write at once into a short queue.
fn overloaded(wish: &Wish, start: impl Fn(&[&str]) -> Served, figures: &mut Figures) {
    let [mut rate, mut quiet_p99, mut busy_p99] = [Vec::new(), Vec::new(), Vec::new()];
    let [mut written, mut turned_away, mut away_p99] = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..wish.rounds {
        let poll = |served: &Served| {
            put(served, 16, Some(POLLS), wish.lasting(), &mut polls_of(0..WAITING)).must_be_right("polls")
        };
        let served = start(&[JOBS]);
        quiet_p99.push(poll(&served).ms(0, 0.99));
        let mut pushing = Pushing { holds: holds(BUYERS, SeatPosition::first(1, LARGE)), taken: 0, away: 0 };
        let (busy, pushed) = std::thread::scope(|scope| {
            let pushed = scope.spawn(|| put(&served, WRITING, None, wish.lasting(), &mut pushing));
            (poll(&served), pushed.join().unwrap().must_be_right("holds"))
        });
        rate.push(busy.answers() as f64 / wish.seconds);
        busy_p99.push(busy.ms(0, 0.99));
        away_p99.push(pushed.ms(0, 0.99));
        written.push(pushing.taken as f64 / pushed.seconds);
        turned_away.push(pushing.away as f64 / pushed.seconds);
    }
    let name = format!("overloaded by {WRITING} who hold at once");
    figures.add(format!("{name}: holds a second"), written, None);
    figures.add(format!("{name}: turned away a second, with 503 and Retry-After"), turned_away, Limit::AtLeast(1.0));
    figures.add(format!("{name}: p99 of their answers, ms"), away_p99, None);
    let name = format!("{} polls a second meanwhile", short(f64::from(POLLS)));
    figures.add(format!("{name}: answered a second"), rate, Limit::AtLeast(f64::from(POLLS) * 0.95));
    figures.add(format!("{name}: p99 at rest, ms"), quiet_p99, None);
    figures.add(format!("{name}: p99 while overloaded, ms"), busy_p99, Limit::AtMost(50.0));
}

/// Holds that may be turned away: with 503, the code, and when to come again.
struct Pushing {
    holds: crate::plays::Prepared,
    taken: usize,
    away: usize,
}

impl Play for Pushing {
    fn ask(&mut self, place: usize, request: &mut Vec<u8>) -> Option<usize> {
        self.holds.ask(place, request)
    }

    fn hear(&mut self, place: usize, answer: &crate::wire::Answer) -> Result<(), String> {
        if answer.status == 503 && answer.member("code") == Some("OVERLOADED") && answer.header("retry-after").is_some()
        {
            self.away += 1;
            return Ok(());
        }
        self.taken += 1;
        self.holds.hear(place, answer)
    }
}
