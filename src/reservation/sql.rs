//! Every statement that reads or writes `reservation` and `reservation_seat`.

use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::{Reservation, ReturnedSeat, Status};
use crate::balance::PayMethod;
use crate::call::Tx;
use crate::clock::Millis;
use crate::points::Points;
use crate::seat::WantedSeat;
use crate::store::{Statements, from_row};

/// The only failure.
pub(super) const INSUFFICIENT_BALANCE: &str = "INSUFFICIENT_BALANCE";

/// How many reservations of a user are searched for their seats: one who holds and cancels all day holds nobody up.
const LOOK_BACK_MAX: u32 = 100;

const RESERVATION: &str = "SELECT reservation_id, user_id, schedule_id, status, amount, created_at, hold_expires_at,
    failure, payment_id, declined_count, paid_at, refunded_at, ended_at, at_counter, method, note,
    sold_starts_at, refund_until_hours, line_id, exchanged_from FROM reservation";

fn read(row: &Row) -> rusqlite::Result<Reservation> {
    from_row!(row => Reservation {
        reservation_id, user_id, schedule_id, status, amount, created_at, hold_expires_at, failure, payment_id,
        declined_count, paid_at, refunded_at, ended_at, at_counter, method, note, sold_starts_at, refund_until_hours,
        line_id, exchanged_from,
    })
}

/// Whether a seat of a date was ever held. It reads all reservations: none is found by its date alone, since an index
/// would cost every hold and staff delete a date now and then.
pub(super) fn was_ever_held(tx: &Tx, schedule_id: i64) -> rusqlite::Result<bool> {
    tx.query_row("SELECT EXISTS (SELECT 1 FROM reservation WHERE schedule_id = ?1)", [schedule_id], |row| row.get(0))
}

