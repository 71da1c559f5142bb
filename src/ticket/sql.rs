//! Every statement that writes `ticket`, `check_in` and `door_scan`, or reads them.

use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::door_list::{DoorListEntry, legacy_code_hash};
use super::{CheckIn, Count, ScanOutcome, Status, StoredScan, Ticket, TicketDetails, code};
use crate::call::Tx;
use crate::clock::Millis;
use crate::seat::AgreedTariff;
use crate::store::{Statements, from_row};

/// The seat may be another one today: of a refunded ticket, after a new layout.
const FOUND: &str =
    "SELECT t.ticket_id, t.label, t.number, t.code, t.reservation_id, r.user_id, ifnull(t.holder, u.name), r.schedule_id, c.title,
        c.venue, s.date, s.starts_at, seat.section, seat.row, seat.number, t.issued_at,
        r.status = 'CONFIRMED' AND s.cancelled_at IS NULL AND paid.seat_no IS NOT NULL,
        i.at, i.door, i.offline, ifnull(seat.attributes, 0), t.seat_no, paid.tariff, paid.tariff_note
    FROM ticket AS t JOIN reservation AS r USING (reservation_id) JOIN user AS u USING (user_id)
    JOIN schedule AS s USING (schedule_id) JOIN concert AS c USING (concert_id)
    LEFT JOIN reservation_seat AS paid ON paid.reservation_id = t.reservation_id AND paid.seat_no = t.seat_no
    LEFT JOIN seat ON seat.schedule_id = r.schedule_id AND seat.seat_no = t.seat_no AND seat.label = t.label
    LEFT JOIN check_in AS i ON i.ticket_id = t.ticket_id";

fn read(row: &Row) -> rusqlite::Result<TicketDetails> {
    Ok(TicketDetails {
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
        check_in: read_check_in(row, 17)?,
        attributes: row.get(20)?,
        seat_no: row.get(21)?,
        tariff: AgreedTariff::read(row, 22)?,
        is_former: false,
    })
}

/// A check-in from three columns, if it is there.
fn read_check_in(row: &Row, first: usize) -> rusqlite::Result<Option<CheckIn>> {
    let at: Option<Millis> = row.get(first)?;
    let (door, offline): (Option<String>, Option<bool>) = (row.get(first + 1)?, row.get(first + 2)?);
    Ok(at.map(|at| CheckIn { at, door, offline: offline.unwrap_or(false) }))
}

pub(super) fn insert(tx: &Tx, reservation_id: Uuid, seat_no: i64, ticket: &Ticket) -> rusqlite::Result<()> {
    let insert = "INSERT INTO ticket (ticket_id, reservation_id, seat_no, label, number, code, issued_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    tx.run(insert, (ticket.ticket_id, reservation_id, seat_no, &ticket.seat, &ticket.number, &ticket.code, tx.now()))
}

/// The tickets of the seats of a reservation in layout order, without those of seats that it gave back.
pub fn list_of_reservation(connection: &Connection, reservation_id: Uuid) -> rusqlite::Result<Vec<Ticket>> {
    let select =
        "SELECT ticket_id, ticket.label, number, code FROM ticket JOIN reservation_seat USING (reservation_id, seat_no)
             WHERE reservation_id = ?1 ORDER BY seat_no";
    connection.list(select, [reservation_id], |row| from_row!(row => Ticket { ticket_id, seat, number, code }))
}

pub(super) fn find(connection: &Connection, ticket_id: Uuid) -> rusqlite::Result<Option<TicketDetails>> {
    connection.find(&format!("{FOUND} WHERE t.ticket_id = ?1"), [ticket_id], read)
}

pub fn find_by_number(connection: &Connection, number: &str) -> rusqlite::Result<Option<TicketDetails>> {
    connection.find(&format!("{FOUND} WHERE t.number = ?1"), [number], read)
}

/// The ticket that had a number before it was made out anew, and the code of that number.
pub(super) fn find_by_former(
    connection: &Connection,
    number: &str,
) -> rusqlite::Result<Option<(TicketDetails, String)>> {
    let select = "SELECT ticket_id, code FROM former_code WHERE number = ?1";
    let former = connection.find(select, [number], |row| Ok((row.get::<_, Uuid>(0)?, row.get(1)?)))?;
    let Some((ticket_id, code)) = former else { return Ok(None) };
    Ok(find(connection, ticket_id)?.map(|found| (TicketDetails { is_former: true, ..found }, code)))
}

