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
        for word in ["const", "examples", "dependentRequired", "prefixItems", "$defs", "if", "patternProperties"] {
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
