//! Evenings of a venue from the booking to the door, where no test of one feature tells the whole of it.

use crate::support::invariants::hold_in;
use crate::support::{Customer, TestApp};
use serde_json::{Value, json};

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn seen(kim: &Customer, reservation: &Value) -> Value {
    kim.get_by_key(&format!("/reservations/{}", text(&reservation["reservationId"]))).must(200).clone()
}

/// A class of 27 with two teachers: half the price for pupils, nothing for the teachers, and one pupil who cannot come.
#[test]
fn story_class_of_27_with_two_teachers_free_books_at_once_and_goes_in() {
    let app = TestApp::with_seats(4, &["--time-zone=UTC", "--seats-per-user=4"]);
    let rows: Vec<Value> = (1..=4).map(|row| json!({ "row": row.to_string(), "count": 10 })).collect();
    let tariffs = json!([{ "name": "Pupil", "percent": 50, "note": "A class" }, { "name": "Teacher", "amount": 0 }]);
    let layout = json!({ "sections": [{ "name": "Hall", "price": 20_000, "rows": rows }] });
    let date =
        json!({ "startsAt": "2100-01-01T20:00:00Z", "layout": layout, "refundUntilHours": 0, "tariffs": tariffs });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    let teacher = app.buyer(270_000);
    let mut kinds = vec!["Pupil"; 27];
    kinds.extend(["Teacher"; 2]);
    let best = json!({ "scheduleId": 3, "bestAvailable": { "count": 29, "tariffs": kinds } });
    teacher.post("/reservations", best.clone()).refused(409, "SEAT_LIMIT");
    app.staff("PATCH", &format!("/users/{}", teacher.id), json!({ "seatsPerUser": 29 })).must(200);
    let held = teacher.post("/reservations", best).must(201).clone();
    assert_eq!((held["seats"].as_array().unwrap().len(), &held["amount"]), (29, &json!(270_000)));
    // One pupil is ill before it is paid: one seat less, and the others keep theirs at what was agreed.
    let labels: Vec<&Value> = held["seats"].as_array().unwrap()[1..].iter().map(|seat| &seat["seat"]).collect();
    let path = format!("/reservations/{}", text(&held["reservationId"]));
    let changed = teacher.patch(&path, json!({ "seats": labels })).must(200).clone();
    assert_eq!((&changed["amount"], &changed["holdExpiresAt"]), (&json!(260_000), &held["holdExpiresAt"]));
    teacher.pay(&held["reservationId"], 260_000).must(201);
    let paid = seen(&teacher, &held);
    let of = |tariff: &str| {
        let tickets = paid["tickets"].as_array().unwrap().iter();
        let let_in = tickets.map(|ticket| app.staff("POST", "/checkins", json!({ "code": ticket["code"] })));
        let_in.filter(|answer| answer.must(200)["tariff"] == tariff).count()
    };
    assert_eq!(of("Pupil"), 26);
    let counts = app.staff_get("/schedules/3/checkins").must(200).clone();
    assert_eq!((&counts["expected"], &counts["in"]), (&json!(28), &json!(28)));
    let sales = app.staff_get("/schedules/3/sales").must(200)["tariffs"].clone();
    let rows = json!([{ "tariff": "Pupil", "sold": 26, "revenue": 260_000 }, { "tariff": "Teacher", "sold": 2, "revenue": 0 }]);
    assert_eq!(sales, rows);
    assert_eq!(teacher.balance(), 10_000);
    hold_in(&app.file());
}

/// Somebody in a wheelchair with a companion who pays nothing: seats that nobody else is given, a friend who goes along
/// in the companion's place, and another evening seat after an exchange.
#[test]
fn story_wheelchair_user_and_companion_sit_together_and_the_door_knows() {
    let app = TestApp::with_seats(4, &["--time-zone=UTC", "--seats-per-user=4"]);
    let row = |name: &str, attributes: Value| json!({ "row": name, "count": 6, "attributes": attributes });
    let attributes = json!({ "WHEELCHAIR": [1, 6], "COMPANION": [2, 5] });
    let rows = json!([row("A", attributes), row("B", json!({}))]);
    let date = json!({
        "startsAt": "2100-01-01T20:00:00Z", "refundUntilHours": 0, "tariffs": [{ "name": "Companion", "amount": 0 }],
        "layout": { "sections": [{ "name": "R", "price": 50_000, "rows": rows }] },
    });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    let (mut kim, lee) = (app.buyer(50_000), app.buyer(200_000));
    let best =
        |who: &Customer, best: Value| who.post("/reservations", json!({ "scheduleId": 3, "bestAvailable": best }));
    // Nobody gets those seats who did not ask for them, although they are in the first row.
    let others = best(&lee, json!({ "count": 4 })).must(201)["seats"].clone();
    assert!(others.as_array().unwrap().iter().all(|seat| seat["seat"].as_str().unwrap().contains("B-")), "{others}");
    let both = |tariffs: Value| json!({ "count": 2, "attributes": ["WHEELCHAIR", "COMPANION"], "tariffs": tariffs });
    let of = |attribute: &str| json!({ "tariff": "Companion", "attribute": attribute });
    let refused = |tariffs: Value| best(&kim, both(tariffs)).must(400)["pointer"].clone();
    assert_eq!(refused(json!(["Companion"])), "/bestAvailable/tariffs/0", "for which of the two?");
    assert_eq!(refused(json!([of("COMPANION"), of("COMPANION")])), "/bestAvailable/tariffs/1/tariff");
    assert_eq!(refused(json!([of("AISLE")])), "/bestAvailable/tariffs/0/attribute");
    assert_eq!(refused(json!([{ "tariff": "Companion" }])), "/bestAvailable/tariffs/0/attribute");
    let held = best(&kim, both(json!([of("COMPANION")]))).must(201).clone();
    let agreed = |seat: &Value| json!([seat["seat"], seat["price"], seat["tariff"]]);
    let agreed: Vec<Value> = held["seats"].as_array().unwrap().iter().map(agreed).collect();
    let expected = [json!(["A-1", 50_000, null]), json!(["A-2", 0, "Companion"])];
    assert_eq!(agreed, expected, "the seat beside the wheelchair is free, not the wheelchair's");
    let path = format!("/reservations/{}", text(&held["reservationId"]));
    kim.pay(&held["reservationId"], 50_000).must(201);
    let paid = seen(&kim, &held);
    let reissue = format!("/tickets/{}/reissue", text(&paid["tickets"][1]["ticketId"]));
    kim.line_up().must(201);
    kim.post(&reissue, json!({ "holder": "Park" })).must(200);
    // The other side of the hall: the pair goes on together, and the companion is still the friend.
    let wanted = json!({ "seats": ["A-6", { "seat": "A-5", "tariff": "Companion" }], "amount": 50_000 });
    let other = kim.post(&format!("{path}/exchange"), wanted).must(201).clone();
    let let_in =
        |at: usize| app.staff("POST", "/checkins", json!({ "code": other["tickets"][at]["code"] })).must(200).clone();
    let (companion, own) = (let_in(0), let_in(1)); // tickets are listed in layout order
    assert_eq!((&own["seat"], &own["attributes"]), (&json!("A-6"), &json!(["WHEELCHAIR"])));
    assert_eq!((&companion["tariff"], &companion["attributes"]), (&json!("Companion"), &json!(["COMPANION"])));
    assert_eq!((&own["holder"], &companion["holder"]), (&json!("Kim"), &json!("Park")));
    hold_in(&app.file());
}
