//! What the sale needs: the rules of holding and paying.

use clap::{Args, ValueEnum, value_parser};
use jiff::tz::TimeZone;

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

/// Who may top up points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TopUpPolicy {
    /// Everyone their own balance: for demos, workshops and tests.
    #[value(name = "self")]
    Own,
    /// Staff at the counter only.
    Staff,
}

impl TopUpPolicy {
    /// The word of the setting, in the file and on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            TopUpPolicy::Own => "self",
            TopUpPolicy::Staff => "staff",
        }
    }

    pub fn parse(word: &str) -> Option<TopUpPolicy> {
        [TopUpPolicy::Own, TopUpPolicy::Staff].into_iter().find(|policy| policy.word() == word)
    }
}

pub(crate) fn parse_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "give an IANA name such as Asia/Seoul or Europe/Vienna".to_owned())
}
