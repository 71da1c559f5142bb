//! The helper for tests in Rust, as somebody else's test would use it.

use serde_json::{Value, json};

#[path = "../clients/rust/boxoffice.rs"]
mod boxoffice;

use crate::support::{Client, bearer};
use boxoffice::BoxOffice;

fn hold(client: &Client) -> (String, Value) {
    let token = client.call("POST", "/api/v1/queue/tokens", "", Some(json!({ "name": "Kim" }))).must(201).clone();
    let token = bearer(token["token"].as_str().unwrap());
    let body = json!({ "scheduleId": 1, "seats": ["12"] });
    let held = client.call("POST", "/api/v1/reservations", &token, Some(body)).must(201).clone();
    (token, held)
}

#[test]
fn client_helper_in_rust_turns_the_clock_goes_back_to_the_start_and_leaves_nothing() {
    let program = env!("CARGO_BIN_EXE_boxoffice");
    let started = BoxOffice::start(program, &["--hold-seconds=60"]).unwrap();
    let client = Client::of(&started.url);
    let (token, held) = hold(&client);
    started.advance_ms(60_000).unwrap();
    let path = format!("/api/v1/reservations/{}", held["reservationId"].as_str().unwrap());
    assert_eq!(client.call("GET", &path, &token, None).must(200)["status"], "EXPIRED");
    started.reset().unwrap();
    client.call("GET", &path, &token, None).refused(401, "TOKEN_INVALID");
    hold(&client);
    client.call("GET", "/api/v1/staff/me", &bearer(&started.staff_key), None).must(200);
    let database = started.ready["database"].as_str().unwrap().to_owned();
    assert!(std::fs::exists(&database).unwrap());
    drop(started);
    assert!(!std::fs::exists(&database).unwrap());
    assert!(BoxOffice::start(program, &["--no-such-flag"]).is_err(), "an error and no hang");
}

/// Threads, descriptors and kibibytes of a process; nothing where no `/proc` tells.
fn holds(process: u32) -> Option<[u64; 3]> {
    let count = |what: &str| Some(std::fs::read_dir(format!("/proc/{process}/{what}")).ok()?.count() as u64);
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    Some([count("task")?, count("fd")?, memory?.parse().ok()?])
}

/// A server that keeps ten kilobytes, or a descriptor, of each test has ten megabytes, or a thousand, more at the end.
#[test]
fn client_resets_between_a_thousand_tests_in_one_server_keep_memory_and_descriptors_flat() {
    let started = BoxOffice::start(env!("CARGO_BIN_EXE_boxoffice"), &[]).unwrap();
    let client = Client::of(&started.url);
    let one_test = |number: u32| {
        let (token, held) = hold(&client);
        if number.is_multiple_of(20) {
            let amount = &held["amount"];
            let path = format!("/api/v1/users/{}/balance/top-ups", held["userId"].as_str().unwrap());
            client.call("POST", &path, &token, Some(json!({ "amount": amount }))).must(201);
            let body = json!({ "reservationId": held["reservationId"], "amount": amount });
            client.call("POST", "/api/v1/payments", &token, Some(body)).must(201);
        }
        started.reset().unwrap();
    };
    (0..100).for_each(one_test); // pools and caches fill
    let before = holds(started.process_id());
    (0..1_000).for_each(one_test);
    let after = holds(started.process_id());
    if let (Some([threads, descriptors, kib]), Some(after)) = (before, after) {
        assert!(after[0] <= threads && after[1] <= descriptors + 2, "{before:?} {after:?}");
        assert!(after[2] <= kib + 4_096, "{before:?} {after:?}");
    }
}
