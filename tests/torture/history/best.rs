//! Best available in a hall of the torture test, chosen anew by looking at every run of seats.

use super::is_for_a_child;

/// Seats of a row.
pub const ROW: usize = 50;
/// The category of the seats that are in no box.
pub const HALL: &str = "Hall";

/// Where so many seats stand side by side, the first of the best of them: none stays behind single between others, or
/// else at the end of the row; then nearest to the front, to the middle, and the first.
pub fn first_of_best(count: usize, seats: usize, is_free: impl Fn(usize) -> bool) -> Option<usize> {
    let may_be =
        |number: usize| (1..=seats).contains(&number) && !is_for_a_child(&number.to_string()) && is_free(number);
    let row = |number: usize| (number - 1) / ROW;
    let is_inside = |number: usize, other: usize| other > 0 && other <= seats && row(number) == row(other);
    // How bad it is what stays behind beside a seat, on the side where `step` leads.
    let orphan = |number: usize, step: fn(usize) -> usize| {
        let (next, after) = (step(number), step(step(number)));
        match is_inside(number, next) && may_be(next) {
            true if !is_inside(number, after) => 1,
            true if !may_be(after) => 2,
            _ => 0,
        }
    };
    let rating = |first: usize| {
        let last = first + count - 1;
        let behind = orphan(first, |n| n.saturating_sub(1)).max(orphan(last, |n| n + 1));
        let in_row = (ROW * row(first) + 1, (ROW * (row(first) + 1)).min(seats));
        (behind, row(first), (first + last).abs_diff(in_row.0 + in_row.1), first)
    };
    let stands = |first: &usize| (*first..first + count).all(&may_be) && row(*first) == row(first + count - 1);
    (1..=seats).filter(stands).min_by_key(|first| rating(*first))
}
