//! Layouts: what staff say of a hall, turned into its seats.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::attributes::{Attribute, Attributes};
use super::drawing::Drawing;
use super::hall::Layout;
use super::labels::{
    FAR, LABEL_CHARS, LayoutSeat, ROW_CHARS, SEATS_MAX, SECTION_CHARS, duplicate_label, label_of, price_range,
    reject_duplicates, share_a_row, too_many_seats,
};
use super::{pretix, spreadsheet_table};
use crate::http::Fields;
use crate::points::Points;
use crate::refusal::Refusal;

/// The highest number of a seat in a row of a section.
const NUMBER_MAX: i64 = 1_000_000;
/// The forms of a layout: the member that says which one it is.
const FORMS: [&str; 5] = ["numbered", "sections", "seats", "table", "pretixPlan"];

/// Reads a layout that stands at the JSON pointer `at`.
///
/// # Errors
/// `INVALID_REQUEST` with the place of what is wrong.
pub fn read(layout: Value, at: String) -> Result<Layout, Refusal> {
    let layout = preview(layout, at.clone())?;
    layout.must_have_a_price(at)?;
    Ok(layout)
}

/// The same of one that may still lack all its prices.
pub(super) fn preview(layout: Value, at: String) -> Result<Layout, Refusal> {
    let mut layout = Fields::of_value(layout, at.clone())?;
    let forms: Vec<&str> = FORMS.into_iter().filter(|form| layout.has(form)).collect();
    for of_plan in ["prices", "areas"] {
        layout.has(of_plan);
    }
    let mut read = match forms.as_slice() {
        ["numbered"] => Layout::of(numbered(&mut layout)?),
        ["sections"] => Layout::of(sections(&mut layout)?),
        ["seats"] => Layout::of(one_by_one(&mut layout)?),
        ["table"] => Layout::of(table(&mut layout)?),
        ["pretixPlan"] => pretix::read(&mut layout)?,
        _ => {
            let forms = FORMS.join(", ");
            return Err(Refusal::invalid(
                at,
                format!("must have exactly one of {forms}"),
                format!("{forms} 중 하나만 있어야 합니다"),
            ));
        }
    };
    let said = Drawing::read(&mut layout)?;
    read.drawing.shapes.extend(said.shapes);
    read.drawing.front = said.front;
    let at = layout.pointer("front");
    layout.end()?;
    read.must_have_places(at)?;
    Ok(read)
}

fn numbered(layout: &mut Fields) -> Result<Vec<LayoutSeat>, Refusal> {
    let mut numbered = layout.object("numbered")?;
    let count = numbered.integer("count", 1..=SEATS_MAX as i64)?;
    let price = price(&mut numbered)?;
    numbered.end()?;
    Ok((1..=count).map(|number| LayoutSeat::numbered(number, price)).collect())
}

fn price(fields: &mut Fields) -> Result<Points, Refusal> {
    fields.integer("price", price_range()).map(Points::new)
}

/// A price, or `null` for what is not on sale.
fn price_or_none(fields: &mut Fields) -> Result<Option<Points>, Refusal> {
    match fields.or_none("price", price)? {
        Some(price) => Ok(price),
        None => price(fields).map(Some), // which says that it is missing
    }
}

/// A table of a spreadsheet, as a text.
fn table(layout: &mut Fields) -> Result<Vec<LayoutSeat>, Refusal> {
    let at = layout.pointer("table");
    spreadsheet_table::read(layout.text("table")?.as_bytes())
        .map_err(|reason| Refusal::InvalidRequest { pointer: at, reason })
}

