//! The dialect of a course in front of the API: the five flows in each shipped table and in one of a teacher's
//! own, what is wrong in a table, and users by whole numbers.

use std::path::Path;

use boxoffice::app::App;
use serde_json::{Value, json};

use crate::support::{Answer, PRICE, TestApp, settings, together};

const DATE: &str = "2100-01-01";

/// A client that knows the course alone.
struct Student<'a> {
    app: &'a TestApp,
    /// The header fields of each call: its token.
    headers: Vec<(&'static str, String)>,
}

impl Student<'_> {
    fn of(app: &TestApp) -> Student<'_> {
        Student { app, headers: Vec::new() }
    }

    fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = (!body.is_null()).then(|| body.to_string());
        self.app.client.call_with(method, path, &headers, body.as_deref())
    }

    fn get(&self, path: &str) -> Value {
        self.call("GET", path, Value::Null).must(200).clone()
    }
}

fn refusal_of_start(table: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("table.json");
    std::fs::write(&file, table.to_string()).unwrap();
    refusal_of_file(&file)
}

fn refusal_of_file(file: &Path) -> String {
    let database = file.with_extension("db");
    let settings = settings(&["--course", file.to_str().unwrap()]);
    let opened = App::open(settings, &database, ([127, 0, 0, 1], 0).into(), || {});
    assert!(!database.exists(), "nothing is made before the table is sound");
    opened.err().unwrap().to_string()
}

#[test]
fn course_of_students_makes_the_five_flows_with_numbers_and_a_queue_token() {
    let app = TestApp::with_seats(50, &["--course", "students"]);
    for (user, prefix) in [(1, ""), (2, "/api"), (3, "/api/v1")] {
        let mut kim = Student::of(&app);
        let issued = kim.call("POST", &format!("{prefix}/queue/tokens"), json!({ "userId": user })).must(201).clone();
        assert_eq!((&issued["userId"], &issued["status"]), (&json!(user), &json!("ACTIVE")));
        kim.headers.push(("queue-token", issued["token"].as_str().unwrap().to_owned()));
        assert_eq!(kim.get(&format!("{prefix}/queue/token"))["position"], 0);
        let dates = kim.get(&format!("{prefix}/concerts/1/available-dates"));
        assert_eq!(dates["dates"], json!([DATE, "2100-01-02"]));
        let seats = kim.get(&format!("{prefix}/concerts/1/seats?date={DATE}"));
        let free = seats["availableSeats"].as_array().unwrap();
        assert_eq!((free.len(), &free[0]), (51 - user, &json!(user)), "numbers, without those of the others");
        assert_eq!(seats["seats"][0]["price"], PRICE);
        let body = json!({ "userId": user, "concertId": 1, "date": DATE, "seatNumber": user });
        let held = kim.call("POST", &format!("{prefix}/reservations"), body).must(201).clone();
        assert_eq!((&held["seatNumber"], &held["price"], &held["userId"]), (&json!(user), &json!(PRICE), &json!(user)));
        let pay = || {
            let body = json!({ "userId": user, "reservationId": held["reservationId"] });
            kim.call("POST", &format!("{prefix}/payments"), body)
        };
        let charge = json!({ "userId": user, "amount": PRICE + 7 });
        let charged = kim.call("PATCH", &format!("{prefix}/points/charge"), charge).must(200).clone();
        assert_eq!(charged, json!({ "userId": user, "balance": PRICE + 7 }));
        assert_eq!(kim.get(&format!("{prefix}/points?userId={user}")), charged);
        let paid = pay().must(201).clone();
        assert_eq!(
            (&paid["status"], &paid["balance"], &paid["amount"]),
            (&json!("COMPLETED"), &json!(7), &json!(PRICE))
        );
        kim.call("GET", &format!("{prefix}/queue/token"), Value::Null).refused(401, "TOKEN_EXPIRED");
        let spent = kim.get(&format!("{prefix}/points/histories?userId={user}"))["histories"].clone();
        assert_eq!((&spent[0]["type"], &spent[1]["type"]), (&json!("USE"), &json!("CHARGE")));
    }
    app.client.call("GET", "/api/v1/concerts", "", None).must(200); // the API is there as well
    let buyer = app.buyer(PRICE);
    let held = buyer.hold(1, &["20"]).must(201).clone();
    buyer.pay(&held["reservationId"], PRICE).must(201);
}

