//! Every statement that reads or writes `concert` and `schedule`.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Concert, ConcertWords, Schedule, Times};
use crate::clock::Millis;
use crate::points::Points;
use crate::store::from_row;
use crate::venue::Tx;

const CONCERT: &str = "SELECT concert_id, title, venue, description,
    (SELECT count(*) FROM schedule WHERE schedule.concert_id = concert.concert_id) FROM concert";

fn read_concert(row: &Row) -> rusqlite::Result<Concert> {
    from_row!(row => Concert { concert_id, title, venue, description, schedules })
}

pub(super) fn insert_concert(tx: &Tx, concert_id: Option<i64>, words: &ConcertWords) -> rusqlite::Result<i64> {
    let text = |word: &Option<String>| word.clone().unwrap_or_default();
    let concert = "INSERT INTO concert (concert_id, title, venue, description, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.prepare_cached(concert)?.insert((
        concert_id,
        text(&words.title),
        text(&words.venue),
        text(&words.description),
        tx.now(),
    ))
}

pub(super) fn update_concert(tx: &Tx, concert_id: i64, words: &ConcertWords) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "UPDATE concert SET title = coalesce(?2, title), venue = coalesce(?3, venue),
             description = coalesce(?4, description) WHERE concert_id = ?1",
    )?
    .execute((concert_id, &words.title, &words.venue, &words.description))
    .map(|rows| rows == 1)
}

pub(super) fn find_concert(connection: &Connection, concert_id: i64) -> rusqlite::Result<Option<Concert>> {
    connection
        .prepare_cached(&format!("{CONCERT} WHERE concert_id = ?1"))?
        .query_row([concert_id], read_concert)
        .optional()
}

/// Concerts after one, in the order in which they were added, at most `limit`.
pub fn list_concerts(connection: &Connection, after: i64, limit: u32) -> rusqlite::Result<Vec<Concert>> {
    connection
        .prepare_cached(&format!("{CONCERT} WHERE concert_id > ?1 ORDER BY concert_id LIMIT ?2"))?
        .query_map((after, limit), read_concert)?
        .collect()
}

const SCHEDULE: &str = "SELECT schedule_id, concert_id, concert.title, date, starts_at, sale_opens_at, sale_closes_at,
    seats_total, price_from, version, refund_until_hours, cancelled_at, settled_at FROM schedule JOIN concert USING (concert_id)";

fn read(row: &Row) -> rusqlite::Result<Schedule> {
    from_row!(row => Schedule {
        schedule_id, concert_id, concert_title, date, starts_at, sale_opens_at, sale_closes_at, seats_total,
        price_from, version, refund_until_hours, cancelled_at, settled_at,
    })
}

/// The schedule of an id.
pub fn find(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Option<Schedule>> {
    connection.prepare_cached(&format!("{SCHEDULE} WHERE schedule_id = ?1"))?.query_row([schedule_id], read).optional()
}

/// The dates of a concert, the earliest first.
pub fn list_of_concert(connection: &Connection, concert_id: i64) -> rusqlite::Result<Vec<Schedule>> {
    connection
        .prepare_cached(&format!("{SCHEDULE} WHERE schedule.concert_id = ?1 ORDER BY starts_at, schedule_id"))?
        .query_map([concert_id], read)?
        .collect()
}

/// The dates that begin after `now` and take place, the earliest first, at most `limit`.
pub fn list_to_come(connection: &Connection, now: Millis, limit: u32) -> rusqlite::Result<Vec<Schedule>> {
    connection
        .prepare_cached(&format!(
            "{SCHEDULE} WHERE starts_at > ?1 AND cancelled_at IS NULL ORDER BY starts_at, schedule_id LIMIT ?2"
        ))?
        .query_map((now, limit), read)?
        .collect()
}

/// The schedules of a date, the earliest first.
pub(super) fn list_on_date(connection: &Connection, concert_id: i64, date: &str) -> rusqlite::Result<Vec<Schedule>> {
    connection
        .prepare_cached(&format!(
            "{SCHEDULE} WHERE schedule.concert_id = ?1 AND date = ?2 ORDER BY starts_at, schedule_id"
        ))?
        .query_map((concert_id, date), read)?
        .collect()
}

pub(super) fn insert(
    tx: &Tx,
    schedule_id: Option<i64>,
    concert_id: i64,
    times: &Times,
    seats_total: i64,
    price_from: Points,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO schedule (schedule_id, concert_id, starts_at, date, sale_opens_at, sale_closes_at, refund_until_hours,
         seats_total, price_from) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .insert((
        schedule_id,
        concert_id,
        times.starts_at,
        &times.date,
        times.sale_opens_at,
        times.sale_closes_at,
        times.refund_until_hours,
        seats_total,
        price_from,
    ))
}

pub(super) fn update_times(tx: &Tx, schedule_id: i64, times: &Times) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE schedule SET starts_at = ?2, date = ?3, sale_opens_at = ?4, sale_closes_at = ?5, refund_until_hours = ?6,
         version = version + 1 WHERE schedule_id = ?1",
    )?
    .execute((
        schedule_id,
        times.starts_at,
        &times.date,
        times.sale_opens_at,
        times.sale_closes_at,
        times.refund_until_hours,
    ))
    .map(drop)
}

