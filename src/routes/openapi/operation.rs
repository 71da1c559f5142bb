//! One call of the document: what its room says of it, and what its route knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::refusals::{self, code_of};
use super::{Members, component, insert};
use crate::http::{Method, status_of};
use crate::refusal::{Code, Language};
use crate::routes::{Access, Body, KeyUse, Route};
use crate::staff::Role;

/// Parameters of a path that are numbers.
const NUMBERED: [&str; 4] = ["{concertId}", "{scheduleId}", "{keyId}", "{webhookId}"];

/// The whole of a call. What the fragment says itself stands in place of what would be derived.
/// The choices among several refusals are put into `schemas`.
pub(super) fn complete(
    routes: &[Route],
    path: &str,
    method: &str,
    told: Value,
    components: &Members,
    schemas: &mut Members,
    language: Language,
) -> Result<Value, String> {
    // A ticket and its picture are one route.
    let of_route = path.trim_end_matches(".svg");
    let is_it = |route: &&Route| route.path == of_route && route.method.word().eq_ignore_ascii_case(method);
    let route = routes.iter().find(is_it).ok_or("no route serves it")?;
    let Value::Object(mut told) = told else { return Err("no object".into()) };
    let mut call = Members::new();
    for name in ["operationId", "tags", "summary", "description"] {
        if let Some(value) = told.shift_remove(name) {
            call.insert(name.into(), value);
        }
    }
    call.insert("security".into(), told.shift_remove("security").unwrap_or_else(|| security(route)));
    if let Access::Staff(roles) = route.access() {
        call.insert("x-roles".into(), roles.iter().map(|role| role.word()).collect());
    }
    let choices = call.get("operationId").and_then(Value::as_str).map(choices_of).ok_or("no operationId")?;
    let mut responses = told.shift_remove("responses").ok_or("no responses")?;
    let is_tagged = write_out_responses(route, &mut responses, &choices, schemas)?;
    let own = told.shift_remove("parameters").unwrap_or_else(|| json!([]));
    let parameters = parameters(path, route, &own, is_tagged, components);
    if !parameters.is_empty() {
        call.insert("parameters".into(), parameters.into());
    }
    if let Some(body) = told.shift_remove("requestBody") {
        call.insert("requestBody".into(), body);
    }
    if let Some(callbacks) = told.shift_remove("callbacks") {
        call.insert("callbacks".into(), callbacks);
    }
    let own = told.shift_remove("x-refusals").unwrap_or_else(|| json!([]));
    let by_status = refusals_by_status(route, &own)?;
    let common = common(route, is_tagged);
    for (status, own) in by_status {
        // One status has one answer: what every such call can be refused with stays in it.
        let of_status = common.iter().find(|(common, _)| *common == status.to_string());
        let shared = of_status.map_or(&Value::Null, |(_, name)| &components["responses"][*name]);
        let mut codes = refusals::codes_of(shared, schemas);
        for code in own {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let mut answer = refusals::answer(&codes, &format!("{choices}{status}"), schemas, language)?;
        if let Some(headers) = shared.get("headers") {
            answer["headers"] = headers.clone();
        }
        insert(responses.as_object_mut().ok_or("responses")?, status.to_string(), answer)?;
    }
    call.insert("responses".into(), all_responses(&common, responses)?);
    match told.keys().next() {
        None => Ok(call.into()),
        Some(name) => Err(format!("{name} is not a member of a call in a fragment")),
    }
}

fn security(route: &Route) -> Value {
    match route.access() {
        Access::Open => json!([]),
        Access::Token | Access::Active => json!([{ "queueToken": [] }]),
        Access::User => json!([{ "queueToken": [] }, { "userKey": [] }]),
        Access::Staff(_) => json!([{ "staffKey": [] }]),
    }
}

/// Writes out the answers of a fragment, and tells whether the call has an `ETag`.
fn write_out_responses(
    route: &Route,
    responses: &mut Value,
    choices: &str,
    schemas: &mut Members,
) -> Result<bool, String> {
    let mut is_tagged = false;
    for (status, response) in responses.as_object_mut().ok_or("responses")? {
        refusals::write_out(response, &format!("{choices}{status}"), schemas)?;
        if status.starts_with('2') {
            is_tagged |= response["headers"].get("ETag").is_some();
            let derived = [(route.waits, "Preference-Applied"), (keeps_answers(route), "Idempotency-Replayed")];
            for (_, name) in derived.into_iter().filter(|(has, _)| *has) {
                response["headers"][name] = component("headers", name);
            }
            if route.streams {
                response["headers"]["Vary"] = json!({ "schema": { "type": "string" } });
            }
            // No second media type: generators would make the answer "text or object" for everybody who never streams.
            if route.streams && status == "200" {
                response["x-event-stream"] = json!(true);
            }
        }
    }
    Ok(is_tagged)
}

/// What the names of a call's choices among refusals begin with: `reserve` has `ReserveRefusal409`.
fn choices_of(operation_id: &str) -> String {
    let (first, rest) = operation_id.split_at(operation_id.chars().next().map_or(0, char::len_utf8));
    format!("{}{rest}Refusal", first.to_uppercase())
}

const fn keeps_answers(route: &Route) -> bool {
    matches!(route.key_use, KeyUse::Keeps)
}

/// The parameters of the path that the fragment does not describe itself, its
/// own, and the header fields that the call reads.
fn parameters(path: &str, route: &Route, own: &Value, is_tagged: bool, components: &Members) -> Vec<Value> {
    let own = own.as_array().cloned().unwrap_or_default();
    let name_of = |parameter: &Value| match parameter["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        Some(component) => components["parameters"][component]["name"].clone(),
        None => parameter["name"].clone(),
    };
    let told: Vec<Value> = own.iter().map(name_of).collect();
    let in_path = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let mut all: Vec<Value> =
        in_path.filter(|name| !told.iter().any(|one| one == name)).map(|name| component("parameters", name)).collect();
    all.extend(own);
    let is_text = route.query.is_none() || path.starts_with("/api/");
    for (has, name) in [
        (keeps_answers(route), "IdempotencyKey"),
        (route.waits, "PreferWait"),
        (route.streams, "LastEventId"),
        (is_tagged, "IfNoneMatch"),
        (is_text, "AcceptLanguage"),
    ] {
        all.extend(has.then(|| component("parameters", name)));
    }
    all
}

/// The refusals of a call by their status: its own, and those that follow from its path and its key.
fn refusals_by_status(route: &Route, own: &Value) -> Result<BTreeMap<u16, Vec<Code>>, String> {
    let mut codes: Vec<Code> = own.as_array().into_iter().flatten().map(code_of).collect::<Result<_, _>>()?;
    // What is not written like a number names nothing, not an unknown thing.
    let has_number = NUMBERED.iter().any(|name| route.path.contains(name));
    codes.extend(has_number.then_some(Code::NotFound));
    codes.extend(keeps_answers(route).then_some(Code::IdempotencyKeyReused));
    codes.extend(route.is_for_tests().then_some(Code::TestServerOnly));
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(status_of(code)).or_default().push(code);
    }
    Ok(by_status)
}

