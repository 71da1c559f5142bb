//! `boxoffice course`: the tables of courses that are shipped, and the form of one.

use clap::Args;

use super::output;
use crate::course::{SCHEMA, SHIPPED};
use crate::store::OpenError;

/// What `course` takes.
#[derive(Debug, Args)]
pub(super) struct CourseTable {
    /// The table to print: students or diagrams; without it, their names are printed.
    #[arg(value_name = "NAME", value_parser = SHIPPED.map(|(name, _)| name))]
    name: Option<String>,
    /// Print the form of a table in place of one, as a JSON Schema.
    #[arg(long, conflicts_with = "name")]
    schema: bool,
}

impl CourseTable {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let named = SHIPPED.into_iter().find(|(name, _)| self.name.as_deref() == Some(name));
        let names = SHIPPED.map(|(name, _)| name).join("\n");
        let text = match named {
            _ if self.schema => SCHEMA,
            Some((_, table)) => table,
            None => &names,
        };
        output::print(text.trim_end())
    }
}
