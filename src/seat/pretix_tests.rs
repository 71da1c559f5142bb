//! What a seating plan comes to, and what is wrong with one.

use serde_json::{Value, json};

use super::super::labels::LayoutSeat;
use super::super::layout::read;
use crate::points::Points;
use crate::refusal::Refusal;

/// A zone at (100, 50) with the rows `rows`.
fn zone(name: &str, rows: Value) -> Value {
    json!({ "name": name, "zone_id": name, "position": { "x": 100, "y": 50.5 }, "rows": rows })
}

fn row(name: &str, seats: &[(&str, &str)]) -> Value {
    let seat = |(number, guid): &(&str, &str)| {
        let position = json!({ "x": 25.25, "y": 0 });
        json!({ "seat_number": number, "seat_guid": guid, "category": "Parkett", "position": position, "radius": 8 })
    };
    let seats: Vec<Value> = seats.iter().map(seat).collect();
    json!({ "row_number": name, "position": { "x": 1, "y": 2 }, "row_number_position": "both", "seats": seats })
}

fn layout(zones: Value) -> Value {
    json!({
        "pretixPlan": {
            "name": "Haus",
            "size": { "width": 800, "height": 600 },
            "categories": [{ "name": "Parkett", "color": "#7f4a91" }, { "name": "Balkon" }],
            "zones": zones,
        },
        "prices": { "Parkett": 90_000 },
    })
}

fn one_row() -> Value {
    layout(json!([zone("Saal", json!([row("A", &[("1", "a1"), ("2", "a2")])]))]))
}

fn labels(layout: Value) -> Vec<String> {
    read(layout, "/layout".into()).unwrap().into_iter().map(|seat| seat.label).collect()
}

/// Where a layout is wrong, and why.
#[track_caller]
fn wrong(layout: &Value) -> (String, String) {
    match read(layout.clone(), "/layout".into()) {
        Err(Refusal::InvalidRequest { pointer, reason }) => (pointer, reason.en),
        other => panic!("{other:?}"),
    }
}

#[test]
fn seat_has_its_zone_row_number_category_price_and_the_sum_of_its_positions() {
    let seats = read(one_row(), String::new()).unwrap();
    let first = LayoutSeat {
        label: "A-1".into(),
        section: Some("Saal".into()),
        row: Some("A".into()),
        number: "1".into(),
        category: Some("Parkett".into()),
        price: Points::new(90_000),
        at: Some((126.25, 52.5)),
    };
    assert_eq!((seats.len(), &seats[0]), (2, &first));
}

#[test]
fn row_without_a_position_stands_where_its_zone_does() {
    let mut plan = one_row();
    plan["pretixPlan"]["zones"][0]["rows"][0].as_object_mut().unwrap().shift_remove("position");
    assert_eq!(read(plan, String::new()).unwrap()[0].at, Some((125.25, 50.5)));
}

#[test]
fn labels_name_the_zone_only_when_two_zones_share_a_row_name() {
    let left = row("A", &[("1", "l1")]);
    let right = row("A", &[("2", "r2")]);
    assert_eq!(labels(layout(json!([zone("Saal", json!([left, right]))]))), ["A-1", "A-2"], "an aisle in between");
    assert_eq!(labels(layout(json!([zone("L", json!([left])), zone("R", json!([right]))]))), ["L-A-1", "R-A-2"]);
    let (one, other) = (row("", &[("1", "l1")]), row("B", &[("2", "r2")]));
    assert_eq!(labels(layout(json!([zone("", json!([one])), zone("R", json!([other]))]))), ["1", "B-2"]);
}

#[test]
fn area_is_a_drawing_unless_its_places_are_counted_and_then_they_are_sold_by_number() {
    let mut plan = one_row();
    let text = json!({ "text": "Floor", "position": { "x": 0, "y": 0 } });
    let stage = json!({ "shape": "rectangle", "rectangle": { "width": 10, "height": 10 }, "rotation": 45 });
    plan["pretixPlan"]["zones"][0]["areas"] = json!([stage, { "shape": "text", "text": text }]);
    assert_eq!(labels(plan.clone()), ["A-1", "A-2"]);
    plan["areas"] = json!({ "Floor": 3 });
    plan["prices"]["Floor"] = json!(110_000);
    let seats = read(plan.clone(), String::new()).unwrap();
    let last = seats.last().unwrap();
    assert_eq!((seats.len(), &*last.label, last.section.as_deref()), (5, "Floor-3", Some("Floor")));
    assert_eq!((last.row.as_deref(), last.price, last.at), (None, Points::new(110_000), None));

    plan["areas"] = json!({ "Flour": 3 });
    plan["prices"] = json!({ "Parkett": 1 });
    assert_eq!(wrong(&plan), ("/layout/areas/Flour".into(), "is the text of no area".into()));
    plan["areas"] = json!({ "Floor": 3 });
    assert_eq!(wrong(&plan), ("/layout/areas/Floor".into(), "has no price: give one for 'Floor'".into()));
    plan["prices"]["Floor"] = json!(1);
    plan["areas"] = json!({ "Floor": 100_000 });
    assert!(wrong(&plan).1.contains("more than 100000 seats"));
}

