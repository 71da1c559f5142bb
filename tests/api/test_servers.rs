//! Servers for tests: their calls are there on such a server, and on no other.

use boxoffice::app::App;
use boxoffice::routes::ROUTES;
use serde_json::json;

use crate::openapi::filled;
use crate::support::{Client, STAFF_KEY, TestApp, bearer, settings};

#[test]
fn test_calls_are_refused_on_a_server_that_keeps_what_people_do() {
    let folder = tempfile::tempdir().unwrap();
    let settings = boxoffice::settings::Settings { test_clock: None, ..settings(&["--allow-origin", "*"]) };
    let app = App::open(settings, &folder.path().join("venue.db"), ([127, 0, 0, 1], 0).into(), || {}).unwrap();
    let client = Client::of(&app.url());
    let origin = [("origin", "http://a"), ("access-control-request-method", "POST")];
    let mut count = 0;
    for route in ROUTES.iter().filter(|route| route.is_for_tests()) {
        let (method, path) = (route.method.word(), filled(route.path));
        let body = (method != "GET" && method != "DELETE").then(|| json!({}));
        client.call(method, &path, &bearer(STAFF_KEY), body).refused(404, "TEST_SERVER_ONLY");
        client.call("OPTIONS", &path, &bearer(STAFF_KEY), None).refused(404, "TEST_SERVER_ONLY");
        client.call(method, &path, "", None).refused(401, "STAFF_KEY_INVALID");
        client.call_with("OPTIONS", &path, &origin, None).refused(401, "STAFF_KEY_INVALID");
        count += 1;
    }
    assert!(count >= 2, "{count} calls");
    client.call("GET", "/api/v1/staff/test/nothing", &bearer(STAFF_KEY), None).refused(404, "TEST_SERVER_ONLY");
}

#[test]
fn test_calls_are_there_with_a_test_clock_and_for_admins() {
    let app = TestApp::empty(&[]);
    assert_eq!(app.staff_get("/test/snapshots").must(200), &json!({ "snapshots": [] }));
    app.staff_get("/test/nothing").refused(404, "NOT_FOUND");
    let counter = app.staff("POST", "/keys", json!({ "name": "Lee", "role": "counter" })).must(201)["key"].clone();
    let counter = bearer(counter.as_str().unwrap());
    app.client.call("GET", "/api/v1/staff/test/snapshots", &counter, None).refused(403, "ROLE_NOT_ALLOWED");
}