/// Seats one by one, as the map of a date shows them.
fn one_by_one(layout: &mut Fields) -> Result<Vec<LayoutSeat>, Refusal> {
    let mut seats = Vec::new();
    for mut fields in layout.objects("seats", 1..=SEATS_MAX)? {
        let at = fields.at().to_owned();
        let label = fields.line("seat", LABEL_CHARS)?;
        let mut name = |name| fields.has(name).then(|| fields.name(name, LABEL_CHARS)).transpose();
        let (section, row) = (name("section")?, name("row")?);
        let (number, category) = (name("number")?.unwrap_or_else(|| label.clone()), name("category")?);
        let price = price_or_none(&mut fields)?;
        let placed = fields.has("x") | fields.has("y");
        let at_x_y = placed.then(|| Ok((fields.real("x", -FAR..=FAR)?, fields.real("y", -FAR..=FAR)?))).transpose()?;
        let attributes = attributes(&mut fields)?;
        fields.end()?;
        seats.push((at, LayoutSeat { label, section, row, number, category, price, at: at_x_y, attributes }));
    }
    reject_duplicates(seats)
}

/// The `attributes` member: a list of words.
fn attributes(fields: &mut Fields) -> Result<Attributes, Refusal> {
    const NAME: &str = "attributes";
    let given = fields.has(NAME).then(|| fields.list(NAME, 0..=Attribute::ALL.len())).transpose()?;
    given.into_iter().flatten().map(|(at, value)| Attribute::read(at, &value)).collect()
}

struct Row {
    name: String,
    numbers: Vec<i64>,
    attributes: HashMap<i64, Attributes>,
}

struct Section {
    name: String,
    price: Option<Points>,
    rows: Vec<Row>,
}

fn sections(layout: &mut Fields) -> Result<Vec<LayoutSeat>, Refusal> {
    let mut sections = Vec::<Section>::new();
    for mut fields in layout.objects("sections", 1..=1_000)? {
        let name = fields.name("name", SECTION_CHARS)?;
        if sections.iter().any(|section| section.name == name) {
            return Err(Refusal::invalid(fields.pointer("name"), "is there twice", "같은 이름이 두 번 있습니다"));
        }
        let price = price_or_none(&mut fields)?;
        let rows = rows(&mut fields)?;
        fields.end()?;
        sections.push(Section { name, price, rows });
    }
    let total: usize = sections.iter().flat_map(|section| &section.rows).map(|row| row.numbers.len()).sum();
    if total > SEATS_MAX {
        return Err(too_many_seats(layout.pointer("sections")));
    }
    let seats = seats_of(&sections);
    match duplicate_label(seats.iter().map(|seat| (seat.label.as_str(), ()))) {
        None => Ok(seats),
        Some((label, ..)) => Err(Refusal::invalid(
            layout.pointer("sections"),
            format!("give two seats the label {label}"),
            format!("두 좌석의 이름이 {label}(으)로 같습니다"),
        )),
    }
}

fn rows(section: &mut Fields) -> Result<Vec<Row>, Refusal> {
    let mut rows = Vec::<Row>::new();
    for mut fields in section.objects("rows", 1..=1_000)? {
        let name = fields.name("row", ROW_CHARS)?;
        let numbers = numbers(&mut fields)?;
        let row = Row { name, attributes: attributes_of_numbers(&mut fields, &numbers)?, numbers };
        if rows.iter().any(|other| other.name == row.name) {
            return Err(Refusal::invalid(fields.pointer("row"), "is there twice", "같은 열이 두 번 있습니다"));
        }
        fields.end()?;
        rows.push(row);
    }
    Ok(rows)
}

/// The numbers of a row: `count` of them, on from `from`, without those of `without`.
fn numbers(row: &mut Fields) -> Result<Vec<i64>, Refusal> {
    let count = row.integer("count", 1..=SEATS_MAX as i64)?;
    let from = row.has("from").then(|| row.integer("from", 0..=NUMBER_MAX)).transpose()?.unwrap_or(1);
    let mut without = HashSet::new();
    if row.has("without") {
        for (at, value) in row.list("without", 0..=SEATS_MAX)? {
            let number = value.as_i64().filter(|number| (0..=NUMBER_MAX).contains(number));
            let wrong = || Refusal::invalid(at, "must be a number of a seat", "좌석 번호여야 합니다");
            without.insert(number.ok_or_else(wrong)?);
        }
    }
    Ok((from..).filter(|number| !without.contains(number)).take(count as usize).collect()) // within the range
}

