//! Where the program runs: the name of the machine, a container, the console, and the shell that people paste into.

use std::path::Path;

/// The files that Docker and Podman put into each container.
const MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Whether this is a container: by the variable `container`, which Podman, systemd-nspawn and the image of
/// `scripts/Containerfile` set, or by a file of the engine. Other engines say nothing, other systems have neither.
pub fn is_in_container() -> bool {
    let is_said = std::env::var_os("container").is_some_and(|engine| !engine.is_empty());
    is_said || MARKS.iter().any(|mark| Path::new(mark).exists())
}

/// How this machine is called in its network; `None` where it has no name.
pub fn machine_name() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok();
    name.filter(|name| !name.is_empty())
}

/// Which shell a command is to be pasted into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// bash, zsh and their kin.
    Unix,
    /// PowerShell, of version 5.1 or later.
    PowerShell,
}

/// The shell of whoever started the program. On Windows PowerShell, which can be called from cmd as well; Git Bash
/// says who it is by a variable.
pub fn shell() -> Shell {
    let is_unix = !cfg!(windows) || std::env::var_os("MSYSTEM").is_some();
    if is_unix { Shell::Unix } else { Shell::PowerShell }
}

/// Makes a console show colours in place of escape sequences. Text needs nothing: the standard library writes UTF-16
/// to a console of Windows whatever its code page, and UTF-8 everywhere else.
pub fn prepare_console() {
    #[cfg(windows)]
    let _ = anstyle_query::windows::enable_ansi_colors(); // a console older than 2016 shows them raw
}
