//! A table's JSON, and what is wrong in it, each fault with its place.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::template::{Reference, Root};
use super::{Call, Caller, Course, Pattern, SHIPPED, Step};
use crate::http::{Fields, Method, is_relayable, parse_json};
use crate::platform::read_at_most;
use crate::refusal::{Localized, Refusal};
use crate::store::OpenError;

/// The largest file, in bytes.
const MAX_BYTES: u64 = 1 << 20;
const CALLS_MAX: usize = 200;
const STEPS_MAX: usize = 8;
const TEXT_MAX: usize = 1_000;

/// What a reference of one call may lead to.
struct Scope<'c> {
    patterns: &'c [Pattern],
    /// Steps whose answers are there.
    steps: usize,
    is_in_each: bool,
    /// Where the header fields are noted that references lead to, in lower case.
    fields: &'c RefCell<BTreeSet<String>>,
}

impl Course {
    /// Opens a shipped table by its name, or another by the path of its file. `is_call` says whether the API has a call
    /// that a customer may make.
    ///
    /// # Errors
    /// One sentence: the place, as a JSON pointer or a line, and what is wrong there.
    pub fn open(name: &str, is_call: impl Fn(Method, &str) -> bool) -> Result<Course, OpenError> {
        let failed = |why: String| OpenError(format!("--course {name}: {why}"));
        let text = match SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            Some((_, text)) => text.as_bytes().to_owned(),
            None => read_at_most(Path::new(name), MAX_BYTES).map_err(|error| {
                let shipped = SHIPPED.map(|(shipped, _)| shipped).join(", ");
                failed(format!("{error}; give {shipped}, or a file in the form that boxoffice course --schema prints."))
            })?,
        };
        let value = parse_json(&text).map_err(|reason| failed(format!("{}.", reason.en)))?;
        Course::read(name, value, &is_call).map_err(|refusal| failed(refusal.at("")))
    }

    fn read(name: &str, value: Value, is_call: &impl Fn(Method, &str) -> bool) -> Result<Course, Refusal> {
        let mut fields = Fields::of_value(value, String::new())?;
        fields.take("$schema"); // where editors find the form
        let about = text_or_both(fields.pointer("about"), fields.must("about")?)?;
        let header_fields = RefCell::default();
        let none = Scope { patterns: &[], steps: 0, is_in_each: false, fields: &header_fields };
        let token = reference(&mut fields, "token", &none)?;
        let prefixes = if fields.has("prefixes") { prefixes(&mut fields)? } else { vec![String::new()] };
        let calls = fields.objects("calls", 1..=CALLS_MAX)?;
        let call = |fields| call(fields, &prefixes, &none, is_call).map(Arc::new);
        let calls = calls.into_iter().map(call).collect::<Result<Vec<_>, _>>()?;
        let unmapped =
            if fields.has("unmapped") { unmapped(fields.object("unmapped")?, &prefixes)? } else { Vec::new() };
        fields.end()?;
        let fields = header_fields.into_inner().into_iter().filter(|field| field != "authorization"); // which is there
        Ok(Course { name: name.to_owned(), about, token, calls, unmapped, fields: fields.collect() })
    }
}

/// One text for both languages, or one for each.
fn text_or_both(at: String, value: Value) -> Result<Localized, Refusal> {
    match value {
        Value::String(text) => Ok(Localized::new(text.clone(), text)),
        value => {
            let mut fields = Fields::of_value(value, at)?;
            let [en, ko] = ["en", "ko"].map(|language| fields.line(language, 1..=TEXT_MAX));
            let both = Localized { en: en?, ko: ko? };
            fields.end().map(|()| both)
        }
    }
}

fn prefixes(fields: &mut Fields) -> Result<Vec<String>, Refusal> {
    let prefixes = fields.list("prefixes", 1..=CALLS_MAX)?.into_iter().map(|(at, value)| match value {
        Value::String(prefix) if prefix.is_empty() || is_path(&prefix) && !prefix.ends_with('/') => Ok(prefix),
        _ => Err(Refusal::invalid(
            at,
            "must be empty, or begin with / and not end with it",
            "비었거나 /로 시작하고 /로 끝나지 않아야 합니다",
        )),
    });
    prefixes.collect()
}

