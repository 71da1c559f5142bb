//! Dates with their layouts and single seats, for staff.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::api::{DATES_MAX, after, schedule_json};
use super::drawing::{Drawing, Point};
use super::hall::Remark;
use super::{Layout, MapCache, MapSeat, Seat, front, layout, prices, sql, tariffs};
use crate::call::{Answer, Context, SeatState, Tx, Written, cut_page};
use crate::http::{Fields, Reply, decoded_segment};
use crate::points::Points;
use crate::refusal::Refusal;
use crate::schedule::{self, SaidTimes, Schedule, Tariffs};
use crate::store::Outcome;

/// The earliest end of refunds by users before a start: a year, in hours.
const REFUND_UNTIL_HOURS_MAX: i64 = 8_760;

/// `GET /staff/concerts/{concertId}/schedules`, for all staff: 200 with every date of a concert by `startsAt`, also
/// those that are over or sold out. 404 `CONCERT_NOT_FOUND`.
pub fn schedules(context: &Context) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    let reader = context.reader()?;
    schedule::must_find_concert(&reader, concert_id)?;
    let (limit, schedules) = (context.limit(DATES_MAX, DATES_MAX)?, schedule::list_of_concert(&reader, concert_id)?);
    let mut page: Vec<&Schedule> = after(&schedules, context.cursor()?)?.iter().take(limit as usize + 1).collect();
    let next = cut_page(&mut page, limit, |date| date.schedule_id);
    let shown: Outcome<Vec<_>> = page.into_iter().map(|date| schedule_json(&reader, date, context.now)).collect();
    Answer::json(200, &json!({ "schedules": shown?, "nextCursor": next }))
}

/// `GET /staff/schedules/{scheduleId}`, for all staff: 200 with one date. 404 `SCHEDULE_NOT_FOUND`.
pub fn schedule(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    let reader = context.reader()?;
    let schedule = schedule::must_find(&reader, schedule_id)?;
    Answer::json(200, &schedule_json(&reader, &schedule, context.now)?)
}

/// `GET /staff/schedules/{scheduleId}/seats`, for all staff: 200 with the seats in layout order, with the reasons of
/// those kept back and the holders of the others; with `since` a version only those that changed after it, where memory
/// goes back so far. 404 `SCHEDULE_NOT_FOUND`.
pub fn seats(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    let (wanted, readers) = (context.query_number("since", 0..=i64::MAX)?, &context.state.readers);
    // Before the file is read: a commit between the two makes the file newer, and all of it is told.
    let look =
        |since| maps.inspect(readers, schedule_id, context.now, true, |_, it| it.changed_since(since, context.now));
    let known = wanted.map(look).transpose()?;
    let reader = context.reader()?;
    let schedule = schedule::must_find(&reader, schedule_id)?;
    let mut seats = sql::list_map(&reader, schedule_id, None, None, context.now)?;
    let drawing = sql::find_drawing(&reader, schedule_id)?;
    drop(reader);
    let seats_available = seats.iter().filter(|seat| seat.status == SeatState::Available).count();
    let changed = known.filter(|(version, _)| *version == schedule.version).and_then(|(_, changed)| changed);
    let since = wanted.filter(|_| changed.is_some());
    let drawing = changed.is_none().then(|| front::settled(drawing, seats.iter().map(|seat| seat.seat.place())));
    if let Some(changed) = changed {
        let mut index = 0..;
        seats.retain(|_| index.next().is_some_and(|index| changed.contains(&index)));
    }
    let body = StaffMap {
        schedule_id,
        date: schedule.date,
        version: schedule.version,
        since,
        seats_available,
        tariffs: if since.is_some() { Tariffs::default() } else { schedule.tariffs },
        drawing,
        seats,
    };
    Ok(Answer::Ready(Reply::json(200, &body).tagged(context.request)))
}

