//! The rows of a hall, prepared for whoever looks for seats that belong together: who sits beside whom, and how near
//! each row is to the front and each seat to the middle.
//!
//! A row is what shares section and row; seats without a row are one. Its seats stand in layout order. An aisle divides
//! a row where the layout shows one: by a distance of more than one and a half times what is usual in that row, or,
//! without positions, by a jump in the numbers that is not usual there.
//!
//! The front is where the layout begins: rows stand in layout order, the first in front. With positions the
//! rows of all sections are ranked together by their depth in the plan, from the side at which most sections
//! begin; rows that are nearer to each other than half of what is usual stand at one depth. The middle is that
//! of the row, or with positions that of the plan.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::Seat;

/// Lengths without positions: a seat is one wide, and the next row as far as two seats.
const SEAT: i64 = 1_000;
const ROW: i64 = 2 * SEAT;

/// A seat in its row.
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
    pub row_seats: Range<usize>,
}

/// The rows of a hall, those in front first.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub rows: Vec<Row>,
    pub row_seats: Vec<RowSeat>,
    sections: Vec<Option<Arc<str>>>,
}

/// A place in thousandths of the plan's unit: whole numbers compare without doubt.
type Position = (i64, i64);

/// A row before it is ranked.
struct RowDraft {
    section: usize,
    seats: Vec<usize>,
    /// The places of its seats, when each has one.
    places: Option<Vec<Position>>,
}

impl RowDraft {
    /// The mean of its seats' `y`.
    fn depth(&self) -> Option<i64> {
        let places = self.places.as_ref()?;
        Some(places.iter().map(|(_, y)| y).sum::<i64>() / places.len() as i64)
    }
}

impl Rows {
    pub fn of(seats: &[Seat]) -> Rows {
        let mut rows = Rows::default();
        let drafts = rows.draft(seats);
        let depths = depths_of(&drafts);
        let xs = || drafts.iter().filter_map(|draft| draft.places.as_ref()).flatten().map(|(x, _)| *x);
        let middle = (xs().min().unwrap_or(0) + xs().max().unwrap_or(0)) / 2;
        let mut in_order: Vec<usize> = (0..drafts.len()).collect();
        in_order.sort_by_key(|at| (depths[*at].0, *at));
        for at in in_order {
            let draft = &drafts[at];
            let (rank, depth) = depths[at];
            let start = rows.row_seats.len();
            let middle = rows.add_row_seats(seats, draft, middle);
            rows.rows.push(Row { section: draft.section, rank, depth, middle, row_seats: start..rows.row_seats.len() });
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
            let place = seat.x.zip(seat.y).map(|(x, y)| (thousandths(x), thousandths(y)));
            match (&mut draft.places, place) {
                (Some(places), Some(place)) => places.push(place),
                _ => draft.places = None,
            }
        }
        drafts
    }

    /// Adds the spots of a row and says where along it the middle is.
    fn add_row_seats(&mut self, seats: &[Seat], draft: &RowDraft, middle_x: i64) -> i64 {
        let (offset, steps, usual, middle): (Vec<i64>, Vec<i64>, i64, i64) = match &draft.places {
            Some(places) => {
                let steps = places.windows(2).map(|pair| distance(pair[0], pair[1])).collect::<Vec<_>>();
                let usual = median(&steps) * 3 / 2;
                let lies_across = extent(places.iter().map(|(x, _)| *x)) >= extent(places.iter().map(|(_, y)| *y));
                let along = |place: &Position| if lies_across { place.0 } else { place.1 };
                let offset: Vec<i64> = places.iter().map(along).collect();
                // A row along the side of a hall has a middle of its own.
                let own = offset.iter().sum::<i64>() / offset.len() as i64;
                (offset, steps, usual, if lies_across { middle_x } else { own })
            }
            None => {
                let last = draft.seats.len() as i64 - 1;
                let offset = (0..=last).map(|at| (2 * at - last) * SEAT / 2).collect();
                let steps =
                    draft.seats.windows(2).map(|pair| jump(&seats[pair[0]], &seats[pair[1]])).collect::<Vec<_>>();
                let usual = median(&steps);
                (offset, steps, usual, 0)
            }
        };
        for (at, (index, offset)) in draft.seats.iter().zip(offset).enumerate() {
            let after_aisle = at == 0 || steps[at - 1] > usual;
            self.row_seats.push(RowSeat { index: *index, offset, after_aisle });
        }
        middle
    }
}

/// The rank and the depth of each row.
fn depths_of(drafts: &[RowDraft]) -> Vec<(usize, i64)> {
    // From each row to the next of its section.
    let steps = drafts.windows(2).filter(|pair| pair[0].section == pair[1].section);
    let steps: Vec<i64> = steps.filter_map(|pair| Some(pair[1].depth()? - pair[0].depth()?)).collect();
    let turned = steps.iter().map(|step| step.signum()).sum::<i64>() < 0;
    let usual = median(&steps.iter().map(|step| step.abs()).collect::<Vec<_>>());
    let depth = |draft: &RowDraft| draft.depth().map(|depth| if turned { -depth } else { depth });
    let mut placed: Vec<(i64, usize)> =
        drafts.iter().enumerate().filter_map(|(at, draft)| Some((depth(draft)?, at))).collect();
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
    for (at, _) in drafts.iter().enumerate().filter(|(_, draft)| draft.places.is_none()) {
        depths[at] = (ranks, ranks as i64 * ROW);
        ranks += 1;
    }
    depths
}

fn thousandths(length: f64) -> i64 {
    (length * 1_000.0).round() as i64 // a layout is at most some ten million wide
}

fn distance(one: Position, other: Position) -> i64 {
    let (x, y) = (i128::from(one.0 - other.0), i128::from(one.1 - other.1));
    i64::try_from((x * x + y * y).isqrt()).unwrap_or(i64::MAX)
}

fn extent(lengths: impl Iterator<Item = i64> + Clone) -> i64 {
    lengths.clone().max().unwrap_or(0) - lengths.min().unwrap_or(0)
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
