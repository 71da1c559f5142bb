//! Style tests that read the source files: the order of rooms, short files and functions, SQL, time and words in
//! their places. What is exempt stands here by name, with its reason.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

mod source;

use std::path::Path;

use source::circles::{circles, names_after};

use source::names::{WORDS_TO_AVOID, is_searchable, log_messages, parts_of};

use source::{File, files, functions, read, tree, words};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const COMMENT_COLUMNS_MAX: usize = 120;

/// Functions that may be longer.
const LONGER_FUNCTIONS: [(&str, &str, &str); 2] = [
    ("refusal/texts.rs", "both", "a table: one row a code, so that both languages are read and changed together"),
    ("http/reply.rs", "status_of", "a table: every code once, by its status"),
];

/// Files outside `store/` and `sql.rs` that may speak SQL.
const SQL_ELSEWHERE: [(&str, &str); 6] = [
    ("call/events.rs", "the events feed, which every domain room writes and which belongs to none of them"),
    ("http/idempotency.rs", "kept answers: known to HTTP alone, written in the transaction of their effect"),
    ("sweeper.rs", "one statement: the time that the file has seen"),
    ("testing/turn_clock.rs", "the turned clock"),
    ("routes/readiness.rs", "readiness shown by writing"),
    ("check/", "the rules of a sound file: each is a statement beside the sentence that says what it finds"),
];

/// Files and folders besides `clock.rs` that may look at a clock: none of them gives a time to the domain.
const CLOCK_ELSEWHERE: [(&str, &str); 9] = [
    ("platform/boot_clock.rs", "the boot-time clock of each system, which clock.rs reads"),
    ("platform/process.rs", "how much processor time this process has used, and when it began"),
    ("store/integrity_scan.rs", "its pace beside the work, which a test clock that stands still must not stop"),
    ("clock/monotonic.rs", "deadlines of sockets, which run by real time even where the clock of a test stands still"),
    ("routes/readiness.rs", "one probe a second of real time, also where the clock of a test stands still"),
    ("testing/requests.rs", "how long an answer took, which a clock that stands still does not tell"),
    ("logging.rs", "the rate limit of its lines, before there is a clock and where that of a test stands still"),
    ("store/writer.rs", "how long a commit took, for /metrics"),
    ("commands/rush/", "the simulated customers live in real time, and what they wait is measured"),
];

/// Tests that let real time pass (`sleep` of `tests/support/wait.rs`);
/// everything else waits for a condition or turns a clock.
const SLEEPS: [(&str, &str); 7] = [
    ("support/wait.rs", "the pause between two looks at a condition, and `sleep` itself"),
    ("support/server.rs", "a program is killed at some moment of its start, which no condition names"),
    ("cli/backup.rs", "a backup is stopped at another moment each time"),
    ("torture/served.rs", "a program is killed at some moment of its start, which no condition names"),
    ("torture/customers.rs", "simulated customers rest between two calls"),
    ("torture/differential.rs", "it yields between two writes, so that a stream arrives in pieces"),
    ("torture/rows/", "load goes on for a random time before the fault comes"),
];

/// Ways to let time pass that do not say so, and waits without an end.
const NAPS: [&str; 5] = ["park_timeout", "thread::sleep", "|| false)", "yield_now", "spin_loop"];

/// Fails with every fault at once.
#[track_caller]
fn must_be_none(what: &str, faults: Vec<String>) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

/// The rooms in their order, as `lib.rs` declares them.
fn rooms() -> Vec<String> {
    let library = include_str!("../src/lib.rs");
    let rooms = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    rooms.map(str::to_owned).collect()
}

#[test]
fn room_uses_only_those_before_it() {
    let rooms = rooms();
    let place = |room: &str| rooms.iter().position(|one| one == room);
    let mut faults = Vec::new();
    for file in files().iter().filter(|file| !["main.rs", "lib.rs"].contains(&&*file.path)) {
        let own = place(file.room()).unwrap_or_else(|| panic!("{} is in no room of lib.rs", file.path));
        for used in names_after(&file.code, "crate::") {
            match place(&used) {
                Some(at) if at <= own => {}
                Some(_) => faults.push(format!("{} uses {used}, which comes after {}", file.path, file.room())),
                None => faults.push(format!("{} uses crate::{used}, which is no room", file.path)),
            }
        }
        let is_root = !file.path.contains('/') || (file.name() == "mod.rs" && file.path.matches('/').count() == 1);
        if is_root
            && file.code.lines().any(|line| line.starts_with("use super::") || line.starts_with("pub use super::"))
        {
            faults.push(format!("{} reaches another room by super::; say crate::", file.path));
        }
    }
    must_be_none("the order of rooms", faults);
}

