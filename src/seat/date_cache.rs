//! The dates of each concert in memory; all are forgotten when staff change one.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::map::Free;
use crate::schedule::{self, Schedule};
use crate::store::{Outcome, Readers};

/// Dates that are kept at most; then all are read anew as they are asked for.
const DATES_MAX: usize = 20_000;

/// A date as the wire shows it.
#[derive(Debug, serde::Serialize)]
pub struct DateJson<'s> {
    #[serde(flatten)]
    pub schedule: &'s Schedule,
    #[serde(flatten)]
    pub free: Free,
}

/// The copies.
#[derive(Debug, Default)]
pub(super) struct Dates(RwLock<CachedDates>);

#[derive(Debug, Default)]
struct CachedDates {
    concerts: HashMap<i64, Arc<Vec<Schedule>>>,
    /// How often all was forgotten: what was read before that is not kept.
    forgotten: u64,
    count: usize,
}

impl Dates {
    /// The dates of a concert, the earliest first.
    ///
    /// # Errors
    /// `CONCERT_NOT_FOUND`.
    pub fn of(&self, readers: &Readers, concert_id: i64) -> Outcome<Arc<Vec<Schedule>>> {
        if let Some(dates) = self.0.read().concerts.get(&concert_id) {
            return Ok(Arc::clone(dates));
        }
        let forgotten = self.0.read().forgotten;
        let reader = readers.get()?;
        schedule::must_find_concert(&reader, concert_id)?;
        let dates = Arc::new(schedule::list_of_concert(&reader, concert_id)?);
        let mut known = self.0.write();
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
        self.0.write().forget();
    }
}

impl CachedDates {
    fn forget(&mut self) {
        *self = CachedDates { forgotten: self.forgotten + 1, ..CachedDates::default() };
    }
}
