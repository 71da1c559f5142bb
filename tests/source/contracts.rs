//! Each handler's doc comment is the contract of its call: read beside the route table and the OpenAPI fragments. And
//! the lines of the log that the handbook names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::files;

/// A route as the table writes it.
struct Line<'t> {
    method: String,
    /// Without `/api/v1`.
    path: &'t str,
    /// Who may call, as a doc comment says it.
    access: &'static str,
    waits: bool,
    /// The path of the function that it leads to, such as `queue::api::poll`.
    handler: &'t str,
}

const ACCESS: [(&str, &str); 8] = [
    ("Open(", "open to all"),
    ("Token(", "for a token"),
    ("Active(", "for an active token"),
    ("User(", "for a user"),
    ("Test(", "for admins, on a server for tests"),
    ("Staff(ADMIN,", "for admins"),
    ("Staff(COUNTER,", "for counter and admins"),
    ("Staff(ALL,", "for all staff"),
];

/// Refusals that follow from what a route is; a handler may name them where it says why.
const DERIVED: [&str; 3] = ["INVALID_REQUEST", "NOT_FOUND", "IDEMPOTENCY_KEY_REUSED"];

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn lines(table: &str) -> Vec<Line<'_>> {
    let routes = table.split_once("pub static ROUTES").unwrap().1.split_once("\n];").unwrap().0;
    let mut lines = Vec::new();
    for method in ["get", "post", "put", "patch", "delete"] {
        for (at, begin) in routes.match_indices(&format!("\n    {method}(")) {
            let rest = &routes[at + begin.len()..];
            let end = ["get", "post", "put", "patch", "delete"].map(|next| rest.find(&format!("\n    {next}(")));
            let rest = &rest[..end.into_iter().flatten().min().unwrap_or(rest.len())];
            let path = rest.split('"').nth(1).unwrap();
            let access = ACCESS.iter().find(|(word, _)| rest.contains(word)).unwrap().1;
            // The innermost call by a path of names, or `handbook`, which the table itself hands on to `web`.
            let names = |c: char| !c.is_alphanumeric() && c != '_' && c != ':';
            let rooms = ["Answer", "Body"];
            let is_handler = |name: &&str| name.contains("::") && !rooms.contains(&name.split(':').next().unwrap());
            let code = rest.split_once("\"").unwrap().1.split_once('"').unwrap().1;
            let handler = code.split(names).find(is_handler).unwrap_or("web::handbook");
            let path = path.strip_prefix("/api/v1").unwrap_or(path);
            lines.push(Line { method: method.to_uppercase(), path, access, waits: rest.contains(".waits()"), handler });
        }
    }
    lines
}

/// The doc comment of a function named by its path, from whichever file of its module has it.
fn doc_comment(handler: &str) -> Option<String> {
    let (module, function) = handler.rsplit_once("::")?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let module = module.replace("::", "/");
    let mut files: Vec<PathBuf> = Vec::new();
    for base in [source.join(&module), source.join("routes").join(&module)] {
        files.extend([base.with_extension("rs"), base.join("mod.rs")]);
        files.extend(std::fs::read_dir(&base).into_iter().flatten().map(|entry| entry.unwrap().path()));
    }
    for text in files.iter().filter_map(|path| std::fs::read_to_string(path).ok()) {
        let declared = ["pub fn", "pub(super) fn"].iter().find_map(|kind| text.find(&format!("\n{kind} {function}(")));
        let Some(at) = declared else { continue };
        let mut comment: Vec<&str> = text[..at].lines().rev().map_while(|line| line.strip_prefix("///")).collect();
        comment.reverse();
        return Some(comment.concat());
    }
    None
}

/// The refusals that the fragments list for each call, by method and path.
fn refusals_by_call() -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms = std::fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path().join("openapi.json"));
    for file in rooms.chain([source.join("routes/openapi/operations.json")]).filter(|file| file.exists()) {
        let fragment: Value = serde_json::from_str(&read(file)).unwrap();
        for (path, calls) in fragment["paths"].as_object().into_iter().flatten() {
            let path = path.strip_prefix("/api/v1").unwrap_or(path).trim_end_matches(".svg");
            for (method, call) in calls.as_object().unwrap() {
                let of_answers = call["responses"].as_object().into_iter().flatten().map(|(_, answer)| answer);
                let listed =
                    of_answers.chain([call]).flat_map(|one| one["x-refusals"].as_array().into_iter().flatten());
                let words = listed.map(|word| word.as_str().unwrap().to_owned());
                found.entry((method.to_uppercase(), path.to_owned())).or_default().extend(words);
            }
        }
    }
    found
}

/// The codes that a comment names.
fn codes(comment: &str) -> BTreeSet<&str> {
    let all = read("src/refusal.rs");
    let spans = comment.split('`').skip(1).step_by(2);
    spans.filter(|span| all.contains(&format!("\"{span}\","))).collect()
}

#[test]
fn contract_of_each_call_stands_at_its_handler() {
    let table = read("src/routes/table.rs");
    let refusals = refusals_by_call();
    let (mut faults, mut expected) = (Vec::new(), BTreeMap::<&str, BTreeSet<&str>>::new());
    let lines = lines(&table);
    assert_eq!(
        lines.len(),
        table.matches("\n    get(").count()
            + table.matches("\n    post(").count()
            + table.matches("\n    put(").count()
            + table.matches("\n    patch(").count()
            + table.matches("\n    delete(").count()
    );
    for Line { method, path, access, waits, handler } in &lines {
        let comment = doc_comment(handler).unwrap_or_default();
        let mut must_say = vec![format!("`{method} {path}`"), (*access).to_owned()];
        must_say.extend(waits.then(|| "`Prefer: wait`".to_owned()));
        must_say.extend((method == "POST").then(|| "`Idempotency-Key`".to_owned()));
        let missing = must_say.into_iter().filter(|text| !comment.contains(text));
        faults.extend(missing.map(|text| format!("{handler} does not say {text}")));
        let of_call = refusals.get(&(method.clone(), (*path).to_owned()));
        expected.entry(handler).or_default().extend(of_call.into_iter().flatten().map(String::as_str));
    }
    for (handler, expected) in expected {
        let comment = doc_comment(handler).unwrap_or_default();
        let told = codes(&comment);
        let missing = expected.difference(&told).filter(|code| !DERIVED.contains(code));
        faults.extend(missing.map(|code| format!("{handler} does not say {code}, which its OpenAPI fragment lists")));
        let surplus = told.difference(&expected).filter(|code| !DERIVED.contains(code));
        faults.extend(surplus.map(|code| format!("{handler} says {code}, which its OpenAPI fragment does not list")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// An alert that waits for a line which the program no longer writes stays silent for ever.
#[test]
fn handbook_lines_of_the_log_are_those_that_the_program_writes() {
    let files = files();
    for language in ["en", "ko"] {
        let handbook = read(format!("src/web/handbook/{language}/venue.md"));
        let rows = handbook.lines().skip_while(|line| !line.starts_with("| `fatal:` |"));
        let named: Vec<&str> = rows.map_while(|row| row.strip_prefix("| `")?.split('`').next()).collect();
        assert!(named.len() >= 6, "{language}: {named:?}");
        let is_written = |line: &&str| files.iter().any(|file| file.text.contains(&format!("\"{line}")));
        let gone: Vec<&str> = named.into_iter().filter(|line| !is_written(line)).collect();
        assert!(gone.is_empty(), "{language}: the program writes no line that begins so: {gone:?}");
    }
}
