//! `GET /staff/evening`.

use crate::http::{Request, query};
use crate::queue::Line;
use crate::store::Outcome;
use crate::venue::{Answer, Venue};

/// `GET /staff/evening`: the last hour, minute by minute, and where the feed of events stands.
pub fn evening(venue: &Venue, line: &Line, request: &Request) -> Outcome<Answer> {
    query(request, &[])?;
    let now = venue.clock.now();
    Answer::json(200, &super::last_hour(&venue.readers.get()?, now, line.figures(now).waiting)?)
}
