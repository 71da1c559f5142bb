//! Reports as JSON and as tables for spreadsheets.

use std::ops::Range;

use jiff::tz::TimeZone;
use serde_json::json;

use super::{DayEntry, SoldSeat, Till};
use crate::balance::PayMethod;
use crate::call::{Answer, Context, page};
use crate::clock::Millis;
use crate::http::{Reply, must_be_date};
use crate::refusal::Refusal;
use crate::spreadsheet::Cell::{Number, Text};
use crate::spreadsheet::Table;
use crate::store::Outcome;
use crate::user::{self, api::user_json};
use uuid::Uuid;

/// Entries of a page at most, and unless asked otherwise.
const PAGE_MAX: u32 = 1_000;
const PAGE: u32 = 100;
/// The same of a table: what a spreadsheet can hold and a venue can have at hand.
const TABLE_LINES_MAX: u32 = 100_000;

/// Users of a page at most, and unless asked otherwise.
const USERS_MAX: u32 = 200;
const USERS: u32 = 50;

/// `GET /staff/schedules/{scheduleId}/sales`, for counter and admins: 200 with the sales of a date; with
/// `Accept: text/csv` a table of every sold seat in the venue's time zone. 404 `SCHEDULE_NOT_FOUND`.
pub fn sales(context: &Context) -> Outcome<Answer> {
    let schedule_id = context.number("scheduleId")?;
    let reader = context.reader()?;
    if context.request.prefers_csv() {
        let (date, sold) = super::list_sold(&reader, schedule_id)?;
        drop(reader);
        let table = table_of_sold(&sold, &context.state.settings.sale.time_zone);
        return Ok(Answer::Ready(table_reply(table, &format!("sales-{schedule_id}-{date}"))));
    }
    let sales = super::sales(&reader, schedule_id, context.now)?;
    Ok(Answer::Ready(Reply::json(200, &sales).with("Vary", "Accept")))
}

/// `GET /staff/ledger`, for admins: 200 with a page of the ledger of a `date` in the venue's time zone, oldest first:
/// `limit` 1 to 1,000 (100), `cursor`; with `Accept: text/csv` a table of up to 100,000 entries.
pub fn ledger(context: &Context) -> Outcome<Answer> {
    let zone = &context.state.settings.sale.time_zone;
    let (date, day) = read_day(context)?;
    let as_table = context.request.prefers_csv();
    let (most, usual) = if as_table { (TABLE_LINES_MAX, TABLE_LINES_MAX) } else { (PAGE_MAX, PAGE) };
    let (limit, cursor) = (context.limit(usual, most)?, context.cursor()?.unwrap_or(0));
    let page = super::ledger(&*context.reader()?, &day, cursor, limit)?;
    if as_table {
        return Ok(Answer::Ready(table_reply(table_of_entries(&page.entries, zone), &format!("ledger-{date}"))));
    }
    let Range { start, end } = day;
    let body = json!({
        "date": date,
        "from": start,
        "until": end,
        "sums": page.sums,
        "entries": page.entries,
        "nextCursor": page.next_cursor,
    });
    Ok(Answer::Ready(Reply::json(200, &body).with("Vary", "Accept")))
}

/// `GET /staff/users`, for counter and admins: 200 with users, newest first: those whose name contains `name`; or by
/// `search` those of a customer code or a number that a ticket has or had, then those whose name or contact contains
/// it. `limit` 1 to 200 (50); `nextCursor` leads on.
pub fn users(context: &Context) -> Outcome<Answer> {
    let (limit, before) = (context.limit(USERS, USERS_MAX)?, context.query_id("cursor")?.unwrap_or(Uuid::max()));
    let reader = context.reader()?;
    let (name, search) = (context.query("name"), context.query("search"));
    if name.is_some() && search.is_some() {
        let (en, ko) = ("can't be given together with 'name'", "'name'과 함께 쓸 수 없습니다");
        return Err(Refusal::invalid("?search", en, ko).into());
    }
    let list = |rows| match search {
        Some(text) => user::list_by_text(&reader, text, before, rows),
        None => user::list_by_name(&reader, name.unwrap_or(""), before, rows),
    };
    let (mut users, next) = page(limit, list, |user| user.user_id)?;
    let named = search.filter(|_| before == Uuid::max()).map_or(Ok(Vec::new()), |text| super::named(&reader, text))?;
    users.retain(|user| named.iter().all(|one| one.user_id != user.user_id));
    let shown: Vec<_> = named.iter().chain(&users).map(user_json).collect();
    Answer::json(200, &json!({ "users": shown, "nextCursor": next }))
}

