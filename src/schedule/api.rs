//! `GET /concerts`.

use serde_json::json;

use crate::store::Outcome;
use crate::venue::{Answer, Context, cut_page};

/// Concerts of a page at most, and unless asked otherwise.
const PAGE_MAX: u32 = 1_000;

/// `GET /concerts`, open to all; `GET /staff/concerts`, for all staff: 200 with the concerts in the order in which they
/// were added: `limit` 1 to 1,000, at most 1,000 unless asked otherwise; `nextCursor` leads on.
pub fn concerts(context: &Context) -> Outcome<Answer> {
    let (limit, after) = (context.limit(PAGE_MAX, PAGE_MAX)?, context.cursor()?.unwrap_or(0));
    let mut concerts = super::list_concerts(&*context.reader()?, after, limit + 1)?;
    let next = cut_page(&mut concerts, limit, |concert| concert.concert_id);
    Answer::json(200, &json!({ "concerts": concerts, "nextCursor": next }))
}
