//! Random streams to the HTTP server, and what must come back.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::outside::TestApp;
use super::report::{Report, patience};
use super::streams::{End, Stream, stream};
use super::wire::{Answer, Wire, is_end};

const THREADS: usize = 3;

pub fn streams_are_answered(report: &mut Report) {
    let mut app = TestApp::open(report, "");
    let Some(before) = report.got("warming up", app.warm_up()) else { return };
    let (seed, count, address) = (report.seed, report.wanted, app.address);
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count || wrong.lock().unwrap().len() >= 8 {
                        return;
                    }
                    let one = stream(seed.wrapping_add(n as u64));
                    if let Err(what) = is_answered_right(address, &one) {
                        let text = String::from_utf8_lossy(&one.bytes[..one.bytes.len().min(3_000)]).into_owned();
                        let place = seed.wrapping_add(n as u64);
                        wrong.lock().unwrap().push(format!("stream {place}, {:?}: {what}\n{text:?}", one.end));
                    }
                }
            });
        }
    });
    report.rounds = next.load(Ordering::Relaxed).min(count);
    report.note(format!("seed {seed}"));
    for what in wrong.into_inner().unwrap() {
        report.check(false, || what);
    }
    app.is_as_before(before, patience(2_000), 16 << 10, report);
}

fn is_answered_right(address: SocketAddr, stream: &Stream) -> Result<(), String> {
    let told = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| format!("{what}: {error:?}")
    };
    let mut wire = Wire::open(address).map_err(told("connecting"))?;
    let mut from = 0;
    for &cut in stream.cuts.iter().chain([&stream.bytes.len()]) {
        if let Err(error) = wire.send(&stream.bytes[from..cut]) {
            let may_be_cut = is_end(&error) && !matches!(stream.end, End::Quiet | End::Cut);
            if !may_be_cut {
                return Err(format!("sending: {error:?}"));
            }
            break;
        }
        from = cut;
        std::thread::yield_now(); // so that it arrives in pieces
    }
    for (n, due) in stream.due.iter().enumerate() {
        let answer = final_answer(&mut wire, due.method).map_err(told(&format!("answer {n}")))?;
        let length = answer.field("content-length").and_then(|text| text.parse().ok());
        let is_right = if due.method == "HEAD" {
            length == Some(due.body.len()) && answer.body.is_empty()
        } else {
            answer.body == due.body
        };
        let id = answer.field("x-request-id");
        if !is_right || answer.status != due.status || due.id.as_deref().is_some_and(|due| id != Some(due)) {
            return Err(format!("answer {n} is {} {:?} for {due:?}", answer.head, answer.text()));
        }
    }
    match &stream.end {
        End::Quiet => {
            wire.stream.shutdown(Shutdown::Write).map_err(told("half a close"))?;
            wire.is_closed().map_err(told("after the last answer"))
        }
        End::Close => wire.is_closed().map_err(told("after a close was asked for")),
        End::Cut => {
            wire.stream.shutdown(Shutdown::Write).map_err(told("half a close"))?;
            match wire.answer_to("HEAD") {
                Err(error) if is_end(&error) => Ok(()),
                Ok(answer) if matches!(answer.status, 100 | 400..=499) => Ok(()),
                other => Err(format!("to half a request: {other:?}")),
            }
        }
        End::Malformed(what, statuses) => wire.refused(statuses).map(drop).map_err(told(what)),
    }
}

/// The next answer that is not "go on".
fn final_answer(wire: &mut Wire, method: &str) -> io::Result<Answer> {
    loop {
        let answer = wire.answer_to(method)?;
        if answer.status != 100 {
            return Ok(answer);
        }
    }
}
