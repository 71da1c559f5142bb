//! What must not grow with the years: every statement finds its rows by an index, and what need not be kept is
//! forgotten. A binary of its own: the logger that listens for statements is one for the whole process.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

mod support;

use std::collections::BTreeSet;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Mutex;

use boxoffice::app::App;
use boxoffice::http::Method;
use boxoffice::routes::{Access, ROUTES};
use boxoffice::store::STATEMENTS_MAX;
use serde_json::json;
use support::invariants::number;
use support::{Customer, PRICE, STAFF_KEY, TestApp, basic, bearer};

/// The statements that really ran.
static RAN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

struct Listener;

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, record: &log::Record) {
        if record.target() == "boxoffice::store::statements" {
            let line = record.args().to_string();
            let (_, statement) = line.split_once(" sorted: ").unwrap();
            RAN.lock().unwrap().insert(statement.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }

    fn flush(&self) {}
}

/// Tables that stay small: one row, a few texts, a few keys and webhooks, the concerts and draws of the venue.
const SMALL: [&str; 7] = ["venue", "venue_text", "queue", "staff_key", "concert", "draw", "webhook"];

/// Statements that may read everything there is, since that is what they are for.
const WHOLE: [(&str, &str); 11] = [
    ("FROM token WHERE status <> 'EXPIRED'", "the line is filled at start, with everybody in it"),
    ("SELECT schedule_id, starts_at, date FROM schedule", "the dates are brought to the time zone at start"),
    ("FROM token WHERE status = 'ACTIVE' ORDER BY active_until, token_id LIMIT", "the first of an index, in its order"),
    ("'PENDING_PAYMENT' ORDER BY hold_expires_at, reservation_id LIMIT", "the first of an index, in its order"),
    ("FROM staff_key WHERE revoked_at IS NOT NULL ORDER BY", "few keys, read at start and when one is revoked"),
    (
        "WHERE status = 'PENDING_PAYMENT' AND schedule_id = ?1",
        "what is held now, of all dates: an index that has no more",
    ),
    ("FROM reservation WHERE schedule_id = ?1 AND status = 'PENDING_PAYMENT'", "the same"),
    ("WHERE instr(name_folded, ?1) > 0", "a search for part of a name reads all names, in an index that has no more"),
    ("SELECT EXISTS (SELECT 1 FROM reservation WHERE schedule_id", "a date is deleted: an index would cost every hold"),
    ("DELETE FROM schedule WHERE", "the same, by the foreign key of reservations"),
    ("FROM concert ORDER BY concert_id", "the list of all concerts, each with the number of its dates"),
];

/// Statements that may sort what they found by an index: it is little, or read seldom.
const SORTS: [(&str, &str); 7] = [
    ("GROUP BY section, category ORDER BY min(seat_no)", "the prices of one date"),
    ("status = 'SOLD' GROUP BY tariff ORDER BY tariff", "the tariffs of one date"),
    ("GROUP BY seat.section ORDER BY min(t.seat_no)", "the sections of one date"),
    ("ORDER BY t.seat_no, t.ticket_id", "the door's list of one date"),
    ("AND at < ?2 GROUP BY kind", "the kinds of a day's ledger"),
    ("AND method IS NOT NULL GROUP BY key_id, method", "the tills of a day"),
    ("FROM event WHERE sequence > ?1 AND sequence <= ?2 GROUP BY 1", "the minutes of an hour"),
];

/// Indexes for `boxoffice check` alone, which would go through the whole ledger for each reservation without them.
const FOR_CHECK: [&str; 1] = ["ledger_entry_refunded"];

/// A program that looks for what is due by going through everything, or sorts what an index has in
/// order, is slower with every ticket that it sold.
#[test]
fn growth_every_statement_of_a_day_finds_its_rows_by_an_index() {
    log::set_logger(&Listener).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let mut app = TestApp::with_seats(50, &["--hold-seconds=60"]);
    a_day(&app);
    app.reopen();
    a_day(&app);
    log::set_max_level(log::LevelFilter::Off);
    let file = app.file();
    let ran = std::mem::take(&mut *RAN.lock().unwrap());
    let (mut faults, mut indexes) = (Vec::new(), BTreeSet::new());
    for statement in &ran {
        let has_a_plan = ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| statement.starts_with(verb));
        if !has_a_plan {
            continue;
        }
        let mut explained = file.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        let steps = explained.raw_query().mapped(|row| row.get::<_, String>("detail")).map(Result::unwrap);
        let steps: Vec<String> = steps.collect();
        indexes
            .extend(steps.iter().filter_map(|step| step.split_once(" INDEX ")?.1.split(' ').next().map(str::to_owned)));
        if WHOLE.iter().any(|(part, _)| statement.contains(part)) {
            continue;
        }
        let slow = steps.iter().filter(|step| {
            let of = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            let scans = of.is_some_and(|table| !SMALL.contains(&table) && !step.contains("CONSTANT ROW"));
            let sorts = step.contains("TEMP B-TREE")
                && !SORTS.iter().any(|(part, _)| statement.contains(part))
                && !SMALL.iter().any(|table| statement.contains(&format!("FROM {table} WHERE")));
            scans || sorts || step.contains("AUTOMATIC")
        });
        faults.extend(slow.map(|step| format!("{step}: {statement}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for table in ["token", "claim", "reservation", "ticket", "ledger_entry", "idempotency_answer", "event", "balance"] {
        assert!(ran.iter().any(|statement| statement.contains(table)), "nothing of {table} ran");
    }
    let unread = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE 'CREATE INDEX%'";
    let mut unread = file.prepare(unread).unwrap();
    let unread = unread.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let is_unread = |index: &String| !indexes.contains(index) && !FOR_CHECK.contains(&index.as_str());
    let unread: Vec<String> = unread.filter(is_unread).collect();
    assert_eq!(unread, [""; 0], "an index that no statement reads, and that is not there to be unique");
    assert!(ran.len() > 100, "only {} statements ran", ran.len());
    assert!(ran.len() < STATEMENTS_MAX / 2, "{} statements: those of a busy server are prepared anew", ran.len());
}

/// Everything that customers do in the rush, and what goes by time.
fn a_day(app: &TestApp) {
    let buyer = app.buyer(PRICE);
    for path in ["/concerts", "/concerts/1/schedules", "/schedules/1/seats", "/concerts/1/seats?date=2100-01-01"] {
        buyer.get(path).must(200);
    }
    app.client.call("GET", "/metrics", "", None).must(200);
    let free = buyer.get("/schedules/1/seats").must(200)["seats"].as_array().unwrap().clone();
    let free: Vec<&str> =
        free.iter().filter(|seat| seat["status"] == "AVAILABLE").map(|seat| seat["seat"].as_str().unwrap()).collect();
    let held = hold_once(&buyer, free[0]);
    buyer.get("/reservations").must(200);
    buyer.get(&format!("/reservations/{}", held["reservationId"].as_str().unwrap())).must(200);
    let given_back = app.customer();
    let other = given_back.hold(1, &[free[1]]).must(201)["reservationId"].clone();
    given_back.delete(&format!("/reservations/{}", other.as_str().unwrap())).must(200);
    let late = app.customer();
    late.hold(1, &[free[2]]).must(201);
    buyer.pay(&held["reservationId"], 1).refused(422, "AMOUNT_MISMATCH");
    let by_seats = json!({ "scheduleId": 1, "seats": [free[0]], "amount": PRICE });
    let paid = buyer.post("/payments", by_seats).must(201).clone();
    for path in
        [format!("/payments/{}", paid["paymentId"].as_str().unwrap()), format!("/users/{}/balance/entries", buyer.id)]
    {
        buyer.get_by_key(&path).must(200);
    }
    buyer.poll().refused(401, "TOKEN_EXPIRED");
    app.advance_ms(60_000);
    late.get("/schedules/1/seats").must(200);
    late.delete("/queue/token").must(204);
    app.advance_ms(700_000);
    app.staff("PUT", &format!("/schedules/1/seats/{}", free[3]), json!({ "blocked": true })).must(200);
    app.staff("PUT", &format!("/schedules/1/seats/{}", free[3]), json!({ "blocked": false })).must(200);
    for path in [
        "/events?after=3&limit=5",
        "/schedules/1/sales",
        "/ledger?date=2100-01-01",
        "/checkins/conflicts",
        "/users?search=kim",
    ] {
        app.staff_get(path).must(200);
    }
    app.staff("POST", "/webhooks", json!({ "url": "https://receiver.invalid/" })).must(201);
    let sale = json!({ "scheduleId": 1, "seats": [free[3]], "method": "CASH", "customer": { "userId": buyer.id } });
    let sold = app.staff("POST", "/sales", sale).must(201)["reservationId"].as_str().unwrap().to_owned();
    app.staff("POST", &format!("/reservations/{sold}/refund"), json!({})).must(200);
    app.staff("DELETE", &format!("/users/{}", buyer.id), json!({})).refused(409, "USER_IN_USE");
    read_everything(app, &buyer, &paid);
    let reservation = held["reservationId"].as_str().unwrap();
    app.staff("POST", &format!("/reservations/{reservation}/refund"), json!({})).must(200);
    cancel_and_delete_a_date(app);
}

/// Every GET of the route table, with the ids of a sale in its path.
fn read_everything(app: &TestApp, buyer: &Customer, paid: &serde_json::Value) {
    let visitor = app.customer();
    for route in ROUTES.iter().filter(|route| route.method == Method::Get) {
        let authorization = match route.access() {
            Access::Open => String::new(),
            Access::Token | Access::Active => bearer(&visitor.token),
            Access::User => basic(&buyer.id, &buyer.key),
            Access::Staff(_) => bearer(STAFF_KEY),
        };
        let id = |name: &str| paid[name].as_str().unwrap().to_owned();
        let path = route.path.replace("{userId}", &buyer.id).replace("{concertId}", "1").replace("{scheduleId}", "1");
        let path = path.replace("{paymentId}", &id("paymentId")).replace("{reservationId}", &id("reservationId"));
        let path = path.replace("{ticketId}", paid["tickets"][0]["ticketId"].as_str().unwrap());
        let path = match &*path {
            "/api/v1/staff/ledger" | "/api/v1/staff/till" | "/api/v1/concerts/1/seats" => {
                format!("{path}?date=2100-01-01")
            }
            "/api/v1/staff/users" => format!("{path}?name=a"),
            _ => path,
        };
        if path.starts_with("/api/") && !path.contains('{') {
            let answer = app.client.call("GET", &path, &authorization, None);
            assert!(answer.status == 200 || answer.body["code"] == "NO_DRAW", "{path}: {}", answer.text);
        }
    }
}

fn cancel_and_delete_a_date(app: &TestApp) {
    let date = json!({ "startsAt": "2100-02-01T10:00:00Z", "layout": { "numbered": { "count": 3, "price": PRICE } } });
    let unsold = app.staff("POST", "/concerts/1/schedules", date.clone()).must(201)["scheduleId"].clone();
    app.staff("DELETE", &format!("/schedules/{unsold}"), json!({})).must(204);
    let sold = app.staff("POST", "/concerts/1/schedules", date).must(201)["scheduleId"].as_i64().unwrap();
    let buyer = app.buyer(PRICE);
    let held = buyer.hold(sold, &["1"]).must(201)["reservationId"].clone();
    buyer.pay(&held, PRICE).must(201);
    app.staff("POST", &format!("/schedules/{sold}/cancellation"), json!({})).must(202);
    app.advance_ms(60_000);
    app.staff_get(&format!("/schedules/{sold}/cancellation")).must(200);
}

fn hold_once(buyer: &Customer, seat: &str) -> serde_json::Value {
    let body = json!({ "scheduleId": 1, "seats": [seat] }).to_string();
    let headers = [("authorization", &*bearer(&buyer.token)), ("idempotency-key", "hold")];
    let first = buyer.client.call_with("POST", "/api/v1/reservations", &headers, Some(&body));
    let again = buyer.client.call_with("POST", "/api/v1/reservations", &headers, Some(&body));
    assert_eq!(first.must(201), again.must(201));
    first.body
}

#[test]
fn ended_token_is_remembered_for_its_days_and_its_answers_for_their_hours_then_both_are_gone() {
    const HOUR_MS: u64 = 3_600_000;
    let app = TestApp::with_seats(5, &["--token-days=2", "--idempotency-hours=24", "--max-active=0"]);
    let buyer = app.buyer(PRICE);
    hold_once(&buyer, "1");
    buyer.delete("/queue/token").must(204);
    let tokens = || number(&app.file(), "SELECT count(*) FROM token");
    let answers = || number(&app.file(), "SELECT count(*) FROM idempotency_answer");
    app.advance_ms(24 * HOUR_MS - 1);
    hold_once(&buyer, "1");
    assert_eq!((tokens(), answers()), (1, 1), "the first answer again, although the token ended long ago");
    app.advance_ms(60_000);
    app.user();
    assert_eq!(answers(), 0);
    buyer.poll().refused(401, "TOKEN_EXPIRED");
    app.customer(); // a newer one: the newest of all always stays
    app.advance_ms(24 * HOUR_MS);
    app.user();
    buyer.poll().refused(401, "TOKEN_INVALID");
    assert_eq!(tokens(), 1);
    let last = app.customer();
    assert_eq!(last.poll().must(200)["status"], "ACTIVE");
    assert_eq!(number(&app.file(), "SELECT count(*) - count(DISTINCT place) FROM token"), 0);
}

#[test]
fn token_ends_are_forgotten_a_few_at_a_time() {
    let mut app = TestApp::empty(&["--token-days=1", "--idempotency-hours=24"]);
    app.user();
    app.close();
    let file = rusqlite::Connection::open(&app.database).unwrap();
    file.execute(
        "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 1000)
         INSERT INTO token (token, user_id, place, status, issued_at, ended_at, end_reason)
         SELECT randomblob(16), user_id, n, 'EXPIRED', 0, n, 'LEFT' FROM user, counted",
        [],
    )
    .unwrap();
    drop(file);
    app.reopen();
    let tokens = || number(&app.file(), "SELECT count(*) FROM token");
    for left in [800, 600, 400, 200, 1] {
        app.user();
        assert_eq!(tokens(), left, "200 with each transaction, but the newest stays");
    }
}

/// A program that looks at every page before it opens makes customers of a large venue wait for it; one that does not
/// look at all learns of the damage from a customer.
#[test]
fn integrity_scan_of_a_large_file_goes_on_after_its_opening_and_damage_ends_the_server() {
    let mut app = TestApp::with_seats(2, &[]);
    app.close();
    let file = rusqlite::Connection::open(&app.database).unwrap();
    let large =
        "INSERT INTO event (type, at, data) VALUES ('CONCERT_CHANGED', 0, json_quote(hex(randomblob(6000000))))";
    file.execute(large, []).unwrap();
    drop(file);
    app.reopen();
    app.customer();
    app.close();
    let mut pages = std::fs::OpenOptions::new().write(true).open(&app.database).unwrap();
    pages.seek(SeekFrom::Start(6 << 20)).unwrap();
    pages.write_all(&[0xff; 4_096]).unwrap();
    let (told, ended) = std::sync::mpsc::channel();
    let broken = move || told.send(()).unwrap();
    let server = App::open(support::settings(&[]), &app.database, ([127, 0, 0, 1], 0).into(), broken).unwrap();
    ended.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    drop(server);
}
