//! When a delivery that failed is tried again: the schedule that the Standard Webhooks scheme recommends, over three
//! days. It has no random part, which keeps many receivers from being asked at once: here each is asked for one event
//! at a time.

/// How long after each failed attempt the next one follows, in seconds.
const DELAYS_SECONDS: [u32; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// The longest wait that a receiver may ask for, in seconds.
const ASKED_MAX_SECONDS: u32 = 86_400;

/// How long after so many failed attempts the next one follows, in seconds, at least as long as the receiver `asked`
/// (`Retry-After`); `None` when it was the last.
pub(super) fn delay_seconds(failed_attempts: u32, asked: Option<u32>) -> Option<u32> {
    let at = usize::try_from(failed_attempts).ok()?.checked_sub(1)?;
    DELAYS_SECONDS.get(at).map(|delay| asked.map_or(*delay, |asked| asked.min(ASKED_MAX_SECONDS).max(*delay)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_schedule_is_that_of_the_scheme_and_ends_after_three_days() {
        let mut since_start = 0;
        let told: Vec<u32> = (1..)
            .map_while(|failed| delay_seconds(failed, None))
            .map(|delay| {
                since_start += delay;
                since_start
            })
            .collect();
        let at = |hours: u32, minutes: u32, seconds: u32| hours * 3_600 + minutes * 60 + seconds;
        assert_eq!(
            told,
            [
                at(0, 0, 5),
                at(0, 5, 5),
                at(0, 35, 5),
                at(2, 35, 5),
                at(7, 35, 5),
                at(17, 35, 5),
                at(31, 35, 5),
                at(51, 35, 5),
                at(75, 35, 5)
            ]
        );
        assert_eq!(delay_seconds(10, Some(5)), None);
    }

    #[test]
    fn retry_after_makes_a_wait_longer_never_shorter_and_not_for_ever() {
        let asked = |asked| delay_seconds(2, Some(asked));
        assert_eq!((asked(0), asked(301), asked(u32::MAX)), (Some(300), Some(301), Some(86_400)));
    }
}