#[test]
fn circles_of_files_are_in_no_room() {
    must_be_none("a file leads back to itself; move what both use to a third", circles(&files()));
}

#[test]
fn map_of_the_library_has_the_rooms_in_their_order() {
    let lines = include_str!("../src/lib.rs").lines();
    let map: Vec<&str> = lines.filter_map(|line| line.strip_prefix("//! | [`")?.split('`').next()).collect();
    assert_eq!(map, rooms());
}

#[test]
fn files_and_functions_are_short() {
    let mut faults = Vec::new();
    let texts = tree().into_iter().filter(|(path, _)| path.ends_with(".rs"));
    let long = texts.map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines >= FILE_LINES_MAX);
    faults.extend(long.map(|(path, lines)| format!("{path} has {lines} lines")));
    for file in files() {
        for (name, lines) in functions(&file.code) {
            let longer = LONGER_FUNCTIONS.iter().any(|(path, function, _)| (*path, *function) == (&*file.path, &*name));
            if lines > FUNCTION_LINES_MAX && !longer {
                faults.push(format!("{}: {name} has {lines} lines", file.path));
            }
        }
    }
    must_be_none("too long", faults);
}

#[test]
fn nothing_unfinished_panics_or_sleeps_outside_tests() {
    // `println!` panics where standard output is a closed pipe or a full disk: commands/output.rs has what does not.
    let never =
        ["println!", "print!(", "todo!", "unimplemented!", "dbg!", "thread::sleep", ".unwrap()", ".expect(", "unsafe "];
    let mut faults = Vec::new();
    for file in files() {
        for (number, line) in file.code.lines().enumerate() {
            faults.extend(
                never
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{}:{}: {word}", file.path, number + 1)),
            );
        }
    }
    must_be_none("not outside tests", faults);
}

/// The Rust files of `tests/` with their code, paths below it.
fn test_files() -> Vec<(String, String)> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut folders: Vec<_> = ["", "bench"].map(|folder| tests.join(folder)).into();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&tests).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                // Others' files, and what is built and found by fuzzers.
                let is_apart = ["browser", "fuzz/target", "fuzz/corpus", "bench"].contains(&&*name);
                folders.extend((!is_apart).then_some(path));
            } else if name.ends_with(".rs") && name != "tidy.rs" {
                found.push((name, read(&std::fs::read_to_string(&path).unwrap()).0));
            }
        }
    }
    assert!(found.len() > 80, "{}", found.len());
    found
}

#[test]
fn waits_in_tests_have_a_deadline_and_real_time_passes_only_where_it_is_the_subject() {
    let may_sleep =
        |path: &str| SLEEPS.iter().any(|(part, _)| path == *part || (part.ends_with('/') && path.starts_with(part)));
    let mut faults = Vec::new();
    for (path, code) in test_files().iter().filter(|(path, _)| !may_sleep(path)) {
        for (number, line) in code.lines().enumerate() {
            let naps = NAPS.iter().any(|nap| line.contains(nap)) || words(line).any(|word| word == "sleep");
            let spins = line.trim_start().starts_with("while ") && line.trim_end().ends_with("{}");
            let reads = line.contains("read_exact("); // ends with its stream
            if naps || (spins && !reads) {
                faults.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    must_be_none("wait by tests/support/wait.rs, or turn a clock", faults);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let gone: Vec<String> =
        SLEEPS.iter().map(|(path, _)| (*path).to_owned()).filter(|path| !tests.join(path).exists()).collect();
    must_be_none("exempt but not there: take it out of the list", gone);
}

/// How comments begin in a file, by the end of its name.
fn comment_marks(path: &str) -> &'static [&'static str] {
    match path.rsplit_once('/').map_or(path, |(_, name)| name).rsplit_once('.').map(|(_, ending)| ending) {
        Some("rs") => &["//"],
        Some("js" | "mjs" | "c" | "css") => &["//", "/*", "* "],
        Some("sql") => &["--"],
        Some("py" | "sh") | None => &["#"],
        _ => &[],
    }
}

#[test]
fn comments_are_within_the_line_width() {
    let has_comment =
        |line: &str, mark: &str| line.trim_start().starts_with(mark) || line.contains(&format!(" {mark} "));
    let mut faults = Vec::new();
    for (path, text) in tree().iter().filter(|(path, _)| !path.contains("/seeds/")) {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.chars().count() > COMMENT_COLUMNS_MAX) {
            let found = comment_marks(path).iter().any(|mark| has_comment(line, mark));
            faults.extend(found.then(|| format!("{path}:{}", number + 1)));
        }
    }
    must_be_none("comments beyond the line width", faults);
}

#[test]
fn tidy_every_file_says_first_what_it_is() {
    let silent = files().into_iter().filter(|file| !file.text.starts_with("//! "));
    must_be_none("begin with //!", silent.map(|file| file.path).collect());
}

/// On which system a program runs is asked in one room alone, which says what differs there and why.
#[test]
fn operating_systems_are_told_apart_in_platform_alone() {
    let crates = ["std::os::", "rustix", "signal_hook", "ctrlc", "anstyle_query", "libc"];
    let systems = ["unix", "windows", "target_os", "target_family", "inner_socket"];
    let mut faults = Vec::new();
    let (platform, others): (Vec<File>, Vec<File>) = files().into_iter().partition(|file| file.room() == "platform");
    let code = |file: &File| read(&file.text).0; // tests too: they are built on every system
    let tells_apart = |line: &str| {
        crates.iter().any(|one| line.contains(one))
            || line.contains("cfg") && words(line).any(|word| systems.contains(&word))
    };
    for file in others {
        let code = code(&file);
        let lines = (1..).zip(code.lines()).filter(|(_, line)| tells_apart(line));
        faults.extend(lines.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim())));
    }
    must_be_none("say it in platform/", faults);
    let told: usize = platform.iter().map(|file| code(file).lines().filter(|line| tells_apart(line)).count()).sum();
    assert!(told > 20, "the words above find nothing: {told}");
}