/// Those that opened between now and `seen` opened now. Run once, at a start: it reads every date.
pub(super) fn update_opened(tx: &Tx, seen: Millis) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE schedule SET sale_opens_at = ?1 WHERE sale_opens_at > ?1 AND sale_opens_at <= ?2",
        (tx.now(), seen),
    )
    .map(drop)
}

pub(super) fn mark_cancelled_if_not(tx: &Tx, schedule_id: i64) -> rusqlite::Result<bool> {
    tx.prepare_cached("UPDATE schedule SET cancelled_at = ?2 WHERE schedule_id = ?1 AND cancelled_at IS NULL")?
        .execute((schedule_id, tx.now()))
        .map(|rows| rows == 1)
}

pub(super) fn delete(tx: &Tx, schedule_id: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM schedule WHERE schedule_id = ?1", [schedule_id]).map(drop)
}

pub(super) fn delete_concert(tx: &Tx, concert_id: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM concert WHERE concert_id = ?1", [concert_id]).map(drop)
}

pub(super) fn mark_settled(tx: &Tx, schedule_id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE schedule SET settled_at = max(?2, cancelled_at) WHERE schedule_id = ?1")?
        .execute((schedule_id, tx.now()))
        .map(drop)
}

/// The date that was cancelled first of those that are not settled: not everybody has their points back yet.
pub fn find_to_settle(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT schedule_id FROM schedule WHERE cancelled_at IS NOT NULL AND settled_at IS NULL
             ORDER BY cancelled_at LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()
}

pub(super) fn update_seats(tx: &Tx, schedule_id: i64, seats_total: i64, price_from: Points) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE schedule SET seats_total = ?2, price_from = ?3, version = version + 1 WHERE schedule_id = ?1",
    )?
    .execute((schedule_id, seats_total, price_from))
    .map(drop)
}

/// Every date that there is: its id, when it begins, and the calendar date of that as it was written down.
pub(super) fn list_dates(connection: &Connection) -> rusqlite::Result<Vec<(i64, Millis, String)>> {
    let mut statement = connection.prepare("SELECT schedule_id, starts_at, date FROM schedule")?;
    let dates = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    dates.collect()
}

pub(super) fn update_date(connection: &Connection, schedule_id: i64, date: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE schedule SET date = ?2, version = version + 1 WHERE schedule_id = ?1")?
        .execute((schedule_id, date))
        .map(drop)
}

/// Counts a change of a schedule's seats and gives back its version.
pub fn count_seats_changed(tx: &Tx, schedule_id: i64) -> rusqlite::Result<i64> {
    tx.prepare_cached("UPDATE schedule SET version = version + 1 WHERE schedule_id = ?1 RETURNING version")?
        .query_row([schedule_id], |row| row.get(0))
}
