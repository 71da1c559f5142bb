//! The rows of a hall, prepared for whoever looks for seats that belong together: who sits beside whom, and how near
//! each row is to the front and each seat to the middle.
//!
//! A row is what shares section and row; seats without a row are one. Its seats stand in layout order. An aisle divides
//! a row where the layout shows one: by a distance of more than one and a half times what is usual in that row, or,
//! without positions, by a jump in the numbers that is not usual there.
//!
//! Without positions the front is where the layout begins: rows stand in layout order, the first in front, and the
//! middle is that of the row. With positions a [`Frame`] says how deep a row is and where along it a seat is; rows that
//! are nearer to each other than half of what is usual stand at one depth.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::Seat;
use super::drawing::Point;
use super::frame::{Along, Frame, thousandths};
use super::front::distance;

/// Lengths without positions: a seat is one wide, and the next row as far as two seats.
const SEAT: i64 = 1_000;
const ROW: i64 = 2 * SEAT;

#[derive(Debug, Clone, Copy)]
pub(super) struct RowSeat {
    pub index: usize,
    /// Where it is along the row, in thousandths of the plan's unit or of a seat.
    pub offset: i64,
    /// Whether an aisle or the end of the row lies before it.
    pub after_aisle: bool,
}

/// A row: a range of the spots.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub section: usize,
    /// How many depths are nearer to the front.
    pub rank: usize,
    /// How far from the front it is, in the unit of `offset`.
    pub depth: i64,
    pub middle: i64,
    /// How far from the middle of the hall all of it is, besides.
    pub aside: i64,
    pub row_seats: Range<usize>,
    /// Its seats are among these of the plan; where rows are mixed in the layout, others too.
    pub indices: Range<usize>,
}

/// The rows of a hall, those in front first.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub rows: Vec<Row>,
    pub row_seats: Vec<RowSeat>,
    sections: Vec<Option<Arc<str>>>,
}

/// A row before it is ranked.
struct RowDraft {
    section: usize,
    seats: Vec<usize>,
    /// The places of its seats, when each has one.
    places: Option<Vec<(f64, f64)>>,
}

impl Rows {
    pub fn of(seats: &[Seat], front: Option<Point>) -> Rows {
        let mut rows = Rows::default();
        let drafts = rows.draft(seats);
        let frame = front.map(|front| Frame::of(drafts.iter().filter_map(|draft| draft.places.as_deref()), front));
        let depths = depths_of(&drafts, frame.as_ref());
        let mut in_order: Vec<usize> = (0..drafts.len()).collect();
        in_order.sort_by_key(|at| (depths[*at].0, *at));
        for at in in_order {
            let draft = &drafts[at];
            let (rank, depth) = depths[at];
            let start = rows.row_seats.len();
            let (middle, aside) = rows.add_row_seats(seats, draft, frame.as_ref());
            let row_seats = start..rows.row_seats.len();
            let indices = draft.seats[0]..draft.seats[draft.seats.len() - 1] + 1; // in layout order
            rows.rows.push(Row { section: draft.section, rank, depth, middle, aside, row_seats, indices });
        }
        rows
    }

    /// The number of a section; `None` when no seat is in it.
    pub fn section(&self, name: &str) -> Option<usize> {
        self.sections.iter().position(|section| section.as_deref() == Some(name))
    }

    fn draft(&mut self, seats: &[Seat]) -> Vec<RowDraft> {
        let (mut known, mut sections) = (HashMap::new(), HashMap::new());
        let mut drafts: Vec<RowDraft> = Vec::new();
        for (index, seat) in seats.iter().enumerate() {
            let section = *sections.entry(&seat.section).or_insert_with(|| {
                self.sections.push(seat.section.clone());
                self.sections.len() - 1
            });
            let row = *known.entry((section, &seat.row)).or_insert_with(|| {
                drafts.push(RowDraft { section, seats: Vec::new(), places: Some(Vec::new()) });
                drafts.len() - 1
            });
            let draft = &mut drafts[row];
            draft.seats.push(index);
            match (&mut draft.places, seat.x.zip(seat.y)) {
                (Some(places), Some(place)) => places.push(place),
                _ => draft.places = None,
            }
        }
        drafts
    }

