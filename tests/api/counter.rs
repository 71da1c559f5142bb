//! The counter: seats sold for money and for nothing, kept for somebody, and given back; the day's till.

use crate::support::invariants::{hold_in, number};
use crate::support::{Answer, Client, Customer, PRICE, TestApp, bearer, together};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

/// Somebody at the counter.
#[derive(Clone)]
struct Counter {
    key: String,
    client: Client,
}

impl Counter {
    fn new(app: &TestApp, name: &str) -> Counter {
        let made = app.staff("POST", "/keys", json!({ "name": name, "role": "counter" })).must(201).clone();
        Counter { key: made["key"].as_str().unwrap().to_owned(), client: app.client.clone() }
    }

    fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = (!matches!(method, "GET" | "DELETE")).then_some(body);
        self.client.call(method, &format!("/api/v1/staff{path}"), &bearer(&self.key), body)
    }

    fn sell(&self, body: Value) -> Answer {
        self.call("POST", "/sales", body)
    }

    fn sell_once(&self, key: &str, body: &Value) -> Answer {
        let headers = [("authorization", &*bearer(&self.key)), ("idempotency-key", key)];
        self.client.call_with("POST", "/api/v1/staff/sales", &headers, Some(&body.to_string()))
    }

    fn refund(&self, reservation: &Value) -> Answer {
        self.call("POST", &format!("/reservations/{}/refund", reservation.as_str().unwrap()), json!({}))
    }

    /// The tills of the day: whose, how, how many sales, and what is there.
    fn tills(&self, app: &TestApp) -> Vec<(String, String, i64, i64)> {
        let today = app.now().to_string();
        let tills = self.call("GET", &format!("/till?date={}", &today[..10]), Value::Null).must(200)["tills"].clone();
        let text = |till: &Value, name: &str| till[name].as_str().unwrap().to_owned();
        let number = |till: &Value, name: &str| till[name].as_i64().unwrap();
        let row =
            |till: &Value| (text(till, "name"), text(till, "method"), number(till, "sales"), number(till, "total"));
        tills.as_array().unwrap().iter().map(row).collect()
    }
}

fn till(name: &str, method: &str, sales: i64, total: i64) -> (String, String, i64, i64) {
    (name.into(), method.into(), sales, total)
}

/// One date of `seats` seats in a venue whose days are those of UTC.
fn opened(seats: i64, flags: &[&str]) -> (TestApp, Counter) {
    let app = TestApp::with_seats(seats, &[&["--time-zone=UTC"], flags].concat());
    let counter = Counter::new(&app, "Counter 1");
    (app, counter)
}

fn staff_balance(app: &TestApp, user: &Value) -> i64 {
    app.staff_get(&format!("/users/{}", user.as_str().unwrap())).must(200)["balance"].as_i64().unwrap()
}

fn status_of(app: &TestApp, reservation: &Value) -> Value {
    app.staff_get(&format!("/reservations/{}", reservation.as_str().unwrap())).must(200)["status"].clone()
}

