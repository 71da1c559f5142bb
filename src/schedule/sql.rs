//! Every statement that reads or writes `concert` and `schedule`.

use rusqlite::{Connection, Row};

use super::{Concert, ConcertWords, Schedule, Tariffs, Times, Translation, Translations};
use crate::call::Tx;
use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::Language;
use crate::store::{Statements, from_row};
use crate::venue::read_picture;

const CONCERT: &str = "SELECT concert.concert_id, concert.title, concert.venue, concert.description,
    (SELECT count(*) FROM schedule WHERE schedule.concert_id = concert.concert_id), running_minutes, age_from, map_url,
    hash, format, width_px, height_px, ko.title, ko.venue, ko.description, en.title, en.venue, en.description FROM concert
    LEFT JOIN picture ON hash = poster
    LEFT JOIN concert_text AS ko ON ko.concert_id = concert.concert_id AND ko.language = 'ko'
    LEFT JOIN concert_text AS en ON en.concert_id = concert.concert_id AND en.language = 'en'";

fn read_concert(row: &Row) -> rusqlite::Result<Concert> {
    let translation = |first: usize| {
        let Some(title) = row.get(first)? else { return Ok(None) };
        Ok::<_, rusqlite::Error>(Some(Translation {
            title,
            venue: row.get(first + 1)?,
            description: row.get(first + 2)?,
        }))
    };
    Ok(Concert {
        concert_id: row.get(0)?,
        title: row.get(1)?,
        venue: row.get(2)?,
        description: row.get(3)?,
        schedules: row.get(4)?,
        running_minutes: row.get(5)?,
        age_from: row.get(6)?,
        map_url: row.get(7)?,
        poster: read_picture(row, 8)?,
        translations: Translations { ko: translation(12)?, en: translation(15)? },
    })
}

pub(super) fn insert_concert(tx: &Tx, concert_id: Option<i64>, words: &ConcertWords) -> rusqlite::Result<i64> {
    let text = |word: &Option<String>| word.clone().unwrap_or_default();
    let concert =
        "INSERT INTO concert (concert_id, title, venue, description, created_at, running_minutes, age_from, map_url)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    tx.prepare_cached(concert)?.insert((
        concert_id,
        text(&words.title),
        text(&words.venue),
        text(&words.description),
        tx.now(),
        words.running_minutes.flatten(),
        words.age_from.flatten(),
        words.map_url.as_ref().and_then(Option::as_deref),
    ))
}

pub(super) fn update_concert(tx: &Tx, concert_id: i64, words: &ConcertWords) -> rusqlite::Result<bool> {
    let update = "UPDATE concert SET title = coalesce(?2, title), venue = coalesce(?3, venue),
         description = coalesce(?4, description), running_minutes = iif(?5, ?6, running_minutes),
         age_from = iif(?7, ?8, age_from), map_url = iif(?9, ?10, map_url) WHERE concert_id = ?1";
    tx.changes_one(
        update,
        (
            concert_id,
            &words.title,
            &words.venue,
            &words.description,
            words.running_minutes.is_some(),
            words.running_minutes.flatten(),
            words.age_from.is_some(),
            words.age_from.flatten(),
            words.map_url.is_some(),
            words.map_url.as_ref().and_then(Option::as_deref),
        ),
    )
}

pub(super) fn update_poster(tx: &Tx, concert_id: i64, hash: Option<&str>) -> rusqlite::Result<()> {
    tx.run("UPDATE concert SET poster = ?2 WHERE concert_id = ?1", (concert_id, hash))
}

/// The words of a concert in a language, or none.
pub(super) fn put_translation(
    tx: &Tx,
    concert_id: i64,
    language: Language,
    words: Option<&Translation>,
) -> rusqlite::Result<()> {
    tx.run("DELETE FROM concert_text WHERE concert_id = ?1 AND language = ?2", (concert_id, language.tag()))?;
    let Some(Translation { title, venue, description }) = words else { return Ok(()) };
    let insert =
        "INSERT INTO concert_text (concert_id, language, title, venue, description) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.run(insert, (concert_id, language.tag(), title, venue, description))
}

pub(super) fn find_concert(connection: &Connection, concert_id: i64) -> rusqlite::Result<Option<Concert>> {
    connection.find(&format!("{CONCERT} WHERE concert.concert_id = ?1"), [concert_id], read_concert)
}

/// Concerts after one, in the order in which they were added, at most `limit`.
pub fn list_concerts(connection: &Connection, after: i64, limit: u32) -> rusqlite::Result<Vec<Concert>> {
    let select = format!("{CONCERT} WHERE concert.concert_id > ?1 ORDER BY concert.concert_id LIMIT ?2");
    connection.list(&select, (after, limit), read_concert)
}

const SCHEDULE: &str = "SELECT schedule_id, concert_id, concert.title, date, starts_at, sale_opens_at, sale_closes_at,
    seats_total, price_from, version, refund_until_hours, cancelled_at, settled_at, tariffs FROM schedule JOIN concert USING (concert_id)";

fn read(row: &Row) -> rusqlite::Result<Schedule> {
    from_row!(row => Schedule {
        schedule_id, concert_id, concert_title, date, starts_at, sale_opens_at, sale_closes_at, seats_total,
        price_from, version, refund_until_hours, cancelled_at, settled_at, tariffs,
    })
}

