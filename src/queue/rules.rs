//! The rules of a line: plain decisions, no file, no clock.

use super::poll_advice::abandon_after;
use crate::clock::Millis;
use crate::ids::LineId;
use crate::refusal::Localized;

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    /// Active tokens at once; 0: no limit.
    pub max_active: u32,
    /// Admissions within any 60 seconds; 0: no limit.
    pub admit_per_minute: u32,
    /// How long a visit lasts.
    pub visit_seconds: u32,
    /// How long a waiting token may be inactive.
    pub abandon_seconds: u32,
    /// How long one let in may be inactive at first; 0: for ever.
    pub claim_seconds: u32,
    /// How long one who was dropped for inactivity may come back to the old place; 0: not at all.
    pub grace_seconds: u32,
    /// Nobody is let in.
    pub paused: bool,
    /// Nobody is let in before, and at that moment the order is drawn.
    pub opens_at: Option<Millis>,
    pub message: Option<Localized>,
}

/// The rules of a line with the line whose they are.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RulesOfLine<'r> {
    #[serde(rename = "concertId")]
    pub line_id: LineId,
    #[serde(flatten)]
    pub rules: &'r Rules,
}

/// A line as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLine {
    pub line_id: LineId,
    pub rules: Rules,
    /// From then on nobody joins it.
    pub closed_at: Option<Millis>,
}

/// How long a visit takes at least, in seconds, as long as nothing is known of them.
const VISIT_SECONDS_MIN: f64 = 10.0;

impl Rules {
    /// How long a token may be inactive whose owner was told to ask again after
    /// `advised_poll_seconds`, in milliseconds; `None`: as long as it lives.
    pub fn inactive_after_ms(&self, active: bool, first_call_seen: bool, advised_poll_seconds: u32) -> Option<i64> {
        let seconds = match (active, first_call_seen) {
            (false, _) => abandon_after(self.abandon_seconds, advised_poll_seconds),
            (true, false) if self.claim_seconds > 0 => self.claim_seconds,
            (true, _) => return None,
        };
        Some(i64::from(seconds) * 1_000)
    }

    /// How many may be let in at `now`, of so many `active` and `admitted` within the last 60 seconds.
    pub fn admissible(&self, now: Millis, active: u64, admitted: u64) -> u64 {
        let room = |limit: u32, taken: u64| match limit {
            0 => u64::MAX,
            limit => u64::from(limit).saturating_sub(taken),
        };
        if self.paused || self.opens_at.is_some_and(|opens_at| now < opens_at) {
            return 0;
        }
        room(self.max_active, active).min(room(self.admit_per_minute, admitted))
    }

    /// How soon the one on a position may be in, in seconds, as far as the limits alone tell, where each visit takes
    /// `VISIT_SECONDS_MIN`; infinite while nobody is let in, and without limits.
    pub fn soonest(&self, position: u64) -> f64 {
        let rate = |limit: u32, seconds: f64| if limit == 0 { f64::INFINITY } else { f64::from(limit) / seconds };
        let fastest = rate(self.max_active, VISIT_SECONDS_MIN).min(rate(self.admit_per_minute, 60.0));
        let stands_still = self.paused || self.opens_at.is_some() || fastest.is_infinite();
        if stands_still { f64::INFINITY } else { position as f64 / fastest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis::from_unix_ms(1_000);
    const RULES: Rules = Rules {
        max_active: 3,
        admit_per_minute: 5,
        visit_seconds: 600,
        abandon_seconds: 120,
        claim_seconds: 60,
        grace_seconds: 0,
        paused: false,
        opens_at: None,
        message: None,
    };

    #[test]
    fn queue_both_limits_hold_and_zero_is_none() {
        assert_eq!(RULES.admissible(NOW, 0, 0), 3);
        assert_eq!(RULES.admissible(NOW, 2, 0), 1);
        assert_eq!(RULES.admissible(NOW, 0, 4), 1);
        assert_eq!(RULES.admissible(NOW, 9, 9), 0);
        assert_eq!(Rules { max_active: 0, ..RULES }.admissible(NOW, 9, 1), 4);
        assert_eq!(Rules { max_active: 0, admit_per_minute: 0, ..RULES }.admissible(NOW, 9, 9), u64::MAX);
        assert_eq!(Rules { paused: true, ..RULES }.admissible(NOW, 0, 0), 0);
        assert_eq!(Rules { opens_at: Some(NOW.plus_ms(1)), ..RULES }.admissible(NOW, 0, 0), 0);
        assert_eq!(Rules { opens_at: Some(NOW), ..RULES }.admissible(NOW, 0, 0), 3);
    }

    #[test]
    fn queue_limits_tell_how_soon_somebody_may_be_in_while_the_line_moves() {
        let open = Rules { max_active: 10_000, admit_per_minute: 0, ..RULES };
        assert_eq!(open.soonest(10_000), 10.0);
        assert_eq!(Rules { admit_per_minute: 6_000, ..open.clone() }.soonest(10_000), 100.0);
        let paused = Rules { paused: true, ..open.clone() };
        let not_opened = Rules { opens_at: Some(NOW), ..open.clone() };
        let unlimited = Rules { max_active: 0, ..open };
        assert!([paused, not_opened, unlimited].iter().all(|rules| rules.soonest(10_000).is_infinite()));
    }

    #[test]
    fn inactivity_matters_while_waiting_and_before_the_first_call() {
        assert_eq!(RULES.inactive_after_ms(false, false, 0), Some(120_000));
        assert_eq!(RULES.inactive_after_ms(true, false, 0), Some(60_000));
        assert_eq!(RULES.inactive_after_ms(true, true, 0), None);
        assert_eq!(Rules { claim_seconds: 0, ..RULES }.inactive_after_ms(true, false, 0), None);
    }

    #[test]
    fn queue_who_was_told_to_come_back_late_is_not_dropped_before_three_such_intervals() {
        let short = Rules { abandon_seconds: 10, ..RULES };
        assert_eq!(short.inactive_after_ms(false, false, 30), Some(90_000));
        assert_eq!(short.inactive_after_ms(false, false, 2), Some(10_000));
    }
}