#[test]
fn counter_a_walk_up_without_a_phone_buys_with_cash_and_goes_in() {
    let (app, counter) = opened(5, &["--max-active=1"]);
    app.customer(); // whoever is inside holds nobody up at the counter
    let wanted = json!({ "scheduleId": 1, "seats": ["1", "2"], "method": "CASH", "amount": 2 * PRICE });
    let answer = counter.sell_once("sale-1", &wanted);
    let sold = answer.must(201).clone();
    let at = format!("/api/v1/staff/reservations/{}", sold["reservationId"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(&*at));
    assert_eq!(
        (&sold["status"], &sold["amount"], &sold["atCounter"]),
        (&json!("CONFIRMED"), &json!(2 * PRICE), &json!(true))
    );
    assert_eq!((&sold["payment"]["method"], &sold["payment"]["status"]), (&json!("CASH"), &json!("COMPLETED")));
    assert_eq!(sold["tickets"].as_array().unwrap().len(), 2);
    let again = counter.sell_once("sale-1", &wanted);
    assert_eq!((again.header("idempotency-replayed"), &again.text), (Some("true"), &answer.text));
    let user = app.staff_get(&format!("/users/{}", sold["userId"].as_str().unwrap())).must(200).clone();
    assert_eq!((&user["name"], &user["balance"]), (&json!("Walk-up"), &json!(0)));
    let entered = counter.call("POST", "/checkins", json!({ "code": sold["tickets"][0]["code"] }));
    assert_eq!(entered.must(200)["holder"], "Walk-up");
    assert_eq!(counter.tills(&app), [till("Counter 1", "CASH", 1, 2 * PRICE)]);
    let sales = counter.call("GET", "/schedules/1/sales", Value::Null).must(200).clone();
    assert_eq!((&sales["sold"], &sales["revenue"]), (&json!(2), &json!(2 * PRICE)));
    let today = app.now().to_string();
    let day = app.staff_get(&format!("/ledger?date={}", &today[..10])).must(200).clone();
    let entry =
        |n: usize| ["kind", "amount", "balanceAfter", "method", "by"].map(|name| day["entries"][n][name].clone());
    assert_eq!(entry(0), [json!("TOP_UP"), json!(2 * PRICE), json!(2 * PRICE), json!("CASH"), json!("Counter 1")]);
    assert_eq!(entry(1), [json!("PAYMENT"), json!(-2 * PRICE), json!(0), Value::Null, json!("Counter 1")]);
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    let told = events.as_array().unwrap().iter().find(|event| event["type"] == "PAYMENT_COMPLETED").unwrap().clone();
    assert_eq!((&told["by"]["name"], &told["data"]["method"]), (&json!("Counter 1"), &json!("CASH")));
    hold_in(&app.file());
}

#[test]
fn counter_a_refund_gives_money_back_in_the_way_it_was_paid_from_the_till_of_who_gives_it() {
    let (app, counter) = opened(5, &[]);
    let other = Counter::new(&app, "Counter 2");
    for (seat, method) in [("1", "CASH"), ("2", "CARD"), ("3", "FREE")] {
        let sold = counter.sell(json!({ "scheduleId": 1, "seats": [seat], "method": method })).must(201).clone();
        let refunded = other.refund(&sold["reservationId"]).must(200).clone();
        assert_eq!((&refunded["status"], &refunded["payment"]["method"]), (&json!("REFUNDED"), &json!(method)));
        assert_eq!(staff_balance(&app, &sold["userId"]), 0);
        other.refund(&sold["reservationId"]).refused(409, "RESERVATION_NOT_CONFIRMED");
        counter.call("POST", "/checkins", json!({ "code": sold["tickets"][0]["code"] })).refused(409, "TICKET_VOID");
    }
    let paid = [till("Counter 2", "CARD", 0, -PRICE), till("Counter 2", "CASH", 0, -PRICE)];
    let taken =
        [till("Counter 1", "CARD", 1, PRICE), till("Counter 1", "CASH", 1, PRICE), till("Counter 1", "FREE", 1, 0)];
    assert_eq!(counter.tills(&app), [&taken[..], &paid[..]].concat());
    let sales = counter.call("GET", "/schedules/1/sales", Value::Null).must(200).clone();
    assert_eq!((&sales["sold"], &sales["free"], &sales["refunded"]), (&json!(0), &json!(5), &json!(2 * PRICE)));
    hold_in(&app.file());
}

#[test]
fn counter_a_cancelled_date_is_paid_back_in_cash_whoever_comes() {
    let (app, counter) = opened(5, &[]);
    let sold = counter.sell(json!({ "scheduleId": 1, "seats": ["1"], "method": "CASH" })).must(201).clone();
    let others = [("3", "CARD"), ("4", "FREE"), ("5", "CASH")].map(|(seat, method)| {
        counter.sell(json!({ "scheduleId": 1, "seats": [seat], "method": method })).must(201)["reservationId"].clone()
    });
    counter.refund(&others[2]).must(200); // paid out there and then
    app.advance_ms(1);
    let taken = |progress: &Value| (progress["paidInCash"].clone(), progress["paidByCard"].clone());
    let asked = app.staff_get("/schedules/1/cancellation").must(200).clone();
    assert_eq!(taken(&asked), (json!(PRICE), json!(PRICE)));
    app.staff("POST", "/schedules/1/cancellation", json!({}));
    app.advance_ms(1_000);
    assert_eq!(status_of(&app, &sold["reservationId"]), "REFUNDED");
    assert_eq!(taken(app.staff_get("/schedules/1/cancellation").must(200)), taken(&asked), "what is to be paid out");
    counter.sell(json!({ "scheduleId": 1, "seats": ["2"], "method": "CASH" })).refused(409, "SCHEDULE_CANCELLED");
    assert_eq!(staff_balance(&app, &sold["userId"]), PRICE, "nobody was there to be given money");
    let tills =
        |cash| [("CARD", 1, PRICE), ("CASH", 2, cash), ("FREE", 1, 0)].map(|(m, n, sum)| till("Counter 1", m, n, sum));
    assert_eq!(counter.tills(&app), tills(PRICE));
    let number = sold["tickets"][0]["number"].as_str().unwrap();
    let ticket = counter.call("GET", &format!("/tickets/{number}"), Value::Null).must(200).clone();
    let payouts = format!("/users/{}/balance/payouts", ticket["userId"].as_str().unwrap());
    let too_much = counter.call("POST", &payouts, json!({ "amount": PRICE + 1 }));
    assert_eq!(too_much.refused(409, "BALANCE_TOO_LOW")["balance"], PRICE);
    let paid = counter.call("POST", &payouts, json!({ "amount": PRICE })).must(201).clone();
    assert_eq!((&paid["balance"], &paid["method"]), (&json!(0), &json!("CASH")));
    assert_eq!(counter.tills(&app), tills(0));
    hold_in(&app.file());
}

#[test]
fn counter_a_guest_gets_the_blocked_seat_that_nobody_else_can_get() {
    let (app, counter) = opened(3, &[]);
    app.staff("PUT", "/schedules/1/seats/2", json!({ "blocked": true, "reason": "director" })).must(200);
    app.customer().hold(1, &["2"]).refused(409, "SEAT_UNAVAILABLE");
    let wanted = json!({ "scheduleId": 1, "seats": ["1", "2"], "method": "FREE", "customer": { "name": "Lee" }, "note": "press" });
    assert_eq!(counter.sell(wanted.clone()).refused(409, "SEAT_UNAVAILABLE")["seats"], json!(["2"]));
    let mut wanted = wanted;
    wanted["includeBlocked"] = true.into();
    let sold = counter.sell(wanted).must(201).clone();
    assert_eq!((&sold["amount"], &sold["note"], &sold["seats"][0]["price"]), (&json!(0), &json!("press"), &json!(0)));
    app.customer().hold(1, &["2"]).refused(409, "SEAT_UNAVAILABLE");
    let seats = counter.call("GET", "/schedules/1/seats", Value::Null).must(200)["seats"].clone();
    let holder =
        json!({ "userId": sold["userId"], "name": "Lee", "reservationId": sold["reservationId"], "heldUntil": null });
    assert_eq!((&seats[1]["holder"], seats[2].get("holder")), (&holder, None));
    let seen = app.customer().get("/schedules/1/seats").must(200)["seats"].clone();
    assert_eq!((&seen[1]["status"], seen[1].get("holder")), (&json!("SOLD"), None), "only staff see whose it is");
    let sales = counter.call("GET", "/schedules/1/sales", Value::Null).must(200).clone();
    let told = ["sold", "free", "blocked", "revenue"].map(|name| sales[name].as_i64().unwrap());
    assert_eq!(told, [2, 1, 0, 0]);
    assert_eq!(counter.tills(&app), [till("Counter 1", "FREE", 1, 0)]);
    let amount = json!({ "scheduleId": 1, "seats": ["3"], "method": "FREE", "amount": PRICE });
    assert_eq!(counter.sell(amount).refused(422, "AMOUNT_MISMATCH")["expected"], 0);
    hold_in(&app.file());
}

#[test]
fn counter_kept_seats_are_sold_to_exactly_them_or_free_again_by_themselves() {
    let (app, counter) = opened(5, &[]);
    let until = app.now().plus_ms(48 * HOUR_MS).to_string();
    let keep = |seat: &str, customer: Value| {
        let body =
            json!({ "scheduleId": 1, "seats": [seat], "until": until, "customer": customer, "note": "calls back" });
        counter.call("POST", "/reservations", body)
    };
    let (lee, han) = (keep("1", json!({ "name": "Lee" })), keep("2", json!({ "name": "Han" })));
    let (lee, han) = (lee.must(201).clone(), han.must(201).clone());
    assert_eq!((&lee["status"], &lee["holdExpiresAt"]), (&json!("PENDING_PAYMENT"), &json!(until)));
    let kim = app.buyer(4 * PRICE);
    kim.hold(1, &["1"]).refused(409, "SEAT_UNAVAILABLE");
    keep("1", json!({ "name": "Park" })).refused(409, "SEAT_UNAVAILABLE");
    hold_in(&app.file());
    // Kim may have a hold of their own beside what is kept for them, and leaving the line does not end that.
    let kept = keep("3", json!({ "userId": kim.id })).must(201).clone();
    let own = kim.hold(1, &["4"]).must(201).clone();
    kim.delete("/queue/token").must(204);
    assert_eq!(
        (status_of(&app, &own["reservationId"]), status_of(&app, &kept["reservationId"])),
        (json!("CANCELLED"), json!("PENDING_PAYMENT"))
    );
    let sale = |held: &Value, body| {
        counter.call("POST", &format!("/reservations/{}/sale", held["reservationId"].as_str().unwrap()), body)
    };
    sale(&lee, json!({ "method": "CASH", "amount": 1 })).refused(422, "AMOUNT_MISMATCH");
    let sold = sale(&lee, json!({ "method": "CARD", "amount": PRICE })).must(200).clone();
    assert_eq!((&sold["userId"], sold["tickets"].as_array().unwrap().len()), (&lee["userId"], 1));
    sale(&lee, json!({ "method": "CARD" })).refused(409, "ALREADY_PAID");
    // Whoever has a token may pay for what is kept with points.
    let mut kim = kim;
    kim.line_up().must(201);
    kim.pay(&kept["reservationId"], PRICE).must(201);
    app.advance_ms(48 * HOUR_MS as u64 - 1);
    assert_eq!(status_of(&app, &han["reservationId"]), "PENDING_PAYMENT");
    app.advance_ms(1);
    assert_eq!(status_of(&app, &han["reservationId"]), "EXPIRED");
    sale(&han, json!({ "method": "CASH" })).refused(409, "HOLD_EXPIRED");
    app.customer().hold(1, &["2"]).must(201);
    hold_in(&app.file());
}

#[test]
fn counter_staff_give_anybodys_unpaid_seats_free() {
    let (app, counter) = opened(3, &[]);
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["1"]).must(201).clone();
    let one = format!("/reservations/{}", held["reservationId"].as_str().unwrap());
    assert_eq!(counter.call("DELETE", &one, Value::Null).must(200)["status"], "CANCELLED");
    counter.call("DELETE", &one, Value::Null).refused(409, "RESERVATION_NOT_PENDING");
    app.customer().hold(1, &["1"]).must(201);
    hold_in(&app.file());
}

