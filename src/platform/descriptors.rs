//! How many files and sockets a process may have open.

use std::fs::File;

/// Raises the limit as far as the system lets it; gives the limit.
#[cfg(unix)]
pub fn raise_descriptor_limit() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// macOS refuses more on older systems, and on newer ones promises more than it gives.
    const OPEN_MAX: u64 = 10_240;
    let limit = getrlimit(Resource::Nofile);
    let wanted = match (cfg!(target_os = "linux"), limit.maximum) {
        (true, maximum) => maximum,
        (false, maximum) => Some(maximum.map_or(OPEN_MAX, |maximum| maximum.min(OPEN_MAX))),
    };
    let is_more = wanted.is_none_or(|wanted| limit.current.is_some_and(|current| current < wanted));
    let raised = Rlimit { current: wanted, maximum: limit.maximum };
    let current = if is_more && setrlimit(Resource::Nofile, raised).is_ok() { wanted } else { limit.current };
    current.and_then(|count| usize::try_from(count).ok()).unwrap_or(1 << 20)
}

/// There is no limit; this is the number to count with.
#[cfg(not(unix))]
pub fn raise_descriptor_limit() -> usize {
    1 << 16
}

/// A descriptor that is kept to be given up when they run out; `None` when they have, or can't.
pub fn spare_descriptor() -> Option<File> {
    if cfg!(unix) { File::open("/dev/null").ok() } else { None }
}
