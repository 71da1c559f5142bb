//! The rules of the waiting line as flags give them, and their ranges, for flags and for calls.

use std::ops::RangeInclusive;

use clap::{Args, value_parser};

/// Customers; 0: no limit.
pub const MAX_ACTIVE: RangeInclusive<i64> = 0..=10_000_000;
/// Customers within any 60 seconds; 0: no limit.
pub const ADMIT_PER_MINUTE: RangeInclusive<i64> = 0..=10_000_000;
/// Seconds.
pub const VISIT_SECONDS: RangeInclusive<i64> = 1..=86_400;
/// Seconds.
pub const ABANDON_SECONDS: RangeInclusive<i64> = 3..=86_400;
/// A page on a phone that is locked, or behind another app, cannot poll: Safari on iOS stops its timers at once, Chrome
/// on Android after five minutes and since version 139 after one, when Android 15 cuts off its network too
/// (chromestatus.com/feature/4639097628917760 and 5386725031149568). So the limit is not about pages but about people:
/// how long they look away, for a message or a call, who still want their seats.
const ABANDON_SECONDS_DEFAULT: u32 = 600;
/// Seconds; 0: off.
pub const CLAIM_SECONDS: RangeInclusive<i64> = 0..=86_400;
/// Seconds; 0: off.
pub const GRACE_SECONDS: RangeInclusive<i64> = 0..=86_400;

/// The rules of the waiting line, as flags give them to a new file; afterwards the file wins.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "The waiting line (first values of a new file; afterwards staff change them)")]
pub struct QueueSettings {
    /// Customers admitted at once at most (0 to 10,000,000; 0: no limit) [default: 100].
    #[arg(long, env = "BOXOFFICE_MAX_ACTIVE", value_name = "N", value_parser = value_parser!(u32).range(MAX_ACTIVE))]
    pub max_active: Option<u32>,
    /// Customers admitted within any 60 seconds at most (0 to 10,000,000; 0: no limit) [default: 0].
    #[arg(long, env = "BOXOFFICE_ADMIT_PER_MINUTE", value_name = "N", value_parser = value_parser!(u32).range(ADMIT_PER_MINUTE))]
    pub admit_per_minute: Option<u32>,
    /// How long a visit lasts, in seconds (1 to 86,400) [default: 600].
    #[arg(long, env = "BOXOFFICE_VISIT_SECONDS", value_name = "N", value_parser = value_parser!(u32).range(VISIT_SECONDS))]
    pub visit_seconds: Option<u32>,
    /// A waiting token that is not polled for so long is dropped, in seconds (3 to 86,400) [default: 600].
    #[arg(long, env = "BOXOFFICE_ABANDON_SECONDS", value_name = "N", value_parser = value_parser!(u32).range(ABANDON_SECONDS))]
    pub abandon_seconds: Option<u32>,
    /// One admitted from the line who makes no call for so long is dropped,
    /// in seconds (0 to 86,400; 0: off) [default: 120].
    #[arg(long, env = "BOXOFFICE_CLAIM_SECONDS", value_name = "N", value_parser = value_parser!(u32).range(CLAIM_SECONDS))]
    pub claim_seconds: Option<u32>,
    /// One who was dropped and comes back within so long gets the old place back if nobody
    /// who stood behind was admitted, in seconds (0 to 86,400; 0: off) [default: 600].
    #[arg(long, env = "BOXOFFICE_GRACE_SECONDS", value_name = "N", value_parser = value_parser!(u32).range(GRACE_SECONDS))]
    pub grace_seconds: Option<u32>,
}

impl QueueSettings {
    /// Each rule with its flag, what was given for it, and its value otherwise.
    pub fn rules(&self) -> [(&'static str, Option<u32>, u32); 6] {
        [
            ("--max-active", self.max_active, 100),
            ("--admit-per-minute", self.admit_per_minute, 0),
            ("--visit-seconds", self.visit_seconds, 600),
            ("--abandon-seconds", self.abandon_seconds, ABANDON_SECONDS_DEFAULT),
            ("--claim-seconds", self.claim_seconds, 120),
            ("--grace-seconds", self.grace_seconds, 600),
        ]
    }
}
