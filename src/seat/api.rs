//! The bookable dates and the seat map, as customers see them.

use serde_json::json;
use uuid::Uuid;

use crate::clock::Millis;
use crate::http::{Reply, Request, parameter, query};
use crate::points::Points;
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule};
use crate::store::{Outcome, Reader};
use crate::venue::{Answer, Venue};

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ScheduleJson {
    schedule_id: i64,
    concert_id: i64,
    date: String,
    starts_at: Millis,
    sale_opens_at: Millis,
    sale_closes_at: Millis,
    seats_total: i64,
    seats_available: i64,
    price_from: Points,
    refund_until_hours: Option<u32>,
    cancelled_at: Option<Millis>,
}

/// A schedule as the wire shows it.
///
/// # Errors
/// SQLite's.
pub fn schedule_json(
    connection: &rusqlite::Connection,
    schedule: Schedule,
    now: Millis,
) -> Outcome<impl serde::Serialize + use<>> {
    Ok(ScheduleJson {
        seats_available: super::count_available(connection, schedule.schedule_id, now)?,
        schedule_id: schedule.schedule_id,
        concert_id: schedule.concert_id,
        date: schedule.date,
        starts_at: schedule.starts_at,
        sale_opens_at: schedule.sale_opens_at,
        sale_closes_at: schedule.sale_closes_at,
        seats_total: schedule.seats_total,
        price_from: schedule.price_from,
        refund_until_hours: schedule.refund_until_hours,
        cancelled_at: schedule.cancelled_at,
    })
}

/// `GET /concerts/{concertId}/schedules`: the dates on which one can still book; all of them with `?all=true`.
pub fn schedules(venue: &Venue, request: &Request, concert_id: i64) -> Outcome<Answer> {
    let parameters = query(request, &["all"])?;
    let all = match parameter(&parameters, "all") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Refusal::invalid("?all", "must be true or false", "true 또는 false여야 합니다").into()),
    };
    let now = venue.clock.now();
    let reader = venue.readers.get()?;
    schedule::must_find_concert(&reader, concert_id)?;
    let mut shown = Vec::new();
    for schedule in schedule::list_of_concert(&reader, concert_id)? {
        let on_sale = schedule.must_be_on_sale(now).is_ok();
        if all || (on_sale && super::count_available(&reader, schedule.schedule_id, now)? > 0) {
            shown.push(schedule_json(&reader, schedule, now)?);
        }
    }
    Answer::json(200, &json!({ "schedules": shown }))
}

/// `GET /schedules/{scheduleId}/seats`.
pub fn seats(venue: &Venue, request: &Request, schedule_id: i64, viewer: Uuid) -> Outcome<Answer> {
    query(request, &[])?;
    let reader = venue.readers.get()?;
    let schedule = schedule::must_find(&reader, schedule_id)?;
    map(venue, &reader, request, &schedule, Some(viewer))
}

/// `GET /concerts/{concertId}/seats?date=YYYY-MM-DD`: the same for the only schedule on that date.
pub fn seats_on_date(venue: &Venue, request: &Request, concert_id: i64, viewer: Uuid) -> Outcome<Answer> {
    let parameters = query(request, &["date"])?;
    let date = parameter(&parameters, "date").filter(|date| is_date(date)).ok_or_else(bad_date)?;
    let reader = venue.readers.get()?;
    let schedule = schedule::must_find_on_date(&reader, concert_id, date)?;
    map(venue, &reader, request, &schedule, Some(viewer))
}

/// Whether a text is a calendar date as the wire writes it.
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn bad_date() -> Refusal {
    Refusal::invalid("?date", "must be a date such as 2026-11-22", "2026-11-22와 같은 날짜여야 합니다")
}

/// The map of a schedule as `viewer` sees it now; without one, as the house does.
pub(super) fn map(
    venue: &Venue,
    reader: &Reader,
    request: &Request,
    schedule: &Schedule,
    viewer: Option<Uuid>,
) -> Outcome<Answer> {
    let seats = super::list_map(reader, schedule.schedule_id, viewer, venue.clock.now())?;
    let available = seats.iter().filter(|seat| seat.status == "AVAILABLE").count();
    let reply = Reply::json(
        200,
        &json!({
            "scheduleId": schedule.schedule_id,
            "date": schedule.date,
            "version": schedule.version,
            "seatsAvailable": available,
            "seats": seats,
        }),
    );
    Ok(Answer::Ready(reply.tagged(request)))
}
