//! What the venue says of itself and how it looks: its name, contact, address, refund rule, terms and privacy by
//! language; its colour, its logo, a link to a map. All of it is kept in the file.

mod colour;
mod picture;
mod sql;
pub mod staff_api;

use rusqlite::Connection;
use serde_json::json;

pub use colour::style_sheet;
pub use picture::{Format, NewPicture, Picture, read as read_picture_member};
pub use sql::{drop_unshown_pictures, keep_picture, read, read_picture};

use crate::call::{Change, EventType, Tx, record};
use crate::http::Fields;
use crate::refusal::{Language, Refusal};
use crate::store::{Outcome, column_words};

column_words! {
    /// What a venue says of itself.
    Text {
        Name "name",
        Contact "contact",
        Address "address",
        RefundRule "refundRule",
        Terms "terms",
        Privacy "privacy",
    }
}

impl Text {
    /// Its length in characters, at most.
    const fn chars_max(self) -> usize {
        match self {
            Text::Name => 80,
            Text::Contact | Text::Address => 300,
            Text::RefundRule => 2_000,
            Text::Terms | Text::Privacy => 20_000,
        }
    }
}

/// One text in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Texts {
    pub ko: Option<String>,
    pub en: Option<String>,
}

impl Texts {
    /// The text in a language, or else in the other.
    pub fn in_language(&self, language: Language) -> Option<&str> {
        let (own, other) = match language {
            Language::Ko => (&self.ko, &self.en),
            Language::En => (&self.en, &self.ko),
        };
        own.as_deref().or(other.as_deref())
    }

    fn of_mut(&mut self, language: Language) -> &mut Option<String> {
        match language {
            Language::Ko => &mut self.ko,
            Language::En => &mut self.en,
        }
    }
}

/// What the venue says of itself and how it looks.
#[derive(Debug, Clone, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VenueProfile {
    pub name: Texts,
    pub contact: Texts,
    pub address: Texts,
    pub refund_rule: Texts,
    pub terms: Texts,
    pub privacy: Texts,
    /// Such as `#4a3fb0`.
    pub colour: Option<String>,
    pub map_url: Option<String>,
    pub logo: Option<Picture>,
}

impl VenueProfile {
    fn text_mut(&mut self, text: Text) -> &mut Texts {
        match text {
            Text::Name => &mut self.name,
            Text::Contact => &mut self.contact,
            Text::Address => &mut self.address,
            Text::RefundRule => &mut self.refund_rule,
            Text::Terms => &mut self.terms,
            Text::Privacy => &mut self.privacy,
        }
    }

    /// The name as pages show it.
    pub fn name_in(&self, language: Language) -> &str {
        self.name.in_language(language).unwrap_or("boxoffice")
    }
}

/// What staff change of it; what is `None` stays as it is.
#[derive(Debug, Default)]
pub struct VenueProfileChange {
    texts: Vec<(Text, Language, Option<String>)>,
    colour: Option<Option<String>>,
    map_url: Option<Option<String>>,
    logo: Option<Option<NewPicture>>,
}

/// Changes it.
pub fn change(tx: &Tx, change: &VenueProfileChange) -> Outcome<VenueProfile> {
    for (text, language, said) in &change.texts {
        sql::put_text(tx, *text, *language, said.as_deref())?;
    }
    if let Some(colour) = &change.colour {
        sql::update_colour(tx, colour.as_deref())?;
    }
    if let Some(url) = &change.map_url {
        sql::update_map_url(tx, url.as_deref())?;
    }
    if let Some(logo) = &change.logo {
        logo.iter().try_for_each(|logo| keep_picture(tx, logo))?;
        sql::update_logo(tx, logo.as_ref().map(|logo| logo.hash.as_str()))?;
        drop_unshown_pictures(tx)?;
    }
    record(tx, EventType::VenueChanged, &json!({}))?;
    tx.push_change(Change::VenueProfileChanged);
    read(tx)
}

/// The content of a picture and its media type, by the last part of its address.
///
/// # Errors
/// `NOT_FOUND`.
pub fn must_find_picture(connection: &Connection, file: &str) -> Outcome<(&'static str, Vec<u8>)> {
    let (hash, word) = file.split_once('.').ok_or(Refusal::NotFound)?;
    let format = Format::of(word).ok_or(Refusal::NotFound)?;
    let content = sql::find_content(connection, hash, format)?.ok_or(Refusal::NotFound)?;
    Ok((format.media_type(), content))
}

/// A member that is an address on the web, which pages lead to: https alone.
///
/// # Errors
/// `INVALID_REQUEST`.
pub fn read_url(fields: &mut Fields, name: &str) -> Result<String, Refusal> {
    let url = fields.line(name, 1..=500)?;
    let is_sound = url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !url.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\'));
    is_sound.then_some(url).ok_or_else(|| {
        Refusal::invalid(
            fields.pointer(name),
            "must be an address that begins with https://",
            "https://로 시작하는 주소여야 합니다",
        )
    })
}
