//! From bytes to the head of a request, strictly by RFC 9112: what two readers could read differently is refused.

use std::borrow::Cow;

use super::encoding::accepts_gzip;
use super::target;
use crate::http::Method;
use crate::refusal::{Language, Localized, Refusal};

/// The fields that are relayed to the handler, in lower case; nothing else of a client's head gets past the server.
pub const RELAYED: [&str; 8] = [
    "authorization",
    "accept",
    "accept-language",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "prefer",
    "last-event-id",
];

/// What proxies write of the way to here, in lower case.
pub const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", HTTPS_FIELD];
/// Says `https` to the handler where that is spoken with the client, or a trusted proxy says so.
pub const HTTPS_FIELD: &str = "x-forwarded-proto";

/// Those that the server reads itself, or writes to its inner requests.
const OWN: [&str; 12] = [
    "accept-encoding",
    "access-control-request-method",
    "access-control-request-private-network",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "origin",
    "transfer-encoding",
    "upstream",
    "x-request-id",
];

/// Those that are lists (RFC 9110, 5.3): repeated, they are joined; others are refused when repeated.
fn is_list(name: &str) -> bool {
    ["accept", "forwarded", "if-none-match", "prefer", "x-forwarded-"].iter().any(|of| name.starts_with(of))
}

/// The most fields that any setting allows.
const FIELDS_MAX: usize = 96;

/// The head of a request that has been checked.
#[derive(Debug)]
pub struct Head<'b> {
    pub method: Method,
    /// Path and query, or `*`.
    pub target: Cow<'b, str>,
    /// The host that is asked, with its port where that was told; none in HTTP/1.0.
    pub authority: Option<&'b str>,
    /// Whether the client wants to go on after the answer.
    pub keep_alive: bool,
    /// Whether the answer may come in chunks: not in HTTP/1.0.
    pub takes_chunks: bool,
    /// The length of the body in bytes; one beyond all bounds is `usize::MAX`.
    pub content_length: usize,
    /// The body comes in chunks: its length is known at its end.
    pub is_chunked: bool,
    /// The body has a `Content-Encoding` other than identity.
    pub is_encoded: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// `X-Request-Id`, when it is sane.
    pub request_id: Option<&'b str>,
    /// The fields of [`RELAYED`], at their places.
    pub relayed: [Option<Cow<'b, str>>; RELAYED.len()],
    /// Those of [`Bounds::also`], by their names as they came.
    pub also: Vec<(&'b str, Cow<'b, str>)>,
    /// `Origin`: the site of the page that asks.
    pub origin: Option<&'b str>,
    /// A browser asks which method it may use (`Access-Control-Request-Method`).
    pub is_preflight: bool,
    /// The page is of a public network, and this server of a private one (`Access-Control-Request-Private-Network`).
    pub asks_private_network: bool,
    /// Whether the client takes gzip (`Accept-Encoding`).
    pub accepts_gzip: bool,
    /// The fields of [`FORWARDED`], at their places.
    pub forwarded: [Option<Cow<'b, str>>; FORWARDED.len()],
}

/// The bounds of a head.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'n> {
    pub bytes: usize,
    pub fields: usize,
    /// Fields that are relayed beside [`RELAYED`], each of which [`is_relayable`].
    pub also: &'n [String],
}

/// Reads a head from the start of `bytes`, of which the first `scanned` were looked at before. Gives the head and its
/// length in bytes, or `None` when more bytes are needed.
///
/// # Errors
/// What is wrong with the head; nothing after it can be read.
pub fn read<'b>(
    bytes: &'b [u8],
    scanned: &mut usize,
    bounds: Bounds<'_>,
) -> Result<Option<(Head<'b>, usize)>, Refusal> {
    // An empty line before the request is forgiven (RFC 9112, 2.2), and a second one.
    let mut start = 0;
    while start < 4 && bytes[start..].starts_with(b"\r\n") {
        start += 2;
    }
    let end = find_end(bytes, start, (*scanned).max(start))?;
    *scanned = bytes.len();
    let too_large = Refusal::HeadTooLarge { max_bytes: bounds.bytes, max_fields: bounds.fields };
    match end {
        Some(end) if end > bounds.bytes => Err(too_large),
        None if bytes.len() >= bounds.bytes => Err(too_large),
        None => Ok(None),
        Some(end) => parse(&bytes[start..end], bounds).map(|head| Some((head, end))),
    }
}

