//! Files made whole or not at all: built beside their place and linked to it at the end.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::open::companion;

/// What SQLite keeps of one database: the file and its companions.
const ENDINGS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A file that is being made, in a folder of its own beside the one that it will be: gone with all that SQLite makes for it
/// when this is dropped.
pub struct Draft {
    folder: PathBuf,
    path: PathBuf,
}

impl Draft {
    /// Makes it, empty and for its owner alone: it will hold tokens and tickets. SQLite gives its companions the same mode.
    ///
    /// # Errors
    /// When nothing can be made there.
    pub fn of(target: &Path) -> io::Result<Draft> {
        let folder = folder_of(target);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?; // left by a process of our number that was killed
        }
        DirBuilder::new().mode(0o700).create(&folder)?;
        let draft = Draft { path: folder.join("draft.db"), folder };
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft.path)?;
        Ok(draft)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What takes it away, whoever works on it meanwhile: without its folder no file of it can be made again.
    pub fn remover(target: &Path) -> impl Fn() + Send + use<> {
        let folder = folder_of(target);
        move || {
            while std::fs::remove_dir_all(&folder).is_err_and(|error| error.kind() == io::ErrorKind::DirectoryNotEmpty)
            {
            }
        }
    }

    /// Gives it its own name, on the disk for good.
    ///
    /// # Errors
    /// When there is a file of that name, or the disk fails.
    pub fn publish(self, target: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        std::fs::hard_link(&self.path, target)?;
        sync_folder(target)
    }
}

/// The folder in which this process makes a file: beside the file, so that it can be linked to its place.
fn folder_of(target: &Path) -> PathBuf {
    companion(target, &format!(".new-{}", std::process::id()))
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder); // what can't be removed is told by its name
    }
}

/// Copies what a connection sees at this moment into a draft, ready to be served: in WAL mode, without a WAL. Whoever writes
/// meanwhile is not held up.
///
/// # Errors
/// SQLite's; the disk may be full.
pub fn copy_into(connection: &Connection, draft: &Draft) -> rusqlite::Result<()> {
    connection.execute("VACUUM INTO ?1", [draft.path().to_string_lossy()])?;
    let copy = Connection::open_with_flags(draft.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    copy.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    copy.close().map_err(|(_, error)| error)
}

/// Whether there is a file of this name, or something that SQLite would take for a part of it.
pub fn is_taken(path: &Path) -> bool {
    ENDINGS.iter().any(|ending| std::fs::symlink_metadata(companion(path, ending)).is_ok())
}

/// Gives a file that nobody has open another name, with its companions: the first free of `FILE.before-restore-1`, `-2`, ….
///
/// # Errors
/// When a server has it, or it can't be renamed.
pub fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let lock = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None, // only a companion is left of it
        Err(error) => return Err(error),
    };
    if let Some(lock) = &lock {
        lock.try_lock().map_err(|_| io::Error::other("a boxoffice has it open; stop that one first"))?;
    }
    let aside = (1..=u32::MAX).map(|number| companion(path, &format!(".before-restore-{number}")));
    let aside = aside.into_iter().find(|aside| !is_taken(aside)).ok_or(io::ErrorKind::AlreadyExists)?;
    for ending in ENDINGS {
        match std::fs::rename(companion(path, ending), companion(&aside, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync_folder(path)?;
    Ok(aside)
}

/// The names in the folder of a file are on the disk afterwards.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
