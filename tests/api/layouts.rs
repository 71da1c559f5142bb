//! Layouts as venues have them: read before anything is saved, seats that are not on sale or have a meaning, and the
//! front, which staff correct.

use super::best::{best, seats};
use crate::support::{TestApp, invariants};
use serde_json::{Value, json};

/// A hall with the only date 1 of this layout, and a concert 1.
fn hall(layout: Value) -> TestApp {
    let app = TestApp::empty(&["--max-active", "0"]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    app.staff("POST", "/concerts/1/schedules", date(layout)).must(201);
    app
}

fn date(layout: Value) -> Value {
    json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout })
}

/// Three rows of six on a plan whose stage is drawn below, so that row C is in front; the ends of row C are for
/// wheelchairs and companions, row A has a restricted view.
fn plan() -> Value {
    let seat = |row: &str, number: i64, y: i64| {
        let mut seat = json!({ "seat_guid": "", "seat_number": number, "position": { "x": 20 * number, "y": y },
                               "category": if row == "A" { "Billig (Sichtbehinderung)" } else { "Parkett" } });
        match (row, number) {
            ("C", 1) => seat["category"] = json!("Rollstuhl"),
            ("C", 2) => seat["companion"] = json!(true),
            _ => {}
        }
        seat
    };
    let row = |(nth, row): (usize, &str)| {
        let seats: Vec<Value> = (1..=6).map(|number| seat(row, number, 30 * nth as i64)).collect();
        json!({ "row_number": row, "seats": seats })
    };
    let rows: Vec<Value> = ["A", "B", "C"].into_iter().enumerate().map(row).collect();
    let stage = json!({ "shape": "rectangle", "position": { "x": 20, "y": 100 }, "color": "#aaa",
        "rectangle": { "width": 100, "height": 30 }, "text": { "text": "Bühne", "position": { "x": 50, "y": 15 } } });
    json!({
        "name": "Saal", "size": { "width": 200, "height": 200 },
        "categories": [{ "name": "Parkett" }, { "name": "Billig (Sichtbehinderung)" }, { "name": "Rollstuhl" }],
        "zones": [{ "name": "Saal", "position": { "x": 0, "y": 0 }, "rows": rows, "areas": [stage] }],
    })
}

fn planned(prices: Value) -> Value {
    json!({ "pretixPlan": plan(), "prices": prices })
}

fn all_priced() -> Value {
    planned(json!({ "Parkett": 30_000, "Rollstuhl": 10_000, "Billig (Sichtbehinderung)": 5_000 }))
}

#[test]
fn layout_preview_reads_a_file_without_prices_and_changes_nothing() {
    let app = TestApp::empty(&[]);
    let preview = |layout: Value| app.staff("POST", "/layouts/preview", json!({ "layout": layout }));
    let mut twice = plan();
    twice["categories"].as_array_mut().unwrap().push(json!({ "name": "Parkett" }));
    let seen =
        preview(json!({ "pretixPlan": { "id": 1, "name": "x", "layout": twice }, "prices": {} })).must(200).clone();
    assert_eq!(seen["front"], json!({ "x": 70.0, "y": 115.0 }), "the middle of the stage");
    assert_eq!(seen["shapes"][0]["text"]["text"], "Bühne");
    assert_eq!(seen["seats"][12]["attributes"], json!(["WHEELCHAIR"]));
    let names: Vec<Value> =
        seen["categories"].as_array().unwrap().iter().map(|one| json!([one["name"], one["seats"]])).collect();
    assert_eq!(json!(names), json!([["Billig (Sichtbehinderung)", 6], ["Parkett", 11], ["Rollstuhl", 1]]));
    assert_eq!(seen["remarks"].as_array().unwrap().len(), 1, "{}", seen["remarks"]);

    let table = "sep=;\r\nSection;Row;Seat;Price\r\nL;1;6;5000\r\nL;1;7;\r\n";
    let seen = preview(json!({ "table": table })).must(200).clone();
    assert_eq!((&seen["seats"][0]["seat"], &seen["seats"][1]["price"]), (&json!("1-6"), &Value::Null));
    let wrong = preview(json!({ "table": "label,price\nA,x\n" }));
    assert!(wrong.refused(400, "INVALID_REQUEST")["detail"].as_str().unwrap().contains("line 2, column 2 (price)"));
    let mut broken = plan();
    broken["zones"][0]["rows"][2]["seats"][1]["position"] = json!({ "x": "left", "y": 0 });
    let wrong = preview(json!({ "pretixPlan": broken, "prices": {} }));
    let detail = wrong.refused(400, "INVALID_REQUEST")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("zone Saal, row C, seat 2, must be a number"), "{detail}");
    assert_eq!(app.staff_get("/concerts").must(200)["concerts"], json!([]));
}

