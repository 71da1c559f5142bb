//! Points at the counter.

use serde_json::json;
use uuid::Uuid;

use super::api::{read_amount, write_top_up};
use crate::http::Reply;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::user;
use crate::venue::{Answer, Context, Written};

/// `GET /staff/users/{userId}`, for counter and admins: 200 with a user and the balance. 404 `USER_NOT_FOUND`.
pub fn user(context: &Context) -> Outcome<Answer> {
    let user_id = user_id(context)?;
    let reader = context.reader()?;
    let user = user::must_exist(&reader, user_id)?;
    let balance = super::find(&reader, user_id)?.balance;
    let body = json!({ "userId": user.user_id, "name": user.name, "createdAt": user.created_at, "balance": balance });
    Answer::json(200, &body)
}

/// `POST /staff/users/{userId}/balance/top-ups`, for counter and admins: sells an `amount` of 1 to 10,000,000 points,
/// under either policy. 201 with `Location` and the entry; one effect for an `Idempotency-Key`. 404 `USER_NOT_FOUND`;
/// 409 `BALANCE_LIMIT`.
pub fn top_up(context: &Context) -> Outcome<Answer> {
    let user_id = user_id(context)?;
    let amount = read_amount(context)?;
    Answer::write(move |tx| write_top_up(tx, user_id, amount))
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
        let body = json!({
            "entryId": changed.entry_id,
            "userId": user_id,
            "amount": amount,
            "balance": changed.balance,
            "at": tx.now(),
        });
        let at = format!("/api/v1/users/{user_id}/balance/entries");
        Ok(Written::Ready(Reply::json(201, &body).with("Location", at)))
    })
}

/// The user of the path.
fn user_id(context: &Context) -> Result<Uuid, Refusal> {
    context.id("userId", Refusal::UserNotFound)
}
