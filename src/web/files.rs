//! What the pages load: style sheets, modules and pictures, compiled in.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::{guarded, modules};
use crate::http::{Reply, Request, SharedBody};
use crate::ids;
use crate::refusal::Refusal;

/// Every file that a page loads, by its path below `web/`; `scripts/build.rs` lists them.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// The script that keeps files for tickets without network. It lies below a version, so it must be allowed to keep the
/// page at `/`.
const OFFLINE_WORKER: &str = "offline_worker.js";

/// The content of each, as it is served.
static CONTENTS: LazyLock<Vec<Cow<'static, [u8]>>> = LazyLock::new(|| modules::as_served(FILES));

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
