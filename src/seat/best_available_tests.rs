//! The rule held against halls on paper and against a search that tries everything.

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::drawing::Drawing;
use super::super::{Plan, Seat};
use super::*;
use crate::points::Points;

fn seat(section: &str, row: &str, number: i64, place: Option<(f64, f64)>) -> Seat {
    let name = |name: &str| (!name.is_empty()).then(|| Arc::from(name));
    Seat {
        seat_no: 0,
        label: format!("{section}{row}{number}").into(),
        section: name(section),
        row: name(row),
        number: number.to_string().into(),
        price: Some(Points::ZERO),
        category: None,
        x: place.map(|(x, _)| x),
        y: place.map(|(_, y)| y),
        attributes: Attributes::default(),
    }
}

/// A hall on paper: each text is a section and a row, and its seats, free `.` or taken `x`; a space is an aisle.
#[derive(Debug)]
struct Paper {
    seats: Vec<Seat>,
    free: Vec<bool>,
}

fn paper(rows: &[(&str, &str, &str)]) -> Paper {
    let mut hall = Paper { seats: Vec::new(), free: Vec::new() };
    for (section, row, seats) in rows {
        for (at, what) in seats.char_indices().filter(|(_, what)| *what != ' ') {
            hall.seats.push(seat(section, row, at as i64 + 1, None)); // an aisle leaves a number out
            hall.free.push(what == '.');
        }
    }
    hall
}

impl Paper {
    fn kind(&self, index: usize) -> Option<usize> {
        self.free[index].then_some(ORDINARY)
    }

    fn best(&self, count: usize, section: Option<&str>) -> Option<Vec<String>> {
        let plan = Plan::of(self.seats.clone(), Drawing::default());
        let rows = plan.rows();
        let section = section.map(|name| rows.section(name).unwrap());
        let chosen = choose(rows, &self.free, |index| self.kind(index), &need(count, &[]), section)?;
        Some(chosen.into_iter().map(|index| self.seats[index].label.to_string()).collect())
    }
}

#[track_caller]
fn must_choose(rows: &[(&str, &str, &str)], count: usize, labels: &[&str]) {
    assert_eq!(paper(rows).best(count, None).unwrap(), labels, "{rows:?}");
}

#[test]
fn front_comes_first_and_then_the_middle() {
    must_choose(&[("", "A", "........"), ("", "B", "........")], 2, &["A4", "A5"]);
    must_choose(&[("", "A", "xxx..xxx"), ("", "B", "........")], 2, &["A4", "A5"]);
    must_choose(&[("", "A", "xxxxxxx."), ("", "B", "........")], 2, &["B4", "B5"]);
    must_choose(&[("", "", ".......")], 1, &["4"]);
    must_choose(&[("R", "A", "...."), ("S", "A", "....")], 4, &["RA1", "RA2", "RA3", "RA4"]);
}

#[test]
fn best_available_no_seat_stays_behind_single_where_there_is_another_choice() {
    must_choose(&[("", "A", "x...xx")], 2, &["A3", "A4"]);
    must_choose(&[("", "A", "x...xx"), ("", "B", "x..x")], 2, &["B2", "B3"]);
    must_choose(&[("", "A", "x....x")], 2, &["A2", "A3"]);
    must_choose(&[("", "A", "....x")], 1, &["A4"]);
    must_choose(&[("", "A", ".....")], 2, &["A1", "A2"]);
    must_choose(&[("", "A", "x...x..."), ("", "B", "xxxx")], 2, &["A6", "A7"]);
    must_choose(&[("", "A", "x..x.x")], 1, &["A5"]);
}

#[test]
fn best_available_nobody_sits_across_an_aisle_from_the_others_unless_there_is_no_other_choice() {
    must_choose(&[("", "A", ".. .."), ("", "B", "xxx..xx")], 2, &["A1", "A2"]);
    must_choose(&[("", "A", "x. .x"), ("", "B", "xx..xxx")], 2, &["B3", "B4"]);
    must_choose(&[("", "A", "x. .x"), ("", "B", ".xxx.")], 2, &["A2", "A4"]);
}

#[test]
fn best_available_those_who_cannot_sit_side_by_side_sit_nearest_together_within_a_section_if_they_can() {
    must_choose(&[("", "A", ".xxxxx."), ("", "B", ".xxxxxx")], 2, &["A1", "B1"]);
    must_choose(&[("R", "A", ".xxxx"), ("S", "A", ".xxx.")], 2, &["SA1", "SA5"]);
    must_choose(&[("R", "A", ".xxxx"), ("S", "A", "x.xxx")], 2, &["RA1", "SA2"]);
    let rows = [("R", "A", ".xx.x"), ("S", "A", ".....")];
    assert_eq!(paper(&rows).best(2, Some("R")).unwrap(), ["RA1", "RA4"]);
    assert_eq!(paper(&rows).best(3, Some("R")), None);
    assert_eq!(paper(&rows).best(8, None), None);
}

