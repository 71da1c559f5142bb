//! What every call does with what it does not know: unknown query parameters and members, other
//! media types, bodies where it takes none. The calls are those of the
//! route table, so that a new one is held to the same.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::document::Document;
use crate::support::{Answer, Client, Customer, PRICE, STAFF_KEY, TestApp, basic, bearer};
use boxoffice::routes::{Access, Body, ROUTES, Route};
use serde_json::{Value, json};

pub const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
const FORM: &str = "application/x-www-form-urlencoded";

/// A call over a connection of its own: a client library would not send a body with a GET.
pub fn raw(client: &Client, method: &str, path: &str, fields: &[(&str, &str)], body: Option<&str>) -> Answer {
    let address = client.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        text += &format!("{name}: {value}\r\n");
    }
    if let Some(body) = body {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    stream.write_all(format!("{text}\r\n{}", body.unwrap_or("")).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned()));
    Answer {
        status,
        headers: headers.collect(),
        text: text.to_owned(),
        body: serde_json::from_str(text).unwrap_or(Value::Null),
    }
}

/// Whoever may make each call, and one thing of each kind to name in its path.
pub struct World {
    pub app: TestApp,
    pub document: Document,
    pub customer: Customer,
}

impl World {
    pub fn new() -> World {
        let app = TestApp::with_seats(5, &[]);
        let customer = app.buyer(2 * PRICE);
        World { app, document: Document::read(), customer }
    }

    pub fn path(&self, route: &Route) -> String {
        let path = route.path.replace("{userId}", if is_staff(route) { NOBODY } else { &self.customer.id });
        let path = path.replace("{concertId}", "1").replace("{scheduleId}", "1").replace("{seat}", "1");
        let path = path
            .replace("{keyId}", "9")
            .replace("{webhookId}", "9")
            .replace("{room}", "shared")
            .replace("{file}", "look.css");
        let path = path.replace("{version}", boxoffice::web::files_version());
        let path = path.replace("{code}", "not_found").replace("{language}", "en").replace("{page}", "venue");
        path.split('/').map(|word| if word.starts_with('{') { NOBODY } else { word }).collect::<Vec<_>>().join("/")
    }

    pub fn authorization(&self, route: &Route) -> String {
        match route.access() {
            Access::Open => String::new(),
            Access::Token | Access::Active => bearer(&self.customer.token),
            Access::User => basic(&self.customer.id, &self.customer.key),
            Access::Staff(_) => bearer(STAFF_KEY),
        }
    }

    pub fn ask(&self, route: &Route, path: &str, fields: &[(&str, &str)], body: Option<&str>) -> Answer {
        let authorization = self.authorization(route);
        let fields = [&[("authorization", authorization.as_str())], fields].concat();
        raw(&self.app.client, route.method.word(), path, &fields, body)
    }

    /// A body that the document gives as an example of the call.
    pub fn body(&self, route: &Route) -> Option<Value> {
        let operation = &self.document.0["paths"][route.path][route.method.word().to_lowercase()];
        let content = &operation["requestBody"]["content"]["application/json"];
        let several = content["examples"].as_object().and_then(|examples| examples.values().next());
        content.get("example").or(several.map(|example| &example["value"])).cloned()
    }
}

pub fn is_staff(route: &Route) -> bool {
    matches!(route.access(), Access::Staff(_))
}

pub fn what(route: &Route, answer: &Answer) -> String {
    format!("{} {}: {} {}", route.method.word(), route.path, answer.status, answer.text)
}

#[track_caller]
fn must_name(route: &Route, answer: &Answer, pointer: &str) {
    let told = (answer.status, answer.body["code"].as_str(), answer.body["pointer"].as_str());
    assert_eq!(told, (400, Some("INVALID_REQUEST"), Some(pointer)), "{}", what(route, answer));
}

/// A program in which a call forgets its query answers a misspelt `?al=true` as if nothing had been asked.
#[test]
fn query_parameters_that_are_not_known_or_there_twice_are_refused_by_every_call() {
    let mut world = World::new();
    for route in ROUTES {
        world.customer = world.app.buyer(0);
        let path = world.path(route);
        let ask = |query: &str| world.ask(route, &format!("{path}?{query}"), &[], None);
        let Some(known) = route.query else {
            let plain = world.ask(route, &path, &[], None).status;
            assert_eq!(ask("nothing=1&nothing=1").status, plain, "a page takes what a link carries: {path}");
            continue;
        };
        must_name(route, &ask("nothing=1"), "?nothing");
        must_name(route, &ask("&%6Eothing"), "?nothing");
        for name in known {
            must_name(route, &ask(&format!("{name}=1&{name}=1")), &format!("?{name}"));
            must_name(
                route,
                &ask(&format!("{name}=1&{}=1", name.to_uppercase())),
                &format!("?{}", name.to_uppercase()),
            );
        }
    }
}

