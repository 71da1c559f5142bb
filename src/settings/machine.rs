//! What the machine carries: how the server works inside, and what one address may do to it.

use clap::{Args, ValueEnum, value_parser};

/// What strangers may try.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Strangers")]
pub struct StrangerSettings {
    /// What one address (of IPv6 a /64) may do in a minute: so many users and tokens may be made from it, and so many
    /// wrong keys sent (0 to 1,000,000; 0: no limit) [default: 600; for demo and --ephemeral 0]. This machine itself is
    /// exempt without --http-limit-loopback.
    #[arg(long, env = "BOXOFFICE_TRIES_PER_MINUTE", value_name = "N", value_parser = value_parser!(u32).range(0..=1_000_000))]
    pub tries_per_minute: Option<u32>,
}

impl StrangerSettings {
    /// How often one address may try in a minute; 0 is no limit.
    pub fn tries_per_minute(&self) -> u32 {
        self.tries_per_minute.unwrap_or(600)
    }
}

/// How the server works inside.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Inside")]
pub struct MachineSettings {
    /// Reading connections to the file (1 to 64).
    #[arg(long, env = "BOXOFFICE_READERS", default_value_t = 4, value_name = "N", value_parser = value_parser!(u32).range(1..=64))]
    pub readers: u32,
    /// Writing requests that may wait for their commit; beyond it the answer is 503 (1 to 1,000,000).
    #[arg(long, env = "BOXOFFICE_WRITER_JOBS_MAX", default_value_t = 4_096, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub writer_jobs_max: u32,
    /// Writing requests that share one commit at most (1 to 100,000).
    #[arg(long, env = "BOXOFFICE_WRITER_BATCH_MAX", default_value_t = 1_024, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000))]
    pub writer_batch_max: u32,
    /// Seats whose maps are kept in memory at most, about half a kilobyte each; the longest
    /// unasked are forgotten first (1,000 to 10,000,000).
    #[arg(long, env = "BOXOFFICE_CACHED_SEATS_MAX", default_value_t = 200_000, value_name = "N", value_parser = value_parser!(u32).range(1_000..=10_000_000))]
    pub cached_seats_max: u32,
    /// How long answers are kept under their Idempotency-Key, in hours (24 to 8,760).
    #[arg(long, env = "BOXOFFICE_IDEMPOTENCY_HOURS", default_value_t = 48, value_name = "N", value_parser = value_parser!(u32).range(24..=8_760))]
    pub idempotency_hours: u32,
    /// How long a token that ended is remembered, and its owner told why it did, in days (1 to 3,650).
    #[arg(long, env = "BOXOFFICE_TOKEN_DAYS", default_value_t = 30, value_name = "N", value_parser = value_parser!(u32).range(1..=3_650))]
    pub token_days: u32,
    /// Who writes the write-ahead log back into the file: this program, or one that copies the file continuously and
    /// must see all of the log before, such as Litestream. Without that program the log grows without end.
    #[arg(long, env = "BOXOFFICE_CHECKPOINT", value_enum, default_value_t)]
    pub checkpoint: Checkpoint,
}

/// Who makes checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Checkpoint {
    /// This program.
    #[default]
    Own,
    /// Another program.
    External,
}
