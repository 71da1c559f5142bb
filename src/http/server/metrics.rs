//! What the HTTP server counts, as Prometheus text; and the access log: a line for each answer, where it is wanted.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use super::response_head::{RequestId, STATUSES, status_position};
use crate::http::Method;
use crate::logging::ACCESS;
use crate::metrics::{Exposition, Figure, Histogram, SECONDS, WAITED_SECONDS};
use crate::refusal::Code;

/// What is counted of a request, and told of it in the log.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The number of its path; that of no path where there is none.
    path: usize,
    /// `None` where it could not be read.
    method: Option<Method>,
    /// When its head was whole, in microseconds of the event loop.
    began_us: u64,
    /// It waited for something to change.
    pub has_waited: bool,
    /// Its line of the log, if it has one.
    pub line: Option<AccessLine>,
}

impl Asked {
    /// A request of which this much is known.
    pub fn of(path: Option<usize>, method: Option<Method>, began_us: u64) -> Asked {
        Asked { path: path.unwrap_or(usize::MAX), method, began_us, has_waited: false, line: None }
    }

    /// Tells the log of its answer, if it is wanted there.
    pub fn log(&self, status: u16, bytes: usize, now_us: u64) {
        if let Some(line) = &self.line {
            let method = self.method.map_or(OTHER, Method::word);
            line.write(method, status, bytes, now_us.saturating_sub(self.began_us));
        }
    }
}

/// What the line of a request tells beside what is counted of it.
#[derive(Debug, Clone)]
pub struct AccessLine {
    /// As it was sent, without the query, which may name people.
    path: Box<str>,
    client: IpAddr,
    id: String,
}

impl AccessLine {
    pub fn of(path: &str, client: IpAddr, id: &RequestId) -> AccessLine {
        AccessLine { path: path.into(), client, id: id.to_text() }
    }

    /// Writes it, with an answer of so many bytes after so many microseconds.
    pub fn write(&self, method: &str, status: u16, bytes: usize, us: u64) {
        let (path, client, request) = (&*self.path, self.client, self.id.as_str());
        let (ms, seconds, bytes) = (us as f64 / 1e3, us as f64 / 1e6, bytes as u64);
        log::info!(
            target: ACCESS,
            method, path, status, bytes, seconds, client:% = client, request;
            "a request was answered: {method} {path} {status}, {bytes} bytes, {ms} ms, to {client}, request {request}"
        );
    }
}

/// The answers to one method of one path.
#[derive(Debug)]
struct Answered {
    /// By the position of their status, the last for all others.
    by_status: [Figure; STATUSES.len() + 1],
    seconds: Histogram,
}

/// The methods that are told apart; what has none of them is counted last.
const METHODS: [Method; 7] =
    [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options];
const OF_PATH: usize = METHODS.len() + 1;
/// The label of what is none of the table.
const OTHER: &str = "other";

