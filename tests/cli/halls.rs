//! Halls from outside: seating plans and tables of seats, by HTTP and on the command line, and back.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::TestApp;
use serde_json::{Value, json};

/// A plan of two zones whose rows share their names, with a standing area.
fn plan() -> Value {
    let seat = |zone: &str, row: &str, number: i64, category: &str| {
        json!({
            "seat_guid": format!("{zone}/{row}/{number}"),
            "seat_number": number.to_string(),
            "category": category,
            "position": { "x": 25.5 * number as f64, "y": 0 },
        })
    };
    let row = |zone: &str, name: &str, y: f64, category: &str| {
        let seats: Vec<Value> = (1..=4).map(|number| seat(zone, name, number, category)).collect();
        json!({ "row_number": name, "position": { "x": 0, "y": y }, "seats": seats })
    };
    let floor = json!({ "shape": "text", "text": { "text": "Floor", "position": { "x": 0, "y": 0 } } });
    json!({
        "name": "홀",
        "size": { "width": 400, "height": 300 },
        "categories": [{ "name": "R석" }, { "name": "S석" }],
        "zones": [
            { "name": "1층", "position": { "x": 10, "y": 20 }, "areas": [floor],
              "rows": [row("1", "A", 0.0, "R석"), row("1", "B", 30.25, "S석")] },
            { "name": "2층", "position": { "x": 10, "y": 200 }, "rows": [row("2", "A", 0.0, "S석")] },
        ],
    })
}

fn on_sale(layout: Value) -> Value {
    json!({ "startsAt": "2100-02-01T10:00:00Z", "layout": layout })
}

#[test]
fn seating_plan_becomes_a_date_whose_map_shows_where_each_seat_stands() {
    let app = TestApp::with_seats(1, &[]);
    let prices = json!({ "R석": 120_000, "S석": 90_000, "Floor": 60_000 });
    let layout = json!({ "pretixPlan": plan(), "prices": prices, "areas": { "Floor": 2 } });
    let date = app.staff("POST", "/concerts/1/schedules", on_sale(layout)).must(201).clone();
    assert_eq!((&date["seatsTotal"], &date["priceFrom"]), (&json!(14), &json!(60_000)));
    let map = app.customer().get("/schedules/3/seats").must(200)["seats"].clone();
    assert_eq!(
        map[5],
        json!({ "seat": "1층-B-2", "section": "1층", "row": "B", "number": "2", "price": 90_000, "status": "AVAILABLE",
                "mine": false, "category": "S석", "x": 61.0, "y": 50.25 })
    );
    assert_eq!((&map[13]["seat"], &map[13]["section"], map[13].get("x")), (&json!("Floor-2"), &json!("Floor"), None));
    assert_eq!(app.customer().hold(3, &["2층-A-1", "Floor-1"]).must(201)["amount"], 150_000);
}

#[test]
fn plan_that_is_wrong_changes_nothing_and_is_told_where_in_both_languages() {
    let app = TestApp::with_seats(1, &[]);
    let mut plan = plan();
    plan["zones"][1]["rows"][0]["seats"][2]["position"] = json!({ "x": 1 });
    let layout = json!({ "pretixPlan": plan, "prices": { "R석": 1 } });
    let refused = app.staff("POST", "/concerts/1/schedules", on_sale(layout.clone()));
    let pointer = "/layout/pretixPlan/zones/1/rows/0/seats/2/position/y";
    assert_eq!(refused.refused(400, "INVALID_REQUEST")["pointer"], pointer);
    let headers = [("authorization", &*crate::support::bearer(crate::support::STAFF_KEY)), ("accept-language", "ko")];
    let body = json!({ "layout": layout }).to_string();
    let told = app.client.call_with("PATCH", "/api/v1/staff/schedules/1", &headers, Some(&body));
    assert!(
        told.refused(400, "INVALID_REQUEST")["detail"]
            .as_str()
            .unwrap()
            .contains("구역 2층, A열, 3번째 좌석, 빠졌습니다"),
        "{}",
        told.text
    );
    assert_eq!(app.staff_get("/concerts/1/schedules").must(200)["schedules"].as_array().unwrap().len(), 2);
    assert_eq!(app.staff_get("/schedules/1").must(200)["seatsTotal"], 1);
}

#[test]
fn map_of_seats_can_be_given_to_another_date_one_by_one() {
    let app = TestApp::with_seats(1, &[]);
    let prices = json!({ "R석": 120_000, "S석": 90_000 });
    let layout = json!({ "pretixPlan": plan(), "prices": prices });
    app.staff("POST", "/concerts/1/schedules", on_sale(layout)).must(201);
    let seats = app.staff_get("/schedules/3/seats").must(200)["seats"].clone();
    let mut bare = seats.clone();
    for seat in bare.as_array_mut().unwrap() {
        seat.as_object_mut().unwrap().retain(|name, _| name != "status" && name != "mine");
    }
    app.staff("PATCH", "/schedules/1", json!({ "layout": { "seats": bare } })).must(200);
    assert_eq!(app.staff_get("/schedules/1/seats").must(200)["seats"], seats);
}

