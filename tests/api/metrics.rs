//! `/metrics` as Prometheus reads it: well-formed, bounded, and right about what happened.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Client, STAFF_KEY, TestApp, bearer, wait};
use serde_json::json;

fn text_of(client: &Client) -> String {
    let answer = client.call("GET", "/metrics", "", None);
    answer.must(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    answer.text
}

/// The sample of a name with its labels, as it is written.
fn value(text: &str, sample: &str) -> Option<f64> {
    let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))?;
    Some(value.parse().unwrap())
}

/// Figures that are told once a second are waited for.
fn until(app: &TestApp, samples: &[(&str, f64)]) {
    wait::until(&format!("{samples:?}"), || {
        let text = text_of(&app.client);
        samples.iter().all(|(sample, wanted)| value(&text, sample) == Some(*wanted))
    });
}

#[test]
fn metrics_are_one_family_after_the_other_each_with_help_and_type_and_no_sample_twice() {
    let app = TestApp::with_seats(3, &[]);
    let buyer = app.buyer(200_000);
    buyer.hold(1, &["1"]).must(201);
    buyer.hold(1, &["nowhere"]);
    let text = text_of(&app.client);
    let (mut families, mut samples, mut family) = (BTreeMap::new(), BTreeSet::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && families.insert(name.to_owned(), String::new()).is_none(), "{line}");
            family = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, family, "{line}");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            families.insert(name.to_owned(), kind.to_owned());
        } else {
            let (series, number) = line.rsplit_once(' ').unwrap();
            assert!(number.parse::<f64>().is_ok() && samples.insert(series.to_owned()), "{line}");
            let name = series.split('{').next().unwrap();
            let suffixes: &[&str] =
                if families[&family] == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(name.strip_prefix(&*family).is_some_and(|rest| suffixes.contains(&rest)), "{line} in {family}");
        }
    }
    assert!(families.len() > 40 && samples.len() > 100, "{} families, {} samples", families.len(), samples.len());
}

#[test]
fn metrics_count_requests_by_route_method_and_status_and_strangers_add_no_label() {
    let app = TestApp::with_seats(3, &[]);
    let count = |text: &str, route: &str, method: &str, status: u16| {
        let labels = format!("{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}");
        value(text, &format!("boxoffice_http_requests_total{labels}"))
    };
    for number in 0..50 {
        app.client.call("GET", &format!("/api/v1/nowhere/{number}"), "", None).refused(404, "NOT_FOUND");
        let path = format!("/api/v1/schedules/{number}/seats");
        app.client.call("GET", &path, "", None).refused(401, "TOKEN_REQUIRED");
        app.client.call("DELETE", &path, "", None).refused(405, "METHOD_NOT_ALLOWED");
    }
    app.client.call("HEAD", "/healthz", "", None);
    let text = text_of(&app.client);
    assert_eq!(count(&text, "other", "GET", 404), Some(50.0));
    assert_eq!(count(&text, "/api/v1/schedules/{scheduleId}/seats", "GET", 401), Some(50.0));
    assert_eq!(count(&text, "/api/v1/schedules/{scheduleId}/seats", "DELETE", 405), Some(50.0));
    assert_eq!(count(&text, "/healthz", "HEAD", 200), Some(1.0));
    assert_eq!(count(&text, "/api/v1/staff/concerts/{concertId}/schedules", "POST", 201), Some(2.0));
    let labels = r#"{route="/api/v1/schedules/{scheduleId}/seats",method="GET""#;
    let name = "boxoffice_http_request_duration_seconds";
    assert_eq!(value(&text, &format!("{name}_count{labels}}}")), Some(50.0));
    assert_eq!(value(&text, &format!("{name}_bucket{labels},le=\"+Inf\"}}")), Some(50.0));
    let seconds = value(&text, &format!("{name}_sum{labels}}}")).unwrap();
    assert!(seconds > 0.0 && seconds < 60.0, "{seconds}");
    assert!(!text.contains("nowhere") && !text.contains("/schedules/7/"), "{text}");
}

/// A long poll that counted as a slow request would wake somebody every night.
#[test]
fn metrics_of_long_polls_stand_apart_from_those_of_requests() {
    let app = TestApp::with_seats(3, &["--max-active=1"]);
    let (_first, second) = (app.customer(), app.customer());
    let waiting = std::thread::spawn({
        let (client, token) = (app.client.clone(), bearer(&second.token));
        move || {
            client.call_with("GET", "/api/v1/queue/token", &[("authorization", &*token), ("prefer", "wait=20")], None)
        }
    });
    app.until_parked(1);
    app.staff("POST", "/queue/admissions", json!({ "count": 1 })).must(200);
    waiting.join().unwrap().must(200);
    let text = text_of(&app.client);
    assert_eq!(value(&text, "boxoffice_http_long_poll_duration_seconds_count"), Some(1.0));
    let requests = r#"boxoffice_http_requests_total{route="/api/v1/queue/token",method="GET",status="200"}"#;
    let quick = r#"boxoffice_http_request_duration_seconds_count{route="/api/v1/queue/token",method="GET"}"#;
    assert_eq!((value(&text, requests), value(&text, quick)), (Some(1.0), Some(0.0)));
}

