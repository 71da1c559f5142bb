//! Webhooks: staff name addresses, and the events of the feed are sent there, in order, each until it is taken.
//!
//! By the [Standard Webhooks](https://www.standardwebhooks.com) scheme: `webhook-id`, `webhook-timestamp` and
//! `webhook-signature` over what is sent. How far each receiver has come stands in the file, so what is not yet
//! delivered survives a kill, and what was delivered last may come twice.
//!
//! `secret.rs`: secrets and signatures · `addresses.rs`: who may be connected to · `retry_schedule.rs`: when again ·
//! `delivery.rs`: one request and what came of it · `run.rs`: what one receiver is sent in a row · `dispatcher.rs`: the
//! thread that begins runs. Nothing of it is on the way of a sale: events are read by a reader when they are committed,
//! and what came of deliveries is written in small jobs.

mod addresses;
mod delivery;
mod dispatcher;
mod retry_schedule;
mod run;
mod secret;
mod sql;
pub mod staff_api;

use rusqlite::Connection;
use serde_json::json;

pub use delivery::{DeliveryOutcome, Figures};
pub use dispatcher::{Dispatch, Dispatcher};
pub use secret::{Secret, SignatureKind};
pub use sql::{Waiting, disable_all, find_waiting, list, move_moments};

use crate::call::{Change, EventType, Tx, last_sequence, record};
use crate::clock::Millis;
use crate::refusal::Refusal;
use crate::store::{Outcome, column_words};
use run::Progress;

/// Webhooks at most: each is sent to by a thread of its own while it has something to get.
pub const WEBHOOKS_MAX: u32 = 16;
/// How long an old secret signs beside the new one at most, in seconds.
pub const OVERLAP_MAX_SECONDS: u32 = 30 * 24 * 3_600;

column_words! {
    /// Why nothing more is sent.
    DisabledReason {
        /// Staff said so.
        Staff "STAFF",
        /// The receiver answered 410.
        Gone "GONE",
        /// An event was tried in vain for three days.
        Exhausted "EXHAUSTED",
        /// The file is a copy for tests.
        Copied "COPIED",
    }
}

impl DisabledReason {
    /// Whether the receiver is the reason, and not staff.
    pub fn is_of_receiver(self) -> bool {
        matches!(self, DisabledReason::Gone | DisabledReason::Exhausted)
    }
}

/// A receiver of events, and how far it has come.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub webhook_id: i64,
    pub url: String,
    /// The types that are sent, as a JSON array; empty for all of them.
    pub event_types: String,
    pub signature: SignatureKind,
    secret: Secret,
    /// The one before it, and until when that signs too.
    old_secret: Option<Secret>,
    old_secret_until: Option<Millis>,
    pub created_at: Millis,
    revision: i64,
    pub delivered_sequence: i64,
    pub failed_attempts: u32,
    pub next_attempt_at: Option<Millis>,
    pub last_at: Option<Millis>,
    pub last_outcome: Option<DeliveryOutcome>,
    pub last_status: Option<u16>,
    tests_asked: i64,
    tests_sent: i64,
    pub test_at: Option<Millis>,
    pub test_outcome: Option<DeliveryOutcome>,
    pub test_status: Option<u16>,
    pub disabled_at: Option<Millis>,
    pub disabled_reason: Option<DisabledReason>,
}

#[derive(Debug, Clone)]
pub struct NewWebhook {
    pub url: String,
    pub event_types: String,
    pub signature: SignatureKind,
    /// Given by staff, or else made.
    pub secret: Option<Secret>,
    /// The event after which it begins; without one, the newest.
    pub after: Option<i64>,
}

/// What staff change.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    pub url: Option<String>,
    pub event_types: Option<String>,
    /// True also tries at once what failed.
    pub enabled: Option<bool>,
}

/// Adds a webhook; also gives its secret where that is shared.
///
/// # Errors
/// `WEBHOOK_LIMIT`; `INVALID_REQUEST` for an event that is not there yet.
pub fn add(tx: &Tx, new: &NewWebhook) -> Outcome<(Webhook, Option<String>)> {
    if sql::count(tx)? >= WEBHOOKS_MAX {
        return Err(Refusal::WebhookLimit { webhooks_max: WEBHOOKS_MAX }.into());
    }
    let after = match new.after {
        Some(after) => must_be_there(tx, after)?,
        None => last_sequence(tx)? + 1, // after the event that tells of it
    };
    let secret = new.secret.clone().unwrap_or_else(Secret::random);
    let webhook_id = sql::insert(tx, new, &secret, after)?;
    let webhook = must_find(tx, webhook_id)?;
    note(tx, &webhook)?;
    let shared = webhook.shared_secret();
    Ok((webhook, shared))
}

