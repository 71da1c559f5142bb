//! One delivery: the request that is sent, and what came of it.

use std::io::ErrorKind;
use std::time::Duration;

use ipnet::IpNet;
use serde_json::{Value, json};
use ureq::Agent;
use ureq::tls::TlsConfig;

use super::Webhook;
use super::addresses::{AllowedAddresses, NotAllowed};
use crate::call::Event;
use crate::client;
use crate::clock::{Clock, Millis};
use crate::metrics::Figure;
use crate::store::column_words;

/// How long a receiver may take for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read at most. What it says does not matter, but then its connection can be kept.
const ANSWER_MAX_BYTES: u64 = 16_384;

column_words! {
    /// What came of an attempt to deliver.
    DeliveryOutcome {
        /// The answer was 2xx.
        Delivered "DELIVERED",
        /// The answer was something else; redirections are not followed.
        BadStatus "BAD_STATUS",
        TimedOut "TIMED_OUT",
        /// The name has no address, no connection was taken, or it ended before an answer.
        Unreachable "UNREACHABLE",
        /// The name has only addresses to which nothing is sent.
        NotAllowed "NOT_ALLOWED",
        /// The certificate was not trusted, or TLS was not spoken.
        TlsFailed "TLS_FAILED",
        /// What came was no answer by HTTP.
        NotHttp "NOT_HTTP",
    }
}

/// How often it was tried to deliver, by what came of it.
#[derive(Debug, Default)]
pub struct Figures([Figure; DeliveryOutcome::ALL.len()]);

impl Figures {
    /// Attempts that came to this.
    pub fn attempts(&self, outcome: DeliveryOutcome) -> u64 {
        self.0[outcome as usize].get()
    }
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Message {
    /// The same each time it is sent, so that a receiver knows what it had before. The moment is in it because a file
    /// that was restored from a backup gives the numbers of lost events to others.
    pub id: String,
    pub body: String,
}

impl Message {
    /// An event of the feed.
    pub fn of(event: &Event) -> Message {
        let Event { sequence, kind, at, data, by } = event;
        let body = json!({ "type": kind, "timestamp": at, "data": data, "sequence": sequence, "by": by });
        Message { id: format!("evt_{sequence}_{}", at.unix_ms()), body: body.to_string() }
    }

    /// The test delivery of a number.
    pub fn test(webhook_id: i64, number: i64, now: Millis) -> Message {
        let data: Value = json!({ "webhookId": webhook_id });
        let body = json!({ "type": "WEBHOOK_TEST", "timestamp": now, "data": data, "sequence": null, "by": null });
        Message { id: format!("test_{webhook_id}_{number}_{}", now.unix_ms()), body: body.to_string() }
    }
}

/// What came of one attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub outcome: DeliveryOutcome,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// How long the receiver asks not to be asked again.
    pub retry_after_seconds: Option<u32>,
}

/// Connections to receivers at allowed addresses, kept while it lives. Never by a proxy, which would resolve the names.
pub(super) fn connections(tls: TlsConfig, networks: &[IpNet]) -> Agent {
    client::agent(tls, None, Some(ANSWER_MAX), AllowedAddresses(networks.to_vec()))
}

/// Sends a message and reads what the receiver says to it. The moment that is signed is that of this machine's clock,
/// by which receivers judge it, also where a test turns the venue's; `now` is the venue's.
pub(super) fn deliver(agent: &Agent, webhook: &Webhook, now: Millis, message: &Message, figures: &Figures) -> Attempt {
    let timestamp = Clock::wall_now().unix_ms() / 1_000;
    let signature = webhook.sign(now, &message.id, timestamp, &message.body);
    let sent = agent
        .post(&webhook.url)
        .header("Content-Type", "application/json")
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", signature)
        .send(&message.body);
    let attempt = match sent {
        Ok(mut answer) => {
            let status = answer.status();
            let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            let _ = answer.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_vec(); // the status has said it
            let outcome = if status.is_success() { DeliveryOutcome::Delivered } else { DeliveryOutcome::BadStatus };
            Attempt { outcome, status: Some(status.as_u16()), retry_after_seconds: retry_after }
        }
        Err(error) => Attempt { outcome: outcome_of(&error), status: None, retry_after_seconds: None },
    };
    figures.0[attempt.outcome as usize].add_shared(1);
    attempt
}

fn outcome_of(error: &ureq::Error) -> DeliveryOutcome {
    match error {
        ureq::Error::Timeout(_) => DeliveryOutcome::TimedOut,
        ureq::Error::Other(why) if why.is::<NotAllowed>() => DeliveryOutcome::NotAllowed,
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::TlsRequired => DeliveryOutcome::TlsFailed,
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::InvalidData => DeliveryOutcome::TlsFailed,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => DeliveryOutcome::TimedOut,
            _ => DeliveryOutcome::Unreachable,
        },
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => DeliveryOutcome::Unreachable,
        _ => DeliveryOutcome::NotHttp,
    }
}
