//! Reports for those who count: the sales of a date, and the ledger of a day. They
//! read what other rooms wrote and write nothing.

mod sql;
pub mod staff_api;

use std::ops::Range;

use rusqlite::Connection;
use uuid::Uuid;

use crate::balance::{EntryKind, PayMethod};
use crate::call::page;
use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::schedule;
use crate::store::Outcome;
use crate::ticket;
use crate::user::{self, User};

/// What became of the seats of a date, or of a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Seats {
    pub seats: i64,
    pub sold: i64,
    pub held: i64,
    pub free: i64,
    /// Kept back by the venue.
    pub blocked: i64,
    /// What was paid for those that are sold.
    pub revenue: Points,
}

impl Seats {
    /// The figures of two parts together.
    fn and(&self, other: &Seats) -> Outcome<Seats> {
        Ok(Seats {
            seats: self.seats + other.seats,
            sold: self.sold + other.sold,
            held: self.held + other.held,
            free: self.free + other.free,
            blocked: self.blocked + other.blocked,
            revenue: self.revenue.plus(other.revenue).ok_or(Refusal::Internal)?,
        })
    }
}

/// The seats of one section and one category.
#[derive(Debug, Clone)]
struct Part {
    section: Option<String>,
    category: Option<String>,
    seats: Seats,
}

/// The seats of a section.
#[derive(Debug, serde::Serialize)]
pub struct Section {
    /// Its name; none where the hall has no sections.
    pub section: Option<String>,
    #[serde(flatten)]
    pub seats: Seats,
}

/// The seats of a category.
#[derive(Debug, serde::Serialize)]
pub struct Category {
    /// Its name; none for seats without one.
    pub category: Option<String>,
    #[serde(flatten)]
    pub seats: Seats,
}

/// The sales of a date.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sales {
    pub schedule_id: i64,
    pub concert_title: String,
    pub date: String,
    pub starts_at: Millis,
    pub cancelled_at: Option<Millis>,
    #[serde(flatten)]
    pub seats: Seats,
    pub refunded: Points,
    pub sections: Vec<Section>,
    pub categories: Vec<Category>,
    /// What was sold at each tariff; nothing where all was sold at the full price.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tariffs: Vec<TariffSales>,
}

/// What was sold at one tariff.
#[derive(Debug, serde::Serialize)]
pub struct TariffSales {
    /// Its name; none for the full price.
    pub tariff: Option<String>,
    pub sold: i64,
    pub revenue: Points,
}

/// The sales of a date at `now`.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`.
pub fn sales(connection: &Connection, schedule_id: i64, now: Millis) -> Outcome<Sales> {
    let date = schedule::must_find(connection, schedule_id)?;
    let parts = sql::list_parts(connection, schedule_id, now)?;
    let sections = grouped(&parts, |part| &part.section)?;
    let categories = grouped(&parts, |part| &part.category)?;
    let mut tariffs = sql::list_tariffs(connection, schedule_id)?;
    if tariffs.iter().all(|one| one.tariff.is_none()) {
        tariffs.clear();
    }
    Ok(Sales {
        schedule_id,
        concert_title: date.concert_title,
        date: date.date,
        starts_at: date.starts_at,
        cancelled_at: date.cancelled_at,
        seats: parts.iter().try_fold(Seats::default(), |sum, part| sum.and(&part.seats))?,
        refunded: sql::sum_refunded(connection, schedule_id)?,
        sections: sections.into_iter().map(|(section, seats)| Section { section, seats }).collect(),
        categories: categories.into_iter().map(|(category, seats)| Category { category, seats }).collect(),
        tariffs,
    })
}

/// The figures of all parts with the same name, in the order in which the names come up.
fn grouped(parts: &[Part], name: impl Fn(&Part) -> &Option<String>) -> Outcome<Vec<(Option<String>, Seats)>> {
    let mut groups = Vec::<(Option<String>, Seats)>::new();
    for part in parts {
        match groups.iter_mut().find(|(known, _)| known == name(part)) {
            Some((_, seats)) => *seats = seats.and(&part.seats)?,
            None => groups.push((name(part).clone(), part.seats.clone())),
        }
    }
    Ok(groups)
}

