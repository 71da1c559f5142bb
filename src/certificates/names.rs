//! The names and addresses for which a venue without a domain has a certificate.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls::pki_types::ServerName;

use crate::platform;

/// Names of one certificate at most.
const NAMES_MAX: usize = 64;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Address(IpAddr),
    /// A name, in lower case.
    Host(String),
}

impl Name {
    /// Reads an address or a name of a host.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Name, String> {
        let text = text.trim();
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Name::Address(address.to_canonical()));
        }
        let is_host = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        match ServerName::try_from(text) {
            Ok(ServerName::DnsName(name)) if is_host => Ok(Name::Host(name.as_ref().to_ascii_lowercase())),
            _ => Err(
                "give a name such as hall.local or an address such as 192.168.0.2, without https:// and without a port"
                    .into(),
            ),
        }
    }

    /// As it stands in a URL.
    pub fn in_url(&self) -> String {
        match self {
            Name::Address(IpAddr::V6(address)) => format!("[{address}]"),
            Name::Address(address) => address.to_string(),
            Name::Host(name) => name.clone(),
        }
    }

    pub fn server_name(&self) -> Option<ServerName<'static>> {
        match self {
            Name::Address(address) => Some(ServerName::from(*address)),
            Name::Host(name) => ServerName::try_from(name.clone()).ok(),
        }
    }
}

/// The names and addresses of this machine as they are now.
pub fn of_this_machine() -> BTreeSet<Name> {
    let mut names = BTreeSet::from([
        Name::Host("localhost".into()),
        Name::Address(Ipv4Addr::LOCALHOST.into()),
        Name::Address(Ipv6Addr::LOCALHOST.into()),
    ]);
    let addresses = if_addrs::get_if_addrs().unwrap_or_default().into_iter().map(|interface| interface.ip());
    // A link-local address of IPv6 can't be written into a URL.
    let addresses = addresses.filter(|address| !matches!(address, IpAddr::V6(six) if six.is_unicast_link_local()));
    names.extend(addresses.filter(|address| !address.is_unspecified()).map(Name::Address).take(NAMES_MAX / 2));
    if let Some(Name::Host(name)) = platform::machine_name().and_then(|name| Name::parse(&name).ok()) {
        if !name.contains('.') {
            names.insert(Name::Host(format!("{name}.local"))); // how others find it in a network without a name server
        }
        names.insert(Name::Host(name));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_an_address_or_a_host_in_lower_case() {
        for (text, wanted) in [
            ("Hall.Local", "hall.local"),
            (" hall ", "hall"),
            ("192.168.0.2", "192.168.0.2"),
            ("::1", "[::1]"),
            ("[fd00::1]", "[fd00::1]"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(Name::parse(text).map(|name| name.in_url()).as_deref(), Ok(wanted), "{text}");
        }
        for wrong in ["", "https://hall", "hall:80", "a b", "-a", "a..b", "*.hall", "홀", "a_b", "256.0.0.1", "hall/"]
        {
            assert!(Name::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_of_this_machine_have_what_every_machine_has() {
        let names = of_this_machine();
        for text in ["localhost", "127.0.0.1", "::1"] {
            assert!(names.contains(&Name::parse(text).unwrap()), "{text}");
        }
        assert!(names.len() < NAMES_MAX && names.iter().all(|name| name.server_name().is_some()), "{names:?}");
    }
}
