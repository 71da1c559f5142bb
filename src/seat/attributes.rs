//! What is special about a seat: room for a wheelchair, the place of a companion beside one, a view that is restricted.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::refusal::Refusal;

/// One of them. Of a seat that has several the first is what the seat is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    Wheelchair,
    Companion,
    RestrictedView,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Attribute; 3] = [Attribute::Wheelchair, Attribute::Companion, Attribute::RestrictedView];

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Attribute::Wheelchair => "WHEELCHAIR",
            Attribute::Companion => "COMPANION",
            Attribute::RestrictedView => "RESTRICTED_VIEW",
        }
    }

    /// The attribute of a word on the wire.
    fn parse(word: &str) -> Option<Attribute> {
        Attribute::ALL.into_iter().find(|attribute| attribute.word() == word)
    }

    /// The attribute of a JSON value that must be its word.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub(super) fn read(at: String, word: &Value) -> Result<Attribute, Refusal> {
        word.as_str().and_then(Attribute::parse).ok_or_else(|| {
            let words = Attribute::ALL.map(Attribute::word).join(", ");
            Refusal::invalid(at, format!("must be one of {words}"), format!("{words} 가운데 하나여야 합니다"))
        })
    }

    /// Parts of the words for it in the languages of halls, in small letters, without spaces and signs between words.
    const fn stems(self) -> &'static str {
        match self {
            Attribute::Wheelchair => {
                "wheelchair 휠체어 rollstuhl rolstoel fauteuilroulant pmr silladeruedas cadeiraderodas sediaarotelle \
                 carrozzin 車椅子 车椅 轮椅 輪椅 wózek wozek rullstol kørestol"
            }
            Attribute::Companion => {
                "companion carer 동반 동행 보호자 begleit begeleider accompagn acompañante acompanhante 付添 同伴 介助 陪同 \
                 opiekun ledsag"
            }
            Attribute::RestrictedView => {
                "restrictedview limitedview obstructedview restrictedsight 시야제한 시야방해 시제석 sichtbehinder \
                 sichteinschränkung eingeschränktesicht beperktzicht visibilitéréduite visibilidadreducida \
                 visibilidadereduzida visibilitàridotta visibilitàlimitata 見切れ 视线受阻"
            }
        }
    }
}

/// Those of one seat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes(u8);

impl Attributes {
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    pub fn has(self, attribute: Attribute) -> bool {
        self.0 & (1 << attribute as u8) != 0
    }

    pub fn insert(&mut self, attribute: Attribute) {
        self.0 |= 1 << attribute as u8;
    }

    /// Whether each of them is one of `others`.
    pub fn are_within(self, others: Attributes) -> bool {
        self.0 & !others.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Attribute> {
        Attribute::ALL.into_iter().filter(move |attribute| self.has(*attribute))
    }

    /// Those that a person's words name, such as those of a category: `Rollstuhlplatz`, `시야제한석`.
    pub fn named_in(text: &str) -> Attributes {
        let text: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        let named = |attribute: &Attribute| attribute.stems().split(' ').any(|stem| text.contains(stem));
        Attribute::ALL.into_iter().filter(named).collect()
    }
}

impl FromIterator<Attribute> for Attributes {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Attributes {
        let mut all = Attributes::default();
        attributes.into_iter().for_each(|attribute| all.insert(attribute));
        all
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for attribute in self.iter() {
            list.serialize_element(attribute.word())?;
        }
        list.end()
    }
}

impl ToSql for Attributes {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::from(self.0).into())
    }
}

impl FromSql for Attributes {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(|bits| Attributes((bits & 7) as u8)) // three bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_from_the_words_that_halls_use() {
        use Attribute::{Companion, RestrictedView, Wheelchair};
        for (text, attributes) in [
            ("Rollstuhlplatz", vec![Wheelchair]),
            ("Wheel-chair / Companion", vec![Wheelchair, Companion]),
            ("휠체어석", vec![Wheelchair]),
            ("Begleitperson", vec![Companion]),
            ("A석 (시야 제한)", vec![RestrictedView]),
            ("Visibilité réduite", vec![RestrictedView]),
            ("Parkett", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(Attributes::named_in(text).iter().collect::<Vec<_>>(), attributes, "{text}");
        }
    }
}
