//! The settings of the log.

use clap::{Args, value_parser};

use crate::logging::LogFormat;

/// What the log tells, and how. `RUST_LOG` says which lines are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Log")]
pub struct LogSettings {
    /// How lines of the log are written: text for people, or one JSON object a line.
    #[arg(long, env = "BOXOFFICE_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// Write a line of the log for each request: its method, path without the query, status, bytes, time and client.
    #[arg(long, env = "BOXOFFICE_ACCESS_LOG")]
    pub access_log: bool,
    /// Write a line for each SQL statement that takes so many milliseconds or longer, and the request that it was for
    /// (0 to 3,600,000; 0: off).
    #[arg(long, env = "BOXOFFICE_SLOW_STATEMENT_MS", default_value_t = 0, value_name = "N", value_parser = value_parser!(u32).range(0..=3_600_000))]
    pub slow_statement_ms: u32,
}
