//! The OpenAPI document tells the truth: it names exactly what the router serves, its examples fit its
//! schemas, and what the server answers is what it says.

use std::collections::BTreeSet;

use crate::support::document::{Document, DocumentClient};
use crate::support::{PRICE, STAFF_KEY, TestApp, bearer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use boxoffice::routes::{Access, ROUTES, Route};
use serde_json::{Value, json};

/// A path with values in place of its parameters.
pub fn filled(path: &str) -> String {
    let id = "00000000-0000-7000-8000-000000000000";
    path.replace("{code}", "seat_unavailable")
        .replace("{version}", boxoffice::web::files_version())
        .replace("{room}", "shared")
        .replace("{file}", "look.css")
        .replace("{colour}", "0b6e4f.css")
        .replace("{picture}", &picture().1)
        .replace("{date}", "1.ics")
        .replace("{concertId}", "1")
        .replace("{scheduleId}", "1")
        .replace("{seat}", "1")
        .replace("{keyId}", "9")
        .replace("{webhookId}", "9")
        .replace("{ticketId}", id)
        .replace("{userId}", id)
        .replace("{reservationId}", id)
        .replace("{paymentId}", id)
        .replace("{snapshot}", "before")
}

/// The smallest picture, in Base64, and how its address ends.
fn picture() -> (String, String) {
    let content = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0crcc\0\0\0\0IENDcrcc";
    (BASE64.encode(content), format!("{}.png", boxoffice::ids::hex(&boxoffice::ids::sha256_of(content)[..16])))
}

/// With all that pages show only where staff gave it.
fn say_all(app: &TestApp) {
    let said = json!({ "logo": picture().0, "terms": { "en": "Terms" }, "privacy": { "en": "Privacy" } });
    app.staff("PATCH", "/venue", said).must(200);
}

pub fn authorization(path: &str) -> String {
    if path.starts_with("/api/v1/staff") { bearer(STAFF_KEY) } else { String::new() }
}

#[test]
fn openapi_every_call_of_the_document_is_served_and_its_first_answer_is_in_the_document() {
    let (app, document) = (TestApp::with_seats(3, &["--tls-local", "--tls-name", "hall.local"]), Document::read());
    say_all(&app);
    // Pages first: a call deletes the concert that they show.
    let (calls, pages): (Vec<_>, Vec<_>) =
        document.operations().into_iter().partition(|(_, path, _)| path.starts_with("/api/"));
    for (method, path, operation) in pages.into_iter().chain(calls) {
        let body = operation.get("requestBody").map(|_| json!({}));
        let answer = app.client.call(&method, &filled(&path), &authorization(&path), body);
        let code = answer.body["code"].as_str().unwrap_or("");
        assert!(!matches!(code, "NOT_FOUND" | "METHOD_NOT_ALLOWED"), "{method} {path}: {}", answer.text);
        document.must_tell(&method, &path, &answer);
    }
}

#[test]
fn openapi_document_is_served_as_it_is_merged_with_its_tag_and_compressed() {
    let app = TestApp::with_seats(1, &[]);
    for (path, version) in [("/api/v1/openapi.json", "3.1.0"), ("/api/v1/openapi-3.0.json", "3.0.3")] {
        let served = app.client.call("GET", path, "", None);
        assert_eq!(served.must(200)["openapi"], version);
        assert!(version == "3.0.3" || served.body == Document::read().0);
        assert_eq!(served.header("content-type"), Some("application/json"));
        let tag = served.header("etag").unwrap();
        app.client.call_with("GET", path, &[("if-none-match", tag)], None).must(304);
        // The client asks for gzip unless told otherwise.
        let plain = app.client.call_with("GET", path, &[("accept-encoding", "identity")], None);
        assert_eq!((&plain.text, plain.header("etag")), (&served.text, Some(tag)));
    }
}

#[test]
fn openapi_every_path_allows_the_methods_of_the_document_and_no_others() {
    let (app, document) = (TestApp::with_seats(3, &[]), Document::read());
    for (path, told) in document.0["paths"].as_object().unwrap() {
        let answer = app.client.call("OPTIONS", &filled(path), &authorization(path), None);
        answer.must(204);
        let allow = answer.header("allow").unwrap_or("").to_lowercase();
        let allowed: BTreeSet<&str> = allow.split(", ").filter(|one| !matches!(*one, "head" | "options")).collect();
        let told: BTreeSet<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(allowed, told, "{path}");
        assert_eq!(allow.contains("head"), allow.contains("get"), "{path}: HEAD goes with GET");
    }
}

#[test]
fn openapi_every_route_is_in_the_document_and_the_other_way_round() {
    let document = Document::read();
    // A ticket and its picture are one route.
    let told: BTreeSet<String> = document
        .operations()
        .iter()
        .map(|(method, path, _)| format!("{method} {}", path.trim_end_matches(".svg")))
        .collect();
    let is_told = |route: &&Route| route.path != "/staff/" && !route.path.starts_with("/handbook"); // pages, for people
    let routes = ROUTES.iter().filter(is_told).map(|route| format!("{} {}", route.method.word(), route.path));
    assert_eq!(told, routes.collect());
}

#[test]
fn document_names_the_roles_of_every_staff_call() {
    let document = Document::read();
    for route in ROUTES {
        let operation = &document.0["paths"][route.path][route.method.word().to_lowercase()];
        let words = match route.access() {
            Access::Staff(roles) => json!(roles.iter().map(|role| role.word()).collect::<Vec<_>>()),
            _ => Value::Null,
        };
        assert_eq!(operation["x-roles"], words, "{} {}", route.method.word(), route.path);
    }
}

#[test]
fn openapi_every_example_fits_its_schema() {
    let document = Document::read();
    let mut count = 0;
    for (method, path, operation) in document.operations() {
        let mut contents = vec![&operation["requestBody"]["content"]];
        let responses = operation["responses"].as_object().unwrap();
        contents.extend(responses.values().map(|response| &document.follow(response)["content"]));
        for (media_type, content) in contents.iter().filter_map(|content| content.as_object()).flatten() {
            let several = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
            for example in content.get("example").into_iter().chain(several) {
                document.must_fit(&content["schema"], example, &format!("{method} {path} {media_type}"));
                count += 1;
            }
        }
    }
    for (name, schema) in document.0["components"]["schemas"].as_object().unwrap() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            document.must_fit(schema, example, name);
            count += 1;
        }
    }
    assert!(count > 100, "{count} examples");
}

