//! The door without network: `boxoffice door` with its list and its journal, and scans that are told later.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::{PRICE, STAFF_KEY, TestApp};
use boxoffice::clock::Millis;
use boxoffice::signing::{SigningKey, SigningSecret};
use boxoffice::ticket::code::{self, CodePayload};
use serde_json::{Value, json};

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The tickets of so many seats of the first date, bought by one customer; and the reservation.
pub fn sold(app: &TestApp, seats: std::ops::RangeInclusive<u32>) -> (Vec<Value>, Value) {
    let seats: Vec<String> = seats.map(|seat| seat.to_string()).collect();
    let amount = PRICE * seats.len() as i64;
    let kim = app.buyer(amount);
    let held = kim.hold(1, &seats.iter().map(String::as_str).collect::<Vec<_>>()).must(201)["reservationId"].clone();
    (kim.pay(&held, amount).must(201)["tickets"].as_array().unwrap().clone(), held)
}

/// A folder with the list of the first date as it is now.
fn laptop(app: &TestApp) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.jsonl");
    let answer = app.staff_get("/schedules/1/door-list");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/jsonl")));
    std::fs::write(&list, &answer.text).unwrap();
    (folder, list)
}

fn door(list: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.arg("door").arg("--list").arg(list).args(arguments).env_remove("BOXOFFICE_STAFF_KEY");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Scans these lines at a door.
fn scan(list: &Path, arguments: &[&str], lines: &[&str]) -> Output {
    let mut child = door(list, arguments).spawn().unwrap();
    let mut input = lines.join("\n");
    input.push('\n');
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()); // one that refuses its list reads nothing
    child.wait_with_output().unwrap()
}

