//! Tickets made out anew: for who lost one, and for a friend who goes in its owner's place.

use crate::support::invariants::hold_in;
use crate::support::{Answer, Customer, PRICE, TestApp, basic};
use serde_json::{Value, json};

fn sold(app: &TestApp, seats: &[&str]) -> (Customer, Value) {
    let kim = app.buyer(PRICE * seats.len() as i64);
    let held = kim.hold(1, seats).must(201).clone();
    (kim.clone(), kim.pay(&held["reservationId"], PRICE * seats.len() as i64).must(201)["tickets"].clone())
}

fn reissue(kim: &Customer, ticket: &Value, body: Option<Value>) -> Answer {
    let path = format!("/api/v1/tickets/{}/reissue", ticket["ticketId"].as_str().unwrap());
    kim.client.call("POST", &path, &basic(&kim.id, &kim.key), body)
}

fn check_in(app: &TestApp, shown: Value) -> Answer {
    app.staff("POST", "/checkins", shown)
}

#[test]
fn ticket_handed_to_a_friend_opens_the_door_for_them_and_the_old_code_for_nobody() {
    let app = TestApp::with_seats(5, &[]);
    let (kim, tickets) = sold(&app, &["1", "2"]);
    let new = reissue(&kim, &tickets[0], Some(json!({ "holder": " Lee " }))).must(200).clone();
    assert_eq!(
        (&new["ticketId"], &new["holder"], &new["status"]),
        (&tickets[0]["ticketId"], &json!("Lee"), &json!("VALID"))
    );
    assert_ne!((&new["number"], &new["code"]), (&tickets[0]["number"], &tickets[0]["code"]));
    // Whoever stands at the counter with the old paper is found all the same.
    for number in [&tickets[0]["number"], &new["number"]] {
        let found = app.staff_get(&format!("/users?search={}", number.as_str().unwrap())).must(200)["users"].clone();
        assert_eq!(found[0]["userId"], json!(kim.id));
    }
    for old in [json!({ "code": tickets[0]["code"] }), json!({ "number": tickets[0]["number"] })] {
        assert_eq!(check_in(&app, old).refused(409, "TICKET_VOID")["ticketId"], new["ticketId"]);
    }
    let scan = json!({ "scanId": "01a22d32-bdab-7504-9863-b64a6b9fe22a", "code": tickets[0]["code"], "at": app.now().to_string() });
    let told = app.staff("POST", "/checkins/scans", json!({ "door": "East", "scans": [scan] })).must(200).clone();
    assert_eq!(told["conflicts"][0]["outcome"], "VOID", "somebody was let in with it where no network was");
    let list = app.staff_get("/schedules/1/door-list").text;
    let line = |number: &Value| list.lines().find(|line| line.contains(number.as_str().unwrap())).unwrap().to_owned();
    assert!(line(&tickets[0]["number"]).contains("VOID") && line(&new["number"]).contains("VALID"), "{list}");
    let entered = check_in(&app, json!({ "code": new["code"] })).must(200).clone();
    assert_eq!((&entered["holder"], &entered["userId"]), (&json!("Lee"), &json!(kim.id)));
    assert_eq!(check_in(&app, json!({ "code": tickets[1]["code"] })).must(200)["holder"], "Kim");
    reissue(&kim, &tickets[0], None).refused(409, "TICKET_CHECKED_IN");
    hold_in(&app.file());
}

#[test]
fn ticket_made_out_anew_is_its_owners_and_refunded_by_them_alone() {
    let app = TestApp::with_seats(5, &[]);
    let (kim, tickets) = sold(&app, &["1"]);
    let (lee, _) = sold(&app, &["2"]);
    reissue(&lee, &tickets[0], None).refused(404, "TICKET_NOT_FOUND");
    for (body, pointer) in [
        (json!({ "holder": "" }), "/holder"),
        (json!({ "holder": "x".repeat(81) }), "/holder"),
        (json!({ "to": "Lee" }), "/to"),
    ] {
        assert_eq!(reissue(&kim, &tickets[0], Some(body)).refused(400, "INVALID_REQUEST")["pointer"], pointer);
    }
    let given = reissue(&kim, &tickets[0], Some(json!({ "holder": "Lee" }))).must(200).clone();
    let path = format!("/tickets/{}/reissue", given["ticketId"].as_str().unwrap());
    let at_counter = app.staff("POST", &path, json!({})).must(200).clone();
    assert_eq!((&at_counter["holder"], &at_counter["userId"]), (&json!("Lee"), &json!(kim.id)), "still for the friend");
    check_in(&app, json!({ "code": given["code"] })).refused(409, "TICKET_VOID");
    let shown = kim.get_by_key(&format!("/tickets/{}", given["ticketId"].as_str().unwrap())).must(200).clone();
    assert_eq!(shown["code"], at_counter["code"]);
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    let told = events.as_array().unwrap().iter().rfind(|event| event["type"] == "TICKET_REISSUED").unwrap().clone();
    assert_eq!((&told["data"]["number"], told["data"].get("holder")), (&at_counter["number"], None), "names stay out");
    let refund = format!("/reservations/{}/refund", shown["reservationId"].as_str().unwrap());
    app.staff("POST", &refund, json!({})).must(200);
    check_in(&app, json!({ "code": at_counter["code"] })).refused(409, "TICKET_VOID");
    reissue(&kim, &tickets[0], None).refused(409, "TICKET_VOID");
    hold_in(&app.file());
}
