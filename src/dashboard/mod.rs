//! How the evening goes: the last hour minute by minute, told from the feed of events.

mod sql;
pub mod staff_api;

use serde::Serialize;

use self::sql::SecondRow;
use crate::call;
use crate::clock::Millis;
use crate::store::{Outcome, Reader};

/// Minutes that are told, the one that is not over yet included.
pub const MINUTES: usize = 60;
const MINUTE_MS: i64 = 60_000;
const SECOND_MS: i64 = 1_000;
const MINUTE_SECONDS: i64 = MINUTE_MS / SECOND_MS;

/// What happened within one minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Minute {
    pub from: Millis,
    pub joined: i64,
    pub admitted: i64,
    /// Who stopped waiting without being let in.
    pub gave_up: i64,
    pub seats_sold: i64,
    /// How many were waiting at its end.
    pub waiting: i64,
    /// How many were waiting at most, at its beginning or after one of its seconds.
    pub waiting_most: i64,
}

/// The last hour.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hour {
    /// The newest event that it knows: whoever follows the feed may begin there.
    pub last_sequence: i64,
    /// Oldest first.
    pub minutes: Vec<Minute>,
}

/// The hour until `now`, at which `waiting` stand in line.
pub fn last_hour(reader: &Reader, now: Millis, waiting: u64) -> Outcome<Hour> {
    let first_ms = (now.unix_ms() / MINUTE_MS - (MINUTES as i64 - 1)) * MINUTE_MS;
    let begin = Millis::from_unix_ms(first_ms);
    let last_sequence = call::last_sequence(reader)?;
    let after = last_before(last_sequence, begin, |sequence| sql::find_at(reader, sequence))?;
    let mut minutes: Vec<Minute> = (0..MINUTES as i64).map(|minute| empty(begin.plus_ms(minute * MINUTE_MS))).collect();
    let seconds = sql::list_seconds(reader, after, last_sequence, begin, SECOND_MS)?;
    for told in &seconds {
        let Some(minute) = minute_of(told).and_then(|at| minutes.get_mut(at)) else { continue };
        minute.joined += told.joined;
        minute.admitted += told.admitted;
        minute.gave_up += told.gave_up;
        minute.seats_sold += told.seats_sold;
    }
    backfill_waiting(&mut minutes, &seconds, waiting as i64);
    Ok(Hour { last_sequence, minutes })
}

fn empty(from: Millis) -> Minute {
    Minute { from, joined: 0, admitted: 0, gave_up: 0, seats_sold: 0, waiting: 0, waiting_most: 0 }
}

/// The last sequence before a moment, found by halving: sequences have no gaps, and their times go back
/// only where staff set the clock back, which makes the span that is read longer and changes no minute of it.
fn last_before<E>(last: i64, moment: Millis, at: impl Fn(i64) -> Result<Option<Millis>, E>) -> Result<i64, E> {
    let (mut before, mut not_before) = (0, last + 1);
    while before + 1 < not_before {
        let middle = before + (not_before - before) / 2;
        if at(middle)?.is_some_and(|at| at < moment) {
            before = middle;
        } else {
            not_before = middle;
        }
    }
    Ok(before)
}

/// The minute that a second lies in; none before the first.
fn minute_of(told: &SecondRow) -> Option<usize> {
    usize::try_from(told.second.div_euclid(MINUTE_SECONDS)).ok()
}

/// Who waited at the end of each minute and at most within it, from those who wait now backwards, second by second:
/// who is let in at once did not wait. What memory and the file know may lie a commit apart: nobody is never less than
/// nobody.
fn backfill_waiting(minutes: &mut [Minute], seconds: &[SecondRow], waiting_now: i64) {
    let mut waiting = waiting_now;
    let mut earlier = seconds.iter().rev().peekable();
    for (at, minute) in minutes.iter_mut().enumerate().rev() {
        minute.waiting = waiting.max(0);
        minute.waiting_most = minute.waiting;
        while let Some(told) = earlier.next_if(|told| minute_of(told) >= Some(at)) {
            waiting += told.admitted + told.gave_up - told.joined;
            minute.waiting_most = minute.waiting_most.max(waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashboard_last_event_before_a_moment_is_found_wherever_it_is() {
        let times = [10, 20, 20, 30];
        let at = |sequence: i64| Ok::<_, ()>(times.get(sequence as usize - 1).map(|ms| Millis::from_unix_ms(*ms)));
        for (moment, expected) in [(5, 0), (10, 0), (11, 1), (20, 1), (21, 3), (30, 3), (31, 4)] {
            assert_eq!(last_before(4, Millis::from_unix_ms(moment), at), Ok(expected), "{moment}");
        }
        assert_eq!(last_before(0, Millis::from_unix_ms(1), |_| Err("nothing to look at")), Ok(0));
    }

    #[test]
    fn looking_back_undoes_what_happened_and_finds_the_peak_within_a_minute() {
        let told = |second, joined, admitted, gave_up| SecondRow { second, joined, admitted, gave_up, seats_sold: 0 };
        let seconds = [
            told(-3, 7, 0, 0),
            told(5, 5, 0, 0),
            told(50, 0, 2, 0),
            told(61, 0, 1, 1),
            told(130, 9, 0, 0),
            told(131, 0, 5, 0),
            told(170, 1, 1, 0),
        ];
        let mut minutes = [0; 3].map(|_| empty(Millis::from_unix_ms(0)));
        backfill_waiting(&mut minutes, &seconds, 5);
        assert_eq!(minutes.clone().map(|minute| minute.waiting), [3, 1, 5]);
        assert_eq!(minutes.map(|minute| minute.waiting_most), [5, 3, 10]);
    }
}
