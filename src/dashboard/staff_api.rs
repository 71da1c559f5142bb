//! The staff dashboard on the wire.

use crate::queue::Line;
use crate::store::Outcome;
use crate::venue::{Answer, Context};

/// `GET /staff/evening`, for admins: 200 with the last sixty minutes, oldest first, and the `lastSequence` from which
/// to follow the events.
pub fn dashboard(context: &Context, line: &Line) -> Outcome<Answer> {
    let now = context.now;
    Answer::json(200, &super::last_hour(&context.reader()?, now, line.figures(now).waiting)?)
}
