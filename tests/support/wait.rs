//! Waits that end: each has a deadline, and says what did not come. And real time, where time itself is the subject.

use std::time::{Duration, Instant};

/// Longer than anything takes on a machine that is busy with other tests.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until it is so.
#[track_caller]
pub fn until(what: &str, is_so: impl FnMut() -> bool) {
    assert!(comes_true(DEADLINE, is_so), "within {DEADLINE:?} it did not come: {what}");
}

/// Looks until it is so, at most so long; gives whether it is.
pub fn comes_true(within: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + within;
    loop {
        if is_so() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        pause();
    }
}

/// Between two looks at a condition.
pub fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}

/// Lets real time pass. `tests/tidy.rs` lists who may, each with the reason why no clock can be turned instead.
pub fn sleep(time: Duration) {
    std::thread::sleep(time);
}
