//! `boxoffice staff-key`: a new key for somebody who works here, made on the machine itself.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::output;
use crate::check;
use crate::clock::Clock;
use crate::ids::new_key;
use crate::refusal::{Language, Refusal, explain};
use crate::staff::{self, FIRST_NAME, Role};
use crate::store::{self, Failure, OpenError};

/// What `staff-key` takes.
#[derive(Debug, Args)]
pub(super) struct StaffKeyFor {
    /// The file of the venue; it must not be served meanwhile.
    #[arg(long, env = "BOXOFFICE_DATABASE", default_value = "boxoffice.db", value_name = "FILE")]
    database: PathBuf,
    /// Whose key it is, 1 to 80 characters. A key that this name has already ends.
    #[arg(long, default_value = FIRST_NAME, value_parser = super::parse_name)]
    name: String,
    /// What it is for [default: the role of the key that ends, or admin].
    #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.iter().map(|role| role.word())))]
    role: Option<String>,
}

impl StaffKeyFor {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let database = store::resolve_existing(&self.database)?;
        let opened = check::open_sound(&database)?;
        let key = new_key();
        let now = Clock::wall_now().max(opened.venue.seen_at);
        let role = self.role.as_deref().and_then(|word| Role::ALL.iter().copied().find(|role| role.word() == word));
        let mut unseen = None;
        let before = store::with_transaction(&opened.connection, now, |tx| {
            let before = staff::find_live_by_name(tx, &self.name)?;
            let role = role.or(before.as_ref().map(|before| before.role)).unwrap_or(Role::Admin);
            let made = staff::replace(tx, &self.name, role, &key)?;
            // A key that nobody saw must not take the place of one that opens: it is shown before it counts.
            let shown = output::print(format_args!(
                "staff key of {} ({}), shown this once (직원 키, 한 번만 표시됩니다): {key}",
                made.name,
                made.role.word()
            ));
            shown.map_err(|why| {
                unseen = Some(why);
                Failure::from(Refusal::Internal)
            })?;
            Ok(before)
        })
        .map_err(|failure| match unseen {
            Some(why) => OpenError(format!("{}: no key was made: {why}", self.database.display())),
            None => {
                let [_, why, remedy] = explain(failure.to_refusal().code(), Language::En);
                OpenError(format!("{}: no key was made: {why} {remedy}", self.database.display()))
            }
        })?;
        if let Some(before) = before {
            output::warn(format_args!(
                "The key that {} had before ({}) opens nothing any more.",
                before.name,
                before.role.word()
            ));
        }
        Ok(())
    }
}
