//! The clock of a test, turned by hand.

use serde_json::json;

use crate::call::{Answer, Change, Context, Tx, Written, last_sequence};
use crate::clock::Mode;
use crate::http::Reply;
use crate::refusal::Refusal;
use crate::store::Outcome;

/// A test's clock is turned by a hundred years at most, in milliseconds.
const ADVANCE_MAX_MS: i64 = 100 * 365 * 24 * 3_600 * 1_000;
/// After so many transactions a turn of the clock is answered, although others go on writing.
const DUE_ROUNDS_MAX: u32 = 10_000;

/// `POST /staff/clock`, for admins, on a server for tests: turns the clock ahead by `advanceSeconds` or
/// `advanceMilliseconds`, a hundred years at most. 200 once everything that became due is written down; one effect for
/// an `Idempotency-Key`.
pub fn turn(context: &Context) -> Outcome<Answer> {
    if context.state.clock.mode() == Mode::Wall {
        return Err(Refusal::TestServerOnly.into());
    }
    let mut fields = context.fields()?;
    let [by_ms, _] = ["advanceMilliseconds", "advanceSeconds"].map(|name| fields.has(name));
    let ms = if by_ms {
        fields.integer("advanceMilliseconds", 0..=ADVANCE_MAX_MS)?
    } else {
        fields.integer("advanceSeconds", 0..=ADVANCE_MAX_MS / 1_000)? * 1_000
    };
    fields.end()?;
    Answer::write(move |tx| {
        tx.execute("UPDATE venue SET clock_advanced_ms = clock_advanced_ms + ?1", [ms])?;
        tx.push_change(Change::ClockTurned { ms: ms.unsigned_abs() });
        let reply = Reply::json(200, &json!({ "now": tx.now().plus_ms(ms) }));
        // The transaction after this one happens at the new time, and begins by writing down what is due.
        let sent = reply.clone();
        Ok(Written::Then(reply, Box::new(|tx| when_all_is_done(tx, sent, None, DUE_ROUNDS_MAX))))
    })
}

/// Answers once a transaction found nothing more to write down: each does a bounded part of what is due.
fn when_all_is_done(tx: &Tx, reply: Reply, newest_before: Option<i64>, rounds_left: u32) -> Outcome<Written> {
    let newest = last_sequence(tx)?;
    if newest_before == Some(newest) || rounds_left == 0 {
        tx.push_change(Change::ClockSettled); // whoever waits is answered with what became due
        return Ok(Written::Ready(reply));
    }
    let sent = reply.clone();
    Ok(Written::Then(reply, Box::new(move |tx| when_all_is_done(tx, sent, Some(newest), rounds_left - 1))))
}
