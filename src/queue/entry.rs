//! One person in memory.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering::Relaxed};

use uuid::Uuid;

use crate::clock::Millis;
use crate::ids::TokenKey;

/// The place of someone who waits for the draw.
pub(super) const AWAITING_DRAW: i64 = i64::MAX;

/// One person in a line or let in. Kept small, since a stadium of them waits. What a poll leaves behind is atomic, so
/// that polls share a lock.
#[derive(Debug)]
pub(super) struct Entry {
    pub key: u128,
    pub user: u128,
    pub token_id: i64,
    pub place: i64,
    pub issued_ms: i64,
    pub activated_ms: i64,
    pub active_until_ms: i64,
    pub last_poll_ms: AtomicI64,
    pub join_number: u32,
    pub draw_number: u32,
    /// The line where they stand, by its number among those in memory.
    pub line: u32,
    /// The interval between polls that they were last told, in seconds.
    pub advised_poll_seconds: AtomicU8,
    pub active: bool,
    /// Whether they called since they were let in.
    pub first_call_seen: AtomicBool,
}

impl Entry {
    /// One who waits with a new token, on a place or for the draw.
    pub fn issued(
        token_id: i64,
        key: TokenKey,
        user_id: Uuid,
        place: Option<i64>,
        join_number: Option<u32>,
        at: Millis,
    ) -> Entry {
        Entry {
            key: key.0,
            user: user_id.as_u128(),
            token_id,
            place: place.unwrap_or(AWAITING_DRAW),
            issued_ms: at.unix_ms(),
            activated_ms: 0,
            active_until_ms: 0,
            last_poll_ms: AtomicI64::new(at.unix_ms()),
            join_number: join_number.unwrap_or(0),
            draw_number: 0,
            line: 0,
            advised_poll_seconds: AtomicU8::new(0),
            active: false,
            first_call_seen: AtomicBool::new(false),
        }
    }

    /// Notes a poll; says whether this was the first call since they were let in.
    pub fn poll(&self, at: Millis) -> bool {
        self.last_poll_ms.fetch_max(at.unix_ms(), Relaxed);
        self.active && !self.first_call_seen.swap(true, Relaxed)
    }

    /// Whose token it is.
    pub fn user_id(&self) -> Uuid {
        Uuid::from_u128(self.user)
    }
}
