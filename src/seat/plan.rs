//! The plan of a date in memory: what of its seats never changes, and its JSON, made once.

use std::sync::{Arc, OnceLock};

use rusqlite::Connection;

use super::rows::Rows;
use super::{MapSeat, sql};
use crate::points::Points;
use crate::store;

/// A text before and after a mark that stands in it.
pub(super) fn parted<'t>(text: &'t str, mark: &str) -> rusqlite::Result<(&'t str, &'t str)> {
    let lost = || rusqlite::Error::ToSqlConversionFailure(format!("{mark} is not in {text}").into());
    text.split_once(mark).ok_or_else(lost)
}

/// A seat of a plan.
#[derive(Debug, Clone)]
pub struct PlanSeat {
    /// Its number in layout order; higher than that of the seat before it.
    pub seat_no: i64,
    /// Its label.
    pub label: Box<str>,
    /// The section, when there are sections.
    pub section: Option<Arc<str>>,
    /// The row, when there are rows.
    pub row: Option<Arc<str>>,
    /// The number within its row or hall.
    pub number: Box<str>,
    /// What it costs.
    pub price: Points,
    /// Where it stands in the plan.
    pub x: Option<f64>,
    /// Where it stands in the plan.
    pub y: Option<f64>,
}

/// The seats of a date in layout order.
#[derive(Debug, Default)]
pub struct Plan {
    /// The seats.
    pub seats: Vec<PlanSeat>,
    /// The wire's text of all seats, without their statuses, as if none were the viewer's.
    json: Vec<u8>,
    /// For each seat, where in that text its status belongs.
    status_at: Vec<usize>,
    /// Its rows, prepared when somebody first looks for the best seats.
    rows: OnceLock<Rows>,
}

/// What follows a seat's status in its JSON, for everyone but its owner.
const NOT_MINE: &[u8] = b"\",\"mine\":false";
const MINE: &[u8] = b"\",\"mine\":true";

impl Plan {
    /// Reads the plan of a schedule.
    pub(super) fn read(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Plan> {
        let (mut plan, mut added) = (Plan::default(), Ok(()));
        sql::each_seat(connection, schedule_id, &mut |seat_no, seat| {
            if added.is_ok() {
                added = plan.add(seat_no, seat);
            }
        })?;
        added?;
        plan.json.shrink_to_fit();
        Ok(plan)
    }

    fn add(&mut self, seat_no: i64, seat: MapSeat) -> rusqlite::Result<()> {
        if !self.json.is_empty() {
            self.json.push(b',');
        }
        let text = store::to_json(&seat)?;
        // Quotes of a label are escaped there, so this stands where the members meet and nowhere else.
        let (before, after) = parted(&text, "AVAILABLE\",\"mine\":false")?;
        self.json.extend_from_slice(before.as_bytes());
        self.status_at.push(self.json.len());
        self.json.extend_from_slice(NOT_MINE);
        self.json.extend_from_slice(after.as_bytes());
        let last = self.seats.last();
        // Neighbours share the names of their section and row.
        let shared = |name: Option<String>, known: Option<&Arc<str>>| {
            name.map(|name| known.filter(|known| ***known == *name).cloned().unwrap_or_else(|| name.into()))
        };
        self.seats.push(PlanSeat {
            seat_no,
            label: seat.seat.into(),
            section: shared(seat.section, last.and_then(|last| last.section.as_ref())),
            row: shared(seat.row, last.and_then(|last| last.row.as_ref())),
            number: seat.number.into(),
            price: seat.price,
            x: seat.x,
            y: seat.y,
        });
        Ok(())
    }

    /// Its rows.
    pub(super) fn rows(&self) -> &Rows {
        self.rows.get_or_init(|| Rows::of(&self.seats))
    }

    /// Where in the plan a seat is.
    pub fn index_of(&self, seat_no: i64) -> Option<usize> {
        // Layouts count from 0, so this is a look in one place.
        let here =
            usize::try_from(seat_no).ok().filter(|&at| self.seats.get(at).is_some_and(|it| it.seat_no == seat_no));
        here.or_else(|| self.seats.binary_search_by_key(&seat_no, |seat| seat.seat_no).ok())
    }

    /// Writes the JSON of all seats with their statuses; `mine` are the viewer's own, in order.
    pub(super) fn write_json(&self, body: &mut Vec<u8>, status: impl Fn(usize) -> &'static str, mine: &[usize]) {
        body.reserve(self.json.len() + self.seats.len() * "AVAILABLE".len());
        let (mut written, mut mine) = (0, mine.iter().peekable());
        for (index, &at) in self.status_at.iter().enumerate() {
            body.extend_from_slice(&self.json[written..at]);
            body.extend_from_slice(status(index).as_bytes());
            written = at;
            if mine.next_if_eq(&&index).is_some() {
                body.extend_from_slice(MINE);
                written += NOT_MINE.len();
            }
        }
        body.extend_from_slice(&self.json[written..]);
    }
}
