//! The machine gives no more.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::torture::outside::{Holds, TestApp, comes_true, pause};
use crate::torture::report::{Report, patience};
use crate::torture::wire::{Wire, is_end, post};

const CLIENTS: usize = 120;

pub fn descriptors_64(report: &mut Report) {
    descriptors(report, 64);
}

pub fn descriptors_65(report: &mut Report) {
    descriptors(report, 65);
}

fn descriptors(report: &mut Report, most: u64) {
    let mut app = TestApp::open(report, &format!("nofile={most}"));
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let (mut served, mut refused, mut closed) = (0, 0, 0);
    while report.goes_on() {
        // In one round clients that stay, in the next some that comes when not a single descriptor is left.
        let starved = report.rounds.is_multiple_of(2);
        let kept = app.wire().and_then(|mut wire| wire.echo("/echo?early").map(|_| wire));
        let Some(mut kept) = report.got("who came early", kept) else { return };
        if starved {
            report.got("eating", app.order("eat descriptors"));
        }
        let target = |n: usize| if starved { format!("/echo?{n}") } else { format!("/wait?9&{n}") };
        let mut wires = Vec::new();
        let standing = |app: &mut TestApp| {
            let (parked, refused) = (app.figure("parked"), app.figure("connections_refused_full_total"));
            parked.unwrap_or(0) + refused.unwrap_or(0)
        };
        for n in 0..if starved { CLIENTS } else { CLIENTS / 3 } {
            let before = if starved { 0 } else { standing(&mut app) };
            wires.push(app.wire().and_then(|mut wire| wire.get(&target(n)).map(|()| wire)));
            // Those that stay come one by one: a newcomer that has not been heard yet may have to go for the next.
            let is_in = starved || comes_true(patience(1_000), || standing(&mut app) > before);
            report.check(is_in, || format!("the {n}th of those that stay is neither parked nor refused"));
        }
        if !starved {
            report.got("the notification", app.order("notify 9"));
        }
        for (n, wire) in wires.into_iter().enumerate() {
            if !report.violations.is_empty() {
                return; // each that hangs costs ten seconds
            }
            let target = target(n);
            match wire.and_then(|mut wire| wire.answer()) {
                Ok(answer) if answer.status == 503 => refused += 1,
                Ok(answer) => {
                    let is_own = answer.text() == format!("GET {target} ");
                    report.check(is_own, || format!("{answer:?}"));
                    served += 1;
                }
                Err(error) => {
                    report.check(is_end(&error), || format!("one of them: {error}"));
                    closed += 1;
                }
            }
        }
        if starved {
            // Clients that were refused did not cost the place of who was served all along.
            report.got("who came early", kept.echo("/echo?goes-on"));
            report.got("giving back", app.order("give descriptors back"));
        }
        drop(kept);
        recovers(report, app.address);
    }
    report.check(refused > 0, || "nobody was told that the venue is full".into());
    report.note(format!("of them {served} served, {refused} refused, {closed} closed"));
    app.is_as_before(before, patience(1_000), 8 << 10, report);
}

/// Within a second a newcomer is served.
fn recovers(report: &mut Report, address: SocketAddr) {
    let start = Instant::now();
    let mut last = None;
    let is_well = comes_true(patience(1_000), || {
        let answer = Wire::open(address).and_then(|mut wire| {
            wire.stream.set_read_timeout(Some(patience(1_000)))?;
            wire.echo("/echo?newcomer")
        });
        last = answer.err();
        last.is_none()
    });
    let took = start.elapsed();
    report.check(is_well && took <= patience(1_000), || format!("not well again after {took:?}: {last:?}"));
}

