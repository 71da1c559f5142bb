//! One person in memory.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering::Relaxed};

use uuid::Uuid;

use crate::clock::Millis;
use crate::ids::TokenKey;
use crate::queue::rules::Rules;
use crate::refusal::TokenEnd;

/// The place of someone who waits for the draw.
pub(super) const AWAITING_DRAW: i64 = i64::MAX;

/// One person in a line or let in. Kept small, since a stadium of them waits. What a poll leaves behind is atomic, so
/// that polls share a lock.
#[derive(Debug)]
pub(in crate::queue) struct Entry {
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

    /// Remembers an interval between polls that was advised. It never shrinks: a deadline that was noted is never too
    /// late.
    pub fn advise(&self, poll_after_seconds: u32) {
        self.advised_poll_seconds.fetch_max(poll_after_seconds as u8, Relaxed);
    }

    /// Until when they may be inactive, by the rules of their line; `None`: as long as the token lives.
    pub fn inactive_until(&self, rules: &Rules) -> Option<Millis> {
        let advised_poll_seconds = u32::from(self.advised_poll_seconds.load(Relaxed));
        let ms = rules.inactive_after_ms(self.active, self.first_call_seen.load(Relaxed), advised_poll_seconds)?;
        Some(Millis::from_unix_ms(self.last_poll_ms.load(Relaxed)).plus_ms(ms))
    }

    /// Why the token is over at `now`: the visit has timed out, or its owner was inactive for too long. `visit.rs`
    /// writes it into the file.
    pub fn expiry_reason(&self, rules: &Rules, now: Millis) -> Option<TokenEnd> {
        let timed_out = self.active && self.active_until_ms <= now.unix_ms();
        let abandoned = self.inactive_until(rules).is_some_and(|until| until <= now);
        timed_out.then_some(TokenEnd::TimedOut).or(abandoned.then_some(TokenEnd::Abandoned))
    }

    /// Whose token it is.
    pub fn user_id(&self) -> Uuid {
        Uuid::from_u128(self.user)
    }
}
