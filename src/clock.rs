//! The only place that reads the time.
//!
//! The server's time is what the wall clock said at start, carried on by the boot-time clock, which counts a laptop's
//! sleep and never steps. It never runs backwards, and it starts behind nothing that the file has seen.
//!
//! What it does when the wall clock drifts, steps ahead or goes back is in `clock/wall_clock_steps.rs`.
//!
//! Nothing is ordered by time alone: events, ledger entries and tokens count up, and ids grow whatever the clock does
//! ([`crate::ids::new_id`]).

mod instant;
mod monotonic;
mod wall_clock_steps;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use instant::{Millis, Span, parse_date};
pub use monotonic::{MonotonicClock, Turned};
use parking_lot::Mutex;
use wall_clock_steps::{ClockState, WALL_EVERY_MS};

use crate::platform::time_since_boot;

/// How the server's time moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Real time.
    Wall,
    /// Real time plus all advances.
    Turned,
    /// By advances alone.
    Frozen,
}

/// The server's clock.
#[derive(Debug)]
pub struct Clock {
    mode: Mode,
    state: Mutex<ClockState>,
}

/// A start with a wall this far behind what the file has seen is refused.
const BEHIND_MAX_MS: i64 = 24 * 60 * 60 * 1_000;
/// Both clocks count as read at once when no more than this passed between the readings.
const AT_ONCE: Duration = Duration::from_millis(20);

/// A writer that sleeps looks at the clock this often, so that a step of the wall is followed although nobody calls.
pub const LOOK_EVERY: Duration = Duration::from_millis(WALL_EVERY_MS.unsigned_abs());

/// The wall clock is more than a day behind what the file has already seen.
#[derive(Debug)]
pub struct WallBehind {
    /// What the wall says.
    pub wall: Millis,
    /// What the file has seen.
    pub seen: Millis,
}

impl fmt::Display for WallBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wall, seen, behind) = (self.wall, self.seen, Span(self.seen.ms_since(self.wall)));
        write!(
            f,
            "the clock of this machine says {wall}, {behind} before the newest moment in the file ({seen}). If this machine's \
             clock is wrong, set it right and start again. If the file's time is wrong because it was served with a wrong \
             clock, start once with --set-clock-back: the file then goes on from this machine's time, holds and visits keep \
             what is left of them, and what was written meanwhile keeps its later moments."
        )
    }
}

impl Clock {
    /// Starts the clock. `advanced_ms` is the sum of all advances of a test; `seen` the latest instant in the file,
    /// behind which the clock does not start (`None`: staff set it back, or there is no file); for [`Mode::Frozen`],
    /// `origin` is the instant at which it stands still.
    ///
    /// # Errors
    /// When real time is asked for and the wall is more than a day behind `seen`.
    pub fn start(mode: Mode, advanced_ms: i64, seen: Option<Millis>, origin: Millis) -> Result<Clock, WallBehind> {
        let (boot_at_start, wall_ms) = read_both();
        let start_ms = match mode {
            Mode::Frozen => origin.unix_ms(),
            Mode::Wall | Mode::Turned => wall_ms,
        };
        let now_ms = start_ms.saturating_add(advanced_ms);
        let behind_ms = seen.map_or(0, |seen| seen.unix_ms().saturating_sub(now_ms)).max(0);
        if mode == Mode::Wall && behind_ms > BEHIND_MAX_MS {
            return Err(WallBehind {
                wall: Millis::from_unix_ms(now_ms),
                seen: Millis::from_unix_ms(now_ms.saturating_add(behind_ms)),
            });
        }
        // Where the file has seen a later time, it goes on from there.
        let added_ms = advanced_ms.saturating_add(behind_ms);
        let last_ms = now_ms.saturating_add(behind_ms);
        let mut state = ClockState {
            wall_at_start_ms: start_ms,
            boot_at_start,
            added_ms,
            wall_looks: 0,
            step_ms: 0,
            told_behind: false,
            last_ms,
        };
        if mode == Mode::Wall {
            state.tell_if_behind(-behind_ms);
        }
        Ok(Clock { mode, state: Mutex::new(state) })
    }

    /// The wall clock, for the first instant of a new file.
    pub fn wall_now() -> Millis {
        Millis::from_unix_ms(wall_ms())
    }

