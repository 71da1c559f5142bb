//! Every statement that reads or writes `seat` and `claim`.

use rusqlite::Error::FromSqlConversionFailure;
use rusqlite::types::Type;
use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::drawing::{Drawing, Point};
use super::kinds::SeatKind;
use super::{Hold, LayoutSeat, MapSeat, Seat, SeatClaim, SeatHolder, SeatName, WantedSeat};
use crate::call::{Claim, SeatState, Tx};
use crate::clock::Millis;
use crate::points::Points;
use crate::store::{Statements, from_row};

/// Whether a claim counts at `?2`, also where its end was not written down: a sale, a block, or a hold that lasts.
const IS_LIVE: &str = "(held_until IS NULL OR ?2 < held_until)";

pub(super) fn insert_seats(tx: &Tx, schedule_id: i64, seats: &[LayoutSeat]) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO seat (schedule_id, seat_no, label, section, row, number, category, price, x, y, attributes, unpriced)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    for (seat_no, seat) in seats.iter().enumerate() {
        let LayoutSeat { label, section, row, number, category, price, at, attributes } = seat;
        let ((x, y), unpriced, price) = (at.unzip(), price.is_none(), price.unwrap_or(Points::ZERO));
        insert.execute((
            schedule_id,
            seat_no as i64,
            label,
            section,
            row,
            number,
            category,
            price,
            x,
            y,
            attributes,
            unpriced,
        ))?;
    }
    let insert = "INSERT INTO claim (schedule_id, seat_no, status)
         SELECT schedule_id, seat_no, 'BLOCKED' FROM seat WHERE schedule_id = ?1 AND unpriced";
    tx.run(insert, [schedule_id])
}

/// Keeps what a plan shows beside its seats.
pub(super) fn put_drawing(tx: &Tx, schedule_id: i64, drawing: &Drawing) -> rusqlite::Result<()> {
    tx.run("DELETE FROM drawing WHERE schedule_id = ?1", [schedule_id])?;
    if *drawing == Drawing::default() {
        return Ok(());
    }
    let shapes = serde_json::to_string(&drawing.shapes);
    let shapes = shapes.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let (x, y) = drawing.front.map(|front| (front.x, front.y)).unzip();
    let insert = "INSERT INTO drawing (schedule_id, front_x, front_y, shapes) VALUES (?1, ?2, ?3, ?4)";
    tx.run(insert, (schedule_id, x, y, shapes))
}