/// The map of a date as staff see it.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct StaffMap {
    schedule_id: i64,
    date: String,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    seats_available: usize,
    #[serde(skip_serializing_if = "Tariffs::is_empty")]
    tariffs: Tariffs,
    #[serde(flatten)]
    drawing: Option<Drawing>,
    seats: Vec<MapSeat<Seat>>,
}

/// `POST /staff/layouts/preview`, for admins: reads a `layout`, which may lack prices, and changes nothing; an
/// `Idempotency-Key` keeps its answer. Up to 16 MiB. 200 with its seats, their categories, its front and shapes, and
/// `remarks`: sentences on what was taken although it looks like a mistake.
pub fn preview(context: &Context) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let read = layout::preview(fields.must("layout")?, fields.pointer("layout"))?;
    fields.end()?;
    let language = context.request.language();
    let drawing = read.drawing_with_front();
    let mut categories: Vec<(Option<&str>, usize, Option<Points>)> = Vec::new();
    for seat in &read.seats {
        let name = seat.category.as_deref();
        match categories.iter_mut().find(|(other, ..)| *other == name) {
            Some((_, count, _)) => *count += 1,
            None => categories.push((name, 1, seat.price)),
        }
    }
    let category = |(name, seats, price): &_| json!({ "name": name, "seats": seats, "price": price });
    let remark = |remark: &Remark| json!({ "count": remark.count, "text": remark.text.in_language(language) });
    let categories: Vec<Value> = categories.iter().map(category).collect();
    let remarks: Vec<Value> = read.remarks.iter().map(remark).collect();
    let seats: Vec<Seat> = read.seats.into_iter().map(Seat::from).collect();
    let body = Preview { categories, drawing, remarks, seats };
    Answer::json(200, &body)
}

/// A layout as it would be.
#[derive(serde::Serialize)]
struct Preview {
    categories: Vec<Value>,
    #[serde(flatten)]
    drawing: Drawing,
    remarks: Vec<Value>,
    seats: Vec<Seat>,
}

/// `POST /staff/concerts/{concertId}/schedules`, for admins: adds a date: `startsAt` and `layout`, and the times of its
/// sale and its `tariffs` if given; up to 16 MiB. 201 with `Location`; one effect for an `Idempotency-Key`. 404
/// `CONCERT_NOT_FOUND`.
pub fn add_schedule(context: &Context) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    let mut fields = context.fields()?;
    let zone = context.state.settings.sale.time_zone.clone();
    let (said, layout) = read_new_date(&mut fields, &zone)?;
    let tariffs = read_tariffs(&mut fields)?;
    fields.end()?;
    said.over(None, &zone, context.now)?; // what is wrong with it is said before what is wrong with the concert
    Answer::write(move |tx| {
        let times = said.over(None, &zone, tx.now())?;
        let schedule_id = super::open_schedule(tx, None, concert_id, &times, &layout)?;
        if let Some(tariffs) = &tariffs {
            tariffs::change(tx, schedule_id, tariffs)?;
        }
        let at = format!("/api/v1/schedules/{schedule_id}/seats");
        Ok(Written::Ready(shown(tx, 201, schedule_id)?.with("Location", at)))
    })
}

/// `PATCH /staff/schedules/{scheduleId}`, for admins: changes times, prices, `tariffs`, the layout or the `front` of a
/// date, all that it names or nothing; up to 16 MiB. 200 with the date. Those who hold seats pay what they agreed to.
/// 404 `SCHEDULE_NOT_FOUND`; 409 `LAYOUT_IN_USE`, `SCHEDULE_CANCELLED`.
pub fn change_schedule(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    let mut fields = context.fields()?;
    let layout: Option<Layout> = fields.has("layout").then(|| read_layout(&mut fields)).transpose()?;
    let front = fields.or_none("front", |fields| Point::read(fields.object("front")?))?;
    let prices = prices::read(&mut fields)?;
    let tariffs = read_tariffs(&mut fields)?;
    let zone = context.state.settings.sale.time_zone.clone();
    let said = read_times(&mut fields, &zone)?;
    fields.end()?;
    Answer::write(move |tx| {
        let before = schedule::must_find(tx, schedule_id)?;
        before.must_take_place()?;
        let times = said.over(Some(&before), &zone, tx.now())?;
        schedule::change_times(tx, schedule_id, &times)?;
        if let Some(layout) = &layout {
            super::change_layout(tx, schedule_id, layout)?;
        }
        if let Some(front) = front {
            super::change_front(tx, schedule_id, front)?;
        }
        if !prices.is_empty() {
            prices::change(tx, schedule_id, &prices)?;
        }
        if let Some(tariffs) = &tariffs {
            tariffs::change(tx, schedule_id, tariffs)?;
        }
        Ok(Written::Ready(shown(tx, 200, schedule_id)?))
    })
}

