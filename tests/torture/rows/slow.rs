//! Clients that take their time.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use crate::torture::bystander::Bystander;
use crate::torture::outside::{TestApp, comes_true, pause};
use crate::torture::report::{Report, patience};
use crate::torture::wire::{Wire, get};

const DEADLINE_MS: u64 = if cfg!(debug_assertions) { 1_000 } else { 3_000 };

/// Half of them drip a head, half a body, a byte each at a time, far beyond the deadline.
pub fn drips(report: &mut Report) {
    let mut app = TestApp::open(report, &format!("head_max_ms={DEADLINE_MS} body_max_ms={DEADLINE_MS}"));
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let bystander = Bystander::watch(&app);
    let mut wires: Vec<Wire> = Vec::new();
    while report.goes_on() {
        let Some(mut wire) = report.got("connecting", app.wire()) else { break };
        let start = match report.rounds % 2 {
            0 => "GET /echo?drip HTTP/1.1\r\nHost: hall\r\nX-Drip: ",
            _ => "POST /echo?drip HTTP/1.1\r\nHost: hall\r\nContent-Length: 60000\r\n\r\n",
        };
        report.got("sending", wire.send(start));
        wires.push(wire);
    }
    let count = wires.len();
    for wire in &wires {
        wire.stream.set_nonblocking(true).unwrap();
    }
    let start = Instant::now();
    let mut most_kib = 0;
    let (mut ended, mut refused) = (vec![false; count], 0);
    while ended.iter().any(|ended| !ended) && start.elapsed() < Duration::from_millis(DEADLINE_MS) + patience(3_000) {
        for (wire, ended) in wires.iter_mut().zip(&mut ended).filter(|(_, ended)| !**ended) {
            let is_cut = wire.stream.write(b"a").is_err_and(|error| error.kind() != ErrorKind::WouldBlock);
            let mut heard = [0; 1_024];
            match wire.stream.read(&mut heard) {
                Ok(length) if length > 0 => {
                    refused += usize::from(heard.starts_with(b"HTTP/1.1 408 "));
                    *ended = true;
                }
                Ok(_) => *ended = true,
                Err(error) => *ended = is_cut || error.kind() != ErrorKind::WouldBlock,
            }
        }
        most_kib = most_kib.max(app.holds().map_or(0, |now| now.memory_kib));
        (0..10).for_each(|_| pause()); // the next drip
    }
    let (left, took) = (ended.iter().filter(|ended| !**ended).count(), start.elapsed());
    report.check(left == 0, || format!("{left} of {count} drip on after {took:?}"));
    report.check(refused == count, || format!("only {refused} of {count} read why"));
    check_memory(report, before.memory_kib, most_kib, count);
    drop(wires);
    bystander.ends(report);
    app.is_as_before(before, patience(2_000), 32 << 10, report);
}

/// Each asks for 100 answers of 32 KiB, far more than the kernel keeps for it, and reads none.
pub fn readers(report: &mut Report) {
    let mut app = TestApp::open(report, &format!("write_max_ms={DEADLINE_MS}"));
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let bystander = Bystander::watch(&app);
    let mut wires: Vec<Wire> = Vec::new();
    let asked = get("/big?32768").repeat(100);
    while report.goes_on() {
        let Some(mut wire) = report.got("connecting", Wire::open_narrow(app.address)) else { break };
        report.got("sending", wire.send(&asked));
        wires.push(wire);
    }
    let count = wires.len();
    let mut most_kib = 0;
    let let_go = comes_true(Duration::from_millis(2 * DEADLINE_MS) + patience(4_000), || {
        (0..10).for_each(|_| pause());
        let now = app.holds();
        most_kib = most_kib.max(now.as_ref().map_or(0, |now| now.memory_kib));
        now.is_ok_and(|now| now.descriptors <= before.descriptors + 4) // the bystander's
    });
    report.check(let_go, || format!("clients that do not read are kept: {:?}, before {before:?}", app.holds()));
    check_memory(report, before.memory_kib, most_kib, count);
    drop(wires);
    bystander.ends(report);
    app.is_as_before(before, patience(2_000), 48 << 10, report);
}

fn check_memory(report: &mut Report, before_kib: usize, most_kib: usize, connections: usize) {
    let each_kib = most_kib.saturating_sub(before_kib) as f64 / connections.max(1) as f64;
    report.check(each_kib < 64.0, || format!("{each_kib:.1} KiB a connection"));
    report.note(format!("{each_kib:.1} KiB a connection"));
}
