//! How many seats of a date are free by kind: what they cost, and how their category is called.

use std::collections::BTreeMap;

use crate::points::Points;

/// Kinds of seats that are told of a date at most: the page of dates stays short, however many sections a hall has.
const KINDS_SHOWN_MAX: usize = 50;

/// What a seat costs, and how its category is called, or else its section.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct SeatKind {
    pub price: Points,
    pub name: Option<String>,
}

#[derive(Debug, Clone, serde::Serialize)]
pub struct FreeOfKind {
    #[serde(flatten)]
    pub kind: SeatKind,
    #[serde(rename = "seatsAvailable")]
    pub seats: i64,
}

/// How many seats of each kind are free.
#[derive(Debug)]
pub(super) struct FreeByKind {
    count: i64,
    /// The kinds, the cheapest first, each with its free seats.
    kinds: Vec<(SeatKind, i64)>,
    /// Which of the kinds each seat has, in layout order; empty where all are of one.
    by_seat: Vec<u32>,
}

impl FreeByKind {
    /// All free; these are their kinds, in layout order.
    pub fn of(seats: Vec<SeatKind>) -> FreeByKind {
        let mut counts = BTreeMap::<&SeatKind, i64>::new();
        seats.iter().for_each(|kind| *counts.entry(kind).or_default() += 1);
        let kinds: Vec<(SeatKind, i64)> = counts.into_iter().map(|(kind, count)| (kind.clone(), count)).collect();
        let index = |kind: &SeatKind| kinds.partition_point(|(known, _)| known < kind) as u32; // fewer than the seats
        let by_seat = if kinds.len() > 1 { seats.iter().map(index).collect() } else { Vec::new() };
        FreeByKind { count: seats.len() as i64, kinds, by_seat }
    }

    /// How many there are.
    pub fn count(&self) -> i64 {
        self.count
    }

    /// By kind, the cheapest first, at most [`KINDS_SHOWN_MAX`]; the seats `due` are free too.
    pub fn by_kind(&self, due: impl Iterator<Item = i64>) -> Vec<FreeOfKind> {
        let mut free: Vec<i64> = self.kinds.iter().map(|(_, free)| *free).collect();
        due.filter_map(|seat_no| self.index_of(seat_no)).for_each(|index| free[index] += 1);
        let kinds = self.kinds.iter().zip(free).take(KINDS_SHOWN_MAX);
        kinds.map(|((kind, _), seats)| FreeOfKind { kind: kind.clone(), seats }).collect()
    }

    /// Counts so many more for each of these seats.
    pub fn add(&mut self, seat_nos: &[i64], more: i64) {
        for &seat_no in seat_nos {
            self.count += more;
            if let Some(index) = self.index_of(seat_no) {
                self.kinds[index].1 += more;
            }
        }
    }

    /// The kind of a seat; `None` for a seat that the date does not have.
    fn index_of(&self, seat_no: i64) -> Option<usize> {
        let known = usize::try_from(seat_no).ok().and_then(|seat_no| self.by_seat.get(seat_no));
        Some(known.map_or(0, |&index| index as usize)).filter(|index| *index < self.kinds.len())
    }

    /// What a seat costs.
    pub fn price_of(&self, seat_no: i64) -> Points {
        self.index_of(seat_no).map_or(Points::ZERO, |index| self.kinds[index].0.price)
    }

    /// What the cheapest free one costs.
    pub fn lowest(&self) -> Option<Points> {
        self.kinds.iter().find(|(_, free)| *free > 0).map(|(kind, _)| kind.price)
    }
}