#[test]
fn tidy_only_the_clock_reads_the_time() {
    let clocks = ["SystemTime", "Instant::now", "clock_gettime", "OffsetDateTime::now", "Timestamp::now", "Zoned::now"];
    let exempt =
        |file: &File| file.path == "clock.rs" || CLOCK_ELSEWHERE.iter().any(|(path, _)| file.path.starts_with(path));
    let mut faults = Vec::new();
    for file in files().iter().filter(|file| !exempt(file)) {
        faults.extend(clocks.iter().filter(|one| file.code.contains(**one)).map(|one| format!("{}: {one}", file.path)));
    }
    must_be_none("take the time from clock.rs", faults);
}

/// A handler that reads the clock again may find a token active in a millisecond in which it is over.
#[test]
fn now_is_read_once_per_request_at_the_edge_and_handed_down() {
    let reads = |file: &File| file.code.matches("clock.now()").count();
    let without_requests =
        ["clock.rs", "app.rs", "sweeper", "store/writer.rs", "http/server/loop_turn.rs", "webhook/dispatcher.rs"];
    let (edge, others): (Vec<File>, Vec<File>) = files().into_iter().partition(|file| file.path == "routes/mod.rs");
    assert_eq!(edge.iter().map(reads).collect::<Vec<_>>(), [1], "the edge reads it, and once");
    let others = others
        .iter()
        .filter(|file| !without_requests.iter().any(|path| file.path.starts_with(path)) && reads(file) > 0);
    must_be_none("take now from the context", others.map(|file| file.path.clone()).collect());
}

fn speaks_sql(file: &File) -> bool {
    let statements =
        ["SELECT ", "INSERT ", "UPDATE ", "DELETE FROM", "PRAGMA ", "BEGIN IMMEDIATE", "CREATE TABLE", "SAVEPOINT "];
    file.quoted.iter().any(|text| statements.iter().any(|statement| text.contains(statement)))
}

/// Whether a file is the one of a path, or in the folder of a path that ends with a slash.
fn is_in(file: &File, path: &str) -> bool {
    file.path == path || (path.ends_with('/') && file.path.starts_with(path))
}

#[test]
fn sql_stands_where_it_belongs() {
    let mut faults = Vec::new();
    for file in files().iter().filter(|file| speaks_sql(file)) {
        let at_home = file.name() == "sql.rs" || file.room() == "store";
        if !at_home && !SQL_ELSEWHERE.iter().any(|(path, _)| is_in(file, path)) {
            faults.push(file.path.clone());
        }
    }
    must_be_none("SQL outside sql.rs and store/", faults);
}

