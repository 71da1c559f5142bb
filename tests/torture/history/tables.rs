//! The tables of the file, and whether they say what the feed comes to.

use std::collections::{BTreeSet, HashMap, HashSet};

use boxoffice::clock::Millis;
use rusqlite::Connection;
use uuid::Uuid;

use super::feed::{Story, Timeline, TokenState};
use super::{is_for_a_child, price_of};

#[derive(Debug, Clone)]
pub struct Row {
    pub user: String,
    pub status: &'static str,
    pub hold_expires_at: i64,
    /// Whether staff made it.
    pub at_counter: bool,
    pub amount: i64,
    /// When its date began as it was sold.
    pub sold_starts_at: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Tables {
    pub users: HashSet<String>,
    /// Tokens in the order in which they were issued: the token and its user.
    pub tokens: Vec<(String, String)>,
    /// Those of them that wait, line by line in its order, and those that are active.
    pub waiting: Vec<String>,
    pub active: HashSet<String>,
    pub reservations: HashMap<String, Row>,
    /// Their seats, each as it was agreed: with its price, and whether it is one for a child.
    pub seats: HashMap<String, BTreeSet<(String, i64, bool)>>,
    /// The labels of those that went back while others stayed.
    pub returned: HashMap<String, BTreeSet<String>>,
    pub claims: HashMap<(i64, String), String>,
    pub balances: HashMap<String, i64>,
    pub removed: HashSet<String>,
    pub dates: HashMap<i64, Date>,
}

#[derive(Debug, Clone)]
pub struct Date {
    pub starts_at: String,
    pub is_cancelled: bool,
    pub seats: usize,
}

const RESERVATIONS: &str =
    "SELECT reservation_id, user_id, status, hold_expires_at, at_counter, amount, sold_starts_at FROM reservation";
const DATES: &str = "SELECT schedule_id, starts_at, cancelled_at IS NOT NULL, seats_total FROM schedule";
const STATUSES: [&str; 6] = ["PENDING_PAYMENT", "CONFIRMED", "FAILED", "EXPIRED", "CANCELLED", "REFUNDED"];

fn rows<T>(
    file: &Connection,
    sql: &str,
    row: impl Fn(&rusqlite::Row) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    file.prepare(sql)?.query_map([], |one| row(one))?.collect()
}

fn id(row: &rusqlite::Row, column: usize) -> rusqlite::Result<String> {
    row.get::<_, Uuid>(column).map(|id| id.to_string())
}

/// A moment as the wire has it.
fn written(unix_ms: i64) -> String {
    Millis::from_unix_ms(unix_ms).to_string()
}

pub fn read(file: &Connection) -> rusqlite::Result<Tables> {
    let token = |row: &rusqlite::Row| Ok((row.get::<_, String>(0)?, id(row, 1)?, row.get::<_, String>(2)?));
    let tokens = rows(file, "SELECT lower(hex(token)), user_id, status FROM token ORDER BY token_id", token)?;
    let waiting = "SELECT user_id FROM token WHERE status = 'WAITING' ORDER BY line_id, place";
    let reservations = rows(file, RESERVATIONS, |row| {
        let word: String = row.get(2)?;
        let status = STATUSES.iter().find(|one| **one == word).copied().unwrap_or("");
        let (hold_expires_at, at_counter, amount) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let sold_starts_at = row.get::<_, Option<i64>>(6)?.map(written);
        Ok((id(row, 0)?, Row { user: id(row, 1)?, status, hold_expires_at, at_counter, amount, sold_starts_at }))
    })?;
    let date = |row: &rusqlite::Row| {
        Ok((
            row.get(0)?,
            Date { starts_at: written(row.get(1)?), is_cancelled: row.get(2)?, seats: row.get::<_, i64>(3)? as usize },
        ))
    };
    let mut seats: HashMap<_, BTreeSet<_>> = HashMap::new();
    let agreed = "SELECT reservation_id, label, price, tariff IS 'Child' FROM reservation_seat";
    for (of, seat) in rows(file, agreed, |row| Ok((id(row, 0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))? {
        seats.entry(of).or_default().insert(seat);
    }
    let mut returned: HashMap<_, BTreeSet<_>> = HashMap::new();
    for (of, label) in
        rows(file, "SELECT reservation_id, label FROM returned_seat", |row| Ok((id(row, 0)?, row.get(1)?)))?
    {
        returned.entry(of).or_default().insert(label);
    }
    let claims = "SELECT schedule_id, label, reservation_id FROM claim JOIN seat USING (schedule_id, seat_no)
                  WHERE reservation_id IS NOT NULL";
    Ok(Tables {
        users: rows(file, "SELECT user_id FROM user", |row| id(row, 0))?.into_iter().collect(),
        waiting: rows(file, waiting, |row| id(row, 0))?,
        active: tokens.iter().filter(|(.., status)| status == "ACTIVE").map(|(_, user, _)| user.clone()).collect(),
        tokens: tokens.into_iter().map(|(token, user, _)| (token, user)).collect(),
        reservations: reservations.into_iter().collect(),
        seats,
        returned,
        claims: rows(file, claims, |row| Ok(((row.get(0)?, row.get(1)?), id(row, 2)?)))?.into_iter().collect(),
        balances: rows(file, "SELECT user_id, points FROM balance", |row| Ok((id(row, 0)?, row.get(1)?)))?
            .into_iter()
            .collect(),
        removed: rows(file, "SELECT user_id FROM user WHERE removed_at IS NOT NULL", |row| id(row, 0))?
            .into_iter()
            .collect(),
        dates: rows(file, DATES, date)?.into_iter().collect(),
    })
}

impl Tables {
    /// What the tables say otherwise than the feed.
    pub fn contradict(&self, story: &Story, faults: &mut Vec<String>) {
        let mut differ = |what: &str, tables: String, feed: String| {
            if tables != feed {
                faults.push(format!("{what}: the tables say {tables}, the feed {feed}"));
            }
        };
        let mut waiting: Vec<_> = story.stays.iter().filter(|stay| stay.admitted.or(stay.ended).is_none()).collect();
        waiting.sort_by_key(|stay| (stay.line, stay.place));
        let waiting: Vec<&String> = waiting.iter().map(|stay| &stay.user).collect();
        differ("the lines", format!("{:?}", self.waiting), format!("{waiting:?}"));
        for (user, states) in &story.states {
            let is_active = *states.last() == TokenState::Active;
            differ(user, format!("active: {}", self.active.contains(user)), format!("active: {is_active}"));
        }
        for (id, row) in &self.reservations {
            let told = story.reserved.get(id).map_or("nothing", |reserved| *reserved.status.last());
            differ(&format!("reservation {id}"), row.status.to_owned(), told.to_owned());
            let Some(reserved) = story.reserved.get(id) else { continue };
            let agreed = |(_, label): &(i64, String)| {
                let price = if reserved.is_free { 0 } else { price_of(label, story.rules.price) };
                (label.clone(), price, is_for_a_child(label))
            };
            let seats: BTreeSet<_> = reserved.seats.last().iter().map(agreed).collect();
            let cost: i64 = seats.iter().map(|(_, price, _)| price).sum();
            let of = self.seats.get(id).cloned().unwrap_or_default();
            differ(&format!("seats of {id}"), format!("{of:?} for {}", row.amount), format!("{seats:?} for {cost}"));
            let sold = story.sold_starts_at(reserved).map(str::to_owned);
            differ(&format!("date of {id}"), format!("{:?}", row.sold_starts_at), format!("{sold:?}"));
            let returned: BTreeSet<_> = reserved.returned.iter().map(|(_, label)| label.clone()).collect();
            let of = self.returned.get(id).cloned().unwrap_or_default();
            differ(&format!("returned seats of {id}"), format!("{of:?}"), format!("{returned:?}"));
        }
        differ("reservations", self.reservations.len().to_string(), story.reserved.len().to_string());
        for (user, timeline) in &story.balances {
            let points = self.balances.get(user).copied().unwrap_or(0);
            differ(&format!("balance of {user}"), points.to_string(), timeline.last().to_string());
        }
        let told: i64 = story.balances.values().map(|timeline| *timeline.last()).sum();
        differ("all points", self.balances.values().sum::<i64>().to_string(), told.to_string());
        for (seat, timeline) in &story.seats {
            let owner = self.claims.get(seat);
            differ(&format!("seat {seat:?}"), format!("{owner:?}"), format!("{:?}", timeline.last().as_ref()));
        }
        for (schedule, date) in &self.dates {
            let told = (story.starts.get(schedule).map(Timeline::last), story.cancelled.contains_key(schedule));
            let tables = (Some(&date.starts_at), date.is_cancelled);
            differ(&format!("date {schedule}"), format!("{tables:?}"), format!("{told:?}"));
        }
        let removed: HashSet<String> = story.removed.keys().cloned().collect();
        let differing = removed.symmetric_difference(&self.removed).count();
        differ("removed users", differing.to_string(), 0.to_string());
        let taken = story.seats.values().filter(|timeline| timeline.last().is_some()).count();
        differ("taken seats", self.claims.len().to_string(), taken.to_string());
    }

    /// Which stay of the feed each token is: a user's last token is their last stay.
    pub fn stays(&self, story: &Story) -> HashMap<String, usize> {
        let mut left: HashMap<&String, usize> =
            story.stays_of.iter().map(|(user, stays)| (user, stays.len())).collect();
        let mut found = HashMap::new();
        for (token, user) in self.tokens.iter().rev() {
            let Some(left) = left.get_mut(user).filter(|left| **left > 0) else { continue };
            *left -= 1;
            found.insert(token.clone(), story.stays_of[user][*left]);
        }
        found
    }
}
