//! What the pages load: style sheets, modules and pictures, compiled in.

use std::sync::LazyLock;

use super::guarded;
use crate::http::{Reply, Request};
use crate::ids;
use crate::refusal::Refusal;

/// A table of files by their paths below `web/`.
macro_rules! files {
    ($($path:literal,)*) => { &[$(($path, include_bytes!($path)),)*] };
}

/// Every file that a page loads; a test in `tests/pages.rs` finds one that is missing here.
const FILES: &[(&str, &[u8])] = files![
    "shared/api.js",
    "shared/dom.js",
    "shared/format.js",
    "shared/frame.js",
    "shared/icon.svg",
    "shared/language.js",
    "shared/look.css",
    "shared/notice.css",
    "shared/notice.js",
    "shared/venue.js",
    "shared/words.js",
    "customer/app.js",
    "customer/concerts.js",
    "customer/customer.css",
    "customer/dates.js",
    "customer/gate.js",
    "customer/key.js",
    "customer/line.js",
    "customer/me.js",
    "customer/parts.js",
    "customer/pay.js",
    "customer/pending.js",
    "customer/refusals.js",
    "customer/seat_map.js",
    "customer/seat_marks.js",
    "customer/seat_plan.js",
    "customer/seat_view.js",
    "customer/seats.js",
    "customer/ticket.js",
    "customer/tickets.js",
    "customer/top_up.js",
    "customer/visit.js",
    "customer/words.js",
    "staff/app.js",
    "staff/staff.css",
    "staff/words.js",
];

/// The `ETag` of each, made once.
static TAGS: LazyLock<Vec<String>> =
    LazyLock::new(|| FILES.iter().map(|(_, content)| ids::hex(&ids::sha256_of(content)[..16])).collect());

/// `GET /assets/{room}/{file}`.
///
/// # Errors
/// `NOT_FOUND` when there is no such file.
pub fn file(request: &Request, room: &str, name: &str) -> Result<Reply, Refusal> {
    let path = format!("{room}/{name}");
    let at = FILES.iter().position(|(known, _)| *known == path).ok_or(Refusal::NotFound)?;
    Ok(guarded(Reply::unless_known(request, format!("\"{}\"", TAGS[at]), || {
        let mut reply = Reply::empty(200);
        reply.content_type = content_type(&path).into();
        reply.body = FILES[at].1.to_vec();
        reply
    })))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}
