//! `boxoffice backup` and `boxoffice restore`: sound copies of a venue's file, and back.

use std::path::{Path, PathBuf};

use clap::Args;
use rusqlite::ErrorCode;

use super::{end_by_signal, output};
use crate::check;
use crate::store::{self, NewFile, OpenError};

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
        let database = store::resolve_existing(&self.database)?;
        let file = store::resolve(&self.file)?;
        store::must_be_free(&file)?;
        sound_copy(&database, &file)?
            .move_into_place(&file)
            .map_err(|error| say(&file, &format!("it could not be made: {error}.")))?;
        if let Err(error) = store::note_backup(&database) {
            log::info!("the backup could not be noted beside the file, its server does not tell of it: {error}");
        }
        output::tell(format_args!(
            "{}: a copy of {}, and everything in it adds up",
            self.file.display(),
            self.database.display()
        ));
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
        let backup = store::resolve_existing(&self.backup)?;
        let database = store::resolve(&self.database)?;
        let taken = store::is_taken(&database);
        if !taken {
            store::must_be_free(&database)?;
        } else if !self.replace {
            return Err(say(&database, "there is a file already; with --replace it is kept under another name."));
        }
        let copy = sound_copy(&backup, &database)?;
        let replaced = if taken {
            store::replace(copy, &database).map(Some)
        } else {
            copy.move_into_place(&database).map(|()| None)
        };
        let kept = replaced.map_err(|error| say(&database, &format!("it could not be replaced: {error}.")))?;
        if let Some(kept) = kept {
            let kept = output::shown(&kept, &self.database);
            output::tell(format_args!("{}: what was there before", kept.display()));
        }
        output::tell(format_args!(
            "{}: as {}, and everything in it adds up",
            self.database.display(),
            self.backup.display()
        ));
        Ok(())
    }
}

/// A draft of `target` with all that is in `source` at this moment, checked after it was
/// written. Whoever stops it leaves no half file behind.
fn sound_copy(source: &Path, target: &Path) -> Result<NewFile, OpenError> {
    end_by_signal(1, NewFile::remover(target))?;
    let looked = store::open_read_only(source)?;
    let draft = NewFile::of(target).map_err(|error| say(target, &format!("no file can be made here: {error}.")))?;
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
