//! What a call comes to: an answer, a wait, or work for the writer. Whether it waits is decided here for all calls, by
//! `Prefer: wait` and by whether the answer is final; so is what it waits for. The HTTP server keeps that as a text,
//! the memo, and gives it back when it asks again; both ways of the text stand here.

use serde::Serialize;
use uuid::Uuid;

use super::{Piece, Tx, topics};
use crate::clock::Millis;
use crate::http::{self, Reply, Request, Topic};
use crate::ids::{self, TokenKey};
use crate::store::{Outcome, Undo};

/// The longest wait that `Prefer: wait` is granted, in seconds.
const WAIT_MAX_SECONDS: u32 = 30;

/// What a request comes to.
pub enum Answer {
    Ready(Reply),
    /// Not yet: it waits for a change.
    Wait(Wait),
    /// A piece of a stream of events.
    Stream(Piece),
    /// It must be written first; work that is refused is taken back so.
    Write(Work, Undo),
}

/// A piece of writing work: it runs whole or not at all.
pub type Work = Box<dyn FnOnce(&Tx) -> Outcome<Written> + Send>;

/// What a piece of writing work comes to.
pub enum Written {
    /// The answer, to be sent after the commit.
    Ready(Reply),
    /// The same, made by who sends it and not by the writer; where it is kept, it is made for that. Only where it can
    /// always be made.
    Deferred(Box<dyn FnOnce() -> Reply + Send>),
    /// The answer as it stands now; the caller would rather wait for a change.
    Wait(Reply, Wait),
    /// The answer, which is kept now and sent once more was written in a later transaction.
    Then(Reply, Work),
    /// The answer is read from memory after the commit. Only for work that may be done twice without harm: under an
    /// `Idempotency-Key` its answer is kept in a transaction of its own.
    AfterCommit(Box<dyn FnOnce() -> Reply + Send>),
}

impl Answer {
    /// An answer that must be written first.
    pub fn write(work: impl FnOnce(&Tx) -> Outcome<Written> + Send + 'static) -> Outcome<Answer> {
        Ok(Answer::Write(Box::new(work), Undo::Savepoint))
    }

    /// The same where the work decides everything before its first write: see [`Undo::Unneeded`].
    pub fn write_decided(work: impl FnOnce(&Tx) -> Outcome<Written> + Send + 'static) -> Outcome<Answer> {
        Ok(Answer::Write(Box::new(work), Undo::Unneeded))
    }

    /// An answer that is there, in JSON.
    pub fn json(status: u16, value: &impl Serialize) -> Outcome<Answer> {
        Ok(Answer::Ready(Reply::json(status, value)))
    }
}

/// A page of at most `limit` rows, of which `list` reads one more than it shows; and the cursor of the next page, if
/// there is one.
///
/// # Errors
/// Those of `list`.
pub fn page<T, C: ToString, E>(
    limit: u32,
    list: impl FnOnce(u32) -> Result<Vec<T>, E>,
    cursor_of: impl Fn(&T) -> C,
) -> Result<(Vec<T>, Option<String>), E> {
    let mut rows = list(limit + 1)?;
    let next = cut_page(&mut rows, limit, cursor_of);
    Ok((rows, next))
}

/// A page of at most `limit` rows, of which one more was read than it
/// shows: the cursor of the next page, if there is one.
pub fn cut_page<T, C: ToString>(rows: &mut Vec<T>, limit: u32, cursor_of: impl Fn(&T) -> C) -> Option<String> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    rows.last().filter(|_| more).map(|last| cursor_of(last).to_string())
}

/// The wait that a caller prefers (RFC 7240), of a new request or of a waiting one that is asked again.
#[derive(Debug, Clone, Copy)]
pub struct Prefer {
    seconds: u32,
    may_wait: bool,
    /// The answer says that the wait was granted.
    applied: bool,
    /// The moment that ends the wait, where a test turns the clock.
    ends_at: Option<Millis>,
}

impl Prefer {
    /// What a new request asks for. A `turned_now` is the time of a server whose clock a test turns.
    pub fn of(request: &Request, turned_now: Option<Millis>) -> Prefer {
        let asked = request.prefers_wait(WAIT_MAX_SECONDS);
        let seconds = asked.unwrap_or(0);
        let ends_at = turned_now.map(|now| now.plus_seconds(seconds));
        Prefer { seconds, may_wait: seconds > 0, applied: asked.is_some(), ends_at }
    }

    /// That of a waiting request which is asked again `now`; `over` when its time is, `applied` when it was let wait.
    pub fn again(wait: Wait, over: bool, applied: bool, now: Millis) -> Prefer {
        let Wait { seconds, ends_at, .. } = wait;
        let over = over || ends_at.is_some_and(|at| now >= at);
        Prefer { seconds, may_wait: !over, applied, ends_at }
    }

    /// How long the caller may be without an answer, in seconds.
    pub fn seconds(self) -> u32 {
        if self.may_wait { self.seconds } else { 0 }
    }

    /// The reply, or the wait where the caller prefers one and the reply is not final.
    pub fn answer(self, reply: Reply, is_final: bool, until: Until) -> Answer {
        match self.wait(is_final, until) {
            Some(wait) => Answer::Wait(wait),
            None => Answer::Ready(self.marked(reply)),
        }
    }

    /// The same of what was just written.
    pub fn written(self, reply: impl FnOnce() -> Reply + Send + 'static, is_final: bool, until: Until) -> Written {
        match self.wait(is_final, until) {
            Some(wait) => Written::Wait(reply(), wait),
            None => Written::Deferred(Box::new(move || self.marked(reply()))),
        }
    }

    fn wait(self, is_final: bool, until: Until) -> Option<Wait> {
        (self.may_wait && !is_final).then_some(Wait { until, seconds: self.seconds, ends_at: self.ends_at })
    }

    fn marked(self, reply: Reply) -> Reply {
        if self.applied { reply.after_wait(self.seconds) } else { reply }
    }
}

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
