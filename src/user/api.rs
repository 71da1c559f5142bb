//! Users on the wire.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{NAME_MAX_CHARS, NewUser, User, UserChange};
use crate::call::{Answer, Context, Written};
use crate::http::{Fields, Reply};
use crate::refusal::Refusal;
use crate::store::Outcome;

/// The length of a contact in characters.
const CONTACT_MAX_CHARS: usize = 200;

/// `POST /users`, open to all: makes a user with a `name` of 1 to 80 characters, and a `contact` if they like. 201
/// with `Location`, the code and the user key, shown this once; therefore no `Idempotency-Key`. Each address may make
/// so many in a minute (429).
pub fn register(context: &Context) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let name = name(&mut fields)?;
    let contact = fields.has("contact").then(|| contact(&mut fields)).transpose()?;
    fields.end()?;
    let new = NewUser { contact: contact.clone(), ..NewUser::named(name.clone()) };
    Answer::write_decided(move |tx| {
        let made = super::register(tx, new)?;
        let body = json!({
            "userId": made.user_id, "userKey": made.user_key, "name": name, "code": made.code, "contact": contact,
        });
        let at = format!("/api/v1/users/{}", made.user_id);
        Ok(Written::Ready(Reply::json(201, &body).with("Location", at)))
    })
}

/// A contact: an e-mail address or a telephone number, as people write it.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn contact(fields: &mut Fields) -> Result<String, Refusal> {
    fields.line("contact", 1..=CONTACT_MAX_CHARS)
}

/// A user as the wire shows them.
pub fn user_json(user: &User) -> Value {
    json!({
        "userId": user.user_id,
        "name": user.name,
        "code": user.code(),
        "contact": user.contact,
        "createdAt": user.created_at,
        "bannedAt": user.banned_at,
        "seatsPerUser": user.seats_per_user,
        "removedAt": user.removed_at,
    })
}

/// `GET /users/{userId}`, for a user: 200 with the caller's name, code and contact. 403 `NOT_YOURS`; 404
/// `USER_NOT_FOUND`.
pub fn own(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    Answer::json(200, &user_json(&super::must_exist(&*context.reader()?, user_id)?))
}

/// `PATCH /users/{userId}`, for a user: changes the caller's `name` or `contact` (null: none). 200 with the user. 403
/// `NOT_YOURS`; 404 `USER_NOT_FOUND`.
pub fn change_own(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let change = read_change(&mut fields)?;
    write_change(fields, user_id, change)
}

/// `PATCH /staff/users/{userId}`, for counter and admins: changes the `name` or the `contact` of a user, or how many
/// seats of one date they may have (`seatsPerUser`, 1 to 1,000; null: as everybody). 200 with the user. 404
/// `USER_NOT_FOUND`.
pub fn change(context: &Context) -> Outcome<Answer> {
    let user_id = context.id("userId", Refusal::UserNotFound)?;
    let mut fields = context.fields()?;
    let change = read_change(&mut fields)?;
    let seats = fields.or_none("seatsPerUser", |fields| fields.integer("seatsPerUser", 1..=1_000))?;
    let seats_per_user = seats.map(|seats| seats.map(|seats| seats as u32)); // the range fits
    write_change(fields, user_id, UserChange { seats_per_user, ..change })
}

fn read_change(fields: &mut Fields) -> Result<UserChange, Refusal> {
    let name = fields.has("name").then(|| name(fields)).transpose()?;
    Ok(UserChange { name, contact: fields.or_none("contact", contact)?, seats_per_user: None })
}

fn write_change(fields: Fields, user_id: Uuid, change: UserChange) -> Outcome<Answer> {
    fields.end()?;
    Answer::write(move |tx| {
        let changed = super::change(tx, user_id, change)?;
        Ok(Written::Ready(Reply::json(200, &user_json(&changed))))
    })
}

/// The name under which somebody registers.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn name(fields: &mut Fields) -> Result<String, Refusal> {
    fields.line("name", 1..=NAME_MAX_CHARS)
}
