//! `POST` and `PATCH` of concerts, for staff.

use super::ConcertWords;
use crate::http::{Fields, Reply};
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::venue::{Answer, Context, Written};

/// `POST /staff/concerts`, for admins: adds a concert without dates: `title`, and `venue` and `description` if given.
/// 201 with `Location`; one effect for an `Idempotency-Key`.
pub fn add_concert(context: &Context) -> Outcome<Answer> {
    let words = read_concert(context.fields()?)?;
    Answer::write(move |tx| {
        let concert = super::add_concert(tx, None, &words)?;
        let at = format!("/api/v1/concerts/{}/schedules", concert.concert_id);
        Ok(Written::Ready(Reply::json(201, &concert).with("Location", at)))
    })
}

/// `PATCH /staff/concerts/{concertId}`, for admins: changes those of `title`, `venue` and `description` that it names.
/// 200 with the concert. 404 `CONCERT_NOT_FOUND`.
pub fn change_concert(context: &Context) -> Outcome<Answer> {
    let concert_id = context.number("concertId")?;
    let mut fields = context.fields()?;
    let title = fields.has("title").then(|| fields.line("title", 1..=200)).transpose()?;
    let words = ConcertWords { title, ..read_words(fields)? };
    Answer::write(move |tx| Ok(Written::Ready(Reply::json(200, &super::change_concert(tx, concert_id, &words)?))))
}

/// What is said of a new concert.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_concert(mut fields: Fields) -> Result<ConcertWords, Refusal> {
    let title = Some(fields.line("title", 1..=200)?);
    Ok(ConcertWords { title, ..read_words(fields)? })
}

/// The members that a concert may go without.
fn read_words(mut fields: Fields) -> Result<ConcertWords, Refusal> {
    let venue = fields.has("venue").then(|| fields.line("venue", 0..=200)).transpose()?;
    let description = fields.has("description").then(|| fields.lines("description", 0..=4_000)).transpose()?;
    fields.end()?;
    Ok(ConcertWords { title: None, venue, description })
}
