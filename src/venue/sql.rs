//! Every statement that reads or writes `picture` and `venue_text`, and the colour, logo and map in `venue`.

use rusqlite::types::{FromSql, FromSqlResult, ValueRef};
use rusqlite::{Connection, Row};

use super::picture::{Format, NewPicture, Picture};
use super::{Text, VenueProfile};
use crate::call::Tx;
use crate::refusal::Language;
use crate::store::{Outcome, Statements};

/// A language as columns have it.
struct InColumn(Language);

impl FromSql for InColumn {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<InColumn> {
        let word = value.as_str()?;
        let known = [Language::Ko, Language::En].into_iter().find(|language| language.tag() == word);
        known.map(InColumn).ok_or_else(|| crate::store::unknown_word("language"))
    }
}

/// The picture in four columns from this one on, those of an outer join.
pub fn read_picture(row: &Row, first: usize) -> rusqlite::Result<Option<Picture>> {
    let Some(hash) = row.get::<_, Option<String>>(first)? else { return Ok(None) };
    Ok(Some(Picture::of(&hash, row.get(first + 1)?, row.get(first + 2)?, row.get(first + 3)?)))
}

/// What the venue says of itself and how it looks.
pub fn read(connection: &Connection) -> Outcome<VenueProfile> {
    let select =
        "SELECT colour, map_url, hash, format, width_px, height_px FROM venue LEFT JOIN picture ON hash = logo";
    let mut profile = connection.one(select, [], |row| {
        Ok(VenueProfile {
            colour: row.get(0)?,
            map_url: row.get(1)?,
            logo: read_picture(row, 2)?,
            ..VenueProfile::default()
        })
    })?;
    let mut texts = connection.prepare_cached("SELECT name, language, text FROM venue_text")?;
    let mut rows = texts.query([])?;
    while let Some(row) = rows.next()? {
        let InColumn(language) = row.get(1)?;
        *profile.text_mut(row.get::<_, Text>(0)?).of_mut(language) = row.get(2)?;
    }
    Ok(profile)
}

pub(super) fn put_text(tx: &Tx, name: Text, language: Language, text: Option<&str>) -> rusqlite::Result<()> {
    let Some(text) = text else {
        let delete = "DELETE FROM venue_text WHERE name = ?1 AND language = ?2";
        return tx.run(delete, (name, language.tag()));
    };
    let insert = "INSERT INTO venue_text (name, language, text) VALUES (?1, ?2, ?3)
         ON CONFLICT (name, language) DO UPDATE SET text = excluded.text";
    tx.run(insert, (name, language.tag(), text))
}

pub(super) fn update_colour(tx: &Tx, colour: Option<&str>) -> rusqlite::Result<()> {
    tx.execute("UPDATE venue SET colour = ?1", [colour]).map(drop)
}

pub(super) fn update_map_url(tx: &Tx, url: Option<&str>) -> rusqlite::Result<()> {
    tx.execute("UPDATE venue SET map_url = ?1", [url]).map(drop)
}

pub(super) fn update_logo(tx: &Tx, hash: Option<&str>) -> rusqlite::Result<()> {
    tx.execute("UPDATE venue SET logo = ?1", [hash]).map(drop)
}

/// Keeps a picture; the same content is kept once.
pub fn keep_picture(tx: &Tx, picture: &NewPicture) -> rusqlite::Result<()> {
    let NewPicture { hash, format, width_px, height_px, content } = picture;
    let insert = "INSERT INTO picture (hash, format, width_px, height_px, content) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (hash) DO NOTHING";
    tx.run(insert, (hash, format, width_px, height_px, content))
}

/// Deletes the pictures that are shown nowhere any more.
pub fn drop_unshown_pictures(tx: &Tx) -> rusqlite::Result<()> {
    let delete = "DELETE FROM picture WHERE NOT EXISTS (SELECT 1 FROM concert WHERE poster = hash)
         AND NOT EXISTS (SELECT 1 FROM venue WHERE logo = hash)";
    tx.run(delete, [])
}

/// The content of a picture.
pub(super) fn find_content(connection: &Connection, hash: &str, format: Format) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.find("SELECT content FROM picture WHERE hash = ?1 AND format = ?2", (hash, format), |row| row.get(0))
}
