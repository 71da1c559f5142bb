//! What the seats of every form of a layout are held to: how many there may be, what they are called, and what they
//! cost.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::ops::RangeInclusive;

use rusqlite::Row;

use super::Seat;
use super::attributes::Attributes;
use crate::points::Points;
use crate::refusal::Refusal;

/// Seats of one schedule at most.
pub const SEATS_MAX: usize = 100_000;
/// Characters of a label, and of each of the names that make it.
pub(super) const LABEL_CHARS: RangeInclusive<usize> = 1..=LABEL_MAX_CHARS;
pub(super) const LABEL_MAX_CHARS: usize = 80;
/// The same of names from which the labels of a whole section are made: the longest makes no label too long.
pub(super) const SECTION_CHARS: RangeInclusive<usize> = 1..=30;
pub(super) const ROW_CHARS: RangeInclusive<usize> = 1..=20;
/// How far from the corner of a plan a seat may stand.
pub(super) const FAR: f64 = 10_000_000.0;

/// A seat before the schedule has its id.
#[derive(Debug, Clone, PartialEq)]
pub struct LayoutSeat {
    /// What people read, unique within the schedule.
    pub label: String,
    pub section: Option<String>,
    pub row: Option<String>,
    /// The number within its row, or within the hall.
    pub number: String,
    /// What it is priced as, where the layout says so.
    pub category: Option<String>,
    /// What it costs; without a price it is not on sale.
    pub price: Option<Points>,
    /// Where it stands in the plan, `x` to the right and `y` down, where the layout has a plan.
    pub at: Option<(f64, f64)>,
    pub attributes: Attributes,
}

impl LayoutSeat {
    /// A seat of a hall that only counts its seats.
    pub fn numbered(number: i64, price: Points) -> LayoutSeat {
        LayoutSeat {
            label: number.to_string(),
            section: None,
            row: None,
            number: number.to_string(),
            category: None,
            price: Some(price),
            at: None,
            attributes: Attributes::default(),
        }
    }
}

impl From<LayoutSeat> for Seat {
    fn from(seat: LayoutSeat) -> Seat {
        let (x, y) = seat.at.unzip();
        Seat {
            seat_no: 0,
            label: seat.label.into(),
            section: seat.section.map(Into::into),
            row: seat.row.map(Into::into),
            number: seat.number.into(),
            price: seat.price,
            category: seat.category.map(Into::into),
            x,
            y,
            attributes: seat.attributes,
        }
    }
}

impl From<Seat> for LayoutSeat {
    fn from(seat: Seat) -> LayoutSeat {
        let name = |name: std::sync::Arc<str>| name.to_string();
        LayoutSeat {
            label: seat.label.into(),
            section: seat.section.map(name),
            row: seat.row.map(name),
            number: seat.number.into(),
            category: seat.category.map(name),
            price: seat.price,
            at: seat.x.zip(seat.y),
            attributes: seat.attributes,
        }
    }
}

/// A label: `row-number`, or `section-row-number` throughout when two sections share a row name ([`share_a_row`]).
pub(super) fn label_of(section: Option<&str>, row: Option<&str>, number: &str) -> String {
    [section, row, Some(number)].into_iter().flatten().collect::<Vec<_>>().join("-")
}

/// Whether two sections have rows of the same name; rows come with their sections.
pub(super) fn share_a_row<R: Hash + Eq>(mut rows: impl Iterator<Item = (usize, R)>) -> bool {
    let mut section_of = HashMap::new();
    rows.any(|(section, row)| *section_of.entry(row).or_insert(section) != section)
}

/// Tells seats of one label apart by a counter: `A-1`, `A-1 (2)`. Gives back how many it had to count.
pub(super) fn count_repeated_labels<'s>(labels: impl Iterator<Item = &'s mut String>) -> usize {
    let labels: Vec<&mut String> = labels.collect();
    let mut taken: HashSet<String> = labels.iter().map(|label| (**label).clone()).collect();
    let mut seen = HashMap::<String, usize>::new();
    let mut counted = 0;
    for label in labels {
        let nth = seen.entry(label.clone()).or_insert(0);
        *nth += 1;
        if *nth == 1 {
            continue;
        }
        counted += 1;
        loop {
            let told_apart = format!("{label} ({nth})");
            if taken.insert(told_apart.clone()) {
                *label = told_apart;
                break;
            }
            *nth += 1;
        }
    }
    counted
}

pub(super) fn too_many_seats(at: String) -> Refusal {
    Refusal::invalid(at, format!("has more than {SEATS_MAX} seats"), format!("좌석이 {SEATS_MAX}석을 넘습니다"))
}

/// The seats, unless two of them share a label; each comes with its place.
pub(super) fn reject_duplicates(seats: Vec<(String, LayoutSeat)>) -> Result<Vec<LayoutSeat>, Refusal> {
    match duplicate_label(seats.iter().map(|(at, seat)| (seat.label.as_str(), at))) {
        None => Ok(seats.into_iter().map(|(_, seat)| seat).collect()),
        Some((label, first, second)) => Err(Refusal::invalid(
            second,
            format!("is a second seat with the label {label}; the first is {first}"),
            format!("이름이 {label}인 두 번째 좌석입니다. 첫 번째는 {first}입니다"),
        )),
    }
}

/// The first label that two seats share, with the places of both.
pub fn duplicate_label<'s, P: Copy>(seats: impl Iterator<Item = (&'s str, P)>) -> Option<(&'s str, P, P)> {
    let mut places = HashMap::new();
    for (label, place) in seats {
        if let Some(first) = places.insert(label, place) {
            return Some((label, first, place));
        }
    }
    None
}

/// What a seat may cost, in won.
pub const fn price_range() -> RangeInclusive<i64> {
    0..=Points::PRICE_MAX.won()
}

/// How people call a seat that has a section, a row or a number of its own; nothing where its label says it all.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct SeatName {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

impl SeatName {
    /// The name of the seat of this label.
    pub(super) fn of(label: &str, section: Option<&str>, row: Option<&str>, number: &str) -> SeatName {
        let is_more = section.is_some() || row.is_some() || number != label;
        SeatName {
            section: section.map(str::to_owned),
            row: row.map(str::to_owned),
            number: is_more.then(|| number.to_owned()),
        }
    }

    /// Reads it from `section`, `row` and `number`, which begin at a column; a seat that is no more has none.
    ///
    /// # Errors
    /// Where the columns are of another type.
    pub fn read(row: &Row, at: usize, label: &str) -> rusqlite::Result<SeatName> {
        let text = |nth: usize| row.get_ref(at + nth)?.as_str_or_null().map_err(rusqlite::Error::from);
        let Some(number) = text(2)? else { return Ok(SeatName::default()) };
        Ok(SeatName::of(label, text(0)?, text(1)?, number))
    }
}
