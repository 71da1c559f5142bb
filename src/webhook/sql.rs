//! Every statement that reads or writes `webhook`.

use rusqlite::{Connection, Row};

use super::{DisabledReason, NewWebhook, Secret, Webhook};
use crate::call::Tx;
use crate::clock::Millis;
use crate::store::{Statements, from_row};

const WEBHOOK: &str =
    "SELECT webhook_id, url, event_types, signature, secret, old_secret, old_secret_until, created_at, revision,
    delivered_sequence, failed_attempts, next_attempt_at, last_at, last_outcome, last_status, tests_asked, tests_sent,
    test_at, test_outcome, test_status, disabled_at, disabled_reason FROM webhook";

/// Events that are looked through at most to tell how many wait.
const LOOKED_THROUGH_MAX: i64 = 10_000;

fn read(row: &Row) -> rusqlite::Result<Webhook> {
    from_row!(row => Webhook {
        webhook_id, url, event_types, signature, secret, old_secret, old_secret_until, created_at, revision,
        delivered_sequence, failed_attempts, next_attempt_at, last_at, last_outcome, last_status, tests_asked, tests_sent,
        test_at, test_outcome, test_status, disabled_at, disabled_reason,
    })
}

pub(super) fn insert(tx: &Tx, new: &NewWebhook, secret: &Secret, after: i64) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO webhook (url, event_types, signature, secret, created_at, delivered_sequence)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .insert((&new.url, &new.event_types, new.signature, secret, tx.now(), after))
}

/// What staff may change.
pub(super) fn update(tx: &Tx, webhook: &Webhook) -> rusqlite::Result<()> {
    let update = "UPDATE webhook SET url = ?2, event_types = ?3, delivered_sequence = ?4, failed_attempts = ?5,
           next_attempt_at = ?6, disabled_at = ?7, disabled_reason = ?8, secret = ?9, old_secret = ?10,
           old_secret_until = ?11, revision = revision + 1
         WHERE webhook_id = ?1";
    tx.run(
        update,
        (
            webhook.webhook_id,
            &webhook.url,
            &webhook.event_types,
            webhook.delivered_sequence,
            webhook.failed_attempts,
            webhook.next_attempt_at,
            webhook.disabled_at,
            webhook.disabled_reason,
            &webhook.secret,
            &webhook.old_secret,
            webhook.old_secret_until,
        ),
    )
}

/// What comes of deliveries; an old secret whose time is over goes.
pub(super) fn save(tx: &Tx, webhook: &Webhook) -> rusqlite::Result<()> {
    let update = "UPDATE webhook SET delivered_sequence = ?2, failed_attempts = ?3, next_attempt_at = ?4, last_at = ?5,
           last_outcome = ?6, last_status = ?7, tests_sent = ?8, test_at = ?9, test_outcome = ?10, test_status = ?11,
           disabled_at = ?12, disabled_reason = ?13,
           old_secret = iif(old_secret_until > ?14, old_secret, NULL),
           old_secret_until = iif(old_secret_until > ?14, old_secret_until, NULL)
         WHERE webhook_id = ?1";
    tx.run(
        update,
        (
            webhook.webhook_id,
            webhook.delivered_sequence,
            webhook.failed_attempts,
            webhook.next_attempt_at,
            webhook.last_at,
            webhook.last_outcome,
            webhook.last_status,
            webhook.tests_sent,
            webhook.test_at,
            webhook.test_outcome,
            webhook.test_status,
            webhook.disabled_at,
            webhook.disabled_reason,
            tx.now(),
        ),
    )
}

pub(super) fn add_test(tx: &Tx, webhook_id: i64) -> rusqlite::Result<()> {
    tx.run("UPDATE webhook SET tests_asked = tests_asked + 1 WHERE webhook_id = ?1", [webhook_id])
}

pub(super) fn delete(tx: &Tx, webhook_id: i64) -> rusqlite::Result<()> {
    tx.run("DELETE FROM webhook WHERE webhook_id = ?1", [webhook_id])
}

pub(super) fn find(connection: &Connection, webhook_id: i64) -> rusqlite::Result<Option<Webhook>> {
    connection.find(&format!("{WEBHOOK} WHERE webhook_id = ?1"), [webhook_id], read)
}

pub(super) fn count(connection: &Connection) -> rusqlite::Result<u32> {
    connection.one("SELECT count(*) FROM webhook", [], |row| row.get(0))
}

/// Webhooks after one, at most `limit`, in the order of their ids.
pub fn list(connection: &Connection, after: i64, limit: u32) -> rusqlite::Result<Vec<Webhook>> {
    connection.list(&format!("{WEBHOOK} WHERE webhook_id > ?1 ORDER BY webhook_id LIMIT ?2"), (after, limit), read)
}

/// What a webhook has yet to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Events that wait, among the next ten thousand of the feed.
    pub events: i64,
    /// When the oldest of them happened.
    pub since: Option<Millis>,
}

/// What a webhook has yet to get.
pub fn find_waiting(connection: &Connection, webhook: &Webhook) -> rusqlite::Result<Waiting> {
    let after = webhook.delivered_sequence;
    connection.one(
        "SELECT count(*), min(at) FROM event WHERE sequence > ?1 AND sequence <= ?2
               AND (?3 = '[]' OR instr(?3, '\"' || type || '\"') > 0)",
        (after, after + LOOKED_THROUGH_MAX, &webhook.event_types),
        |row| Ok(Waiting { events: row.get(0)?, since: row.get(1)? }),
    )
}

/// Moves the next attempts, and the ends of old secrets, with the clock, by milliseconds.
pub fn move_moments(tx: &Tx, ms: i64) -> rusqlite::Result<()> {
    let moved = "UPDATE webhook SET next_attempt_at = next_attempt_at + ?1, old_secret_until = old_secret_until + ?1";
    tx.execute(moved, [ms]).map(drop)
}

/// Disables all webhooks of a file that is a copy for tests.
pub fn disable_all(connection: &Connection, now: Millis) -> rusqlite::Result<()> {
    let disable =
        "UPDATE webhook SET disabled_at = ?1, disabled_reason = ?2, next_attempt_at = NULL, tests_sent = tests_asked
         WHERE disabled_at IS NULL OR tests_sent < tests_asked";
    connection.execute(disable, (now, DisabledReason::Copied)).map(drop)
}
