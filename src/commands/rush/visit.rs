//! A visit of a simulated customer: what is next, and what came of it so far.

/// The next thing to do inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Next {
    #[default]
    Look,
    ReadMap,
    Hold,
    Watch,
    Cancel,
    TopUp,
    Pay,
    PayAgain,
}

/// A visit as it goes.
#[derive(Debug, Default)]
pub(super) struct Purchase {
    pub next: Next,
    pub tries_left: u32,
    pub looks_left: u32,
    /// Whether an on-sale had too few free seats for them once.
    pub found_none: bool,
    /// Free seats as they were when the map was read.
    pub free: Vec<String>,
    pub chosen: Vec<String>,
    pub reservation: Option<(String, i64)>,
    /// Whether the change of mind of this behaviour is done.
    pub changed_mind: bool,
    /// Counts this customer's keys for repeated requests.
    pub keys: u32,
    pub key: String,
    pub points: i64,
    pub receipt: Vec<u8>,
    /// What was acknowledged: points topped up, points paid, seats with a ticket.
    pub topped_up: i64,
    pub paid: i64,
    pub seats: Vec<String>,
}
