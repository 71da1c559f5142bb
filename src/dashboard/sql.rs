//! What the feed of events says of a span of time.

use rusqlite::OptionalExtension;

use crate::clock::Millis;
use crate::store::{Reader, from_row};

pub(super) fn find_at(reader: &Reader, sequence: i64) -> rusqlite::Result<Option<Millis>> {
    reader
        .prepare_cached("SELECT at FROM event WHERE sequence = ?1")?
        .query_row([sequence], |row| row.get(0))
        .optional()
}

/// What a minute was told to have seen; minutes are counted from a beginning.
pub(super) struct MinuteRow {
    pub minute: i64,
    pub joined: i64,
    pub admitted: i64,
    pub gave_up: i64,
    pub seats_sold: i64,
}

/// The minutes of the events after one sequence, up to another. Minutes without any are left out.
pub(super) fn list_minutes(
    reader: &Reader,
    after: i64,
    last: i64,
    begin: Millis,
    minute_ms: i64,
) -> rusqlite::Result<Vec<MinuteRow>> {
    let mut statement = reader.prepare_cached(
        "SELECT (at - ?3) / ?4,
                sum(type = 'TOKEN_ISSUED'),
                sum(type = 'TOKEN_ADMITTED'),
                sum(CASE type WHEN 'TOKEN_EXPIRED' THEN data ->> 'wasActive' IS 0 ELSE 0 END),
                sum(CASE type WHEN 'SEATS_SOLD' THEN json_array_length(data, '$.seats') ELSE 0 END)
         FROM event WHERE sequence > ?1 AND sequence <= ?2 GROUP BY 1",
    )?;
    let told = statement.query_map(
        (after, last, begin, minute_ms),
        |row| from_row!(row => MinuteRow { minute, joined, admitted, gave_up, seats_sold }),
    )?;
    told.collect()
}
