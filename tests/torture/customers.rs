//! Customers who line up, hold, pay, change their minds and repeat what was not answered, and write all of it down.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::calls::{Call, basic, bearer};
use super::history::{Doing, Op, Said};
use super::outside::pause;
use super::served::OWN_CONCERT;
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
}

/// Customers at work, and the history of what they did.
pub struct Customers {
    pub groups: Vec<Vec<Customer>>,
    pub history: Vec<Op>,
    pub sold: AtomicUsize,
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
        Customers { groups, history: Vec::new(), sold, rest: Duration::ZERO, began, dice, seats, dates }
    }

    /// Lets the customers work while `during` runs, and until every call under way has come to an end.
    pub fn work<T>(
        &mut self,
        address: SocketAddr,
        shim: Option<&Shim>,
        patient: bool,
        during: impl FnOnce(&AtomicUsize) -> T,
    ) -> T {
        let Customers { seats, dates, began, rest, ref sold, .. } = *self;
        let app = TestApp { address, seats, dates, began, shim, patient, rest, sold };
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
    name: usize,
    /// The date that they come for, where its concert has a line of its own.
    own_date: Option<i64>,
    id: String,
    user_key: String,
    token: String,
    is_inside: bool,
    balance: i64,
    /// The unpaid reservation and its amount.
    pending: Option<(String, i64)>,
    /// A call without a certain answer, to be repeated under its key.
    open: Option<(Doing, Call)>,
    /// The last call that was answered under a key.
    last: Option<(Doing, Call)>,
    keys: usize,
}

impl Customer {
    fn new(name: usize) -> Customer {
        let (id, user_key, token) = Default::default();
        Customer {
            name,
            own_date: None,
            id,
            user_key,
            token,
            is_inside: false,
            balance: 0,
            pending: None,
            open: None,
            last: None,
            keys: 0,
        }
    }

    fn decide(&self, dice: &mut Dice, app: &TestApp) -> Doing {
        let coin = dice.below(100);
        if self.id.is_empty() {
            return Doing::SignUp;
        }
        match &self.pending {
            _ if coin < 4 => Doing::Balance,
            _ if self.token.is_empty() && coin < 20 => Doing::TopUp(1_000 + dice.below(1_000) as i64),
            _ if self.token.is_empty() => Doing::LineUp,
            None if !self.is_inside && coin < 94 => Doing::Poll,
            None if !self.is_inside => Doing::Leave,
            None if coin < 10 => Doing::Leave,
            None if coin < 14 => Doing::Map(self.own_date.unwrap_or_else(|| app.date())),
            None => match self.own_date {
                Some(date) => Doing::Hold(date, vec![(1 + dice.below(app.seats)).to_string()]),
                None => Doing::Hold(app.date(), app.choose(dice)),
            },
            Some((id, amount)) if *amount == 0 || coin < 12 => Doing::Look(id.clone()),
            Some((id, _)) if coin < 22 => Doing::Cancel(id.clone()),
            Some(_) if coin < 27 => Doing::Leave,
            Some((_, amount)) if self.balance < *amount && coin < 92 => Doing::TopUp(*amount),
            Some((id, amount)) => Doing::Pay(id.clone(), *amount),
        }
    }

