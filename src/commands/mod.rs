//! What can be said to boxoffice on the command line.

mod backup;
mod check;
mod course;
mod demo;
mod door;
mod export;
mod health;
mod import;
mod output;
pub mod rush;
mod seat_file;
mod seed;
mod serve;
mod shell;
mod staff_key;
mod target;
mod temp_folder;
mod verify_draw;

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::app::App;
use crate::logging::{self, SERVER};
use crate::platform::{self, Signal, Supervisor};
use crate::settings::{LogSettings, Settings, environment};
use crate::staff::NAME_MAX_CHARS;
use crate::store::OpenError;
use crate::threads::{OnFatal, spawn_vital};
use temp_folder::TempVenue;

/// A concert box office in one binary: a waiting line, dates and seats, holds, points and payment.
#[derive(Debug, Parser)]
#[command(name = "boxoffice", version = VERSION, propagate_version = true, after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

/// The version, the target and the commit; the build script has the last two.
const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_TARGET"), ", commit ", env!("BUILD_COMMIT"), ")");

/// What most people want, at the end of the help.
const EXAMPLES: &str = "\
Try it:         boxoffice demo
Run a venue:    boxoffice serve --database venue.db --top-up-policy staff
In your tests:  boxoffice serve --ephemeral --test-clock=frozen --until-stdin-closes

Each setting is a flag and an environment variable: --hold-seconds is BOXOFFICE_HOLD_SECONDS. The flag wins,
and an empty variable counts as not given.";

/// What stands before the first staff key of a new file.
const KEY_SHOWN: &str = "staff key, shown this once (직원 키, 한 번만 표시됩니다)";

#[derive(Debug, Subcommand)]
enum Command {
    /// Open a fresh demo hall and print how to buy a seat in it; nothing is kept afterwards.
    Demo(Settings),
    /// Run a venue on a file, or with --ephemeral on one that is gone afterwards.
    Serve(serve::Serve),
    /// Prove that the books of a file add up, or say what is wrong in it; exit code 0, 1, or 2 when it can't be read.
    Check(check::Check),
    /// Make a sound copy of a venue's file, also while it is served.
    Backup(backup::Backup),
    /// Make a venue's file from a backup.
    Restore(backup::Restore),
    /// Make a key for somebody who works here, or replace a lost one; on a file that is not served meanwhile.
    StaffKey(staff_key::StaffKeyFor),
    /// Add a date with its seats from a file: a table of a spreadsheet (CSV) or a seating plan of pretix (JSON).
    Import(import::Import),
    /// Write the seats of a date as a table (CSV) that import takes.
    Export(export::Export),
    /// Check tickets at a door without network, against a list brought along, and tell the server later.
    Door(door::DoorCheck),
    /// Tell whether a server is ready: exit code 0, or 1 and a sentence; the health check of a container.
    Health(health::Health),
    /// A simulated on-sale: customers over real HTTP, then an audit and a report.
    Rush(rush::Rush),
    /// Print the table by which serve --course answers the calls of a course, to write another from.
    Course(course::CourseTable),
    /// Write what a server has as a file that serve --seed takes.
    Seed(seed::SeedFrom),
    /// Print what has a shell complete commands and flags.
    Completions(shell::Completions),
    /// Print a page for man(1), in roff.
    Man(shell::Man),
    /// Recompute a draw of the line from its public answer, and see whether a token's place in it is right.
    VerifyDraw(verify_draw::VerifyDraw),
}

/// Runs the command that was given.
pub fn run() -> ExitCode {
    let (line, given) = command_line();
    let (log, is_served) = match &line.command {
        Command::Demo(settings) => (settings.log.clone(), false),
        Command::Serve(serve) => serve.log(),
        _ => (LogSettings::default(), false),
    };
    logging::start(log.log_format, log.access_log, is_served);
    let outcome = match line.command {
        Command::Demo(settings) => demo::run(settings).map(|()| ExitCode::SUCCESS),
        Command::Serve(serve) => serve.run(&given).map(|()| ExitCode::SUCCESS),
        Command::Backup(backup) => backup.run().map(|()| ExitCode::SUCCESS),
        Command::Restore(restore) => restore.run().map(|()| ExitCode::SUCCESS),
        Command::Check(check) => Ok(check.run()),
        Command::StaffKey(wanted) => wanted.run().map(|()| ExitCode::SUCCESS),
        Command::Import(import) => import.run().map(|()| ExitCode::SUCCESS),
        Command::Export(export) => export.run().map(|()| ExitCode::SUCCESS),
        Command::Door(door) => door.run(),
        Command::Health(health) => health.run().map(|()| ExitCode::SUCCESS),
        Command::Rush(rush) => rush.run(),
        Command::Course(table) => table.run().map(|()| ExitCode::SUCCESS),
        Command::Seed(seed) => seed.run().map(|()| ExitCode::SUCCESS),
        Command::Completions(wanted) => wanted.run(CommandLine::command()).map(|()| ExitCode::SUCCESS),
        Command::Man(wanted) => wanted.run(CommandLine::command()).map(|()| ExitCode::SUCCESS),
        Command::VerifyDraw(verify) => verify.run().map(|()| ExitCode::SUCCESS),
    };
    let code = outcome.unwrap_or_else(|error| {
        output::warn(format_args!("boxoffice: {error}"));
        ExitCode::FAILURE
    });
    logging::finish();
    code
}

