//! The one place that writes answers: always with a length, but for streams, which come in chunks or end with the
//! connection.

use std::io::Write;

use time::OffsetDateTime;
use time::macros::format_description;

use super::cors::CrossOrigin;
use crate::clock::Millis;
use crate::http::Reply;

/// What an answer carries beside what was answered.
#[derive(Debug)]
pub struct ResponseMeta<'a> {
    /// `X-Request-Id`.
    pub id: &'a RequestId,
    pub date: &'a str,
    /// Whether the connection stays open.
    pub keep_alive: bool,
    /// How long it may then be idle, in milliseconds.
    pub idle_max_ms: u64,
    /// The request was `HEAD`: the length is told, the content is not sent.
    pub head_only: bool,
    /// Which pages may read it.
    pub cross_origin: &'a CrossOrigin,
    /// Browsers are to ask this host by https alone (`Strict-Transport-Security`).
    pub is_https_for_good: bool,
}

/// The name of a request in answers and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestId {
    /// Made by the server.
    Ours(u128),
    /// Brought by the client.
    Theirs(Box<str>),
}

impl RequestId {
    /// The id as text.
    pub fn to_text(&self) -> String {
        let mut text = Vec::new();
        self.write(&mut text);
        String::from_utf8(text).unwrap_or_default() // a sane id is ASCII
    }

