//! Visits: what ends them, and what lets them go on.

use crate::support::invariants::hold_in;
use crate::support::{PRICE, TestApp};
use serde_json::json;

/// A program that ends the visit with any payment leaves an own hold behind that nobody can pay for.
#[test]
fn visit_goes_on_while_an_own_hold_is_unpaid_whoever_pays_for_kept_seats() {
    let app = TestApp::with_seats(5, &["--hold-seconds=300", "--visit-seconds=100"]);
    let kim = app.buyer(3 * PRICE);
    let until = app.now().plus_ms(3_600_000).to_string();
    let keep = |seat: &str| {
        let wanted = json!({ "scheduleId": 1, "seats": [seat], "until": until, "customer": { "userId": kim.id } });
        app.staff("POST", "/reservations", wanted).must(201)["reservationId"].clone()
    };
    let (first, second) = (keep("1"), keep("2"));
    let own = kim.hold(1, &["3"]).must(201).clone();
    assert_eq!(kim.pay(&first, PRICE).must(201)["tokenStatus"], "ACTIVE");
    hold_in(&app.file());
    app.advance_ms(100_000);
    let visit = kim.poll().must(200).clone();
    assert_eq!((&visit["status"], &visit["expiresAt"]), (&json!("ACTIVE"), &own["holdExpiresAt"]));
    assert_eq!(kim.pay(&own["reservationId"], PRICE).must(201)["tokenStatus"], "EXPIRED");
    hold_in(&app.file());
    // With nothing of their own left, what is kept ends the visit as anything else that is paid.
    let mut kim = kim;
    kim.line_up().must(201);
    assert_eq!(kim.pay(&second, PRICE).must(201)["tokenStatus"], "EXPIRED");
    assert_eq!(kim.poll().refused(401, "TOKEN_EXPIRED")["reason"], "PAID");
    hold_in(&app.file());
}
