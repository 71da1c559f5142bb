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
//! Seats with attributes (for wheelchairs and companions, with a restricted view) are given to those alone who ask for
//! them: as many of each as they ask for, the rest of their seats without. Side by side they may sit in any order;
//! where they cannot, the others are those nearest to a seat of the rarer kind. A tariff is given to a seat of the kind
//! that it is asked for, so that the seat for a wheelchair does not get the tariff of the companion.
//!
//! Front, middle and aisles are those of [`Rows`]. The same seats free, the same choice. That a run is chosen so that
//! no single seat stays behind is what box offices know as the orphan-seat rule.

use super::attributes::{Attribute, Attributes};
use super::labels::price_range;
use super::rows::{Row, RowSeat, Rows};
use super::tariffs::TariffWish;
use super::{FreeSeats, SeatName, WantedSeat};
use crate::http::Fields;
use crate::points::Points;
use crate::refusal::Refusal;

/// Which seats somebody would take.
#[derive(Debug, Clone)]
pub struct BestRequest {
    /// How many.
    pub count: usize,
    /// In which section; `None`: in all.
    section: Option<String>,
    /// In which categories, or sections where a seat has no category, each with its JSON pointer; none: in all.
    categories: Vec<(String, String)>,
    /// What one may cost.
    price_max: Option<Points>,
    /// What that many of them are to have, one entry a seat.
    attributes: Vec<Attribute>,
    /// What so many of each kind are to cost, one entry a seat in layout order; the others cost their full price.
    tariffs: Vec<(usize, TariffWish)>,
}

/// The kinds of seats: one for each attribute, and those without.
const KINDS: usize = Attribute::ALL.len() + 1;
const ORDINARY: usize = KINDS - 1;

/// How many seats of each kind are wanted.
type Need = [usize; KINDS];

impl BestRequest {
    /// Reads `count`, of 1 to `seats_max`, and what else a request says of the best seats.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn read(mut best: Fields, seats_max: usize) -> Result<BestRequest, Refusal> {
        let count = best.integer("count", 1..=seats_max as i64)? as usize; // within the range
        let section = best.has("section").then(|| best.text("section")).transpose()?;
        let mut categories = Vec::new();
        if best.has("categories") {
            for (at, value) in best.list("categories", 1..=100)? {
                let wrong = |at: &str| Refusal::invalid(at, "must be a text", "문자열이어야 합니다");
                categories.push((value.as_str().ok_or_else(|| wrong(&at))?.to_owned(), at));
            }
        }
        let price_max = best.has("priceMax").then(|| best.integer("priceMax", price_range())).transpose()?;
        let mut attributes = Vec::new();
        if best.has("attributes") {
            for (at, word) in best.list("attributes", 0..=count)? {
                attributes.push(Attribute::read(at, &word)?);
            }
        }
        let need = need(count, &attributes);
        let (mut tariffs, mut without) = (Vec::new(), need);
        if best.has("tariffs") {
            for (at, value) in best.list("tariffs", 0..=count)? {
                let (attribute, wish) = TariffWish::read(at, value)?;
                let kind = kind_of(attribute);
                match without[kind].checked_sub(1) {
                    Some(left) => without[kind] = left,
                    None => return Err(wish.without_seat()),
                }
                tariffs.push((kind, wish));
            }
        }
        best.end()?;
        Ok(BestRequest { count, section, categories, price_max: price_max.map(Points::new), attributes, tariffs })
    }
}

fn need(count: usize, attributes: &[Attribute]) -> Need {
    let mut need = [0; KINDS];
    attributes.iter().for_each(|attribute| need[*attribute as usize] += 1);
    need[ORDINARY] = count - attributes.len();
    need
}

fn kind_of(attribute: Option<Attribute>) -> usize {
    attribute.map_or(ORDINARY, |attribute| attribute as usize)
}

