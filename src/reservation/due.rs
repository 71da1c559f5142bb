//! Holds that are over by time, and holds whose end moves with the clock.

use rusqlite::Connection;
use uuid::Uuid;

use super::{Status, end_unpaid, sql};
use crate::clock::Millis;
use crate::seat;
use crate::store::{Outcome, SkippedRows};
use crate::venue::Tx;

/// Holds that are ended in one transaction at most, so that those who wait for its commit wait for some milliseconds.
/// While more are due, the next transaction follows at once.
const EXPIRE_MAX: usize = 500;

/// Writes down holds that are over at the moment of this transaction, the earliest first; says whether these were all.
/// One that can't be ended, in a file that somebody changed, is left alone and logged once.
pub fn expire_due(tx: &Tx, skipped: &SkippedRows) -> Outcome<bool> {
    let due = sql::list_due(tx, EXPIRE_MAX + skipped.len())?;
    let due: Vec<Uuid> = due.into_iter().filter(|id| !skipped.has(id.as_u128())).take(EXPIRE_MAX).collect();
    let name = |id: &Uuid| format!("reservation {id}");
    skipped.try_all(tx, &due, |id| id.as_u128(), name, |tx, &id| expire(tx, id))?;
    Ok(due.len() < EXPIRE_MAX)
}

/// Before seats of a date are held: the holds of the date and of the user that are over, where more
/// became due at once than one transaction writes down.
pub(super) fn expire_in_the_way(tx: &Tx, schedule_id: i64, user_id: Uuid) -> Outcome<()> {
    for reservation_id in sql::list_due_in_the_way(tx, schedule_id, user_id, EXPIRE_MAX)? {
        let expired = tx.savepoint(|tx| expire(tx, reservation_id));
        if let Err(failure) = expired
            && tx.is_autocommit()
        {
            return Err(failure);
        }
    }
    tx.keep_so_far();
    Ok(())
}

fn expire(tx: &Tx, reservation_id: Uuid) -> Outcome<()> {
    match sql::find(tx, reservation_id)? {
        Some(reservation) => end_unpaid(tx, reservation, Status::Expired).map(drop),
        None => Ok(()),
    }
}

/// When the next hold is over.
pub fn next_due(connection: &Connection, skipped: &SkippedRows) -> rusqlite::Result<Option<Millis>> {
    let next = sql::list_next_due(connection, 1 + skipped.len())?;
    Ok(next.into_iter().find(|(id, _)| !skipped.has(id.as_u128())).map(|(_, until)| until))
}

/// The clock goes on elsewhere, so many milliseconds later or earlier: every
/// hold that ends after `moment` keeps its length.
pub fn move_holds(tx: &Tx, moment: Millis, ms: i64) -> Outcome<()> {
    for reservation in sql::list_held_after(tx, moment)? {
        let seats = sql::list_seats(tx, reservation.reservation_id)?;
        seat::move_hold(tx, &reservation.hold(), &seats, ms)?;
        sql::move_hold(tx, reservation.reservation_id, ms)?;
    }
    Ok(())
}
