//! Where a client is: its own address, or what proxies that are trusted say of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    start: IpAddr,
    prefix_bits: u32,
}

impl Network {
    /// Reads an address or an address with a prefix length; `None` when it is neither.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let start: IpAddr = address.parse().ok()?;
        let bits_max = if start.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            Some(text) => text.parse().ok().filter(|&bits| bits <= bits_max)?,
            None => bits_max,
        };
        Some(Network { start, prefix_bits })
    }

    /// Whether an address lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.start, address) {
            (IpAddr::V4(start), IpAddr::V4(address)) => {
                (u32::from(start) ^ u32::from(address)).checked_shr(32 - self.prefix_bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(start), IpAddr::V6(address)) => {
                (u128::from(start) ^ u128::from(address)).checked_shr(128 - self.prefix_bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// An IPv4 address that came in over an IPv6 socket, as itself.
pub fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Whose connections are counted together: an IPv4 address, or the /64 that one IPv6 customer gets.
pub fn counted_as(address: IpAddr) -> IpAddr {
    match plain(address) {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
    }
}

/// The client behind `peer`: when the peer is trusted, the rightmost address of the fields that is not itself trusted;
/// everything to the left of it was written by strangers.
pub fn client_behind(
    peer: IpAddr,
    trusted: &[Network],
    forwarded: Option<&str>,
    x_forwarded_for: Option<&str>,
) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = plain(peer);
    if !is_trusted(peer) {
        return peer;
    }
    let mut nearest = peer;
    // Proxies write X-Forwarded-For and let a customer's own Forwarded through, which must not say who the customer is.
    let hops: Vec<&str> = match (x_forwarded_for, forwarded) {
        (Some(field), _) => field.split(',').map(str::trim).collect(),
        (None, Some(field)) => field.split(',').map(for_of).collect(),
        (None, None) => Vec::new(),
    };
    for hop in hops.into_iter().rev() {
        let Some(address) = address_of(hop) else { break };
        nearest = address;
        if !is_trusted(address) {
            break;
        }
    }
    nearest
}

/// The `for` parameter of one element of `Forwarded` (RFC 7239); empty when there is none.
fn for_of(element: &str) -> &str {
    let value = element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    });
    value.unwrap_or("").trim().trim_matches('"')
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address_of(text: &str) -> Option<IpAddr> {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']')?.0.parse::<Ipv6Addr>().ok().map(|address| plain(address.into()));
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(plain(address));
    }
    text.split_once(':')?.0.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(forwarded: Option<&str>, x_forwarded_for: Option<&str>) -> String {
        let trusted = [Network::parse("127.0.0.1").unwrap(), Network::parse("10.0.0.0/8").unwrap()];
        client_behind("127.0.0.1".parse().unwrap(), &trusted, forwarded, x_forwarded_for).to_string()
    }

    #[test]
    fn a_stranger_is_who_it_is_whatever_it_says() {
        let stranger = "192.0.2.9".parse().unwrap();
        let trusted = [Network::parse("127.0.0.1").unwrap()];
        assert_eq!(client_behind(stranger, &trusted, Some("for=1.2.3.4"), Some("1.2.3.4")), stranger);
    }

    #[test]
    fn the_rightmost_address_that_is_not_trusted_is_the_client() {
        assert_eq!(client(None, Some("6.6.6.6, 192.0.2.7, 10.1.2.3")), "192.0.2.7");
        assert_eq!(
            client(Some("for=6.6.6.6, For=\"[2001:db8::7]:99\";proto=https, for=10.1.2.3"), None),
            "2001:db8::7"
        );
        assert_eq!(client(Some("for=192.0.2.7:1234"), None), "192.0.2.7");
    }

    #[test]
    fn a_customer_s_own_forwarded_does_not_outweigh_what_the_proxy_wrote() {
        for forged in ["for=127.0.0.1", "for=6.6.6.6", "for=_hidden", ""] {
            assert_eq!(client(Some(forged), Some("6.6.6.6, 192.0.2.7")), "192.0.2.7", "{forged}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_the_way_back() {
        assert_eq!(client(None, Some("192.0.2.7, unknown, 10.1.2.3")), "10.1.2.3");
        assert_eq!(client(None, None), "127.0.0.1");
    }

    #[test]
    fn networks_hold_what_their_prefix_says() {
        let network = Network::parse("192.0.2.128/25").unwrap();
        assert!(network.contains("192.0.2.200".parse().unwrap()) && !network.contains("192.0.2.1".parse().unwrap()));
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("8.8.8.8".parse().unwrap()));
        assert!(Network::parse("::/0").unwrap().contains("2001:db8::1".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "x"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}
