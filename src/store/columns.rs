//! Column types: our words and ids as SQLite keeps them.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::clock::Millis;
use crate::ids::{KeyHash, LineId, TokenKey};
use crate::points::Points;
use crate::refusal::TokenEnd;
use crate::signing::SigningSecret;

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.unix_ms().into())
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Millis::from_unix_ms)
    }
}

impl ToSql for Points {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.won().into())
    }
}

impl FromSql for Points {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Points::new)
    }
}

/// Sixteen bytes, as SQLite keeps an id or a token.
#[derive(Debug, Clone, Copy)]
pub struct Blob16(pub [u8; 16]);

impl ToSql for Blob16 {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl ToSql for LineId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for LineId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(LineId)
    }
}

impl FromSql for TokenKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(|bytes| TokenKey(u128::from_be_bytes(bytes)))
    }
}

impl From<TokenKey> for Blob16 {
    fn from(key: TokenKey) -> Blob16 {
        Blob16(key.0.to_be_bytes())
    }
}

impl ToSql for KeyHash {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for KeyHash {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(KeyHash)
    }
}

impl ToSql for SigningSecret {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for SigningSecret {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(SigningSecret)
    }
}

impl ToSql for TokenEnd {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for TokenEnd {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        TokenEnd::ALL.iter().find(|end| end.word() == word).copied().ok_or_else(|| unknown_word("TokenEnd"))
    }
}

/// A value as the text of a column that holds JSON.
///
/// # Errors
/// When it has no JSON: nothing else is written in its place.
pub fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// A value from a column that holds JSON.
///
/// # Errors
/// When it is no JSON of this kind.
pub fn from_json<T: serde::de::DeserializeOwned>(row: &rusqlite::Row, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// A word that is none of a column's words.
pub fn unknown_word(column: &'static str) -> FromSqlError {
    FromSqlError::Other(format!("a word in the file is not a word of {column}").into())
}

/// Declares an enum whose variants are words: the same in the file, on the wire and in the schema's CHECK.
macro_rules! column_words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every word.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The word in the file and on the wire.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// What a word stands for.
            pub fn of(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.word() == word)
            }
        }

        impl rusqlite::types::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.word().into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                let word = value.as_str()?;
                $name::of(word).ok_or_else(|| $crate::store::unknown_word(stringify!($name)))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}
pub(crate) use column_words;

/// A struct from the columns of a row, which stand in the order in which the fields are named here.
macro_rules! from_row {
    ($row:ident => $name:ident { $($field:ident),* $(,)? }) => {{
        let mut column = 0..;
        Ok($name { $($field: $row.get(column.next().unwrap_or(usize::MAX))?,)* })
    }};
}
pub(crate) use from_row;
