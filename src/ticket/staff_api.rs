//! Tickets at the counter and at the door.

use serde_json::Value;

use super::api::{Form, form_of, ticket_json};
use super::{Found, code, qr};
use crate::ids;
use crate::refusal::Refusal;
use crate::store::{Outcome, Reader};
use crate::venue::{Answer, Venue};

/// A ticket as the wire shows it to staff: whose it is as well.
pub fn ticket_json_for_staff(found: &Found) -> Value {
    let mut shown = ticket_json(found);
    shown["userId"] = found.user_id.to_string().into();
    shown["holder"] = found.holder.clone().into();
    shown
}

/// `GET /staff/tickets/{id or number}`, with `.svg` its QR code.
pub fn ticket(venue: &Venue, segment: &str) -> Outcome<Answer> {
    let (name, form) = form_of(segment);
    let found = find(&venue.readers.get()?, name)?;
    match form {
        Form::Json => Answer::json(200, &ticket_json_for_staff(&found)),
        Form::Svg => Ok(Answer::Ready(qr::picture(&found.ticket.code)?)),
    }
}

fn find(reader: &Reader, name: &str) -> Outcome<Found> {
    match (ids::parse_id(name), code::typed_number(name)) {
        (Some(ticket_id), _) => super::must_find(reader, ticket_id),
        (None, Some(number)) => super::must_find_by_number(reader, &number),
        (None, None) => Err(Refusal::TicketNotFound.into()),
    }
}
