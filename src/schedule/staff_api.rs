//! `POST` and `PATCH` of concerts, for staff.

use std::ops::RangeInclusive;

use super::{ConcertWords, Translation};
use crate::call::{Answer, Context, Written};
use crate::http::{Fields, Reply};
use crate::refusal::{Language, Refusal};
use crate::store::Outcome;
use crate::venue;

/// `POST /staff/concerts`, for admins: adds a concert without dates: `title`, and what else of a concert is given.
/// 201 with `Location`; one effect for an `Idempotency-Key`.
pub fn add_concert(context: &Context) -> Outcome<Answer> {
    let words = read_concert(context.fields()?)?;
    Answer::write(move |tx| {
        let concert = super::add_concert(tx, None, &words)?;
        let at = format!("/api/v1/concerts/{}/schedules", concert.concert_id);
        Ok(Written::Ready(Reply::json(201, &concert).with("Location", at)))
    })
}

/// `PATCH /staff/concerts/{concertId}`, for admins: changes those members that it names: `title`, `venue`,
/// `description`, and by `null` for none `runningMinutes`, `ageFrom`, `mapUrl`, `poster` (a picture in Base64) and
/// `translations`. 200 with the concert. 400 `INVALID_REQUEST` for a picture that is none, or too large. 404
/// `CONCERT_NOT_FOUND`.
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
    let number = |fields: &mut Fields, name: &str, range: RangeInclusive<i64>| {
        fields.or_none(name, |fields| fields.integer(name, range).map(|number| number as u32)) // in the range
    };
    let words = ConcertWords {
        title: None,
        venue,
        description,
        running_minutes: number(&mut fields, "runningMinutes", 1..=1_440)?,
        age_from: number(&mut fields, "ageFrom", 0..=99)?,
        map_url: fields.or_none("mapUrl", |fields| venue::read_url(fields, "mapUrl"))?,
        poster: fields.or_none("poster", |fields| venue::read_picture_member(fields, "poster"))?,
        translations: read_translations(&mut fields)?,
    };
    fields.end()?;
    Ok(words)
}

/// The words of each language that is named; `null`: as the concert itself.
fn read_translations(fields: &mut Fields) -> Result<Vec<(Language, Option<Translation>)>, Refusal> {
    let both = [Language::Ko, Language::En];
    let Some(given) = fields.or_none("translations", |fields| fields.object("translations"))? else {
        return Ok(Vec::new());
    };
    let Some(mut by_language) = given else { return Ok(both.map(|language| (language, None)).into()) };
    let mut read = Vec::new();
    for language in both {
        let words = by_language.or_none(language.tag(), |fields| {
            let mut fields = fields.object(language.tag())?;
            let title = fields.line("title", 1..=200)?;
            let venue = fields.has("venue").then(|| fields.line("venue", 0..=200)).transpose()?.unwrap_or_default();
            let description = fields.has("description").then(|| fields.lines("description", 0..=4_000)).transpose()?;
            fields.end()?;
            Ok(Translation { title, venue, description: description.unwrap_or_default() })
        })?;
        read.extend(words.map(|words| (language, words)));
    }
    by_language.end()?;
    Ok(read)
}
