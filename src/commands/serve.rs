//! `boxoffice serve`: a venue on a file, or one for other people's tests.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{KEY_SHOWN, Shutdown, Stop, TempVenue, output};
use crate::app::App;
use crate::course::Course;
use crate::platform;
use crate::settings::{DEFAULT_LISTEN, LogSettings, Settings, url_of};
use crate::store::{self, NewFile, OpenError};
use crate::threads::{OnFatal, spawn_vital};

/// What `serve` takes.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The file that keeps everything; made when it is not there.
    #[arg(long, env = "BOXOFFICE_DATABASE", default_value = "boxoffice.db", value_name = "FILE")]
    database: PathBuf,
    /// Refuse to start when the file is not there, in place of making a new one: for units,
    /// where a mistyped name would be an empty venue.
    #[arg(long, conflicts_with_all = ["ephemeral", "from"])]
    must_exist: bool,
    /// For tests: a file of its own that is gone afterwards, a free port, the demo hall or the --seed inside, and one
    /// line of JSON on standard output when ready.
    #[arg(long)]
    ephemeral: bool,
    /// As --ephemeral, on a copy of this file: what happens to it is thrown away.
    #[arg(long, env = "BOXOFFICE_FROM", value_name = "FILE", conflicts_with = "seed")]
    from: Option<PathBuf>,
    /// Say on standard output in one line of JSON, in place of sentences, that the server is ready: its URL and
    /// version, the ids of its concerts and dates, what a seed made, whether it has the calls for tests; the staff key
    /// where it was made now or is a test's.
    #[arg(long)]
    json: bool,
    /// End when standard input closes, and so with whoever started it.
    #[arg(long)]
    until_stdin_closes: bool,
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    /// What the log tells, and how; and whether a venue is served.
    pub(super) fn log(&self) -> (LogSettings, bool) {
        (self.settings.log.clone(), !self.ephemeral && self.from.is_none())
    }

    /// Serves; `given` are the settings as the log tells them.
    pub(super) fn run(self, given: &str) -> Result<(), OpenError> {
        let shutdown = Shutdown::listen(self.settings.tls.is_on())?;
        if self.until_stdin_closes {
            stop_with_stdin(&shutdown)?;
        }
        if self.ephemeral || self.from.is_some() {
            self.serve_for_tests(shutdown, given)
        } else {
            self.serve_a_venue(shutdown, given)
        }
    }

    fn serve_a_venue(self, shutdown: Shutdown, given: &str) -> Result<(), OpenError> {
        let listen = self.settings.listen.unwrap_or(DEFAULT_LISTEN);
        let is_behind_gateway =
            listen.ip().is_unspecified() && platform::is_in_container() && !self.settings.chose_limits_per_address();
        let database = if self.must_exist {
            store::resolve_existing(&self.database).map_err(|error| OpenError(format!("--must-exist: {error}")))?
        } else {
            store::resolve(&self.database)?
        };
        let app = App::open_showing(self.settings.clone(), &database, listen, shutdown.broken(), |key| {
            output::warn(format_args!(
                "boxoffice: {}: there was no such file, so a new one is made, of a venue without a concert (새 파일을 만듭니다); \
                 --must-exist refuses this.",
                output::shown(&database, &self.database).display()
            ));
            // The file has its name only after its key was shown.
            let sentence = key.map(|key| format!("{KEY_SHOWN}: {key}"));
            match sentence {
                Some(sentence) if self.json => output::warn(format_args!("{sentence}")),
                Some(sentence) => return output::print(sentence),
                None => {}
            }
            Ok(())
        })?;
        if self.settings.is_test_server() {
            output::warn(format_args!(
                "boxoffice: this is a server for tests (--test-clock): its staff can put {} back to what it is now (테스트 서버입니다)",
                output::shown(&database, &self.database).display()
            ));
        }
        if self.json {
            output::print(ready(&app, &self.settings)?)?;
            return shutdown.close_in_the_end(app, given);
        }
        output::tell(format_args!(
            "boxoffice is open at {} (매표소가 열렸습니다), keeping everything in {}",
            app.url(),
            output::shown(&database, &self.database).display()
        ));
        output::tell_others(app.scheme(), app.address(), "");
        if let Some(redirect) = app.redirect_address() {
            let url = url_of("http", redirect);
            output::tell(format_args!("whoever comes to {url} is sent to https (https로 보냅니다)"));
        }
        if let Some(course) = app.course() {
            output::tell_course(course);
        }
        if let Some(url) = app.trust_url() {
            output::tell(format_args!("phones come to trust this server at {url} (휴대폰 신뢰 설정)"));
        }
        if app.staff_address() != app.address() {
            output::tell(format_args!("staff find their pages at {}/staff (직원 페이지)", app.staff_url()));
            output::tell_others(app.scheme(), app.staff_address(), "/staff");
        }
        if is_behind_gateway {
            output::tell(GATEWAY);
        }
        shutdown.close_in_the_end(app, given)
    }

    fn serve_for_tests(self, shutdown: Shutdown, given: &str) -> Result<(), OpenError> {
        let scratch = TempVenue::make()?;
        let listen = self.settings.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        let has_demo_hall = self.from.is_none();
        let settings = Settings { is_ephemeral: true, has_demo_hall, ..self.settings.for_trying() };
        let database = scratch.database();
        if let Some(from) = &self.from {
            copy(from, &database)?;
        }
        let app = App::open(settings.clone(), &database, listen, shutdown.broken())?;
        output::print(ready(&app, &settings)?)?;
        shutdown.close_in_the_end(app, given)
    }
}

