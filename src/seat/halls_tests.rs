//! Halls as venues draw them, with the two seats that were judged the best on their maps.

use serde_json::{Value, json};

use super::*;
use crate::seat::layout;

const SPACING: f64 = 20.0;

/// A row of seats from `(x, y)` on, each a step further.
fn straight(name: &str, count: usize, (x, y): (f64, f64), (dx, dy): (f64, f64)) -> Value {
    let at = |nth: usize| (x + dx * nth as f64, y + dy * nth as f64);
    row(name, (0..count).map(at).collect())
}

/// A row on an arc around `centre`, from one angle to another, in degrees; 90 is below it.
fn arc(name: &str, count: usize, centre: (f64, f64), radius: f64, (from, to): (f64, f64)) -> Value {
    let at = |nth: usize| {
        let angle = (from + (to - from) * nth as f64 / (count - 1) as f64).to_radians();
        (centre.0 + radius * angle.cos(), centre.1 + radius * angle.sin())
    };
    row(name, (0..count).map(at).collect())
}

fn row(name: &str, places: Vec<(f64, f64)>) -> Value {
    let seat = |(nth, (x, y)): (usize, (f64, f64))| {
        let position = json!({ "x": x, "y": y });
        json!({ "seat_guid": "", "seat_number": (nth + 1).to_string(), "category": "A", "position": position })
    };
    json!({ "row_number": name, "seats": places.into_iter().enumerate().map(seat).collect::<Vec<_>>() })
}

fn zone(name: &str, rows: Vec<Value>) -> Value {
    json!({ "name": name, "position": { "x": 0, "y": 0 }, "rows": rows })
}

/// An area with a text, from a corner on.
fn area(text: &str, (x, y): (f64, f64), (width, height): (f64, f64)) -> Value {
    json!({ "shape": "rectangle", "rectangle": { "width": width, "height": height }, "position": { "x": x, "y": y },
            "text": { "text": text, "position": { "x": width / 2.0, "y": height / 2.0 } } })
}

/// The best two of a hall.
fn best_two(zones: Vec<Value>, areas: Vec<Value>, front: Value) -> Vec<String> {
    let mut zones = zones;
    zones[0]["areas"] = json!(areas);
    let plan = json!({ "name": "", "size": { "width": 1, "height": 1 }, "categories": [], "zones": zones });
    let layout = json!({ "pretixPlan": plan, "prices": { "A": 1 }, "front": front });
    let layout = layout::read(layout, String::new()).unwrap();
    let drawing = layout.drawing_with_front();
    let plan = Plan::of(layout.seats.into_iter().map(Seat::from).collect(), drawing);
    let free = vec![true; plan.seats.len()];
    let chosen = choose(plan.rows(), &free, |_| Some(ORDINARY), &need(2, &[]), None).unwrap();
    chosen.into_iter().map(|index| plan.seats[index].label.to_string()).collect()
}

/// Rows of twenty, the first given name at the top.
fn block(names: &[&str]) -> Vec<Value> {
    let row = |(nth, name): (usize, &&str)| straight(name, 20, (0.0, 30.0 * nth as f64), (SPACING, 0.0));
    names.iter().enumerate().map(row).collect()
}

#[test]
fn front_theatre_drawn_from_the_back_has_it_at_its_stage_not_at_the_row_that_is_listed_first() {
    let stage = |text| area(text, (100.0, 200.0), (200.0, 40.0));
    for text in ["Bühne", "STAGE", "무대", "ステージ", "Scène", "escenario", "palco", "舞台"] {
        let seats = best_two(vec![zone("Parkett", block(&["D", "C", "B", "A"]))], vec![stage(text)], Value::Null);
        assert_eq!(seats, ["A-10", "A-11"], "{text}");
    }
    // The rows are listed from the front, and the stage is where it is all the same.
    let seats = best_two(vec![zone("Parkett", block(&["A", "B", "C"]))], vec![stage("Bühne")], Value::Null);
    assert_eq!(seats, ["C-10", "C-11"]);
    let bar = area("Bar", (100.0, 200.0), (300.0, 90.0));
    assert_eq!(best_two(vec![zone("Parkett", block(&["A", "B"]))], vec![bar], Value::Null), ["A-10", "A-11"]);
}

