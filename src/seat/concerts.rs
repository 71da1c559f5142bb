//! Concerts as anybody sees them before the line: how the sale stands, and the date that one asks for first.

use serde::Serialize;
use serde_json::json;

use super::MapCache;
use super::date_cache::DateJson;
use crate::call::{Answer, Context, cut_page};
use crate::clock::Millis;
use crate::http::Reply;
use crate::refusal::Refusal;
use crate::schedule::{self, Concert, Schedule};
use crate::store::{Outcome, Readers};

/// Concerts of a page at most, and unless asked otherwise.
const CONCERTS_MAX: u32 = 1_000;

/// How the sale of a date stands, and that of a concert: as that of its next date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SaleState {
    /// Seats are free and sold.
    OnSale,
    /// The sale is still to open.
    NotOpen,
    /// The sale is open, and no seat is free.
    SoldOut,
    /// The sale is closed; the date is still to come.
    Closed,
    /// It has begun.
    Over,
    Cancelled,
}

impl SaleState {
    fn of(schedule: &Schedule, seats_free: i64, now: Millis) -> SaleState {
        match schedule.must_be_on_sale(now) {
            Err(Refusal::ScheduleCancelled) => SaleState::Cancelled,
            _ if now >= schedule.starts_at => SaleState::Over,
            Err(Refusal::SaleNotOpen { .. }) => SaleState::NotOpen,
            Err(_) => SaleState::Closed,
            Ok(()) if seats_free > 0 => SaleState::OnSale,
            Ok(()) => SaleState::SoldOut,
        }
    }
}

/// A concert with the date that one asks for first: the earliest on sale, or else the earliest of which a sale is still
/// to open, that is sold out, or that is still to come; without any of them the last one.
#[derive(Debug, Serialize)]
pub struct ConcertOverview<'c> {
    #[serde(flatten)]
    pub concert: &'c Concert,
    /// `None` for a concert without dates.
    pub state: Option<SaleState>,
    pub next: Option<DateJson<'c>>,
}

/// `GET /concerts`, open to all; `GET /staff/concerts`, for all staff: 200 with the concerts in the order in which they
/// were added, each with the state of its sale and its next date: `limit` 1 to 1,000, at most 1,000 unless asked
/// otherwise; `nextCursor` leads on; 304 by `If-None-Match`.
pub fn concerts(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    let (limit, after) = (context.limit(CONCERTS_MAX, CONCERTS_MAX)?, context.cursor()?.unwrap_or(0));
    let readers = &context.state.readers;
    let all = maps.concerts.get(readers, |reader| Ok(schedule::list_concerts(reader, 0, u32::MAX)?))?;
    let later = all.iter().filter(|concert| concert.concert_id > after).take(limit as usize + 1);
    let with_dates: Vec<_> = later
        .map(|concert| Ok((concert, maps.dates.of(readers, concert.concert_id)?)))
        // A concert that was deleted meanwhile has no dates to show.
        .filter(|found: &Outcome<_>| !matches!(found, Err(failure) if failure.to_refusal() == Refusal::ConcertNotFound))
        .collect::<Outcome<_>>()?;
    let shown = with_dates.iter().map(|(concert, dates)| overview(maps, readers, concert, dates, context.now));
    let mut shown = shown.collect::<Outcome<Vec<_>>>()?;
    let next = cut_page(&mut shown, limit, |one| one.concert.concert_id);
    let body = json!({ "concerts": shown, "nextCursor": next });
    Ok(Answer::Ready(Reply::json(200, &body).tagged(context.request)))
}

/// `GET /concerts/{concertId}`, open to all: 200 with one concert, as the list shows it; 304 by `If-None-Match`. 404
/// `CONCERT_NOT_FOUND`.
pub fn concert(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    let readers = &context.state.readers;
    let concert = must_find_concert(maps, readers, concert_id)?;
    let dates = maps.dates.of(readers, concert_id)?;
    let shown = overview(maps, readers, &concert, &dates, context.now)?;
    Ok(Answer::Ready(Reply::json(200, &shown).tagged(context.request)))
}

/// The concert of an id, from memory.
///
/// # Errors
/// `CONCERT_NOT_FOUND`.
pub fn must_find_concert(maps: &MapCache, readers: &Readers, concert_id: i64) -> Outcome<Concert> {
    let all = maps.concerts.get(readers, |reader| Ok(schedule::list_concerts(reader, 0, u32::MAX)?))?;
    all.iter().find(|concert| concert.concert_id == concert_id).cloned().ok_or_else(|| Refusal::ConcertNotFound.into())
}

fn overview<'c>(
    maps: &MapCache,
    readers: &Readers,
    concert: &'c Concert,
    dates: &'c [Schedule],
    now: Millis,
) -> Outcome<ConcertOverview<'c>> {
    let mut next: Option<(SaleState, DateJson)> = None;
    let is_to_come = |schedule: &&Schedule| schedule.cancelled_at.is_none() && now < schedule.starts_at;
    let last = if dates.iter().any(|schedule| is_to_come(&schedule)) { None } else { dates.last() };
    for schedule in dates.iter().filter(is_to_come).chain(last) {
        let free = maps.free(readers, schedule.schedule_id, now)?;
        let state = SaleState::of(schedule, free.seats, now);
        if next.as_ref().is_none_or(|(best, _)| rank(state) < rank(*best)) {
            next = Some((state, DateJson { schedule, free }));
        }
        if state == SaleState::OnSale {
            break;
        }
    }
    let (state, next) = next.unzip();
    Ok(ConcertOverview { concert, state, next })
}

/// The lower, the sooner it is asked for.
const fn rank(state: SaleState) -> u8 {
    match state {
        SaleState::OnSale => 0,
        SaleState::NotOpen => 1,
        SaleState::SoldOut => 2,
        SaleState::Closed => 3,
        SaleState::Over => 4,
        SaleState::Cancelled => 5,
    }
}
