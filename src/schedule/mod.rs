//! Concerts and their dates.

mod sql;
pub mod staff_api;
mod tariffs;
mod times;

use std::borrow::Borrow;

use jiff::tz::TimeZone;
use rusqlite::Connection;
use serde_json::json;

pub use sql::{count_seats_changed, find, find_to_settle, list_concerts, list_of_concert, list_to_come, update_opened};
pub use tariffs::{Tariff, Tariffs};
pub use times::{SaidTimes, Times, instant_of};

use crate::call::{Change, EventType, Tx, record};
use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::{Language, Refusal};
use crate::store::Outcome;
use crate::venue::{self, NewPicture, Picture};

#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Concert {
    pub concert_id: i64,
    pub title: String,
    pub venue: String,
    pub description: String,
    pub schedules: i64,
    pub running_minutes: Option<u32>,
    /// From which age on one may come; 0: everybody may.
    pub age_from: Option<u32>,
    pub map_url: Option<String>,
    pub poster: Option<Picture>,
    pub translations: Translations,
}

/// What is said of a concert in each language, where that is something else than what the concert itself says.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Translations {
    pub ko: Option<Translation>,
    pub en: Option<Translation>,
}

/// The words of one language; an empty one is that of the concert itself.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Translation {
    pub title: String,
    pub venue: String,
    pub description: String,
}

impl Concert {
    /// Its words in a language.
    pub fn in_language(&self, language: Language) -> Translation {
        let own = match language {
            Language::Ko => &self.translations.ko,
            Language::En => &self.translations.en,
        };
        let own = own.clone().unwrap_or_default();
        let or = |own: String, base: &str| if own.is_empty() { base.to_owned() } else { own };
        Translation {
            title: or(own.title, &self.title),
            venue: or(own.venue, &self.venue),
            description: or(own.description, &self.description),
        }
    }
}

/// One date of a concert. The wire shows it together with how many of its seats are free.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    pub schedule_id: i64,
    pub concert_id: i64,
    #[serde(skip)]
    pub concert_title: String,
    pub date: String,
    pub starts_at: Millis,
    pub sale_opens_at: Millis,
    pub sale_closes_at: Millis,
    pub seats_total: i64,
    /// The price of its cheapest seat, free or not.
    #[serde(skip)]
    pub price_from: Points,
    /// Counts every change of the date and its seats.
    #[serde(skip)]
    pub version: i64,
    /// Until so many hours before the start users may take their points back for what is sold now; `None`: they may
    /// not.
    pub refund_until_hours: Option<u32>,
    pub cancelled_at: Option<Millis>,
    /// When everybody had their points back after that.
    #[serde(skip)]
    pub settled_at: Option<Millis>,
    /// Its kinds of price; none: each seat has its full price.
    #[serde(skip_serializing_if = "Tariffs::is_empty")]
    pub tariffs: Tariffs,
}

impl Schedule {
    /// Whether seats are sold at `now`.
    ///
    /// # Errors
    /// `SCHEDULE_CANCELLED`, `SALE_NOT_OPEN`, `SALE_CLOSED`.
    pub fn must_be_on_sale(&self, now: Millis) -> Result<(), Refusal> {
        self.must_take_place()?;
        if now < self.sale_opens_at {
            return Err(Refusal::SaleNotOpen { sale_opens_at: self.sale_opens_at });
        }
        if now >= self.sale_closes_at {
            return Err(Refusal::SaleClosed { sale_closes_at: self.sale_closes_at });
        }
        Ok(())
    }

    /// Whether it was not cancelled.
    ///
    /// # Errors
    /// `SCHEDULE_CANCELLED`.
    pub fn must_take_place(&self) -> Result<(), Refusal> {
        if self.cancelled_at.is_some() { Err(Refusal::ScheduleCancelled) } else { Ok(()) }
    }

    /// Until when users may take their points back by themselves, by terms of so many hours before the start.
    pub fn refund_until(&self, hours: Option<u32>) -> Option<Millis> {
        hours.map(|hours| self.starts_at.plus_ms(-i64::from(hours) * 3_600_000))
    }
}

