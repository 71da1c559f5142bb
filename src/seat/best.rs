//! Best available: the seats that the venue gives to those who leave the choice to it.
//!
//! The rule, in this order:
//!
//! 1. side by side in one row, without an aisle between them;
//! 2. so that no seat stays behind single between taken ones; then, so that none
//!    stays behind single at an aisle or at the end
//!    of a row;
//! 3. nearest to the front;
//! 4. nearest to the middle;
//! 5. the first in layout order.
//!
//! Where nowhere so many are free side by side, those of one section that are nearest together: the box around them,
//! width and depth added, is the smallest; then nearest to the front and the middle. Where no section has so many, the
//! same over the whole hall. So nobody is refused as long as enough seats are free.
//!
//! Front, middle and aisles are those of [`Rows`]. The same seats free, the same choice. That a run is chosen so that
//! no single seat stays behind is what box offices know as the orphan-seat rule.

use super::rows::{Row, RowSeat, Rows};
use super::{FreeSeats, WantedSeat};
use crate::refusal::Refusal;

impl FreeSeats {
    /// The number of a section of the date, for [`FreeSeats::best`].
    ///
    /// # Errors
    /// `SECTION_NOT_FOUND`.
    pub fn must_have_section(&self, name: &str) -> Result<usize, Refusal> {
        self.plan.rows().section(name).ok_or(Refusal::SectionNotFound)
    }

    /// The best `count` seats, in one section or in all.
    ///
    /// # Errors
    /// `SEAT_UNAVAILABLE`, naming none, when fewer are free.
    pub fn best(&self, count: usize, section: Option<usize>) -> Result<Vec<WantedSeat>, Refusal> {
        let chosen = choose(self.plan.rows(), |index| self.free[index], count, section);
        let chosen = chosen.ok_or(Refusal::SeatUnavailable { seats: Vec::new() })?;
        let wanted = |index: usize| {
            let seat = &self.plan.seats[index];
            WantedSeat { seat_no: seat.seat_no, label: seat.label.to_string(), price: seat.price }
        };
        Ok(chosen.into_iter().map(wanted).collect())
    }
}

/// Chooses `count` of the seats that are free, if so many are, in one section
/// or in all; gives back their indices in the plan.
fn choose(rows: &Rows, is_free: impl Fn(usize) -> bool, count: usize, section: Option<usize>) -> Option<Vec<usize>> {
    let asked: Vec<&Row> =
        rows.rows.iter().filter(|row| section.is_none_or(|section| row.section == section)).collect();
    let mut chosen = match side_by_side(rows, &asked, &is_free, count) {
        Some(run) => run.iter().map(|row_seat| row_seat.index).collect(),
        None => nearest_together(rows, &asked, &is_free, count)?,
    };
    chosen.sort_unstable();
    Some(chosen)
}

/// What stays behind beside a run: nothing single, something single at an end, or something single between taken seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Orphan {
    None,
    AtEnd,
    Inside,
}

/// How good a run is; less is better.
type Rating = (Orphan, usize, i64, usize);

fn side_by_side<'r>(
    rows: &'r Rows,
    asked: &[&Row],
    is_free: &impl Fn(usize) -> bool,
    count: usize,
) -> Option<&'r [RowSeat]> {
    let mut best: Option<(Rating, &[RowSeat])> = None;
    for row in asked {
        if best.is_some_and(|((behind, rank, ..), _)| behind == Orphan::None && rank < row.rank) {
            break; // nothing that comes now is nearer to the front
        }
        let row_seats = &rows.row_seats[row.row_seats.clone()];
        for (gap, ends) in gaps(row_seats, is_free) {
            let mut sum = row_seats[gap.clone()].iter().take(count).map(|row_seat| row_seat.offset).sum::<i64>();
            for first in gap.start..(gap.end + 1).saturating_sub(count) {
                let run = &row_seats[first..first + count];
                let left = orphan_left(first - gap.start, ends.0);
                let right = orphan_left(gap.end - first - count, ends.1);
                let off = (sum - row.middle * count as i64).abs();
                let rating = (left.max(right), row.rank, off, run[0].index);
                if best.is_none_or(|(best, _)| rating < best) {
                    best = Some((rating, run));
                }
                if let Some(next) = row_seats.get(first + count) {
                    sum += next.offset - run[0].offset;
                }
            }
        }
    }
    best.map(|(_, run)| run)
}

fn orphan_left(seats: usize, at_an_end: bool) -> Orphan {
    match (seats, at_an_end) {
        (1, true) => Orphan::AtEnd,
        (1, false) => Orphan::Inside,
        _ => Orphan::None,
    }
}

