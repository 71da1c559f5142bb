//! The OpenAPI document: what stands beside each room about its calls, merged once, when it is first asked for. What
//! the route table and the refusals know is derived from them and written nowhere else: roles, security, parameters of
//! the path, `Idempotency-Key`, `Prefer`, the answers that calls have in common, and the schema of each refusal.
//!
//! `frame.json` is the document without calls, `conventions.md` its prose: after each sentence stand the
//! tests that hold it, which are not served. A fragment has `paths` and `schemas`; an answer in it may
//! list its header fields as `x-headers` and its refusals as `x-refusals`, and a call has `x-refusals` for
//! those of its own that are told in their own words.
//!
//! Fragments are in English; `korean.json` has the Korean of each of their texts and `conventions.ko.md` that of the
//! prose, and the document is answered in the language of `Accept-Language`.

mod edition;
mod korean;
mod nullable;
mod operation;
mod refusals;
mod text;

use std::sync::{Arc, OnceLock};

use korean::Texts;
use serde_json::{Map, Value, json};

use crate::http::{Reply, Request, SharedBody};
use crate::ids;
use crate::refusal::{Code, Language, Localized, Refusal};
use crate::routes::Route;

const FRAME: &str = include_str!("frame.json");
const CONVENTIONS: [&str; 2] = [include_str!("conventions.md"), include_str!("conventions.ko.md")];
const REFUSALS: &str = include_str!("../../refusal/openapi.json");

/// What each room says of its calls, in the order in which a customer meets them.
const FRAGMENTS: &[(&str, &str)] = &[
    ("user", include_str!("../../user/openapi.json")),
    ("queue", include_str!("../../queue/openapi.json")),
    ("venue", include_str!("../../venue/openapi.json")),
    ("schedule", include_str!("../../schedule/openapi.json")),
    ("seat", include_str!("../../seat/openapi.json")),
    ("reservation", include_str!("../../reservation/openapi.json")),
    ("balance", include_str!("../../balance/openapi.json")),
    ("payment", include_str!("../../payment/openapi.json")),
    ("ticket", include_str!("../../ticket/openapi.json")),
    ("staff", include_str!("../../staff/openapi.json")),
    ("dashboard", include_str!("../../dashboard/openapi.json")),
    ("report", include_str!("../../report/openapi.json")),
    ("webhook", include_str!("../../webhook/openapi.json")),
    ("web", include_str!("../../web/openapi.json")),
    ("testing", include_str!("../../testing/openapi.json")),
    ("routes", include_str!("operations.json")),
];

/// The members of a JSON object.
type Members = Map<String, Value>;

/// The document as it is sent, with its `ETag`, in each language; and its edition in OpenAPI 3.0.
static SENT: [OnceLock<Option<Sent>>; 2] = [const { OnceLock::new() }; 2];
static SENT_3_0: [OnceLock<Option<Sent>>; 2] = [const { OnceLock::new() }; 2];

type Sent = (String, Arc<SharedBody>);

fn written(document: Result<Value, String>) -> Option<Sent> {
    match document.and_then(|document| serde_json::to_vec(&document).map_err(|error| error.to_string())) {
        Ok(bytes) => Some((format!("\"{}\"", ids::hex(&ids::sha256_of(&bytes)[..16])), SharedBody::new(bytes))),
        Err(fault) => {
            log::error!(
                "the OpenAPI document cannot be merged, so it is not served; this is a fault of this build: {fault}"
            );
            None
        }
    }
}

/// `GET /openapi.json`, open to all: 200 with the OpenAPI document, its texts in the reader's language; 304 by
/// `If-None-Match`.
pub(super) fn answer(request: &Request, routes: &[Route]) -> Result<Reply, Refusal> {
    answer_with(&SENT, request, |language| document(routes, language))
}

/// `GET /openapi-3.0.json`, open to all: 200 with the same in OpenAPI 3.0.3; 304 by `If-None-Match`.
pub(super) fn answer_3_0(request: &Request, routes: &[Route]) -> Result<Reply, Refusal> {
    answer_with(&SENT_3_0, request, |language| document(routes, language).map(|document| edition::of_3_0(&document)))
}

fn answer_with(
    sent: &[OnceLock<Option<Sent>>; 2],
    request: &Request,
    document: impl FnOnce(Language) -> Result<Value, String>,
) -> Result<Reply, Refusal> {
    let language = request.language();
    let sent = sent[language as usize].get_or_init(|| written(document(language)));
    let (tag, body) = sent.as_ref().ok_or(Refusal::Internal)?;
    let reply = Reply::unless_known(request, tag.clone(), || Reply::of_json(200, Arc::clone(body)));
    Ok(reply.with("Content-Language", language.tag()).with("Vary", "Accept-Language"))
}

