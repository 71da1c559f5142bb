//! Every statement of the reports: they read tables that other rooms write.

use std::ops::Range;

use rusqlite::{Connection, Row};

use super::{DayEntry, Part, Seats, SoldSeat, Sum, TariffSales, Till};
use crate::clock::Millis;
use crate::points::Points;
use crate::store::{Statements, from_row};

/// The seats of a date by section and category, in the order of the layout. What was paid for a seat is
/// what was agreed, whatever the layout says since.
pub(super) fn list_parts(connection: &Connection, schedule_id: i64, now: Millis) -> rusqlite::Result<Vec<Part>> {
    let select = "SELECT section, category, count(*), count(*) FILTER (WHERE status = 'SOLD'),
           count(*) FILTER (WHERE status = 'HELD' AND ?2 < held_until), count(*) FILTER (WHERE status = 'BLOCKED'),
           coalesce(sum(reservation_seat.price) FILTER (WHERE status = 'SOLD'), 0)
         FROM seat LEFT JOIN claim USING (schedule_id, seat_no) LEFT JOIN reservation_seat USING (reservation_id, seat_no)
         WHERE schedule_id = ?1 GROUP BY section, category ORDER BY min(seat_no)";
    connection.list(select, (schedule_id, now), |row| {
        let (seats, sold, held, blocked) = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
        let free: i64 = seats - sold - held - blocked;
        let seats = Seats { seats, sold, held, free, blocked, revenue: row.get(6)? };
        Ok(Part { section: row.get(0)?, category: row.get(1)?, seats })
    })
}

/// The sold seats of a date by tariff, by its name; those at the full price first.
pub(super) fn list_tariffs(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Vec<TariffSales>> {
    let select = "SELECT tariff, count(*), sum(price) FROM claim JOIN reservation_seat USING (reservation_id, seat_no)
         WHERE schedule_id = ?1 AND status = 'SOLD' GROUP BY tariff ORDER BY tariff";
    connection.list(select, [schedule_id], |row| from_row!(row => TariffSales { tariff, sold, revenue }))
}

pub(super) fn sum_refunded(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Points> {
    let select =
        "SELECT coalesce(sum(iif(status = 'REFUNDED', amount, 0) + ifnull((SELECT sum(price) FROM returned_seat AS b
               WHERE b.reservation_id = reservation.reservation_id), 0)), 0)
             FROM reservation WHERE schedule_id = ?1 AND status IN ('CONFIRMED', 'REFUNDED')";
    connection.one(select, [schedule_id], |row| row.get(0))
}

pub(super) fn list_sold(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Vec<SoldSeat>> {
    let select = "SELECT seat.label, section, row, seat.number, category, reservation_seat.price, ticket.number, ifnull(ticket.holder, user.name), paid_at,
           check_in.at, reservation_seat.tariff
         FROM claim JOIN seat USING (schedule_id, seat_no) JOIN reservation USING (reservation_id)
           JOIN reservation_seat USING (reservation_id, seat_no) JOIN ticket USING (reservation_id, seat_no)
           JOIN user ON user.user_id = reservation.user_id LEFT JOIN check_in USING (ticket_id)
         WHERE claim.schedule_id = ?1 AND claim.status = 'SOLD' ORDER BY seat_no";
    connection.list(select, [schedule_id], |row| {
        from_row!(row => SoldSeat {
            label, section, row, number, category, price, ticket_number, holder, paid_at, checked_in_at, tariff,
        })
    })
}

/// What the entries between two moments come to, by kind.
pub(super) fn list_sums(connection: &Connection, day: &Range<Millis>) -> rusqlite::Result<Vec<Sum>> {
    let select = "SELECT kind, count(*), sum(amount) FROM ledger_entry WHERE at >= ?1 AND at < ?2 GROUP BY kind";
    connection.list(select, (day.start, day.end), |row| from_row!(row => Sum { kind, count, amount }))
}

/// What went over the counter between two moments, by staff key and method. A sale is one entry with a method: the
/// top-up of its money, or its payment where there was none.
pub(super) fn list_tills(connection: &Connection, day: &Range<Millis>) -> rusqlite::Result<Vec<Till>> {
    let select = "SELECT key_id, name, method, count(*) FILTER (WHERE reservation_id IS NOT NULL AND kind <> 'PAYOUT'),
           ifnull(sum(amount) FILTER (WHERE kind = 'TOP_UP' AND reservation_id IS NOT NULL), 0),
           ifnull(sum(amount) FILTER (WHERE kind = 'TOP_UP' AND reservation_id IS NULL), 0),
           ifnull(-sum(amount) FILTER (WHERE kind = 'PAYOUT' AND reservation_id IS NOT NULL), 0),
           ifnull(-sum(amount) FILTER (WHERE kind = 'PAYOUT' AND reservation_id IS NULL), 0), sum(amount)
         FROM ledger_entry LEFT JOIN staff_key USING (key_id)
         WHERE at >= ?1 AND at < ?2 AND method IS NOT NULL GROUP BY key_id, method ORDER BY key_id, method";
    connection.list(select, (day.start, day.end), |row| {
        from_row!(row => Till {
            key_id, name, method, sales, seats_received, points_received, seats_paid_out, points_paid_out, total,
        })
    })
}

/// Entries between two moments after one of them, in the order in which they were
/// written: that of their ids, whatever the clock said.
pub(super) fn list_entries(
    connection: &Connection,
    day: &Range<Millis>,
    after: i64,
    limit: u32,
) -> rusqlite::Result<Vec<DayEntry>> {
    let select = "SELECT entry_id, user_id, user.name, kind, amount, balance_after, reservation_id, reason, at, method, staff_key.name
         FROM ledger_entry JOIN user USING (user_id) LEFT JOIN staff_key USING (key_id)
         WHERE entry_id > ?3 AND entry_id BETWEEN (SELECT min(entry_id) FROM ledger_entry WHERE at >= ?1 AND at < ?2)
           AND (SELECT max(entry_id) FROM ledger_entry WHERE at >= ?1 AND at < ?2) AND +at >= ?1 AND +at < ?2
         ORDER BY entry_id LIMIT ?4";
    connection.list(select, (day.start, day.end, after, limit), read_entry)
}

fn read_entry(row: &Row) -> rusqlite::Result<DayEntry> {
    from_row!(row => DayEntry {
        entry_id, user_id, name, kind, amount, balance_after, reservation_id, reason, at, method, by,
    })
}
