//! `scripts/bench growth`: what a hold, a seat map and a payment cost as dates, sales and connections grow; the WAL
//! under constant load; and the file after busy days.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::calls::{holds, maps, polls};
use crate::day::{self, Days};
use crate::figures::{Figures, Limit, short};
use crate::filling::{Filling, SeatPosition};
use crate::halls::{self, LARGE, SMALL};
use crate::load::{self, Load, Play};
use crate::plays::Prepared;
use crate::served::Served;
use crate::{Wish, filling, wait};

/// Those who hold, and those who pay for what they hold, in each file: enough for a round.
const HOLDERS: usize = 12_000;
const PAYERS: usize = 12_000;
const FIRST_OWNER: usize = HOLDERS + PAYERS;
/// What a figure must be of that at the smallest size, or at 64 connections.
const OF_SMALLEST: f64 = 0.8;

/// What the handbook states, in MiB.
const WAL_MIB: f64 = 48.0;

/// A size of a file.
#[derive(Debug, Clone, Copy)]
struct Size {
    schedules: usize,
    sold: usize,
}

impl Size {
    fn name(self) -> String {
        let Size { schedules, sold } = self;
        if sold == 0 { format!("{schedules} schedules") } else { format!("{} sold tickets", short(sold as f64)) }
    }

    /// Makes a file of this size: first the dates for those who hold and pay, then all others.
    fn fill(self, folder: &Path) -> PathBuf {
        let database = folder.join(format!("{}-{}.db", self.schedules, self.sold));
        let filling = Filling::new(&database, &Value::Null);
        let dates = FIRST_OWNER.div_ceil(LARGE);
        filling.concert(dates, LARGE);
        filling.concert(1, SMALL);
        filling.concert(self.schedules, SMALL);
        let first = filling.concert(self.sold.div_ceil(LARGE), LARGE);
        filling.users(0..FIRST_OWNER + self.sold, false);
        filling.active(0..FIRST_OWNER);
        filling.points(HOLDERS..FIRST_OWNER);
        filling.held(HOLDERS..FIRST_OWNER, SeatPosition::first(1, LARGE).after(HOLDERS));
        filling.sold(FIRST_OWNER..FIRST_OWNER + self.sold, SeatPosition::first(first, LARGE));
        filling.done();
        database
    }

    /// The small date whose map is asked for.
    fn small(self) -> i64 {
        FIRST_OWNER.div_ceil(LARGE) as i64 + 1
    }
}

/// How it is measured.
#[derive(clap::Args, Clone)]
pub struct Growth {
    #[command(flatten)]
    pub wish: Wish,
    #[command(flatten)]
    pub days: Days,
    /// Tickets sold in the largest file.
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    sold: usize,
}

pub fn measure(growth: &Growth) -> Figures {
    let folder = tempfile::tempdir().unwrap();
    let mut figures = Figures::open("growth");
    let wish = &growth.wish;
    let schedules = [10, 100, 1_000].map(|schedules| Size { schedules, sold: 0 });
    let sold = [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|sold| *sold <= growth.sold);
    let sold: Vec<Size> = sold.map(|sold| Size { schedules: 10, sold }).collect();
    for (what, sizes) in [("schedules", &schedules[..]), ("sold tickets", &sold)] {
        if wish.wants(what) {
            sizes_compared(wish, folder.path(), sizes, &mut figures);
        }
    }
    if wish.wants("connections") {
        connections(wish, folder.path(), &mut figures);
    }
    if wish.wants("WAL") {
        wal(wish, folder.path(), &mut figures);
    }
    if wish.wants("days") {
        day::measure(&growth.days, folder.path(), &mut figures);
    }
    figures
}

/// Whoever has a seat held pays for it.
fn payments(numbers: std::ops::Range<usize>) -> Prepared {
    let requests = numbers.map(|number| {
        let body = serde_json::json!({ "reservationId": filling::reservation(number), "amount": filling::PRICE });
        crate::wire::request("POST", "/api/v1/payments", &filling::token(number), &body)
    });
    Prepared::once(requests.collect(), |_, answer| {
        answer.status == 201 && answer.member("status") == Some("COMPLETED") && answer.member("tokenStatus").is_some()
    })
}

/// Answers a second of a play.
fn rate(served: &Served, connections: usize, lasting: Duration, play: &mut dyn Play) -> f64 {
    let load = Load { connections, is_new_each: false, per_second: None, lasting };
    let outcome = load::run(served.address, load, play).unwrap().must_be_right("growth");
    outcome.answers() as f64 / outcome.seconds
}

const CALLS: [&str; 3] = ["holds", "maps of 50 seats", "payments"];