/// Whether a date was not cancelled.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`, `SCHEDULE_CANCELLED`.
pub fn must_take_place(connection: &Connection, schedule_id: i64) -> Outcome<()> {
    match sql::is_cancelled(connection, schedule_id)?.ok_or(Refusal::ScheduleNotFound)? {
        true => Err(Refusal::ScheduleCancelled.into()),
        false => Ok(()),
    }
}

/// What staff say of a concert; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ConcertWords {
    pub title: Option<String>,
    pub venue: Option<String>,
    pub description: Option<String>,
    pub running_minutes: Option<Option<u32>>,
    pub age_from: Option<Option<u32>>,
    pub map_url: Option<Option<String>>,
    pub poster: Option<Option<NewPicture>>,
    /// By language; `None` within: as the concert itself.
    pub translations: Vec<(Language, Option<Translation>)>,
}

/// Adds a concert, under an id that no other has if one is given.
pub fn add_concert(tx: &Tx, concert_id: Option<i64>, words: &ConcertWords) -> Outcome<Concert> {
    let concert_id = sql::insert_concert(tx, concert_id, words)?;
    put_words(tx, concert_id, words)
}

/// Changes what is said of a concert.
///
/// # Errors
/// `CONCERT_NOT_FOUND`.
pub fn change_concert(tx: &Tx, concert_id: i64, words: &ConcertWords) -> Outcome<Concert> {
    if !sql::update_concert(tx, concert_id, words)? {
        return Err(Refusal::ConcertNotFound.into());
    }
    put_words(tx, concert_id, words)
}

/// What is said of a concert beside its own words.
fn put_words(tx: &Tx, concert_id: i64, words: &ConcertWords) -> Outcome<Concert> {
    if let Some(poster) = &words.poster {
        poster.iter().try_for_each(|poster| venue::keep_picture(tx, poster))?;
        sql::update_poster(tx, concert_id, poster.as_ref().map(|poster| poster.hash.as_str()))?;
        venue::drop_unshown_pictures(tx)?;
    }
    for (language, translation) in &words.translations {
        sql::put_translation(tx, concert_id, *language, translation.as_ref())?;
    }
    record(tx, EventType::ConcertChanged, &json!({ "concertId": concert_id }))?;
    tx.push_change(Change::ConcertsChanged);
    must_find_concert(tx, concert_id)
}

/// The concert of an id.
///
/// # Errors
/// `CONCERT_NOT_FOUND`.
pub fn must_find_concert(connection: &Connection, concert_id: i64) -> Outcome<Concert> {
    sql::find_concert(connection, concert_id)?.ok_or_else(|| Refusal::ConcertNotFound.into())
}

/// The schedule of an id.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`.
pub fn must_find(connection: &Connection, schedule_id: i64) -> Outcome<Schedule> {
    sql::find(connection, schedule_id)?.ok_or_else(|| Refusal::ScheduleNotFound.into())
}

/// The only schedule of a concert on a date.
///
/// # Errors
/// `CONCERT_NOT_FOUND`, `SCHEDULE_NOT_FOUND`, `DATE_AMBIGUOUS`.
pub fn must_find_on_date(connection: &Connection, concert_id: i64, date: &str) -> Outcome<Schedule> {
    let on_date = sql::list_on_date(connection, concert_id, date)?;
    if on_date.is_empty() {
        must_find_concert(connection, concert_id)?;
    }
    Ok(must_be_one(on_date)?)
}

/// The only one of the schedules of a date that takes place; where none does, the first of those that were cancelled.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`, `DATE_AMBIGUOUS`.
pub fn must_be_one<S: Borrow<Schedule>>(schedules: impl IntoIterator<Item = S>) -> Result<S, Refusal> {
    let (mut taking_place, cancelled): (Vec<S>, Vec<S>) =
        schedules.into_iter().partition(|one| one.borrow().cancelled_at.is_none());
    if taking_place.len() > 1 {
        let schedule_ids = taking_place.iter().map(|one| one.borrow().schedule_id).collect();
        return Err(Refusal::DateAmbiguous { schedule_ids });
    }
    taking_place.pop().or(cancelled.into_iter().next()).ok_or(Refusal::ScheduleNotFound)
}

