//! What people read of the seats of a plan: unique labels, and beside them section, row and number as the plan writes
//! them.
//!
//! Seats that read alike are told apart by the first of these that does it: their zone, the block of the zone that
//! their row is in, a counter. A zone has blocks where rows of one name have the same numbers: left and right, or
//! stalls and balcony drawn in one zone. A block is called by its category when it has one of its own, else by its
//! number.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::attributes::Attributes;
use super::hall::Remark;
use super::labels::{LABEL_MAX_CHARS, LayoutSeat, count_repeated_labels, label_of, share_a_row};
use crate::refusal::{Localized, Refusal};

/// A seat as a plan writes it; what is empty was not given.
#[derive(Debug)]
pub(super) struct PlanSeat {
    pub zone: String,
    pub row: String,
    /// Which zone it is in, which row of that, and which seat of that row it is.
    pub nth_zone: usize,
    pub nth_row: usize,
    pub nth_seat: usize,
    pub number: String,
    pub category: String,
    pub at: (f64, f64),
    pub attributes: Attributes,
    pub pointer: String,
}

/// Gives every seat its label, its section and its row; prices come later.
///
/// # Errors
/// `INVALID_REQUEST` for a label that would be too long.
pub(super) fn named(plan: Vec<PlanSeat>, remarks: &mut Vec<Remark>) -> Result<Vec<(String, LayoutSeat)>, Refusal> {
    let blocks = blocks_of(&plan);
    let mut seats: Vec<(String, LayoutSeat)> = Vec::with_capacity(plan.len());
    for (seat, block) in plan.into_iter().zip(blocks) {
        let section = [Some(seat.zone).filter(|zone| !zone.is_empty()), block];
        let section: Vec<String> = section.into_iter().flatten().collect();
        let named = |name: String| (!name.is_empty()).then_some(name);
        let number = named(seat.number).unwrap_or_else(|| (seat.nth_seat + 1).to_string());
        seats.push((
            seat.pointer,
            LayoutSeat {
                label: String::new(),
                section: named(section.join(" ")),
                row: named(seat.row),
                number,
                category: named(seat.category),
                price: None,
                at: Some(seat.at),
                attributes: seat.attributes,
            },
        ));
    }
    let counted = label(&mut seats);
    if counted > 0 {
        let en = "Seats read like another of their row; a number in brackets tells them apart.";
        let text = Localized::new(en, "같은 열에 이름이 같은 좌석이 있습니다. 괄호 안의 숫자로 구별합니다.");
        remarks.push(Remark { count: counted, text });
    }
    match seats.iter().find(|(_, seat)| seat.label.chars().count() > LABEL_MAX_CHARS) {
        None => Ok(seats),
        Some((pointer, LayoutSeat { label, .. })) => Err(Refusal::invalid(
            pointer,
            format!("gives a label of more than {LABEL_MAX_CHARS} characters, {label}"),
            format!("좌석 이름 {label}이(가) {LABEL_MAX_CHARS}자를 넘습니다"),
        )),
    }
}

/// Makes the labels; says how many had to be counted.
fn label(seats: &mut [(String, LayoutSeat)]) -> usize {
    let mut sections = HashMap::new();
    let section_of = seats.iter().map(|(_, seat)| {
        let next = sections.len();
        *sections.entry(seat.section.clone()).or_insert(next)
    });
    let section_of: Vec<usize> = section_of.collect();
    let shared = share_a_row(section_of.into_iter().zip(seats.iter().map(|(_, seat)| seat.row.clone())));
    for (_, seat) in seats.iter_mut() {
        let section = seat.section.as_deref().filter(|_| shared);
        seat.label = label_of(section, seat.row.as_deref(), &seat.number);
    }
    count_repeated_labels(seats.iter_mut().map(|(_, seat)| &mut seat.label))
}

/// The name of the block of each seat, where its zone has blocks.
fn blocks_of(plan: &[PlanSeat]) -> Vec<Option<String>> {
    // Which row of its name a row of a zone is: zones of one name are one.
    let mut nth_of_row = HashMap::new();
    let mut rows_of_name = HashMap::<(&str, &str), usize>::new();
    let nth = plan.iter().map(|seat| {
        *nth_of_row.entry((seat.nth_zone, seat.nth_row)).or_insert_with(|| {
            let rows = rows_of_name.entry((&*seat.zone, &*seat.row)).or_insert(0);
            *rows += 1;
            *rows - 1
        })
    });
    let nth: Vec<usize> = nth.collect();
    let mut row_of_number = HashMap::new();
    let mut divided = HashSet::new();
    for (seat, nth) in plan.iter().zip(&nth) {
        let number = (&*seat.zone, &*seat.row, &*seat.number);
        if !seat.number.is_empty() && *row_of_number.entry(number).or_insert(*nth) != *nth {
            divided.insert(&*seat.zone);
        }
    }
    let mut categories = BTreeMap::<(&str, usize), HashSet<&str>>::new();
    for (seat, nth) in plan.iter().zip(&nth) {
        categories.entry((&*seat.zone, *nth)).or_default().insert(&*seat.category);
    }
    let category_of = |zone: &str, nth: usize| -> Option<&str> {
        let own = categories.get(&(zone, nth)).filter(|own| own.len() == 1)?.iter().next()?;
        let others = categories.iter().filter(|((of, other), _)| *of == zone && *other != nth);
        (!own.is_empty() && others.into_iter().all(|(_, others)| !others.contains(own))).then_some(*own)
    };
    let mut names = HashMap::new();
    let name = |(seat, nth): (&PlanSeat, &usize)| {
        let named = |zone| category_of(zone, *nth).map_or_else(|| format!("#{}", nth + 1), str::to_owned);
        let name = names.entry((seat.zone.clone(), *nth)).or_insert_with(|| named(&seat.zone));
        divided.contains(&*seat.zone).then(|| name.clone())
    };
    plan.iter().zip(&nth).map(name).collect()
}