/// Runs the binary in a folder.
fn boxoffice(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(arguments).current_dir(folder).output().unwrap()
}

/// What a command that must succeed prints.
#[track_caller]
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = boxoffice(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that must fail says.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = boxoffice(folder, arguments);
    assert!(!output.status.success(), "{arguments:?} did not fail: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

const IMPORT: [&str; 6] = ["--database", "venue.db", "--concert", "봄밤", "--starts-at", "2099-04-03T19:00"];

fn import<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["import", file], &IMPORT[..], more].concat()
}

#[test]
fn table_of_excel_in_korea_makes_a_new_file_that_is_served_and_comes_back_seat_for_seat() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let table = "좌석,구역,열,번호,등급,가격,x,y,속성\r\n가-1,1층,가,1,R석,\"120,000\",10.5,20,휠체어 동반\r\n=가-2,1층,가,2,R석,90000,36,20,\r\n";
    std::fs::write(at.join("seats.csv"), encoding_rs::EUC_KR.encode(table).0).unwrap();
    let told = printed(
        at,
        &import("seats.csv", &["--staff-key", crate::support::STAFF_KEY, "--sale-opens-at", "2020-01-01T00:00:00Z"]),
    );
    assert_eq!(told, "schedule 1 of concert 1 (봄밤) at 2099-04-03T10:00:00.000Z: 2 seats\n");
    let out = printed(at, &["export", "--database", "venue.db", "--schedule", "1"]);
    assert_eq!(
        out,
        "\u{feff}label,section,row,number,category,price,x,y,attributes\r\n\
         가-1,1층,가,1,R석,120000,10.5,20,WHEELCHAIR COMPANION\r\n'=가-2,1층,가,2,R석,90000,36,20,\r\n"
    );
    std::fs::write(at.join("out.csv"), &out).unwrap();
    let again = ["--starts-at", "2099-04-04T19:00", "--database", "venue.db", "--concert-id", "1"];
    printed(at, &[&["import", "out.csv"], &again[..]].concat());
    assert_eq!(printed(at, &["export", "--database", "venue.db", "--schedule", "2"]), out);

    let app = TestApp::on(&at.join("venue.db"), &[]);
    let dates = app.staff_get("/concerts/1/schedules").must(200)["schedules"].clone();
    assert_eq!((&dates[0]["date"], &dates[0]["priceFrom"]), (&json!("2099-04-03"), &json!(90_000)));
    let seats = app.customer().get("/schedules/1/seats").must(200)["seats"].clone();
    assert_eq!(
        (&seats[1]["seat"], &seats[1]["x"], &seats[1]["category"]),
        (&json!("=가-2"), &json!(36.0), &json!("R석"))
    );
}

#[test]
fn plan_is_imported_with_prices_from_the_line_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("plan.json"), format!("\u{feff}{}", plan())).unwrap();
    std::fs::write(at.join("prices.json"), r#"{"R석":120000,"S석":90000}"#).unwrap();
    let first = import("plan.json", &["--prices", "R석=120000, S석=90000,Floor=60000", "--areas", "Floor=2"]);
    assert!(printed(at, &first).contains("14 seats"));
    let later = ["--database", "venue.db", "--concert", "봄밤", "--starts-at", "2099-04-04T19:00"];
    printed(at, &[&["import", "plan.json", "--prices", "prices.json"], &later[..]].concat());
    let out = printed(at, &["export", "--database", "venue.db", "--schedule", "2"]);
    assert!(out.contains("\r\n2층-A-4,2층,A,4,S석,90000,112,200,\r\n"), "{out}");
}

#[test]
fn plan_that_looks_like_a_mistake_is_imported_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut plan = plan();
    plan["zones"][0]["rows"][0]["seats"][1]["seat_number"] = json!("1");
    plan["zones"][0]["rows"][0]["seats"][1]["seat_guid"] = json!("1/A/1");
    std::fs::write(at.join("plan.json"), json!({ "id": 1, "name": "x", "layout": plan }).to_string()).unwrap();
    let told = printed(at, &import("plan.json", &["--prices", "R석=120000"]));
    assert!(
        told.contains("plan.json: Seats repeat the seat_guid of another; each is taken as a seat of its own. (1)"),
        "{told}"
    );
    assert!(told.contains("tells them apart. (1)") && told.contains(": 12 seats"), "{told}");
    let out = printed(at, &["export", "--database", "venue.db", "--schedule", "1"]);
    assert!(out.contains("\r\n1층-A-1 (2),1층,A,1,R석,120000,61,20,\r\n"), "{out}");
    assert!(out.contains("\r\n2층-A-4,2층,A,4,S석,,112,200,\r\n"), "not on sale: {out}");
}