#[test]
fn course_of_diagrams_makes_the_five_flows_with_the_token_in_authorization() {
    let app = TestApp::with_seats(3, &["--course", "diagrams", "--max-active", "1"]);
    let mut kim = Student::of(&app);
    let issued = kim.call("POST", "/token", json!({ "userId": 7 })).must(201).clone();
    kim.headers.push(("authorization", format!("Bearer {}", issued["token"].as_str().unwrap())));
    let waiting = Student::of(&app).call("POST", "/token", json!({ "userId": 8 }));
    assert_eq!((&waiting.must(201)["waitingNumber"], &waiting.body["state"]), (&json!(1), &json!("WAITING")));
    assert!(waiting.header("retry-after").is_some(), "when to ask again");
    assert_eq!(kim.get("/token")["state"], "ACTIVE");
    assert_eq!(kim.get("/dates?concertId=1")["dates"][0], DATE);
    let seats = kim.get(&format!("/seats?concertId=1&date={DATE}"));
    assert_eq!(seats["seats"][2], json!({ "seatNumber": 3, "price": PRICE }));
    let wanted = json!({ "concertId": 1, "date": DATE, "seatNumber": 3 });
    let held = kim.call("POST", "/seats/reserve", wanted.clone()).must(201).clone();
    kim.call("POST", "/seats/reserve", wanted).refused(409, "RESERVATION_PENDING");
    let pay = || kim.call("POST", "/payment", json!({ "reservationId": held["reservationId"] }));
    assert_eq!(kim.call("POST", "/balance", json!({ "userId": 7, "amount": PRICE })).must(201)["balance"], PRICE);
    assert_eq!(kim.get("/balance/7"), json!({ "userId": 7, "balance": PRICE }));
    let paid = pay();
    assert_eq!((&paid.must(201)["state"], &paid.body["balance"]), (&json!("PAID"), &json!(0)));
}

#[test]
fn course_payment_whose_answer_is_lost_is_answered_again_under_its_idempotency_key() {
    let app = TestApp::with_seats(3, &["--course", "students"]);
    let mut kim = Student::of(&app);
    let token = kim.call("POST", "/token", json!({ "userId": 1 })).must(201)["token"].as_str().unwrap().to_owned();
    kim.headers = vec![("queue-token", format!("Bearer {token}")), ("idempotency-key", "pay".into())];
    let held = kim.call("POST", "/reservations", json!({ "scheduleId": "1", "seatId": 2 })).must(201).clone();
    kim.headers[1].1 = "charge".into();
    kim.call("POST", "/users/1/points/charge", json!({ "amount": PRICE })).must(200);
    kim.headers[1].1 = "pay-1".into();
    let rules = json!([{ "method": "POST", "path": "/payments", "fault": "STATUS", "status": 503, "times": 1 }]);
    app.staff("PUT", "/test/faults", json!({ "rules": rules })).must(200);
    let pay = || kim.call("POST", "/payments", json!({ "reservationId": held["reservationId"] }));
    pay().refused(503, "OVERLOADED"); // faults meet the calls of a course by their own paths
    let (first, again) = (pay(), pay());
    assert_eq!(first.must(201), again.must(201));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
    let asked = app.staff_get("/test/requests?path=/payments").must(200)["requests"].clone();
    assert_eq!((asked.as_array().unwrap().len(), &asked[2]["replayed"]), (3, &json!(true)));
}

