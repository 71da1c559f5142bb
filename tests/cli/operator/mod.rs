//! One evening at a real venue, from an empty folder to the restored backup, with what the README's chapter "Run a
//! venue" tells: its commands, and its calls of staff.

mod buyers;
mod halls;

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::invariants::{hold_in, number};
use crate::support::server::Server;
use crate::support::{STAFF_KEY, bearer};
use boxoffice::clock::Millis;
use buyers::{Buyer, text};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

const PEOPLE: usize = 240;
const THREADS: usize = 8;
/// The date of the seating plan, that of the table, and that of the rush.
const GRAND: i64 = 1;
const SMALL: i64 = 2;
const RUSHED: i64 = 3;
const RUSH_PRICE: i64 = 50_000;
const OPENS_IN_MS: i64 = 60_000;
/// A cancelled date that is not settled after so many looks stands still.
const LOOKS_MAX: usize = 10_000;

/// Runs a command in a folder, with this on its standard input.
fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(arguments).current_dir(folder).env("BOXOFFICE_STAFF_KEY", STAFF_KEY);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What a command that must succeed prints.
#[track_caller]
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments, "");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn table(server: &Server, path: &str) -> String {
    let headers = [("authorization", &*bearer(STAFF_KEY)), ("accept", "text/csv")];
    let answer = server.client.call_with("GET", &format!("/api/v1/staff{path}"), &headers, None);
    answer.must(200);
    answer.text.strip_prefix('\u{feff}').unwrap().to_owned()
}

/// The lines of a table below its header.
fn lines(table: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(table.as_bytes()).records().map(Result::unwrap).collect()
}

/// Every event so far, without a gap.
fn events(server: &Server) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = server.staff("GET", &format!("/events?after={}&limit=1000", all.len()), None);
        let page = page.must(200)["events"].as_array().unwrap().clone();
        if page.is_empty() {
            return all;
        }
        for event in page {
            all.push(event);
            assert_eq!(all.last().unwrap()["sequence"], all.len());
        }
    }
}

#[test]
fn evening_from_an_empty_folder_adds_up_and_goes_on_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let server = Server::start(&database, &["--test-clock", "--hold-seconds=5", "--claim-seconds=30"]);
    let begins = server.turn_ms(0);

    let opens_at = Millis::parse_rfc3339(&format!("{}.000Z", &begins[..19])).unwrap().plus_ms(OPENS_IN_MS);
    bring_the_halls(folder.path(), &server, opens_at);
    let mut customers = open_with_a_draw(folder.path(), &server, opens_at);
    buyers::buy_all(&mut customers, THREADS, || back_up(folder.path(), "while-selling.db"));
    let rushed = rush(folder.path(), &server);

    let refunded = refund_two(&server, &customers);
    cancel_the_rushed_date(&server, rushed);
    let inside = let_in(folder.path(), &server, &customers);
    read_the_reports(&server, [&begins, &server.turn_ms(0)], &customers, refunded, rushed);
    assert_eq!(inside, customers[2..].iter().map(|buyer| buyer.tickets.len()).sum::<usize>());

    back_up(folder.path(), "after.db");
    let shown = what_is_shown(&server, &customers);
    assert!(server.terminate().success());
    assert_eq!(printed(folder.path(), &["check", "venue.db"]), "venue.db: everything adds up\n");
    count_the_file(&database, &customers, refunded);

    let elsewhere = tempfile::tempdir().unwrap();
    let backup = folder.path().join("after.db");
    printed(elsewhere.path(), &["restore", backup.to_str().unwrap(), "--database", "venue.db"]);
    assert_eq!(printed(elsewhere.path(), &["check", "venue.db"]), "venue.db: everything adds up\n");
    let restored = Server::start(&elsewhere.path().join("venue.db"), &["--test-clock"]);
    assert_eq!(what_is_shown(&restored, &customers), shown);
}

