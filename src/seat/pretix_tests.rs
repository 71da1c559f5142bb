//! What a seating plan comes to, and what is wrong with one.

use serde_json::{Value, json};

use super::super::attributes::Attributes;
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
    read(layout, "/layout".into()).unwrap().seats.into_iter().map(|seat| seat.label).collect()
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
    let seats = read(one_row(), String::new()).unwrap().seats;
    let first = LayoutSeat {
        label: "A-1".into(),
        section: Some("Saal".into()),
        row: Some("A".into()),
        number: "1".into(),
        category: Some("Parkett".into()),
        price: Some(Points::new(90_000)),
        at: Some((126.25, 52.5)),
        attributes: Attributes::default(),
    };
    assert_eq!((seats.len(), &seats[0]), (2, &first));
}

#[test]
fn row_without_a_position_stands_where_its_zone_does() {
    let mut plan = one_row();
    plan["pretixPlan"]["zones"][0]["rows"][0].as_object_mut().unwrap().shift_remove("position");
    assert_eq!(read(plan, String::new()).unwrap().seats[0].at, Some((125.25, 50.5)));
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
    let seats = read(plan.clone(), String::new()).unwrap().seats;
    let last = seats.last().unwrap();
    assert_eq!((seats.len(), &*last.label, last.section.as_deref()), (5, "Floor-3", Some("Floor")));
    assert_eq!((last.row.as_deref(), last.price, last.at), (None, Some(Points::new(110_000)), None));

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
fn pretix_what_is_wrong_is_named_by_its_place_in_the_file_and_in_words() {
    let seat = "/pretixPlan/zones/0/rows/0/seats/1";
    for (at, value, place, reason) in [
        ("/prices", json!({ "Parkett": 1, "Park": 1 }), "/prices/Park".into(), "neither a category"),
        ("/prices", json!({ "Parkett": -1 }), "/prices/Parkett".into(), "whole number"),
        ("/prices", json!({ "Parkett": 1.5 }), "/prices/Parkett".into(), "whole number"),
        ("/prices", json!({ "Balkon": 1 }), String::new(), "gives no seat a price"),
        (
            "/pretixPlan/zones/0/rows/0/seats/1/seat_number",
            json!([2]),
            seat.to_owned() + "/seat_number",
            "zone Saal, row A, seat 2, must be a text",
        ),
        (
            "/pretixPlan/zones/0/rows/0/seats/1/position/x",
            json!("9"),
            seat.to_owned() + "/position/x",
            "row A, seat 2, must be a number",
        ),
        ("/pretixPlan/zones/0/rows/0/seats/1/position", json!({ "x": 1 }), seat.to_owned() + "/position/y", "missing"),
        ("/pretixPlan/zones/0/rows", json!({}), "/pretixPlan/zones/0/rows".into(), "zone Saal, must be a list"),
        ("/pretixPlan/zones/0/rows", json!([]), "/pretixPlan".into(), "has no seats"),
        ("/pretixPlan/zones/0", json!([]), "/pretixPlan/zones/0".into(), "an object"),
        ("/pretixPlan/zones/0/rows/0/row_number", json!("x".repeat(79)), seat.replace("s/1", "s/0"), "more than 80"),
        ("/pretixPlan/zones", json!(1), "/pretixPlan/zones".into(), "a list"),
    ] {
        let mut plan = one_row();
        *plan.pointer_mut(at).unwrap() = value.clone();
        let (pointer, why) = wrong(&plan);
        assert_eq!(pointer, format!("/layout{place}"), "{at} = {value}: {why}");
        assert!(why.contains(reason), "{at} = {value}: {why}");
    }
}

#[test]
fn plan_of_another_editor_or_of_an_older_form_is_read() {
    let mut plan = one_row();
    let file = plan["pretixPlan"].as_object_mut().unwrap();
    file.insert("zoom".into(), json!(1));
    file.shift_remove("size");
    file.shift_remove("name");
    file["zones"][0]["rows"][0]["seats"][0]["x_units"] = json!(3);
    let area = json!({ "width": 40, "height": 10, "position": { "x": 0, "y": 0 }, "text": "Bühne", "color": "red" });
    file["zones"][0]["areas"] = json!([area]);
    let read = read(plan, String::new()).unwrap();
    assert_eq!((read.seats.len(), read.drawing.shapes[0].points.len()), (2, 4));
    assert_eq!(read.drawing.shapes[0].text.as_ref().unwrap().text, "Bühne");
}

#[test]
fn plan_comes_as_the_api_of_pretix_gives_it() {
    let bare = one_row();
    for wrapped in [
        json!({ "id": 7, "name": "Haus", "layout": bare["pretixPlan"] }),
        json!({ "id": 7, "name": "Haus", "layout": bare["pretixPlan"].to_string() }),
        json!({ "count": 1, "next": null, "results": [{ "id": 7, "name": "Haus", "layout": bare["pretixPlan"] }] }),
    ] {
        let mut plan = bare.clone();
        plan["pretixPlan"] = wrapped;
        assert_eq!(read(plan, String::new()).unwrap(), read(bare.clone(), String::new()).unwrap());
    }
    let mut two = bare.clone();
    two["pretixPlan"] = json!({ "results": [{}, {}] });
    assert!(wrong(&two).1.contains("not one plan"));
}

#[test]
fn names_may_be_empty_or_whole_numbers_and_a_category_may_be_listed_twice() {
    let mut plan = one_row();
    plan["pretixPlan"]["categories"] = json!([{ "name": "Parkett" }, { "name": "Parkett" }, { "name": "" }]);
    let row = &mut plan["pretixPlan"]["zones"][0]["rows"][0];
    row["row_number"] = json!(1.0);
    row["seats"][0]["seat_number"] = json!("");
    row["seats"][0]["category"] = json!("");
    row["seats"][1]["seat_number"] = json!(7);
    let layout = read(plan, String::new()).unwrap();
    let [first, second] = layout.seats.as_slice() else { panic!("{layout:?}") };
    assert_eq!((&*first.label, &first.category, first.price), ("1-1", &None, None), "without a price: not on sale");
    assert_eq!((&*second.label, second.row.as_deref(), &*second.number), ("1-7", Some("1"), "7"));
    assert_eq!(layout.remarks.len(), 1, "{:?}", layout.remarks);
}

#[test]
fn seats_that_read_alike_are_told_apart_by_the_block_of_their_zone() {
    let rows = |stalls: &str, balcony: &str| {
        let mut rows = json!([row("A", &[("1", "a"), ("2", "b")]), row("A", &[("1", "c"), ("2", "d")])]);
        for (at, category) in [stalls, balcony].iter().enumerate() {
            for seat in 0..2 {
                rows[at]["seats"][seat]["category"] = json!(category);
            }
        }
        layout(json!([zone("Saal", rows)]))
    };
    assert_eq!(
        labels(rows("Parkett", "Balkon")),
        ["A-1", "A-2", "A-1", "A-2"]
            .map(|label| label.to_owned())
            .iter()
            .zip(["Saal Parkett", "Saal Parkett", "Saal Balkon", "Saal Balkon"])
            .map(|(label, block)| format!("{block}-{label}"))
            .collect::<Vec<_>>()
    );
    let alike = read(rows("Parkett", "Parkett"), String::new()).unwrap().seats;
    assert_eq!(
        alike.iter().map(|seat| &*seat.label).collect::<Vec<_>>(),
        ["Saal #1-A-1", "Saal #1-A-2", "Saal #2-A-1", "Saal #2-A-2"]
    );
    assert_eq!((alike[2].row.as_deref(), &*alike[2].number), (Some("A"), "1"), "row and number are the plan's");
    // Two rows of one name whose numbers go on are one row with an aisle.
    let one = layout(json!([zone("Saal", json!([row("A", &[("1", "a")]), row("A", &[("2", "b")])]))]));
    assert_eq!(labels(one), ["A-1", "A-2"]);
    // Two zones of one name are one.
    let zones = json!([zone("Saal", json!([row("A", &[("1", "a")])])), zone("Saal", json!([row("A", &[("1", "b")])]))]);
    assert_eq!(labels(layout(zones)), ["Saal #1-A-1", "Saal #2-A-1"]);
}

#[test]
fn seats_that_read_alike_in_one_row_are_counted_and_repeated_guids_are_told() {
    let plan = layout(json!([zone("Saal", json!([row("A", &[("1", "x"), ("1", "x"), ("1", "y"), ("1 (2)", "z")])]))]));
    let layout = read(plan, String::new()).unwrap();
    let labels: Vec<&str> = layout.seats.iter().map(|seat| &*seat.label).collect();
    assert_eq!(labels, ["A-1", "A-1 (3)", "A-1 (4)", "A-1 (2)"]);
    assert!(layout.seats[..3].iter().all(|seat| seat.number == "1"));
    let counts: Vec<usize> = layout.remarks.iter().map(|remark| remark.count).collect();
    assert_eq!(counts, [1, 2], "{:?}", layout.remarks);
}

#[test]
fn seats_have_the_attributes_that_their_category_or_a_mark_of_the_editor_says() {
    use super::super::attributes::Attribute::{Companion, RestrictedView, Wheelchair};
    let mut plan = layout(json!([zone("Saal", json!([row("A", &[("1", "a"), ("2", "b"), ("3", "c")])]))]));
    let seats = &mut plan["pretixPlan"]["zones"][0]["rows"][0]["seats"];
    seats[0]["category"] = json!("Rollstuhlplatz");
    seats[1]["companion"] = json!(true);
    seats[2]["category"] = json!("S (Sichtbehinderung)");
    let of: Vec<Vec<_>> =
        read(plan, String::new()).unwrap().seats.iter().map(|seat| seat.attributes.iter().collect()).collect();
    assert_eq!(of, [vec![Wheelchair], vec![Companion], vec![RestrictedView]]);
}

#[test]
fn pretix_more_seats_than_a_date_may_have_are_refused() {
    let numbers: Vec<String> = (0..100_001).map(|number| number.to_string()).collect();
    let seats: Vec<(&str, &str)> = numbers.iter().map(|number| (number.as_str(), number.as_str())).collect();
    let (half, rest) = seats.split_at(50_000);
    let plan = layout(json!([zone("Feld", json!([row("A", half), row("B", rest)]))]));
    assert!(wrong(&plan).1.contains("has more than 100000 seats"));
}
