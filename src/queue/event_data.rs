//! The data of a token's events in the feed, serialized without a `serde_json::Value`: three for each customer.

use serde::Serialize;
use uuid::Uuid;

use crate::ids::LineId;

/// Of a new token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssueData {
    pub user_id: Uuid,
    pub join_number: Option<u32>,
    pub guest: bool,
    /// Whether it is on the place that its user had lost.
    pub place_restored: bool,
    #[serde(rename = "concertId")]
    pub line_id: LineId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenEndData {
    pub user_id: Uuid,
    pub reason: &'static str,
    pub was_active: bool,
    #[serde(rename = "concertId")]
    pub line_id: LineId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdmissionData {
    pub user_id: Uuid,
    pub by_hand: bool,
    #[serde(rename = "concertId")]
    pub line_id: LineId,
}