    /// The server's time. Never earlier than any answer before it, unless a test turned the clock back.
    pub fn now(&self) -> Millis {
        let mut state = self.state.lock();
        let passed_ms = if self.mode == Mode::Frozen { 0 } else { state.passed_ms(time_since_boot()) };
        if self.mode == Mode::Wall && passed_ms / WALL_EVERY_MS > state.wall_looks {
            let (boot, wall_ms) = read_both();
            let passed_ms = state.passed_ms(boot);
            state.follow_wall(passed_ms, wall_ms);
        }
        Millis::from_unix_ms(state.show(passed_ms))
    }

    /// By how much the wall is ahead after a step that is not followed yet; 0 when there is none.
    pub fn step_ahead_ms(&self) -> i64 {
        self.state.lock().step_ms
    }

    /// Follows a step of the wall. Every deadline has been moved by as much before.
    pub fn follow_step(&self, ms: i64) {
        let mut state = self.state.lock();
        state.added_ms = state.added_ms.saturating_add(ms);
        state.step_ms = 0;
    }

    /// By how much the server's time is ahead of the wall, in milliseconds; negative when it is behind.
    pub fn offset_ms(&self) -> i64 {
        self.now().unix_ms().saturating_sub(wall_ms())
    }

    /// Turns a test's clock forward.
    pub fn advance_ms(&self, ms: u64) {
        let mut state = self.state.lock();
        state.added_ms = state.added_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
    }

    /// Turns a test's clock to a moment, also an earlier one.
    pub fn turn_to(&self, at: Millis) {
        let mut state = self.state.lock();
        let passed_ms = if self.mode == Mode::Frozen { 0 } else { state.passed_ms(time_since_boot()) };
        state.added_ms = at.unix_ms().saturating_sub(state.wall_at_start_ms).saturating_sub(passed_ms);
        state.last_ms = at.unix_ms();
    }

    /// How the time moves.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The real time from now until `due`, as far as it can be told: `None` when a frozen clock must be turned first.
    pub fn until(&self, due: Millis) -> Option<Duration> {
        let left_ms = u64::try_from(due.ms_since(self.now())).unwrap_or(0);
        (self.mode != Mode::Frozen || left_ms == 0).then(|| Duration::from_millis(left_ms))
    }
}

/// The boot-time clock and the wall, read at once. A process that is stopped in between, or a laptop that sleeps,
/// would make a step of the wall out of its own pause.
fn read_both() -> (Duration, i64) {
    loop {
        let (before, wall_ms, after) = (time_since_boot(), wall_ms(), time_since_boot());
        if after.saturating_sub(before) <= AT_ONCE {
            return (after, wall_ms);
        }
    }
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Millis = Millis::from_unix_ms(1_763_804_000_123);

    #[test]
    fn frozen_clock_moves_by_advances_alone() {
        let clock = Clock::start(Mode::Frozen, 0, None, ORIGIN).unwrap();
        assert_eq!(clock.now(), ORIGIN);
        clock.advance_ms(250);
        assert_eq!(clock.now(), ORIGIN.plus_ms(250));
        assert_eq!(clock.until(ORIGIN.plus_ms(251)), None);
        assert_eq!(clock.until(ORIGIN), Some(Duration::ZERO));
    }

    #[test]
    fn clock_never_goes_behind_what_the_file_has_seen() {
        let seen = Clock::wall_now().plus_ms(60_000);
        let clock = Clock::start(Mode::Wall, 0, Some(seen), ORIGIN).unwrap();
        let began = clock.now();
        assert!(began >= seen);
        while clock.now() == began {} // it goes on from there, and does not stand still until the wall has caught up
    }

    #[test]
    fn wall_over_a_day_behind_the_file_is_refused() {
        let seen = Clock::wall_now().plus_ms(BEHIND_MAX_MS + 60_000);
        assert!(Clock::start(Mode::Wall, 0, Some(seen), ORIGIN).is_err());
    }

    #[test]
    fn test_clock_takes_any_file_and_a_clock_set_back_takes_the_wall() {
        let seen = Clock::wall_now().plus_ms(30 * BEHIND_MAX_MS);
        for mode in [Mode::Turned, Mode::Frozen] {
            assert!(Clock::start(mode, 0, Some(seen), ORIGIN).unwrap().now() >= seen);
        }
        let why = Clock::start(Mode::Wall, 0, Some(seen), ORIGIN).unwrap_err().to_string();
        assert!(why.contains("30 days 0 h") && why.contains("--set-clock-back"), "{why}");
        assert!(Clock::start(Mode::Wall, 0, None, ORIGIN).unwrap().now() < seen);
    }
}
