//! `boxoffice rush` from outside: a small on-sale ends with a clean audit and a report that adds up.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::wait::until;
use crate::support::{STAFF_KEY, TestApp};
use serde_json::Value;

/// Starts a rush of 300 customers for 40 seats: some still wait when the last hold lapses.
fn rush(seed: &str) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["rush", "--customers", "300", "--seats", "40", "--max-active", "30", "--json", "--speed", "40"])
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
fn rush_small_on_sale_ends_with_a_clean_audit_and_its_seed_decides_the_mix() {
    let (first, again, other) = (rush("7"), rush("7"), rush("8"));
    let (first, again, other) = (report(first), report(again), report(other));
    assert_eq!(first["clean"], true);
    let checks = first["audit"].as_array().unwrap();
    assert_eq!(checks.len(), 8);
    assert!(checks.iter().all(|check| check["clean"] == true), "{checks:?}");
    assert_eq!((sum(&first["mix"]), sum(&first["endings"])), (300, 300));
    assert_eq!(first["endings"]["failed"], Value::Null);
    assert_eq!(first["endings"]["sentHome"], Value::Null);
    // More than four times as many want to buy as there are seats.
    assert_eq!(first["sold"], 40);
    assert!(first["soldOutAfterSeconds"].as_f64().unwrap() <= first["seconds"].as_f64().unwrap());
    let bought = first["endings"]["bought"].as_u64().unwrap();
    assert!((10..=40).contains(&bought), "{bought} bought 40 seats, at most 4 each");
    assert_eq!(first["latencies"]["POST /users"]["calls"], 300);
    assert_eq!(first["callsLost"], 0);
    assert_eq!(first["mix"], again["mix"]);
    assert_ne!(first["mix"], other["mix"]);
}

#[test]
fn rush_on_sale_draws_once_all_have_joined_and_sends_them_home_when_it_is_sold_out() {
    let ended = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["rush", "--on-sale", "--customers", "200", "--seats", "130", "--arrival-seconds", "0", "--json"])
        .args(["--speed", "40", "--hold-seconds", "1", "--max-active", "100", "--connections", "32"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let report = report(ended);
    assert_eq!((&report["clean"], &report["sold"]), (&Value::Bool(true), &Value::from(130)));
    assert_eq!((sum(&report["endings"]), &report["endings"]["failed"]), (200, &Value::Null));
    assert_eq!(report["latencies"]["POST /queue/tokens, by name"]["calls"], 200);
    assert_eq!(report["latencies"]["POST /users"], Value::Null);
    let phases = report["phases"].as_array().unwrap();
    let names: Vec<&str> = phases.iter().map(|phase| phase["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["join", "draw", "sale", "sold out"]);
    assert_eq!(phases[0]["calls"], serde_json::json!({ "POST /queue/tokens, by name": 200 }));
    let seconds = phases.iter().map(|phase| phase["seconds"].as_f64().unwrap()).sum::<f64>();
    assert!((seconds - report["seconds"].as_f64().unwrap()).abs() < 1.0, "{report}");
    assert_eq!(phases.iter().map(|phase| sum(&phase["calls"])).sum::<u64>(), report["calls"], "{report}");
    let cpu = |phase: &Value| ["serverCpuSeconds", "customersCpuSeconds"].map(|name| phase[name].as_f64().unwrap());
    assert!(phases.iter().all(|phase| cpu(phase).iter().sum::<f64>() > 0.0), "{report}");
    // Nobody goes home because of a number that the simulation has: the line told everybody who was left.
    let told = report["endings"]["foundItSoldOut"].as_u64().unwrap();
    assert!(told > 0 && sum(&phases[3]["calls"]) >= told, "{report}");
}

#[test]
fn rush_against_a_server_that_is_not_there_fails_with_a_sentence() {
    let ended = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["rush", "--url", "http://127.0.0.1:1", "--staff-key", "a-staff-key-for-tests"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("POST /staff/concerts: "), "{ended:?}");
}

/// What is set for a venue must not reach a rush with a server of its own.
#[test]
fn rush_with_a_server_of_its_own_takes_no_setting_from_the_environment() {
    let help = Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let names = help.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap());
    let values = |name: &str| match name {
        "BOXOFFICE_TOP_UP_POLICY" => "staff",
        "BOXOFFICE_TEST_CLOCK" => "frozen",
        "BOXOFFICE_LISTEN" | "BOXOFFICE_STAFF_LISTEN" => "127.0.0.1:1",
        "BOXOFFICE_STAFF_KEY" => "too-short",
        "BOXOFFICE_HTTP_PROXIES" => "127.0.0.1",
        _ => "1",
    };
    let ended = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["rush", "--customers", "30", "--seats", "10", "--json", "--speed", "40", "--arrival-seconds", "1"])
        .args(["--hold-seconds", "1", "--claim-seconds", "1", "--connections", "8"])
        .envs(names.map(|name| (name, values(name))))
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((&report["clean"], &report["stopped"]), (&true.into(), &false.into()));
}

/// Where staff have an address of their own, a rush needs both.
#[test]
fn rush_reaches_staff_at_an_address_of_their_own() {
    let app = TestApp::with_apart_staff(5);
    let rush = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
        command.args(["rush", "--url", &app.url(), "--staff-key", STAFF_KEY, "--customers", "8", "--seats", "8"]);
        command.args(["--json", "--speed", "100", "--arrival-seconds", "0", "--connections", "4", "--patience", "4"]);
        command.args(more).output().unwrap()
    };
    let alone = rush(&[]);
    assert_eq!(alone.status.code(), Some(1), "{alone:?}");
    assert!(String::from_utf8_lossy(&alone.stderr).contains("POST /staff/concerts: refused with 404"), "{alone:?}");
    let ended = rush(&["--staff-url", &app.staff_url()]);
    assert!(ended.status.success(), "{ended:?}");
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((&report["clean"], &report["customers"]), (&true.into(), &8.into()));
}

/// Waits until a program catches Ctrl-C.
fn until_it_catches(rush: &Child) {
    let path = format!("/proc/{}/status", rush.id());
    until("the handler", || {
        let status = std::fs::read_to_string(&path).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & 0b10 != 0
    });
}

/// Sends Ctrl-C.
fn interrupt(rush: &Child) {
    let sent = Command::new("kill").args(["-INT", &rush.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn rush_that_is_broken_off_ends_at_once_with_what_there_was() {
    const ENDS_WITHIN: Duration = Duration::from_secs(20);
    let app = TestApp::empty(&["--max-active", "1"]);
    let url = app.url();
    for own in [true, false] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
        command.args([
            "rush",
            "--customers",
            "400",
            "--seats",
            "10",
            "--json",
            "--speed",
            "0.02",
            "--connections",
            "16",
        ]);
        command.args(["--max-active", "1", "--arrival-seconds", "1"]);
        if !own {
            command.args(["--url", &url, "--staff-key", STAFF_KEY]);
        }
        let rush = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        until_it_catches(&rush);
        if !own {
            until("a customer", || app.staff_get("/queue").must(200)["waiting"].as_u64() > Some(50));
        }
        let began = Instant::now();
        interrupt(&rush);
        let ended = rush.wait_with_output().unwrap();
        assert!(began.elapsed() < ENDS_WITHIN, "{:?}", began.elapsed());
        assert_eq!(ended.status.code(), Some(130), "{ended:?}");
        let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!((&report["stopped"], &report["clean"]), (&true.into(), &Value::Null));
        assert_eq!((&report["customers"], sum(&report["endings"])), (&400.into(), 400), "{report}");
        assert!(report["endings"]["stopped"].as_u64().unwrap() > 0);
    }
}
