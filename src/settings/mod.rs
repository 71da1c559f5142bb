//! Settings: flags and environment variables with their limits and their help, a file for each group of the help. One
//! out of its limits stops the start with a sentence that names it.

mod checks;
pub mod environment;
pub mod http;
mod listen;
mod log;
mod machine;
mod origin;
pub mod queue;
mod sale;
pub mod tls;
pub mod webhook;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::clock::{Clock, Millis};
use crate::platform::read_at_most;
use http::HttpSettings;
pub use listen::{DEFAULT_LISTEN, loopback_url_of, parse_listen, url_of, urls_for_others};
pub use log::LogSettings;
pub use machine::{Checkpoint, MachineSettings, StrangerSettings};
pub use origin::AllowedOrigin;
pub use queue::QueueSettings;
pub(crate) use sale::parse_zone;
pub use sale::{SaleSettings, TopUpPolicy};

/// The test clock: `--test-clock` or `--test-clock=frozen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestClock {
    /// Real time plus all advances.
    Running,
    /// Moves by advances alone.
    Frozen,
}

/// When the clock of a test begins whose random numbers repeat: 2026-01-01T00:00:00Z.
const REPEATED_START: Millis = Millis::from_unix_ms(1_767_225_600_000);
/// A key and the end of its line, generously.
const STAFF_KEY_FILE_MAX_BYTES: u64 = 4 << 10;

/// Everything that `serve` and `demo` can be told.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// The address to listen on, such as 8080, localhost:8080 or 0.0.0.0:80; port 0 takes a free one [default:
    /// 127.0.0.1:8080; with --ephemeral 127.0.0.1:0].
    #[arg(long, env = "BOXOFFICE_LISTEN", value_name = "ADDRESS:PORT", value_parser = parse_listen)]
    pub listen: Option<SocketAddr>,
    /// An address of its own for staff: their pages and calls, and the metrics, are then found there and no longer at
    /// --listen.
    #[arg(long, env = "BOXOFFICE_STAFF_LISTEN", value_name = "ADDRESS:PORT", value_parser = parse_listen)]
    pub staff_listen: Option<SocketAddr>,
    /// The staff key, 16 to 128 visible ASCII characters; without it one is made at first start and printed once.
    #[arg(long, env = "BOXOFFICE_STAFF_KEY", value_name = "KEY", hide_env_values = true, value_parser = parse_staff_key)]
    pub staff_key: Option<String>,
    /// A file that holds the staff key, such as a credential of systemd or a secret of a container.
    #[arg(long, env = "BOXOFFICE_STAFF_KEY_FILE", value_name = "FILE", conflicts_with = "staff_key")]
    pub staff_key_file: Option<PathBuf>,
    /// Let tests turn the clock with POST /api/v1/staff/clock; with --test-clock=frozen it stands still between turns.
    #[arg(long, env = "BOXOFFICE_TEST_CLOCK", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "running")]
    pub test_clock: Option<TestClock>,
    /// The moment at which a test's clock begins, such as 2026-11-22T10:00:00Z [default: now; with --test-random
    /// 2026-01-01T00:00:00Z].
    #[arg(long, env = "BOXOFFICE_TEST_CLOCK_AT", value_name = "INSTANT", value_parser = parse_instant)]
    pub test_clock_at: Option<Millis>,
    /// Make ids, keys, tokens, codes and draws follow from this number: with a frozen clock, the same calls get the
    /// same answers in every run (0 to 18,446,744,073,709,551,615). Anyone can guess them.
    #[arg(long, env = "BOXOFFICE_TEST_RANDOM", value_name = "N")]
    pub test_random: Option<u64>,
    /// What a new file begins with, as JSON: concerts and dates, users with their points, reservations and sales.
    /// `boxoffice seed --schema` prints its form.
    #[arg(long, env = "BOXOFFICE_SEED", value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Answer the calls of a course too, by a table: students, diagrams, or a file (`boxoffice course` prints them and
    /// their form). Users go by numbers and have no keys, so it is for demo, --ephemeral and --test-clock alone.
    #[arg(long, env = "BOXOFFICE_COURSE", value_name = "NAME|FILE")]
    pub course: Option<String>,
    /// At this start, take the time of this machine although the file has seen a later one, as it has
    /// after a start with a wrong clock. Holds and visits keep what is left of them; what was written
    /// meanwhile keeps its later moments, so a day's ledger may lack or hold entries of another; no
    /// entry, event or place in the line changes its order.
    #[arg(long)]
    pub set_clock_back: bool,
    /// Whether the file is thrown away at the end; `serve --ephemeral` says so.
    #[arg(skip)]
    pub is_ephemeral: bool,
    /// Whether a new file without a seed begins with the demo hall; `demo` and `serve --ephemeral` say so.
    #[arg(skip)]
    pub has_demo_hall: bool,
    #[command(flatten)]
    pub queue: QueueSettings,
    #[command(flatten)]
    pub sale: SaleSettings,
    #[command(flatten)]
    pub strangers: StrangerSettings,
    #[command(flatten)]
    pub machine: MachineSettings,
    #[command(flatten)]
    pub http: HttpSettings,
    #[command(flatten)]
    pub tls: tls::TlsSettings,
    #[command(flatten)]
    pub webhooks: webhook::WebhookSettings,
    #[command(flatten)]
    pub log: LogSettings,
}

