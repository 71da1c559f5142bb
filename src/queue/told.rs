//! What the feed tells of tokens, written without a tree of values: three events for each customer.

use serde::Serialize;
use uuid::Uuid;

use crate::ids::LineId;

/// Of a new token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssueTold {
    pub user_id: Uuid,
    pub join_number: Option<u32>,
    pub guest: bool,
    /// Whether it is on the place that its user had lost.
    pub place_restored: bool,
    #[serde(rename = "concertId")]
    pub line_id: LineId,
}

/// Of one that ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EndTold {
    pub user_id: Uuid,
    pub reason: &'static str,
    pub was_active: bool,
    #[serde(rename = "concertId")]
    pub line_id: LineId,
}

/// Of an admission.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdmissionTold {
    pub user_id: Uuid,
    pub by_hand: bool,
    #[serde(rename = "concertId")]
    pub line_id: LineId,
}
