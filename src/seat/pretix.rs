//! Seating plans of pretix: zones, rows and seats with categories and positions.
//!
//! The format is that of `seating-plan.schema.json` in the Python package pretix, read in its release 2026.8.0
//! (<https://pypi.org/project/pretix/2026.8.0/>, there in `pretix/static/seating/`). Where a seat stands is the sum of
//! the positions of its zone, its row and itself, and a row without a position stands where its zone does, as in
//! `SeatingPlan.iter_all_seats` of `pretix/base/models/seating.py`.
//!
//! A seat is what has a `seat_guid`: what people read of it may be empty, and may be the same for several seats
//! (`naming.rs` tells them apart). Members that the format does not know are those of other editors, and are not read.
//!
//! An area is a drawing there: a stage, a bar, a standing area, without seats, count or
//! category. So it is only a drawing here, unless the layout says with `areas` how many places
//! the one of that text has: those are sold by number.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::attributes::{Attribute, Attributes};
use super::drawing::{Drawing, Point, Shape, must_be_few, pretix_text};
use super::hall::{Layout, Remark};
use super::labels::{LABEL_MAX_CHARS, LayoutSeat, SEATS_MAX, price_range, reject_duplicates, too_many_seats};
use super::naming::{self, PlanSeat};
use crate::http::{Fields, parse_json};
use crate::points::Points;
use crate::refusal::{Localized, Refusal};

/// Zones, categories, areas of a zone and rows of a zone at most.
const PARTS_MAX: usize = 10_000;
/// How far from the corner of the plan, its zone or its row anything may stand.
const FAR: f64 = 1_000_000.0;

/// By these members of a seat, which pretix does not know, editors say what is special about it; a category says it by
/// its name.
const MARKS: [(&[&str], Attribute); 3] = [
    (&["wheelchair", "accessible", "isAccessible"], Attribute::Wheelchair),
    (&["companion", "companionSeat", "isCompanionSeat"], Attribute::Companion),
    (&["restricted_view", "restrictedView", "hasRestrictedView"], Attribute::RestrictedView),
];

/// Names with the JSON pointers of what they name.
type Named<T> = BTreeMap<String, (String, T)>;

/// What is read of a plan.
#[derive(Default)]
struct Plan {
    seats: Vec<PlanSeat>,
    shapes: Vec<Shape>,
    /// How often each text stands on an area.
    texts: HashMap<String, usize>,
    guids: HashMap<String, usize>,
}

/// Reads the members `pretixPlan`, `prices` and, where places of an area are sold, `areas`.
pub(super) fn read(layout: &mut Fields) -> Result<Layout, Refusal> {
    let prices = amounts(layout, "prices", price_range())?;
    let counts = if layout.has("areas") { amounts(layout, "areas", 1..=SEATS_MAX as i64)? } else { Named::new() };
    let mut file = unwrapped(layout.object("pretixPlan")?)?;
    let at = file.at().to_owned();
    let mut remarks = Vec::new();
    let categories = read_categories(&mut file, &mut remarks)?;
    let mut plan = Plan::default();
    for (nth, zone) in file.objects("zones", 0..=PARTS_MAX)?.into_iter().enumerate() {
        plan.read_zone(zone, nth)?;
    }
    let total = plan.seats.len() as i64 + counts.values().map(|(_, count)| count).sum::<i64>();
    if total > SEATS_MAX as i64 {
        return Err(too_many_seats(at));
    }
    must_be_known(&prices, |name| {
        categories.contains(name) || counts.contains_key(name) || plan.seats.iter().any(|seat| seat.category == *name)
    })?;
    must_be_few(&plan.shapes, at.clone())?;
    remarks.extend(plan.remark_of_guids());
    let mut seats = naming::named(plan.seats, &mut remarks)?;
    for (_, seat) in &mut seats {
        let category = seat.category.as_deref().unwrap_or("");
        seat.price = prices.get(category).map(|(_, won)| Points::new(*won));
    }
    for (name, (at, count)) in &counts {
        match plan.texts.get(name) {
            Some(1) => {}
            None => return Err(Refusal::invalid(at, "is the text of no area", "이 글자가 적힌 영역이 없습니다")),
            Some(_) => {
                return Err(Refusal::invalid(
                    at,
                    "is the text of two areas, so it cannot be said which one is meant",
                    "두 영역에 같은 글자가 적혀 있어 어느 것인지 알 수 없습니다",
                ));
            }
        }
        let price = prices.get(name).map(|(_, won)| Points::new(*won)).ok_or_else(|| {
            Refusal::invalid(at, format!("has no price: give one for '{name}'"), format!("'{name}'의 가격이 없습니다"))
        })?;
        seats.extend((1..=*count).map(|number| (at.clone(), place_of_area(name, number, price))));
    }
    if seats.is_empty() {
        return Err(Refusal::invalid(at, "has no seats", "좌석이 없습니다"));
    }
    let drawing = Drawing { front: None, shapes: plan.shapes };
    Ok(Layout { seats: reject_duplicates(seats)?, drawing, remarks })
}

