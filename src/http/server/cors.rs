//! Cross-origin requests of browsers (CORS, as the Fetch standard has it): which origins may read answers, and what their
//! preflights are told.
//!
//! There is never an `Access-Control-Allow-Credentials`: keys travel in `Authorization`, which a page sets itself, and not in
//! cookies, so a page can do no more than the key that it holds.

use std::net::IpAddr;

use super::framing::Head;
use crate::http::{Method, Reply};

/// The fields of an answer that a page may read beside the few that it always may.
const EXPOSED: &str = "ETag, Location, Retry-After, X-Request-Id, Idempotency-Replayed, Preference-Applied";
/// The fields that a page may send: all that are read.
const REQUEST_FIELDS: &str =
    "Authorization, Accept, Accept-Language, Content-Type, Idempotency-Key, If-None-Match, Prefer, X-Request-Id";
/// How long a preflight is remembered; Chromium remembers none longer.
const MAX_AGE_SECONDS: &str = "7200";

/// One origin, or kind of origin, whose pages may read answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// `*`.
    Any,
    /// This machine: `localhost`, 127.0.0.1 and `[::1]`, by http or https, at any port.
    Loopback,
    /// One, as browsers write it.
    Exact(String),
}

impl AllowedOrigin {
    /// Reads `*` or an origin as browsers write it: scheme, host in lower case, and the port unless it is the scheme's own.
    ///
    /// # Errors
    /// A sentence that says what an origin is.
    pub fn parse(text: &str) -> Result<AllowedOrigin, String> {
        match text.trim() {
            "*" => Ok(AllowedOrigin::Any),
            origin if is_origin(origin) => Ok(AllowedOrigin::Exact(origin.to_owned())),
            other => Err(format!(
                "{other:?} is not an origin; give * or origins as browsers send them, such as https://shop.example or \
                 http://localhost:5173: in lower case, without a path, and without :80 or :443"
            )),
        }
    }

    fn allows(&self, origin: &str) -> bool {
        match self {
            AllowedOrigin::Any => true,
            AllowedOrigin::Loopback => is_loopback(origin),
            AllowedOrigin::Exact(one) => one == origin,
        }
    }
}

fn split(origin: &str) -> Option<(&str, &str, Option<&str>)> {
    let (scheme, rest) = origin.split_once("://")?;
    let port_at = rest.rfind(':').filter(|at| !rest[*at..].contains(']'));
    Some(port_at.map_or((scheme, rest, None), |at| (scheme, &rest[..at], Some(&rest[at + 1..]))))
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, host, port)) = split(text) else { return false };
    let own_port = match scheme {
        "http" => "80",
        "https" => "443",
        _ => return false,
    };
    let is_name =
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b));
    let is_address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(is_ipv6);
    (is_name || is_address) && port.is_none_or(|port| port != own_port && is_port(port))
}

fn is_ipv6(text: &str) -> bool {
    text.parse().is_ok_and(|address: IpAddr| address.is_ipv6() && address.to_string() == text)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0 && port.to_string() == text)
}

fn is_loopback(origin: &str) -> bool {
    is_origin(origin) && split(origin).is_some_and(|(_, host, _)| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
}

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

    /// The answer to the preflight of an allowed origin for a path with these methods. `None`: it is none.
    pub fn preflight(&self, head: &Head<'_>, allow: fn(&str) -> Option<String>) -> Option<Reply> {
        let is_allowed = matches!(self, CrossOrigin::Any | CrossOrigin::Only(_));
        let is_preflight = head.method == Method::Options && head.origin.is_some() && head.is_preflight;
        let path = head.target.split('?').next().unwrap_or("");
        let methods = (is_allowed && is_preflight).then(|| allow(path)).flatten()?;
        let reply = Reply::empty(204)
            .with("Access-Control-Allow-Methods", methods)
            .with("Access-Control-Allow-Headers", REQUEST_FIELDS)
            .with("Access-Control-Max-Age", MAX_AGE_SECONDS);
        Some(if head.asks_private_network { reply.with("Access-Control-Allow-Private-Network", "true") } else { reply })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_taken_as_browsers_write_it() {
        for sound in [
            "http://a",
            "https://shop.example",
            "http://localhost:5173",
            "http://[::1]:8080",
            "https://10.0.0.1",
            " * ",
        ] {
            assert!(AllowedOrigin::parse(sound).is_ok(), "{sound}");
        }
        for wrong in [
            "",
            "null",
            "a",
            "http://",
            "HTTP://a",
            "http://A",
            "http://a/",
            "http://a:80",
            "https://a:443",
            "http://a:0",
            "http://a:080",
            "http://a:65536",
            "http://a:",
            "ftp://a",
            "http://u@a",
            "http://[::1",
            "http://::1",
            "http://a b",
            "http://*.a",
            "http://[0:0::1]",
            "https://a,b",
            "http://a?b",
        ] {
            assert!(AllowedOrigin::parse(wrong).unwrap_err().contains("is not an origin"), "{wrong}");
        }
    }

    #[test]
    fn origin_of_this_machine_is_told_from_those_that_look_like_it() {
        for own in ["http://localhost", "https://localhost:8443", "http://127.0.0.1:5173", "http://[::1]:1"] {
            assert!(AllowedOrigin::Loopback.allows(own), "{own}");
        }
        for other in [
            "null",
            "http://localhost.evil.example",
            "http://evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.2",
            "ftp://localhost",
            "http://localhost:1:2",
            "http://localhost@evil",
            "http://localhost/",
            "file://",
            "http://[::2]",
            "localhost",
        ] {
            assert!(!AllowedOrigin::Loopback.allows(other), "{other}");
        }
    }

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
