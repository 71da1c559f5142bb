//! What the pages load: style sheets, modules and pictures, compiled in.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::{guarded, modules};
use crate::http::{Reply, Request, SharedBody};
use crate::ids;
use crate::refusal::Refusal;

/// A table of files by their paths below `web/`.
macro_rules! files {
    ($($path:literal,)*) => { &[$(($path, include_bytes!($path)),)*] };
}

/// Every file that a page loads; a test in `tests/api/pages.rs` finds one that is missing here.
const FILES: &[(&str, &[u8])] = files![
    "shared/api.js",
    "shared/app.webmanifest",
    "shared/awake.js",
    "shared/dom.js",
    "shared/format.js",
    "shared/frame.js",
    "shared/hand_over.js",
    "shared/icon-180.png",
    "shared/icon-512.png",
    "shared/icon.svg",
    "shared/language.js",
    "shared/look.css",
    "shared/minimap.js",
    "shared/notice.css",
    "shared/notice.js",
    "shared/plain.js",
    "shared/seat_boxes.js",
    "shared/seat_drawing.js",
    "shared/seat_map.css",
    "shared/seat_map.js",
    "shared/seat_marks.js",
    "shared/seat_name.js",
    "shared/seat_names.js",
    "shared/seat_plan.js",
    "shared/seat_view.js",
    "shared/seat_words.js",
    "shared/store.js",
    "shared/stream.js",
    "shared/tariffs.js",
    "shared/venue.js",
    "shared/words.js",
    "customer/app.js",
    "customer/booking.css",
    "customer/booking_words.js",
    "customer/concert.js",
    "customer/concert_words.js",
    "customer/concerts.js",
    "customer/customer.css",
    "customer/dates.js",
    "customer/gate.js",
    "customer/kept.js",
    "customer/key.js",
    "customer/legend.js",
    "customer/line.js",
    "customer/me.js",
    "customer/offline.js",
    "customer/offline_worker.js",
    "customer/other_seats.js",
    "customer/parts.js",
    "customer/pay.js",
    "customer/pending.js",
    "customer/refusals.js",
    "customer/seats.js",
    "customer/ticket.js",
    "customer/ticket_large.js",
    "customer/ticket_strip.js",
    "customer/tickets.js",
    "customer/top_up.js",
    "customer/tray.js",
    "customer/visit.js",
    "customer/visit_words.js",
    "customer/words.js",
    "staff/app.js",
    "staff/camera.js",
    "staff/concert_line.js",
    "staff/concerts.js",
    "staff/concerts_words.js",
    "staff/counter.js",
    "staff/counter_account.js",
    "staff/counter_exchange.js",
    "staff/counter_key.js",
    "staff/counter_seats.js",
    "staff/counter_seats_words.js",
    "staff/counter_sell.js",
    "staff/counter_till.js",
    "staff/counter_user.js",
    "staff/counter_words.js",
    "staff/date_cancel.js",
    "staff/date_map.js",
    "staff/date_prices.js",
    "staff/date_sales.js",
    "staff/date_seats.js",
    "staff/date_tariffs.js",
    "staff/date_times.js",
    "staff/dates.js",
    "staff/door.js",
    "staff/door_answers.js",
    "staff/door_words.js",
    "staff/download.js",
    "staff/draft.js",
    "staff/evening.js",
    "staff/evening_chart.js",
    "staff/evening_first.js",
    "staff/evening_levers.js",
    "staff/evening_lines.js",
    "staff/evening_news.js",
    "staff/evening_people.js",
    "staff/evening_subjects.js",
    "staff/evening_team.js",
    "staff/evening_words.js",
    "staff/forms.js",
    "staff/keys.js",
    "staff/keys_words.js",
    "staff/look.js",
    "staff/look_words.js",
    "staff/picture_field.js",
    "staff/wall.js",
    "staff/wall_charts.js",
    "staff/wall_rush.js",
    "staff/wall_words.js",
    "staff/layout_editor.js",
    "staff/layout_file.js",
    "staff/layout_seats.js",
    "staff/layout_words.js",
    "staff/new_date.js",
    "staff/print.css",
    "staff/sale.js",
    "staff/refusals.js",
    "staff/removal.js",
    "staff/scan_queue.js",
    "staff/seat_holder.js",
    "staff/seat_picker.js",
    "staff/session.js",
    "staff/sign_in.js",
    "staff/sound.js",
    "staff/staff.css",
    "staff/sure.js",
    "staff/ticket_print.js",
    "staff/unanswered.js",
    "staff/venue_time.js",
    "staff/webhooks.js",
    "staff/webhooks_words.js",
    "staff/words.js",
    "docs/app.js",
    "docs/call.js",
    "docs/docs.css",
    "docs/document.js",
    "docs/examples.js",
    "docs/list.js",
    "docs/prose.js",
    "docs/schema.js",
    "docs/try.js",
    "docs/words.js",
    "handbook/handbook.css",
    "handbook/counter-en.png",
    "handbook/counter-ko.png",
    "handbook/door-en.png",
    "handbook/door-ko.png",
    "handbook/evening-en.png",
    "handbook/evening-ko.png",
    "qr/decode.js",
    "qr/index.js",
];

