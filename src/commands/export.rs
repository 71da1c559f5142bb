//! `boxoffice export`: the seats of a date as a table that `import` takes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::end_by_signal;
use super::target::{ApiClient, Target};
use crate::refusal::Refusal;
use crate::seat::{self, LayoutSeat, spreadsheet_table};
use crate::store::{self, NewFile, OpenError};

/// What `export` takes.
#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    at: Target,
    /// The date whose seats are wanted.
    #[arg(long, value_name = "N")]
    schedule: i64,
    /// The file to write, which must not be there yet [default: standard output].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(self) -> Result<(), OpenError> {
        must_not_be_there(self.output.as_deref())?;
        let seats = match self.at.server()? {
            Some(server) => self.seats_of_server(server)?,
            None => self.seats_of_file()?,
        };
        let table = spreadsheet_table::write(&seats);
        write_out(self.output.as_deref(), &table)
    }

    fn seats_of_file(&self) -> Result<Vec<LayoutSeat>, OpenError> {
        let looked = store::open_read_only(&store::resolve_existing(&self.at.database)?)?;
        let seats = seat::list_layout(&looked.connection, self.schedule)
            .map_err(|error| OpenError(format!("{}: {error}", self.at.database.display())))?;
        if seats.is_empty() {
            return Err(OpenError(format!(
                "--schedule {}: {} has no such date.",
                self.schedule,
                self.at.database.display()
            )));
        }
        Ok(seats)
    }

    fn seats_of_server(&self, mut server: ApiClient) -> Result<Vec<LayoutSeat>, OpenError> {
        let mut map = server.get(&format!("/staff/schedules/{}/seats", self.schedule))?;
        let mut seats = map["seats"].take();
        for seat in seats.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            seat.retain(|name, _| !matches!(name.as_str(), "status" | "mine" | "reason" | "holder"));
        }
        let read = seat::read_layout(json!({ "seats": seats }), String::new());
        read.map(|layout| layout.seats).map_err(|refusal: Refusal| {
            OpenError(format!("the server's seats were not understood ({refusal:?}); use its own boxoffice."))
        })
    }
}

/// Refuses an output that is there, before any work is done.
pub(super) fn must_not_be_there(output: Option<&Path>) -> Result<(), OpenError> {
    match output.filter(|output| std::fs::symlink_metadata(output).is_ok()) {
        None => Ok(()),
        Some(output) => Err(OpenError(format!(
            "{}: there is a file already; remove it or choose another --output.",
            output.display()
        ))),
    }
}

/// Writes to a new file, or to standard output where none is named.
pub(super) fn write_out(output: Option<&Path>, content: &[u8]) -> Result<(), OpenError> {
    let Some(output) = output else {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(content).and_then(|()| out.flush());
        return written.map_err(|error| OpenError(format!("standard output is closed: {error}")));
    };
    write_file(output, content)
}

/// Writes the table beside its place and gives it its name at the end: half a table never bears it.
fn write_file(output: &Path, table: &[u8]) -> Result<(), OpenError> {
    let failed = |error: io::Error| OpenError(format!("{}: {error}; choose another --output.", output.display()));
    let target = store::resolve(output)?;
    if std::fs::symlink_metadata(&target).is_ok() {
        return Err(OpenError(format!(
            "{}: there is a file already; remove it or choose another --output.",
            output.display()
        )));
    }
    store::must_be_free(&target)?;
    end_by_signal(1, NewFile::remover(&target))?;
    let draft = NewFile::of(&target).map_err(failed)?;
    let written = std::fs::OpenOptions::new().write(true).open(draft.path());
    written.and_then(|mut file| file.write_all(table)).map_err(failed)?;
    draft.move_into_place(&target).map_err(failed)
}
