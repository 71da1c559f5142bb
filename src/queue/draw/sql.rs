//! Every statement that reads or writes `draw`, and the guests who stand before those who are drawn.

use rusqlite::Error::FromSqlConversionFailure;
use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use super::{Draw, METHOD};
use crate::call::Tx;
use crate::ids::{LineId, TokenKey};
use crate::store::{self, Statements, from_row};

/// Someone who waits for the draw.
pub(super) struct AwaitingDraw {
    pub token_id: i64,
    pub key: TokenKey,
    pub join_number: u32,
}

/// Those who wait for the draw of a line, by join number.
pub(super) fn list_awaiting_draw(tx: &Tx, line_id: LineId) -> rusqlite::Result<Vec<AwaitingDraw>> {
    tx.prepare(
        "SELECT token_id, token, join_number FROM token WHERE status = 'WAITING' AND line_id = ?1 AND place IS NULL
         ORDER BY join_number",
    )?
    .query_map([line_id], |row| from_row!(row => AwaitingDraw { token_id, key, join_number }))?
    .collect()
}

pub(super) fn update_drawn(tx: &Tx, token_id: i64, place: i64, draw_number: u32) -> rusqlite::Result<()> {
    tx.run("UPDATE token SET place = ?2, draw_number = ?3 WHERE token_id = ?1", (token_id, place, draw_number))
}

/// How many join numbers were given out, if the moment of the draw of a line has come.
pub(super) fn find_joined_if_due(tx: &Tx, line_id: LineId) -> rusqlite::Result<Option<u32>> {
    let select = "SELECT joined_count FROM queue WHERE line_id = ?1 AND opens_at <= ?2";
    tx.find(select, (line_id, tx.now()), |row| row.get(0))
}

/// No draw of a line is to come any more; the next begins to count anew.
pub(super) fn clear_opens_at(tx: &Tx, line_id: LineId) -> rusqlite::Result<()> {
    tx.execute("UPDATE queue SET opens_at = NULL, joined_count = 0 WHERE line_id = ?1", [line_id]).map(drop)
}

/// Adds a draw of a line and gives back its number.
pub(super) fn insert_draw(tx: &Tx, line_id: LineId, draw: &Draw) -> rusqlite::Result<i64> {
    let absent = store::to_json(&draw.absent)?;
    let guest_numbers = store::to_json(&draw.guest_numbers)?;
    tx.one(
        "INSERT INTO draw (line_id, draw_id, seed, joined, drawn, absent, drawn_at, guests, guest_numbers)
         SELECT ?1, ifnull(max(draw_id), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM draw WHERE line_id = ?1
         RETURNING draw_id",
        (line_id, &draw.seed, draw.joined, draw.drawn, absent, draw.drawn_at, draw.guests, guest_numbers),
        |row| row.get(0),
    )
}

/// How many guests wait at the front of a line.
pub(super) fn count_guests(tx: &Tx, line_id: LineId) -> rusqlite::Result<u32> {
    let guests = "SELECT count(*) FROM token WHERE status = 'WAITING' AND line_id = ?1 AND place < 0";
    tx.query_row(guests, [line_id], |row| row.get(0))
}

/// A guest with a join number of the draw to come.
pub(super) struct NumberedGuest {
    pub key: TokenKey,
    pub place: i64,
    pub join_number: u32,
}

/// Takes the join numbers of those who were given a place at the front, and wait there or were let in.
pub(super) fn take_guest_numbers(tx: &Tx, line_id: LineId) -> rusqlite::Result<Vec<NumberedGuest>> {
    const NUMBERED: &str = "status <> 'EXPIRED' AND line_id = ?1 AND place < 0 AND join_number IS NOT NULL";
    let guests = tx
        .prepare(&format!("SELECT token, place, join_number FROM token WHERE {NUMBERED}"))?
        .query_map([line_id], |row| from_row!(row => NumberedGuest { key, place, join_number }))?
        .collect::<rusqlite::Result<Vec<NumberedGuest>>>()?;
    tx.execute(&format!("UPDATE token SET join_number = NULL WHERE {NUMBERED}"), [line_id])?;
    Ok(guests)
}

/// Counts a guest in front of people who were drawn before, if any of them still wait.
pub(in crate::queue) fn count_guest_after_draw(tx: &Tx, line_id: LineId) -> rusqlite::Result<()> {
    let update = "UPDATE draw SET guests_later = guests_later + 1
         WHERE line_id = ?1 AND draw_id = (SELECT max(draw_id) FROM draw WHERE line_id = ?1)
         AND EXISTS (SELECT 1 FROM token WHERE status = 'WAITING' AND line_id = ?1 AND draw_number IS NOT NULL)";
    tx.run(update, [line_id])
}

/// The last draw of a line before the one of a number.
pub(super) fn find_draw_before(
    connection: &Connection,
    line_id: LineId,
    number: i64,
) -> rusqlite::Result<Option<Draw>> {
    let numbers = |row: &Row, column: usize| {
        let text: String = row.get(column)?;
        serde_json::from_str(&text).map_err(|error| FromSqlConversionFailure(column, Type::Text, Box::new(error)))
    };
    let select = "SELECT draw_id, joined, drawn, absent, seed, drawn_at, guests, guest_numbers, guests_later FROM draw
         WHERE line_id = ?1 AND draw_id < ?2 ORDER BY draw_id DESC LIMIT 1";
    connection.find(select, (line_id, number), |row| {
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
}
