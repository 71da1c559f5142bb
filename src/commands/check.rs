//! `boxoffice check`: proves the books of a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{end_by_signal, output};
use crate::check::{self, Findings};
use crate::store::{self, OpenError};

/// Sound; something is wrong; it could not be looked into.
const SOUND: u8 = 0;
const WRONG: u8 = 1;
const UNKNOWN: u8 = 2;

/// What `check` takes.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The file of a venue, in use or not, or a backup; not a byte of it changes.
    #[arg(value_name = "FILE", required_unless_present = "rules")]
    file: Option<PathBuf>,
    /// List what must never be so in a file.
    #[arg(long)]
    rules: bool,
}

impl Check {
    /// Says everything that is wrong, one sentence a line. The exit code tells what was found, whoever reads the lines.
    pub(super) fn run(self) -> ExitCode {
        if self.rules {
            let rules: Vec<&str> = check::sentences().collect();
            if let Err(error) = output::print(rules.join("\n")) {
                output::warn(format_args!("boxoffice: {error}"));
                return UNKNOWN.into();
            }
        }
        let Some(file) = self.file else { return SOUND.into() };
        match findings_in(&file) {
            Ok(Findings { faults, warnings }) if faults.is_empty() => {
                tell(&warnings);
                output::tell(format_args!("{}: everything adds up", file.display()));
                SOUND.into()
            }
            Ok(Findings { faults, warnings }) => {
                tell(&warnings);
                output::tell(faults.join("\n"));
                output::warn(format_args!("boxoffice: {}: {} faults; restore a backup.", file.display(), faults.len()));
                WRONG.into()
            }
            Err(error) => {
                output::warn(format_args!("boxoffice: {error}"));
                UNKNOWN.into()
            }
        }
    }
}

fn findings_in(file: &Path) -> Result<Findings, OpenError> {
    end_by_signal(UNKNOWN.into(), || {})?; // the lock file must not stay
    check::findings(&store::resolve_existing(file)?)
}

/// What is worth a look and is no fault.
fn tell(warnings: &[String]) {
    warnings.iter().for_each(|warning| output::tell(format_args!("warning: {warning}")));
}
