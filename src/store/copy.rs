//! Files made whole or not at all: built beside their place and linked to it at the end.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::location::sidecar_path;
use crate::platform::{self, make_private_folder, open_private, sync_folder_of};

/// A file that is being made, in a folder of its own beside the one that it will be: gone with all that SQLite makes for it
/// when this is dropped.
pub struct NewFile {
    folder: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Makes it, empty and for its owner alone: it will hold tokens and tickets. SQLite gives its sidecars the same mode.
    ///
    /// # Errors
    /// When nothing can be made there.
    pub fn of(target: &Path) -> io::Result<NewFile> {
        let folder = folder_of(target);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?; // left by a process of our number that was killed
        }
        make_private_folder(&folder)?;
        let new_file = NewFile { path: folder.join("draft.db"), folder };
        open_private().write(true).create_new(true).open(&new_file.path)?;
        Ok(new_file)
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
    pub fn move_into_place(self, target: &Path) -> io::Result<()> {
        self.sync()?;
        platform::move_into_place(&self.path, target)?;
        sync_folder_of(target)
    }

    /// Gives it the name of another file, which it replaces in one step.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) fn replace(self, target: &Path) -> io::Result<()> {
        self.sync()?;
        std::fs::rename(&self.path, target)?;
        sync_folder_of(target)
    }

    fn sync(&self) -> io::Result<()> {
        OpenOptions::new().write(true).open(&self.path)?.sync_all() // Windows syncs only what may be written
    }
}

/// The folder in which this process makes a file: beside the file, so that it can be linked to its place.
fn folder_of(target: &Path) -> PathBuf {
    sidecar_path(target, &format!(".new-{}", std::process::id()))
}

impl Drop for NewFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder); // what can't be removed is told by its name
    }
}

/// Copies what a connection sees at this moment into a draft, ready to be served: in WAL mode, without a WAL. Whoever writes
/// meanwhile is not held up.
///
/// # Errors
/// SQLite's; the disk may be full.
pub fn copy_into(connection: &Connection, new_file: &NewFile) -> rusqlite::Result<()> {
    connection.execute("VACUUM INTO ?1", [new_file.path().to_string_lossy()])?;
    let copy = Connection::open_with_flags(new_file.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    copy.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    copy.close().map_err(|(_, error)| error)
}
