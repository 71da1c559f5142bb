//! Customers who line up, hold, pay, change their minds and repeat what was not answered, and write all of it down.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::calls::Call;
use super::history::{Doing, Op, Said};
use super::outside::pause;
use super::shim::{Shim, Word};
use super::streams::Dice;
use super::wire::Wire;

/// Seats among which customers choose at a time; those before are mostly sold.
const WINDOW: usize = 40;

/// What customers have in common.
pub struct TestApp<'a> {
    pub address: SocketAddr,
    /// Seats of each date.
    pub seats: usize,
    pub dates: usize,
    pub began: Instant,
    pub shim: Option<&'a Shim>,
    /// Whether they go on when no answer comes, rather than go home.
    pub patient: bool,
    rest: Duration,
    sold: &'a AtomicUsize,
    cancelled: &'a AtomicU64,
}

/// Customers at work, and the history of what they did.
pub struct Customers {
    pub groups: Vec<Vec<Customer>>,
    pub history: Vec<Op>,
    pub sold: AtomicUsize,
    /// The dates that somebody had cancelled, a bit each.
    pub cancelled: AtomicU64,
    /// How long each thread rests after a call: all that is said is kept in memory, and
    /// customers without rest say gigabytes in half an hour.
    pub rest: Duration,
    /// The moment from which the times of the history count.
    pub began: Instant,
    dice: Dice,
    seats: usize,
    dates: usize,
}

impl Customers {
    /// So many threads of so many customers each; the hall has so many dates with so many seats.
    pub fn of(seed: u64, threads: usize, people: usize, (dates, seats): (usize, usize)) -> Customers {
        let group = |thread: usize| (0..people).map(|n| Customer::new(thread * people + n)).collect();
        let groups = (0..threads).map(group).collect();
        let (sold, began, dice) = (AtomicUsize::new(0), Instant::now(), Dice::of(seed));
        let cancelled = AtomicU64::new(0);
        Customers { groups, history: Vec::new(), sold, cancelled, rest: Duration::ZERO, began, dice, seats, dates }
    }

    /// Lets the customers work while `during` runs, and until every call under way has come to an end.
    pub fn work<T>(
        &mut self,
        address: SocketAddr,
        shim: Option<&Shim>,
        patient: bool,
        during: impl FnOnce(&AtomicUsize) -> T,
    ) -> T {
        let Customers { seats, dates, began, rest, ref sold, ref cancelled, .. } = *self;
        let app = TestApp { address, seats, dates, began, shim, patient, rest, sold, cancelled };
        let (enough, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
        let (app, enough, answered) = (&app, &enough, &answered);
        let (done, notes) = std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for group in &mut self.groups {
                let dice = Dice::of(self.dice.next());
                threads.push(scope.spawn(move || go_shopping(group, dice, app, enough, answered)));
            }
            let done = during(answered);
            enough.store(true, Relaxed);
            (done, threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>())
        });
        self.history.extend(notes);
        done
    }

    /// Lets every third of them come for the date of a concert that has a line of its own.
    pub fn with_own_line(mut self, date: i64) -> Customers {
        let customers = self.groups.iter_mut().flatten().filter(|customer| customer.name % 3 == 2);
        customers.for_each(|customer| customer.own_date = Some(date));
        self
    }

    pub fn answered(&self) -> usize {
        self.history.iter().filter(|op| op.said.is_some()).count()
    }

    pub fn unanswered(&self) -> usize {
        self.history.len() - self.answered()
    }

    pub fn count(&self, status: u16) -> usize {
        self.history.iter().filter(|op| op.said.as_ref().is_some_and(|said| said.status == status)).count()
    }
}

fn go_shopping(
    group: &mut [Customer],
    mut dice: Dice,
    app: &TestApp,
    enough: &AtomicBool,
    answered: &AtomicUsize,
) -> Vec<Op> {
    let (mut wire, mut notes) = (None, Vec::new());
    while !enough.load(Relaxed) {
        let n = dice.below(group.len());
        let op = group[n].step(app, &mut dice, &mut wire);
        let is_answered = op.said.is_some();
        notes.push(op);
        crate::support::wait::sleep(app.rest);
        if is_answered {
            answered.fetch_add(1, Relaxed);
        } else if app.patient {
            pause();
        } else {
            break;
        }
    }
    notes
}

/// One customer, and what they know.
pub struct Customer {
    pub(super) name: usize,
    /// The date that they come for, where its concert has a line of its own.
    pub(super) own_date: Option<i64>,
    pub(super) id: String,
    pub(super) user_key: String,
    pub(super) token: String,
    pub(super) is_inside: bool,
    pub(super) balance: i64,
    /// The unpaid reservation of their own; its amount is 0 as long as they must look what became of it.
    pub(super) pending: Option<Seats>,
    /// The last that they paid, and one that staff keep for them.
    pub(super) paid: Option<Seats>,
    pub(super) kept: Option<Seats>,
    /// The end of a hold, as they were told it last.
    pub(super) told_until: String,
    /// A call without a certain answer, to be repeated under its key.
    open: Option<(Doing, Call)>,
    /// The last call that was answered under a key.
    last: Option<(Doing, Call)>,
    pub(super) keys: usize,
}

