//! What is measured without load: latencies, a large map beside holds,
//! start, memory at rest, and the size of the program.

use std::path::Path;

use crate::Wish;
use crate::calls::{holds, maps, polls};
use crate::figures::{Figures, Limit};
use crate::filling::{self, Filling, SeatPosition};
use crate::halls::{Halls, LARGE};
use crate::load::{self, Load, Outcome, Play};
use crate::served::{Served, program};
use crate::wire::{Wire, request};

/// Holds a second beside which the large map is asked for, and how often that is.
const HOLDS: u32 = 1_000;
const MAPS: u32 = 100;
const SOLD: usize = 100_000;

pub fn measure(wish: &Wish, halls: &Halls, figures: &mut Figures) {
    if wish.wants("latency") {
        latencies(wish, halls, figures);
    }
    if wish.wants("map beside holds") {
        map_beside_holds(wish, halls, figures);
    }
    if wish.wants("start") {
        start_and_size(wish, halls.folder(), figures);
    }
}

/// One round of a play at a time.
fn round(served: &Served, connections: usize, per_second: Option<u32>, wish: &Wish, play: &mut dyn Play) -> Outcome {
    let load = Load { connections, is_new_each: false, per_second, lasting: wish.lasting() };
    load::run(served.address, load, play).unwrap().must_be_right("a quiet round")
}

fn latencies(wish: &Wish, halls: &Halls, figures: &mut Figures) {
    let (mut poll_us, mut hold_us) = (Vec::new(), Vec::new());
    let reading = Served::boxoffice(&halls.reading, &[]);
    for _ in 0..wish.rounds {
        poll_us.push(round(&reading, 1, None, wish, &mut polls()).ms(0, 0.5) * 1_000.0);
        let served = Served::boxoffice(&halls.copy(&halls.holding), &[]);
        let mut play = holds(0..halls.holders, SeatPosition::first(1, LARGE));
        hold_us.push(round(&served, 1, None, wish, &mut play).ms(0, 0.5) * 1_000.0);
    }
    figures.add("latency without load: p50 of a poll, µs", poll_us, Limit::AtMost(100.0));
    figures.add("latency without load: p50 of a hold, µs", hold_us, Limit::AtMost(500.0));
}

fn map_beside_holds(wish: &Wish, halls: &Halls, figures: &mut Figures) {
    let (mut rates, mut slower, mut p99_ms) = (Vec::new(), Vec::new(), Vec::new());
    let hold = |served: &Served| {
        let mut play = holds(0..halls.holders, SeatPosition::first(1, LARGE));
        round(served, 16, Some(HOLDS), wish, &mut play)
    };
    for _ in 0..wish.rounds {
        let alone = hold(&Served::boxoffice(&halls.copy(&halls.holding), &[]));
        let served = Served::boxoffice(&halls.copy(&halls.holding), &[]);
        let beside = std::thread::scope(|scope| {
            scope.spawn(|| round(&served, 8, Some(MAPS), wish, &mut maps(&served, 1, LARGE, false)));
            hold(&served)
        });
        slower.push(beside.ms(0, 0.5) / alone.ms(0, 0.5));
        rates.push(beside.answers() as f64 / wish.seconds);
        p99_ms.push(beside.ms(0, 0.99));
    }
    let name = format!("{HOLDS} holds a second of 2,000 seats, their map asked for {MAPS} times a second");
    figures.add(format!("{name}: holds a second"), rates, Limit::AtLeast(f64::from(HOLDS) * 0.8));
    figures.add(format!("{name}: p50 of a hold, to that without maps"), slower, Limit::AtMost(1.2));
    figures.add(format!("{name}: p99 of a hold, ms"), p99_ms, None);
}

fn start_and_size(wish: &Wish, folder: &Path, figures: &mut Figures) {
    let database = folder.join("sold.db");
    let filling = Filling::new(&database, &serde_json::Value::Null);
    filling.concert(SOLD / LARGE + 1, LARGE);
    filling.users(0..SOLD + 1, false);
    filling.sold(0..SOLD, SeatPosition::first(1, LARGE));
    filling.active(SOLD..SOLD + 1);
    filling.done();
    let map = |schedule_id: usize| {
        let path = format!("/api/v1/schedules/{schedule_id}/seats");
        request("GET", &path, &filling::token(SOLD), &serde_json::Value::Null)
    };
    let (mut first_ms, mut map_ms, mut resident_mb) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..wish.rounds {
        let served = Served::boxoffice(&database, &[]);
        first_ms.push(served.started_in.as_secs_f64() * 1e3);
        resident_mb.push(served.memory("VmRSS") / 1e6);
        let answer = Wire::open(served.address).call(&map(1 + round % (SOLD / LARGE))).status;
        map_ms.push(served.began.elapsed().as_secs_f64() * 1e3);
        assert_eq!(answer, 200);
    }
    figures.add("start on a file of 100,000 sold seats, to the first answer, ms", first_ms, Limit::AtMost(50.0));
    figures.add("start on that file, to the first map of 2,000 seats, ms", map_ms, None);
    figures.add("resident memory at rest on that file, MB", resident_mb, Limit::AtMost(20.0));
    let program = std::fs::metadata(program()).unwrap();
    figures.add("size of the stripped program, MB", vec![program.len() as f64 / 1e6], Limit::AtMost(14.0));
}