/// The plan itself, out of what the API of pretix has around it: `{"id", "name", "layout"}`, alone or in a list of one.
fn unwrapped(mut file: Fields) -> Result<Fields, Refusal> {
    if !file.has("zones") && file.has("results") {
        let at = file.pointer("results");
        let mut plans = file.objects("results", 0..=PARTS_MAX)?;
        file = match (plans.pop(), plans.is_empty()) {
            (Some(plan), true) => plan,
            _ => return Err(Refusal::invalid(at, "has not one plan in it", "배치도가 하나 들어 있지 않습니다")),
        };
    }
    if file.has("zones") || !file.has("layout") {
        return Ok(file);
    }
    let (at, value) = (file.pointer("layout"), file.must("layout")?);
    let value = match value {
        Value::String(text) => {
            parse_json(text.as_bytes()).map_err(|reason| Refusal::InvalidRequest { pointer: at.clone(), reason })?
        }
        value => value,
    };
    Fields::of_value(value, at)
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

fn must_be_known(prices: &Named<i64>, is_known: impl Fn(&String) -> bool) -> Result<(), Refusal> {
    match prices.iter().find(|(name, _)| !is_known(name)) {
        None => Ok(()),
        Some((_, (at, _))) => Err(Refusal::invalid(
            at,
            "is neither a category of the plan nor one of 'areas'",
            "배치도의 등급도 아니고 'areas'에 있는 구역도 아닙니다",
        )),
    }
}

fn read_categories(file: &mut Fields, remarks: &mut Vec<Remark>) -> Result<Vec<String>, Refusal> {
    let mut categories = Vec::new();
    let mut repeated = 0;
    for mut fields in file.objects("categories", 0..=PARTS_MAX)? {
        let name = name_of(&mut fields, "name")?;
        match categories.contains(&name) {
            true => repeated += 1,
            false => categories.push(name),
        }
    }
    if repeated > 0 {
        let en = "Categories are listed twice; each is taken once.";
        remarks.push(Remark {
            count: repeated,
            text: Localized::new(en, "두 번 적힌 등급이 있습니다. 한 번만 썼습니다."),
        });
    }
    Ok(categories)
}

/// A name that may be missing, empty or a number.
fn name_of(fields: &mut Fields, name: &str) -> Result<String, Refusal> {
    if fields.has(name) { fields.name(name, 0..=LABEL_MAX_CHARS) } else { Ok(String::new()) }
}

impl Plan {
    fn read_zone(&mut self, mut zone: Fields, nth_zone: usize) -> Result<(), Refusal> {
        let (en, ko) = (format!("zone {}", nth_zone + 1), format!("{}번째 구역", nth_zone + 1));
        let words = |refusal| in_words(refusal, &en, &ko);
        let name = name_of(&mut zone, "name").map_err(words)?;
        let (en, ko) =
            if name.is_empty() { (en.clone(), ko.clone()) } else { (format!("zone {name}"), format!("구역 {name}")) };
        let words = |refusal| in_words(refusal, &en, &ko);
        let at = if zone.has("position") { read_place(&mut zone).map_err(words)? } else { (0.0, 0.0) };
        let at = Point { x: at.0, y: at.1 };
        for (nth, row) in zone.objects("rows", 0..=PARTS_MAX).map_err(words)?.into_iter().enumerate() {
            self.read_row(row, (&name, nth_zone, nth), at).map_err(words)?;
        }
        if zone.has("areas") {
            for (_, area) in zone.list("areas", 0..=PARTS_MAX).map_err(words)? {
                let text = pretix_text(area.get("text").unwrap_or(&Value::Null));
                if !text.is_empty() {
                    *self.texts.entry(text).or_insert(0) += 1;
                }
                self.shapes.extend(Shape::of_pretix(&area, at));
            }
        }
        Ok(())
    }

    fn read_row(
        &mut self,
        mut row: Fields,
        (zone, nth_zone, nth): (&str, usize, usize),
        zone_at: Point,
    ) -> Result<(), Refusal> {
        let (en, ko) = (format!("row {}", nth + 1), format!("{}번째 열", nth + 1));
        let words = |refusal| in_words(refusal, &en, &ko);
        let mut name = name_of(&mut row, "row_number").map_err(words)?;
        if name.is_empty() {
            name = name_of(&mut row, "row_label").map_err(words)?;
        }
        let (en, ko) =
            if name.is_empty() { (en.clone(), ko.clone()) } else { (format!("row {name}"), format!("{name}열")) };
        let words = |refusal| in_words(refusal, &en, &ko);
        let within = if row.has("position") { read_place(&mut row).map_err(words)? } else { (0.0, 0.0) };
        for (nth_seat, mut seat) in row.objects("seats", 0..=SEATS_MAX).map_err(words)?.into_iter().enumerate() {
            let pointer = seat.at().to_owned();
            let read = |seat: &mut Fields| {
                let guid = seat.take("seat_guid").and_then(|guid| guid.as_str().map(str::to_owned)).unwrap_or_default();
                let number = name_of(seat, "seat_number")?;
                Ok((guid, number, name_of(seat, "category")?, read_place(seat)?))
            };
            let (en, ko) = (format!("seat {}", nth_seat + 1), format!("{}번째 좌석", nth_seat + 1));
            let (guid, number, category, own) =
                read(&mut seat).map_err(|refusal| in_words(refusal, &en, &ko)).map_err(words)?;
            if !guid.is_empty() {
                *self.guids.entry(guid).or_insert(0) += 1;
            }
            if self.seats.len() == SEATS_MAX {
                return Err(too_many_seats(pointer));
            }
            let at = (zone_at.x + within.0 + own.0, zone_at.y + within.1 + own.1);
            let (zone, row) = (zone.to_owned(), name.clone());
            let mut attributes = Attributes::named_in(&category);
            let mut is_marked = |names: &[&str]| names.iter().any(|name| seat.take(name) == Some(Value::Bool(true)));
            MARKS.into_iter().filter(|(names, _)| is_marked(names)).for_each(|(_, it)| attributes.insert(it));
            self.seats.push(PlanSeat {
                zone,
                row,
                nth_zone,
                nth_row: nth,
                nth_seat,
                number,
                category,
                at,
                attributes,
                pointer,
            });
        }
        Ok(())
    }

    /// Two seats of one guid are two seats: nothing here is kept by it.
    fn remark_of_guids(&self) -> Option<Remark> {
        let repeated = self.guids.values().filter(|count| **count > 1).map(|count| count - 1).sum();
        let text = Localized::new(
            "Seats repeat the seat_guid of another; each is taken as a seat of its own.",
            "다른 좌석과 seat_guid가 같은 좌석이 있습니다. 각각 다른 좌석으로 읽었습니다.",
        );
        (repeated > 0).then_some(Remark { count: repeated, text })
    }
}

/// Says before what is wrong where that is, in words; the pointer is for programs.
fn in_words(refusal: Refusal, en: &str, ko: &str) -> Refusal {
    match refusal {
        Refusal::InvalidRequest { pointer, reason } => Refusal::InvalidRequest {
            pointer,
            reason: Localized::new(format!("{en}, {}", reason.en), format!("{ko}, {}", reason.ko)),
        },
        other => other,
    }
}

fn read_place(part: &mut Fields) -> Result<(f64, f64), Refusal> {
    let mut position = part.object("position")?;
    Ok((position.real("x", -FAR..=FAR)?, position.real("y", -FAR..=FAR)?))
}

/// A place of an area: people stand there, so it has a number and no position.
fn place_of_area(area: &str, number: i64, price: Points) -> LayoutSeat {
    LayoutSeat {
        label: format!("{area}-{number}"),
        section: Some(area.to_owned()),
        category: Some(area.to_owned()),
        ..LayoutSeat::numbered(number, price)
    }
}

#[cfg(test)]
#[path = "pretix_tests.rs"]
mod tests;
