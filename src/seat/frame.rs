//! How a planned hall lies before its front: how deep a row is, and where along it a seat is.
//!
//! Where most rows are straight and parallel, depth is what lies between the front and a row, and the middle is the
//! same for all rows. Else, in a fan, an amphitheatre or an arena, depth is the distance of the row's nearest seat to
//! the front, and seats lie along an arc around it; the middle of a row is what of it is nearest, and of that what is
//! nearest to the line from the front through the hall, unless the hall is all around.

use super::drawing::{Point, bounds};
use super::front::{AROUND, PlacedRow, angle, distance, widest_gap};

/// Rows are parallel up to such an angle, as a cosine.
const PARALLEL: f64 = 0.985;
/// So much of the length of all rows must be parallel.
const MOST: f64 = 0.7;
/// A front so near to the middle of the hall, as a part of its width, is meant to be there.
const NEAR_MIDDLE: f64 = 0.1;

#[derive(Debug)]
pub(super) enum Frame {
    /// Straight rows.
    Parallel { front: (f64, f64), across: (f64, f64), middle: f64 },
    /// Rows around the front.
    Around { front: (f64, f64), radius: f64, axis: Option<f64> },
}

impl Frame {
    pub fn of<'r>(rows: impl Iterator<Item = &'r [(f64, f64)]>, front: Point) -> Frame {
        let rows: Vec<PlacedRow> = rows.map(|at| PlacedRow { section: 0, number: None, at: at.to_vec() }).collect();
        let front = (front.x, front.y);
        let places = || rows.iter().flat_map(|row| row.at.iter().copied());
        if let Some(across) = common_direction(&rows, front) {
            let lying = |(x, y): (f64, f64)| (x * across.0 + y * across.1, y * across.0 - x * across.1);
            let (left, right, near, far) = bounds(places().map(lying)).unwrap_or_default();
            let (middle, (of_front, depth)) = ((left + right) / 2.0, lying(front));
            let is_near = (of_front - middle).abs() <= NEAR_MIDDLE * (right - left);
            let is_beside = of_front < left || of_front > right;
            // Rows that point to the front do not lie before it.
            if !(is_beside && (near..=far).contains(&depth)) {
                return Frame::Parallel { front, across, middle: if is_near || is_beside { middle } else { of_front } };
            }
        }
        let count = places().count().max(1) as f64;
        let radius = places().map(|place| distance(place, front)).sum::<f64>() / count;
        let (gap, gap_end) = widest_gap(places(), front);
        // The hall lies opposite to the widest gap.
        let axis = (gap > AROUND).then_some(gap_end - gap / 2.0 + std::f64::consts::PI);
        Frame::Around { front, radius, axis }
    }

    /// How far a row is from the front, in thousandths of the plan's unit.
    pub fn depth(&self, row: &[(f64, f64)]) -> i64 {
        match self {
            Frame::Parallel { front, across, .. } => {
                let depth = |place: &(f64, f64)| (place.1 - front.1) * across.0 - (place.0 - front.0) * across.1;
                thousandths((row.iter().map(depth).sum::<f64>() / row.len() as f64).abs())
            }
            Frame::Around { front, .. } => {
                thousandths(row.iter().map(|place| distance(*place, *front)).fold(f64::INFINITY, f64::min))
            }
        }
    }

    /// Where along a row each of its seats is.
    pub fn along(&self, row: &[(f64, f64)]) -> Along {
        match self {
            Frame::Parallel { across, middle, .. } => {
                let along = |(x, y): &(f64, f64)| x * across.0 + y * across.1;
                let depth = |(x, y): &(f64, f64)| y * across.0 - x * across.1;
                let extent = |of: &dyn Fn(&(f64, f64)) -> f64| {
                    bounds(row.iter().map(|place| (of(place), 0.0))).map_or(0.0, |(left, right, ..)| right - left)
                };
                if extent(&along) >= extent(&depth) {
                    let offsets = row.iter().map(|place| thousandths(along(place))).collect();
                    return Along { offsets, middle: thousandths(*middle), aside: 0 };
                }
                // A row along the side of a hall, such as a box, has a middle of its own, far from that of the hall.
                let offsets: Vec<i64> = row.iter().map(|place| thousandths(depth(place))).collect();
                let own = offsets.iter().sum::<i64>() / offsets.len() as i64;
                let aside = row.iter().map(|place| (along(place) - middle).abs()).sum::<f64>() / row.len() as f64;
                Along { offsets, middle: own, aside: thousandths(aside) }
            }
            Frame::Around { front, radius, axis } => {
                let middle = PlacedRow { section: 0, number: None, at: row.to_vec() }.middle();
                let own = angle(*front, middle);
                let base = axis.map_or(own, |axis| axis + turned(own - axis));
                let offset = |place: &(f64, f64)| thousandths((base + turned(angle(*front, *place) - base)) * radius);
                let offsets: Vec<i64> = row.iter().map(offset).collect();
                let Some(axis) = axis.map(|axis| thousandths(axis * radius)) else {
                    let (first, last) = nearest(row, *front, &offsets, 0.01);
                    return Along { offsets, middle: (first + last) / 2, aside: 0 };
                };
                let (first, last) = nearest(row, *front, &offsets, 0.05);
                let middle = axis.clamp(first, last);
                Along { offsets, middle, aside: (middle - axis).abs() }
            }
        }
    }
}