#[test]
fn tidy_what_reads_requests_runs_no_statements() {
    let runs = [
        ".prepare(",
        ".prepare_cached(",
        ".execute(",
        ".query_row(",
        ".query_map(",
        "sql::insert",
        "sql::update",
        "sql::delete",
        "sql::mark",
    ];
    let mut faults = Vec::new();
    for file in files().iter().filter(|file| ["api.rs", "staff_api.rs"].contains(&file.name())) {
        faults.extend(runs.iter().filter(|one| file.code.contains(**one)).map(|one| format!("{}: {one}", file.path)));
        faults.extend(speaks_sql(file).then(|| format!("{}: SQL", file.path)));
    }
    must_be_none("an api.rs reads requests and shows answers", faults);
}

#[test]
fn tidy_no_room_and_no_type_has_a_name_that_says_nothing() {
    let mut faults = Vec::new();
    for file in files() {
        let of_path = file.path.trim_end_matches(".rs").split(['/', '_']).map(str::to_owned);
        let declared = file.code.lines().flat_map(|line| {
            let words: Vec<&str> = words(line).collect();
            let kinds = ["struct", "enum", "trait", "type", "mod", "union"];
            let pairs = words.windows(2).filter(|pair| kinds.contains(&pair[0])).map(|pair| parts_of(pair[1]));
            pairs.flatten().collect::<Vec<_>>()
        });
        let names = of_path.chain(declared).filter(|part| {
            let part = part.to_lowercase();
            WORDS_TO_AVOID.contains(&&*part) || part.starts_with("repositor")
        });
        faults.extend(names.map(|part| format!("{}: {part}", file.path)));
    }
    must_be_none("names that say nothing", faults);
}

#[test]
fn tidy_no_file_names_a_place_of_somebody_s_machine() {
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut faults = Vec::new();
    for (path, text) in tree() {
        let found = places.iter().filter(|place| text.contains(**place));
        faults.extend(found.map(|place| format!("{path}: {place}")));
    }
    must_be_none("paths of one machine", faults);
}

#[test]
fn tidy_what_is_exempt_is_there() {
    let files = files();
    let paths = SQL_ELSEWHERE.iter().map(|(path, _)| *path).chain(LONGER_FUNCTIONS.iter().map(|(path, _, _)| *path));
    let gone: Vec<String> =
        paths.filter(|path| !files.iter().any(|file| is_in(file, path))).map(str::to_owned).collect();
    must_be_none("exempt but not there: take it out of the list", gone);
}

#[test]
fn tidy_these_checks_see_what_they_look_for() {
    let (code, quoted) =
        read("let a = \"x // \\\" crate::y\"; // crate::z\nlet b = r#\"q\"#; let c = '\"'; fn f<'a>() {}\n");
    assert!(!code.contains("crate::") && code.contains("let c =") && code.contains("fn f<'a>()"), "{code}");
    assert_eq!(quoted, ["x // \\\" crate::y", "q"]);
    let used = names_after("use crate::{a, b::{self, C}, d::E};\nuse crate::f::G;\nlet x = crate::h();", "crate::");
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ["a", "b", "d", "f", "h"]);
    let file = |path: &str, code: &str| File {
        path: path.to_owned(),
        text: String::new(),
        code: code.to_owned(),
        quoted: Vec::new(),
    };
    let of_a_room = |c: &str| {
        circles(&[
            file("r/mod.rs", "mod a; mod b; mod c; pub use b::{B, D as E}; struct Root;"),
            file("r/a.rs", "use super::{Root, E};"),
            file("r/b.rs", "fn f() { super::c::g() }"),
            file("r/c/mod.rs", "mod d;"),
            file("r/c/d.rs", c),
        ])
    };
    assert_eq!(of_a_room("use super::super::Root; use crate::r::{Root, c};"), Vec::<String>::new());
    assert_eq!(of_a_room("use super::super::{Root, a::A};").len(), 3, "from each of its files");
    assert_eq!(of_a_room("use crate::r::a;")[0], "r: a → b → c → a");
    let long = format!("impl X {{\n    fn long() {{\n{}    }}\n}}\nfn short() {{}}\n", "        x();\n".repeat(80));
    assert_eq!(functions(&long), [("long".to_owned(), 82), ("short".to_owned(), 1)]);
    assert_eq!(parts_of("SeatManager"), ["", "seat", "manager"]);
    assert_eq!(log_messages("log::warn!(\n  \"a {x}\", x)"), ["a {x}"]);
    assert!(is_searchable("the disk is full: {x}"));
    let unsearchable = ["", "{x} is full on this disk", "the {x} is full", "a disk that is full: {x:?}"];
    assert!(!unsearchable.into_iter().any(is_searchable));
}
