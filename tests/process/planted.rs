//! The planted bugs of `tests/planted`: each applies to the code as it is, and names a row that exists. That the row
//! finds it is shown by `scripts/torture --prove`.

use std::path::Path;

use crate::torture::rows::ALL;

/// Why a patch cannot be applied: a file or a place that is not there.
fn faults(patch: &str, top: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for of_file in patch.split("\ndiff --git ").skip(1) {
        let path = of_file.lines().find_map(|line| line.strip_prefix("--- a/")).unwrap();
        let Ok(text) = std::fs::read_to_string(top.join(path)) else {
            faults.push(format!("there is no {path}"));
            continue;
        };
        for hunk in of_file.split("\n@@ ").skip(1) {
            let lines = hunk.lines().skip(1).filter(|line| line.starts_with([' ', '-'])).map(|line| &line[1..]);
            let before = format!("\n{}\n", lines.collect::<Vec<_>>().join("\n"));
            let is_there = format!("\n{text}").contains(&before);
            if !is_there {
                faults.push(format!("{path} has no place for{before}"));
            }
        }
    }
    faults
}

#[test]
fn planted_bugs_apply_to_the_code_as_it_is_and_each_names_its_row() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut stale) = (0, Vec::new());
    for entry in std::fs::read_dir(top.join("tests/planted")).unwrap() {
        let path = entry.unwrap().path();
        let (name, patch) = (path.file_name().unwrap().to_str().unwrap(), std::fs::read_to_string(&path).unwrap());
        let row = patch.lines().find_map(|line| line.strip_prefix("Row: "));
        if !row.is_some_and(|row| ALL.iter().any(|one| one.name == row)) {
            stale.push(format!("{name} names no row: {row:?}"));
        }
        stale.extend(faults(&patch, top).into_iter().map(|fault| format!("{name}: {fault}")));
        found += 1;
    }
    assert!(found >= 30, "{found}");
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn planted_bugs_that_no_longer_apply_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rs"), "one\ntwo\nthree\n").unwrap();
    let patch = |path: &str, line: &str| {
        format!(
            "Row: kill\n\ndiff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1,3 +1,3 @@\n one\n-{line}\n+2\n three\n"
        )
    };
    assert_eq!(faults(&patch("a.rs", "two"), folder.path()), [""; 0]);
    assert_eq!(faults(&patch("a.rs", "2"), folder.path()).len(), 1);
    assert_eq!(faults(&patch("b.rs", "two"), folder.path()).len(), 1);
}
