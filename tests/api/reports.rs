//! What those who count are given: the sales of a date, the ledger of a day, as JSON and as tables that Excel opens.

use crate::support::{Answer, Customer, PRICE, STAFF_KEY, TestApp, bearer};
use boxoffice::clock::Millis;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

/// What a spreadsheet would run if it stood in a cell as it is, and harmless neighbours.
const NAMES: [&str; 9] =
    ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "＝1+1", "'=1", "김민지, \"민지\"", "Kim; Lee", "a=b"];

fn table(app: &TestApp, path: &str) -> Answer {
    let headers = [("authorization", &*bearer(STAFF_KEY)), ("accept", "text/csv")];
    app.client.call_with("GET", &format!("/api/v1/staff{path}"), &headers, None)
}

/// The lines of a table by a reader that knows nothing of us; what Excel needs is checked on the way.
fn lines(answer: &Answer) -> Vec<Vec<String>> {
    answer.must(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = answer.text.strip_prefix('\u{feff}').unwrap();
    assert!(text.ends_with("\r\n") && text.matches('\n').count() == text.matches("\r\n").count());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn buyer(app: &TestApp, name: &str, points: i64) -> Customer {
    let user = app.client.call("POST", "/api/v1/users", "", Some(json!({ "name": name }))).must(201).clone();
    let text = |member: &str| user[member].as_str().unwrap().to_owned();
    let client = app.client.clone();
    let mut kim = Customer { id: text("userId"), key: text("userKey"), token: String::new(), client };
    kim.line_up();
    kim.top_up(points).must(201);
    kim
}

fn buy(kim: &Customer, seats: &[&str], amount: i64) -> Value {
    let held = kim.hold(1, seats).must(201)["reservationId"].clone();
    kim.pay(&held, amount).must(201).clone()
}

/// A hall with two sections and two categories: and B-1 to B-6.
fn sections() -> TestApp {
    let app = TestApp::empty(&[]);
    app.staff("POST", "/concerts", json!({ "title": "봄의 소리" })).must(201);
    let seat = |label: String, section: &str, category: &str, price: i64| json!({ "seat": label, "section": section, "category": category, "price": price });
    let stalls = (1..=4).map(|n| seat(format!("A-{n}"), "1층", if n < 3 { "VIP" } else { "R" }, n * 1_000));
    let balcony = (1..=6).map(|n| seat(format!("B-{n}"), "2층", "R", 500));
    let seats: Vec<Value> = stalls.chain(balcony).collect();
    let date = json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": { "seats": seats } });
    app.staff("POST", "/concerts/1/schedules", date).must(201);
    app
}

#[test]
fn sales_are_counted_by_section_and_by_category() {
    let app = sections();
    let kim = buyer(&app, "김민지", 100_000);
    buy(&kim, &["A-1", "A-3", "B-1"], 4_500);
    let lee = buyer(&app, "Lee", 100_000);
    let bought = buy(&lee, &["A-2"], 2_000)["reservationId"].as_str().unwrap().to_owned();
    buyer(&app, "Park", 1).hold(1, &["B-2", "B-3"]).must(201);
    app.staff("PUT", "/schedules/1/seats/B-6", json!({ "blocked": true })).must(200);
    app.staff("POST", &format!("/reservations/{bought}/refund"), json!({})).must(200);
    let sales = app.staff_get("/schedules/1/sales").must(200).clone();
    let told = |of: &Value| ["seats", "sold", "held", "free", "blocked", "revenue"].map(|n| of[n].as_i64().unwrap());
    assert_eq!(told(&sales), [10, 3, 2, 4, 1, 4_500]);
    assert_eq!((&sales["refunded"], &sales["concertTitle"]), (&json!(2_000), &json!("봄의 소리")));
    let by = |list: &str, name: &str| -> Vec<(String, [i64; 6])> {
        let parts = sales[list].as_array().unwrap().iter();
        parts.map(|part| (part[name].as_str().unwrap().to_owned(), told(part))).collect()
    };
    let sections = [("1층".to_owned(), [4, 2, 0, 2, 0, 4_000]), ("2층".to_owned(), [6, 1, 2, 2, 1, 500])];
    assert_eq!(by("sections", "section"), sections);
    let categories = [("VIP".to_owned(), [2, 1, 0, 1, 0, 1_000]), ("R".to_owned(), [8, 2, 2, 3, 1, 3_500])];
    assert_eq!(by("categories", "category"), categories);
    app.advance_ms(300_000);
    assert_eq!(app.staff_get("/schedules/1/sales").must(200)["held"], 0);
    app.staff_get("/schedules/9/sales").refused(404, "SCHEDULE_NOT_FOUND");
    app.staff_get("/schedules/1/sales?by=x").refused(400, "INVALID_REQUEST");
}

#[test]
fn hall_without_sections_is_one_section() {
    let app = TestApp::with_seats(5, &[]);
    let sales = app.staff_get("/schedules/1/sales").must(200).clone();
    assert_eq!(sales["sections"].as_array().unwrap().len(), 1);
    assert_eq!((&sales["sections"][0]["section"], &sales["sections"][0]["free"]), (&Value::Null, &json!(5)));
}

#[test]
fn table_of_sales_has_every_sold_seat_and_no_cell_that_runs() {
    let app = TestApp::with_seats(20, &["--time-zone=Asia/Seoul"]);
    let mut bought = Vec::new();
    for (seat, name) in (1..).zip(NAMES) {
        let kim = buyer(&app, name, PRICE);
        bought.push((name, buy(&kim, &[&seat.to_string()], PRICE)));
    }
    let first = bought[0].1["tickets"][0]["number"].clone();
    let went_in = app.staff("POST", "/checkins", json!({ "number": first })).must(200).clone();
    let answer = table(&app, "/schedules/1/sales");
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"sales-1-2100-01-01.csv\""));
    let lines = lines(&answer);
    assert_eq!(lines[0][..6], ["seat", "section", "row", "number", "category", "price"]);
    assert_eq!(lines.len(), 1 + NAMES.len());
    for (line, (seat, (name, paid))) in lines[1..].iter().zip((1..).zip(&bought)) {
        assert_eq!((&line[0], &line[5]), (&seat.to_string(), &PRICE.to_string()));
        assert_eq!(line[6], paid["tickets"][0]["number"].as_str().unwrap());
        let runs = name.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '＝']);
        assert_eq!(line[7], if runs { format!("'{name}") } else { (*name).to_owned() });
        let paid_at = Millis::parse_rfc3339(paid["paidAt"].as_str().unwrap()).unwrap();
        let in_seoul = paid_at.plus_ms(9 * HOUR_MS).to_string().replace('T', " ");
        assert_eq!(line[8], in_seoul[..19]);
        assert_eq!(line[9], if seat == 1 { &in_seoul[..19] } else { "" }, "{went_in}"); // in the same moment here
    }
}

