//! Many at once: bursts, floods of pipelined requests, parked waits.

use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use crate::torture::bystander::Bystander;
use crate::torture::outside::{TestApp, comes_true};
use crate::torture::report::{Report, patience};
use crate::torture::wire::{Wire, get};

pub fn bursts(report: &mut Report) {
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let mut slowest = Duration::ZERO;
    while report.goes_on() {
        for size in [8, 20, 100, 500] {
            let start = Instant::now();
            let mut wires: Vec<Option<Wire>> = (0..size)
                .map(|n| {
                    let mut wire = report.got("connecting", app.wire())?;
                    report.got("sending", wire.get(&format!("/echo?{size}-{n}")))?;
                    Some(wire)
                })
                .collect();
            // Each keeps its connection until the last is answered, as browsers do.
            for (n, wire) in wires.iter_mut().enumerate() {
                let Some(wire) = wire else { continue };
                if report.got("a burst", wire.echoed("GET", &format!("/echo?{size}-{n}"), b"")).is_none() {
                    break;
                }
            }
            let took = start.elapsed();
            slowest = slowest.max(took);
            report.check(took < patience(1_000), || format!("{size} connections took {took:?}"));
        }
    }
    report.note(format!("slowest burst {} ms", slowest.as_millis()));
    app.is_as_before(before, patience(1_000), 16 << 10, report);
}

/// One connection sends as much as it can and reads nothing; then it reads everything.
pub fn pipelining(report: &mut Report) {
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let bystander = Bystander::watch(&app);
    let Some(mut flood) = report.got("connecting", app.wire()) else { return };
    let target = |n: usize| format!("/echo?flood-{n}");
    let count = report.wanted;
    let all: Vec<u8> = (0..count).flat_map(|n| get(&target(n)).into_bytes()).collect();
    let mut sent = 0;
    let until = Instant::now() + Duration::from_secs(2);
    flood.stream.set_nonblocking(true).unwrap();
    while Instant::now() < until && sent < all.len() {
        match (&flood.stream).write(&all[sent..]) {
            Ok(length) => sent += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => crate::torture::outside::pause(),
            Err(error) => {
                report.check(false, || format!("the flood was cut off: {error}"));
                return;
            }
        }
    }
    flood.stream.set_nonblocking(false).unwrap();
    let memory_kib = app.holds().map_or(0, |now| now.memory_kib.saturating_sub(before.memory_kib));
    report.check(memory_kib < 512, || format!("one client that reads nothing costs {memory_kib} KiB"));
    report.note(format!("unread {} kB took {memory_kib} KiB", sent / 1_000));
    let mut rest = flood.stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || rest.write_all(&all[sent..]));
        while report.goes_on() {
            let n = report.rounds - 1;
            if report.got("the flood", flood.echoed("GET", &target(n), b"")).is_none() {
                let _ = flood.stream.shutdown(Shutdown::Both);
                break;
            }
        }
    });
    drop(flood);
    bystander.ends(report);
    app.is_as_before(before, patience(1_000), 16 << 10, report);
}

pub fn parked_with_pipelined_behind(report: &mut Report) {
    const BEHIND: usize = 4;
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let bystander = Bystander::watch(&app);
    let mut wires = Vec::new();
    while report.goes_on() {
        let n = report.rounds;
        let Some(mut wire) = report.got("connecting", app.wire()) else { break };
        let mut all = get(&format!("/wait?7&{n}"));
        (0..BEHIND).for_each(|m| all.push_str(&get(&format!("/echo?behind-{n}-{m}"))));
        report.got("sending", wire.send(all));
        wires.push((n, wire));
    }
    let count = wires.len() as u64;
    let all_parked = comes_true(patience(2_000), || app.figure("parked").is_ok_and(|parked| parked == count));
    report.check(all_parked, || "not all of them are parked".into());
    // Others are served in between, and who waits hears nothing before the notification.
    for n in 0..200 {
        report.got("another", app.wire().and_then(|mut wire| wire.echo(&format!("/echo?other-{n}"))));
    }
    let early = wires.iter().filter(|(_, wire)| wire.has_more()).count();
    report.check(early == 0, || format!("{early} were answered while the request before was parked"));
    report.got("the notification", app.order("notify 7"));
    let start = Instant::now();
    for (n, wire) in &mut wires {
        let waited = wire.echoed("GET", &format!("/wait?7&{n}"), b"");
        if report.got("who was parked", waited).is_none() {
            continue;
        }
        for m in 0..BEHIND {
            report.got("behind the parked", wire.echoed("GET", &format!("/echo?behind-{n}-{m}"), b""));
        }
    }
    let took = start.elapsed();
    report.check(took < patience(1_000), || format!("they were woken in {took:?}"));
    report.note(format!("all woken in {} ms", took.as_millis()));
    drop(wires);
    bystander.ends(report);
    app.is_as_before(before, patience(1_000), 16 << 10, report);
}

/// Every second client vanishes orderly, every second with a reset; one in ten stays.
pub fn vanished(report: &mut Report) {
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let (mut vanishing, mut staying) = (Vec::new(), Vec::new());
    while report.goes_on() {
        let n = report.rounds;
        let Some(mut wire) = report.got("connecting", app.wire()) else { break };
        report.got("sending", wire.get(&format!("/wait?{}&{n}", n % 3)));
        if n.is_multiple_of(10) { staying.push((n, wire)) } else { vanishing.push(wire) }
    }
    let (all, rest) = ((vanishing.len() + staying.len()) as u64, staying.len() as u64);
    let all_parked = comes_true(patience(2_000), || app.figure("parked").is_ok_and(|parked| parked == all));
    report.check(all_parked, || "not all of them are parked".into());
    let full = report.got("counting", app.holds()).unwrap_or(before);
    report.note(format!("{all} waits: {} threads more", full.threads.saturating_sub(before.threads)));
    report.check(full.threads <= before.threads + 16, || format!("parked waits hold threads: {full:?}"));
    for (n, wire) in vanishing.into_iter().enumerate() {
        if n.is_multiple_of(2) {
            let _ = socket2::SockRef::from(&wire.stream).set_linger(Some(Duration::ZERO)); // a reset
        }
    }
    let start = Instant::now();
    let freed = comes_true(patience(1_000), || {
        app.figure("parked").is_ok_and(|parked| parked == rest)
            && app.holds().is_ok_and(|now| now.descriptors <= before.descriptors + staying.len())
    });
    let now = app.holds();
    report.check(freed, || format!("a second later {now:?}, before {before:?}, {rest} stay"));
    report.note(format!("freed after {} ms", start.elapsed().as_millis()));
    for topic in 0..3 {
        report.got("the notification", app.order(&format!("notify {topic}")));
    }
    for (n, wire) in &mut staying {
        report.got("who stayed", wire.echoed("GET", &format!("/wait?{}&{n}", *n % 3), b""));
    }
    drop(staying);
    app.is_as_before(before, patience(1_000), 16 << 10, report);
}
