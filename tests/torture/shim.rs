//! The shim (`shim.c`) around an unmodified program: what it changes in its files is written down,
//! calls fail when told so, the wall clock is moved.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The words that both sides see at once, in the order of `shim.c`.
#[derive(Debug, Clone, Copy)]
pub enum Word {
    /// Records in the trace so far.
    Position,
    /// Calls counted so far.
    Count,
    /// The call that fails; 0 for none.
    FailAt,
    /// Which calls count and fail: [`WRITES`], [`SYNCS`], [`READS`], [`NAMES`], [`CHECKPOINT_SYNCS`].
    FailKinds,
    /// Not 0: all after it fail as well.
    FailOn,
    /// Bytes that may still be written; negative for no limit.
    RoomBytes,
    /// By how much the wall clock is off.
    WallMs,
    /// How long each sync takes longer, in milliseconds.
    SyncMs,
    /// The error of every hard link; 0 for none.
    LinkError,
    /// Not 0: the call that fails kills the program in its place.
    Kills,
}

pub const WRITES: i64 = 1;
pub const SYNCS: i64 = 2;
pub const READS: i64 = 4;
/// Names: hard links, renames, removals.
pub const NAMES: i64 = 8;
/// Syncs of the database file itself: while a server runs, only checkpoints do them.
pub const CHECKPOINT_SYNCS: i64 = 16;
const WORDS: usize = 10;

pub struct Shim {
    folder: tempfile::TempDir,
    control: File,
}

impl Shim {
    /// Compiles it; a C compiler is there, for SQLite needs one.
    pub fn build() -> io::Result<Shim> {
        let folder = tempfile::tempdir()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/shim.c");
        let library = folder.path().join("shim.so");
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(library).arg(source).args(["-ldl", "-lpthread"]);
        let built = compiler.output()?;
        if !built.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&built.stderr).into_owned()));
        }
        let path = folder.path().join("control");
        std::fs::write(&path, [0; WORDS * 8])?;
        let control = OpenOptions::new().read(true).write(true).open(path)?;
        let shim = Shim { folder, control };
        shim.set(Word::RoomBytes, -1);
        Ok(shim)
    }

    /// Puts it around a program that works on this file.
    pub fn put_around(&self, command: &mut Command, database: &Path, traced: bool) {
        command
            .env("LD_PRELOAD", self.folder.path().join("shim.so"))
            .env("TORTURE_FILE", database)
            .env("TORTURE_CONTROL", self.folder.path().join("control"));
        if traced {
            command.env("TORTURE_TRACE", self.trace());
        }
    }

    pub fn trace(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    pub fn word(&self, word: Word) -> i64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, word as u64 * 8).unwrap();
        i64::from_le_bytes(bytes)
    }

    pub fn set(&self, word: Word, value: i64) {
        self.control.write_all_at(&value.to_le_bytes(), word as u64 * 8).unwrap();
    }
}
