//! The dates of each concert in memory, with their JSON made once; all are forgotten when staff change one.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::map::Free;
use super::plan;
use crate::clock::Millis;
use crate::points::Points;
use crate::schedule::{self, Schedule};
use crate::store::{self, Outcome, Readers};

/// Dates that are kept at most; then all are read anew as they are asked for.
const DATES_MAX: usize = 20_000;

/// A date as the wire shows it.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DateJson {
    schedule_id: i64,
    concert_id: i64,
    date: String,
    starts_at: Millis,
    sale_opens_at: Millis,
    sale_closes_at: Millis,
    seats_total: i64,
    seats_available: i64,
    price_from: Option<Points>,
    refund_until_hours: Option<u32>,
    cancelled_at: Option<Millis>,
}

impl DateJson {
    pub fn of(schedule: &Schedule, free: Free) -> DateJson {
        DateJson {
            schedule_id: schedule.schedule_id,
            concert_id: schedule.concert_id,
            date: schedule.date.clone(),
            starts_at: schedule.starts_at,
            sale_opens_at: schedule.sale_opens_at,
            sale_closes_at: schedule.sale_closes_at,
            seats_total: schedule.seats_total,
            seats_available: free.seats,
            price_from: free.price_from,
            refund_until_hours: schedule.refund_until_hours,
            cancelled_at: schedule.cancelled_at,
        }
    }
}

/// What the JSON of a date without a free seat says of that.
const NOTHING_FREE: &str = "\"seatsAvailable\":0,\"priceFrom\":null";

/// A date and its JSON.
#[derive(Debug)]
pub(super) struct Date {
    pub schedule: Schedule,
    /// Its JSON before and after what is said of its free seats.
    json: (String, String),
}

impl Date {
    fn of(schedule: Schedule) -> rusqlite::Result<Date> {
        let text = store::to_json(&DateJson::of(&schedule, Free { seats: 0, price_from: None }))?;
        let (before, after) = plan::parted(&text, NOTHING_FREE)?;
        let json = (before.to_owned(), after.to_owned());
        Ok(Date { schedule, json })
    }

    /// Writes its JSON with the number of free seats and the price of the cheapest.
    pub fn write_json(&self, body: &mut String, free: Free) {
        let (before, after) = &self.json;
        let price_from = free.price_from.map_or("null".to_owned(), |price| price.won().to_string());
        for part in [before, "\"seatsAvailable\":", &free.seats.to_string(), ",\"priceFrom\":", &price_from, after] {
            body.push_str(part);
        }
    }
}

/// The copies.
#[derive(Debug, Default)]
pub(super) struct Dates(RwLock<CachedDates>);

#[derive(Debug, Default)]
struct CachedDates {
    concerts: HashMap<i64, Arc<Vec<Date>>>,
    /// How often all was forgotten: what was read before that is not kept.
    forgotten: u64,
    count: usize,
}

impl Dates {
    /// The dates of a concert, the earliest first.
    ///
    /// # Errors
    /// `CONCERT_NOT_FOUND`.
    pub fn of(&self, readers: &Readers, concert_id: i64) -> Outcome<Arc<Vec<Date>>> {
        if let Some(dates) = self.known().concerts.get(&concert_id) {
            return Ok(Arc::clone(dates));
        }
        let forgotten = self.known().forgotten;
        let reader = readers.get()?;
        schedule::must_find_concert(&reader, concert_id)?;
        let schedules = schedule::list_of_concert(&reader, concert_id)?;
        let dates = Arc::new(schedules.into_iter().map(Date::of).collect::<rusqlite::Result<Vec<_>>>()?);
        let mut known = self.known_mut();
        if known.forgotten == forgotten {
            if known.count + dates.len() > DATES_MAX {
                known.forget();
            }
            let before = known.concerts.insert(concert_id, Arc::clone(&dates));
            known.count += dates.len() - before.map_or(0, |before| before.len());
        }
        Ok(dates)
    }

    /// A date was added or changed.
    pub fn forget(&self) {
        self.known_mut().forget();
    }

    fn known(&self) -> RwLockReadGuard<'_, CachedDates> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, CachedDates> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CachedDates {
    fn forget(&mut self) {
        *self = CachedDates { forgotten: self.forgotten + 1, ..CachedDates::default() };
    }
}