#[test]
fn front_curved_rows_face_it_without_a_stage_in_the_plan() {
    let rows = |order: [usize; 5]| -> Vec<Value> {
        let names = ["1", "2", "3", "4", "5"];
        order.into_iter().map(|nth| arc(names[nth], 21, (0.0, 0.0), 200.0 + 30.0 * nth as f64, (40.0, 140.0))).collect()
    };
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]] {
        let seats = best_two(vec![zone("", rows(order))], vec![], Value::Null);
        assert!(seats == ["1-10", "1-11"] || seats == ["1-11", "1-12"], "{order:?}: {seats:?}");
    }
    // Gently, as many halls are, and facing down.
    let gentle = (0..5)
        .map(|nth| arc(["5", "4", "3", "2", "1"][nth], 20, (0.0, 900.0), 800.0 - 30.0 * nth as f64, (255.0, 285.0)));
    assert_eq!(best_two(vec![zone("", gentle.collect())], vec![], Value::Null), ["1-10", "1-11"]);
}

#[test]
fn front_of_an_amphitheatre_of_wedges_is_the_middle_wedge() {
    let wedge = |name: &str, from: f64, to: f64| {
        let row = |nth: usize| arc(["A", "B", "C"][nth], 10, (0.0, 0.0), 150.0 + 30.0 * nth as f64, (from, to));
        zone(name, (0..3).rev().map(row).collect())
    };
    let zones = vec![wedge("L", 10.0, 55.0), wedge("M", 65.0, 115.0), wedge("R", 125.0, 170.0)];
    let stage = area("Orchestra / Stage", (-60.0, -30.0), (120.0, 60.0));
    assert_eq!(best_two(zones, vec![stage], Value::Null), ["M-A-5", "M-A-6"]);
}

#[test]
fn front_of_a_fan_of_straight_blocks_is_the_middle_block() {
    let turned = |name: &str, degrees: f64| {
        let angle: f64 = f64::to_radians(degrees);
        let (across, away) = ((angle.cos(), angle.sin()), (-angle.sin(), angle.cos()));
        let row = |nth: usize| {
            let depth = 150.0 + 30.0 * nth as f64;
            let from = (away.0 * depth - across.0 * 4.5 * SPACING, away.1 * depth - across.1 * 4.5 * SPACING);
            straight(["A", "B", "C"][nth], 10, from, (across.0 * SPACING, across.1 * SPACING))
        };
        zone(name, (0..3).rev().map(row).collect())
    };
    let zones = vec![turned("R", -60.0), turned("M", 0.0), turned("L", 60.0)];
    assert_eq!(best_two(zones, vec![area("BÜHNE", (-50.0, -40.0), (100.0, 40.0))], Value::Null), ["M-A-5", "M-A-6"]);
}

#[test]
fn front_of_an_arena_is_all_around_the_stage_in_its_middle() {
    let side = |name: &str, (x, y): (f64, f64), (dx, dy): (f64, f64), (ox, oy): (f64, f64)| {
        let row = |nth: usize| {
            let nth_f = nth as f64;
            straight(["A", "B", "C"][nth], 12, (x + ox * nth_f, y + oy * nth_f), (dx, dy))
        };
        zone(name, (0..3).rev().map(row).collect())
    };
    let zones = vec![
        side("N", (-110.0, -200.0), (SPACING, 0.0), (0.0, -30.0)),
        side("S", (-110.0, 150.0), (SPACING, 0.0), (0.0, 30.0)),
        side("W", (-220.0, -110.0), (0.0, SPACING), (-30.0, 0.0)),
        side("O", (220.0, -110.0), (0.0, SPACING), (30.0, 0.0)),
    ];
    let stage = json!({ "shape": "circle", "circle": { "radius": 60 }, "position": { "x": 0, "y": 0 },
                        "text": { "text": "Stage", "position": { "x": 0, "y": 0 } } });
    assert_eq!(best_two(zones, vec![stage], Value::Null), ["S-A-6", "S-A-7"], "the nearest of four sides");
}

