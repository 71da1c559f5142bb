//! Faults by wish: rules that refuse, delay or lose answers of a server for tests, so that its clients are tried.

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::random::Random;
use crate::http::{Delivery, Ending, Fields, Method, Reply};
use crate::points::Points;
use crate::refusal::{Language, Refusal, TokenEnd};

/// Rules at once at most.
const RULES_MAX: usize = 100;
/// The longest delay, in milliseconds.
const DELAY_MAX_MS: i64 = 60_000;
/// The longest `Retry-After`, in seconds.
const RETRY_AFTER_MAX_SECONDS: i64 = 86_400;
/// The most times that a rule applies where it says how often.
const TIMES_MAX: i64 = 1_000_000;

/// The rules, in the order in which they are asked: the first that applies to a request does so, and no other.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Rule>>);

/// What happens to a request.
#[derive(Debug)]
pub struct Fault {
    /// Its word in the rule.
    pub word: &'static str,
    /// The answer to give in place of carrying the request out; `None` without one, or where it is carried out.
    pub reply: Option<Reply>,
    /// Whether the request is carried out.
    pub is_carried_out: bool,
    /// How the answer reaches the client, or does not.
    pub delivery: Delivery,
}

/// A rule, and what it did.
#[derive(Debug)]
struct Rule {
    method: Option<Method>,
    path: String,
    kind: Kind,
    delay_ms: (u32, u32),
    times: Option<i64>,
    probability: Option<f64>,
    seed: i64,
    random: Random,
    matched: u64,
    applied: u64,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Refuses with a status, and does not carry the request out.
    Status { status: u16, retry_after_seconds: Option<i64> },
    /// Carries it out and commits, and closes the connection in place of the answer.
    AnswerLost,
    /// Does not carry it out, and closes the connection without an answer.
    RequestLost,
    /// Does not carry it out, and resets the connection.
    Reset,
    /// Answers later.
    Delay,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Kind::Status { .. } => "STATUS",
            Kind::AnswerLost => "ANSWER_LOST",
            Kind::RequestLost => "REQUEST_LOST",
            Kind::Reset => "RESET",
            Kind::Delay => "DELAY",
        }
    }
}

impl Faults {
    /// The rules in place of those before, which is how they are said.
    ///
    /// # Errors
    /// `INVALID_REQUEST`; the rules before stay.
    pub fn replace(&self, mut fields: Fields) -> Result<(), Refusal> {
        let rules = fields.objects("rules", 0..=RULES_MAX)?.into_iter().map(Rule::read).collect::<Result<_, _>>()?;
        fields.end()?;
        *self.0.lock() = rules;
        Ok(())
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.0.lock().clear();
    }

    /// The rules with what each did.
    pub fn list(&self) -> Vec<Value> {
        self.0.lock().iter().map(Rule::json).collect()
    }

    /// What happens to a request.
    pub fn meet(&self, method: Method, path: &str, language: Language) -> Option<Fault> {
        let mut rules = self.0.lock();
        rules
            .iter_mut()
            .find_map(|rule| rule.meet(method, path))
            .map(|(kind, after_ms)| Fault::of(kind, after_ms, language))
    }
}

impl Fault {
    fn of(kind: Kind, after_ms: u32, language: Language) -> Fault {
        let (is_carried_out, ending) = match kind {
            Kind::Status { .. } => (false, Ending::Answered),
            Kind::Delay => (true, Ending::Answered),
            Kind::AnswerLost => (true, Ending::Lost),
            Kind::RequestLost => (false, Ending::Lost),
            Kind::Reset => (false, Ending::Reset),
        };
        let reply = match kind {
            Kind::Status { status, retry_after_seconds } => refusal_of(status).map(|refusal| {
                let mut reply = Reply::refusal(&refusal, language);
                if let Some(seconds) = retry_after_seconds {
                    reply.headers.retain(|(name, _)| name != "Retry-After");
                    reply = reply.with("Retry-After", seconds.to_string());
                }
                reply
            }),
            _ => None,
        };
        Fault { word: kind.word(), reply, is_carried_out, delivery: Delivery { after_ms, ending } }
    }
}

/// The refusal that a status stands for: the one of that status that a client meets most.
fn refusal_of(status: u16) -> Option<Refusal> {
    let price = Points::new(50_000);
    Some(match status {
        401 => Refusal::TokenExpired { reason: TokenEnd::TimedOut },
        402 => Refusal::InsufficientBalance {
            balance: Points::new(0),
            required: price,
            shortfall: price,
            attempts_left: 0,
        },
        403 => Refusal::TokenWaiting { position: Some(1), poll_after_seconds: 1 },
        404 => Refusal::NotFound,
        408 => Refusal::RequestTimeout,
        409 => Refusal::SeatUnavailable { seats: Vec::new() },
        429 => Refusal::TooManyRequests { retry_after_seconds: 1 },
        500 => Refusal::Internal,
        503 => Refusal::Overloaded { retry_after_seconds: 1 },
        507 => Refusal::StorageFull,
        _ => return None,
    })
}