#[test]
fn pretix_what_is_wrong_is_named_by_its_place_in_the_file() {
    let seat = "/pretixPlan/zones/0/rows/0/seats/1";
    for (at, value, place, reason) in [
        ("/pretixPlan/zones/0/rows/0/seats/1/category", json!("Loge"), seat.to_owned() + "/category", "not a category"),
        ("/prices", json!({}), "/pretixPlan/categories/0/name".into(), "no price: give one for 'Parkett'"),
        ("/prices", json!({ "Parkett": 1, "Park": 1 }), "/prices/Park".into(), "neither a category"),
        ("/prices", json!({ "Parkett": -1 }), "/prices/Parkett".into(), "whole number"),
        ("/prices", json!({ "Parkett": 1.5 }), "/prices/Parkett".into(), "whole number"),
        ("/pretixPlan/zones/0/rows/0/seats/1/seat_number", json!("1"), seat.into(), "label A-1; the first is /layout"),
        (
            "/pretixPlan/zones/0/rows/0/seats/1/seat_number",
            json!(2),
            seat.to_owned() + "/seat_number",
            "must be a text",
        ),
        ("/pretixPlan/zones/0/rows/0/seats/1/seat_guid", json!("a1"), seat.to_owned() + "/seat_guid", "twice"),
        ("/pretixPlan/zones/0/rows/0/seats/1/position/x", json!("9"), seat.to_owned() + "/position/x", "a number"),
        ("/pretixPlan/zones/0/rows/0/seats/1/position", json!({ "x": 1 }), seat.to_owned() + "/position/y", "missing"),
        ("/pretixPlan/zones/0/rows", json!({}), "/pretixPlan/zones/0/rows".into(), "a list"),
        ("/pretixPlan/zones/0/rows", json!([]), "/pretixPlan".into(), "has no seats"),
        (
            "/pretixPlan/zones/0/rows/0",
            json!({ "seats": [] }),
            "/pretixPlan/zones/0/rows/0/row_number".into(),
            "missing",
        ),
        ("/pretixPlan/zones/0", json!([]), "/pretixPlan/zones/0".into(), "an object"),
        ("/pretixPlan/zones/0/rows/0/row_number", json!("x".repeat(79)), seat.replace("s/1", "s/0"), "more than 80"),
        ("/pretixPlan/size/width", json!(1.5), "/pretixPlan/size/width".into(), "whole number"),
        ("/pretixPlan/categories/1/name", json!("Parkett"), "/pretixPlan/categories/1/name".into(), "twice"),
        ("/pretixPlan/categories/1", json!({ "nam": 1 }), "/pretixPlan/categories/1/name".into(), "missing"),
    ] {
        let mut plan = one_row();
        *plan.pointer_mut(at).unwrap() = value.clone();
        let (pointer, why) = wrong(&plan);
        assert_eq!(pointer, format!("/layout{place}"), "{at} = {value}: {why}");
        assert!(why.contains(reason), "{at} = {value}: {why}");
    }
    let mut plan = one_row();
    plan["pretixPlan"]["zoom"] = json!(1);
    assert_eq!(wrong(&plan), ("/layout/pretixPlan/zoom".into(), "is not known here".into()));
}

#[test]
fn pretix_more_seats_than_a_date_may_have_are_refused() {
    let numbers: Vec<String> = (0..100_001).map(|number| number.to_string()).collect();
    let seats: Vec<(&str, &str)> = numbers.iter().map(|number| (number.as_str(), number.as_str())).collect();
    let (half, rest) = seats.split_at(50_000);
    let plan = layout(json!([zone("Feld", json!([row("A", half), row("B", rest)]))]));
    assert_eq!(wrong(&plan).1, "has more than 100000 seats");
}
