//! The handbook of those who work at the venue: Markdown, compiled in and rendered once, when it is first read.
//!
//! Links between its files are written as they work in a repository (`venue.md#keys`); here they become addresses.

use std::sync::LazyLock;

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use super::{escaped, in_language, is_browser, not_found, page_in};
use crate::http::{Reply, Request};
use crate::refusal::{Language, Refusal};

/// The pages: name, English, Korean. The first is what `/handbook` shows.
const SOURCES: [(&str, &str, &str); 5] = [
    ("evening", include_str!("handbook/en/evening.md"), include_str!("handbook/ko/evening.md")),
    ("venue", include_str!("handbook/en/venue.md"), include_str!("handbook/ko/venue.md")),
    ("security", include_str!("handbook/en/security.md"), include_str!("handbook/ko/security.md")),
    ("clients", include_str!("handbook/en/clients.md"), include_str!("handbook/ko/clients.md")),
    ("course", include_str!("handbook/en/course.md"), include_str!("handbook/ko/course.md")),
];

static PAGES: LazyLock<[[String; 5]; 2]> = LazyLock::new(|| [pages_in(Language::En), pages_in(Language::Ko)]);

/// `GET /handbook`, `GET /handbook/{page}`, `GET /handbook/{language}/{page}`, open to all: 200 with a page of the
/// handbook in the language of its address, else in the reader's; 304 by `If-None-Match`. 404 `NOT_FOUND` where there
/// is none.
pub fn handbook(request: &Request, path: &[&str]) -> Result<Reply, Refusal> {
    let (language, path) = match path {
        ["en", rest @ ..] => (Language::En, rest),
        ["ko", rest @ ..] => (Language::Ko, rest),
        path => (request.language(), path),
    };
    let number = match path {
        [] => Some(0),
        [name] => SOURCES.iter().position(|(known, ..)| known == name),
        _ => None,
    };
    match number {
        Some(number) => Ok(page_in(language, request, PAGES[language as usize][number].clone())),
        None if is_browser(request) => Ok(not_found(request)),
        None => Err(Refusal::NotFound),
    }
}

fn pages_in(language: Language) -> [String; 5] {
    let pages = SOURCES.map(|(name, en, ko)| match language {
        Language::En => (name, en),
        Language::Ko => (name, ko),
    });
    pages.map(|(name, markdown)| whole_page(name, markdown, &pages, language))
}

/// A page with what stands around it: the other pages, the other language, the contents.
fn whole_page(name: &str, markdown: &str, pages: &[(&str, &str); 5], language: Language) -> String {
    let tag = language.tag();
    let (other_tag, other_name, handbook, in_contents) = match language {
        Language::En => ("ko", "한국어", "Handbook", "On this page"),
        Language::Ko => ("en", "English", "안내서", "이 페이지의 내용"),
    };
    let links = pages.iter().map(|(one, markdown)| {
        let current = if *one == name { " aria-current=\"page\"" } else { "" };
        format!("<a href=\"/handbook/{tag}/{one}\"{current}>{}</a>\n", escaped(title_of(markdown)))
    });
    let (contents, body) = rendered(markdown, language);
    in_language(include_str!("handbook/page.html"), language)
        .replace("{title}", &escaped(title_of(markdown)))
        .replace("{handbook}", handbook)
        .replace("{in_contents}", in_contents)
        .replace("{other}", &format!("<a href=\"/handbook/{other_tag}/{name}\" lang=\"{other_tag}\">{other_name}</a>"))
        .replace("{pages}", &links.collect::<String>())
        .replace("{contents}", &contents)
        .replace("{body}", &body)
}

/// The text of the first heading.
fn title_of(markdown: &str) -> &str {
    markdown.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default()
}

/// The contents, a link for each heading of the second level, and the text, both as HTML.
fn rendered(markdown: &str, language: Language) -> (String, String) {
    let mut contents = String::new();
    let mut heading: Option<(String, String)> = None;
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(|event| {
        match &event {
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => heading = Some(Default::default()),
            Event::InlineHtml(anchor) => {
                if let (Some((id, _)), Some(found)) = (&mut heading, id_of(anchor)) {
                    found.clone_into(id);
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, shown)) = &mut heading {
                    shown.push_str(text);
                }
            }
            Event::End(TagEnd::Heading(HeadingLevel::H2)) => {
                if let Some((id, shown)) = heading.take() {
                    contents.push_str(&format!("<li><a href=\"#{id}\">{}</a></li>\n", escaped(&shown)));
                }
            }
            Event::Html(comment) if comment.starts_with("<!--") => return None,
            _ => {}
        }
        Some(with_addresses(event, language))
    });
    let mut body = String::new();
    html::push_html(&mut body, events);
    (contents, body.replace("<pre>", "<pre tabindex=\"0\">")) // what scrolls can be reached by the keyboard
}

/// The id in `<a id="…">`.
fn id_of(anchor: &str) -> Option<&str> {
    anchor.strip_prefix("<a id=\"")?.strip_suffix("\">")
}

/// Links and pictures as addresses of this server.
fn with_addresses<'a>(event: Event<'a>, language: Language) -> Event<'a> {
    match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = address_of(&dest_url, language).map_or(dest_url, CowStr::from);
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let file = dest_url.rsplit('/').next().unwrap_or_default();
            let dest_url = CowStr::from(format!("/assets/handbook/{file}"));
            Event::Start(Tag::Image { link_type, dest_url, title, id })
        }
        event => event,
    }
}

/// The address of `name.md` or `name.md#anchor`; `None` for any other link.
fn address_of(link: &str, language: Language) -> Option<String> {
    let (file, anchor) = link.split_once('#').map_or((link, ""), |(file, anchor)| (file, anchor));
    let name = file.strip_suffix(".md")?;
    let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
    Some(format!("/handbook/{}/{name}{anchor}", language.tag()))
}
