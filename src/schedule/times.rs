//! When a date is and when it is sold, as staff say it and as it is kept.

use jiff::civil;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::Schedule;
use crate::clock::Millis;
use crate::refusal::{Localized, Refusal};

/// When a date is, when it is sold, and until when what was sold can be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    pub starts_at: Millis,
    pub date: String,
    pub sale_opens_at: Millis,
    pub sale_closes_at: Millis,
    /// Until so many hours before the start users may take their points back; `None`: they may not.
    pub refund_until_hours: Option<u32>,
}

/// What staff say of the times of a date; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct SaidTimes {
    pub starts_at: Option<Millis>,
    pub sale_opens_at: Option<Millis>,
    pub sale_closes_at: Option<Millis>,
    /// Said to be off, or so many hours.
    pub refund_until_hours: Option<Option<u32>>,
}

impl SaidTimes {
    /// What was said, and for the rest what was `before`. A new sale is open from `now` until the
    /// concert starts, unless told otherwise. One that is open already and is told to close before
    /// it opened was never open.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn over(&self, before: Option<&Schedule>, zone: &TimeZone, now: Millis) -> Result<Times, Refusal> {
        let starts_at = self.starts_at.or(before.map(|before| before.starts_at));
        let starts_at = starts_at.ok_or_else(|| Refusal::invalid("/startsAt", "is missing", "빠졌습니다"))?;
        // A sale that closed with the start moves with it.
        let set = before.filter(|before| before.sale_closes_at != before.starts_at);
        let closes = self.sale_closes_at.or(set.map(|before| before.sale_closes_at));
        let closes = closes.unwrap_or(starts_at);
        let opened = before.map_or(now, |before| before.sale_opens_at);
        let opened = if opened <= now { opened.min(closes.plus_ms(-1)) } else { opened };
        let times = Times {
            starts_at,
            date: starts_at.date_in(zone),
            sale_opens_at: self.sale_opens_at.unwrap_or(opened),
            sale_closes_at: closes,
            refund_until_hours: self.refund_until_hours.unwrap_or(before.and_then(|before| before.refund_until_hours)),
        };
        if times.sale_opens_at >= times.sale_closes_at {
            return Err(Refusal::invalid(
                "/saleClosesAt",
                "must be later than saleOpensAt",
                "saleOpensAt보다 나중이어야 합니다",
            ));
        }
        if times.sale_opens_at > now && times.sale_opens_at >= times.starts_at {
            return Err(Refusal::invalid(
                "/saleOpensAt",
                "must be earlier than startsAt",
                "startsAt보다 일러야 합니다",
            ));
        }
        Ok(times)
    }
}

/// An instant as staff write it: in RFC 3339, or as a local time of the venue without an offset, such as
/// `2026-11-22T19:00`. One that the clocks skip there, or show twice, is nobody's to guess.
///
/// # Errors
/// Why it is no instant, and what would be one.
pub fn instant_of(text: &str, zone: &TimeZone) -> Result<Millis, Localized> {
    if let Some(instant) = Millis::parse_rfc3339(text) {
        return Ok(instant);
    }
    let no_instant = || {
        Localized::new(
            "must be an RFC 3339 instant such as 2026-11-22T10:00:00.000Z, or a local time such as 2026-11-22T19:00",
            "2026-11-22T10:00:00.000Z와 같은 RFC 3339 시각이나 2026-11-22T19:00과 같은 현지 시각이어야 합니다",
        )
    };
    let local = local_time(text).ok_or_else(no_instant)?;
    let at = |offset: Offset| {
        let instant = offset.to_timestamp(local).ok().map(|instant| Millis::from_unix_ms(instant.as_millisecond()));
        instant.filter(|instant| Millis::RANGE.contains(&instant.unix_ms())).ok_or_else(no_instant)
    };
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset),
        AmbiguousOffset::Gap { .. } => Err(Localized::new(
            "is a local time that the clocks of the venue skip when they are put forward",
            "시계를 앞당기면서 건너뛰어 현지에 없는 시각입니다",
        )),
        AmbiguousOffset::Fold { before, after } => {
            let (first, second) = (at(before)?, at(after)?);
            Err(Localized::new(
                format!("is a local time that comes twice when the clocks are put back: say {first} or {second}"),
                format!("시계를 늦추면서 현지에 두 번 오는 시각입니다. {first} 또는 {second}(으)로 써 주세요"),
            ))
        }
    }
}

/// `2026-11-22T19:00`, with or without seconds; a space may stand for the `T`.
fn local_time(text: &str) -> Option<civil::DateTime> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let shape = shape.replacen(' ', "T", 1);
    let whole = matches!(shape.as_str(), "0000-00-00T00:00" | "0000-00-00T00:00:00"); // without an offset
    whole.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vienna(text: &str) -> Result<String, String> {
        let zone = TimeZone::get("Europe/Vienna").unwrap();
        instant_of(text, &zone).map(|instant| instant.to_string()).map_err(|say| say.en)
    }

    #[test]
    fn local_time_is_the_venue_s_on_both_sides_of_each_change_of_its_clocks() {
        for (local, instant) in [
            ("2026-03-29T01:59:59", "2026-03-29T00:59:59.000Z"),
            ("2026-03-29T03:00", "2026-03-29T01:00:00.000Z"),
            ("2026-07-01 19:30", "2026-07-01T17:30:00.000Z"),
            ("2026-10-25T01:59", "2026-10-24T23:59:00.000Z"),
            ("2026-10-25T03:00", "2026-10-25T02:00:00.000Z"),
            ("2026-12-24T19:00", "2026-12-24T18:00:00.000Z"),
            ("2026-12-24T19:00:00+09:00", "2026-12-24T10:00:00.000Z"),
        ] {
            assert_eq!(vienna(local).as_deref(), Ok(instant), "{local}");
        }
    }

    #[test]
    fn local_time_that_is_skipped_or_comes_twice_is_refused_with_what_to_say() {
        for skipped in ["2026-03-29T02:00", "2026-03-29T02:30", "2026-03-29T02:59:59"] {
            assert!(vienna(skipped).unwrap_err().contains("skip"), "{skipped}");
        }
        let why = vienna("2026-10-25T02:30").unwrap_err();
        assert!(why.contains("say 2026-10-25T00:30:00.000Z or 2026-10-25T01:30:00.000Z"), "{why}");
        assert_eq!(vienna("2026-10-25T00:30:00Z").as_deref(), Ok("2026-10-25T00:30:00.000Z"));
    }

    #[test]
    fn time_what_is_no_instant_is_refused() {
        for wrong in [
            "",
            "2026-12-24",
            "19:00",
            "2026-12-24T19",
            "2026-12-24T24:00",
            "2026-12-24T19:00+01",
            "2026-13-24T19:00",
            "2026-12-24T19:00[Asia/Seoul]",
            "0000-01-01T00:00",
            "2026-12-24T19:00:00.5",
            "1969-12-31T19:00",
        ] {
            assert!(vienna(wrong).unwrap_err().contains("must be"), "{wrong}");
        }
    }
}
