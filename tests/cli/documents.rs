//! What documents name is there: files, suites, figures; and where their links lead.

use std::path::Path;

use super::readme::README;

#[test]
fn figures_of_the_readme_are_those_of_the_results() {
    let results = include_str!("../bench/RESULTS.md");
    let (_, table) = README.split_once("Five figures").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.contains("---")).take(6);
    let mut figures = 0;
    for row in rows {
        let last = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
        for figure in last.split([' ', ',']).filter(|word| word.contains(|c: char| c.is_ascii_digit())) {
            assert!(results.contains(figure), "{figure} is not in tests/bench/RESULTS.md: {row}");
            figures += 1;
        }
    }
    assert!(figures >= 5, "{figures}");
}

/// Where each document stands, so that its links are followed from there.
const DOCUMENTS: [(&str, &str); 6] = [
    ("README.md", README),
    ("tests/README.md", include_str!("../README.md")),
    ("tests/bench/RESULTS.md", include_str!("../bench/RESULTS.md")),
    ("src/lib.rs", include_str!("../../src/lib.rs")),
    ("src/web/handbook/en/venue.md", include_str!("../../src/web/handbook/en/venue.md")),
    ("src/web/handbook/en/security.md", include_str!("../../src/web/handbook/en/security.md")),
];

#[test]
fn readme_every_file_that_a_document_names_is_there() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for (document, text) in DOCUMENTS {
        let folder = top.join(document).parent().unwrap().to_owned();
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in linked.filter(|link| !link.is_empty() && !link.starts_with("http")) {
            assert!(folder.join(link).exists(), "{document} leads to {link}");
            named += 1;
        }
        let code = text.split('`').skip(1).step_by(2).map(|code| code.split(' ').next().unwrap());
        for path in code.filter(|code| ["scripts/", "tests/", "src/"].iter().any(|start| code.starts_with(start))) {
            let before_any = path.split('*').next().unwrap();
            let is_there = match path.contains('*') {
                true => top.join(before_any).parent().unwrap().exists(),
                false => top.join(path).exists(),
            };
            assert!(is_there, "{document} names {path}");
            named += 1;
        }
    }
    assert!(named > 60, "{named}");
}

#[test]
fn table_of_suites_names_every_suite() {
    let table = include_str!("../README.md");
    let named: Vec<&str> = table.split('`').filter_map(|code| code.strip_prefix("tests/")).collect();
    let is_named = |path: &str| {
        named.iter().any(|name| match name.split_once('*') {
            Some((start, end)) => path.starts_with(start) && path.ends_with(end),
            None => name.trim_end_matches('/') == path,
        })
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut faults = Vec::new();
    for (folder, suites_min) in [("", 3), ("api/", 25), ("cli/", 5), ("http/", 4), ("process/", 5)] {
        let names = std::fs::read_dir(tests.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let suites: Vec<String> = names
            .filter(|path| path.extension().is_some_and(|end| end == "rs") || !folder.is_empty())
            .map(|path| format!("{folder}{}", path.file_name().unwrap().to_str().unwrap()))
            .filter(|suite| !suite.ends_with("/main.rs"))
            .collect();
        assert!(suites.len() >= suites_min, "tests/{folder} has {suites:?} only");
        faults.extend(suites.into_iter().filter(|suite| !is_named(suite)));
    }
    assert_eq!(faults, [""; 0], "tests/README.md does not say what these hold");
}

#[test]
fn links_lead_to_projects_and_not_to_package_registries() {
    let registries = ["crates.io", "pypi.org", "npmjs.com", "docs.rs"];
    for (document, text) in DOCUMENTS {
        let found = registries.iter().find(|registry| text.contains(**registry));
        assert_eq!(found, None, "{document}");
    }
}