#[test]
fn openapi_every_code_is_explained_in_the_document_with_its_own_status() {
    let document = Document::read();
    let pages = document.0["components"]["schemas"]["ProblemPage"]["enum"].clone();
    for code in boxoffice::refusal::Code::ALL {
        let word = code.word();
        assert!(pages.as_array().unwrap().contains(&json!(word.to_lowercase())), "{word} has no page");
        if *code == boxoffice::refusal::Code::CourseUnmapped {
            continue; // of calls in a course's words alone, which are not of the document
        }
        let properties = &document.0["components"]["schemas"][format!("{code:?}")]["properties"];
        let told = (&properties["code"]["const"], &properties["status"]["const"]);
        assert_eq!(told, (&json!(word), &json!(boxoffice::http::status_of(*code))), "{word}");
    }
}

#[test]
fn purchase_is_answered_as_the_document_says() {
    let app = TestApp::with_seats(20, &["--payment-attempts", "2"]);
    let client = DocumentClient { app: &app, document: Document::read() };
    let v = "/api/v1";
    let new = json!({ "name": "Kim" });
    let user = client.ask("POST /api/v1/users", "/api/v1/users", &[], Some(new)).must(201).clone();
    let (id, key) = (user["userId"].as_str().unwrap(), user["userKey"].as_str().unwrap());
    let pair = json!({ "userId": id, "userKey": key });
    let line_up = || client.ask("POST /api/v1/queue/tokens", "/api/v1/queue/tokens", &[], Some(pair.clone()));
    let token = line_up().must(201)["token"].as_str().unwrap().to_owned();
    line_up().must(200);
    let token = bearer(&token);
    let auth = [("authorization", token.as_str())];
    let wait = [auth[0], ("prefer", "wait=0")];
    client.ask("GET /api/v1/queue/token", "/api/v1/queue/token", &wait, None).must(200);
    let dates = "GET /api/v1/concerts/{concertId}/schedules";
    client.ask(dates, "/api/v1/concerts/1/schedules?all=true", &auth, None).must(200);
    client.ask("GET /api/v1/concerts/{concertId}/dates", "/api/v1/concerts/1/dates", &[], None).must(200);
    let on_date = "GET /api/v1/concerts/{concertId}/seats";
    client.ask(on_date, "/api/v1/concerts/1/seats?date=2100-01-01", &auth, None).must(200);
    let map = client.ask("GET /api/v1/schedules/{scheduleId}/seats", "/api/v1/schedules/1/seats", &auth, None);
    let known = [auth[0], ("if-none-match", map.header("etag").unwrap())];
    client.ask("GET /api/v1/schedules/{scheduleId}/seats", "/api/v1/schedules/1/seats", &known, None).must(304);
    let reserve = |body| client.ask("POST /api/v1/reservations", "/api/v1/reservations", &wait, Some(body));
    let held = reserve(json!({ "scheduleId": 1, "seats": ["12", "13"] })).must(201).clone();
    reserve(json!({ "scheduleId": 1, "seats": ["14"] })).refused(409, "RESERVATION_PENDING");
    reserve(json!({ "scheduleId": 1, "seats": ["99"] })).refused(404, "SEAT_NOT_FOUND");
    reserve(json!({ "scheduleId": 1, "seats": [] })).refused(400, "INVALID_REQUEST");
    let elsewhere = json!({ "scheduleId": 1, "bestAvailable": { "count": 1, "section": "R" } });
    reserve(elsewhere).refused(404, "SECTION_NOT_FOUND");
    let one = format!("{v}/reservations/{}", held["reservationId"].as_str().unwrap());
    client.ask("GET /api/v1/reservations/{reservationId}", &one, &wait, None).must(200);
    let pay = |amount: i64| {
        let body = json!({ "reservationId": held["reservationId"], "amount": amount });
        let keyed = [auth[0], ("idempotency-key", &*format!("pay-{amount}"))];
        client.ask("POST /api/v1/payments", "/api/v1/payments", &keyed, Some(body))
    };
    pay(1).refused(422, "AMOUNT_MISMATCH");
    let body = json!({ "reservationId": held["reservationId"], "amount": 2 * PRICE });
    client.ask("POST /api/v1/payments", "/api/v1/payments", &auth, Some(body)).refused(402, "INSUFFICIENT_BALANCE");
    let top_ups = format!("{v}/users/{id}/balance/top-ups");
    let top_up = json!({ "amount": 150_000 });
    client.ask("POST /api/v1/users/{userId}/balance/top-ups", &top_ups, &auth, Some(top_up)).must(201);
    let paid = pay(2 * PRICE);
    let again = pay(2 * PRICE);
    assert_eq!((paid.must(201), again.header("idempotency-replayed")), (&again.body, Some("true")));
    client.ask("GET /api/v1/queue/token", "/api/v1/queue/token", &auth, None).refused(401, "TOKEN_EXPIRED");
    let basic = crate::support::basic(id, key);
    let own = [("authorization", basic.as_str())];
    client.ask("GET /api/v1/reservations", "/api/v1/reservations", &own, None).must(200);
    client.ask("GET /api/v1/reservations/{reservationId}", &one, &own, None).must(200);
    client.ask("DELETE /api/v1/reservations/{reservationId}", &one, &own, None).refused(409, "RESERVATION_NOT_PENDING");
    let payment = format!("{v}/payments/{}", paid.body["paymentId"].as_str().unwrap());
    client.ask("GET /api/v1/payments/{paymentId}", &payment, &own, None).must(200);
    let balance = format!("{v}/users/{id}/balance");
    client.ask("GET /api/v1/users/{userId}/balance", &balance, &own, None).must(200);
    let ticket = paid.body["tickets"][0]["ticketId"].as_str().unwrap();
    client.ask("GET /api/v1/tickets/{ticketId}", &format!("{v}/tickets/{ticket}"), &own, None).must(200);
    let picture = client.ask("GET /api/v1/tickets/{ticketId}.svg", &format!("{v}/tickets/{ticket}.svg"), &own, None);
    assert!(picture.text.starts_with("<?xml"), "{}", picture.text);
    client.staff("GET /tickets/{ticketId}", &format!("/tickets/{ticket}"), None).must(200);
    let entries = format!("{balance}/entries?limit=1");
    client.ask("GET /api/v1/users/{userId}/balance/entries", &entries, &own, None).must(200);
    client
        .ask("POST /api/v1/reservations", "/api/v1/reservations", &own, Some(json!({})))
        .refused(401, "TOKEN_REQUIRED");
    let refund = "POST /api/v1/reservations/{reservationId}/refund";
    client.ask(refund, &format!("{one}/refund"), &own, Some(json!({}))).refused(409, "REFUND_CLOSED");
}