/// Changes a webhook. What failed is tried again at once where another address, or that it is enabled, was said.
///
/// # Errors
/// `WEBHOOK_NOT_FOUND`.
pub fn change(tx: &Tx, webhook_id: i64, changed: &Changed) -> Outcome<Webhook> {
    let mut webhook = must_find(tx, webhook_id)?;
    let is_other = changed.url.as_ref().is_some_and(|url| *url != webhook.url);
    if let Some(url) = &changed.url {
        webhook.url.clone_from(url);
    }
    if let Some(event_types) = &changed.event_types {
        webhook.event_types.clone_from(event_types);
    }
    match changed.enabled {
        Some(true) => (webhook.disabled_at, webhook.disabled_reason) = (None, None),
        Some(false) if webhook.disabled_at.is_none() => webhook.disable(tx.now(), DisabledReason::Staff),
        _ => {}
    }
    if is_other || changed.enabled == Some(true) {
        (webhook.failed_attempts, webhook.next_attempt_at) = (0, None);
    }
    sql::update(tx, &webhook)?;
    note(tx, &webhook)?;
    Ok(webhook)
}

/// Gives a webhook another secret, beside which the old one signs for so many seconds; also gives the new one where
/// that is shared.
///
/// # Errors
/// `WEBHOOK_NOT_FOUND`.
pub fn rotate(
    tx: &Tx,
    webhook_id: i64,
    secret: Option<&Secret>,
    overlap_seconds: u32,
) -> Outcome<(Webhook, Option<String>)> {
    let mut webhook = must_find(tx, webhook_id)?;
    let old = std::mem::replace(&mut webhook.secret, secret.cloned().unwrap_or_else(Secret::random));
    (webhook.old_secret, webhook.old_secret_until) = match overlap_seconds {
        0 => (None, None),
        seconds => (Some(old), Some(tx.now().plus_seconds(seconds))),
    };
    sql::update(tx, &webhook)?;
    note(tx, &webhook)?;
    let shared = webhook.shared_secret();
    Ok((webhook, shared))
}

/// Sends the events after one again, or skips those up to it.
///
/// # Errors
/// `WEBHOOK_NOT_FOUND`; `INVALID_REQUEST` for an event that is not there yet.
pub fn replay(tx: &Tx, webhook_id: i64, after: i64) -> Outcome<Webhook> {
    let mut webhook = must_find(tx, webhook_id)?;
    webhook.delivered_sequence = must_be_there(tx, after)?;
    (webhook.failed_attempts, webhook.next_attempt_at) = (0, None);
    sql::update(tx, &webhook)?;
    note(tx, &webhook)?;
    Ok(webhook)
}

/// Asks for a test delivery, also to a webhook that is disabled; gives its number.
///
/// # Errors
/// `WEBHOOK_NOT_FOUND`.
pub fn ask_for_test(tx: &Tx, webhook_id: i64) -> Outcome<(Webhook, i64)> {
    sql::add_test(tx, webhook_id)?;
    let webhook = must_find(tx, webhook_id)?;
    tx.push_change(Change::WebhookChanged { webhook_id });
    let test_no = webhook.tests_asked;
    Ok((webhook, test_no))
}

/// Deletes a webhook; what is on its way to it may still arrive.
///
/// # Errors
/// `WEBHOOK_NOT_FOUND`.
pub fn delete(tx: &Tx, webhook_id: i64) -> Outcome<()> {
    must_find(tx, webhook_id)?;
    sql::delete(tx, webhook_id)?;
    record(tx, EventType::WebhookDeleted, &json!({ "webhookId": webhook_id }))?;
    tx.push_change(Change::WebhookChanged { webhook_id });
    Ok(())
}

/// The webhook of an id.
///
/// # Errors
/// `WEBHOOK_NOT_FOUND`.
pub fn must_find(connection: &Connection, webhook_id: i64) -> Outcome<Webhook> {
    sql::find(connection, webhook_id)?.ok_or_else(|| Refusal::WebhookNotFound.into())
}