/// The script that keeps files for tickets without network. It lies below a version, so it must be allowed to keep the
/// page at `/`.
const OFFLINE_WORKER: &str = "offline_worker.js";

/// The content of each, as it is served.
static CONTENTS: LazyLock<Vec<Cow<'static, [u8]>>> = LazyLock::new(|| {
    let served = |(path, content): &(&str, &'static [u8])| {
        modules::as_served(path, FILES).map_or(Cow::Borrowed(*content), Cow::Owned)
    };
    FILES.iter().map(served).collect()
});

/// The `ETag` of each, made once.
static TAGS: LazyLock<Vec<String>> =
    LazyLock::new(|| CONTENTS.iter().map(|content| ids::hex(&ids::sha256_of(content)[..16])).collect());

/// The content of each, as it is and, once somebody asked for that, compressed.
static BODIES: LazyLock<Vec<Arc<SharedBody>>> =
    LazyLock::new(|| CONTENTS.iter().map(|content| SharedBody::new(content.clone())).collect());

/// The links to what the script of each page imports, by the script.
static PRELOADS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let scripts = FILES.iter().map(|(path, _)| *path).filter(|path| path.ends_with("/app.js"));
    let tag = |script: &str| format!("<script type=\"module\" src=\"/assets/{script}\">");
    scripts.map(|script| (tag(script), modules::preloads(script, FILES))).collect()
});

/// The version of all files together: it stands in the addresses that a
/// page names, so that a browser keeps them for good.
static VERSION: LazyLock<String> = LazyLock::new(|| ids::hex(&ids::sha256_of(TAGS.concat().as_bytes())[..8]));

/// The version, as a page names it.
pub fn files_version() -> &'static str {
    &VERSION
}

/// A page whose files are asked for by their version, those that its script imports with it. What a module imports
/// lies beside it, so it has the same one.
pub(super) fn with_files(html: &str) -> String {
    let script = PRELOADS.iter().find_map(|(tag, links)| html.find(tag).map(|at| (at, links)));
    let (head, links, rest) = script.map_or((html, "", ""), |(at, links)| (&html[..at], links, &html[at..]));
    [head, links, rest].concat().replace("=\"/assets/", &format!("=\"/assets/{}/", *VERSION))
}

/// `GET /assets/{version}/{room}/{file}`, open to all: 200 with a file of this version, to be kept for good; 304 by
/// `If-None-Match`. 404 `NOT_FOUND` for another version or file.
pub fn file_of_version(request: &Request, version: &str, room: &str, name: &str) -> Result<Reply, Refusal> {
    if version != *VERSION {
        return Err(Refusal::NotFound);
    }
    let mut reply = file(request, room, name)?;
    reply.headers.retain(|(name, _)| name != "Cache-Control");
    if (room, name) == ("customer", OFFLINE_WORKER) {
        reply = reply.with("Service-Worker-Allowed", "/");
    }
    Ok(reply.with("Cache-Control", "public, max-age=31536000, immutable"))
}

/// `GET /assets/{room}/{file}`, open to all: 200 with a file that the pages load; 304 by `If-None-Match`. 404
/// `NOT_FOUND`.
pub fn file(request: &Request, room: &str, name: &str) -> Result<Reply, Refusal> {
    let path = format!("{room}/{name}");
    let at = FILES.iter().position(|(known, _)| *known == path).ok_or(Refusal::NotFound)?;
    Ok(guarded(Reply::unless_known(request, format!("\"{}\"", TAGS[at]), || {
        let mut reply = Reply::empty(200);
        reply.content_type = content_type(&path).into();
        reply.body = Arc::clone(&BODIES[at]).into();
        reply
    })))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "text/javascript; charset=utf-8",
    }
}
