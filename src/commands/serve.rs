//! `boxoffice serve`: a venue on a file, or one for other people's tests.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;
use serde_json::json;

use super::{Scratch, Stop, Stops, demo};
use crate::house::House;
use crate::settings::Settings;
use crate::store::OpenError;
use crate::threads::{OnFatal, spawn_vital};

/// What `serve` takes.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The file that keeps everything; made when it is not there.
    #[arg(
        long,
        env = "BOXOFFICE_DATABASE",
        default_value = "boxoffice.db",
        value_name = "FILE",
        conflicts_with = "ephemeral"
    )]
    database: PathBuf,
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
        let house = House::open(self.settings, &self.database, listen, stops.broken())?;
        println!(
            "boxoffice is open at {} (매표소가 열렸습니다), keeping everything in {}",
            house.url(),
            house.database().display()
        );
        if house.staff_url() != house.url() {
            println!("staff find their pages at {}/staff (직원 페이지)", house.staff_url());
        }
        if let Some(key) = house.new_staff_key() {
            println!("staff key, shown this once (직원 키, 한 번만 표시됩니다): {key}");
        }
        stops.close_in_the_end(house)
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
    let mut stdout = std::io::stdout();
    let told = writeln!(stdout, "{ready}").and_then(|()| stdout.flush());
    told.map_err(|error| OpenError(format!("standard output is closed: {error}")))?;
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
