//! What the owner of a token is told: the place in the line, or the visit, with the advice when to ask again.

use uuid::Uuid;

use super::line::{Entry, Line};
use crate::clock::Millis;
use crate::ids::{LineId, TokenKey};
use crate::queue::TokenStatus;
use crate::queue::poll_advice::{self, Advice};
use crate::refusal::Localized;

/// A token at a moment. The token itself, and the message in one language, are added on the wire.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    #[serde(skip)]
    pub key: TokenKey,
    pub user_id: Uuid,
    /// The line where it stands.
    #[serde(rename = "concertId")]
    pub line_id: LineId,
    pub status: TokenStatus,
    /// 1 for the next to be let in, 0 once active, `None` while the draw is to come.
    pub position: Option<u64>,
    #[serde(flatten)]
    pub advice: Advice,
    pub issued_at: Millis,
    pub activated_at: Option<Millis>,
    /// When it is dropped unless polled, or when its visit ends.
    pub expires_at: Millis,
    /// Its number in the draw, counted from 1 by the order of joining.
    pub join_number: Option<u32>,
    pub draw_number: Option<u32>,
    pub paused: bool,
    #[serde(skip)]
    pub message: Option<Localized>,
}

impl TokenView {
    /// The token of somebody in a line, at `now`. The interval between polls that it advises is remembered: nobody is
    /// inactive who keeps to it.
    pub(super) fn of(entry: &Entry, line: &Line, now: Millis) -> TokenView {
        let (position, rules) = (line.position(entry), &line.rules);
        let spread = (entry.key >> 64) as u32 as f64 / f64::from(u32::MAX);
        let soonest = position.map_or(f64::INFINITY, |position| rules.soonest(position));
        let (waiting, rate) = (line.waiting(), line.rate(now));
        let advice = poll_advice::advise(position, waiting, rate, soonest, rules.abandon_seconds, spread);
        entry.advise(advice.poll_after_seconds);
        let expires_at =
            if entry.active { Some(Millis::from_unix_ms(entry.active_until_ms)) } else { entry.inactive_until(rules) };
        TokenView {
            key: TokenKey(entry.key),
            user_id: entry.user_id(),
            line_id: line.line_id,
            status: if entry.active { TokenStatus::Active } else { TokenStatus::Waiting },
            position,
            advice,
            issued_at: Millis::from_unix_ms(entry.issued_ms),
            activated_at: entry.active.then_some(Millis::from_unix_ms(entry.activated_ms)),
            expires_at: expires_at.unwrap_or(now),
            join_number: (entry.join_number > 0).then_some(entry.join_number),
            draw_number: (entry.draw_number > 0).then_some(entry.draw_number),
            paused: rules.paused,
            message: rules.message.clone(),
        }
    }
}
