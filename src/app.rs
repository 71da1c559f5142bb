//! The running server: opens file, caches, writer and HTTP servers in order, and stops them gracefully.

mod prepare;
mod servers;

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use parking_lot::Mutex;
pub(crate) use prepare::make_file;
use prepare::{Made, make};
use rusqlite::Connection;
pub use servers::Pulse;
use servers::{keep, open_servers};

use crate::balance;
use crate::certificates::Keeper;
use crate::check;
use crate::clock::{Clock, Millis, Mode, Span};
use crate::course::Course;
use crate::http::{Notifier, RateLimit, Server};
use crate::ids::{self, TokenMint};
use crate::logging;
use crate::queue::{self, Lines};
use crate::routes::{Exposure, Handlers, Monitoring};
use crate::schedule;
use crate::seat::MapCache;
use crate::seed::Seeded;

use crate::call::{AppState, Tx};
use crate::settings::{Checkpoint, MachineSettings, Settings, TestClock};
use crate::signing::SigningKey;
use crate::staff::{self, Keyring};
use crate::store::{
    self, Bounds, DatabaseLock, Failure, IntegrityScan, OpenError, Opened, Outcome, Readers, SkippedRows, VenueRow,
    Writer,
};
use crate::sweeper::{self, Sweeper};
use crate::testing::TestServer;
use crate::threads::OnFatal;
use crate::user;
use crate::web::Trust;
use crate::webhook::{self, Dispatcher};

/// Concerts that are told at the start, at most.
const LISTED_CONCERTS_MAX: u32 = 1_000;

/// A running server.
pub struct App {
    handlers: Handlers,
    /// The public one first; then, if they have one of their own, that of staff.
    servers: Vec<Server>,
    /// Sends events to webhooks; stopped before what it reads and writes with.
    dispatcher: Option<Dispatcher>,
    /// Looks for a new certificate, where https is spoken.
    keeper: Option<Keeper>,
    address: SocketAddr,
    staff_address: SocketAddr,
    new_staff_key: Option<String>,
    seeded: Option<Seeded>,
    database: PathBuf,
    /// A large file is looked through beside the work.
    scan: Option<IntegrityScan>,
    /// Keeps a second server away from the file; let go last.
    _lock: DatabaseLock,
}

impl App {
    /// Opens a database file, which is made when it is missing, and starts to serve. `on_fatal`
    /// is called when the server must be closed: the state on disk is unknown, memory is not as
    /// the file is, or a page of the file is damaged.
    ///
    /// # Errors
    /// A sentence that says why it does not open, and what to do.
    pub fn open(
        settings: Settings,
        database: &Path,
        listen: SocketAddr,
        on_fatal: impl FnMut() + Send + 'static,
    ) -> Result<App, OpenError> {
        App::open_showing(settings, database, listen, on_fatal, |_| Ok(()))
    }

    /// The same. Before a new file has its name, `making` is called with the staff key that was made for it, if
    /// one had to be; where that fails there is no file.
    ///
    /// # Errors
    /// Those of [`App::open`] and of `making`.
    pub fn open_showing(
        mut settings: Settings,
        database: &Path,
        listen: SocketAddr,
        on_fatal: impl FnMut() + Send + 'static,
        making: impl FnOnce(Option<&str>) -> Result<(), OpenError>,
    ) -> Result<App, OpenError> {
        let Made { new_staff_key, seeded, certificates, course } = make(&mut settings, database, listen, making)?;
        let Opened { connection, venue: row, lock } = check::open_sound(database)?;
        let failed = |what: &str, error: &dyn Display| OpenError(format!("{}: {what}: {error}", database.display()));
        let clock = Arc::new(start_clock(&settings, &connection, &row)?);
        make_ready(&connection, &settings, &clock).map_err(|error| failed("the file can't be made ready", &error))?;
        balance::settle_policy(&connection, clock.now(), &mut settings.sale).map_err(OpenError)?;
        let keyring = Arc::new(load_keyring(&connection, clock.now(), settings.staff_key.as_deref())?);
        let lines = Arc::new(Lines::new(TokenMint::of(&row.signing_secret.0)));
        queue::load(&connection, &lines, &settings.queue, clock.now(), show_progress)
            .map_err(|error| failed("the waiting line can't be read", &error))?;
        let readers = Readers::open(database, settings.machine.readers)
            .map_err(|error| failed("the file can't be opened for reading", &error))?;
        let notifier = Notifier::new();
        let maps = Arc::new(MapCache::new(settings.machine.cached_seats_max as usize));
        let (tries, exempt) = (settings.strangers.tries_per_minute(), settings.http.http_limit_loopback);
        let [arrivals, wrong_keys] = [(); 2].map(|()| Arc::new(RateLimit::new(tries, exempt)));
        let rate_limits = [Arc::clone(&arrivals), Arc::clone(&wrong_keys)];
        let sweeper = sweeper_of(&settings.machine, &lines, &maps, &keyring, &clock, &notifier, rate_limits);
        let on_fatal = Mutex::new(on_fatal);
        let on_fatal = OnFatal::new(move || report_fatal(&on_fatal));
        let start = u32::from_be_bytes(ids::random_bytes()); // before the state that a reset goes back to is kept
        let tests = TestServer::of(&settings, &connection, clock.now())
            .map_err(|error| failed("the start can't be kept for resets", &error))?;
        let (bounds, webhooks) = (bounds_of(&settings.machine), Arc::clone(&sweeper.webhooks));
        let writer = Writer::start(connection, Arc::clone(&clock), bounds, sweeper.hooks(on_fatal.clone()))
            .map_err(|error| failed("the writer can't be started", &error))?;
        let signing = Arc::new(SigningKey::of(&row.signing_secret));
        let monitoring = Arc::new(Monitoring::of(database));
        let state = Arc::new(AppState { settings, clock, readers, writer, notifier, signing, start });
        let handlers = Handlers {
            trust: Trust::of(certificates.as_ref(), &state.settings.tls),
            state,
            lines,
            maps,
            keyring,
            arrivals,
            wrong_keys,
            readiness: Arc::default(),
            tests,
            course,
            exposure: Exposure::Whole,
            monitoring,
            webhooks,
        };
        let servers = open_servers(&handlers, listen, certificates.as_ref(), &on_fatal)
            .inspect_err(|_| handlers.state.writer.stop())?;
        let (address, staff_address) = settle_addresses(&handlers, &servers, listen);
        Ok(App {
            dispatcher: Some(start_dispatcher(&handlers, &on_fatal)?),
            keeper: keep(certificates, &on_fatal)?,
            scan: integrity_scan(database, on_fatal)
                .map_err(|error| failed("the file can't be looked through", &error))?,
            handlers,
            servers,
            address,
            staff_address,
            new_staff_key,
            seeded,
            database: database.to_owned(),
            _lock: lock,
        })
    }

