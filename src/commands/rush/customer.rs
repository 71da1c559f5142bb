//! One customer as a state machine: each step makes one call and says how long they pause before the next.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};
use uuid::Uuid;

use super::on_sale::SOLD_OUT;
use super::plan::{Behaviour, Plan, plan};
use super::run::{Ending, Run, Worker};
use super::seen_token::SeenToken;
use super::visit::Visit;
use crate::client::{Answer, Call};
use crate::ids;
use crate::queue::TokenStatus;
use crate::testing::Random;

/// From this position on a customer asks with `Prefer: wait`.
const NEAR_THE_DOOR: u64 = 200;
/// How long they then let the answer wait, in seconds.
const WAIT_SECONDS: u32 = 2;
/// Calls without an answer, one after the other, until someone goes home.
const LOSSES_MAX: u32 = 10;
/// The pause after a call without an answer.
const AFTER_LOSS: Duration = Duration::from_millis(200);

/// Where someone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Outside,
    AtTheMachine,
    InLine,
    Inside,
    Leaving,
}

/// Kept small: a million of them wait.
#[derive(Debug)]
pub(super) struct Customer {
    pub number: u64,
    pub plan: Plan,
    pub dice: Random,
    pub phase: Phase,
    /// `None` before they are registered.
    pub user_id: Option<Uuid>,
    user_key: Box<str>,
    token: Box<str>,
    /// What they do inside.
    pub visit: Visit,
    pub ending: Option<Ending>,
    /// How it will end once the token is given back.
    pub leaves_as: Ending,
    /// Answers that the contract does not allow.
    pub faults: Vec<String>,
    pub position: Option<u64>,
    /// The number with which they wait for the draw.
    pub join_number: Option<u32>,
    polls: u32,
    losses: u32,
    /// When the token was issued, on our clock and on the server's.
    pub issued: Option<(Instant, i64)>,
    /// Estimates as they were told: when, in milliseconds after the run began, and how many seconds.
    told: Vec<(u32, u32)>,
    /// Every estimate of the wait beside the real one, in seconds, once let in.
    pub waits: Vec<(f32, f32)>,
}

/// As customers go from those who are due to a thread and back.
pub(super) type BoxedCustomer = Box<Customer>;

impl Customer {
    pub(super) fn new(seed: u64, number: u64, arrival_ms: u64) -> Customer {
        let (plan, dice) = plan(seed, number, arrival_ms);
        Customer {
            number,
            plan,
            dice,
            phase: Phase::Outside,
            user_id: None,
            user_key: Box::default(),
            token: Box::default(),
            visit: Visit::default(),
            ending: None,
            leaves_as: Ending::SentHome,
            faults: Vec::new(),
            position: None,
            join_number: None,
            polls: 0,
            losses: 0,
            issued: None,
            told: Vec::new(),
            waits: Vec::new(),
        }
    }

    /// Does the next thing; says how long to pause, or `None` when the evening is over.
    pub(super) fn step(&mut self, run: &Run, worker: &mut Worker) -> Option<Duration> {
        if run.is_over() && self.phase != Phase::Leaving {
            self.leave_as(Ending::SentHome);
        }
        let was = self.phase;
        let pause = match self.phase {
            Phase::Outside if run.on_sale.is_some() => self.register_in_line(run, worker),
            Phase::Outside => self.register(run, worker),
            Phase::AtTheMachine => self.join_line(run, worker),
            Phase::InLine => self.wait(run, worker),
            Phase::Inside => self.purchase_step(run, worker),
            Phase::Leaving => self.leave(worker),
        };
        let count = |place, by: i64| match place {
            Phase::InLine => drop(run.waiting.fetch_add(by, Relaxed)),
            Phase::Inside => drop(run.inside.fetch_add(by, Relaxed)),
            _ => {}
        };
        count(was, -1);
        if let Some(on_sale) = &run.on_sale
            && was == Phase::Outside
            && (self.phase != Phase::Outside || self.ending.is_some())
        {
            on_sale.joined();
        }
        if self.ending.is_some() {
            run.over.fetch_add(1, Relaxed);
            return None;
        }
        count(self.phase, 1);
        Some(pause)
    }

