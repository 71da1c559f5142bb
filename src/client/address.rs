//! Where a server is, from the URL that a command is given: its origin, how TLS is checked, and the proxy on the way.

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;

use ureq::Proxy;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::platform::read_at_most;
use crate::store::OpenError;

/// Where a server is, from a URL such as `http://127.0.0.1:8080`.
#[derive(Debug, Clone)]
pub(crate) struct ServerAddress {
    /// Scheme, host and port.
    pub(super) origin: String,
    pub(super) tls: TlsConfig,
    pub(super) proxy: Option<Proxy>,
}

impl ServerAddress {
    /// Reads a URL. `ca` is a file of certificates (PEM) that are trusted besides those of the system.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub(crate) fn parse(url: &str, ca: Option<&Path>) -> Result<ServerAddress, OpenError> {
        let wrong = |why: &str| OpenError(format!("--url {url}: {why}"));
        let uri: Uri = url.trim().parse().map_err(|_| wrong(URL_SHAPE))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong(URL_SHAPE)) };
        if authority.as_str().contains('@') {
            return Err(wrong("no name and password belong into it; the staff key is given with --staff-key."));
        }
        let port = authority.as_str().strip_prefix(authority.host()).unwrap_or(":");
        let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<NonZeroU16>().is_ok());
        if !matches!(scheme, "http" | "https") || authority.host().is_empty() || !has_port {
            return Err(wrong(URL_SHAPE));
        }
        if !uri.path().trim_matches('/').is_empty() || uri.query().is_some() {
            return Err(wrong("only the address of the server is wanted, without a path behind it."));
        }
        if ca.is_some() && scheme == "http" {
            return Err(wrong("--ca is for an address that begins with https://."));
        }
        let tls = match scheme {
            "https" => trusted("--ca", ca)?,
            _ => TlsConfig::default(),
        };
        // The own machine is never reached through a proxy, whatever the environment says.
        let proxy = if is_loopback(authority.host()) { None } else { Proxy::try_from_env() };
        Ok(ServerAddress { origin: format!("{scheme}://{authority}"), tls, proxy })
    }
}

impl ServerAddress {
    /// The same server, whose certificate is not checked.
    pub(crate) fn without_proof(self) -> ServerAddress {
        ServerAddress { tls: TlsConfig::builder().disable_verification(true).build(), ..self }
    }
}

/// The authorities of all the web take about 250 kB.
const CA_MAX_BYTES: u64 = 16 << 20;
const URL_SHAPE: &str = "give http://HOST:PORT or https://HOST:PORT, such as http://localhost:8080.";

fn is_loopback(host: &str) -> bool {
    let name = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let of_address = |address: IpAddr| address.to_canonical().is_loopback() || address.is_unspecified();
    name.parse().map_or_else(|_| name == "localhost" || name.ends_with(".localhost"), of_address)
}

/// TLS that trusts the certificate authorities of the system, and those of a file that a setting names. A system
/// without any gets those of the web.
///
/// # Errors
/// A sentence that names the setting.
pub(crate) fn trusted(setting: &str, ca: Option<&Path>) -> Result<TlsConfig, OpenError> {
    Ok(TlsConfig::builder().root_certs(roots(setting, ca)?).build())
}

fn roots(setting: &str, ca: Option<&Path>) -> Result<RootCerts, OpenError> {
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    if let Some(path) = ca {
        let failed = |why: String| OpenError(format!("{setting} {}: {why}", path.display()));
        let pem = read_at_most(path, CA_MAX_BYTES).map_err(|error| failed(format!("{error}; check the path.")))?;
        for item in parse_pem(&pem) {
            if let PemItem::Certificate(certificate) = item.map_err(|error| failed(format!("is not PEM: {error}.")))? {
                certificates.push(certificate);
            }
        }
        if certificates.is_empty() {
            return Err(failed("has no certificate in it; give a file in PEM (-----BEGIN CERTIFICATE-----).".into()));
        }
    }
    let system = rustls_native_certs::load_native_certs().certs;
    if system.is_empty() && certificates.is_empty() {
        return Ok(RootCerts::WebPki);
    }
    certificates.extend(system.iter().map(|certificate| Certificate::from_der(certificate).to_owned()));
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_address_is_read_from_a_url() {
        let origin = |url: &str| ServerAddress::parse(url, None).map(|address| address.origin);
        for (url, told) in [
            ("http://127.0.0.1:80/", "http://127.0.0.1:80"),
            (" http://localhost:8080", "http://localhost:8080"),
            ("HTTP://localhost", "http://localhost"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://venue.example", "https://venue.example"),
        ] {
            assert_eq!(origin(url).unwrap(), told);
        }
        for url in ["", "localhost:8080", "ftp://x", "http://", "http://:80", "http://h:x", "http://a b", "//h"] {
            assert!(origin(url).unwrap_err().0.contains("http://HOST:PORT"), "{url}");
        }
        for (url, told) in
            [("http://kim:secret@h", "--staff-key"), ("http://h/api", "without a path"), ("http://h?x", "path")]
        {
            assert!(origin(url).unwrap_err().0.contains(told), "{url}");
        }
    }

    #[test]
    fn loopback_is_known_by_every_name() {
        for host in [
            "localhost",
            "LOCALHOST",
            "127.0.0.1",
            "127.8.9.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "a.localhost",
            "0.0.0.0",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["example.org", "10.0.0.1", "[2001:db8::1]", "localhost.example.org"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
