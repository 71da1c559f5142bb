//! The feed of events: everything that happened, in commit order.

use rusqlite::Connection;
use serde::Serialize;

use super::{Change, Tx};
use crate::clock::Millis;
use crate::store::{self, Reader, Statements, column_words};

column_words! {
    /// The types of the events feed.
    EventType {
        TokenIssued "TOKEN_ISSUED",
        TokenAdmitted "TOKEN_ADMITTED",
        TokenExpired "TOKEN_EXPIRED",
        TokenMoved "TOKEN_MOVED",
        QueueChanged "QUEUE_CHANGED",
        QueueDrawn "QUEUE_DRAWN",
        LineClosed "LINE_CLOSED",
        SeatsHeld "SEATS_HELD",
        SeatsReleased "SEATS_RELEASED",
        SeatsSold "SEATS_SOLD",
        SeatBlocked "SEAT_BLOCKED",
        SeatUnblocked "SEAT_UNBLOCKED",
        PointsToppedUp "POINTS_TOPPED_UP",
        PointsCorrected "POINTS_CORRECTED",
        PointsPaidOut "POINTS_PAID_OUT",
        PaymentCompleted "PAYMENT_COMPLETED",
        PaymentDeclined "PAYMENT_DECLINED",
        ReservationRefunded "RESERVATION_REFUNDED",
        SeatsRefunded "SEATS_REFUNDED",
        SeatsExchanged "SEATS_EXCHANGED",
        HoldChanged "HOLD_CHANGED",
        ConcertChanged "CONCERT_CHANGED",
        ScheduleChanged "SCHEDULE_CHANGED",
        ScheduleCancelled "SCHEDULE_CANCELLED",
        ConcertDeleted "CONCERT_DELETED",
        VenueChanged "VENUE_CHANGED",
        ScheduleDeleted "SCHEDULE_DELETED",
        UserKeyRenewed "USER_KEY_RENEWED",
        UserChanged "USER_CHANGED",
        UserBanned "USER_BANNED",
        UserUnbanned "USER_UNBANNED",
        UserRemoved "USER_REMOVED",
        TicketCheckedIn "TICKET_CHECKED_IN",
        CheckInUndone "CHECK_IN_UNDONE",
        TicketConflict "TICKET_CONFLICT",
        TicketReissued "TICKET_REISSUED",
        StaffKeyMade "STAFF_KEY_MADE",
        StaffKeyRevoked "STAFF_KEY_REVOKED",
        WebhookChanged "WEBHOOK_CHANGED",
        WebhookDeleted "WEBHOOK_DELETED",
        ClockStepped "CLOCK_STEPPED",
    }
}

/// Adds to the feed of events, in the same transaction as what it tells of. Where staff did it, it says who.
pub fn record(tx: &Tx, kind: EventType, details: &impl Serialize) -> rusqlite::Result<()> {
    let details = store::to_json(details)?;
    let insert = "INSERT INTO event (type, at, data, key_id) VALUES (?1, ?2, ?3, ?4)";
    tx.run(insert, (kind, tx.now(), details, tx.actor()))?;
    tx.push_change(Change::EventRecorded);
    Ok(())
}

/// One event of the feed.
#[derive(Debug, Serialize)]
pub struct Event {
    /// Counts from 1 without gaps, in commit order.
    pub sequence: i64,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub at: Millis,
    pub data: serde_json::Value,
    /// Who did it, where staff did.
    pub by: Option<By>,
}

/// Whose staff key something was done by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct By {
    pub key_id: i64,
    pub name: String,
}

/// The sequence of the newest event; 0 before the first.
pub fn last_sequence(connection: &Connection) -> rusqlite::Result<i64> {
    connection.one("SELECT coalesce(max(sequence), 0) FROM event", [], |row| row.get(0))
}

/// The events after a sequence, oldest first, at most `limit`.
pub fn list_events(reader: &Reader, after: i64, limit: u32) -> rusqlite::Result<Vec<Event>> {
    list_events_of(reader, after, i64::MAX, "[]", limit)
}

/// The events after a sequence up to another that are of some types, which are a JSON array that is empty for all.
pub fn list_events_of(
    reader: &Reader,
    after: i64,
    until: i64,
    types: &str,
    limit: u32,
) -> rusqlite::Result<Vec<Event>> {
    let mut statement = reader.prepare_cached(
        "SELECT sequence, type, at, data, key_id, name FROM event LEFT JOIN staff_key USING (key_id)
         WHERE sequence > ?1 AND sequence <= ?2 AND (?3 = '[]' OR instr(?3, '\"' || type || '\"') > 0)
         ORDER BY sequence LIMIT ?4",
    )?;
    let events = statement.query_map((after, until, types, limit), |row| {
        let key_id: Option<i64> = row.get(4)?;
        Ok(Event {
            sequence: row.get(0)?,
            kind: row.get(1)?,
            at: row.get(2)?,
            data: store::from_json(row, 3)?,
            by: key_id.map(|key_id| Ok::<_, rusqlite::Error>(By { key_id, name: row.get(5)? })).transpose()?,
        })
    })?;
    events.collect()
}
