//! Cross-origin requests of browsers (CORS, as the Fetch standard has it): which origins may
//! read answers, and what their preflights are told.
//!
//! There is never an `Access-Control-Allow-Credentials`: keys travel in `Authorization`, which a page sets itself, and
//! not in cookies, so a page can do no more than the key that it holds.

use super::framing::Head;
use super::limits::Limits;
use crate::http::{Method, Reply};
use crate::settings::AllowedOrigin;

/// The fields of an answer that a page may read beside the few that it always may.
const EXPOSED: &str = "ETag, Location, Retry-After, X-Request-Id, Idempotency-Replayed, Preference-Applied";
/// The fields that a page may send: all that are read.
const REQUEST_FIELDS: &str = "Authorization, Accept, Accept-Language, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, \
     X-Request-Id";
/// How long a preflight is remembered; Chromium remembers none longer.
const MAX_AGE_SECONDS: &str = "7200";

/// What an answer says of origins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CrossOrigin {
    /// Nothing: no origin is allowed.
    #[default]
    Off,
    /// Others may read it, this one may not; caches must know.
    Refused,
    /// Pages of any origin may read it.
    Any,
    /// Pages of this origin may read it.
    Only(Box<str>),
}

impl CrossOrigin {
    /// What the answers to a request say that carried this `Origin`.
    pub fn of(allowed: &[AllowedOrigin], origin: Option<&str>) -> CrossOrigin {
        if allowed.is_empty() {
            return CrossOrigin::Off;
        }
        if allowed.contains(&AllowedOrigin::Any) {
            return CrossOrigin::Any;
        }
        match origin.filter(|origin| allowed.iter().any(|one| one.allows(origin))) {
            Some(origin) => CrossOrigin::Only(origin.into()),
            None => CrossOrigin::Refused,
        }
    }

    /// Appends the fields of an answer.
    pub fn write(&self, out: &mut Vec<u8>) {
        let origin = match self {
            CrossOrigin::Off => return,
            CrossOrigin::Refused => return out.extend_from_slice(b"Vary: Origin\r\n"),
            CrossOrigin::Any => "*",
            CrossOrigin::Only(origin) => {
                out.extend_from_slice(b"Vary: Origin\r\n");
                origin
            }
        };
        for piece in ["Access-Control-Allow-Origin: ", origin, "\r\nAccess-Control-Expose-Headers: ", EXPOSED, "\r\n"] {
            out.extend_from_slice(piece.as_bytes());
        }
    }

    /// The answer to the preflight of an allowed origin for a path that has methods. `None`: it is none.
    pub fn preflight(&self, head: &Head<'_>, limits: &Limits) -> Option<Reply> {
        let is_allowed = matches!(self, CrossOrigin::Any | CrossOrigin::Only(_));
        let is_preflight = head.method == Method::Options && head.origin.is_some() && head.is_preflight;
        let path = head.target.split('?').next().unwrap_or("");
        let methods = (is_allowed && is_preflight).then(|| limits.allowed_methods.of(path)).flatten()?;
        let fields = limits.relayed_also.iter().fold(REQUEST_FIELDS.to_owned(), |all, also| all + ", " + also);
        let reply = Reply::empty(204)
            .with("Access-Control-Allow-Methods", methods)
            .with("Access-Control-Allow-Headers", fields)
            .with("Access-Control-Max-Age", MAX_AGE_SECONDS);
        Some(if head.asks_private_network { reply.with("Access-Control-Allow-Private-Network", "true") } else { reply })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_decides_what_an_answer_says() {
        let exact = [AllowedOrigin::Exact("http://a".into()), AllowedOrigin::Loopback];
        let only = |origin: &str| CrossOrigin::Only(origin.into());
        assert_eq!(CrossOrigin::of(&[], Some("http://a")), CrossOrigin::Off);
        assert_eq!(CrossOrigin::of(&exact, Some("http://a")), only("http://a"));
        assert_eq!(CrossOrigin::of(&exact, Some("http://localhost:1")), only("http://localhost:1"));
        for other in [None, Some("null"), Some("http://a:1"), Some("http://A")] {
            assert_eq!(CrossOrigin::of(&exact, other), CrossOrigin::Refused, "{other:?}");
        }
        assert_eq!(CrossOrigin::of(&[AllowedOrigin::Any], None), CrossOrigin::Any);
    }
}
