//! Layouts: what staff say of a hall, turned into its seats.

use std::collections::HashSet;

use crate::http::Fields;
use crate::points::Points;
use crate::refusal::Refusal;

/// Seats of one schedule at most.
pub const SEATS_MAX: usize = 100_000;

/// A seat before the schedule has its id.
#[derive(Debug, Clone, PartialEq)]
pub struct LayoutSeat {
    /// What people read, unique within the schedule.
    pub label: String,
    /// The section, when there are sections.
    pub section: Option<String>,
    /// The row, when there are rows.
    pub row: Option<String>,
    /// The number within its row, or within the hall.
    pub number: String,
    /// What it costs.
    pub price: Points,
}

/// Reads the `layout` member of a schedule.
///
/// # Errors
/// `INVALID_REQUEST` with the place of what is wrong.
pub fn read(fields: &mut Fields) -> Result<Vec<LayoutSeat>, Refusal> {
    let at = fields.pointer("layout");
    let mut layout = Fields::of_value(fields.must("layout")?, at.clone())?;
    let seats = match (layout.has("numbered"), layout.has("sections")) {
        (true, false) => numbered(&mut layout)?,
        (false, true) => sections(&mut layout)?,
        _ => {
            return Err(Refusal::invalid(
                at,
                "must have either 'numbered' or 'sections'",
                "'numbered'와 'sections' 중 하나만 있어야 합니다",
            ));
        }
    };
    layout.end()?;
    if seats.len() > SEATS_MAX {
        return Err(Refusal::invalid(
            at,
            format!("has more than {SEATS_MAX} seats"),
            format!("좌석이 {SEATS_MAX}석을 넘습니다"),
        ));
    }
    Ok(seats)
}

fn numbered(layout: &mut Fields) -> Result<Vec<LayoutSeat>, Refusal> {
    let mut numbered = Fields::of_value(layout.must("numbered")?, layout.pointer("numbered"))?;
    let count = numbered.integer("count", 1..=SEATS_MAX as i64)?;
    let price = price(&mut numbered)?;
    numbered.end()?;
    let seat = |number: i64| LayoutSeat {
        label: number.to_string(),
        section: None,
        row: None,
        number: number.to_string(),
        price,
    };
    Ok((1..=count).map(seat).collect())
}

fn price(fields: &mut Fields) -> Result<Points, Refusal> {
    fields.integer("price", 0..=Points::PRICE_MAX.won()).map(Points::new)
}

struct Row {
    name: String,
    count: i64,
}

struct Section {
    name: String,
    price: Points,
    rows: Vec<Row>,
}

fn sections(layout: &mut Fields) -> Result<Vec<LayoutSeat>, Refusal> {
    let mut sections = Vec::<Section>::new();
    for (at, value) in layout.list("sections", 1_000)? {
        let mut fields = Fields::of_value(value, at)?;
        let name = fields.line("name", 1..=30)?;
        if sections.iter().any(|section| section.name == name) {
            return Err(Refusal::invalid(fields.pointer("name"), "is there twice", "같은 이름이 두 번 있습니다"));
        }
        let price = price(&mut fields)?;
        let rows = rows(&mut fields)?;
        fields.end()?;
        sections.push(Section { name, price, rows });
    }
    let total: i64 = sections.iter().flat_map(|section| &section.rows).map(|row| row.count).sum();
    if total > SEATS_MAX as i64 {
        return Err(Refusal::invalid(
            layout.pointer("sections"),
            format!("have more than {SEATS_MAX} seats"),
            format!("좌석이 {SEATS_MAX}석을 넘습니다"),
        ));
    }
    let seats = seats_of(&sections);
    let mut labels = HashSet::new();
    match seats.iter().find(|seat| !labels.insert(&seat.label)) {
        None => Ok(seats),
        Some(seat) => Err(Refusal::invalid(
            layout.pointer("sections"),
            format!("give two seats the label {}", seat.label),
            format!("두 좌석의 이름이 {}(으)로 같습니다", seat.label),
        )),
    }
}

