//! Which connection is meant.

/// A client by its place among the connections and the generation of that place; the token of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The first in order.
    pub const MIN: ConnectionId = ConnectionId(0);
    /// The last in order.
    pub const MAX: ConnectionId = ConnectionId(u64::MAX);

    /// The id of a place in its generation.
    pub const fn new(slot: usize, generation: u32) -> ConnectionId {
        ConnectionId(((generation as u64) << 32) | (slot as u64 & 0xffff_ffff))
    }

    /// The place.
    pub const fn slot(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }

    /// The number as a token.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl From<u64> for ConnectionId {
    fn from(number: u64) -> ConnectionId {
        ConnectionId(number)
    }
}
