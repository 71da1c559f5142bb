//! Where a database lies: its real path, and the names beside it that SQLite takes for parts of it.
//!
//! SQLite finds a write-ahead log by the name of its file. Whoever reached a file by a link and looked beside the link
//! would miss what stands in the log, so a command resolves the path once, before anything else.

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use crate::platform;

/// What SQLite keeps beside a database.
pub(super) const SIDECARS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// Links that are followed to a file that is not there yet.
const LINKS_MAX: usize = 40;
/// No SQLite file is shorter: one page of the smallest size.
const BYTES_MIN: u64 = 512;

/// Why a file was not opened, in a sentence with its remedy.
#[derive(Debug)]
pub struct OpenError(pub String);

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenError {}

/// What is kept beside a file, by its ending: `-wal`, `-shm`, or the file itself.
pub(super) fn sidecar_path(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The real path of a file that may be made: the links are followed, also a last one to a file that is not there yet.
///
/// # Errors
/// When its folder is not there, or the path can't be followed.
pub fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    let failed = |error: io::Error| say(path, &format!("this path can't be followed ({error}); choose another."));
    let mut at = path.to_owned();
    for _ in 0..LINKS_MAX {
        match platform::real_path(&at) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found.map_err(failed).and_then(must_be_utf8),
        }
        let Some(name) = at.file_name() else { return Err(say(path, "this names no file; choose another name.")) };
        let folder = at.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = match platform::real_path(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let why = "there is no such folder, so no file can be made here; make it or choose another name.";
                return Err(say(folder, why));
            }
            found => found.map_err(failed)?,
        };
        let there = folder.join(name);
        match std::fs::read_link(&there) {
            Ok(target) => at = folder.join(target),
            Err(_) => return must_be_utf8(there),
        }
    }
    Err(say(path, "this path has too many links; choose another."))
}

/// The real path of a file that must be there.
///
/// # Errors
/// When it is not there, or the path can't be followed.
pub fn resolve_existing(path: &Path) -> Result<PathBuf, OpenError> {
    let real = platform::real_path(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => say(path, "there is no such file; check its name."),
        _ => say(path, &format!("this path can't be followed ({error}); check its folders and their owner.")),
    });
    real.and_then(must_be_utf8)
}

/// SQLite takes names in UTF-8 alone: with another one, a part of the commands would find another file.
fn must_be_utf8(path: PathBuf) -> Result<PathBuf, OpenError> {
    match path.to_str() {
        Some(_) => Ok(path),
        None => Err(say(&path, "this name is not UTF-8; choose another name or folder.")),
    }
}

/// Refuses a name at which a new file would take the place of another, or would be taken for a part of one.
///
/// # Errors
/// A sentence with its remedy.
pub fn must_be_free(path: &Path) -> Result<(), OpenError> {
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(say(path, "there is a file already; choose another name."));
    }
    must_have_no_sidecar(path)?;
    if platform::is_locked(path) {
        return Err(say(path, "a boxoffice still has a removed file of this name open; stop that one first."));
    }
    Ok(())
}

/// The part of [`must_be_free`] that holds also for whoever has locked the name.
pub(super) fn must_have_no_sidecar(path: &Path) -> Result<(), OpenError> {
    if let Some(left) = sidecars(path).find(|sidecar| std::fs::symlink_metadata(sidecar).is_ok()) {
        return Err(say(
            &left,
            &format!(
                "there is a file already that belongs to another database than the new {}, which would be mixed up with it; \
                 put that database back beside it, or move it away.",
                path.display()
            ),
        ));
    }
    let text = path.to_string_lossy();
    let base = SIDECARS.iter().chain(&["-lock"]).find_map(|ending| text.strip_suffix(ending));
    match base.filter(|base| Path::new(base).is_file()) {
        Some(base) => Err(say(path, &format!("this is the name of a part of {base}; choose another name."))),
        None => Ok(()),
    }
}