/// What was said on the command line and in the environment, and the settings of its command that are not as they are
/// by default, as flags, with secrets masked. Ends the program where that makes no sense.
fn command_line() -> (CommandLine, String) {
    let whole = CommandLine::command();
    for name in environment::unknown_variables(&whole) {
        output::warn(format_args!(
            "boxoffice: warning: the environment variable {name} is no setting and changes nothing."
        ));
    }
    let mut command = environment::without_empty(whole);
    let given = command.get_matches_mut();
    // Only a flag that was typed contradicts --ephemeral and --from: a variable may be there for other commands.
    if let Some(("serve", serve)) = given.subcommand()
        && serve.value_source("database") == Some(ValueSource::CommandLine)
        && let Some(other) = ["ephemeral", "from"]
            .into_iter()
            .find(|flag| matches!(serve.value_source(flag), Some(ValueSource::CommandLine)))
    {
        let why = format!("the argument '--database <FILE>' cannot be used with '--{other}'");
        command.error(ErrorKind::ArgumentConflict, why).exit();
    }
    let line = CommandLine::from_arg_matches(&given).unwrap_or_else(|error| error.format(&mut command).exit());
    let of_command = given.subcommand().and_then(|(name, given)| Some((command.find_subcommand(name)?, given)));
    (line, of_command.map(|(command, given)| environment::given(command, given)).unwrap_or_default())
}

/// The name of somebody or of a door.
fn parse_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let sound = (1..=NAME_MAX_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    sound
        .then(|| name.to_owned())
        .ok_or_else(|| format!("give 1 to {NAME_MAX_CHARS} characters and no control characters"))
}

/// What a running server is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Asked,
    /// Not at all: it is to look for a new certificate.
    Reload,
    /// The state on disk, or of memory, is unknown.
    Broken,
}

/// The channel of requests to stop.
struct Shutdown {
    sender: mpsc::Sender<Stop>,
    receiver: mpsc::Receiver<Stop>,
}

/// Does something at each signal that asks the program to end, or to look for a new certificate.
fn at_signals(reloads: bool, on_fatal: OnFatal, act: impl FnMut(Signal) + Send + 'static) -> Result<(), OpenError> {
    let failed = |error: std::io::Error| OpenError(format!("signals can't be caught: {error}"));
    let signals = platform::EndSignals::catch(reloads).map_err(failed)?;
    spawn_vital("signals", on_fatal, move || signals.for_each(act)).map(drop).map_err(failed)
}

/// Ends the program with this exit code at a signal that asks it to, after cleaning up.
fn end_by_signal(code: i32, mut clean: impl FnMut() + Send + 'static) -> Result<(), OpenError> {
    at_signals(false, OnFatal::new(move || std::process::exit(code)), move |_| {
        output::warn("boxoffice: stopped");
        clean();
        platform::FileLock::remove_all_names();
        logging::finish();
        std::process::exit(code);
    })
}

impl Shutdown {
    /// Listens for the signals that ask the program to end.
    fn listen(reloads: bool) -> Result<Shutdown, OpenError> {
        let (sender, receiver) = mpsc::channel();
        let asked = sender.clone();
        let failed = sender.clone();
        let on_fatal = OnFatal::new(move || {
            let _ = failed.send(Stop::Broken); // nobody listens any more once it is closing
        });
        at_signals(reloads, on_fatal, move |signal| {
            let stop = if signal == Signal::Reload { Stop::Reload } else { Stop::Asked };
            let _ = asked.send(stop); // nobody listens any more once it is closing
        })?;
        Ok(Shutdown { sender, receiver })
    }

    /// What is called when nothing more can be promised: the state on disk is unknown, or a vital thread is gone.
    fn broken(&self) -> impl FnMut() + Send + 'static {
        let sender = self.sender.clone();
        move || {
            let _ = sender.send(Stop::Broken); // nobody listens any more once it is closing
        }
    }

    /// Waits for a request to stop. Meanwhile the supervisor hears of the threads, as often as it wants, while all of
    /// them go on.
    fn wait(&self, app: &App, supervisor: &Supervisor) -> Stop {
        let mut before = app.pulse();
        loop {
            let heard = match supervisor.watchdog() {
                Some(within) => self.receiver.recv_timeout(within / 2),
                None => self.receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match heard {
                Ok(Stop::Reload) => {
                    app.reload_certificate();
                    continue;
                }
                Ok(stop) => return stop,
                Err(RecvTimeoutError::Disconnected) => return Stop::Asked, // a sender lives in here
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = app.pulse();
            if now.is_after(&before) {
                supervisor.tell("WATCHDOG=1");
                before = now;
            }
        }
    }

    /// Serves until it is asked to stop, then stops the server. The log and the supervisor are told.
    fn close_in_the_end(self, app: App, given: &str) -> Result<(), OpenError> {
        let (file, address, staff) = (app.database().display().to_string(), app.url(), app.staff_url());
        log::info!(
            target: SERVER, version = VERSION, file = file.as_str(), address = address.as_str(), staff = staff.as_str(), settings = given;
            "the server has started: boxoffice {VERSION}, {file}, at {address}, for staff {staff}, with {given}"
        );
        let supervisor = Supervisor::of_environment();
        supervisor.tell("READY=1");
        let stop = self.wait(&app, &supervisor);
        supervisor.tell("STOPPING=1");
        log::info!(target: SERVER, "the server is stopping: {}", if stop == Stop::Asked { "asked to" } else { "by a fault" });
        drop(app);
        log::info!(target: SERVER, "the server has stopped: what was answered is in {file}");
        match stop {
            Stop::Asked | Stop::Reload => Ok(()),
            Stop::Broken => Err(OpenError(
                "the log says what failed, and nothing more is promised; remove its cause (check the disk), then start again."
                    .into(),
            )),
        }
    }
}