impl FreeSeats {
    /// # Errors
    /// `SECTION_NOT_FOUND`, `INVALID_REQUEST` for a category that the date does not have.
    pub fn must_know(&self, wanted: &BestRequest) -> Result<(), Refusal> {
        if let Some(name) = &wanted.section {
            self.plan.rows().section(name).ok_or(Refusal::SectionNotFound)?;
        }
        let is_there = |name: &str| self.plan.seats.iter().any(|seat| seat.priced_as() == Some(name));
        match wanted.categories.iter().find(|(name, _)| !is_there(name)) {
            None => Ok(()),
            Some((_, at)) => Err(Refusal::invalid(at, "is no category of this date", "이 일정에 없는 등급입니다")),
        }
    }

    /// The best seats of those that are wanted, each with the tariff that it is wanted at.
    ///
    /// # Errors
    /// `SEAT_UNAVAILABLE`, naming none, when fewer are free.
    pub fn best<'w>(&self, wanted: &'w BestRequest) -> Result<Vec<(WantedSeat, Option<&'w TariffWish>)>, Refusal> {
        let asked: Attributes = wanted.attributes.iter().copied().collect();
        let kind = |index: usize| kind_of(self.plan.seats[index].attributes.iter().next());
        let wanted_kind = |index: usize| {
            let seat = &self.plan.seats[index];
            let is_named = |(name, _): &(String, String)| seat.priced_as() == Some(name);
            let is_wanted = self.free[index]
                && seat.attributes.are_within(asked)
                && (wanted.categories.is_empty() || wanted.categories.iter().any(is_named))
                && wanted.price_max.is_none_or(|most| seat.price.is_some_and(|price| price <= most));
            is_wanted.then(|| kind(index))
        };
        let section = wanted.section.as_deref().and_then(|name| self.plan.rows().section(name));
        let need = need(wanted.count, &wanted.attributes);
        let chosen = choose(self.plan.rows(), &self.free, wanted_kind, &need, section);
        let chosen = chosen.ok_or(Refusal::SeatUnavailable { seats: Vec::new() })?;
        let mut tariffs: Vec<&(usize, TariffWish)> = wanted.tariffs.iter().collect();
        let with_tariff = |index: usize| {
            let of_kind = tariffs.iter().position(|(of, _)| *of == kind(index));
            let wish = of_kind.map(|at| &tariffs.remove(at).1);
            let seat = &self.plan.seats[index];
            let price = seat.price.unwrap_or(Points::ZERO); // a free seat has one
            let name = SeatName::of(&seat.label, seat.section.as_deref(), seat.row.as_deref(), &seat.number);
            (WantedSeat { seat_no: seat.seat_no, label: seat.label.to_string(), name, price, tariff: None }, wish)
        };
        Ok(chosen.into_iter().map(with_tariff).collect())
    }
}

/// Chooses as many seats of each kind as are needed, if so many are free, in one section or in all; `kind_of` says of
/// which kind a free seat is, and `None` of one that may not be given. Gives back their indices in the plan.
fn choose(
    rows: &Rows,
    free: &[bool],
    kind_of: impl Fn(usize) -> Option<usize>,
    need: &Need,
    section: Option<usize>,
) -> Option<Vec<usize>> {
    let asked = rows.rows.iter().filter(|row| section.is_none_or(|section| row.section == section));
    // Of a hall that is nearly sold out most rows are passed over without a look at their seats.
    let asked: Vec<&Row> = asked.filter(|row| free[row.indices.clone()].contains(&true)).collect();
    let kind_of = |index: usize| kind_of(index).filter(|kind| need[*kind] > 0);
    let is_free = |index: usize| kind_of(index).is_some();
    let mut chosen = match side_by_side(rows, &asked, &kind_of, need) {
        Some(run) => run.iter().map(|row_seat| row_seat.index).collect(),
        None if is_mixed(need) => around_a_seat(rows, &asked, &kind_of, need)?,
        None => nearest_together(rows, &asked, &is_free, need.iter().sum())?,
    };
    chosen.sort_unstable();
    Some(chosen)
}