fn send(app: &TestApp, list: &Path, arguments: &[&str]) -> Output {
    let url = app.url();
    let mut command = door(list, &[arguments, &["--send", "--url", &url]].concat());
    command.env("BOXOFFICE_STAFF_KEY", STAFF_KEY).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub fn events(app: &TestApp, kind: &str) -> usize {
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    events.as_array().unwrap().iter().filter(|event| event["type"] == kind).count()
}

#[test]
fn door_each_scan_gets_its_answer_in_plain_words_and_a_bell_for_a_no() {
    let app = TestApp::with_seats(20, &["--seats-per-user", "20"]);
    let (tickets, _) = sold(&app, 1..=3);
    let (_, refunded) = sold(&app, 4..=4);
    let code = |at: usize| text(&tickets[at]["code"]);
    app.staff("POST", &format!("/reservations/{}/refund", text(&refunded)), json!({})).must(200);
    let void = app.staff_get(&format!("/reservations/{}", text(&refunded))).must(200)["tickets"][0].clone();
    app.staff("POST", "/checkins", json!({ "code": code(2), "door": "동문" })).must(200);
    let (_folder, list) = laptop(&app);
    let (newer, _) = sold(&app, 5..=5);
    let other_date = {
        let kim = app.buyer(PRICE);
        let held = kim.hold(2, &["1"]).must(201)["reservationId"].clone();
        kim.pay(&held, PRICE).must(201)["tickets"][0].clone()
    };
    let says = CodePayload { number: text(&tickets[1]["number"]).into(), schedule_id: 1, seat_no: 1 };
    let forged = code::make(&SigningKey::of(&SigningSecret::random()), &says).unwrap();
    let number = text(&tickets[1]["number"]).to_lowercase();
    let lines = [
        (code(0), "[OK] 입장 · IN   1"),
        (code(0), "[OK] 입장 (다시 읽음) · IN (READ AGAIN)   1"),
        (forged.as_str(), "[NO] 위조되었거나 손상됨 · FORGED OR DAMAGED"),
        (&number, "[OK] 입장 · IN   2"),
        (code(2), "[NO] 이미 입장함 · ALREADY IN   3 · "),
        (text(&void["code"]), "[NO] 환불·취소된 티켓 · REFUNDED OR CANCELLED   4"),
        (text(&newer[0]["code"]), "[NO] 명단 이후의 티켓, 매표소로 · SOLD AFTER THE LIST, ASK THE BOX OFFICE"),
        (text(&other_date["code"]), "[NO] 다른 날짜의 티켓 · OTHER DATE"),
        ("2222222222", "[NO] 없는 번호 · NO SUCH TICKET   2222222222"),
        ("https://example.org/", "[NO] 티켓이 아님, 다시 찍어 주세요 · NOT A TICKET, SCAN AGAIN"),
        (&"x".repeat(4_000), "[NO] 티켓이 아님, 다시 찍어 주세요 · NOT A TICKET, SCAN AGAIN"),
    ];
    let shown: Vec<&str> = lines.iter().flat_map(|(shown, _)| [*shown, "  "]).collect();
    let output = scan(&list, &["--door", "서문"], &shown);
    assert_eq!(output.status.code(), Some(3), "{}", complained(&output));
    let answers = said(&output);
    assert_eq!(answers.lines().count(), lines.len(), "{answers}");
    for (answer, (_, told)) in answers.lines().zip(lines) {
        assert!(answer.starts_with(told), "{answer:?} for {told:?}");
        assert_eq!(answer.ends_with('\x07'), told.starts_with("[NO]"), "{answer:?}");
    }
    assert!(answers.lines().nth(4).unwrap().contains("동문"));
    let (_folder, fresh) = laptop(&app);
    assert_eq!(scan(&fresh, &[], &[code(0), code(1)]).status.code(), Some(0), "all of them were let in");
}

/// What a scanner adds and a keyboard layout makes of it is read as the page and the API read it.
#[test]
fn keyboard_layouts_and_what_scanners_add_open_the_door_without_network_too() {
    let app = TestApp::with_seats(20, &["--seats-per-user", "20"]);
    let (tickets, _) = sold(&app, 1..=6);
    let (_folder, list) = laptop(&app);
    let (code, number) = (|at: usize| text(&tickets[at]["code"]), |at: usize| text(&tickets[at]["number"]));
    let german = |plain: &str| plain.replace('Y', "\0").replace('Z', "Y").replace('\0', "Z");
    let lines = [
        format!("\u{2}]Q1{}\r", code(0)),
        german(code(1)),
        code(2).to_lowercase(),
        format!("\u{feff}{}-{}\t", &number(3)[..5], &number(3)[5..].to_lowercase()),
        german(number(4)),
        number(5).chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect(),
    ];
    let output = scan(&list, &[], &lines.each_ref().map(String::as_str));
    assert_eq!(
        (output.status.code(), said(&output).matches("[OK] 입장 · IN").count()),
        (Some(0), 6),
        "{}",
        said(&output)
    );
    assert_eq!(send(&app, &list, &[]).status.code(), Some(0));
    assert_eq!(app.staff_get("/schedules/1/checkins").must(200)["in"], 6);
}

/// The same ticket again is a second read only at the same door and within a moment.
#[test]
fn door_double_read_without_network_repeats_the_answer_once_and_for_a_moment() {
    let app = TestApp::with_seats(20, &[]);
    let (tickets, _) = sold(&app, 1..=1);
    let (folder, list) = laptop(&app);
    let code = text(&tickets[0]["code"]);
    let journal = folder.path().join("list.jsonl.scans");
    let twice = scan(&list, &["--door", "West"], &[code, code]);
    assert_eq!((twice.status.code(), said(&twice).matches("[OK]").count()), (Some(0), 2), "{}", said(&twice));
    assert!(said(&twice).lines().nth(1).unwrap().contains("READ AGAIN"));
    let kept = std::fs::read_to_string(&journal).unwrap();
    assert_eq!(kept.lines().count(), 2, "one entry");
    let refused = |door: &str| {
        let later = scan(&list, &["--door", door], &[code]);
        assert_eq!(later.status.code(), Some(3), "{}", said(&later));
        assert!(said(&later).contains("ALREADY IN") && said(&later).contains("West"), "{}", said(&later));
    };
    refused("East");
    let at: Value = serde_json::from_str(kept.lines().nth(1).unwrap()).unwrap();
    let at = Millis::parse_rfc3339(text(&at["at"])).unwrap();
    std::fs::write(&journal, kept.replace(&at.to_string(), &at.plus_ms(-5_000).to_string())).unwrap();
    refused("West");
}

#[test]
fn list_of_somebody_else_or_a_changed_one_is_refused() {
    let app = TestApp::with_seats(5, &[]);
    let (tickets, _) = sold(&app, 1..=2);
    let (folder, list) = laptop(&app);
    let other = TestApp::with_seats(5, &[]);
    let (_other_folder, forged) = laptop(&other);
    let key = app.client.call("GET", "/api/v1/tickets/key", "", None).must(200).clone();
    let fingerprint = text(&key["fingerprint"]);
    let code = text(&tickets[0]["code"]);
    assert_eq!(scan(&list, &["--fingerprint", &fingerprint.to_uppercase()], &[code]).status.code(), Some(0));
    let refused = |list: &Path, arguments: &[&str], why: &str| {
        let output = scan(list, arguments, &[code]);
        assert_eq!((output.status.code(), said(&output)), (Some(1), String::new()));
        assert!(complained(&output).contains(why), "{why}: {}", complained(&output));
    };
    refused(&forged, &["--fingerprint", fingerprint], "it is not of your venue");
    let journal = folder.path().join("list.jsonl.scans");
    refused(&forged, &["--journal", journal.to_str().unwrap()], "scans of another date or venue");
    let whole = std::fs::read_to_string(&list).unwrap();
    let with = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    refused(&with("void", &whole.replace("\"VALID\"", "\"VOID\"")), &[], "its signature does not hold");
    refused(&with("cut", &whole[..whole.len() - 40]), &[], "cut short");
    refused(&with("text", "no list\nat all\n"), &[], "not a list for the door");
    refused(&folder.path().join("nowhere"), &[], "check --list");
    std::fs::write(&journal, "{\"doorScans\":2}\n").unwrap();
    refused(&list, &[], "scans of another date or venue");
}

#[test]
fn door_whom_the_door_let_in_it_knows_after_a_crash() {
    let app = TestApp::with_seats(20, &["--seats-per-user", "20"]);
    let (tickets, _) = sold(&app, 1..=10);
    let (folder, list) = laptop(&app);
    let code = |at: usize| text(&tickets[at]["code"]);
    for at in 0..5 {
        let mut child = door(&list, &[]).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        writeln!(stdin, "{}", code(at)).unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.starts_with("[OK]"), "{answer}");
        let second = scan(&list, &[], &[code(9)]);
        assert!(complained(&second).contains("another door command uses this journal"), "{}", complained(&second));
        child.kill().unwrap();
        child.wait().unwrap();
        // What a power cut may leave at the end: a part of a line, for which nobody was let in.
        let mut journal =
            std::fs::OpenOptions::new().append(true).open(folder.path().join("list.jsonl.scans")).unwrap();
        journal.write_all(&b"{\"scanId\":\"01a204"[..at * 4]).unwrap();
    }
    let again = scan(&list, &["--door", "another"], &(0..6).map(code).collect::<Vec<_>>());
    let answers = said(&again);
    let marks: Vec<&str> = answers.lines().map(|line| &line[..4]).collect();
    assert_eq!(marks, ["[NO]", "[NO]", "[NO]", "[NO]", "[NO]", "[OK]"]);
    let journal = std::fs::read_to_string(folder.path().join("list.jsonl.scans")).unwrap();
    assert_eq!(journal.lines().count(), 7, "{journal}");
    let damaged = journal.replacen("scanId", "scamId", 1);
    std::fs::write(folder.path().join("list.jsonl.scans"), damaged).unwrap();
    assert!(complained(&scan(&list, &[], &[code(9)])).contains("line 2 is damaged"));
}