#[test]
fn door_is_answered_as_the_document_says() {
    let app = TestApp::with_seats(5, &[]);
    let client = DocumentClient { app: &app, document: Document::read() };
    let kim = app.buyer(2 * PRICE);
    let held = kim.hold(1, &["1", "2"]).must(201)["reservationId"].clone();
    let tickets = kim.pay(&held, 2 * PRICE).must(201)["tickets"].clone();
    let check_in = |body: Value| client.staff("POST /checkins", "/checkins", Some(body));
    let code = tickets[0]["code"].as_str().unwrap();
    check_in(json!({ "code": code, "scheduleId": 2 })).refused(409, "TICKET_FOR_OTHER_DATE");
    check_in(json!({ "code": code, "door": "East gate", "scheduleId": 1 })).must(200);
    check_in(json!({ "number": tickets[0]["number"] })).refused(409, "ALREADY_CHECKED_IN");
    check_in(json!({ "code": code.replace(&code[30..], &code[..94]) })).refused(422, "TICKET_CODE_INVALID");
    check_in(json!({ "number": "2222222222" })).refused(404, "TICKET_NOT_FOUND");
    client.staff("GET /schedules/{scheduleId}/checkins", "/schedules/1/checkins", None).must(200);
    let scan = |at: usize, id: char| json!({ "scanId": format!("01a204da-7000-7111-8abc-01234567890{id}"), "number": tickets[at]["number"], "at": "2100-01-01T09:00:00Z" });
    let unknown = json!({ "scanId": "01a204da-7000-7111-8abc-01234567890f", "number": "2222222222", "at": "2100-01-01T09:00:00Z" });
    let body = json!({ "door": "West gate", "scans": [scan(0, 'a'), scan(1, 'b'), unknown] });
    let told = client.staff("POST /checkins/scans", "/checkins/scans", Some(body)).must(200).clone();
    assert_eq!(told["conflicts"].as_array().map(Vec::len), Some(1));
    client.staff("GET /checkins/conflicts", "/checkins/conflicts?scheduleId=1&after=0&limit=5", None).must(200);
    let one = format!("/checkins/{}", tickets[0]["ticketId"].as_str().unwrap());
    client.staff("DELETE /checkins/{ticketId}", &one, None).must(200);
    client.staff("DELETE /checkins/{ticketId}", &one, None).refused(409, "TICKET_NOT_CHECKED_IN");
    let refund = "POST /reservations/{reservationId}/refund";
    let path = format!("/reservations/{}/refund", held.as_str().unwrap());
    client.staff(refund, &path, Some(json!({}))).refused(409, "TICKET_CHECKED_IN");
    let other = format!("/checkins/{}", tickets[1]["ticketId"].as_str().unwrap());
    client.staff("DELETE /checkins/{ticketId}", &other, None).must(200);
    client.staff(refund, &path, Some(json!({}))).must(200);
    check_in(json!({ "code": code })).refused(409, "TICKET_VOID");
    let list = client.staff("GET /schedules/{scheduleId}/door-list", "/schedules/1/door-list", None);
    assert!(list.status == 200 && list.text.starts_with("{\"doorList\":1,"), "{}", list.text);
    client.staff("GET /events", "/events?limit=1000", None).must(200);
}

