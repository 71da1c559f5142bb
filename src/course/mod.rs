//! The dialect of a course: paths, header fields and member names of its own for the calls of the API, by a
//! table in one JSON file. A teacher writes a table; nothing here knows a word of one.
//!
//! `read.rs`: the file, and what is wrong in it · `template.rs`: references to a request and to answers, and
//! templates that are filled with them · `user.rs`: users by their numbers. `routes` makes the calls. The
//! form of a table is `schema.json` (JSON Schema).
//!
//! A course calls its users by whole numbers. User 7 is here the user 00000000-0000-8000-8000-000000000007, who is
//! registered at the first call; nothing keeps which number is whose, so it is the same after every restart and reset.

mod read;
mod template;
mod user;

use std::sync::Arc;

use serde_json::Value;

use template::Reference;
pub use template::Values;
pub use user::User;

use crate::http::{self, Method, Request};
use crate::refusal::{Localized, Refusal};

/// The tables that are shipped, by their names.
pub const SHIPPED: [(&str, &str); 2] =
    [("students", include_str!("students.json")), ("diagrams", include_str!("diagrams.json"))];
/// The form of a table, as a JSON Schema.
pub const SCHEMA: &str = include_str!("schema.json");

/// A table.
#[derive(Debug)]
pub struct Course {
    /// Its name, or the path of its file.
    pub name: String,
    /// What it speaks.
    pub about: Localized,
    /// Where a request carries its token, unless its call says otherwise; `None`: `Authorization`.
    token: Option<String>,
    calls: Vec<Arc<Call>>,
    /// Calls of the dialect that nothing here corresponds to, with why.
    unmapped: Vec<(Vec<Pattern>, Localized)>,
    /// The header fields that it reads, in lower case.
    fields: Vec<String>,
}

/// A method and a path, with parameters in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    method: Method,
    path: String,
    /// The API has a call of this name too.
    is_of_api: bool,
}

/// A call of the dialect.
#[derive(Debug)]
pub struct Call {
    /// Its names; the first is the one that it is told by.
    patterns: Vec<Pattern>,
    /// What tells it from a call of the API of the same name: there it is this call only where this leads to something.
    when: Option<String>,
    /// Where a request carries its token.
    token: Option<String>,
    /// Where the number of the user stands.
    user: Option<String>,
    /// The calls of the API that it comes to. All but the last only read.
    pub steps: Vec<Step>,
    /// The status of its answer; that of the last step unless said.
    status: Option<u16>,
    /// The content of its answer; that of the last step unless said.
    answer: Option<Value>,
}

/// A call of the API.
#[derive(Debug)]
pub struct Step {
    method: Method,
    /// Path and query; a segment or a value of the query that begins with `$` is a reference.
    target: String,
    caller: Caller,
    body: Option<Value>,
}

/// As whom a step is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// With the token of the request, if it carries one.
    Token,
    /// As the user whom the call names, or else the owner of the token, also when that has ended.
    User,
}

/// What a table has for a request.
#[derive(Debug)]
pub enum CourseMatch {
    Call(Arc<Call>, Box<Values>),
    /// A call that nothing here corresponds to.
    Unmapped(Refusal),
    /// Nothing: it is a call of the API, or none.
    Nothing,
}

impl Course {
    /// What the table has for a request.
    ///
    /// # Errors
    /// `INVALID_JSON`, `UNSUPPORTED_MEDIA_TYPE`; `INVALID_REQUEST` for what is no user's number.
    pub fn find(&self, request: &Request) -> Result<CourseMatch, Refusal> {
        for call in &self.calls {
            let Some(pattern) = call.patterns.iter().find(|pattern| pattern.fits(request.method, &request.path)) else {
                continue;
            };
            let mut values = match Values::of(request, &pattern.path) {
                Err(_) if pattern.is_of_api => continue, // the API refuses it in its own words
                values => values?,
            };
            if pattern.is_of_api && !call.when.as_ref().is_some_and(|when| values.has(when)) {
                continue;
            }
            if let Some((number, text)) = call.user.as_ref().and_then(|text| Some((values.text(text)?, text))) {
                values.user = Some(User::parse(&number, || Reference::pointer(text))?);
            }
            let token = call.token.as_ref().or(self.token.as_ref());
            values.token = token.map(|text| values.text(text).unwrap_or_default());
            return Ok(CourseMatch::Call(Arc::clone(call), Box::new(values)));
        }
        let has = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.fits(request.method, &request.path));
        let unmapped = self.unmapped.iter().find(|(patterns, _)| has(patterns));
        Ok(unmapped.map_or(CourseMatch::Nothing, |(_, reason)| {
            CourseMatch::Unmapped(Refusal::CourseUnmapped { reason: reason.clone() })
        }))
    }

    /// Whether a call of the table has this method and path.
    pub fn has(&self, method: Method, path: &str) -> bool {
        self.patterns().any(|pattern| pattern.fits(method, path))
    }

    /// The methods that the table has for a path, as `Allow` lists them; `None` where it has none.
    pub fn methods(&self, path: &str) -> Option<String> {
        let mut words = Vec::new();
        for pattern in self.patterns().filter(|pattern| http::fits(&pattern.path, path)) {
            let and_head: &[&str] =
                if pattern.method == Method::Get { &["GET", "HEAD"] } else { &[pattern.method.word()] };
            words.extend(and_head.iter().filter(|word| !words.contains(*word)).copied().collect::<Vec<_>>());
        }
        let is_none = words.is_empty();
        words.push("OPTIONS");
        (!is_none).then(|| words.join(", "))
    }

    /// The header fields that the table reads, in lower case.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// What the course speaks, for who starts it: each call by its first name, and those that nothing here
    /// corresponds to.
    pub fn names(&self) -> [Vec<String>; 2] {
        let first = |patterns: &Vec<Pattern>| patterns.first().map(Pattern::name);
        let calls = self.calls.iter().filter_map(|call| first(&call.patterns));
        [calls.collect(), self.unmapped.iter().filter_map(|(patterns, _)| first(patterns)).collect()]
    }

    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let unmapped = self.unmapped.iter().flat_map(|(patterns, _)| patterns);
        self.calls.iter().flat_map(|call| &call.patterns).chain(unmapped)
    }
}

impl Pattern {
    fn fits(&self, method: Method, path: &str) -> bool {
        self.method == method && http::fits(&self.path, path)
    }

    fn name(&self) -> String {
        format!("{} {}", self.method.word(), self.path)
    }
}

impl Call {
    /// Whether it is made for a user whom it names, or as the owner of its token.
    pub fn needs_user(&self) -> bool {
        self.user.is_some() || self.steps.iter().any(|step| step.caller == Caller::User)
    }

    /// The refusal where it names a user, and there is none.
    pub fn user_missing(&self) -> Option<Refusal> {
        self.user.as_deref().map(Reference::missing)
    }

    /// The status and the content of the answer, from the answers to all steps; `None`: as the last step has them.
    pub fn answer(&self, values: &Values) -> (Option<u16>, Option<Value>) {
        (self.status, self.answer.as_ref().map(|template| values.fill(template, None)))
    }
}