/// A seating plan and a table become two dates, and are given back as they came.
fn bring_the_halls(folder: &Path, server: &Server, opens_at: Millis) {
    halls::write(folder);
    let url = ["--url", &server.client.url];
    let import = |file: &str, more: &[&str]| printed(folder, &[&["import", file], &url[..], more].concat());
    let opens = opens_at.to_string();
    let plan = ["--prices", "prices.json", "--concert", "봄밤의 노래", "--venue", "대극장", "--sale-opens-at", &opens];
    let told = import("plan.json", &[&plan[..], &["--starts-at", "2099-04-03T19:00"]].concat());
    let seats = halls::PLAN_SEATS;
    assert_eq!(
        told,
        format!("schedule {GRAND} of concert 1 (봄밤의 노래) at 2099-04-03T10:00:00.000Z: {seats} seats\n")
    );
    let told = import("seats.csv", &["--concert", "작은 음악회", "--starts-at", "2099-05-01T19:30"]);
    assert!(told.starts_with(&format!("schedule {SMALL} of concert 2 (작은 음악회)")), "{told}");
    let export = |date: i64| printed(folder, &[&["export", "--schedule", &date.to_string()], &url[..]].concat());
    assert_eq!(lines(&export(GRAND)).len(), seats);
    let small = export(SMALL).trim_start_matches('\u{feff}').to_owned();
    for (given, back) in lines(halls::TABLE).iter().zip(lines(&small)) {
        let given: Vec<String> = given.iter().map(|cell| cell.replace(',', "")).collect();
        assert_eq!(given, back.iter().take(given.len()).collect::<Vec<_>>());
    }
}

/// People come before the opening; at its second the order is drawn, and anyone can recompute it.
fn open_with_a_draw(folder: &Path, server: &Server, opens_at: Millis) -> Vec<Buyer> {
    let rules = json!({ "opensAt": opens_at.to_string(), "maxActive": 40 });
    server.staff("PATCH", "/queue", Some(rules)).must(200);
    let customers = buyers::gather(&server.client, PEOPLE);
    let now = Millis::parse_rfc3339(&server.turn_ms(0)).unwrap();
    assert!(now < opens_at, "they came too slowly to be early");
    server.turn_ms(opens_at.ms_since(now).unsigned_abs());
    let draw = server.client.call("GET", "/api/v1/queue/draw", "", None).must(200).clone();
    assert_eq!((&draw["joined"], &draw["drawn"]), (&json!(PEOPLE), &json!(PEOPLE)));
    assert!(Millis::parse_rfc3339(text(&draw["drawnAt"])).unwrap() >= opens_at);
    for early in [&customers[0], &customers[PEOPLE - 1]] {
        let token = ["--token", &early.who.token];
        let told = printed(folder, &[&["verify-draw", "--url", &server.client.url], &token[..]].concat());
        assert!(told.contains("as the server says"), "{told}");
    }
    customers
}

fn back_up(folder: &Path, name: &str) {
    let told = printed(folder, &["backup", name, "--database", "venue.db"]);
    assert_eq!(told, format!("{name}: a copy of venue.db, and everything in it adds up\n"));
    assert_eq!(printed(folder, &["check", name]), format!("{name}: everything adds up\n"));
}

/// Simulated customers come for a date of their own; how many seats they bought, by their own audit.
fn rush(folder: &Path, server: &Server) -> i64 {
    let size = ["--customers", "260", "--seats", "140", "--max-active", "60"];
    let pace = ["--speed", "100", "--arrival-seconds", "1", "--connections", "16", "--json"];
    let told = printed(folder, &[&["rush", "--url", &server.client.url], &size[..], &pace].concat());
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(report["clean"], true, "{report}");
    report["sold"].as_i64().unwrap()
}

/// The first two get their points back, and their tickets are void; how much that was.
fn refund_two(server: &Server, customers: &[Buyer]) -> i64 {
    for buyer in &customers[..2] {
        let path = format!("/reservations/{}/refund", buyer.reservation_id);
        server.staff("POST", &path, Some(json!({}))).must(200);
        let ticket = server.staff("GET", &format!("/tickets/{}", text(&buyer.tickets[0]["number"])), None);
        assert_eq!(ticket.must(200)["status"], "VOID");
    }
    customers[..2].iter().map(|buyer| buyer.amount).sum()
}

