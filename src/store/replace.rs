//! A finished file in the place of one that is there: killed at any point, there is a database under the name, and the
//! old one is whole under its own name or under a second one.

use std::io;
use std::path::{Path, PathBuf};

use super::copy::NewFile;
use super::database_lock::fold;
use super::location::{is_taken, sidecar_path, sidecars};
use crate::platform::{FileLock, LockError, give_second_name, sync_folder_of};

/// What is kept of the old database, the file last: who finds it finds all. `-shm` has no content of its own.
const KEPT: [&str; 3] = ["-wal", "-journal", ""];

/// Puts a draft in the place of a file that nobody has open. Gives the name under which the old one is kept: the
/// first free of `FILE.before-restore-1`, `-2`, ….
///
/// # Errors
/// When a server has it, or the disk fails; the old file is then still in its place.
pub fn replace(new_file: NewFile, path: &Path) -> io::Result<PathBuf> {
    let _lock = FileLock::exclusive(path).map_err(|error| match error {
        LockError::Taken => io::Error::other("a boxoffice has it open; stop that one first"),
        LockError::Failed(error) => error,
    })?;
    let kept = keep(path)?;
    if exists(path) {
        // The log is folded into the old file before it goes: there is no moment at which a log lies beside a file that
        // is not its own. Where that fails the old file is damaged, and whole with its log under the second name.
        if sidecars(path).any(|one| exists(&one)) {
            let _ = fold(path);
        }
        remove_sidecars(path)?;
        new_file.replace(path)?;
    } else {
        remove_sidecars(path)?;
        new_file.move_into_place(path)?;
    }
    Ok(kept)
}

/// Gives the old database a second name.
fn keep(path: &Path) -> io::Result<PathBuf> {
    let mut free = (1..=u32::MAX).map(|number| sidecar_path(path, &format!(".before-restore-{number}")));
    let kept = free.find(|kept| !is_taken(kept)).ok_or(io::ErrorKind::AlreadyExists)?;
    let mut made = Vec::new();
    for ending in KEPT.into_iter().filter(|ending| exists(&sidecar_path(path, ending))) {
        let name = sidecar_path(&kept, ending);
        if let Err(error) = give_second_name(&sidecar_path(path, ending), &name) {
            for name in made {
                let _ = std::fs::remove_file(name); // a second name of what still has its first
            }
            return Err(error);
        }
        made.push(name);
    }
    sync_folder_of(path)?;
    Ok(kept)
}

fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

fn remove_sidecars(path: &Path) -> io::Result<()> {
    for sidecar in sidecars(path).filter(|one| exists(one)) {
        std::fs::remove_file(sidecar)?;
    }
    sync_folder_of(path)
}
