//! The rules of the line: plain decisions, no file, no clock.

use crate::refusal::Say;

/// The rules in force; `api.md` explains each.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    /// Active tokens at once; 0: no limit.
    pub max_active: u32,
    /// Admissions within any 60 seconds; 0: no limit.
    pub admit_per_minute: u32,
    /// How long a visit lasts.
    pub visit_seconds: u32,
    /// How long a waiting token may be silent.
    pub abandon_seconds: u32,
    /// How long one let in may be silent at first; 0: for ever.
    pub claim_seconds: u32,
    /// Nobody is let in.
    pub paused: bool,
    /// The staff's word to those waiting.
    pub message: Option<Say>,
}

impl Rules {
    /// How long a token may be silent, in milliseconds; `None`: as long as it lives.
    pub fn silent_ms(&self, active: bool, claimed: bool) -> Option<i64> {
        let seconds = match (active, claimed) {
            (false, _) => self.abandon_seconds,
            (true, false) if self.claim_seconds > 0 => self.claim_seconds,
            (true, _) => return None,
        };
        Some(i64::from(seconds) * 1_000)
    }

    /// How many may be let in now, of so many `active` and `admitted` within the last 60 seconds.
    pub fn admissible(&self, active: u64, admitted: u64) -> u64 {
        let room = |limit: u32, taken: u64| match limit {
            0 => u64::MAX,
            limit => u64::from(limit).saturating_sub(taken),
        };
        if self.paused {
            return 0;
        }
        room(self.max_active, active).min(room(self.admit_per_minute, admitted))
    }
}

/// What someone waiting is advised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// When to ask again.
    pub poll_after_seconds: u32,
    /// How long it will take; `None` until enough admissions were seen.
    pub estimated_wait_seconds: Option<u64>,
}

/// The longest interval between polls that is advised, in seconds.
const POLL_AFTER_MAX: u64 = 30;
/// One more second between polls for so many people ahead.
const AHEAD_PER_SECOND: u64 = 50;
/// Admissions within the last minute from which on a wait can be told.
const ADMISSIONS_TO_TELL: u64 = 5;

/// Advice for a position, by the admissions of the last minute. The abandonment limit stays at least three times the
/// interval, so that two lost polls do not cost a place.
pub fn advise(position: u64, admitted_last_minute: u64, abandon_seconds: u32) -> Advice {
    if position == 0 {
        return Advice { poll_after_seconds: 1, estimated_wait_seconds: Some(0) };
    }
    let longest = POLL_AFTER_MAX.min(u64::from(abandon_seconds) / 3).max(1);
    let poll_after = (1 + (position - 1) / AHEAD_PER_SECOND).min(longest);
    let known = admitted_last_minute >= ADMISSIONS_TO_TELL;
    Advice {
        poll_after_seconds: poll_after as u32, // at most 30
        estimated_wait_seconds: known.then(|| (position * 60).div_ceil(admitted_last_minute)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        max_active: 3,
        admit_per_minute: 5,
        visit_seconds: 600,
        abandon_seconds: 120,
        claim_seconds: 60,
        paused: false,
        message: None,
    };

    #[test]
    fn both_limits_hold_and_zero_is_none() {
        assert_eq!(RULES.admissible(0, 0), 3);
        assert_eq!(RULES.admissible(2, 0), 1);
        assert_eq!(RULES.admissible(0, 4), 1);
        assert_eq!(RULES.admissible(9, 9), 0);
        assert_eq!(Rules { max_active: 0, ..RULES }.admissible(9, 1), 4);
        assert_eq!(Rules { max_active: 0, admit_per_minute: 0, ..RULES }.admissible(9, 9), u64::MAX);
        assert_eq!(Rules { paused: true, ..RULES }.admissible(0, 0), 0);
    }

    #[test]
    fn silence_matters_while_waiting_and_before_the_first_call() {
        assert_eq!(RULES.silent_ms(false, false), Some(120_000));
        assert_eq!(RULES.silent_ms(true, false), Some(60_000));
        assert_eq!(RULES.silent_ms(true, true), None);
        assert_eq!(Rules { claim_seconds: 0, ..RULES }.silent_ms(true, false), None);
    }

    #[test]
    fn polls_are_far_apart_far_away_and_never_more_than_a_third_of_the_abandonment_limit() {
        assert_eq!(advise(1, 0, 120).poll_after_seconds, 1);
        assert_eq!(advise(51, 0, 120).poll_after_seconds, 2);
        assert_eq!(advise(1_000_000, 0, 120).poll_after_seconds, 30);
        assert_eq!(advise(1_000_000, 0, 10).poll_after_seconds, 3);
        assert_eq!(advise(7, 0, 3).poll_after_seconds, 1);
    }

    #[test]
    fn a_wait_is_told_only_once_admissions_were_seen() {
        assert_eq!(advise(60, 4, 120).estimated_wait_seconds, None);
        assert_eq!(advise(60, 30, 120).estimated_wait_seconds, Some(120));
        assert_eq!(advise(0, 0, 120).estimated_wait_seconds, Some(0));
    }
}
