//! Names and messages as the style tests judge them: parts of a name, names of tests, messages to the log.

use super::{files, tree, words};
use crate::must_be_none;

pub const WORDS_TO_AVOID: [&str; 9] =
    ["manager", "service", "helper", "helpers", "util", "utils", "common", "dto", "entity"];

/// `TokenKey` and `token_key` as `token`, `key`.
pub fn parts_of(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            parts.push(String::new());
        }
        if c != '_' {
            parts.last_mut().unwrap().extend(c.to_lowercase());
        }
    }
    parts
}

/// First words of a test's name for which nobody searches.
const EMPTY_FIRST_WORDS: &str = "\
    a after all an and another any anybody anyone at before behind beside both by double each every everyone \
    few for from full however in it its many mistaken more most new no nobody none of on once one only or \
    other others plain random refused slow small some somebody stuck surplus that the there these this those \
    to two typed unchanged us waiting what whatever when where which whichever while who whoever whom whose \
    with without wrong";

/// The names of the tests of a Rust file.
fn tests_of(code: &str) -> Vec<&str> {
    code.split("#[test]\n").skip(1).filter_map(|rest| words(rest.split_once("fn ")?.1).next()).collect()
}

/// The messages that a file writes to the log.
pub fn log_messages(text: &str) -> Vec<&str> {
    let calls = ["log::error!(", "log::warn!(", "log::info!(", "log::debug!("];
    let after =
        calls.iter().flat_map(|call| text.match_indices(call).map(|(at, _)| text[at + call.len()..].trim_start()));
    after.map(|rest| rest.split('"').nth(1).unwrap_or("")).collect()
}

/// Whether a search for its beginning finds the line that wrote it, and whether it is written for people.
pub fn is_searchable(message: &str) -> bool {
    let beginning = message.split('{').next().unwrap();
    let words = beginning.split([' ', ':']).filter(|word| !word.is_empty()).count();
    words >= 4 && beginning.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-') && !message.contains(":?}")
}

#[test]
fn tidy_test_names_begin_with_the_term_that_a_maintainer_would_search_for() {
    let (mut faults, mut seen) = (Vec::new(), 0);
    for (path, text) in tree().iter().filter(|(path, _)| path.ends_with(".rs")) {
        let names = tests_of(text);
        seen += names.len();
        let empty = names
            .into_iter()
            .filter(|name| EMPTY_FIRST_WORDS.split(' ').any(|word| name.split('_').next() == Some(word)));
        faults.extend(empty.map(|name| format!("{path}: {name}")));
    }
    assert!(seen > 500, "{seen}");
    must_be_none("begin with the term, not with an article or a pronoun", faults);
}

#[test]
fn log_messages_begin_with_constant_words_and_show_no_debug_output() {
    let (mut faults, mut seen) = (Vec::new(), 0);
    for file in files() {
        let messages = log_messages(file.text.split("#[cfg(test)]\n").next().unwrap());
        seen += messages.len();
        let unsearchable = messages.into_iter().filter(|message| !is_searchable(message));
        faults.extend(unsearchable.map(|message| format!("{}: {message:?}", file.path)));
    }
    assert!(seen > 40, "{seen}");
    must_be_none("begin with words that can be searched for, the values after them", faults);
}
