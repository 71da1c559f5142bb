//! The form of the OpenAPI document: what generators of clients need of it, and that its prose is held by tests.

use std::collections::BTreeSet;

use boxoffice::routes::{Access, Body, ROUTES};
use boxoffice::staff::Role;
use serde_json::{Value, json};

use super::openapi::{authorization, filled};
use super::requests::raw;
use crate::support::document::{Document, DocumentClient};
use crate::support::{TestApp, bearer};

/// Every schema of the document with its place, examples left out.
fn each_schema<'d>(value: &'d Value, place: &str, visit: &mut dyn FnMut(&str, &'d Value)) {
    match value {
        Value::Object(members) => {
            visit(place, value);
            let inner = members.iter().filter(|(name, _)| !matches!(name.as_str(), "example" | "examples"));
            inner.for_each(|(name, one)| each_schema(one, &format!("{place}/{name}"), visit));
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, one)| each_schema(one, &format!("{place}/{at}"), visit));
        }
        _ => {}
    }
}

#[test]
fn openapi_schemas_are_named_and_typed_as_generators_of_clients_need_them() {
    let document = Document::read();
    let mut faults = Vec::new();
    each_schema(&document.0, "", &mut |place, schema| {
        let is_component = place.starts_with("/components/schemas/") && place.matches('/').count() == 3;
        let is_keyword = !place.ends_with("/properties"); // a member may have the name of a keyword
        let several = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
        let is_choice = several.is_some_and(|several| !several.iter().any(|one| one["type"] == "null"));
        let is_object = schema["properties"].is_object() && schema["type"] == "object";
        if is_keyword && !is_component && (is_object || is_choice || schema["enum"].is_array()) {
            faults.push(format!("{place}: an object, a choice or a list of words without a name"));
        }
        if schema.get("title").is_some() && is_keyword && place != "/info" {
            faults.push(format!("{place}: a title, after which generators name a type"));
        }
        if is_keyword && schema["type"] == "integer" && schema["const"].is_null() && schema["format"].is_null() {
            faults.push(format!("{place}: a whole number of no size"));
        }
        if schema["format"] == "int64" && (schema["minimum"].is_null() || schema["maximum"].is_null()) {
            faults.push(format!("{place}: no bounds"));
        }
        let is_single = schema["const"].is_string() || schema["const"].is_number() || schema["enum"].is_array();
        if is_single && schema["type"].is_null() {
            faults.push(format!("{place}: a constant without a type"));
        }
        if let Some(mapping) = schema.get("discriminator").map(|one| &one["mapping"]) {
            let told: BTreeSet<&str> = mapping.as_object().unwrap().values().filter_map(Value::as_str).collect();
            let one_of = schema["oneOf"].as_array().unwrap().iter().filter_map(|one| one["$ref"].as_str());
            if told != one_of.collect() {
                faults.push(format!("{place}: the mapping is not that of its schemas"));
            }
        }
    });
    for (method, path, operation) in document.operations() {
        // Generators name the parameters and the answer of a call so.
        let id = operation["operationId"].as_str().unwrap();
        for word in ["Request", "Response"] {
            let name = format!("{}{}{word}", id[..1].to_uppercase(), &id[1..]);
            if document.0["components"]["schemas"].get(&name).is_some() {
                faults.push(format!("{method} {path}: {name} is the name of a schema too"));
            }
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if operation.get("requestBody").is_some() && !body["$ref"].as_str().unwrap_or("").ends_with("Request") {
            faults.push(format!("{method} {path}: the schema of its body has no name of a request"));
        }
        if operation["description"].as_str().unwrap_or("").is_empty() {
            faults.push(format!("{method} {path}: no description"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A refusal of the call's own with the status of one that all such calls share must not take its place.
#[test]
fn openapi_calls_with_refusals_of_their_own_keep_those_that_every_such_call_has() {
    let (app, document) = (TestApp::with_seats(5, &["--max-active", "1"]), Document::read());
    let client = DocumentClient { app: &app, document };
    let made = client.staff("POST /keys", "/keys", Some(json!({ "name": "Gate", "role": "door" })));
    let (_active, waiting) = (app.customer(), app.customer());
    let (door, waiting) = (bearer(made.must(201)["key"].as_str().unwrap()), bearer(&waiting.token));
    for route in ROUTES {
        let (key, code) = match route.access() {
            Access::Active => (&waiting, "TOKEN_WAITING"),
            Access::Staff(roles) if !roles.contains(&Role::Door) => (&door, "ROLE_NOT_ALLOWED"),
            _ => continue,
        };
        let (call, body) =
            (format!("{} {}", route.method.word(), route.path), (route.body != Body::None).then(|| json!({})));
        client.ask(&call, &filled(route.path), &[("authorization", key)], body).refused(403, code);
    }
}

#[test]
fn banned_customers_are_refused_at_the_counter_as_the_document_says() {
    let app = TestApp::with_seats(5, &[]);
    let client = DocumentClient { app: &app, document: Document::read() };
    let user = app.customer().id;
    app.staff("PUT", &format!("/users/{user}/ban"), json!({ "banned": true })).must(200);
    let wanted = json!({ "scheduleId": 1, "seats": ["1"], "customer": { "userId": user } });
    for (path, name, value) in [("/sales", "method", "CASH"), ("/reservations", "until", "2100-01-01T00:00:00Z")] {
        let mut wanted = wanted.clone();
        wanted[name] = value.into();
        client.staff(&format!("POST {path}"), path, Some(wanted)).refused(403, "USER_BANNED");
    }
}

#[test]
fn method_not_allowed_tells_the_methods_of_the_path_on_every_path() {
    let (app, document) = (TestApp::with_seats(1, &[]), Document::read());
    for path in document.0["paths"].as_object().unwrap().keys() {
        let told = &document.0["paths"][path];
        let methods = ["get", "post", "put", "patch", "delete"];
        let other = methods.iter().find(|method| told.get(**method).is_none()).unwrap().to_uppercase();
        let body = matches!(other.as_str(), "POST" | "PUT" | "PATCH").then(|| json!({}));
        let options = app.client.call("OPTIONS", &filled(path), &authorization(path), None);
        let answer = app.client.call(&other, &filled(path), &authorization(path), body);
        answer.refused(405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), options.header("allow"), "{other} {path}");
        let unknown = raw(&app.client, "BREW", &filled(path), &[], None);
        unknown.refused(405, "METHOD_NOT_ALLOWED");
        assert_eq!(unknown.header("allow"), options.header("allow"), "BREW {path}");
    }
}

#[test]
fn edition_in_openapi_3_0_has_the_same_calls_and_no_word_of_3_1() {
    let (app, document) = (TestApp::with_seats(1, &[]), Document::read());
    let edition = app.client.call("GET", "/api/v1/openapi-3.0.json", "", None).must(200).clone();
    let calls = |document: &Value| -> BTreeSet<String> {
        let methods =
            document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
        methods.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(calls(&edition), calls(&document.0));
    let mut faults = Vec::new();
    each_schema(&edition, "", &mut |place, schema| {
        let is_keyword = !place.ends_with("/properties") && place != "/components";
        for word in [
            "const",
            "examples",
            "dependentRequired",
            "contentMediaType",
            "contentEncoding",
            "prefixItems",
            "$defs",
            "if",
            "patternProperties",
        ] {
            if is_keyword && schema.get(word).is_some() && !place.contains("/content/") {
                faults.push(format!("{place}: {word}"));
            }
        }
        if is_keyword && (schema["type"].is_array() || schema["type"] == "null") {
            faults.push(format!("{place}: the type {}", schema["type"]));
        }
        if schema.get("nullable").is_some() && schema["type"].is_null() {
            faults.push(format!("{place}: nullable without a type"));
        }
        if let Some(to) = schema["$ref"].as_str()
            && (edition.pointer(&to[1..]).is_none() || schema.as_object().unwrap().len() > 1)
        {
            faults.push(format!("{place}: {schema}"));
        }
    });
    // One type for all errors of a call, and no `default`, which some take for a success too.
    for (path, item) in edition["paths"].as_object().unwrap() {
        for (status, answer) in item.as_object().unwrap().values().flat_map(|one| one["responses"].as_object().unwrap())
        {
            let answer = answer["$ref"].as_str().map_or(answer, |to| edition.pointer(&to[1..]).unwrap());
            let problem = &answer["content"]["application/problem+json"]["schema"]["$ref"];
            if status == "default" || !(problem.is_null() || problem == "#/components/schemas/Problem") {
                faults.push(format!("{path}: {status} {problem}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What people read of a document, by its place; examples left out.
fn texts(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    each_schema(document, "", &mut |place, value| {
        for name in ["summary", "description", "x-displayName"] {
            found.extend(value[name].as_str().map(|text| (format!("{place}/{name}"), text.to_owned())));
        }
    });
    found
}

/// What stands in backquotes, in no order: it is the same in every language.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn openapi_document_is_told_in_korean_too_with_no_text_left_out_or_left_over() {
    let app = TestApp::with_seats(1, &[]);
    let is_korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
    let mut korean = Vec::new();
    for path in ["/api/v1/openapi.json", "/api/v1/openapi-3.0.json"] {
        let told = |language: &str| {
            let answer = app.client.call_with("GET", path, &[("accept-language", language)], None);
            assert_eq!(answer.header("content-language"), Some(language));
            assert_eq!(answer.header("vary").map(|vary| vary.contains("Accept-Language")), Some(true));
            texts(answer.must(200))
        };
        let (en, ko) = (told("en"), told("ko"));
        assert_eq!(en.len(), ko.len());
        let mut faults = Vec::new();
        for ((place, en), (_, ko)) in en.iter().zip(&ko) {
            if place == "/info/description" {
                let [en, ko] = [en, ko].map(|text| text.lines().map(quoted).collect::<Vec<_>>());
                assert_eq!(en, ko, "the prose has the same lines with the same words in backquotes");
            }
            if is_korean(en) || !is_korean(ko) || quoted(en) != quoted(ko) {
                faults.push(format!("{place}: {en} | {ko} (src/routes/openapi/korean.json)"));
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
        korean.extend(ko.into_iter().map(|(_, text)| text));
    }
    let rows: Value = serde_json::from_str(include_str!("../../src/routes/openapi/korean.json")).unwrap();
    let rows = rows.as_object().unwrap();
    let left: Vec<&String> = rows
        .iter()
        .filter(|(_, own)| !korean.iter().any(|text| text.contains(own.as_str().unwrap())))
        .map(|(en, _)| en)
        .collect();
    assert!(left.is_empty(), "in korean.json, but nowhere in the document: {left:#?}");
}

#[test]
fn openapi_schemas_take_the_bodies_that_the_server_takes_and_no_others() {
    let (app, document) = (TestApp::with_seats(1, &[]), Document::read());
    let user = app.customer();
    let scan = |code: Value, number: Value| {
        let id = "01a204cf-26a0-7cc5-a6cd-79dc2480d139";
        json!({ "door": "East", "scans": [{ "scanId": id, "at": "2026-01-01T00:00:00Z", "code": code, "number": number }] })
    };
    let rule = |rule: Value| json!({ "rules": [rule] });
    let none = Value::Null;
    let checkins = ("POST", "/checkins", "CheckInRequest");
    let scans = ("POST", "/checkins/scans", "ScansRequest");
    let faults = ("PUT", "/test/faults", "FaultsRequest");
    let key = format!("/users/{}/key", user.id);
    let empty = ("POST", key.as_str(), "EmptyRequest");
    for ((method, path, schema), body, is_taken) in [
        (checkins, json!({ "code": "T1" }), true),
        (checkins, json!({ "code": null, "number": "F48F8AY38C", "door": null }), true),
        (checkins, json!({ "code": null, "door": null }), false),
        (checkins, json!({ "code": "T1", "number": "F48F8AY38C" }), false),
        (checkins, json!({}), false),
        (scans, scan(json!("T1"), none.clone()), true),
        (scans, scan(none.clone(), none.clone()), false),
        (scans, scan(json!("T1"), json!("F48F8AY38C")), false),
        (faults, rule(json!({ "path": "/a", "fault": "STATUS", "status": 503, "retryAfterSeconds": 9 })), true),
        (faults, rule(json!({ "path": "/a", "fault": "STATUS" })), false),
        (faults, rule(json!({ "path": "/a", "fault": "DELAY", "delayMilliseconds": 1, "method": null })), true),
        (faults, rule(json!({ "path": "/a", "fault": "DELAY" })), false),
        (
            faults,
            rule(json!({ "path": "/a", "fault": "DELAY", "delayMilliseconds": 1, "retryAfterSeconds": 0 })),
            false,
        ),
        (faults, rule(json!({ "path": "/a", "fault": "RESET", "delayMilliseconds": 1 })), true),
        (faults, rule(json!({ "path": "/a", "fault": "RESET", "status": 503 })), false),
        (faults, rule(json!({ "path": "/a?b", "fault": "RESET" })), false),
        (empty, json!({}), true),
        (empty, none.clone(), true),
        (empty, json!({ "a": 1 }), false),
        (empty, json!([]), false),
    ] {
        let whole = json!({ "$ref": format!("#/components/schemas/{schema}"), "components": document.0["components"] });
        let is_told = jsonschema::draft202012::new(&whole).unwrap().is_valid(&body);
        let answer = app.client.call(
            method,
            &format!("/api/v1/staff{path}"),
            &authorization("/api/v1/staff"),
            Some(body.clone()),
        );
        assert_eq!((is_told, answer.status != 400), (is_taken, is_taken), "{path} {body}: {}", answer.text);
    }
    for path in ["/api/v1/staff/users?name=&cursor=", "/api/v1/reservations?cursor="] {
        let parameters = &document.0["paths"][path.split('?').next().unwrap()]["get"]["parameters"];
        let cursor = parameters.as_array().unwrap().iter().find(|one| one["name"] == "cursor").unwrap();
        let whole = json!({ "allOf": [cursor["schema"]], "components": document.0["components"] });
        assert!(!jsonschema::draft202012::new(&whole).unwrap().is_valid(&json!("")), "{path}");
    }
}