#[test]
fn front_beside_the_rows_is_to_the_left_or_right_where_the_plan_is_turned() {
    let rows = |names: &[&str]| {
        let row = |(nth, name): (usize, &&str)| straight(name, 10, (30.0 * nth as f64, 0.0), (0.0, SPACING));
        vec![zone("", names.iter().enumerate().map(row).collect())]
    };
    let stage = |x: f64| vec![area("Stage", (x, 40.0), (40.0, 100.0))];
    assert_eq!(best_two(rows(&["A", "B", "C"]), stage(-80.0), Value::Null), ["A-5", "A-6"]);
    assert_eq!(best_two(rows(&["C", "B", "A"]), stage(120.0), Value::Null), ["A-5", "A-6"]);
    assert_eq!(best_two(rows(&["A", "B", "C"]), vec![], Value::Null), ["A-5", "A-6"], "the row that is listed first");
}

#[test]
fn front_of_an_opera_is_the_middle_of_the_stalls_although_boxes_stand_nearer_to_the_stage() {
    let stalls = block(&["1", "2", "3", "4", "5", "6"]);
    let boxes =
        |x: f64| (0..6).map(move |nth| straight(&format!("Loge {nth}"), 2, (x, 30.0 * f64::from(nth)), (0.0, 12.0)));
    let zones = vec![
        zone("Logen links", boxes(-60.0).collect()),
        zone("Logen rechts", boxes(440.0).collect()),
        zone("Parkett", stalls),
        zone(
            "Balkon",
            (0..2)
                .map(|nth| straight(["B1", "B2"][nth], 20, (0.0, 300.0 + 30.0 * nth as f64), (SPACING, 0.0)))
                .collect(),
        ),
    ];
    let areas =
        vec![area("Bühneneingang", (-100.0, -150.0), (50.0, 20.0)), area("Bühne", (50.0, -90.0), (280.0, 60.0))];
    let seats = best_two(zones, areas, Value::Null);
    assert_eq!(
        seats.iter().map(|seat| seat.rsplit('-').take(2).collect::<Vec<_>>()).collect::<Vec<_>>(),
        [["10", "1"], ["11", "1"]]
    );
}

/// Riethsporthalle Erfurt, as a club publishes it for pretix: stands on both sides of a court that the plan does not
/// draw, the northern ones listed from the back, every row from the left of its block. Before the program was asked,
/// the middle of block B's first rows and of block E's rows 6 to 9 was judged best: near the court, in its middle.
#[test]
fn front_of_a_sports_hall_is_the_court_between_its_stands_from_which_rows_are_counted() {
    let north = |x: f64, outer: [usize; 4], first: usize| {
        let counts = outer.into_iter().chain([20, 20, 20, 20, first]);
        let row = |(nth, count): (usize, usize)| {
            straight(&(14 - nth).to_string(), count, (x, 40.0 * nth as f64), (25.0, 0.0))
        };
        counts.enumerate().map(row).collect::<Vec<Value>>()
    };
    let south = |x: f64, front: usize, middle: usize, back: [usize; 2]| {
        let counts = [front, 19, 19, 12, 12].into_iter().chain([middle; 5]).chain(back);
        let row = |(nth, count): (usize, usize)| {
            straight(&(nth + 1).to_string(), count, (x, 600.0 + 40.0 * nth as f64), (25.0, 0.0))
        };
        counts.enumerate().map(row).collect::<Vec<Value>>()
    };
    let zones = vec![
        zone("D", north(0.0, [28, 25, 25, 25], 15)),
        zone("E", north(350.0, [28, 25, 25, 25], 10)),
        zone("F", north(700.0, [28, 24, 24, 24], 15)),
        zone("A", south(0.0, 20, 20, [25, 28])),
        zone("B", south(350.0, 19, 16, [17, 20])),
        zone("C", south(700.0, 19, 20, [24, 28])),
    ];
    assert_eq!(best_two(zones, vec![], Value::Null), ["B-1-8", "B-1-9"]);
}