/// The whole document with its texts in a language.
///
/// # Errors
/// What does not fit together, in words: a fragment that is no JSON, something that is said twice, a call that no route
/// serves, a refusal that there is not.
pub(super) fn document(routes: &[Route], language: Language) -> Result<Value, String> {
    let texts = Texts::of(language)?;
    let mut document = parse("frame.json", FRAME)?;
    texts.write_out(&mut document);
    object(&mut document, "info")?.insert("description".into(), conventions(language).into());
    let mut refusals = refusals::parse(REFUSALS)?;
    texts.write_out(&mut refusals);
    let (mut paths, mut schemas) = (Members::new(), Members::new());
    let components = object(&mut document, "components")?;
    for (name, response) in object_of(components, "responses")? {
        refusals::write_out(response, &format!("{name}Refusal"), &mut schemas)?;
    }
    for (room, told) in FRAGMENTS {
        let mut fragment = parse(room, told)?;
        texts.write_out(&mut fragment);
        text::write_out(&mut fragment, language);
        for (path, item) in std::mem::take(object(&mut fragment, "paths")?) {
            let Value::Object(item) = item else { return Err(format!("{room}: {path} is no object")) };
            for (method, told) in item {
                let what = format!("{method} {path}");
                let call = operation::complete(routes, &path, &method, told, components, &mut schemas, language)
                    .map_err(|fault| format!("{room}: {what}: {fault}"))?;
                let methods = paths.entry(path.clone()).or_insert_with(|| Value::Object(Members::new()));
                let methods = methods.as_object_mut().ok_or("paths")?;
                insert(methods, method, call).map_err(|fault| format!("{room}: {path}: {fault}"))?;
            }
        }
        if fragment.get("schemas").is_some() {
            for (name, schema) in std::mem::take(object(&mut fragment, "schemas")?) {
                insert(&mut schemas, name, schema).map_err(|fault| format!("{room}: {fault}"))?;
            }
        }
    }
    for code in Code::ALL {
        insert(&mut schemas, refusals::name(*code), refusals::schema(*code, &refusals[code.word()], language)?)?;
    }
    let pages: Vec<String> = Code::ALL.iter().map(|code| code.word().to_ascii_lowercase()).collect();
    let told = Localized::new("The code of a refusal, in lower case.", "거절 코드를 소문자로 쓴 것.");
    let page = json!({ "type": "string", "enum": pages, "description": told.in_language(language) });
    insert(&mut schemas, "ProblemPage".into(), page)?;
    let known = object_of(components, "schemas")?;
    for (name, schema) in schemas {
        insert(known, name, schema)?;
    }
    nullable::accept_null(&paths, known);
    document["paths"] = paths.into();
    drop_unused(&mut document);
    Ok(document)
}

/// Drops the schemas to which nothing leads, such as that of a refusal that no call of the API answers with.
fn drop_unused(document: &mut Value) {
    loop {
        let text = document.to_string();
        let Ok(schemas) = object(&mut document["components"], "schemas") else { return };
        let before = schemas.len();
        schemas.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if schemas.len() == before {
            return;
        }
    }
}

/// The prose without the names of its tests, each item of a list on one line.
fn conventions(language: Language) -> String {
    let lines = CONVENTIONS[language as usize]
        .trim_end()
        .lines()
        .map(|line| line.split_once(" <!--").map_or(line, |(text, _)| text));
    lines.collect::<Vec<_>>().join("\n").replace("\n  ", " ")
}

fn parse(what: &str, text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{what}: {error}"))
}

fn object<'v>(value: &'v mut Value, name: &str) -> Result<&'v mut Members, String> {
    value.get_mut(name).and_then(Value::as_object_mut).ok_or_else(|| format!("no object {name}"))
}

fn object_of<'v>(members: &'v mut Members, name: &str) -> Result<&'v mut Members, String> {
    members.get_mut(name).and_then(Value::as_object_mut).ok_or_else(|| format!("no object {name}"))
}

/// Takes in what is not there yet.
fn insert(members: &mut Members, name: String, value: Value) -> Result<(), String> {
    match members.insert(name.clone(), value) {
        None => Ok(()),
        Some(_) => Err(format!("{name} is said twice")),
    }
}

/// A reference to a component.
fn component(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}