/// What a customer holds on the web may be paid in cash; the visit goes on, and ends at its own time.
#[test]
fn counter_takes_cash_for_a_hold_of_the_web_and_the_visit_goes_on() {
    let (app, counter) = opened(3, &["--visit-seconds=100", "--hold-seconds=300"]);
    let kim = app.customer();
    let held = kim.hold(1, &["1"]).must(201).clone();
    let sale = format!("/reservations/{}/sale", held["reservationId"].as_str().unwrap());
    counter.call("POST", &sale, json!({ "method": "CASH" })).must(200);
    kim.hold(1, &["2"]).must(201);
    kim.delete("/queue/token").must(204);
    let lee = app.customer();
    let held = lee.hold(1, &["3"]).must(201).clone();
    let sale = format!("/reservations/{}/sale", held["reservationId"].as_str().unwrap());
    counter.call("POST", &sale, json!({ "method": "CASH" })).must(200);
    app.advance_ms(100_000);
    assert_eq!(lee.poll().refused(401, "TOKEN_EXPIRED")["reason"], "TIMED_OUT");
    hold_in(&app.file());
}

#[test]
fn counter_sells_past_the_line_the_times_of_the_sale_and_the_limit_of_seats() {
    let (app, counter) = opened(40, &["--seats-per-user=2"]);
    let times = json!({ "saleOpensAt": "2090-01-01T00:00:00Z", "saleClosesAt": "2090-01-02T00:00:00Z" });
    app.staff("PATCH", "/schedules/1", times).must(200);
    app.staff("PATCH", "/queue", json!({ "paused": true })).must(200);
    let kim = app.user();
    let class: Vec<String> = (1..=27).map(|seat| seat.to_string()).collect();
    let wanted = json!({ "scheduleId": 1, "seats": class, "method": "CARD", "customer": { "userId": kim.id } });
    assert_eq!(counter.sell(wanted).must(201)["amount"], 27 * PRICE);
    let best = json!({ "concertId": 1, "date": "2100-01-01", "bestAvailable": { "count": 2 }, "method": "CASH" });
    let sold = counter.sell(best).must(201).clone();
    assert_eq!(sold["seats"].as_array().unwrap().len(), 2);
    let own = kim.get_by_key("/reservations").must(200)["reservations"].clone();
    assert_eq!((&own[0]["payment"]["method"], &own[0]["note"]), (&json!("CARD"), &Value::Null), "a note is for staff");
    hold_in(&app.file());
}