impl Rule {
    fn read(mut fields: Fields) -> Result<Rule, Refusal> {
        let method = fields.has("method").then(|| read_method(&mut fields)).transpose()?;
        let path = read_path(&mut fields)?;
        let kind = read_kind(&mut fields)?;
        let from = read_delay(&mut fields, "delayMilliseconds", 0)?;
        let to = read_delay(&mut fields, "delayUpToMilliseconds", from.unwrap_or(0))?;
        if from.is_none() && (kind == Kind::Delay || to.is_some()) {
            fields.must("delayMilliseconds")?;
        }
        let times = fields.has("times").then(|| fields.integer("times", 1..=TIMES_MAX)).transpose()?;
        let probability = fields.has("probability").then(|| fields.real("probability", 0.0..=1.0)).transpose()?;
        let seed = fields.has("seed").then(|| fields.integer("seed", 0..=i64::MAX)).transpose()?.unwrap_or(0);
        fields.end()?;
        let from = from.unwrap_or(0);
        Ok(Rule {
            method,
            path,
            kind,
            delay_ms: (from, to.unwrap_or(from)),
            times,
            probability,
            seed,
            random: Random::new(seed.unsigned_abs()),
            matched: 0,
            applied: 0,
        })
    }

    /// Whether it applies to a request, and after how long.
    fn meet(&mut self, method: Method, path: &str) -> Option<(Kind, u32)> {
        if self.method.is_some_and(|one| one != method) || !fits(&self.path, path) {
            return None;
        }
        self.matched += 1;
        if self.times.is_some_and(|times| self.applied >= times.unsigned_abs()) {
            return None;
        }
        if self.probability.is_some_and(|probability| self.random.unit() >= probability) {
            return None;
        }
        self.applied += 1;
        let (from, to) = self.delay_ms;
        Some((self.kind, from + self.random.below(u64::from(to - from) + 1) as u32))
    }

    fn json(&self) -> Value {
        let (status, retry_after_seconds) = match self.kind {
            Kind::Status { status, retry_after_seconds } => (Some(status), retry_after_seconds),
            _ => (None, None),
        };
        json!({
            "method": self.method.map(Method::word),
            "path": self.path,
            "fault": self.kind.word(),
            "status": status,
            "retryAfterSeconds": retry_after_seconds,
            "delayMilliseconds": self.delay_ms.0,
            "delayUpToMilliseconds": self.delay_ms.1,
            "times": self.times,
            "probability": self.probability,
            "seed": self.seed,
            "matched": self.matched,
            "applied": self.applied,
        })
    }
}

fn read_method(fields: &mut Fields) -> Result<Method, Refusal> {
    let at = fields.pointer("method");
    let method = Method::parse(&fields.text("method")?).filter(|method| *method != Method::Head);
    method.filter(|method| *method != Method::Options).ok_or_else(|| {
        Refusal::invalid(
            at,
            "must be GET (which HEAD is too), POST, PUT, PATCH or DELETE",
            "GET(HEAD 포함), POST, PUT, PATCH, DELETE 중 하나여야 합니다",
        )
    })
}

fn read_path(fields: &mut Fields) -> Result<String, Refusal> {
    let path = fields.line("path", 1..=1_000)?;
    let is_sound = path.starts_with('/') && !path.contains(['?', '#', ' ']);
    if is_sound {
        return Ok(path);
    }
    Err(Refusal::invalid(
        fields.pointer("path"),
        "must begin with / and have no query; {name} stands for one segment, and ** at the end for all that follow",
        "/로 시작하고 쿼리가 없어야 합니다. {이름}은 한 마디를, 끝의 **는 그 뒤 전부를 뜻합니다",
    ))
}

fn read_kind(fields: &mut Fields) -> Result<Kind, Refusal> {
    let at = fields.pointer("fault");
    let [has_status, has_retry_after] = ["status", "retryAfterSeconds"].map(|name| fields.has(name));
    Ok(match fields.text("fault")?.as_str() {
        "STATUS" => {
            let status = fields.integer("status", 400..=599)? as u16; // within the range
            if refusal_of(status).is_none() {
                return Err(Refusal::invalid(
                    fields.pointer("status"),
                    "must be 401, 402, 403, 404, 408, 409, 429, 500, 503 or 507",
                    "401, 402, 403, 404, 408, 409, 429, 500, 503, 507 중 하나여야 합니다",
                ));
            }
            let seconds = 0..=RETRY_AFTER_MAX_SECONDS;
            let retry_after_seconds =
                has_retry_after.then(|| fields.integer("retryAfterSeconds", seconds)).transpose()?;
            Kind::Status { status, retry_after_seconds }
        }
        _ if has_status => {
            let (en, ko) = ("goes with the fault STATUS alone", "STATUS에만 쓸 수 있습니다");
            return Err(Refusal::invalid(fields.pointer("status"), en, ko));
        }
        "ANSWER_LOST" => Kind::AnswerLost,
        "REQUEST_LOST" => Kind::RequestLost,
        "RESET" => Kind::Reset,
        "DELAY" => Kind::Delay,
        _ => {
            return Err(Refusal::invalid(
                at,
                "must be STATUS, ANSWER_LOST, REQUEST_LOST, RESET or DELAY",
                "STATUS, ANSWER_LOST, REQUEST_LOST, RESET, DELAY 중 하나여야 합니다",
            ));
        }
    })
}

fn read_delay(fields: &mut Fields, name: &str, least: u32) -> Result<Option<u32>, Refusal> {
    let range = i64::from(least)..=DELAY_MAX_MS;
    let delay = fields.has(name).then(|| fields.integer(name, range)).transpose()?;
    Ok(delay.and_then(|ms| u32::try_from(ms).ok())) // a minute at most
}

/// Whether a path is one of a pattern: `{name}` stands for one segment, and `**` at the end for all that follow.
fn fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for word in pattern.split('/') {
        match (word, segments.next()) {
            ("**", Some(_)) => return true,
            (word, Some(_)) if word.starts_with('{') && word.ends_with('}') => {}
            (word, Some(segment)) if word == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
