//! Counters, gauges and histograms, and the text in which Prometheus reads them.

use std::fmt::{Display, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One figure: a counter that only grows, or a gauge that is set.
#[derive(Debug, Default)]
pub struct Figure(AtomicU64);

impl Figure {
    /// Adds to a counter that one thread alone writes: no locked instruction is needed.
    pub fn add(&self, count: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(count), Relaxed);
    }

    /// Adds to a counter that several threads write.
    pub fn add_shared(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    /// Sets a gauge.
    pub fn set(&self, value: usize) {
        self.0.store(value as u64, Relaxed);
    }

    /// The figure as it is.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What a histogram measures, and up to where its buckets reach.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// The upper bounds of the buckets, in what is observed.
    bounds: &'static [u64],
    /// So much of what is observed is one of what is told.
    per_unit: f64,
}

/// Observed in microseconds, told in seconds.
pub const SECONDS: Scale = Scale {
    bounds: &[
        500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000,
    ],
    per_unit: 1e6,
};

/// How long somebody waited: observed in microseconds, told in seconds.
pub const WAITED_SECONDS: Scale =
    Scale { bounds: &[100_000, 1_000_000, 5_000_000, 10_000_000, 20_000_000, 30_000_000, 60_000_000], per_unit: 1e6 };

/// How many there were.
pub const COUNT: Scale = Scale { bounds: &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000], per_unit: 1.0 };

/// How often values were observed up to each bound; one thread alone writes it.
#[derive(Debug)]
pub struct Histogram {
    scale: Scale,
    /// One for each bound, and one for what lies beyond.
    buckets: Box<[Figure]>,
    sum: Figure,
}

impl Histogram {
    /// Nothing was observed yet.
    pub fn of(scale: Scale) -> Histogram {
        let buckets = (0..=scale.bounds.len()).map(|_| Figure::default()).collect();
        Histogram { scale, buckets, sum: Figure::default() }
    }

    /// Counts a value.
    pub fn observe(&self, value: u64) {
        let at = self.scale.bounds.partition_point(|bound| *bound < value);
        if let Some(bucket) = self.buckets.get(at) {
            bucket.add(1);
        }
        self.sum.add(value);
    }
}

/// Text for Prometheus (the exposition format 0.0.4): families, each with its samples.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a family; its samples follow. The kind is `counter`, `gauge` or `histogram`.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}"); // a String takes all
    }

    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let _ = write!(self.0, "{}{label}=\"{text}\"", if place == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A family of one sample.
    pub fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// The samples of a histogram that was observed in several places, of which there is at least one.
    pub fn histogram(&mut self, name: &str, labels: &[(&str, &str)], parts: &[&Histogram]) {
        let Some(Scale { bounds, per_unit }) = parts.first().map(|first| first.scale) else { return };
        let bucket = format!("{name}_bucket");
        let mut count = 0;
        for at in 0..=bounds.len() {
            count += parts.iter().filter_map(|part| part.buckets.get(at)).map(Figure::get).sum::<u64>();
            let bound = bounds.get(at).map_or("+Inf".to_owned(), |bound| (*bound as f64 / per_unit).to_string());
            self.sample(&bucket, &[labels, &[("le", &*bound)]].concat(), count);
        }
        let sum: u64 = parts.iter().map(|part| part.sum.get()).sum();
        self.sample(&format!("{name}_sum"), labels, sum as f64 / per_unit);
        self.sample(&format!("{name}_count"), labels, count);
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histogram_buckets_are_cumulative_and_a_bound_belongs_to_its_bucket() {
        let [one, other] = [(); 2].map(|()| Histogram::of(WAITED_SECONDS));
        [100_000, 100_001].into_iter().for_each(|us| one.observe(us));
        other.observe(90_000_000);
        let mut text = Exposition::default();
        text.histogram("w", &[("line", "1")], &[&one, &other]);
        let text = text.into_text();
        for line in [
            r#"w_bucket{line="1",le="0.1"} 1"#,
            r#"w_bucket{line="1",le="1"} 2"#,
            r#"w_bucket{line="1",le="60"} 2"#,
            r#"w_bucket{line="1",le="+Inf"} 3"#,
            r#"w_sum{line="1"} 90.200001"#,
            r#"w_count{line="1"} 3"#,
        ] {
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
        }
    }

    #[test]
    fn exposition_labels_are_escaped() {
        let mut text = Exposition::default();
        text.sample("a", &[("b", "\"\\\n"), ("c", "")], 1.5);
        assert_eq!(text.into_text(), "a{b=\"\\\"\\\\\\n\",c=\"\"} 1.5\n");
    }
}