/// Rows of seats in a plan: section, row, where it begins, and how many seats; one seat is 10 wide.
fn planned(rows: &[(&str, &str, (f64, f64), i64)]) -> Paper {
    let mut hall = Paper { seats: Vec::new(), free: Vec::new() };
    for (section, row, (x, y), count) in rows {
        hall.seats.extend((0..*count).map(|at| seat(section, row, at + 1, Some((x + 10.0 * at as f64, *y)))));
    }
    hall.free = vec![true; hall.seats.len()];
    hall
}

#[test]
fn best_available_in_a_plan_sections_beside_each_other_share_their_depth_and_the_middle_is_that_of_the_plan() {
    let beside = [
        ("L", "A", (0.0, 0.0), 4),
        ("L", "B", (0.0, 12.0), 4),
        ("R", "A", (60.0, 0.3), 4),
        ("R", "B", (60.0, 12.1), 4),
    ];
    assert_eq!(planned(&beside).best(2, None).unwrap(), ["LA3", "LA4"]);
    let mut taken = planned(&beside);
    taken.free[..4].fill(false);
    assert_eq!(taken.best(2, None).unwrap(), ["RA1", "RA2"]);
    let stage_below = [("", "A", (0.0, 90.0), 5), ("", "B", (0.0, 80.0), 5), ("", "C", (0.0, 70.0), 5)];
    assert_eq!(planned(&stage_below).best(1, None).unwrap(), ["A3"]);
}

#[test]
fn best_available_in_a_plan_an_aisle_is_a_wide_step_whatever_the_numbers_are() {
    let mut hall = planned(&[("", "A", (0.0, 0.0), 3), ("", "A", (45.0, 0.0), 3), ("", "B", (0.0, 10.0), 8)]);
    assert_eq!(hall.best(4, None).unwrap(), ["B3", "B4", "B5", "B6"]);
    hall.free[6..].fill(false);
    assert_eq!(hall.best(3, None).unwrap().len(), 3);
    assert_eq!(hall.best(4, None).unwrap(), ["A2", "A3", "A1", "A2"], "nearest together, across the aisle");
}

#[test]
fn seats_numbered_from_the_middle_outward_are_side_by_side_as_they_stand() {
    let row = |numbers: &[i64]| numbers.iter().map(|number| seat("", "A", *number, None)).collect::<Vec<_>>();
    let best = |seats: Vec<Seat>| Paper { free: vec![true; seats.len()], seats }.best(2, None).unwrap();
    assert_eq!(best(row(&[7, 5, 3, 1, 2, 4, 6, 8])), ["A1", "A2"]);
    assert_eq!(best(row(&[1, 3, 5, 7, 9, 11])), ["A5", "A7"]);
}

/// Everything that may be chosen, tried.
struct Trial<'h> {
    hall: &'h Paper,
    rows: Rows,
}

impl Trial<'_> {
    /// The row of each seat, its place there, and whether an aisle or the end lies on its left and on its right.
    fn place(&self, index: usize) -> (usize, usize, bool, bool) {
        let mut rows = self.rows.rows.iter().enumerate();
        rows.find_map(|(row, it)| {
            let row_seats = &self.rows.row_seats[it.row_seats.clone()];
            let at = row_seats.iter().position(|row_seat| row_seat.index == index)?;
            Some((row, at, row_seats[at].after_aisle, row_seats.get(at + 1).is_none_or(|next| next.after_aisle)))
        })
        .unwrap()
    }

    fn neighbours(&self, index: usize) -> [Option<usize>; 2] {
        let (row, at, left_end, right_end) = self.place(index);
        let row_seats = &self.rows.row_seats[self.rows.rows[row].row_seats.clone()];
        [(!left_end).then(|| row_seats[at - 1].index), (!right_end).then(|| row_seats[at + 1].index)]
    }

    /// How good a set of seats is by the rule's own words; side by side,
    /// single seats behind, front, middle, layout order.
    fn rating(&self, set: &[usize]) -> (bool, u8, usize, i64, usize) {
        let (row, ..) = self.place(set[0]);
        let beside = set.windows(2).all(|pair| self.neighbours(pair[0])[1] == Some(pair[1]));
        let free = |index: usize| self.hall.free[index] && !set.contains(&index);
        let single = |index: usize| {
            let beside = self.neighbours(index);
            let touches = beside.iter().flatten().any(|beside| set.contains(beside));
            let alone = free(index) && touches && !beside.iter().flatten().any(|beside| free(*beside));
            match (alone, beside) {
                (false, _) => 0,
                (true, [Some(_), Some(_)]) => 2,
                (true, _) => 1,
            }
        };
        let behind = (0..self.hall.seats.len()).map(single).max().unwrap_or(0);
        let row_length = self.rows.rows[row].row_seats.len() as i64;
        let off = set.iter().map(|index| 2 * self.place(*index).1 as i64 + 1 - row_length).sum::<i64>().abs();
        (!beside, behind, row, off, set[0])
    }

    /// The box around a set: its width in half seats, and two seats for each row.
    fn size(&self, set: &[usize]) -> i64 {
        let offset = |index: &usize| {
            let (row, at, ..) = self.place(*index);
            2 * at as i64 + 1 - self.rows.rows[row].row_seats.len() as i64
        };
        let row = |index: &usize| self.place(*index).0 as i64;
        let extent = |of: &dyn Fn(&usize) -> i64| set.iter().map(of).max().unwrap() - set.iter().map(of).min().unwrap();
        extent(&offset) + 4 * extent(&row)
    }

    fn section(&self, set: &[usize]) -> Option<&Option<Arc<str>>> {
        let sections = set.iter().map(|index| &self.hall.seats[*index].section);
        sections.clone().next().filter(|first| sections.clone().all(|section| section == *first))
    }
}

