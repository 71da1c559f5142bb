//! Templates: JSON in which a text that begins with `$` is a reference.
//!
//! A reference is `$path.id`, `$query.date`, `$header.Queue-Token`, `$body.seat.no`, `$user` and `$userKey` (of
//! the user whom the call names), `$1.seats.0` (of the answer to the first step), `$item.seat` (inside of
//! `$each`). `|number`, `|text` and `|user` behind it make a number, a text, or the course's number of a user of
//! it, where that can be. `?` at its end leaves its member out where there is nothing. Of several with ` or `
//! between, the first that leads to something counts.
//!
//! `{"$each": list, "$where": {reference: value}, "$as": template}` is a list of what `$as` makes of those of
//! another that have these values; `{"$of": reference, "$words": {word: word}}` puts other words in the place of
//! those of the API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use super::user::number_of;
use super::{Caller, Step, User};
use crate::http::{self, Request, decoded};
use crate::refusal::Refusal;

/// A reference, without its `$`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference<'t> {
    pub root: Root,
    /// What follows the root: a name, or names with dots between.
    pub rest: &'t str,
    filter: Option<Filter>,
    is_optional: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    Path,
    Query,
    Header,
    Body,
    User,
    UserKey,
    /// The answer to a step, counted from 0.
    Answer(usize),
    Item,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    Number,
    Text,
    User,
}