impl Settings {
    /// The same settings for a server to try things out, whose file is gone afterwards. Unless it is given otherwise,
    /// everybody tops up points, pages of this machine may read answers, webhooks may have receivers on it, and one
    /// address is not limited: behind the gateway of a container it is that of all clients, a load test's too.
    #[must_use]
    pub fn for_trying(mut self) -> Settings {
        self.sale.top_up_policy.get_or_insert(TopUpPolicy::Own);
        if self.http.allow_origin.is_empty() {
            self.http.allow_origin.push(AllowedOrigin::Loopback);
        }
        self.webhooks.or_loopback();
        if !self.http.http_limit_loopback {
            self.strangers.tries_per_minute.get_or_insert(0);
            self.http.http_connections_per_address_max.get_or_insert(0);
        }
        self
    }

    /// Whether somebody thought of what one address may do: it was said, or a proxy says who is behind it.
    pub fn chose_limits_per_address(&self) -> bool {
        let are_given =
            self.strangers.tries_per_minute.is_some() && self.http.http_connections_per_address_max.is_some();
        are_given || !self.http.http_proxies.is_empty()
    }

    /// Takes the staff key from its file, if one is given.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn read_staff_key(&mut self) -> Result<(), String> {
        let Some(path) = &self.staff_key_file else { return Ok(()) };
        let read = read_at_most(path, STAFF_KEY_FILE_MAX_BYTES).map_err(|error| error.to_string());
        let key = read.and_then(|text| parse_staff_key(String::from_utf8_lossy(&text).trim()));
        self.staff_key = Some(key.map_err(|why| format!("--staff-key-file {}: {why}.", path.display()))?);
        Ok(())
    }

    /// When a new file begins: now, unless a test says otherwise.
    pub fn first_moment(&self) -> Millis {
        let repeated = || self.test_random.map(|_| REPEATED_START);
        self.test_clock_at.or_else(repeated).unwrap_or_else(Clock::wall_now)
    }

    /// Whether it is a server for tests: its clock is one, or its file is thrown away.
    pub fn is_test_server(&self) -> bool {
        self.is_ephemeral || self.test_clock.is_some()
    }

    /// Who may top up points; `self` unless told otherwise.
    pub fn top_up_policy(&self) -> TopUpPolicy {
        self.sale.top_up_policy.unwrap_or(TopUpPolicy::Own)
    }
}

fn parse_instant(text: &str) -> Result<Millis, String> {
    Millis::parse_rfc3339(text.trim()).ok_or_else(|| "give an RFC 3339 instant such as 2026-11-22T10:00:00Z".to_owned())
}

pub(crate) fn parse_staff_key(key: &str) -> Result<String, String> {
    let sound = (16..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    sound.then(|| key.to_owned()).ok_or_else(|| "give 16 to 128 visible ASCII characters".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Args {
        #[command(flatten)]
        settings: Settings,
    }

    pub fn parse(arguments: &[&str]) -> Result<Settings, String> {
        let line = Args::try_parse_from([&["boxoffice"], arguments].concat()).map_err(|error| error.to_string())?;
        let listen = line.settings.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        line.settings.check(listen).map(|()| line.settings)
    }

    #[test]
    fn setting_out_of_its_limits_is_refused_by_its_name() {
        for (flag, value) in [
            ("--hold-seconds", "0"),
            ("--seats-per-user", "1001"),
            ("--max-active", "-1"),
            ("--abandon-seconds", "2"),
            ("--idempotency-hours", "23"),
            ("--time-zone", "Mars/Olympus"),
            ("--staff-key", "short"),
            ("--listen", "nowhere"),
            ("--allow-origin", "https://shop.example/"),
        ] {
            let why = parse(&[&format!("{flag}={value}")]).unwrap_err();
            assert!(why.contains(flag), "{why}");
        }
    }

    #[test]
    fn ephemeral_server_limits_no_address_unless_that_is_asked_for() {
        let limits = |flags: &[&str]| {
            let settings = parse(flags).unwrap().for_trying();
            (settings.strangers.tries_per_minute(), settings.http.connections_per_address_max())
        };
        assert_eq!(limits(&[]), (0, 0));
        assert_eq!(limits(&["--tries-per-minute=7"]), (7, 0));
        assert_eq!(limits(&["--http-connections-per-address-max=8"]), (0, 8));
        assert_eq!(limits(&["--http-limit-loopback"]), (600, 1_000));
        let serving = parse(&[]).unwrap();
        assert_eq!((serving.strangers.tries_per_minute(), serving.http.connections_per_address_max()), (600, 1_000));
    }

    #[test]
    fn test_clock_runs_unless_it_is_frozen() {
        assert_eq!(parse(&[]).unwrap().test_clock, None);
        assert_eq!(parse(&["--test-clock"]).unwrap().test_clock, Some(TestClock::Running));
        assert_eq!(parse(&["--test-clock=frozen"]).unwrap().test_clock, Some(TestClock::Frozen));
    }
}
