//! Streams of requests by the dice. Who builds a request knows whether it is well-formed and
//! what must be answered; nothing here reads HTTP.

use boxoffice::testing::Random;

use super::wire::{echo_of, get};

/// Random numbers that come again with their seed.
pub struct Dice(Random);

impl Dice {
    pub fn of(seed: u64) -> Dice {
        Dice(Random::new(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn of_these<'a>(&mut self, these: &[&'a str]) -> &'a str {
        these[self.below(these.len())]
    }
}

/// What must come back for one request.
#[derive(Debug)]
pub struct Due {
    pub method: &'static str,
    pub status: u16,
    pub body: Vec<u8>,
    /// The `X-Request-Id` that was sent.
    pub id: Option<String>,
}

/// How the stream ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The client has no more to say.
    Quiet,
    /// The last request asks for a close.
    Close,
    /// In the middle of a request: no answer to that, or a refusal.
    Cut,
    /// What cannot be read: one of these, and a close; what follows is never answered.
    Malformed(&'static str, &'static [u16]),
}

#[derive(Debug)]
pub struct Stream {
    pub bytes: Vec<u8>,
    /// Where it is cut into pieces.
    pub cuts: Vec<usize>,
    pub due: Vec<Due>,
    pub end: End,
}

/// A request as its parts, before they become bytes.
struct Parts {
    method: &'static str,
    target: String,
    version: &'static str,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Parts {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} {}\r\n", self.method, self.target, self.version).into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(b':');
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn add(&mut self, dice: &mut Dice, name: &str, value: impl AsRef<[u8]>) {
        let name = match dice.below(4) {
            0 => name.to_ascii_lowercase(),
            1 => name.to_ascii_uppercase(),
            _ => name.to_owned(),
        };
        let (before, after) = (dice.of_these(&["", " ", " ", "\t", "  \t "]), dice.of_these(&["", "", " ", "\t "]));
        let value = [before.as_bytes(), value.as_ref(), after.as_bytes()].concat();
        let place = dice.below(self.fields.len() + 1);
        self.fields.insert(place, (name, value));
    }
}

/// The stream of this seed.
pub fn stream(seed: u64) -> Stream {
    let mut dice = Dice::of(seed);
    let count = dice.below(5);
    let end = match dice.below(10) {
        0..=2 => End::Quiet,
        3 => End::Close,
        4 => End::Cut,
        _ => End::Malformed("", &[]),
    };
    let mut stream = Stream { bytes: Vec::new(), cuts: Vec::new(), due: Vec::new(), end };
    for n in 0..count {
        let (parts, due) = well_formed(&mut dice, &format!("{seed:x}-{n}"), false);
        append(&mut stream, &mut dice, &parts);
        stream.due.push(due);
    }
    let nonce = format!("{seed:x}-last");
    match stream.end {
        End::Quiet => {}
        End::Close => {
            let (parts, due) = well_formed(&mut dice, &nonce, true);
            append(&mut stream, &mut dice, &parts);
            stream.due.push(due);
            if dice.one_in(2) {
                stream.bytes.extend_from_slice(get("/echo?after-the-close").as_bytes());
            }
        }
        End::Cut => {
            let bytes = well_formed(&mut dice, &nonce, false).0.bytes();
            let length = dice.below(bytes.len());
            stream.bytes.extend_from_slice(&bytes[..length]);
        }
        End::Malformed(..) => {
            let (bytes, what, statuses) = malformed(&mut dice, &nonce);
            stream.bytes.extend_from_slice(&bytes);
            stream.bytes.extend_from_slice(get("/echo?smuggled").as_bytes());
            stream.end = End::Malformed(what, statuses);
        }
    }
    let pieces = if dice.one_in(3) { 0 } else { dice.below(12) };
    stream.cuts = (0..pieces).map(|_| dice.below(stream.bytes.len() + 1)).collect();
    stream.cuts.sort_unstable();
    stream
}

fn append(stream: &mut Stream, dice: &mut Dice, parts: &Parts) {
    if dice.one_in(12) {
        stream.bytes.extend_from_slice(b"\r\n"); // forgiven (RFC 9112, 2.2)
    }
    stream.bytes.extend_from_slice(&parts.bytes());
}

