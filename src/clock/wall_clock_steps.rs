//! What happens when the wall clock drifts, steps ahead or goes back.
//!
//! Deadlines are instants of the server's time. What people are told is a length ("five minutes"), so the two must not
//! drift apart:
//!
//! * **Drift** below `STEP_MS` is followed at 500 parts per million, the rate at which `adjtime` and ntpd slew a clock:
//!   a hold of five minutes is never off by more than 0.15 s.
//! * **A step forward** (a paused virtual machine that goes on, NTP after a start without network) is followed at once.
//!   The clock only reports it (`Clock::step_ahead_ms`); the writer moves each hold that lasts, each visit and each
//!   last poll by as much in one transaction, and then the clock (`Clock::follow_step`). So each of them keeps its
//!   length, and what is fixed in the calendar (a sale, a draw, a date) happens when the calendar says.
//! * **A step backward** is not followed while the server runs: a moment that was told would
//!   come twice. It is logged, and slewed like drift.
//! * **At start**, a wall behind the file is treated likewise, up to a day; beyond it the start
//!   is refused, unless staff ask with `--set-clock-back` that the file goes back to the wall.
//!   That ends no hold and no visit: they move too.

use std::time::Duration;

use super::Span;

/// How often the wall is compared, in milliseconds of boot time, and by how much its drift is then followed at most.
pub(super) const WALL_EVERY_MS: i64 = 2_000;
const WALL_FOLLOW_MS: i64 = 1; // 500 parts per million of the above
/// From this difference on it is no drift but a step.
const STEP_MS: i64 = 2_000;

#[derive(Debug)]
pub(super) struct ClockState {
    pub wall_at_start_ms: i64,
    pub boot_at_start: Duration,
    /// What all advances of a test and all following of the wall have added.
    pub added_ms: i64,
    /// How often the wall was looked at, in ticks of [`WALL_EVERY_MS`].
    pub wall_looks: i64,
    /// By how much the wall has stepped ahead, until that is followed.
    pub step_ms: i64,
    /// That the wall is behind was logged.
    pub told_behind: bool,
    pub last_ms: i64,
}

impl ClockState {
    pub fn passed_ms(&self, boot: Duration) -> i64 {
        i64::try_from(boot.saturating_sub(self.boot_at_start).as_millis()).unwrap_or(i64::MAX)
    }

    /// The time when so much of it has passed since the start.
    pub fn show(&mut self, passed_ms: i64) -> i64 {
        let now_ms = self.wall_at_start_ms.saturating_add(passed_ms).saturating_add(self.added_ms);
        self.last_ms = self.last_ms.max(now_ms);
        self.last_ms
    }

    pub fn follow_wall(&mut self, passed_ms: i64, wall_ms: i64) {
        let looks = passed_ms / WALL_EVERY_MS;
        if looks <= self.wall_looks {
            return;
        }
        let follow_ms = (looks - self.wall_looks).saturating_mul(WALL_FOLLOW_MS);
        self.wall_looks = looks;
        let off_ms = wall_ms - (self.wall_at_start_ms + passed_ms + self.added_ms);
        self.step_ms = if off_ms >= STEP_MS { off_ms } else { 0 };
        if self.step_ms == 0 {
            self.added_ms += off_ms.clamp(-follow_ms, follow_ms);
        }
        self.tell_if_behind(off_ms);
    }

    /// Logs once that the wall is behind; once more when it was not meanwhile.
    pub fn tell_if_behind(&mut self, off_ms: i64) {
        let is_behind = off_ms <= -STEP_MS;
        if is_behind && !self.told_behind {
            let days = off_ms.saturating_neg() / WALL_FOLLOW_MS * WALL_EVERY_MS / (24 * 3_600_000);
            log::warn!(
                "the clock of this machine is {} behind the server's time, which never runs backwards: it loses 1 ms in 2 s \
                 until both agree, which takes {days} days. If this machine's clock is right, a start with --set-clock-back \
                 takes its time at once",
                Span(off_ms.saturating_neg())
            );
        }
        self.told_behind = is_behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN_MS: i64 = 1_763_804_000_123;

    fn state_at(wall_at_start_ms: i64) -> ClockState {
        let (boot_at_start, last_ms) = (Duration::ZERO, wall_at_start_ms);
        ClockState {
            wall_at_start_ms,
            boot_at_start,
            added_ms: 0,
            wall_looks: 0,
            step_ms: 0,
            told_behind: false,
            last_ms,
        }
    }

    /// A clock that believes the wall by itself ends holds an hour early; one that forgets what it said runs backwards.
    #[test]
    fn clock_whatever_the_wall_does_time_goes_on_at_its_pace_until_a_step_is_followed() {
        let mut random = 7_u64;
        let mut below = |bound: i64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as i64 % bound
        };
        let mut state = state_at(ORIGIN_MS);
        let (mut passed_ms, mut before) = (0, ORIGIN_MS);
        for _ in 0..10_000 {
            passed_ms += below(10_000);
            let wall_ms = match below(4) {
                0 => ORIGIN_MS + passed_ms - 3_600_000,
                1 => ORIGIN_MS + passed_ms + 3_600_000,
                2 => below(1 << 30),
                _ => ORIGIN_MS + passed_ms + below(2_000) - 1_000,
            };
            state.follow_wall(passed_ms, wall_ms);
            let now = state.show(passed_ms);
            let off = (now - ORIGIN_MS - passed_ms).abs();
            assert!(off <= passed_ms / WALL_EVERY_MS * WALL_FOLLOW_MS, "{off} ms off after {passed_ms} ms");
            assert!(now >= before, "time ran backwards");
            before = now;
        }
    }

    #[test]
    fn drift_is_followed_by_one_millisecond_in_two_seconds_and_a_step_ahead_is_reported() {
        let mut state = state_at(0);
        let ahead = STEP_MS - 1;
        state.follow_wall(1_999, 1_999 + ahead);
        assert_eq!(state.added_ms, 0);
        state.follow_wall(300_000, 300_000 + ahead);
        assert_eq!((state.added_ms, state.step_ms), (150, 0));
        state.follow_wall(310_000, 310_000 + 3_600_000);
        assert_eq!((state.added_ms, state.step_ms), (150, 3_600_000 - 150));
        state.follow_wall(320_000, 320_000 - 3_600_000);
        assert_eq!((state.added_ms, state.step_ms, state.told_behind), (145, 0, true));
    }
}
