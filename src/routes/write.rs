//! A write: by whom, under which key it may be repeated, and what is to be done.

use std::cell::Cell;

use crate::call::{Tx, Work, Written};
use crate::http::{Once, Reply};
use crate::refusal::{Language, Refusal};
use crate::staff;
use crate::store::{Failure, Outcome, Undo};

/// A write, applied as a whole or not at all.
pub(super) struct WriteJob {
    /// The staff key of the caller: its events name it, and one that is revoked writes nothing.
    pub actor: Option<i64>,
    /// The `Idempotency-Key` of the request with what it is bound to.
    pub once: Option<Once>,
    /// The language in which a refusal is kept.
    pub language: Language,
    /// How work that is refused is taken back.
    pub undo: Undo,
    /// What is to be done.
    pub work: Work,
}

impl WriteJob {
    /// The kept answer of the same request, or the work done now with its answer kept.
    pub fn run(self, tx: &Tx) -> Outcome<Written> {
        let WriteJob { actor, once, language, undo, work } = self;
        let is_begun = Cell::new(false);
        let first = |tx: &Tx| {
            // Asked of the file: what was written just before this may have revoked the key.
            actor.map(|key_id| staff::must_be_live(tx, key_id)).transpose()?;
            if let Some(reply) = once.as_ref().map(|once| once.find(tx)).transpose()?.flatten() {
                return Ok(Written::Ready(reply));
            }
            is_begun.set(true);
            let written = match (work(tx)?, &once) {
                (Written::Deferred(make), Some(_)) => Written::Ready(make()),
                (written, _) => written,
            };
            if let Written::Ready(reply) | Written::Wait(reply, _) | Written::Then(reply, _) = &written
                && reply.is_failure()
            {
                return Err(Refusal::Internal.into()); // no answer, no effect
            }
            if let (Some(once), Written::Ready(reply) | Written::Wait(reply, _) | Written::Then(reply, _)) =
                (&once, &written)
            {
                once.keep(tx, reply, tx.now())?;
            }
            Ok(written)
        };
        tx.as_actor(actor, |tx| {
            tx.whole_or(undo, first, |tx, refusal| match &once {
                Some(once) if is_begun.get() && Once::keeps(&refusal) => {
                    let reply = Reply::refusal(&refusal, language);
                    once.keep(tx, &reply, tx.now()).map(|()| Written::Ready(reply)).map_err(Failure::from)
                }
                _ => Err(refusal.into()),
            })
        })
    }
}