/// A user near the limit of balances may pay in cash: what comes in goes out at once.
#[test]
fn counter_sale_for_cash_does_not_touch_the_balance() {
    let (app, counter) = opened(3, &[]);
    let kim = app.user();
    let most = json!({ "amount": 1_000_000_000, "reason": "much" });
    app.staff("POST", &format!("/users/{}/balance/corrections", kim.id), most).must(201);
    let wanted = json!({ "scheduleId": 1, "seats": ["1"], "method": "CASH", "customer": { "userId": kim.id } });
    let sold = counter.sell(wanted).must(201).clone();
    assert_eq!(kim.balance(), 1_000_000_000);
    counter.refund(&sold["reservationId"]).must(200);
    assert_eq!(kim.balance(), 1_000_000_000);
    hold_in(&app.file());
}

#[test]
fn counter_what_is_refused_leaves_nothing_behind() {
    let (app, counter) = opened(3, &[]);
    let door = app.staff("POST", "/keys", json!({ "name": "Door", "role": "door" })).must(201)["key"].clone();
    let door = Counter { key: door.as_str().unwrap().to_owned(), ..counter.clone() };
    door.sell(json!({ "scheduleId": 1, "seats": ["1"], "method": "CASH" })).refused(403, "ROLE_NOT_ALLOWED");
    let count = |table: &str| number(&app.file(), &format!("SELECT count(*) FROM {table}"));
    let (users, events) = (count("user"), count("event"));
    app.customer().hold(2, &["1"]).must(201);
    let held_events = count("event");
    for (body, status, code) in [
        (json!({ "scheduleId": 1, "seats": ["1"] }), 400, "INVALID_REQUEST"),
        (json!({ "scheduleId": 1, "seats": ["1"], "method": "POINTS" }), 400, "INVALID_REQUEST"),
        (json!({ "scheduleId": 1, "method": "CASH" }), 400, "INVALID_REQUEST"),
        (
            json!({ "scheduleId": 1, "seats": ["1"], "method": "CASH", "customer": { "name": "" } }),
            400,
            "INVALID_REQUEST",
        ),
        (
            json!({ "scheduleId": 1, "seats": ["1"], "method": "CASH", "customer": { "userId": "01a204e3-f7b7-7f98-8410-11c1ae504284" } }),
            404,
            "USER_NOT_FOUND",
        ),
        (json!({ "scheduleId": 9, "seats": ["1"], "method": "CASH" }), 404, "SCHEDULE_NOT_FOUND"),
        (json!({ "scheduleId": 1, "seats": ["1", "9"], "method": "CASH" }), 404, "SEAT_NOT_FOUND"),
        (json!({ "scheduleId": 2, "seats": ["1", "2"], "method": "CASH" }), 409, "SEAT_UNAVAILABLE"),
        (json!({ "scheduleId": 2, "bestAvailable": { "count": 3 }, "method": "CASH" }), 409, "SEAT_UNAVAILABLE"),
        (json!({ "scheduleId": 1, "seats": ["1"], "method": "CASH", "amount": 1 }), 422, "AMOUNT_MISMATCH"),
    ] {
        counter.sell(body).refused(status, code);
    }
    let past = json!({ "scheduleId": 1, "seats": ["1"], "until": app.now().to_string() });
    assert_eq!(counter.call("POST", "/reservations", past).refused(400, "INVALID_REQUEST")["pointer"], "/until");
    assert_eq!((count("user"), count("event")), (users + 1, held_events));
    assert!(events < held_events);
    hold_in(&app.file());
}