#[test]
fn table_comes_only_when_it_is_wanted_more_than_json() {
    let app = TestApp::with_seats(1, &[]);
    for (accept, kind) in [
        ("text/csv", "text/csv"),
        ("TEXT/CSV; q=0.9, application/json;q=0.5", "text/csv"),
        ("text/csv, */*", "text/csv"),
        ("application/json, text/csv", "application/json"),
        ("text/csv;q=0.1, application/json", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("", "application/json"),
    ] {
        let headers = [("authorization", &*bearer(STAFF_KEY)), ("accept", accept)];
        let answer = app.client.call_with("GET", "/api/v1/staff/schedules/1/sales", &headers, None);
        assert!(answer.header("content-type").unwrap().starts_with(kind), "{accept}: {answer:?}");
        assert_eq!(answer.header("vary"), Some("Accept"));
    }
}

/// A hall whose clock stands at this instant.
fn hall_at(instant: &str, zone: &str) -> TestApp {
    let app = TestApp::with_seats(5, &["--time-zone", zone]);
    let now = app.staff("POST", "/clock", json!({ "advanceSeconds": 0 })).must(200)["now"].clone();
    let ahead = Millis::parse_rfc3339(instant).unwrap().ms_since(Millis::parse_rfc3339(now.as_str().unwrap()).unwrap());
    app.advance_ms(ahead.unsigned_abs());
    app
}

#[test]
fn ledger_of_a_day_adds_up_and_comes_in_pages() {
    let app = hall_at("2099-05-01T00:00:00Z", "Asia/Seoul");
    let kim = buyer(&app, "=kim", 2 * PRICE);
    let bought = buy(&kim, &["1"], PRICE)["reservationId"].as_str().unwrap().to_owned();
    app.staff("POST", &format!("/reservations/{bought}/refund"), json!({})).must(200);
    let less = json!({ "amount": -7, "reason": "-counted twice" });
    app.staff("POST", &format!("/users/{}/balance/corrections", kim.id), less).must(201);
    let day = app.staff_get("/ledger?date=2099-05-01").must(200).clone();
    assert_eq!((&day["from"], &day["until"]), (&json!("2099-04-30T15:00:00.000Z"), &json!("2099-05-01T15:00:00.000Z")));
    let sums = json!([
        { "kind": "TOP_UP", "count": 1, "amount": 2 * PRICE },
        { "kind": "PAYMENT", "count": 1, "amount": -PRICE },
        { "kind": "REFUND", "count": 1, "amount": PRICE },
        { "kind": "CORRECTION", "count": 1, "amount": -7 },
        { "kind": "PAYOUT", "count": 0, "amount": 0 },
    ]);
    assert_eq!(day["sums"], sums);
    let entries = day["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &day["nextCursor"]), (4, &Value::Null));
    assert_eq!((&entries[3]["name"], &entries[3]["reason"]), (&json!("=kim"), &json!("-counted twice")));
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.staff_get(&format!("/ledger?date=2099-05-01&limit=1{cursor}")).must(200).clone();
        assert_eq!(page["sums"], sums);
        paged.extend(page["entries"].as_array().unwrap().clone());
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(&paged, entries);
    let lines = lines(&table(&app, "/ledger?date=2099-05-01"));
    assert_eq!(lines[0][1..5], ["at", "kind", "amount", "balanceAfter"]);
    assert_eq!(lines[4][1..5], ["2099-05-01 09:00:00", "CORRECTION", "-7", &(2 * PRICE - 7).to_string()]);
    assert_eq!((&*lines[4][6], &*lines[4][8]), ("'=kim", "'-counted twice"));
    assert_eq!(app.staff_get("/ledger?date=2099-05-02").must(200)["entries"], json!([]));
    for wrong in ["", "?date=2099-02-30", "?date=today", "?date=2099-5-1"] {
        assert_eq!(app.staff_get(&format!("/ledger{wrong}")).refused(400, "INVALID_REQUEST")["pointer"], "?date");
    }
    app.staff_get("/ledger?date=2099-05-01&limit=1001").refused(400, "INVALID_REQUEST");
    app.staff_get("/ledger?date=2099-05-01&day=1").refused(400, "INVALID_REQUEST");
}

/// A program that counts every day as 24 hours shows an hour of sales on two days, or on none.
#[test]
fn day_on_which_the_clocks_change_has_23_or_25_hours() {
    for (date, eve, hours) in [
        ("2099-03-29", "2099-03-28T22:59:59.999Z", 23), // in Berlin the clocks go forward on the last Sunday of March
        ("2099-10-25", "2099-10-24T21:59:59.999Z", 25), // and back on the last of October
        ("2099-12-01", "2099-11-30T22:59:59.999Z", 24),
    ] {
        let app = hall_at(eve, "Europe/Berlin");
        let kim = buyer(&app, "Kim", 1);
        let count = |date: &str| {
            let day = app.staff_get(&format!("/ledger?date={date}")).must(200).clone();
            day["entries"].as_array().unwrap().len()
        };
        assert_eq!(count(date), 0, "{date}: the day has not begun");
        app.advance_ms(1);
        buyer(&app, "Kim", 2);
        app.advance_ms((hours * HOUR_MS - 1).unsigned_abs());
        buyer(&app, "Kim", 3);
        assert_eq!(count(date), 2, "{date}: its first and its last millisecond");
        app.advance_ms(1);
        buyer(&app, "Kim", 4);
        assert_eq!(count(date), 2, "{date}: the day is over");
        assert_eq!(kim.balance(), 1);
    }
}

/// Pages that follow the moments of entries skip those that a clock wrote out of order.
#[test]
fn ledger_pages_lose_no_entry_whatever_the_moments_say() {
    let app = TestApp::empty(&[]);
    let kim = app.customer();
    for amount in 1..=9 {
        kim.top_up(amount).must(201);
    }
    let early = "UPDATE ledger_entry SET at = at + CASE entry_id % 3 WHEN 0 THEN 5000 WHEN 1 THEN 2000 ELSE 0 END";
    rusqlite::Connection::open(&app.database).unwrap().execute_batch(early).unwrap();
    let at: i64 = app.file().query_row("SELECT min(at) FROM ledger_entry", [], |row| row.get(0)).unwrap();
    let seoul = jiff::tz::TimeZone::get("Asia/Seoul").unwrap();
    let date = boxoffice::clock::Millis::from_unix_ms(at).date_in(&seoul);
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = app.staff_get(&format!("/ledger?date={date}&limit=2{cursor}")).must(200).clone();
        seen.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["entryId"].as_i64().unwrap()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=9).collect::<Vec<i64>>());
}
