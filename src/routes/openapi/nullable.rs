//! `null` for an optional member of a request counts as not given (`http::Fields`): the schemas of requests say so,
//! derived here so that no fragment has to.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Members;

/// Lets `null` stand for every optional member of every schema that a request body is made of.
pub(super) fn accept_null(paths: &Members, schemas: &mut Members) {
    let mut names = BTreeSet::new();
    let calls = paths.values().filter_map(Value::as_object).flat_map(|methods| methods.values());
    let mut found: Vec<String> = calls.flat_map(|call| references(&call["requestBody"])).collect();
    while let Some(name) = found.pop() {
        if let Some(schema) = schemas.get(&name)
            && names.insert(name)
        {
            found.extend(references(schema));
        }
    }
    for name in names {
        schemas.get_mut(&name).into_iter().for_each(in_schema);
    }
}

/// The names of the schemas that a value refers to.
fn references(value: &Value) -> Vec<String> {
    let inner: Vec<&Value> = match value {
        Value::Object(members) => members.values().collect(),
        Value::Array(values) => values.iter().collect(),
        _ => return Vec::new(),
    };
    let own = value.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix("#/components/schemas/"));
    own.map(str::to_owned).into_iter().chain(inner.into_iter().flat_map(references)).collect()
}

fn in_schema(schema: &mut Value) {
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Value::Object(members) = schema else { return };
    if let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, property) in properties {
            in_schema(property);
            if !required.iter().any(|one| one == name) {
                or_null(property);
            }
        }
    }
    for (name, inner) in members {
        match (name.as_str(), inner) {
            ("additionalProperties", any @ Value::Object(_)) => or_null(any), // any name is optional there
            ("items", items) => in_schema(items),
            ("oneOf" | "allOf" | "anyOf", Value::Array(schemas)) => schemas.iter_mut().for_each(in_schema),
            _ => {}
        }
    }
}

fn or_null(schema: &mut Value) {
    let none = json!({ "type": "null" });
    let list = |name: &str| schema.get(name).and_then(Value::as_array);
    let has = |name: &str, null: &Value| list(name).is_some_and(|list| list.contains(null));
    let takes_all = schema.as_object().is_some_and(Members::is_empty);
    if takes_all || *schema == none || has("type", &"null".into()) || has("oneOf", &none) {
        return;
    }
    let is_plain = schema.get("enum").is_none() && schema.get("const").is_none();
    if let (true, Some(of)) = (is_plain, schema.get("type").and_then(Value::as_str)) {
        schema["type"] = json!([of, "null"]);
        return;
    }
    let told = schema.as_object_mut().and_then(|members| members.shift_remove("description"));
    let whole = match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        Some([one]) => one.clone(), // it stood there for the description's sake
        _ => schema.take(),
    };
    *schema = json!({ "oneOf": [whole, none] });
    if let Some(told) = told {
        schema["description"] = told;
    }
}
