//! The waiting lines as staff steer them.

use std::sync::Arc;

use serde_json::json;

use super::api::{TokenJson, read_concert};
use super::rules::RulesOfLine;
use super::{Figures, LineView, Lines, Rules};
use crate::call::{Answer, Context, Written};
use crate::clock::Millis;
use crate::http::{Fields, Reply};
use crate::ids::LineId;
use crate::refusal::{Localized, Refusal};
use crate::settings::queue as range;
use crate::store::Outcome;

/// People let in by hand at once at most.
const ADMIT_MAX: i64 = 100_000;

/// The rules of a line and how it stands.
#[derive(serde::Serialize)]
struct QueueJson<'v> {
    #[serde(flatten)]
    rules: &'v Rules,
    #[serde(flatten)]
    figures: Figures,
}

/// A line beside the others.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct LineJson<'v> {
    #[serde(flatten)]
    rules: RulesOfLine<'v>,
    #[serde(flatten)]
    figures: Figures,
    /// Whether nobody joins it any more.
    closed: bool,
}

/// `GET /staff/queue`, for counter and admins: 200 with the rules in force in the shared line, and how many wait and
/// visit now.
pub fn queue(context: &Context, lines: &Lines) -> Outcome<Answer> {
    let (rules, figures) = (lines.rules(LineId::SHARED), lines.figures(LineId::SHARED, context.now));
    Answer::json(200, &QueueJson { rules: &rules, figures })
}

/// `GET /staff/lines`, for counter and admins: 200 with all lines beside each other, the shared line first: the rules
/// of each and how it stands. One that was closed is there until the last has left it.
pub fn lines(context: &Context, lines: &Lines) -> Outcome<Answer> {
    let lines = lines.list(context.now);
    let shown = lines.iter().map(|LineView { line_id, rules, closed, figures }| LineJson {
        rules: RulesOfLine { line_id: *line_id, rules },
        figures: *figures,
        closed: *closed,
    });
    Answer::json(200, &json!({ "lines": shown.collect::<Vec<_>>() }))
}

/// `PUT /staff/concerts/{concertId}/line`, for admins: gives the concert a line of its own if it has none, with the
/// limits of the shared line or those of its closed one, and changes the rules that it names, all or none. 200 with
/// the rules. 404 `CONCERT_NOT_FOUND`; 409 `LINE_LIMIT`.
pub fn put_line(context: &Context) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    let change = RulesChange::read(context.fields()?)?;
    Answer::write(move |tx| {
        let rules = super::settle_own_line(tx, concert_id, |rules| change.apply(rules))?;
        let shown = RulesOfLine { line_id: LineId(concert_id), rules: &rules };
        Ok(Written::Ready(Reply::json(200, &shown)))
    })
}

/// `DELETE /staff/concerts/{concertId}/line`, for admins: closes the line of the concert. Whoever comes from now on
/// stands in the shared line; those in it are let in and shop to the end as before. 204. 404 `CONCERT_NOT_FOUND`.
pub fn close_line(context: &Context) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    Answer::write(move |tx| {
        super::close_own_line(tx, concert_id)?;
        Ok(Written::Ready(Reply::empty(204)))
    })
}

/// `PATCH /staff/queue`, for admins: changes the rules of the shared line that it names, all or none, in the file. 200
/// with the rules.
pub fn change(context: &Context) -> Outcome<Answer> {
    let change = RulesChange::read(context.fields()?)?;
    Answer::write(move |tx| {
        let rules = super::change_rules(tx, LineId::SHARED, |rules| change.apply(rules))?;
        Ok(Written::Ready(Reply::json(200, &rules)))
    })
}

/// `POST /staff/queue/admissions`, for admins: lets in the next `count` (1 to 100,000) now, past the limits and while
/// paused: of the shared line, or with `concertId` of the line of that concert. 200 with how many there were; one
/// effect for an `Idempotency-Key`. 404 `CONCERT_NOT_FOUND`.
pub fn admit(context: &Context, lines: &Arc<Lines>) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let count = fields.integer("count", 1..=ADMIT_MAX)?.unsigned_abs();
    let concert_id = read_concert(&mut fields)?;
    fields.end()?;
    let lines = Arc::clone(lines);
    Answer::write(move |tx| {
        let line_id = super::line_of(tx, concert_id)?;
        let admitted = super::admit_by_hand(tx, &lines, line_id, count)?;
        Ok(Written::Ready(Reply::json(200, &json!({ "admitted": admitted }))))
    })
}

/// `POST /staff/queue/tokens`, for admins: gives a `userId` a place at the front of the shared line, or with
/// `concertId` of the line of that concert, behind earlier guests; who is active stays so. 201 with `Location` and
/// without the token, for which its owner asks; one effect for an `Idempotency-Key`. 403 `USER_BANNED`; 404
/// `USER_NOT_FOUND`, `CONCERT_NOT_FOUND`.
pub fn invite(context: &Context, lines: &Arc<Lines>) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let user_id = fields.id("userId")?;
    let concert_id = read_concert(&mut fields)?;
    fields.end()?;
    let (lines, language) = (Arc::clone(lines), context.language());
    Answer::write(move |tx| {
        let line_id = super::line_of(tx, concert_id)?;
        super::invite(tx, &lines, line_id, user_id)?;
        let now = tx.now();
        Ok(Written::AfterCommit(Box::new(move || match lines.view_user(line_id, user_id, now) {
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
    grace_seconds: Option<u32>,
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
            grace_seconds: number("graceSeconds", range::GRACE_SECONDS)?,
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
        set(&mut rules.grace_seconds, self.grace_seconds);
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