/// Where along a row its seats are, in thousandths of the plan's unit.
#[derive(Debug)]
pub(super) struct Along {
    /// Of each seat.
    pub offsets: Vec<i64>,
    pub middle: i64,
    /// How far from the middle of the hall all of it is.
    pub aside: i64,
}

/// The least and the greatest offset of the seats that are nearest to the front, give or take a part of that distance.
fn nearest(row: &[(f64, f64)], front: (f64, f64), offsets: &[i64], part: f64) -> (i64, i64) {
    let least = row.iter().map(|place| distance(*place, front)).fold(f64::INFINITY, f64::min);
    let near = row.iter().zip(offsets).filter(|(place, _)| distance(**place, front) <= least * (1.0 + part));
    let ends = near.fold(None, |ends: Option<(i64, i64)>, (_, offset)| {
        Some(ends.map_or((*offset, *offset), |(first, last)| (first.min(*offset), last.max(*offset))))
    });
    ends.unwrap_or_default() // a row has a seat
}

/// The direction of most rows, if they are straight, parallel and not in line with the front.
fn common_direction(rows: &[PlacedRow], front: (f64, f64)) -> Option<(f64, f64)> {
    let lines = rows.iter().filter(|row| !row.is_curved()).map(PlacedRow::along);
    let lines: Vec<((f64, f64), f64)> =
        lines.map(|(x, y)| ((x, y), x.hypot(y))).filter(|(_, length)| *length > 0.0).collect();
    let all: f64 = rows.iter().map(PlacedRow::along).map(|(x, y)| x.hypot(y)).sum();
    if all == 0.0 {
        return across_from(rows, front);
    }
    let parallel = |(one, length): &((f64, f64), f64)| -> f64 {
        let is = |((x, y), other): &&((f64, f64), f64)| ((x * one.0 + y * one.1) / (length * other)).abs() >= PARALLEL;
        lines.iter().filter(is).map(|(_, length)| length).sum()
    };
    // A hall has few directions: the longest rows are enough to find that of most.
    let mut longest: Vec<&((f64, f64), f64)> = lines.iter().collect();
    longest.sort_by(|one, other| other.1.total_cmp(&one.1));
    let step = (longest.len() / 32).max(1);
    let shares = longest.into_iter().step_by(step).map(|line| (parallel(line), line));
    let (share, ((x, y), length)) = shares.fold(None, |best: Option<(f64, _)>, one| match best {
        Some(best) if best.0 >= one.0 => Some(best),
        _ => Some(one),
    })?;
    if share < MOST * all {
        return None;
    }
    let sign = if *x < 0.0 || (*x == 0.0 && *y < 0.0) { -1.0 } else { 1.0 };
    Some((sign * x / length, sign * y / length))
}

/// Single seats stand across the line from the front to their middle.
fn across_from(rows: &[PlacedRow], front: (f64, f64)) -> Option<(f64, f64)> {
    let all = PlacedRow { section: 0, number: None, at: rows.iter().flat_map(|row| row.at.iter().copied()).collect() };
    let (x, y) = all.at.first().map(|_| all.middle())?;
    let (x, y) = (x - front.0, y - front.1);
    Some(if x.abs() > y.abs() { (0.0, 1.0) } else { (1.0, 0.0) })
}

/// An angle between half a turn to the left and half a turn to the right.
fn turned(angle: f64) -> f64 {
    let whole = std::f64::consts::TAU;
    angle - whole * (angle / whole).round()
}

pub(super) fn thousandths(length: f64) -> i64 {
    (length * 1_000.0).round() as i64 // a layout is at most some ten million wide
}
