//! What the feed of events says of a span of time.

use crate::clock::Millis;
use crate::store::{Reader, Statements, from_row};

pub(super) fn find_at(reader: &Reader, sequence: i64) -> rusqlite::Result<Option<Millis>> {
    reader.find("SELECT at FROM event WHERE sequence = ?1", [sequence], |row| row.get(0))
}

/// What a second was told to have seen; seconds are counted from a beginning.
pub(super) struct SecondRow {
    pub second: i64,
    pub joined: i64,
    pub admitted: i64,
    pub gave_up: i64,
    pub seats_sold: i64,
}

/// The seconds of the events after one sequence, up to another, in their order. Seconds without any are left out.
pub(super) fn list_seconds(
    reader: &Reader,
    after: i64,
    last: i64,
    begin: Millis,
    second_ms: i64,
) -> rusqlite::Result<Vec<SecondRow>> {
    let mut statement = reader.prepare_cached(
        "SELECT (at - ?3) / ?4,
                sum(type = 'TOKEN_ISSUED'),
                sum(type = 'TOKEN_ADMITTED'),
                sum(CASE type WHEN 'TOKEN_EXPIRED' THEN data ->> 'wasActive' IS 0 ELSE 0 END),
                sum(CASE type WHEN 'SEATS_SOLD' THEN json_array_length(data, '$.seats') ELSE 0 END)
         FROM event WHERE sequence > ?1 AND sequence <= ?2 GROUP BY 1 ORDER BY 1",
    )?;
    let told = statement.query_map(
        (after, last, begin, second_ms),
        |row| from_row!(row => SecondRow { second, joined, admitted, gave_up, seats_sold }),
    )?;
    told.collect()
}
