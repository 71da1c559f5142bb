//! Reading a request's JSON body and query: what is wrong is named in both languages with its place.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Request, json};
use crate::clock::{Millis, parse_date};
use crate::ids;
use crate::refusal::{Localized, Refusal};

/// Integers that every JSON reader keeps exactly (RFC 8259, section 6): up to 2^53 - 1.
const INTEGER_MAX: i64 = (1 << 53) - 1;

/// The members of a JSON object, taken out one by one; what is left at the end is refused. A member that is `null`
/// counts as not given: clients that write every member of a type send it so. Where `null` means something,
/// [`Fields::is_null`] tells.
pub struct Fields {
    members: Map<String, Value>,
    /// The JSON pointer (RFC 6901) of the object itself.
    at: String,
}

impl Fields {
    /// The body of a request as a JSON object.
    ///
    /// # Errors
    /// `UNSUPPORTED_MEDIA_TYPE`, `INVALID_JSON`, `INVALID_REQUEST`.
    pub fn of(request: &Request) -> Result<Fields, Refusal> {
        Fields::of_value(json_body(request)?, String::new())
    }

    /// A JSON value that must be an object.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn of_value(value: Value, at: String) -> Result<Fields, Refusal> {
        match value {
            Value::Object(members) => Ok(Fields { members, at }),
            _ => Err(Refusal::invalid(at, "must be an object", "객체여야 합니다")),
        }
    }

    /// The JSON pointer of the object itself.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// The JSON pointer of a member.
    pub fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"))
    }

    /// Whether the member is given. A call asks this of each of its optional members, also of those that it will not
    /// read: a `null` that nobody asked for is a member that the call does not know.
    pub fn has(&mut self, name: &str) -> bool {
        if self.is_null(name) {
            self.take(name);
        }
        self.members.contains_key(name)
    }

    /// Whether the member is there and `null`.
    pub fn is_null(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(Value::is_null)
    }

    /// The names of the members that are given, in their order, where any name is taken.
    pub fn names(&mut self) -> Vec<String> {
        self.members.retain(|_, value| !value.is_null());
        self.members.keys().cloned().collect()
    }

    /// A member as it is, `null` too; `None` when it is not there.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.members.shift_remove(name)
    }

    /// A member that must be there.
    ///
    /// # Errors
    /// `INVALID_REQUEST`, like all below.
    pub fn must(&mut self, name: &str) -> Result<Value, Refusal> {
        let given = self.take(name).filter(|value| !value.is_null());
        given.ok_or_else(|| Refusal::invalid(self.pointer(name), "is missing", "빠졌습니다"))
    }

    /// A member whose `null` says that there is to be none, which is not the same as leaving it out.
    pub fn or_none<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields) -> Result<T, Refusal>,
    ) -> Result<Option<Option<T>>, Refusal> {
        if self.is_null(name) {
            self.take(name);
            return Ok(Some(None));
        }
        self.has(name).then(|| read(self).map(Some)).transpose()
    }

    pub fn text(&mut self, name: &str) -> Result<String, Refusal> {
        match self.must(name)? {
            Value::String(text) => Ok(text),
            _ => Err(Refusal::invalid(self.pointer(name), "must be a text", "문자열이어야 합니다")),
        }
    }

    /// A text of one line without its outer white space, of so many characters, none of them a control character.
    pub fn line(&mut self, name: &str, chars: std::ops::RangeInclusive<usize>) -> Result<String, Refusal> {
        let text = self.text(name)?;
        plain_line(&text, chars).map_err(|reason| Refusal::InvalidRequest { pointer: self.pointer(name), reason })
    }

    /// A text of one line, or a whole number, which is its digits: a row may come as `1.0`.
    pub fn name(&mut self, name: &str, chars: std::ops::RangeInclusive<usize>) -> Result<String, Refusal> {
        match self.members.get(name) {
            Some(Value::Number(_)) => self.integer(name, -INTEGER_MAX..=INTEGER_MAX).map(|number| number.to_string()),
            _ => self.line(name, chars),
        }
    }

    /// The same of several lines.
    pub fn lines(&mut self, name: &str, chars: std::ops::RangeInclusive<usize>) -> Result<String, Refusal> {
        let text = self.text(name)?;
        plain(&text, chars, |c| c.is_control() && c != '\n')
            .map_err(|reason| Refusal::InvalidRequest { pointer: self.pointer(name), reason })
    }

    /// A whole number. `1.0` is one, as JSON Schema has it: some languages write their numbers so.
    pub fn integer(&mut self, name: &str, range: std::ops::RangeInclusive<i64>) -> Result<i64, Refusal> {
        let value = self.must(name)?;
        let (least, most) = (*range.start().max(&-INTEGER_MAX), *range.end().min(&INTEGER_MAX));
        let whole = |real: f64| (real.fract() == 0.0 && real.abs() <= INTEGER_MAX as f64).then_some(real as i64);
        let number = value.as_i64().or_else(|| value.as_f64().and_then(whole));
        number.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
            Refusal::invalid(
                self.pointer(name),
                format!("must be a whole number from {least} to {most}"),
                format!("{least} 이상 {most} 이하의 정수여야 합니다"),
            )
        })
    }

    /// A number, whole or not.
    pub fn real(&mut self, name: &str, range: std::ops::RangeInclusive<f64>) -> Result<f64, Refusal> {
        let value = self.must(name)?;
        value.as_f64().filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            Refusal::invalid(
                self.pointer(name),
                format!("must be a number from {least} to {most}"),
                format!("{least} 이상 {most} 이하의 숫자여야 합니다"),
            )
        })
    }

    /// True or false.
    pub fn truth(&mut self, name: &str) -> Result<bool, Refusal> {
        let value = self.must(name)?;
        value
            .as_bool()
            .ok_or_else(|| Refusal::invalid(self.pointer(name), "must be true or false", "true 또는 false여야 합니다"))
    }

    pub fn id(&mut self, name: &str) -> Result<Uuid, Refusal> {
        let text = self.text(name)?;
        ids::parse_id(&text).ok_or_else(|| {
            Refusal::invalid(self.pointer(name), "must be a UUID with hyphens", "하이픈이 있는 UUID여야 합니다")
        })
    }

    /// A calendar date.
    pub fn date(&mut self, name: &str) -> Result<String, Refusal> {
        let text = self.text(name)?;
        must_be_date(&text, self.pointer(name)).map(|()| text)
    }

    pub fn instant(&mut self, name: &str) -> Result<Millis, Refusal> {
        let text = self.text(name)?;
        Millis::parse_rfc3339(&text).ok_or_else(|| {
            Refusal::invalid(
                self.pointer(name),
                "must be an RFC 3339 instant such as 2026-11-22T10:00:00.000Z",
                "2026-11-22T10:00:00.000Z와 같은 RFC 3339 시각이어야 합니다",
            )
        })
    }

    pub fn object(&mut self, name: &str) -> Result<Fields, Refusal> {
        Fields::of_value(self.must(name)?, self.pointer(name))
    }

    /// A list of so many objects.
    pub fn objects(&mut self, name: &str, count: std::ops::RangeInclusive<usize>) -> Result<Vec<Fields>, Refusal> {
        self.list(name, count)?.into_iter().map(|(at, value)| Fields::of_value(value, at)).collect()
    }

    /// A list of so many values with their pointers.
    pub fn list(
        &mut self,
        name: &str,
        count: std::ops::RangeInclusive<usize>,
    ) -> Result<Vec<(String, Value)>, Refusal> {
        let at = self.pointer(name);
        match self.must(name)? {
            Value::Array(values) if count.contains(&values.len()) => {
                Ok(values.into_iter().enumerate().map(|(n, value)| (format!("{at}/{n}"), value)).collect())
            }
            _ => {
                let (least, most) = count.into_inner();
                Err(Refusal::invalid(
                    at,
                    format!("must be a list of {least} to {most}"),
                    format!("{least}개 이상 {most}개 이하의 목록이어야 합니다"),
                ))
            }
        }
    }

    /// Refuses what nobody took.
    pub fn end(self) -> Result<(), Refusal> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(Refusal::invalid(self.pointer(name), "is not known here", "알 수 없는 항목입니다")),
        }
    }
}