fn call(
    mut fields: Fields,
    prefixes: &[String],
    none: &Scope,
    is_call: &impl Fn(Method, &str) -> bool,
) -> Result<Call, Refusal> {
    let mut patterns = Vec::new();
    let mut of_api = None;
    for (at, name) in fields.list("call", 1..=CALLS_MAX)? {
        let mut of_name = named(&at, name.as_str().unwrap_or_default(), prefixes)?;
        for pattern in &mut of_name {
            pattern.is_of_api = is_call(pattern.method, &plain(&pattern.path));
        }
        let first = of_name.iter().find(|pattern| pattern.is_of_api).map(|pattern| (at, pattern.name()));
        of_api = of_api.or(first);
        patterns.extend(of_name);
    }
    let mut scope = Scope { patterns: &patterns, ..*none };
    let when = reference(&mut fields, "when", &scope)?;
    if let Some((at, name)) = of_api.filter(|_| when.is_none()) {
        let en = format!("is a call of the API too ({name}), so \"when\" must say what tells them apart");
        let ko = format!("API에도 있는 호출({name})이므로, 무엇으로 구별하는지 \"when\"에 적어야 합니다");
        return Err(Refusal::invalid(at, en, ko));
    }
    let token = reference(&mut fields, "token", &scope)?;
    let user = reference(&mut fields, "user", &scope)?;
    let mut steps: Vec<Step> = Vec::new();
    for fields in fields.objects("steps", 1..=STEPS_MAX)? {
        let at = fields.pointer("call");
        if steps.last().is_some_and(|before| before.method.is_write()) {
            let (en, ko) = ("follows a step that writes, and only the last may", "쓰는 단계는 마지막 하나여야 합니다");
            return Err(Refusal::invalid(at, en, ko));
        }
        steps.push(step(fields, &scope, is_call)?);
        scope.steps += 1;
    }
    let status = fields.has("status").then(|| fields.integer("status", 200..=299)).transpose()?;
    let at = fields.pointer("answer");
    let answer = fields.take("answer");
    answer.as_ref().map(|template| check_template(&at, template, &scope)).transpose()?;
    fields.end()?;
    let status = status.and_then(|status| u16::try_from(status).ok()); // in the range
    Ok(Call { patterns, when, token, user, steps, status, answer })
}

fn step(mut fields: Fields, scope: &Scope, is_call: &impl Fn(Method, &str) -> bool) -> Result<Step, Refusal> {
    let at = fields.pointer("call");
    let Pattern { method, path: target, .. } = one_pattern(&at, &fields.text("call")?)?;
    let path = target.split('?').next().unwrap_or_default();
    if !is_call(method, &plain(path)) {
        let name = format!("{} {path}", method.word());
        let (en, ko) = (
            format!("is no call of the API for customers: {name}"),
            format!("고객이 쓰는 API 호출이 아닙니다: {name}"),
        );
        return Err(Refusal::invalid(at, en, ko));
    }
    for word in target.split(['/', '?', '=', '&']).filter(|word| word.starts_with('$')) {
        check_reference(&at, word, scope)?;
    }
    let place = fields.pointer("as");
    let caller = match fields.has("as").then(|| fields.text("as")).transpose()?.as_deref() {
        None | Some("token") => Caller::Token,
        Some("user") => Caller::User,
        Some(_) => return Err(Refusal::invalid(place, "must be token or user", "token 또는 user여야 합니다")),
    };
    let place = fields.pointer("body");
    let body = fields.has("body").then(|| fields.must("body")).transpose()?;
    body.as_ref().map(|template| check_template(&place, template, scope)).transpose()?;
    fields.end()?;
    Ok(Step { method, target, caller, body })
}

fn unmapped(mut fields: Fields, prefixes: &[String]) -> Result<Vec<(Vec<Pattern>, Localized)>, Refusal> {
    let names = fields.names().into_iter().map(|name| {
        let at = fields.pointer(&name);
        let patterns = named(&at, &name, prefixes)?;
        Ok((patterns, text_or_both(at, fields.must(&name)?)?))
    });
    names.collect()
}