/// `GET /staff/till`, for counter and admins: 200 with what went over the counter on a `date` in the venue's time zone,
/// by person and way of payment; with `Accept: text/csv` as a table.
pub fn till(context: &Context) -> Outcome<Answer> {
    let (date, day) = read_day(context)?;
    let tills = super::tills(&*context.reader()?, &day)?;
    if context.request.prefers_csv() {
        return Ok(Answer::Ready(table_reply(table_of_tills(&tills), &format!("till-{date}"))));
    }
    let body = json!({ "date": date, "from": day.start, "until": day.end, "tills": tills });
    Ok(Answer::Ready(Reply::json(200, &body).with("Vary", "Accept")))
}

/// The `date` parameter, and the day that it is in the venue's time zone.
fn read_day<'c>(context: &'c Context) -> Outcome<(&'c str, Range<Millis>)> {
    let date = context.query("date").unwrap_or("");
    must_be_date(date, "?date")?;
    let day = Millis::day_in(date, &context.state.settings.sale.time_zone);
    Ok((date, day.ok_or(Refusal::Internal)?)) // every date is a day
}

fn table_of_tills(tills: &[Till]) -> Table {
    let mut table =
        Table::new("name method sales seatsReceived pointsReceived seatsPaidOut pointsPaidOut total".split(' '));
    for till in tills {
        table.line([
            (&till.name).into(),
            Text(till.method.word()),
            Number(&till.sales),
            Number(&till.seats_received),
            Number(&till.points_received),
            Number(&till.seats_paid_out),
            Number(&till.points_paid_out),
            Number(&till.total),
        ]);
    }
    table
}

fn table_of_sold(sold: &[SoldSeat], zone: &TimeZone) -> Table {
    let mut table =
        Table::new("seat section row number category price ticketNumber holder paidAt checkedInAt tariff".split(' '));
    for seat in sold {
        table.line([
            Text(&seat.label),
            (&seat.section).into(),
            (&seat.row).into(),
            Text(&seat.number),
            (&seat.category).into(),
            Number(&seat.price),
            Text(&seat.ticket_number),
            Text(&seat.holder),
            Text(&seat.paid_at.local_in(zone)),
            Text(&seat.checked_in_at.map(|at| at.local_in(zone)).unwrap_or_default()),
            (&seat.tariff).into(),
        ]);
    }
    table
}

fn table_of_entries(entries: &[DayEntry], zone: &TimeZone) -> Table {
    let mut table =
        Table::new("entryId at kind amount balanceAfter userId name reservationId reason method by".split(' '));
    for entry in entries {
        table.line([
            Number(&entry.entry_id),
            Text(&entry.at.local_in(zone)),
            Text(entry.kind.word()),
            Number(&entry.amount),
            Number(&entry.balance_after),
            Text(&entry.user_id.to_string()),
            Text(&entry.name),
            Text(&entry.reservation_id.map(|id| id.to_string()).unwrap_or_default()),
            (&entry.reason).into(),
            Text(entry.method.map_or("", PayMethod::word)),
            (&entry.by).into(),
        ]);
    }
    table
}

/// A table that is downloaded under a name.
fn table_reply(table: Table, name: &str) -> Reply {
    let mut reply = Reply::empty(200);
    reply.content_type = "text/csv; charset=utf-8".into();
    reply.body = table.into_bytes().into();
    reply.with("Vary", "Accept").with("Content-Disposition", format!("attachment; filename=\"{name}.csv\""))
}
