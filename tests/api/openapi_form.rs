//! The form of the OpenAPI document: what generators of clients need of it, and that its prose is held by tests.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::openapi::{authorization, filled};
use super::requests::raw;
use crate::support::TestApp;
use crate::support::document::Document;

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
        let is_free = place.ends_with("/pretixPlan") || place.ends_with("/data") || place.contains("/pretixPlan/");
        let is_object = schema["properties"].is_object() && schema["type"] == "object";
        if is_object && !is_component && !is_free {
            faults.push(format!("{place}: an object without a name"));
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
