//! The staff dashboard on the wire.

use crate::call::{Answer, Context};
use crate::queue::Lines;
use crate::store::Outcome;

/// `GET /staff/evening`, for admins: 200 with the last sixty minutes, oldest first, and the `lastSequence` from which
/// to follow the events.
pub fn dashboard(context: &Context, lines: &Lines) -> Outcome<Answer> {
    Answer::json(200, &super::last_hour(&context.reader()?, context.now, lines.count_waiting())?)
}