/// A reservation, as a customer knows it.
#[derive(Debug, Clone, Default)]
pub struct Seats {
    pub id: String,
    pub schedule: i64,
    pub seats: Vec<String>,
    pub amount: i64,
}

impl Seats {
    fn of(body: &Value) -> Seats {
        let seats = body["seats"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
        Seats {
            id: body["reservationId"].as_str().unwrap_or("").to_owned(),
            schedule: body["scheduleId"].as_i64().unwrap_or(0),
            seats: seats.filter_map(|seat| Some(seat["seat"].as_str()?.to_owned())).collect(),
            amount: body["amount"].as_i64().unwrap_or(0),
        }
    }

    /// One of which no more is known than that it is there.
    fn unseen(id: String) -> Seats {
        Seats { id, ..Seats::default() }
    }
}

impl Customer {
    fn new(name: usize) -> Customer {
        let (id, user_key, token, told_until) = Default::default();
        Customer {
            name,
            own_date: None,
            id,
            user_key,
            token,
            is_inside: false,
            balance: 0,
            pending: None,
            paid: None,
            kept: None,
            told_until,
            open: None,
            last: None,
            keys: 0,
        }
    }

    /// Does one thing, and writes it down.
    fn step(&mut self, app: &TestApp, dice: &mut Dice, wire: &mut Option<Wire>) -> Op {
        let again = self.open.take().or_else(|| self.last.take().filter(|_| dice.one_in(20)));
        let (doing, call) = again.unwrap_or_else(|| {
            let doing = self.decide(dice, app);
            let call = self.call_for(&doing);
            (doing, call)
        });
        let op = ask(app, &self.id, &doing, &call, wire);
        self.learn(&op, call, app);
        op
    }

    fn learn(&mut self, op: &Op, call: Call, app: &TestApp) {
        let Some(said) = op.outcome() else {
            match &op.doing {
                _ if !call.key.is_empty() => self.open = Some((op.doing.clone(), call)),
                Doing::Leave => (self.token, self.pending) = (String::new(), None),
                Doing::Cancel(id) | Doing::ChangeHold { id, .. } => self.pending = Some(Seats::unseen(id.clone())),
                Doing::FreeKept(_) => self.kept = None,
                _ => {}
            }
            return;
        };
        if matches!((&op.doing, said.status), (Doing::Remove, 204))
            || matches!(said.code(), "USER_KEY_INVALID" | "USER_NOT_FOUND")
        {
            *self = Customer { own_date: self.own_date, keys: self.keys, ..Customer::new(self.name) };
            return;
        }
        let text = |name: &str| said.body[name].as_str().unwrap_or("").to_owned();
        if let Some(until) = said.body["holdExpiresAt"].as_str() {
            self.told_until = until.to_owned();
        }
        match (&op.doing, said.status) {
            (Doing::SignUp, 201) => (self.id, self.user_key) = (text("userId"), text("userKey")),
            (Doing::LineUp | Doing::Poll, 200 | 201) => {
                (self.token, self.is_inside) = (text("token"), said.body["status"] == "ACTIVE");
            }
            (Doing::Leave, 204) | (_, 401) => (self.token, self.is_inside, self.pending) = (String::new(), false, None),
            (Doing::Pay(..), 201) => {
                self.count_sold(said, app);
                self.balance = said.body["balance"].as_i64().unwrap_or(0);
                self.paid = self.pending.take().or(self.paid.take());
                (self.token, self.is_inside) = (String::new(), false);
            }
            _ => self.learn_of_seats(&op.doing, said, app),
        }
        self.last = (!call.key.is_empty() && !said.replayed).then(|| (op.doing.clone(), call));
    }

