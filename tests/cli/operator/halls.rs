//! Two halls as files: a seating plan of 1,000 seats and its prices, and a table as Excel in Korea writes it.

use std::path::Path;

use serde_json::{Value, json};

pub const PLAN_SEATS: usize = 1_000;
const ROWS: usize = 20;
const ROW_SEATS: usize = PLAN_SEATS / ROWS / 2;

/// The plan: two floors of 20 rows with 25 seats each.
fn plan() -> Value {
    let seat = |zone: &str, row: usize, number: usize| {
        json!({
            "seat_guid": format!("{zone}/{row}/{number}"),
            "seat_number": number.to_string(),
            "category": if zone == "2층" { "S석" } else if row <= 5 { "VIP석" } else { "R석" },
            "position": { "x": 25 * number, "y": 0 },
        })
    };
    let row = |zone: &str, row: usize| {
        let seats: Vec<Value> = (1..=ROW_SEATS).map(|number| seat(zone, row, number)).collect();
        json!({ "row_number": row.to_string(), "position": { "x": 0, "y": 30 * row }, "seats": seats })
    };
    let zone = |name: &str, y: usize| {
        let rows: Vec<Value> = (1..=ROWS).map(|number| row(name, number)).collect();
        json!({ "name": name, "position": { "x": 10, "y": y }, "rows": rows })
    };
    json!({
        "name": "대극장",
        "size": { "width": 700, "height": 1_500 },
        "categories": [{ "name": "VIP석" }, { "name": "R석" }, { "name": "S석" }],
        "zones": [zone("1층", 20), zone("2층", 700)],
    })
}

/// The table of a small hall; its price with a comma is how a spreadsheet shows it.
pub const TABLE: &str =
    "좌석,구역,열,번호,등급,가격\n가-1,가,1,1,VIP,\"70,000\"\n가-2,가,1,2,VIP,70000\n나-1,나,1,1,일반,40000\n";

/// Writes `plan.json`, `prices.json` and `seats.csv`, that one in CP949.
pub fn write(folder: &Path) {
    let prices = json!({ "VIP석": 150_000, "R석": 110_000, "S석": 70_000 });
    std::fs::write(folder.join("plan.json"), plan().to_string()).unwrap();
    std::fs::write(folder.join("prices.json"), prices.to_string()).unwrap();
    let (table, _, unknown) = encoding_rs::EUC_KR.encode(TABLE);
    assert!(!unknown);
    std::fs::write(folder.join("seats.csv"), table).unwrap();
}
