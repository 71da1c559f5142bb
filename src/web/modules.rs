//! What the modules of the pages import. A browser learns of an import when it has the module that names it: on a
//! network of 400 ms, each level of a chain of imports is half a second. So a page names all modules of its script, and
//! a module that a page loads later imports first all that it needs.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// The contents of files as they are served: a module that a page loads later (`import('./…')`) begins with the imports
/// of all that it needs and that the script of its page has not loaded already. They stand on its first line, in the
/// order in which they are run anyway.
pub(super) fn as_served<'f>(files: &[(&str, &'f [u8])]) -> Vec<Cow<'f, [u8]>> {
    let loads = |(file, content): &(&str, &'f [u8])| -> Vec<String> {
        text(content).split("import('").skip(1).filter_map(|rest| below(file, rest)).collect()
    };
    let later: BTreeSet<String> = files.iter().flat_map(loads).collect();
    let served = |(path, content): &(&str, &'f [u8])| {
        let imports = if later.contains(*path) { imports_of_later(path, files) } else { None };
        imports.map_or(Cow::Borrowed(*content), |imports| Cow::Owned([imports.as_bytes(), content].concat()))
    };
    files.iter().map(served).collect()
}

/// `None` for what is of another project, which is served as it is.
fn imports_of_later(path: &str, files: &[(&str, &[u8])]) -> Option<String> {
    let script = format!("{}/app.js", path.split_once('/')?.0);
    content(&script, files)?;
    let loaded: BTreeSet<String> = needs(&script, files).into_iter().collect();
    let later = needs(path, files).into_iter().filter(|module| !loaded.contains(module));
    Some(later.map(|module| format!("import '../{module}';")).collect())
}

/// The links by which a browser fetches all that a page's script imports together with it.
pub(super) fn preloads(script: &str, files: &[(&str, &[u8])]) -> String {
    let link = |module: String| format!("<link rel=\"modulepreload\" href=\"/assets/{module}\">\n");
    needs(script, files).into_iter().map(link).collect()
}

fn content<'f>(path: &str, files: &[(&str, &'f [u8])]) -> Option<&'f [u8]> {
    files.iter().find(|(known, _)| *known == path).map(|(_, content)| *content)
}

/// Every module that one imports, whatever lies between, each behind those that it imports itself.
fn needs(path: &str, files: &[(&str, &[u8])]) -> Vec<String> {
    fn add(path: &str, files: &[(&str, &[u8])], seen: &mut BTreeSet<String>, order: &mut Vec<String>) {
        for module in content(path, files).map(|content| imports(path, content)).unwrap_or_default() {
            if seen.insert(module.clone()) {
                add(&module, files, seen, order);
                order.push(module);
            }
        }
    }
    let (mut seen, mut order) = (BTreeSet::from([path.to_owned()]), Vec::new());
    add(path, files, &mut seen, &mut order);
    order
}

/// The modules that a module imports itself, in their order.
fn imports(path: &str, content: &[u8]) -> Vec<String> {
    text(content).lines().filter_map(named_on).filter_map(|rest| below(path, rest)).collect()
}

fn named_on(line: &str) -> Option<&str> {
    line.strip_prefix("import '").or_else(|| line.split_once(" from '").map(|(_, rest)| rest))
}

fn text(content: &[u8]) -> &str {
    std::str::from_utf8(content).unwrap_or_default() // a picture names none
}

/// The path below `web/` of what a module names by a path that goes on to the next quote.
fn below(path: &str, rest: &str) -> Option<String> {
    let (room, _) = path.split_once('/')?;
    match rest.split('\'').next()?.split_once('/')? {
        (".", file) => Some(format!("{room}/{file}")),
        ("..", file) => Some(file.to_owned()),
        _ => None,
    }
}
