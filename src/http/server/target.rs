//! The grammar of request targets and of `Host` (RFC 9112, 3.2; RFC 3986).

use std::borrow::Cow;

use crate::http::Method;

/// The path and query that a target asks for; `None` when it is not one that a server takes. `*` stays `*`.
pub fn path_and_query(method: Method, target: &str) -> Option<Cow<'_, str>> {
    if target == "*" {
        return (method == Method::Options).then_some(Cow::Borrowed(target));
    }
    if !target.bytes().all(|b| matches!(b, b'!'..=b'~') && b != b'#') || !percent_encoding_is_whole(target) {
        return None;
    }
    if target.starts_with('/') {
        return Some(Cow::Borrowed(target));
    }
    let (scheme, rest) = target.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    is_host(authority).then(|| if path.starts_with('/') { path.into() } else { format!("/{path}").into() })
}

/// The authority of a target that is a whole URL: it counts in place of `Host` (RFC 9112, 3.2.2).
pub fn authority(target: &str) -> Option<&str> {
    let (_, rest) = target.split_once("://").filter(|_| !target.starts_with('/'))?;
    rest.split(['/', '?']).next()
}

/// The host and the port of what [`is_host`] takes.
pub fn host_and_port(authority: &str) -> (&str, Option<u16>) {
    let colon = authority.rfind(':').filter(|at| !authority[*at..].contains(']'));
    colon.map_or((authority, None), |at| (&authority[..at], authority[at + 1..].parse().ok()))
}

fn percent_encoding_is_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes();
        digits.len() >= 2 && digits[0].is_ascii_hexdigit() && digits[1].is_ascii_hexdigit()
    })
}

/// Whether this is `host [":" port]`, and the host is not empty.
pub fn is_host(text: &str) -> bool {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((literal, port)) = rest.split_once(']') else { return false };
        if literal.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        (literal, port.strip_prefix(':').or(port.is_empty().then_some("")))
    } else {
        let (host, port) = text.split_once(':').unwrap_or((text, ""));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&b);
        if !host.bytes().all(plain) || !percent_encoding_is_whole(host) {
            return false;
        }
        (host, Some(port))
    };
    !host.is_empty() && port.is_some_and(|port| port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_gives_its_path_and_query() {
        for (target, wanted) in [
            ("/", "/"),
            ("/a/b?c=d%20e", "/a/b?c=d%20e"),
            ("//a", "//a"),
            ("http://host", "/"),
            ("HTTP://host:80?x", "/?x"),
            ("http://[::1]:80/a?b", "/a?b"),
        ] {
            assert_eq!(path_and_query(Method::Get, target).as_deref(), Some(wanted), "{target}");
        }
        assert_eq!(path_and_query(Method::Options, "*").as_deref(), Some("*"));
    }

    #[test]
    fn target_what_is_no_target_is_refused() {
        for wrong in ["", "*", "a", "/#f", "/%", "/%2", "/%2g", "/é", "/\t", "ftp://h/", "http:///", "http://u@h/"] {
            assert_eq!(path_and_query(Method::Get, wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn authority_of_a_whole_url_is_told_from_a_path_that_holds_one() {
        for (target, wanted) in [
            ("http://host:80/a?b", Some("host:80")),
            ("https://[::1]?x", Some("[::1]")),
            ("HTTP://host", Some("host")),
            ("/a?next=http://host/", None),
            ("*", None),
        ] {
            assert_eq!(authority(target), wanted, "{target}");
        }
    }

    #[test]
    fn host_is_a_name_or_an_address_with_at_most_a_port() {
        for good in ["a", "a.b:80", "127.0.0.1:1", "[::1]", "[::1]:8080", "a:"] {
            assert!(is_host(good), "{good}");
        }
        for wrong in ["", ":80", "a b", "a/b", "u@h", "[::1", "[x]", "[::1]x", "a:b", "a:123456", "a,b:1:2", "é"] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }
}
