//! Reading tiny_http's answers.

use super::super::response_head;
use super::protocol::{DELIVERY_FIELD, FIELD};
use crate::http::Delivery;

const FIELDS_MAX: usize = 32;

/// One complete response of the inner server.
pub struct UpstreamResponse<'b> {
    /// The number of the request that it answers.
    pub number: u64,
    /// It says "not yet".
    pub is_parked: bool,
    /// It is a piece of a stream, whose content went around the socket; here is how the stream goes on.
    pub is_streamed: bool,
    /// Its content went around the socket.
    pub is_handed: bool,
    /// The head was checked: the body may come.
    pub is_proceed: bool,
    /// How it reaches the client, where that is not at once.
    pub delivery: Option<Delivery>,
    pub status: u16,
    pub body: &'b [u8],
    fields: [httparse::Header<'b>; FIELDS_MAX],
}

impl<'b> UpstreamResponse<'b> {
    /// Reads an answer that fills `bytes` exactly.
    ///
    /// # Errors
    /// `Some(n)` when it is the start of an answer of `n` bytes (0: not known yet), `None` when it is none.
    pub fn read(bytes: &'b [u8]) -> Result<UpstreamResponse<'b>, Option<usize>> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut head = httparse::Response::new(&mut fields);
        let start = match head.parse(bytes) {
            Ok(httparse::Status::Complete(start)) => start,
            Ok(httparse::Status::Partial) => return Err(Some(0)),
            Err(_) => return Err(None),
        };
        let status = head.code.ok_or(None)?;
        let field = |name: &str| {
            let found = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            found.and_then(|field| std::str::from_utf8(field.value).ok())
        };
        let told = field("content-length").and_then(|digits| digits.parse().ok()).ok_or(None)?;
        let length: usize = if response_head::has_content(status) { told } else { 0 };
        let mark = field(FIELD).ok_or(None)?;
        let (number, mark) = mark.split_once(' ').unwrap_or((mark, ""));
        let [is_parked, is_streamed, is_handed, is_proceed] =
            ["parked", "streamed", "handed", "proceed"].map(|one| mark == one);
        if !is_parked && !is_streamed && !is_handed && !is_proceed && !mark.is_empty() {
            return Err(None);
        }
        let number = number.parse().map_err(|_| None)?;
        let delivery = field(DELIVERY_FIELD).and_then(Delivery::parse);
        let expected = start + length;
        match bytes.len() {
            whole if whole == expected => Ok(UpstreamResponse {
                number,
                is_parked,
                is_streamed,
                is_handed,
                is_proceed,
                delivery,
                status,
                body: &bytes[start..],
                fields,
            }),
            part if part < expected => Err(Some(expected)),
            _ => Err(None),
        }
    }

    /// The header fields.
    pub fn fields(&self) -> impl Iterator<Item = (&'b str, &'b [u8])> {
        self.fields.iter().take_while(|field| !field.name.is_empty()).map(|field| (field.name, field.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_is_read_when_it_is_whole_and_nothing_more() {
        let text = b"HTTP/1.1 200 OK\r\nServer: -\r\nupstream: 7\r\nETag: x\r\nContent-Length: 2\r\n\r\nhi";
        let answer = UpstreamResponse::read(text).ok().unwrap();
        assert_eq!((answer.number, answer.is_parked, answer.status, answer.body), (7, false, 200, b"hi".as_slice()));
        assert_eq!(answer.fields().nth(2), Some(("ETag", b"x".as_slice())));
        for end in 0..text.len() {
            assert!(matches!(UpstreamResponse::read(&text[..end]), Err(Some(_))), "{end}");
        }
        assert!(matches!(UpstreamResponse::read(&[text.as_slice(), b"!"].concat()), Err(None)));
    }

    #[test]
    fn answer_without_number_or_length_is_none() {
        for wrong in [
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nupstream: 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\nupstream: 7 x\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nupstream: x\r\nContent-Length: 0\r\n\r\n",
            "nonsense nonsense nonsense",
        ] {
            assert!(matches!(UpstreamResponse::read(wrong.as_bytes()), Err(None)), "{wrong}");
        }
    }

    #[test]
    fn not_modified_tells_a_length_and_has_none() {
        let text = b"HTTP/1.1 304 Not Modified\r\nupstream: 7 parked\r\nContent-Length: 9\r\n\r\n";
        let answer = UpstreamResponse::read(text).ok().unwrap();
        assert!(answer.is_parked && answer.body.is_empty());
    }
}
