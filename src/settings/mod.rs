//! Settings: flags and environment variables with their limits and their help. One out of its limits
//! stops the start with a sentence that names it.

pub mod environment;
pub mod http;
mod listen;
mod log;
mod origin;
mod policy;
pub mod queue;
pub mod tls;
pub mod webhook;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};
use jiff::tz::TimeZone;

use crate::clock::{Clock, Millis};
use http::HttpSettings;
use listen::is_loopback;
pub use listen::{DEFAULT_LISTEN, loopback_url_of, parse_listen, url_of, urls_for_others};
pub use log::LogSettings;
pub use origin::AllowedOrigin;
pub use policy::TopUpPolicy;
pub use queue::QueueSettings;

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

/// The rules of holding and paying.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Holding and paying")]
pub struct SaleSettings {
    /// How long seats are held for an unpaid reservation, in seconds (1 to 86,400).
    #[arg(long, env = "BOXOFFICE_HOLD_SECONDS", default_value_t = 300, value_name = "N", value_parser = value_parser!(u32).range(1..=86_400))]
    pub hold_seconds: u32,
    /// Seats that one user may hold and own of one date (1 to 1,000).
    #[arg(long, env = "BOXOFFICE_SEATS_PER_USER", default_value_t = 4, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000))]
    pub seats_per_user: u32,
    /// Declined payments after which a reservation fails and its seats are free (1 to 100).
    #[arg(long, env = "BOXOFFICE_PAYMENT_ATTEMPTS", default_value_t = 1, value_name = "N", value_parser = value_parser!(u32).range(1..=100))]
    pub payment_attempts: u32,
    /// Whether a payment ends the visit; false lets it go on until its own end, for another date without queueing
    /// again.
    #[arg(long, env = "BOXOFFICE_VISIT_ENDS_ON_PAYMENT", default_value_t = true, value_name = "true|false", action = clap::ArgAction::Set)]
    pub visit_ends_on_payment: bool,
    /// Who may top up points: everyone their own, or staff only [default: what the file was last given, else self].
    /// Must be given when others can reach an address, also through a proxy.
    #[arg(long, env = "BOXOFFICE_TOP_UP_POLICY", value_enum)]
    pub top_up_policy: Option<TopUpPolicy>,
    /// Let --top-up-policy self take the place of the staff that the file was last given.
    #[arg(long)]
    pub loosen_top_up_policy: bool,
    /// The venue's time zone, by its IANA name; dates are read and written in it.
    #[arg(long, env = "BOXOFFICE_TIME_ZONE", default_value = "Asia/Seoul", value_name = "NAME", value_parser = parse_zone)]
    pub time_zone: TimeZone,
}

/// What strangers may try.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Strangers")]
pub struct StrangerSettings {
    /// What one address (of IPv6 a /64) may do in a minute: so many users and tokens may be made from it, and so many
    /// wrong keys sent (0 to 1,000,000; 0: no limit) [default: 600; for demo and --ephemeral 0]. This machine itself is
    /// exempt without --http-limit-loopback.
    #[arg(long, env = "BOXOFFICE_TRIES_PER_MINUTE", value_name = "N", value_parser = value_parser!(u32).range(0..=1_000_000))]
    pub tries_per_minute: Option<u32>,
}

impl StrangerSettings {
    /// How often one address may try in a minute; 0 is no limit.
    pub fn tries_per_minute(&self) -> u32 {
        self.tries_per_minute.unwrap_or(600)
    }
}

/// How the server works inside.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Inside")]
pub struct MachineSettings {
    /// Reading connections to the file (1 to 64).
    #[arg(long, env = "BOXOFFICE_READERS", default_value_t = 4, value_name = "N", value_parser = value_parser!(u32).range(1..=64))]
    pub readers: u32,
    /// Writing requests that may wait for their commit; beyond it the answer is 503 (1 to 1,000,000).
    #[arg(long, env = "BOXOFFICE_WRITER_JOBS_MAX", default_value_t = 4_096, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub writer_jobs_max: u32,
    /// Writing requests that share one commit at most (1 to 100,000).
    #[arg(long, env = "BOXOFFICE_WRITER_BATCH_MAX", default_value_t = 1_024, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000))]
    pub writer_batch_max: u32,
    /// Seats whose maps are kept in memory at most, about half a kilobyte each; the longest
    /// unasked are forgotten first (1,000 to 10,000,000).
    #[arg(long, env = "BOXOFFICE_CACHED_SEATS_MAX", default_value_t = 200_000, value_name = "N", value_parser = value_parser!(u32).range(1_000..=10_000_000))]
    pub cached_seats_max: u32,
    /// How long answers are kept under their Idempotency-Key, in hours (24 to 8,760).
    #[arg(long, env = "BOXOFFICE_IDEMPOTENCY_HOURS", default_value_t = 48, value_name = "N", value_parser = value_parser!(u32).range(24..=8_760))]
    pub idempotency_hours: u32,
    /// How long a token that ended is remembered, and its owner told why it did, in days (1 to 3,650).
    #[arg(long, env = "BOXOFFICE_TOKEN_DAYS", default_value_t = 30, value_name = "N", value_parser = value_parser!(u32).range(1..=3_650))]
    pub token_days: u32,
    /// Who writes the write-ahead log back into the file: this program, or one that copies the file continuously and
    /// must see all of the log before, such as Litestream. Without that program the log grows without end.
    #[arg(long, env = "BOXOFFICE_CHECKPOINT", value_enum, default_value_t)]
    pub checkpoint: Checkpoint,
}