    /// About how much memory this takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let told = self.told.capacity() * size_of::<(u32, u32)>() + self.waits.capacity() * size_of::<(f32, f32)>();
        size_of::<Customer>() + self.user_key.len() + self.token.len() + told + self.visit.bytes()
    }

    /// The token, as `Authorization` carries it.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// The user's own key, as `Authorization` carries it.
    pub(super) fn basic(&self) -> String {
        let pair = format!("{}:{}", self.user_text(), self.user_key);
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    /// The id of the user as the API writes it.
    pub(super) fn user_text(&self) -> String {
        self.user_id.map(|id| id.to_string()).unwrap_or_default()
    }

    /// The evening is over.
    pub(super) fn end(&mut self, ending: Ending) -> Duration {
        self.ending = Some(ending);
        Duration::ZERO
    }

    /// Gives the token back first, if there is one.
    pub(super) fn leave_as(&mut self, ending: Ending) -> Duration {
        if self.token.is_empty() {
            return self.end(ending);
        }
        self.leaves_as = ending;
        self.phase = Phase::Leaving;
        Duration::ZERO
    }

    /// An answer that the contract does not allow here.
    pub(super) fn fault(&mut self, what: String) -> Duration {
        self.faults.push(what);
        self.leave_as(Ending::Failed)
    }

    /// Makes a call. `Err` says how long to pause before the same is tried again: the
    /// answer was lost, or the server asks for patience.
    pub(super) fn ask(&mut self, worker: &mut Worker, name: &'static str, call: &Call) -> Result<Answer, Duration> {
        let began = Instant::now();
        let answer = match worker.connection.call(call) {
            Ok(answer) => answer,
            Err(error) => {
                worker.stats.lock().lost(name, &error);
                self.losses += 1;
                return Err(if self.losses > LOSSES_MAX { self.end(Ending::Failed) } else { AFTER_LOSS });
            }
        };
        self.losses = 0;
        let took = began.elapsed();
        worker.stats.lock().time(name, took);
        if answer.status < 400 {
            return Ok(answer);
        }
        let code = answer.code();
        let patience = matches!(answer.status, 429 | 503).then_some(answer.retry_after_seconds.unwrap_or(1));
        let expired = code == "TOKEN_EXPIRED";
        worker.stats.lock().refused(code);
        if let Some(seconds) = patience {
            return Err(Duration::from_secs(seconds));
        }
        if answer.status >= 500 {
            return Err(self.fault(format!("{name}: {} {}", answer.status, String::from_utf8_lossy(&answer.body))));
        }
        if expired {
            return Err(self.end(Ending::Dropped(text(&answer.json(), "reason").into())));
        }
        Ok(answer)
    }

    /// Registers and joins the line in one call.
    fn register_in_line(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let body = json!({ "name": format!("Rush {}", self.number) });
        match self.ask(worker, "POST /queue/tokens, by name", &Call::post("/queue/tokens", "", body)) {
            Ok(answer) if answer.status == 201 => self.read_token(&answer, |customer, seen| {
                customer.registered(&seen.user_id, seen.user_key.as_deref().unwrap_or_default());
                customer.issued(run, Instant::now(), seen)
            }),
            Ok(answer) => self.fault(format!("a token was refused: {}", answer.code())),
            Err(pause) => pause,
        }
    }

    fn register(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let body = json!({ "name": format!("Rush {}", self.number) });
        let answer = match self.ask(worker, "POST /users", &Call::post("/users", "", body)) {
            Ok(answer) if answer.status == 201 => answer.json(),
            Ok(answer) => return self.fault(format!("a user was refused: {}", answer.code())),
            Err(pause) => return pause,
        };
        self.registered(&text(&answer, "userId"), &text(&answer, "userKey"));
        self.phase = Phase::AtTheMachine;
        run.pause_ms(u64::from(self.plan.thinks_ms) / 10)
    }

    fn registered(&mut self, user_id: &str, user_key: &str) {
        self.user_id = ids::parse_id(user_id);
        self.user_key = user_key.into();
    }

    fn join_line(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let body = json!({ "userId": self.user_text(), "userKey": self.user_key });
        let called = Instant::now();
        match self.ask(worker, "POST /queue/tokens", &Call::post("/queue/tokens", "", body)) {
            Ok(answer) if answer.status < 300 => self.read_token(&answer, |customer, seen| {
                if !customer.token.is_empty() && seen.token != *customer.token {
                    return customer.fault("asked again for the token and was given another".into());
                }
                customer.issued(run, called + called.elapsed() / 2, seen)
            }),
            Ok(answer) => self.fault(format!("a token was refused: {}", answer.code())),
            Err(pause) => pause,
        }
    }

    fn read_token(&mut self, answer: &Answer, then: impl FnOnce(&mut Customer, &SeenToken) -> Duration) -> Duration {
        match SeenToken::read(answer) {
            Ok(seen) => then(self, &seen),
            Err(why) => self.fault(why),
        }
    }

    /// Reads the token's body, which was made at about `at`.
    fn issued(&mut self, run: &Run, at: Instant, seen: &SeenToken) -> Duration {
        if self.token.is_empty() {
            self.issued = seen.issued_at().map(|issued_at| (at, issued_at.unix_ms()));
            self.token = (*seen.token).into();
            self.phase = Phase::InLine;
        }
        self.read_place(run, seen)
    }

    fn wait(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        self.polls += 1;
        let has_enough = self.polls > u32::from(self.plan.polls);
        match self.plan.behaviour {
            Behaviour::GivesUp if has_enough => return self.leave_as(Ending::GaveUp),
            Behaviour::Vanishes if has_enough => return self.end(Ending::Vanished),
            Behaviour::Reloads if self.polls.is_multiple_of(2) => return self.join_line(run, worker),
            _ => {}
        }
        self.poll(run, worker)
    }

    /// Looks at the token.
    pub(super) fn poll(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let near = self.phase == Phase::InLine && self.position.is_some_and(|position| position <= NEAR_THE_DOOR);
        let waits = near && !run.is_on_sale_over() && run.may_wait();
        let bearer = self.bearer();
        let mut call = Call::get("/queue/token", &bearer);
        call.prefer_wait_seconds = waits.then_some(WAIT_SECONDS);
        let answer = self.ask(worker, if waits { "GET /queue/token, waiting" } else { "GET /queue/token" }, &call);
        if waits {
            run.waited();
        }
        match answer {
            Ok(answer) if answer.status == 200 => {
                let pause = self.read_token(&answer, |customer, seen| customer.read_place(run, seen));
                if waits && self.phase == Phase::InLine { Duration::ZERO } else { pause }
            }
            Ok(answer) => self.fault(format!("a poll was refused: {}", answer.code())),
            Err(pause) => pause,
        }
    }

    /// Reads the token's body: the place in the line, that the door is open, or that it is all over.
    fn read_place(&mut self, run: &Run, seen: &SeenToken) -> Duration {
        if run.on_sale.is_some() && seen.message.as_deref() == Some(SOLD_OUT) {
            // Who still waits closes the page; who is inside gives the place back.
            let waits = self.phase == Phase::InLine;
            return if waits { self.end(Ending::FoundItSoldOut) } else { self.leave_as(Ending::FoundItSoldOut) };
        }
        if seen.status == TokenStatus::Active.word() {
            if self.phase == Phase::InLine {
                self.admitted(run, seen);
            }
            return run.pause_ms(u64::from(self.plan.thinks_ms) / 4);
        }
        let position = seen.position;
        if let (Some(before), Some(now)) = (self.position, position)
            && now > before
        {
            self.faults.push(format!("the position grew from {before} to {now}"));
        }
        if position == Some(0) {
            self.faults.push("position 0 while waiting".into());
        }
        self.position = position;
        if run.on_sale.is_some() && position.is_none() {
            return self.pause_until_draw(run, seen);
        }
        let told_ms = run.began.elapsed().as_millis() as u32; // a day at most
        self.told.extend(seen.estimated_wait_seconds.map(|seconds| (told_ms, seconds as u32)));
        run.pause_ms(seen.poll_after_seconds * 1_000)
    }

    fn admitted(&mut self, run: &Run, seen: &SeenToken) {
        self.phase = Phase::Inside;
        self.visit.tries_left = self.plan.tries.into();
        self.visit.looks_left = self.plan.looks.into();
        let (Some((issued, issued_ms)), Some(activated)) = (self.issued, seen.activated_at()) else {
            self.faults.push("let in without issuedAt or activatedAt".into());
            return;
        };
        let admitted_at = issued + Duration::from_millis(u64::try_from(activated.unix_ms() - issued_ms).unwrap_or(0));
        for (told_ms, seconds) in std::mem::take(&mut self.told) {
            let told_at = run.began + Duration::from_millis(told_ms.into());
            let real = admitted_at.saturating_duration_since(told_at).as_secs_f32();
            self.waits.push((seconds as f32, real));
        }
    }

    fn leave(&mut self, worker: &mut Worker) -> Duration {
        let bearer = self.bearer();
        match self.ask(worker, "DELETE /queue/token", &Call::delete("/queue/token", &bearer)) {
            Ok(answer) if answer.status == 204 => self.end(self.leaves_as.clone()),
            Ok(answer) => {
                self.faults.push(format!("leaving was refused: {}", answer.code()));
                self.end(Ending::Failed)
            }
            Err(pause) => pause,
        }
    }
}

/// A text member of an answer.
pub(super) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or("").to_owned()
}
