//! The reference model: what a box office is, in plain lists, with no thought of speed, files or threads. The OpenAPI
//! document is what it was written from. What is asked of it is in `answers.rs`; this is what changes.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{Asked, Expected, Fact};

pub const USERS: usize = 9;
/// The first so many users poll after every step, so that their places are compared all the time.
pub const STEADY: usize = 2;
pub const HOLD_MS: i64 = 60_000;
pub const SEATS_PER_USER: usize = 3;
pub const ATTEMPTS: u32 = 2;
pub const BALANCE_MAX: i64 = 1_000_000_000;
pub const TOP_UP_MAX: i64 = 10_000_000;
const MINUTE_MS: i64 = 60_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    pub max_active: i64,
    pub admit_per_minute: i64,
    pub visit_ms: i64,
    pub abandon_ms: i64,
    pub claim_ms: i64,
    pub grace_ms: i64,
    pub paused: bool,
}

pub const FIRST_RULES: Rules = Rules {
    max_active: 3,
    admit_per_minute: 5,
    visit_ms: 90_000,
    abandon_ms: 30_000,
    claim_ms: 20_000,
    grace_ms: 40_000,
    paused: false,
};

/// The line of a concert: 0 is the shared one, and the second concert has one of its own.
pub fn line_of(concert: i64) -> usize {
    usize::from(concert == 2)
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Life {
    Waiting,
    Active,
    Ended(&'static str),
}

#[derive(Debug, Clone)]
pub struct Token {
    pub user: usize,
    pub line: usize,
    /// Smaller ones are let in first. A place that is given back belongs to two tokens, of which one is over.
    pub place: usize,
    /// Until when its user may have the place again.
    pub kept_until: Option<i64>,
    pub life: Life,
    pub issued_at: i64,
    pub heard_at: i64,
    pub claimed: bool,
    pub activated_at: Option<i64>,
    pub visit_until: i64,
    pub active_until: i64,
}

#[derive(Debug, Clone)]
pub struct Schedule {
    pub id: i64,
    pub concert: i64,
    pub date: &'static str,
    pub seats: usize,
    pub price: i64,
    pub sale_opens_at: i64,
    pub sale_closes_at: i64,
    pub blocked: BTreeSet<String>,
    /// Until so many hours before the start users give back what is sold now.
    pub refund_hours: Option<i64>,
    /// By how many minutes it was moved.
    pub moved_minutes: i64,
    pub cancelled: bool,
}

pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// When each date starts unless it is moved: 18 hours after the model's time begins, at 2100-01-01T10:00Z, and later.
const STARTS_AT: [i64; 5] = [18 * HOUR_MS, 43 * HOUR_MS, 68 * HOUR_MS, 69 * HOUR_MS, 22 * HOUR_MS];
/// 2099-12-31T16:00Z in milliseconds of Unix time: when the model's time begins.
pub const ORIGIN_MS: i64 = 4_102_416_000_000;

#[derive(Debug, Clone)]
pub struct Reservation {
    pub user: usize,
    /// The line of the visit that it is part of.
    pub line: usize,
    pub schedule: i64,
    pub seats: Vec<String>,
    pub status: &'static str,
    pub amount: i64,
    pub created_at: i64,
    pub expires_at: i64,
    pub declined: u32,
    pub paid_at: Option<i64>,
    pub at_counter: bool,
    /// How it was paid.
    pub method: Option<&'static str>,
    /// Seats that went back while others stayed.
    pub returned: usize,
    /// The hours of its sale.
    pub refund_hours: Option<i64>,
    /// By how many minutes its date was moved when it was sold.
    pub sold_for: Option<i64>,
}

#[derive(Debug, Clone, Default)]
pub struct Purse {
    pub balance: i64,
    pub changed_at: i64,
    pub entries: Vec<(&'static str, i64, i64)>,
}

/// The whole model.
#[derive(Debug, Clone)]
pub struct World {
    pub now: i64,
    pub staff_sells_points: bool,
    pub visits_go_on: bool,
    pub rules: [Rules; 2],
    pub tokens: Vec<Token>,
    /// The line and the moment of each.
    pub admissions: Vec<(usize, i64)>,
    pub schedules: Vec<Schedule>,
    pub reservations: Vec<Reservation>,
    pub purses: Vec<Purse>,
    /// Seats of a date that staff let a user have.
    pub limits: Vec<Option<usize>>,
    pub banned: Vec<bool>,
    /// Whose account is removed.
    pub removed: Vec<bool>,
    /// Requests under idempotency keys whose answers are kept.
    pub kept: BTreeMap<(usize, u64), super::words::What>,
    /// Requests that carried a key, to be repeated.
    pub keyed: Vec<Asked>,
    pub last: Option<(Asked, Expected)>,
    pub story: Vec<String>,
}

/// Dates: the third and fourth are on one day.
pub const DATES: [&str; 5] = ["2100-01-01", "2100-01-02", "2100-01-03", "2100-01-04", "2100-13-01"];
/// Long before and long after everything.
pub const EVER: (i64, i64) = (-1_000_000_000, 1_000_000_000_000);

impl World {
    /// `visits_go_on`: a payment does not end a visit.
    pub fn new(staff_sells_points: bool, visits_go_on: bool) -> World {
        let schedule = |id: i64, date, seats, price| Schedule {
            id,
            concert: 1 + id / 5,
            date,
            seats,
            price,
            sale_opens_at: EVER.0,
            sale_closes_at: STARTS_AT[id as usize - 1],
            blocked: BTreeSet::new(),
            refund_hours: None,
            moved_minutes: 0,
            cancelled: false,
        };
        World {
            now: 0,
            staff_sells_points,
            visits_go_on,
            rules: [FIRST_RULES, FIRST_RULES],
            tokens: Vec::new(),
            admissions: Vec::new(),
            schedules: vec![
                schedule(1, DATES[0], 6, 50_000),
                schedule(2, DATES[1], 4, 30_000),
                schedule(3, DATES[2], 3, 0),
                schedule(4, DATES[2], 3, 10_000),
                schedule(5, DATES[0], 4, 20_000),
            ],
            reservations: Vec::new(),
            purses: vec![Purse::default(); USERS],
            limits: vec![None; USERS],
            banned: vec![false; USERS],
            removed: vec![false; USERS],
            kept: BTreeMap::new(),
            keyed: Vec::new(),
            last: None,
            story: Vec::new(),
        }
    }

    pub fn is_live(&self, token: usize) -> bool {
        !matches!(self.tokens[token].life, Life::Ended(_))
    }

    /// The newest token of a user.
    pub fn newest_token(&self, user: usize) -> Option<usize> {
        self.tokens.iter().rposition(|token| token.user == user)
    }

    /// The newest token of a user that lives, in whatever line.
    pub fn live_token(&self, user: usize) -> Option<usize> {
        (0..self.tokens.len()).rfind(|token| self.tokens[*token].user == user && self.is_live(*token))
    }

    /// The newest token of a user in a line, and the one that lives there.
    pub fn newest_in(&self, line: usize, user: usize) -> Option<usize> {
        self.tokens.iter().rposition(|token| token.user == user && token.line == line)
    }

    pub fn live_in(&self, line: usize, user: usize) -> Option<usize> {
        self.newest_in(line, user).filter(|token| self.is_live(*token))
    }

    pub fn count(&self, line: usize, life: Life) -> i64 {
        self.tokens.iter().filter(|token| token.line == line && token.life == life).count() as i64
    }

    /// How long the longest wait has lasted.
    pub fn oldest_wait_seconds(&self, line: usize) -> i64 {
        let waiting = self.tokens.iter().filter(|token| token.line == line && token.life == Life::Waiting);
        waiting.map(|token| (self.now - token.issued_at) / 1_000).max().unwrap_or(0)
    }

    pub fn admitted_last_minute(&self, line: usize) -> i64 {
        self.admissions.iter().filter(|(of, at)| *of == line && *at > self.now - MINUTE_MS).count() as i64
    }

    /// What is over at `now`: holds, then visits, then the silent; then the next are let in.
    pub fn settle(&mut self) {
        for reservation in 0..self.reservations.len() {
            let it = &self.reservations[reservation];
            if it.status == "PENDING_PAYMENT" && it.expires_at <= self.now {
                self.end_unpaid(reservation, "EXPIRED");
            }
        }
        for token in 0..self.tokens.len() {
            if self.tokens[token].life == Life::Active && self.tokens[token].active_until <= self.now {
                self.end_token(token, "TIMED_OUT");
            }
        }
        for token in 0..self.tokens.len() {
            if self.silent_until(&self.tokens[token]).is_some_and(|until| until <= self.now) {
                self.end_token(token, "ABANDONED");
            }
        }
        self.admit();
    }

    /// A hold ends without a payment; the visit then ends at its own time, but
    /// after a declined payment the token stays active.
    pub fn end_unpaid(&mut self, reservation: usize, status: &'static str) {
        self.reservations[reservation].status = status;
        let it = &self.reservations[reservation];
        let token = self.live_in(it.line, it.user).filter(|_| status != "FAILED" && !it.at_counter);
        if let Some(token) = token {
            self.tokens[token].active_until = self.tokens[token].visit_until;
        }
    }

    /// A user's own unpaid reservation: staff may keep more for them.
    pub fn pending_of(&self, user: usize) -> Option<usize> {
        let is_it = |it: &Reservation| it.user == user && it.status == "PENDING_PAYMENT" && !it.at_counter;
        self.reservations.iter().position(is_it)
    }

    pub fn schedule(&self, id: i64) -> Option<&Schedule> {
        self.schedules.iter().find(|schedule| schedule.id == id)
    }

    /// What a seat is now, and whose.
    pub fn seat(&self, schedule: &Schedule, label: &str) -> (&'static str, Option<usize>) {
        if schedule.blocked.contains(label) {
            return ("BLOCKED", None);
        }
        let has = |it: &&Reservation| it.schedule == schedule.id && it.seats.iter().any(|seat| seat == label);
        for it in self.reservations.iter().filter(has) {
            match it.status {
                "PENDING_PAYMENT" => return ("HELD", Some(it.user)),
                "CONFIRMED" => return ("SOLD", Some(it.user)),
                _ => {}
            }
        }
        ("AVAILABLE", None)
    }

    pub fn map(&self, schedule: &Schedule, viewer: usize) -> Vec<(&'static str, bool)> {
        let seats = schedule.labels().into_iter().map(|label| self.seat(schedule, &label));
        seats.map(|(status, owner)| (status, owner == Some(viewer))).collect()
    }

    pub fn free(&self, schedule: &Schedule) -> i64 {
        schedule.labels().iter().filter(|label| self.seat(schedule, label).0 == "AVAILABLE").count() as i64
    }

    pub fn change_balance(&mut self, user: usize, kind: &'static str, amount: i64) -> i64 {
        let purse = &mut self.purses[user];
        purse.balance += amount;
        purse.changed_at = self.now;
        purse.entries.push((kind, amount, purse.balance));
        purse.balance
    }

    /// A reservation as its owner sees it.
    pub fn reservation_facts(&self, reservation: usize) -> Vec<(&'static str, Fact)> {
        let it = &self.reservations[reservation];
        let pending = it.status == "PENDING_PAYMENT";
        let left_ms = if pending { it.expires_at - self.now } else { 0 };
        let tickets = if matches!(it.status, "CONFIRMED" | "REFUNDED") { it.seats.len() } else { 0 };
        vec![
            ("/reservationId", Fact::Reservation(reservation)),
            ("/status", Fact::Word(it.status)),
            ("/userId", Fact::User(it.user)),
            ("/scheduleId", Fact::Number(it.schedule)),
            ("/seats", Fact::Labels(it.seats.clone())),
            ("/amount", Fact::Number(it.amount)),
            ("/createdAt", Fact::At(it.created_at)),
            ("/holdExpiresAt", Fact::At(it.expires_at)),
            ("/holdExpiresInSeconds", Fact::Number((left_ms + 999) / 1_000)),
            ("/failure", if it.status == "FAILED" { Fact::Word("INSUFFICIENT_BALANCE") } else { Fact::Null }),
            ("/payment/paymentId", Fact::Payment(reservation)),
            ("/payment/status", Fact::Word(it.payment_status())),
            ("/payment/paidAt", it.paid_at.map_or(Fact::Null, Fact::At)),
            ("/payment/method", it.method.map_or(Fact::Null, Fact::Word)),
            ("/atCounter", Fact::Truth(it.at_counter)),
            ("/tickets", Fact::Length(tickets)),
            ("/returnedSeats", Fact::Length(it.returned)),
            ("/refundUntil", self.refund_until(reservation).map_or(Fact::Null, Fact::At)),
        ]
    }
}

/// The seat that everybody asks for at the tariff of children, so that its label says what it costs.
pub const CHILD: &str = "2";

impl Schedule {
    pub fn starts_at(&self) -> i64 {
        STARTS_AT[self.id as usize - 1] + self.moved_minutes * MINUTE_MS
    }

    pub fn refund_until(&self, hours: Option<i64>) -> Option<i64> {
        hours.map(|hours| self.starts_at() - hours * HOUR_MS)
    }

    pub fn labels(&self) -> Vec<String> {
        (1..=self.seats).map(|number| number.to_string()).collect()
    }

    pub fn cost(&self, labels: &[String]) -> i64 {
        labels.iter().map(|label| if label == CHILD { self.price / 2 } else { self.price }).sum()
    }
}

impl Reservation {
    /// A user's own, just held.
    pub fn held(user: usize, line: usize, schedule: i64, seats: Vec<String>, amount: i64, now: i64) -> Reservation {
        Reservation {
            user,
            line,
            schedule,
            amount,
            seats,
            status: "PENDING_PAYMENT",
            created_at: now,
            expires_at: now + HOLD_MS,
            declined: 0,
            paid_at: None,
            at_counter: false,
            method: None,
            returned: 0,
            refund_hours: None,
            sold_for: None,
        }
    }

    pub fn payment_status(&self) -> &'static str {
        match self.status {
            "PENDING_PAYMENT" => "PENDING",
            "CONFIRMED" => "COMPLETED",
            other => other,
        }
    }
}