/// The patterns of a name, one for each prefix.
fn named(at: &str, name: &str, prefixes: &[String]) -> Result<Vec<Pattern>, Refusal> {
    let one = one_pattern(at, name)?;
    if one.path.contains('?') {
        return Err(Refusal::invalid(at, "must have no query", "쿼리가 없어야 합니다"));
    }
    let with = |prefix: &String| Pattern { path: format!("{prefix}{}", one.path), ..one.clone() };
    Ok(prefixes.iter().map(with).collect())
}

fn one_pattern(at: &str, name: &str) -> Result<Pattern, Refusal> {
    let (method, path) = name.split_once(' ').unwrap_or((name, ""));
    let method = Method::parse(method).filter(|method| !matches!(method, Method::Head | Method::Options));
    method
        .filter(|_| is_path(path))
        .map(|method| Pattern { method, path: path.to_owned(), is_of_api: false })
        .ok_or_else(|| {
            Refusal::invalid(
                at,
                "must be a method and a path, such as POST /tokens or GET /points/{userId}",
                "POST /tokens, GET /points/{userId}처럼 메서드와 경로여야 합니다",
            )
        })
}

fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && text.matches('{').count() == text.matches('}').count()
}

/// A path with a word in the place of each parameter and reference.
fn plain(path: &str) -> String {
    let words = path.split('/').map(|word| if word.starts_with(['{', '$']) { "x" } else { word });
    words.collect::<Vec<_>>().join("/")
}

/// A reference of its own, into the request.
fn reference(fields: &mut Fields, name: &str, scope: &Scope) -> Result<Option<String>, Refusal> {
    let at = fields.pointer(name);
    let text = fields.has(name).then(|| fields.text(name)).transpose()?;
    text.as_ref().map(|text| check_reference(&at, text, scope)).transpose()?;
    Ok(text)
}

fn check_reference(at: &str, text: &str, scope: &Scope) -> Result<(), Refusal> {
    let leads = |one: Reference| match one.root {
        Root::Query | Root::Body | Root::User | Root::UserKey => true,
        Root::Header => {
            scope.fields.borrow_mut().insert(one.rest.to_ascii_lowercase());
            is_relayable(one.rest)
        }
        Root::Path => scope.patterns.iter().all(|pattern| pattern.path.contains(&format!("{{{}}}", one.rest))),
        Root::Answer(number) => number < scope.steps,
        Root::Item => scope.is_in_each,
    };
    if Reference::all(text).all(|one| one.is_some_and(leads)) {
        return Ok(());
    }
    Err(Refusal::invalid(at, format!("{text} leads nowhere"), format!("{text}이(가) 가리키는 것이 없습니다")))
}

fn check_template(at: &str, template: &Value, scope: &Scope) -> Result<(), Refusal> {
    match template {
        Value::String(text) if text.starts_with('$') => check_reference(at, text, scope),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .try_for_each(|(number, value)| check_template(&format!("{at}/{number}"), value, scope)),
        Value::Object(members) => {
            let special = ["$each", "$of"].into_iter().find(|name| members.contains_key(*name));
            let in_each = Scope { is_in_each: true, ..*scope };
            members.iter().try_for_each(|(name, value)| {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                match (special, name.as_str()) {
                    (Some("$each"), "$each") | (Some("$of"), "$of") => check_template(&at, value, scope),
                    (Some("$each"), "$as") => check_template(&at, value, &in_each),
                    (Some("$each"), "$where") => {
                        let wanted = Fields::of_value(value.clone(), at.clone())?.names();
                        wanted.iter().try_for_each(|reference| check_reference(&at, reference, &in_each))
                    }
                    (Some("$of"), "$words") if value.is_object() => Ok(()),
                    (None, name) if !name.starts_with('$') => check_template(&at, value, scope),
                    _ => {
                        let en = "is not known here: a template has $each, $where and $as, or $of and $words";
                        let ko = "알 수 없는 항목입니다. 틀에는 $each, $where, $as 또는 $of, $words를 씁니다";
                        Err(Refusal::invalid(at, en, ko))
                    }
                }
            })
        }
        _ => Ok(()),
    }
}
