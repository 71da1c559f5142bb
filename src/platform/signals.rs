//! The signals that ask a program to end, or to read its certificate again.

use std::io;
#[cfg(unix)]
use std::io::IsTerminal;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    End,
    /// To read the certificate again.
    #[cfg_attr(not(unix), allow(dead_code, reason = "no signal of Windows asks for it"))]
    Reload,
}

/// The signals that ask the program to end, caught. On Unix SIGTERM, SIGINT (Ctrl-C), SIGQUIT, and
/// SIGHUP (the terminal is gone) unless the program was started to outlive its terminal; on Windows
/// Ctrl-C, Ctrl-Break and the end of the console. Where there is something to reload, SIGHUP asks for that in place of
/// the end, except for a program that has a terminal.
pub struct EndSignals {
    #[cfg(unix)]
    hangup: Signal,
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
    pub fn catch(reloads: bool) -> io::Result<EndSignals> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let all = [SIGTERM, SIGINT, SIGQUIT, SIGHUP];
        let has_terminal = io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal();
        let is_ignored = ignores_hangup();
        let hangup = if reloads && (is_ignored || !has_terminal) { Signal::Reload } else { Signal::End };
        let wanted = if is_ignored && hangup == Signal::End { &all[..3] } else { &all[..] };
        Ok(EndSignals { hangup, signals: signal_hook::iterator::Signals::new(wanted)? })
    }

    /// Catches them from now on.
    ///
    /// # Errors
    /// When they can't be caught.
    #[cfg(windows)]
    pub fn catch(_reloads: bool) -> io::Result<EndSignals> {
        let (sender, signals) = std::sync::mpsc::channel();
        let tell = move || {
            let _ = sender.send(()); // whoever listens does so until the end
        };
        ctrlc::set_handler(tell).map_err(io::Error::other)?;
        Ok(EndSignals { signals })
    }

    /// Does something at each of them, for ever.
    pub fn for_each(self, mut act: impl FnMut(Signal)) {
        #[cfg(unix)]
        let mut signals = self.signals;
        #[cfg(unix)]
        let each = signals.forever().map(|number| match number {
            signal_hook::consts::SIGHUP => self.hangup,
            _ => Signal::End,
        });
        #[cfg(windows)]
        let each = self.signals.iter().map(|()| Signal::End);
        each.for_each(&mut act);
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
