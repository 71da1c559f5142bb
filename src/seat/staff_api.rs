//! Dates with their layouts and single seats, for staff.

use jiff::tz::TimeZone;
use serde_json::json;

use super::api::schedule_json;
use super::{LayoutSeat, layout};
use crate::clock::Millis;
use crate::http::{Fields, Reply, Request, decoded, query};
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule, Times};
use crate::store::Outcome;
use crate::venue::{Answer, Tx, Venue, Written};

/// The earliest end of refunds by users before a start: a year, in hours.
const REFUND_UNTIL_HOURS_MAX: i64 = 8_760;

/// `GET /staff/concerts/{id}/schedules`: every date of a concert, also those that are over or sold out.
pub fn schedules(venue: &Venue, request: &Request, concert_id: i64) -> Outcome<Answer> {
    query(request, &[])?;
    let now = venue.clock.now();
    let reader = venue.readers.get()?;
    schedule::must_find_concert(&reader, concert_id)?;
    let schedules = schedule::list_of_concert(&reader, concert_id)?.into_iter();
    let shown = schedules.map(|schedule| schedule_json(&reader, &schedule, now)).collect::<Outcome<Vec<_>>>()?;
    Answer::json(200, &json!({ "schedules": shown }))
}

/// `GET /staff/schedules/{id}`.
pub fn schedule(venue: &Venue, request: &Request, schedule_id: i64) -> Outcome<Answer> {
    query(request, &[])?;
    let reader = venue.readers.get()?;
    let schedule = schedule::must_find(&reader, schedule_id)?;
    Answer::json(200, &schedule_json(&reader, &schedule, venue.clock.now())?)
}

/// `GET /staff/schedules/{id}/seats`: the map as the house sees it, with the reasons of what it keeps back.
pub fn seats(venue: &Venue, request: &Request, schedule_id: i64) -> Outcome<Answer> {
    query(request, &[])?;
    let reader = venue.readers.get()?;
    let schedule = schedule::must_find(&reader, schedule_id)?;
    let seats = super::list_map(&reader, schedule_id, None, venue.clock.now())?;
    let body = json!({
        "scheduleId": schedule_id,
        "date": schedule.date,
        "version": schedule.version,
        "seatsAvailable": seats.iter().filter(|seat| seat.status == "AVAILABLE").count(),
        "seats": seats,
    });
    Ok(Answer::Ready(Reply::json(200, &body).tagged(request)))
}

/// `POST /staff/concerts/{id}/schedules`.
pub fn add_schedule(venue: &Venue, request: &Request, concert_id: i64) -> Outcome<Answer> {
    let mut fields = Fields::of(request)?;
    let seats = read_layout(&mut fields)?;
    let times = Said::read(&mut fields)?.over(None, &venue.settings.sale.time_zone)?;
    fields.end()?;
    Answer::write(move |tx| {
        let schedule_id = super::open_schedule(tx, concert_id, &times, &seats)?;
        let at = format!("/api/v1/schedules/{schedule_id}/seats");
        Ok(Written::Ready(shown(tx, 201, schedule_id)?.with("Location", at)))
    })
}

/// `PATCH /staff/schedules/{id}`.
pub fn change_schedule(venue: &Venue, request: &Request, schedule_id: i64) -> Outcome<Answer> {
    let mut fields = Fields::of(request)?;
    let seats: Option<Vec<LayoutSeat>> = fields.has("layout").then(|| read_layout(&mut fields)).transpose()?;
    let said = Said::read(&mut fields)?;
    fields.end()?;
    let zone = venue.settings.sale.time_zone.clone();
    Answer::write(move |tx| {
        let before = schedule::must_find(tx, schedule_id)?;
        before.must_take_place()?;
        let times = said.over(Some(&before), &zone)?;
        schedule::change_times(tx, schedule_id, &times)?;
        if let Some(seats) = &seats {
            super::change_layout(tx, schedule_id, seats)?;
        }
        Ok(Written::Ready(shown(tx, 200, schedule_id)?))
    })
}

