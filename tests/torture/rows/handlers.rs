//! What handlers do wrong, or late, and who gets which answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::torture::outside::{Holds, TestApp, comes_true};
use crate::torture::report::{Report, patience};
use crate::torture::streams::Dice;
use crate::torture::wire::{Wire, get, post};

pub fn panics(report: &mut Report) {
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let mut wires: Vec<Wire> = (0..8).filter_map(|_| report.got("connecting", app.wire())).collect();
    let mut ids = std::collections::HashSet::new();
    while report.goes_on() {
        let n = report.rounds;
        let Some(wire) = wires.get_mut(n % 8) else { break };
        let asked = wire.send(if n.is_multiple_of(3) { post("/panic", "x") } else { get("/panic") });
        let Some(answer) = report.got("a panic", asked.and_then(|()| wire.answer())) else { continue };
        report.check(answer.status == 500, || format!("{answer:?}"));
        let id = answer.field("x-request-id").unwrap_or_default().to_owned();
        report.check(!id.is_empty() && ids.insert(id), || format!("no id of its own: {:?}", answer.head));
        report.check(!answer.text().contains("on purpose"), || format!("it tells too much: {}", answer.text()));
        if n.is_multiple_of(100) {
            report.got("after a panic", wire.echo(&format!("/echo?{n}")));
        }
    }
    drop(wires);
    let (count, logged) = (report.rounds, app.order("panics logged"));
    report.check(logged.as_ref().is_ok_and(|logged| *logged == count.to_string()), || {
        format!("{logged:?} of {count} were logged")
    });
    app.is_as_before(before, patience(1_000), 16 << 10, report);
}

/// Requests are held until they are given up; then, while others ask, the handlers answer them after all.
pub fn late_answers(report: &mut Report) {
    const HELD: usize = 2;
    let mut app = TestApp::open(report, "inner_answer_max_ms=100 inner_reads=2 inner_writes=2");
    let mut before = None; // the first round opens what there is to open
    while report.goes_on() {
        let n = report.rounds;
        let mut late: Vec<Wire> = Vec::new();
        for m in 0..2 * HELD {
            let Some(mut wire) = report.got("connecting", app.wire()) else { return };
            let target = format!("/hold?late-{n}-{m}");
            report.got("sending", wire.send(if m % 2 == 0 { get(&target) } else { post(&target, "") }));
            late.push(wire);
        }
        for wire in &mut late {
            if let Some(answer) = report.got("one that is late", wire.answer()) {
                report.check(answer.status == 500, || format!("{answer:?}"));
            }
        }
        let mut others: Vec<Wire> = (0..8).filter_map(|_| report.got("connecting", app.wire())).collect();
        for (m, other) in others.iter_mut().enumerate() {
            report.got("sending", other.get(&format!("/hold?own-{n}-{m}"))); // in flight when the late answers come
        }
        comes_true(patience(1_000), || app.order("held").is_ok_and(|held| held != "0"));
        report.got("the late answers", app.order("release"));
        let (is_over, app) = (&AtomicBool::new(false), &mut app);
        let own = std::thread::scope(|scope| {
            let answers = scope.spawn(move || {
                let read = |(m, other): (usize, &mut Wire)| (m, other.answer());
                let answers: Vec<_> = others.iter_mut().enumerate().map(read).collect();
                is_over.store(true, Ordering::Relaxed);
                answers
            });
            comes_true(Duration::from_secs(5), || app.order("release").is_err() || is_over.load(Ordering::Relaxed));
            answers.join().unwrap()
        });
        for (m, answer) in own {
            let Some(answer) = report.got("another", answer) else { continue };
            let is_own = answer.status == 500 || answer.text() == format!("GET /hold?own-{n}-{m} ");
            report.check(is_own, || format!("own-{n}-{m} got {}", answer.text()));
        }
        let silent = late.iter_mut().all(|wire| wire.echo(&format!("/echo?{n}")).is_ok());
        report.check(silent, || "who was late got something more, or cannot go on".into());
        before = before.or_else(|| report.got("counting", app.holds()));
    }
    let settled = comes_true(patience(1_000), || app.order("release").is_ok());
    report.check(settled, || "the hall does not answer".into());
    if let Some(mut before) = before {
        // What was open in the first round is not all that may be: a leak would be one or more a round.
        (before.threads, before.descriptors) = (before.threads + 8, before.descriptors + 12);
        app.is_as_before(before, patience(3_000), 16 << 10, report);
    }
}

/// Threads of customers, each with connections that do everything by the dice, before handlers that take a few at once.
pub fn mixups(report: &mut Report) {
    const THREADS: u64 = 16;
    let mut app = TestApp::open(report, "inner_reads=2 inner_writes=3");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let (seed, address) = (report.seed, app.address);
    report.note(format!("seed {seed}"));
    let (each, done) = (report.wanted.div_ceil(THREADS as usize), AtomicUsize::new(0));
    let done = &done;
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let customers: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let mut customer = Customer { dice: Dice::of(seed + thread), address, thread, wires: Vec::new() };
                    (0..each).find_map(|n| {
                        done.fetch_add(1, Ordering::Relaxed);
                        customer.does_something(n).err().map(|error| format!("{error} (seed {seed})"))
                    })
                })
            })
            .collect();
        while customers.iter().any(|customer| !customer.is_finished()) {
            let _ = app.order("notify 1");
            let _ = app.order("release");
            crate::torture::outside::pause();
        }
        customers.into_iter().filter_map(|customer| customer.join().unwrap()).collect()
    });
    report.rounds = done.load(Ordering::Relaxed);
    for wrong in wrong {
        report.check(false, || wrong);
    }
    // The last of those who vanished may have left a request with the handlers.
    let is_empty = |app: &mut TestApp| app.order("release").is_ok() && app.order("held").is_ok_and(|held| held == "0");
    let settled = comes_true(patience(2_000), || is_empty(&mut app));
    report.check(settled, || "requests stay with the handlers".into());
    // tiny_http lets go of a connection that the HTTP server gave up when it next looks at it.
    let before = Holds { threads: before.threads + 4, descriptors: before.descriptors + 6, ..before };
    app.is_as_before(before, patience(2_000), 24 << 10, report);
}

struct Customer {
    dice: Dice,
    address: std::net::SocketAddr,
    thread: u64,
    wires: Vec<Wire>,
}

impl Customer {
    fn does_something(&mut self, n: usize) -> std::io::Result<()> {
        let mut wire = match self.wires.pop() {
            Some(wire) if self.dice.below(8) > 0 => wire,
            _ => Wire::open(self.address)?,
        };
        let asked: Vec<(&str, String, String)> = (0..1 + self.dice.below(5))
            .map(|m| {
                let what = ["/echo?", "/echo?", "/hold?", "/wait?1&"][self.dice.below(4)];
                let target = format!("{what}{}-{n}-{m}", self.thread);
                let body = "b".repeat(self.dice.below(3) * self.dice.below(3_000));
                if self.dice.below(2) == 0 || what.starts_with("/wait") {
                    ("GET", target, String::new())
                } else {
                    ("POST", target, body)
                }
            })
            .collect();
        for (method, target, body) in &asked {
            wire.send(if *method == "GET" { get(target) } else { post(target, body) })?;
        }
        if self.dice.below(6) == 0 {
            return Ok(()); // and vanishes
        }
        for (method, target, body) in &asked {
            wire.echoed(method, target, body.as_bytes())?;
        }
        self.wires.insert(0, wire);
        self.wires.truncate(16);
        Ok(())
    }
}
