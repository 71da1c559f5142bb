//! Every statement that writes `ticket`, `check_in` and `door_scan`, or reads them.

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::{CheckIn, Found, Ticket};
use crate::clock::Millis;
use crate::venue::Tx;

const FOUND: &str =
    "SELECT t.ticket_id, t.label, t.number, t.code, t.reservation_id, r.user_id, u.name, r.schedule_id, c.title,
        c.venue, s.date, s.starts_at, seat.section, seat.row, seat.number, t.issued_at, r.status = 'CONFIRMED',
        i.at, i.door, i.offline
    FROM ticket AS t JOIN reservation AS r USING (reservation_id) JOIN user AS u USING (user_id)
    JOIN schedule AS s USING (schedule_id) JOIN concert AS c USING (concert_id)
    LEFT JOIN seat ON seat.schedule_id = r.schedule_id AND seat.seat_no = t.seat_no
    LEFT JOIN check_in AS i ON i.ticket_id = t.ticket_id";

fn read(row: &Row) -> rusqlite::Result<Found> {
    let at: Option<Millis> = row.get(17)?;
    let (door, offline): (Option<String>, Option<bool>) = (row.get(18)?, row.get(19)?);
    Ok(Found {
        ticket: Ticket { ticket_id: row.get(0)?, seat: row.get(1)?, number: row.get(2)?, code: row.get(3)? },
        reservation_id: row.get(4)?,
        user_id: row.get(5)?,
        holder: row.get(6)?,
        schedule_id: row.get(7)?,
        concert_title: row.get(8)?,
        venue: row.get(9)?,
        date: row.get(10)?,
        starts_at: row.get(11)?,
        section: row.get(12)?,
        row: row.get(13)?,
        seat_number: row.get(14)?,
        issued_at: row.get(15)?,
        is_paid: row.get(16)?,
        check_in: at.map(|at| CheckIn { at, door, offline: offline.unwrap_or(false) }),
    })
}

pub(super) fn insert(tx: &Tx, reservation_id: Uuid, seat_no: i64, ticket: &Ticket) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO ticket (ticket_id, reservation_id, seat_no, label, number, code, issued_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((ticket.ticket_id, reservation_id, seat_no, &ticket.seat, &ticket.number, &ticket.code, tx.now()))
    .map(drop)
}

pub(super) fn list_of_reservation(connection: &Connection, reservation_id: Uuid) -> rusqlite::Result<Vec<Ticket>> {
    connection
        .prepare_cached("SELECT ticket_id, label, number, code FROM ticket WHERE reservation_id = ?1 ORDER BY seat_no")?
        .query_map([reservation_id], |row| {
            Ok(Ticket { ticket_id: row.get(0)?, seat: row.get(1)?, number: row.get(2)?, code: row.get(3)? })
        })?
        .collect()
}

pub(super) fn find(connection: &Connection, ticket_id: Uuid) -> rusqlite::Result<Option<Found>> {
    connection.prepare_cached(&format!("{FOUND} WHERE t.ticket_id = ?1"))?.query_row([ticket_id], read).optional()
}

pub(super) fn find_by_number(connection: &Connection, number: &str) -> rusqlite::Result<Option<Found>> {
    connection.prepare_cached(&format!("{FOUND} WHERE t.number = ?1"))?.query_row([number], read).optional()
}

/// The first who went in with a reservation's tickets.
pub(super) fn find_first_check_in(
    connection: &Connection,
    reservation_id: Uuid,
) -> rusqlite::Result<Option<(Uuid, Millis)>> {
    connection
        .prepare_cached(
            "SELECT ticket_id, at FROM ticket JOIN check_in USING (ticket_id) WHERE reservation_id = ?1
             ORDER BY at LIMIT 1",
        )?
        .query_row([reservation_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
