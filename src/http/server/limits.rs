//! Every limit of the HTTP server, with its unit in its name.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;

use super::proxy;
use crate::certificates::Certificates;
use crate::clock::{Clock, MonotonicClock};
use crate::http::{Method, Reply};
use crate::ids;
use crate::settings::AllowedOrigin;
use crate::settings::http::{self, HttpSettings};

/// Connections of a server for staff alone, and all descriptors that it may take.
const STAFF_CONNECTIONS_MAX: usize = 128;
const STAFF_DESCRIPTORS: usize = STAFF_CONNECTIONS_MAX + 64;
/// Three for each inner connection (two are tiny_http's), of which there are at most four, and the event loop's own.
const INNER_DESCRIPTORS: usize = 20;

/// What the server allows. Milliseconds, bytes and counts as the names say.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The time of all deadlines.
    pub clock: MonotonicClock,
    /// The request line and all fields together.
    pub head_max_bytes: usize,
    /// Header fields of a request.
    pub head_max_fields: usize,
    /// The body of a request, where `large_body` says nothing else.
    pub body_max_bytes: usize,
    /// The body of a request for which `large_body` says yes.
    pub large_body_max_bytes: usize,
    /// Whether a method and path (still percent-encoded) may bring a large body.
    pub large_body: fn(Method, &str) -> bool,
    /// What is answered on the event loop itself, by method and target: for what must not wait for a worker.
    pub answer_at_once: fn(Method, &str) -> Option<Reply>,
    /// From the first byte of a head to its last.
    pub head_max_ms: u64,
    /// From the end of a head to the last byte of the body, whatever its size; each MiB adds `body_max_ms_per_mib`.
    pub body_max_ms: u64,
    /// A connection on which nothing is asked.
    pub idle_max_ms: u64,
    /// A client that takes nothing of its answer for so long is let go.
    pub write_max_ms: u64,
    /// However steadily it takes it: an answer must go by so many bytes a second.
    pub write_min_bytes_per_second: u64,
    /// What each MiB of a body adds to `body_max_ms`.
    pub body_max_ms_per_mib: u64,
    /// Whoever has come and said nothing for so long must leave when it is full and somebody comes.
    pub silent_after_ms: u64,
    /// Whoever is slower than this with a request must leave when it is full and somebody comes.
    pub slow_after_ms: u64,
    /// How long a refused client may go on sending before it is cut off.
    pub linger_max_ms: u64,
    /// How much a refused client may go on sending before it is cut off.
    pub linger_max_bytes: usize,
    /// Connections in all; 0 takes what the descriptor limit leaves.
    pub connections_max: usize,
    /// The certificate, where TLS is spoken.
    pub tls: Option<Arc<Certificates>>,
    /// A second address, at which plain HTTP is spoken and every request sent to https.
    pub redirect_listen: Option<SocketAddr>,
    /// What plain HTTP is answered with all the same: what a device needs before it can trust the certificate.
    pub stays_plain: fn(Method, &str) -> bool,
    /// Browsers are told to ask this host by https alone.
    pub https_for_good: bool,
    /// From the opening of a connection to the end of its TLS handshake.
    pub handshake_max_ms: u64,
    /// TLS handshakes under way at once; 0 is half of `connections_max`.
    pub handshakes_max: usize,
    /// Connections of one address (of one /64 for IPv6), and requests of one client that wait at once, also behind a
    /// trusted proxy, whose own connections are not limited; 0 is no limit.
    pub connections_per_address_max: usize,
    /// Whether loopback is held to `connections_per_address_max` too.
    pub limit_loopback: bool,
    /// Descriptors left to the rest of the process: the database, its readers, files.
    pub descriptors_reserved: usize,
    /// Memory of all buffers of clients, of waiting requests and of requests that are queued.
    pub buffers_max_bytes: usize,
    /// Long polls that wait at once; beyond it they are answered with what is.
    pub parked_max: usize,
    /// One waiting request: its target, its topics and its memo.
    pub parked_max_bytes: usize,
    /// How often at most the topic of a number is told to those who wait for it, in milliseconds; 0 at once.
    pub pace_ms: fn(u128) -> u64,
    /// Request worker threads.
    pub workers: usize,
    /// GET, HEAD and OPTIONS that are with the handlers at once.
    pub inner_reads: usize,
    /// POST, PUT, PATCH and DELETE that are with the handlers at once.
    pub inner_writes: usize,
    /// Requests that wait to go to the handlers, of each of the two kinds.
    pub queue_max: usize,
    /// Once one of them has waited so long, those who come are turned away at once.
    pub queue_max_ms: u64,
    /// From the submission of a request to its response.
    pub inner_answer_max_ms: u64,
    /// Without an answer for so long the inner server is probed; a probe that is later means that it is stuck.
    pub inner_probe_max_ms: u64,
    /// What is under way at a stop has so long.
    pub stop_max_ms: u64,
    /// Origins whose pages may read answers.
    pub allow_origins: Vec<AllowedOrigin>,
    /// The methods of a path, as a preflight is told; `None` where there is nothing.
    pub allowed_methods: AllowedMethods,
    /// Header fields that handlers read beside the usual ones, each of which
    /// [`is_relayable`](super::framing::is_relayable).
    pub relayed_also: Vec<String>,
    /// The paths of the routes, by which answers are counted, and the position of the one that a path is of.
    pub paths: Vec<&'static str>,
    pub path_number: fn(&str) -> Option<usize>,
    /// Whether each answer is a line of the log.
    pub logs_access: bool,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto`, or else `Forwarded`, are believed.
    pub proxies: Vec<IpNet>,
    /// What a test wants to be the same in every run.
    pub repeats: Option<Repeats>,
}

/// Tells the methods of a path.
#[derive(Clone)]
pub struct AllowedMethods(Arc<MethodsOfPath>);

type MethodsOfPath = dyn Fn(&str) -> Option<String> + Send + Sync;

impl AllowedMethods {
    /// As a function tells them.
    pub fn new(of: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> AllowedMethods {
        AllowedMethods(Arc::new(of))
    }

    /// The methods of a path, as `Allow` lists them.
    pub fn of(&self, path: &str) -> Option<String> {
        (self.0)(path)
    }
}

impl std::fmt::Debug for AllowedMethods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AllowedMethods(…)")
    }
}

/// What is the same in every run of the same calls.
#[derive(Debug, Clone)]
pub struct Repeats {
    /// The clock that `Date` tells, in place of this machine's.
    pub clock: Arc<Clock>,
    /// Before the id of the first request.
    pub request_id: u128,
}

impl Repeats {
    /// What follows from the seed of a test.
    pub fn of(seed: u64, clock: &Arc<Clock>) -> Repeats {
        let hash = ids::sha256_of_parts(&[b"request", &seed.to_be_bytes()]);
        let request_id = hash[..16].iter().fold(0, |id, byte| id << 8 | u128::from(*byte));
        Repeats { clock: Arc::clone(clock), request_id }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::from(&http::DEFAULT)
    }
}

impl Limits {
    /// The largest body that this request may bring, in bytes.
    pub fn body_max_bytes(&self, method: Method, path: &str) -> usize {
        if (self.large_body)(method, path) { self.large_body_max_bytes } else { self.body_max_bytes }
    }

    /// The same limits where only so many descriptors may be open: the connections of clients take what the inner ones
    /// leave.
    pub fn within_descriptors(mut self, descriptors: usize) -> Limits {
        let reserved = self.descriptors_reserved.min(descriptors / 4);
        let left = descriptors.saturating_sub(INNER_DESCRIPTORS + reserved).max(4);
        let leaving = left / 16;
        let most = (left - leaving).max(1);
        self.connections_max = if self.connections_max == 0 { most } else { self.connections_max.min(most) };
        self.handshakes_max =
            if self.handshakes_max == 0 { self.connections_max.div_ceil(2) } else { self.handshakes_max };
        self
    }

    /// Refused connections that may linger beside `connections_max`.
    pub fn lingering_max(&self) -> usize {
        (self.connections_max / 16).clamp(1, 256)
    }

    /// The limits of the public server when staff have one of their own: it leaves descriptors for theirs.
    pub fn beside_staff(self) -> Limits {
        Limits { descriptors_reserved: self.descriptors_reserved + STAFF_DESCRIPTORS, ..self }
    }

    /// The limits of a server for staff alone: a few laptops and scanners.
    pub fn for_staff(self) -> Limits {
        Limits {
            connections_max: STAFF_CONNECTIONS_MAX,
            redirect_listen: None,
            connections_per_address_max: 0,
            workers: 1,
            ..self
        }
    }

    /// The key under which the connections and waits of an address count; `None` where it may have as many as it likes.
    pub fn key_of(&self, address: IpAddr) -> Option<IpAddr> {
        let is_exempt = self.connections_per_address_max == 0 || (address.is_loopback() && !self.limit_loopback);
        (!is_exempt).then(|| proxy::rate_key(address))
    }

    /// How often the deadlines of upstream are looked at while it works, in milliseconds.
    pub fn tick_ms(&self) -> u64 {
        (self.inner_answer_max_ms.min(self.inner_probe_max_ms) / 4).clamp(5, 50)
    }

    /// How long a body of so many bytes may take to come, in milliseconds.
    pub fn body_max_ms(&self, bytes: usize) -> u64 {
        self.body_max_ms + (bytes >> 20) as u64 * self.body_max_ms_per_mib
    }

    /// How long an answer of so many bytes may take to leave altogether, in milliseconds.
    pub fn write_last_ms(&self, bytes: usize) -> u64 {
        self.write_max_ms + bytes as u64 * 1_000 / self.write_min_bytes_per_second.max(1)
    }
}

impl From<&HttpSettings> for Limits {
    fn from(settings: &HttpSettings) -> Limits {
        Limits {
            head_max_bytes: settings.http_head_max_bytes as usize,
            head_max_fields: settings.http_head_max_fields as usize,
            body_max_bytes: settings.http_body_max_bytes as usize,
            large_body_max_bytes: settings.http_large_body_max_bytes as usize,
            head_max_ms: settings.http_head_max_ms,
            body_max_ms: settings.http_body_max_ms,
            idle_max_ms: settings.http_idle_max_ms,
            write_max_ms: settings.http_write_max_ms,
            connections_max: settings.http_connections_max as usize,
            handshake_max_ms: settings.http_handshake_max_ms,
            handshakes_max: settings.http_handshakes_max as usize,
            connections_per_address_max: settings.connections_per_address_max() as usize,
            limit_loopback: settings.http_limit_loopback,
            buffers_max_bytes: settings.http_buffers_max_bytes as usize,
            parked_max: settings.http_parked_max as usize,
            workers: settings.http_workers as usize,
            inner_reads: settings.http_inner_reads as usize,
            inner_writes: settings.http_inner_writes as usize,
            queue_max: settings.http_queue_max as usize,
            queue_max_ms: settings.http_queue_max_ms,
            inner_answer_max_ms: settings.http_inner_answer_max_ms,
            allow_origins: settings.allow_origin.clone(),
            proxies: settings.http_proxies.clone(),
            // What no setting changes.
            clock: MonotonicClock::default(),
            large_body: |_, _| false,
            answer_at_once: |_, _| None,
            write_min_bytes_per_second: 1_024,
            body_max_ms_per_mib: 10_000,
            silent_after_ms: 50,
            slow_after_ms: 1_000,
            linger_max_ms: 1_000,
            linger_max_bytes: 1 << 20,
            tls: None,
            redirect_listen: None,
            stays_plain: |_, _| false,
            https_for_good: false,
            descriptors_reserved: 256,
            parked_max_bytes: 8 << 10,
            pace_ms: |_| 0,
            inner_probe_max_ms: 2_000,
            stop_max_ms: 4_500,
            allowed_methods: AllowedMethods::new(|_| None),
            relayed_also: Vec::new(),
            paths: Vec::new(),
            path_number: |_| None,
            logs_access: false,
            repeats: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_few_descriptors_leave_room_for_clients_and_are_never_exceeded() {
        for descriptors in [64, 65, 100, 256, 1_024, 20_000, 1 << 20] {
            let limits = Limits::default().within_descriptors(descriptors);
            let reserved = limits.descriptors_reserved.min(descriptors / 4);
            assert!(limits.connections_max >= 4, "{descriptors}: {}", limits.connections_max);
            assert!(
                limits.connections_max + limits.lingering_max() + INNER_DESCRIPTORS + reserved <= descriptors,
                "{descriptors}: {} connections",
                limits.connections_max
            );
        }
    }
}
