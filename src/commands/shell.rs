//! `boxoffice completions` and `boxoffice man`: what a shell and `man` read of the command line.

use clap::Args;
use clap_complete::Shell;

use super::output;
use crate::store::OpenError;

/// What `completions` takes.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell that is to complete commands and flags.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, mut whole: clap::Command) -> Result<(), OpenError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut whole, "boxoffice", &mut script);
        output::print(String::from_utf8_lossy(&script).trim_end())
    }
}

/// What `man` takes.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The command whose page is wanted, such as serve; without it that of the whole program.
    command: Option<String>,
}

impl Man {
    pub(super) fn run(&self, mut whole: clap::Command) -> Result<(), OpenError> {
        whole.build();
        let page = match &self.command {
            None => Some(&whole),
            Some(name) => whole.find_subcommand(name),
        };
        let page = page.ok_or_else(|| OpenError("there is no such command; `boxoffice help` lists them.".into()))?;
        let mut text = Vec::new();
        clap_mangen::Man::new(page.clone())
            .render(&mut text)
            .map_err(|error| OpenError(format!("the page can't be written ({error}).")))?;
        output::print(String::from_utf8_lossy(&text).trim_end())
    }
}
