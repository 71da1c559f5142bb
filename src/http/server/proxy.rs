//! Where a client is: its own address, or what trusted proxies say of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The address of all callers behind a trusted proxy whose field does not say who they are. It is no address of
/// anybody, so that they share one account of every limit and none of them passes for the proxy, which is exempt.
pub const UNATTRIBUTED: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Whether an address lies in one of these networks; an IPv4 address in IPv6 form (`::ffff:192.0.2.1`) is itself.
pub fn is_within(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// The key under which limits count an address: an IPv4 address, or the /64 that one IPv6 customer gets.
pub fn rate_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
    }
}

/// What a head says of the way to here.
#[derive(Debug, Clone, Copy, Default)]
pub struct ForwardedFields<'h> {
    pub forwarded: Option<&'h str>,
    pub x_forwarded_for: Option<&'h str>,
    pub x_forwarded_proto: Option<&'h str>,
}

/// A client: its own connection, or what trusted proxies say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientBehind {
    pub address: IpAddr,
    /// A trusted proxy says that it speaks https.
    pub is_https: bool,
}

/// The client behind `peer`. When the peer is trusted: the rightmost address of its field that is
/// not itself trusted, since everything to the left of it was written by strangers;
/// [`UNATTRIBUTED`] when a hop on the way there cannot be read. Its scheme is what was written at the same place.
pub fn client_behind(peer: IpAddr, trusted: &[IpNet], fields: ForwardedFields<'_>) -> ClientBehind {
    let mut client = ClientBehind { address: peer.to_canonical(), is_https: false };
    if !is_within(trusted, client.address) {
        return client;
    }
    let schemes = fields.x_forwarded_proto.unwrap_or_default().rsplit(',').map(|scheme| is_https(trim(scheme)));
    let schemes: Vec<bool> = schemes.collect();
    // A proxy that replaces the field tells one scheme, whatever the number of hops.
    let scheme_at = |place: usize| schemes.get(place).or(schemes.last()).copied().unwrap_or(false);
    // Proxies write X-Forwarded-For and let a customer's own Forwarded through, which must not say who the customer is.
    let hops: Vec<(Option<IpAddr>, bool)> = match (fields.x_forwarded_for, fields.forwarded) {
        (Some(field), _) => {
            field.rsplit(',').enumerate().map(|(place, hop)| (address_of(trim(hop)), scheme_at(place))).collect()
        }
        (None, Some(field)) => forwarded_hops(field),
        (None, None) => vec![(Some(client.address), scheme_at(0))], // the proxy's own call, such as a health check
    };
    for (address, is_https) in hops {
        client = ClientBehind { address: address.unwrap_or(UNATTRIBUTED), is_https };
        if !is_within(trusted, client.address) {
            break;
        }
    }
    client
}

fn is_https(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https")
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The `for` of each element of `Forwarded` (RFC 7239), and whether its `proto` is https, the nearest first; an element
/// without one that can be read is `None`. A quote that is never closed makes all of it unreadable: who opened it, a
/// stranger or the proxy, cannot be told.
fn forwarded_hops(field: &str) -> Vec<(Option<IpAddr>, bool)> {
    let mut hops = Vec::new();
    let mut rest = Some(field);
    while let Some(text) = rest {
        let Some((element, after)) = split_outside_quotes(text, b',') else { return vec![(None, false)] };
        let is_https = value_of(element, "proto").is_some_and(is_https);
        hops.push((value_of(element, "for").and_then(address_of), is_https));
        rest = after;
    }
    hops.reverse();
    hops
}

/// The text before the first separator that stands outside quotes, and the
/// text after it; `None` when a quote stays open.
fn split_outside_quotes(text: &str, separator: u8) -> Option<(&str, Option<&str>)> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == separator && !quoted => return Some((&text[..at], Some(&text[at + 1..]))),
            _ => {}
        }
    }
    (!quoted).then_some((text, None))
}

/// The value of a pair of an element; `None` where it is there twice: which is meant?
fn value_of<'e>(element: &'e str, wanted: &str) -> Option<&'e str> {
    let mut found = None;
    let mut rest = Some(element);
    while let Some(text) = rest {
        let (pair, after) = split_outside_quotes(text, b';')?;
        rest = after;
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if trim(name).eq_ignore_ascii_case(wanted) {
            let value = trim(value);
            let value = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
            if found.replace(value).is_some() {
                return None;
            }
        }
    }
    found
}

/// The address of a node (RFC 7239, section 6) with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`,
/// `[2001:db8::1]:80`, and with a zone, which belongs to the proxy's own machine and says nothing here. `None` for
/// `unknown`, an obfuscated identifier (`_x`) and everything else.
fn address_of(node: &str) -> Option<IpAddr> {
    if let Some(rest) = node.strip_prefix('[') {
        let (literal, port) = rest.split_once(']')?;
        let is_sound = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return is_sound.then(|| ipv6_of(literal)).flatten();
    }
    if let Some(address) = ipv6_of(node) {
        return Some(address);
    }
    let (address, port) = node.split_once(':').map_or((node, None), |(address, port)| (address, Some(port)));
    port.is_none_or(is_port).then(|| address.parse::<Ipv4Addr>().ok().map(IpAddr::V4)).flatten()
}

fn ipv6_of(literal: &str) -> Option<IpAddr> {
    let (address, zone) = literal.split_once('%').map_or((literal, None), |(address, zone)| (address, Some(zone)));
    let is_sound = zone.is_none_or(|zone| !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_graphic()));
    let address: Ipv6Addr = is_sound.then(|| address.parse().ok()).flatten()?;
    Some(IpAddr::V6(address).to_canonical())
}

/// A port, or an obfuscated one.
fn is_port(text: &str) -> bool {
    let is_number = (1..=5).contains(&text.len()) && text.parse::<u16>().is_ok() && !text.starts_with('+');
    let hidden = text.strip_prefix('_');
    let is_hidden = hidden
        .is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)));
    is_number || is_hidden
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
