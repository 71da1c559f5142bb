//! Instants and lengths of time, as the file keeps them and as the wire writes them.

use std::fmt;
use std::ops::Range;

use jiff::tz::TimeZone;
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

    /// The calendar date and the time of day in a time zone, as
    /// `YYYY-MM-DD HH:MM:SS`: what a spreadsheet takes for a time.
    pub fn local_in(self, zone: &TimeZone) -> String {
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        instant.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// A calendar date such as `2026-11-22` in a time zone: from its first instant until the first of the next, which
    /// is 23, 24 or 25 hours. `None` for what is no date.
    pub fn day_in(date: &str, zone: &TimeZone) -> Option<Range<Millis>> {
        let date = parse_date(date)?;
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

/// A calendar date as the wire writes it, such as `2026-11-22`.
pub fn parse_date(text: &str) -> Option<jiff::civil::Date> {
    Some(text).filter(|text| text.len() == 10)?.parse().ok()
}

/// A length of time in words.
pub struct Span(pub i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.abs() / 1_000;
        match seconds {
            0..60 => write!(f, "{}.{:03} s", seconds, self.0.abs() % 1_000),
            60..3_600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            3_600..86_400 => write!(f, "{} h {} min", seconds / 3_600, seconds / 60 % 60),
            _ => write!(f, "{} days {} h", seconds / 86_400, seconds / 3_600 % 24),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Millis = Millis::from_unix_ms(1_763_804_000_123);

    #[test]
    fn lengths_are_said_in_two_units() {
        let said = [2_345, 61_000, 9 * 3_600_000, -49 * 3_600_000].map(|ms| Span(ms).to_string());
        assert_eq!(said, ["2.345 s", "1 min 1 s", "9 h 0 min", "2 days 1 h"]);
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
    fn date_is_that_of_the_venue() {
        let seoul = TimeZone::get("Asia/Seoul").unwrap();
        let late = Millis::parse_rfc3339("2026-11-22T15:00:00Z").unwrap();
        assert_eq!(late.date_in(&seoul), "2026-11-23");
        assert_eq!(late.date_in(&TimeZone::UTC), "2026-11-22");
    }
}
