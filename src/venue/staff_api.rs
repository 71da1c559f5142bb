//! `GET` and `PATCH` of what the venue says of itself, for staff.

use super::{Text, VenueProfile, VenueProfileChange, picture, read_url};
use crate::call::{Answer, Cached, Context, Written};
use crate::http::{Fields, Reply};
use crate::refusal::{Language, Refusal};
use crate::store::Outcome;

/// `GET /staff/venue`, for admins: 200 with what the venue says of itself, all texts of it, and how it looks.
pub fn profile(context: &Context, kept: &Cached<VenueProfile>) -> Outcome<Answer> {
    Answer::json(200, &*kept.get(&context.state.readers, super::read)?)
}

/// `PATCH /staff/venue`, for admins: changes those of `name`, `contact`, `address`, `refundRule`, `terms` and `privacy`
/// (each a text by language), `colour`, `mapUrl` and `logo` (a picture in Base64) that it names; `null` takes away.
/// 200 with all of it. 400 `INVALID_REQUEST` for a picture that is none, or too large.
pub fn change(context: &Context) -> Outcome<Answer> {
    let change = read_change(context.fields()?)?;
    Answer::write(move |tx| Ok(Written::Ready(Reply::json(200, &super::change(tx, &change)?))))
}

fn read_change(mut fields: Fields) -> Result<VenueProfileChange, Refusal> {
    let mut change = VenueProfileChange::default();
    for &text in Text::ALL {
        match fields.or_none(text.word(), |fields| fields.object(text.word()))? {
            None => {}
            Some(None) => change.texts.extend([Language::Ko, Language::En].map(|language| (text, language, None))),
            Some(Some(mut by_language)) => {
                for language in [Language::Ko, Language::En] {
                    let said = by_language.or_none(language.tag(), |fields| read_text(fields, language.tag(), text))?;
                    change.texts.extend(said.map(|said| (text, language, said)));
                }
                by_language.end()?;
            }
        }
    }
    change.colour = fields.or_none("colour", read_colour)?;
    change.map_url = fields.or_none("mapUrl", |fields| read_url(fields, "mapUrl"))?;
    change.logo = fields.or_none("logo", |fields| picture::read(fields, "logo"))?;
    fields.end()?;
    Ok(change)
}

fn read_text(fields: &mut Fields, name: &str, text: Text) -> Result<String, Refusal> {
    let chars = 1..=text.chars_max();
    if text == Text::Name { fields.line(name, chars) } else { fields.lines(name, chars) }
}

fn read_colour(fields: &mut Fields) -> Result<String, Refusal> {
    let text = fields.text("colour")?.to_ascii_lowercase();
    let is_colour = text.strip_prefix('#').and_then(super::style_sheet).is_some();
    is_colour.then_some(text).ok_or_else(|| {
        Refusal::invalid(fields.pointer("colour"), "must be a colour such as #4a3fb0", "#4a3fb0과 같은 색이어야 합니다")
    })
}