/// What is said of a new date: its layout and its times.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_new_date(fields: &mut Fields, zone: &TimeZone) -> Result<(SaidTimes, Layout), Refusal> {
    let layout = read_layout(fields)?;
    Ok((read_times(fields, zone)?, layout))
}

/// The `tariffs` that a date is to have.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_tariffs(fields: &mut Fields) -> Result<Option<Tariffs>, Refusal> {
    fields.has("tariffs").then(|| Tariffs::read(fields)).transpose()
}

fn read_layout(fields: &mut Fields) -> Result<Layout, Refusal> {
    layout::read(fields.must("layout")?, fields.pointer("layout"))
}

fn shown(tx: &Tx, status: u16, schedule_id: i64) -> Outcome<Reply> {
    let schedule = schedule::must_find(tx, schedule_id)?;
    Ok(Reply::json(status, &schedule_json(tx, &schedule, tx.now())?))
}

/// What a request says of the times.
fn read_times(fields: &mut Fields, zone: &TimeZone) -> Result<SaidTimes, Refusal> {
    let refund_until_hours = read_hours(fields)?;
    let mut instant = |name: &str| {
        let Some(text) = fields.has(name).then(|| fields.text(name)).transpose()? else { return Ok(None) };
        let at = fields.pointer(name);
        schedule::instant_of(&text, zone).map(Some).map_err(|reason| Refusal::InvalidRequest { pointer: at, reason })
    };
    Ok(SaidTimes {
        starts_at: instant("startsAt")?,
        sale_opens_at: instant("saleOpensAt")?,
        sale_closes_at: instant("saleClosesAt")?,
        refund_until_hours,
    })
}

/// The `refundUntilHours` member: `null` says that users may not take their points back.
fn read_hours(fields: &mut Fields) -> Result<Option<Option<u32>>, Refusal> {
    const NAME: &str = "refundUntilHours";
    let hours = fields.or_none(NAME, |fields| fields.integer(NAME, 0..=REFUND_UNTIL_HOURS_MAX))?;
    Ok(hours.map(|hours| hours.and_then(|hours| u32::try_from(hours).ok()))) // at most a year
}

/// `PUT /staff/schedules/{scheduleId}/seats/{seat}`, for admins: keeps a free seat back (`blocked`, `reason`) or opens
/// it again. 200 with the seat; a repetition changes nothing. 404 `SCHEDULE_NOT_FOUND`, `SEAT_NOT_FOUND`; 409
/// `SEAT_UNAVAILABLE`.
pub fn block_seat(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    let label = decoded_segment(context.segment("seat")).ok_or(Refusal::NotFound)?;
    let mut fields = context.fields()?;
    let blocked = fields.truth("blocked")?;
    let reason = fields.has("reason").then(|| fields.line("reason", 0..=200)).transpose()?;
    fields.end()?;
    Answer::write(move |tx| {
        schedule::must_find(tx, schedule_id)?;
        super::block(tx, schedule_id, &label, blocked, reason.as_deref())?;
        let seat = sql::list_map(tx, schedule_id, Some(&label), None, tx.now())?.pop();
        Ok(Written::Ready(Reply::json(200, &seat)))
    })
}
