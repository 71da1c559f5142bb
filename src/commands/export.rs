//! `boxoffice export`: the seats of a date as a table that `import` takes.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::desk::{Desk, Where};
use crate::refusal::Refusal;
use crate::seat::{self, LayoutSeat, table};
use crate::store::{self, OpenError, Outcome};

/// What `export` takes.
#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    at: Where,
    /// The date whose seats are wanted.
    #[arg(long, value_name = "N")]
    schedule: i64,
    /// The file to write, which must not be there yet [default: standard output].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let seats = match self.at.desk()? {
            Some(desk) => self.seats_of_server(desk)?,
            None => self.seats_of_file()?,
        };
        let table = table::write(&seats);
        let Some(output) = &self.output else {
            let mut out = std::io::stdout().lock();
            let written = out.write_all(&table).and_then(|()| out.flush());
            return written.map_err(|error| OpenError(format!("standard output is closed: {error}")));
        };
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(output);
        file.and_then(|mut file| file.write_all(&table).and_then(|()| file.sync_all())).map_err(|error| {
            let mend = match error.kind() {
                std::io::ErrorKind::AlreadyExists => "remove it or choose another --output",
                _ => "choose another --output",
            };
            OpenError(format!("{}: {error}; {mend}.", output.display()))
        })
    }

    fn seats_of_file(&self) -> Result<Vec<LayoutSeat>, OpenError> {
        let looked = store::look(&self.at.database)?;
        let seats: Outcome<Vec<LayoutSeat>> = seat::list_layout(&looked.connection, self.schedule);
        let seats = seats.map_err(|failure| {
            OpenError(format!("{}: {}", self.at.database.display(), failure.told().code().word()))
        })?;
        if seats.is_empty() {
            return Err(OpenError(format!(
                "--schedule {}: {} has no such date.",
                self.schedule,
                self.at.database.display()
            )));
        }
        Ok(seats)
    }

    fn seats_of_server(&self, mut desk: Desk) -> Result<Vec<LayoutSeat>, OpenError> {
        let mut map = desk.get(&format!("/staff/schedules/{}/seats", self.schedule))?;
        let mut seats = map["seats"].take();
        for seat in seats.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            seat.retain(|name, _| !matches!(name.as_str(), "status" | "mine" | "reason"));
        }
        seat::read_layout(json!({ "seats": seats }), String::new()).map_err(|refusal: Refusal| {
            OpenError(format!("the server's seats were not understood ({refusal:?}); use its own boxoffice."))
        })
    }
}
