//! The source files as the style tests read them: code, comments and quoted texts told apart.

pub mod circles;
mod contracts;
pub mod names;
mod retired;

use std::path::Path;

pub struct File {
    /// The path below `src/`.
    pub path: String,
    pub text: String,
    /// The text with comments, texts and the tests at its end blanked out, line by line the same.
    pub code: String,
    /// The texts between quotation marks outside tests.
    pub quoted: Vec<String>,
}

impl File {
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// The room: the first part of the path.
    pub fn room(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }
}

pub fn files() -> Vec<File> {
    let mut files = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
                let (mut code, mut quoted) = read(text.split("#[cfg(test)]\n").next().unwrap());
                if path.ends_with("tests.rs") {
                    (code, quoted) = Default::default();
                }
                files.push(File { path, text, code, quoted });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(files.len() > 50);
    files
}

/// The text files that people of this project write, with their paths below its folder: what is fetched, built or
/// frozen (the schemas of older formats), and the vendored `src/web/qr/`, are left out.
pub fn tree() -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let apart = ["src/web/qr", "tests/schemas", "tests/browser/node_modules", "tests/fuzz/target", "tests/fuzz/corpus"];
    let mut waiting: Vec<_> =
        ["src", "tests", "scripts", ".ci", "README.md", "schema.sql", "Cargo.toml"].map(|one| top.join(one)).into();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !apart.contains(&&*name) {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file()
            && !name.contains("lock") // of packages
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            found.push((name, text));
        }
    }
    found.sort();
    assert!(found.len() > 400, "{}", found.len());
    found
}

/// Code with comments and quoted texts blanked out, and the quoted texts.
pub fn read(text: &str) -> (String, Vec<String>) {
    let (mut code, mut quoted) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let before = code.chars().last().unwrap_or(' ');
        let raw = rest.strip_prefix('r').map(|rest| (rest, rest.bytes().take_while(|b| *b == b'#').count()));
        let raw = raw.filter(|(rest, hashes)| rest[*hashes..].starts_with('"') && !before.is_alphanumeric());
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").unwrap() + 2
        } else if let Some((inner, hashes)) = raw {
            let end = format!("\"{}", "#".repeat(hashes));
            let inner = &inner[hashes + 1..];
            let content = inner.find(&end).unwrap();
            quoted.push(inner[..content].to_owned());
            1 + hashes + 1 + content + end.len()
        } else if first == '"' {
            let content = quoted_length(&rest[1..]);
            quoted.push(rest[1..=content].to_owned());
            content + 2
        } else if first == '\'' && character_length(rest) > 0 {
            character_length(rest)
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        // A quoted text leaves its marks, so that what stands around it does not grow together.
        code.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    (code, quoted)
}

fn quoted_length(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.unwrap().0
}

/// How long a character such as `'{'` is with its marks; 0 for the beginning of a lifetime.
fn character_length(rest: &str) -> usize {
    let inner = &rest[1..];
    let content = match inner.strip_prefix('\\') {
        Some(escaped) => 1 + escaped.char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at),
        None => inner.chars().next().map_or(0, char::len_utf8),
    };
    if inner[content..].starts_with('\'') { content + 2 } else { 0 }
}

pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The functions of a file with their lines, from `fn` to the closing brace.
pub fn functions(code: &str) -> Vec<(String, usize)> {
    let mut functions = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].chars().last().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let (mut depth, mut end) = (0_usize, None);
        for (offset, c) in code[at..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 1 => end = Some(offset),
                '}' => depth -= 1,
                ';' if depth == 0 && !in_brackets(&code[at..at + offset]) => {
                    end = Some(offset); // declared only
                }
                _ => {}
            }
            if end.is_some() {
                break;
            }
        }
        let Some(name) = words(&code[at + 3..]).next() else { continue };
        functions.push((name.to_owned(), code[at..at + end.unwrap_or(0)].lines().count()));
    }
    functions
}

/// Whether a bracket is open: the `;` of `[u8; 4]` ends nothing.
fn in_brackets(text: &str) -> bool {
    text.matches('[').count() > text.matches(']').count()
}
