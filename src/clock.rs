//! The only place that reads the time.
//!
//! The wall clock is read once at start and carried on by the boot-time clock, which counts a laptop's sleep and never
//! steps. A wall that wanders off is followed at 500 parts per million, the rate at which `adjtime` and ntpd slew a clock,
//! so that a hold of five minutes is never off by more than 0.15 s. Time never runs backwards.

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use rustix::time::{ClockId, clock_gettime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(i64);

impl Millis {
    /// The earliest and the latest instant that is taken from outside: years 1970 to 9999.
    pub const RANGE: std::ops::RangeInclusive<i64> = 0..=253_402_300_799_999;

    /// An instant from milliseconds since 1970.
    pub const fn from_unix_ms(unix_ms: i64) -> Millis {
        Millis(unix_ms)
    }

    /// Milliseconds since 1970.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Later by so many milliseconds (earlier when negative).
    pub const fn plus_ms(self, ms: i64) -> Millis {
        Millis(self.0.saturating_add(ms))
    }

    /// Later by so many seconds.
    pub const fn plus_seconds(self, seconds: u32) -> Millis {
        self.plus_ms(seconds as i64 * 1_000)
    }

    /// Milliseconds from `earlier` to here; negative when it is later.
    pub const fn ms_since(self, earlier: Millis) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads an RFC 3339 instant, in any offset; fractions of a millisecond are cut off. `None` outside 1970 to 9999.
    pub fn parse_rfc3339(text: &str) -> Option<Millis> {
        let instant = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let ms = i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
        Self::RANGE.contains(&ms).then_some(Millis(ms))
    }

    /// The calendar date in a time zone, as `YYYY-MM-DD`.
    pub fn date_in(self, zone: &TimeZone) -> String {
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        instant.to_zoned(zone.clone()).date().to_string()
    }

    /// The calendar date and the time of day in a time zone, as `YYYY-MM-DD HH:MM:SS`: what a spreadsheet takes for a time.
    pub fn local_in(self, zone: &TimeZone) -> String {
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        instant.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// A calendar date such as `2026-11-22` in a time zone: from its first instant until the first of the next, which is 23,
    /// 24 or 25 hours. `None` for what is no date.
    pub fn day_in(date: &str, zone: &TimeZone) -> Option<Range<Millis>> {
        let date = Some(date).filter(|date| date.len() == 10)?.parse::<jiff::civil::Date>().ok()?;
        let first =
            |date: jiff::civil::Date| Some(Millis(date.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()));
        Some(first(date)?..first(date.tomorrow().ok()?)?)
    }
}

impl Millis {
    /// The characters of an instant on the wire.
    const TEXT_CHARS: usize = "2026-11-22T10:00:00.000Z".len();

    /// RFC 3339 in UTC with milliseconds, digit by digit: an answer has several of them.
    fn write_text(self, text: &mut [u8; Self::TEXT_CHARS]) -> &str {
        const LAST: [u8; Millis::TEXT_CHARS] = *b"9999-12-31T23:59:59.999Z";
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).ok();
        let at = at.filter(|at| (0..=9_999).contains(&at.year()));
        *text = LAST;
        if let Some(at) = at {
            let mut write = |from: usize, digits: usize, number: u32| {
                let mut left = number;
                for place in text[from..from + digits].iter_mut().rev() {
                    *place = b'0' + (left % 10) as u8;
                    left /= 10;
                }
            };
            write(0, 4, at.year().unsigned_abs());
            write(5, 2, u8::from(at.month()).into());
            write(8, 2, at.day().into());
            write(11, 2, at.hour().into());
            write(14, 2, at.minute().into());
            write(17, 2, at.second().into());
            write(20, 3, at.millisecond().into());
        }
        std::str::from_utf8(text).unwrap_or_default() // digits and marks
    }
}

impl fmt::Display for Millis {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write_text(&mut [0; Self::TEXT_CHARS]))
    }
}

impl serde::Serialize for Millis {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.write_text(&mut [0; Self::TEXT_CHARS]))
    }
}

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
    hands: Mutex<Hands>,
}