/// Who makes checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Checkpoint {
    /// This program.
    #[default]
    Own,
    /// Another program.
    External,
}

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
    /// Checks what no single setting shows.
    ///
    /// # Errors
    /// A sentence that names the setting and the remedy.
    pub fn check(&self, listen: SocketAddr) -> Result<(), String> {
        if let Some(setting) = self.opens_to_others(listen).filter(|_| self.sale.top_up_policy.is_none()) {
            return Err(format!(
                "with {setting} others can reach the server, so --top-up-policy must be given: staff (points are sold at the \
                 counter) or self (everyone may top up their own balance)."
            ));
        }
        if let Some(staff) = self.staff_listen
            && staff == listen
            && staff.port() != 0
        {
            return Err(format!("--staff-listen {staff} is the same as --listen; give it a port of its own."));
        }
        self.tls.check(listen, self.staff_listen)?;
        for (flag, is_given) in
            [("--test-random", self.test_random.is_some()), ("--test-clock-at", self.test_clock_at.is_some())]
        {
            if is_given && self.test_clock.is_none() {
                return Err(format!("{flag} is for tests and needs their clock; give --test-clock=frozen as well."));
            }
        }
        if self.course.is_some() && !self.is_test_server() && !self.has_demo_hall {
            return Err("--course lets everybody act as any user by a number, so it is for demo and for servers for tests; give \
                        --ephemeral, or --test-clock for a file that stays."
                .into());
        }
        let MachineSettings { token_days, idempotency_hours, .. } = self.machine;
        if token_days * 24 < idempotency_hours {
            return Err(format!(
                "--token-days {token_days} is shorter than --idempotency-hours {idempotency_hours}, and a token must be \
                 remembered as long as an answer to it may be asked for again; give at least --token-days {}.",
                idempotency_hours.div_ceil(24)
            ));
        }
        Ok(())
    }

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

    /// The setting by which others can reach the server, if one does: an address that is
    /// not this machine's alone, or a proxy before it.
    fn opens_to_others(&self, listen: SocketAddr) -> Option<String> {
        let addresses = [("--listen", Some(listen)), ("--staff-listen", self.staff_listen)];
        let mut open = addresses.into_iter().filter_map(|(flag, address)| Some((flag, address?)));
        let open = open.find(|(_, address)| !is_loopback(address.ip()));
        let proxy = || self.http.http_proxies.first().map(|proxy| format!("--http-proxies {proxy}"));
        open.map(|(flag, address)| format!("{flag} {address}")).or_else(proxy)
    }

    /// Takes the staff key from its file, if one is given.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn read_staff_key(&mut self) -> Result<(), String> {
        let Some(path) = &self.staff_key_file else { return Ok(()) };
        let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let key = read.and_then(|text| parse_staff_key(text.trim()));
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

pub(crate) fn parse_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "give an IANA name such as Asia/Seoul or Europe/Vienna".to_owned())
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

    fn parse(arguments: &[&str]) -> Result<Settings, String> {
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
    fn setting_in_public_the_top_up_policy_must_be_given() {
        for (flags, named) in [
            (&["--listen", "0.0.0.0:80"][..], "--listen 0.0.0.0:80"),
            (&["--listen", "[::]:80"], "--listen [::]:80"),
            (&["--staff-listen", "192.168.0.2:80"], "--staff-listen 192.168.0.2:80"),
            (&["--http-proxies", "127.0.0.1"], "--http-proxies 127.0.0.1/32"),
            (&["--listen", "127.0.0.1:80", "--http-proxies", "10.0.0.0/8"], "--http-proxies 10.0.0.0/8"),
        ] {
            let why = parse(flags).unwrap_err();
            assert!(why.contains(named) && why.contains("--top-up-policy"), "{why}");
            assert!(parse(&[flags, &["--top-up-policy", "self"]].concat()).is_ok());
        }
        assert!(parse(&["--listen", "127.0.0.2:80", "--staff-listen", "[::ffff:127.0.0.1]:80"]).is_ok());
        assert!(parse(&["--listen", "0.0.0.0:80", "--top-up-policy", "staff"]).is_ok());
        assert_eq!(parse(&["--listen", "[::1]:0"]).unwrap().top_up_policy(), TopUpPolicy::Own);
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
    fn token_is_remembered_as_long_as_its_answers() {
        let why = parse(&["--token-days", "2", "--idempotency-hours", "49"]).unwrap_err();
        assert!(why.contains("at least --token-days 3"), "{why}");
        assert!(parse(&["--token-days", "3", "--idempotency-hours", "49"]).is_ok());
    }

    #[test]
    fn test_clock_runs_unless_it_is_frozen() {
        assert_eq!(parse(&[]).unwrap().test_clock, None);
        assert_eq!(parse(&["--test-clock"]).unwrap().test_clock, Some(TestClock::Running));
        assert_eq!(parse(&["--test-clock=frozen"]).unwrap().test_clock, Some(TestClock::Frozen));
    }
}