/// What the plan of a schedule shows beside its seats.
pub(super) fn find_drawing(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Drawing> {
    let select = "SELECT front_x, front_y, shapes FROM drawing WHERE schedule_id = ?1";
    let found = connection.find(select, [schedule_id], |row| {
        let (x, y): (Option<f64>, Option<f64>) = (row.get(0)?, row.get(1)?);
        let shapes = serde_json::from_str(row.get_ref(2)?.as_str()?);
        let shapes = shapes.map_err(|error| FromSqlConversionFailure(2, Type::Text, error.into()))?;
        Ok(Drawing { front: x.zip(y).map(|(x, y)| Point { x, y }), shapes })
    })?;
    Ok(found.unwrap_or_default())
}

/// Whether a seat has no price.
pub(super) fn is_unpriced(connection: &Connection, schedule_id: i64, seat_no: i64) -> rusqlite::Result<bool> {
    let select = "SELECT unpriced FROM seat WHERE schedule_id = ?1 AND seat_no = ?2";
    connection.one(select, (schedule_id, seat_no), |row| row.get(0))
}

/// What a seat is priced as: its category, or its section where it has none.
pub(super) fn find_priced_as(tx: &Tx, schedule_id: i64, seat_no: i64) -> rusqlite::Result<Option<String>> {
    let select = "SELECT ifnull(category, section) FROM seat WHERE schedule_id = ?1 AND seat_no = ?2";
    tx.one(select, (schedule_id, seat_no), |row| row.get(0))
}

/// Whether a seat of a schedule is priced as this category.
pub(super) fn has_category(tx: &Tx, schedule_id: i64, name: &str) -> rusqlite::Result<bool> {
    let select = "SELECT EXISTS (SELECT 1 FROM seat WHERE schedule_id = ?1 AND ifnull(category, section) = ?2)";
    tx.one(select, (schedule_id, name), |row| row.get(0))
}

/// Puts the seats on sale that get their first price, unless they are kept back for a reason.
fn open_unpriced(tx: &Tx, schedule_id: i64, of: &str, name: Option<&str>) -> rusqlite::Result<()> {
    let delete = format!(
        "DELETE FROM claim WHERE schedule_id = ?1 AND status = 'BLOCKED' AND reason IS NULL AND seat_no IN
         (SELECT seat_no FROM seat WHERE schedule_id = ?1 AND unpriced AND {of})"
    );
    tx.run(&delete, (schedule_id, name))
}

/// Gives every seat of a schedule a price, and says how many those are.
pub(super) fn update_every_price(tx: &Tx, schedule_id: i64, price: Points) -> rusqlite::Result<usize> {
    open_unpriced(tx, schedule_id, "?2 IS NULL", None)?;
    tx.prepare_cached("UPDATE seat SET price = ?2, unpriced = 0 WHERE schedule_id = ?1")?.execute((schedule_id, price))
}

/// The same for the seats of a `category` or a `section`.
pub(super) fn update_prices_of(
    tx: &Tx,
    schedule_id: i64,
    column: &'static str,
    name: &str,
    price: Points,
) -> rusqlite::Result<usize> {
    open_unpriced(tx, schedule_id, &format!("{column} = ?2"), Some(name))?;
    let update = format!("UPDATE seat SET price = ?3, unpriced = 0 WHERE schedule_id = ?1 AND {column} = ?2");
    tx.prepare_cached(&update)?.execute((schedule_id, name, price))
}

/// How many seats a schedule has, and what the cheapest costs.
pub(super) fn count_seats(tx: &Tx, schedule_id: i64) -> rusqlite::Result<(usize, Points)> {
    let select = "SELECT count(*), min(iif(unpriced, NULL, price)) FROM seat WHERE schedule_id = ?1";
    tx.one(select, [schedule_id], |row| Ok((row.get::<_, u32>(0)? as usize, row.get(1)?)))
}

/// Takes away all seats of a schedule, and with them the venue's blocks.
pub(super) fn delete_seats(tx: &Tx, schedule_id: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM claim WHERE schedule_id = ?1 AND status = 'BLOCKED'", [schedule_id])?;
    tx.execute("DELETE FROM drawing WHERE schedule_id = ?1", [schedule_id])?;
    tx.execute("DELETE FROM seat WHERE schedule_id = ?1", [schedule_id]).map(drop)
}

/// The seats of a schedule that the venue keeps back, in layout order, each with its reason.
pub(super) fn list_blocks(tx: &Tx, schedule_id: i64) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let select = "SELECT label, reason FROM claim JOIN seat USING (schedule_id, seat_no)
         WHERE schedule_id = ?1 AND status = 'BLOCKED' AND NOT (unpriced AND reason IS NULL) ORDER BY seat_no";
    tx.list(select, [schedule_id], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub(super) fn is_claimed(tx: &Tx, schedule_id: i64) -> rusqlite::Result<bool> {
    let select = "SELECT EXISTS (SELECT 1 FROM claim WHERE schedule_id = ?1 AND status <> 'BLOCKED')";
    tx.one(select, [schedule_id], |row| row.get(0))
}

pub(super) fn find(connection: &Connection, schedule_id: i64, label: &str) -> rusqlite::Result<Option<WantedSeat>> {
    let select = "SELECT seat_no, label, section, row, number, price FROM seat WHERE schedule_id = ?1 AND label = ?2";
    connection.find(select, (schedule_id, label), read_wanted)
}

/// A seat at its full price, from `seat_no, label, section, row, number, price`.
fn read_wanted(row: &Row) -> rusqlite::Result<WantedSeat> {
    let label: String = row.get(1)?;
    let name = SeatName::read(row, 2, &label)?;
    Ok(WantedSeat { seat_no: row.get(0)?, label, name, price: row.get(5)?, tariff: None })
}

/// A seat, and its claim.
pub(super) fn find_with_claim(
    tx: &Tx,
    schedule_id: i64,
    label: &str,
) -> rusqlite::Result<Option<(WantedSeat, Option<SeatClaim>)>> {
    let select = "SELECT seat_no, label, section, row, number, price, status, held_until FROM seat
         LEFT JOIN claim USING (schedule_id, seat_no) WHERE schedule_id = ?1 AND label = ?2";
    tx.find(select, (schedule_id, label), |row| {
        let seat = read_wanted(row)?;
        let (state, held_until): (Option<SeatState>, Option<Millis>) = (row.get(6)?, row.get(7)?);
        let claim = |state| SeatClaim { seat_no: seat.seat_no, label: seat.label.clone(), state, held_until };
        let claim = state.map(claim);
        Ok((seat, claim))
    })
}

/// What of a seat no customer changes.
const SEAT: &str = "seat_no, label, section, row, number, iif(unpriced, NULL, price), category, x, y, attributes";

fn read_seat(row: &Row) -> rusqlite::Result<Seat> {
    from_row!(row => Seat { seat_no, label, section, row, number, price, category, x, y, attributes })
}

/// The seats of a schedule in layout order.
pub(super) fn list_seats(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Vec<Seat>> {
    let select = format!("SELECT {SEAT} FROM seat WHERE schedule_id = ?1 ORDER BY seat_no");
    connection.list(&select, [schedule_id], read_seat)
}

/// The seats of a schedule as they were laid out; none when there is no such schedule.
pub fn list_layout(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Vec<LayoutSeat>> {
    Ok(list_seats(connection, schedule_id)?.into_iter().map(LayoutSeat::from).collect())
}

/// The seats of a schedule, or the one of a label, as `viewer` sees them at `now`; without one, as staff do.
pub fn list_map(
    connection: &Connection,
    schedule_id: i64,
    label: Option<&str>,
    viewer: Option<Uuid>,
    now: Millis,
) -> rusqlite::Result<Vec<MapSeat<Seat>>> {
    let one = if label.is_some() { "label = ?3" } else { "?3 IS NULL" };
    let select = format!(
        "SELECT {SEAT}, status, user_id, reason, reservation_id, held_until,
           iif(?4, (SELECT name FROM user WHERE user.user_id = held.user_id), NULL)
         FROM seat LEFT JOIN (SELECT * FROM claim WHERE schedule_id = ?1 AND {IS_LIVE}) AS held
           USING (schedule_id, seat_no)
         WHERE schedule_id = ?1 AND {one} ORDER BY seat_no",
    );
    connection.list(&select, (schedule_id, now, label, viewer.is_none()), |row| {
        let (status, owner): (Option<SeatState>, Option<Uuid>) = (row.get(10)?, row.get(11)?);
        let name: Option<String> = row.get(15)?; // of no one unless staff look
        let (reservation_id, held_until): (Option<Uuid>, _) = (row.get(13)?, row.get(14)?);
        let known = owner.zip(reservation_id).zip(name);
        let holder = |((user_id, reservation_id), name)| SeatHolder { user_id, name, reservation_id, held_until };
        Ok(MapSeat {
            seat: read_seat(row)?,
            status: status.unwrap_or(SeatState::Available),
            mine: owner.is_some() && owner == viewer,
            reason: if viewer.is_none() { row.get(12)? } else { None },
            holder: known.map(holder),
        })
    })
}

/// How many seats of a schedule are free at `now`.
pub fn count_available(connection: &Connection, schedule_id: i64, now: Millis) -> rusqlite::Result<i64> {
    let select = format!(
        "SELECT seats_total - (SELECT count(*) FROM claim WHERE claim.schedule_id = schedule.schedule_id
         AND {IS_LIVE}) FROM schedule WHERE schedule_id = ?1",
    );
    connection.one(&select, (schedule_id, now), |row| row.get(0))
}

/// What has become of the seats of a date; the others are free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeatCounts {
    pub sold: i64,
    pub held: i64,
    pub blocked: i64,
}

/// How many seats of a schedule have a claim that lives at `now`, by its kind.
pub(super) fn count_claims(connection: &Connection, schedule_id: i64, now: Millis) -> rusqlite::Result<SeatCounts> {
    let select = "SELECT count(*) FILTER (WHERE status = 'SOLD'), count(*) FILTER (WHERE ?2 < held_until),
         count(*) FILTER (WHERE status = 'BLOCKED') FROM claim WHERE schedule_id = ?1";
    connection.one(select, (schedule_id, now), |row| from_row!(row => SeatCounts { sold, held, blocked }))
}

/// What the cheapest seat costs that is free at `now`; `None` when none is.
pub(super) fn find_price_from(
    connection: &Connection,
    schedule_id: i64,
    now: Millis,
) -> rusqlite::Result<Option<Points>> {
    let select = format!(
        "SELECT min(price) FROM seat WHERE schedule_id = ?1 AND NOT EXISTS (SELECT 1 FROM claim
         WHERE claim.schedule_id = seat.schedule_id AND claim.seat_no = seat.seat_no AND {IS_LIVE})",
    );
    connection.one(&select, (schedule_id, now), |row| row.get(0))
}

/// What each seat of a schedule costs and what it is called, in layout order.
pub(super) fn list_kinds(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Vec<SeatKind>> {
    let select = "SELECT price, ifnull(category, section) FROM seat WHERE schedule_id = ?1 ORDER BY seat_no";
    connection.list(select, [schedule_id], |row| Ok(SeatKind { price: row.get(0)?, name: row.get(1)? }))
}

/// The claims of a schedule, also those that are due.
pub(super) fn list_claims(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Vec<(i64, Claim)>> {
    connection.list(
        "SELECT seat_no, status, user_id, held_until FROM claim WHERE schedule_id = ?1",
        [schedule_id],
        |row| Ok((row.get(0)?, Claim { state: row.get(1)?, user_id: row.get(2)?, held_until: row.get(3)? })),
    )
}

/// Holds a seat unless somebody has a claim on it. Claims that are due and in the way were cleared before.
pub(super) fn insert_hold_if_free(tx: &Tx, claim: &Hold, seat_no: i64) -> rusqlite::Result<bool> {
    let insert = "INSERT INTO claim (schedule_id, seat_no, status, reservation_id, user_id, held_until)
         VALUES (?1, ?2, 'HELD', ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    tx.changes_one(insert, (claim.schedule_id, seat_no, claim.reservation_id, claim.user_id, claim.until))
}

pub(super) fn mark_sold_if_held(tx: &Tx, claim: &Hold, seat_no: i64) -> rusqlite::Result<bool> {
    let update = "UPDATE claim SET status = 'SOLD', held_until = NULL
         WHERE schedule_id = ?1 AND seat_no = ?2 AND status = 'HELD' AND reservation_id = ?3 AND ?4 < held_until";
    tx.changes_one(update, (claim.schedule_id, seat_no, claim.reservation_id, tx.now()))
}

pub(super) fn move_claim_of(tx: &Tx, claim: &Hold, seat_no: i64, ms: i64) -> rusqlite::Result<()> {
    let update = "UPDATE claim SET held_until = held_until + ?4
         WHERE schedule_id = ?1 AND seat_no = ?2 AND status = 'HELD' AND reservation_id = ?3";
    tx.run(update, (claim.schedule_id, seat_no, claim.reservation_id, ms))
}

/// Takes a reservation's claim on a seat away and says what it was.
pub(super) fn delete_claim_of(tx: &Tx, claim: &Hold, seat_no: i64) -> rusqlite::Result<Option<SeatState>> {
    let delete = "DELETE FROM claim WHERE schedule_id = ?1 AND seat_no = ?2 AND reservation_id = ?3 RETURNING status";
    tx.find(delete, (claim.schedule_id, seat_no, claim.reservation_id), |row| row.get(0))
}

pub(super) fn find_claim(tx: &Tx, schedule_id: i64, seat_no: i64) -> rusqlite::Result<Option<SeatState>> {
    let select = "SELECT status FROM claim WHERE schedule_id = ?1 AND seat_no = ?2";
    tx.find(select, (schedule_id, seat_no), |row| row.get(0))
}

pub(super) fn upsert_block(tx: &Tx, schedule_id: i64, seat_no: i64, reason: Option<&str>) -> rusqlite::Result<bool> {
    let insert = "INSERT INTO claim (schedule_id, seat_no, status, reason) VALUES (?1, ?2, 'BLOCKED', ?3)
         ON CONFLICT DO UPDATE SET reason = excluded.reason WHERE status = 'BLOCKED' AND reason IS NOT excluded.reason";
    tx.changes_one(insert, (schedule_id, seat_no, reason))
}

pub(super) fn delete_block(tx: &Tx, schedule_id: i64, seat_no: i64) -> rusqlite::Result<bool> {
    let delete = "DELETE FROM claim WHERE schedule_id = ?1 AND seat_no = ?2 AND status = 'BLOCKED'";
    tx.changes_one(delete, (schedule_id, seat_no))
}
