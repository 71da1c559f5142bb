//! The ranges of the rules of the waiting line, for flags and for calls.

use std::ops::RangeInclusive;

/// Customers; 0: no limit.
pub const MAX_ACTIVE: RangeInclusive<i64> = 0..=10_000_000;
/// Customers within any 60 seconds; 0: no limit.
pub const ADMIT_PER_MINUTE: RangeInclusive<i64> = 0..=10_000_000;
/// Seconds.
pub const VISIT_SECONDS: RangeInclusive<i64> = 1..=86_400;
/// Seconds.
pub const ABANDON_SECONDS: RangeInclusive<i64> = 3..=86_400;
/// Seconds; 0: off.
pub const CLAIM_SECONDS: RangeInclusive<i64> = 0..=86_400;
