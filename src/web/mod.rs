//! The pages, compiled in: the customer's, the staff's, what both share, the handbook, a page of every call, one that
//! has a phone trust the venue, and a page for each refusal.

mod files;
mod handbook;
mod modules;
mod trust;
mod venue_pages;

use crate::http::{Reply, Request};
use crate::refusal::{Code, Language, Localized, Refusal, explain};
use crate::venue::VenueProfile;

pub use files::{file, file_of_version, files_version};
pub use handbook::handbook;
pub use trust::{Trust, authority, trust, trust_code};
use venue_pages::with_colour;
pub use venue_pages::{calendar, concert, customer, picture, privacy, style_sheet, terms};

/// What a page may load and who may frame it: our own files, and pictures that a page made itself (the QR of a ticket).
const POLICY: &str = "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// The customers' page in the reader's language and the look of the venue, with a head of its own.
fn customer_page(request: &Request, profile: &VenueProfile, head: &str) -> Reply {
    let mut of_venue = String::new();
    for (name, value) in [
        ("name-ko", profile.name.in_language(Language::Ko)),
        ("name-en", profile.name.in_language(Language::En)),
        ("logo", profile.logo.as_ref().map(|logo| logo.url.as_str())),
    ] {
        of_venue.extend(value.map(|value| format!(" data-{name}=\"{}\"", escaped(value))));
    }
    const LAST_SHEET: &str = "<link rel=\"stylesheet\" href=\"/assets/customer/customer.css\">";
    let html = in_language(include_str!("customer/index.html"), request.language())
        .replacen("<html ", &format!("<html{of_venue} "), 1)
        .replacen("<title>boxoffice</title>", head, 1)
        .replacen(LAST_SHEET, &with_colour(LAST_SHEET, profile), 1);
    page(request, 200, html)
}

/// `GET /staff`, `GET /staff/`, open to all: 200 with the staff's page in the reader's language; 304 by
/// `If-None-Match`. It may use the camera, which reads tickets at the door; no other page may.
pub fn staff(request: &Request) -> Reply {
    let html = in_language(include_str!("staff/index.html"), request.language());
    page_with(request, request.language(), 200, html, "camera=(self), microphone=(), geolocation=()")
}

/// `GET /docs`, open to all: 200 with a page of every call, made from the OpenAPI document; 304 by `If-None-Match`.
pub fn docs(request: &Request) -> Reply {
    page(request, 200, in_language(include_str!("docs/index.html"), request.language()))
}

/// `GET /problems/{code}`, open to all: 200 with a page that says when a refusal happens and what to do; 304 by
/// `If-None-Match`. 404 `NOT_FOUND`.
pub fn problem(request: &Request, word: &str) -> Result<Reply, Refusal> {
    let code = Code::ALL.iter().find(|code| code.word().to_ascii_lowercase() == word).ok_or(Refusal::NotFound)?;
    let what = Localized::new("What to do", "어떻게 하나요");
    let word = code.word();
    let html = dressed(request.language(), |language| {
        let [title, detail, remedy] = explain(*code, language).map(escaped);
        let what = what.in_language(language);
        let body = format!("<p><code>{word}</code></p><p>{detail}</p><h2>{what}</h2><p>{remedy}</p>");
        (title, body)
    });
    Ok(page(request, 200, html))
}

/// Whether it is a person's browser that asks, which would rather read a page than a problem document.
pub fn is_browser(request: &Request) -> bool {
    request.header("accept").is_some_and(|accept| accept.contains("text/html"))
}

/// The page where there is none.
pub fn not_found(request: &Request) -> Reply {
    let html = dressed(request.language(), |language| match language {
        Language::En => {
            ("There is no page here".into(), "<p>The address may be mistyped, or the page has moved.</p>".into())
        }
        Language::Ko => {
            ("페이지를 찾을 수 없습니다".into(), "<p>주소가 잘못되었거나 페이지가 옮겨졌습니다.</p>".into())
        }
    });
    page(request, 404, html)
}

/// Text for HTML; without braces, which name places in our own pages.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('{', "&#123;")
}

/// A page of a few sentences, in the dress of the others: its title and what stands below in either language.
fn dressed(language: Language, words: impl Fn(Language) -> (String, String)) -> String {
    dressed_as("boxoffice", language, words)
}

/// The same with the name of the venue.
fn dressed_as(name: &str, language: Language, words: impl Fn(Language) -> (String, String)) -> String {
    let back = Localized::new("To the box office", "매표소로 가기");
    let bodies = [Language::En, Language::Ko].map(|language| {
        let ((title, body), tag, back) = (words(language), language.tag(), back.in_language(language));
        format!("<div lang=\"{tag}\"><h1>{title}</h1>{body}<p><a class=\"button\" href=\"/\">{back}</a></p></div>\n")
    });
    in_language(include_str!("shared/plain.html"), language)
        .replacen("{title}", &words(language).0, 1)
        .replace("{name}", &escaped(name))
        .replacen("{bodies}", &bodies.concat(), 1)
}

fn in_language(html: &str, language: Language) -> String {
    html.replacen("lang=\"en\"", &format!("lang=\"{}\"", language.tag()), 1)
}

/// What a page may use of the device, unless it is the one that reads tickets.
const NOTHING_OF_THE_DEVICE: &str = "camera=(), microphone=(), geolocation=()";

fn page(request: &Request, status: u16, html: String) -> Reply {
    page_with(request, request.language(), status, html, NOTHING_OF_THE_DEVICE)
}

/// A page in the language that its address names, or the reader's.
fn page_in(language: Language, request: &Request, html: String) -> Reply {
    page_with(request, language, 200, html, NOTHING_OF_THE_DEVICE)
}

/// A page with what it may use of the device.
fn page_with(request: &Request, language: Language, status: u16, html: String, permissions: &'static str) -> Reply {
    let mut reply = Reply::empty(status);
    reply.content_type = "text/html; charset=utf-8".into();
    reply.body = files::with_files(&html).into();
    let reply = if status == 200 { reply.tagged(request) } else { reply };
    guarded(reply)
        .with("Content-Language", language.tag())
        .with("Vary", "Accept-Language")
        .with("Content-Security-Policy", POLICY)
        .with("Permissions-Policy", permissions)
}

/// With what tells browsers to take our files as what they are, and to tell nobody where a reader came from.
fn guarded(reply: Reply) -> Reply {
    reply.with("X-Content-Type-Options", "nosniff").with("Referrer-Policy", "no-referrer")
}