#[test]
fn front_that_staff_point_at_counts_before_all_that_the_plan_says() {
    let stage = area("Bühne", (100.0, -80.0), (200.0, 40.0));
    let zones = vec![zone("Parkett", block(&["A", "B", "C"]))];
    assert_eq!(best_two(zones.clone(), vec![stage.clone()], Value::Null), ["A-10", "A-11"]);
    assert_eq!(best_two(zones.clone(), vec![stage.clone()], json!({ "x": 185, "y": 130 })), ["C-10", "C-11"]);
    // Far off the middle: the middle of the rows is where the stage is.
    assert_eq!(best_two(zones, vec![stage], json!({ "x": 65, "y": 130 })), ["C-4", "C-5"]);
}

/// Halls with the two seats that were judged the best on the map as the pages draw it: in the middle of the front row.
/// What is given was seen on the same map.
#[test]
fn best_two_of_halls_are_those_that_were_judged_best_on_their_maps() {
    let letters = ["A", "B", "C", "D", "E", "F", "G", "H", "I"];
    let at = |x: f64, count: usize| {
        let row = move |(nth, name): (usize, &&str)| straight(name, count, (x, 30.0 * nth as f64), (SPACING, 0.0));
        letters.iter().enumerate().map(row).collect::<Vec<Value>>()
    };
    let blocks = || vec![zone("Left", at(0.0, 8)), zone("Centre", at(200.0, 14)), zone("Right", at(520.0, 8))];
    let aisle = |(nth, name): (usize, &&str)| {
        let half = |x: f64| (0..6).map(move |seat| (x + SPACING * f64::from(seat), 30.0 * nth as f64));
        row(name, half(0.0).chain(half(180.0)).collect())
    };
    let growing = |(nth, name): (usize, &&str)| {
        let from = (-SPACING * nth as f64 + 10.0 * (nth % 2) as f64, 28.0 * nth as f64);
        straight(name, 10 + 2 * nth, from, (SPACING, 0.0))
    };
    let balcony = |nth: usize| arc(letters[nth], 28, (230.0, -300.0), 700.0 + 28.0 * nth as f64, (70.0, 110.0));
    let side = |name: &str, x: f64, step: f64| {
        let row = |nth: usize| straight(letters[nth], 8, (x + step * nth as f64, -60.0), (0.0, SPACING));
        zone(name, (0..4).map(row).collect())
    };
    let before = (0..5).map(|nth| straight(letters[nth], 12, (-110.0, 120.0 + 30.0 * nth as f64), (SPACING, 0.0)));
    let text = json!({ "shape": "text", "position": { "x": 190, "y": 230 },
                       "text": { "text": "Stage", "position": { "x": 0, "y": 0 } } });
    let halls = [
        (blocks(), vec![area("무대", (160.0, -90.0), (360.0, 50.0))], ["Centre-A-7", "Centre-A-8"]),
        (blocks(), vec![], ["Centre-A-7", "Centre-A-8"]),
        (
            vec![zone("", letters.iter().enumerate().map(aisle).collect())],
            vec![area("Altar", (100.0, -80.0), (100.0, 40.0))],
            ["A-5", "A-6"],
        ),
        (
            vec![zone("Saal", letters.iter().enumerate().map(growing).collect())],
            vec![area("STAGE", (0.0, -70.0), (200.0, 40.0))],
            ["A-5", "A-6"],
        ),
        (
            vec![zone("1층", at(0.0, 24)), zone("2층", (0..6).map(balcony).collect())],
            vec![area("무 대", (130.0, -90.0), (220.0, 50.0))],
            ["1층-A-12", "1층-A-13"],
        ),
        (
            vec![zone("Front", before.collect()), side("Left", -150.0, -30.0), side("Right", 150.0, 30.0)],
            vec![area("Stage", (-100.0, -120.0), (200.0, 200.0))],
            ["Front-A-6", "Front-A-7"],
        ),
        (vec![zone("Hall", block(&["F", "E", "D", "C", "B", "A"]))], vec![text], ["A-10", "A-11"]),
    ];
    for (zones, areas, judged_best) in halls {
        assert_eq!(best_two(zones, areas, Value::Null), judged_best);
    }
}

