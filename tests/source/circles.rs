//! Circles of files: a file of a folder that leads, by what it uses of its siblings, back to itself.
//!
//! The file that declares a folder (`mod.rs`) is its face and not part of a circle: it uses its files, and they use
//! what it defines. What it only gives on (`pub use sql::find`) counts as used from where it comes.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, words};

/// For each folder, what its files use of each other.
type Uses = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Every circle, as `seat: plan → rows → plan`.
pub fn circles(files: &[File]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (folder, uses) in uses(files) {
        for start in uses.keys() {
            if let Some(way) = way_back(&uses, start) {
                found.insert(format!("{folder}: {}", way.join(" → ")));
            }
        }
    }
    found.into_iter().collect()
}

/// The shortest way from a file back to itself.
fn way_back(uses: &BTreeMap<String, BTreeSet<String>>, start: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in &ways {
            for next in uses.get(way.last()?).into_iter().flatten() {
                let way = [way.as_slice(), std::slice::from_ref(next)].concat();
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

fn uses(files: &[File]) -> Uses {
    let mut uses = Uses::new();
    for face in files {
        let Some(folder) = folder_of(&face.path) else { continue };
        let inside: Vec<(&str, &File)> =
            files.iter().filter_map(|file| Some((file.path.strip_prefix(&format!("{folder}/"))?, file))).collect();
        let sibling = |below: &str| below.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let siblings: BTreeSet<String> =
            inside.iter().map(|(below, _)| sibling(below)).filter(|name| name != "mod").collect();
        let given_on = given_on(&face.code, &siblings);
        let of_folder = uses.entry(folder.clone()).or_default();
        for (below, file) in inside.iter().filter(|(below, _)| *below != "mod.rs") {
            let own = sibling(below);
            let depth = below.matches('/').count() + usize::from(!below.ends_with("/mod.rs"));
            let mut named = names_after(&file.code, &"super::".repeat(depth));
            named.extend(names_after(&file.code, &format!("crate::{}::", folder.replace('/', "::"))));
            let used = named.iter().filter_map(|name| siblings.get(name).or_else(|| given_on.get(name)));
            of_folder.entry(own.clone()).or_default().extend(used.filter(|used| **used != own).cloned());
        }
    }
    uses
}

/// The folder that a file declares: `seat` for `seat/mod.rs`, `clock` for `clock.rs`.
fn folder_of(path: &str) -> Option<String> {
    let folder = path.strip_suffix("/mod.rs").or_else(|| path.strip_suffix(".rs"))?;
    (!["lib", "main"].contains(&folder)).then(|| folder.to_owned())
}

/// What a folder's face gives on, by name, with the sibling that it comes from.
fn given_on(code: &str, siblings: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut given_on = BTreeMap::new();
    for statement in code.split(';').filter_map(|statement| statement.split("use ").nth(1)) {
        let mut words = words(statement).skip_while(|word| *word == "self");
        if let Some(from) = words.next().filter(|first| siblings.contains(*first)) {
            given_on.extend(words.map(|name| (name.to_owned(), from.to_owned())));
        }
    }
    given_on
}

/// The names right after each `prefix` that is not part of a longer way up, also in braces.
pub fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        if code[..at].ends_with("super::") || rest.starts_with("super::") {
            continue;
        }
        let Some(group) = rest.strip_prefix('{') else {
            names.extend(words(rest).next().map(str::to_owned));
            continue;
        };
        let (mut depth, mut is_first) = (0, true);
        for part in group.split_inclusive(['{', '}', ',']) {
            if depth == 0 && is_first {
                names.extend(words(part).next().map(str::to_owned));
            }
            match part.chars().last() {
                Some('{') => depth += 1,
                Some('}') if depth == 0 => break,
                Some('}') => depth -= 1,
                _ => {}
            }
            is_first = depth == 0 && part.ends_with(',');
        }
    }
    names
}
