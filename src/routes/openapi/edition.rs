//! The same document in OpenAPI 3.0.3, for generators of clients that read no 3.1. It is derived, and says nothing of
//! its own. Where they differ: what 3.0 has no words for is left out, a reference that may be null leads to a schema of
//! its own, and every refusal is a `Problem` with further members, under its status or `4XX` and `5XX`: generators of
//! that age take one type of error for a call, and some take `default` for a success too.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Members, component};

const MIT: &str = "https://opensource.org/license/mit";

/// The document of 3.1 as one of 3.0.3.
pub(super) fn of_3_0(document: &Value) -> Value {
    let mut edition = Edition::default();
    let mut older = edition.outside(document);
    older["openapi"] = "3.0.3".into();
    older["info"]["license"] = json!({ "name": document["info"]["license"]["name"], "url": MIT });
    for (place, name) in [("", "jsonSchemaDialect"), ("/info", "summary")] {
        older.pointer_mut(place).and_then(Value::as_object_mut).and_then(|members| members.shift_remove(name));
    }
    if let Some(schemas) = older["components"]["schemas"].as_object_mut() {
        for name in edition.nullable {
            let one = or_null(schemas.get(&name).cloned().unwrap_or_default());
            schemas.insert(format!("Nullable{name}"), one);
        }
        schemas["Problem"]["additionalProperties"] = true.into();
    }
    super::drop_unused(&mut older);
    older
}

#[derive(Default)]
struct Edition {
    /// Schemas to which a reference may be null.
    nullable: BTreeSet<String>,
}

impl Edition {
    /// What is no schema: schemas are looked for in it, but not in examples.
    fn outside(&mut self, value: &Value) -> Value {
        match value {
            Value::Array(values) => values.iter().map(|one| self.outside(one)).collect(),
            Value::Object(members) => {
                let older = members.iter().flat_map(|(name, one)| {
                    let one = match name.as_str() {
                        "schema" => self.schema(one),
                        "schemas" => self.by_name(one),
                        "example" | "examples" => one.clone(),
                        "application/problem+json" => json!({ "schema": component("schemas", "Problem") }),
                        _ => self.outside(one),
                    };
                    let names = if name == "default" { vec!["4XX", "5XX"] } else { vec![name.as_str()] };
                    names.into_iter().map(move |name| (name.to_owned(), one.clone()))
                });
                older.collect::<Members>().into()
            }
            _ => value.clone(),
        }
    }

    fn by_name(&mut self, schemas: &Value) -> Value {
        let schemas = schemas.as_object().into_iter().flatten();
        schemas.map(|(name, one)| (name.clone(), self.schema(one))).collect::<Members>().into()
    }

    /// A schema: a constant is a list of one word, null is `nullable`, the first example stands for all, and a
    /// reference stands alone.
    fn schema(&mut self, value: &Value) -> Value {
        let Value::Object(members) = value else { return value.clone() };
        let mut older = Members::new();
        for (name, one) in members {
            match name.as_str() {
                "const" => older.insert("enum".into(), json!([one])),
                "examples" => older.insert("example".into(), one[0].clone()),
                "contentMediaType" => older.insert("format".into(), "binary".into()),
                "dependentRequired" => None,
                "properties" => older.insert(name.clone(), self.by_name(one)),
                "items" | "additionalProperties" | "not" => older.insert(name.clone(), self.schema(one)),
                "allOf" | "oneOf" | "anyOf" => {
                    let several = one.as_array().into_iter().flatten();
                    older.insert(name.clone(), several.map(|one| self.schema(one)).collect())
                }
                _ => older.insert(name.clone(), one.clone()),
            };
        }
        if let Some([first, null]) = members.get("type").and_then(Value::as_array).map(Vec::as_slice)
            && null == "null"
        {
            older.insert("type".into(), first.clone());
            return or_null(older.into());
        }
        if let Some([one, null]) = members.get("oneOf").and_then(Value::as_array).map(Vec::as_slice)
            && null["type"] == "null"
        {
            older.shift_remove("oneOf");
            let one = self.nullable(one);
            older.extend(one.as_object().cloned().unwrap_or_default());
        }
        match older.shift_remove("$ref") {
            Some(reference) if older.is_empty() => json!({ "$ref": reference }),
            Some(reference) => {
                older.insert("allOf".into(), json!([{ "$ref": reference }]));
                older.into()
            }
            None => older.into(),
        }
    }

    /// A schema or null.
    fn nullable(&mut self, one: &Value) -> Value {
        let Some(name) = one["$ref"].as_str().and_then(|to| to.rsplit('/').next()) else {
            return or_null(self.schema(one));
        };
        self.nullable.insert(name.to_owned());
        let mut one = one.clone();
        one["$ref"] = component("schemas", &format!("Nullable{name}"))["$ref"].take();
        one
    }
}

/// What has a type may be null; a list of words has null among them; of several schemas one.
fn or_null(mut schema: Value) -> Value {
    if let Some(several) = schema.get_mut("oneOf").and_then(Value::as_array_mut)
        && several.iter().all(|one| one.get("type").is_some())
    {
        let has_null = several.iter().any(|one| one["nullable"] == true);
        if let Some(last) = several.last_mut().filter(|_| !has_null) {
            *last = or_null(last.take());
        }
        return schema;
    }
    if schema.get("type").is_none() {
        schema["type"] = "object".into();
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    schema["nullable"] = true.into();
    schema
}
