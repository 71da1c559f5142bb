//! Seating plans of pretix: zones, rows and seats with categories and positions.
//!
//! The format is that of `seating-plan.schema.json` in the Python package pretix, read in its release 2026.8.0
//! (<https://pypi.org/project/pretix/2026.8.0/>, there in `pretix/static/seating/`). Where a seat stands is the sum of
//! the positions of its zone, its row and itself, and a row without a position stands where its zone does, as in
//! `SeatingPlan.iter_all_seats` of `pretix/base/models/seating.py`.
//!
//! An area is a drawing there: a stage, a bar, a standing area, without seats, count or
//! category. So it is only a drawing here, unless the layout says with `areas` how many places
//! the one of that text has: those are sold by number.

use std::collections::{BTreeMap, HashSet};

use super::labels::{
    LABEL_CHARS, LABEL_MAX_CHARS, LayoutSeat, SEATS_MAX, label_of, price_range, reject_duplicates, share_a_row,
    too_many_seats,
};
use crate::http::Fields;
use crate::points::Points;
use crate::refusal::Refusal;

/// Zones, categories, areas of a zone and rows of a zone at most.
const PARTS_MAX: usize = 10_000;
/// How far from the corner of the plan, its zone or its row anything may stand.
const FAR: f64 = 1_000_000.0;

/// A position on the plan, or within a part of it.
type Position = (f64, f64);
/// Names with the JSON pointers of what they name.
type Named<T> = BTreeMap<String, (String, T)>;

struct Zone {
    name: Option<String>,
    seats: Vec<PretixSeat>,
}

struct PretixSeat {
    row: Option<String>,
    number: String,
    category: String,
    at: Position,
    pointer: String,
}

/// Reads the members `pretixPlan`, `prices` and, where places of an area are sold, `areas`.
pub(super) fn read(layout: &mut Fields) -> Result<Vec<LayoutSeat>, Refusal> {
    let prices = amounts(layout, "prices", price_range())?;
    let counts = if layout.has("areas") { amounts(layout, "areas", 1..=SEATS_MAX as i64)? } else { Named::new() };
    let at = layout.pointer("pretixPlan");
    let mut plan = layout.object("pretixPlan")?;
    plan.line("name", 0..=200)?;
    read_size(&mut plan)?;
    let categories = read_categories(&mut plan)?;
    let mut texts = Named::new();
    let zones = read_zones(&mut plan, &mut texts, &counts)?;
    plan.end()?;
    for (name, (at, _)) in &prices {
        if !categories.contains_key(name) && !counts.contains_key(name) {
            return Err(Refusal::invalid(
                at,
                "is neither a category of the plan nor one of 'areas'",
                "배치도의 등급도 아니고 'areas'에 있는 구역도 아닙니다",
            ));
        }
    }
    let mut seats = seats_of(zones, &categories, &prices)?;
    let total = seats.len() as i64 + counts.values().map(|(_, count)| count).sum::<i64>();
    if total > SEATS_MAX as i64 {
        return Err(too_many_seats(at));
    }
    for (name, (at, count)) in &counts {
        if !texts.contains_key(name) {
            return Err(Refusal::invalid(at, "is the text of no area", "이 글자가 적힌 영역이 없습니다"));
        }
        let price = price_of(name, at, &prices)?;
        seats.extend((1..=*count).map(|number| (at.clone(), place_of_area(name, number, price))));
    }
    if seats.is_empty() {
        return Err(Refusal::invalid(at, "has no seats", "좌석이 없습니다"));
    }
    reject_duplicates(seats)
}

/// An object whose members are whole numbers.
fn amounts(layout: &mut Fields, name: &str, range: std::ops::RangeInclusive<i64>) -> Result<Named<i64>, Refusal> {
    let mut fields = layout.object(name)?;
    let names = fields.names();
    let amount = |name: String| {
        let amount = fields.integer(&name, range.clone())?;
        Ok((name.trim().to_owned(), (fields.pointer(&name), amount)))
    };
    names.into_iter().map(amount).collect()
}

fn read_size(plan: &mut Fields) -> Result<(), Refusal> {
    let mut size = plan.object("size")?;
    size.integer("width", 0..=i64::MAX)?;
    size.integer("height", 0..=i64::MAX)?;
    size.end()
}

fn read_categories(plan: &mut Fields) -> Result<Named<()>, Refusal> {
    let mut categories = Named::new();
    for mut fields in plan.objects("categories", 0..=PARTS_MAX)? {
        let at = fields.pointer("name");
        let name = fields.line("name", LABEL_CHARS)?;
        drawn(&mut fields, &["color"]);
        fields.end()?;
        if categories.insert(name, (at.clone(), ())).is_some() {
            return Err(Refusal::invalid(at, "is there twice", "같은 이름이 두 번 있습니다"));
        }
    }
    Ok(categories)
}

fn read_zones(plan: &mut Fields, texts: &mut Named<()>, counts: &Named<i64>) -> Result<Vec<Zone>, Refusal> {
    let mut guids = HashSet::new();
    let mut zones = Vec::new();
    for mut zone in plan.objects("zones", 0..=PARTS_MAX)? {
        let name = zone.has("name").then(|| zone.line("name", 0..=LABEL_MAX_CHARS)).transpose()?;
        let at = read_place(&mut zone)?;
        let mut seats = Vec::new();
        for row in zone.objects("rows", 0..=PARTS_MAX)? {
            read_row(row, at, &mut guids, &mut seats)?;
        }
        if zone.has("areas") {
            for area in zone.objects("areas", 0..=PARTS_MAX)? {
                let (text, at) = read_area(area)?;
                if texts.insert(text.clone(), (at.clone(), ())).is_some() && counts.contains_key(&text) {
                    return Err(Refusal::invalid(
                        at,
                        "is the text of two areas, so it cannot be said which one is meant in 'areas'",
                        "두 영역에 같은 글자가 적혀 있어 'areas'가 어느 것을 가리키는지 알 수 없습니다",
                    ));
                }
            }
        }
        drawn(&mut zone, &["zone_id", "uuid"]);
        zone.end()?;
        zones.push(Zone { name: name.filter(|name| !name.is_empty()), seats });
    }
    Ok(zones)
}

