//! JSON as strictly as we mean it: a member that is there twice is refused, because two readers of the same text could
//! otherwise understand two different things (RFC 8259, section 4).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

use crate::refusal::Localized;

/// The most characters of a member's name that are quoted: of a longer one the beginning tells which it is.
const QUOTED_MAX_CHARS: usize = 40;

/// Reads a JSON text.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(text: &[u8]) -> Result<Value, Localized> {
    serde_json::from_slice::<Once>(text).map(|once| once.0).map_err(|error| wrong(&error))
}

/// What is wrong with a text. The parser says it in English; in Korean its kind is said, with the same place.
fn wrong(error: &serde_json::Error) -> Localized {
    let ko = match error.classify() {
        Category::Data => "같은 이름의 항목이 두 번 나옵니다",
        Category::Eof => "글이 끝나기 전에 끊겼습니다",
        Category::Syntax | Category::Io => "여기부터 JSON으로 읽을 수 없습니다",
    };
    Localized::new(error.to_string(), format!("{}번째 줄 {}번째 바이트: {ko}", error.line(), error.column()))
}

/// A value in which no object has a member twice.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Once, D::Error> {
        source.deserialize_any(Reader).map(Once)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(value)) = values.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Once(value))) = members.next_entry::<String, Once>()? {
            if map.contains_key(&name) {
                let quoted: String = name.chars().take(QUOTED_MAX_CHARS).collect();
                return Err(A::Error::custom(format_args!("the member '{quoted}' is there twice")));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_what_is_read_is_what_is_written() {
        for text in
            ["null", "true", "-7", "18446744073709551615", "1.5", "\"좌석\"", "[1,[],{}]", r#"{"b":1,"a":{"b":2}}"#]
        {
            assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        assert_eq!(parse(br#"{"b":1,"a":2}"#).unwrap().to_string(), r#"{"b":1,"a":2}"#);
    }

    #[test]
    fn member_twice_is_refused_at_any_depth_and_so_is_what_is_no_json() {
        for text in
            [r#"{"amount":1,"amount":2}"#, r#"[{"a":{"b":1,"\u0062":2}}]"#, "{", "", "[1]x", "nul", "\u{feff}{}"]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(&[b"[".repeat(200), b"]".repeat(200)].concat()).is_err(), "too deep");
    }

    #[test]
    fn json_what_is_wrong_is_said_in_both_languages_with_its_place_and_never_at_length() {
        for (text, en, ko) in [
            (
                r#"{"name":"#,
                "EOF while parsing a value at line 1 column 8",
                "1번째 줄 8번째 바이트: 글이 끝나기 전에 끊겼습니다",
            ),
            (
                "{\n]",
                "key must be a string at line 2 column 1",
                "2번째 줄 1번째 바이트: 여기부터 JSON으로 읽을 수 없습니다",
            ),
            (
                r#"{"a":1,"a":2}"#,
                "the member 'a' is there twice at line 1 column 13",
                "1번째 줄 13번째 바이트: 같은 이름의 항목이 두 번 나옵니다",
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), Localized::new(en, ko), "{text}");
        }
        let name = "말".repeat(10_000);
        assert!(parse(format!(r#"{{"{name}":1,"{name}":2}}"#).as_bytes()).unwrap_err().en.len() < 200);
    }
}