/// A program that does not look at the body of a call refunds three seats where one was named.
#[test]
fn bodies_are_read_or_refused_by_every_call() {
    let mut world = World::new();
    for route in ROUTES {
        world.customer = world.app.buyer(0);
        let path = world.path(route);
        let ask = |media_type: &str, body: Option<&str>| world.ask(route, &path, &[("content-type", media_type)], body);
        let json = |body: &str| ask("application/json", Some(body));
        match route.body {
            Body::None => {
                for (media_type, body) in [("application/json", "{}"), ("text/plain", "x"), ("", "{\"confirm\":false}")]
                {
                    must_name(route, &ask(media_type, Some(body)), "");
                }
                let empty = ask("text/plain", Some(""));
                assert!(empty.status != 415 && empty.body["pointer"] != "", "{}", what(route, &empty));
                continue;
            }
            Body::Empty => {
                for answer in [json("{}"), json("null"), ask("", None), ask(FORM, Some(""))] {
                    assert!(!matches!(answer.status, 400 | 415), "{}", what(route, &answer));
                }
                must_name(route, &json(r#"{"seats":["1"]}"#), "/seats");
                must_name(route, &json(r#"{"confirm":false}"#), "/confirm");
            }
            Body::Optional => {
                for answer in [json("{}"), json("null"), ask("", None), ask(FORM, Some(""))] {
                    assert!(!matches!(answer.status, 400 | 415), "{}", what(route, &answer));
                }
                must_name(route, &json(r#"{"nothing":1}"#), "/nothing");
            }
            Body::Json | Body::Large => {
                let mut body = world.body(route).unwrap();
                body["nothing"] = json!(1);
                must_name(route, &json(&body.to_string()), "/nothing");
                ask("application/json", None).refused(400, "INVALID_JSON");
            }
        }
        must_name(route, &json("[]"), "");
        json("{").refused(400, "INVALID_JSON");
        json(r#"{"a":1,"a":1}"#).refused(400, "INVALID_JSON");
        for media_type in ["text/plain", "application/json-patch+json", FORM, ""] {
            ask(media_type, Some("{}")).refused(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        let with_parameters = ask("Application/JSON; charset=utf-8", Some("{"));
        with_parameters.refused(400, "INVALID_JSON");
    }
}

/// The places of the members of an example and of the other members that its schema knows, as JSON pointers.
fn members(document: &Document, schema: &Value, example: &Value, at: &str, found: &mut Vec<String>) {
    let schema = document.follow(schema);
    for inner in ["oneOf", "anyOf", "allOf"].iter().flat_map(|kind| schema[kind].as_array().into_iter().flatten()) {
        members(document, inner, example, at, found);
    }
    if let (Some(values), true) = (example.as_array(), schema["items"].is_object()) {
        let each = values.iter().enumerate();
        each.for_each(|(n, value)| members(document, &schema["items"], value, &format!("{at}/{n}"), found));
    }
    let Some(object) = example.as_object() else { return };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        found.push(format!("{at}/{name}"));
        members(document, property, &example[name], &format!("{at}/{name}"), found);
    }
    if schema["additionalProperties"].is_object() {
        found.extend(object.keys().map(|name| format!("{at}/{name}")));
    }
}

/// The one `null` that says something: these seats have no price and are not on sale. A price that was forgotten is not
/// taken for it.
fn is_unpriced(pointer: &str) -> bool {
    pointer.starts_with("/layout/") && pointer.ends_with("/price")
}

/// Clients that write every member of a type send `null` for what they do not say. The calls and their members are
/// those of the document, so that a new one is held to the same.
#[test]
fn null_for_a_member_is_answered_as_if_it_were_not_there() {
    let (mut world, mut count) = (World::new(), 0);
    for route in ROUTES.iter().filter(|route| matches!(route.body, Body::Json | Body::Large)) {
        let operation = &world.document.0["paths"][route.path][route.method.word().to_lowercase()];
        let content = &operation["requestBody"]["content"]["application/json"];
        let several = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
        let examples: Vec<Value> = content.get("example").into_iter().chain(several).cloned().collect();
        assert!(!examples.is_empty(), "{}", route.path);
        let schema = content["schema"].clone();
        for example in examples {
            let mut pointers = Vec::new();
            members(&world.document, &schema, &example, "", &mut pointers);
            pointers.sort();
            pointers.dedup();
            for pointer in pointers {
                if is_unpriced(&pointer) {
                    continue;
                }
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                let mut ask = |null: bool| {
                    let mut body = example.clone();
                    let object = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
                    object.shift_remove(name);
                    if null {
                        object.insert(name.to_owned(), Value::Null);
                    }
                    world.customer = world.app.customer();
                    let json = [("content-type", "application/json")];
                    let answer = world.ask(route, &world.path(route), &json, Some(&body.to_string()));
                    world.customer.delete("/queue/token");
                    // What is made has a code of its own, as a refusal has.
                    let refused = answer.status >= 400;
                    let member = |name: &str| if refused { answer.body[name].clone() } else { Value::Null };
                    (answer.status, member("code"), member("pointer"), member("detail"))
                };
                assert_eq!(ask(true), ask(false), "{} {} {pointer} of {example}", route.method.word(), route.path);
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count} members");
    world
        .ask(
            find("POST", "/api/v1/users"),
            "/api/v1/users",
            &[("content-type", "application/json")],
            Some(r#"{"name":"Kim","nothing":null}"#),
        )
        .refused(400, "INVALID_REQUEST");
}

fn find(method: &str, path: &str) -> &'static Route {
    ROUTES.iter().find(|route| route.method.word() == method && route.path == path).unwrap()
}

#[test]
fn body_of_options_is_refused_and_a_refused_refund_refunds_nothing() {
    let app = TestApp::with_seats(3, &["--seats-per-user", "3"]);
    raw(&app.client, "OPTIONS", "/api/v1/concerts", &[], Some("{}")).refused(400, "INVALID_REQUEST");
    let buyer = app.buyer(3 * PRICE);
    let held = buyer.hold(1, &["1", "2", "3"]).must(201)["reservationId"].clone();
    buyer.pay(&held, 3 * PRICE).must(201);
    let refund = format!("/reservations/{}/refund", held.as_str().unwrap());
    app.staff("POST", &refund, json!({ "seat": "1" })).refused(400, "INVALID_REQUEST");
    app.staff("POST", "/schedules/1/cancellation", json!({ "confirm": false })).refused(400, "INVALID_REQUEST");
    let one = format!("/api/v1{refund}");
    let own = basic(&buyer.id, &buyer.key);
    app.client.call("POST", &one, &own, Some(json!({ "seat": "1" }))).refused(400, "INVALID_REQUEST");
    assert_eq!(buyer.balance(), 0);
    assert_eq!(app.staff_get("/schedules/1").must(200)["cancelledAt"], Value::Null);
    let staff = [("authorization", &*bearer(STAFF_KEY))];
    raw(&app.client, "POST", &format!("/api/v1/staff{refund}"), &staff, None).must(200);
    assert_eq!(buyer.balance(), 3 * PRICE);
}

/// What the document says of requests in general, each sentence beside what the server does.
#[test]
fn sentences_of_the_document_about_requests_are_true() {
    let app = TestApp::with_seats(1, &[]);
    let document = Document::read();
    let prose = document.0["info"]["description"].as_str().unwrap();
    let says = |sentence: &str| assert!(prose.contains(sentence), "the document no longer says: {sentence}");
    says("**A member twice** in one object is refused with `INVALID_JSON`");
    let json = [("content-type", "application/json")];
    raw(&app.client, "POST", "/api/v1/users", &json, Some(r#"{"name":"Kim","name":"Lee"}"#))
        .refused(400, "INVALID_JSON");
    says(
        "411 `LENGTH_REQUIRED` (a body with a Transfer-Encoding other than chunked; a request with neither Content-Length nor Transfer-Encoding has no body)",
    );
    let compressed = [json[0], ("transfer-encoding", "gzip")];
    raw(&app.client, "POST", "/api/v1/users", &compressed, None).refused(411, "LENGTH_REQUIRED");
    raw(&app.client, "POST", "/api/v1/users", &json, None).refused(400, "INVALID_JSON");
    let cancel = "/api/v1/staff/schedules/1/cancellation";
    raw(&app.client, "POST", cancel, &[("authorization", &bearer(STAFF_KEY))], None).must(202);
}
