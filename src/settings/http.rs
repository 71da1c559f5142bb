//! The settings of the HTTP server.

use std::net::IpAddr;

use clap::builder::RangedU64ValueParser;
use ipnet::{IpNet, Ipv4Net};

use super::AllowedOrigin;

/// What holds where nothing else is given.
pub const DEFAULT: HttpSettings = HttpSettings {
    http_head_max_bytes: 16_384,
    http_head_max_fields: 64,
    http_body_max_bytes: 65_536,
    http_large_body_max_bytes: 16 << 20,
    http_head_max_ms: 10_000,
    http_body_max_ms: 30_000,
    http_idle_max_ms: 75_000,
    http_write_max_ms: 30_000,
    http_connections_max: 0,
    http_connections_per_address_max: None,
    http_limit_loopback: false,
    http_handshake_max_ms: 10_000,
    http_handshakes_max: 0,
    http_buffers_max_bytes: 128 << 20,
    http_parked_max: 20_000,
    http_workers: 2,
    http_inner_reads: 8,
    http_inner_writes: 64,
    http_queue_max: 20_000,
    http_queue_max_ms: 5_000,
    http_inner_answer_max_ms: 60_000,
    allow_origin: Vec::new(),
    http_proxies: Vec::new(),
};

/// What the HTTP server allows to strangers.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "HTTP server")]
pub struct HttpSettings {
    /// Largest request head in bytes (1,024 to 65,536)
    #[arg(long, env = "BOXOFFICE_HTTP_HEAD_MAX_BYTES", default_value_t = DEFAULT.http_head_max_bytes, value_name = "N", value_parser = range(1_024, 65_536))]
    pub http_head_max_bytes: u64,
    /// Most header fields of a request (8 to 96)
    #[arg(long, env = "BOXOFFICE_HTTP_HEAD_MAX_FIELDS", default_value_t = DEFAULT.http_head_max_fields, value_name = "N", value_parser = range(8, 96))]
    pub http_head_max_fields: u64,
    /// Largest request body in bytes (1,024 to 16,777,216)
    #[arg(long, env = "BOXOFFICE_HTTP_BODY_MAX_BYTES", default_value_t = DEFAULT.http_body_max_bytes, value_name = "N", value_parser = range(1_024, 16 << 20))]
    pub http_body_max_bytes: u64,
    /// Largest body where staff bring a whole schedule, in bytes (1,024 to 67,108,864)
    #[arg(long, env = "BOXOFFICE_HTTP_LARGE_BODY_MAX_BYTES", default_value_t = DEFAULT.http_large_body_max_bytes, value_name = "N",
        value_parser = range(1_024, 64 << 20))]
    pub http_large_body_max_bytes: u64,
    /// Time for a whole request head in milliseconds (10 to 600,000)
    #[arg(long, env = "BOXOFFICE_HTTP_HEAD_MAX_MS", default_value_t = DEFAULT.http_head_max_ms, value_name = "N", value_parser = range(10, 600_000))]
    pub http_head_max_ms: u64,
    /// Time for a whole request body in milliseconds; each MiB adds 10,000 (10 to 600,000)
    #[arg(long, env = "BOXOFFICE_HTTP_BODY_MAX_MS", default_value_t = DEFAULT.http_body_max_ms, value_name = "N", value_parser = range(10, 600_000))]
    pub http_body_max_ms: u64,
    /// A connection on which nothing is asked is closed after so many milliseconds (10 to 3,600,000)
    #[arg(long, env = "BOXOFFICE_HTTP_IDLE_MAX_MS", default_value_t = DEFAULT.http_idle_max_ms, value_name = "N", value_parser = range(10, 3_600_000))]
    pub http_idle_max_ms: u64,
    /// A client that takes nothing of its answer for so long is let go, in milliseconds; all of it must be
    /// taken at 1 KiB a second at least (10 to 600,000)
    #[arg(long, env = "BOXOFFICE_HTTP_WRITE_MAX_MS", default_value_t = DEFAULT.http_write_max_ms, value_name = "N", value_parser = range(10, 600_000))]
    pub http_write_max_ms: u64,
    /// Most connections at once (0 to 1,000,000; 0: what the descriptor limit leaves)
    #[arg(long, env = "BOXOFFICE_HTTP_CONNECTIONS_MAX", default_value_t = DEFAULT.http_connections_max, value_name = "N", value_parser = range(0, 1_000_000))]
    pub http_connections_max: u64,
    /// Most connections of one address, or of one IPv6 /64, and most waiting requests of one client,
    /// also behind a proxy (0 to 1,000,000; 0: no limit) [default: 1,000; for demo and --ephemeral 0]
    #[arg(long, env = "BOXOFFICE_HTTP_CONNECTIONS_PER_ADDRESS_MAX", value_name = "N", value_parser = range(0, 1_000_000))]
    pub http_connections_per_address_max: Option<u64>,
    /// Hold this machine itself to the limits per address too (connections, and --tries-per-minute)
    #[arg(long, env = "BOXOFFICE_HTTP_LIMIT_LOOPBACK")]
    pub http_limit_loopback: bool,
    /// Time for a TLS handshake in milliseconds, from the opening of the connection (10 to 600,000)
    #[arg(long, env = "BOXOFFICE_HTTP_HANDSHAKE_MAX_MS", default_value_t = DEFAULT.http_handshake_max_ms, value_name = "N", value_parser = range(10, 600_000))]
    pub http_handshake_max_ms: u64,
    /// Most TLS handshakes under way at once (0 to 1,000,000; 0: half of the connections)
    #[arg(long, env = "BOXOFFICE_HTTP_HANDSHAKES_MAX", default_value_t = DEFAULT.http_handshakes_max, value_name = "N", value_parser = range(0, 1_000_000))]
    pub http_handshakes_max: u64,
    /// Memory for all buffers of connections in bytes (1,048,576 to 68,719,476,736)
    #[arg(long, env = "BOXOFFICE_HTTP_BUFFERS_MAX_BYTES", default_value_t = DEFAULT.http_buffers_max_bytes, value_name = "N",
        value_parser = range(1 << 20, 64 << 30))]
    pub http_buffers_max_bytes: u64,
    /// Most waiting requests (`Prefer: wait`) at once (0 to 1,000,000)
    #[arg(long, env = "BOXOFFICE_HTTP_PARKED_MAX", default_value_t = DEFAULT.http_parked_max, value_name = "N", value_parser = range(0, 1_000_000))]
    pub http_parked_max: u64,
    /// Request worker threads (1 to 64)
    #[arg(long, env = "BOXOFFICE_HTTP_WORKERS", default_value_t = DEFAULT.http_workers, value_name = "N", value_parser = range(1, 64))]
    pub http_workers: u64,
    /// Most requests that only read with the handlers at once (1 to 256)
    #[arg(long, env = "BOXOFFICE_HTTP_INNER_READS", default_value_t = DEFAULT.http_inner_reads, value_name = "N", value_parser = range(1, 256))]
    pub http_inner_reads: u64,
    /// Most requests that write with the handlers at once (1 to 256)
    #[arg(long, env = "BOXOFFICE_HTTP_INNER_WRITES", default_value_t = DEFAULT.http_inner_writes, value_name = "N", value_parser = range(1, 256))]
    pub http_inner_writes: u64,
    /// Most requests that wait to go to the handlers, of each kind (1 to 1,000,000)
    #[arg(long, env = "BOXOFFICE_HTTP_QUEUE_MAX", default_value_t = DEFAULT.http_queue_max, value_name = "N", value_parser = range(1, 1_000_000))]
    pub http_queue_max: u64,
    /// Once a request has waited so long to go to the handlers, those who come are told 503 at once, in milliseconds
    /// (10 to 600,000)
    #[arg(long, env = "BOXOFFICE_HTTP_QUEUE_MAX_MS", default_value_t = DEFAULT.http_queue_max_ms, value_name = "N", value_parser = range(10, 600_000))]
    pub http_queue_max_ms: u64,
    /// Time for a request to be answered in milliseconds (100 to 600,000)
    #[arg(long, env = "BOXOFFICE_HTTP_INNER_ANSWER_MAX_MS", default_value_t = DEFAULT.http_inner_answer_max_ms, value_name = "N",
        value_parser = range(100, 600_000))]
    pub http_inner_answer_max_ms: u64,
    /// Origins whose pages may read answers in a browser: *, or origins such as http://localhost:5173, separated by
    /// commas or given several times; for demo and --ephemeral those of this machine unless given
    #[arg(long, env = "BOXOFFICE_ALLOW_ORIGIN", value_delimiter = ',', value_parser = AllowedOrigin::parse, value_name = "ORIGIN")]
    pub allow_origin: Vec<AllowedOrigin>,
    /// Proxies whose X-Forwarded-For and X-Forwarded-Proto, or else Forwarded, are believed: addresses or networks,
    /// separated by commas
    #[arg(long, env = "BOXOFFICE_HTTP_PROXIES", value_delimiter = ',', value_parser = network)]
    pub http_proxies: Vec<IpNet>,
}

