//! `GET /concerts`.

use serde_json::json;

use crate::store::Outcome;
use crate::venue::{Answer, Context};

/// Every concert; open to all.
pub fn concerts(context: &Context) -> Outcome<Answer> {
    let concerts = super::list_concerts(&*context.reader()?)?;
    Answer::json(200, &json!({ "concerts": concerts }))
}