fn read_layout(fields: &mut Fields) -> Result<Vec<LayoutSeat>, Refusal> {
    layout::read(fields.must("layout")?, fields.pointer("layout"))
}

fn shown(tx: &Tx, status: u16, schedule_id: i64) -> Outcome<Reply> {
    let schedule = schedule::must_find(tx, schedule_id)?;
    Ok(Reply::json(status, &schedule_json(tx, &schedule, tx.now())?))
}

/// What a request says of the times.
struct Said {
    starts_at: Option<Millis>,
    sale_opens_at: Option<Millis>,
    sale_closes_at: Option<Millis>,
    /// Said to be off, or so many hours.
    refund_until_hours: Option<Option<u32>>,
}

impl Said {
    fn read(fields: &mut Fields) -> Result<Said, Refusal> {
        let refund_until_hours = read_hours(fields)?;
        let mut instant = |name| fields.has(name).then(|| fields.instant(name)).transpose();
        Ok(Said {
            starts_at: instant("startsAt")?,
            sale_opens_at: instant("saleOpensAt")?,
            sale_closes_at: instant("saleClosesAt")?,
            refund_until_hours,
        })
    }

    /// What was said, and for the rest what was `before`. A new sale is open from the beginning until the concert starts,
    /// unless told otherwise.
    fn over(&self, before: Option<&Schedule>, zone: &TimeZone) -> Result<Times, Refusal> {
        let starts_at = self.starts_at.or(before.map(|before| before.starts_at));
        let starts_at = starts_at.ok_or_else(|| Refusal::invalid("/startsAt", "is missing", "빠졌습니다"))?;
        let opens = self.sale_opens_at.or(before.map(|before| before.sale_opens_at));
        // A sale that closed with the start moves with it.
        let set = before.filter(|before| before.sale_closes_at != before.starts_at);
        let closes = self.sale_closes_at.or(set.map(|before| before.sale_closes_at));
        let times = Times {
            starts_at,
            date: starts_at.date_in(zone),
            sale_opens_at: opens.unwrap_or(Millis::from_unix_ms(0)),
            sale_closes_at: closes.unwrap_or(starts_at),
            refund_until_hours: self.refund_until_hours.unwrap_or(before.and_then(|before| before.refund_until_hours)),
        };
        if times.sale_opens_at >= times.sale_closes_at {
            return Err(Refusal::invalid(
                "/saleClosesAt",
                "must be later than saleOpensAt",
                "saleOpensAt보다 나중이어야 합니다",
            ));
        }
        Ok(times)
    }
}

/// The `refundUntilHours` member: `null` says that users may not take their points back.
fn read_hours(fields: &mut Fields) -> Result<Option<Option<u32>>, Refusal> {
    const NAME: &str = "refundUntilHours";
    if fields.is_null(NAME) {
        fields.take(NAME);
        return Ok(Some(None));
    }
    let hours = fields.has(NAME).then(|| fields.integer(NAME, 0..=REFUND_UNTIL_HOURS_MAX)).transpose()?;
    Ok(hours.map(|hours| u32::try_from(hours).ok())) // at most a year
}

/// `PUT /staff/schedules/{id}/seats/{seat}`.
pub fn block_seat(request: &Request, schedule_id: i64, seat: &str) -> Outcome<Answer> {
    let label = decoded_segment(seat)?;
    let mut fields = Fields::of(request)?;
    let blocked = fields.truth("blocked")?;
    let reason = fields.has("reason").then(|| fields.line("reason", 0..=200)).transpose()?;
    fields.end()?;
    Answer::write(move |tx| {
        schedule::must_find(tx, schedule_id)?;
        super::block(tx, schedule_id, &label, blocked, reason.as_deref())?;
        let seat = super::find_in_map(tx, schedule_id, &label, tx.now())?;
        Ok(Written::Ready(Reply::json(200, &seat)))
    })
}

/// A path segment as text: `+` is itself there, unlike in a query.
fn decoded_segment(segment: &str) -> Result<String, Refusal> {
    decoded(&segment.replace('+', "%2B")).ok_or(Refusal::NotFound)
}
