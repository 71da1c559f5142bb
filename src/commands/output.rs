//! What commands print. `println!` panics where standard output is a closed pipe or a full
//! disk; here it is an error, or it is said elsewhere.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::course::Course;
use crate::logging;
use crate::platform;
use crate::settings::urls_for_others;
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

/// Tells which calls of a course are answered, and which have no counterpart.
pub(super) fn tell_course(course: &Course) {
    let [calls, unmapped] = course.names().map(|names| names.join(", "));
    tell(format_args!("course {} (과정): {}; {}", course.name, course.about.en, course.about.ko));
    tell(format_args!("  answered (응답하는 호출): {calls}"));
    if !unmapped.is_empty() {
        tell(format_args!("  without counterpart (대응하는 것이 없는 호출): {unmapped}"));
    }
}

/// Tells by which addresses others reach one that stands for all of a machine, or of a container.
pub(super) fn tell_others(scheme: &str, address: SocketAddr, path: &str) {
    let is_in_container = platform::is_in_container();
    if is_in_container && address.ip().is_unspecified() {
        let port = address.port();
        tell(format_args!("in a container (컨테이너): that is its address where port {port} is published as {port}"));
    }
    let whom = if is_in_container {
        "other containers (다른 컨테이너에서)"
    } else {
        "other machines (다른 기기에서)"
    };
    for url in urls_for_others(scheme, address) {
        tell(format_args!("from {whom}: {url}{path}"));
    }
}

/// Writes a line to standard error. There is nowhere else to say that it did not get out.
pub(super) fn warn(text: impl Display) {
    logging::say(text);
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