    /// Looks for a new certificate now.
    pub fn reload_certificate(&self) {
        self.keeper.iter().for_each(Keeper::look_now);
    }

    /// The staff key, if it was made just now: it is shown this once.
    pub fn new_staff_key(&self) -> Option<&str> {
        self.new_staff_key.as_deref()
    }

    /// The time of the venue.
    pub fn now(&self) -> Millis {
        self.handlers.state.clock.now()
    }

    /// The dialect that it speaks beside the API.
    pub fn course(&self) -> Option<&Course> {
        self.handlers.course.as_deref()
    }

    /// What a seed made at this start.
    pub fn seeded(&self) -> Option<&Seeded> {
        self.seeded.as_ref()
    }

    /// The first thousand concerts of the file, each with its dates.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn list_concerts(&self) -> Result<Vec<(i64, Vec<i64>)>, OpenError> {
        let list = || -> Outcome<Vec<(i64, Vec<i64>)>> {
            let reader = self.handlers.state.readers.get()?;
            let concerts = schedule::list_concerts(&reader, 0, LISTED_CONCERTS_MAX)?.into_iter().map(|concert| {
                let dates = schedule::list_of_concert(&reader, concert.concert_id)?;
                Ok((concert.concert_id, dates.iter().map(|date| date.schedule_id).collect()))
            });
            concerts.collect()
        };
        list()
            .map_err(|failure| OpenError(format!("the concerts can't be read: {}", failure.to_refusal().code().word())))
    }

    /// The file.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Runs a piece of writing work from inside the process, such as building a demo hall, and waits for it.
    ///
    /// # Errors
    /// What the work was refused or failed with.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx) -> Outcome<T> + Send + 'static,
    ) -> Result<T, OpenError> {
        let failed = |failure: Failure| failure.to_refusal().code().word();
        let outcome = self.handlers.state.write(work);
        outcome.map_err(|failure| OpenError(format!("the work could not be written: {}", failed(failure))))
    }
}

impl Drop for App {
    /// Closes it: no new requests, what is under way is answered, the last commit is made, the WAL is written back.
    fn drop(&mut self) {
        Server::stop_all(std::mem::take(&mut self.servers));
        self.dispatcher = None;
        self.keeper = None;
        self.scan = None; // a reader would keep the WAL from being written back
        self.handlers.state.readers.close();
        self.handlers.state.writer.stop();
    }
}

/// Where the servers are, for customers and for staff; a server for tests learns it too.
fn settle_addresses(handlers: &Handlers, servers: &[Server], listen: SocketAddr) -> (SocketAddr, SocketAddr) {
    let at = |server: Option<&Server>| server.map_or(listen, Server::address); // there is one or two
    let (address, staff_address) = (at(servers.first()), at(servers.last()));
    if let Some(tests) = &handlers.tests {
        tests.rush.set_addresses(handlers.state.settings.tls.scheme(), address, staff_address);
    }
    (address, staff_address)
}

/// Says how far the waiting line is read.
fn show_progress(done: u64, total: u64) {
    logging::say(format_args!("boxoffice: reading the waiting line, {done} of {total}"));
}

