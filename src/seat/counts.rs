//! How many seats of the dates to come are sold, held and blocked, for figures that are asked for again and again.

use std::collections::HashMap;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::sql::{self, SeatCounts};
use crate::clock::Millis;
use crate::schedule::{self, Schedule};
use crate::store::Outcome;

/// Dates that are counted at most, those that come first.
pub const DATES_COUNTED_MAX: u32 = 100;

/// The counts by date, each with the version of the date that was counted: only what has changed is counted again.
#[derive(Debug, Default)]
pub struct CountedSeats(Mutex<HashMap<i64, (i64, SeatCounts)>>);

impl CountedSeats {
    /// The first [`DATES_COUNTED_MAX`] dates to come that take place, with their counts.
    pub fn of_dates_to_come(&self, connection: &Connection, now: Millis) -> Outcome<Vec<(Schedule, SeatCounts)>> {
        let dates = schedule::list_to_come(connection, now, DATES_COUNTED_MAX)?;
        let mut counted = self.0.lock();
        let before = std::mem::take(&mut *counted);
        let count = |date: Schedule| {
            let kept = before.get(&date.schedule_id).filter(|(version, _)| *version == date.version);
            let counts =
                kept.map_or_else(|| sql::count_claims(connection, date.schedule_id, now), |(_, kept)| Ok(*kept))?;
            counted.insert(date.schedule_id, (date.version, counts));
            Ok((date, counts))
        };
        dates.into_iter().map(count).collect()
    }
}