/// Writes down what came of a run, unless staff changed the webhook meanwhile, or the file was put back.
fn save(tx: &Tx, before: &Webhook, progress: &Progress) -> Outcome<()> {
    let Some(mut webhook) = sql::find(tx, before.webhook_id)? else { return Ok(()) };
    if (webhook.revision, webhook.delivered_sequence) != (before.revision, before.delivered_sequence) {
        return Ok(());
    }
    if let Some(test) = &progress.test {
        webhook.tests_sent = test.number.min(webhook.tests_asked);
        (webhook.test_at, webhook.test_status) = (Some(tx.now()), test.attempt.status);
        webhook.test_outcome = Some(test.attempt.outcome);
        tx.push_change(Change::WebhookChanged { webhook_id: webhook.webhook_id });
    }
    if let Some(last) = &progress.last {
        (webhook.last_at, webhook.last_outcome, webhook.last_status) =
            (Some(tx.now()), Some(last.outcome), last.status);
        let failed_before = if progress.has_delivered { 0 } else { webhook.failed_attempts };
        (webhook.failed_attempts, webhook.next_attempt_at) = (0, None);
        if last.outcome != DeliveryOutcome::Delivered && webhook.disabled_at.is_none() {
            webhook.failed_attempts = failed_before + 1;
            match retry_schedule::delay_seconds(webhook.failed_attempts, last.retry_after_seconds) {
                _ if last.status == Some(410) => webhook.disable(tx.now(), DisabledReason::Gone),
                Some(delay) => webhook.next_attempt_at = Some(tx.now().plus_seconds(delay)),
                None => webhook.disable(tx.now(), DisabledReason::Exhausted),
            }
        }
    }
    webhook.delivered_sequence = progress.delivered_sequence;
    sql::save(tx, &webhook)?;
    if webhook.disabled_at.is_some() && before.disabled_at.is_none() {
        note(tx, &webhook)?;
    }
    Ok(())
}

impl Webhook {
    fn disable(&mut self, now: Millis, reason: DisabledReason) {
        (self.disabled_at, self.disabled_reason) = (Some(now), Some(reason));
        self.next_attempt_at = None;
    }

    /// The secret in writing, where receivers have it too.
    fn shared_secret(&self) -> Option<String> {
        (self.signature == SignatureKind::V1).then(|| self.secret.text())
    }

    /// Until when the secret before this one signs too, if it does.
    pub fn old_secret_until(&self, now: Millis) -> Option<Millis> {
        self.old_secret_until.filter(|until| *until > now)
    }

    /// The value of `webhook-signature`: by the secret, and by the old one while that holds.
    fn sign(&self, now: Millis, id: &str, timestamp: i64, body: &str) -> String {
        let old = self.old_secret.iter().filter(|_| self.old_secret_until(now).is_some());
        let signed = std::iter::once(&self.secret).chain(old).map(|one| one.sign(self.signature, id, timestamp, body));
        signed.collect::<Vec<_>>().join(" ")
    }

    /// Whether a test was asked for that was not sent yet.
    pub fn awaits_test(&self) -> bool {
        self.tests_asked > self.tests_sent
    }
}

/// An event that is there, or the beginning.
fn must_be_there(tx: &Tx, after: i64) -> Outcome<i64> {
    let last = last_sequence(tx)?;
    if after <= last {
        return Ok(after);
    }
    let refused = Refusal::invalid(
        "/after",
        format!("must be at most {last}, the newest event"),
        format!("가장 새로운 이벤트인 {last} 이하여야 합니다"),
    );
    Err(refused.into())
}

/// Tells the feed and the dispatcher of a change. The address stays out of it: it may carry a secret of the receiver,
/// and other receivers read the feed.
fn note(tx: &Tx, webhook: &Webhook) -> Outcome<()> {
    let Webhook { webhook_id, disabled_reason, .. } = webhook;
    let details = json!({ "webhookId": webhook_id, "enabled": disabled_reason.is_none(), "reason": disabled_reason });
    record(tx, EventType::WebhookChanged, &details)?;
    tx.push_change(Change::WebhookChanged { webhook_id: *webhook_id });
    Ok(())
}