#[derive(Debug)]
struct Hands {
    wall_at_start_ms: i64,
    boot_at_start: Duration,
    /// What all advances of a test and all following of the wall have added.
    added_ms: i64,
    /// How often the wall was looked at, in ticks of [`WALL_EVERY_MS`].
    wall_looks: i64,
    wandered: bool,
    last_ms: i64,
}

/// How often the wall is compared, in milliseconds of boot time, and by how much it is then followed at most.
const WALL_EVERY_MS: i64 = 2_000;
const WALL_FOLLOW_MS: i64 = 1; // 500 parts per million of the above
/// From this difference on, the wall has wandered: logged once.
const WALL_WANDERED_MS: i64 = 2_000;
/// A start with a wall this far behind what the file has seen is refused.
const BEHIND_MAX_MS: i64 = 24 * 60 * 60 * 1_000;

/// The wall clock is more than a day behind what the file has already seen.
#[derive(Debug)]
pub struct WallBehind {
    /// What the wall says.
    pub wall: Millis,
    /// What the file has seen.
    pub seen: Millis,
}

impl Clock {
    /// Starts the clock. `advanced_ms` is the sum of all advances of a test; `seen` the latest instant in the file, behind
    /// which the clock never goes; for [`Mode::Frozen`], `origin` is the instant at which it stands still.
    ///
    /// # Errors
    /// When the wall is more than a day behind `seen`.
    pub fn start(mode: Mode, advanced_ms: i64, seen: Option<Millis>, origin: Millis) -> Result<Clock, WallBehind> {
        let start_ms = match mode {
            Mode::Frozen => origin.0,
            Mode::Wall | Mode::Turned => wall_ms(),
        };
        let now_ms = start_ms.saturating_add(advanced_ms);
        let seen_ms = seen.map_or(now_ms, Millis::unix_ms);
        if seen_ms - now_ms > BEHIND_MAX_MS {
            return Err(WallBehind { wall: Millis(now_ms), seen: Millis(seen_ms) });
        }
        let hands = Hands {
            wall_at_start_ms: start_ms,
            boot_at_start: boot_time(),
            // Where the file has seen a later time, it goes on from there, and follows the wall back slowly.
            added_ms: advanced_ms.saturating_add((seen_ms - now_ms).max(0)),
            wall_looks: 0,
            wandered: false,
            last_ms: now_ms.max(seen_ms),
        };
        Ok(Clock { mode, hands: Mutex::new(hands) })
    }

    /// The wall clock, for the first instant of a new file.
    pub fn wall_now() -> Millis {
        Millis(wall_ms())
    }

    /// The server's time. Never earlier than any answer before it.
    pub fn now(&self) -> Millis {
        let mut hands = self.hands.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut passed_ms = 0;
        if self.mode != Mode::Frozen {
            let passed = boot_time().saturating_sub(hands.boot_at_start);
            passed_ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        }
        if self.mode == Mode::Wall {
            hands.follow_wall(passed_ms, wall_ms());
        }
        Millis(hands.show(passed_ms))
    }

