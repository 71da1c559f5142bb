//! What is kept of a stream of events from one piece to the next.

use std::net::IpAddr;

use super::upstream::{Topic, WaitingRequest};

#[derive(Debug)]
pub struct EventStream {
    /// What asking for the next piece takes.
    pub waiting: WaitingRequest,
    /// The key under which it counts against its client's limit, if it has one.
    pub key: Option<IpAddr>,
    /// Its pieces are chunks.
    pub is_chunked: bool,
    /// Without a piece before, one is asked for then.
    pub next_look_ms: u64,
    /// A piece is due, of this kind.
    pub due: Option<Look>,
}

/// For whom the next piece is asked. What is due for its client alone comes before what is the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// For all who were told the same.
    Shared,
    /// For its client alone.
    Own,
}

impl EventStream {
    /// The look that a topic makes due.
    pub fn look_of(&self, topic: Topic) -> Look {
        let is_shared = self.waiting.told.as_ref().is_some_and(|told| told.is_shared);
        if is_shared && self.waiting.topics.first() == Some(&topic) { Look::Shared } else { Look::Own }
    }

    /// Notes that a piece is due.
    pub fn note(&mut self, look: Look) {
        self.due = self.due.max(Some(look));
    }
}
