//! Every statement that reads or writes `token` and `queue`, but for those of a draw.

use std::sync::atomic::AtomicBool;

use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::memory::Entry;
use super::placement::Placement;
use super::rules::{Rules, StoredLine};
use super::{Token, TokenStatus};
use crate::call::Tx;
use crate::clock::Millis;
use crate::ids::{LineId, TokenKey};
use crate::refusal::{Localized, TokenEnd};
use crate::settings::QueueSettings;
use crate::store::{Blob16, Statements, from_row};

pub(super) fn insert_rules(connection: &Connection, first: &QueueSettings) -> rusqlite::Result<bool> {
    let rows = connection.execute(
        "INSERT INTO queue
         (line_id, max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds, grace_seconds)
         VALUES (0, ?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        first.rules().map(|(_, given, otherwise)| given.unwrap_or(otherwise)),
    )?;
    Ok(rows == 1)
}

const LINE: &str =
    "SELECT line_id, max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds, paused,
    message_ko, message_en, opens_at, closed_at, grace_seconds FROM queue";

fn read_line(row: &Row) -> rusqlite::Result<StoredLine> {
    let message: (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
    let rules = Rules {
        max_active: row.get(1)?,
        admit_per_minute: row.get(2)?,
        visit_seconds: row.get(3)?,
        abandon_seconds: row.get(4)?,
        claim_seconds: row.get(5)?,
        grace_seconds: row.get(11)?,
        paused: row.get(6)?,
        opens_at: row.get(9)?,
        message: message.0.zip(message.1).map(|(ko, en)| Localized { en, ko }),
    };
    Ok(StoredLine { line_id: row.get(0)?, rules, closed_at: row.get(10)? })
}

/// A line as the file has it.
pub(super) fn find_line(connection: &Connection, line_id: LineId) -> rusqlite::Result<Option<StoredLine>> {
    connection.find(&format!("{LINE} WHERE line_id = ?1"), [line_id], read_line)
}

/// The rules of a line that is there: of one that is not, SQLite's error.
pub(super) fn find_rules(connection: &Connection, line_id: LineId) -> rusqlite::Result<Rules> {
    find_line(connection, line_id)?.map(|line| line.rules).ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Every line that is or was.
pub(super) fn list_lines(connection: &Connection) -> rusqlite::Result<Vec<StoredLine>> {
    connection.prepare(LINE)?.query_map([], read_line)?.collect()
}

/// How many concerts have a line of their own.
pub(super) fn count_own_lines(tx: &Tx) -> rusqlite::Result<u32> {
    tx.query_row("SELECT count(*) FROM queue WHERE line_id > 0 AND closed_at IS NULL", [], |row| row.get(0))
}

pub(super) fn has_own_line(connection: &Connection, concert_id: i64) -> rusqlite::Result<bool> {
    let select = "SELECT EXISTS (SELECT 1 FROM queue WHERE line_id = ?1 AND closed_at IS NULL)";
    connection.one(select, [concert_id], |row| row.get(0))
}

/// Opens a line with the limits of the shared line, or one that was closed with those that it had.
pub(super) fn open_line(tx: &Tx, line_id: LineId) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO queue
         (line_id, max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds, grace_seconds)
         SELECT ?1, max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds, grace_seconds FROM queue
         WHERE line_id = 0 ON CONFLICT DO UPDATE SET closed_at = NULL",
        [line_id],
    )
    .map(drop)
}

/// From now on nobody joins it.
pub(super) fn close_line(tx: &Tx, line_id: LineId) -> rusqlite::Result<()> {
    tx.execute("UPDATE queue SET closed_at = ?2 WHERE line_id = ?1", (line_id, tx.now())).map(drop)
}

pub(super) fn update_rules(tx: &Tx, line_id: LineId, rules: &Rules) -> rusqlite::Result<()> {
    let (ko, en) = rules.message.as_ref().map(|say| (say.ko.as_str(), say.en.as_str())).unzip();
    let update = "UPDATE queue SET max_active = ?1, admit_per_minute = ?2, visit_seconds = ?3, abandon_seconds = ?4,
         claim_seconds = ?5, paused = ?6, message_ko = ?7, message_en = ?8, opens_at = ?9, grace_seconds = ?10
         WHERE line_id = ?11";
    tx.run(
        update,
        (
            rules.max_active,
            rules.admit_per_minute,
            rules.visit_seconds,
            rules.abandon_seconds,
            rules.claim_seconds,
            rules.paused,
            ko,
            en,
            rules.opens_at,
            rules.grace_seconds,
            line_id,
        ),
    )
}

/// Gives out the next join number of a line, if a draw is to come.
pub(super) fn next_join_number(tx: &Tx, line_id: LineId) -> rusqlite::Result<Option<u32>> {
    let update = "UPDATE queue SET joined_count = joined_count + 1 WHERE line_id = ?1 AND opens_at IS NOT NULL
         RETURNING joined_count";
    tx.find(update, [line_id], |row| row.get(0))
}

/// Guests stand on negative places, from here on.
const FIRST_GUEST: i64 = -(1 << 40);

/// The last place that was given out: places behind it belong to those who are still to come.
pub(super) fn last_place(tx: &Tx) -> rusqlite::Result<i64> {
    tx.one("SELECT coalesce(max(token_id), 0) FROM token", [], |row| row.get(0))
}

fn next_place(tx: &Tx, line_id: LineId, enqueue: Placement) -> rusqlite::Result<Option<i64>> {
    let place = match enqueue {
        Placement::Draw(_) => return Ok(None),
        Placement::Kept(kept) => return Ok(kept.place),
        Placement::Last => last_place(tx)? + 1,
        Placement::Guest => tx.one(
            "SELECT coalesce(max(place) + 1, ?2) FROM (
                 SELECT max(place) AS place FROM token WHERE status = 'WAITING' AND line_id = ?1 AND place < 0
                 UNION ALL SELECT max(place) FROM token WHERE line_id = ?1 AND place < 0 AND grace_until IS NOT NULL)",
            (line_id, FIRST_GUEST),
            |row| row.get(0),
        )?,
    };
    Ok(Some(place))
}

