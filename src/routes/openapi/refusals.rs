//! The schema of each refusal, made of its code, its status and its texts, and the answers that list several of them.
//! A choice among several has a name too, after the answer that it stands in: generators of clients call it so.

use serde_json::{Value, json};

use super::{Members, component, insert};
use crate::http::status_of;
use crate::refusal::{Code, Language, explain};

/// What is told of refusals with members, by their codes.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let told = super::parse("refusal/openapi.json", text)?;
    for word in told.as_object().ok_or("refusals")?.keys() {
        code_of(&json!(word))?;
    }
    Ok(told)
}

/// The schema of a refusal. `told`: the schemas of its further `members`, an `example` of them, and what is
/// `particular` to that time in the example's `detail`; null for a refusal without members.
pub(super) fn schema(code: Code, told: &Value, language: Language) -> Result<Value, String> {
    let [title, detail, remedy] = explain(code, language);
    let (word, status) = (code.word(), status_of(code));
    let nothing = Members::new();
    let members = told["members"].as_object().unwrap_or(&nothing);
    let given = told["example"].as_object().unwrap_or(&nothing);
    if !members.keys().eq(given.keys()) {
        return Err(format!("{word}: the example has other members than the schema"));
    }
    let mut properties = Members::new();
    properties.insert("status".into(), json!({ "type": "integer", "const": status }));
    properties.insert("code".into(), json!({ "type": "string", "const": word }));
    properties.extend(members.clone());
    let particular = told["particular"].as_str();
    let detail_now = particular.map_or_else(|| detail.to_owned(), |particular| format!("{detail} ({particular})"));
    let page = format!("/problems/{}", word.to_ascii_lowercase());
    let mut example = json!({ "type": page, "title": title, "status": status, "detail": detail_now, "code": word });
    example.as_object_mut().ok_or("example")?.extend(given.clone());
    let mut schema = json!({
        "description": format!("{detail} {remedy}"),
        "allOf": [component("schemas", "Problem")],
        "type": "object",
        "properties": properties,
        "examples": [example],
    });
    if !members.is_empty() {
        schema["required"] = members.keys().map(String::as_str).collect();
    }
    Ok(schema)
}

/// The name of the schema of a refusal.
pub(super) fn name(code: Code) -> String {
    format!("{code:?}")
}

pub(super) fn code_of(word: &Value) -> Result<Code, String> {
    let found = Code::ALL.iter().find(|code| word == code.word());
    found.copied().ok_or_else(|| format!("{word} is no refusal"))
}

/// An answer that is one of these refusals, told in their own words. `choice`: the name of the schema of several.
pub(super) fn answer(codes: &[Code], choice: &str, schemas: &mut Members, language: Language) -> Result<Value, String> {
    let sentence = |code: &Code| format!("`{}`: {}", code.word(), explain(*code, language)[1]);
    let mut answer = json!({ "description": codes.iter().map(sentence).collect::<Vec<_>>().join(" ") });
    if codes.iter().any(|code| status_of(*code) == 401) {
        answer["headers"] = json!({ "WWW-Authenticate": component("headers", "WWW-Authenticate") });
    }
    answer["content"] = content(codes, choice, schemas)?;
    Ok(answer)
}

/// Writes out the header fields and the refusals that an answer lists by name.
pub(super) fn write_out(answer: &mut Value, choice: &str, schemas: &mut Members) -> Result<(), String> {
    let told = answer.as_object_mut().ok_or("an answer that is no object")?;
    if let Some(names) = told.shift_remove("x-headers") {
        let headers = told.entry("headers").or_insert_with(|| json!({}));
        for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
            headers[name] = component("headers", name);
        }
    }
    if let Some(words) = told.shift_remove("x-refusals") {
        let codes: Vec<Code> = words.as_array().into_iter().flatten().map(code_of).collect::<Result<_, _>>()?;
        told.insert("content".into(), content(&codes, choice, schemas)?);
    }
    Ok(())
}

/// The refusals of an answer that is written out.
pub(super) fn codes_of(answer: &Value, schemas: &Members) -> Vec<Code> {
    let schema = &answer["content"]["application/problem+json"]["schema"];
    let choice = schema["$ref"].as_str().and_then(|to| schemas.get(to.rsplit('/').next()?));
    let choices = choice.and_then(|choice| choice["oneOf"].as_array());
    let named = choices.map_or(std::slice::from_ref(schema), Vec::as_slice);
    Code::ALL.iter().copied().filter(|code| named.contains(&component("schemas", &name(*code)))).collect()
}

fn content(codes: &[Code], choice: &str, schemas: &mut Members) -> Result<Value, String> {
    let schema = match codes {
        [code] => component("schemas", &name(*code)),
        _ => {
            insert(schemas, choice.into(), one_of(codes))?;
            component("schemas", choice)
        }
    };
    Ok(json!({ "application/problem+json": { "schema": schema } }))
}

/// One of several refusals, told apart by their codes.
fn one_of(codes: &[Code]) -> Value {
    let one = |code: &Code| component("schemas", &name(*code));
    let mapping: Members = codes.iter().map(|code| (code.word().to_owned(), one(code)["$ref"].clone())).collect();
    json!({
        "oneOf": codes.iter().map(one).collect::<Vec<_>>(),
        "discriminator": { "propertyName": "code", "mapping": mapping },
    })
}