pub fn find(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Option<Schedule>> {
    connection.find(&format!("{SCHEDULE} WHERE schedule_id = ?1"), [schedule_id], read)
}

pub(super) fn is_cancelled(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Option<bool>> {
    let select = "SELECT cancelled_at IS NOT NULL FROM schedule WHERE schedule_id = ?1";
    connection.find(select, [schedule_id], |row| row.get(0))
}

/// The dates of a concert, the earliest first.
pub fn list_of_concert(connection: &Connection, concert_id: i64) -> rusqlite::Result<Vec<Schedule>> {
    let select = format!("{SCHEDULE} WHERE schedule.concert_id = ?1 ORDER BY starts_at, schedule_id");
    connection.list(&select, [concert_id], read)
}

/// The dates that begin after `now` and take place, the earliest first, at most `limit`.
pub fn list_to_come(connection: &Connection, now: Millis, limit: u32) -> rusqlite::Result<Vec<Schedule>> {
    let select =
        format!("{SCHEDULE} WHERE starts_at > ?1 AND cancelled_at IS NULL ORDER BY starts_at, schedule_id LIMIT ?2");
    connection.list(&select, (now, limit), read)
}

/// The schedules of a date, the earliest first.
pub(super) fn list_on_date(connection: &Connection, concert_id: i64, date: &str) -> rusqlite::Result<Vec<Schedule>> {
    let select = format!("{SCHEDULE} WHERE schedule.concert_id = ?1 AND date = ?2 ORDER BY starts_at, schedule_id");
    connection.list(&select, (concert_id, date), read)
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
    let update = "UPDATE schedule SET starts_at = ?2, date = ?3, sale_opens_at = ?4, sale_closes_at = ?5, refund_until_hours = ?6,
         version = version + 1 WHERE schedule_id = ?1";
    tx.run(
        update,
        (
            schedule_id,
            times.starts_at,
            &times.date,
            times.sale_opens_at,
            times.sale_closes_at,
            times.refund_until_hours,
        ),
    )
}

/// Sales that were open at `seen` stay open when the clock is set back behind their opening: they opened now. Run once,
/// at a start: it reads every date.
pub fn update_opened(tx: &Tx, seen: Millis) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE schedule SET sale_opens_at = ?1 WHERE sale_opens_at > ?1 AND sale_opens_at <= ?2",
        (tx.now(), seen),
    )
    .map(drop)
}

pub(super) fn mark_cancelled_if_not(tx: &Tx, schedule_id: i64) -> rusqlite::Result<bool> {
    let update = "UPDATE schedule SET cancelled_at = ?2 WHERE schedule_id = ?1 AND cancelled_at IS NULL";
    tx.changes_one(update, (schedule_id, tx.now()))
}

pub(super) fn delete(tx: &Tx, schedule_id: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM schedule WHERE schedule_id = ?1", [schedule_id]).map(drop)
}

pub(super) fn delete_concert(tx: &Tx, concert_id: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM concert_text WHERE concert_id = ?1", [concert_id])?;
    tx.execute("DELETE FROM concert WHERE concert_id = ?1", [concert_id]).map(drop)
}

pub(super) fn mark_settled(tx: &Tx, schedule_id: i64) -> rusqlite::Result<()> {
    tx.run("UPDATE schedule SET settled_at = max(?2, cancelled_at) WHERE schedule_id = ?1", (schedule_id, tx.now()))
}

/// The date that was cancelled first of those that are not settled: not everybody has their points back yet.
pub fn find_to_settle(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let select = "SELECT schedule_id FROM schedule WHERE cancelled_at IS NOT NULL AND settled_at IS NULL
         ORDER BY cancelled_at LIMIT 1";
    connection.find(select, [], |row| row.get(0))
}

pub(super) fn update_seats(tx: &Tx, schedule_id: i64, seats_total: i64, price_from: Points) -> rusqlite::Result<()> {
    let update = "UPDATE schedule SET seats_total = ?2, price_from = ?3, version = version + 1 WHERE schedule_id = ?1";
    tx.run(update, (schedule_id, seats_total, price_from))
}

pub(super) fn update_tariffs(tx: &Tx, schedule_id: i64, tariffs: &Tariffs) -> rusqlite::Result<()> {
    tx.run("UPDATE schedule SET tariffs = ?2, version = version + 1 WHERE schedule_id = ?1", (schedule_id, tariffs))
}

/// Every date that there is: its id, when it begins, and the calendar date of that as it was written down.
pub(super) fn list_dates(connection: &Connection) -> rusqlite::Result<Vec<(i64, Millis, String)>> {
    let mut statement = connection.prepare("SELECT schedule_id, starts_at, date FROM schedule")?;
    let dates = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    dates.collect()
}

pub(super) fn update_date(connection: &Connection, schedule_id: i64, date: &str) -> rusqlite::Result<()> {
    connection.run("UPDATE schedule SET date = ?2, version = version + 1 WHERE schedule_id = ?1", (schedule_id, date))
}

/// Counts a change of a schedule's seats and gives back its version.
pub fn count_seats_changed(tx: &Tx, schedule_id: i64) -> rusqlite::Result<i64> {
    let update = "UPDATE schedule SET version = version + 1 WHERE schedule_id = ?1 RETURNING version";
    tx.one(update, [schedule_id], |row| row.get(0))
}