/// The end of the empty line that ends a head. Looks for bare CR, bare LF and control bytes on the way, so that a
/// client that will never send an end is told at once.
fn find_end(bytes: &[u8], start: usize, from: usize) -> Result<Option<usize>, Refusal> {
    for at in from..bytes.len() {
        let byte = bytes[at];
        if byte >= b' ' && byte != 0x7f {
            if at > start && bytes[at - 1] == b'\r' {
                return Err(bad("a line ends in CR alone", "줄이 CR만으로 끝납니다"));
            }
            continue;
        }
        let before = if at > start { bytes[at - 1] } else { b' ' };
        match byte {
            b'\n' if before != b'\r' => return Err(bad("a line ends in LF alone", "줄이 LF만으로 끝납니다")),
            b'\n' if at == start + 1 => {
                return Err(bad("an empty line before the request", "요청 앞에 빈 줄이 있습니다"));
            }
            b'\n' if bytes[start..=at].ends_with(b"\r\n\r\n") => return Ok(Some(at + 1)),
            b'\n' => {}
            b'\t' | b'\r' if before != b'\r' => {}
            _ => return Err(bad("a control character", "제어 문자가 있습니다")),
        }
    }
    Ok(None)
}

fn bad(en: &str, ko: &str) -> Refusal {
    Refusal::InvalidHeader { reason: Localized::new(en, ko) }
}

/// What is said to a request that names no host, where it must.
pub fn host_is_missing() -> Refusal {
    bad("Host is missing", "Host가 없습니다")
}

fn parse<'b>(bytes: &'b [u8], bounds: Bounds<'_>) -> Result<Head<'b>, Refusal> {
    let line_end = bytes.iter().position(|&b| b == b'\r').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(line_end);
    let line = std::str::from_utf8(line).map_err(|_| bad("the request line", "요청 줄"))?;
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad("the request line is not three words", "요청 줄이 세 단어가 아닙니다"));
    };
    if method.is_empty() || !method.bytes().all(is_token) {
        return Err(bad("the method", "메서드"));
    }
    let is_http_10 = match version.as_bytes() {
        b"HTTP/1.1" => false,
        b"HTTP/1.0" => true,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            return Err(Refusal::VersionNotSupported);
        }
        _ => return Err(bad("the HTTP version", "HTTP 버전")),
    };
    let mut storage = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let room = &mut storage[..bounds.fields.min(FIELDS_MAX)];
    let fields = match httparse::parse_headers(rest.get(2..).unwrap_or_default(), room) {
        Ok(httparse::Status::Complete((_, fields))) => fields,
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Refusal::HeadTooLarge { max_bytes: bounds.bytes, max_fields: bounds.fields });
        }
        _ => return Err(bad("a header field is malformed", "헤더 필드의 형식이 잘못되었습니다")),
    };
    let method = Method::parse(method).ok_or(Refusal::MethodNotAllowed { allow: Method::ALL_WORDS.to_owned() });
    let mut seen = HeadFields::default();
    for field in fields {
        seen.take(field.name, field.value, bounds.also)?;
    }
    let method = method?;
    let authority = target::authority(target);
    let target = target::path_and_query(method, target).ok_or_else(|| bad("the request target", "요청 대상"))?;
    let head = seen.into_head(method, target, is_http_10)?;
    Ok(Head { authority: authority.or(head.authority), ..head })
}

/// Whether this can be the name of a field.
pub fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_token)
}