impl<'t> Reference<'t> {
    /// Reads a reference with its `$`; `None` when it is none.
    pub fn parse(text: &'t str) -> Option<Reference<'t>> {
        let text = text.strip_prefix('$')?;
        let (text, is_optional) = text.strip_suffix('?').map_or((text, false), |text| (text, true));
        let (place, filter) = match text.split_once('|') {
            None => (text, None),
            Some((place, "number")) => (place, Some(Filter::Number)),
            Some((place, "text")) => (place, Some(Filter::Text)),
            Some((place, "user")) => (place, Some(Filter::User)),
            Some(_) => return None,
        };
        let (root, rest) = place.split_once('.').unwrap_or((place, ""));
        let root = match root {
            "path" => Root::Path,
            "query" => Root::Query,
            "header" => Root::Header,
            "body" => Root::Body,
            "user" => Root::User,
            "userKey" => Root::UserKey,
            "item" => Root::Item,
            number => Root::Answer(number.parse::<usize>().ok()?.checked_sub(1)?),
        };
        let is_whole = matches!(root, Root::User | Root::UserKey);
        let may_be_whole = matches!(root, Root::Body | Root::Item | Root::Answer(_));
        let is_sound = if rest.is_empty() { is_whole || may_be_whole } else { !is_whole };
        is_sound.then_some(Reference { root, rest, filter, is_optional })
    }

    /// The references of a text; `None` for one that is none.
    pub fn all(text: &'t str) -> impl Iterator<Item = Option<Reference<'t>>> {
        text.split(" or ").map(Reference::parse)
    }

    /// Where a refusal says that something is wrong: at the first of several references.
    pub fn pointer(text: &str) -> String {
        match Reference::all(text).next().flatten() {
            Some(Reference { root: Root::Query, rest, .. }) => format!("?{rest}"),
            Some(Reference { rest, .. }) => format!("/{}", rest.replace('.', "/")),
            None => String::new(),
        }
    }

    /// The refusal where a request lacks what a text leads to.
    pub fn missing(text: &str) -> Refusal {
        Refusal::invalid(Reference::pointer(text), "is missing", "빠졌습니다")
    }

    /// Whether it leads into the request, and not to an answer.
    fn is_of_request(self) -> bool {
        matches!(self.root, Root::Path | Root::Query | Root::Header | Root::Body)
    }
}

/// What the templates of a call are filled with.
#[derive(Debug)]
pub struct Values {
    request: Request,
    /// The path of the call, with parameters in braces.
    pattern: String,
    body: Value,
    /// The user whom the call names, or else the owner of the token.
    pub user: Option<User>,
    pub user_key: String,
    /// The token of the request where it is not in `Authorization`.
    pub(super) token: Option<String>,
    /// The answers to the steps so far.
    pub answers: Vec<Value>,
}

impl Values {
    /// What a request has that fits a pattern.
    ///
    /// # Errors
    /// `INVALID_JSON`, `UNSUPPORTED_MEDIA_TYPE`.
    pub(super) fn of(request: &Request, pattern: &str) -> Result<Values, Refusal> {
        let is_empty = request.body.trim_ascii().is_empty();
        let body = if is_empty { Value::Null } else { http::json_body(request)? };
        let (request, pattern) = (request.clone(), pattern.to_owned());
        Ok(Values { request, pattern, body, user: None, user_key: String::new(), token: None, answers: Vec::new() })
    }

    /// Whether a text leads to something; by `|number` only to a number.
    pub(super) fn has(&self, text: &str) -> bool {
        let is_number = Reference::all(text).flatten().any(|one| one.filter == Some(Filter::Number));
        self.find(text, None).is_some_and(|value| !is_number || value.is_number())
    }

    /// What a text leads to, as a text.
    pub(super) fn text(&self, text: &str) -> Option<String> {
        self.find(text, None).map(|value| text_of(&value))
    }

    /// The token that the request carries, for `Authorization`.
    pub fn authorization(&self) -> Option<String> {
        let Some(token) = &self.token else { return self.request.header("authorization").map(str::to_owned) };
        let bare =
            token.get(..7).filter(|begin| begin.eq_ignore_ascii_case("bearer ")).map_or(&**token, |_| &token[7..]);
        Some(bare.trim()).filter(|token| !token.is_empty()).map(|token| format!("Bearer {token}"))
    }

    /// What the first reference that leads to something leads to.
    fn find(&self, text: &str, item: Option<&Value>) -> Option<Value> {
        Reference::all(text).flatten().find_map(|reference| self.find_one(reference, item))
    }

    fn find_one(&self, reference: Reference, item: Option<&Value>) -> Option<Value> {
        let rest = reference.rest;
        let text = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Value::from);
        let below = |value: Option<&Value>| match rest {
            "" => value.cloned(),
            rest => value?.pointer(&format!("/{}", rest.replace('.', "/"))).filter(|value| !value.is_null()).cloned(),
        };
        let found = match reference.root {
            Root::Path => {
                let segment = http::path_parameter(&self.pattern, &self.request.path, rest);
                text(segment.and_then(http::decoded_segment))
            }
            Root::Query => text(self.request.query.split('&').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                if decoded(name)? == rest { decoded(value) } else { None }
            })),
            Root::Header => text(self.request.header(&rest.to_ascii_lowercase()).map(str::to_owned)),
            Root::Body => below(Some(&self.body)),
            Root::User => self.user.map(|user| user.id().to_string().into()),
            Root::UserKey => Some(self.user_key.as_str().into()),
            Root::Answer(number) => below(self.answers.get(number)),
            Root::Item => below(item),
        };
        found.map(|value| match reference.filter {
            None => value,
            Some(Filter::Number) => text_of(&value).parse::<i64>().map_or(value, Value::from),
            Some(Filter::Text) => text_of(&value).into(),
            Some(Filter::User) => number_of(&text_of(&value)).map_or(value, Value::from),
        })
    }

    /// A template with what its references lead to; where that is nothing, `null`.
    pub(super) fn fill(&self, template: &Value, item: Option<&Value>) -> Value {
        match template {
            Value::String(text) if text.starts_with('$') => self.find(text, item).unwrap_or_default(),
            Value::Array(values) => values.iter().map(|value| self.fill(value, item)).collect(),
            Value::Object(members) if members.contains_key("$each") => self.list(members, item),
            Value::Object(members) if members.contains_key("$of") => {
                let value = self.fill(&members["$of"], item);
                let word = value.as_str().and_then(|word| members.get("$words")?.get(word));
                word.cloned().unwrap_or(value)
            }
            Value::Object(members) => {
                let filled = members.iter().map(|(name, template)| (name, template, self.fill(template, item)));
                let kept = filled.filter(|(_, template, value)| !value.is_null() || !is_optional(template));
                kept.map(|(name, _, value)| (name.clone(), value)).collect::<Map<_, _>>().into()
            }
            plain => plain.clone(),
        }
    }

    fn list(&self, members: &Map<String, Value>, item: Option<&Value>) -> Value {
        let list = self.fill(&members["$each"], item);
        let wanted = members.get("$where").and_then(Value::as_object);
        let is_wanted = |item: &&Value| {
            let is = |(reference, wanted): (&String, &Value)| self.find(reference, Some(item)).as_ref() == Some(wanted);
            wanted.is_none_or(|wanted| wanted.iter().all(is))
        };
        let each = |item: &Value| self.fill(members.get("$as").unwrap_or(&Value::Null), Some(item));
        list.as_array().into_iter().flatten().filter(is_wanted).map(each).collect()
    }

    /// Refuses a request that lacks something that a template needs of it.
    fn must_have(&self, template: &Value) -> Result<(), Refusal> {
        match template {
            Value::String(text) => {
                let mut references = Reference::all(text).flatten();
                let is_of_request = references.any(Reference::is_of_request);
                let is_missing = is_of_request && !is_optional(template) && self.find(text, None).is_none();
                if is_missing { Err(Reference::missing(text)) } else { Ok(()) }
            }
            Value::Array(values) => values.iter().try_for_each(|value| self.must_have(value)),
            Value::Object(members) => members.values().try_for_each(|value| self.must_have(value)),
            _ => Ok(()),
        }
    }
}