/// The body of a request as a JSON value.
///
/// # Errors
/// `UNSUPPORTED_MEDIA_TYPE`, `INVALID_JSON`.
pub fn json_body(request: &Request) -> Result<Value, Refusal> {
    let media_type = request.header("content-type").unwrap_or("").split(';').next().unwrap_or("").trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::UnsupportedMediaType);
    }
    json::parse(&request.body).map_err(|reason| Refusal::InvalidJson { reason })
}

/// A text of one line without its outer white space, of so many characters that can be seen.
///
/// # Errors
/// What is wrong with it.
pub fn plain_line(text: &str, chars: std::ops::RangeInclusive<usize>) -> Result<String, Localized> {
    plain(text, chars, char::is_control)
}

fn plain(
    text: &str,
    chars: std::ops::RangeInclusive<usize>,
    is_refused: impl Fn(char) -> bool,
) -> Result<String, Localized> {
    let text = text.trim();
    let is_blank = !text.is_empty() && text.chars().all(|c| c.is_whitespace() || is_unseen(c));
    if chars.contains(&text.chars().count()) && !is_blank && !text.chars().any(|c| is_refused(c) || turns_text(c)) {
        return Ok(text.to_owned());
    }
    let (least, most) = chars.into_inner();
    Err(Localized::new(
        format!("must have {least} to {most} characters that can be seen, and no control characters"),
        format!("제어 문자 없이 눈에 보이는 글자로 {least}자 이상 {most}자 이하여야 합니다"),
    ))
}

