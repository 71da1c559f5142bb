//! The waiting line as staff steer it.

use std::sync::Arc;

use serde_json::json;

use super::api::TokenJson;
use super::{Line, Rules};
use crate::clock::Millis;
use crate::http::{Fields, Reply};
use crate::refusal::{Localized, Refusal};
use crate::settings::queue as range;
use crate::store::Outcome;
use crate::venue::{Answer, Context, Written};

/// People let in by hand at once at most.
const ADMIT_MAX: i64 = 100_000;

/// `GET /staff/queue`, for counter and admins: 200 with the rules in force, and how many wait and visit now.
pub fn queue(context: &Context, line: &Line) -> Outcome<Answer> {
    let now = context.now;
    let figures = line.figures(now);
    let oldest = line.oldest_wait_seconds(now);
    let mut body = json!(line.rules());
    body["waiting"] = figures.waiting.into();
    body["active"] = figures.active.into();
    body["admittedLastMinute"] = figures.admitted_last_minute.into();
    body["oldestWaitSeconds"] = oldest.into();
    Answer::json(200, &body)
}

/// `PATCH /staff/queue`, for admins: changes the rules that it names, all or none, in the file. 200 with the rules.
pub fn change(context: &Context) -> Outcome<Answer> {
    let change = RulesChange::read(context.fields()?)?;
    Answer::write(move |tx| {
        let rules = super::change_rules(tx, |rules| change.apply(rules))?;
        Ok(Written::Ready(Reply::json(200, &rules)))
    })
}

/// `POST /staff/queue/admissions`, for admins: lets in the next `count` (1 to 100,000) now, past the limits and while
/// paused. 200 with how many there were; one effect for an `Idempotency-Key`.
pub fn admit(context: &Context, line: &Arc<Line>) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let count = fields.integer("count", 1..=ADMIT_MAX)?.unsigned_abs();
    fields.end()?;
    let line = Arc::clone(line);
    Answer::write(move |tx| {
        let admitted = super::admit_by_hand(tx, &line, count)?;
        Ok(Written::Ready(Reply::json(200, &json!({ "admitted": admitted }))))
    })
}

/// `POST /staff/queue/tokens`, for admins: gives a `userId` a place at the front, behind earlier guests; who is active
/// stays so. 201 with `Location` and without the token, for which its owner asks; one effect for an `Idempotency-Key`.
/// 403 `USER_BANNED`; 404 `USER_NOT_FOUND`.
pub fn invite(context: &Context, line: &Arc<Line>) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let user_id = fields.id("userId")?;
    fields.end()?;
    let (line, language) = (Arc::clone(line), context.language());
    Answer::write(move |tx| {
        super::invite(tx, &line, user_id)?;
        let now = tx.now();
        Ok(Written::AfterCommit(Box::new(move || match line.view_user(user_id, now) {
            Some(seen) => Reply::json(201, &TokenJson::of(&seen, language)).with("Location", "/api/v1/queue/token"),
            None => Reply::refusal(&Refusal::TokenInvalid, language), // it ended in the moment between
        })))
    })
}

/// What a request says of the rules.
#[derive(Debug)]
pub struct RulesChange {
    max_active: Option<u32>,
    admit_per_minute: Option<u32>,
    visit_seconds: Option<u32>,
    abandon_seconds: Option<u32>,
    claim_seconds: Option<u32>,
    paused: Option<bool>,
    opens_at: Option<Option<Millis>>,
    message: Option<Option<Localized>>,
}

impl RulesChange {
    /// Reads the members of a request.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn read(mut fields: Fields) -> Result<RulesChange, Refusal> {
        let mut number = |name: &str, range: std::ops::RangeInclusive<i64>| -> Result<Option<u32>, Refusal> {
            let number = fields.has(name).then(|| fields.integer(name, range)).transpose()?;
            Ok(number.map(|number| number as u32)) // every range below fits
        };
        let change = RulesChange {
            max_active: number("maxActive", range::MAX_ACTIVE)?,
            admit_per_minute: number("admitPerMinute", range::ADMIT_PER_MINUTE)?,
            visit_seconds: number("visitSeconds", range::VISIT_SECONDS)?,
            abandon_seconds: number("abandonSeconds", range::ABANDON_SECONDS)?,
            claim_seconds: number("claimSeconds", range::CLAIM_SECONDS)?,
            paused: fields.has("paused").then(|| fields.truth("paused")).transpose()?,
            opens_at: fields.or_none("opensAt", |fields| fields.instant("opensAt"))?,
            message: fields.or_none("message", read_message)?,
        };
        fields.end()?;
        Ok(change)
    }

    /// Changes the rules that it names.
    pub fn apply(&self, rules: &mut Rules) {
        let set = |rule: &mut u32, said: Option<u32>| *rule = said.unwrap_or(*rule);
        set(&mut rules.max_active, self.max_active);
        set(&mut rules.admit_per_minute, self.admit_per_minute);
        set(&mut rules.visit_seconds, self.visit_seconds);
        set(&mut rules.abandon_seconds, self.abandon_seconds);
        set(&mut rules.claim_seconds, self.claim_seconds);
        rules.paused = self.paused.unwrap_or(rules.paused);
        rules.opens_at = self.opens_at.unwrap_or(rules.opens_at);
        if let Some(message) = &self.message {
            rules.message.clone_from(message);
        }
    }
}

/// The message in both languages.
fn read_message(fields: &mut Fields) -> Result<Localized, Refusal> {
    let mut message = fields.object("message")?;
    let say = Localized::new(message.line("en", 1..=500)?, message.line("ko", 1..=500)?);
    message.end()?;
    Ok(say)
}
