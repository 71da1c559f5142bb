//! A lock file beside another file: whoever holds the lock has that file for itself, or shares it with other readers.
//!
//! The lock is never on the file itself. Closing any descriptor of a file drops all POSIX locks that
//! the process has on it, also those of SQLite; on macOS a lock of `flock` shuts out SQLite's own;
//! on Windows a lock shuts out every other handle.
//!
//! On Unix the last holder takes the name of the lock file away. A lock counts only while the
//! file that is locked is still the one of that name.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::files::{give_to_owner, open_private};

/// Tries before a lock counts as taken: a reader that ends holds its lock alone
/// for the moment in which it takes the name away.
const TRIES: usize = 100;

/// The locks of this process.
static HELD: Mutex<Vec<Weak<Held>>> = Mutex::new(Vec::new());

/// Why there is no lock.
#[derive(Debug)]
pub enum LockError {
    /// Somebody else holds it.
    Taken,
    /// The lock file can't be made or locked.
    Failed(io::Error),
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct FileLock(Arc<Held>);

#[derive(Debug)]
struct Held {
    file: File,
    path: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exclusive,
    Shared,
}

/// The name of the lock file of a file: `FILE-lock`.
pub fn lock_path(of: &Path) -> PathBuf {
    let mut name = of.as_os_str().to_owned();
    name.push("-lock");
    PathBuf::from(name)
}

/// Whether somebody has a file, which may be gone, for itself or reads it. No lock file is made.
pub fn is_locked(of: &Path) -> bool {
    File::open(lock_path(of)).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

impl FileLock {
    /// Locks a file against everybody else.
    ///
    /// # Errors
    /// When somebody has it, or no lock file can be made.
    pub fn exclusive(of: &Path) -> Result<FileLock, LockError> {
        FileLock::take(of, Kind::Exclusive)
    }

    /// Locks a file against whoever wants it alone.
    ///
    /// # Errors
    /// When somebody has it alone, or no lock file can be made.
    pub fn shared(of: &Path) -> Result<FileLock, LockError> {
        FileLock::take(of, Kind::Shared)
    }

    fn of(held: Held) -> FileLock {
        let lock = FileLock(Arc::new(held));
        let mut all = HELD.lock();
        all.retain(|held| held.strong_count() > 0);
        all.push(Arc::downgrade(&lock.0));
        lock
    }

    fn take(of: &Path, kind: Kind) -> Result<FileLock, LockError> {
        let path = lock_path(of);
        for _ in 0..TRIES {
            let file = open(&path, of, kind).map_err(LockError::Failed)?;
            let locked = if kind == Kind::Exclusive { file.try_lock() } else { file.try_lock_shared() };
            match locked {
                Ok(()) if is_name_of(&path, &file) => return Ok(FileLock::of(Held { file, path })),
                Ok(()) => {} // its last holder took the name away meanwhile
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
                Err(TryLockError::Error(error)) => return Err(LockError::Failed(error)),
            }
        }
        Err(LockError::Taken)
    }

    /// Takes the names of all lock files of this process away, just before it ends without dropping anything.
    pub fn remove_all_names() {
        let held = std::mem::take(&mut *HELD.lock());
        held.iter().filter_map(Weak::upgrade).for_each(|held| held.remove_name());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.remove_name();
    }
}

impl Held {
    fn remove_name(&self) {
        // Windows keeps a name until the last handle is closed, so there the file stays.
        if cfg!(unix) && self.file.try_lock().is_ok() && is_name_of(&self.path, &self.file) {
            let _ = std::fs::remove_file(&self.path); // an empty file that stays does no harm
        }
    }
}

fn open(path: &Path, of: &Path, kind: Kind) -> io::Result<File> {
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other(format!("{} is not a file", path.display())));
    }
    let opened = open_private().read(true).write(true).create(true).truncate(false).open(path);
    match opened {
        Ok(file) => {
            give_to_owner(&file, of); // a lock file that root made must not keep out the user whose file it is
            Ok(file)
        }
        Err(error) if kind == Kind::Shared => File::open(path).map_err(|_| error),
        Err(error) => Err(error),
    }
}

fn is_name_of(path: &Path, file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity = |found: &std::fs::Metadata| (found.dev(), found.ino());
        let (named, locked) = (std::fs::metadata(path), file.metadata());
        named.is_ok_and(|named| locked.is_ok_and(|locked| identity(&named) == identity(&locked)))
    }
    #[cfg(not(unix))]
    {
        let _ = (path, file);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_file_is_exclusive_shared_among_readers_and_gone_after_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("venue.db");
        let names = || std::fs::read_dir(dir.path()).unwrap().count();
        let alone = FileLock::exclusive(&file).unwrap();
        assert!(matches!(FileLock::exclusive(&file), Err(LockError::Taken)));
        assert!(matches!(FileLock::shared(&file), Err(LockError::Taken)));
        assert!(is_locked(&file));
        drop(alone);
        assert_eq!((is_locked(&file), names()), (false, 0));
        let readers = [FileLock::shared(&file).unwrap(), FileLock::shared(&file).unwrap()];
        assert!(matches!(FileLock::exclusive(&file), Err(LockError::Taken)));
        let [first, last] = readers;
        drop(first);
        assert!(matches!(FileLock::exclusive(&file), Err(LockError::Taken)), "one reader is left");
        drop(last);
        assert_eq!(names(), 0);
        drop(FileLock::exclusive(&file).unwrap());
    }

    /// A lock on a file whose name was taken away would let two in, each with a lock on a file of its own.
    #[test]
    fn lock_file_that_comes_and_goes_never_lets_two_in() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("venue.db");
        let (inside, entered) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::AtomicUsize::new(0));
        let order = std::sync::atomic::Ordering::SeqCst;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        if let Ok(_lock) = FileLock::exclusive(&file) {
                            assert_eq!(inside.fetch_add(1, order), 0, "two are in");
                            entered.fetch_add(1, order);
                            inside.fetch_sub(1, order);
                        }
                    }
                });
            }
        });
        assert!(entered.load(order) > 100, "hardly anybody was let in");
    }
}
