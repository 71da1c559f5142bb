//! Scans of doors without network, told later. Each has an id of its own, so that telling it twice does no harm; a
//! ticket that was let in at two doors stays on record with both.

use serde_json::json;
use uuid::Uuid;

use super::checkin::{DoorInput, event_data, must_find_presented};
use super::{CheckIn, ScanOutcome, Status, StoredScan, TicketDetails, sql};
use crate::call::{EventType, Tx, record};
use crate::clock::Millis;
use crate::refusal::Refusal;
use crate::signing::PublicKey;
use crate::store::{Failure, Outcome};

/// Scans of one call at most.
pub const SCANS_MAX: usize = 200;

/// A scan as a door without network tells it: somebody was let in.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Made by the laptop that scanned.
    pub scan_id: Uuid,
    pub input: DoorInput,
    /// When, by the clock of the laptop.
    pub at: Millis,
    /// Where its id stands in the request.
    pub pointer: String,
}

/// Takes a scan that is told: the answer, and whether it was known already. `None` when no ticket is like what was
/// shown.
///
/// # Errors
/// `INVALID_REQUEST` for an id that was told before with another ticket: what was let in now would be lost.
pub fn record_scan(tx: &Tx, public: &PublicKey, door: &str, scan: &Scan) -> Outcome<Option<(StoredScan, bool)>> {
    let found = match must_find_presented(tx, public, &scan.input) {
        Ok(found) => Some(found),
        Err(Failure::Refused(Refusal::TicketNotFound | Refusal::TicketCodeInvalid { .. })) => None,
        Err(failure) => return Err(failure),
    };
    if let Some(kept) = sql::find_scan(tx, scan.scan_id)? {
        return match found {
            Some(found) if found.ticket.ticket_id == kept.ticket_id => Ok(Some((kept, true))),
            _ => Err(Refusal::invalid(
                scan.pointer.as_str(),
                "was told before with another ticket",
                "다른 입장권으로 이미 전송된 스캔입니다",
            )
            .into()),
        };
    }
    let Some(found) = found else { return Ok(None) };
    let seen = CheckIn { at: scan.at, door: Some(door.to_owned()), offline: true };
    let (outcome, other) = settle(tx, &found, &seen)?;
    let scan_no = sql::insert_scan(tx, scan.scan_id, found.ticket.ticket_id, &seen, outcome, other.as_ref())?;
    let kept = StoredScan {
        scan_no,
        scan_id: scan.scan_id,
        ticket_id: found.ticket.ticket_id,
        number: found.ticket.number,
        seat: found.ticket.seat,
        schedule_id: found.schedule_id,
        scan: seen,
        outcome,
        other,
        told_at: tx.now(),
    };
    Ok(Some((kept, false)))
}

fn settle(tx: &Tx, found: &TicketDetails, seen: &CheckIn) -> Outcome<(ScanOutcome, Option<CheckIn>)> {
    let (outcome, other) = if found.status() == Status::Void {
        (ScanOutcome::Void, None)
    } else if sql::insert_check_in_if_out(tx, found.ticket.ticket_id, seen)? {
        record(tx, EventType::TicketCheckedIn, &event_data(found, seen))?;
        return Ok((ScanOutcome::CheckedIn, None));
    } else {
        (ScanOutcome::Conflict, sql::find_check_in(tx, found.ticket.ticket_id)?)
    };
    let mut details = event_data(found, seen);
    details["outcome"] = outcome.word().into();
    details["other"] = json!(other);
    record(tx, EventType::TicketConflict, &details)?;
    Ok((outcome, other))
}