/// A sold seat with its ticket.
#[derive(Debug)]
pub struct SoldSeat {
    pub label: String,
    pub section: Option<String>,
    pub row: Option<String>,
    pub number: String,
    pub category: Option<String>,
    pub price: Points,
    pub ticket_number: String,
    pub holder: String,
    pub paid_at: Millis,
    pub checked_in_at: Option<Millis>,
    pub tariff: Option<String>,
}

/// Every sold seat of a date, in the order of the layout, and the calendar date.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`.
pub fn list_sold(connection: &Connection, schedule_id: i64) -> Outcome<(String, Vec<SoldSeat>)> {
    let date = schedule::must_find(connection, schedule_id)?.date;
    Ok((date, sql::list_sold(connection, schedule_id)?))
}

/// What one kind of entries of a day comes to.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Sum {
    pub kind: EntryKind,
    pub count: i64,
    pub amount: Points,
}

/// One line of the ledger with its owner's name.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DayEntry {
    pub entry_id: i64,
    pub user_id: Uuid,
    pub name: String,
    pub kind: EntryKind,
    pub amount: Points,
    pub balance_after: Points,
    pub reservation_id: Option<Uuid>,
    pub reason: Option<String>,
    pub at: Millis,
    /// How money was taken or given for it at the counter.
    pub method: Option<PayMethod>,
    /// The name of the staff key by which it was written.
    pub by: Option<String>,
}

/// A page of the ledger of a day.
#[derive(Debug)]
pub struct Page {
    /// What the whole day comes to, each kind once.
    pub sums: Vec<Sum>,
    /// The lines of the page, oldest first.
    pub entries: Vec<DayEntry>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// The ledger between two moments: entries after `cursor`, at most `limit`.
pub fn ledger(connection: &Connection, day: &Range<Millis>, cursor: i64, limit: u32) -> Outcome<Page> {
    let found = sql::list_sums(connection, day)?;
    let sum = |&kind: &EntryKind| {
        let (count, amount) =
            found.iter().find(|sum| sum.kind == kind).map_or((0, Points::ZERO), |s| (s.count, s.amount));
        Sum { kind, count, amount }
    };
    let list = |rows| sql::list_entries(connection, day, cursor, rows);
    let (entries, next_cursor) = page(limit, list, |entry| entry.entry_id)?;
    Ok(Page { sums: EntryKind::ALL.iter().map(sum).collect(), entries, next_cursor })
}

/// What went over the counter in one way, by one staff key.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Till {
    /// The staff key; none where a seed wrote it.
    pub key_id: Option<i64>,
    pub name: Option<String>,
    pub method: PayMethod,
    /// Sales of seats, those for nothing too, and what was taken for them.
    pub sales: i64,
    pub seats_received: Points,
    /// What was taken for points.
    pub points_received: Points,
    /// What was given back for seats that were refunded.
    pub seats_paid_out: Points,
    /// What was paid out for points.
    pub points_paid_out: Points,
    /// What must be in the till of it.
    pub total: Points,
}

/// The tills between two moments, by person and way of payment.
pub fn tills(connection: &Connection, day: &Range<Millis>) -> rusqlite::Result<Vec<Till>> {
    sql::list_tills(connection, day)
}

/// Whom a text names exactly: by their code, or by a number that a ticket of theirs has or had.
pub fn named(connection: &Connection, text: &str) -> Outcome<Vec<User>> {
    let mut users: Vec<User> = user::find_by_code(connection, text)?.into_iter().collect();
    for number in ticket::code::typed_numbers(text) {
        if let Some(found) = ticket::find_typed(connection, &number)? {
            users.push(user::must_exist(connection, found.user_id)?);
        }
    }
    Ok(users)
}