/// The `attributes` member of a row: the numbers of the seats that have each.
fn attributes_of_numbers(row: &mut Fields, numbers: &[i64]) -> Result<HashMap<i64, Attributes>, Refusal> {
    let mut all = HashMap::<i64, Attributes>::new();
    if !row.has("attributes") {
        return Ok(all);
    }
    let mut fields = row.object("attributes")?;
    for word in fields.names() {
        let attribute = Attribute::read(fields.pointer(&word), &Value::from(word.as_str()))?;
        for (at, value) in fields.list(&word, 0..=SEATS_MAX)? {
            let number = value.as_i64().filter(|number| numbers.contains(number));
            let wrong = || Refusal::invalid(at, "is no number of a seat of this row", "이 열의 좌석 번호가 아닙니다");
            all.entry(number.ok_or_else(wrong)?).or_default().insert(attribute);
        }
    }
    Ok(all)
}

fn seats_of(sections: &[Section]) -> Vec<LayoutSeat> {
    let rows =
        sections.iter().enumerate().flat_map(|(at, section)| section.rows.iter().map(move |row| (at, &row.name)));
    let shared = share_a_row(rows);
    let mut seats = Vec::new();
    for section in sections {
        for row in &section.rows {
            seats.extend(row.numbers.iter().map(|number| LayoutSeat {
                label: label_of(shared.then_some(&section.name), Some(&row.name), &number.to_string()),
                section: Some(section.name.clone()),
                row: Some(row.name.clone()),
                number: number.to_string(),
                category: None,
                price: section.price,
                at: None,
                attributes: row.attributes.get(number).copied().unwrap_or_default(),
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
        Ok(read(layout, "/layout".into())?.seats.into_iter().map(|seat| seat.label).collect())
    }

    fn section(name: &str, row: &str, count: i64) -> Value {
        json!({ "name": name, "price": 1000, "rows": [{ "row": row, "count": count }] })
    }

    #[test]
    fn layout_numbered_hall_counts_from_one() {
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
    fn seats_come_one_by_one_as_a_map_shows_them() {
        let whole = json!({ "seat": "R-A-1", "section": "R", "row": "A", "number": "1", "category": "VIP", "price": 7,
                            "x": -1.5, "y": 2 });
        let bare = json!({ "seat": "Loge", "section": null, "row": null, "price": 0 });
        let seats = read(json!({ "seats": [whole, bare] }), String::new()).unwrap().seats;
        assert_eq!(seats[0].category.as_deref(), Some("VIP"));
        assert_eq!((seats[0].at, seats[1].at), (Some((-1.5, 2.0)), None));
        assert_eq!((seats[1].number.as_str(), &seats[1].section), ("Loge", &None));
    }

    #[test]
    fn layout_what_is_wrong_is_named_by_its_place() {
        let twice = json!({ "seat": "1", "price": 1 });
        for (layout, place) in [
            (json!({}), "/layout"),
            (json!({ "numbered": { "count": 0, "price": 1 } }), "/layout/numbered/count"),
            (json!({ "numbered": { "count": 1, "price": -1 } }), "/layout/numbered/price"),
            (json!({ "numbered": { "count": 1, "price": 1, "color": 1 } }), "/layout/numbered/color"),
            (json!({ "sections": [], "seats": [] }), "/layout"),
            (json!({ "seats": [twice, twice] }), "/layout/seats/1"),
            (json!({ "seats": [{ "seat": "", "price": 1 }] }), "/layout/seats/0/seat"),
            (json!({ "seats": [{ "seat": "1", "price": 1, "x": 1 }] }), "/layout/seats/0/y"),
            (json!({ "seats": [{ "seat": "1", "price": 1, "status": "SOLD" }] }), "/layout/seats/0/status"),
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