    /// Turns a test's clock forward.
    pub fn advance_ms(&self, ms: u64) {
        let mut hands = self.hands.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        hands.added_ms = hands.added_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
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

impl Hands {
    /// The time when so much of it has passed since the start.
    fn show(&mut self, passed_ms: i64) -> i64 {
        self.last_ms = self.last_ms.max(self.wall_at_start_ms + passed_ms + self.added_ms);
        self.last_ms
    }

    fn follow_wall(&mut self, passed_ms: i64, wall_ms: i64) {
        let looks = passed_ms / WALL_EVERY_MS;
        if looks <= self.wall_looks {
            return;
        }
        let step_ms = (looks - self.wall_looks).saturating_mul(WALL_FOLLOW_MS);
        self.wall_looks = looks;
        let off_ms = wall_ms - (self.wall_at_start_ms + passed_ms + self.added_ms);
        self.added_ms += off_ms.clamp(-step_ms, step_ms);
        if off_ms.abs() >= WALL_WANDERED_MS && !self.wandered {
            log::warn!("the wall clock is off by {off_ms} ms from the running time; it is followed by 1 ms in 2 s");
        }
        self.wandered = off_ms.abs() >= WALL_WANDERED_MS;
    }
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn boot_time() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Millis = Millis::from_unix_ms(1_763_804_000_123);

    #[test]
    fn a_frozen_clock_moves_by_advances_alone() {
        let clock = Clock::start(Mode::Frozen, 0, None, ORIGIN).unwrap();
        assert_eq!(clock.now(), ORIGIN);
        clock.advance_ms(250);
        assert_eq!(clock.now(), ORIGIN.plus_ms(250));
        assert_eq!(clock.until(ORIGIN.plus_ms(251)), None);
        assert_eq!(clock.until(ORIGIN), Some(Duration::ZERO));
    }

    #[test]
    fn the_clock_never_goes_behind_what_the_file_has_seen() {
        let seen = Clock::wall_now().plus_ms(60_000);
        let clock = Clock::start(Mode::Wall, 0, Some(seen), ORIGIN).unwrap();
        let began = clock.now();
        assert!(began >= seen);
        while clock.now() == began {} // it goes on from there, and does not stand still until the wall has caught up
    }

    #[test]
    fn a_wall_over_a_day_behind_the_file_is_refused() {
        let seen = Clock::wall_now().plus_ms(BEHIND_MAX_MS + 60_000);
        assert!(Clock::start(Mode::Wall, 0, Some(seen), ORIGIN).is_err());
    }

    fn hands_at(wall_at_start_ms: i64) -> Hands {
        let (boot_at_start, wandered) = (Duration::ZERO, false);
        let last_ms = wall_at_start_ms;
        Hands { wall_at_start_ms, boot_at_start, added_ms: 0, wall_looks: 0, wandered, last_ms }
    }

    /// A clock that believes the wall ends holds an hour early; one that forgets what it said runs backwards.
    #[test]
    fn whatever_the_wall_does_time_goes_on_at_its_pace() {
        let mut random = 7_u64;
        let mut below = |bound: i64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as i64 % bound
        };
        let mut hands = hands_at(ORIGIN.0);
        let (mut passed_ms, mut before) = (0, ORIGIN.0);
        for _ in 0..10_000 {
            passed_ms += below(10_000);
            let wall_ms = match below(4) {
                0 => ORIGIN.0 + passed_ms - 3_600_000,
                1 => ORIGIN.0 + passed_ms + 3_600_000,
                2 => below(1 << 30),
                _ => ORIGIN.0 + passed_ms + below(2_000) - 1_000,
            };
            hands.follow_wall(passed_ms, wall_ms);
            let now = hands.show(passed_ms);
            let off = (now - ORIGIN.0 - passed_ms).abs();
            assert!(off <= passed_ms / WALL_EVERY_MS * WALL_FOLLOW_MS, "{off} ms off after {passed_ms} ms");
            assert!(now >= before, "time ran backwards");
            before = now;
        }
    }

    #[test]
    fn a_wandering_wall_is_followed_by_one_millisecond_in_two_seconds() {
        let mut hands = hands_at(0);
        let an_hour_ahead = 3_600_000;
        hands.follow_wall(1_999, an_hour_ahead);
        assert_eq!(hands.added_ms, 0);
        hands.follow_wall(300_000, an_hour_ahead);
        assert_eq!(hands.added_ms, 150);
        assert!(hands.wandered);
    }

    #[test]
    fn instants_are_written_in_utc_with_milliseconds_and_read_in_any_offset() {
        assert_eq!(ORIGIN.to_string(), "2025-11-22T09:33:20.123Z");
        assert_eq!(Millis::parse_rfc3339("2025-11-22T18:33:20.1239+09:00"), Some(ORIGIN));
        for wrong in ["", "2025-11-22", "2025-11-22T18:33:20", "1969-12-31T23:59:59Z", "2025-02-30T00:00:00Z"] {
            assert_eq!(Millis::parse_rfc3339(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_date_is_that_of_the_venue() {
        let seoul = TimeZone::get("Asia/Seoul").unwrap();
        let late = Millis::parse_rfc3339("2026-11-22T15:00:00Z").unwrap();
        assert_eq!(late.date_in(&seoul), "2026-11-23");
        assert_eq!(late.date_in(&TimeZone::UTC), "2026-11-22");
    }
}
