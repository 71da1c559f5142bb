//! `boxoffice rush` from outside: a small on-sale ends with a clean audit and a report that adds up.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

use std::process::{Command, Stdio};

use serde_json::Value;

/// Starts a rush of 150 customers for 40 seats.
fn rush(seed: &str) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["rush", "--customers", "150", "--seats", "40", "--max-active", "30", "--json", "--speed", "40"])
        .args(["--arrival-seconds", "1", "--hold-seconds", "1", "--claim-seconds", "1", "--connections", "32"])
        .args(["--seed", seed])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The report of one that ended well.
fn report(rush: std::process::Child) -> Value {
    let ended = rush.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{out}\n{err}");
    serde_json::from_str(&out).unwrap()
}

fn sum(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn a_small_on_sale_ends_with_a_clean_audit_and_its_seed_decides_the_mix() {
    let (first, again, other) = (rush("7"), rush("7"), rush("8"));
    let (first, again, other) = (report(first), report(again), report(other));
    assert_eq!(first["clean"], true);
    let checks = first["audit"].as_array().unwrap();
    assert_eq!(checks.len(), 8);
    assert!(checks.iter().all(|check| check["clean"] == true), "{checks:?}");
    assert_eq!((sum(&first["mix"]), sum(&first["endings"])), (150, 150));
    assert_eq!(first["endings"]["failed"], Value::Null);
    assert_eq!(first["endings"]["sentHome"], Value::Null);
    let sold = first["sold"].as_u64().unwrap();
    assert!((1..=40).contains(&sold), "{sold}");
    assert_eq!(first["soldOutAfterSeconds"].is_null(), sold < 40);
    assert_eq!(first["latencies"]["POST /users"]["calls"], 150);
    assert_eq!(first["callsLost"], 0);
    assert_eq!(first["mix"], again["mix"]);
    assert_ne!(first["mix"], other["mix"]);
}

#[test]
fn a_rush_against_a_server_that_is_not_there_fails_with_a_sentence() {
    let ended = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["rush", "--url", "http://127.0.0.1:1", "--staff-key", "a-staff-key-for-tests"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("POST /staff/concerts: "), "{ended:?}");
}
