//! All that differs between operating systems: files for their owner alone, names, locks and
//! signals. No other room asks on which system it runs.

mod files;
mod lock;
mod signals;

pub use files::{
    count_names, give_second_name, give_to_owner, is_own, make_private_folder, move_into_place, open_private,
    real_path, sync_folder_of, temporary_folder,
};
pub use lock::{FileLock, LockError, is_locked, lock_path};
pub use signals::EndSignals;
