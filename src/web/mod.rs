//! The pages, compiled in.

use crate::http::{Reply, Request};
use crate::refusal::{Code, Language, Refusal, explain};

/// The OpenAPI document of the whole API.
const OPENAPI: &str = include_str!("openapi.json");

/// `GET /api/v1/openapi.json`.
pub fn openapi(request: &Request) -> Reply {
    let mut reply = Reply::empty(200);
    reply.content_type = "application/json".into();
    reply.body = OPENAPI.into();
    reply.tagged(request)
}

/// `GET /`: what this is and where to go on.
pub fn front(request: &Request) -> Reply {
    let (title, body) = match request.language() {
        Language::En => (
            "boxoffice",
            "<h1>The box office is open</h1>\
             <p>A concert box office in one binary: a waiting line, dates and seats, holds, points and payment.</p>\
             <p>Programs talk to it through its <a href=\"/api/v1/openapi.json\">API (OpenAPI 3.1)</a>; \
             begin with <a href=\"/api/v1/concerts\">the concerts</a>.</p>",
        ),
        Language::Ko => (
            "boxoffice",
            "<h1>매표소가 열렸습니다</h1>\
             <p>대기열, 일정과 좌석, 임시 배정, 포인트와 결제를 하나로 담은 콘서트 매표소입니다.</p>\
             <p>프로그램은 <a href=\"/api/v1/openapi.json\">API(OpenAPI 3.1)</a>로 이용합니다. \
             <a href=\"/api/v1/concerts\">공연 목록</a>부터 시작해 보세요.</p>",
        ),
    };
    page(request, title, body)
}

/// `GET /problems/{code}`: when a refusal happens and what to do.
///
/// # Errors
/// `NOT_FOUND` when there is no such code.
pub fn problem(request: &Request, word: &str) -> Result<Reply, Refusal> {
    let code = Code::ALL.iter().find(|code| code.word().to_ascii_lowercase() == word).ok_or(Refusal::NotFound)?;
    let [title, detail, mend] = explain(*code, request.language()).map(escaped);
    let (when, what) = match request.language() {
        Language::En => ("What happened", "What to do"),
        Language::Ko => ("무슨 일인가요", "어떻게 하나요"),
    };
    let word = code.word();
    let body =
        format!("<h1>{title}</h1><p><code>{word}</code></p><h2>{when}</h2><p>{detail}</p><h2>{what}</h2><p>{mend}</p>");
    Ok(page(request, &title, &body))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn page(request: &Request, title: &str, body: &str) -> Reply {
    let language = match request.language() {
        Language::En => "en",
        Language::Ko => "ko",
    };
    let mut reply = Reply::empty(200);
    reply.content_type = "text/html; charset=utf-8".into();
    reply.body = format!(
        "<!doctype html><html lang=\"{language}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>{body}</html>"
    )
    .into_bytes();
    reply
        .with("Content-Language", language)
        .with("Vary", "Accept-Language")
        .with("Content-Security-Policy", "default-src 'self'")
        .with("Referrer-Policy", "no-referrer")
}
