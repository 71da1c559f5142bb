//! A request as handlers see it, how its caller proves who they are, and patterns of paths.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::refusal::Language;

/// The methods that the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl Method {
    /// What `Allow` says where the server itself refuses a method.
    pub const ALL_WORDS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

    /// The method of a request line; `None` for one that no path of ours takes.
    pub fn parse(word: &str) -> Option<Method> {
        Some(match word {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            _ => return None,
        })
    }

    /// The word of the request line.
    pub const fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
        }
    }

    /// Whether it may change something: such requests wait for a commit and travel apart from the others.
    pub const fn is_write(self) -> bool {
        matches!(self, Method::Post | Method::Put | Method::Patch | Method::Delete)
    }
}

/// A waiting request that is asked again: its topic changed, or its time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// What the handler gave along when it let the request wait.
    pub memo: String,
    /// Of a stream: the id of what was told last. Without a memo it is asked for all who were told the same.
    pub told: Option<String>,
    /// No more waiting: answer with what is.
    pub over: bool,
    /// The wait was granted (`Preference-Applied`); false when too many were waiting already.
    pub applied: bool,
}

/// One complete, checked request.
#[derive(Debug, Clone)]
pub struct Request {
    /// `X-Request-Id`: the caller's if it sent a sane one, else one made by the HTTP server.
    pub id: String,
    pub method: Method,
    /// The path, still percent-encoded, without the query.
    pub path: String,
    /// The query without its question mark; empty when there is none.
    pub query: String,
    /// Header fields, names in lower case; only those that handlers read (`framing::RELAYED`).
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// Where the client is, through trusted proxies.
    pub peer: IpAddr,
    /// Set when this is a waiting request that is asked again.
    pub resumed: Option<Resumed>,
}

impl Request {
    /// The value of a header field; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is no body, or `null` in its place.
    pub fn has_no_body(&self) -> bool {
        matches!(self.body.trim_ascii(), b"" | b"null")
    }

    /// The language of the answer.
    pub fn language(&self) -> Language {
        self.header("accept-language").map(Language::of_accept_language).unwrap_or_default()
    }

    /// Whether a table is wanted rather than JSON.
    pub fn prefers_csv(&self) -> bool {
        self.prefers_to_json("text", "csv")
    }

    /// Whether a stream of events is wanted rather than JSON.
    pub fn prefers_stream(&self) -> bool {
        self.prefers_to_json("text", "event-stream")
    }

    /// Of `Accept` (RFC 9110, 12.5.1) the range that names each best counts, and the other kind must weigh more than
    /// JSON, or the same and be named more exactly.
    fn prefers_to_json(&self, kind: &str, subtype: &str) -> bool {
        let wish = |kind: &str, subtype: &str| {
            let mut best = (0, 0.0_f32);
            for range in self.header("accept").unwrap_or("").split(',') {
                let mut parts = range.split(';').map(str::trim);
                let exactness = match parts.next().and_then(|range| range.split_once('/')) {
                    Some((k, s)) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => 3,
                    Some((k, "*")) if k.eq_ignore_ascii_case(kind) => 2,
                    Some(("*", "*")) => 1,
                    _ => continue,
                };
                let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
                if exactness > best.0 {
                    best = (exactness, weight);
                }
            }
            (best.1, best.0)
        };
        let other = wish(kind, subtype);
        other.0 > 0.0 && other > wish("application", "json")
    }

    /// The seconds of `Prefer: wait=N` (RFC 7240), at most `wait_max_seconds`; `None` when not asked or not a number.
    pub fn prefers_wait(&self, wait_max_seconds: u32) -> Option<u32> {
        let field = self.header("prefer")?;
        field.split(',').find_map(|preference| {
            let (name, value) = preference.split(';').next()?.split_once('=')?;
            let value = value.trim().trim_matches('"');
            let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            (name.trim().eq_ignore_ascii_case("wait") && plain)
                .then(|| value.parse().unwrap_or(wait_max_seconds).min(wait_max_seconds))
        })
    }
}

/// What a caller shows to prove who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing, or a scheme that is not ours.
    Nothing,
    /// `Authorization: Bearer …`: a queue token or the staff key.
    Bearer(String),
    /// `Authorization: Basic …`: a user id and a user key.
    Basic(String, String),
}

impl Credential {
    pub fn of(request: &Request) -> Credential {
        let Some((scheme, rest)) = request.header("authorization").and_then(|field| field.split_once(' ')) else {
            return Credential::Nothing;
        };
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Credential::Bearer(rest.to_owned());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Credential::Nothing;
        }
        let pair = BASE64.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = pair.and_then(|pair| pair.split_once(':').map(|(user, key)| (user.to_owned(), key.to_owned())));
        let (user, key) = pair.unwrap_or_default(); // unreadable: no user has an empty id
        Credential::Basic(user, key)
    }
}

/// Whether a path is one of a pattern, in which a parameter in braces stands for one segment.
pub fn fits(mut pattern: &str, mut path: &str) -> bool {
    while let Some((words, rest)) = pattern.split_once('{') {
        let Some(segment) = path.strip_prefix(words) else { return false };
        path = segment.split_once('/').map_or("", |(parameter, _)| &segment[parameter.len()..]);
        pattern = rest.split_once('}').map_or("", |(_, rest)| rest);
    }
    pattern == path
}

/// A parameter of a path that fits a pattern, as it is written there, still percent-encoded.
pub fn path_parameter<'p>(pattern: &str, path: &'p str, name: &str) -> Option<&'p str> {
    let is_it = |word: &str| word.strip_prefix('{').and_then(|word| word.strip_suffix('}')) == Some(name);
    let mut segments = pattern.split('/').zip(path.split('/'));
    segments.find(|(word, _)| is_it(word)).map(|(_, segment)| segment)
}

/// Patterns and paths, with whether they fit: what finds routes is held to the same.
#[cfg(test)]
pub const PATH_PATTERN_CASES: [(&str, &str, bool); 10] = [
    ("/a/{x}/b", "/a/1/b", true),
    ("/a/{x}/b", "/a//b", true),
    ("/a/{x}/b", "/a/1/2/b", false),
    ("/a/{x}/b", "/a/1", false),
    ("/a/{x}", "/a/1/", false),
    ("/a/{x}", "/a", false),
    ("/a/{x}/{y}", "/a/1/2", true),
    ("/a/{x}/{y}", "/a/1", false),
    ("/", "/", true),
    ("/", "", false),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_pattern_takes_one_segment_for_each_parameter() {
        for (pattern, path, is_so) in PATH_PATTERN_CASES {
            assert_eq!(fits(pattern, path), is_so, "{pattern} {path}");
        }
        assert_eq!(path_parameter("/a/{x}/{y}", "/a/1/2%20", "y"), Some("2%20"));
        assert_eq!(path_parameter("/a/{x}", "/a/1", "y"), None);
    }
}
