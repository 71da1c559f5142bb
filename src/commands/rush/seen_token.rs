//! A token as its owner is shown it, as far as a customer of a rush reads it.

use std::borrow::Cow;

use serde::Deserialize;

use crate::client::Answer;
use crate::clock::Millis;

/// The answer to a new token, or to a poll.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SeenToken<'a> {
    #[serde(borrow)]
    pub token: Cow<'a, str>,
    #[serde(borrow)]
    pub user_id: Cow<'a, str>,
    #[serde(borrow)]
    pub user_key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub status: Cow<'a, str>,
    pub position: Option<u64>,
    pub estimated_wait_seconds: Option<u64>,
    pub poll_after_seconds: u64,
    #[serde(borrow)]
    issued_at: Cow<'a, str>,
    #[serde(borrow)]
    activated_at: Option<Cow<'a, str>>,
    #[serde(borrow)]
    expires_at: Cow<'a, str>,
    pub join_number: Option<u32>,
    #[serde(borrow)]
    pub message: Option<Cow<'a, str>>,
}

impl SeenToken<'_> {
    /// # Errors
    /// What is wrong with the body.
    pub(super) fn read(answer: &Answer) -> Result<SeenToken<'_>, String> {
        serde_json::from_slice(&answer.body).map_err(|error| format!("a token can't be read: {error}"))
    }

    pub(super) fn issued_at(&self) -> Option<Millis> {
        Millis::parse_rfc3339(&self.issued_at)
    }

    pub(super) fn activated_at(&self) -> Option<Millis> {
        Millis::parse_rfc3339(self.activated_at.as_ref()?)
    }

    pub(super) fn expires_at(&self) -> Option<Millis> {
        Millis::parse_rfc3339(&self.expires_at)
    }
}
