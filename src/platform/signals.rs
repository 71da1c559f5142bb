//! The signals that ask a program to end.

use std::io;

/// The signals that ask the program to end, caught. On Unix SIGTERM, SIGINT (Ctrl-C), SIGQUIT, and
/// SIGHUP (the terminal is gone) unless the program was started to outlive its terminal; on Windows
/// Ctrl-C, Ctrl-Break and the end of the console.
pub struct EndSignals {
    #[cfg(unix)]
    signals: signal_hook::iterator::Signals,
    #[cfg(windows)]
    signals: std::sync::mpsc::Receiver<()>,
}

impl EndSignals {
    /// Catches them from now on.
    ///
    /// # Errors
    /// When they can't be caught.
    #[cfg(unix)]
    pub fn catch() -> io::Result<EndSignals> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let all = [SIGTERM, SIGINT, SIGQUIT, SIGHUP];
        let wanted = if ignores_hangup() { &all[..3] } else { &all[..] };
        Ok(EndSignals { signals: signal_hook::iterator::Signals::new(wanted)? })
    }

    /// Catches them from now on.
    ///
    /// # Errors
    /// When they can't be caught.
    #[cfg(windows)]
    pub fn catch() -> io::Result<EndSignals> {
        let (sender, signals) = std::sync::mpsc::channel();
        let tell = move || {
            let _ = sender.send(()); // whoever listens does so until the end
        };
        ctrlc::set_handler(tell).map_err(io::Error::other)?;
        Ok(EndSignals { signals })
    }

    /// Does something at each of them, for ever.
    pub fn for_each(self, mut act: impl FnMut()) {
        #[cfg(unix)]
        let mut signals = self.signals;
        #[cfg(unix)]
        let each = signals.forever();
        #[cfg(windows)]
        let each = self.signals.iter();
        each.for_each(|_| act());
    }
}

/// Whether whoever started the program (`nohup`) had it ignore SIGHUP. Linux tells; elsewhere it counts as not ignored.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ignored & (1 << (signal_hook::consts::SIGHUP - 1)) != 0
}
