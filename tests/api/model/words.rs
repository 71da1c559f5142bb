//! The words in which the reference model and the running server speak of the same things: what is asked, and
//! what must be answered. Users, tokens and reservations are numbered from 0 in the order in which they came;
//! times are milliseconds since the hall was opened.

use super::world::Rules;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Who {
    Nobody,
    Stranger,
    Token(usize),
    Key(usize),
    WrongKey(usize),
}

/// Which date is meant: by its id, or by concert and date.
#[derive(Debug, Clone, PartialEq)]
pub enum On {
    Schedule(i64),
    Date(i64, &'static str),
}

/// What is paid for.
#[derive(Debug, Clone, PartialEq)]
pub enum PaidFor {
    Reservation(Option<usize>),
    Seats(i64, Vec<String>),
}

/// What is asked. Everything here is path and body, so that two equal ones
/// are the same request under an idempotency key.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    LineUp {
        user: usize,
        right_key: bool,
        line: usize,
    },
    Poll,
    Leave,
    Draw,
    Dates {
        concert: i64,
        all: bool,
    },
    Map {
        schedule: i64,
    },
    MapOn {
        concert: i64,
        date: &'static str,
    },
    Hold {
        on: On,
        seats: Vec<String>,
    },
    Pay {
        paid_for: PaidFor,
        amount: i64,
    },
    Cancel {
        reservation: Option<usize>,
    },
    ChangeHold {
        reservation: Option<usize>,
        seats: Vec<String>,
    },
    /// Without `give_back` all of it.
    Exchange {
        reservation: Option<usize>,
        give_back: Vec<String>,
        seats: Vec<String>,
        amount: i64,
    },
    HandOver {
        reservation: Option<usize>,
    },
    /// A hold by staff.
    ChangeAny {
        reservation: Option<usize>,
        seats: Vec<String>,
    },
    SetLimit {
        user: usize,
        seats: Option<usize>,
    },
    Ban {
        user: usize,
        banned: bool,
    },
    /// An exchange by staff, for seats of any date. Without `give_back` all of it.
    ExchangeAny {
        reservation: Option<usize>,
        give_back: Vec<String>,
        schedule: i64,
        seats: Vec<String>,
    },
    See {
        reservation: Option<usize>,
    },
    List,
    TopUp {
        user: usize,
        amount: i64,
    },
    Balance {
        user: usize,
    },
    Entries {
        user: usize,
    },
    SeePayment {
        reservation: Option<usize>,
    },
    Turn {
        ms: i64,
    },
    /// The venue is closed in good order and opened again on its file.
    Restart,
    Revoke {
        user: usize,
    },
    /// Of a line.
    SetRules(usize, Rules),
    Block {
        schedule: i64,
        seat: String,
        blocked: bool,
    },
    SetSale {
        schedule: i64,
        opens: i64,
        closes: i64,
    },
    Correct {
        user: usize,
        amount: i64,
    },
    Sell {
        user: usize,
        schedule: i64,
        seats: Vec<String>,
        method: &'static str,
        amount: Option<i64>,
        /// Seats that the venue keeps back too.
        blocked_too: bool,
    },
    Keep {
        user: usize,
        schedule: i64,
        seats: Vec<String>,
        until: i64,
    },
    SellHeld {
        reservation: Option<usize>,
        method: &'static str,
    },
    FreeSeats {
        reservation: Option<usize>,
    },
    /// Seats of a reservation; all of them where none is named.
    Refund {
        reservation: Option<usize>,
        seats: Vec<String>,
    },
    RefundOwn {
        reservation: Option<usize>,
        seats: Vec<String>,
    },
    SetTerms {
        schedule: i64,
        hours: Option<i64>,
    },
    PayOut {
        user: usize,
        amount: i64,
    },
    /// To so many minutes after the first start.
    MoveDate {
        schedule: i64,
        minutes: i64,
    },
    /// And everybody who has seats is refunded before the answer.
    CancelDate {
        schedule: i64,
    },
    DeleteDate {
        schedule: i64,
    },
    RemoveUser {
        user: usize,
    },
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub who: Who,
    pub what: What,
    pub key: Option<u64>,
}

/// What must stand at one place of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    Number(i64),
    /// A number from the first to the last.
    Within(i64, i64),
    Word(&'static str),
    At(i64),
    Truth(bool),
    Null,
    User(usize),
    Token(usize),
    Reservation(usize),
    Payment(usize),
    /// Labels, in this order.
    Labels(Vec<String>),
    /// Labels, in any order.
    SetOfLabels(Vec<String>),
    Numbers(Vec<i64>),
    Length(usize),
    /// Whether anything stands there.
    There(bool),
    /// Status of each seat in layout order, and whether it is the viewer's.
    Map(Vec<(&'static str, bool)>),
    /// Dates with their free seats.
    Dates(Vec<(i64, i64)>),
    /// Reservations with their status, in this order.
    Reservations(Vec<(usize, &'static str)>),
}

/// What must be answered.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    pub status: u16,
    /// The code of a refusal; empty otherwise.
    pub code: &'static str,
    /// JSON pointers and what stands there.
    pub facts: Vec<(&'static str, Fact)>,
    /// The first answer under this key of this user again.
    pub replayed: Option<(usize, u64)>,
    /// To be kept under this key of this user.
    pub kept: Option<(usize, u64)>,
    /// This token or reservation is new.
    pub new_token: Option<usize>,
    pub new_reservation: Option<usize>,
}

pub fn done(status: u16, facts: Vec<(&'static str, Fact)>) -> Expected {
    Expected { status, facts, ..Expected::default() }
}

pub fn refused(status: u16, code: &'static str) -> Expected {
    Expected { status, code, ..Expected::default() }
}

pub fn refused_with(status: u16, code: &'static str, facts: Vec<(&'static str, Fact)>) -> Expected {
    Expected { status, code, facts, ..Expected::default() }
}