impl Step {
    /// The request that the step comes to. The last step of a call carries the request's `Idempotency-Key`.
    ///
    /// # Errors
    /// `INVALID_REQUEST` where the request lacks what the step needs.
    pub fn request(&self, values: &Values, is_last: bool) -> Result<Request, Refusal> {
        let word = |word: &str| {
            if !word.starts_with('$') {
                return Ok(word.to_owned());
            }
            values.text(word).map(|text| encoded(&text)).ok_or_else(|| Reference::missing(word))
        };
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let path = path.split('/').map(word).collect::<Result<Vec<_>, _>>()?.join("/");
        let pair = |pair: &str| match pair.split_once('=') {
            Some((name, value)) => Ok(format!("{name}={}", word(value)?)),
            None => Ok(pair.to_owned()),
        };
        let query = query.split('&').map(pair).collect::<Result<Vec<_>, Refusal>>()?.join("&");
        if let Some(template) = &self.body {
            values.must_have(template)?;
        }
        let body = self.body.as_ref().map(|template| values.fill(template, None).to_string());
        let came = &values.request;
        let passed_on = |name: &str| came.header(name).map(|value| (name.to_owned(), value.to_owned()));
        let mut headers: Vec<_> = ["accept-language"].into_iter().filter_map(passed_on).collect();
        headers.extend(["idempotency-key"].into_iter().filter(|_| is_last).filter_map(passed_on));
        headers.extend(body.is_some().then(|| ("content-type".to_owned(), "application/json".to_owned())));
        headers.extend(self.authorization(values).map(|value| ("authorization".to_owned(), value)));
        let body = body.unwrap_or_default().into_bytes();
        Ok(Request { method: self.method, path, query, headers, body, resumed: None, ..came.clone() })
    }

    /// What proves who makes the step. Where there is no user to make it as, the API refuses the token itself.
    fn authorization(&self, values: &Values) -> Option<String> {
        match (self.caller, values.user) {
            (Caller::User, Some(user)) => {
                Some(format!("Basic {}", BASE64.encode(format!("{}:{}", user.id(), values.user_key))))
            }
            _ => values.authorization(),
        }
    }
}

/// Whether a template is a reference that may lead to nothing.
fn is_optional(template: &Value) -> bool {
    template.as_str().is_some_and(|text| Reference::all(text).flatten().any(|one| one.is_optional))
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Percent-encoded for a segment of a path, or a value of a query.
fn encoded(text: &str) -> String {
    const UNRESERVED: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, UNRESERVED).to_string()
}