/// Gives a ticket another number and code, and a holder; what it was called is kept.
pub(super) fn update_code(tx: &Tx, former: &Ticket, ticket: &Ticket, holder: Option<&str>) -> rusqlite::Result<()> {
    let insert = "INSERT INTO former_code (ticket_id, number, code, ended_at) VALUES (?1, ?2, ?3, ?4)";
    tx.run(insert, (former.ticket_id, &former.number, &former.code, tx.now()))?;
    let update =
        "UPDATE ticket SET number = ?2, code = ?3, issued_at = ?4, holder = ifnull(?5, holder) WHERE ticket_id = ?1";
    tx.run(update, (ticket.ticket_id, &ticket.number, &ticket.code, tx.now(), holder))
}

/// Makes tickets of one reservation out for whom those of another were, seat by seat in the order of their labels.
pub fn keep_holders(tx: &Tx, (from, old): (Uuid, &[String]), (to, new): (Uuid, &[String])) -> rusqlite::Result<()> {
    let mut keep = tx.prepare_cached(
        "UPDATE ticket SET holder = (SELECT holder FROM ticket WHERE reservation_id = ?1 AND label = ?2)
         WHERE reservation_id = ?3 AND label = ?4",
    )?;
    old.iter().zip(new).try_for_each(|(old, new)| keep.execute((from, old, to, new)).map(drop))
}

/// Takes away to whom a user gave tickets.
pub fn delete_holders(tx: &Tx, user_id: Uuid) -> rusqlite::Result<()> {
    let update = "UPDATE ticket SET holder = NULL WHERE holder IS NOT NULL
         AND reservation_id IN (SELECT reservation_id FROM reservation WHERE user_id = ?1)";
    tx.run(update, [user_id])
}