#[test]
fn category_without_a_price_is_not_on_sale_until_it_gets_one() {
    let app = hall(planned(json!({ "Parkett": 30_000, "Rollstuhl": null })));
    let dates = app.staff_get("/schedules/1").must(200).clone();
    assert_eq!(
        (&dates["seatsTotal"], &dates["seatsAvailable"], &dates["priceFrom"]),
        (&json!(18), &json!(11), &json!(30_000))
    );
    let map = app.customer().get("/schedules/1/seats").must(200).clone();
    assert_eq!((&map["seats"][0]["price"], &map["seats"][0]["status"]), (&Value::Null, &json!("BLOCKED")));
    let kim = app.buyer(100_000);
    kim.hold(1, &["A-1"]).refused(409, "SEAT_UNAVAILABLE");
    let open = app.staff("PUT", "/schedules/1/seats/A-1", json!({ "blocked": false }));
    assert_eq!(open.refused(409, "SEAT_UNAVAILABLE")["seats"], json!(["A-1"]));
    app.staff("PUT", "/schedules/1/seats/A-6", json!({ "blocked": true, "reason": "pillar" })).must(200);
    invariants::hold_in(&app.file());

    app.staff("PATCH", "/schedules/1", json!({ "prices": { "Billig (Sichtbehinderung)": 5_000 } })).must(200);
    let date = app.staff_get("/schedules/1").must(200).clone();
    assert_eq!(
        (&date["seatsAvailable"], &date["priceFrom"]),
        (&json!(16), &json!(5_000)),
        "all but A-6 and the wheelchair"
    );
    assert_eq!(kim.hold(1, &["A-1"]).must(201)["amount"], 5_000);
    invariants::hold_in(&app.file());
    let nothing = app.staff("POST", "/concerts/1/schedules", date_without_price());
    assert_eq!(nothing.refused(400, "INVALID_REQUEST")["pointer"], "/layout");
}

fn date_without_price() -> Value {
    let mut body = date(planned(json!({ "Parkett": null })));
    body["startsAt"] = json!("2100-01-02T10:00:00Z");
    body
}

#[test]
fn front_is_at_the_stage_of_the_plan_and_staff_correct_it_also_while_seats_are_held() {
    let app = hall(all_priced());
    let held = best(&app.customer(), json!({ "count": 2 }));
    assert_eq!(seats(&held), ["C-3", "C-4"], "row C is at the stage, although row A is listed first");
    let map = app.customer().get("/schedules/1/seats");
    assert_eq!(
        (&map.must(200)["front"], &map.body["shapes"][0]["points"][0]),
        (&json!({ "x": 70.0, "y": 115.0 }), &json!([20.0, 100.0]))
    );
    let changed = |front: Value| app.staff("PATCH", "/schedules/1", json!({ "front": front }));
    changed(json!({ "x": 70, "y": -40 })).must(200);
    let tag = app.customer().get("/schedules/1/seats");
    assert_eq!(tag.must(200)["front"], json!({ "x": 70.0, "y": -40.0 }));
    assert_ne!(tag.header("etag"), map.header("etag"));
    assert_eq!(seats(&best(&app.customer(), json!({ "count": 2 }))), ["B-3", "B-4"], "row A has a restricted view");
    changed(Value::Null).must(200);
    assert_eq!(app.staff_get("/schedules/1/seats").must(200)["front"], json!({ "x": 70.0, "y": 115.0 }));
    assert_eq!(changed(json!({ "x": 1 })).refused(400, "INVALID_REQUEST")["pointer"], "/front/y");
    let numbered = json!({ "numbered": { "count": 2, "price": 1 }, "front": { "x": 1, "y": 1 } });
    let refused = app.staff("POST", "/concerts/1/schedules", date(numbered));
    assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], "/layout/front");
}