    /// Appends it as text.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            RequestId::Ours(number) => drop(write!(out, "{number:032x}")), // a Vec takes everything
            RequestId::Theirs(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

/// 30 days, renewed with each answer: whoever gives https up again is reached by everybody after so long. Names below
/// this one are not ours to speak for.
const STRICT_TRANSPORT_SECURITY: &[u8] = b"Strict-Transport-Security: max-age=2592000\r\n";

/// Fields that belong to one connection or are written here.
const OWN: [&str; 10] = [
    "date",
    "server",
    "content-length",
    "connection",
    "transfer-encoding",
    "x-request-id",
    "x-content-type-options",
    "strict-transport-security",
    "keep-alive",
    "trailer",
];

/// Appends a whole answer.
pub fn write<'a>(
    out: &mut Vec<u8>,
    status: u16,
    fields: impl Iterator<Item = (&'a str, &'a [u8])>,
    body: &[u8],
    envelope: &ResponseMeta<'_>,
) {
    write_head(out, status, fields, Length::Known(body.len()), envelope);
    if sends_content(status, envelope) {
        out.extend_from_slice(body);
    }
}

/// Whether content follows the head of an answer.
pub const fn sends_content(status: u16, envelope: &ResponseMeta<'_>) -> bool {
    has_content(status) && !envelope.head_only
}

/// Where the content of an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// After so many bytes.
    Known(usize),
    /// With the last of its chunks.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// Appends the head of an answer whose content ends so.
pub fn write_head<'a>(
    out: &mut Vec<u8>,
    status: u16,
    fields: impl Iterator<Item = (&'a str, &'a [u8])>,
    length: Length,
    envelope: &ResponseMeta<'_>,
) {
    // Writing to a Vec does not fail.
    let _ = write!(out, "HTTP/1.1 {status} {}\r\nDate: {}\r\nX-Request-Id: ", reason(status), envelope.date);
    envelope.id.write(out);
    out.extend_from_slice(b"\r\nX-Content-Type-Options: nosniff\r\n");
    envelope.cross_origin.write(out);
    if envelope.is_https_for_good {
        out.extend_from_slice(STRICT_TRANSPORT_SECURITY);
    }
    let mut has_cache_control = false;
    for (name, value) in fields {
        if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            continue;
        }
        has_cache_control |= name.eq_ignore_ascii_case("cache-control");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    if !has_cache_control {
        out.extend_from_slice(b"Cache-Control: no-store\r\n");
    }
    if !envelope.keep_alive {
        out.extend_from_slice(b"Connection: close\r\n");
    } else {
        // The hint is a field of this connection, so `Connection` names it (RFC 9110, 7.6.1).
        let _ = write!(out, "Connection: keep-alive\r\nKeep-Alive: timeout={}\r\n", envelope.idle_max_ms / 1_000);
    }
    match length {
        Length::Known(length) if has_content(status) => drop(write!(out, "Content-Length: {length}\r\n")),
        Length::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Length::Known(_) | Length::UntilClose => {}
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a reply of the server itself.
pub fn write_reply(out: &mut Vec<u8>, reply: &Reply, envelope: &ResponseMeta<'_>) {
    write(out, reply.status, fields(reply), &reply.body, envelope);
}

/// The header fields that a reply brings.
pub fn fields(reply: &Reply) -> impl Iterator<Item = (&str, &[u8])> {
    let content_type = Some(("Content-Type", reply.content_type.as_bytes())).filter(|(_, value)| !value.is_empty());
    content_type.into_iter().chain(reply.headers.iter().map(|(name, value)| (name.as_ref(), value.as_bytes())))
}

/// Whether answers of this status have content and tell its length (RFC 9110, 8.6).
pub const fn has_content(status: u16) -> bool {
    !matches!(status, 100..=199 | 204 | 304)
}

/// The statuses that are sent, in order, each with its reason.
pub const STATUSES: [(u16, &str); 33] = [
    (200, "OK"),
    (201, "Created"),
    (202, "Accepted"),
    (204, "No Content"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (307, "Temporary Redirect"),
    (308, "Permanent Redirect"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (408, "Request Timeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (413, "Content Too Large"),
    (415, "Unsupported Media Type"),
    (417, "Expectation Failed"),
    (422, "Unprocessable Content"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (503, "Service Unavailable"),
    (505, "HTTP Version Not Supported"),
    (507, "Insufficient Storage"),
];

/// The position of a status among those that are sent; behind the last for another.
pub fn status_position(status: u16) -> usize {
    STATUSES.binary_search_by_key(&status, |(one, _)| *one).unwrap_or(STATUSES.len())
}

fn reason(status: u16) -> &'static str {
    STATUSES.get(status_position(status)).map_or("", |(_, reason)| reason)
}

/// The `Date` of answers (RFC 9110, 5.6.7); written anew once a second.
#[derive(Debug, Default)]
pub struct DateLine {
    second: i64,
    text: String,
}

impl DateLine {
    /// The date at this instant.
    pub fn at(&mut self, now: Millis) -> &str {
        let second = now.unix_ms().div_euclid(1_000);
        if second != self.second || self.text.is_empty() {
            let format = format_description!(
                "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
            );
            let date = OffsetDateTime::from_unix_timestamp(second).unwrap_or(OffsetDateTime::UNIX_EPOCH);
            self.text = date.format(format).unwrap_or_default();
            self.second = second;
        }
        &self.text
    }

    /// The date as last written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(status: u16, fields: &[(&str, &str)], body: &str, envelope: &ResponseMeta<'_>) -> String {
        let mut out = Vec::new();
        write(&mut out, status, fields.iter().map(|(n, v)| (*n, v.as_bytes())), body.as_bytes(), envelope);
        String::from_utf8(out).unwrap()
    }

    const ID: RequestId = RequestId::Ours(10);

    fn envelope() -> ResponseMeta<'static> {
        ResponseMeta {
            id: &ID,
            date: "today",
            keep_alive: true,
            idle_max_ms: 75_500,
            head_only: false,
            cross_origin: &CrossOrigin::Off,
            is_https_for_good: false,
        }
    }

    #[test]
    fn answer_has_a_length_an_id_and_is_not_stored() {
        let text = written(200, &[("ETag", "\"1\""), ("Server", "-"), ("Content-Length", "9")], "hi", &envelope());
        assert_eq!(
            text,
            "HTTP/1.1 200 OK\r\nDate: today\r\nX-Request-Id: 0000000000000000000000000000000a\r\n\
             X-Content-Type-Options: nosniff\r\nETag: \"1\"\r\nCache-Control: no-store\r\n\
             Connection: keep-alive\r\nKeep-Alive: timeout=75\r\nContent-Length: 2\r\n\r\nhi"
        );
    }

    #[test]
    fn head_tells_the_length_and_keeps_the_content() {
        let text = written(200, &[], "hi", &ResponseMeta { head_only: true, ..envelope() });
        assert!(text.ends_with("Content-Length: 2\r\n\r\n"), "{text}");
    }

    #[test]
    fn answers_without_content_have_no_length() {
        for status in [204, 304] {
            let text = written(status, &[("Cache-Control", "max-age=1")], "hi", &envelope());
            assert!(!text.contains("Content-Length") && text.ends_with("\r\n\r\n"), "{text}");
            assert!(!text.contains("no-store"), "{text}");
        }
    }

    #[test]
    fn connection_field_says_what_happens() {
        assert!(
            written(200, &[], "", &ResponseMeta { keep_alive: false, ..envelope() })
                .contains("\r\nConnection: close\r\n")
        );
        let kept = written(200, &[("Connection", "upgrade"), ("Keep-Alive", "timeout=1")], "", &envelope());
        assert!(kept.contains("\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n"), "{kept}");
        assert_eq!((kept.matches("onnection").count(), kept.matches("timeout").count()), (1, 1), "{kept}");
    }

    #[test]
    fn date_is_written_as_http_wants_it() {
        let mut date = DateLine::default();
        assert_eq!(date.at(Millis::from_unix_ms(784_111_777_123)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
