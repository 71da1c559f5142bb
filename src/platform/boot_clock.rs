//! The time since boot: it counts sleep and never steps.

use std::time::Duration;

/// The time since the machine (on Windows: this program) started. It counts a laptop's sleep, and setting the wall
/// clock does not change it.
#[cfg(unix)]
pub fn time_since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    #[cfg(target_os = "linux")]
    const BOOT: ClockId = ClockId::Boottime;
    // On macOS it goes on in sleep, unlike `CLOCK_UPTIME_RAW`.
    #[cfg(not(target_os = "linux"))]
    const BOOT: ClockId = ClockId::Monotonic;
    let now = clock_gettime(BOOT);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// The time since the machine (on Windows: this program) started. It counts a laptop's sleep, and setting the wall
/// clock does not change it.
#[cfg(not(unix))]
pub fn time_since_boot() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
