//! Origins of browsers' pages, as the Fetch standard writes them.

use std::net::IpAddr;

/// One origin, or kind of origin, whose pages may read answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// `*`.
    Any,
    /// This machine: `localhost` and names below it (RFC 6761, section 6.3), 127.0.0.1, `[::1]`, and 0.0.0.0, which
    /// `python3 -m http.server` tells people to open; by http or https, at any port.
    Loopback,
    /// One, as browsers write it.
    Exact(String),
}

impl AllowedOrigin {
    /// Reads `*` or an origin as browsers write it: scheme, host in lower
    /// case, and the port unless it is the scheme's own.
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

    /// Whether pages of this origin may read answers.
    pub fn allows(&self, origin: &str) -> bool {
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
    let is_own =
        |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0") || host.ends_with(".localhost");
    is_origin(origin) && split(origin).is_some_and(|(_, host, _)| is_own(host))
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
        for own in [
            "http://localhost",
            "https://localhost:8443",
            "http://shop.localhost:5173",
            "http://127.0.0.1:5173",
            "http://0.0.0.0:8000",
            "http://[::1]:1",
        ] {
            assert!(AllowedOrigin::Loopback.allows(own), "{own}");
        }
        for other in [
            "null",
            "http://localhost.evil.example",
            "http://evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.2",
            "http://evillocalhost",
            "http://localhost.",
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
}
