//! A history checked as a whole. Clients write down every request and every answer with the times of both ([`Op`]).
//! From that and from the file it is proved that there is an order of events which explains all of it: the feed of
//! events in the file is that order, or there is a fault.
//!
//! `feed.rs`, `sales.rs` and `dates.rs` replay the feed by the rules of the venue, `tables.rs` compares what comes out
//! with the tables, `best.rs` says which seats are best, `effects.rs` finds for each event the request that caused it,
//! `promises.rs` for each answer the event that it promised, and `views.rs` the moment at which it was true.

pub mod best;
pub mod dates;
pub mod effects;
pub mod feed;
pub mod promises;
pub mod sales;
pub mod tables;
pub mod views;

use rusqlite::Connection;
use serde_json::Value;

use feed::Story;

/// What a customer asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Doing {
    SignUp,
    LineUp,
    Poll,
    Leave,
    TopUp(i64),
    /// Seats of a date.
    Hold(i64, Vec<String>),
    /// So many of the best of a date, none of them in a box.
    HoldBest(i64, usize),
    /// A reservation, and what it costs.
    Pay(String, i64),
    Cancel(String),
    /// The own reservation.
    Look(String),
    Balance,
    /// All seats of a date.
    Map(i64),
    /// Other seats for a reservation that is unpaid.
    ChangeHold {
        id: String,
        schedule: i64,
        seats: Vec<String>,
    },
    /// Paid seats for as many others, of another date where staff do it.
    Exchange {
        id: String,
        give_back: Vec<String>,
        schedule: i64,
        seats: Vec<String>,
        at_counter: bool,
    },
    /// Some seats of a paid reservation, or all of them.
    GiveBack {
        id: String,
        seats: Vec<String>,
        at_counter: bool,
    },
    /// Seats at the counter, for money or for nothing.
    Sell {
        schedule: i64,
        seats: Vec<String>,
        method: &'static str,
    },
    /// Seats that staff keep for them until a moment.
    Keep {
        schedule: i64,
        seats: Vec<String>,
        until: String,
    },
    SellKept(String),
    FreeKept(String),
    /// Points that the counter pays out.
    PayOut(i64),
    /// Their account.
    Remove,
    /// A date that does not take place, and one that takes place at another moment, which no other date was moved to.
    CancelDate(i64),
    MoveDate {
        schedule: i64,
        starts_at: String,
    },
}

/// Every fifth seat is one for a child, wherever somebody asks for it: so a label says what its seat costs.
pub fn is_for_a_child(label: &str) -> bool {
    label.parse().is_ok_and(|number: usize| number.is_multiple_of(5))
}

pub fn price_of(label: &str, price: i64) -> i64 {
    if is_for_a_child(label) { price / 2 } else { price }
}

/// A request of a customer, and what came of it. Times are nanoseconds since the history began.
#[derive(Debug, Clone)]
pub struct Op {
    /// Whose, once they have signed up.
    pub user: String,
    /// The token it was sent with.
    pub token: String,
    pub doing: Doing,
    /// The idempotency key; requests of one user with one key are one.
    pub key: String,
    pub asked: u64,
    /// What was in the trace then, where there is one.
    pub asked_at_record: i64,
    /// Nothing when no answer came.
    pub said: Option<Said>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Said {
    pub heard: u64,
    pub at_record: i64,
    pub status: u16,
    pub text: String,
    pub body: Value,
    /// Marked as the answer to an earlier request with its key.
    pub replayed: bool,
}

impl Said {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }
}

impl Op {
    /// The answer, if it says for certain what became of the request. A 500 does not:
    /// the disk may have kept what it could not confirm.
    pub fn certain(&self) -> Option<&Said> {
        self.said.as_ref().filter(|said| said.status != 500)
    }

    /// Somebody lined up, and the token that they were given had ended before the answer that gives it was made.
    pub fn came_too_late(&self) -> bool {
        let is_over = |said: &Said| matches!(said.code(), "TOKEN_INVALID" | "TOKEN_EXPIRED");
        self.doing == Doing::LineUp && self.certain().is_some_and(is_over)
    }

    /// The answer, if it is final: not a "try again".
    pub fn outcome(&self) -> Option<&Said> {
        self.certain().filter(|said| !matches!(said.status, 429 | 503 | 507))
    }
}

/// What is known of the server and of how the history came about.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub max_active: usize,
    pub price: i64,
    /// Whether what was never answered may have been done all the same: not where the server stopped gracefully.
    pub unanswered_may_be_done: bool,
}

/// Faults that are enough to show that a history is none.
const FAULTS_MAX: usize = 12;

/// What contradicts the history in a file.
pub fn faults(ops: &[Op], file: &Connection, rules: Rules) -> Vec<String> {
    let mut faults = Vec::new();
    match feed::read(file).and_then(|events| Ok((events, tables::read(file)?))) {
        Ok((events, tables)) => {
            let story = Story::of(&events, &tables, rules, &mut faults);
            tables.contradict(&story, &mut faults);
            let order = effects::assign(ops, &story, &tables, &mut faults);
            views::check(ops, &story, &order, &mut faults);
        }
        Err(error) => faults.push(format!("the file cannot be read: {error}")),
    }
    faults.truncate(FAULTS_MAX);
    // What the file says against itself, whatever the clients saw.
    faults.extend(crate::support::invariants::faults(file).into_iter().take(FAULTS_MAX));
    faults
}

/// The part of a history that a server with a trace up to `record` can know of: later answers were never given.
pub fn until(ops: &[Op], record: i64) -> Vec<Op> {
    cut(ops, |op| op.asked_at_record <= record, |said| said.at_record <= record)
}

/// The part of a history that is certain in a copy made between two moments: what was answered
/// before is in it, what was asked meanwhile may be.
pub fn between(ops: &[Op], from: u64, to: u64) -> Vec<Op> {
    cut(ops, |op| op.asked <= to, |said| said.heard <= from)
}

fn cut(ops: &[Op], is_asked: impl Fn(&Op) -> bool, is_heard: impl Fn(&Said) -> bool) -> Vec<Op> {
    let asked = ops.iter().filter(|op| is_asked(op));
    asked.map(|op| Op { said: op.said.clone().filter(|said| is_heard(said)), ..op.clone() }).collect()
}