fn well_formed(dice: &mut Dice, nonce: &str, closes: bool) -> (Parts, Due) {
    let method = ["GET", "GET", "HEAD", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"][dice.below(9)];
    let path = match dice.below(4) {
        0 => format!("/echo/%ED%95%9c/a-._~!$&'()*+,;=:@?{nonce}&x=%20/?"),
        1 => format!("/{nonce}"),
        _ => format!("/echo?{nonce}"),
    };
    let host = dice.of_these(&["hall", "hall:80", "127.0.0.1:8080", "[::1]:1", "a-b.c_d.example", "xn--9n2bp8q:"]);
    let mut parts = Parts { method, target: path.clone(), version: "HTTP/1.1", fields: Vec::new(), body: Vec::new() };
    if dice.one_in(6) {
        parts.target = format!("{}://{host}{path}", dice.of_these(&["http", "HTTP", "https"]));
    }
    parts.add(dice, "Host", host);
    if dice.one_in(6) {
        parts.version = "HTTP/1.0";
        if !closes {
            parts.add(dice, "Connection", "keep-alive");
        }
    } else if closes {
        let value = dice.of_these(&["close", "Close", "x, close", "keep-alive, close"]);
        parts.add(dice, "Connection", value);
    }
    let mut content = Vec::new();
    if matches!(method, "POST" | "PUT" | "PATCH" | "DELETE") || dice.one_in(8) {
        parts.body = body(dice);
        let zeros = "0".repeat(if dice.one_in(6) { dice.below(30) } else { 0 });
        let length = format!("{zeros}{}", parts.body.len());
        content = parts.body.clone();
        if parts.version == "HTTP/1.1" && dice.one_in(3) {
            let coding = dice.of_these(&["chunked", "Chunked"]);
            parts.add(dice, "Transfer-Encoding", coding);
            parts.body = in_chunks(dice, &content);
        } else {
            parts.add(dice, "Content-Length", length);
        }
        if dice.one_in(8) {
            parts.add(dice, "Expect", "100-continue");
        }
    }
    for _ in 0..dice.below(4) {
        let name = dice.of_these(&["Accept", "User-Agent", "Cookie", "X-!#$%&'*+-.^_`|~9", "accept-language", "DNT"]);
        let value: &[u8] = [b"".as_slice(), b"a, b;q=0.5", b"a\tb", b"\"q\\\"\"", b"x: y"][dice.below(5)];
        parts.add(dice, name, value);
    }
    if dice.one_in(6) {
        parts.add(dice, "X-Bytes", [0x80, 0xe9, 0xff, 0xed, 0x95, 0x9c]); // obs-text (RFC 9110, 5.5)
    }
    let id = dice.one_in(3).then(|| format!("id-{nonce}"));
    if let Some(id) = &id {
        parts.add(dice, "X-Request-Id", id);
    }
    let heard = if method == "HEAD" { "GET" } else { method };
    let due = Due { method, status: 200, body: echo_of(heard, &path, &content), id };
    (parts, due)
}

/// A body in chunks of any sizes, with extensions and trailers now and then.
fn in_chunks(dice: &mut Dice, mut content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !content.is_empty() {
        let (chunk, rest) = content.split_at(1 + dice.below(content.len()));
        let size = format!("{}{:x}", "0".repeat(dice.below(4)), chunk.len());
        bytes.extend_from_slice(if dice.one_in(2) { size.to_ascii_uppercase() } else { size }.as_bytes());
        bytes.extend_from_slice(dice.of_these(&["", "", ";a", ";a=b;c=\"d e\""]).as_bytes());
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
        content = rest;
    }
    bytes.extend_from_slice(dice.of_these(&["0\r\n\r\n", "000\r\n\r\n", "0;z\r\nX-Sum: 1\r\nY:\r\n\r\n"]).as_bytes());
    bytes
}

fn body(dice: &mut Dice) -> Vec<u8> {
    match dice.below(8) {
        0 => Vec::new(),
        1 => get("/echo?smuggled").repeat(1 + dice.below(3)).into_bytes(),
        2 => b"0\r\n\r\n".to_vec(),
        3 => vec![b'\n'; 65_536],
        _ => (0..dice.below(3_000)).map(|_| dice.next() as u8).collect(),
    }
}

/// A request with one fault, what the fault is, and what it may be told.
fn malformed(dice: &mut Dice, nonce: &str) -> (Vec<u8>, &'static str, &'static [u16]) {
    let (mut parts, _) = well_formed(dice, nonce, false);
    parts.version = "HTTP/1.1";
    if parts.method == "HEAD" {
        parts.method = "GET"; // whether a refusal has content does not hang on what could be read of the request
    }
    parts.fields.retain(|(name, _)| !["connection", "transfer-encoding"].contains(&&*name.to_ascii_lowercase()));
    let has_length = parts.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let line = |dice: &mut Dice, parts: &Parts| dice.below(1 + parts.fields.len()); // 0 is the request line
    let (what, statuses): (&'static str, &'static [u16]) = match dice.below(22) {
        0 => {
            parts.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
            ("no Host", &[400])
        }
        1 => {
            parts.add(dice, "Host", "other");
            ("two Hosts", &[400])
        }
        2 => {
            parts.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
            let host = dice.of_these(&["", "a b", "a/b", "u@h", "[::1", "a:b", "h:123456"]);
            parts.add(dice, "Host", host);
            ("a bad Host", &[400])
        }
        3 => {
            if !has_length {
                parts.add(dice, "Content-Length", "0");
            }
            parts.add(dice, "Content-Length", parts.body.len().to_string());
            ("two lengths", &[400])
        }
        4 => {
            parts.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
            let value = dice.of_these(&["", "-1", "+1", "1,1", "1 1", "0x1", "1.", "abc", "1\u{b2}"]);
            parts.add(dice, "Content-Length", value);
            ("a bad length", &[400])
        }
        5 => {
            parts.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
            let value = dice.of_these(&["65537", "100000000000", "9223372036854775808", "99999999999999999999"]);
            parts.add(dice, "Content-Length", value);
            ("a large length", &[413])
        }
        6 => {
            if !has_length {
                let length = parts.body.len().to_string();
                parts.add(dice, "Content-Length", length); // with it no coding is taken
            }
            let value =
                dice.of_these(&["chunked", "Chunked", "identity", "gzip, chunked", "", "x", "chunked, chunked"]);
            parts.add(dice, "Transfer-Encoding", value);
            ("a transfer coding", &[411, 400])
        }
        7 => {
            parts.add(dice, "Expect", "200-ok");
            ("an unknown expectation", &[417, 400])
        }
        8 => {
            parts.version = ["HTTP/2.0", "HTTP/3.0", "HTTP/0.9"][dice.below(3)];
            ("another version", &[505])
        }
        9 => {
            parts.version =
                ["http/1.1", "HTTP/1.1x", "HTTP/1", "HTTP/1.", "HTTP/1,1", "HTTP1.1", "", " HTTP/1.1"][dice.below(8)];
            ("no version", &[400])
        }
        10 => {
            parts.method = ["get", "BREW", "GETT", "CONNECT", "TRACE"][dice.below(5)];
            ("an unknown method", &[405, 400])
        }
        11 => {
            parts.method = ["G(T", "", "GET\t", "G\u{c9}T", "GET "][dice.below(5)];
            ("no method", &[400])
        }
        12 => {
            let target = dice.of_these(&[
                "echo",
                "/a b",
                "/a#b",
                "/%",
                "/%g0",
                "/\u{e9}",
                "*",
                "ftp://h/",
                "http:///",
                "http://u@h/",
                "",
            ]);
            parts.target = target.to_owned();
            parts.method = "GET";
            ("a bad target", &[400])
        }
        13 => {
            let name = dice.of_these(&["", "a b", "a ", " a", "a\t", "a(", "\u{e9}", "a/b", "a@", "a\"", "[a]", "a\0"]);
            let place = 1 + dice.below(parts.fields.len()); // the first would be a fold of nothing
            parts.fields.insert(place, (name.to_owned(), b"x".to_vec()));
            ("a bad name", &[400])
        }
        14 => {
            let byte = [0, 1, 7, 8, 11, 12, 14, 27, 31, 127][dice.below(10)];
            parts.add(dice, "X-Control", [b'a', byte, b'b']);
            ("a control character", &[400])
        }
        15 => {
            let name = dice.of_these(&["Authorization", "Idempotency-Key", "Content-Type"]);
            parts.add(dice, name, "a");
            parts.add(dice, name, "a");
            ("repeated what is no list", &[400])
        }
        16 => {
            let count = 65 + dice.below(60);
            (0..count).for_each(|_| parts.add(dice, "X-Many", "y"));
            ("too many fields", &[431])
        }
        17 => {
            let length = (16 << 10) + dice.below(20_000);
            parts.add(dice, "X-Long", "y".repeat(length));
            ("too long a head", &[431])
        }
        18 => {
            parts.target = format!("/echo?{}", "y".repeat((16 << 10) + dice.below(9_000)));
            ("too long a target", &[431])
        }
        // What is wrong with the line ends, in the bytes.
        19 => return (with_line_end(&parts, line(dice, &parts), b"\n"), "a bare LF", &[400]),
        20 => return (with_line_end(&parts, line(dice, &parts), b"\r"), "a bare CR", &[400]),
        _ => {
            let place = line(dice, &parts);
            let fold: &[u8] = if dice.one_in(2) { b"\r\n folded\r\n" } else { b"\r\n\tfolded: x\r\n" };
            return (with_line_end(&parts, place, fold), "a folded line", &[400]);
        }
    };
    (parts.bytes(), what, statuses)
}

/// The request with another end of one of its lines.
fn with_line_end(parts: &Parts, line: usize, end: &[u8]) -> Vec<u8> {
    let bytes = parts.bytes();
    let ends = bytes.windows(2).enumerate().filter(|(_, two)| two == b"\r\n").map(|(at, _)| at);
    let at = ends.take(line + 1).last().unwrap_or(0);
    [&bytes[..at], end, &bytes[at + 2..]].concat()
}
