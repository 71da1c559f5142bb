//! Events of a stream as text (`text/event-stream` of the HTML standard).

use super::{Body, Reply};

/// The type of a stream of events.
pub const EVENT_STREAM: &str = "text/event-stream";

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

impl Reply {
    /// A refusal as the last event of a stream that has begun.
    pub fn as_last_event(&self) -> Body {
        let mut out = Vec::new();
        write_event(&mut out, "problem", "", &self.body);
        out.into()
    }

    /// The same answer, which depends on the type that the caller asked for.
    pub fn negotiated(self) -> Reply {
        self.with("Vary", "Accept")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_has_the_fields_that_are_given_and_ends_with_an_empty_line() {
        let mut out = Vec::new();
        write_event(&mut out, "seats", "1-2", b"{}");
        write_event(&mut out, "", "", b"[]");
        assert_eq!(String::from_utf8(out).unwrap(), "event: seats\nid: 1-2\ndata: {}\n\ndata: []\n\n");
    }
}