impl HttpSettings {
    /// How many connections one address may have; 0 is no limit.
    pub fn connections_per_address_max(&self) -> u64 {
        self.http_connections_per_address_max.unwrap_or(1_000)
    }
}

fn range(min: u64, max: u64) -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(min..=max)
}

/// An address, or an address with the length of its prefix. IPv4 in IPv6 form (`::ffff:10.0.0.0/104`) is IPv4.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().map_err(|_| {
        format!("{address:?} is not an address; give addresses or networks such as 10.0.0.1, 10.0.0.0/8 or fd00::/8")
    })?;
    let bits_max: u8 = if address.is_ipv4() { 32 } else { 128 };
    let bits: u8 = match prefix {
        None => bits_max,
        Some(digits) => {
            let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let bits = digits.parse().ok().filter(|&bits| is_number && bits <= bits_max);
            bits.ok_or_else(|| format!("the prefix of {address} is a number from 0 to {bits_max}"))?
        }
    };
    let network = match (address, address.to_canonical()) {
        (IpAddr::V6(_), IpAddr::V4(plain)) => {
            let of_ipv4 = bits.checked_sub(96).ok_or("the prefix of an IPv4 address in IPv6 form is 96 to 128")?;
            Ipv4Net::new(plain, of_ipv4).map(IpNet::V4)
        }
        _ => IpNet::new(address, bits),
    };
    network.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Args {
        #[command(flatten)]
        http: HttpSettings,
    }

    #[test]
    fn proxies_are_networks_in_either_form_and_a_faulty_one_is_refused() {
        let of = |text: &str| network(text).map(|network| network.trunc().to_string());
        for (text, wanted) in [
            ("10.1.2.3", "10.1.2.3/32"),
            (" 10.1.2.3/8 ", "10.0.0.0/8"),
            ("fd00::1/8", "fd00::/8"),
            ("::ffff:127.0.0.1", "127.0.0.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(wanted), "{text}");
        }
        for wrong in [
            "",
            "x",
            "10.0.0/8",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "::/129",
            "[::1]",
            "fe80::1%eth0",
            "10.0.0.1:80",
            "localhost",
            "::ffff:10.0.0.0/95",
            "10.0.0.0/255.0.0.0",
        ] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn settings_have_ranges_and_networks_are_checked() {
        let line =
            Args::try_parse_from(["x", "--http-proxies", "10.0.0.0/8,::1", "--http-head-max-ms", "500"]).unwrap();
        assert_eq!(line.http.http_proxies.iter().map(IpNet::to_string).collect::<Vec<_>>(), ["10.0.0.0/8", "::1/128"]);
        assert_eq!(line.http.http_head_max_ms, 500);
        for wrong in [["--http-proxies", "10.0.0.0/33"], ["--http-proxies", "x"], ["--http-workers", "0"]] {
            assert!(Args::try_parse_from(["x", wrong[0], wrong[1]]).is_err(), "{wrong:?}");
        }
    }
}
