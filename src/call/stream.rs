//! Streams of events: their text (`text/event-stream` of the HTML standard), where the caller of one stands, and the
//! next piece of it.

use uuid::Uuid;

use crate::http::{self, Body, Reply, StreamCursor, Topic};
use crate::ids::{self, TokenKey};

/// A stream on which nothing happens is looked at after so many seconds, and its client reads a comment.
pub const HEARTBEAT_SECONDS: u32 = 15;

/// The type of a stream of events.
const EVENT_STREAM: &str = "text/event-stream";

/// Appends an event. `data` is JSON on one line; a `name` or an `id` that is empty is left out.
pub fn write_event(out: &mut Vec<u8>, name: &str, id: &str, data: &[u8]) {
    for (field, value) in [("event: ", name), ("id: ", id)] {
        if !value.is_empty() {
            [field, value, "\n"].iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        }
    }
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// Where the caller of a stream stands.
#[derive(Debug, Clone, Copy)]
pub struct StreamAt<'r> {
    /// The id of the event that was told last; empty before the first.
    pub told: &'r str,
    /// What the call keeps of this caller from piece to piece; empty before the first.
    pub kept: &'r str,
    /// The stream begins: its caller has asked just now.
    pub is_new: bool,
    /// The piece is for all who were told the same.
    pub is_shared: bool,
}

#[derive(Debug)]
pub struct Piece {
    /// Events, as [`write_event`] writes them; none to keep the stream open.
    pub events: Body,
    /// How it goes on; it ends without.
    pub next: Option<NextPiece>,
}

/// When the next piece is to be asked for.
#[derive(Debug, Default)]
pub struct NextPiece {
    /// The id of the event that was told last.
    pub told: String,
    /// What the call keeps of this caller: one word, or nothing.
    pub kept: String,
    /// A change of one of them has it asked for; those of the first piece hold for the whole stream.
    pub topics: Vec<Topic>,
    /// So many seconds without a change have too.
    pub seconds: u32,
    /// When the first topic changes, the piece is the same for all who were told the same.
    pub is_shared: bool,
    /// There is more to tell at once.
    pub has_more: bool,
}

impl Piece {
    /// The last piece of a stream that has begun: a refusal.
    pub fn of_refusal(refusal: &Reply) -> Reply {
        let mut events = Vec::new();
        write_event(&mut events, "problem", "", &refusal.body);
        Piece::reply(events.into())
    }

    /// The answer that it is, or a part of.
    pub fn reply(events: Body) -> Reply {
        let mut reply = Reply::empty(200).with("X-Accel-Buffering", "no").negotiated(); // nginx would keep it
        reply.content_type = EVENT_STREAM.into();
        reply.body = events;
        reply
    }
}

/// Who is asked for when a stream goes on, without the key that was shown at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamCaller {
    Token(TokenKey),
    User(Uuid),
    /// The staff key of this id.
    Staff(i64),
    /// All who were told the same.
    All,
}

/// What a stream keeps of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamMemo {
    pub caller: StreamCaller,
    pub kept: String,
}

impl StreamMemo {
    /// What the HTTP server is handed.
    pub fn wait_request(self, next: NextPiece) -> http::Wait {
        let caller = match self.caller {
            StreamCaller::Token(key) => format!("token {key}"),
            StreamCaller::User(user_id) => format!("user {user_id}"),
            StreamCaller::Staff(key_id) => format!("staff {key_id}"),
            StreamCaller::All => String::new(),
        };
        let told = StreamCursor { id: next.told.into(), is_shared: next.is_shared, has_more: next.has_more };
        let memo = format!("{caller} {}", self.kept);
        http::Wait { topics: next.topics, memo, wait_seconds: next.seconds, told: Some(told) }
    }

    /// Reads the memo of [`StreamMemo::wait_request`]; there is none of all who were told the same.
    pub fn parse(memo: &str) -> Option<StreamMemo> {
        let mut words = memo.split(' ');
        let caller = match (words.next()?, words.next()) {
            ("", None) => return Some(StreamMemo { caller: StreamCaller::All, kept: String::new() }),
            ("token", Some(key)) => StreamCaller::Token(TokenKey::parse(key)?),
            ("user", Some(id)) => StreamCaller::User(ids::parse_id(id)?),
            ("staff", Some(id)) => StreamCaller::Staff(id.parse().ok()?),
            _ => return None,
        };
        Some(StreamMemo { caller, kept: words.next()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_memo_is_read_back_and_no_other_text_is_one() {
        for caller in [StreamCaller::Token(TokenKey(7)), StreamCaller::User(Uuid::from_u128(7)), StreamCaller::Staff(3)]
        {
            for kept in ["", "0f"] {
                let memo = StreamMemo { caller, kept: kept.to_owned() };
                let asked = memo.clone().wait_request(NextPiece { told: "9".into(), ..NextPiece::default() });
                assert_eq!((StreamMemo::parse(&asked.memo), asked.told.unwrap().id), (Some(memo), "9".into()));
            }
        }
        assert_eq!(StreamMemo::parse("").unwrap().caller, StreamCaller::All);
        for wrong in ["token", "token x ", "user 1 ", "staff 1", "staff x ", "all x "] {
            assert_eq!(StreamMemo::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn event_has_the_fields_that_are_given_and_ends_with_an_empty_line() {
        let mut out = Vec::new();
        write_event(&mut out, "seats", "1-2", b"{}");
        write_event(&mut out, "", "", b"[]");
        assert_eq!(String::from_utf8(out).unwrap(), "event: seats\nid: 1-2\ndata: {}\n\ndata: []\n\n");
    }
}
