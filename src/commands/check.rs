//! `boxoffice check`: proves the books of a file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::check::{self, Findings};

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
    /// Says everything that is wrong, one sentence a line.
    pub(super) fn run(self) -> ExitCode {
        if self.rules {
            check::sentences().for_each(|sentence| println!("{sentence}"));
        }
        let Some(file) = self.file else { return SOUND.into() };
        match check::findings(&file) {
            Ok(Findings { faults, warnings }) if faults.is_empty() => {
                tell(&warnings);
                println!("{}: everything adds up", file.display());
                SOUND.into()
            }
            Ok(Findings { faults, warnings }) => {
                tell(&warnings);
                faults.iter().for_each(|fault| println!("{fault}"));
                eprintln!("boxoffice: {}: {} faults; restore a backup.", file.display(), faults.len());
                WRONG.into()
            }
            Err(error) => {
                eprintln!("boxoffice: {error}");
                UNKNOWN.into()
            }
        }
    }
}

/// What is worth a look and is no fault.
fn tell(warnings: &[String]) {
    warnings.iter().for_each(|warning| println!("warning: {warning}"));
}
