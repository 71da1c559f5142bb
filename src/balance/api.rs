//! One's own points.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Changed, PayMethod};
use crate::call::{Answer, Context, Tx, Written, page};
use crate::clock::Millis;
use crate::http::{Fields, Reply};
use crate::points::Points;
use crate::refusal::Refusal;
use crate::settings::TopUpPolicy;
use crate::store::Outcome;

/// Ledger entries of a page at most, and unless asked otherwise.
const PAGE_MAX: u32 = 200;
const PAGE: u32 = 50;

/// `GET /users/{userId}/balance`, for a user: 200 with the points that the caller can spend now. 403 `NOT_YOURS`.
pub fn balance(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    Answer::json(200, &super::find(&*context.reader()?, user_id)?)
}

/// `GET /users/{userId}/balance/entries`, for a user: 200 with a page of the caller's ledger, newest first: `limit` 1
/// to 200 (50), `cursor`. 403 `NOT_YOURS`.
pub fn entries(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    let (limit, cursor) = (context.limit(PAGE, PAGE_MAX)?, context.cursor()?);
    let reader = context.reader()?;
    let list = |rows| super::list_entries(&reader, user_id, cursor.unwrap_or(i64::MAX), rows);
    let (entries, next) = page(limit, list, |entry| entry.entry_id)?;
    Answer::json(200, &json!({ "entries": entries, "nextCursor": next }))
}

/// `POST /users/{userId}/balance/top-ups`, for a user: adds an `amount` of 1 to 10,000,000 points. 201 with `Location`
/// and the entry; one effect for an `Idempotency-Key`. The policy decides whether users may do it. 403 `NOT_YOURS`,
/// `TOP_UP_BY_STAFF_ONLY`; 404 `USER_NOT_FOUND` where the account was removed meanwhile; 409 `BALANCE_LIMIT`.
pub fn top_up(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    if context.state.settings.top_up_policy() == TopUpPolicy::Staff {
        return Err(Refusal::TopUpByStaffOnly.into());
    }
    let mut fields = context.fields()?;
    let amount = read_amount(&mut fields)?;
    fields.end()?;
    Answer::write_decided(move |tx| write_top_up(tx, user_id, amount, None))
}

/// The amount of a top-up.
pub(super) fn read_amount(fields: &mut Fields) -> Result<Points, Refusal> {
    fields.integer("amount", 1..=Points::TOP_UP_MAX.won()).map(Points::new)
}

/// Tops up and answers with it.
pub(super) fn write_top_up(tx: &Tx, user_id: Uuid, amount: Points, method: Option<PayMethod>) -> Outcome<Written> {
    let changed = super::top_up(tx, user_id, amount, method)?;
    let now = tx.now();
    Ok(entry_made(user_id, move || entry_json("topUpId", &changed, user_id, amount, now)))
}

/// A new entry of a ledger, with its number by the name that this has in the call.
pub(super) fn entry_json(number: &str, changed: &Changed, user_id: Uuid, amount: Points, at: Millis) -> Value {
    json!({ number: changed.entry_id, "userId": user_id, "amount": amount, "balance": changed.balance, "at": at })
}

/// 201 for a new entry of a ledger, with where it is read.
pub(super) fn entry_made(user_id: Uuid, body: impl FnOnce() -> Value + Send + 'static) -> Written {
    let location = move || format!("/api/v1/users/{user_id}/balance/entries");
    Written::Deferred(Box::new(move || Reply::json(201, &body()).with("Location", location())))
}
