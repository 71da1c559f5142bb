//! What the system tells of this process.

/// Figures of this process; what the system does not tell is missing.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct ProcessFigures {
    /// Processor time of user and system, in seconds.
    pub cpu_seconds: Option<f64>,
    /// When it began, in seconds since 1970.
    pub start_seconds: Option<f64>,
    pub resident_bytes: Option<u64>,
    pub virtual_bytes: Option<u64>,
    /// Open file descriptors, and how many may be.
    pub open_fds: Option<u64>,
    pub max_fds: Option<u64>,
}

impl ProcessFigures {
    /// The figures of this moment.
    #[cfg(unix)]
    pub fn read() -> ProcessFigures {
        use rustix::process::{Resource, getrlimit};
        use rustix::time::{ClockId, clock_gettime};
        let used = clock_gettime(ClockId::ProcessCPUTime);
        let listing = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
        let open = std::fs::read_dir(listing).ok().map(|open| open.count() as u64);
        ProcessFigures {
            cpu_seconds: Some(used.tv_sec as f64 + used.tv_nsec as f64 / 1e9),
            open_fds: open.map(|open| open.saturating_sub(1)), // the listing itself is open too
            max_fds: getrlimit(Resource::Nofile).current,
            ..of_stat().unwrap_or_default()
        }
    }

    /// The figures of this moment.
    #[cfg(not(unix))]
    pub fn read() -> ProcessFigures {
        ProcessFigures::default()
    }
}

/// The most memory that this process had, in bytes, where the system tells it: on Linux.
pub fn memory_peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

/// Processor time of user and system that this thread has used, where the system tells it: on Linux.
#[cfg(target_os = "linux")]
pub fn thread_cpu() -> Option<std::time::Duration> {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(std::time::Duration::new(used.tv_sec.try_into().ok()?, used.tv_nsec.try_into().ok()?))
}

/// Processor time that this thread has used: not told.
#[cfg(not(target_os = "linux"))]
pub fn thread_cpu() -> Option<std::time::Duration> {
    None
}

/// The part that is in `/proc`.
#[cfg(target_os = "linux")]
fn of_stat() -> Option<ProcessFigures> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(") ")?; // the name before it may hold anything
    let fields: Vec<&str> = fields.split(' ').collect();
    let field = |number: usize| fields.get(number - 3)?.trim().parse::<u64>().ok(); // as proc(5) numbers them
    Some(ProcessFigures {
        start_seconds: field(22).map(start_seconds),
        virtual_bytes: field(23),
        resident_bytes: field(24).map(|pages| pages * rustix::param::page_size() as u64),
        ..ProcessFigures::default()
    })
}

/// When a process began that did so many ticks after the machine; the same at each call, whatever the clock does.
/// (The moment of the machine's own start in `/proc/stat` is hidden where `ProcSubset=pid` is set.)
#[cfg(target_os = "linux")]
fn start_seconds(ticks: u64) -> f64 {
    use std::sync::OnceLock;
    use std::time::{SystemTime, UNIX_EPOCH};
    static START: OnceLock<f64> = OnceLock::new();
    *START.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let age =
            super::time_since_boot().as_secs_f64() - ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
        now.as_secs_f64() - age
    })
}

#[cfg(all(unix, not(target_os = "linux")))]
fn of_stat() -> Option<ProcessFigures> {
    None
}