/// The text of an area, empty where there is none, and its pointer; all else of it is drawing.
fn read_area(mut area: Fields) -> Result<(String, String), Refusal> {
    let mut text = String::new();
    let mut at = area.pointer("text");
    if area.has("text") {
        let mut fields = area.object("text")?;
        at = fields.pointer("text");
        text = fields.text("text")?.trim().to_owned();
        drawn(&mut fields, &["color", "size", "position"]);
        fields.end()?;
    }
    drawn(&mut area, &["color", "border_color", "rotation", "position", "uuid", "shape"]);
    drawn(&mut area, &["polygon", "rectangle", "ellipse", "circle"]);
    area.end()?;
    Ok((text, at))
}

fn read_row(
    mut row: Fields,
    zone_at: Position,
    guids: &mut HashSet<String>,
    seats: &mut Vec<PretixSeat>,
) -> Result<(), Refusal> {
    let name = row.line("row_number", 0..=LABEL_MAX_CHARS)?;
    let name = Some(name).filter(|name| !name.is_empty());
    let within = if row.has("position") { read_place(&mut row)? } else { (0.0, 0.0) };
    let row_at = (zone_at.0 + within.0, zone_at.1 + within.1);
    for mut seat in row.objects("seats", 0..=SEATS_MAX)? {
        let pointer = seat.at().to_owned();
        let guid_at = seat.pointer("seat_guid");
        if !guids.insert(seat.line("seat_guid", 1..=200)?) {
            return Err(Refusal::invalid(guid_at, "is there twice", "같은 값이 두 번 있습니다"));
        }
        if guids.len() > SEATS_MAX {
            return Err(too_many_seats(pointer));
        }
        let number = seat.line("seat_number", LABEL_CHARS)?;
        let category = seat.line("category", LABEL_CHARS)?;
        let within = read_place(&mut seat)?;
        drawn(&mut seat, &["uuid", "start_direction", "radius"]);
        seat.end()?;
        let at = (row_at.0 + within.0, row_at.1 + within.1);
        seats.push(PretixSeat { row: name.clone(), number, category, at, pointer });
    }
    drawn(&mut row, &["row_label", "seat_label", "uuid", "row_number_position"]);
    row.end()
}

fn read_place(part: &mut Fields) -> Result<Position, Refusal> {
    let mut position = part.object("position")?;
    let place = (position.real("x", -FAR..=FAR)?, position.real("y", -FAR..=FAR)?);
    position.end()?;
    Ok(place)
}

/// Takes what only tells how the plan is drawn or worded elsewhere.
fn drawn(part: &mut Fields, names: &[&str]) {
    for name in names {
        part.take(name);
    }
}

fn seats_of(
    zones: Vec<Zone>,
    categories: &Named<()>,
    prices: &Named<i64>,
) -> Result<Vec<(String, LayoutSeat)>, Refusal> {
    let rows = zones.iter().enumerate().flat_map(|(zone, it)| it.seats.iter().map(move |seat| (zone, &seat.row)));
    let shared = share_a_row(rows);
    let mut seats = Vec::new();
    for zone in zones {
        for seat in zone.seats {
            let Some((category_at, ())) = categories.get(&seat.category) else {
                return Err(Refusal::invalid(
                    format!("{}/category", seat.pointer),
                    "is not a category of the plan",
                    "배치도에 없는 등급입니다",
                ));
            };
            let price = price_of(&seat.category, category_at, prices)?;
            let label = label_of(zone.name.as_deref().filter(|_| shared), seat.row.as_deref(), &seat.number);
            if label.chars().count() > LABEL_MAX_CHARS {
                return Err(Refusal::invalid(
                    seat.pointer,
                    format!("gives a label of more than {LABEL_MAX_CHARS} characters, {label}"),
                    format!("좌석 이름 {label}이(가) {LABEL_MAX_CHARS}자를 넘습니다"),
                ));
            }
            let section = zone.name.clone();
            let (number, category, at) = (seat.number, Some(seat.category), Some(seat.at));
            seats.push((seat.pointer, LayoutSeat { label, section, row: seat.row, number, category, price, at }));
        }
    }
    Ok(seats)
}

fn price_of(name: &str, at: &str, prices: &Named<i64>) -> Result<Points, Refusal> {
    prices.get(name).map(|(_, won)| Points::new(*won)).ok_or_else(|| {
        Refusal::invalid(at, format!("has no price: give one for '{name}'"), format!("'{name}'의 가격이 없습니다"))
    })
}

/// A place of an area: people stand there, so it has a number and no position.
fn place_of_area(area: &str, number: i64, price: Points) -> LayoutSeat {
    LayoutSeat {
        label: format!("{area}-{number}"),
        section: Some(area.to_owned()),
        row: None,
        number: number.to_string(),
        category: Some(area.to_owned()),
        price,
        at: None,
    }
}

#[cfg(test)]
#[path = "pretix_tests.rs"]
mod tests;
