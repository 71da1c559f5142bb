//! What memory must learn after a commit, and the topics on which callers wait for it.

use std::sync::Arc;

use uuid::Uuid;

use super::Snapshot;
use crate::clock::Millis;
use crate::http::Topic;
use crate::ids::{LineId, TokenKey};
use crate::store::column_words;

/// What memory must learn once a transaction is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A token took its place in the line.
    TokenIssued {
        line_id: LineId,
        token_id: i64,
        key: TokenKey,
        user_id: Uuid,
        place: Option<i64>,
        join_number: Option<u32>,
        draw_number: Option<u32>,
    },
    /// A token was let in.
    TokenAdmitted { line_id: LineId, key: TokenKey, visit_until: Millis },
    /// A waiting token stands elsewhere now, or for the draw.
    TokenMoved { key: TokenKey, place: Option<i64>, join_number: Option<u32> },
    /// The draw gave tokens their places and draw numbers.
    Drawn { line_id: LineId, places: Vec<(TokenKey, i64, u32)> },
    /// A hold moved the end of a visit.
    VisitMoved { key: TokenKey, active_until: Millis },
    /// A token is over; it was active or still waiting.
    TokenEnded { line_id: LineId, key: TokenKey, was_active: bool },
    /// The rules of a line changed, or it is new or closed.
    QueueChanged { line_id: LineId },
    /// A staff key was made or revoked.
    StaffKeysChanged,
    /// Staff changed a webhook, a test was sent to it, or it was disabled.
    WebhookChanged { webhook_id: i64 },
    /// A reservation is no longer pending, or was refunded.
    ReservationChanged { reservation_id: Uuid },
    /// Everybody has their points back for a cancelled date.
    ScheduleSettled { schedule_id: i64 },
    /// The clock of a test is to be turned.
    ClockTurned { ms: u64 },
    /// All that became due when the clock of a test was turned is written down.
    ClockSettled,
    /// A step of the wall is to be followed: every deadline in the file was moved with it.
    ClockStepped { ms: i64 },
    /// Something was added to the feed of events.
    EventRecorded,
    /// A date was added, or has other seats, prices or times: what is known of it must be read anew.
    ScheduleChanged { schedule_id: i64 },
    /// A date is gone.
    ScheduleDeleted { schedule_id: i64 },
    /// A concert was added or changed, or is gone after all of its dates.
    ConcertsChanged,
    /// What the venue says of itself changed, or how it looks.
    VenueProfileChanged,
    /// The whole file is to become what it was at a snapshot, and memory with it.
    Restored { snapshot: Arc<Snapshot> },
    /// Seats of a date went from one state to another; `version` is the date's after it.
    SeatsChanged { schedule_id: i64, version: i64, seat_nos: Vec<i64>, before: Claim, after: Claim },
}

impl Change {
    /// The topics that are notified once it is committed.
    pub fn topics(&self) -> [Option<Topic>; 3] {
        let one = |topic| [Some(topic), None, None];
        match self {
            Change::TokenAdmitted { key, .. } | Change::TokenEnded { key, .. } => one(topics::token(*key)),
            Change::ReservationChanged { reservation_id } => one(topics::reservation(*reservation_id)),
            Change::QueueChanged { .. } => one(topics::QUEUE),
            Change::StaffKeysChanged => one(topics::STAFF_KEYS),
            Change::ClockSettled => one(topics::CLOCK),
            Change::ScheduleSettled { schedule_id } => one(topics::schedule(*schedule_id)),
            Change::ScheduleDeleted { schedule_id } => {
                [Some(topics::schedule(*schedule_id)), Some(topics::seats(*schedule_id)), None]
            }
            Change::ScheduleChanged { schedule_id } => one(topics::seats(*schedule_id)),
            Change::SeatsChanged { schedule_id, before, after, .. } => {
                [Some(topics::seats(*schedule_id)), before.user_id.map(topics::user), after.user_id.map(topics::user)]
            }
            Change::WebhookChanged { webhook_id } => one(topics::webhook(*webhook_id)),
            Change::TokenIssued { .. }
            | Change::TokenMoved { .. }
            | Change::VisitMoved { .. }
            | Change::Drawn { .. }
            | Change::ClockTurned { .. }
            | Change::ClockStepped { .. }
            | Change::Restored { .. }
            | Change::EventRecorded
            | Change::ConcertsChanged
            | Change::VenueProfileChanged => [None; 3],
        }
    }
}

column_words! {
    /// What a seat is. The file has no claim, and so no word, for one that is available.
    SeatState { Available "AVAILABLE", Held "HELD", Sold "SOLD", Blocked "BLOCKED", }
}

/// Who has a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub state: SeatState,
    /// Whose it is: that of a held or sold seat.
    pub user_id: Option<Uuid>,
    /// The end of a hold, which counts while `now < held_until`.
    pub held_until: Option<Millis>,
}

impl Claim {
    pub const AVAILABLE: Claim = Claim { state: SeatState::Available, user_id: None, held_until: None };
    pub const BLOCKED: Claim = Claim { state: SeatState::Blocked, ..Claim::AVAILABLE };

    pub const fn held(user_id: Uuid, until: Millis) -> Claim {
        Claim { state: SeatState::Held, user_id: Some(user_id), held_until: Some(until) }
    }

    pub const fn sold(user_id: Uuid) -> Claim {
        Claim { state: SeatState::Sold, user_id: Some(user_id), held_until: None }
    }
}

/// The topics on which callers wait.
pub mod topics {
    use super::{TokenKey, Topic, Uuid};

    /// A line was paused or resumed, or its message changed.
    pub const QUEUE: Topic = Topic(1);
    /// Something was added to the events feed.
    pub const EVENTS: Topic = Topic(2);

    /// A probe of readiness is over.
    pub const READINESS: Topic = Topic(3);

    /// The clock of a test was turned.
    pub const CLOCK: Topic = Topic(4);

    /// A staff key was made or revoked.
    pub const STAFF_KEYS: Topic = Topic(5);

    /// The same as [`EVENTS`] for streams, at their pace.
    pub const EVENT_STREAM: Topic = Topic(6);

    /// How often at most the topic of a number is told, in milliseconds; 0 at once. Of these many come in a second.
    pub const fn pace_ms(topic: u128) -> u64 {
        match (topic, topic >> 64) {
            (6, _) => 250,
            (_, SEATS) => 500,
            _ => 0,
        }
    }

    /// No token and no id has so small a number.
    const SCHEDULE: u128 = 1;
    const WEBHOOK: u128 = 2;
    const SEATS: u128 = 3;

    /// Seats of a date have changed.
    pub const fn seats(schedule_id: i64) -> Topic {
        Topic((SEATS << 64) + schedule_id as u128)
    }

    /// Seats became a user's, or are theirs no longer.
    pub const fn user(user_id: Uuid) -> Topic {
        Topic(user_id.as_u128())
    }

    /// A token was let in or ended.
    pub const fn token(key: TokenKey) -> Topic {
        Topic(key.0)
    }

    /// A reservation is no longer pending.
    pub const fn reservation(reservation_id: Uuid) -> Topic {
        Topic(reservation_id.as_u128())
    }

    /// A cancelled date is settled.
    pub const fn schedule(schedule_id: i64) -> Topic {
        Topic((SCHEDULE << 64) + schedule_id as u128)
    }

    /// A test was sent to a webhook.
    pub const fn webhook(webhook_id: i64) -> Topic {
        Topic((WEBHOOK << 64) + webhook_id as u128)
    }
}
