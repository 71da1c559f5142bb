//! The body of a request, with a length or in chunks; upstream gets it whole.

use super::chunked::{Decoder, Fault};
use super::framing::Head;
use super::upstream::InnerRequest;
use crate::refusal::{Localized, Refusal};

/// A request whose body is coming.
#[derive(Debug)]
pub struct Body {
    /// The inner request as far as it is there.
    pub request: InnerRequest,
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
    Bytes(usize),
    /// Chunks, until the last.
    Chunks {
        decoder: Decoder,
        since_ms: u64,
    },
}

impl Body {
    /// The body of a request that is there but for it.
    pub fn new(head: &Head<'_>, request: InnerRequest, number: u64, max_bytes: usize, now_ms: u64) -> Body {
        let rest = if head.is_chunked {
            Rest::Chunks { decoder: Decoder::new(max_bytes), since_ms: now_ms }
        } else {
            Rest::Bytes(head.content_length)
        };
        Body { request, number, is_write: head.method.is_write(), continue_due: false, rest }
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
                self.request.body.extend_from_slice(&bytes[..used]);
                *missing -= used;
                Ok(used)
            }
            Rest::Chunks { decoder, .. } => {
                decoder.decode(bytes, &mut self.request.body).map_err(|fault| match fault {
                    Fault::TooLarge => Refusal::BodyTooLarge { max_bytes: decoder.max_bytes() },
                    Fault::Malformed(en, ko) => Refusal::InvalidHeader { reason: Localized::new(en, ko) },
                })
            }
        }
    }

    /// The whole inner request.
    pub fn finish(&mut self) -> InnerRequest {
        std::mem::take(&mut self.request)
    }
}
