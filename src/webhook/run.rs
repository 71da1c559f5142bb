//! A run: what one receiver is sent in a row, and what is written down of it at the end.

use ureq::Agent;

use super::delivery::{Attempt, DeliveryOutcome, Figures, Message, deliver};
use super::{Webhook, sql};
use crate::call::{AppState, last_sequence, list_events_of};
use crate::clock::{Millis, MonotonicClock};
use crate::store::Outcome;

/// A run ends after so many microseconds, so that what is sent twice after a kill is what was sent last.
const RUN_MAX_US: u64 = 1_000_000;
/// Events of a page.
const PAGE: u32 = 100;
/// Events that are looked through for a page at most: it holds a reader for a few milliseconds.
const LOOKED_THROUGH_MAX: i64 = 10_000;
/// So many events that nobody wants are passed by before that is written down.
pub(super) const PASSED_BY_MAX: i64 = 1_000;

/// A test delivery and what came of it.
#[derive(Debug, Clone)]
pub(super) struct TestSent {
    pub number: i64,
    pub attempt: Attempt,
}

/// How far a run came.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub delivered_sequence: i64,
    pub test: Option<TestSent>,
    /// The last attempt, and whether one before it was taken.
    pub last: Option<Attempt>,
    pub has_delivered: bool,
}

impl Progress {
    /// Whether there is something to write down.
    pub fn is_news(&self, before: &Webhook) -> bool {
        let passed_by = self.delivered_sequence - before.delivered_sequence;
        self.test.is_some() || self.last.is_some() || passed_by >= PASSED_BY_MAX
    }
}

pub(super) struct Run<'r> {
    pub state: &'r AppState,
    pub webhook: &'r Webhook,
    pub figures: &'r Figures,
    /// Whether it is to end before its next delivery.
    pub is_over: &'r dyn Fn() -> bool,
}

impl Run<'_> {
    /// Sends a test that was asked for, then events, until there is none left, one is not taken, or the time is over.
    pub fn go(&self, agent: &Agent, now: Millis) -> Outcome<Progress> {
        let webhook = self.webhook;
        let mut progress =
            Progress { delivered_sequence: webhook.delivered_sequence, test: None, last: None, has_delivered: false };
        if webhook.awaits_test() {
            let number = webhook.tests_asked;
            let message = Message::test(webhook.webhook_id, number, now);
            progress.test = Some(TestSent { number, attempt: deliver(agent, webhook, now, &message, self.figures) });
        }
        if webhook.is_due(now) {
            self.send_events(agent, now, &mut progress)?;
        }
        Ok(progress)
    }

    fn send_events(&self, agent: &Agent, now: Millis, progress: &mut Progress) -> Outcome<()> {
        let clock = MonotonicClock::default();
        let began_us = clock.now_us();
        loop {
            let reader = self.state.readers.get()?;
            if sql::find(&reader, self.webhook.webhook_id)?.is_none_or(|found| found.revision != self.webhook.revision)
            {
                return Ok(()); // staff changed it: what follows is another run's
            }
            let after = progress.delivered_sequence;
            let until = last_sequence(&reader)?.min(after + LOOKED_THROUGH_MAX);
            let events = list_events_of(&reader, after, until, &self.webhook.event_types, PAGE)?;
            drop(reader);
            for event in &events {
                if (self.is_over)() {
                    return Ok(());
                }
                let attempt = deliver(agent, self.webhook, now, &Message::of(event), self.figures);
                progress.last = Some(attempt);
                if attempt.outcome != DeliveryOutcome::Delivered {
                    tell(self.webhook, event.sequence, &attempt);
                    return Ok(());
                }
                progress.has_delivered = true;
                progress.delivered_sequence = event.sequence;
                if clock.now_us() - began_us > RUN_MAX_US {
                    return Ok(());
                }
            }
            if events.len() < PAGE as usize {
                progress.delivered_sequence = progress.delivered_sequence.max(until);
            }
            if progress.delivered_sequence == after {
                return Ok(());
            }
        }
    }
}

impl Webhook {
    /// Whether events are sent to it at this moment.
    pub(super) fn is_due(&self, now: Millis) -> bool {
        self.disabled_at.is_none() && self.next_attempt_at.is_none_or(|at| at <= now)
    }
}

fn tell(webhook: &Webhook, sequence: i64, attempt: &Attempt) {
    let status = attempt.status.map(|status| format!(" {status}")).unwrap_or_default();
    log::warn!(
        "a webhook did not take an event and is tried again by the schedule, unless that is at its end; look at the \
         receiver: webhook {}, event {sequence}: {}{status}",
        webhook.webhook_id,
        attempt.outcome.word()
    );
}
