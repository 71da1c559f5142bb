//! How a client is spoken with: plain, under TLS, or only to be sent to https.

use super::target;

/// How a client is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP.
    Plain,
    /// HTTP under TLS.
    Tls,
    /// Plain HTTP, whose requests are sent to https: at this port, or at the one where they were made.
    ToHttps(Option<u16>),
}

impl Transport {
    /// The https URL for a request: that of the same host, path and query; `None` in it where no host was asked.
    /// `None` where the request is answered here.
    pub fn https_url(self, authority: Option<&str>, path_and_query: &str) -> Option<Option<String>> {
        let Transport::ToHttps(port) = self else { return None };
        Some(authority.map(|authority| {
            let (host, own_port) = target::host_and_port(authority);
            let port = port.or(own_port).filter(|&port| port != 443);
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            format!("https://{}{port}{path_and_query}", host.to_ascii_lowercase())
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_url_has_the_host_in_lower_case_the_port_of_https_and_the_path_as_it_was() {
        let url = |port, authority| Transport::ToHttps(port).https_url(Some(authority), "/a%20b?c=%2f").flatten();
        for (port, authority, wanted) in [
            (Some(443), "Tickets.Example", "https://tickets.example/a%20b?c=%2f"),
            (Some(443), "tickets.example:80", "https://tickets.example/a%20b?c=%2f"),
            (Some(8443), "tickets.example:8080", "https://tickets.example:8443/a%20b?c=%2f"),
            (Some(8443), "[FE80::1]:80", "https://[fe80::1]:8443/a%20b?c=%2f"),
            (None, "192.168.0.2:8443", "https://192.168.0.2:8443/a%20b?c=%2f"),
            (None, "a:443", "https://a/a%20b?c=%2f"),
            (None, "a:", "https://a/a%20b?c=%2f"),
            (None, "[::1]", "https://[::1]/a%20b?c=%2f"),
        ] {
            assert_eq!(url(port, authority).as_deref(), Some(wanted));
        }
        for own in [Transport::Plain, Transport::Tls] {
            assert_eq!(own.https_url(Some("a"), "/"), None);
        }
        assert_eq!(Transport::ToHttps(None).https_url(None, "/"), Some(None));
    }
}