macro_rules! figures {
    ($($name:ident $kind:literal $help:literal,)*) => {
        /// The server's figures; read from any thread.
        #[derive(Debug)]
        pub struct Metrics {
            $(#[doc = $help] pub $name: Figure,)*
            /// The paths of the routes, by their numbers.
            paths: Vec<&'static str>,
            /// By path, then by method; made with the first answer.
            answered: Vec<OnceLock<Box<Answered>>>,
            /// Requests that waited, with their wait.
            waited: Histogram,
            /// By the position of their code in `Code::ALL`.
            refusals: Vec<Figure>,
        }

        impl Metrics {
            /// Nothing was counted yet.
            pub fn of(paths: Vec<&'static str>) -> Metrics {
                Metrics {
                    $($name: Figure::default(),)*
                    answered: (0..(paths.len() + 1) * OF_PATH).map(|_| OnceLock::new()).collect(),
                    paths,
                    waited: Histogram::of(WAITED_SECONDS),
                    refusals: Code::ALL.iter().map(|_| Figure::default()).collect(),
                }
            }

            fn write_plain(all: &[Arc<Metrics>], out: &mut Exposition) {
                $(
                    let sum: u64 = all.iter().map(|one| one.$name.get()).sum();
                    out.one(concat!("boxoffice_http_", stringify!($name)), $kind, $help, sum);
                )*
            }
        }
    };
}

figures! {
    connections_open "gauge" "Connections that are open",
    connections_accepted_total "counter" "Connections accepted",
    connections_refused_full_total "counter" "Connections refused because there were too many",
    connections_refused_address_total "counter" "Connections refused because their address had too many",
    connections_refused_descriptors_total "counter" "Connections refused because descriptors had run out",
    connections_evicted_idle_total "counter" "Idle connections closed to make room",
    connections_evicted_slow_total "counter" "Connections with half a request closed to make room",
    connections_evicted_buffers_total "counter" "Connections closed because the memory for buffers had run out",
    connections_expired_idle_total "counter" "Connections closed because nothing was asked",
    connections_expired_head_total "counter" "Connections closed because a head took too long",
    connections_expired_body_total "counter" "Connections closed because a body took too long",
    connections_expired_write_total "counter" "Connections closed because an answer was not taken in time",
    tls_handshakes_total "counter" "TLS handshakes done",
    tls_handshakes_failed_total "counter" "TLS handshakes that the client broke off or got wrong",
    tls_handshakes_expired_total "counter" "Connections closed because a TLS handshake took too long",
    tls_handshakes_refused_total "counter" "Connections closed unheard because too many TLS handshakes were under way",
    tls_handshakes_evicted_total "counter" "Connections with half a TLS handshake closed to make room",
    tls_handshakes_open "gauge" "TLS handshakes under way",
    tls_plain_total "counter" "Connections on which plain HTTP was spoken where TLS is",
    parked "gauge" "Requests that wait for something to change",
    parked_refused_total "counter" "Requests answered at once because too many were waiting",
    parked_vanished_total "counter" "Waiting requests whose client went away",
    streams_open "gauge" "Streams of events that go on",
    streams_refused_total "counter" "Streams refused because too many requests were waiting",
    stream_pieces_total "counter" "Pieces of streams sent, heartbeats among them",
    notifications_total "counter" "Topics notified",
    buffered_bytes "gauge" "Memory of all buffers, in bytes",
    received_bytes_total "counter" "Bytes received from connections",
    sent_bytes_total "counter" "Bytes sent to connections",
    relayed_total "counter" "Requests relayed to the inner server",
    queued "gauge" "Requests that wait to go to the handlers",
    queue_refused_total "counter" "Requests refused because too many waited to go to the handlers",
    inner_connections "gauge" "Inner connections that are open",
    inner_killed_total "counter" "Inner connections that ended and were made anew",
    inner_restarts_total "counter" "Inner servers replaced",
    turns_total "counter" "Turns of the event loop",
}

impl Metrics {
    /// Counts an answer of this status; on the event loop alone.
    pub fn count_answer(&self, asked: &Asked, status: u16, now_us: u64) {
        let method = METHODS.iter().position(|method| Some(*method) == asked.method).unwrap_or(METHODS.len());
        let Some(slot) = self.answered.get(asked.path.min(self.paths.len()) * OF_PATH + method) else { return };
        let answered = slot.get_or_init(|| {
            let by_status = [(); STATUSES.len() + 1].map(|()| Figure::default());
            Box::new(Answered { by_status, seconds: Histogram::of(SECONDS) })
        });
        answered.by_status[status_position(status)].add(1);
        let histogram = if asked.has_waited { &self.waited } else { &answered.seconds };
        histogram.observe(now_us.saturating_sub(asked.began_us));
    }

    /// Counts a refusal; from any thread.
    pub fn count_refusal(&self, code: Code) {
        if let Some(figure) = self.refusals.get(code as usize) {
            figure.add_shared(1);
        }
    }

    /// How many answers had a status that begins with this digit.
    pub fn answers_of_class(&self, class: u16) -> u64 {
        let of_class = |answered: &Answered| {
            let by_status = STATUSES.iter().zip(&answered.by_status);
            by_status.filter(|((status, _), _)| status / 100 == class).map(|(_, figure)| figure.get()).sum::<u64>()
        };
        self.answered.iter().filter_map(OnceLock::get).map(|answered| of_class(answered)).sum()
    }

    /// Appends everything that the HTTP servers of a venue count, in sum.
    pub fn write_prometheus(all: &[Arc<Metrics>], out: &mut Exposition) {
        Metrics::write_plain(all, out);
        let name = "boxoffice_http_refusals_total";
        out.family(name, "counter", "Refusals by their code");
        for (at, code) in Code::ALL.iter().enumerate() {
            let count: u64 = all.iter().filter_map(|one| one.refusals.get(at)).map(Figure::get).sum();
            out.sample(name, &[("code", code.word())], count); // those that never came too: a rate begins at 0
        }
        Metrics::write_requests(all, out);
    }

    fn write_requests(all: &[Arc<Metrics>], out: &mut Exposition) {
        let Some(first) = all.first() else { return };
        let each = || {
            (0..first.answered.len()).filter_map(|at| {
                let parts: Vec<&Answered> =
                    all.iter().filter_map(|one| Some(&**one.answered.get(at)?.get()?)).collect();
                let path = first.paths.get(at / OF_PATH).copied().unwrap_or(OTHER);
                let method = METHODS.get(at % OF_PATH).map_or(OTHER, |method| method.word());
                (!parts.is_empty()).then_some(([("route", path), ("method", method)], parts))
            })
        };
        let name = "boxoffice_http_requests_total";
        out.family(name, "counter", "Answers by the path of the route, method and status; what no route has is other");
        for (labels, parts) in each() {
            let statuses = STATUSES.iter().map(|(status, _)| status.to_string()).chain([OTHER.to_owned()]);
            for (at, status) in statuses.enumerate() {
                let count: u64 = parts.iter().filter_map(|one| one.by_status.get(at)).map(Figure::get).sum();
                if count > 0 {
                    out.sample(name, &[labels.as_slice(), &[("status", &*status)]].concat(), count);
                }
            }
        }
        let name = "boxoffice_http_request_duration_seconds";
        let help = "From the end of a request's head to its answer, without requests that waited (Prefer: wait)";
        out.family(name, "histogram", help);
        for (labels, parts) in each() {
            let parts: Vec<&Histogram> = parts.iter().map(|one| &one.seconds).collect();
            out.histogram(name, &labels, &parts);
        }
        let name = "boxoffice_http_long_poll_duration_seconds";
        out.family(name, "histogram", "The same of requests that waited (Prefer: wait)");
        out.histogram(name, &[], &all.iter().map(|one| &one.waited).collect::<Vec<_>>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_written_with_their_help_in_sum() {
        let [public, staff] = [(); 2].map(|()| Arc::new(Metrics::of(vec!["/a/{b}"])));
        let asked = Asked::of(Some(0), Some(Method::Get), 1_000);
        public.count_answer(&asked, 404, 3_000);
        staff.count_answer(&asked, 404, 1_200);
        staff.count_answer(&Asked { has_waited: true, ..asked.clone() }, 200, 5_001_000);
        staff.count_answer(&Asked::of(None, None, 0), 799, 0);
        staff.count_refusal(Code::HeadTooLarge);
        [&public, &staff].into_iter().for_each(|one| one.parked.set(7));
        assert_eq!((public.answers_of_class(4), staff.answers_of_class(2)), (1, 1));
        let mut out = Exposition::default();
        Metrics::write_prometheus(&[public, staff], &mut out);
        let text = out.into_text();
        for line in [
            "# TYPE boxoffice_http_parked gauge\nboxoffice_http_parked 14\n",
            "boxoffice_http_refusals_total{code=\"HEAD_TOO_LARGE\"} 1\n",
            "boxoffice_http_requests_total{route=\"/a/{b}\",method=\"GET\",status=\"404\"} 2\n",
            "boxoffice_http_requests_total{route=\"other\",method=\"other\",status=\"other\"} 1\n",
            "boxoffice_http_request_duration_seconds_bucket{route=\"/a/{b}\",method=\"GET\",le=\"0.0005\"} 1\n",
            "boxoffice_http_request_duration_seconds_sum{route=\"/a/{b}\",method=\"GET\"} 0.0022\n",
            "boxoffice_http_long_poll_duration_seconds_count 1\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(text.contains("boxoffice_http_refusals_total{code=\"STORAGE_FULL\"} 0\n"));
    }
}