#[test]
fn seats_with_a_meaning_are_shown_filtered_and_given_to_those_who_ask() {
    let app = hall(all_priced());
    let kim = app.buyer(1_000_000);
    let map = kim.get("/schedules/1/seats?attribute=WHEELCHAIR");
    let only = map.must(200)["seats"].as_array().unwrap().clone();
    assert_eq!((only.len(), &only[0]["seat"], &only[0]["attributes"]), (1, &json!("C-1"), &json!(["WHEELCHAIR"])));
    assert_eq!(map.body["seatsAvailable"], 18, "of the whole date");
    let all = kim.get("/schedules/1/seats");
    assert_ne!((all.must(200)["seats"].as_array().unwrap().len(), all.header("etag")), (1, map.header("etag")));
    assert_eq!(all.body["seats"][8].get("attributes"), None, "only where there are some");
    kim.get("/concerts/1/seats?date=2100-01-01&attribute=COMPANION").must(200);
    assert_eq!(kim.get("/schedules/1/seats?attribute=AISLE").refused(400, "INVALID_REQUEST")["pointer"], "?attribute");

    for (wanted, pointer) in [
        (json!({ "count": 1, "attributes": ["AISLE"] }), "/bestAvailable/attributes/0"),
        (json!({ "count": 1, "attributes": ["WHEELCHAIR", "COMPANION"] }), "/bestAvailable/attributes"),
        (json!({ "count": 1, "categories": ["Loge"] }), "/bestAvailable/categories/0"),
        (json!({ "count": 1, "priceMax": -1 }), "/bestAvailable/priceMax"),
    ] {
        assert_eq!(best(&kim, wanted).refused(400, "INVALID_REQUEST")["pointer"], pointer);
    }
    best(&kim, json!({ "count": 12 })).refused(409, "SEAT_LIMIT");
    let held = best(&kim, json!({ "count": 3, "attributes": ["WHEELCHAIR", "COMPANION"] }));
    assert_eq!(seats(&held), ["C-1", "C-2", "C-3"], "the user, the companion and a friend beside them");
    kim.pay(&held.body["reservationId"], held.body["amount"].as_i64().unwrap()).must(201);
    let paid =
        kim.get_by_key(&format!("/reservations/{}", held.body["reservationId"].as_str().unwrap())).must(200).clone();
    let ticket =
        |nth: usize| kim.get_by_key(&format!("/tickets/{}", paid["tickets"][nth]["ticketId"].as_str().unwrap()));
    assert_eq!(ticket(0).must(200)["attributes"], json!(["WHEELCHAIR"]));
    assert_eq!(ticket(2).must(200).get("attributes"), None);
    let lee = app.customer();
    best(&lee, json!({ "count": 1, "attributes": ["WHEELCHAIR"] })).refused(409, "SEAT_UNAVAILABLE");
    let cheap =
        best(&lee, json!({ "count": 2, "priceMax": 5_000, "attributes": ["RESTRICTED_VIEW", "RESTRICTED_VIEW"] }));
    assert_eq!(seats(&cheap), ["A-3", "A-4"]);
    best(&app.customer(), json!({ "count": 1, "priceMax": 5_000 })).refused(409, "SEAT_UNAVAILABLE");
    let in_parkett = best(&app.customer(), json!({ "count": 1, "categories": ["Parkett", "Rollstuhl"] }));
    assert_eq!(seats(&in_parkett), ["C-4"]);
}

#[test]
fn rows_of_sections_begin_anywhere_have_gaps_and_names_that_are_numbers() {
    let rows = json!([{ "row": 1.0, "count": 4, "from": 6, "without": [8], "attributes": { "WHEELCHAIR": [6, 10] } },
                      { "row": 2, "count": 2 }]);
    let app = hall(json!({ "sections": [{ "name": "R", "price": 1_000, "rows": rows }] }));
    let map = app.staff_get("/schedules/1/seats").must(200)["seats"].clone();
    let labels: Vec<&str> = map.as_array().unwrap().iter().map(|seat| seat["seat"].as_str().unwrap()).collect();
    assert_eq!(labels, ["1-6", "1-7", "1-9", "1-10", "2-1", "2-2"]);
    assert_eq!((&map[0]["attributes"], map[1].get("attributes")), (&json!(["WHEELCHAIR"]), None));
    assert_eq!(seats(&best(&app.customer(), json!({ "count": 1 }))), ["1-7"]);
    let wrong = |row: Value| {
        let layout = json!({ "sections": [{ "name": "R", "price": 1, "rows": [row] }] });
        let refused = app.staff("POST", "/concerts/1/schedules", date(layout));
        refused.refused(400, "INVALID_REQUEST")["pointer"].as_str().unwrap().replace("/layout/sections/0/rows/0", "")
    };
    assert_eq!(wrong(json!({ "row": "A", "count": 1, "from": -1 })), "/from");
    assert_eq!(wrong(json!({ "row": "A", "count": 1, "without": ["2"] })), "/without/0");
    assert_eq!(wrong(json!({ "row": "A", "count": 1, "attributes": { "AISLE": [1] } })), "/attributes/AISLE");
    assert_eq!(
        wrong(json!({ "row": "A", "count": 1, "attributes": { "WHEELCHAIR": [2] } })),
        "/attributes/WHEELCHAIR/0"
    );
    assert_eq!(wrong(json!({ "row": 1.5, "count": 1 })), "/row");
}