fn sizes_compared(wish: &Wish, folder: &Path, sizes: &[Size], figures: &mut Figures) {
    let files: Vec<PathBuf> = sizes.iter().map(|size| size.fill(folder)).collect();
    let mut rates = vec![[const { Vec::new() }; CALLS.len()]; sizes.len()];
    for round in 0..wish.rounds {
        for turn in 0..sizes.len() {
            let which = if round % 2 == 0 { turn } else { sizes.len() - 1 - turn };
            let served = Served::boxoffice(&halls::fresh(&files[which], folder), &[]);
            let mut plays = [
                holds(0..HOLDERS, SeatPosition::first(1, LARGE)),
                maps(&served, sizes[which].small(), SMALL, false),
                payments(HOLDERS..FIRST_OWNER),
            ];
            for (play, rates) in plays.iter_mut().zip(&mut rates[which]) {
                rates.push(rate(&served, 64, wish.lasting(), play));
            }
        }
    }
    for (call, name) in CALLS.iter().enumerate() {
        for (which, size) in sizes.iter().enumerate() {
            compare(figures, &format!("{name} a second with {}", size.name()), &rates[which][call], &rates[0][call]);
        }
    }
}

/// Two figures: the rates, and what they are of those at the smallest size, round by round.
fn compare(figures: &mut Figures, name: &str, rates: &[f64], smallest: &[f64]) {
    figures.add(name, rates.to_vec(), None);
    if !std::ptr::eq(rates, smallest) {
        let ratios = rates.iter().zip(smallest).map(|(rate, smallest)| rate / smallest).collect();
        figures.add(format!("{name}, to the first of these"), ratios, Limit::AtLeast(OF_SMALLEST));
    }
}

fn connections(wish: &Wish, folder: &Path, figures: &mut Figures) {
    const COUNTS: [usize; 3] = [64, 512, 2_000];
    const CALLS: [&str; 3] = ["polls", "maps of 50 seats", "holds"];
    let halls = halls::Halls::fill(wish.seconds);
    let mut rates = [const { [const { Vec::new() }; CALLS.len()] }; COUNTS.len()];
    let reading = Served::boxoffice(&halls.reading, &["--http-connections-per-address-max=0"]);
    for round in 0..wish.rounds {
        for turn in 0..COUNTS.len() {
            let which = if round % 2 == 0 { turn } else { COUNTS.len() - 1 - turn };
            let holding = Served::boxoffice(&halls::fresh(&halls.holding, folder), &[]);
            let (mut polls, mut maps) = (polls(), maps(&reading, 1, SMALL, false));
            let mut holds = holds(0..halls.holders, SeatPosition::first(1, LARGE));
            let plays: [(&Served, &mut dyn Play); 3] =
                [(&reading, &mut polls), (&reading, &mut maps), (&holding, &mut holds)];
            for ((served, play), rates) in plays.into_iter().zip(&mut rates[which]) {
                rates.push(rate(served, COUNTS[which], wish.lasting(), play));
            }
        }
    }
    for (call, name) in CALLS.iter().enumerate() {
        for (which, count) in COUNTS.iter().enumerate() {
            let name = format!("{name} a second at {} connections", short(*count as f64));
            compare(figures, &name, &rates[which][call], &rates[0][call]);
        }
    }
}

/// Holds and maps all the while: how large the WAL becomes.
fn wal(wish: &Wish, folder: &Path, figures: &mut Figures) {
    let database = folder.join("wal.db");
    let holders = 400_000;
    halls::fill_holding(&database, holders);
    let served = Served::boxoffice(&database, &[]);
    let lasting = wish.lasting() * wish.rounds as u32 * 2;
    let load = Load { connections: 64, is_new_each: false, per_second: None, lasting };
    let mut most = 0;
    let answers = std::thread::scope(|scope| {
        scope.spawn(|| {
            let beside = Load { connections: 16, ..load };
            load::run(served.address, beside, &mut maps(&served, 1, LARGE, false)).unwrap().must_be_right("maps")
        });
        let mut play = holds(0..holders, SeatPosition::first(1, LARGE));
        let holds = scope.spawn(move || load::run(served.address, load, &mut play).unwrap().must_be_right("holds"));
        wait::comes_true(lasting + wait::DEADLINE, || {
            let wal = std::fs::metadata(folder.join("wal.db-wal")).map_or(0, |wal| wal.len());
            most = most.max(wal);
            holds.is_finished()
        });
        holds.join().unwrap().answers()
    });
    figures.add("WAL: holds of 2,000-seat dates meanwhile, maps beside them", vec![answers as f64], None);
    figures.add("WAL: most there was, MiB", vec![most as f64 / f64::from(1 << 20)], Limit::AtMost(WAL_MIB));
}
