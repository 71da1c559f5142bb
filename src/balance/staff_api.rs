//! Points at the counter.

use serde_json::json;
use uuid::Uuid;

use super::PayMethod;
use super::api::{entry_json, entry_made, read_amount, write_top_up};
use crate::call::{Answer, Context};
use crate::http::Fields;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::user::{self, api::user_json};

/// `GET /staff/users/{userId}`, for counter and admins: 200 with a user, their code and the balance. 404
/// `USER_NOT_FOUND`.
pub fn user(context: &Context) -> Outcome<Answer> {
    let user_id = user_id(context)?;
    let reader = context.reader()?;
    let user = user::must_exist(&reader, user_id)?;
    let balance = super::find(&reader, user_id)?.balance;
    let mut body = user_json(&user);
    body["balance"] = json!(balance);
    Answer::json(200, &body)
}

/// `POST /staff/users/{userId}/balance/top-ups`, for counter and admins: sells an `amount` of 1 to 10,000,000 points,
/// under either policy, for cash or by `method` CARD. 201 with `Location` and the entry; one effect for an
/// `Idempotency-Key`. 404 `USER_NOT_FOUND`; 409 `BALANCE_LIMIT`.
pub fn top_up(context: &Context) -> Outcome<Answer> {
    let user_id = user_id(context)?;
    let (amount, method) = read_money(context)?;
    Answer::write(move |tx| write_top_up(tx, user_id, amount, Some(method)))
}

/// `POST /staff/users/{userId}/balance/payouts`, for counter and admins: pays an `amount` of 1 to 10,000,000 points out
/// in cash or by `method` CARD. 201 with `Location` and the entry; one effect for an `Idempotency-Key`. 404
/// `USER_NOT_FOUND`; 409 `BALANCE_TOO_LOW`.
pub fn pay_out(context: &Context) -> Outcome<Answer> {
    let user_id = user_id(context)?;
    let (amount, method) = read_money(context)?;
    Answer::write(move |tx| {
        let changed = super::pay_out(tx, user_id, amount, method, None)?;
        let now = tx.now();
        Ok(entry_made(user_id, move || {
            json!({
                "payoutId": changed.entry_id,
                "userId": user_id,
                "amount": amount,
                "method": method,
                "balance": changed.balance,
                "at": now,
            })
        }))
    })
}

/// An amount of money, and how it goes over the counter: in cash unless said otherwise.
fn read_money(context: &Context) -> Result<(Points, PayMethod), Refusal> {
    let mut fields = context.fields()?;
    let amount = read_amount(&mut fields)?;
    let method = if fields.has("method") { read_method(&mut fields, &PAID)? } else { PayMethod::Cash };
    fields.end()?;
    Ok((amount, method))
}

/// How money is taken or given.
const PAID: [PayMethod; 2] = [PayMethod::Cash, PayMethod::Card];

/// The `method` member: one of those allowed.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_method(fields: &mut Fields, allowed: &[PayMethod]) -> Result<PayMethod, Refusal> {
    let word = fields.text("method")?;
    allowed.iter().find(|method| method.word() == word).copied().ok_or_else(|| {
        let words = allowed.iter().map(|method| method.word()).collect::<Vec<_>>().join(", ");
        let (en, ko) = (format!("must be one of {words}"), format!("다음 중 하나여야 합니다: {words}"));
        Refusal::invalid(fields.pointer("method"), en, ko)
    })
}

/// `POST /staff/users/{userId}/balance/corrections`, for admins: corrects a balance by an `amount`, up or down, with a
/// `reason`. 201 with `Location` and the entry; one effect for an `Idempotency-Key`. 404 `USER_NOT_FOUND`; 409
/// `BALANCE_LIMIT`, `BALANCE_TOO_LOW`.
pub fn correct(context: &Context) -> Outcome<Answer> {
    let user_id = user_id(context)?;
    let mut fields = context.fields()?;
    let most = Points::BALANCE_MAX.won();
    let amount = fields.integer("amount", -most..=most).map(Points::new)?;
    if amount == Points::ZERO {
        return Err(Refusal::invalid("/amount", "must not be zero", "0이 아니어야 합니다").into());
    }
    let reason = fields.line("reason", 1..=200)?;
    fields.end()?;
    Answer::write(move |tx| {
        let changed = super::correct(tx, user_id, amount, &reason)?;
        let now = tx.now();
        Ok(entry_made(user_id, move || entry_json("entryId", &changed, user_id, amount, now)))
    })
}

/// The user of the path.
fn user_id(context: &Context) -> Result<Uuid, Refusal> {
    context.id("userId", Refusal::UserNotFound)
}
