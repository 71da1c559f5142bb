//! The body of a request, with a length or in chunks; upstream gets every body with its length.

use super::chunked::{Decoder, Fault};
use super::framing::Head;
use crate::refusal::{Localized, Refusal};

/// Stands for the length in the head of an inner request until the last chunk has come; leading zeros change no number.
pub const UNKNOWN_LENGTH: &str = "00000000000000000000";

/// A request whose body is coming.
#[derive(Debug)]
pub struct Body {
    /// The inner request as far as it is there.
    pub message: Vec<u8>,
    /// The number that it was given.
    pub number: u64,
    /// Whether it goes with the writes.
    pub is_write: bool,
    /// The client waits for `100 Continue`.
    pub continue_due: bool,
    rest: Rest,
}

/// What is to come of a body.
#[derive(Debug)]
enum Rest {
    /// So many bytes.
    Bytes(usize),
    /// Chunks. The length is written into the message where `length_at` says, once it is known.
    Chunks { decoder: Decoder, length_at: usize, since_ms: u64 },
}

impl Body {
    /// The body of a request whose inner head is in `message`.
    pub fn new(head: &Head<'_>, message: Vec<u8>, number: u64, max_bytes: usize, now_ms: u64) -> Body {
        let rest = if head.is_chunked {
            let length_at = message.len() - "\r\n\r\n".len() - UNKNOWN_LENGTH.len();
            Rest::Chunks { decoder: Decoder::new(max_bytes), length_at, since_ms: now_ms }
        } else {
            Rest::Bytes(head.content_length)
        };
        Body { message, number, is_write: head.method.is_write(), continue_due: false, rest }
    }

    /// Whether its last byte has come.
    pub fn is_complete(&self) -> bool {
        match &self.rest {
            Rest::Bytes(missing) => *missing == 0,
            Rest::Chunks { decoder, .. } => decoder.is_done(),
        }
    }

    /// Whether its length is told only at its end.
    pub const fn is_chunked(&self) -> bool {
        matches!(self.rest, Rest::Chunks { .. })
    }

    /// How many bytes it is known to have: what its deadline is for.
    pub const fn expected_bytes(&self) -> usize {
        match &self.rest {
            Rest::Bytes(missing) => *missing,
            Rest::Chunks { decoder, .. } => decoder.decoded(),
        }
    }

    /// When its head came, for a deadline that moves with every chunk.
    pub const fn chunks_since_ms(&self) -> Option<u64> {
        match &self.rest {
            Rest::Bytes(_) => None,
            Rest::Chunks { since_ms, .. } => Some(*since_ms),
        }
    }

    /// How many bytes may be read for it at once.
    pub const fn room(&self) -> usize {
        match self.rest {
            Rest::Bytes(missing) => missing,
            Rest::Chunks { .. } => usize::MAX,
        }
    }

    /// Adds bytes; gives how many of them belong to it.
    ///
    /// # Errors
    /// Why nothing after it can be read.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        match &mut self.rest {
            Rest::Bytes(missing) => {
                let used = bytes.len().min(*missing);
                self.message.extend_from_slice(&bytes[..used]);
                *missing -= used;
                Ok(used)
            }
            Rest::Chunks { decoder, .. } => decoder.decode(bytes, &mut self.message).map_err(|fault| match fault {
                Fault::TooLarge => Refusal::BodyTooLarge { max_bytes: decoder.max_bytes() },
                Fault::Malformed(en, ko) => Refusal::InvalidHeader { reason: Localized::new(en, ko) },
            }),
        }
    }

    /// The whole inner request: the length of a body that came in chunks is put where its head left room for it.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut message = std::mem::take(&mut self.message);
        if let Rest::Chunks { decoder, length_at, .. } = &self.rest {
            let digits = format!("{:0width$}", decoder.decoded(), width = UNKNOWN_LENGTH.len());
            message[*length_at..*length_at + digits.len()].copy_from_slice(digits.as_bytes());
        }
        message
    }
}
