//! Files and folders for their owner alone, and names that never replace another file.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Options that open a file which, when it is made, is for its owner alone.
/// On Windows the access list of the folder holds.
pub fn open_private() -> OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "only Unix has modes"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder for its owner alone.
///
/// # Errors
/// When it can't be made, or is there.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "only Unix has modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The path without links. On Windows without the prefix `\\?\`, which people and SQLite's URIs do not take.
///
/// # Errors
/// When there is nothing at the path, or it can't be followed.
pub fn real_path(path: &Path) -> io::Result<PathBuf> {
    let real = std::fs::canonicalize(path)?;
    #[cfg(windows)]
    if let Some(plain) = real.to_str().and_then(|text| text.strip_prefix(r"\\?\"))
        && plain.as_bytes().get(1) == Some(&b':')
    {
        return Ok(PathBuf::from(plain));
    }
    Ok(real)
}

/// Under how many names (hard links) the file is in its file system; 1 where the system does not say.
pub fn count_names(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    let count = std::os::unix::fs::MetadataExt::nlink(metadata);
    #[cfg(not(unix))]
    let count = u64::from(metadata.is_file() || metadata.is_dir()).max(1);
    count
}

/// Whether everybody on this machine may read the file; no where the system has no modes.
pub fn is_readable_by_all(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    let readable = std::os::unix::fs::MetadataExt::mode(metadata) & 0o004 != 0;
    #[cfg(not(unix))]
    let readable = !metadata.is_file();
    readable
}

/// Whether the user of this process owns it; on Windows the folders that are asked about are the user's own.
pub fn is_own(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    let own = std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    let own = metadata.is_file() || metadata.is_dir();
    own
}

/// Gives a file the owner and the group of another one: what root makes in the place of a user's file is to be that
/// user's. Only root may; for anybody else nothing changes.
pub fn give_to_owner(file: &File, of: &Path) {
    #[cfg(unix)]
    if let (Ok(made), Ok(of)) = (file.metadata(), std::fs::metadata(of)) {
        use std::os::unix::fs::{MetadataExt, fchown};
        if made.uid() != of.uid() {
            let _ = fchown(file, Some(of.uid()), Some(of.gid())); // only root may
        }
    }
    #[cfg(not(unix))]
    let _ = (file, of);
}

/// Reads a file of bounded length. The bound is on what is read: a pipe or a device has no length, and may never end.
///
/// # Errors
/// Those of the disk; one that says how many bytes are read at most.
pub fn read_at_most(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("has more than {bytes_max} bytes, and no more are read")));
    }
    Ok(bytes)
}

/// The folder for temporary files. An empty `TMPDIR` counts as not given.
pub fn temporary_folder() -> PathBuf {
    let folder = std::env::temp_dir();
    if folder.as_os_str().is_empty() { PathBuf::from("/tmp") } else { folder }
}

/// Syncs the folder of a file, so that the names in it survive a power cut.
/// Windows has no such call; NTFS journals names.
///
/// # Errors
/// The disk's.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
}

/// Gives a finished file its own name. A file of that name is never replaced, also not one that appears meanwhile.
/// Neither hard links (exFAT, SMB and FUSE have none) nor a rename that replaces nothing (NFS has none) is needed.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is a file of that name; those of the disk.
pub fn move_into_place(from: &Path, to: &Path) -> io::Result<()> {
    for way in [std::fs::hard_link::<&Path, &Path>, rename_to_free] {
        match way(from, to) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {} // which error a file system gives for what it does not know is not the same everywhere
        }
    }
    reserve_and_rename(from, to)
}

/// Renames unless there is a file of the new name.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_to_free(_from: &Path, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Makes an empty file of the new name, which fails where there is one, and renames over it. Who ends in between
/// leaves the empty file, which is refused as such.
fn reserve_and_rename(from: &Path, to: &Path) -> io::Result<()> {
    open_private().write(true).create_new(true).open(to)?;
    std::fs::rename(from, to).inspect_err(|_| {
        let _ = std::fs::remove_file(to); // empty, and ours
    })
}

/// Gives a file a second name, or where there are no hard links makes a
/// copy of it under that name, on the disk for good.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is a file of that name; those of the disk, which then has no half copy.
pub fn give_second_name(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::hard_link(from, to) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {}
        done => return done,
    }
    let mut copy = open_private().write(true).create_new(true).open(to)?;
    give_to_owner(&copy, from);
    let copied = File::open(from).and_then(|mut file| io::copy(&mut file, &mut copy)).and_then(|_| copy.sync_all());
    copied.inspect_err(|_| {
        let _ = std::fs::remove_file(to); // half a copy
    })
}

/// Whether a file is for its owner alone, for tests; on Windows its folder says so.
#[cfg(test)]
pub fn is_private(path: &Path) -> bool {
    #[cfg(unix)]
    let private = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(path).unwrap()) & 0o777 == 0o600;
    #[cfg(not(unix))]
    let private = path.exists();
    private
}

/// A link to a file, for tests.
#[cfg(test)]
pub fn symlink_file(to: &Path, at: &Path) -> io::Result<()> {
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(to, at);
    #[cfg(windows)]
    let made = std::os::windows::fs::symlink_file(to, at);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where neither hard links nor a rename that replaces nothing are known.
    #[test]
    fn rename_over_a_reservation_moves_a_file_and_never_replaces_one() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("new"), "new").unwrap();
        reserve_and_rename(&at("new"), &at("free")).unwrap();
        assert_eq!(std::fs::read(at("free")).unwrap(), b"new");
        std::fs::write(at("new"), "newer").unwrap();
        for way in [reserve_and_rename, rename_to_free, move_into_place] {
            assert_eq!(way(&at("new"), &at("free")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(std::fs::read(at("free")).unwrap(), b"new");
        }
        let error = reserve_and_rename(&at("missing"), &at("other")).unwrap_err();
        assert_eq!((error.kind(), at("other").exists()), (io::ErrorKind::NotFound, false), "no reservation is left");
    }
}
