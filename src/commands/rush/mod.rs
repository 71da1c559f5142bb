//! `boxoffice rush`: a simulated on-sale. Customers come over real HTTP, and afterwards everything is
//! audited.

mod accounts;
pub mod audit;
mod connection;
mod customer;
mod draw;
mod on_sale;
mod plan;
mod purchase;
mod report;
mod run;
mod seen_token;
mod setup;
mod stats;
mod visit;
mod workers;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;

use crate::check;
use crate::platform;
use crate::settings::queue;
use crate::store::{self, OpenError};
use audit::{Account, Event, Limits};
use customer::{BoxedCustomer, Customer};
use report::{Check, Outcome, Report};
use run::Run;
use setup::Setup;
use stats::Stats;

/// Steps of SQLite's virtual machine between two looks at whether the audit of the file is to stop: about a
/// millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// The exit code of a rush that was broken off.
const STOPPED: u8 = 130;

const EXITS: &str = "\
Without --url nothing is taken from the environment. Ctrl-C ends the rush at once, with a report of what there was.
Exit code: 0 the audit is clean; 1 the audit found a fault, or something is wrong; 2 a wrong command line; 130 stopped
before its end, without an audit.";

/// What `rush` takes.
#[derive(Debug, Args)]
#[command(after_help = EXITS)]
pub(super) struct Rush {
    /// Customers who come (1 to 1,000,000).
    #[arg(long, default_value_t = 2_000, value_parser = value_parser!(u64).range(1..=1_000_000))]
    customers: u64,
    /// Seats on sale (1 to 100,000).
    #[arg(long, default_value_t = 500, value_parser = value_parser!(u64).range(1..=100_000))]
    seats: u64,
    /// All customers join, each with one call, before the sale opens and the places are drawn; they come back in the
    /// order of the draw and take the best free seats. Once all are sold the line says so, and everybody in it looks
    /// once more and goes home. Other defaults: 10,000 admitted at once, held for 15 seconds, speed 1.
    #[arg(long)]
    on_sale: bool,
    /// Customers admitted at once at most; 0: no limit. A running server keeps its own unless this is given.
    #[arg(long, value_parser = value_parser!(u32).range(queue::MAX_ACTIVE), default_value_if("on_sale", "true", "10000"))]
    max_active: Option<u32>,
    /// Customers admitted within any 60 seconds at most; 0: no limit. A
    /// running server keeps its own unless this is given.
    #[arg(long, value_parser = value_parser!(u32).range(queue::ADMIT_PER_MINUTE))]
    admit_per_minute: Option<u32>,
    /// How long seats are held, in seconds, on a server of its own (1 to 86,400).
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=86_400))]
    #[arg(default_value_if("on_sale", "true", "15"))]
    hold_seconds: u32,
    /// One admitted who makes no call for so long is dropped, in seconds, on a server of its own (0 to 86,400).
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(queue::CLAIM_SECONDS))]
    #[arg(default_value_if("on_sale", "true", "120"))]
    claim_seconds: u32,
    /// The same seed gives the same mix of behaviours.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many times faster than the clock customers think, and poll (they are told for how long to wait in between).
    #[arg(long, default_value_t = 10.0, value_parser = parse_speed, default_value_if("on_sale", "true", "1"))]
    speed: f64,
    /// All customers come within so many seconds (0 to 86,400).
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(0..=86_400))]
    arrival_seconds: u64,
    /// After so many seconds those who are still there are sent home (1 to 86,400).
    #[arg(long, default_value_t = 900, value_parser = value_parser!(u64).range(1..=86_400))]
    patience: u64,
    /// Connections, each with a thread, over which all customers come (1 to 512).
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u64).range(1..=512))]
    connections: u64,
    /// A running server, such as http://localhost:8080; without it the
    /// rush starts a server of its own, gone afterwards.
    #[arg(long, requires = "staff_key")]
    url: Option<String>,
    /// Where the staff of that server have an address of their own.
    #[arg(long, value_name = "URL", requires = "url")]
    staff_url: Option<String>,
    /// Trust the certificate authorities of this file (PEM) too, for URLs that begin with https.
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
    /// Trust whatever certificate it has: a server that begins this itself, at its own port of this machine, has one
    /// for the names of its venue.
    #[arg(long, hide = true, requires = "url")]
    without_proof: bool,
    /// The staff key of that server.
    #[arg(long, env = "BOXOFFICE_STAFF_KEY", hide_env_values = true)]
    staff_key: Option<String>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (0.01..=1_000.0).contains(speed));
    speed.ok_or_else(|| "give a number from 0.01 to 1000".to_owned())
}