/// Who went in with a reservation's tickets, seat, ticket and moment of each.
pub(super) fn list_check_ins(
    connection: &Connection,
    reservation_id: Uuid,
) -> rusqlite::Result<Vec<(i64, Uuid, Millis)>> {
    let select = "SELECT seat_no, ticket_id, at FROM ticket JOIN check_in USING (ticket_id) WHERE reservation_id = ?1";
    connection.list(select, [reservation_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// The ticket of a code that an older program made.
pub(super) fn find_by_code(connection: &Connection, code: &str) -> rusqlite::Result<Option<TicketDetails>> {
    connection.find(&format!("{FOUND} WHERE t.code = ?1 AND length(t.code) = {}", code::OLDER_CHARS), [code], read)
}

/// What the tickets of a date were called before they were made out anew, for its list.
fn list_former_for_door(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Vec<DoorListEntry>> {
    let select = "SELECT f.number, t.label, f.code FROM reservation AS r JOIN ticket AS t USING (reservation_id)
         JOIN former_code AS f USING (ticket_id)
         WHERE r.schedule_id = ?1 AND r.status IN ('CONFIRMED', 'REFUNDED')";
    connection.list(select, [schedule_id], |row| {
        let code: String = row.get(2)?;
        let legacy_code_hash = code::is_legacy(&code).then(|| legacy_code_hash(&code));
        let (number, seat) = (row.get(0)?, row.get(1)?);
        Ok(DoorListEntry {
            status: Status::Void,
            entered: None,
            legacy_code_hash,
            number,
            seat,
            section: None,
            tariff: None,
        })
    })
}

pub(super) fn find_check_in(connection: &Connection, ticket_id: Uuid) -> rusqlite::Result<Option<CheckIn>> {
    let select = "SELECT at, door, offline FROM check_in WHERE ticket_id = ?1";
    let found = connection.find(select, [ticket_id], |row| read_check_in(row, 0))?;
    Ok(found.flatten())
}

pub(super) fn insert_check_in_if_out(tx: &Tx, ticket_id: Uuid, check_in: &CheckIn) -> rusqlite::Result<bool> {
    let insert = "INSERT INTO check_in (ticket_id, at, door, offline) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    tx.changes_one(insert, (ticket_id, check_in.at, &check_in.door, check_in.offline))
}

pub(super) fn delete_check_in_if_in(tx: &Tx, ticket_id: Uuid) -> rusqlite::Result<bool> {
    tx.changes_one("DELETE FROM check_in WHERE ticket_id = ?1", [ticket_id])
}

pub(super) fn count_by_section(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Vec<Count>> {
    let select = "SELECT seat.section, count(*), count(i.ticket_id)
         FROM reservation AS r JOIN ticket AS t USING (reservation_id)
         JOIN reservation_seat AS paid ON paid.reservation_id = t.reservation_id AND paid.seat_no = t.seat_no
         JOIN schedule AS s USING (schedule_id)
         LEFT JOIN seat ON seat.schedule_id = r.schedule_id AND seat.seat_no = t.seat_no
         LEFT JOIN check_in AS i ON i.ticket_id = t.ticket_id
         WHERE r.schedule_id = ?1 AND r.status IN ('CONFIRMED', 'REFUNDED') AND r.status = 'CONFIRMED'
           AND s.cancelled_at IS NULL
         GROUP BY seat.section ORDER BY min(t.seat_no)";
    connection.list(select, [schedule_id], |row| from_row!(row => Count { section, expected, inside }))
}

/// All tickets of a date for its list, in layout order, then what they were called before.
pub fn list_for_door(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Vec<DoorListEntry>> {
    let select = format!(
        "{FOUND} WHERE r.schedule_id = ?1 AND r.status IN ('CONFIRMED', 'REFUNDED') ORDER BY t.seat_no, t.ticket_id"
    );
    let mut tickets = connection.list(&select, [schedule_id], |row| {
        let found = read(row)?;
        let status = found.status();
        let entered = found.check_in.filter(|_| status == Status::CheckedIn);
        Ok(DoorListEntry {
            status,
            entered: entered.map(|check_in| (check_in.at, check_in.door)),
            legacy_code_hash: code::is_legacy(&found.ticket.code).then(|| legacy_code_hash(&found.ticket.code)),
            number: found.ticket.number,
            seat: found.ticket.seat,
            section: found.section,
            tariff: found.tariff,
        })
    })?;
    tickets.extend(list_former_for_door(connection, schedule_id)?);
    Ok(tickets)
}

const KEPT: &str = "SELECT scan_no, scan_id, ticket_id, number, label, schedule_id, d.at, d.door, 1, outcome, other_at,
        other_door, other_offline, told_at
    FROM door_scan AS d JOIN ticket USING (ticket_id) JOIN reservation USING (reservation_id)";

fn read_scan(row: &Row) -> rusqlite::Result<StoredScan> {
    Ok(StoredScan {
        scan_no: row.get(0)?,
        scan_id: row.get(1)?,
        ticket_id: row.get(2)?,
        number: row.get(3)?,
        seat: row.get(4)?,
        schedule_id: row.get(5)?,
        scan: CheckIn { at: row.get(6)?, door: row.get(7)?, offline: row.get(8)? },
        outcome: row.get(9)?,
        other: read_check_in(row, 10)?,
        told_at: row.get(13)?,
    })
}

pub(super) fn find_scan(connection: &Connection, scan_id: Uuid) -> rusqlite::Result<Option<StoredScan>> {
    connection.find(&format!("{KEPT} WHERE scan_id = ?1"), [scan_id], read_scan)
}

/// Adds a scan and gives back its number.
pub(super) fn insert_scan(
    tx: &Tx,
    scan_id: Uuid,
    ticket_id: Uuid,
    seen: &CheckIn,
    outcome: ScanOutcome,
    other: Option<&CheckIn>,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO door_scan (scan_id, ticket_id, at, door, told_at, outcome, other_at, other_door, other_offline)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .insert((
        scan_id,
        ticket_id,
        seen.at,
        &seen.door,
        tx.now(),
        outcome,
        other.map(|other| other.at),
        other.and_then(|other| other.door.as_ref()),
        other.map(|other| other.offline),
    ))
}

/// Scans that staff must look at, told after `after`, the oldest first.
pub fn list_conflicts(
    connection: &Connection,
    schedule_id: Option<i64>,
    after: i64,
    limit: u32,
) -> rusqlite::Result<Vec<StoredScan>> {
    let select = format!(
        "{KEPT} WHERE outcome <> 'CHECKED_IN' AND scan_no > ?2 AND (?1 IS NULL OR schedule_id = ?1)
         ORDER BY scan_no LIMIT ?3"
    );
    connection.list(&select, (schedule_id, after, limit), read_scan)
}
