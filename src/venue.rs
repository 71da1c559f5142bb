//! What every use case is handed first: the open transaction, the feed of events, and what memory must learn afterwards.

use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use crate::clock::{Clock, Millis};
use crate::http::{Bell, Once, Park, Reply, Request, Topic};
use crate::ids::TokenKey;
use crate::seal::Seal;
use crate::settings::Settings;
use crate::store::{self, Failure, Outcome, Reader, Readers, Writer, column_words};

/// What every use case is handed first.
pub struct Venue {
    /// What the house was told at start.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<Clock>,
    /// Reading connections.
    pub readers: Readers,
    /// The way to the one writer.
    pub writer: Writer<Change>,
    /// Wakes those who wait for an answer.
    pub bell: Bell,
    /// Signs tickets and lists for the door.
    pub seal: Arc<Seal>,
}

/// What a request comes to at the edge.
pub enum Answer {
    /// It is answered.
    Ready(Reply),
    /// Not yet: it waits for a change.
    Park(Park),
    /// It must be written first.
    Write(Work),
}

/// A piece of writing work: it runs whole or not at all.
pub type Work = Box<dyn FnOnce(&Tx) -> Outcome<Written> + Send>;

/// What a piece of writing work comes to.
pub enum Written {
    /// The answer, to be sent after the commit.
    Ready(Reply),
    /// The answer as it stands now; the caller would rather wait for a change.
    Park(Reply, Park),
    /// More must be written, in a later transaction, before there is an answer.
    Then(Work),
    /// The answer is read from memory after the commit.
    AfterCommit(Box<dyn FnOnce() -> Reply + Send>),
}

impl Answer {
    /// An answer that must be written first.
    pub fn write(work: impl FnOnce(&Tx) -> Outcome<Written> + Send + 'static) -> Outcome<Answer> {
        Ok(Answer::Write(Box::new(work)))
    }

    /// An answer that is there, in JSON.
    pub fn json(status: u16, value: &impl Serialize) -> Outcome<Answer> {
        Ok(Answer::Ready(Reply::json(status, value)))
    }
}

/// The caller under which staff's repeated requests are kept: an id that no user has.
pub const STAFF: Uuid = Uuid::nil();

/// Work that its caller may repeat under an `Idempotency-Key`: the first answer is kept with its effect and given again.
///
/// # Errors
/// `INVALID_HEADER`.
pub fn repeat_safe(
    request: &Request,
    caller_id: Uuid,
    work: impl FnOnce(&Tx) -> Outcome<Written> + Send + 'static,
) -> Outcome<Answer> {
    let Some(once) = Once::of(request, caller_id)? else { return Answer::write(work) };
    let language = request.language();
    Answer::write(move |tx| {
        if let Some(reply) = once.find(tx)? {
            return Ok(Written::Ready(reply));
        }
        let written = match tx.whole(work) {
            Err(Failure::Refused(refusal)) => Written::Ready(Reply::refusal(&refusal, language)),
            other => other?,
        };
        if let Written::Ready(reply) | Written::Park(reply, _) = &written {
            once.keep(tx, reply, tx.now())?;
        }
        Ok(written)
    })
}

impl Venue {
    /// For a caller whose token opens nothing: the first answer again if this is a repetition, else the failure.
    ///
    /// # Errors
    /// The failure.
    pub fn repeated(&self, request: &Request, caller_id: Option<Uuid>, failure: Failure) -> Outcome<Answer> {
        let once = caller_id.map(|caller_id| Once::of(request, caller_id)).transpose()?.flatten();
        let kept = once.map(|once| once.find(&*self.readers.get()?)).transpose()?.flatten();
        kept.map(Answer::Ready).ok_or(failure)
    }
}

/// The longest wait that `Prefer: wait` is granted, in seconds.
pub const WAIT_MAX_SECONDS: u32 = 30;

/// The topics on which callers wait.
pub mod topics {
    use super::{TokenKey, Topic, Uuid};

    /// The line was paused or resumed, or its message changed.
    pub const QUEUE: Topic = Topic(1);
    /// Something was added to the events feed.
    pub const EVENTS: Topic = Topic(2);

    /// A token was let in or ended.
    pub const fn token(key: TokenKey) -> Topic {
        Topic(key.0)
    }

    /// A reservation is no longer pending.
    pub const fn reservation(reservation_id: Uuid) -> Topic {
        Topic(reservation_id.as_u128())
    }

    /// A cancelled date is settled. No token and no id has so small a number.
    pub const fn schedule(schedule_id: i64) -> Topic {
        Topic((1 << 64) + schedule_id as u128)
    }
}

/// A writing transaction of the venue.
pub type Tx<'c> = store::Tx<'c, Change>;

