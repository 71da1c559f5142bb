//! Users on the wire.

use serde_json::json;
use uuid::Uuid;

use super::{NAME_MAX_CHARS, NewUser};
use crate::http::{Fields, Reply};
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::venue::{Answer, Context, Written, cut_page};

/// Users of a list at most, and unless asked otherwise.
const PAGE_MAX: u32 = 200;
const PAGE: u32 = 50;

/// `POST /users`, open to all: makes a user with a `name` of 1 to 80 characters. 201 with `Location` and the user key,
/// shown this once; therefore no `Idempotency-Key`. Each address may make so many in a minute (429).
pub fn register(context: &Context) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let name = name(&mut fields)?;
    fields.end()?;
    let new = NewUser::named(name.clone());
    Answer::write_decided(move |tx| {
        let registered = super::register(tx, new)?;
        let body = json!({ "userId": registered.user_id, "userKey": registered.user_key, "name": name });
        let at = format!("/api/v1/users/{}/balance", registered.user_id);
        Ok(Written::Ready(Reply::json(201, &body).with("Location", at)))
    })
}

/// The name under which somebody registers.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn name(fields: &mut Fields) -> Result<String, Refusal> {
    fields.line("name", 1..=NAME_MAX_CHARS)
}

/// `GET /staff/users`, for counter and admins: 200 with the users whose name contains `name`, newest first: `limit` 1
/// to 200 (50); `nextCursor` leads on.
pub fn find(context: &Context) -> Outcome<Answer> {
    let part = context.query("name").ok_or_else(|| Refusal::invalid("?name", "is missing", "빠졌습니다"))?;
    let (limit, before) = (context.limit(PAGE, PAGE_MAX)?, context.query_id("cursor")?.unwrap_or(Uuid::max()));
    let mut users = super::list_by_name(&*context.reader()?, part, before, limit + 1)?;
    let next = cut_page(&mut users, limit, |user| user.user_id);
    let users: Vec<_> = users
        .iter()
        .map(|user| json!({ "userId": user.user_id, "name": user.name, "createdAt": user.created_at }))
        .collect();
    Answer::json(200, &json!({ "users": users, "nextCursor": next }))
}
