//! Every statement that reads or writes `ticket`.

use rusqlite::Connection;
use uuid::Uuid;

use super::Ticket;
use crate::venue::Tx;

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
