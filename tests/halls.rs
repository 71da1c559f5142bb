//! Halls from outside: seating plans and tables of seats, by HTTP and on the command line, and back.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

mod hall;

use hall::Hall;
use serde_json::{Value, json};

/// A plan of two zones whose rows share their names, with a standing area.
fn plan() -> Value {
    let seat = |zone: &str, row: &str, number: i64, category: &str| {
        json!({
            "seat_guid": format!("{zone}/{row}/{number}"),
            "seat_number": number.to_string(),
            "category": category,
            "position": { "x": 25.5 * number as f64, "y": 0 },
        })
    };
    let row = |zone: &str, name: &str, y: f64, category: &str| {
        let seats: Vec<Value> = (1..=4).map(|number| seat(zone, name, number, category)).collect();
        json!({ "row_number": name, "position": { "x": 0, "y": y }, "seats": seats })
    };
    let floor = json!({ "shape": "text", "text": { "text": "Floor", "position": { "x": 0, "y": 0 } } });
    json!({
        "name": "홀",
        "size": { "width": 400, "height": 300 },
        "categories": [{ "name": "R석" }, { "name": "S석" }],
        "zones": [
            { "name": "1층", "position": { "x": 10, "y": 20 }, "areas": [floor],
              "rows": [row("1", "A", 0.0, "R석"), row("1", "B", 30.25, "S석")] },
            { "name": "2층", "position": { "x": 10, "y": 200 }, "rows": [row("2", "A", 0.0, "S석")] },
        ],
    })
}

fn on_sale(layout: Value) -> Value {
    json!({ "startsAt": "2100-02-01T10:00:00Z", "layout": layout })
}

#[test]
fn a_seating_plan_becomes_a_date_whose_map_shows_where_each_seat_stands() {
    let hall = Hall::with_seats(1, &[]);
    let prices = json!({ "R석": 120_000, "S석": 90_000, "Floor": 60_000 });
    let layout = json!({ "pretixPlan": plan(), "prices": prices, "areas": { "Floor": 2 } });
    let date = hall.staff("POST", "/concerts/1/schedules", on_sale(layout)).must(201).clone();
    assert_eq!((&date["seatsTotal"], &date["priceFrom"]), (&json!(14), &json!(60_000)));
    let map = hall.customer().get("/schedules/3/seats").must(200)["seats"].clone();
    assert_eq!(
        map[5],
        json!({ "seat": "1층-B-2", "section": "1층", "row": "B", "number": "2", "price": 90_000, "status": "AVAILABLE",
                "mine": false, "category": "S석", "x": 61.0, "y": 50.25 })
    );
    assert_eq!((&map[13]["seat"], &map[13]["section"], map[13].get("x")), (&json!("Floor-2"), &json!("Floor"), None));
    assert_eq!(hall.customer().hold(3, &["2층-A-1", "Floor-1"]).must(201)["amount"], 150_000);
}

#[test]
fn a_plan_that_is_wrong_changes_nothing_and_is_told_where_in_both_languages() {
    let hall = Hall::with_seats(1, &[]);
    let layout = json!({ "pretixPlan": plan(), "prices": { "R석": 1 } });
    let refused = hall.staff("POST", "/concerts/1/schedules", on_sale(layout.clone()));
    assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], "/layout/pretixPlan/categories/1/name");
    let headers = [("authorization", &*hall::bearer(hall::STAFF_KEY)), ("accept-language", "ko")];
    let body = json!({ "layout": layout }).to_string();
    let told = hall.client.call_with("PATCH", "/api/v1/staff/schedules/1", &headers, Some(&body));
    assert!(told.refused(400, "INVALID_REQUEST")["detail"].as_str().unwrap().contains("'S석'의 가격"), "{}", told.text);
    assert_eq!(hall.staff_get("/concerts/1/schedules").must(200)["schedules"].as_array().unwrap().len(), 2);
    assert_eq!(hall.staff_get("/schedules/1").must(200)["seatsTotal"], 1);
}

#[test]
fn a_map_of_seats_can_be_given_to_another_date_one_by_one() {
    let hall = Hall::with_seats(1, &[]);
    let prices = json!({ "R석": 120_000, "S석": 90_000 });
    let layout = json!({ "pretixPlan": plan(), "prices": prices });
    hall.staff("POST", "/concerts/1/schedules", on_sale(layout)).must(201);
    let seats = hall.staff_get("/schedules/3/seats").must(200)["seats"].clone();
    let mut bare = seats.clone();
    for seat in bare.as_array_mut().unwrap() {
        seat.as_object_mut().unwrap().retain(|name, _| name != "status" && name != "mine");
    }
    hall.staff("PATCH", "/schedules/1", json!({ "layout": { "seats": bare } })).must(200);
    assert_eq!(hall.staff_get("/schedules/1/seats").must(200)["seats"], seats);
}