/// The date of the rush can't take place: everybody is refunded while staff look on.
fn cancel_the_rushed_date(server: &Server, sold: i64) {
    let path = format!("/schedules/{RUSHED}/cancellation");
    let begun = server.staff("POST", &path, Some(json!({})));
    assert!(matches!(begun.status, 200 | 202), "{begun:?}");
    let mut seen = vec![begun.body["refunded"].as_i64().unwrap()];
    let settled = (0..LOOKS_MAX).any(|_| {
        let now = server.staff("GET", &path, None).body;
        seen.push(now["refunded"].as_i64().unwrap());
        !now["settledAt"].is_null()
    });
    assert!(settled && seen.is_sorted(), "{seen:?}");
    let sales = server.staff("GET", &format!("/schedules/{RUSHED}/sales"), None).must(200).clone();
    assert_eq!((&sales["sold"], &sales["refunded"]), (&json!(0), &json!(sold * RUSH_PRICE)));
}

/// The east door has network and lets in downstairs; the west door has none and lets in upstairs, and one more whom the
/// east door let in meanwhile. How many are inside.
fn let_in(folder: &Path, server: &Server, customers: &[Buyer]) -> usize {
    let list = server.staff("GET", &format!("/schedules/{GRAND}/door-list"), None);
    list.must(200);
    std::fs::write(folder.join("list.jsonl"), &list.text).unwrap();
    let key = server.client.call("GET", "/api/v1/tickets/key", "", None).must(200).clone();

    let of_door = |upstairs: bool| {
        let theirs = customers.iter().enumerate().skip(2).filter(move |(turn, _)| (turn % 2 == 1) == upstairs);
        theirs.flat_map(|(_, buyer)| &buyer.tickets)
    };
    let enter = |code: &Value| {
        let scan = json!({ "code": code, "door": "동문", "scheduleId": GRAND });
        server.staff("POST", "/checkins", Some(scan))
    };
    for ticket in of_door(false) {
        enter(&ticket["code"]).must(200);
    }
    let twice = of_door(false).next().unwrap();
    let south = json!({ "code": twice["code"], "door": "남문", "scheduleId": GRAND });
    server.staff("POST", "/checkins", Some(south)).refused(409, "ALREADY_CHECKED_IN");
    enter(&customers[0].tickets[0]["code"]).refused(409, "TICKET_VOID");

    let mut codes: Vec<&str> = of_door(true).map(|ticket| text(&ticket["code"])).collect();
    let upstairs = codes.len();
    codes.extend([text(&twice["code"]), text(&customers[1].tickets[0]["code"])]);
    let west = ["door", "--list", "list.jsonl", "--door", "서문", "--fingerprint", text(&key["fingerprint"])];
    let scanned = run(folder, &west, &format!("{}\n", codes.join("\n")));
    let told = String::from_utf8(scanned.stdout).unwrap();
    assert_eq!(told.matches("[OK]").count(), upstairs + 1, "{told}");
    assert!(told.lines().last().unwrap().contains("REFUNDED"), "{told}");

    for known in [0, upstairs + 1] {
        let sent = run(folder, &["door", "--list", "list.jsonl", "--send", "--url", &server.client.url], "");
        let told = String::from_utf8(sent.stdout).unwrap();
        let sentence = format!(
            "Scans told: {}, {known} of them before. Checked in {upstairs}, seen at two doors 1, void before 0",
            upstairs + 1
        );
        assert!(told.contains(&sentence), "{told}");
    }
    let conflicts = server.staff("GET", "/checkins/conflicts", None).must(200)["conflicts"].clone();
    assert_eq!(conflicts.as_array().unwrap().len(), 1);
    let doors = (&conflicts[0]["scan"]["door"], &conflicts[0]["other"]["door"]);
    assert_eq!((doors, &conflicts[0]["number"]), ((&json!("서문"), &json!("동문")), &twice["number"]));

    let all = events(server);
    let came = all.iter().filter(|event| event["type"] == "TICKET_CHECKED_IN");
    let came: Vec<&str> = came.map(|event| text(&event["data"]["ticketId"])).collect();
    assert_eq!(came.iter().collect::<HashSet<_>>().len(), came.len(), "nobody is let in twice");
    let counts = server.staff("GET", &format!("/schedules/{GRAND}/checkins"), None).must(200).clone();
    assert_eq!((&counts["expected"], &counts["in"]), (&json!(came.len()), &json!(came.len())));
    came.len()
}