#[test]
fn counter_points_are_sold_by_card_and_the_till_is_a_table_too() {
    let (app, counter) = opened(1, &[]);
    let kim = app.user();
    let top_ups = format!("/users/{}/balance/top-ups", kim.id);
    counter.call("POST", &top_ups, json!({ "amount": 700 })).must(201);
    counter.call("POST", &top_ups, json!({ "amount": 300, "method": "CARD" })).must(201);
    counter.call("POST", &top_ups, json!({ "amount": 300, "method": "FREE" })).refused(400, "INVALID_REQUEST");
    assert_eq!(counter.tills(&app), [till("Counter 1", "CARD", 0, 300), till("Counter 1", "CASH", 0, 700)]);
    let today = app.now().to_string();
    let headers = [("authorization", &*bearer(&counter.key)), ("accept", "text/csv")];
    let table = app.client.call_with("GET", &format!("/api/v1/staff/till?date={}", &today[..10]), &headers, None);
    assert_eq!(table.status, 200);
    let lines: Vec<&str> = table.text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[0], "name,method,sales,seatsReceived,pointsReceived,seatsPaidOut,pointsPaidOut,total");
    assert_eq!(lines[1], "Counter 1,CARD,0,0,300,0,0,300");
    counter.call("GET", "/till?date=2026-13-01", Value::Null).refused(400, "INVALID_REQUEST");
}