#[test]
fn scans_are_told_twice_without_harm_and_two_doors_are_found_out() {
    let app = TestApp::with_seats(20, &["--seats-per-user", "20"]);
    let (tickets, _) = sold(&app, 1..=6);
    let (last, reservation) = sold(&app, 7..=7);
    let (_east_folder, east) = laptop(&app);
    let (_west_folder, west) = laptop(&app);
    let code = |at: usize| text(&tickets[at]["code"]);
    assert_eq!(scan(&east, &["--door", "East"], &[code(0), code(1), code(2)]).status.code(), Some(0));
    assert_eq!(
        scan(&west, &["--door", "West"], &[code(2), code(3), code(4), text(&last[0]["code"])]).status.code(),
        Some(0)
    );
    app.staff("POST", "/checkins", json!({ "code": code(4), "door": "Main" })).must(200);
    app.staff("POST", &format!("/reservations/{}/refund", text(&reservation)), json!({})).must(200);
    let first = send(&app, &east, &[]);
    assert_eq!(
        (first.status.code(), said(&first)),
        (
            Some(0),
            "Scans told: 3, 0 of them before. Checked in 3, seen at two doors 0, void before 0, unknown 0.\n".into()
        )
    );
    for known in [0, 4] {
        let second = send(&app, &west, &[]);
        let told = said(&second);
        assert_eq!(second.status.code(), Some(3), "{}", complained(&second));
        assert!(
            told.contains(&format!(
                "Scans told: 4, {known} of them before. Checked in 1, seen at two doors 2, void before 1, unknown 0."
            )),
            "{told}"
        );
        for words in ["SEEN AT TWO DOORS", "East", "West", "Main", "by the clock of a laptop", "VOID, AND LET IN"] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
    assert!(said(&send(&app, &east, &[])).contains("told: 3, 3 of them before"));
    let conflicts = app.staff_get("/checkins/conflicts").must(200)["conflicts"].clone();
    let short: Vec<(Value, Value, Value, Value)> = conflicts
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["seat"].clone(), one["outcome"].clone(), one["scan"]["door"].clone(), one["other"]["door"].clone())
        })
        .collect();
    let one = |seat: &str, outcome: &str, other: Value| (json!(seat), json!(outcome), json!("West"), other);
    assert_eq!(
        short,
        [one("3", "CONFLICT", json!("East")), one("5", "CONFLICT", json!("Main")), one("7", "VOID", Value::Null)]
    );
    assert!(conflicts[0]["scan"]["offline"] == true && conflicts[0]["other"]["offline"] == true);
    assert!(conflicts[1]["other"]["offline"] == false && conflicts[1]["other"]["at"].is_string());
    let after = format!("/checkins/conflicts?scheduleId=1&after={}&limit=1", conflicts[0]["scanNumber"]);
    assert_eq!(app.staff_get(&after).must(200)["conflicts"], json!([conflicts[1]]));
    assert_eq!(app.staff_get("/checkins/conflicts?scheduleId=2").must(200)["conflicts"], json!([]));
    assert_eq!((events(&app, "TICKET_CHECKED_IN"), events(&app, "TICKET_CONFLICT")), (5, 3));
    assert_eq!(app.staff_get("/schedules/1/checkins").must(200)["in"], 5);
    let shown = app.staff_get(&format!("/tickets/{}", text(&tickets[0]["number"]))).must(200)["checkedIn"].clone();
    assert_eq!((&shown["door"], &shown["offline"]), (&json!("East"), &json!(true)));
    // A scan that was taken back stays taken back, however often it is told.
    let one = format!("/checkins/{}", text(&tickets[0]["ticketId"]));
    app.staff("DELETE", &one, json!({})).must(200);
    send(&app, &east, &[]);
    assert_eq!(app.staff_get("/schedules/1/checkins").must(200)["in"], 4);
}