/// The answers of a call with those that every such call can have, by their status.
fn all_responses(common: &[(&str, &str)], told: Value) -> Result<Value, String> {
    let Value::Object(mut all) = told else { return Err("responses".into()) };
    for (status, name) in common {
        all.entry(*status).or_insert_with(|| component("responses", name));
    }
    let sorted: BTreeMap<String, Value> = all.into_iter().collect();
    Ok(sorted.into_iter().collect::<Members>().into())
}

/// The answers that follow from what a route is.
fn common(route: &Route, is_tagged: bool) -> Vec<(&'static str, &'static str)> {
    let has_body = route.body != Body::None;
    let mut common = vec![("429", "TooMany"), ("503", "Busy"), ("default", "Other")];
    common.push(("400", if has_body { "BadBody" } else { "BadRequest" }));
    common.extend(is_tagged.then_some(("304", "NotModified")));
    common.extend(has_body.then_some(("413", "BodyTooLarge")));
    common.extend(has_body.then_some(("415", "NotJson")));
    common.extend((route.method != Method::Get).then_some(("507", "Full")));
    match route.access() {
        Access::Open => {}
        Access::Token => common.push(("401", "NoToken")),
        Access::Active => common.extend([("401", "NoToken"), ("403", "Waiting")]),
        Access::User => common.push(("401", "NoCaller")),
        Access::Staff(roles) => {
            common.push(("401", "NotStaff"));
            common.extend((roles.len() < Role::ALL.len()).then_some(("403", "NotForRole")));
        }
    }
    common
}
