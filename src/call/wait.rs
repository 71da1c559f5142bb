//! What a waiting request waits for. The HTTP server keeps it as a text, the memo, and gives it back when it
//! asks again; both ways of that text stand here.

use uuid::Uuid;

use super::topics;
use crate::clock::Millis;
use crate::http::{self, Topic};
use crate::ids::{self, TokenKey};

/// What a request waits for, and how long at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The change that ends the wait.
    pub until: Until,
    /// How long at most, in seconds of real time.
    pub seconds: u32,
    /// The moment of the server's time that ends it too, where a test turns the clock.
    pub ends_at: Option<Millis>,
}

/// The change that ends a wait, with all that is needed to answer then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// A token is let in or ends, or the line is paused or its message changes: the mark is another then.
    TokenMoves {
        key: TokenKey,
        /// What the caller was told, hashed.
        mark: u64,
    },
    /// A reservation is no longer pending. Whose it is was checked before; the token may be over by then.
    ReservationSettles {
        reservation_id: Uuid,
        /// It was made by this very request, so the answer is 201 with its place.
        is_new: bool,
    },
    /// Everybody has their points back for a cancelled date.
    DateSettles {
        /// The date.
        schedule_id: i64,
    },
    /// A test was sent to a webhook.
    WebhookTested {
        webhook_id: i64,
        /// The number of the test.
        test_no: i64,
    },
    /// A probe of readiness is over.
    ProbeEnds,
    /// The feed of events goes on.
    EventsFollow {
        /// The last event that the caller knows.
        after: i64,
        /// Events of the answer at most.
        limit: u32,
    },
}

impl Until {
    fn topics(self) -> Vec<Topic> {
        match self {
            Until::TokenMoves { key, .. } => vec![topics::token(key), topics::QUEUE],
            Until::ReservationSettles { reservation_id, .. } => vec![topics::reservation(reservation_id)],
            Until::DateSettles { schedule_id } => vec![topics::schedule(schedule_id)],
            Until::WebhookTested { webhook_id, .. } => vec![topics::webhook(webhook_id)],
            Until::ProbeEnds => vec![topics::READINESS],
            Until::EventsFollow { .. } => vec![topics::EVENTS],
        }
    }

    fn text(self) -> String {
        match self {
            Until::TokenMoves { key, mark } => format!("token {key} {mark}"),
            Until::ReservationSettles { reservation_id, is_new } => format!("reservation {reservation_id} {is_new}"),
            Until::DateSettles { schedule_id } => format!("date {schedule_id}"),
            Until::WebhookTested { webhook_id, test_no } => format!("webhook {webhook_id} {test_no}"),
            Until::ProbeEnds => "probe".to_owned(),
            Until::EventsFollow { after, limit } => format!("events {after} {limit}"),
        }
    }

    fn parse(words: &[&str]) -> Option<Until> {
        Some(match *words {
            ["token", key, mark] => Until::TokenMoves { key: TokenKey::parse(key)?, mark: mark.parse().ok()? },
            ["reservation", id, is_new] => {
                Until::ReservationSettles { reservation_id: ids::parse_id(id)?, is_new: is_new.parse().ok()? }
            }
            ["date", schedule_id] => Until::DateSettles { schedule_id: schedule_id.parse().ok()? },
            ["webhook", webhook_id, test_no] => {
                Until::WebhookTested { webhook_id: webhook_id.parse().ok()?, test_no: test_no.parse().ok()? }
            }
            ["probe"] => Until::ProbeEnds,
            ["events", after, limit] => Until::EventsFollow { after: after.parse().ok()?, limit: limit.parse().ok()? },
            _ => return None,
        })
    }
}

/// A wait as the HTTP server keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memo {
    pub wait: Wait,
    /// The staff key of the caller: one that is revoked meanwhile gets no answer.
    pub staff_key_id: Option<i64>,
}

impl Memo {
    /// What the HTTP server is handed.
    pub fn wait_request(self) -> http::Wait {
        let Wait { until, seconds, ends_at } = self.wait;
        let mut topics = until.topics();
        topics.extend(ends_at.map(|_| topics::CLOCK));
        topics.extend(self.staff_key_id.map(|_| topics::STAFF_KEYS));
        let ends_at = ends_at.map_or("-".to_owned(), |at| at.unix_ms().to_string());
        let staff_key_id = self.staff_key_id.map_or("-".to_owned(), |key_id| key_id.to_string());
        http::Wait {
            topics,
            memo: format!("{staff_key_id} {seconds} {ends_at} {}", until.text()),
            wait_seconds: seconds,
            told: None,
        }
    }

    /// Reads the memo of [`Memo::wait_request`].
    pub fn parse(memo: &str) -> Option<Memo> {
        let words: Vec<&str> = memo.split(' ').collect();
        let [staff_key_id, seconds, ends_at, until @ ..] = words.as_slice() else { return None };
        let wait = Wait {
            until: Until::parse(until)?,
            seconds: seconds.parse().ok()?,
            ends_at: optional(ends_at)?.map(Millis::from_unix_ms),
        };
        Some(Memo { wait, staff_key_id: optional(staff_key_id)? })
    }
}

/// A number, or `-` for none.
fn optional(word: &str) -> Option<Option<i64>> {
    if word == "-" { Some(None) } else { word.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memo_text_is_read_back_and_no_other_text_is_one() {
        let key = TokenKey(7);
        for until in [
            Until::TokenMoves { key, mark: u64::MAX },
            Until::ReservationSettles { reservation_id: Uuid::from_u128(7), is_new: true },
            Until::DateSettles { schedule_id: i64::MAX },
            Until::WebhookTested { webhook_id: 3, test_no: 1 },
            Until::ProbeEnds,
            Until::EventsFollow { after: 0, limit: 1_000 },
        ] {
            for (staff_key_id, ends_at) in [(None, None), (Some(3), Some(Millis::from_unix_ms(7)))] {
                let memo = Memo { wait: Wait { until, seconds: 30, ends_at }, staff_key_id };
                let asked = memo.wait_request();
                assert_eq!((Memo::parse(&asked.memo), asked.wait_seconds), (Some(memo), 30), "{}", asked.memo);
                assert!(!asked.topics.is_empty());
            }
        }
        for wrong in [
            "",
            "-",
            "- 30 -",
            "- 30 - date",
            "- 30 - date 1 2",
            "x 30 - date 1",
            "- -1 - date 1",
            "- 30 x date 1",
            "- 30 - token 1 2",
        ] {
            assert_eq!(Memo::parse(wrong), None, "{wrong}");
        }
    }
}
