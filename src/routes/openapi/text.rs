//! The patterns of texts of one line. A room says `OneLine` or `OneLineOrNone` with `maxLength`; since texts are
//! counted after they are trimmed, the limit goes into the pattern; and so does that something must be seen.

use serde_json::{Value, json};

use super::Members;
use crate::refusal::Language;

/// White space, which is trimmed; what a line may have within; and the same without white space, which is at its ends.
const SPACE: &str = r"[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";
const WITHIN: &str = r"[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]";
const END: &str = r"[^\u0000- \u007f-\u00a0\u1680\u2000-\u200a\u2028-\u202f\u205f\u2066-\u2069\u3000]";

/// Characters that nobody sees, as `http::Fields` knows them.
const UNSEEN: &str = r"\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u3164\ufe00-\ufe0f\ufeff\uffa0";

const ONE_LINE: &str = "#/components/schemas/OneLine";
const ONE_LINE_OR_NONE: &str = "#/components/schemas/OneLineOrNone";

/// Writes out the texts of one line in a fragment.
pub(super) fn write_out(value: &mut Value, language: Language) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|one| write_out(one, language)),
        Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
            Some(ONE_LINE) => *members = line(members, 1, language),
            Some(ONE_LINE_OR_NONE) => *members = line(members, 0, language),
            _ => members.values_mut().for_each(|one| write_out(one, language)),
        },
        _ => {}
    }
}

fn line(told: &Members, least: u64, language: Language) -> Members {
    let most = told["maxLength"].as_u64().unwrap_or_default();
    let question = if least == 0 { "?" } else { "" };
    let own = told.get("description").and_then(Value::as_str).map(|text| format!(" {text}")).unwrap_or_default();
    let mut line = Members::new();
    line.insert("type".into(), "string".into());
    line.extend((least > 0).then(|| ("minLength".into(), json!(least))));
    let inner = most.saturating_sub(2);
    let blank = format!("(?!{SPACE}*[{UNSEEN}](?:{SPACE}|[{UNSEEN}])*$)");
    let pattern = format!("^{blank}{SPACE}*(?:{END}(?:{WITHIN}{{0,{inner}}}{END})?){question}{SPACE}*$");
    line.insert("pattern".into(), pattern.into());
    let what = match language {
        Language::En => format!("One line of {least} to {most} characters after trimming.{own}"),
        Language::Ko => format!("앞뒤 공백을 뺀 {least}~{most}자의 한 줄.{own}"),
    };
    line.insert("description".into(), what.into());
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Fields;

    #[test]
    fn patterns_of_texts_take_the_characters_that_are_taken() {
        let matcher = |pattern: &Value| jsonschema::draft202012::new(&json!({ "pattern": pattern })).unwrap();
        let matcher_of = |name: &str| {
            let mut schema = json!({ "$ref": name, "maxLength": 4 });
            write_out(&mut schema, Language::En);
            matcher(&schema["pattern"])
        };
        let (one, or_none) = (matcher_of(ONE_LINE), matcher_of(ONE_LINE_OR_NONE));
        let document = super::super::document(crate::routes::ROUTES, Language::En).unwrap();
        let lines = matcher(&document["components"]["schemas"]["Paragraphs"]["pattern"]);
        let whole = (0..=0x3100_u32).chain(0xfdf0..=0x1_0010).filter_map(char::from_u32);
        for text in whole.flat_map(|c| ["", "ab", "abcd"].map(|rest| format!("{c}{rest}"))).chain(["a b ".into()]) {
            let fields = || Fields::of_value(json!({ "text": text }), String::new()).unwrap();
            let taken = [fields().line("text", 1..=4), fields().line("text", 0..=4)].map(|text| text.is_ok());
            let told = [&one, &or_none].map(|pattern| pattern.is_valid(&json!(text)));
            assert_eq!(told, taken, "{text:?}");
            let taken = fields().lines("text", 0..=9).is_ok();
            assert!(lines.is_valid(&json!(text)) == taken || text.trim() != text || text.len() <= 4, "{text:?}");
        }
    }
}
