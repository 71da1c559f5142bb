//! Files made whole or not at all: built beside their place and linked to it at the end.

use std::ffi::OsStr;
use std::fs::{DirEntry, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::location::sidecar_path;
use crate::platform::{self, FileLock, LockError, give_to_owner, make_private_folder, open_private, sync_folder_of};

/// What is added to the name of a file, with the number of the process that makes it.
const FOLDER: &str = ".new-";
/// The name of the file while it is being made, and the beginning of all names beside it.
const DRAFT: &str = "draft.db";
/// Tries to make a folder that whoever sweeps at this moment may take for a leftover.
const TRIES: usize = 8;

/// The file beside a database whose time is that of its newest backup. Whoever copies a database by other means
/// touches it too.
pub fn backup_note(database: &Path) -> PathBuf {
    sidecar_path(database, "-backed-up")
}

/// Notes that a backup was made.
///
/// # Errors
/// The disk's, or of a folder that can't be written.
pub fn note_backup(database: &Path) -> io::Result<()> {
    let mut note = open_private().write(true).create(true).truncate(true).open(backup_note(database))?;
    give_to_owner(&note, database);
    note.write_all(b"The time of this file is that of the newest backup.\n")
}

/// A file that is being made, in a folder of its own beside the one that it will be: gone with all that SQLite makes
/// for it when this is dropped. A lock in the folder tells others that its process lives.
pub struct NewFile {
    folder: PathBuf,
    path: PathBuf,
    lock: Option<FileLock>,
}

impl NewFile {
    /// Makes it, empty and for its owner alone: it will hold tokens and tickets. SQLite gives its sidecars the same
    /// mode. Drafts of the same file that killed processes left are removed.
    ///
    /// # Errors
    /// When nothing can be made there.
    pub fn of(target: &Path) -> io::Result<NewFile> {
        let mut made = Err(io::ErrorKind::ResourceBusy.into());
        for _ in 0..TRIES {
            sweep(target);
            made = NewFile::begin(folder_of(target));
            if made.is_ok() {
                break;
            }
        }
        made
    }

    fn begin(folder: PathBuf) -> io::Result<NewFile> {
        make_private_folder(&folder)?;
        let path = folder.join(DRAFT);
        let lock = match FileLock::exclusive(&path) {
            Ok(lock) => Some(lock),
            Err(LockError::Failed(error)) if error.kind() != io::ErrorKind::NotFound => None, // no locks on this disk
            Err(_) => return Err(io::ErrorKind::ResourceBusy.into()),                         // it is being swept
        };
        let new_file = NewFile { folder, path, lock };
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

    /// Gives it the name of another file, which it replaces in one step, and that file's owner.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) fn replace(self, target: &Path) -> io::Result<()> {
        give_to_owner(&self.open()?, target);
        self.sync()?;
        std::fs::rename(&self.path, target)?;
        sync_folder_of(target)
    }

    fn sync(&self) -> io::Result<()> {
        self.open()?.sync_all()
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().write(true).open(&self.path) // Windows syncs only what may be written
    }
}

/// The folder in which this process makes a file: beside the file, so that it can be linked to its place.
fn folder_of(target: &Path) -> PathBuf {
    sidecar_path(target, &format!("{FOLDER}{}", std::process::id()))
}

/// Removes the drafts of a file whose processes were killed: a whole copy of the venue would stay for ever. A
/// folder with anything else in it is somebody's.
fn sweep(target: &Path) {
    let prefix = sidecar_path(target, FOLDER);
    let Some(prefix) = prefix.file_name().and_then(OsStr::to_str) else { return };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(prefix)).unwrap_or_default();
        let is_draft = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_draft || !entry.file_type().is_ok_and(|kind| kind.is_dir()) || !has_only_a_draft(&entry.path()) {
            continue;
        }
        if let Ok(_lock) = FileLock::exclusive(&entry.path().join(DRAFT)) {
            let _ = std::fs::remove_dir_all(entry.path()); // what can't be removed is told by its name
        }
    }
}

fn has_only_a_draft(folder: &Path) -> bool {
    let is_ours = |entry: io::Result<DirEntry>| {
        entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(DRAFT)))
    };
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.all(is_ours))
}

impl Drop for NewFile {
    fn drop(&mut self) {
        self.lock = None;
        let _ = std::fs::remove_dir_all(&self.folder); // what can't be removed is told by its name
    }
}

/// Copies what a connection sees at this moment into a draft, ready to be served: in WAL mode, without
/// a WAL. Whoever writes meanwhile is not held up.
///
/// # Errors
/// SQLite's; the disk may be full.
pub fn copy_into(connection: &Connection, new_file: &NewFile) -> rusqlite::Result<()> {
    connection.execute("VACUUM INTO ?1", [new_file.path().to_string_lossy()])?;
    let copy = Connection::open_with_flags(new_file.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    copy.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    copy.close().map_err(|(_, error)| error)
}
