//! `GET /concerts`.

use serde_json::json;

use crate::store::Outcome;
use crate::venue::{Answer, Venue};

/// Every concert; open to all.
pub fn concerts(venue: &Venue) -> Outcome<Answer> {
    let concerts = super::list_concerts(&*venue.readers.get()?)?;
    Answer::json(200, &json!({ "concerts": concerts }))
}
