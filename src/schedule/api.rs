//! `GET /concerts`.

use serde_json::json;

use crate::store::Outcome;
use crate::venue::{Answer, Context};

/// `GET /concerts`, open to all; `GET /staff/concerts`, for all staff: 200 with every concert in the order in which
/// they were added.
pub fn concerts(context: &Context) -> Outcome<Answer> {
    let concerts = super::list_concerts(&*context.reader()?)?;
    Answer::json(200, &json!({ "concerts": concerts }))
}