#[test]
fn sending_says_what_is_missing() {
    let app = TestApp::with_seats(5, &[]);
    let (tickets, _) = sold(&app, 1..=1);
    let (_folder, list) = laptop(&app);
    scan(&list, &[], &[text(&tickets[0]["code"])]);
    let failed = |arguments: &[&str], key: Option<&str>, why: &str| {
        let mut command = door(&list, arguments);
        if let Some(key) = key {
            command.env("BOXOFFICE_STAFF_KEY", key);
        }
        let output = command.output().unwrap();
        assert!(!output.status.success() && complained(&output).contains(why), "{why}: {}", complained(&output));
    };
    failed(&["--send"], None, "--url");
    failed(&["--send", "--url", &app.url()], None, "BOXOFFICE_STAFF_KEY");
    failed(&["--send", "--url", &app.url()], Some("no-key-of-this-venue"), "This call needs the staff key");
    failed(&["--send", "--url", "http://127.0.0.1:9"], Some(STAFF_KEY), "send again later");
    failed(&["--send", "--url", "ftp://x"], Some(STAFF_KEY), "http://HOST:PORT");
    for (body, pointer) in [
        (json!({ "scans": [] }), "/door"),
        (json!({ "door": "East", "scans": [] }), "/scans"),
        (
            json!({ "door": "East", "scans": [{ "scanId": "1", "number": "2", "at": "2100-01-01T09:00:00Z" }] }),
            "/scans/0/scanId",
        ),
        (
            json!({ "door": "East", "scans": [{ "scanId": "01a204da-7000-7111-8abc-01234567890a", "number": "2", "at": "now" }] }),
            "/scans/0/at",
        ),
        (
            json!({ "door": "East", "scans": [{ "scanId": "01a204da-7000-7111-8abc-01234567890a", "at": "2100-01-01T09:00:00Z" }] }),
            "/scans/0/code",
        ),
    ] {
        let told = app.staff("POST", "/checkins/scans", body);
        assert_eq!(told.refused(400, "INVALID_REQUEST")["pointer"], pointer);
    }
}