/// What memory must learn once a transaction is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of the same names")]
pub enum Change {
    /// A token took its place in the line.
    TokenIssued { token_id: i64, key: TokenKey, user_id: Uuid, place: Option<i64>, join_number: Option<u32> },
    /// A token was let in.
    TokenAdmitted { key: TokenKey, visit_until: Millis },
    /// A waiting token stands elsewhere now, or for the draw.
    TokenMoved { key: TokenKey, place: Option<i64>, join_number: Option<u32> },
    /// The draw gave tokens their places and draw numbers.
    Drawn { places: Vec<(TokenKey, i64, u32)> },
    /// A hold moved the end of a visit.
    VisitMoved { key: TokenKey, active_until: Millis },
    /// A token is over; it was active or still waiting.
    TokenEnded { key: TokenKey, was_active: bool },
    /// The rules of the line changed.
    QueueChanged,
    /// A staff key was made or revoked.
    StaffKeysChanged,
    /// A reservation is no longer pending, or was refunded.
    ReservationChanged { reservation_id: Uuid },
    /// Everybody has their points back for a cancelled date.
    ScheduleSettled { schedule_id: i64 },
    /// The clock of a test is to be turned.
    ClockTurned { ms: u64 },
    /// Something was added to the feed of events.
    EventRecorded,
    /// A date was added, or has other seats, prices or times: what is known of it must be read anew.
    ScheduleChanged { schedule_id: i64 },
    /// Seats of a date went from one state to another; `version` is the date's after it.
    SeatsChanged { schedule_id: i64, version: i64, seat_nos: Vec<i64>, before: SeatState, after: SeatState },
}

/// Who has a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of the same names")]
pub enum SeatState {
    /// Nobody.
    Free,
    /// Held for a user while `now < until`.
    Held { user_id: Uuid, until: Millis },
    /// A user's.
    Sold { user_id: Uuid },
    /// Kept back by the house.
    Blocked,
}

column_words! {
    /// The types of the events feed.
    #[allow(missing_docs, reason = "the words say it")]
    EventType {
        TokenIssued "TOKEN_ISSUED",
        TokenAdmitted "TOKEN_ADMITTED",
        TokenExpired "TOKEN_EXPIRED",
        TokenMoved "TOKEN_MOVED",
        QueueChanged "QUEUE_CHANGED",
        QueueDrawn "QUEUE_DRAWN",
        SeatsHeld "SEATS_HELD",
        SeatsReleased "SEATS_RELEASED",
        SeatsSold "SEATS_SOLD",
        SeatBlocked "SEAT_BLOCKED",
        SeatUnblocked "SEAT_UNBLOCKED",
        PointsToppedUp "POINTS_TOPPED_UP",
        PointsCorrected "POINTS_CORRECTED",
        PaymentCompleted "PAYMENT_COMPLETED",
        PaymentDeclined "PAYMENT_DECLINED",
        ReservationRefunded "RESERVATION_REFUNDED",
        ConcertChanged "CONCERT_CHANGED",
        ScheduleChanged "SCHEDULE_CHANGED",
        ScheduleCancelled "SCHEDULE_CANCELLED",
        UserKeyRenewed "USER_KEY_RENEWED",
        TicketCheckedIn "TICKET_CHECKED_IN",
        CheckInUndone "CHECK_IN_UNDONE",
        TicketConflict "TICKET_CONFLICT",
        StaffKeyMade "STAFF_KEY_MADE",
        StaffKeyRevoked "STAFF_KEY_REVOKED",
    }
}

/// Adds to the feed of events, in the same transaction as what it tells of. Where staff did it, it says who.
///
/// # Errors
/// SQLite's.
pub fn record(tx: &Tx, kind: EventType, details: &impl Serialize) -> rusqlite::Result<()> {
    let details = serde_json::to_string(details).unwrap_or_else(|_| "{}".to_owned()); // string keys, no failing parts
    tx.prepare_cached("INSERT INTO event (type, at, data, key_id) VALUES (?1, ?2, ?3, ?4)")?.execute((
        kind,
        tx.now(),
        details,
        tx.is_for(),
    ))?;
    tx.note(Change::EventRecorded);
    Ok(())
}

/// One event of the feed.
#[derive(Debug, Serialize)]
pub struct Event {
    /// Counts from 1 without gaps, in commit order.
    pub sequence: i64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When.
    pub at: Millis,
    /// What belongs to it.
    pub data: serde_json::Value,
    /// Who did it, where staff did.
    pub by: Option<By>,
}

/// Whose staff key something was done by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct By {
    /// The id of the key.
    pub key_id: i64,
    /// The name of its owner.
    pub name: String,
}

/// The events after a sequence, oldest first, at most `limit`.
///
/// # Errors
/// SQLite's.
pub fn list_events(reader: &Reader, after: i64, limit: u32) -> rusqlite::Result<Vec<Event>> {
    let mut statement = reader.prepare_cached(
        "SELECT sequence, type, at, data, key_id, name FROM event LEFT JOIN staff_key USING (key_id)
         WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
    )?;
    let events = statement.query_map((after, limit), |row| {
        let data: String = row.get(3)?;
        let key_id: Option<i64> = row.get(4)?;
        Ok(Event {
            sequence: row.get(0)?,
            kind: row.get(1)?,
            at: row.get(2)?,
            data: serde_json::from_str(&data).unwrap_or_default(), // the schema lets only JSON in
            by: key_id.map(|key_id| Ok::<_, rusqlite::Error>(By { key_id, name: row.get(5)? })).transpose()?,
        })
    })?;
    events.collect()
}
