//! The waiting line as staff steer it.

use serde_json::{Value, json};

use super::{Line, Rules};
use crate::http::{Fields, Reply, Request};
use crate::refusal::{Refusal, Say};
use crate::store::Outcome;
use crate::venue::{Answer, Venue, Written};

/// `GET /staff/queue`: the rules and how the line stands.
pub fn queue(venue: &Venue, line: &Line) -> Outcome<Answer> {
    let now = venue.clock.now();
    let figures = line.figures(now);
    let oldest = super::oldest_wait_seconds(&*venue.readers.get()?, now)?;
    let mut body = rules_json(&line.rules());
    body["waiting"] = figures.waiting.into();
    body["active"] = figures.active.into();
    body["admittedLastMinute"] = figures.admitted_last_minute.into();
    body["oldestWaitSeconds"] = oldest.into();
    Answer::json(200, &body)
}

fn rules_json(rules: &Rules) -> Value {
    json!(rules)
}

/// `PATCH /staff/queue`: changes the rules that it names, all or none.
pub fn change(request: &Request) -> Outcome<Answer> {
    let change = Change::read(Fields::of(request)?)?;
    Answer::write(move |tx| {
        let rules = super::change_rules(tx, |rules| change.apply(rules))?;
        Ok(Written::Ready(Reply::json(200, &rules_json(&rules))))
    })
}

/// What a request says of the rules; the ranges are those of the flags of the same names.
struct Change {
    max_active: Option<u32>,
    admit_per_minute: Option<u32>,
    visit_seconds: Option<u32>,
    abandon_seconds: Option<u32>,
    claim_seconds: Option<u32>,
    paused: Option<bool>,
    message: Option<Option<Say>>,
}

impl Change {
    fn read(mut fields: Fields) -> Result<Change, Refusal> {
        let mut number = |name: &str, range: std::ops::RangeInclusive<i64>| -> Result<Option<u32>, Refusal> {
            let number = fields.has(name).then(|| fields.integer(name, range)).transpose()?;
            Ok(number.map(|number| number as u32)) // every range below fits
        };
        let change = Change {
            max_active: number("maxActive", 0..=10_000_000)?,
            admit_per_minute: number("admitPerMinute", 0..=10_000_000)?,
            visit_seconds: number("visitSeconds", 1..=86_400)?,
            abandon_seconds: number("abandonSeconds", 3..=86_400)?,
            claim_seconds: number("claimSeconds", 0..=86_400)?,
            paused: fields.has("paused").then(|| fields.truth("paused")).transpose()?,
            message: fields.has("message").then(|| read_message(&mut fields)).transpose()?,
        };
        fields.end()?;
        Ok(change)
    }

    fn apply(&self, rules: &mut Rules) {
        let set = |rule: &mut u32, said: Option<u32>| *rule = said.unwrap_or(*rule);
        set(&mut rules.max_active, self.max_active);
        set(&mut rules.admit_per_minute, self.admit_per_minute);
        set(&mut rules.visit_seconds, self.visit_seconds);
        set(&mut rules.abandon_seconds, self.abandon_seconds);
        set(&mut rules.claim_seconds, self.claim_seconds);
        rules.paused = self.paused.unwrap_or(rules.paused);
        if let Some(message) = &self.message {
            rules.message.clone_from(message);
        }
    }
}

/// The message in both languages, or `null` for none.
fn read_message(fields: &mut Fields) -> Result<Option<Say>, Refusal> {
    let at = fields.pointer("message");
    let value = fields.must("message")?;
    if value.is_null() {
        return Ok(None);
    }
    let mut message = Fields::of_value(value, at)?;
    let say = Say::new(message.line("en", 1..=500)?, message.line("ko", 1..=500)?);
    message.end()?;
    Ok(Some(say))
}