    /// Adds the seats of a row, from one end of it to the other, and says where along it the middle is, and how far
    /// aside it lies.
    fn add_row_seats(&mut self, seats: &[Seat], draft: &RowDraft, frame: Option<&Frame>) -> (i64, i64) {
        let along: Vec<(usize, i64)>;
        let (steps, usual, middle, aside): (Vec<i64>, i64, i64, i64) = match (&draft.places, frame) {
            (Some(places), Some(frame)) => {
                let Along { offsets, middle, aside } = frame.along(places);
                let mut order: Vec<usize> = (0..places.len()).collect();
                order.sort_by_key(|at| offsets[*at]); // where two stand at one place they stay in layout order
                let apart = |pair: &[usize]| thousandths(distance(places[pair[0]], places[pair[1]]));
                let steps: Vec<i64> = order.windows(2).map(apart).collect();
                along = order.iter().map(|at| (draft.seats[*at], offsets[*at])).collect();
                let usual = median(&steps) * 3 / 2;
                (steps, usual, middle, aside)
            }
            _ => {
                let last = draft.seats.len() as i64 - 1;
                let offset = |at: usize| (2 * at as i64 - last) * SEAT / 2;
                along = draft.seats.iter().enumerate().map(|(at, index)| (*index, offset(at))).collect();
                let steps: Vec<i64> =
                    draft.seats.windows(2).map(|pair| jump(&seats[pair[0]], &seats[pair[1]])).collect();
                let usual = median(&steps);
                (steps, usual, 0, 0)
            }
        };
        for (at, (index, offset)) in along.into_iter().enumerate() {
            self.row_seats.push(RowSeat { index, offset, after_aisle: at == 0 || steps[at - 1] > usual });
        }
        (middle, aside)
    }
}

/// The rank and the depth of each row.
fn depths_of(drafts: &[RowDraft], frame: Option<&Frame>) -> Vec<(usize, i64)> {
    let depth = |draft: &RowDraft| Some(frame?.depth(draft.places.as_ref()?));
    let of_rows: Vec<Option<i64>> = drafts.iter().map(depth).collect();
    // From each row to the next of its section.
    let pairs = drafts.windows(2).zip(of_rows.windows(2)).filter(|(pair, _)| pair[0].section == pair[1].section);
    let steps: Vec<i64> = pairs.filter_map(|(_, depths)| Some((depths[1]? - depths[0]?).abs())).collect();
    let usual = median(&steps);
    let mut placed: Vec<(i64, usize)> =
        of_rows.iter().enumerate().filter_map(|(at, depth)| Some(((*depth)?, at))).collect();
    placed.sort_unstable();
    let mut depths = vec![(0, 0); drafts.len()];
    let (mut ranks, mut front) = (0, None);
    for (depth, at) in placed {
        if front.is_none_or(|front| depth - front > usual / 2) {
            front = Some(depth);
            ranks += 1;
        }
        depths[at] = (ranks - 1, depth);
    }
    // Rows without a place come after those that have one, as they stand in the layout.
    for (at, _) in of_rows.iter().enumerate().filter(|(_, depth)| depth.is_none()) {
        depths[at] = (ranks, ranks as i64 * ROW);
        ranks += 1;
    }
    depths
}

/// How far apart two numbers are; 1 where they are not both numbers.
fn jump(one: &Seat, other: &Seat) -> i64 {
    let number = |seat: &Seat| seat.number.parse::<i64>().ok().filter(|number| (0..1_000_000).contains(number));
    number(one).zip(number(other)).map_or(1, |(one, other)| (one - other).abs())
}

fn median(lengths: &[i64]) -> i64 {
    let mut lengths = lengths.to_vec();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0)
}
