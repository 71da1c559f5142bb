//! One customer as a state machine: each step makes one call and says how long they pause before the next.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};

use super::plan::{Behaviour, Dice, Plan, plan};
use super::run::{Run, Worker};
use super::visit::Purchase;
use crate::client::{Answer, Call};
use crate::clock::Millis;
use crate::queue::TokenStatus;

/// From this position on a customer asks with `Prefer: wait`.
const NEAR_THE_DOOR: u64 = 200;
/// How long they then let the answer wait, in seconds.
const WAIT_SECONDS: u32 = 2;
/// Calls without an answer, one after the other, until someone goes home.
const LOSSES_MAX: u32 = 10;
/// The pause after a call without an answer.
const AFTER_LOSS: Duration = Duration::from_millis(200);

/// How a customer's evening ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Ending {
    Bought,
    GaveUp,
    Vanished,
    FoundItSoldOut,
    HadNoLuck,
    LetItLapse,
    /// The token ended before: why.
    Dropped(String),
    /// The run ended before.
    SentHome,
    /// The run was broken off before.
    Stopped,
    /// Something that must not be: a call without an answer again and again, or an answer nobody expects.
    Failed,
}

impl Ending {
    /// As the report has it.
    pub(super) fn word(&self) -> String {
        let word = match self {
            Ending::Bought => "bought",
            Ending::GaveUp => "gaveUp",
            Ending::Vanished => "vanished",
            Ending::FoundItSoldOut => "foundItSoldOut",
            Ending::HadNoLuck => "hadNoLuck",
            Ending::LetItLapse => "letItLapse",
            Ending::Dropped(reason) => return format!("dropped {reason}"),
            Ending::SentHome => "sentHome",
            Ending::Stopped => "stopped",
            Ending::Failed => "failed",
        };
        word.to_owned()
    }
}

/// Where someone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Outside,
    AtTheMachine,
    InLine,
    Inside,
    Leaving,
}

#[derive(Debug)]
pub(super) struct Customer {
    pub number: u64,
    pub plan: Plan,
    pub dice: Dice,
    pub phase: Phase,
    pub user_id: String,
    /// The user's own key, as `Authorization` carries it.
    pub basic: String,
    user_key: String,
    /// The token, as `Authorization` carries it.
    pub bearer: String,
    token: String,
    /// What they do inside.
    pub visit: Purchase,
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
    /// Estimates as they were told: when, on our clock, and how many seconds.
    told: Vec<(Instant, u64)>,
    /// Every estimate of the wait beside the real one, in seconds, once let in.
    pub waits: Vec<(f64, f64)>,
}

impl Customer {
    pub(super) fn new(seed: u64, number: u64, arrival_ms: u64) -> Customer {
        let (plan, dice) = plan(seed, number, arrival_ms);
        Customer {
            number,
            plan,
            dice,
            phase: Phase::Outside,
            user_id: String::new(),
            basic: String::new(),
            user_key: String::new(),
            bearer: String::new(),
            token: String::new(),
            visit: Purchase::default(),
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
        let texts = [&self.user_id, &self.basic, &self.user_key, &self.bearer, &self.token, &self.visit.key];
        let texts: usize = texts.iter().map(|text| text.capacity()).sum();
        size_of::<Customer>()
            + texts
            + self.told.capacity() * size_of::<(Instant, u64)>()
            + self.visit.receipt.capacity()
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
        let answer = match worker.client.call(call) {
            Ok(answer) => answer,
            Err(error) => {
                worker.stats.lock().lost(name, &error);
                self.losses += 1;
                return Err(if self.losses > LOSSES_MAX { self.end(Ending::Failed) } else { AFTER_LOSS });
            }
        };
        self.losses = 0;
        worker.stats.lock().time(name, began.elapsed());
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
            let reason = answer.json()["reason"].as_str().unwrap_or("?").to_owned();
            return Err(self.end(Ending::Dropped(reason)));
        }
        Ok(answer)
    }