#[test]
fn refunds_are_answered_as_the_document_says() {
    let app = TestApp::with_seats(5, &[]);
    let client = DocumentClient { app: &app, document: Document::read() };
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    let one = format!("/reservations/{}", held.as_str().unwrap());
    let refund =
        || client.staff("POST /reservations/{reservationId}/refund", &format!("{one}/refund"), Some(json!({})));
    refund().refused(409, "RESERVATION_NOT_CONFIRMED");
    kim.pay(&held, PRICE).must(201);
    client.staff("PATCH /schedules/{scheduleId}", "/schedules/1", Some(json!({ "refundUntilHours": 24 }))).must(200);
    refund().must(200);
    client.staff("GET /reservations/{reservationId}", &one, None).must(200);
    let own = crate::support::basic(&kim.id, &kim.key);
    let path = format!("/api/v1{one}/refund");
    let call = "POST /api/v1/reservations/{reservationId}/refund";
    client.ask(call, &path, &[("authorization", &own)], Some(json!({}))).refused(409, "RESERVATION_NOT_CONFIRMED");
    let cancellation = |method: &str| {
        let headers = [("authorization", &*bearer(STAFF_KEY)), ("prefer", "wait=30")];
        let call = format!("{method} /api/v1/staff/schedules/{{scheduleId}}/cancellation");
        let body = (method == "POST").then(|| json!({}));
        client.ask(&call, "/api/v1/staff/schedules/1/cancellation", &headers, body).must(200).clone()
    };
    assert!(cancellation("GET")["cancelledAt"].is_null());
    assert!(cancellation("POST")["settledAt"].is_string());
    assert!(cancellation("GET")["settledAt"].is_string());
    client.staff("PATCH /schedules/{scheduleId}", "/schedules/1", Some(json!({}))).refused(409, "SCHEDULE_CANCELLED");
    let lee = bearer(&app.customer().token);
    let wanted = json!({ "scheduleId": 1, "seats": ["1"] });
    let reserve = "POST /api/v1/reservations";
    let path = "/api/v1/reservations";
    client.ask(reserve, path, &[("authorization", &lee)], Some(wanted)).refused(409, "SCHEDULE_CANCELLED");
}

