//! Staff keys on the wire.

use serde_json::json;

use super::{Member, NAME_MAX_CHARS, Role};
use crate::call::{Answer, Context, Written, page};
use crate::http::{Fields, Reply};
use crate::refusal::Refusal;
use crate::store::Outcome;

/// Keys of a page at most, and unless asked otherwise.
const LIST_MAX: u32 = 1_000;

/// `GET /staff/me`, for all staff: 200 with the name and the role of the caller's key.
pub fn me(member: &Member) -> Outcome<Answer> {
    Answer::json(200, member)
}

/// `POST /staff/keys`, for admins: makes a staff key with a `name` of 1 to 80 characters and a `role`. 201 with
/// `Location` and the key, shown this once; therefore no `Idempotency-Key`. 409 `STAFF_NAME_TAKEN`, `STAFF_KEY_LIMIT`.
pub fn add_key(context: &Context) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let name = fields.line("name", 1..=NAME_MAX_CHARS)?;
    let role = read_role(&mut fields)?;
    fields.end()?;
    Answer::write(move |tx| {
        let (made, key) = super::add(tx, &name, role)?;
        let body = json!({
            "keyId": made.key_id, "name": made.name, "role": made.role, "createdAt": made.created_at, "key": key,
        });
        Ok(Written::Ready(Reply::json(201, &body).with("Location", "/api/v1/staff/keys")))
    })
}

/// The `role` member.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_role(fields: &mut Fields) -> Result<Role, Refusal> {
    let word = fields.text("role")?;
    Role::of(&word).ok_or_else(|| {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        let words = words.join(", ");
        Refusal::invalid(
            fields.pointer("role"),
            format!("must be one of {words}"),
            format!("다음 중 하나여야 합니다: {words}"),
        )
    })
}

/// `GET /staff/keys`, for admins: 200 with every staff key, those that are not revoked first; never the key itself.
pub fn keys(context: &Context) -> Outcome<Answer> {
    let (limit, cursor, reader) = (context.limit(LIST_MAX, LIST_MAX)?, context.cursor()?, context.reader()?);
    let (keys, next) = page(limit, |rows| super::list(&reader, cursor, rows), |key| key.key_id)?;
    Answer::json(200, &json!({ "keys": keys, "nextCursor": next }))
}

/// `DELETE /staff/keys/{keyId}`, for admins: revokes a staff key: from the answer on it opens nothing. 204, also for
/// one that is revoked already. 404 `STAFF_KEY_NOT_FOUND`; 409 `LAST_ADMIN_KEY`.
pub fn revoke_key(context: &Context) -> Outcome<Answer> {
    let key_id = context.number("keyId")?;
    Answer::write(move |tx| super::revoke(tx, key_id).map(|()| Written::Ready(Reply::empty(204))))
}