    /// Registers and joins the line in one call.
    fn register_in_line(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let body = json!({ "name": format!("Rush {}", self.number) });
        match self.ask(worker, "POST /queue/tokens, by name", &Call::post("/queue/tokens", "", body)) {
            Ok(answer) if answer.status == 201 => {
                let seen = answer.json();
                self.registered(&seen);
                self.issued(run, Instant::now(), &seen)
            }
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
        self.registered(&answer);
        self.phase = Phase::AtTheMachine;
        run.pause_ms(self.plan.thinks_ms / 10)
    }

    fn registered(&mut self, user: &Value) {
        self.user_id = text(user, "userId");
        self.user_key = text(user, "userKey");
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", self.user_id, self.user_key));
        self.basic = format!("Basic {pair}");
    }

    fn join_line(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let body = json!({ "userId": self.user_id, "userKey": self.user_key });
        let called = Instant::now();
        let answer = match self.ask(worker, "POST /queue/tokens", &Call::post("/queue/tokens", "", body)) {
            Ok(answer) if answer.status < 300 => answer,
            Ok(answer) => return self.fault(format!("a token was refused: {}", answer.code())),
            Err(pause) => return pause,
        };
        let seen = answer.json();
        let token = text(&seen, "token");
        if !self.token.is_empty() && token != self.token {
            return self.fault("asked again for the token and was given another".into());
        }
        self.issued(run, called + called.elapsed() / 2, &seen)
    }

    /// Reads the token's body, which was made at about `at`.
    fn issued(&mut self, run: &Run, at: Instant, seen: &Value) -> Duration {
        if self.token.is_empty() {
            let token = text(seen, "token");
            let issued_at = seen["issuedAt"].as_str().and_then(Millis::parse_rfc3339);
            self.issued = issued_at.map(|issued_at| (at, issued_at.unix_ms()));
            self.bearer = format!("Bearer {token}");
            self.token = token;
            self.phase = Phase::InLine;
        }
        self.read_place(run, seen)
    }

    fn wait(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        if run.is_on_sale_over() {
            return self.end(Ending::FoundItSoldOut); // the news reaches everybody, and nobody asks again
        }
        self.polls += 1;
        match self.plan.behaviour {
            Behaviour::GivesUp if self.polls > self.plan.polls => return self.leave_as(Ending::GaveUp),
            Behaviour::Vanishes if self.polls > self.plan.polls => return self.end(Ending::Vanished),
            Behaviour::Reloads if self.polls.is_multiple_of(2) => return self.join_line(run, worker),
            _ => {}
        }
        let near = self.position.is_some_and(|position| position <= NEAR_THE_DOOR);
        let waits = near && run.may_wait();
        let bearer = std::mem::take(&mut self.bearer);
        let mut call = Call::get("/queue/token", &bearer);
        call.prefer_wait_seconds = waits.then_some(WAIT_SECONDS);
        let answer = self.ask(worker, if waits { "GET /queue/token, waiting" } else { "GET /queue/token" }, &call);
        self.bearer = bearer;
        if waits {
            run.waited();
        }
        match answer {
            Ok(answer) if answer.status == 200 => {
                let pause = self.read_place(run, &answer.json());
                if waits && self.phase == Phase::InLine { Duration::ZERO } else { pause }
            }
            Ok(answer) => self.fault(format!("a poll was refused: {}", answer.code())),
            Err(pause) => pause,
        }
    }

    /// Reads the token's body: the place in the line, or that the door is open.
    fn read_place(&mut self, run: &Run, seen: &Value) -> Duration {
        if seen["status"] == TokenStatus::Active.word() {
            self.admitted_at(seen);
            return run.pause_ms(self.plan.thinks_ms / 4);
        }
        let position = seen["position"].as_u64();
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
        self.told.extend(seen["estimatedWaitSeconds"].as_u64().map(|seconds| (Instant::now(), seconds)));
        let poll_after = seen["pollAfterSeconds"].as_u64().unwrap_or(1);
        run.pause_ms(poll_after * 1_000)
    }

    fn admitted_at(&mut self, seen: &Value) {
        self.phase = Phase::Inside;
        self.visit.tries_left = self.plan.tries;
        self.visit.looks_left = self.plan.looks;
        let activated = seen["activatedAt"].as_str().and_then(Millis::parse_rfc3339);
        let (Some((issued, issued_ms)), Some(activated)) = (self.issued, activated) else {
            self.faults.push("let in without issuedAt or activatedAt".into());
            return;
        };
        let admitted_at = issued + Duration::from_millis(u64::try_from(activated.unix_ms() - issued_ms).unwrap_or(0));
        for (at, seconds) in std::mem::take(&mut self.told) {
            let real = admitted_at.saturating_duration_since(at).as_secs_f64();
            self.waits.push((seconds as f64, real)); // seconds of a wait: far below 2^52
        }
    }

    fn leave(&mut self, worker: &mut Worker) -> Duration {
        let bearer = self.bearer.clone();
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
