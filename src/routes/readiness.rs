//! `GET /readyz`: whether the server can write, shown by writing. At most one probe a second, shared by
//! all who ask, on the writer; who asks meanwhile waits without a thread or a connection to the
//! workers, so that a slow disk holds no reader up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::json;

use super::operations::clock_offset_seconds;
use super::{Exposure, Handlers};
use crate::call::{Answer, AppState, Context, Prefer, Tx, Until, Wait, topics};
use crate::http::{Reply, Request};
use crate::refusal::Refusal;
use crate::store::{CommitError, Completion, Outcome, Statements};

/// Probes begin so far apart at least.
const EVERY: Duration = Duration::from_secs(1);
/// A probe that takes longer is no readiness, although it may still end well.
const PROBE_MAX_SECONDS: u32 = 5;
/// The `reason` while a probe takes too long.
const SLOW: &str = "PROBE_TIMEOUT";

/// What the last probe found, shared by all listeners.
#[derive(Default)]
pub struct Readiness(Mutex<State>);

#[derive(Default)]
struct State {
    /// When the last probe began.
    begun: Option<Instant>,
    /// What it found: the code of the refusal when it could not write; `None` while it runs.
    found: Option<Result<(), &'static str>>,
}

/// What one who asks is told.
#[derive(Debug, PartialEq, Eq)]
enum ProbeAnswer {
    Found(Result<(), &'static str>),
    Wait,
    Probe,
}

impl State {
    /// What to tell at this moment; a probe that is wanted counts as begun.
    fn tell(&mut self, now: Instant) -> ProbeAnswer {
        let age = self.begun.map(|begun| now.saturating_duration_since(begun));
        match (age, self.found) {
            (Some(age), Some(found)) if age < EVERY => ProbeAnswer::Found(found),
            (Some(age), None) if age < Duration::from_secs(u64::from(PROBE_MAX_SECONDS)) => ProbeAnswer::Wait,
            (Some(_), None) => ProbeAnswer::Found(Err(SLOW)),
            _ => {
                *self = State { begun: Some(now), found: None };
                ProbeAnswer::Probe
            }
        }
    }
}

/// `GET /readyz`, open to all: 200 when a write succeeded within the last second; all who ask share one probe. 404
/// `NOT_FOUND` unless asked at the staff's own address or from this machine, since asking may write. 503 `NOT_READY`.
pub(super) fn ready(rooms: &Handlers, context: &Context) -> Outcome<Answer> {
    ask(context, &rooms.readiness)
}

/// Whether there is readiness for this caller: it is for those who run the server, since asking may write. They ask
/// at the staff's own address, or on this machine.
pub(super) fn is_shown(rooms: &Handlers, request: &Request) -> bool {
    let is_staff_s = rooms.exposure == Exposure::Whole && rooms.state.settings.staff_listen.is_some();
    is_staff_s || request.peer.to_canonical().is_loopback()
}

fn ask(context: &Context, readiness: &Arc<Readiness>) -> Outcome<Answer> {
    let told = readiness.0.lock().tell(Instant::now());
    match told {
        ProbeAnswer::Found(found) => return Ok(answer(context, found)),
        ProbeAnswer::Wait => {}
        ProbeAnswer::Probe => probe(readiness, context.state),
    }
    Ok(Answer::Wait(Wait { until: Until::ProbeEnds, seconds: PROBE_MAX_SECONDS, ends_at: None }))
}

/// Answers one who waited for a probe.
pub(super) fn look_again(context: &Context, readiness: &Arc<Readiness>, prefer: Prefer) -> Outcome<Answer> {
    let found = readiness.0.lock().found;
    match found {
        Some(found) => Ok(answer(context, found)),
        None if prefer.seconds() == 0 => Ok(answer(context, Err(SLOW))),
        None => ask(context, readiness),
    }
}

fn answer(context: &Context, found: Result<(), &'static str>) -> Answer {
    Answer::Ready(match found {
        Ok(()) => {
            let offset = clock_offset_seconds(&context.state.clock);
            Reply::json(200, &json!({ "status": "ready", "clockOffsetSeconds": offset }))
        }
        Err(reason) => Reply::refusal(&Refusal::NotReady { reason }, context.language()),
    })
}

fn probe(readiness: &Arc<Readiness>, state: &AppState) {
    let (readiness, notifier) = (Arc::clone(readiness), state.notifier.clone());
    state.writer.submit(Box::new(move |tx: Result<&Tx, CommitError>| {
        let written = match tx {
            Ok(tx) => tx.savepoint(write).map_err(|failure| failure.to_refusal().code().word()),
            Err(lost) => Err(lost.refusal.code().word()),
        };
        let after: Completion = Box::new(move |committed: Result<(), CommitError>| {
            let found = committed.map_err(|lost| lost.refusal.code().word()).and(written);
            readiness.0.lock().found = Some(found);
            notifier.notify([topics::READINESS]);
        });
        after
    }));
}

fn write(tx: &Tx) -> Outcome<()> {
    tx.run("UPDATE venue SET seen_at = max(seen_at, ?1)", [tx.now()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_probed_once_a_second_and_a_probe_that_hangs_is_no_readiness() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut state = State::default();
        assert_eq!(state.tell(at(0)), ProbeAnswer::Probe);
        assert_eq!(state.tell(at(1)), ProbeAnswer::Wait);
        state.found = Some(Ok(()));
        assert_eq!(state.tell(at(999)), ProbeAnswer::Found(Ok(())));
        assert_eq!(state.tell(at(1_000)), ProbeAnswer::Probe, "what was found a second ago is old");
        assert_eq!(state.tell(at(5_999)), ProbeAnswer::Wait, "one at a time, however long it takes");
        assert_eq!(state.tell(at(6_000)), ProbeAnswer::Found(Err(SLOW)));
        state.found = Some(Err("STORAGE_FULL"));
        assert_eq!(state.tell(at(6_001)), ProbeAnswer::Probe);
    }
}