/// Whether seats of several kinds are needed.
fn is_mixed(need: &Need) -> bool {
    need.iter().filter(|count| **count > 0).count() > 1
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
    kind_of: &impl Fn(usize) -> Option<usize>,
    need: &Need,
) -> Option<&'r [RowSeat]> {
    let (count, is_mixed) = (need.iter().sum::<usize>(), is_mixed(need));
    let is_free = |index: usize| kind_of(index).is_some();
    let mut best: Option<(Rating, &[RowSeat])> = None;
    for row in asked {
        if best.is_some_and(|((behind, rank, ..), _)| behind == Orphan::None && rank < row.rank) {
            break; // nothing that comes now is nearer to the front
        }
        let row_seats = &rows.row_seats[row.row_seats.clone()];
        for (gap, ends) in gaps(row_seats, &is_free) {
            // Seats of one kind need not be looked at again.
            let mixed = row_seats[gap.clone()].iter().filter(|_| is_mixed);
            let kinds: Vec<usize> = mixed.filter_map(|seat| kind_of(seat.index)).collect();
            let mut has: Need = if is_mixed { [0; KINDS] } else { *need };
            kinds.iter().take(count).for_each(|kind| has[*kind] += 1);
            let mut sum = row_seats[gap.clone()].iter().take(count).map(|row_seat| row_seat.offset).sum::<i64>();
            for first in gap.start..(gap.end + 1).saturating_sub(count) {
                let run = &row_seats[first..first + count];
                let left = orphan_left(first - gap.start, ends.0);
                let right = orphan_left(gap.end - first - count, ends.1);
                let off = (sum - row.middle * count as i64).abs() + row.aside * count as i64;
                let rating = (left.max(right), row.rank, off, run.iter().map(|seat| seat.index).min().unwrap_or(0));
                if has == *need && best.is_none_or(|(best, _)| rating < best) {
                    best = Some((rating, run));
                }
                if let Some(next) = row_seats.get(first + count).filter(|_| first + count < gap.end) {
                    sum += next.offset - run[0].offset;
                    if is_mixed {
                        has[kinds[first - gap.start]] -= 1;
                        has[kinds[first - gap.start + count]] += 1;
                    }
                }
            }
        }
    }
    best.map(|(_, run)| run)
}

/// Seats of several kinds that are not side by side: to each free seat of the rarest kind the nearest of the others,
/// and of those choices the one that is nearest together; then nearest to the front.
fn around_a_seat(
    rows: &Rows,
    asked: &[&Row],
    kind_of: &impl Fn(usize) -> Option<usize>,
    need: &Need,
) -> Option<Vec<usize>> {
    let mut free: [Vec<(i64, i64, usize)>; KINDS] = Default::default();
    for row in asked {
        for seat in &rows.row_seats[row.row_seats.clone()] {
            if let Some(kind) = kind_of(seat.index) {
                free[kind].push((row.depth, seat.offset, seat.index));
            }
        }
    }
    let wanted = |kind: &usize| need[*kind] > 0;
    let rarest = (0..KINDS).filter(wanted).min_by_key(|kind| free[*kind].len())?;
    let choice = |&(depth, offset, _): &(i64, i64, usize)| -> Option<(i64, i64, Vec<usize>)> {
        let (mut apart, mut seats) = (0, Vec::new());
        for kind in (0..KINDS).filter(wanted) {
            let far = |seat: &(i64, i64, usize)| ((seat.0 - depth).abs() + (seat.1 - offset).abs(), seat.2);
            let mut nearest: Vec<(i64, usize)> = free[kind].iter().map(far).collect();
            if nearest.len() < need[kind] {
                return None;
            }
            nearest.select_nth_unstable(need[kind] - 1);
            apart += nearest[..need[kind]].iter().map(|(far, _)| far).sum::<i64>();
            seats.extend(nearest[..need[kind]].iter().map(|(_, index)| index));
        }
        Some((apart, depth, seats))
    };
    free[rarest].iter().filter_map(choice).min().map(|(.., seats)| seats)
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
            off: (row_seat.offset - row.middle).abs() + row.aside,
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
#[path = "best_available_tests.rs"]
mod tests;