#[test]
fn course_user_of_a_number_is_the_same_after_a_restart_and_a_reset() {
    let mut app = TestApp::with_seats(3, &["--course", "students"]);
    app.reopen(); // the start of resets is a venue with dates
    let charge = |app: &TestApp| {
        let kim = Student::of(app);
        kim.call("POST", "/points/charge", json!({ "userId": 42, "amount": 5 })).must(200)["balance"].clone()
    };
    let id = |app: &TestApp| app.staff_get("/users?name=User%2042").must(200)["users"][0]["userId"].clone();
    assert_eq!((charge(&app), charge(&app)), (json!(5), json!(10)));
    assert_eq!(id(&app), "00000000-0000-8000-8000-000000000042");
    app.staff("POST", "/test/reset", json!({})).must(200);
    assert_eq!((charge(&app), id(&app)), (json!(5), json!("00000000-0000-8000-8000-000000000042")));
    app.reopen();
    assert_eq!((charge(&app), id(&app)), (json!(10), json!("00000000-0000-8000-8000-000000000042")));
    // Many first calls at once make one user, who has all that they brought.
    together(vec![(); 8], |_, ()| {
        Student::of(&app).call("POST", "/points/charge", json!({ "userId": 9, "amount": 1 }))
    });
    assert_eq!(Student::of(&app).get("/points/9")["balance"], 8);
    for wrong in [json!(0), json!(-1), json!(1.5), json!("kim"), json!(1_000_000_000_000_i64)] {
        let refused = Student::of(&app).call("POST", "/token", json!({ "userId": wrong }));
        assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], "/userId");
    }
    Student::of(&app).call("POST", "/token", json!({})).refused(400, "INVALID_REQUEST");
    // A number opens nothing by the API itself.
    let guess = json!({ "userId": "00000000-0000-8000-8000-000000000042", "userKey": "42" });
    app.client.call("POST", "/api/v1/queue/tokens", "", Some(guess)).refused(401, "USER_KEY_INVALID");
}

#[test]
fn course_call_without_counterpart_says_why_and_pages_of_other_origins_may_send_its_token() {
    let app = TestApp::with_seats(1, &["--course", "students", "--allow-origin", "*"]);
    for (language, why) in [("en", "points are spent by paying"), ("ko", "예매를 결제할 때만")] {
        let refused = app.client.call_with("POST", "/api/points/use", &[("accept-language", language)], Some("{}"));
        refused.refused(404, "COURSE_UNMAPPED");
        assert!(refused.body["detail"].as_str().unwrap().contains(why), "{}", refused.text);
    }
    let page = app.client.call_with("GET", "/problems/course_unmapped", &[("accept", "text/html")], None);
    assert_eq!(page.status, 200);
    let preflight = |path: &str| {
        let origin = [("origin", "http://localhost:3000"), ("access-control-request-method", "POST")];
        app.client.call_with("OPTIONS", path, &origin, None)
    };
    let told = preflight("/reservations");
    assert_eq!(told.header("access-control-allow-methods"), Some("POST, OPTIONS"));
    assert!(told.header("access-control-allow-headers").unwrap().ends_with(", queue-token, user-id"), "{told:?}");
    assert_eq!(preflight("/api/v1/payments").header("access-control-allow-methods"), Some("POST, OPTIONS"));
    let wrong = app.client.call("DELETE", "/queue/token", "", None);
    wrong.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(wrong.header("allow"), Some("POST, GET, HEAD, OPTIONS"));
    app.client
        .call_with("POST", "/token", &[("content-type", "text/plain")], Some("{}"))
        .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    app.client.call_with("POST", "/token", &[], Some("{")).refused(400, "INVALID_JSON");
}

/// What a teacher writes: other paths, names and words, an envelope, and the number of the user in a header field.
fn own_table() -> Value {
    json!({
        "$schema": "course.schema.json",
        "about": "Lee's class",
        "token": "$header.X-Waiting",
        "prefixes": ["/shop"],
        "calls": [
            {
                "call": ["POST /enter"],
                "user": "$header.X-User",
                "steps": [{ "call": "POST /api/v1/queue/tokens", "body": { "userId": "$user", "userKey": "$userKey" } }],
                "status": 200,
                "answer": { "ok": true, "data": { "ticket": "$1.token", "who": "$1.userId|user",
                    "state": { "$of": "$1.status", "$words": { "ACTIVE": "IN", "WAITING": "OUT" } }, "late": "$1.drawNumber?" } }
            },
            {
                "call": ["GET /shows/{show}/days/{day}"],
                "steps": [{ "call": "GET /api/v1/concerts/$path.show/seats?date=$path.day" }],
                "answer": { "free": { "$each": "$1.seats", "$where": { "$item.status": "AVAILABLE" }, "$as": ["$item.seat", "$body.none"] } }
            },
            {
                "call": ["PUT /shows/{show}/days/{day}/chairs/{chair}"],
                "steps": [{ "call": "POST /api/v1/reservations",
                    "body": { "concertId": "$path.show|number", "date": "$path.day", "seats": ["$path.chair"] } }]
            },
            {
                "call": ["POST /wallet"],
                "token": "$body.ticket",
                "steps": [
                    { "call": "GET /api/v1/queue/token", "as": "token" },
                    { "call": "POST /api/v1/users/$1.userId/balance/top-ups", "body": { "amount": "$body.won or $query.won" } }
                ],
                "answer": { "ok": true, "data": "$2.balance" }
            },
            {
                "call": ["POST /buy"],
                "steps": [
                    { "call": "GET /api/v1/reservations", "as": "user" },
                    { "call": "POST /api/v1/payments",
                      "body": { "reservationId": "$1.reservations.0.reservationId", "amount": "$1.reservations.0.amount" } }
                ],
                "answer": { "ok": true, "data": "$2" }
            }
        ],
        "unmapped": { "DELETE /wallet": "Points stay." }
    })
}

