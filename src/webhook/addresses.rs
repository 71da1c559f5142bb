//! To which addresses deliveries go: public ones, and those of networks that a setting names. What is checked is the
//! address that is connected to, after the name was resolved, so that no name leads around it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// None of the addresses of a receiver is allowed.
#[derive(Debug)]
pub(super) struct NotAllowed;

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it has no public address, and none in --webhook-networks")
    }
}

impl std::error::Error for NotAllowed {}

/// Gives the addresses of a name that are allowed.
#[derive(Debug)]
pub(super) struct AllowedAddresses(pub Vec<IpNet>);

impl Resolver for AllowedAddresses {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        found.iter().filter(|address| is_allowed(address.ip(), &self.0)).for_each(|address| allowed.push(*address));
        if allowed.is_empty() { Err(ureq::Error::Other(Box::new(NotAllowed))) } else { Ok(allowed) }
    }
}

/// Whether a host is an address that is not allowed, or the name of this machine where that is not: then it is refused
/// before anything is sent.
pub(super) fn is_refused_host(host: &str, networks: &[IpNet]) -> bool {
    let name = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    match name.parse() {
        Ok(address) => !is_allowed(address, networks),
        Err(_) if name == "localhost" || name.ends_with(".localhost") => {
            let own = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
            !own.into_iter().any(|address| is_allowed(address, networks))
        }
        Err(_) => false,
    }
}

fn is_allowed(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = address.to_canonical(); // IPv4 in IPv6 form is IPv4
    networks.iter().any(|network| network.contains(&address)) || is_public(address)
}

/// Whether an address is one of the whole internet, by the registries of addresses for special purposes (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 10 | 127 | 240..=255, ..] => true,
        [100, 64..=127, ..] => true, // shared by the customers of a provider
        [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..] => true,
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [224..=239, ..] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let v4_at = |at: usize| {
        let bytes = address.octets();
        Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3])
    };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(v4_at(12)), // NAT64
        [0x2002, ..] => is_public_v4(v4_at(2)),                    // 6to4
        [0x2001, 0..=0x1ff, ..] => false,                          // Teredo, benchmarking, ORCHID
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,    // documentation
        [first, ..] => first & 0xe000 == 0x2000, // all else of the internet is there; private networks are not
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &str = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.8.9.1 169.254.169.254 172.16.0.1 \
        172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 \
        203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 \
        ::ffff:169.254.169.254 ::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::1 \
        100::1 2001::1 2001:2::1 2001:db8::1 2002:7f00:1:: 2002:c0a8:1:: 3fff::1 5f00::1 fc00::1 fd12::1 fe80::1 \
        fec0::1 ff02::1";
    const PUBLIC: &str = "1.1.1.1 8.8.8.8 100.63.0.1 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 198.17.0.1 198.20.0.1 \
        223.255.255.255 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2001:200::1 2002:808:808:: 2606:4700::1 2a00::1";

    #[test]
    fn address_ssrf_private_ones_are_known_in_every_form() {
        for text in PRIVATE.split(' ') {
            assert!(!is_allowed(text.parse().unwrap(), &[]), "{text}");
            let host = if text.contains(':') { format!("[{text}]") } else { text.to_owned() };
            assert!(is_refused_host(&host, &[]), "{host}");
        }
        for text in PUBLIC.split(' ') {
            assert!(is_allowed(text.parse().unwrap(), &[]), "{text}");
        }
        for host in ["localhost", "LOCALHOST.", "a.localhost"] {
            assert!(is_refused_host(host, &[]), "{host}");
        }
        assert!(!is_refused_host("venue.example", &[]), "who it is shows when it is resolved");
    }

    #[test]
    fn address_networks_of_ones_own_are_allowed_and_no_others() {
        let own: Vec<IpNet> = ["127.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap()).into();
        for (text, is_so) in
            [("127.0.0.1", true), ("::ffff:127.0.0.1", true), ("fd00::1", true), ("10.0.0.1", false), ("::1", false)]
        {
            assert_eq!(is_allowed(text.parse().unwrap(), &own), is_so, "{text}");
        }
        assert!(!is_refused_host("localhost", &own) && is_refused_host("10.0.0.1", &own));
    }

    #[test]
    fn address_ssrf_what_is_resolved_is_checked_however_it_is_written() {
        let resolve = |url: &str, networks: &[&str]| {
            let resolver = AllowedAddresses(networks.iter().map(|network| network.parse().unwrap()).collect());
            let timeout = NextTimeout {
                after: ureq::unversioned::transport::time::Duration::NotHappening,
                reason: ureq::Timeout::Global,
                ..NextTimeout::default()
            };
            resolver.resolve(&url.parse().unwrap(), &Config::default(), timeout)
        };
        for url in [
            "http://localhost:1/",
            "http://127.1:1/",
            "http://2130706433:1/",
            "http://0x7f000001:1/",
            "http://[::1]:1/",
        ] {
            let refused = resolve(url, &[]);
            // Some systems read no such numbers.
            let is_refused = matches!(refused, Err(ureq::Error::Other(_) | ureq::Error::Io(_)));
            assert!(is_refused, "{url}: {refused:?}");
        }
        assert_eq!(
            resolve("http://127.0.0.1:7/", &["127.0.0.0/8"]).unwrap().to_vec(),
            ["127.0.0.1:7".parse().unwrap()]
        );
    }
}