/// The hall runs as nobody, for limits on threads do not bind root.
pub fn threads(report: &mut Report) {
    const HELD: usize = 12;
    let (mut served, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    while report.goes_on() {
        let n = report.rounds;
        let mut app = TestApp::open_as_nobody(report, "");
        let Some(mut kept) = report.got("connecting", app.wire()) else { return };
        report.got("before", kept.echo("/echo?before"));
        report.got("no more threads", app.order("no more threads"));
        // More under way than there are workers: whoever made a thread for a request would make one here.
        let mut held: Vec<Wire> = Vec::new();
        for m in 0..HELD {
            let Some(mut wire) = report.got("connecting", app.wire()) else { return };
            report.got("sending", wire.send(post(&format!("/hold?{n}-{m}"), "")));
            held.push(wire);
        }
        report.got("meanwhile", kept.echo("/echo?meanwhile"));
        // The server that cannot make threads is noticed, or there is nothing to notice.
        comes_true(Duration::from_millis(50), || app.order("held").is_ok_and(|count| count == HELD.to_string()));
        report.got("threads again", app.order("threads again"));
        let start = Instant::now();
        recovers(report, app.address);
        slowest = slowest.max(start.elapsed());
        let deadline = Instant::now() + patience(10_000);
        let mut unanswered = held.len();
        while unanswered > 0 && Instant::now() < deadline {
            report.got("release", app.order("release"));
            pause();
            unanswered = held.iter().filter(|wire| !wire.has_more()).count();
        }
        report.check(unanswered == 0, || format!("{unanswered} were never answered"));
        for (m, wire) in held.iter_mut().enumerate().filter(|_| unanswered == 0) {
            let Some(answer) = report.got("who was held", wire.answer()) else { continue };
            let is_own = answer.text() == format!("POST /hold?{n}-{m} ");
            report.check(is_own || answer.status >= 500, || format!("{answer:?}"));
            if is_own { served += 1 } else { refused += 1 }
        }
    }
    report.note(format!("under way: {served} served, {refused} refused; well again in {} ms", slowest.as_millis()));
}

/// The venue as it is sold.
pub fn binary(report: &mut Report) {
    while report.goes_on() {
        for most in [64, 65] {
            let Some((mut child, address)) = report.got("starting", serve(most)) else { return };
            let before = report.got("counting", Holds::of(child.id()));
            let kept: Vec<Wire> = (0..CLIENTS).filter_map(|_| Wire::open(address).ok()).collect();
            let mut served = 0;
            for mut wire in kept {
                let answer = wire.get("/api/v1/concerts").and_then(|()| wire.answer());
                match answer {
                    Ok(answer) if answer.status == 200 => served += 1,
                    Ok(answer) => drop(report.check(answer.status == 503, || format!("{answer:?}"))),
                    Err(error) => drop(report.check(is_end(&error), || format!("one of them: {error}"))),
                }
            }
            report.check(served > 0, || format!("with {most} descriptors nobody was served"));
            let is_well = comes_true(patience(1_000), || {
                let asked =
                    Wire::open(address).and_then(|mut wire| wire.get("/api/v1/concerts").and_then(|()| wire.answer()));
                asked.is_ok_and(|answer| answer.status == 200)
            });
            report.check(is_well, || format!("with {most} descriptors not well again"));
            let now = Holds::of(child.id());
            report.check(now.is_ok() && before.is_some(), || "it has ended".into());
            drop(child.stdin.take());
            let ended = comes_true(patience(6_000), || child.try_wait().is_ok_and(|status| status.is_some()));
            let status = child.try_wait();
            let is_orderly = matches!(&status, Ok(Some(status)) if status.success());
            report.check(ended && is_orderly, || format!("with {most} descriptors it ended so: {status:?}"));
            let _ = child.kill(); // if it has not
        }
    }
}

fn serve(descriptors: u64) -> io::Result<(Child, SocketAddr)> {
    let mut child = Command::new("prlimit")
        .args([format!("--nofile={descriptors}:{descriptors}"), env!("CARGO_BIN_EXE_boxoffice").into()])
        .args(["serve", "--ephemeral", "--until-stdin-closes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line.split("http://").nth(1).and_then(|rest| rest.split(['"', '/']).next());
    let address = address.and_then(|text| text.parse().ok());
    address.map(|address| (child, address)).ok_or_else(|| io::Error::other(format!("not ready: {line:?}")))
}
