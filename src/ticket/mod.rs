//! Tickets: one a seat, made with the payment. The venue's key signs what the QR code carries, so that a door without
//! network can check it. A ticket is void as soon as its seat is refunded or its date cancelled.

pub mod api;
mod checkin;
pub mod code;
pub mod door_list;
mod qr;
mod reissue;
mod scanner_input;
mod scans;
mod sql;
pub mod staff_api;

use rusqlite::Connection;
use uuid::Uuid;

use crate::call::Tx;
use crate::clock::Millis;
use crate::ids;
use crate::refusal::Refusal;
use crate::seat::{AgreedTariff, Attributes, WantedSeat};
use crate::signing::SigningKey;
use crate::store::{Outcome, column_words};

pub use checkin::find_typed;
pub use checkin::{Admitted, CheckInContext, DoorInput, REPEATED_WITHIN_MS, check_in, count_by_section, undo};
pub use door_list::DoorListEntry;
pub use reissue::reissue;
pub use scanner_input::readings;
pub use scans::{SCANS_MAX, Scan, record_scan};
pub use sql::{delete_holders, keep_holders, list_conflicts, list_for_door, list_of_reservation};

use code::CodePayload;

column_words! {
    /// What a ticket is good for.
    Status {
        /// It opens the door.
        Valid "VALID",
        /// Its owner is in.
        CheckedIn "CHECKED_IN",
        /// Its seat was refunded, or its date cancelled.
        Void "VOID",
    }
}

/// A ticket as it is handed out.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    pub ticket_id: Uuid,
    pub seat: String,
    /// What a person reads out and types: ten characters.
    pub number: String,
    pub code: String,
}

/// When and where somebody went in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CheckIn {
    /// When, by the clock of the server or, offline, by that of the laptop.
    pub at: Millis,
    /// At which door, if that was said.
    pub door: Option<String>,
    /// Whether a door without network let them in, and told later.
    pub offline: bool,
}

/// A ticket with all that belongs to it.
#[derive(Debug, Clone)]
pub struct TicketDetails {
    pub ticket: Ticket,
    pub reservation_id: Uuid,
    pub user_id: Uuid,
    pub holder: String,
    pub schedule_id: i64,
    pub concert_title: String,
    pub venue: String,
    pub date: String,
    pub starts_at: Millis,
    pub section: Option<String>,
    pub row: Option<String>,
    pub seat_number: Option<String>,
    pub issued_at: Millis,
    /// Whether its reservation still has its seat: that of a cancelled date does not, although its points are not back
    /// yet.
    pub is_paid: bool,
    pub check_in: Option<CheckIn>,
    /// What is special about its seat.
    pub attributes: Attributes,
    pub seat_no: i64,
    /// The kind of price of its seat, if it is not the full one.
    pub tariff: Option<AgreedTariff>,
    /// Whether it was found by what it was called before it was made out anew.
    pub is_former: bool,
}

impl TicketDetails {
    /// What it is good for.
    pub fn status(&self) -> Status {
        match (&self.check_in, self.is_paid) {
            _ if self.is_former => Status::Void,
            (_, false) => Status::Void,
            (None, true) => Status::Valid,
            (Some(_), true) => Status::CheckedIn,
        }
    }
}

/// How many are expected and how many are in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    /// The section; null where the hall has none.
    pub section: Option<String>,
    /// Tickets that are not void.
    pub expected: i64,
    /// Those of them whose owners are in.
    #[serde(rename = "in")]
    pub inside: i64,
}

column_words! {
    /// What came of a scan that was told later.
    ScanOutcome {
        /// It is the ticket's check-in.
        CheckedIn "CHECKED_IN",
        /// The ticket was let in before, elsewhere.
        Conflict "CONFLICT",
        /// The ticket was void, and somebody was let in all the same.
        Void "VOID",
    }
}