/// Every set of `count` of these.
fn sets(of: &[usize], count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let with = |(at, first): (usize, &usize)| {
        sets(&of[at + 1..], count - 1).into_iter().map(|rest| [&[*first], rest.as_slice()].concat()).collect::<Vec<_>>()
    };
    of.iter().enumerate().flat_map(with).collect()
}

fn small_hall() -> impl Strategy<Value = Paper> {
    let row = (0..2_usize, "[.x]{1,4}( [.x]{1,3})?");
    prop::collection::vec(row, 1..4).prop_map(|rows| {
        let names = ["A", "B", "C", "D"];
        let rows: Vec<(&str, &str, &str)> =
            rows.iter().zip(names).map(|((section, seats), row)| (["R", "S"][*section], row, seats.as_str())).collect();
        paper(&rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn best_available_no_other_choice_is_better_by_the_rule(hall in small_hall(), count in 1..5_usize, in_r in any::<bool>()) {
        let trial = Trial { rows: Rows::of(&hall.seats, None), hall: &hall };
        let section = in_r.then(|| trial.rows.section("R")).flatten();
        let asked = |index: &usize| section.is_none() || hall.seats[*index].section.as_deref() == Some("R");
        let free: Vec<usize> = (0..hall.seats.len()).filter(|index| hall.free[*index]).filter(asked).collect();
        let chosen = choose(&trial.rows, &hall.free, |index| hall.kind(index), &need(count, &[]), section);
        let all = sets(&free, count);
        let Some(chosen) = chosen else {
            prop_assert!(all.is_empty(), "refused, and {} were free", free.len());
            return Ok(());
        };
        prop_assert!(all.contains(&chosen), "{chosen:?} is not free");
        let best = all.iter().map(|set| trial.rating(set)).min().unwrap();
        if !best.0 {
            prop_assert_eq!(trial.rating(&chosen), best);
        } else {
            let in_one: Vec<&Vec<usize>> = all.iter().filter(|set| trial.section(set).is_some()).collect();
            prop_assert_eq!(trial.section(&chosen).is_some(), !in_one.is_empty());
            let smallest = in_one.iter().map(|set| trial.size(set)).min();
            prop_assert_eq!(trial.size(&chosen), smallest.unwrap_or_else(|| all.iter().map(|set| trial.size(set)).min().unwrap()));
        }
    }
}

/// A hall of 400 rows of 50, free where `free` says so.
fn large_hall(free: impl Fn(usize) -> bool) -> Paper {
    let seats = (0..20_000)
        .map(|index| seat(["R", "S"][index / 10_000], &(index / 50).to_string(), index as i64 % 50 + 1, None));
    Paper { seats: seats.collect(), free: (0..20_000).map(free).collect() }
}

#[test]
fn best_available_in_a_hall_of_20_000_each_seat_of_a_row_with_free_ones_is_looked_at_twice_at_most() {
    type Free = fn(usize) -> bool;
    let halls: [(&str, Free); 5] = [
        ("empty", |_| true),
        ("every other seat", |index| index % 2 == 0),
        ("three a row, never side by side", |index| [3, 20, 41].contains(&(index % 50))),
        ("few at the far end", |index| index > 19_900),
        ("one in a thousand", |index| index % 1_000 == 999),
    ];
    for (name, free) in halls {
        let hall = large_hall(free);
        let rows = Rows::of(&hall.seats, None);
        let looks_max = 2 * 50 * hall.free.chunks(50).filter(|row| row.contains(&true)).count();
        for count in [1, 2, 4, 10] {
            let looks = Cell::new(0);
            let look = |index: usize| {
                looks.set(looks.get() + 1);
                hall.kind(index)
            };
            let chosen = choose(&rows, &hall.free, look, &need(count, &[]), None);
            assert_eq!(chosen.map(|chosen| chosen.len()), Some(count), "{name}");
            assert!(looks.get() <= looks_max, "{name}, {count}: {} looks", looks.get());
        }
    }
}

#[path = "halls_tests.rs"]
mod halls;
