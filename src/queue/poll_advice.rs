//! When somebody who waits is advised to ask again, and how long it will take: plain decisions, no file, no clock.

/// What someone waiting is advised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// How long it will take; `None` until enough admissions were seen, and while the line stands still.
    pub estimated_wait_seconds: Option<u64>,
    /// When to ask again: 1 to 30; up to 120 where more than 300,000 people wait.
    pub poll_after_seconds: u32,
}

/// The longest interval between polls that is advised, in seconds, as long as not more than [`POLLS_PER_SECOND`] come
/// of it; for more people it is longer.
const POLL_AFTER_MAX: f64 = 30.0;
const POLL_AFTER_OF_MANY_MAX: f64 = 120.0;
/// Polls a second that those far away may make together: a million people who come back every 30 seconds would make
/// 33,000, and leave no processor for the sale.
const POLLS_PER_SECOND: f64 = 10_000.0;
/// Polls within an estimated wait; the last of them come close together.
const POLLS_IN_A_WAIT: f64 = 10.0;
/// Where so many wait that this makes more than [`POLLS_PER_SECOND`], fewer, but two at least.
const POLLS_IN_A_WAIT_MIN: f64 = 2.0;
/// However slow the line is, those at the front come back soon: so many seconds between polls a place.
const SECONDS_A_PLACE: f64 = 0.5;
/// As long as no wait is known: one more second between polls for so many people ahead, but not more than half of how
/// soon they may be in. After an opening a thousand a second may be let in before that was measured.
const AHEAD_PER_SECOND: f64 = 50.0;
/// How far the intervals of different tokens are spread, so that polls do not come back in step.
const JITTER: f64 = 0.15;
/// The abandonment limit is this many intervals at least: two lost polls do not cost a place.
const INTERVALS_TO_ABANDON: u32 = 3;

/// Advice for a position (`None` before the draw) among so many who wait, at a measured `rate` of admissions a
/// second; by the limits it is no wait shorter than `soonest`, in seconds. `spread`, from 0 to 1, is the token's own.
pub fn advise(
    position: Option<u64>,
    waiting: u64,
    rate: Option<f64>,
    soonest: f64,
    abandon_seconds: u32,
    spread: f64,
) -> Advice {
    if position == Some(0) {
        return Advice { poll_after_seconds: 1, estimated_wait_seconds: Some(0) };
    }
    let wait = position.zip(rate).map(|(position, rate)| position as f64 / rate);
    let bearable = waiting as f64 / POLLS_PER_SECOND;
    let interval = match (wait, position) {
        (Some(wait), Some(position)) => {
            let of_wait = (wait / POLLS_IN_A_WAIT).max(bearable.min(wait / POLLS_IN_A_WAIT_MIN));
            of_wait.min(position as f64 * SECONDS_A_PLACE)
        }
        (None, Some(position)) => {
            let of_position = 1.0 + (position - 1) as f64 / AHEAD_PER_SECOND;
            of_position.min((soonest / POLLS_IN_A_WAIT_MIN).max(1.0))
        }
        (_, None) => f64::INFINITY,
    };
    let of_all = bearable.clamp(POLL_AFTER_MAX, POLL_AFTER_OF_MANY_MAX);
    let jittered = interval.min(of_all) * (1.0 - JITTER + 2.0 * JITTER * spread);
    let longest = of_all.min(f64::from(abandon_seconds / INTERVALS_TO_ABANDON)).max(1.0);
    Advice {
        poll_after_seconds: jittered.round().clamp(1.0, longest) as u32,
        estimated_wait_seconds: wait.map(|wait| wait.ceil() as u64),
    }
}

/// How long someone may be inactive who was told to ask again after so many seconds, in seconds.
pub fn abandon_after(abandon_seconds: u32, advised_poll_seconds: u32) -> u32 {
    abandon_seconds.max(INTERVALS_TO_ABANDON * advised_poll_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How soon anybody is in, as far as limits tell, while nobody is let in.
    const STILL: f64 = f64::INFINITY;

    #[test]
    fn polls_are_far_apart_far_away_and_never_more_than_a_third_of_the_abandonment_limit() {
        let after =
            |position, rate, abandon| advise(Some(position), 1_000, rate, STILL, abandon, 0.5).poll_after_seconds;
        assert_eq!((after(0, None, 120), after(1, None, 120), after(51, None, 120)), (1, 1, 2));
        assert_eq!((after(1_000_000, None, 120), after(1_000_000, None, 10), after(7, None, 3)), (30, 3, 1));
        assert_eq!((after(10, Some(1.0), 120), after(100, Some(1.0), 120), after(100, Some(20.0), 120)), (1, 10, 1));
        assert_eq!((after(1, Some(0.01), 120), after(2, Some(0.01), 120), after(20, Some(0.01), 120)), (1, 1, 10));
        assert_eq!(advise(None, 1, Some(1.0), STILL, 120, 0.5).poll_after_seconds, 30);
    }

    #[test]
    fn polls_of_very_many_are_further_apart_for_those_far_away_alone() {
        let after =
            |position, waiting, abandon| advise(position, waiting, None, STILL, abandon, 0.5).poll_after_seconds;
        assert_eq!(
            (after(None, 300_000, 600), after(None, 1_000_000, 600), after(None, 9_000_000, 600)),
            (30, 100, 120)
        );
        assert_eq!((after(Some(900_000), 1_000_000, 600), after(Some(900_000), 1_000_000, 120)), (100, 40));
        assert_eq!((after(Some(1), 1_000_000, 600), after(Some(51), 1_000_000, 600)), (1, 2));
    }

    #[test]
    fn polls_of_very_many_who_soon_are_in_come_a_few_times_in_their_wait() {
        let after =
            |position, waiting| advise(Some(position), waiting, Some(1_000.0), STILL, 600, 0.5).poll_after_seconds;
        assert_eq!((after(100_000, 300_000), after(100_000, 1_000_000), after(100_000, 9_000_000)), (30, 50, 50));
        assert_eq!((after(10_000, 1_000_000), after(2_000, 1_000_000), after(100, 1_000_000)), (5, 1, 1));
        let polls = (1..=1_000_000_u64).step_by(100).map(|position| 100.0 / f64::from(after(position, 1_000_000)));
        let polls = polls.sum::<f64>();
        assert!((10_000.0..20_000.0).contains(&polls), "{polls} polls a second");
    }

    #[test]
    fn polls_come_back_in_time_where_many_may_be_let_in_before_a_rate_is_known() {
        let after = |soonest| advise(Some(10_000), 1_000_000, None, soonest, 600, 0.5).poll_after_seconds;
        assert_eq!((after(0.1), after(10.0), after(100.0), after(STILL)), (1, 5, 50, 100));
    }

    #[test]
    fn polls_do_not_come_back_in_step() {
        let after = |spread| advise(Some(150), 150, Some(1.0), STILL, 120, spread).poll_after_seconds;
        assert_eq!((after(0.0), after(0.5), after(0.999)), (13, 15, 17));
    }

    #[test]
    fn wait_is_told_only_once_a_rate_is_known() {
        assert_eq!(advise(Some(60), 60, None, STILL, 120, 0.5).estimated_wait_seconds, None);
        assert_eq!(advise(Some(60), 60, Some(0.5), STILL, 120, 0.5).estimated_wait_seconds, Some(120));
        assert_eq!(advise(None, 60, Some(0.5), STILL, 120, 0.5).estimated_wait_seconds, None);
        assert_eq!(advise(Some(0), 60, None, STILL, 120, 0.5).estimated_wait_seconds, Some(0));
    }
}