/// Refuses a text that is no calendar date such as `2026-11-22`.
///
/// # Errors
/// `INVALID_REQUEST` with the place of the text.
pub fn must_be_date(text: &str, at: impl Into<String>) -> Result<(), Refusal> {
    match parse_date(text) {
        Some(_) => Ok(()),
        None => Err(Refusal::invalid(at, "must be a date such as 2026-11-22", "2026-11-22와 같은 날짜여야 합니다")),
    }
}

/// Characters that turn the direction of the text around them (Unicode Standard Annex 9, 2.1 to 2.6), or break its
/// line: with them a name could write over what stands beside it.
const fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Characters that nobody sees: joiners, marks of direction, fillers.
/// Inside a text some scripts and pictures need them.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
}

/// The parameters of a query, percent-decoded.
///
/// # Errors
/// `INVALID_REQUEST` for a repeated parameter or one that is none of `known`.
pub fn query(request: &Request, known: &[&str]) -> Result<Vec<(String, String)>, Refusal> {
    let mut parameters: Vec<(String, String)> = Vec::new();
    for pair in request.query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let (Some(name), Some(value)) = (name, value) else {
            return Err(Refusal::invalid("?", "is not valid UTF-8", "올바른 UTF-8이 아닙니다"));
        };
        let at = format!("?{name}");
        if !known.contains(&name.as_str()) {
            return Err(Refusal::invalid(at, "is not known here", "알 수 없는 매개변수입니다"));
        }
        if parameters.iter().any(|(other, _)| *other == name) {
            return Err(Refusal::invalid(at, "is given twice", "두 번 주어졌습니다"));
        }
        parameters.push((name, value));
    }
    Ok(parameters)
}

/// One parameter of a query.
pub fn parameter<'p>(parameters: &'p [(String, String)], name: &str) -> Option<&'p str> {
    parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

/// One parameter of a query that is a whole number.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn number(
    parameters: &[(String, String)],
    name: &str,
    range: std::ops::RangeInclusive<i64>,
) -> Result<Option<i64>, Refusal> {
    let Some(text) = parameter(parameters, name) else { return Ok(None) };
    let (least, most) = (*range.start(), *range.end().min(&INTEGER_MAX));
    let sound = text.parse().ok().filter(|number| (least..=most).contains(number));
    sound.map(Some).ok_or_else(|| {
        Refusal::invalid(
            format!("?{name}"),
            format!("must be a whole number from {least} to {most}"),
            format!("{least} 이상 {most} 이하의 정수여야 합니다"),
        )
    })
}

/// Percent-decodes a part of a checked request target (`+` is a space, as in forms); `None` when the result is not
/// UTF-8.
pub fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

/// Percent-decodes a segment of a path, in which `+` is itself.
pub fn decoded_segment(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(Cow::into_owned)
}
