//! The handbook: the same in Korean and English, every link leads somewhere, and what it calls a button is one.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Answer, TestApp};

const NAMES: [&str; 5] = ["evening", "venue", "security", "clients", "course"];

fn markdown(language: &str, name: &str) -> String {
    let handbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/handbook");
    std::fs::read_to_string(handbook.join(language).join(format!("{name}.md"))).unwrap()
}

fn get(app: &TestApp, path: &str, language: &str) -> Answer {
    app.client.call_with("GET", path, &[("accept", "text/html"), ("accept-language", language)], None)
}

/// What a text is made of, without its words: headings with their anchors, rows, items, and the code blocks whole.
fn structure(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        if is_code || line.starts_with("```") || line.starts_with("<!--") {
            found.push(line.to_owned());
        } else if line.starts_with('#') {
            let level = line.split(' ').next().unwrap();
            let anchor = line.split('"').nth(1).unwrap_or_default();
            found.push(format!("{level} {anchor}"));
        } else if line.starts_with("| ") {
            found.push(format!("a row of {} cells", line.matches(" |").count()));
        } else if line.starts_with("- ") {
            found.push("an item".to_owned());
        } else if line.split(". ").next().is_some_and(|number| number.parse::<u32>().is_ok()) {
            found.push(format!("step {}", line.split('.').next().unwrap()));
        }
    }
    found
}

/// What stands between each pair of a mark.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    text.split(open).skip(1).map(|rest| rest.split(close).next().unwrap()).collect()
}

#[test]
fn handbook_both_languages_have_the_same_parts_and_the_same_commands() {
    for name in NAMES {
        let (en, ko) = (structure(&markdown("en", name)), structure(&markdown("ko", name)));
        for (en, ko) in en.iter().zip(&ko) {
            assert_eq!(en, ko, "{name}.md");
        }
        assert_eq!(en.len(), ko.len(), "{name}.md");
        assert!(en.len() > 10, "{name}.md is empty");
    }
}

#[test]
fn handbook_each_page_comes_in_the_language_of_the_reader_or_of_its_address() {
    let app = TestApp::empty(&[]);
    for (asked, tag, title) in [("ko-KR,ko;q=0.9", "ko", "공연 당일"), ("en", "en", "The evening")] {
        let first = get(&app, "/handbook", asked);
        assert!(first.text.contains(&format!("<h1>{title}</h1>")), "{asked}");
        for name in NAMES {
            let by_reader = get(&app, &format!("/handbook/{name}"), asked);
            let by_address = get(&app, &format!("/handbook/{tag}/{name}"), if tag == "en" { "ko" } else { "en" });
            assert_eq!((by_reader.status, by_reader.text.as_str()), (200, by_address.text.as_str()), "{name} {tag}");
            assert_eq!(by_address.header("content-language"), Some(tag));
            assert!(by_reader.text.contains("</table>"), "{name} {tag}: tables are not rendered");
        }
        let other = if tag == "en" { "ko" } else { "en" };
        assert!(first.text.contains(&format!("href=\"/handbook/{other}/evening\"")), "{tag} leads to {other}");
    }
    for nowhere in ["/handbook/nothing", "/handbook/en/evening/more", "/handbook/de/evening"] {
        let page = get(&app, nowhere, "en");
        assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")), "{nowhere}");
        app.client.call_with("GET", nowhere, &[], None).refused(404, "NOT_FOUND");
    }
    app.client.call_with("DELETE", "/handbook/en", &[], None).refused(405, "METHOD_NOT_ALLOWED");
}

#[test]
fn handbook_every_link_of_the_handbook_leads_to_a_page_and_an_anchor_that_are_there() {
    let app = TestApp::empty(&[]);
    let mut followed = BTreeSet::new();
    for name in NAMES {
        for tag in ["en", "ko"] {
            let own = format!("/handbook/{tag}/{name}");
            let page = get(&app, &own, tag).text;
            let links = between(&page, "href=\"", "\"").into_iter().chain(between(&page, "src=\"", "\""));
            for link in links.filter(|link| !link.starts_with("https://")) {
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let path = if path.is_empty() { &own } else { path };
                if path.ends_with(".png") {
                    let picture = app.client.call_with("HEAD", path, &[], None);
                    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")), "{link}");
                    continue;
                }
                let there = get(&app, path, tag);
                assert_eq!(there.status, 200, "{own} leads to {link}");
                assert!(anchor.is_empty() || there.text.contains(&format!("id=\"{anchor}\"")), "{own}: {link}");
                followed.insert(link.to_owned());
            }
            assert!(!page.contains(".md"), "{own} leads to a file");
            let tags = between(&page, "<", ">").join(" ");
            for never in [" style=", "style ", "script", "onclick", "onload", "onerror"] {
                assert!(!tags.contains(never), "{own}: {never}");
            }
        }
    }
    assert!(followed.len() > 40, "{followed:?}");
}

#[test]
fn staff_s_pages_lead_to_a_part_of_the_handbook_that_is_there() {
    let app = include_str!("../../src/web/staff/app.js");
    let parts = app.lines().filter(|line| line.contains("load: () => import") && !line.contains("within:"));
    let names: Vec<&str> = parts.map(|line| between(line, "name: '", "'")[0]).collect();
    assert!(names.contains(&"counter"), "{names:?}");
    for name in names {
        assert!(markdown("en", "evening").contains(&format!("<a id=\"{name}\"></a>")), "the part {name}");
    }
}

#[test]
fn handbook_what_the_evening_s_page_calls_a_text_of_the_screen_is_one() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut texts = String::new();
    for room in ["shared", "staff", "customer"] {
        for entry in std::fs::read_dir(web.join(room)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "js") {
                texts.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let (mut faults, mut checked) = (Vec::new(), 0);
    for language in ["en", "ko"] {
        let markdown = markdown(language, "evening").replace("<strong>", "**").replace("</strong>", "**");
        for shown in markdown.split("**").skip(1).step_by(2) {
            let is_sentence = shown.ends_with(['?', '.', '면']);
            let is_text = [format!("'{shown}'"), format!("'{shown} ({{n}}")].iter().any(|text| texts.contains(text));
            checked += usize::from(is_text);
            faults.extend((!is_sentence && !is_text).then(|| format!("{language}: {shown}")));
        }
    }
    assert!(faults.is_empty(), "no text of the pages: {faults:#?}");
    assert!(checked > 100, "only {checked} texts were looked up");
}