impl Rush {
    /// Runs it; failure when the audit finds a fault.
    pub(super) fn run(&self) -> Result<ExitCode, OpenError> {
        let setup = setup::set(self)?;
        let run = Arc::new(self.new_run(&setup));
        let customers =
            (0..self.customers).map(|number| Customer::new(self.seed, number, self.arrival_seconds * 1_000));
        let bar = progress(self.customers);
        let connections = self.connections as usize; // at most 512
        let stats = Arc::new(Mutex::new(Stats::default()));
        stats.lock().begin(if self.on_sale { "join" } else { "sale" });
        let mut failed = None;
        let customers = workers::run(&run, customers, connections, &stats, || {
            show(&bar, &run, self.seats);
            self.conduct(&setup, &run, &stats).unwrap_or_else(|error| {
                run.stop.store(true, Relaxed);
                failed = Some(error);
                None
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if run.is_on_sale_over() {
            setup.say_sold_out(false)?;
        }
        let mut stats = std::mem::take(&mut *stats.lock());
        stats.end();
        let seconds = run.began.elapsed().as_secs_f64();
        let memory_peak_bytes = platform::memory_peak_bytes();
        bar.set_message("audit");
        let audit_began = Instant::now();
        let stopped = || setup.stop.load(Relaxed);
        let audited = if stopped() { None } else { Some(self.audit(&setup, &customers)) };
        let audited = audited.filter(|_| !stopped()).transpose().map_err(OpenError)?;
        bar.finish_and_clear();
        let report = Report::of(Outcome {
            customers_total: self.customers as usize, // at most a million
            customers,
            stats,
            audited,
            memory_peak_bytes,
            has_own_server: self.url.is_none(),
            schedule_id: setup.schedule_id,
            seats: self.seats as usize, // at most 100,000
            seed: self.seed,
            speed: self.speed,
            connections,
            seconds,
            audit_seconds: audit_began.elapsed().as_secs_f64(),
        });
        let text = if self.json { format!("{}\n", serde_json::json!(report)) } else { report.text() };
        let told = std::io::stdout().write_all(text.as_bytes());
        told.map_err(|error| OpenError(format!("standard output is closed: {error}")))?;
        Ok(match report.clean {
            Some(true) => ExitCode::SUCCESS,
            Some(false) => ExitCode::FAILURE,
            None => STOPPED.into(),
        })
    }

    /// What the staff of an on-sale do: they open it once all have joined, and tell the line once all is sold. Gives
    /// the order of its draw, once, as soon as it was held.
    fn conduct(&self, setup: &Setup, run: &Run, stats: &Mutex<Stats>) -> Result<Option<Vec<u32>>, OpenError> {
        let Some(on_sale) = &run.on_sale else { return Ok(None) };
        if on_sale.must_open(self.customers) {
            stats.lock().begin("draw");
            on_sale.opens_after(setup.open_line()?);
        }
        let drawn = if on_sale.awaits_draw() { setup.drawn()? } else { None };
        if drawn.is_some() {
            stats.lock().begin("sale");
            on_sale.draw();
        }
        if run.is_sold_out() && !on_sale.is_told() {
            stats.lock().begin("sold out");
            setup.say_sold_out(true)?;
            on_sale.tell();
        }
        Ok(drawn)
    }

    fn new_run(&self, setup: &Setup) -> Run {
        let began = Instant::now();
        Run {
            server: setup.server.clone(),
            concert_id: setup.concert_id,
            schedule_id: setup.schedule_id,
            seats: self.seats,
            on_sale: self.on_sale.then(on_sale::OnSale::default),
            speed: self.speed,
            began,
            ends: began + Duration::from_secs(self.patience),
            stop: Arc::clone(&setup.stop),
            waits_left: AtomicI64::new((self.connections / 2) as i64), // at most 256
            waiting: AtomicI64::new(0),
            inside: AtomicI64::new(0),
            over: AtomicU64::new(0),
            sold: AtomicU64::new(0),
        }
    }

    /// Reads the feed, everybody's books and the file, and checks them.
    fn audit(&self, setup: &Setup, customers: &[BoxedCustomer]) -> Result<(Vec<Event>, Vec<Check>), String> {
        let connections = self.connections.min(16) as usize; // at most 16
        // Of an on-sale those who tried to hold seats: the others have empty books, and the file is checked whole.
        let is_read = |one: &Customer| one.user_id.is_some() && (!self.on_sale || one.visit.keys > 0);
        let accounts: Vec<Account> =
            accounts::read_all(&setup.server, setup.schedule_id, customers, connections, is_read, &setup.stop)?;
        let events = accounts::events(&mut setup.staff_server.connect(), &setup.staff, setup.after, &setup.stop)?;
        let rule = |name: &str| setup.rules[name].as_i64().unwrap_or(0);
        let limits = Limits { max_active: rule("maxActive"), admit_per_minute: rule("admitPerMinute") };
        let seats = self.seats as usize; // at most 100,000
        let told = |customer: &BoxedCustomer| {
            let number = customer.number;
            customer.faults.iter().map(|fault| format!("customer {number}: {fault}")).collect::<Vec<_>>()
        };
        let mut checks = vec![
            Check::of("the events feed has no gap", audit::gaps(&events, setup.after)),
            Check::of("no seat was sold twice", audit::sold_twice(&events, setup.schedule_id, &accounts)),
            Check::of("no point was lost", audit::lost_points(&accounts)),
            Check::of(
                "money, seats and tickets agree",
                audit::money_and_seats(&events, setup.schedule_id, &accounts, seats),
            ),
            Check::of("nobody was overtaken", audit::overtaken(&events)),
            Check::of("the limits of the line were kept", audit::limits_broken(&events, limits, rule("active"))),
            Check::of("every answer was one that the contract allows", customers.iter().flat_map(told).collect()),
        ];
        if let Some(file) = &setup.file {
            checks.push(Check::of("the file agrees", faults_of(file, &setup.stop).map_err(|error| error.0)?));
        }
        Ok((events, checks))
    }
}

/// What is wrong in the file. Its statements are aborted as soon as `stop` is set: those of a large file take longer
/// than a service manager waits.
fn faults_of(file: &Path, stop: &Arc<AtomicBool>) -> Result<Vec<String>, OpenError> {
    let file = store::open_read_only(file)?;
    let stop = Arc::clone(stop);
    let aborts = file.connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || stop.load(Relaxed)));
    aborts.map_err(|error| OpenError(format!("the file can't be audited: {error}")))?;
    Ok(check::examine(&file.connection).faults)
}

/// A bar on standard error, if that is a terminal.
fn progress(customers: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} through · {msg}");
    ProgressBar::new(customers).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, run: &Run, seats: u64) {
    bar.set_position(run.over.load(Relaxed));
    let (waiting, inside) = (run.waiting.load(Relaxed), run.inside.load(Relaxed));
    bar.set_message(format!("{waiting} in line · {inside} inside · {}/{seats} sold", run.sold.load(Relaxed)));
}