#[test]
fn course_of_a_teacher_s_own_table_makes_the_five_flows_without_rust() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lee.json");
    std::fs::write(&file, own_table().to_string()).unwrap();
    let app = TestApp::with_seats(2, &["--course", file.to_str().unwrap()]);
    let mut kim = Student::of(&app);
    kim.headers.push(("x-user", "5".into()));
    let entered = kim.call("POST", "/shop/enter", Value::Null).must(200)["data"].clone();
    assert_eq!((&entered["who"], &entered["state"], entered.get("late")), (&json!(5), &json!("IN"), None));
    let ticket = entered["ticket"].as_str().unwrap().to_owned();
    kim.headers = vec![("x-waiting", ticket.clone())];
    let day = format!("/shop/shows/1/days/{DATE}");
    assert_eq!(kim.get(&day), json!({ "free": [["1", null], ["2", null]] }));
    let held = kim.call("PUT", &format!("{day}/chairs/2"), Value::Null).must(201).clone();
    assert_eq!(held["status"], "PENDING_PAYMENT", "without an answer of its own it is the API's");
    let top_up = |path: &str, body: Value| Student::of(&app).call("POST", path, body);
    let missing = top_up("/shop/wallet", json!({ "ticket": ticket }));
    assert_eq!(missing.refused(400, "INVALID_REQUEST")["pointer"], "/won");
    top_up("/shop/wallet", json!({ "ticket": ticket, "won": PRICE })).must(201);
    let twice = top_up("/shop/wallet?won=1", json!({ "ticket": ticket })).refused(400, "INVALID_REQUEST").clone();
    assert_eq!(twice["pointer"], "/amount", "a text of the query is no number, as the API says");
    let bought = kim.call("POST", "/shop/buy", Value::Null).must(201).clone();
    assert_eq!(bought["data"]["tickets"][0]["seat"], "2");
    let refused = kim.call("DELETE", "/shop/wallet", Value::Null);
    assert!(refused.refused(404, "COURSE_UNMAPPED")["detail"].as_str().unwrap().contains("Points stay."));
    kim.call("POST", "/enter", Value::Null).refused(404, "NOT_FOUND");
}

#[test]
fn course_tables_fit_their_schema() {
    let schema: Value = serde_json::from_str(boxoffice::course::SCHEMA).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let shipped = boxoffice::course::SHIPPED.map(|(_, text)| serde_json::from_str(text).unwrap());
    for table in shipped.into_iter().chain([own_table()]) {
        let faults: Vec<String> = schema.iter_errors(&table).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new());
    }
}

