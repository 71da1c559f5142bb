//! Concerts and dates that staff delete: those of which nothing was ever held or sold, so that no book names them.

use super::sql;
use crate::call::Tx;
use crate::queue;
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule};
use crate::seat;
use crate::store::Outcome;

/// Deletes a date.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`, `DATE_IN_USE`.
pub fn delete_date(tx: &Tx, schedule_id: i64) -> Outcome<()> {
    delete_dates(tx, &[schedule::must_find(tx, schedule_id)?])
}

/// Deletes a concert with all of its dates, or nothing; its line is closed.
///
/// # Errors
/// `CONCERT_NOT_FOUND`, `DATE_IN_USE`.
pub fn delete_concert(tx: &Tx, concert_id: i64) -> Outcome<()> {
    let concert = schedule::must_find_concert(tx, concert_id)?;
    delete_dates(tx, &schedule::list_of_concert(tx, concert_id)?)?;
    queue::close_own_line(tx, concert_id)?;
    schedule::delete_concert(tx, &concert)
}

fn delete_dates(tx: &Tx, dates: &[Schedule]) -> Outcome<()> {
    let mut schedule_ids = Vec::new();
    for date in dates {
        if sql::was_ever_held(tx, date.schedule_id)? {
            schedule_ids.push(date.schedule_id);
        }
    }
    if !schedule_ids.is_empty() {
        return Err(Refusal::DateInUse { schedule_ids }.into());
    }
    dates.iter().try_for_each(|date| seat::delete_schedule(tx, date))
}