/// Said in a container whose limits for each address were not chosen.
const GATEWAY: &str = "behind a container's gateway all customers may have its one address, and share what one address may do \
                       (게이트웨이 뒤의 고객은 한 주소의 제한을 함께 씁니다): /handbook/venue#container";

/// Copies a venue's file, which may be in use.
fn copy(from: &Path, to: &Path) -> Result<(), OpenError> {
    let failed = |error: &dyn Display| OpenError(format!("--from {}: no copy can be made ({error}).", from.display()));
    let named = |error: OpenError| OpenError(format!("--from {error}"));
    let looked = store::resolve_existing(from).and_then(|path| store::open_read_only(&path)).map_err(named)?;
    let draft = NewFile::of(to).map_err(|error| failed(&error))?;
    store::copy_into(&looked.connection, &draft).map_err(|error| failed(&error))?;
    draft.move_into_place(to).map_err(|error| failed(&error))
}

/// What a program that starts the server is told when it is ready.
fn ready(app: &App, settings: &Settings) -> Result<Value, OpenError> {
    let given = settings.staff_key.as_deref().filter(|_| settings.is_test_server());
    let concerts = app.list_concerts()?;
    let first = concerts.first();
    let mut seeded = app.seeded().cloned().unwrap_or_default();
    seeded.concerts.clone_from(&concerts);
    let seed = settings.seed.as_ref().map(|path| path.display().to_string());
    let mut ready = json!({
        "url": app.url(),
        "trustUrl": app.trust_url(),
        "redirectUrl": app.redirect_address().map(|address| url_of("http", address)),
        "staffKey": app.new_staff_key().or(given),
        "concertId": first.map(|(concert, _)| concert),
        "scheduleIds": first.map(|(_, dates)| dates),
        "database": app.database(),
        "version": env!("CARGO_PKG_VERSION"),
        "seed": seed.or(app.seeded().map(|_| "demo".to_owned())),
        "ids": seeded.to_json(),
        "testCalls": settings.is_test_server(),
        "testRandom": settings.test_random,
        "course": app.course().map(course_spoken),
        "now": app.now(),
    });
    let members = ready.as_object_mut().into_iter();
    members.for_each(|members| members.retain(|_, value| !value.is_null()));
    if app.staff_address() != app.address() {
        ready["staffUrl"] = app.staff_url().into();
    }
    Ok(ready)
}

fn course_spoken(course: &Course) -> Value {
    let [calls, unmapped] = course.names();
    json!({ "name": course.name, "about": course.about, "calls": calls, "unmapped": unmapped })
}

fn stop_with_stdin(shutdown: &Shutdown) -> Result<(), OpenError> {
    let sender = shutdown.sender.clone();
    let wait = move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink()); // an error is an end as well
        let _ = sender.send(Stop::Asked); // nobody listens any more once it is closing
    };
    let failed = Mutex::new(shutdown.broken());
    let on_fatal = OnFatal::new(move || failed.lock()());
    let started = spawn_vital("stdin", on_fatal, wait);
    started.map(drop).map_err(|error| OpenError(format!("standard input can't be watched: {error}")))
}