/// Adds a token and gives back its id and place.
pub(super) fn insert(
    tx: &Tx,
    line_id: LineId,
    key: TokenKey,
    user_id: Uuid,
    enqueue: Placement,
) -> rusqlite::Result<(i64, Option<i64>)> {
    let is_last = enqueue == Placement::Last;
    let place = if is_last { None } else { next_place(tx, line_id, enqueue)? };
    let (join_number, draw_number) = (enqueue.join_number(), enqueue.draw_number());
    tx.one(
        "INSERT INTO token (token, user_id, place, join_number, draw_number, status, issued_at, line_id)
         VALUES (?1, ?2, iif(?7, (SELECT ifnull(max(token_id), 0) + 1 FROM token), ?3), ?4, ?5, 'WAITING', ?6, ?8)
         RETURNING token_id, place",
        (Blob16::from(key), user_id, place, join_number, draw_number, tx.now(), is_last, line_id),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Moves a waiting token and gives back its place.
pub(super) fn update_placement(
    tx: &Tx,
    line_id: LineId,
    key: TokenKey,
    enqueue: Placement,
) -> rusqlite::Result<Option<i64>> {
    let place = next_place(tx, line_id, enqueue)?;
    let update = "UPDATE token SET place = ?2, join_number = ?3, draw_number = NULL
         WHERE token = ?1 AND status = 'WAITING'";
    tx.run(update, (Blob16::from(key), place, enqueue.join_number()))?;
    Ok(place)
}

/// Moves a waiting token to the front and gives back its place, and the join
/// number that it keeps while its draw is to come.
pub(super) fn update_to_front(tx: &Tx, line_id: LineId, key: TokenKey) -> rusqlite::Result<(Option<i64>, Option<u32>)> {
    let place = next_place(tx, line_id, Placement::Guest)?;
    let update = "UPDATE token SET place = ?2, join_number = iif(place IS NULL, join_number, NULL), draw_number = NULL
         WHERE token = ?1 AND status = 'WAITING' RETURNING place, join_number";
    tx.one(update, (Blob16::from(key), place), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Whether a token waits at the front, where staff gave it a place.
pub(super) fn is_guest(tx: &Tx, key: TokenKey) -> rusqlite::Result<bool> {
    let select = "SELECT EXISTS (SELECT 1 FROM token WHERE token = ?1 AND status = 'WAITING' AND place < 0)";
    tx.one(select, [Blob16::from(key)], |row| row.get(0))
}

const TOKEN: &str = "SELECT token, user_id, line_id, status, visit_until, active_until, end_reason FROM token";

pub(super) fn find(connection: &Connection, key: TokenKey) -> rusqlite::Result<Option<Token>> {
    connection.find(&format!("{TOKEN} WHERE token = ?1"), [Blob16::from(key)], read)
}

pub fn find_live(connection: &Connection, line_id: LineId, user_id: Uuid) -> rusqlite::Result<Option<Token>> {
    let select = format!("{TOKEN} WHERE user_id = ?1 AND line_id = ?2 AND status <> 'EXPIRED'");
    connection.find(&select, (user_id, line_id), read)
}

/// The live tokens of a user, one for each line where they stand.
pub fn list_live_of_user(connection: &Connection, user_id: Uuid) -> rusqlite::Result<Vec<Token>> {
    connection.list(&format!("{TOKEN} WHERE user_id = ?1 AND status <> 'EXPIRED'"), [user_id], read)
}

fn read(row: &Row) -> rusqlite::Result<Token> {
    from_row!(row => Token { key, user_id, line_id, status, visit_until, active_until, end_reason })
}

/// The first of a line, at most `limit`, each with its user and its place.
pub(super) fn list_next(tx: &Tx, line_id: LineId, limit: u64) -> rusqlite::Result<Vec<(TokenKey, Uuid, i64)>> {
    tx.list(
        "SELECT token, user_id, place FROM token WHERE status = 'WAITING' AND line_id = ?1 AND place IS NOT NULL
         ORDER BY place LIMIT ?2",
        (line_id, i64::try_from(limit).unwrap_or(i64::MAX)),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

pub(super) fn mark_active_if_waiting(tx: &Tx, key: TokenKey, visit_until: Millis) -> rusqlite::Result<bool> {
    let update = "UPDATE token SET status = 'ACTIVE', activated_at = ?2, visit_until = ?3, active_until = ?3
         WHERE token = ?1 AND status = 'WAITING'";
    tx.changes_one(update, (Blob16::from(key), tx.now(), visit_until))
}

pub(super) fn mark_expired_if_live(tx: &Tx, key: TokenKey, reason: TokenEnd) -> rusqlite::Result<bool> {
    let update =
        "UPDATE token SET status = 'EXPIRED', ended_at = ?2, end_reason = ?3 WHERE token = ?1 AND status <> 'EXPIRED'";
    tx.changes_one(update, (Blob16::from(key), tx.now(), reason))
}

pub(super) fn mark_first_call(tx: &Tx, key: TokenKey) -> rusqlite::Result<()> {
    tx.run("UPDATE token SET claimed_at = ?2 WHERE token = ?1 AND claimed_at IS NULL", (Blob16::from(key), tx.now()))
}

pub(super) fn update_active_until(tx: &Tx, key: TokenKey, active_until: Millis) -> rusqlite::Result<()> {
    let update = "UPDATE token SET active_until = ?2 WHERE token = ?1 AND status = 'ACTIVE'";
    tx.run(update, (Blob16::from(key), active_until))
}

/// Some of the active tokens whose time is over at the moment of this transaction, the earliest first.
pub(super) fn list_timed_out(tx: &Tx, limit: usize) -> rusqlite::Result<Vec<TokenKey>> {
    let select = "SELECT token FROM token WHERE status = 'ACTIVE' AND active_until <= ?1
         ORDER BY active_until, token_id LIMIT ?2";
    tx.list(select, (tx.now(), limit as i64), |row| row.get(0))
}

/// The active tokens whose time is over first: each with its end, in order.
pub(super) fn list_next_time_outs(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<(TokenKey, Millis)>> {
    let select =
        "SELECT token, active_until FROM token WHERE status = 'ACTIVE' ORDER BY active_until, token_id LIMIT ?1";
    connection.list(select, [limit as i64], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The clock goes on elsewhere, so many milliseconds later or earlier: every visit, and every grace, that ends after a
/// moment keeps its length. Towards the past, what was of live tokens before moves too.
pub fn move_visits(tx: &Tx, moment: Millis, ms: i64) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE token SET active_until = active_until + ?2, visit_until = visit_until + iif(visit_until > ?1, ?2, 0)
         WHERE status = 'ACTIVE' AND active_until > ?1",
        (moment, ms),
    )?;
    tx.execute("UPDATE token SET grace_until = grace_until + ?2 WHERE grace_until > ?1", (moment, ms))?;
    tx.execute(
        "UPDATE token SET issued_at = issued_at + ?1, activated_at = activated_at + ?1, claimed_at = claimed_at + ?1
         WHERE status <> 'EXPIRED' AND ?1 < 0",
        [ms],
    )
    .map(drop)
}

/// How many live tokens there are.
pub(super) fn count_live(connection: &Connection) -> rusqlite::Result<u64> {
    let count = "SELECT count(*) FROM token WHERE status <> 'EXPIRED'";
    connection.query_row(count, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

/// Gives every live token to `take`, for filling the line at start: everybody counts as polled at `now`.
pub(super) fn each_live(
    connection: &Connection,
    now: Millis,
    take: &mut dyn FnMut(LineId, Entry),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "SELECT token_id, token, user_id, place, join_number, status, issued_at, activated_at, claimed_at IS NOT NULL,
         active_until, draw_number, line_id FROM token WHERE status <> 'EXPIRED'",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let ms = |at: Option<Millis>| at.map_or(0, Millis::unix_ms);
        let entry = Entry {
            active: row.get::<_, TokenStatus>(5)? == TokenStatus::Active,
            issued_ms: row.get::<_, Millis>(6)?.unix_ms(),
            activated_ms: ms(row.get(7)?),
            first_call_seen: AtomicBool::new(row.get(8)?),
            active_until_ms: ms(row.get(9)?),
            draw_number: row.get::<_, Option<u32>>(10)?.unwrap_or(0),
            ..Entry::issued(row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, now)
        };
        take(row.get(11)?, entry);
    }
    Ok(())
}

/// Forgets tokens that ended before a moment, the oldest first. The newest token of all stays: places come from its id.
pub fn delete_ended(tx: &Tx, before: Millis, limit: u32) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "DELETE FROM token WHERE token_id IN
         (SELECT token_id FROM token WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)
         AND token_id < (SELECT max(token_id) FROM token)",
    )?
    .execute((before, limit))
}

/// The moments of all admissions after one and not after another, in order, each with its line: where
/// the clock was set back, older ones may lie ahead.
pub(super) fn list_admissions(
    connection: &Connection,
    after: Millis,
    until: Millis,
) -> rusqlite::Result<Vec<(LineId, Millis)>> {
    connection
        .prepare(
            "SELECT line_id, activated_at FROM token WHERE activated_at > ?1 AND activated_at <= ?2
             ORDER BY activated_at",
        )?
        .query_map((after, until), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The tokens in a line itself, in order: neither guests nor those who wait for a draw.
pub(super) fn list_in_line(tx: &Tx, line_id: LineId) -> rusqlite::Result<Vec<TokenKey>> {
    tx.prepare("SELECT token FROM token WHERE status = 'WAITING' AND line_id = ?1 AND place >= 0 ORDER BY place")?
        .query_map([line_id], |row| row.get(0))?
        .collect()
}

/// Calls the draw off for a token: it stands where it came.
pub(super) fn update_to_place(tx: &Tx, token_id: i64, place: i64) -> rusqlite::Result<()> {
    tx.run("UPDATE token SET place = ?2, join_number = NULL WHERE token_id = ?1", (token_id, place))
}
