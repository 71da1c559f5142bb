//! All that differs between operating systems. No other room asks on which system it runs; `tests/tidy.rs` holds that.
//!
//! * [`time_since_boot`]. **Linux**: `CLOCK_BOOTTIME`. **macOS**: `CLOCK_MONOTONIC`, which is there the time since
//!   boot. **Windows**: `QueryPerformanceCounter` (`Instant`). Why: it must count a laptop's sleep and must not step.
//! * [`InnerSocket`]. **Linux**: a Unix socket without a name. **macOS**: TCP on the loopback address, through a port
//!   that is open only while the server starts. **Windows**: the same as macOS. Why: only Linux reaches a socket whose
//!   name is gone (`/proc/self/fd`); who else connects lacks the secret (`http/server/upstream/protocol.rs`).
//! * [`SHORT_READ_IS_ALL`]. **Linux**: yes. **macOS**: yes. **Windows**: no. Why: mio watches a socket of Windows
//!   again only after a read that found nothing.
//! * [`open_private`], [`make_private_folder`]. **Linux**: modes 0600 and 0700. **macOS**: the same. **Windows**: the
//!   access list of the folder is inherited. Why: Windows has no modes; below a user's own folder the list names that
//!   user, administrators and the system.
//! * [`FileLock`]. **Linux**: `flock` on `FILE-lock`, removed by the last. **macOS**: the same. **Windows**:
//!   `LockFileEx` on `FILE-lock`, which stays. Why: a lock on the database itself would shut SQLite out on macOS and
//!   Windows, and closing any descriptor of it drops SQLite's locks.
//! * [`sync_folder_of`]. **Linux**: `fsync`. **macOS**: `F_FULLFSYNC`. **Windows**: nothing. Why: Windows can't sync a
//!   folder; NTFS journals names.
//! * syncing a file. **Linux**: `fsync`. **macOS**: `F_FULLFSYNC` (SQLite: `fullfsync`). **Windows**:
//!   `FlushFileBuffers`, opened for writing. Why: `fsync` of macOS stops at the disk's cache; Windows syncs only what
//!   may be written.
//! * [`move_into_place`]. **Linux**: hard link, else `RENAME_NOREPLACE`, else a reservation. **macOS**: the same
//!   (`RENAME_EXCL`). **Windows**: hard link, else a reservation. Why: no file may be replaced by chance.
//! * a rename over a file (`std::fs::rename`). **Linux**: atomic, also while it is open. **macOS**: the same.
//!   **Windows**: atomic; refused while a program has it open that does not share it. Why: commands hold the lock of
//!   both files meanwhile.
//! * [`give_to_owner`], [`is_own`], [`is_readable_by_all`], [`count_names`]. **Linux**: owner, mode, inode. **macOS**:
//!   the same. **Windows**: no answer: what is asked about is the user's own. Why: access lists have no single owner
//!   that counts.
//! * [`EndSignals`]. **Linux**: SIGTERM, SIGINT, SIGQUIT, SIGHUP (which may reload instead). **macOS**: the same.
//!   **Windows**: Ctrl-C and Ctrl-Break. Why: a closed console or a stopped service ends a program of Windows at once;
//!   what was answered is on disk.
//! * [`Supervisor`]. **Linux**: datagrams to `NOTIFY_SOCKET`, also to an abstract name. **macOS**: to a path.
//!   **Windows**: nobody. Why: systemd and its kin ask for them; launchd and the services of Windows do not.
//! * [`raise_descriptor_limit`]. **Linux**: to the hard limit. **macOS**: to 10,240 (`OPEN_MAX`). **Windows**: counts
//!   as 65,536. Why: macOS begins with 256 and refuses "unlimited"; Windows has no limit.
//! * [`spare_descriptor`]. **Linux**: `/dev/null`. **macOS**: the same. **Windows**: none. Why: without a limit
//!   nothing runs out.
//! * [`ProcessFigures`]. **Linux**: all, by `/proc`. **macOS**: processor time and descriptors. **Windows**: none. Why:
//!   the others tell memory and the start only to what is not safe to call.
//! * [`reuse_address`]. **Linux**: yes. **macOS**: yes. **Windows**: no. Why: on Windows it would let a second program
//!   take the same port.
//! * [`end_when_unconfirmed`]. **Linux**: `TCP_USER_TIMEOUT`. **macOS**: after nine minutes. **Windows**: after 20
//!   seconds or so. Why: the others have it by a number that is not safe to set, or decide it for the whole machine.
//! * [`is_listener_lost`]. **Linux**: `EINVAL`, `EBADF` …. **macOS**: the same. **Windows**: the `WSA` numbers of the
//!   same. Why: errors of `accept` that waiting does not cure.
//! * [`prepare_console`]. **Linux**: nothing. **macOS**: nothing. **Windows**: turns escape sequences on. Why: older
//!   consoles show them raw; text is UTF-16 there whatever the code page (949 in Korea), so Hangul is right.
//! * [`real_path`]. **Linux**: as it is. **macOS**: as it is. **Windows**: without `\\?\`. Why: people and SQLite's
//!   `file:` addresses do not take that prefix; a drive letter (`file:C:\…`) they do.
//! * [`machine_name`]. **Linux**: `uname`. **macOS**: the same. **Windows**: `COMPUTERNAME`. Why: `uname` is of Unix.
//! * [`shell`]. **Linux**: that of Unix. **macOS**: the same. **Windows**: PowerShell, unless Git Bash started the
//!   program. Why: what the demo prints is to be pasted.
//! * [`is_in_container`]. **Linux**: by a file or a variable of the engine. **macOS**: no. **Windows**: no. Why: the
//!   program's addresses are not those by which people reach it there.
//!
//! What SQLite can't be told is refused on all systems: a path that is not UTF-8 (`store/location.rs`).

mod boot_clock;
mod descriptors;
mod environment;
mod files;
mod inner_socket;
mod lock;
mod network;
mod process;
mod signals;
mod supervisor;

pub use boot_clock::time_since_boot;
pub use descriptors::{raise_descriptor_limit, spare_descriptor};
pub use environment::{Shell, is_in_container, machine_name, prepare_console, shell};
pub use files::{
    count_names, give_second_name, give_to_owner, is_own, is_readable_by_all, make_private_folder, move_into_place,
    open_private, read_at_most, real_path, sync_folder_of, temporary_folder,
};
#[cfg(test)]
pub use files::{is_private, symlink_file};
#[cfg(test)]
pub use inner_socket::InnerPeer;
pub use inner_socket::{InnerListener, InnerSocket, InnerStream};
pub use lock::{FileLock, LockError, is_locked, lock_path};
pub use network::{SHORT_READ_IS_ALL, end_when_unconfirmed, is_listener_lost, reuse_address};
pub use process::{ProcessFigures, memory_peak_bytes, thread_cpu};
pub use signals::{EndSignals, Signal};
pub use supervisor::Supervisor;
