//! Addresses to listen on, as people write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// Where a server listens unless it is told otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// What would be right.
const SHAPE: &str = "give an address and a port, such as 127.0.0.1:8080, localhost:8080, 0.0.0.0:80 or [::1]:0; a port alone, \
                     such as 8080, is for this machine only";

/// Reads an address with its port. A port alone, also as `:8080`, is for this machine only; `*` stands for every IPv4
/// address, and a name for its first address, of IPv4 if it has one.
///
/// # Errors
/// The end of a sentence: what would be right.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let port: u16 = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok()).flatten().ok_or(SHAPE)?;
    match host {
        "" | "localhost" => Ok((Ipv4Addr::LOCALHOST, port).into()),
        "*" => Ok((Ipv4Addr::UNSPECIFIED, port).into()),
        _ if host.contains([':', '/', '[', ']', '@', ' ']) => Err(SHAPE.into()),
        name => {
            let found =
                (name, port).to_socket_addrs().map_err(|error| format!("{name} has no address ({error}); {SHAPE}"));
            let found: Vec<SocketAddr> = found?.collect();
            let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
            first.copied().ok_or_else(|| format!("{name} has no address; {SHAPE}"))
        }
    }
}

/// Whether only this machine reaches an address.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// A URL that people and programs on this machine can open: nobody can go to `0.0.0.0` or `[::]`. In a container whose
/// port is published under the same number it can be opened on the host too.
pub fn url_of(scheme: &str, address: SocketAddr) -> String {
    match address.ip().is_unspecified() {
        true => format!("{scheme}://localhost:{}", address.port()),
        false => format!("{scheme}://{address}"),
    }
}

/// The URL of a server on this machine without a name in it, since a container may know none.
pub fn loopback_url_of(scheme: &str, address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("{scheme}://{}", SocketAddr::new(ip, address.port()))
}

/// The URLs by which other machines reach an unspecified address: those of the interfaces that lead to other networks.
/// A connected UDP socket has such an address without sending anything (the targets are addresses for documentation).
pub fn urls_for_others(scheme: &str, address: SocketAddr) -> Vec<String> {
    if !address.ip().is_unspecified() {
        return Vec::new();
    }
    let towards = |from: &str, to: &str| -> Option<IpAddr> {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    let own = [towards("0.0.0.0:0", "192.0.2.1:9"), towards("[::]:0", "[2001:db8::1]:9").filter(|_| address.is_ipv6())];
    let own = own.into_iter().flatten().filter(|ip| !ip.is_loopback() && !ip.is_unspecified());
    own.map(|ip| format!("{scheme}://{}", SocketAddr::new(ip, address.port()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, address) in [
            ("8080", "127.0.0.1:8080"),
            (":8080", "127.0.0.1:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
            (" 127.0.0.1:80 ", "127.0.0.1:80"),
            ("0.0.0.0:8080", "0.0.0.0:8080"),
            ("*:8080", "0.0.0.0:8080"),
            ("[::1]:8080", "[::1]:8080"),
            ("[::]:0", "[::]:0"),
            ("0", "127.0.0.1:0"),
        ] {
            assert_eq!(parse_listen(text).map(|one| one.to_string()).as_deref(), Ok(address), "{text}");
        }
        for wrong in [
            "",
            "nowhere",
            "localhost",
            "127.0.0.1",
            "::1",
            "::1:8080",
            "70000",
            "http://localhost:8080",
            ":",
            "h:-1",
            "[::1]",
        ] {
            assert!(parse_listen(wrong).is_err(), "{wrong}");
        }
    }
}
