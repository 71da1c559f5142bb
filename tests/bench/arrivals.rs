//! `scripts/bench arrivals`: an open loop. People come at a fixed rate, whether the server keeps up or not, and every
//! latency counts from the moment at which somebody came.

use std::time::Duration;

use serde_json::json;

use crate::Wish;
use crate::calls::{holds, polls, top_ups};
use crate::figures::{Figures, Limit, short};
use crate::filling::SeatPosition;
use crate::halls::{Halls, LARGE};
use crate::load::{self, Load, Outcome, Play};
use crate::plays::Prepared;
use crate::served::Served;
use crate::wire::{Answer, request};

/// Arrivals a second at the beginning of an on-sale, and for how long.
const FLOODS: [u32; 3] = [10_000, 20_000, 40_000];
const FLOOD: Duration = Duration::from_secs(10);
/// Connections over which they come.
const CONNECTIONS: usize = 1_000;
/// What a p99 may be, in milliseconds, for a rate to count as kept.
const P99_MS: f64 = 50.0;
/// A queue needs longer than a round to grow.
const LONGER: f64 = 4.0;
/// The parts of the closed loop's rate at which the open loop is tried.
const PARTS: [f64; 9] = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1];

pub fn measure(wish: &Wish) -> Figures {
    let mut figures = Figures::open("arrivals at a fixed rate");
    if wish.wants("flood") {
        for rate in FLOODS {
            flood(rate, true, &mut figures);
            flood(rate, false, &mut figures);
        }
    }
    if wish.wants("highest") {
        let halls = Halls::fill(wish.seconds * LONGER);
        let read = || Served::boxoffice(&halls.reading, &[]);
        let written = || Served::boxoffice(&halls.copy(&halls.holding), &[]);
        highest(wish, "poll of a token", read, polls, &mut figures);
        highest(wish, "top-up", written, || top_ups(halls.holders), &mut figures);
        highest(
            wish,
            "hold of a seat",
            written,
            || holds(0..halls.holders, SeatPosition::first(1, LARGE)),
            &mut figures,
        );
    }
    figures
}

/// Everybody registers and lines up at once, in two calls or in one; nobody is let in.
fn flood(rate: u32, in_one_call: bool, figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::boxoffice(&folder.path().join("flood.db"), &[]);
    served.change(&json!({ "paused": true, "abandonSeconds": 86_400 }));
    let load = Load { connections: CONNECTIONS, is_new_each: false, per_second: Some(rate), lasting: FLOOD };
    let mut newcomers = Newcomers::new(in_one_call);
    let outcome = load::run(served.address, load, &mut newcomers).unwrap().must_be_right("newcomers");
    let came = f64::from(rate) * FLOOD.as_secs_f64();
    let calls = if in_one_call { "one call" } else { "two calls" };
    let name = format!("flood of {} a second for {} s, {calls}", short(f64::from(rate)), FLOOD.as_secs());
    let joined = newcomers.places.len() as f64;
    figures.add(format!("{name}: joined a second"), vec![joined / outcome.seconds], None);
    let away = newcomers.away as f64;
    figures.add(format!("{name}: turned away with 503 and Retry-After, of all"), vec![away / came], None);
    figures.add(format!("{name}: without an answer 10 s later, of all"), vec![1.0 - (joined + away) / came], None);
    let ms = |quantile| vec![outcome.ms(1, quantile)];
    figures.add(format!("{name}: p50 until the place is known, ms"), ms(0.5), None);
    figures.add(format!("{name}: p99 until the place is known, ms"), ms(0.99), None);
    figures.add(format!("{name}: places out of order"), vec![newcomers.out_of_order() as f64], Limit::AtMost(0.0));
    let waiting = served.figure("waiting") as f64;
    figures.add(format!("{name}: places lost"), vec![(joined - waiting).max(0.0)], Limit::AtMost(0.0));
}

/// People who come for the first time.
struct Newcomers {
    in_one_call: bool,
    /// Of those whose first call was answered: what they say in the second, by their connection.
    registered: Vec<Option<serde_json::Value>>,
    /// How many calls were begun, and how many had been when the one of each connection was.
    begun: usize,
    asked: Vec<usize>,
    /// The place of each who joined, how many calls had been begun when theirs was, and when it was answered.
    places: Vec<(usize, usize, u64)>,
    away: usize,
}