pub(super) fn insert(tx: &Tx, reservation: &Reservation, seats: &[WantedSeat]) -> rusqlite::Result<()> {
    let insert = "INSERT INTO reservation
           (reservation_id, user_id, schedule_id, status, amount, created_at, hold_expires_at, payment_id, at_counter, note, line_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    tx.run(
        insert,
        (
            reservation.reservation_id,
            reservation.user_id,
            reservation.schedule_id,
            reservation.status,
            reservation.amount,
            reservation.created_at,
            reservation.hold_expires_at,
            reservation.payment_id,
            reservation.at_counter,
            &reservation.note,
            reservation.line_id,
        ),
    )?;
    insert_seats(tx, reservation.reservation_id, seats)
}

fn insert_seats(tx: &Tx, reservation_id: Uuid, seats: &[WantedSeat]) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO reservation_seat (reservation_id, seat_no, label, price, tariff, tariff_note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for seat in seats {
        let (tariff, note) = seat.tariff.as_ref().map(|tariff| (&tariff.name, &tariff.note)).unzip();
        insert.execute((reservation_id, seat.seat_no, &seat.label, seat.price, tariff, note))?;
    }
    Ok(())
}

/// Changes the seats of an unpaid reservation.
pub(super) fn change_seats(
    tx: &Tx,
    reservation_id: Uuid,
    added: &[WantedSeat],
    removed: &[WantedSeat],
) -> rusqlite::Result<()> {
    let mut delete = tx.prepare_cached("DELETE FROM reservation_seat WHERE reservation_id = ?1 AND seat_no = ?2")?;
    for seat in removed {
        delete.execute((reservation_id, seat.seat_no))?;
    }
    insert_seats(tx, reservation_id, added)
}

/// Notes what a reservation was exchanged for.
pub(super) fn update_exchanged_from(tx: &Tx, reservation_id: Uuid, from: Uuid) -> rusqlite::Result<()> {
    tx.run("UPDATE reservation SET exchanged_from = ?2 WHERE reservation_id = ?1", (reservation_id, from))
}

/// The reservations that the seats of one were exchanged for, each with its moment.
pub(super) fn list_exchanged(connection: &Connection, reservation_id: Uuid) -> rusqlite::Result<Vec<(Uuid, Millis)>> {
    let select = "SELECT reservation_id, created_at FROM reservation WHERE exchanged_from = ?1";
    connection.list(select, [reservation_id], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn find(connection: &Connection, reservation_id: Uuid) -> rusqlite::Result<Option<Reservation>> {
    connection.find(&format!("{RESERVATION} WHERE reservation_id = ?1"), [reservation_id], read)
}

/// A reservation of a user with its seats.
pub fn find_with_seats(
    connection: &Connection,
    user_id: Uuid,
    reservation_id: Uuid,
) -> rusqlite::Result<Option<(Reservation, Vec<WantedSeat>)>> {
    let found = find(connection, reservation_id)?.filter(|found| found.user_id == user_id);
    found.map(|found| Ok((found, list_seats(connection, reservation_id)?))).transpose()
}

pub fn find_by_payment(connection: &Connection, payment_id: Uuid) -> rusqlite::Result<Option<Reservation>> {
    connection.find(&format!("{RESERVATION} WHERE payment_id = ?1"), [payment_id], read)
}

/// The newest reservation of a user for exactly these seats of a date, in whatever state, among the latest of them.
pub fn find_by_seats(
    connection: &Connection,
    user_id: Uuid,
    schedule_id: i64,
    labels: &[String],
) -> rusqlite::Result<Option<(Reservation, Vec<WantedSeat>)>> {
    let mut wanted: Vec<&str> = labels.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    let filter = Filter { schedule_id: Some(schedule_id), status: None, now: Millis::from_unix_ms(0) };
    for reservation in list_of_user(connection, user_id, &filter, Uuid::max(), LOOK_BACK_MAX)? {
        let seats = list_seats(connection, reservation.reservation_id)?;
        let mut labels: Vec<&str> = seats.iter().map(|seat| seat.label.as_str()).collect();
        labels.sort_unstable();
        if labels == wanted {
            return Ok(Some((reservation, seats)));
        }
    }
    Ok(None)
}

/// Which reservations are listed; what is `None` holds none back.
pub(super) struct Filter {
    /// Their status at `now`.
    pub status: Option<Status>,
    pub schedule_id: Option<i64>,
    pub now: Millis,
}

/// The newest reservations of a user before one: later ones have greater ids.
pub(super) fn list_of_user(
    connection: &Connection,
    user_id: Uuid,
    filter: &Filter,
    before: Uuid,
    limit: u32,
) -> rusqlite::Result<Vec<Reservation>> {
    let Filter { status, schedule_id, now } = filter;
    let select = format!(
        "{RESERVATION} WHERE user_id = ?1 AND reservation_id < ?2 AND (?4 IS NULL OR schedule_id = ?4)
           AND (?5 IS NULL OR iif(status = 'PENDING_PAYMENT' AND hold_expires_at <= ?6, 'EXPIRED', status) = ?5)
         ORDER BY reservation_id DESC LIMIT ?3"
    );
    connection.list(&select, (user_id, before, limit, schedule_id, status, now), read)
}

/// The seats of a reservation in layout order, at the price that was agreed.
pub(super) fn list_seats(connection: &Connection, reservation_id: Uuid) -> rusqlite::Result<Vec<WantedSeat>> {
    let select = "SELECT seat_no, label, of.price, tariff, tariff_note, section, row, number FROM reservation_seat AS of
         JOIN reservation USING (reservation_id) LEFT JOIN seat USING (schedule_id, seat_no, label) WHERE reservation_id = ?1 ORDER BY seat_no";
    connection.list(select, [reservation_id], WantedSeat::read)
}

pub(super) fn find_pending_of_user(tx: &Tx, user_id: Uuid) -> rusqlite::Result<Option<Reservation>> {
    let select = format!("{RESERVATION} WHERE user_id = ?1 AND status = 'PENDING_PAYMENT' AND at_counter = 0");
    tx.find(&select, [user_id], read)
}

/// What a user has before a hold.
pub(super) struct SeatsOfUser {
    /// The unpaid reservation of their own, with the end of its hold.
    pub pending: Option<(Uuid, Millis)>,
    /// Seats of the date that are paid.
    pub owned: u32,
}

pub(super) fn find_seats_of_user(tx: &Tx, user_id: Uuid, schedule_id: i64) -> rusqlite::Result<SeatsOfUser> {
    let mut of_user = tx.prepare_cached(
        "SELECT status, reservation_id, hold_expires_at,
             (SELECT count(*) FROM reservation_seat AS s WHERE s.reservation_id = r.reservation_id)
         FROM reservation AS r INDEXED BY reservation_user WHERE user_id = ?1
         AND ((status = 'PENDING_PAYMENT' AND at_counter = 0) OR (status = 'CONFIRMED' AND schedule_id = ?2))",
    )?;
    let mut rows = of_user.query((user_id, schedule_id))?;
    let mut of_user = SeatsOfUser { pending: None, owned: 0 };
    while let Some(row) = rows.next()? {
        match row.get(0)? {
            Status::PendingPayment => of_user.pending = Some((row.get(1)?, row.get(2)?)),
            _ => of_user.owned += row.get::<_, u32>(3)?,
        }
    }
    Ok(of_user)
}

pub(super) fn mark_ended_if_pending(tx: &Tx, reservation_id: Uuid, status: Status) -> rusqlite::Result<bool> {
    let failure = (status == Status::Failed).then_some(INSUFFICIENT_BALANCE);
    let update = "UPDATE reservation SET status = ?2, ended_at = ?3, failure = ?4
         WHERE reservation_id = ?1 AND status = 'PENDING_PAYMENT'";
    tx.changes_one(update, (reservation_id, status, tx.now(), failure))
}

pub(super) fn mark_confirmed_if_held(
    tx: &Tx,
    reservation_id: Uuid,
    method: Option<PayMethod>,
) -> rusqlite::Result<bool> {
    let update = "UPDATE reservation SET status = 'CONFIRMED', ended_at = ?2, paid_at = ?2, method = ?3,
           (sold_starts_at, refund_until_hours) = (SELECT starts_at, s.refund_until_hours FROM schedule AS s
             WHERE s.schedule_id = reservation.schedule_id)
         WHERE reservation_id = ?1 AND status = 'PENDING_PAYMENT' AND ?2 < hold_expires_at";
    tx.changes_one(update, (reservation_id, tx.now(), method))
}

/// Makes an unpaid reservation, and each of its seats, cost nothing.
pub(super) fn update_to_free(tx: &Tx, reservation_id: Uuid) -> rusqlite::Result<()> {
    tx.run("UPDATE reservation_seat SET price = 0 WHERE reservation_id = ?1", [reservation_id])?;
    let update = "UPDATE reservation SET amount = 0 WHERE reservation_id = ?1 AND status = 'PENDING_PAYMENT'";
    tx.run(update, [reservation_id])
}

pub(super) fn mark_refunded_if_confirmed(tx: &Tx, reservation_id: Uuid) -> rusqlite::Result<bool> {
    let update = "UPDATE reservation SET status = 'REFUNDED', refunded_at = ?2
         WHERE reservation_id = ?1 AND status = 'CONFIRMED'";
    tx.changes_one(update, (reservation_id, tx.now()))
}

/// Takes seats of a paid reservation out of it, with the ledger's entry by which their price came back.
pub(super) fn move_to_returned(
    tx: &Tx,
    reservation_id: Uuid,
    seats: &[WantedSeat],
    entry_id: i64,
) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO returned_seat (reservation_id, seat_no, label, price, entry_id, tariff)
         SELECT reservation_id, seat_no, label, price, ?3, tariff FROM reservation_seat WHERE reservation_id = ?1 AND seat_no = ?2",
    )?;
    let mut delete = tx.prepare_cached("DELETE FROM reservation_seat WHERE reservation_id = ?1 AND seat_no = ?2")?;
    for seat in seats {
        insert.execute((reservation_id, seat.seat_no, entry_id))?;
        delete.execute((reservation_id, seat.seat_no))?;
    }
    Ok(())
}

/// The seats that a reservation gave back while it kept others, in layout order.
pub(super) fn list_returned(connection: &Connection, reservation_id: Uuid) -> rusqlite::Result<Vec<ReturnedSeat>> {
    let select = "SELECT label, of.price, at, tariff, section, row, number FROM returned_seat AS of JOIN ledger_entry USING (entry_id)
         JOIN reservation ON reservation.reservation_id = of.reservation_id LEFT JOIN seat USING (schedule_id, seat_no, label)
         WHERE of.reservation_id = ?1 ORDER BY seat_no";
    connection.list(select, [reservation_id], ReturnedSeat::read)
}

/// What a reservation costs with the seats that it has now.
pub(super) fn update_amount(tx: &Tx, reservation_id: Uuid, amount: Points) -> rusqlite::Result<()> {
    tx.run("UPDATE reservation SET amount = ?2 WHERE reservation_id = ?1", (reservation_id, amount))
}

/// Some of the unpaid reservations of a date.
pub(super) fn list_pending_of_date(tx: &Tx, schedule_id: i64, limit: usize) -> rusqlite::Result<Vec<Reservation>> {
    list_some(tx, "status = 'PENDING_PAYMENT' AND schedule_id = ?1", schedule_id, limit)
}

/// Some of the paid reservations of a date.
pub(super) fn list_confirmed_of_date(tx: &Tx, schedule_id: i64, limit: usize) -> rusqlite::Result<Vec<Reservation>> {
    let sold = "schedule_id = ?1 AND status IN ('CONFIRMED', 'REFUNDED') AND status = 'CONFIRMED'";
    list_some(tx, sold, schedule_id, limit)
}

fn list_some(tx: &Tx, which: &str, schedule_id: i64, limit: usize) -> rusqlite::Result<Vec<Reservation>> {
    tx.list(&format!("{RESERVATION} WHERE {which} LIMIT ?2"), (schedule_id, limit as i64), read)
}

/// How many reservations of a date were refunded, are paid, and wait for their payment; and what was paid in cash and
/// by card for those that are refunded with the date.
pub(super) fn count_of_date(c: &Connection, schedule_id: i64, cancelled: Option<Millis>) -> rusqlite::Result<[i64; 5]> {
    let select = "SELECT count(*) FILTER (WHERE status = 'REFUNDED'), count(*) FILTER (WHERE status = 'CONFIRMED'),
           (SELECT count(*) FROM reservation WHERE schedule_id = ?1 AND status = 'PENDING_PAYMENT'),
           coalesce(sum(amount) FILTER (WHERE method = 'CASH' AND (status = 'CONFIRMED' OR refunded_at >= ?2)), 0),
           coalesce(sum(amount) FILTER (WHERE method = 'CARD' AND (status = 'CONFIRMED' OR refunded_at >= ?2)), 0)
         FROM reservation WHERE schedule_id = ?1 AND status IN ('CONFIRMED', 'REFUNDED')";
    c.one(select, (schedule_id, cancelled), |r| Ok([r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?]))
}

pub(super) fn update_declined_count(tx: &Tx, reservation_id: Uuid, declined_count: u32) -> rusqlite::Result<()> {
    tx.run("UPDATE reservation SET declined_count = ?2 WHERE reservation_id = ?1", (reservation_id, declined_count))
}

/// The reservations of a user that are unpaid, or paid for a date that is not over.
pub(super) fn list_to_come(tx: &Tx, user_id: Uuid) -> rusqlite::Result<Vec<Uuid>> {
    let select = "SELECT reservation_id FROM reservation JOIN schedule USING (schedule_id) WHERE user_id = ?1
           AND (status = 'PENDING_PAYMENT' OR (status = 'CONFIRMED' AND (starts_at > ?2 OR cancelled_at IS NOT NULL)))
         ORDER BY reservation_id LIMIT 100";
    tx.list(select, (user_id, tx.now()), |row| row.get(0))
}

/// Takes away what staff wrote beside a user's reservations.
pub(super) fn delete_notes(tx: &Tx, user_id: Uuid) -> rusqlite::Result<()> {
    tx.run("UPDATE reservation SET note = NULL WHERE user_id = ?1 AND note IS NOT NULL", [user_id])
}

/// Some of the holds that are over.
pub(super) fn list_due(tx: &Tx, limit: usize) -> rusqlite::Result<Vec<Uuid>> {
    let select = "SELECT reservation_id FROM reservation WHERE status = 'PENDING_PAYMENT' AND hold_expires_at <= ?1
         ORDER BY hold_expires_at, reservation_id LIMIT ?2";
    tx.list(select, (tx.now(), limit as i64), |row| row.get(0))
}

/// Holds of a user's own, then of a date, that are over and not written down as such: at most `limit`.
pub(super) fn list_due_in_the_way(
    tx: &Tx,
    schedule_id: i64,
    user_id: Uuid,
    limit: usize,
) -> rusqlite::Result<Vec<Uuid>> {
    let select = "SELECT reservation_id FROM reservation WHERE status = 'PENDING_PAYMENT' AND at_counter = 0 AND user_id = ?3 AND hold_expires_at <= ?1
         UNION ALL SELECT reservation_id FROM reservation INDEXED BY reservation_due
         WHERE status = 'PENDING_PAYMENT' AND hold_expires_at <= ?1 AND schedule_id = ?2
           AND (user_id <> ?3 OR at_counter = 1) LIMIT ?4";
    tx.list(select, (tx.now(), schedule_id, user_id, limit as i64), |row| row.get(0))
}

/// The holds that are over first: each with its end, in order.
pub(super) fn list_next_due(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<(Uuid, Millis)>> {
    let select = "SELECT reservation_id, hold_expires_at FROM reservation WHERE status = 'PENDING_PAYMENT'
         ORDER BY hold_expires_at, reservation_id LIMIT ?1";
    connection.list(select, [limit as i64], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The unpaid reservations whose hold ends after a moment.
pub(super) fn list_held_after(tx: &Tx, moment: Millis) -> rusqlite::Result<Vec<Reservation>> {
    tx.prepare(&format!("{RESERVATION} WHERE status = 'PENDING_PAYMENT' AND hold_expires_at > ?1"))?
        .query_map([moment], read)?
        .collect()
}

/// Moves the end of a hold; towards the past its beginning too.
pub(super) fn move_hold(tx: &Tx, reservation_id: Uuid, ms: i64) -> rusqlite::Result<()> {
    let update = "UPDATE reservation SET hold_expires_at = hold_expires_at + ?2, created_at = created_at + min(?2, 0)
         WHERE reservation_id = ?1";
    tx.run(update, (reservation_id, ms))
}