/// Adds a date without seats; `seat/` gives it its layout in the same transaction.
///
/// # Errors
/// `CONCERT_NOT_FOUND`.
pub fn add(
    tx: &Tx,
    schedule_id: Option<i64>,
    concert_id: i64,
    times: &Times,
    seats_total: usize,
    price_from: Points,
) -> Outcome<i64> {
    must_find_concert(tx, concert_id)?;
    let schedule_id = sql::insert(tx, schedule_id, concert_id, times, seats_total as i64, price_from)?;
    record_change(tx, schedule_id)?;
    Ok(schedule_id)
}

/// Moves a date or its sale.
pub fn change_times(tx: &Tx, schedule_id: i64, times: &Times) -> Outcome<()> {
    sql::update_times(tx, schedule_id, times)?;
    record_change(tx, schedule_id)
}

/// Cancels a date: from this transaction on nothing is sold for it. To say it twice changes nothing.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`.
pub fn cancel(tx: &Tx, schedule_id: i64) -> Outcome<Schedule> {
    let mut date = must_find(tx, schedule_id)?;
    if sql::mark_cancelled_if_not(tx, schedule_id)? {
        date.cancelled_at = Some(tx.now());
        record(tx, EventType::ScheduleCancelled, &json!({ "scheduleId": schedule_id }))?;
        tx.push_change(Change::ScheduleChanged { schedule_id });
    }
    Ok(date)
}

/// Deletes a date that has no seats any more; its id is never given again.
pub fn delete(tx: &Tx, date: &Schedule) -> Outcome<()> {
    let Schedule { schedule_id, concert_id, starts_at, .. } = *date;
    sql::delete(tx, schedule_id)?;
    tx.push_change(Change::ScheduleDeleted { schedule_id });
    let told = json!({ "scheduleId": schedule_id, "concertId": concert_id, "startsAt": starts_at });
    Ok(record(tx, EventType::ScheduleDeleted, &told)?)
}

/// Deletes a concert that has no dates any more; its id is never given again.
pub fn delete_concert(tx: &Tx, concert: &Concert) -> Outcome<()> {
    sql::delete_concert(tx, concert.concert_id)?;
    venue::drop_unshown_pictures(tx)?;
    tx.push_change(Change::ConcertsChanged);
    let told = json!({ "concertId": concert.concert_id, "title": concert.title });
    Ok(record(tx, EventType::ConcertDeleted, &told)?)
}

/// Notes that everybody has their points back for a cancelled date.
pub fn mark_settled(tx: &Tx, schedule_id: i64) -> Outcome<()> {
    sql::mark_settled(tx, schedule_id)?;
    tx.push_change(Change::ScheduleSettled { schedule_id });
    Ok(())
}

/// Writes down how many seats a changed layout has and what the cheapest costs, also when only prices changed.
pub fn change_seats(tx: &Tx, schedule_id: i64, seats_total: usize, price_from: Points) -> Outcome<()> {
    sql::update_seats(tx, schedule_id, seats_total as i64, price_from)?;
    record_change(tx, schedule_id)
}

/// Gives a date other tariffs. What is held or sold keeps what was agreed.
pub fn change_tariffs(tx: &Tx, schedule_id: i64, tariffs: &Tariffs) -> Outcome<()> {
    sql::update_tariffs(tx, schedule_id, tariffs)?;
    record_change(tx, schedule_id)
}

/// Brings the calendar dates of a file to the venue's time zone, which may be another than the one in which they were
/// written down; before the server starts.
pub fn settle_dates(connection: &Connection, zone: &TimeZone) -> rusqlite::Result<()> {
    for (schedule_id, starts_at, date) in sql::list_dates(connection)? {
        let here = starts_at.date_in(zone);
        if here != date {
            sql::update_date(connection, schedule_id, &here)?;
        }
    }
    Ok(())
}

/// Everything that changes a date itself ends here: memory reads it anew.
fn record_change(tx: &Tx, schedule_id: i64) -> Outcome<()> {
    tx.push_change(Change::ScheduleChanged { schedule_id });
    let starts_at = must_find(tx, schedule_id)?.starts_at;
    Ok(record(tx, EventType::ScheduleChanged, &json!({ "scheduleId": schedule_id, "startsAt": starts_at }))?)
}
