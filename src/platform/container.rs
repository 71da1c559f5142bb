//! Whether the program runs in a container, where its addresses are not those by which people reach it.

use std::path::Path;

/// The files that Docker and Podman put into each container.
const MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Whether this is a container: by the variable `container`, which Podman, systemd-nspawn and the image of
/// `scripts/Containerfile` set, or by a file of the engine. Other engines say nothing, other systems have neither.
pub fn is_in_container() -> bool {
    let is_said = std::env::var_os("container").is_some_and(|engine| !engine.is_empty());
    is_said || MARKS.iter().any(|mark| Path::new(mark).exists())
}
