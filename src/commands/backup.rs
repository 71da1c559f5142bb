//! `boxoffice backup` and `boxoffice restore`: sound copies of a venue's file, and back.

use std::path::{Path, PathBuf};

use clap::Args;
use rusqlite::ErrorCode;

use super::end_by_signal;
use crate::check;
use crate::store::{self, Draft, OpenError};

/// What `backup` takes.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The copy to make; there must be no file of that name.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file of the venue, which may be served meanwhile.
    #[arg(long, env = "BOXOFFICE_DATABASE", default_value = "boxoffice.db", value_name = "FILE")]
    database: PathBuf,
}

impl Backup {
    pub(super) fn run(self) -> Result<(), OpenError> {
        if store::is_taken(&self.file) {
            return Err(say(&self.file, "there is a file already; choose another name."));
        }
        sound_copy(&self.database, &self.file)?
            .publish(&self.file)
            .map_err(|error| say(&self.file, &format!("it could not be made: {error}.")))?;
        println!("{}: a copy of {}, and everything in it adds up", self.file.display(), self.database.display());
        Ok(())
    }
}

/// What `restore` takes.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup.
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// The file of the venue that it becomes.
    #[arg(long, env = "BOXOFFICE_DATABASE", default_value = "boxoffice.db", value_name = "FILE")]
    database: PathBuf,
    /// Where there is a file already, keep it beside under the name FILE.before-restore-1, or the next free number.
    #[arg(long)]
    replace: bool,
}

impl Restore {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let taken = store::is_taken(&self.database);
        if taken && !self.replace {
            return Err(say(&self.database, "there is a file already; with --replace it is kept under another name."));
        }
        let copy = sound_copy(&self.backup, &self.database)?;
        let failed = |error| say(&self.database, &format!("it could not be replaced: {error}."));
        if taken {
            let aside = store::put_aside(&self.database).map_err(failed)?;
            println!("{}: what was there before", aside.display());
        }
        copy.publish(&self.database).map_err(failed)?;
        println!("{}: as {}, and everything in it adds up", self.database.display(), self.backup.display());
        Ok(())
    }
}

/// A draft of `target` with all that is in `source` at this moment, checked after it was written. Whoever stops it leaves no
/// half file behind.
fn sound_copy(source: &Path, target: &Path) -> Result<Draft, OpenError> {
    let looked = store::look(source)?;
    end_by_signal(Draft::remover(target))?;
    let draft = Draft::of(target).map_err(|error| say(target, &format!("no file can be made here: {error}.")))?;
    store::copy_into(&looked.connection, &draft).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => {
            say(source, &format!("this file is damaged ({error}). Nothing was copied."))
        }
        _ => say(target, &format!("it could not be written: {error}.")),
    })?;
    match check::check(draft.path())?.as_slice() {
        [] => Ok(draft),
        [first, more @ ..] => Err(say(
            source,
            &format!(
                "the books of this file do not add up: {first}; and {} more faults. Nothing was copied.",
                more.len()
            ),
        )),
    }
}

fn say(path: &Path, sentence: &str) -> OpenError {
    OpenError(format!("{}: {sentence}", path.display()))
}