/// A concert hall as a ticket office drew it twice, a thousand seats, listed in no order and without its stage: rows
/// A to Z from the stage on, before them an AA. On its map, where the stage was drawn, AA's middle was judged best.
#[test]
fn front_is_where_rows_are_counted_from_although_one_is_called_aa() {
    let rows = |names: &str, top: f64| -> Vec<Value> {
        let row =
            |(nth, name): (usize, char)| straight(&name.to_string(), 33, (450.0, top + 25.0 * nth as f64), (23.0, 0.0));
        names.chars().enumerate().map(row).collect()
    };
    let first = vec![straight("AA", 27, (520.0, 550.0), (23.0, 0.0))];
    let listed = [rows("CBA", 472.0), first, rows("IHGFED", 322.0), rows("ZYXWVUTS", -200.0), rows("RQPONMLKJ", 42.0)];
    assert_eq!(best_two(vec![zone("", listed.concat())], vec![], Value::Null), ["AA-13", "AA-14"]);
}

/// An arena as the example of a seat map library has it: two long and two short stands around a court that says
/// nothing, every stand listed from its back. Judged best: the middle of a front row of a long side.
#[test]
fn front_of_an_arena_is_the_area_without_a_text_that_seats_stand_around() {
    let stand = |name: &str, names: &str, count: usize, from: (f64, f64), along: (f64, f64), behind: (f64, f64)| {
        let row = |(nth, name): (usize, char)| {
            let at = (from.0 + behind.0 * nth as f64, from.1 + behind.1 * nth as f64);
            straight(&name.to_string(), count, at, along)
        };
        zone(name, names.chars().enumerate().map(row).collect())
    };
    let zones = vec![
        stand("N", "ABCDEF", 13, (883.0, 481.0), (25.0, 0.0), (0.0, 25.0)),
        stand("O", "ABCDEF", 7, (1698.0, 764.0), (0.0, 25.0), (-25.0, 0.0)),
        stand("S", "LKJIHG", 13, (883.0, 1093.0), (25.0, 0.0), (0.0, 25.0)),
        stand("W", "GHIJKL", 7, (386.0, 925.0), (0.0, -25.0), (25.0, 0.0)),
    ];
    let court = |text| area(text, (612.0, 661.0), (847.0, 350.0));
    let pillar = || area("", (1000.0, 500.0), (10.0, 10.0));
    let best = best_two(zones.clone(), vec![pillar(), court("")], Value::Null);
    assert_eq!(best, ["N-F-7", "N-F-8"]);
    assert_eq!(best_two(zones, vec![area("Stage", (1030.0, 1300.0), (10.0, 10.0))], Value::Null), ["S-G-7", "S-G-8"]);
}