fn rows(section: &mut Fields) -> Result<Vec<Row>, Refusal> {
    let mut rows = Vec::<Row>::new();
    for (at, value) in section.list("rows", 1_000)? {
        let mut fields = Fields::of_value(value, at)?;
        let row = Row { name: fields.line("row", 1..=20)?, count: fields.integer("count", 1..=SEATS_MAX as i64)? };
        if rows.iter().any(|other| other.name == row.name) {
            return Err(Refusal::invalid(fields.pointer("row"), "is there twice", "같은 열이 두 번 있습니다"));
        }
        fields.end()?;
        rows.push(row);
    }
    Ok(rows)
}

/// Labels are `row-number`, or `section-row-number` throughout when two sections share a row name.
fn seats_of(sections: &[Section]) -> Vec<LayoutSeat> {
    let mut names = HashSet::new();
    let shared = !sections.iter().flat_map(|section| &section.rows).all(|row| names.insert(&row.name));
    let mut seats = Vec::new();
    for section in sections {
        for row in &section.rows {
            let lead = if shared { format!("{}-{}", section.name, row.name) } else { row.name.clone() };
            seats.extend((1..=row.count).map(|number| LayoutSeat {
                label: format!("{lead}-{number}"),
                section: Some(section.name.clone()),
                row: Some(row.name.clone()),
                number: number.to_string(),
                price: section.price,
            }));
        }
    }
    seats
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn labels(layout: Value) -> Result<Vec<String>, Refusal> {
        let mut fields = Fields::of_value(json!({ "layout": layout }), String::new())?;
        Ok(read(&mut fields)?.into_iter().map(|seat| seat.label).collect())
    }

    fn section(name: &str, row: &str, count: i64) -> Value {
        json!({ "name": name, "price": 1000, "rows": [{ "row": row, "count": count }] })
    }

    #[test]
    fn a_numbered_hall_counts_from_one() {
        assert_eq!(labels(json!({ "numbered": { "count": 3, "price": 0 } })).unwrap(), ["1", "2", "3"]);
    }

    #[test]
    fn labels_name_the_section_only_when_two_sections_share_a_row_name() {
        let apart = json!({ "sections": [section("R", "A", 2), section("S", "B", 1)] });
        assert_eq!(labels(apart).unwrap(), ["A-1", "A-2", "B-1"]);
        let shared = json!({ "sections": [section("R", "A", 1), section("S", "A", 1), section("T", "B", 1)] });
        assert_eq!(labels(shared).unwrap(), ["R-A-1", "S-A-1", "T-B-1"]);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        for (layout, place) in [
            (json!({}), "/layout"),
            (json!({ "numbered": { "count": 0, "price": 1 } }), "/layout/numbered/count"),
            (json!({ "numbered": { "count": 1, "price": -1 } }), "/layout/numbered/price"),
            (json!({ "numbered": { "count": 1, "price": 1, "color": 1 } }), "/layout/numbered/color"),
            (json!({ "sections": [] }), "/layout/sections"),
            (json!({ "sections": [section("R", "A", 1), section("R", "B", 1)] }), "/layout/sections/1/name"),
            (json!({ "sections": [section("R", "A", 60_000), section("S", "B", 60_000)] }), "/layout/sections"),
            (
                json!({ "sections": [{ "name": "R", "price": 1, "rows": [{ "row": "A" }] }] }),
                "/layout/sections/0/rows/0/count",
            ),
            (
                json!({ "sections": [section("A", "B-C", 1), section("A-B", "C", 1), section("X", "C", 1)] }),
                "/layout/sections",
            ),
        ] {
            match labels(layout.clone()) {
                Err(Refusal::InvalidRequest { pointer, .. }) => assert_eq!(pointer, place, "{layout}"),
                other => panic!("{layout}: {other:?}"),
            }
        }
    }
}
