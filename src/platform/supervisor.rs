//! What started the program and watches over it, such as systemd, told by datagrams (sd_notify(3)).

use std::time::Duration;

/// The one that `NOTIFY_SOCKET` names; without one nobody is told.
pub struct Supervisor {
    #[cfg(unix)]
    address: Option<std::os::unix::net::SocketAddr>,
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// That of this process.
    #[cfg(unix)]
    pub fn of_environment() -> Supervisor {
        let address = std::env::var("NOTIFY_SOCKET").ok().and_then(|name| address_of(&name));
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_for_us = number("WATCHDOG_PID").is_none_or(|id| id == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|us| is_for_us && *us > 0).map(Duration::from_micros);
        Supervisor { watchdog: watchdog.filter(|_| address.is_some()), address }
    }

    /// That of this process: none.
    #[cfg(not(unix))]
    pub fn of_environment() -> Supervisor {
        Supervisor { watchdog: None }
    }

    /// Within what time it must hear `WATCHDOG=1` again, if it watches.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Tells it a state, such as `READY=1`. It is not waited for.
    pub fn tell(&self, state: &str) {
        #[cfg(unix)]
        if let Some(address) = &self.address {
            use std::os::unix::net::UnixDatagram;
            let sent = UnixDatagram::unbound().and_then(|socket| {
                socket.set_nonblocking(true)?;
                socket.send_to_addr(state.as_bytes(), address)
            });
            if let Err(error) = sent {
                log::warn!(
                    "the supervisor could not be told {state} and may end this program; look at NOTIFY_SOCKET: {error}"
                );
            }
        }
        #[cfg(not(unix))]
        let _ = state;
    }
}

/// The address of a path, or of an abstract name, which begins with `@`.
#[cfg(unix)]
fn address_of(name: &str) -> Option<std::os::unix::net::SocketAddr> {
    use std::os::unix::net::SocketAddr;
    #[cfg(target_os = "linux")]
    if let Some(name) = name.strip_prefix('@') {
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name).ok();
    }
    (name.starts_with('/')).then(|| SocketAddr::from_pathname(name).ok()).flatten()
}
