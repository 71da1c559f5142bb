//! `GET /staff/dashboard`.

use crate::queue::Line;
use crate::store::Outcome;
use crate::venue::{Answer, Context};

/// `GET /staff/dashboard`: the last hour, minute by minute, and where the feed of events stands.
pub fn dashboard(context: &Context, line: &Line) -> Outcome<Answer> {
    let now = context.now;
    Answer::json(200, &super::last_hour(&context.reader()?, now, line.figures(now).waiting)?)
}
