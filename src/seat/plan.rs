//! The plan of a date in memory: what of its seats never changes, and their JSON, made once for each state.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use serde::ser::{Error, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::drawing::Drawing;
use super::rows::Rows;
use super::{Attribute, MapSeat, Seat, front, sql};
use crate::call::SeatState;

/// The JSON of a seat in each state, for everyone but its owner; made when it is first shown so.
type SeatJson = [OnceLock<Box<RawValue>>; SeatState::ALL.len()];

/// The seats of a date in layout order.
#[derive(Debug, Default)]
pub struct Plan {
    pub seats: Vec<Seat>,
    /// What it shows beside them.
    pub(super) drawing: Arc<Drawing>,
    json: Vec<SeatJson>,
    /// Its rows, prepared when somebody first looks for the best seats.
    rows: OnceLock<Rows>,
}

impl Plan {
    pub(super) fn read(connection: &Connection, schedule_id: i64) -> rusqlite::Result<Plan> {
        let (seats, drawing) = (sql::list_seats(connection, schedule_id)?, sql::find_drawing(connection, schedule_id)?);
        Ok(Plan::of(seats, drawing))
    }

    pub(super) fn of(mut seats: Vec<Seat>, drawing: Drawing) -> Plan {
        // An older program kept no front.
        let drawing = front::settled(drawing, seats.iter().map(Seat::place));
        for at in 1..seats.len() {
            let (before, rest) = seats.split_at_mut(at);
            share(&mut rest[0].section, &before[at - 1].section);
            share(&mut rest[0].row, &before[at - 1].row);
            share(&mut rest[0].category, &before[at - 1].category);
        }
        let json = seats.iter().map(|_| SeatJson::default()).collect();
        Plan { json, seats, drawing: Arc::new(drawing), rows: OnceLock::new() }
    }

    pub(super) fn rows(&self) -> &Rows {
        self.rows.get_or_init(|| Rows::of(&self.seats, self.drawing.front))
    }

    /// Where in the plan a seat is.
    pub fn index_of(&self, seat_no: i64) -> Option<usize> {
        // Layouts count from 0, so this is a look in one place.
        let here =
            usize::try_from(seat_no).ok().filter(|&at| self.seats.get(at).is_some_and(|it| it.seat_no == seat_no));
        here.or_else(|| self.seats.binary_search_by_key(&seat_no, |seat| seat.seat_no).ok())
    }

    fn json(&self, index: usize, status: SeatState) -> serde_json::Result<&RawValue> {
        let cell = &self.json[index][status as usize];
        if cell.get().is_none() {
            let made =
                to_raw_value(&MapSeat { seat: &self.seats[index], status, mine: false, reason: None, holder: None })?;
            let _ = cell.set(made); // another has made the same meanwhile
        }
        cell.get().map(|json| &**json).ok_or_else(|| Error::custom("it was set above"))
    }
}

/// Neighbours share the names of their section, row and category.
fn share(name: &mut Option<Arc<str>>, before: &Option<Arc<str>>) {
    if name == before {
        name.clone_from(before);
    }
}

/// The seats of a map as one viewer sees them.
#[derive(Debug)]
pub(super) struct MapSeats {
    pub plan: Arc<Plan>,
    /// By their index in the plan.
    pub states: Arc<Vec<SeatState>>,
    /// The viewer's own, by index, in order.
    pub mine: Vec<usize>,
    /// Only seats that have it.
    pub attribute: Option<Attribute>,
    /// Those that are told, by index; all of them without.
    pub only: Option<BTreeSet<usize>>,
}

impl MapSeats {
    /// The seats that are told, by their index.
    pub fn told(&self) -> impl Iterator<Item = usize> + '_ {
        let is_told = |index: &usize| {
            self.only.as_ref().is_none_or(|only| only.contains(index))
                && self.attribute.is_none_or(|wanted| self.plan.seats[*index].attributes.has(wanted))
        };
        (0..self.states.len()).filter(is_told)
    }
}

impl Serialize for MapSeats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for index in self.told() {
            let (seat, status) = (&self.plan.seats[index], self.states[index]);
            match self.mine.binary_search(&index) {
                Ok(_) => list.serialize_element(&MapSeat { seat, status, mine: true, reason: None, holder: None })?,
                Err(_) => list.serialize_element(self.plan.json(index, status).map_err(Error::custom)?)?,
            }
        }
        list.end()
    }
}