#[test]
fn course_table_with_a_fault_stops_the_start_with_its_place() {
    let with = |pointer: &str, value: Value| {
        let mut table = own_table();
        *table.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not there")) = value;
        table
    };
    for (pointer, value, place, fault) in [
        ("/about", json!(7), "/about", "must be an object"),
        ("/about", json!({ "en": "a" }), "/about/ko", "is missing"),
        ("/token", json!("X-Waiting"), "/token", "leads nowhere"),
        ("/token", json!("$header.Content-Length"), "/token", "leads nowhere"),
        ("/token", json!("$header.upstream"), "/token", "leads nowhere"),
        ("/prefixes", json!(["shop"]), "/prefixes/0", "must be empty, or begin with /"),
        ("/calls", json!([]), "/calls", "must be a list of 1 to"),
        ("/calls/0/call", json!(["/enter"]), "/calls/0/call/0", "must be a method and a path"),
        ("/calls/0/call", json!(["POST /a", "BREW /b"]), "/calls/0/call/1", "must be a method and a path"),
        ("/calls/0/call", json!(["POST /a?b=1"]), "/calls/0/call/0", "must have no query"),
        ("/calls/0/user", json!("$header"), "/calls/0/user", "leads nowhere"),
        ("/calls/0/status", json!(404), "/calls/0/status", "must be a whole number from 200 to 299"),
        ("/calls/0/steps", json!([]), "/calls/0/steps", "must be a list of 1 to"),
        ("/calls/0/steps/0/call", json!("POST /api/v1/token"), "/calls/0/steps/0/call", "is no call of the API"),
        ("/calls/0/steps/0/call", json!("GET /api/v1/staff/me"), "/calls/0/steps/0/call", "is no call of the API"),
        ("/calls/0/steps/0/call", json!("GET /healthz"), "/calls/0/steps/0/call", "is no call of the API"),
        ("/calls/0/steps/0/body/userId", json!("$users"), "/calls/0/steps/0/body/userId", "leads nowhere"),
        ("/calls/0/steps/0/body/userId", json!("$1.token"), "/calls/0/steps/0/body/userId", "leads nowhere"),
        ("/calls/0/answer/data/who", json!("$1.userId|upper"), "/calls/0/answer/data/who", "leads nowhere"),
        ("/calls/0/answer/data/who", json!("$2.userId"), "/calls/0/answer/data/who", "leads nowhere"),
        ("/calls/0/answer/data/who", json!("$item.userId"), "/calls/0/answer/data/who", "leads nowhere"),
        ("/calls/0/answer/data", json!({ "$map": 1 }), "/calls/0/answer/data/$map", "is not known here"),
        ("/calls/1/answer/free/$as", json!({ "a": "$path.chair" }), "/calls/1/answer/free/$as/a", "leads nowhere"),
        ("/calls/1/answer/free/$where", json!({ "item.a": 1 }), "/calls/1/answer/free/$where", "leads nowhere"),
        ("/calls/3/steps/0/call", json!("POST /api/v1/reservations"), "/calls/3/steps/1/call", "only the last may"),
        ("/calls/3/steps/0/as", json!("admin"), "/calls/3/steps/0/as", "must be token or user"),
        ("/unmapped", json!({ "wallet": "no" }), "/unmapped/wallet", "must be a method and a path"),
    ] {
        let said = refusal_of_start(&with(pointer, value));
        assert!(said.contains(&format!("table.json: {place}: ")) && said.contains(fault), "{place} {fault}: {said}");
        assert!(!said.contains('\n'), "{said}");
    }
    let mut table = own_table();
    table["calls"][0]["stpes"] = json!([]);
    assert!(refusal_of_start(&table).contains("/calls/0/stpes: is not known here"));
    let mut table = own_table();
    table["prefixes"] = json!(["/shop", "/api/v1"]);
    table["calls"][0]["call"] = json!(["POST /queue/tokens"]);
    let said = refusal_of_start(&table);
    assert!(said.contains("/calls/0/call/0: is a call of the API too (POST /api/v1/queue/tokens)"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("table.json");
    let said = refusal_of_file(&file);
    assert!(said.contains("give students, diagrams, or a file"), "{said}");
    std::fs::write(&file, "{\n \"about\": ,\n}").unwrap();
    assert!(refusal_of_file(&file).contains("line 2"));
}

#[test]
fn course_is_refused_on_a_server_that_keeps_what_people_do() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let settings = boxoffice::settings::Settings { test_clock: None, ..settings(&["--course", "students"]) };
    let said = App::open(settings, &database, ([127, 0, 0, 1], 0).into(), || {}).err().unwrap().to_string();
    assert!(said.contains("--course") && said.contains("--ephemeral") && !database.exists(), "{said}");
}
