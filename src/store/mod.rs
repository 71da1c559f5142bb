//! The file: one SQLite database in WAL mode with `synchronous=FULL`.
//!
//! Files: `location.rs` (real paths, sidecars), `copy.rs` (new files, atomically), `replace.rs` (atomic replacement),
//! `database_lock.rs` (a second server is kept out), `format.rs`, `read_only.rs`, `open.rs` (soundness, lock),
//! `migrations.rs` with `schema_diff.rs`. At run time: `readers.rs` (pool), `writer.rs` (group commit), `tx.rs`
//! (transaction and savepoints), `wal.rs` (checkpoints), `skipped_rows.rs` (rows that cannot be changed),
//! `integrity_scan.rs` (`quick_check`), `statements.rs` (running them, and their log), `columns.rs` (column types).

mod columns;
mod copy;
mod database_lock;
mod format;
mod integrity_scan;
mod location;
mod memory_copy;
mod migrations;
mod open;
mod read_only;
mod readers;
mod replace;
pub mod schema_diff;
mod skipped_rows;
mod statements;
mod tx;
mod wal;
mod writer;
mod writer_figures;

pub use columns::{Blob16, from_json, to_json};
pub(crate) use columns::{column_words, from_row, unknown_word};
pub use copy::{NewFile, backup_note, copy_into, note_backup};
pub use database_lock::DatabaseLock;
pub use integrity_scan::{IntegrityScan, is_of_other_rows};
pub use location::{OpenError, is_taken, must_be_free, resolve, resolve_existing};
pub use memory_copy::{MemoryCopy, bytes_of};
pub use open::{Opened, VenueRow, continue_ids, create, create_with, open};
pub use read_only::{ReadOnlyFile, has_wal, open_read_only};
pub use readers::{Reader, Readers, STATEMENTS_MAX};
pub use replace::replace;
pub use skipped_rows::SkippedRows;
pub use statements::{Statements, log_slow_statements};
pub use tx::{Tx, Undo, with_transaction};
pub use wal::{leave_checkpoints, wal_path};
pub use writer::{Bounds, CommitError, Completion, Job, Writer, WriterHooks};

use std::fmt;

use crate::refusal::Refusal;

/// Why a use case failed.
#[derive(Debug)]
pub enum Failure {
    /// A refusal by the rules.
    Refused(Refusal),
    /// SQLite failed. Its text goes to the log, never to a client.
    Broken(rusqlite::Error),
    /// No reading connection came free in time.
    Busy,
}

/// The result of a use case.
pub type Outcome<T> = Result<T, Failure>;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Broken(error)
    }
}

/// For the log.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(refusal) => write!(f, "refused with {}", refusal.code().word()),
            Failure::Broken(error) => error.fmt(f),
            Failure::Busy => f.write_str("no reading connection came free in time"),
        }
    }
}

impl Failure {
    /// The refusal that a client is told: SQLite's own words stay in the log.
    pub fn to_refusal(&self) -> Refusal {
        match self {
            Failure::Refused(refusal) => refusal.clone(),
            Failure::Busy => Refusal::Overloaded { retry_after_seconds: 1 },
            Failure::Broken(error) if is_full(error) => Refusal::StorageFull,
            Failure::Broken(error) if is_locked(error) => Refusal::Overloaded { retry_after_seconds: 2 },
            Failure::Broken(_) => Refusal::Internal,
        }
    }
}

/// Whether another program holds a lock on the file, for longer than SQLite waits for it.
fn is_locked(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
}

/// Whether a failure is of one row that breaks a rule of the schema or holds what cannot be read, and would fail again:
/// not of the disk, of a lock, or of the transaction itself.
fn is_of_the_row(failure: &Failure, connection: &rusqlite::Connection) -> bool {
    match failure {
        Failure::Refused(_) => !connection.is_autocommit(),
        Failure::Broken(rusqlite::Error::SqliteFailure(error, _)) => {
            error.code == rusqlite::ErrorCode::ConstraintViolation && !connection.is_autocommit()
        }
        Failure::Broken(_) => !connection.is_autocommit(),
        Failure::Busy => false,
    }
}

/// Whether SQLite found no room: a full disk, or a file system that gives no page for the shared memory of the WAL.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}
