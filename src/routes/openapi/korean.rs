//! The texts of the document in Korean: `korean.json` has a row for each English text of the fragments.

use std::collections::HashMap;

use serde_json::Value;

use crate::refusal::Language;

const KOREAN: &str = include_str!("korean.json");

/// The members of a document that people read.
const READ: [&str; 3] = ["summary", "description", "x-displayName"];

/// The texts of a language by those of the fragments; empty for English, in which the fragments are.
pub(super) struct Texts(HashMap<String, String>);

impl Texts {
    pub(super) fn of(language: Language) -> Result<Texts, String> {
        match language {
            Language::En => Ok(Texts(HashMap::new())),
            Language::Ko => serde_json::from_str(KOREAN).map(Texts).map_err(|error| format!("korean.json: {error}")),
        }
    }

    /// Puts the texts of the language in place of those of a fragment. Examples stay as they are.
    pub(super) fn write_out(&self, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|one| self.write_out(one)),
            Value::Object(members) => {
                for (name, one) in members {
                    match one {
                        Value::String(text) if READ.contains(&name.as_str()) => {
                            if let Some(own) = self.0.get(text) {
                                own.clone_into(text);
                            }
                        }
                        _ if matches!(name.as_str(), "example" | "examples") => {}
                        _ => self.write_out(one),
                    }
                }
            }
            _ => {}
        }
    }
}