#[test]
fn staff_is_answered_as_the_document_says() {
    let app = TestApp::with_seats(5, &["--max-active", "1"]);
    let client = DocumentClient { app: &app, document: Document::read() };
    let (first, second) = (app.customer(), app.customer());
    let waiting = bearer(&second.token);
    let waiting = [("authorization", waiting.as_str())];
    client.ask("GET /api/v1/queue/token", "/api/v1/queue/token", &waiting, None).must(200);
    let map = "GET /api/v1/schedules/{scheduleId}/seats";
    client.ask(map, "/api/v1/schedules/1/seats", &waiting, None).refused(403, "TOKEN_WAITING");
    first.hold(1, &["1"]).must(201);
    client.staff("POST /concerts", "/concerts", Some(json!({ "title": "Morgen", "venue": "Haus" }))).must(201);
    let change = json!({ "description": "Lieder" });
    client.staff("PATCH /concerts/{concertId}", "/concerts/2", Some(change)).must(200);
    client.staff("GET /concerts", "/concerts", None).must(200);
    let rows = json!([{ "row": "A", "count": 2 }]);
    let layout = json!({ "sections": [{ "name": "R", "price": 9, "rows": rows }] });
    let date = json!({ "startsAt": "2100-01-01T19:00:00+09:00", "layout": layout });
    client.staff("POST /concerts/{concertId}/schedules", "/concerts/2/schedules", Some(date)).must(201);
    let again = json!({ "layout": layout });
    client.staff("PATCH /schedules/{scheduleId}", "/schedules/3", Some(again.clone())).must(200);
    let prices = json!({ "prices": { "R": 12 } });
    client.staff("PATCH /schedules/{scheduleId}", "/schedules/3", Some(prices)).must(200);
    client.staff("GET /concerts/{concertId}/schedules", "/concerts/2/schedules", None).must(200);
    client.staff("GET /schedules/{scheduleId}", "/schedules/3", None).must(200);
    client.staff("PATCH /schedules/{scheduleId}", "/schedules/1", Some(again)).refused(409, "LAYOUT_IN_USE");
    let given = &client.document.0["paths"]["/api/v1/staff/concerts/{concertId}/schedules"]["post"]["requestBody"];
    for example in ["seats", "pretixPlan"] {
        let date = &given["content"]["application/json"]["examples"][example]["value"];
        let added = client.staff("POST /concerts/{concertId}/schedules", "/concerts/2/schedules", Some(date.clone()));
        let seats = format!("/schedules/{}/seats", added.must(201)["scheduleId"]);
        client.staff("GET /schedules/{scheduleId}/seats", &seats, None).must(200);
    }
    let block = "PUT /schedules/{scheduleId}/seats/{seat}";
    client.staff(block, "/schedules/3/seats/A-1", Some(json!({ "blocked": true, "reason": "sound check" }))).must(200);
    client.staff("GET /schedules/{scheduleId}/seats", "/schedules/3/seats", None).must(200);
    client.staff(block, "/schedules/1/seats/1", Some(json!({ "blocked": true }))).refused(409, "SEAT_UNAVAILABLE");
    client.staff("GET /queue", "/queue", None).must(200);
    client.staff("GET /evening", "/evening", None).must(200);
    let message = json!({ "message": { "en": "Soon", "ko": "곧" }, "paused": true });
    client.staff("PATCH /queue", "/queue", Some(message)).must(200);
    client.ask("GET /api/v1/queue/token", "/api/v1/queue/token", &waiting, None).must(200);
    client.staff("POST /queue/tokens", "/queue/tokens", Some(json!({ "userId": second.id }))).must(201);
    client.staff("POST /queue/admissions", "/queue/admissions", Some(json!({ "count": 1 }))).must(200);
    client.staff("GET /users", "/users?name=Kim", None).must(200);
    let user = format!("/users/{}", first.id);
    client.staff("GET /users/{userId}", &user, None).must(200);
    client.staff("GET /users/{userId}/reservations", &format!("{user}/reservations"), None).must(200);
    client.staff("POST /users/{userId}/key", &format!("{user}/key"), Some(json!({}))).must(201);
    let points = json!({ "amount": 1_000 });
    client.staff("POST /users/{userId}/balance/top-ups", &format!("{user}/balance/top-ups"), Some(points)).must(201);
    let less = |amount: i64| {
        let body = json!({ "amount": amount, "reason": "counted twice" });
        let path = format!("{user}/balance/corrections");
        client.staff("POST /users/{userId}/balance/corrections", &path, Some(body))
    };
    less(-400).must(201);
    less(-4_000).refused(409, "BALANCE_TOO_LOW");
    let token = "DELETE /queue/tokens/{userId}";
    client.staff(token, &format!("/queue/tokens/{}", first.id), None).must(204);
    let opening = json!({ "opensAt": "2090-01-01T00:00:00Z" });
    client.staff("PATCH /queue", "/queue", Some(opening)).must(200);
    let early = bearer(&app.customer().token);
    client.ask("GET /api/v1/queue/token", "/api/v1/queue/token", &[("authorization", &early)], None).must(200);
    client.ask("GET /api/v1/queue/draw", "/api/v1/queue/draw", &[], None).refused(404, "NO_DRAW");
    app.open_line_in(1_000);
    client.staff("GET /me", "/me", None).must(200);
    let key = json!({ "name": "East gate", "role": "door" });
    let made = client.staff("POST /keys", "/keys", Some(key.clone())).must(201).clone();
    client.staff("POST /keys", "/keys", Some(key)).refused(409, "STAFF_NAME_TAKEN");
    let door = bearer(made["key"].as_str().unwrap());
    let not_mine = [("authorization", door.as_str())];
    client.ask("GET /api/v1/staff/queue", "/api/v1/staff/queue", &not_mine, None).refused(403, "ROLE_NOT_ALLOWED");
    client.staff("GET /keys", "/keys", None).must(200);
    client.staff("DELETE /keys/{keyId}", "/keys/2", None).must(204);
    client.staff("DELETE /keys/{keyId}", "/keys/1", None).refused(409, "LAST_ADMIN_KEY");
    client.staff("GET /events", "/events?limit=1000", None).must(200);
    client.staff("GET /schedules/{scheduleId}/sales", "/schedules/1/sales", None).must(200);
    for path in ["/schedules/{scheduleId}/sales", "/ledger"] {
        let headers = [("authorization", &*bearer(STAFF_KEY)), ("accept", "text/csv")];
        let asked = format!("/api/v1/staff{}", path.replace("{scheduleId}", "1"));
        let asked = if path == "/ledger" { format!("{asked}?date=2026-11-22") } else { asked };
        client.ask(&format!("GET /api/v1/staff{path}"), &asked, &headers, None).must(200);
    }
    client.staff("GET /ledger", "/ledger?date=2026-11-22&limit=1", None).must(200);
    client.staff("POST /clock", "/clock", Some(json!({ "advanceSeconds": 1 }))).must(200);
    for call in ["/api/v1/queue/draw", "/api/v1/queue/draws"] {
        client.ask(&format!("GET {call}"), call, &[], None).must(200);
    }
}
