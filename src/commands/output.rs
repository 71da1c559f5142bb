//! What commands print. `println!` panics where standard output is a closed pipe or a full
//! disk; here it is an error, or it is said elsewhere.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::platform;
use crate::store::OpenError;

/// Writes lines that are the work of a command.
///
/// # Errors
/// When they did not get out.
pub(super) fn print(text: impl Display) -> Result<(), OpenError> {
    write(text).map_err(|error| OpenError(format!("standard output can't be written ({error}).")))
}

/// Says that work was done. The work counts, not whether anybody reads of
/// it: what does not get out goes to standard error.
pub(super) fn tell(text: impl Display) {
    if let Err(error) = write(&text) {
        warn(format_args!("{text}\nboxoffice: standard output can't be written ({error})."));
    }
}

/// The addresses that people at other machines can type.
pub(super) fn tell_others(urls: &[String], path: &str) {
    for url in urls {
        tell(format_args!("from other machines (다른 기기에서): {url}{path}"));
    }
}

/// Writes a line to standard error. There is nowhere else to say that it did not get out.
pub(super) fn warn(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A real path as people named it: in their words where it lies in the folder that they named, else whole.
pub(super) fn shown(real: &Path, given: &Path) -> PathBuf {
    let folder = given.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_there = platform::real_path(folder).is_ok_and(|folder| Some(folder.as_path()) == real.parent());
    match real.file_name().filter(|_| is_there) {
        Some(name) => given.with_file_name(name),
        None => real.to_owned(),
    }
}

fn write(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush())
}
