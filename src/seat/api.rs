//! The bookable dates and the seat map, as customers see them.

use uuid::Uuid;

use super::dates::DateJson;
use super::map::Free;
use super::{MapCache, find_price_from};
use crate::clock::Millis;
use crate::http::Reply;
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule};
use crate::store::Outcome;
use crate::venue::{Answer, Context};

/// A schedule as the wire shows it.
pub fn schedule_json(
    connection: &rusqlite::Connection,
    schedule: &Schedule,
    now: Millis,
) -> Outcome<impl serde::Serialize + use<>> {
    let seats = super::count_available(connection, schedule.schedule_id, now)?;
    let price_from = match seats {
        all if all == schedule.seats_total => Some(schedule.price_from),
        _ => find_price_from(connection, schedule.schedule_id, now)?,
    };
    Ok(DateJson::of(schedule, Free { seats, price_from }))
}

/// `GET /concerts/{concertId}/schedules`, for an active token: 200 with the dates that can be booked, all of them with
/// `all=true`; 304 by `If-None-Match`. 400 `INVALID_REQUEST` for another `all`. 404 `CONCERT_NOT_FOUND`.
pub fn schedules(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    let all = match context.query("all") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Refusal::invalid("?all", "must be true or false", "true 또는 false여야 합니다").into()),
    };
    list_schedules(context, maps, all)
}

/// `GET /concerts/{concertId}/dates`, open to all: 200 with every date of a concert, the sold out and those not on sale
/// too; 304 by `If-None-Match`. 404 `CONCERT_NOT_FOUND`.
pub fn dates(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    list_schedules(context, maps, true)
}

fn list_schedules(context: &Context, maps: &MapCache, all: bool) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    let (readers, now) = (&context.venue.readers, context.now);
    let mut body = "{\"schedules\":[".to_owned();
    for date in maps.dates.of(readers, concert_id)?.iter() {
        let on_sale = date.schedule.must_be_on_sale(now).is_ok();
        if all || on_sale {
            let free = maps.free(readers, date.schedule.schedule_id, now)?;
            if all || free.seats > 0 {
                body.push_str(if body.ends_with('[') { "" } else { "," });
                date.write_json(&mut body, free);
            }
        }
    }
    body.push_str("]}");
    Ok(Answer::Ready(Reply::of_json(200, body.into_bytes()).tagged(context.request)))
}

/// `GET /schedules/{scheduleId}/seats`, for an active token: 200 with the seats of a date in layout order and the state
/// of each, from memory; 304 by `If-None-Match`. 404 `SCHEDULE_NOT_FOUND`.
pub fn seats(context: &Context, maps: &MapCache, viewer: Uuid) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    maps.show(&context.venue.readers, context.request, schedule_id, viewer, context.now).map(Answer::Ready)
}

/// `GET /concerts/{concertId}/seats`, for an active token: `GET /schedules/{scheduleId}/seats` for the only schedule on
/// `date` (YYYY-MM-DD). 404 `CONCERT_NOT_FOUND`, `SCHEDULE_NOT_FOUND`; 409 `DATE_AMBIGUOUS`.
pub fn seats_on_date(context: &Context, maps: &MapCache, viewer: Uuid) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    let readers = &context.venue.readers;
    let wanted = context.query("date").filter(|date| is_date(date)).ok_or_else(bad_date)?;
    let dates = maps.dates.of(readers, concert_id)?;
    let on_date = dates.iter().map(|date| &date.schedule).filter(|schedule| schedule.date == wanted);
    let on_date = on_date.map(|schedule| (schedule.schedule_id, schedule.cancelled_at.is_some()));
    let schedule_id = schedule::must_be_one(on_date)?;
    maps.show(readers, context.request, schedule_id, viewer, context.now).map(Answer::Ready)
}

/// Whether a text is a calendar date as the wire writes it.
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn bad_date() -> Refusal {
    Refusal::invalid("?date", "must be a date such as 2026-11-22", "2026-11-22와 같은 날짜여야 합니다")
}
