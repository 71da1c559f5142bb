//! The running server: opens file, caches, writer and HTTP servers in order, and stops them gracefully.

mod servers;

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, OnceLock, mpsc};

use rusqlite::Connection;
use servers::{must_have_addresses, must_have_threads, open_servers};

use crate::balance;
use crate::check;
use crate::clock::{Clock, Millis, Mode, Span};
use crate::http::{Notifier, RateLimit, Server};
use crate::ids::{KeyHash, TokenMint, new_key};
use crate::queue::{self, Line};
use crate::routes::{Exposure, Handlers, Readiness};
use crate::schedule;
use crate::seat::MapCache;

use crate::settings::{MachineSettings, Settings, TestClock, url_of};
use crate::signing::SigningKey;
use crate::staff::{self, Keyring};
use crate::store::{
    self, Bounds, DatabaseLock, Failure, IntegrityScan, OpenError, Opened, Readers, SkippedRows, VenueRow, Writer,
};
use crate::sweeper::{self, Sweeper};
use crate::testing::TestServer;
use crate::threads::OnFatal;
use crate::user;
use crate::venue::{Tx, Venue};

/// A running server.
pub struct App {
    handlers: Handlers,
    /// The public one first; then, if they have one of their own, that of staff.
    servers: Vec<Server>,
    address: SocketAddr,
    staff_address: SocketAddr,
    new_staff_key: Option<String>,
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
        settings.check(listen).map_err(OpenError)?;
        must_have_threads(&settings, listen)?;
        if !database.exists() {
            must_have_addresses(&settings, listen)?;
        }
        let new_staff_key = make_file(settings.staff_key.as_deref(), database, making)?;
        let Opened { connection, venue: row, lock } = check::open_sound(database)?;
        let failed = |what: &str, error: &dyn Display| OpenError(format!("{}: {what}: {error}", database.display()));
        let clock = Arc::new(start_clock(&settings, &connection, &row)?);
        make_ready(&connection, &settings).map_err(|error| failed("the file can't be made ready", &error))?;
        balance::settle_policy(&connection, clock.now(), &mut settings.sale).map_err(OpenError)?;
        let keyring = Arc::new(load_keyring(&connection, clock.now(), settings.staff_key.as_deref())?);
        let line = Arc::new(Line::new(TokenMint::of(&row.signing_secret.0)));
        queue::load(&connection, &line, &settings.queue, clock.now(), show_progress)
            .map_err(|error| failed("the waiting line can't be read", &error))?;
        let readers = Readers::open(database, settings.machine.readers)
            .map_err(|error| failed("the file can't be opened for reading", &error))?;
        let notifier = Notifier::new();
        let maps = Arc::new(MapCache::new(settings.machine.cached_seats_max as usize));
        let sweeper = Sweeper {
            line: Arc::clone(&line),
            maps: Arc::clone(&maps),
            keyring: Arc::clone(&keyring),
            clock: Arc::clone(&clock),
            notifier: notifier.clone(),
            idempotency_hours: settings.machine.idempotency_hours,
            token_days: settings.machine.token_days,
            settle_from: AtomicI64::default(),
            skipped: SkippedRows::default(),
        };
        let on_fatal = Mutex::new(on_fatal);
        let on_fatal = OnFatal::new(move || report_fatal(&on_fatal));
        let writer = Writer::start(
            connection,
            Arc::clone(&clock),
            bounds_of(&settings.machine),
            sweeper.hooks(on_fatal.clone()),
        )
        .map_err(|error| failed("the writer can't be started", &error))?;
        let signing = Arc::new(SigningKey::of(&row.signing_secret));
        let venue = Arc::new(Venue { settings, clock, readers, writer, notifier: notifier.clone(), signing });
        let handlers = handlers_of(venue, line, maps, keyring);
        let servers =
            open_servers(&handlers, listen, &notifier, &on_fatal).inspect_err(|_| handlers.venue.writer.stop())?;
        let scan =
            integrity_scan(database, on_fatal).map_err(|error| failed("the file can't be looked through", &error))?;
        let at = |server: Option<&Server>| server.map_or(listen, Server::address); // there is one or two
        let (address, staff_address) = (at(servers.first()), at(servers.last()));
        Ok(App {
            handlers,
            servers,
            address,
            staff_address,
            new_staff_key,
            database: database.to_owned(),
            scan,
            _lock: lock,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as people and programs on this machine open it.
    pub fn url(&self) -> String {
        url_of(self.address)
    }

    /// The address at which staff find their pages; the same as [`App::url`] unless they have one of their own.
    pub fn staff_url(&self) -> String {
        url_of(self.staff_address)
    }

    /// Where staff find their pages; the same as [`App::address`] unless they have an address of their own.
    pub fn staff_address(&self) -> SocketAddr {
        self.staff_address
    }

    /// The staff key, if it was made just now: it is shown this once.
    pub fn new_staff_key(&self) -> Option<&str> {
        self.new_staff_key.as_deref()
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
        work: impl FnOnce(&Tx) -> store::Outcome<T> + Send + 'static,
    ) -> Result<T, OpenError> {
        let (sender, receiver) = mpsc::channel();
        let job = Box::new(move |tx: Result<&Tx, store::CommitError>| {
            let outcome = match tx {
                Ok(tx) => tx.savepoint(work),
                Err(lost) => Err(lost.refusal.into()),
            };
            let after: store::Completion = Box::new(move |committed: Result<(), store::CommitError>| {
                let _ = sender.send(committed.map_err(|lost| lost.refusal.into()).and(outcome)); // the receiver waits
            });
            after
        });
        let failed = |why: String| OpenError(format!("the work could not be written: {why}"));
        self.handlers.venue.writer.submit(job);
        let outcome = receiver.recv().map_err(|_| failed("it panicked".into()))?;
        outcome.map_err(|failure| failed(failure.to_refusal().code().word().into()))
    }
}

impl Drop for App {
    /// Closes it: no new requests, what is under way is answered, the last commit is made, the WAL is written back.
    fn drop(&mut self) {
        Server::stop_all(std::mem::take(&mut self.servers));
        self.scan = None; // a reader would keep the WAL from being written back
        self.handlers.venue.readers.close();
        self.handlers.venue.writer.stop();
    }
}

/// Says how far the waiting line is read.
fn show_progress(done: u64, total: u64) {
    let _ = writeln!(io::stderr(), "boxoffice: reading the waiting line, {done} of {total}"); // unseen it is not missed
}

/// What depends on the time zone or on Unicode's tables, and not on SQL
/// alone, is written down before the file is served.
fn make_ready(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    schedule::settle_dates(connection, &settings.sale.time_zone)?;
    user::fold_names(connection)
}

/// Looks through a large file beside the work; damage is fatal once the log says what it is.
fn integrity_scan(database: &Path, on_fatal: OnFatal) -> io::Result<Option<IntegrityScan>> {
    let file = database.display().to_string();
    IntegrityScan::begin(database, on_fatal.clone(), move |found| {
        log::error!("{file}: this file is damaged ({found}); restore a backup or choose another --database.");
        on_fatal.call();
    })
}

/// Reports a fatal error: the server must stop.
fn report_fatal(on_fatal: &Mutex<impl FnMut()>) {
    let mut on_fatal = on_fatal.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    on_fatal();
}

/// Makes the file if there is none, with this staff key for its admin; gives back the key if one had to be made.
/// `making` is called with it before the file has its name.
pub(crate) fn make_file(
    staff_key: Option<&str>,
    database: &Path,
    making: impl FnOnce(Option<&str>) -> Result<(), OpenError>,
) -> Result<Option<String>, OpenError> {
    if database.exists() {
        return Ok(None);
    }
    let made = staff_key.is_none().then(new_key);
    let key = staff_key.or(made.as_deref()).unwrap_or_default(); // one of the two is there
    store::create_after(database, Clock::wall_now(), &KeyHash::of(key), || making(made.as_deref()))?;
    Ok(made)
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
        "the file's clock was set back by {}, from {seen} to {now}; holds and visits keep what is left of them, and what was \
         written before keeps its later moments. The next start needs no --set-clock-back",
        Span(seen.ms_since(now))
    );
    Ok(())
}

fn handlers_of(venue: Arc<Venue>, line: Arc<Line>, maps: Arc<MapCache>, keyring: Arc<Keyring>) -> Handlers {
    let tests = venue.settings.is_test_server().then(|| Arc::new(TestServer::default()));
    let (tries, exempt) = (venue.settings.strangers.tries_per_minute(), venue.settings.http.http_limit_loopback);
    Handlers {
        venue,
        line,
        maps,
        keyring,
        arrivals: Arc::new(RateLimit::new(tries, exempt)),
        wrong_keys: Arc::new(RateLimit::new(tries, exempt)),
        readiness: Arc::new(Readiness::default()),
        tests,
        exposure: Exposure::Whole,
        http_metrics: Arc::new(OnceLock::new()),
    }
}