    fn learn_of_seats(&mut self, doing: &Doing, said: &Said, app: &TestApp) {
        match (doing, said.status) {
            (Doing::TopUp(_) | Doing::PayOut(_), 201) | (Doing::Balance, 200) | (Doing::Pay(..), 402) => {
                self.balance = said.body["balance"].as_i64().unwrap_or(0);
                self.pending = self.pending.take().filter(|_| said.status != 402);
            }
            (Doing::Pay(id, _), 422) => self.pending = Some(Seats::unseen(id.clone())),
            // It may have been changed since an answer that comes again.
            (Doing::Hold(..) | Doing::HoldBest(..), 201) if said.replayed => {
                self.pending = Some(Seats::unseen(Seats::of(&said.body).id))
            }
            (Doing::Hold(..) | Doing::HoldBest(..), 201) | (Doing::ChangeHold { .. }, 200) => {
                self.pending = Some(Seats::of(&said.body))
            }
            (Doing::Hold(..) | Doing::HoldBest(..) | Doing::Exchange { .. }, 409)
                if said.code() == "RESERVATION_PENDING" =>
            {
                self.pending = Some(Seats::unseen(Seats::of(&said.body).id));
            }
            (Doing::Look(_), 200) => {
                let is_pending = said.body["status"] == "PENDING_PAYMENT";
                self.pending = is_pending.then(|| Seats::of(&said.body));
            }
            (Doing::ChangeHold { .. }, 409) if said.code() == "SEAT_UNAVAILABLE" => {}
            (Doing::Cancel(_), 200) | (Doing::Cancel(_) | Doing::Pay(..) | Doing::ChangeHold { .. }, 404 | 409) => {
                self.pending = None
            }
            (Doing::Sell { .. } | Doing::SellKept(_), 200 | 201) => {
                self.count_sold(said, app);
                self.paid = Some(Seats::of(&said.body));
                self.kept = self.kept.take().filter(|_| matches!(doing, Doing::Sell { .. }));
            }
            (Doing::Keep { .. }, 201) => self.kept = Some(Seats::of(&said.body)),
            (Doing::SellKept(_) | Doing::FreeKept(_), _) => self.kept = None,
            (Doing::Exchange { .. }, 201) => self.paid = Some(Seats::of(&said.body)),
            (Doing::GiveBack { .. }, 200) => {
                self.paid = (said.body["status"] == "CONFIRMED").then(|| Seats::of(&said.body));
            }
            (Doing::GiveBack { .. } | Doing::Exchange { .. }, 409) if said.code() == "RESERVATION_NOT_CONFIRMED" => {
                self.paid = None;
            }
            _ => {}
        }
    }

    fn count_sold(&self, said: &Said, app: &TestApp) {
        let tickets = said.body["tickets"].as_array().map_or(0, Vec::len);
        let is_of_others = said.replayed || self.own_date.is_some();
        app.sold.fetch_add(if is_of_others { 0 } else { tickets }, Relaxed);
    }
}

fn ask(app: &TestApp, user: &str, doing: &Doing, call: &Call, wire: &mut Option<Wire>) -> Op {
    let record = || app.shim.map_or(0, |shim| shim.word(Word::Position));
    let now = || app.began.elapsed().as_nanos() as u64;
    let (asked_at_record, asked) = (record(), now());
    let answer: io::Result<_> = call.ask(wire, app.address);
    let (heard, at_record) = (now(), record());
    let said = answer.ok().map(|answer| Said {
        heard,
        at_record,
        status: answer.status,
        text: answer.text(),
        body: serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
        replayed: answer.field("idempotency-replayed") == Some("true"),
    });
    Op {
        user: user.to_owned(),
        token: call.authorization.strip_prefix("Bearer ").unwrap_or("").to_owned(),
        doing: doing.clone(),
        key: call.key.clone(),
        asked,
        asked_at_record,
        said,
    }
}

impl TestApp<'_> {
    /// The date that is being sold: the next where that one was cancelled, and after the last the first.
    pub(super) fn date(&self) -> i64 {
        let date = self.sold.load(Relaxed) / self.seats.saturating_sub(WINDOW / 2).max(1);
        let from = date.min(self.dates - 1);
        let takes_place = |date: &usize| self.cancelled.load(Relaxed) & (1 << date) == 0;
        1 + (from..self.dates).chain(0..from).find(takes_place).unwrap_or(from) as i64
    }

    /// A date to cancel, which half of them are not yet, or one that is cancelled.
    pub(super) fn date_to_cancel(&self, dice: &mut Dice) -> Option<i64> {
        let cancelled = self.cancelled.load(Relaxed);
        let again = (1..=self.dates as i64).find(|date| cancelled & (1 << (date - 1)) != 0);
        if 2 * (cancelled.count_ones() as usize + 1) > self.dates || dice.one_in(4) {
            return again;
        }
        let date = if dice.one_in(2) { self.date() } else { 1 + dice.below(self.dates) as i64 };
        self.cancelled.fetch_or(1 << (date - 1), Relaxed);
        Some(date)
    }

    pub(super) fn choose(&self, dice: &mut Dice) -> Vec<String> {
        let of_date = self.sold.load(Relaxed) % self.seats.saturating_sub(WINDOW / 2).max(1);
        let first = of_date.min(self.seats.saturating_sub(WINDOW));
        let first_seat = first + dice.below(WINDOW.min(self.seats));
        let count = 1 + dice.below(3);
        (0..count).map(|n| (1 + (first_seat + n) % self.seats).to_string()).collect()
    }
}
