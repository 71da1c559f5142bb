//! The door: who is let in, what is taken back, and how many are in.

use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

use super::code::{self, Candidate, Presented};
use super::{CheckIn, Count, Status, TicketDetails, sql};
use crate::call::{EventType, Tx, record};
use crate::clock::Millis;
use crate::refusal::Refusal;
use crate::schedule;
use crate::signing::PublicKey;
use crate::store::Outcome;

/// How long after a check-in the same ticket at the same door gets the same answer again: hand scanners read
/// twice, and a second person needs longer to step up.
pub const REPEATED_WITHIN_MS: i64 = 5_000;

/// What is shown at the door, as a scanner or a hand typed it.
#[derive(Debug, Clone)]
pub enum DoorInput {
    /// A code, or whatever was typed.
    Code(String),
    /// What the caller knows to be a number: it is read alike, and never called a forged code.
    Number(String),
}

/// Where and for what somebody wants to go in.
#[derive(Debug, Clone, Default)]
pub struct CheckInContext {
    /// The name of the door, if it has one.
    pub door: Option<String>,
    /// The only date that is let in here, if it matters.
    pub schedule_id: Option<i64>,
}

/// The ticket that is shown.
///
/// # Errors
/// `TICKET_CODE_INVALID` for a code that the venue did not make or that is damaged; `TICKET_NOT_FOUND`.
pub fn must_find_presented(connection: &Connection, public: &PublicKey, input: &DoorInput) -> Outcome<TicketDetails> {
    let (DoorInput::Code(raw) | DoorInput::Number(raw)) = input;
    let presented = code::read_presented(public, raw).map_err(|fault| match input {
        DoorInput::Code(_) => Refusal::TicketCodeInvalid { reason: fault.word() },
        DoorInput::Number(_) => Refusal::TicketNotFound,
    })?;
    let found = match presented {
        Presented::Signed(code, payload) => find_signed(connection, &code, &payload.number)?,
        Presented::Unsigned(candidates) => {
            let mut found = None;
            for candidate in &candidates {
                found = match candidate {
                    Candidate::Number(number) => find_typed(connection, number)?,
                    Candidate::OlderCode(code) => sql::find_by_code(connection, code)?,
                };
                if found.is_some() {
                    break;
                }
            }
            found
        }
    };
    found.ok_or_else(|| Refusal::TicketNotFound.into())
}

/// The ticket of a sound code, also of one that it had before it was made out anew.
fn find_signed(connection: &Connection, code: &str, number: &str) -> rusqlite::Result<Option<TicketDetails>> {
    match sql::find_by_number(connection, number)?.filter(|found| found.ticket.code == code) {
        Some(found) => Ok(Some(found)),
        None => {
            Ok(sql::find_by_former(connection, number)?.filter(|(_, former)| former == code).map(|(found, _)| found))
        }
    }
}

/// The ticket of a number, also of one that it had before.
pub fn find_typed(connection: &Connection, number: &str) -> rusqlite::Result<Option<TicketDetails>> {
    match sql::find_by_number(connection, number)? {
        Some(found) => Ok(Some(found)),
        None => Ok(sql::find_by_former(connection, number)?.map(|(found, _)| found)),
    }
}

/// Somebody who may go in, and whether the same was said a moment ago.
#[derive(Debug, Clone)]
pub struct Admitted {
    pub found: TicketDetails,
    /// Whether it is the answer of a check-in at this door within [`REPEATED_WITHIN_MS`].
    pub repeated: bool,
}

/// Lets somebody in: once a ticket. The same ticket again at the same named door within a
/// moment gets the answer again, and changes nothing.
///
/// # Errors
/// In this order: those of `must_find_presented`, `TICKET_FOR_OTHER_DATE`, `TICKET_VOID`, `ALREADY_CHECKED_IN`.
pub fn check_in(tx: &Tx, public: &PublicKey, input: &DoorInput, entrance: &CheckInContext) -> Outcome<Admitted> {
    let mut found = must_find_presented(tx, public, input)?;
    if entrance.schedule_id.is_some_and(|schedule_id| schedule_id != found.schedule_id) {
        let TicketDetails { schedule_id, starts_at, .. } = found;
        return Err(Refusal::TicketForOtherDate { schedule_id, starts_at }.into());
    }
    if found.status() == Status::Void {
        return Err(Refusal::TicketVoid { ticket_id: found.ticket.ticket_id }.into());
    }
    let check_in = CheckIn { at: tx.now(), door: entrance.door.clone(), offline: false };
    if !sql::insert_check_in_if_out(tx, found.ticket.ticket_id, &check_in)? {
        let before = sql::find_check_in(tx, found.ticket.ticket_id)?.unwrap_or(check_in); // it stood in the way
        if before.is_repeated_by(tx.now(), entrance.door.as_deref()) {
            return Ok(Admitted { found, repeated: true });
        }
        let CheckIn { at, door, offline } = before;
        return Err(Refusal::AlreadyCheckedIn { ticket_id: found.ticket.ticket_id, at, door, offline }.into());
    }
    record(tx, EventType::TicketCheckedIn, &event_data(&found, &check_in))?;
    found.check_in = Some(check_in);
    Ok(Admitted { found, repeated: false })
}

impl CheckIn {
    /// Whether a scan at this door is the same one read twice. Where no door is named nobody knows that it is the same.
    fn is_repeated_by(&self, now: Millis, door: Option<&str>) -> bool {
        let same_door = door.is_some() && self.door.as_deref() == door;
        same_door && !self.offline && (0..REPEATED_WITHIN_MS).contains(&now.ms_since(self.at))
    }
}

/// Takes a mistaken check-in back: the ticket opens the door again.
///
/// # Errors
/// `TICKET_NOT_FOUND`, `TICKET_NOT_CHECKED_IN`.
pub fn undo(tx: &Tx, ticket_id: Uuid) -> Outcome<TicketDetails> {
    let mut found = super::must_find(tx, ticket_id)?;
    let check_in = found.check_in.take().ok_or(Refusal::TicketNotCheckedIn)?;
    if !sql::delete_check_in_if_in(tx, ticket_id)? {
        return Err(Refusal::TicketNotCheckedIn.into());
    }
    record(tx, EventType::CheckInUndone, &event_data(&found, &check_in))?;
    Ok(found)
}

/// What an event tells of a check-in.
pub(super) fn event_data(found: &TicketDetails, check_in: &CheckIn) -> serde_json::Value {
    json!({
        "ticketId": found.ticket.ticket_id,
        "number": found.ticket.number,
        "scheduleId": found.schedule_id,
        "seat": found.ticket.seat,
        "at": check_in.at,
        "door": check_in.door,
        "offline": check_in.offline,
    })
}

/// How many are expected and in, by section in layout order.
///
/// # Errors
/// `SCHEDULE_NOT_FOUND`.
pub fn count_by_section(connection: &Connection, schedule_id: i64) -> Outcome<Vec<Count>> {
    schedule::must_find(connection, schedule_id)?;
    Ok(sql::count_by_section(connection, schedule_id)?)
}