#[test]
fn import_what_is_wrong_with_an_import_is_said_with_its_place_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut wrong = plan();
    wrong["zones"][1]["rows"][0]["seats"][3]["position"] = json!({ "x": "1", "y": 0 });
    for (name, text) in [
        ("plan.json", plan().to_string()),
        ("wrong.json", wrong.to_string()),
        ("broken.json", "{\n \"zones\": [}".into()),
        ("list.json", "[]".into()),
        ("seats.csv", "label,price\nA-1,5\nA-2,five\n".into()),
        ("good.csv", "label,price\nA-1,5\n".into()),
    ] {
        std::fs::write(at.join(name), text).unwrap();
    }
    let prices = ["--prices", "R석=1,S석=2"];
    for (arguments, told) in [
        (import("none.csv", &[]), "none.csv: No such file"),
        (import("seats.csv", &[]), "seats.csv: line 3, column 2 (price): must be a whole number of won"),
        (import("good.csv", &prices), "--prices and --areas are for a seating plan"),
        (import("plan.json", &[]), "gives no seat a price"),
        (import("plan.json", &["--prices", "R석=1,S석"]), "--prices S석: give NAME=NUMBER"),
        (import("plan.json", &["--prices", "R석=1,R석=2"]), "--prices: R석 is there twice"),
        (import("plan.json", &["--prices", "R석=1,S석=-2"]), "--prices S석 must be a whole number"),
        (import("plan.json", &["--prices", "R석=1,S석=2,T석=3"]), "--prices T석 is neither a category"),
        (import("plan.json", &["--prices", "R석=1,S석=2,F=3", "--areas", "F=3"]), "--areas F is the text of no area"),
        (import("wrong.json", &prices), "wrong.json: zone 2층, row A, seat 4, must be a number"),
        (import("broken.json", &prices), "line 2 column 12"),
        (import("list.json", &[]), "list.json: "),
        (import("good.csv", &["--sale-opens-at", "2099-04-03T19:00"]), "later than --sale-opens-at"),
        (import("good.csv", &["--sale-opens-at", "tomorrow"]), "--sale-opens-at tomorrow: must be an RFC 3339"),
        (import("good.csv", &["--time-zone", "Europe/Vienna", "--sale-opens-at", "2098-10-26T02:30"]), "comes twice"),
        (import("good.csv", &["--venue", "a\nb"]), "--venue"),
    ] {
        let why = refused(at, &arguments);
        assert!(why.contains(told), "{arguments:?}: {why}");
    }
    assert!(!at.join("venue.db").exists(), "not even the file was made");

    printed(at, &import("good.csv", &[]));
    assert!(refused(at, &import("good.csv", &[])).contains("has schedule 1 at that moment already"));
    let other =
        ["import", "good.csv", "--database", "venue.db", "--concert-id", "2", "--starts-at", "2099-04-04T19:00"];
    assert!(refused(at, &other).contains("--concert-id 2: there is no such concert"));
    let file = rusqlite::Connection::open(at.join("venue.db")).unwrap();
    let count = |table: &str| file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
    assert_eq!((count("concert"), count("schedule"), count("seat")), (Ok(1), Ok(1), Ok(1)));
}

#[test]
fn import_while_a_server_has_the_file_halls_go_in_and_out_through_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("plan.json"), plan().to_string()).unwrap();
    let app = TestApp::on(&at.join("venue.db"), &["--time-zone", "Europe/Vienna"]);
    let prices = ["--prices", "R석=120000,S석=90000"];
    let why = refused(at, &import("plan.json", &prices));
    assert!(
        why.contains("another boxoffice has this file open") && why.contains("give --url and --staff-key"),
        "{why}"
    );

    let url = app.url();
    let served = |key: &'static str| ["--url", url.as_str(), "--staff-key", key];
    let through = |key| {
        let rest = ["import", "plan.json", "--concert", "봄밤", "--venue", "큰 홀", "--starts-at", "2099-04-03T19:00"];
        [&rest[..], &prices, &served(key)].map(<[&str]>::to_vec).concat()
    };
    assert!(refused(at, &through("a-key-of-nobody-at-all")).contains("401 STAFF_KEY_INVALID"));
    let told = printed(at, &through(crate::support::STAFF_KEY));
    assert_eq!(
        told, "schedule 1 of concert 1 (봄밤) at 2099-04-03T17:00:00.000Z: 12 seats\n",
        "in the server's own zone"
    );
    assert!(refused(at, &through(crate::support::STAFF_KEY)).contains("has schedule 1 at that moment already"));
    assert_eq!(app.staff_get("/concerts").must(200)["concerts"][0]["venue"], "큰 홀");

    let beside = printed(at, &["export", "--database", "venue.db", "--schedule", "1"]);
    let export = ["export", "--schedule", "1", "--output", "out.csv"];
    printed(at, &[&export[..], &served(crate::support::STAFF_KEY)].concat());
    assert_eq!(std::fs::read_to_string(at.join("out.csv")).unwrap(), beside);
    let why = refused(at, &[&export[..], &served(crate::support::STAFF_KEY)].concat());
    assert!(why.contains("out.csv") && why.contains("choose another --output"), "{why}");
    let nothing = ["export", "--schedule", "9"];
    assert!(
        refused(at, &[&nothing[..], &served(crate::support::STAFF_KEY)].concat()).contains("404 SCHEDULE_NOT_FOUND")
    );
    assert!(refused(at, &[&nothing[..], &["--database", "venue.db"]].concat()).contains("venue.db has no such date"));
}