#[test]
fn metrics_count_refusals_by_code_those_of_the_server_itself_and_kept_ones_too() {
    let app = TestApp::with_seats(3, &[]);
    let [one, other] = [app.buyer(0), app.buyer(0)];
    one.hold(1, &["1"]).must(201);
    let token = bearer(&other.token);
    for _ in 0..3 {
        let headers = [("authorization", &*token), ("idempotency-key", "again")];
        let body = json!({ "scheduleId": 1, "seats": ["1"] }).to_string();
        app.client.call_with("POST", "/api/v1/reservations", &headers, Some(&body)).refused(409, "SEAT_UNAVAILABLE");
    }
    let large = "1".repeat(70_000);
    app.client.call_with("POST", "/api/v1/users", &[], Some(&large)).refused(413, "BODY_TOO_LARGE");
    let text = text_of(&app.client);
    let count = |code: &str| value(&text, &format!("boxoffice_http_refusals_total{{code=\"{code}\"}}"));
    assert_eq!(
        (count("SEAT_UNAVAILABLE"), count("BODY_TOO_LARGE"), count("INTERNAL")),
        (Some(3.0), Some(1.0), Some(0.0))
    );
}

#[test]
fn metrics_tell_what_has_become_of_the_seats_of_dates_to_come() {
    let app = TestApp::with_seats(5, &["--hold-seconds=60"]);
    let buyer = app.buyer(200_000);
    let held = buyer.hold(1, &["1", "2"]).must(201).clone();
    app.staff("PUT", "/schedules/1/seats/5", json!({ "blocked": true })).must(200);
    let first = r#"boxoffice_seats{concert="1",schedule="1",date="2100-01-01",state="#;
    let of = |state: &str| format!("{first}\"{state}\"}}");
    let [sold, holds, blocked, available] = ["sold", "held", "blocked", "available"].map(of);
    until(&app, &[(&sold, 0.0), (&holds, 2.0), (&blocked, 1.0), (&available, 2.0)]);
    buyer.pay(&held["reservationId"], 100_000).must(201);
    until(&app, &[(&sold, 2.0), (&holds, 0.0), (&blocked, 1.0), (&available, 2.0)]);
    app.buyer(0).hold(1, &["3"]).must(201);
    until(&app, &[(&holds, 1.0), (&available, 1.0)]);
    app.advance_ms(60_000);
    until(&app, &[(&sold, 2.0), (&holds, 0.0), (&available, 2.0)]);
    app.staff("POST", "/schedules/2/cancellation", json!({})).must(202);
    wait::until("a cancelled date is told no longer", || !text_of(&app.client).contains("schedule=\"2\""));
}

#[test]
fn metrics_of_dates_are_bounded() {
    let app = TestApp::empty(&[]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    for day in 0..110 {
        let starts_at = format!("21{:02}-01-01T10:00:00Z", (day * 37) % 110 % 100);
        let layout = json!({ "numbered": { "count": 1, "price": 0 } });
        app.staff("POST", "/concerts/1/schedules", json!({ "startsAt": starts_at, "layout": layout })).must(201);
    }
    let text = text_of(&app.client);
    let dates: Vec<&str> = text.lines().filter(|line| line.starts_with("boxoffice_seats{")).collect();
    assert_eq!(dates.len(), 100 * 4, "{}", dates.len());
    assert!(text.contains("the first 100 dates to come"));
}

#[test]
fn metrics_at_the_staff_s_own_address_count_what_both_addresses_answered() {
    let app = TestApp::with_apart_staff(5);
    let staff = Client::of(&app.staff_url());
    app.client.call("GET", "/api/v1/concerts", "", None).must(200);
    staff.call("GET", "/api/v1/concerts", "", None).must(200);
    staff.call("GET", "/api/v1/staff/queue", &bearer(STAFF_KEY), None).must(200);
    let text = text_of(&staff);
    for (route, count) in [("/api/v1/concerts", 2.0), ("/api/v1/staff/queue", 1.0)] {
        let sample = format!("boxoffice_http_requests_total{{route=\"{route}\",method=\"GET\",status=\"200\"}}");
        assert_eq!(value(&text, &sample), Some(count), "{route}");
    }
}

#[test]
fn metrics_of_the_writer_tell_commits_their_batches_and_the_queue() {
    let app = TestApp::with_seats(3, &[]);
    let before = value(&text_of(&app.client), "boxoffice_writer_batch_jobs_count").unwrap();
    app.buyer(1_000);
    let text = text_of(&app.client);
    let of = |name: &str| value(&text, &format!("boxoffice_writer_{name}")).unwrap();
    assert!(of("batch_jobs_count") >= before + 3.0);
    assert_eq!((of("commit_seconds_count"), of("batch_jobs_count")), (of("commits_total"), of("commits_total")));
    assert_eq!((of("batch_jobs_sum"), of("queue_length")), (of("jobs_total"), 0.0));
    assert!(value(&text, "boxoffice_database_file_bytes").unwrap() > 4_096.0);
    assert!(value(&text, "boxoffice_wal_file_bytes").unwrap() > 0.0);
}
