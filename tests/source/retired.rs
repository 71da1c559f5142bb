//! Metaphors that were given up for the terms of the field: none of them comes back, in no file that people write.

use super::{tree, words};

/// A word, in names, comments and texts.
struct Word {
    word: &'static str,
    /// What to say in its place.
    term: &'static str,
    /// Where it is retired: paths that begin so. Elsewhere it is used as everybody uses it.
    within: &'static [&'static str],
    /// Real uses: lines that have this text, or files whose path begins so.
    real: &'static [&'static str],
}

const fn word(word: &'static str, term: &'static str) -> Word {
    Word { word, term, within: &[""], real: &[] }
}

impl Word {
    const fn within(mut self, within: &'static [&'static str]) -> Word {
        self.within = within;
        self
    }

    const fn except(mut self, real: &'static [&'static str]) -> Word {
        self.real = real;
        self
    }
}

/// The HTTP server and its tests, where a door, a line or a letter is none.
const HTTP: &[&str] = &["src/http/", "tests/http/", "tests/http_faults.rs", "tests/torture/", "tests/bench/"];

const WORDS: &[Word] = &[
    // A text that the glossary's own test plants.
    word("house", "app, server or venue").except(&["guest of the house"]),
    word("porter", "event loop"),
    word("rope", "subscription"),
    // A table at which somebody mixes the sound.
    word("desk", "writer thread, API client or laptop").except(&["sound desk"]),
    word("trade", "handler or domain"),
    word("crowd", "connections or customers"),
    // A column of older formats.
    word("seal", "signing key").except(&["src/store/steps/"]),
    // Beside a wheelchair user sits one.
    word("companion", "sidecar").within(&["src/store/", "src/commands/", "tests/cli/", "tests/process/"]),
    word("clerk", "API client"),
    word("greediest", "largest"),
    // The venue's entrance: its role, its tickets and its lists.
    word("door", "HTTP server").within(HTTP).except(&["offline_door", "\"door\"", "/door-list"]),
    word("line", "upstream connection").within(&["src/http/server/upstream/"]),
    word("relay", "upstream").within(&["src/http/"]),
    word("letter", "response").within(HTTP),
    word("bell", "notifier").within(HTTP),
    word("ring", "notify").within(HTTP),
    word("rang", "notified").within(HTTP),
    word("rung", "notified").within(HTTP),
    word("born", "epoch").within(HTTP),
    word("mend", "remedy").within(&["src/"]).except(&["src/web/"]),
    word("silent", "inactive").within(&["src/queue/"]),
    word("heard", "polled").within(&["src/queue/"]),
    // A room with seats is one; a server for tests is not.
    word("hall", "app").within(&["tests/support/", "tests/browser/"]).except(&[
        "a hall of",
        "a large hall",
        "a hall with",
        "Main Hall",
        "Small Hall",
    ]),
    word("ground", "venue").within(&["src/", "scripts/"]),
];

/// Names that say the same in other words than the field, whole as they were.
const NAMES: &[(&str, &str)] = &[
    ("heard_ms", "last_poll_ms"),
    ("told_seconds", "advised_poll_seconds"),
    ("patience_seconds", "abandon_after"),
    ("counted_as", "rate_key"),
    ("turn_away", "reject"),
    ("let_out", "deliver"),
    ("put_aside", "move_aside"),
    ("bring_up", "migrate"),
    ("keep_older", "backup_before"),
    ("write_alone", "with_transaction"),
    ("look_through", "integrity_scan"),
    ("on_behalf_of", "as_actor"),
    ("step_out", "dequeue"),
    ("move_to", "reposition"),
    ("put_by", "buffered"),
    ("take_in", "install"),
    ("have_ready", "preload"),
    ("must_differ", "reject_duplicates"),
    ("as_meant", "unescape_formula"),
    ("NAP_AFTER_LOSS", "RETRY_AFTER_FAILURE"),
];

/// Types that said how something came about (a participle, a pronoun, a picture) and not what it is.
const TYPES: &[&str] = &[
    "About",
    "After",
    "Agenda",
    "Behind",
    "Clerk",
    "Desk",
    "Draft",
    "Dues",
    "Entrance",
    "Exchange",
    "Flight",
    "Floor",
    "Flow",
    "Found",
    "Ground",
    "Heard",
    "House",
    "Kept",
    "Known",
    "Listed",
    "Looked",
    "Lost",
    "Maps",
    "Note",
    "Park",
    "Parked",
    "Patience",
    "People",
    "Person",
    "Place",
    "Porter",
    "Rooms",
    "Rounds",
    "Say",
    "Says",
    "Scratch",
    "Seal",
    "Seen",
    "Shown",
    "Spot",
    "Standing",
    "Stops",
    "Surface",
    "StreamState",
    "Trade",
    "Turn",
    "Where",
];

/// Files whose names were pictures.
const FILES: &[&str] = &[
    "asking",
    "behind",
    "bell",
    "clerk",
    "crowd",
    "crowds",
    "desk",
    "entrance",
    "ground",
    "house",
    "inner_answer",
    "letters",
    "look",
    "parking",
    "passage",
    "porter",
    "relay",
    "shape",
    "sheet",
];

#[test]
fn retired_words_do_not_come_back() {
    let mut faults = Vec::new();
    for (path, text) in tree().iter().filter(|(path, _)| path != "tests/source/retired.rs") {
        let here = |word: &&Word| {
            word.within.iter().any(|within| path.starts_with(within))
                && !word.real.iter().any(|it| path.starts_with(it))
        };
        let retired: Vec<&Word> = WORDS.iter().filter(here).collect();
        for (number, line) in text.lines().enumerate() {
            for part in words(line).flat_map(crate::parts_of) {
                let is_it =
                    |word: &&&Word| part.strip_prefix(word.word).is_some_and(|rest| rest.is_empty() || rest == "s");
                let Some(found) = retired.iter().find(is_it) else { continue };
                if !found.real.iter().any(|real| line.contains(real)) {
                    faults.push(format!("{path}:{}: {part}; say {}", number + 1, found.term));
                }
            }
            let names = words(line).filter_map(|one| NAMES.iter().find(|(name, _)| *name == one));
            faults.extend(names.map(|(name, term)| format!("{path}:{}: {name}; say {term}", number + 1)));
        }
    }
    crate::must_be_none("words of the field", faults);
}

#[test]
fn retired_names_of_types_and_files_do_not_come_back() {
    let mut faults = Vec::new();
    for (path, text) in tree().iter().filter(|(path, _)| path.ends_with(".rs") && path != "tests/source/retired.rs") {
        let stem = path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        faults.extend(FILES.contains(&stem).then(|| path.clone()));
        for line in text.lines() {
            let words: Vec<&str> = words(line).collect();
            let kinds = ["struct", "enum", "trait", "type", "union"];
            let declared = words.windows(2).filter(|pair| kinds.contains(&pair[0])).map(|pair| pair[1]);
            faults.extend(declared.filter(|name| TYPES.contains(name)).map(|name| format!("{path}: {name}")));
        }
    }
    crate::must_be_none("named by what it is", faults);
}

#[test]
fn retired_words_that_are_exempt_are_there() {
    let tree = tree();
    let others = |path: &str| path != "tests/source/retired.rs";
    let is_there =
        |real: &str| tree.iter().any(|(path, text)| others(path) && (path.starts_with(real) || text.contains(real)));
    let gone = WORDS.iter().flat_map(|word| word.real).filter(|real| !is_there(real));
    crate::must_be_none("exempt but not there: take it out of the list", gone.map(|&real| real.to_owned()).collect());
}