/// A program that looks whether seats are free before its transaction sells one at both counters, or to a counter and a
/// customer; one that keeps answers apart from their effects sells a seat twice under one key.
#[test]
fn race_of_two_counters_and_sixteen_customers_gives_each_seat_once() {
    let (app, first) = opened(24, &["--max-active=0"]);
    let second = Counter::new(&app, "Counter 2");
    let seats: Vec<String> = (1..=24).map(|seat| seat.to_string()).collect();
    enum Buyer {
        Counter(Counter),
        Customer(Customer),
    }
    let counters = [first.clone(), second.clone(), first.clone(), second].map(Buyer::Counter);
    let people = counters.into_iter().chain((0..16).map(|_| Buyer::Customer(app.buyer(2 * PRICE)))).collect();
    let sold: Vec<Vec<String>> = together(people, |n, person| {
        let mut got = Vec::new();
        for turn in 0..24 {
            let wanted = &seats[(turn * 7 + n * 5) % 24];
            match &person {
                Buyer::Counter(counter) => {
                    let body = json!({ "scheduleId": 1, "seats": [wanted], "method": "CASH", "amount": PRICE });
                    let key = format!("{n}-{turn}");
                    let (one, other) = (counter.sell_once(&key, &body), counter.sell_once(&key, &body));
                    assert_eq!((one.status, &one.text), (other.status, &other.text));
                    got.extend((one.status == 201).then(|| wanted.clone()));
                }
                Buyer::Customer(customer) if got.is_empty() => {
                    let held = customer.hold(1, &[wanted]);
                    if held.status == 201 {
                        customer.pay(&held.body["reservationId"], PRICE).must(201);
                        got.push(wanted.clone());
                    }
                }
                Buyer::Customer(_) => {}
            }
        }
        got
    });
    let mut all: Vec<String> = sold.concat();
    all.sort_by_key(|seat| seat.parse::<u32>().unwrap());
    assert_eq!(all, seats, "each seat once");
    let cash =
        24 - number(&app.file(), "SELECT count(*) FROM reservation WHERE status = 'CONFIRMED' AND method IS NULL");
    let total: i64 = first.tills(&app).iter().map(|(.., total)| total).sum();
    assert_eq!(total, cash * PRICE);
    assert_eq!(app.staff_get("/schedules/1/sales").must(200)["revenue"], 24 * PRICE);
    hold_in(&app.file());
}