impl Newcomers {
    fn new(in_one_call: bool) -> Newcomers {
        let (registered, asked) = (vec![None; CONNECTIONS], vec![0; CONNECTIONS]);
        Newcomers { in_one_call, registered, begun: 0, asked, places: Vec::new(), away: 0 }
    }

    /// How many stand behind somebody who asked only when they had been answered already; and places given twice.
    fn out_of_order(&self) -> usize {
        let mut answered: Vec<_> = self.places.iter().map(|(_, answered, place)| (*answered, *place)).collect();
        answered.sort_unstable();
        let mut asked = self.places.clone();
        asked.sort_unstable();
        let (mut next, mut greatest, mut wrong) = (0, 0, 0);
        for (begun, _, place) in asked {
            while let Some((_, before)) = answered.get(next).filter(|(answered, _)| *answered < begun) {
                greatest = greatest.max(*before);
                next += 1;
            }
            wrong += usize::from(place < greatest);
        }
        let mut places: Vec<u64> = self.places.iter().map(|(.., place)| *place).collect();
        places.sort_unstable();
        wrong + places.windows(2).filter(|pair| pair[0] == pair[1]).count()
    }
}

impl Play for Newcomers {
    fn series(&self) -> usize {
        2 // registering, and the place in the line
    }

    fn goes_on(&self, place: usize) -> bool {
        self.registered[place].is_some()
    }

    fn ask(&mut self, place: usize, out: &mut Vec<u8>) -> Option<usize> {
        self.begun += 1;
        self.asked[place] = self.begun;
        let name = json!({ "name": "Kim" });
        if let Some(body) = self.registered[place].clone() {
            out.extend(request("POST", "/api/v1/queue/tokens", "", &body));
            return Some(1);
        }
        let path = if self.in_one_call { "/api/v1/queue/tokens" } else { "/api/v1/users" };
        out.extend(request("POST", path, "", &name));
        Some(usize::from(self.in_one_call))
    }

    fn hear(&mut self, place: usize, answer: &Answer) -> Result<(), String> {
        let second = self.registered[place].take();
        if answer.status == 503 && answer.header("retry-after").is_some() {
            self.away += 1;
            return Ok(());
        }
        if answer.status != 201 {
            return Err(answer.text().to_owned());
        }
        if second.is_none() && !self.in_one_call {
            let member = |name: &str| answer.member(name).unwrap_or_default().to_owned();
            self.registered[place] = Some(json!({ "userId": member("userId"), "userKey": member("userKey") }));
            return Ok(());
        }
        let text = answer.text().split_once("\"position\":").map_or("", |(_, after)| after);
        let position: u64 = text.split(',').next().unwrap_or_default().parse().map_err(|_| answer.text().to_owned())?;
        self.places.push((self.asked[place], self.begun, position));
        Ok(())
    }
}

/// The highest rate at which everything is answered and p99 stays under its limit.
fn highest(wish: &Wish, name: &str, start: impl Fn() -> Served, play: impl Fn() -> Prepared, figures: &mut Figures) {
    let lasting = wish.lasting().mul_f64(LONGER);
    let put = |connections, per_second| {
        let served = start();
        let load = Load { connections, is_new_each: false, per_second, lasting };
        load::run(served.address, load, &mut play()).unwrap().must_be_right(name)
    };
    let closed = put(64, None);
    let closed = closed.answers() as f64 / closed.seconds;
    let mut kept: Option<(u32, Outcome)> = None;
    for part in PARTS {
        let rate = (closed * part) as u32;
        let outcome = put(CONNECTIONS, Some(rate));
        let all = outcome.answers() as f64 >= (f64::from(rate) * lasting.as_secs_f64()).floor();
        if !all || outcome.ms(0, 0.99) > P99_MS {
            break;
        }
        kept = Some((rate, outcome));
    }
    figures.add(format!("{name}: a second in a closed loop of 64"), vec![closed], None);
    let Some((rate, outcome)) = kept else {
        return figures.add(format!("{name}: highest rate with p99 under 50 ms"), vec![0.0], Limit::AtLeast(1.0));
    };
    figures.add(format!("{name}: highest rate with p99 under 50 ms"), vec![f64::from(rate)], None);
    for (quantile, said) in [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")] {
        figures.add(format!("{name}: {said} at that rate, ms"), vec![outcome.ms(0, quantile)], None);
    }
}
