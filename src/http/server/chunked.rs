//! The chunked transfer coding of a request (RFC 9112, 7.1), read strictly: what two readers could read differently is
//! refused. Extensions are ignored, trailers discarded, and both are bounded.

/// Hexadecimal digits of a size, leading zeros included.
const SIZE_DIGITS_MAX: usize = 16;
/// Bytes of all extensions together, and of all trailers together.
const IGNORED_MAX_BYTES: usize = 8 << 10;

/// Why a body in chunks is not read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has more bytes than it may have.
    TooLarge,
    /// The framing is broken; in English and Korean.
    Malformed(&'static str, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a size, after so many digits.
    Size(usize),
    Extension,
    /// After the CR of a size line.
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    /// At the start of a line after the last chunk.
    Trailer,
    TrailerName,
    TrailerValue,
    /// After the CR of a trailer.
    TrailerEnd,
    /// After the CR of the empty line that ends the body.
    LastLf,
    Done,
}

/// An incremental decoder: bytes of the connection in, bytes of the body out.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    /// The size as far as it is read, then what is to come of the chunk.
    left: u64,
    decoded: usize,
    max_bytes: usize,
    extension_bytes: usize,
    trailer_bytes: usize,
}

impl Decoder {
    /// A decoder of one body of at most so many bytes.
    pub const fn new(max_bytes: usize) -> Decoder {
        Decoder { state: State::Size(0), left: 0, decoded: 0, max_bytes, extension_bytes: 0, trailer_bytes: 0 }
    }

    /// Whether the body has ended.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many bytes of the body are decoded.
    pub const fn decoded(&self) -> usize {
        self.decoded
    }

    /// How many bytes the body may have.
    pub const fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Decodes the next bytes and appends what is body to `out`. Gives how many bytes belonged to the body's framing:
    /// fewer than given only when the body has ended, and what is left is the next request.
    ///
    /// # Errors
    /// What is wrong; nothing after it can be read.
    pub fn decode(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, Fault> {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() {
            if self.state == State::Data {
                let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len() - at);
                out.extend_from_slice(&bytes[at..at + length]);
                at += length;
                self.decoded += length;
                self.left -= length as u64;
                if self.left == 0 {
                    self.state = State::DataCr;
                }
            } else {
                self.state = self.next(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    /// The state after one byte of framing.
    fn next(&mut self, byte: u8) -> Result<State, Fault> {
        match (self.state, byte) {
            (State::Size(digits), _) => self.size(digits, byte),
            (State::Extension, b'\r') => Ok(State::SizeEnd),
            (State::Extension, _) => {
                self.extension_bytes += 1;
                ignored(byte, self.extension_bytes)?;
                Ok(State::Extension)
            }
            (State::SizeEnd, b'\n') if self.left == 0 => Ok(State::Trailer),
            (State::SizeEnd, b'\n') => Ok(State::Data),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size(0)),
            (State::DataCr | State::DataLf, _) => Err(Fault::Malformed(
                "a chunk does not end in CRLF where its size says",
                "청크가 크기만큼의 위치에서 CRLF로 끝나지 않습니다",
            )),
            (State::Trailer, b'\r') => Ok(State::LastLf),
            (State::Trailer | State::TrailerName, _) => self.trailer_name(byte),
            (State::TrailerValue, b'\r') => Ok(State::TrailerEnd),
            (State::TrailerValue, _) => {
                self.trailer_bytes += 1;
                ignored(byte, self.trailer_bytes)?;
                Ok(State::TrailerValue)
            }
            (State::TrailerEnd, b'\n') => {
                self.trailer_bytes += 2; // the end of its line
                Ok(State::Trailer)
            }
            (State::LastLf, b'\n') => Ok(State::Done),
            (State::SizeEnd | State::TrailerEnd | State::LastLf, _) => {
                Err(Fault::Malformed("a line of the chunks ends in CR alone", "청크의 줄이 CR만으로 끝납니다"))
            }
            (State::Data | State::Done, _) => Ok(self.state), // `decode` gives none of these here
        }
    }

    fn size(&mut self, digits: usize, byte: u8) -> Result<State, Fault> {
        let bad = Err(Fault::Malformed("the size of a chunk", "청크의 크기"));
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'\r' | b';' if digits > 0 => {
                // StreamCursor as soon as the size is, before a byte of the chunk is taken.
                if self.left > (self.max_bytes - self.decoded) as u64 {
                    return Err(Fault::TooLarge);
                }
                return Ok(if byte == b';' { State::Extension } else { State::SizeEnd });
            }
            _ => return bad,
        };
        if digits == SIZE_DIGITS_MAX {
            return bad;
        }
        self.left = if digits == 0 { 0 } else { self.left << 4 } | u64::from(value);
        Ok(State::Size(digits + 1))
    }

    fn trailer_name(&mut self, byte: u8) -> Result<State, Fault> {
        self.trailer_bytes += 1;
        ignored(byte, self.trailer_bytes)?;
        match byte {
            b':' if self.state == State::TrailerName => Ok(State::TrailerValue),
            _ if byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte) => Ok(State::TrailerName),
            _ => Err(Fault::Malformed("a trailer is malformed", "트레일러의 형식이 잘못되었습니다")),
        }
    }
}

/// Whether this can be the next byte of what is ignored.
const fn ignored(byte: u8, bytes: usize) -> Result<(), Fault> {
    match byte {
        _ if bytes > IGNORED_MAX_BYTES => {
            Err(Fault::Malformed("too many extensions or trailers", "청크 확장이나 트레일러가 너무 많습니다"))
        }
        b'\n' => Err(Fault::Malformed("a line of the chunks ends in LF alone", "청크의 줄이 LF만으로 끝납니다")),
        0..=8 | 10..=31 | 127 => {
            Err(Fault::Malformed("a control character among the chunks", "청크에 제어 문자가 있습니다"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "chunked_tests.rs"]
mod tests;