/// A scan that was told, and what came of it.
#[derive(Debug, Clone)]
pub struct StoredScan {
    /// Counts the scans in the order in which they were told.
    pub scan_no: i64,
    pub scan_id: Uuid,
    pub ticket_id: Uuid,
    pub number: String,
    pub seat: String,
    pub schedule_id: i64,
    /// When and where the scan let somebody in.
    pub scan: CheckIn,
    pub outcome: ScanOutcome,
    /// The check-in that was there before, where the ticket was seen twice.
    pub other: Option<CheckIn>,
    pub told_at: Millis,
}

/// What a ticket is to be called, where that is not left to chance.
#[derive(Debug, Clone)]
pub struct GivenTicket {
    /// The label of its seat.
    pub seat: String,
    /// The id, which no other has.
    pub ticket_id: Uuid,
    /// The number, which no other has.
    pub number: String,
}

/// The number of a seat's ticket to be, with the code that is signed for it.
#[derive(Debug)]
pub struct SignedCode {
    pub schedule_id: i64,
    pub seat_no: i64,
    number: String,
    code: String,
}

/// Signs the code of a seat's ticket to be, under a new number unless one is given: it takes longer than all that a
/// transaction does for a ticket.
///
/// # Errors
/// `INTERNAL` beyond a billion dates or a million seats.
pub fn sign(
    key: &SigningKey,
    schedule_id: i64,
    seat: &WantedSeat,
    number: Option<&str>,
) -> Result<SignedCode, Refusal> {
    let number = number.map_or_else(code::new_number, str::to_owned);
    let payload = CodePayload { number, schedule_id, seat_no: seat.seat_no };
    let code = code::make(key, &payload).ok_or(Refusal::Internal)?;
    Ok(SignedCode { schedule_id, seat_no: seat.seat_no, number: payload.number, code })
}

/// Makes the ticket of a seat of a reservation, under a new id unless one is given.
pub fn issue(
    tx: &Tx,
    reservation_id: Uuid,
    seat: &WantedSeat,
    signed: SignedCode,
    ticket_id: Option<Uuid>,
) -> Outcome<Ticket> {
    let SignedCode { number, code, .. } = signed;
    let ticket_id = ticket_id.unwrap_or_else(|| ids::new_id(tx.now()));
    let ticket = Ticket { ticket_id, seat: seat.label.clone(), number, code };
    sql::insert(tx, reservation_id, seat.seat_no, &ticket)?;
    Ok(ticket)
}

/// The ticket of an id.
///
/// # Errors
/// `TICKET_NOT_FOUND`.
pub fn must_find(connection: &Connection, ticket_id: Uuid) -> Outcome<TicketDetails> {
    sql::find(connection, ticket_id)?.ok_or_else(|| Refusal::TicketNotFound.into())
}

/// The ticket of a number.
///
/// # Errors
/// `TICKET_NOT_FOUND`.
pub fn must_find_by_number(connection: &Connection, number: &str) -> Outcome<TicketDetails> {
    sql::find_by_number(connection, number)?.ok_or_else(|| Refusal::TicketNotFound.into())
}

/// A user's own ticket.
///
/// # Errors
/// `TICKET_NOT_FOUND`, also for another user's.
pub fn must_be_of(connection: &Connection, user_id: Uuid, ticket_id: Uuid) -> Outcome<TicketDetails> {
    let found = sql::find(connection, ticket_id)?.filter(|found| found.user_id == user_id);
    found.ok_or_else(|| Refusal::TicketNotFound.into())
}

/// Whether nobody went in with a reservation's tickets of these seats yet: what was used is not refunded.
///
/// # Errors
/// `TICKET_CHECKED_IN`.
pub fn must_be_unused(connection: &Connection, reservation_id: Uuid, seats: &[WantedSeat]) -> Outcome<()> {
    let used = sql::list_check_ins(connection, reservation_id)?;
    let of_these = used.into_iter().filter(|(seat_no, ..)| seats.iter().any(|seat| seat.seat_no == *seat_no));
    match of_these.min_by_key(|(.., at)| *at) {
        None => Ok(()),
        Some((_, ticket_id, at)) => Err(Refusal::TicketCheckedIn { ticket_id, at }.into()),
    }
}
