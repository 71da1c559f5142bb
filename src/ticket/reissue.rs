//! A ticket made out anew: the same ticket under another number and code, for its owner or for somebody they name.

use serde_json::json;

use super::{Status, Ticket, TicketDetails, must_find, sign, sql};
use crate::call::{EventType, Tx, record};
use crate::points::Points;
use crate::refusal::Refusal;
use crate::seat::{SeatName, WantedSeat};
use crate::signing::SigningKey;
use crate::store::Outcome;

/// Makes a ticket out anew, for `holder` where one is named: what it was called until now opens no door any more.
///
/// # Errors
/// `TICKET_VOID`, `TICKET_CHECKED_IN`.
pub fn reissue(tx: &Tx, key: &SigningKey, found: TicketDetails, holder: Option<&str>) -> Outcome<TicketDetails> {
    let ticket_id = found.ticket.ticket_id;
    match (found.status(), &found.check_in) {
        (Status::Void, _) => return Err(Refusal::TicketVoid { ticket_id }.into()),
        (_, Some(check_in)) => return Err(Refusal::TicketCheckedIn { ticket_id, at: check_in.at }.into()),
        _ => {}
    }
    let (seat_no, label, name) = (found.seat_no, found.ticket.seat.clone(), SeatName::default());
    let seat = WantedSeat { seat_no, label, name, price: Points::ZERO, tariff: None };
    let signed = sign(key, found.schedule_id, &seat, None)?;
    let ticket = Ticket { ticket_id, seat: seat.label, number: signed.number, code: signed.code };
    sql::update_code(tx, &found.ticket, &ticket, holder)?;
    let told = json!({
        "ticketId": ticket_id, "scheduleId": found.schedule_id, "seat": ticket.seat, "userId": found.user_id,
        "number": ticket.number, "formerNumber": found.ticket.number,
    });
    record(tx, EventType::TicketReissued, &told)?;
    must_find(tx, ticket_id)
}