/// The names of what SQLite keeps beside a database.
pub(super) fn sidecars(path: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    SIDECARS.map(|ending| sidecar_path(path, ending)).into_iter()
}

/// Whether there is a file of this name, or something that SQLite would take for a part of it.
pub fn is_taken(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok() || sidecars(path).any(|one| std::fs::symlink_metadata(one).is_ok())
}

/// What can be said against a file without opening it: a descriptor of it would, when it is closed, drop the locks that
/// SQLite may have on it in this process.
pub(super) fn look_at_outside(path: &Path, found: &Metadata) -> Result<(), OpenError> {
    if !found.is_file() {
        return Err(say(path, "this is not a file; name the file of a venue.")); // opening a pipe could wait for ever
    }
    if found.len() == 0 {
        return Err(say(path, "this file is empty; remove it to begin a new one, or restore a backup."));
    }
    if found.len() < BYTES_MIN {
        let why = "this is not a SQLite file, or it is cut short; restore a backup or choose another --database.";
        return Err(say(path, why));
    }
    if platform::count_names(found) > 1 {
        log::warn!(
            "the database has a second name (a hard link); what a server that opened it by that name has not written back is \
             not seen under this one. Keep one name, and use symbolic links for others: {}",
            path.display()
        );
    }
    Ok(())
}

pub(super) fn say(path: &Path, sentence: &str) -> OpenError {
    OpenError(format!("{}: {sentence}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symlink_to_a_file_a_missing_file_or_a_folder_leads_to_the_real_path() {
        let dir = tempfile::tempdir().unwrap();
        let dir = std::fs::canonicalize(dir.path()).unwrap();
        let at = |name: &str| dir.join(name);
        std::fs::create_dir(at("real")).unwrap();
        std::fs::write(at("real/venue.db"), "x").unwrap();
        let symlink = |to: &str, at: PathBuf| platform::symlink_file(Path::new(to), &at);
        symlink("real/venue.db", at("link")).unwrap();
        symlink("real", at("folder")).unwrap();
        symlink("folder/new.db", at("dangling")).unwrap();
        symlink("dangling", at("twice")).unwrap();
        symlink("loop", at("loop")).unwrap();
        symlink("none/new.db", at("nowhere")).unwrap();
        for name in ["link", "folder/venue.db", "real/../folder/./venue.db"] {
            assert_eq!(resolve(&at(name)).unwrap(), at("real/venue.db"), "{name}");
            assert_eq!(resolve_existing(&at(name)).unwrap(), at("real/venue.db"), "{name}");
        }
        for name in ["dangling", "twice", "folder/new.db", "real/new.db"] {
            assert_eq!(resolve(&at(name)).unwrap(), at("real/new.db"), "{name}");
            assert!(resolve_existing(&at(name)).unwrap_err().0.contains("no such file"), "{name}");
        }
        for (name, word) in [("loop", "can't be followed"), ("nowhere", "no such folder"), ("..", "")] {
            assert!(resolve(&at(name)).map_or_else(|error| error.0.contains(word), |_| name == ".."), "{name}");
        }
    }

    #[test]
    fn sidecar_of_another_database_keeps_a_new_one_from_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for ending in SIDECARS {
            let (path, sidecar) = (at("new.db"), sidecar_path(&at("new.db"), ending));
            must_be_free(&path).unwrap();
            std::fs::write(&sidecar, "").unwrap();
            let told = must_be_free(&path).unwrap_err().0;
            assert!(told.starts_with(&sidecar.display().to_string()), "{told}");
            std::fs::remove_file(&sidecar).unwrap();
        }
        std::fs::write(at("other.db"), "x").unwrap();
        for ending in ["-wal", "-shm", "-journal", "-lock"] {
            let told = must_be_free(&sidecar_path(&at("other.db"), ending)).unwrap_err().0;
            assert!(told.contains("a part of"), "{told}");
        }
        let _lock = platform::FileLock::exclusive(&at("new.db")).unwrap();
        assert!(must_be_free(&at("new.db")).unwrap_err().0.contains("removed file"));
    }
}
