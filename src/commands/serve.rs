//! `boxoffice serve`: a venue on a file, or one for other people's tests.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;
use serde_json::json;

use super::{KEY_SHOWN, Shutdown, Stop, TempVenue, demo, output};
use crate::app::App;
use crate::platform;
use crate::settings::{DEFAULT_LISTEN, Settings};
use crate::store::{self, OpenError};
use crate::threads::{OnFatal, spawn_vital};

/// What `serve` takes.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The file that keeps everything; made when it is not there.
    #[arg(long, env = "BOXOFFICE_DATABASE", default_value = "boxoffice.db", value_name = "FILE")]
    database: PathBuf,
    /// Refuse to start when the file is not there, in place of making a new one: for units,
    /// where a mistyped name would be an empty venue.
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
        let shutdown = Shutdown::listen()?;
        if self.until_stdin_closes {
            stop_with_stdin(&shutdown)?;
        }
        if self.ephemeral { serve_for_tests(&self.settings, shutdown) } else { self.serve_a_venue(shutdown) }
    }

    fn serve_a_venue(self, shutdown: Shutdown) -> Result<(), OpenError> {
        let listen = self.settings.listen.unwrap_or(DEFAULT_LISTEN);
        let is_behind_gateway =
            listen.ip().is_unspecified() && platform::is_in_container() && !self.settings.chose_limits_per_address();
        let database = if self.must_exist {
            store::resolve_existing(&self.database).map_err(|error| OpenError(format!("--must-exist: {error}")))?
        } else {
            store::resolve(&self.database)?
        };
        let app = App::open_showing(self.settings, &database, listen, shutdown.broken(), |key| {
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
            app.url(),
            output::shown(&database, &self.database).display()
        ));
        output::tell_others(app.address(), "");
        if app.staff_address() != app.address() {
            output::tell(format_args!("staff find their pages at {}/staff (직원 페이지)", app.staff_url()));
            output::tell_others(app.staff_address(), "/staff");
        }
        if is_behind_gateway {
            output::tell(GATEWAY);
        }
        shutdown.close_in_the_end(app)
    }
}

/// Said in a container whose limits for each address were not chosen.
const GATEWAY: &str = "behind a container's gateway all customers may have its one address, and share what one address may do \
                       (게이트웨이 뒤의 고객은 한 주소의 제한을 함께 씁니다): /handbook/venue#container";

fn serve_for_tests(settings: &Settings, shutdown: Shutdown) -> Result<(), OpenError> {
    let scratch = TempVenue::make()?;
    let listen = settings.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let settings = &Settings { is_ephemeral: true, ..settings.clone().for_trying() };
    let app = App::open(settings.clone(), &scratch.database(), listen, shutdown.broken())?;
    let hall = demo::build_hall(&app, settings)?;
    let mut ready = json!({
        "url": app.url(),
        "staffKey": app.new_staff_key().or(settings.staff_key.as_deref()),
        "concertId": hall.concert_id,
        "scheduleIds": hall.schedule_ids,
        "database": app.database(),
    });
    if app.staff_address() != app.address() {
        ready["staffUrl"] = app.staff_url().into();
    }
    output::print(ready)?;
    shutdown.close_in_the_end(app)
}

fn stop_with_stdin(shutdown: &Shutdown) -> Result<(), OpenError> {
    let sender = shutdown.sender.clone();
    let wait = move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink()); // an error is an end as well
        let _ = sender.send(Stop::Asked); // nobody listens any more once it is closing
    };
    let failed = Mutex::new(shutdown.broken());
    let on_fatal = OnFatal::new(move || (failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))());
    let started = spawn_vital("stdin", on_fatal, wait);
    started.map(drop).map_err(|error| OpenError(format!("standard input can't be watched: {error}")))
}
