//! Staff keys on the wire.

use serde_json::json;

use super::{Member, NAME_MAX_CHARS, Role};
use crate::http::{Fields, Reply};
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::venue::{Answer, Context, Written};

/// `GET /staff/me`: whose key the caller has.
pub fn me(member: &Member) -> Outcome<Answer> {
    Answer::json(200, member)
}

/// `POST /staff/keys`.
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

fn read_role(fields: &mut Fields) -> Result<Role, Refusal> {
    let word = fields.text("role")?;
    Role::ALL.iter().find(|role| role.word() == word).copied().ok_or_else(|| {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        let words = words.join(", ");
        Refusal::invalid(
            fields.pointer("role"),
            format!("must be one of {words}"),
            format!("다음 중 하나여야 합니다: {words}"),
        )
    })
}

/// `GET /staff/keys`.
pub fn keys(context: &Context) -> Outcome<Answer> {
    Answer::json(200, &json!({ "keys": super::list(&*context.reader()?)? }))
}

/// `DELETE /staff/keys/{keyId}`.
pub fn revoke_key(context: &Context) -> Outcome<Answer> {
    let key_id = context.number("keyId")?;
    Answer::write(move |tx| super::revoke(tx, key_id).map(|()| Written::Ready(Reply::empty(204))))
}
