//! `boxoffice serve`: a venue on a file, or one for other people's tests.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;
use serde_json::json;

use super::{KEY_SHOWN, Scratch, Stop, Stops, demo, output};
use crate::house::House;
use crate::settings::Settings;
use crate::store::{self, OpenError};
use crate::threads::{OnFatal, spawn_vital};

/// What `serve` takes.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The file that keeps everything; made when it is not there.
    #[arg(long, env = "BOXOFFICE_DATABASE", default_value = "boxoffice.db", value_name = "FILE")]
    database: PathBuf,
    /// Refuse to start when the file is not there, in place of making a new one: for units, where a mistyped name would be an
    /// empty venue.
    #[arg(long, conflicts_with = "ephemeral")]
    must_exist: bool,
    /// For tests: a file of its own that is gone afterwards, a free port, the demo hall inside, and one line of JSON on
    /// standard output when ready.
    #[arg(long)]
    ephemeral: bool,
    /// End when standard input closes, and so with whoever started it.
    #[arg(long)]
    until_stdin_closes: bool,
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let stops = Stops::listen()?;
        if self.until_stdin_closes {
            stop_with_stdin(&stops)?;
        }
        if self.ephemeral { serve_for_tests(&self.settings, stops) } else { self.serve_a_venue(stops) }
    }

    fn serve_a_venue(self, stops: Stops) -> Result<(), OpenError> {
        let listen = self.settings.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
        let database = if self.must_exist {
            store::resolve_existing(&self.database).map_err(|error| OpenError(format!("--must-exist: {error}")))?
        } else {
            store::resolve(&self.database)?
        };
        let house = House::open_showing(self.settings, &database, listen, stops.broken(), |key| {
            output::warn(format_args!(
                "boxoffice: {}: there was no such file, so a new one is made, of a venue without a concert (새 파일을 만듭니다); \
                 --must-exist refuses this.",
                output::shown(&database, &self.database).display()
            ));
            // The file has its name only after its key was shown.
            key.map_or(Ok(()), |key| output::print(format_args!("{KEY_SHOWN}: {key}")))
        })?;
        output::tell(format_args!(
            "boxoffice is open at {} (매표소가 열렸습니다), keeping everything in {}",
            house.url(),
            output::shown(&database, &self.database).display()
        ));
        tell_others(&house.urls_for_others(), "");
        if house.staff_url() != house.url() {
            output::tell(format_args!("staff find their pages at {}/staff (직원 페이지)", house.staff_url()));
            tell_others(&house.staff_urls_for_others(), "/staff");
        }
        stops.close_in_the_end(house)
    }
}

/// The addresses that people at other machines can type.
pub(super) fn tell_others(urls: &[String], path: &str) {
    for url in urls {
        output::tell(format_args!("from other machines (다른 기기에서): {url}{path}"));
    }
}

fn serve_for_tests(settings: &Settings, stops: Stops) -> Result<(), OpenError> {
    let scratch = Scratch::make()?;
    let listen = settings.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let house = House::open(settings.clone(), &scratch.database(), listen, stops.broken())?;
    let hall = demo::build_hall(&house, settings)?;
    let mut ready = json!({
        "url": house.url(),
        "staffKey": house.new_staff_key().or(settings.staff_key.as_deref()),
        "concertId": hall.concert_id,
        "scheduleIds": hall.schedule_ids,
        "database": house.database(),
    });
    if house.staff_url() != house.url() {
        ready["staffUrl"] = house.staff_url().into();
    }
    output::print(ready)?;
    stops.close_in_the_end(house)
}

fn stop_with_stdin(stops: &Stops) -> Result<(), OpenError> {
    let sender = stops.sender.clone();
    let wait = move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink()); // an error is an end as well
        let _ = sender.send(Stop::Asked); // nobody listens any more once it is closing
    };
    let failed = Mutex::new(stops.broken());
    let on_fatal = OnFatal::new(move || (failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))());
    let started = spawn_vital("stdin", on_fatal, wait);
    started.map(drop).map_err(|error| OpenError(format!("standard input can't be watched: {error}")))
}