/// Whether a field can be relayed to handlers that ask for it: its name is one, and it is none that the server reads
/// itself.
pub fn is_relayable(name: &str) -> bool {
    is_field_name(name) && !OWN.iter().chain(&FORWARDED).any(|own| name.eq_ignore_ascii_case(own))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What has been seen of the fields so far.
#[derive(Default)]
struct HeadFields<'b> {
    host: Option<&'b str>,
    content_length: Option<usize>,
    is_chunked: bool,
    is_encoded: bool,
    expect: Option<&'b str>,
    close: bool,
    keep_alive: bool,
    request_id: Option<&'b str>,
    relayed: [Option<Cow<'b, str>>; RELAYED.len()],
    also: Vec<(&'b str, Cow<'b, str>)>,
    origin: Option<&'b str>,
    origins: usize,
    is_preflight: bool,
    asks_private_network: bool,
    accept_encoding: Option<Cow<'b, str>>,
    forwarded: [Option<Cow<'b, str>>; FORWARDED.len()],
}

impl Head<'_> {
    /// The value of one of [`RELAYED`].
    pub fn relayed(&self, name: &str) -> Option<&str> {
        RELAYED.iter().position(|known| *known == name).and_then(|place| self.relayed[place].as_deref())
    }
}

impl<'b> HeadFields<'b> {
    fn take(&mut self, name: &'b str, value: &'b [u8], also: &[String]) -> Result<(), Refusal> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if let Some(place) = RELAYED.iter().position(|known| is(known)) {
            return keep(&mut self.relayed[place], RELAYED[place], value);
        }
        if is("accept-encoding") {
            return keep(&mut self.accept_encoding, "accept-encoding", value);
        }
        if let Some(place) = FORWARDED.iter().position(|known| is(known)) {
            return keep(&mut self.forwarded[place], FORWARDED[place], value);
        }
        if is("host") {
            let host = std::str::from_utf8(value).ok().filter(|host| self.host.is_none() && target::is_host(host));
            self.host = Some(host.ok_or_else(|| bad("Host", "Host"))?);
            return Ok(());
        }
        if is("content-length") {
            let sound = self.content_length.is_none() && !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let digit = |sum: usize, b: &u8| sum.saturating_mul(10).saturating_add(usize::from(b - b'0'));
            self.content_length = sound.then(|| value.iter().fold(0, digit));
            return if sound { Ok(()) } else { Err(bad("Content-Length", "Content-Length")) };
        }
        if is("transfer-encoding") {
            if self.is_chunked {
                return Err(bad("Transfer-Encoding is repeated", "Transfer-Encoding이 두 번 있습니다"));
            }
            check_transfer_encoding(value)?;
            self.is_chunked = true;
        } else if is("content-encoding") {
            let mut codings = value.split(|&b| b == b',').map(<[u8]>::trim_ascii);
            self.is_encoded |= !codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"));
        } else if is("connection") {
            for option in value.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
                self.close |= option.eq_ignore_ascii_case(b"close");
                self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if is("expect") {
            if self.expect.is_some() {
                return Err(bad("Expect", "Expect"));
            }
            self.expect = Some(std::str::from_utf8(value).unwrap_or("?"));
        } else if is("origin") {
            self.origins += 1;
            self.origin = std::str::from_utf8(value).ok().filter(|_| self.origins == 1); // of two, none counts
        } else if is("access-control-request-method") {
            self.is_preflight = true;
        } else if is("access-control-request-private-network") {
            self.asks_private_network = value == b"true";
        } else if is("x-request-id") {
            self.request_id = std::str::from_utf8(value).ok().filter(|id| is_valid_request_id(id)).or(self.request_id);
        } else if also.iter().any(|known| is(known)) {
            let mut slot = self.also.iter().find(|(other, _)| is(other)).map(|(_, value)| value.clone());
            keep(&mut slot, name, value)?;
            self.also.extend(slot.map(|value| (name, value)));
        }
        Ok(())
    }

    fn into_head(self, method: Method, target: Cow<'b, str>, is_http_10: bool) -> Result<Head<'b>, Refusal> {
        if self.host.is_none() && !is_http_10 {
            return Err(host_is_missing());
        }
        if self.is_chunked && self.content_length.is_some() {
            return Err(bad(
                "both Content-Length and Transfer-Encoding",
                "Content-Length와 Transfer-Encoding이 함께 있습니다",
            ));
        }
        if self.is_chunked && is_http_10 {
            return Err(bad("Transfer-Encoding in HTTP/1.0", "HTTP/1.0에는 Transfer-Encoding이 없습니다"));
        }
        if self.expect.is_some_and(|value| !value.eq_ignore_ascii_case("100-continue")) {
            return Err(Refusal::ExpectationFailed);
        }
        Ok(Head {
            method,
            target,
            authority: self.host,
            keep_alive: !self.close && (!is_http_10 || self.keep_alive),
            takes_chunks: !is_http_10,
            content_length: self.content_length.unwrap_or(0),
            is_chunked: self.is_chunked,
            is_encoded: self.is_encoded,
            expects_continue: self.expect.is_some() && !is_http_10,
            request_id: self.request_id,
            relayed: self.relayed,
            also: self.also,
            origin: self.origin,
            is_preflight: self.is_preflight,
            asks_private_network: self.asks_private_network,
            accepts_gzip: self.accept_encoding.as_deref().is_some_and(accepts_gzip),
            forwarded: self.forwarded,
        })
    }
}

/// `chunked` and no other coding is taken. Where chunked is not the last, or there twice, where the
/// body ends is a matter of opinion (RFC 9112, 6.3).
fn check_transfer_encoding(value: &[u8]) -> Result<(), Refusal> {
    let is_chunked = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let codings: Vec<&[u8]> = value.split(|&b| b == b',').collect();
    let before_last = codings.split_last().map_or(&[][..], |(_, before)| before);
    if before_last.iter().any(|coding| is_chunked(coding))
        || codings.iter().any(|coding| coding.trim_ascii().is_empty())
    {
        return Err(bad("Transfer-Encoding", "Transfer-Encoding"));
    }
    Err(Refusal::LengthRequired)
}

fn keep<'b>(slot: &mut Option<Cow<'b, str>>, name: &str, value: &'b [u8]) -> Result<(), Refusal> {
    let value = std::str::from_utf8(value).ok().filter(|value| value.is_ascii());
    let value =
        value.ok_or_else(|| bad(&format!("{name} is not ASCII"), &format!("{name}에 ASCII가 아닌 문자가 있습니다")))?;
    match slot {
        None => *slot = Some(Cow::Borrowed(value)),
        Some(first) if is_list(name) => *slot = Some(format!("{first}, {value}").into()),
        Some(_) => return Err(bad(&format!("{name} is repeated"), &format!("{name}이(가) 두 번 있습니다"))),
    }
    Ok(())
}

fn is_valid_request_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

/// What a refusal needs of a head that could not be read: its language, its
/// request id and its origin, as far as they are there.
pub fn peek(bytes: &[u8]) -> (Language, Option<&str>, Option<&str>) {
    let field = |wanted: &str| {
        bytes.split(|&b| b == b'\n').take(FIELDS_MAX).find_map(|line| {
            let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then_some(value.trim())
        })
    };
    let language = field("accept-language").map(Language::of_accept_language).unwrap_or_default();
    (language, field("x-request-id").filter(|id| is_valid_request_id(id)), field("origin"))
}

/// The path of a head that could not be read, as far as it is there.
pub fn peek_path(bytes: &[u8]) -> Option<String> {
    let mut words = bytes.trim_ascii_start().split(|&b| b == b' ');
    let target = words.nth(1).and_then(|word| std::str::from_utf8(word).ok())?;
    let path = target::path_and_query(Method::Get, target)?;
    path.split('?').next().map(str::to_owned)
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