/// The gaps of a row: its longest stretches of free seats side by side, each with whether its left and its right end
/// are an aisle or the end of the row, rather than a taken seat.
fn gaps(row_seats: &[RowSeat], is_free: &impl Fn(usize) -> bool) -> Vec<(std::ops::Range<usize>, (bool, bool))> {
    let mut gaps = Vec::new();
    let mut start = None;
    for at in 0..=row_seats.len() {
        let row_seat = row_seats.get(at);
        let after_aisle = row_seat.is_none_or(|row_seat| row_seat.after_aisle);
        let free = row_seat.is_some_and(|row_seat| is_free(row_seat.index));
        if let Some(from) = start.filter(|_| after_aisle || !free) {
            let from: usize = from;
            gaps.push((from..at, (row_seats[from].after_aisle, after_aisle)));
            start = None;
        }
        start = start.or(free.then_some(at));
    }
    gaps
}

/// A free seat for those who can't sit side by side.
#[derive(Debug, Clone, Copy)]
struct Single {
    offset: i64,
    off: i64,
    index: usize,
}

/// The free seats of a row, in order.
struct FreeRow {
    section: usize,
    depth: i64,
    singles: Vec<Single>,
    /// How wide so many of them are at least, from one on.
    widths: Vec<i64>,
}

impl FreeRow {
    fn of(row: &Row, row_seats: &[RowSeat], is_free: &impl Fn(usize) -> bool, count: usize) -> FreeRow {
        let free = row_seats.iter().filter(|row_seat| is_free(row_seat.index));
        let single = |row_seat: &RowSeat| Single {
            offset: row_seat.offset,
            off: (row_seat.offset - row.middle).abs(),
            index: row_seat.index,
        };
        let mut singles = Vec::with_capacity(row_seats.len());
        singles.extend(free.map(single));
        singles.sort_by_key(|single: &Single| single.offset);
        let width = |seats: &[Single]| seats[seats.len() - 1].offset - seats[0].offset;
        let widths =
            (1..=count.min(singles.len())).map_while(|seats| singles.windows(seats).map(width).min()).collect();
        FreeRow { section: row.section, depth: row.depth, singles, widths }
    }
}

fn nearest_together(rows: &Rows, asked: &[&Row], is_free: &impl Fn(usize) -> bool, count: usize) -> Option<Vec<usize>> {
    let free_row = |row: &&Row| FreeRow::of(row, &rows.row_seats[row.row_seats.clone()], is_free, count);
    let mut free: Vec<FreeRow> = asked.iter().map(free_row).filter(|row| !row.singles.is_empty()).collect();
    free.sort_by_key(|row| (row.section, row.depth));
    let in_sections = free.chunk_by(|one, other| one.section == other.section);
    let best = in_sections.filter_map(|section| smallest_box(section, count)).min();
    let best = best.or_else(|| {
        free.sort_by_key(|row| row.depth);
        smallest_box(&free, count)
    });
    best.map(|(.., seats)| seats)
}

/// A choice: the size of its box, how far from the front that begins, how far from the middle its seats are, and they.
type Boxed = (i64, i64, i64, Vec<usize>);

/// The smallest box around so many free seats; the rows are in order of their depth.
fn smallest_box(rows: &[FreeRow], count: usize) -> Option<Boxed> {
    let mut best: Option<Boxed> = None;
    let mut within: Vec<Single> = Vec::new();
    for (at, front) in rows.iter().enumerate() {
        within.clear();
        for (further, back) in rows[at..].iter().enumerate() {
            let deep = back.depth - front.depth;
            // Of equal boxes the one in front was found before, unless it begins in this row.
            let good = best.as_ref().map_or(i64::MAX, |best| if best.1 == front.depth { best.0 } else { best.0 - 1 });
            if deep > good {
                break; // each box from here on is larger
            }
            within.extend(&back.singles);
            // One of these rows must give so many of its seats, and they alone are so wide.
            let of_one = count.div_ceil(further + 1);
            let widths = rows[at..=at + further].iter().filter_map(|row| row.widths.get(of_one - 1));
            if within.len() < count || widths.min().is_none_or(|width| deep + width > good) {
                continue;
            }
            within.sort_by_key(|single| (single.offset, single.index));
            for seats in within.windows(count) {
                let size = deep + seats[count - 1].offset - seats[0].offset;
                if best.as_ref().is_some_and(|best| size > best.0) {
                    continue;
                }
                let rating = (size, front.depth, seats.iter().map(|seat| seat.off).sum::<i64>());
                if best.as_ref().is_none_or(|best| rating < (best.0, best.1, best.2)) {
                    let indices = seats.iter().map(|seat| seat.index).collect();
                    best = Some((rating.0, rating.1, rating.2, indices));
                }
            }
        }
    }
    best
}

#[cfg(test)]
#[path = "best_tests.rs"]
mod tests;
