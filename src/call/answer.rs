//! What a call comes to: an answer, a wait, or work for the writer; and `Prefer: wait`, said once for all calls.

use serde::Serialize;

use super::{Piece, Tx, Until, Wait};
use crate::clock::Millis;
use crate::http::{Reply, Request};
use crate::store::{Outcome, Undo};

/// The longest wait that `Prefer: wait` is granted, in seconds.
const WAIT_MAX_SECONDS: u32 = 30;

/// What a request comes to.
pub enum Answer {
    /// It is answered.
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