/// A stage that reaches into the hall, with rows before both of its long sides and at its head.
#[test]
fn front_of_a_hall_on_three_sides_of_its_stage_is_not_the_row_that_ends_beside_it() {
    let row = |name: &str, count: usize, from: (f64, f64), step: (f64, f64)| straight(name, count, from, step);
    let zones = vec![
        zone(
            "1",
            vec![
                row("A", 4, (118.0, 206.0), (0.0, 20.0)),
                row("B", 5, (93.0, 186.0), (0.0, 20.0)),
                row("C", 6, (68.0, 166.0), (0.0, 20.0)),
                row("D", 7, (43.0, 146.0), (0.0, 20.0)),
                row("E", 8, (18.0, 126.0), (0.0, 20.0)),
            ],
        ),
        zone(
            "2",
            vec![
                row("A", 7, (183.0, 160.0), (25.0, 0.0)),
                row("B", 7, (183.0, 140.0), (25.0, 0.0)),
                row("C", 9, (158.0, 120.0), (25.0, 0.0)),
                row("D", 9, (158.0, 100.0), (25.0, 0.0)),
            ],
        ),
        zone(
            "3",
            vec![
                row("A", 2, (190.0, 303.0), (25.0, 0.0)),
                row("B", 3, (165.0, 326.0), (25.0, 0.0)),
                row("C", 4, (140.0, 349.0), (25.0, 0.0)),
                row("D", 5, (115.0, 372.0), (25.0, 0.0)),
            ],
        ),
    ];
    assert_eq!(best_two(zones, vec![area("STAGE", (157.0, 193.0), (194.0, 88.0))], Value::Null), ["2-A-3", "2-A-4"]);
}

#[test]
fn rows_numbered_from_the_right_or_in_odd_and_even_halves_are_side_by_side_as_they_stand() {
    let from_the_right = straight("A", 10, (180.0, 0.0), (-SPACING, 0.0));
    assert_eq!(best_two(vec![zone("", vec![from_the_right])], vec![], Value::Null), ["A-5", "A-6"]);
    let place = |nth: usize| if nth.is_multiple_of(2) { 100.0 - 10.0 * nth as f64 } else { 110.0 + 10.0 * nth as f64 };
    let halves = row("A", (0..10).map(|nth| (place(nth), 0.0)).collect());
    assert_eq!(best_two(vec![zone("", vec![halves])], vec![], Value::Null), ["A-1", "A-2"]);
}

/// A row of seats of kinds: `w` wheelchair, `c` companion, `r` restricted view, `.` ordinary, `x` taken.
fn kinds(text: &str) -> Vec<Option<usize>> {
    text.chars().map(|kind| "wcr.".find(kind)).collect()
}

#[track_caller]
fn must_give(text: &str, need: Need, chosen: Option<&[usize]>) {
    let seats: Vec<Seat> = (1..=text.len() as i64).map(|number| seat("", "A", number, None)).collect();
    let kinds = kinds(text);
    let rows = Rows::of(&seats, None);
    let free: Vec<bool> = kinds.iter().map(Option::is_some).collect();
    assert_eq!(choose(&rows, &free, |index| kinds[index], &need, None).as_deref(), chosen, "{text}");
}

#[test]
fn best_available_gives_seats_with_attributes_to_those_who_ask_and_to_nobody_else() {
    must_give("..wc..", [0, 0, 0, 2], Some(&[0, 1]));
    must_give("wcwc", [0, 0, 0, 1], None);
    must_give("rr..", [0, 0, 0, 2], Some(&[2, 3]));
    must_give("rr..", [0, 0, 2, 0], Some(&[0, 1]));
    must_give("..wc..", [1, 1, 0, 0], Some(&[2, 3]));
    must_give("..cw..", [1, 1, 0, 1], Some(&[1, 2, 3]));
    must_give("..cw...", [1, 1, 0, 1], Some(&[2, 3, 4]));
    must_give("wwc...", [1, 1, 0, 0], Some(&[1, 2]));
    must_give("w....c", [1, 1, 0, 0], Some(&[0, 5]));
    must_give("wxxx.x.x.cx", [1, 0, 0, 2], Some(&[0, 4, 6]));
    must_give("w..", [1, 1, 0, 0], None);
}
