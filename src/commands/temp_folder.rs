//! Folders for files that are gone afterwards: each with a lock beside it that ends with the process, by
//! which a later one knows what a killed one left.

use std::path::{Path, PathBuf};

use crate::ids::system_key;
use crate::platform::{self, FileLock};
use crate::store::OpenError;

const PREFIX: &str = "boxoffice-";
const LOCK_ENDING: &str = "-lock";

/// A folder for a file that is gone afterwards.
pub(super) struct TempVenue {
    folder: PathBuf,
    /// Held as long as the folder is in use; let go after it is removed.
    _lock: FileLock,
}

impl TempVenue {
    pub fn make() -> Result<TempVenue, OpenError> {
        let failed = |error: std::io::Error| {
            OpenError(format!(
                "{}: no folder can be made here ({error}); set TMPDIR to a folder with room.",
                platform::temporary_folder().display()
            ))
        };
        let temporary = platform::real_path(&platform::temporary_folder()).map_err(failed)?;
        sweep(&temporary);
        let folder = temporary.join(format!("{PREFIX}{}", system_key()));
        let lock = FileLock::exclusive(&folder).map_err(|error| match error {
            platform::LockError::Failed(error) => failed(error),
            platform::LockError::Taken => failed(std::io::ErrorKind::ResourceBusy.into()),
        })?;
        platform::make_private_folder(&folder).map_err(failed)?;
        Ok(TempVenue { folder, _lock: lock })
    }

    pub fn database(&self) -> PathBuf {
        self.folder.join("boxoffice.db")
    }
}

impl Drop for TempVenue {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            log::warn!(
                "a temporary folder could not be removed; remove it by hand: {}: {error}",
                self.folder.display()
            );
        }
    }
}

/// Removes the folders whose processes were killed: those of this user whose lock nobody holds.
fn sweep(temporary: &Path) {
    for entry in std::fs::read_dir(temporary).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let folder = name.to_str().and_then(|name| name.strip_suffix(LOCK_ENDING));
        let Some(folder) = folder.filter(|folder| is_scratch(folder)) else { continue };
        let is_ours = entry.metadata().is_ok_and(|lock| lock.is_file() && platform::is_own(&lock));
        let folder = temporary.join(folder);
        let left = if is_ours { FileLock::exclusive(&folder).ok() } else { None };
        if left.is_some()
            && let Err(error) = std::fs::remove_dir_all(&folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            log::warn!(
                "the temporary folder of a killed boxoffice could not be removed; remove it by hand: {}: {error}",
                folder.display()
            );
        }
    }
}

/// Whether it is a name that this program gives; `boxoffice-2099` is somebody's own venue.
fn is_scratch(folder: &str) -> bool {
    folder.strip_prefix(PREFIX).is_some_and(|key| key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