/// The tables for those who count come to what was sold and refunded.
fn read_the_reports(server: &Server, moments: [&str; 2], customers: &[Buyer], refunded: i64, rushed: i64) {
    let sold: i64 = customers.iter().map(|buyer| buyer.amount).sum();
    let sales = lines(&table(server, &format!("/schedules/{GRAND}/sales")));
    let valid: HashSet<&str> =
        customers[2..].iter().flat_map(|buyer| &buyer.tickets).map(|ticket| text(&ticket["number"])).collect();
    assert_eq!(sales.iter().map(|line| &line[6]).collect::<HashSet<_>>(), valid);
    assert_eq!(sales.len(), valid.len(), "a line for each");
    assert_eq!(sales.iter().map(|line| line[5].parse::<i64>().unwrap()).sum::<i64>(), sold - refunded);
    assert!(sales.iter().all(|line| line[7].contains(['김', '이', '박', '최', '정']) && !line[9].is_empty()));

    // An evening may last past midnight: the ledgers of its first and last day.
    let days = moments.map(|moment| {
        let at = Millis::parse_rfc3339(moment).unwrap();
        at.date_in(&jiff::tz::TimeZone::get("Asia/Seoul").unwrap())
    });
    let mut sums = BTreeMap::<String, i64>::new();
    for day in HashSet::from(days) {
        for line in lines(&table(server, &format!("/ledger?date={day}"))) {
            *sums.entry(line[2].to_owned()).or_default() += line[3].parse::<i64>().unwrap();
        }
    }
    assert_eq!(sums["PAYMENT"], -(sold + rushed * RUSH_PRICE));
    assert_eq!(sums["REFUND"], refunded + rushed * RUSH_PRICE);
    assert!(sums["TOP_UP"] >= buyers::topped_up(customers));
    assert_eq!(sums.len(), 3, "{sums:?}");
}

/// What must be the same in the venue that was restored: the tickets, and who went in.
fn what_is_shown(server: &Server, customers: &[Buyer]) -> Vec<String> {
    let of = |buyer: &Buyer| {
        let theirs = crate::support::Customer { client: server.client.clone(), ..buyer.who.clone() };
        theirs.get_by_key(&format!("/reservations/{}", buyer.reservation_id))
    };
    let mut shown: Vec<String> = customers.iter().map(|buyer| of(buyer).must(200).to_string()).collect();
    shown.extend([GRAND, SMALL, RUSHED].map(|date| table(server, &format!("/schedules/{date}/sales"))));
    shown
}

/// What must hold at the end: every point is somewhere, every sold seat has its valid ticket.
fn count_the_file(database: &Path, customers: &[Buyer], refunded: i64) {
    let file = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    hold_in(&file);
    let sum = |kind: &str| number(&file, &format!("SELECT sum(amount) FROM ledger_entry WHERE kind = '{kind}'"));
    let balances = number(&file, "SELECT sum(points) FROM balance");
    assert_eq!(sum("TOP_UP"), -sum("PAYMENT") - sum("REFUND") + balances);
    let theirs: i64 = customers.iter().map(|buyer| buyer.amount).sum();
    let theirs_now: i64 = customers
        .iter()
        .map(|buyer| {
            let id = buyer.who.id.replace('-', "");
            number(&file, &format!("SELECT points FROM balance WHERE user_id = x'{id}'"))
        })
        .sum();
    assert_eq!(theirs_now, buyers::topped_up(customers) - theirs + refunded);
    let sold = number(&file, "SELECT count(*) FROM claim WHERE status = 'SOLD'");
    let tickets: usize = customers[2..].iter().map(|buyer| buyer.tickets.len()).sum();
    assert_eq!(usize::try_from(sold), Ok(tickets));
}
