//! The console, and the shell that people paste into.

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
