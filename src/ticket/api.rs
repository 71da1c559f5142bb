//! Tickets on the wire.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{TicketDetails, code, qr};
use crate::call::{Answer, Context, Written};
use crate::http::Reply;
use crate::ids;
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::user::NAME_MAX_CHARS;

/// How a ticket is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All about it, in JSON.
    Json,
    /// Its QR code, as a picture.
    Svg,
}

/// What a path segment such as `<id>` or `<id>.svg` asks for.
pub fn form_of(segment: &str) -> (&str, Form) {
    segment.strip_suffix(".svg").map_or((segment, Form::Json), |id| (id, Form::Svg))
}

/// A ticket as the wire shows it to its owner.
pub fn ticket_json(found: &TicketDetails) -> Value {
    let mut ticket = json!({
        "ticketId": found.ticket.ticket_id,
        "status": found.status(),
        "number": found.ticket.number,
        "code": found.ticket.code,
        "reservationId": found.reservation_id,
        "scheduleId": found.schedule_id,
        "concertTitle": found.concert_title,
        "venue": found.venue,
        "date": found.date,
        "startsAt": found.starts_at,
        "seat": found.ticket.seat,
        "section": found.section,
        "row": found.row,
        "seatNumber": found.seat_number,
        "issuedAt": found.issued_at,
        "holder": found.holder,
        "checkedIn": found.check_in,
    });
    if !found.attributes.is_empty() {
        ticket["attributes"] = json!(found.attributes);
    }
    if let Some(tariff) = &found.tariff {
        ticket["tariff"] = tariff.name.as_str().into();
        if let Some(note) = &tariff.note {
            ticket["tariffNote"] = note.as_str().into();
        }
    }
    ticket
}

/// `GET /tickets/{ticketId}`, for a user: 200 with a ticket of the caller, or with `.svg` its QR code. It is void once
/// its reservation is refunded or its date cancelled. 404 `TICKET_NOT_FOUND`.
pub fn ticket(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    let (id, form) = form_of(context.segment("ticketId"));
    let ticket_id = ids::parse_id(id).ok_or(Refusal::TicketNotFound)?;
    let found = super::must_be_of(&*context.reader()?, user_id, ticket_id)?;
    match form {
        Form::Json => Answer::json(200, &ticket_json(&found)),
        Form::Svg => Ok(Answer::Ready(qr::picture(&found.ticket.code)?)),
    }
}

/// `POST /tickets/{ticketId}/reissue`, for a user: makes a ticket of the caller out anew, for a `holder` where one is
/// named. 200 with the ticket, whose former code and number are void; one effect for an `Idempotency-Key`. 404
/// `TICKET_NOT_FOUND`; 409 `TICKET_VOID`, `TICKET_CHECKED_IN`.
pub fn reissue(context: &Context, user_id: Uuid) -> Outcome<Answer> {
    let ticket_id = context.id("ticketId", Refusal::TicketNotFound)?;
    let holder = read_holder(context)?;
    let signing = Arc::clone(&context.state.signing);
    Answer::write_decided(move |tx| {
        let found = super::must_be_of(tx, user_id, ticket_id)?;
        let reissued = super::reissue(tx, &signing, found, holder.as_deref())?;
        Ok(Written::Ready(Reply::json(200, &ticket_json(&reissued))))
    })
}

/// Who is to go in with a ticket, if that is said.
///
/// # Errors
/// `INVALID_REQUEST`.
pub(super) fn read_holder(context: &Context) -> Result<Option<String>, Refusal> {
    let Some(mut fields) = context.fields_if_any()? else { return Ok(None) };
    let holder = fields.has("holder").then(|| fields.line("holder", 1..=NAME_MAX_CHARS)).transpose()?;
    fields.end()?;
    Ok(holder)
}

/// `GET /tickets/key`, open to all: 200 with the public key of the venue and how a code is written: what anybody needs
/// to check a ticket.
pub fn key(context: &Context) -> Outcome<Answer> {
    let public = context.state.signing.public();
    Answer::json(
        200,
        &json!({
            "algorithm": "Ed25519",
            "publicKey": public.hex(),
            "fingerprint": public.fingerprint(),
            "code": {
                "alphabet": String::from_utf8_lossy(code::ALPHABET),
                "format": code::FORMAT,
                "numberChars": code::NUMBER_CHARS,
                "scheduleChars": code::SCHEDULE_CHARS,
                "seatChars": code::SEAT_CHARS,
                "signatureChars": code::SIGNATURE_CHARS,
            },
        }),
    )
}
