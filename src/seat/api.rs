//! The bookable dates and the seat map, as customers see them.

use rusqlite::Connection;
use serde_json::json;

use super::date_cache::DateJson;
use super::kinds::FreeOfKind;
use super::map::{Free, MapPart};
use super::{Attribute, MapCache, sql};
use crate::call::{Answer, Context, HEARTBEAT_SECONDS, cut_page, topics};
use crate::clock::Millis;
use crate::http::{Reply, must_be_date};
use crate::queue::{Caller, Lines};
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule};
use crate::store::Outcome;

/// Dates of a page at most, and unless asked otherwise.
pub(super) const DATES_MAX: u32 = 1_000;

/// A schedule as the wire shows it, counted in the file.
pub(super) fn schedule_json<'s>(connection: &Connection, schedule: &'s Schedule, now: Millis) -> Outcome<DateJson<'s>> {
    let seats = sql::count_available(connection, schedule.schedule_id, now)?;
    let price_from = match seats {
        all if all == schedule.seats_total => Some(schedule.price_from),
        _ => sql::find_price_from(connection, schedule.schedule_id, now)?,
    };
    Ok(DateJson { schedule, free: Free { seats, price_from } })
}

/// `GET /concerts/{concertId}/schedules`, for an active token: 200 with the dates that can be booked, all of them with
/// `all=true`; 304 by `If-None-Match`. 400 `INVALID_REQUEST` for another `all`. 404 `CONCERT_NOT_FOUND`.
pub fn schedules(context: &Context, (maps, lines): (&MapCache, &Lines), caller: Caller) -> Outcome<Answer> {
    caller.must_open(lines, context.number("concertId")?)?;
    let all = match context.query("all") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Refusal::invalid("?all", "must be true or false", "true 또는 false여야 합니다").into()),
    };
    list_schedules(context, maps, all)
}

/// `GET /concerts/{concertId}/dates`, open to all: 200 with every date of a concert, the sold out and those not on sale
/// too, each with what is left by kind of seat; 304 by `If-None-Match`. 404 `CONCERT_NOT_FOUND`.
pub fn dates(context: &Context, maps: &MapCache) -> Outcome<Answer> {
    let (readers, now) = (&context.state.readers, context.now);
    let dates = maps.dates.of(readers, context.number("concertId")?)?;
    list_dates(context, &dates, |schedule| {
        let (free, kinds) = maps.free_by_kind(readers, schedule.schedule_id, now)?;
        Ok(Some(PublicDate { date: DateJson { schedule, free }, kinds }))
    })
}

fn list_schedules(context: &Context, maps: &MapCache, all: bool) -> Outcome<Answer> {
    let (readers, now) = (&context.state.readers, context.now);
    let dates = maps.dates.of(readers, context.number("concertId")?)?;
    list_dates(context, &dates, |schedule| {
        if !all && schedule.must_be_on_sale(now).is_err() {
            return Ok(None);
        }
        let free = maps.free(readers, schedule.schedule_id, now)?;
        Ok((all || free.seats > 0).then_some(DateJson { schedule, free }))
    })
}

/// A date before the line: what is left of it, but not which seats.
#[derive(serde::Serialize)]
struct PublicDate<'s> {
    #[serde(flatten)]
    date: DateJson<'s>,
    kinds: Vec<FreeOfKind>,
}

/// The page of dates that is asked for, each as `show` has it, without those that it leaves out.
fn list_dates<'d, D: serde::Serialize>(
    context: &Context,
    dates: &'d [Schedule],
    show: impl Fn(&'d Schedule) -> Outcome<Option<D>>,
) -> Outcome<Answer> {
    let limit = context.limit(DATES_MAX, DATES_MAX)?;
    let mut shown = Vec::new();
    for schedule in after(dates, context.cursor()?)? {
        shown.extend(show(schedule)?.map(|date| (schedule.schedule_id, date)));
        if shown.len() > limit as usize {
            break;
        }
    }
    let next = cut_page(&mut shown, limit, |(schedule_id, _)| *schedule_id);
    let shown: Vec<D> = shown.into_iter().map(|(_, date)| date).collect();
    let body = json!({ "schedules": shown, "nextCursor": next });
    Ok(Answer::Ready(Reply::json(200, &body).tagged(context.request)))
}

/// The dates of a concert after the one with which the page before ended.
pub(super) fn after(dates: &[Schedule], cursor: Option<i64>) -> Result<&[Schedule], Refusal> {
    let Some(cursor) = cursor else { return Ok(dates) };
    let last = dates.iter().position(|date| date.schedule_id == cursor);
    last.map(|last| &dates[last + 1..]).ok_or_else(|| {
        Refusal::invalid(
            "?cursor",
            "names no date of this concert; begin anew",
            "이 공연의 일정이 아닙니다. 처음부터 다시 조회해 주세요",
        )
    })
}

/// `GET /schedules/{scheduleId}/seats`, for an active token: 200 with the seats of a date in layout order and the state
/// of each, from memory; with `attribute` only those that have it, with `since` a version only those that changed after
/// it, where memory goes back so far; 304 by `If-None-Match`. As a stream: the map, or what has changed since the
/// `ETag` or event that `Last-Event-ID` tells, then what changes, at most twice a second. 400 `INVALID_REQUEST` for
/// another attribute. 404 `SCHEDULE_NOT_FOUND`.
pub fn seats(context: &Context, (maps, lines): (&MapCache, &Lines), caller: Caller) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    if lines.are_several() {
        caller.must_open(lines, maps.concert_of(&context.state.readers, schedule_id, context.now)?)?;
    }
    let part = MapPart { since: context.query_number("since", 0..=i64::MAX)?, attribute: wanted_attribute(context)? };
    let (readers, viewer) = (&context.state.readers, caller.user_id);
    let Some(at) = context.stream() else {
        return maps.show(readers, context.request, schedule_id, viewer, part, context.now).map(Answer::Ready);
    };
    let mut piece = maps.piece(readers, schedule_id, viewer, part, at, context.now)?;
    if let Some(next) = &mut piece.next {
        next.topics = vec![topics::seats(schedule_id), topics::token(caller.key), topics::user(viewer)];
        next.seconds = HEARTBEAT_SECONDS;
    }
    Ok(Answer::Stream(piece))
}

fn wanted_attribute(context: &Context) -> Result<Option<Attribute>, Refusal> {
    context.query("attribute").map(|word| Attribute::read("?attribute".into(), &word.into())).transpose()
}

/// `GET /concerts/{concertId}/seats`, for an active token: `GET /schedules/{scheduleId}/seats` for the only schedule on
/// `date` (YYYY-MM-DD). 404 `CONCERT_NOT_FOUND`, `SCHEDULE_NOT_FOUND`; 409 `DATE_AMBIGUOUS`.
pub fn seats_on_date(context: &Context, (maps, lines): (&MapCache, &Lines), caller: Caller) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    caller.must_open(lines, concert_id)?;
    let readers = &context.state.readers;
    let wanted = context.query("date").unwrap_or("");
    must_be_date(wanted, "?date")?;
    let dates = maps.dates.of(readers, concert_id)?;
    let on_date = dates.iter().filter(|schedule| schedule.date == wanted);
    let schedule_id = schedule::must_be_one(on_date)?.schedule_id;
    let part = MapPart { since: None, attribute: wanted_attribute(context)? };
    maps.show(readers, context.request, schedule_id, caller.user_id, part, context.now).map(Answer::Ready)
}
