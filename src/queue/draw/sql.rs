//! Every statement that reads or writes `draw`, and the guests who stand before those who are drawn.

use rusqlite::Error::FromSqlConversionFailure;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Draw, METHOD};
use crate::ids::TokenKey;
use crate::store::{self, from_row};
use crate::venue::Tx;

/// Adds a draw and gives back its number.
pub(super) fn insert_draw(tx: &Tx, draw: &Draw) -> rusqlite::Result<i64> {
    let absent = store::to_json(&draw.absent)?;
    let guest_numbers = store::to_json(&draw.guest_numbers)?;
    tx.prepare_cached(
        "INSERT INTO draw (seed, joined, drawn, absent, drawn_at, guests, guest_numbers) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .insert((&draw.seed, draw.joined, draw.drawn, absent, draw.drawn_at, draw.guests, guest_numbers))
}

/// How many guests wait at the front.
pub(super) fn count_guests(tx: &Tx) -> rusqlite::Result<u32> {
    tx.query_row("SELECT count(*) FROM token WHERE status = 'WAITING' AND place < 0", [], |row| row.get(0))
}

/// A guest with a join number of the draw to come.
pub(super) struct NumberedGuest {
    pub key: TokenKey,
    pub place: i64,
    pub join_number: u32,
}

/// Takes the join numbers of those who were given a place at the front, and wait there or were let in.
pub(super) fn take_guest_numbers(tx: &Tx) -> rusqlite::Result<Vec<NumberedGuest>> {
    const NUMBERED: &str = "status <> 'EXPIRED' AND place < 0 AND join_number IS NOT NULL";
    let guests = tx
        .prepare(&format!("SELECT token, place, join_number FROM token WHERE {NUMBERED}"))?
        .query_map([], |row| from_row!(row => NumberedGuest { key, place, join_number }))?
        .collect::<rusqlite::Result<Vec<NumberedGuest>>>()?;
    tx.execute(&format!("UPDATE token SET join_number = NULL WHERE {NUMBERED}"), [])?;
    Ok(guests)
}

/// Counts a guest in front of people who were drawn before, if any of them still wait.
pub(in crate::queue) fn count_guest_after_draw(tx: &Tx) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE draw SET guests_later = guests_later + 1 WHERE draw_id = (SELECT max(draw_id) FROM draw)
         AND EXISTS (SELECT 1 FROM token WHERE status = 'WAITING' AND draw_number IS NOT NULL)",
    )?
    .execute([])
    .map(drop)
}

/// The last draw before the one of a number.
pub(super) fn find_draw_before(connection: &Connection, number: i64) -> rusqlite::Result<Option<Draw>> {
    let numbers = |row: &Row, column: usize| {
        let text: String = row.get(column)?;
        serde_json::from_str(&text).map_err(|error| FromSqlConversionFailure(column, Type::Text, Box::new(error)))
    };
    connection
        .prepare_cached(
            "SELECT draw_id, joined, drawn, absent, seed, drawn_at, guests, guest_numbers, guests_later FROM draw
             WHERE draw_id < ?1 ORDER BY draw_id DESC LIMIT 1",
        )?
        .query_row([number], |row| {
            Ok(Draw {
                number: row.get(0)?,
                joined: row.get(1)?,
                drawn: row.get(2)?,
                absent: numbers(row, 3)?,
                seed: row.get(4)?,
                method: METHOD,
                drawn_at: row.get(5)?,
                guests: row.get(6)?,
                guest_numbers: numbers(row, 7)?,
                guests_later: row.get(8)?,
            })
        })
        .optional()
}
