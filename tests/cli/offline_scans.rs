//! Scans of many doors without network, told in any order and more than once, against what must come of them.

use std::collections::HashMap;

use super::offline_door::{events, sold, text};
use crate::support::TestApp;
use serde_json::{Value, json};

/// Steps of a small random generator, so that a failing run can be had again.
fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % below
}

/// Doors tell the same scans again and again, in any order, two of them at once, while others let in with network and
/// take back: each scan keeps its first outcome, each ticket is in at most once, and every second entry is a conflict.
#[test]
fn scans_of_many_doors_interleaved_come_to_the_same_books() {
    const TICKETS: usize = 12;
    const SCANS: usize = 60;
    let mut state = 20_261_124;
    let app = TestApp::with_seats(20, &["--seats-per-user", "20"]);
    let (tickets, _) = sold(&app, 1..=TICKETS as u32);
    let scans: Vec<(String, Value)> = (0..SCANS)
        .map(|at| {
            let ticket = &tickets[random(&mut state, TICKETS)];
            let id = format!("01a204da-7000-7111-8abc-{at:012x}");
            let scan = json!({ "scanId": id, "number": ticket["number"], "at": format!("2100-01-01T09:00:{at:02}Z") });
            (format!("door {}", at % 4), scan)
        })
        .collect();
    let tell = |chosen: &[usize]| -> Vec<Value> {
        let door = &scans[chosen[0]].0;
        let body = json!({ "door": door, "scans": chosen.iter().map(|at| &scans[*at].1).collect::<Vec<_>>() });
        app.staff("POST", "/checkins/scans", body).must(200)["scans"].as_array().unwrap().clone()
    };
    let mut outcomes: HashMap<String, Value> = HashMap::new();
    let (mut online, mut undone) = (0, 0);
    for _ in 0..120 {
        let door = random(&mut state, 4);
        let mut chosen = || -> Vec<usize> {
            (0..=random(&mut state, 5)).map(|_| random(&mut state, SCANS / 4) * 4 + door).collect()
        };
        let (one, other) = (chosen(), chosen());
        let told = std::thread::scope(|scope| {
            let first = scope.spawn(|| tell(&one));
            let second = scope.spawn(|| tell(&other));
            [first.join().unwrap(), second.join().unwrap()].concat()
        });
        for scan in told {
            let outcome = outcomes.entry(text(&scan["scanId"]).to_owned()).or_insert_with(|| scan["outcome"].clone());
            assert_eq!(*outcome, scan["outcome"], "a scan keeps its first outcome");
        }
        let ticket = &tickets[random(&mut state, TICKETS)];
        match random(&mut state, 6) {
            0 => online += usize::from(app.staff("POST", "/checkins", json!({ "code": ticket["code"] })).status == 200),
            1 => {
                let path = format!("/checkins/{}", text(&ticket["ticketId"]));
                undone += usize::from(app.staff("DELETE", &path, json!({})).status == 200);
            }
            _ => {}
        }
    }
    let of = |word: &str| outcomes.values().filter(|outcome| *outcome == word).count();
    assert!(of("CHECKED_IN") > 5 && of("CONFLICT") > 5 && online + undone > 2, "{online} {undone} {outcomes:?}");
    assert_eq!(of("CHECKED_IN") + of("CONFLICT"), outcomes.len());
    let inside = app.staff_get("/schedules/1/checkins").must(200)["in"].as_u64().unwrap() as usize;
    assert_eq!(inside, of("CHECKED_IN") + online - undone, "one entry each");
    assert_eq!(events(&app, "TICKET_CONFLICT"), of("CONFLICT"));
    let conflicts = app.staff_get("/checkins/conflicts?limit=1000").must(200)["conflicts"].as_array().unwrap().len();
    assert_eq!(conflicts, of("CONFLICT"));
}
