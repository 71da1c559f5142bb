//! Webhooks: none is ahead of the feed, and what is sent is of a kind that there is.

use super::rules::Rule;
use super::rules::Severity::Fault;

pub(super) const RULES: &[Rule] = &[
    Rule {
        severity: Fault,
        says: "webhook {0} is said to have event {1}, but the newest is {2}: later ones would not be sent",
        finds: "SELECT webhook_id, delivered_sequence, newest
                FROM webhook, (SELECT ifnull(max(sequence), 0) AS newest FROM event) WHERE delivered_sequence > newest",
    },
    Rule {
        severity: Fault,
        says: "webhook {0} wants events of the type {1}, which this program does not know",
        finds: "SELECT webhook_id, value FROM webhook, json_each(event_types) WHERE value NOT IN ({event types})",
    },
    Rule {
        severity: Fault,
        says: "webhook {0} is signed by a key pair, but its secret has {1} bytes and not 32",
        finds: "SELECT webhook_id, length(secret) FROM webhook WHERE signature = 'v1a' AND length(secret) <> 32",
    },
];
