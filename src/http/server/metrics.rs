//! What the HTTP server counts, as Prometheus text.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::refusal::Code;

/// One figure: a counter that only grows, or a gauge that is set.
#[derive(Debug, Default)]
pub struct Figure(AtomicU64);

impl Figure {
    /// Adds to a counter. The server's thread is the only one that writes, so no locked instruction is needed.
    pub fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    /// Sets a gauge.
    pub fn set(&self, value: usize) {
        self.0.store(value as u64, Ordering::Relaxed);
    }

    /// The figure as it is.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! figures {
    ($($name:ident $kind:literal $help:literal,)*) => {
        /// The server's figures; read from any thread.
        #[derive(Debug)]
        pub struct Metrics {
            $(#[doc = $help] pub $name: Figure,)*
            /// Answers by the first digit of their status.
            pub answers_by_class: [Figure; 6],
            /// The server's own refusals, by the position of their code in `Code::ALL`.
            pub refusals_by_code: Vec<Figure>,
        }

        impl Default for Metrics {
            fn default() -> Metrics {
                Metrics {
                    $($name: Figure::default(),)*
                    answers_by_class: Default::default(),
                    refusals_by_code: Code::ALL.iter().map(|_| Figure::default()).collect(),
                }
            }
        }

        impl Metrics {
            fn write_plain(&self, out: &mut String) {
                $(write_one(out, concat!("boxoffice_http_", stringify!($name)), $kind, $help, &self.$name);)*
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
    parked "gauge" "Requests that wait for something to change",
    parked_refused_total "counter" "Requests answered at once because too many were waiting",
    parked_vanished_total "counter" "WaitingRequest requests whose client went away",
    notifications_total "counter" "Topics notified",
    buffered_bytes "gauge" "Memory of all buffers, in bytes",
    received_bytes_total "counter" "Bytes received from connections",
    sent_bytes_total "counter" "Bytes sent to connections",
    relayed_total "counter" "Requests relayed to the inner server",
    queued "gauge" "Requests that wait for an inner connection",
    queue_refused_total "counter" "Requests refused because too many waited for an inner connection",
    inner_connections "gauge" "Inner connections that are open",
    inner_killed_total "counter" "Inner connections closed because they broke the rules or were late",
    inner_restarts_total "counter" "Inner servers replaced",
}

impl Metrics {
    /// Counts an answer of this status.
    pub fn count_answer(&self, status: u16) {
        if let Some(figure) = self.answers_by_class.get(usize::from(status / 100)) {
            figure.add(1);
        }
    }

    /// Counts a refusal of the server itself.
    pub fn count_refusal(&self, code: Code) {
        if let Some(figure) = self.refusals_by_code.get(code as usize) {
            figure.add(1);
        }
    }

    /// Appends everything in Prometheus' text format.
    pub fn write_prometheus(&self, out: &mut String) {
        self.write_plain(out);
        out.push_str("# HELP boxoffice_http_answers_total Answers by the class of their status\n");
        out.push_str("# TYPE boxoffice_http_answers_total counter\n");
        for (class, figure) in self.answers_by_class.iter().enumerate().skip(1) {
            // Writing to a String does not fail.
            let _ = writeln!(out, "boxoffice_http_answers_total{{class=\"{class}xx\"}} {}", figure.get());
        }
        out.push_str("# HELP boxoffice_http_refusals_total Refusals of the HTTP server itself\n");
        out.push_str("# TYPE boxoffice_http_refusals_total counter\n");
        for (code, figure) in Code::ALL.iter().zip(&self.refusals_by_code).filter(|(_, figure)| figure.get() > 0) {
            let _ = writeln!(out, "boxoffice_http_refusals_total{{code=\"{}\"}} {}", code.word(), figure.get());
        }
    }
}

fn write_one(out: &mut String, name: &str, kind: &str, help: &str, figure: &Figure) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {}", figure.get()); // a String takes all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_with_their_help_and_only_refusals_that_happened() {
        let metrics = Metrics::default();
        metrics.count_answer(404);
        metrics.count_refusal(Code::HeadTooLarge);
        metrics.parked.set(7);
        let mut text = String::new();
        metrics.write_prometheus(&mut text);
        assert!(text.contains("# TYPE boxoffice_http_parked gauge\nboxoffice_http_parked 7\n"));
        assert!(text.contains("boxoffice_http_answers_total{class=\"4xx\"} 1\n"));
        assert!(text.contains("boxoffice_http_refusals_total{code=\"HEAD_TOO_LARGE\"} 1\n"));
        assert!(!text.contains("STORAGE_FULL"));
    }
}