/// What depends on the time zone or on Unicode's tables, and not on SQL
/// alone, is written down before the file is served.
fn make_ready(connection: &Connection, settings: &Settings, clock: &Clock) -> rusqlite::Result<()> {
    if settings.machine.checkpoint == Checkpoint::External {
        store::leave_checkpoints(connection)?;
    }
    if settings.is_ephemeral {
        webhook::disable_all(connection, clock.now())?; // a copy's receivers are those of the venue
    }
    schedule::settle_dates(connection, &settings.sale.time_zone)?;
    user::fold_names(connection)
}

/// Looks through a large file beside the work; damage is fatal once the log says what it is.
fn integrity_scan(database: &Path, on_fatal: OnFatal) -> io::Result<Option<IntegrityScan>> {
    let file = database.display().to_string();
    IntegrityScan::begin(database, on_fatal.clone(), move |found| {
        log::error!("fatal: the database is damaged; restore a backup or choose another --database: {file}: {found}");
        on_fatal.call();
    })
}

/// Reports a fatal error: the server must stop.
fn report_fatal(on_fatal: &Mutex<impl FnMut()>) {
    let mut on_fatal = on_fatal.lock();
    on_fatal();
}

/// The keys of those who work here. A key that the settings give is an admin's from this start on.
fn load_keyring(connection: &Connection, now: Millis, given: Option<&str>) -> Result<Keyring, OpenError> {
    let failed = |failure: Failure| {
        OpenError(format!("the staff keys can't be settled: {}", failure.to_refusal().code().word()))
    };
    if let Some(key) = given {
        let settled = store::with_transaction(connection, now, |tx| staff::settle_first(tx, key)).map_err(failed)?;
        settled.map_err(|name| {
            OpenError(format!("--staff-key is the key of \"{name}\", who is no admin; give another."))
        })?;
    }
    let keyring = Keyring::default();
    keyring.fill(connection).map_err(|error| failed(error.into()))?;
    Ok(keyring)
}

fn sweeper_of(
    machine: &MachineSettings,
    lines: &Arc<Lines>,
    maps: &Arc<MapCache>,
    keyring: &Arc<Keyring>,
    clock: &Arc<Clock>,
    notifier: &Notifier,
    rate_limits: [Arc<RateLimit>; 2],
) -> Sweeper {
    Sweeper {
        lines: Arc::clone(lines),
        maps: Arc::clone(maps),
        keyring: Arc::clone(keyring),
        clock: Arc::clone(clock),
        notifier: notifier.clone(),
        webhooks: Arc::default(),
        rate_limits,
        idempotency_hours: machine.idempotency_hours,
        token_days: machine.token_days,
        settle_from: AtomicI64::default(),
        forgot_at: AtomicI64::default(),
        skipped: SkippedRows::default(),
    }
}

/// Sends to webhooks from now on; where that can't be, nothing more is written.
fn start_dispatcher(handlers: &Handlers, on_fatal: &OnFatal) -> Result<Dispatcher, OpenError> {
    Dispatcher::start(Arc::clone(&handlers.state), Arc::clone(&handlers.webhooks), on_fatal.clone())
        .inspect_err(|_| handlers.state.writer.stop())
}

fn bounds_of(machine: &MachineSettings) -> Bounds {
    Bounds { jobs_max: machine.writer_jobs_max as usize, batch_max: machine.writer_batch_max as usize }
}

/// The clock of a file, and ids that go on behind its newest.
fn start_clock(settings: &Settings, connection: &Connection, row: &VenueRow) -> Result<Clock, OpenError> {
    let mode = match settings.test_clock {
        None => Mode::Wall,
        Some(TestClock::Running) => Mode::Turned,
        Some(TestClock::Frozen) => Mode::Frozen,
    };
    let seen = (!settings.set_clock_back).then_some(row.seen_at);
    let clock =
        Clock::start(mode, row.clock_advanced_ms, seen, row.created_at).map_err(|why| OpenError(why.to_string()))?;
    if let Some(at) = settings.test_clock_at {
        if at < row.seen_at {
            return Err(OpenError(format!(
                "--test-clock-at {at} lies before {}, the newest moment in the file; give that or a later one.",
                row.seen_at
            )));
        }
        clock.turn_to(at);
    }
    if settings.set_clock_back {
        set_clock_back(connection, clock.now(), row.seen_at)
            .map_err(|why| OpenError(format!("the clock can't be set back: {why}")))?;
    }
    store::continue_ids(connection).map_err(|error| OpenError(format!("the newest ids can't be read: {error}")))?;
    Ok(clock)
}

/// Sets the clock of a file back to `now`, if it has seen a later moment.
fn set_clock_back(connection: &Connection, now: Millis, seen: Millis) -> Result<(), String> {
    if now >= seen {
        log::warn!("--set-clock-back has nothing to do: the file has seen nothing later than {now}");
        return Ok(());
    }
    store::with_transaction(connection, now, |tx| sweeper::set_clock_back(tx, seen))
        .map_err(|failure| failure.to_refusal().code().word().to_owned())?;
    log::warn!(
        "the file's clock was set back; holds and visits keep what is left of them, and what was written before keeps its \
         later moments. The next start needs no --set-clock-back: by {}, from {seen} to {now}",
        Span(seen.ms_since(now))
    );
    Ok(())
}