    fn call_for(&mut self, doing: &Doing) -> Call {
        let by_key = matches!(doing, Doing::TopUp(_) | Doing::Balance | Doing::Look(_) | Doing::Cancel(_));
        let (method, path, body) = match doing {
            Doing::SignUp => ("POST", "/users".into(), json!({ "name": format!("Kim {}", self.name) })),
            Doing::LineUp => {
                let concert = self.own_date.map(|_| OWN_CONCERT);
                let body = json!({ "userId": self.id, "userKey": self.user_key, "concertId": concert });
                ("POST", "/queue/tokens".into(), body)
            }
            Doing::Poll => ("GET", "/queue/token".to_owned(), Value::Null),
            Doing::Leave => ("DELETE", "/queue/token".into(), Value::Null),
            Doing::TopUp(amount) => {
                ("POST", format!("/users/{}/balance/top-ups", self.id), json!({ "amount": amount }))
            }
            Doing::Hold(date, seats) => ("POST", "/reservations".into(), json!({ "scheduleId": date, "seats": seats })),
            Doing::Pay(id, amount) => ("POST", "/payments".into(), json!({ "reservationId": id, "amount": amount })),
            Doing::Cancel(id) => ("DELETE", format!("/reservations/{id}"), Value::Null),
            Doing::Look(id) => ("GET", format!("/reservations/{id}"), Value::Null),
            Doing::Balance => ("GET", format!("/users/{}/balance", self.id), Value::Null),
            Doing::Map(date) => ("GET", format!("/schedules/{date}/seats"), Value::Null),
        };
        let authorization = match doing {
            Doing::SignUp | Doing::LineUp => String::new(),
            _ if by_key => basic(&self.id, &self.user_key),
            _ => bearer(&self.token),
        };
        self.keys += 1;
        let is_keyed = matches!(doing, Doing::TopUp(_) | Doing::Hold(..) | Doing::Pay(..));
        let key = if is_keyed { format!("call-{}", self.keys) } else { String::new() };
        Call { method, path: format!("/api/v1{path}"), authorization, key, body }
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
                Doing::Cancel(id) => self.pending = Some((id.clone(), 0)),
                _ => {}
            }
            return;
        };
        let text = |name: &str| said.body[name].as_str().unwrap_or("").to_owned();
        match (&op.doing, said.status) {
            (Doing::SignUp, 201) => (self.id, self.user_key) = (text("userId"), text("userKey")),
            (Doing::LineUp | Doing::Poll, 200 | 201) => {
                (self.token, self.is_inside) = (text("token"), said.body["status"] == "ACTIVE");
            }
            (Doing::Leave, 204) | (_, 401) => (self.token, self.is_inside, self.pending) = (String::new(), false, None),
            (Doing::TopUp(_), 201) | (Doing::Balance, 200) | (_, 402) => {
                self.balance = said.body["balance"].as_i64().unwrap_or(0);
                if said.status == 402 {
                    self.pending = None;
                }
            }
            (Doing::Hold(..), 201) => {
                self.pending = Some((text("reservationId"), said.body["amount"].as_i64().unwrap_or(0)))
            }
            (Doing::Hold(..), 409) if said.code() == "RESERVATION_PENDING" => {
                self.pending = Some((text("reservationId"), 0))
            }
            (Doing::Pay(..), 201) => {
                let tickets = said.body["tickets"].as_array().map_or(0, Vec::len);
                let is_of_others = said.replayed || self.own_date.is_some();
                app.sold.fetch_add(if is_of_others { 0 } else { tickets }, Relaxed);
                self.balance = said.body["balance"].as_i64().unwrap_or(0);
                (self.token, self.is_inside, self.pending) = (String::new(), false, None);
            }
            (Doing::Look(id), 200) => {
                let amount = said.body["amount"].as_i64().unwrap_or(0);
                self.pending = (text("status") == "PENDING_PAYMENT").then(|| (id.clone(), amount));
            }
            (Doing::Cancel(_), 200) | (Doing::Cancel(_) | Doing::Pay(..), 404 | 409) => self.pending = None,
            _ => {}
        }
        self.last = (!call.key.is_empty() && !said.replayed).then(|| (op.doing.clone(), call));
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
    /// The date that is being sold.
    fn date(&self) -> i64 {
        let date = self.sold.load(Relaxed) / self.seats.saturating_sub(WINDOW / 2).max(1);
        1 + date.min(self.dates - 1) as i64
    }

    fn choose(&self, dice: &mut Dice) -> Vec<String> {
        let of_date = self.sold.load(Relaxed) - (self.date() as usize - 1) * self.seats.saturating_sub(WINDOW / 2);
        let first = of_date.min(self.seats.saturating_sub(WINDOW));
        let first_seat = first + dice.below(WINDOW.min(self.seats));
        let count = 1 + dice.below(3);
        (0..count).map(|n| (1 + (first_seat + n) % self.seats).to_string()).collect()
    }
}
