//! What the writer counts.

use crate::metrics::{COUNT, Figure, Histogram, SECONDS};

/// Counters for `/metrics`.
#[derive(Debug)]
pub struct WriterFigures {
    pub commits: Figure,
    pub jobs: Figure,
    /// Jobs rejected because the queue was full.
    pub rejected: Figure,
    pub failed: Figure,
    /// How often it has come round: looked for jobs, or at what is due.
    pub turns: Figure,
    /// Time spent in COMMIT.
    pub commit_seconds: Histogram,
    /// Jobs of a transaction.
    pub batch_jobs: Histogram,
}

impl Default for WriterFigures {
    fn default() -> WriterFigures {
        WriterFigures {
            commits: Figure::default(),
            jobs: Figure::default(),
            rejected: Figure::default(),
            failed: Figure::default(),
            turns: Figure::default(),
            commit_seconds: Histogram::of(SECONDS),
            batch_jobs: Histogram::of(COUNT),
        }
    }
}
